// SPDX-License-Identifier: BSD-2-Clause
// Believes pond-escape: every object of which it says that it does not escape ends with its function.
//
// One of constant size that is got once becomes a variable on the stack. Any other is kept in a list of the
// call, which gives back at every return what is left of it. So whatever still has the object's address
// afterwards is seen by AddressSanitizer, as a use after return or after free. turn.c is what the turned
// program calls.
//
// POND_TURN_SITES=FILE: a line is added for each site. POND_TURN_PUT=NAME: what takes back an object of
// POND_ESCAPE's, behind the pool it came from. POND_TURN_ALL=1 turns those that escape as well: the check has
// to fail then.
#include "../../../src/escape/program.h"
#include "../../../src/escape/simplify.h"
#include "../../../src/escape/words.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Passes/PassPlugin.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include <cstdio>
#include <cstdlib>

using namespace llvm;
using namespace escape;

namespace
{

constexpr uint64_t MOST = 65536;

class Turn
{
  public:
    explicit Turn(Module &m)
        : module(m), names(m), byte(PointerType::getUnqual(Type::getInt8Ty(m.getContext()))),
          number(Type::getInt64Ty(m.getContext())), nothing(Type::getVoidTy(m.getContext()))
    {
    }
    void run();

  private:
    void site(CallBase &c, bool grown, const std::set<std::string> &pooled);
    void on_stack(CallBase &c, uint64_t size);
    void keep(CallBase &c, Source source, bool handed_on);
    void note_origin(CallBase &c);
    std::pair<Value *, Value *> back(CallBase &c, Source source);
    Value *frame(Function &f);
    void replace(const char *name, const char *by);
    void forget_own();
    Value *text(IRBuilder<> &b, const std::string &s)
    {
        return b.CreatePointerCast(b.CreateGlobalStringPtr(s), byte);
    }
    std::string where(const CallBase &c);
    void note(const char *how, const CallBase &c);

    Module &module;
    Names names;
    PointerType *byte;
    Type *number, *nothing;
    std::map<Function *, Value *> frames;
};

std::string Turn::where(const CallBase &c)
{
    const DebugLoc &l = c.getDebugLoc();
    std::string line =
        l ? cast<DIScope>(l.getScope())->getFilename().str() + ":" + std::to_string(l.getLine()) : "?";
    return line + " " + c.getFunction()->getName().str() + " " + callee_name(c);
}

void Turn::note(const char *how, const CallBase &c)
{
    const char *path = std::getenv("POND_TURN_SITES");
    std::FILE *file = path != nullptr ? std::fopen(path, "a") : nullptr;
    if (file == nullptr)
        return;
    std::fprintf(file, "%s %s\n", how, where(c).c_str());
    std::fclose(file);
}

void Turn::on_stack(CallBase &c, uint64_t size)
{
    Function &f = *c.getFunction();
    IRBuilder<> entry(&*f.getEntryBlock().getFirstInsertionPt());
    AllocaInst *a = entry.CreateAlloca(ArrayType::get(entry.getInt8Ty(), size));
    a->setAlignment(Align(16));
    IRBuilder<> b(&c);
    FunctionCallee made = module.getOrInsertFunction("pond_turn_stack", byte, byte, number, number, byte);
    bool zeroed = Names::name(c) == "calloc";
    Value *p = b.CreateCall(
        made, {b.CreatePointerCast(a, byte), b.getInt64(size), b.getInt64(zeroed), text(b, where(c))});
    c.replaceAllUsesWith(b.CreatePointerCast(p, c.getType()));
    note("stack", c);
    c.eraseFromParent();
}

// The list of what this call keeps; every return ends it.
Value *Turn::frame(Function &f)
{
    Value *&list = frames[&f];
    if (list != nullptr)
        return list;
    IRBuilder<> entry(&*f.getEntryBlock().getFirstInsertionPt());
    list = entry.CreateAlloca(byte);
    entry.CreateStore(ConstantPointerNull::get(byte), list);
    FunctionCallee end = module.getOrInsertFunction("pond_turn_end", nothing, byte);
    for (BasicBlock &block : f)
        if (isa<ReturnInst>(block.getTerminator()) || isa<ResumeInst>(block.getTerminator())) {
            IRBuilder<> b(block.getTerminator());
            b.CreateCall(end, {b.CreatePointerCast(list, byte)});
        }
    return list;
}

// The function that takes back what was got here, and the pool that it wants first, or NULL for both: free.
std::pair<Value *, Value *> Turn::back(CallBase &c, Source source)
{
    Value *null = ConstantPointerNull::get(byte);
    StringRef name = Names::name(c);
    std::string put = "pond_put";
    if (source == Source::OWN)
        put = std::getenv("POND_TURN_PUT") != nullptr ? std::getenv("POND_TURN_PUT") : "";
    else if (source != Source::POOL)
        return {null, null};
    else if (name.take_front(8) != "pond_get")
        return {module.getOrInsertFunction((name.drop_back(3) + "put").str(), nothing, byte).getCallee(),
                null};
    return {module.getOrInsertFunction(put, nothing, byte, byte).getCallee(), c.getArgOperand(0)};
}

// What a function hands on of a pool's is noted, with the way back.
void Turn::note_origin(CallBase &c)
{
    IRBuilder<> b(c.getNextNode());
    b.SetCurrentDebugLocation(c.getDebugLoc());
    std::pair<Value *, Value *> way = back(c, names.allocates(c));
    FunctionCallee from = module.getOrInsertFunction("pond_turn_from", nothing, byte, byte, byte);
    b.CreateCall(from, {b.CreatePointerCast(&c, byte), b.CreatePointerCast(way.first, byte),
                        b.CreatePointerCast(way.second, byte)});
}

void Turn::keep(CallBase &c, Source source, bool handed_on)
{
    Value *list = frame(*c.getFunction());
    auto *invoke = dyn_cast<InvokeInst>(&c);
    IRBuilder<> b(invoke != nullptr ? &*invoke->getNormalDest()->getFirstInsertionPt() : c.getNextNode());
    b.SetCurrentDebugLocation(c.getDebugLoc());
    std::pair<Value *, Value *> where_back = back(c, source);
    if (handed_on)
        where_back.first = ConstantExpr::getIntToPtr(ConstantInt::get(number, 1), byte);
    FunctionCallee kept = module.getOrInsertFunction("pond_turn_keep", nothing, byte, byte, byte, byte, byte);
    b.CreateCall(kept, {b.CreatePointerCast(list, byte), b.CreatePointerCast(&c, byte),
                        b.CreatePointerCast(where_back.first, byte),
                        b.CreatePointerCast(where_back.second, byte), text(b, where(c))});
    note("kept", c);
}

void Turn::site(CallBase &c, bool grown, const std::set<std::string> &pooled)
{
    Source source = names.allocates(c);
    Function *f = c.getFunction();
    if (source == Source::OUT || !c.getType()->isPointerTy())
        return note("left", c);
    f->removeFnAttr(Attribute::AlwaysInline);
    f->addFnAttr(Attribute::NoInline);
    uint64_t size = source == Source::HEAP ? constant_size(c) : 0;
    if (size > 0 && size <= MOST && !grown && !in_loop(c) && isa<CallInst>(c) &&
        Names::name(c).take_front(2) != "_Z")
        on_stack(c, size);
    else
        keep(c, source, source == Source::NO && pooled.count(Names::name(c).str()) != 0);
}

void Turn::replace(const char *name, const char *by)
{
    Function *f = module.getFunction(name);
    if (f != nullptr && f->isDeclaration())
        f->replaceAllUsesWith(ConstantExpr::getPointerCast(
            cast<Constant>(module.getOrInsertFunction(by, f->getFunctionType()).getCallee()), f->getType()));
}

// Before one is put back into a pool of the program's own it is no longer kept.
void Turn::forget_own()
{
    FunctionCallee forget = module.getOrInsertFunction("pond_turn_forget", nothing, byte);
    for (Function &f : module)
        for (Instruction &i : instructions(f)) {
            auto *c = dyn_cast<CallBase>(&i);
            int n = c != nullptr ? names.frees(*c) : NONE;
            if (n == NONE || Names::name(*c).take_front(4) == "free")
                continue;
            IRBuilder<> b(c);
            b.CreateCall(forget, {b.CreatePointerCast(c->getArgOperand(static_cast<unsigned>(n)), byte)});
        }
}

void Turn::run()
{
    ValueToValueMapTy map;
    std::unique_ptr<Module> copy = CloneModule(module, map);
    std::map<const Value *, CallBase *> origin;
    for (Function &f : module)
        for (Instruction &i : instructions(f))
            if (auto *c = dyn_cast<CallBase>(&i))
                origin[map[c]] = c;
    simplify(*copy);
    std::set<std::string> pooled;
    std::vector<std::pair<CallBase *, bool>> turned;
    std::vector<CallBase *> origins;
    bool all = std::getenv("POND_TURN_ALL") != nullptr;
    for (const Finding &f : Program(*copy, names).look()) {
        auto found = origin.find(f.site);
        if (found == origin.end() || Names::name(*found->second) != Names::name(*f.site))
            continue;
        Source source = names.allocates(*f.site);
        if (f.verdict == Verdict::RETURNED && (source == Source::OWN || source == Source::POOL ||
                                               pooled.count(Names::name(*f.site).str()) != 0))
            pooled.insert(f.site->getFunction()->getName().str());
        if (f.verdict == Verdict::RETURNED && (source == Source::OWN || source == Source::POOL) &&
            isa<CallInst>(found->second))
            origins.push_back(found->second);
        if (f.verdict == Verdict::STAYS || all)
            turned.push_back({found->second, f.grown});
    }
    copy.reset();
    forget_own();
    replace("free", "pond_turn_free");
    replace("realloc", "pond_turn_realloc");
    for (CallBase *c : origins)
        note_origin(*c);
    for (std::pair<CallBase *, bool> &one : turned)
        site(*one.first, one.second, pooled);
}

struct TurnPass : PassInfoMixin<TurnPass> {
    PreservedAnalyses run(Module &m, ModuleAnalysisManager &)
    {
        Turn(m).run();
        return PreservedAnalyses::none();
    }
    static bool isRequired() { return true; }
};

} // namespace

extern "C" __attribute__((visibility("default"))) PassPluginLibraryInfo llvmGetPassPluginInfo()
{
    return {LLVM_PLUGIN_API_VERSION, "turn", "1", [](PassBuilder &builder) {
                builder.registerPipelineStartEPCallback(
                    [](ModulePassManager &all, auto) { all.addPass(TurnPass()); });
            }};
}
