// SPDX-License-Identifier: BSD-2-Clause
#include "program.h"
#include "words.h"
#include "llvm/ADT/SCCIterator.h"
#include "llvm/Analysis/CallGraph.h"
#include "llvm/IR/CFG.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"

using namespace llvm;

namespace escape
{

static constexpr unsigned MANY_ROUNDS = 40;
static constexpr uint64_t STACK_BYTES = 65536; // more does not belong on a stack

// ---- which functions ----

using Functions = std::set<const Function *>;

namespace
{

struct Calls {
    std::map<const Function *, Functions> to, from;
    Functions getting; // those with an allocation

    Calls(const Module &m, const Names &names)
    {
        for (const Function &f : m)
            for (const Instruction &i : instructions(f))
                if (auto *c = dyn_cast<CallBase>(&i))
                    add(f, *c, names);
    }
    void add(const Function &f, const CallBase &c, const Names &names)
    {
        if (names.allocates(c) != Source::NO)
            getting.insert(&f);
        const Function *callee = Names::callee(c);
        if (callee != nullptr && !callee->isDeclaration()) {
            to[&f].insert(callee);
            from[callee].insert(&f);
        }
    }
};

} // namespace

Functions needed(const Module &m, const Names &names)
{
    Calls calls(m, names);
    std::vector<const Function *> todo(calls.getting.begin(), calls.getting.end());
    Functions all = calls.getting;
    // The callers of what may hand out an object, then all that is called by any of these.
    while (!todo.empty()) {
        const Function *f = todo.back();
        todo.pop_back();
        if (!f->getReturnType()->isPointerTy())
            continue;
        for (const Function *caller : calls.from[f])
            if (all.insert(caller).second)
                todo.push_back(caller);
    }
    todo.assign(all.begin(), all.end());
    while (!todo.empty()) {
        const Function *f = todo.back();
        todo.pop_back();
        for (const Function *callee : calls.to[f])
            if (all.insert(callee).second)
                todo.push_back(callee);
    }
    return all;
}

// ---- in which order ----

// Another may take its place, or its body is in assembly.
static bool opaque(const Function &f)
{
    return f.isInterposable() || f.hasFnAttribute(Attribute::Naked);
}

// Functions that call each other begin as if they did nothing, and are looked at until that is all that is
// true.
void Program::solve(ArrayRef<const Function *> circle, bool recursive)
{
    for (const Function *f : circle)
        summaries[f].known = !opaque(*f);
    unsigned rounds = 0;
    for (bool changed = true; changed;) {
        changed = false;
        for (const Function *f : circle) {
            if (opaque(*f) && recursive && flows.count(f) != 0)
                continue;
            auto flow = std::make_unique<Flow>(*f, names, summaries);
            flow->solve();
            Summary s = flow->summarise();
            s.known = !opaque(*f) && rounds < MANY_ROUNDS;
            s.fresh &= !recursive;
            s.outside_result |= recursive && !s.fresh;
            changed |= !s.same(summaries[f]);
            summaries[f] = s;
            flows[f] = std::move(flow);
        }
        changed &= recursive && rounds++ <= MANY_ROUNDS;
    }
}

std::vector<Finding> Program::look()
{
    CallGraph graph(const_cast<Module &>(module));
    for (auto i = scc_begin(&graph); !i.isAtEnd(); ++i) {
        std::vector<const Function *> circle;
        for (const CallGraphNode *node : *i)
            if (node->getFunction() != nullptr && !node->getFunction()->isDeclaration())
                circle.push_back(node->getFunction());
        if (!circle.empty())
            solve(circle, i.hasCycle());
    }
    std::vector<Finding> findings;
    for (const Function &f : module)
        if (!f.isDeclaration() && !names.allocator(f))
            report(f, findings);
    return findings;
}

// ---- what is said ----

bool in_loop(const Instruction &i)
{
    std::set<const BasicBlock *> seen;
    std::vector<const BasicBlock *> todo(succ_begin(i.getParent()), succ_end(i.getParent()));
    while (!todo.empty()) {
        const BasicBlock *b = todo.back();
        todo.pop_back();
        if (b == i.getParent())
            return true;
        if (seen.insert(b).second)
            todo.insert(todo.end(), succ_begin(b), succ_end(b));
    }
    return false;
}

static uint64_t number(const Value *v)
{
    auto *n = dyn_cast<ConstantInt>(v);
    return n != nullptr && n->getValue().ult(UINT32_MAX) ? n->getZExtValue() : 0;
}

uint64_t constant_size(const CallBase &c)
{
    StringRef name = Names::name(c);
    if (name == "malloc" || name.take_front(4) == "_Znw" || name.take_front(4) == "_Zna")
        return number(c.getArgOperand(0));
    if (name == "calloc")
        return number(c.getArgOperand(0)) * number(c.getArgOperand(1));
    return 0;
}

// What can be done with an object that stays.
std::string Program::advice(const Function &f, const Object &o) const
{
    auto &c = *cast<CallBase>(o.value);
    uint64_t size = constant_size(c);
    Source source = names.allocates(c);
    bool pooled = source == Source::POOL || source == Source::OWN;
    std::string words;
    if (o.grown)
        words = "it is grown by realloc, so it could be POND_SCOPED of its usual size";
    else if (in_loop(c))
        words =
            "one in each round of a loop: could be a local variable or POND_SCOPED, if a round's object ends "
            "with the round";
    else if (pooled || size == 0)
        words = "could be POND_SCOPED, or a local variable if it has a bounded size";
    else if (size <= STACK_BYTES)
        words = "could be a local variable or POND_SCOPED (" + std::to_string(size) + " bytes)";
    else
        words =
            "could be POND_SCOPED; with " + std::to_string(size) + " bytes it is large for a local variable";
    if (!o.freed)
        words += "; nothing here frees it";
    (void)f;
    return words;
}

Finding Program::judge(const Function &f, const Object &o) const
{
    auto &c = *cast<CallBase>(o.value);
    Finding found = {&c, Verdict::STAYS, o.grown, callee_name(c), ""};
    if (o.way.reach == Reach::ESCAPES) {
        found.verdict = Verdict::ESCAPES;
        found.words = "escapes: " + o.way.words;
    } else if (o.returned != nullptr) {
        found.verdict = Verdict::RETURNED;
        found.words = "is returned" + at(*o.returned) + ": see the callers of " + readable(f.getName());
    } else if (o.way.reach == Reach::MAY) {
        found.verdict = Verdict::MAY;
        found.words = "may escape: " + o.way.words;
    } else {
        found.words = "does not escape: " + advice(f, o);
    }
    return found;
}

void Program::report(const Function &f, std::vector<Finding> &out) const
{
    auto flow = flows.find(&f);
    if (flow == flows.end())
        return;
    std::map<const Value *, const Object *> sites;
    for (const Object &o : flow->second->all())
        if (o.kind == Kind::SITE)
            sites[o.value] = &o;
    for (const Instruction &i : instructions(f)) {
        auto found = sites.find(&i);
        if (found != sites.end())
            out.push_back(judge(f, *found->second));
    }
}

} // namespace escape
