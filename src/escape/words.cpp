// SPDX-License-Identifier: BSD-2-Clause
#include "words.h"
#include "names.h"
#include "llvm/BinaryFormat/Dwarf.h"
#include "llvm/Demangle/Demangle.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Operator.h"

using namespace llvm;

namespace escape
{

// ---- where ----

unsigned line_of(const Instruction &i)
{
    const DebugLoc &where = i.getDebugLoc();
    return where && where.getLine() != 0 ? where.getLine() : ~0U - 1;
}

std::string at(const Instruction &i)
{
    const DebugLoc &where = i.getDebugLoc();
    if (!where || where.getLine() == 0)
        return "";
    const DISubprogram *function = i.getFunction()->getSubprogram();
    auto *scope = dyn_cast_or_null<DIScope>(where.getScope());
    if (scope == nullptr)
        return " at line " + std::to_string(where.getLine());
    StringRef file = scope->getFilename();
    bool plain =
        function == nullptr || function->getUnit() == nullptr || function->getUnit()->getFilename() == file;
    return " at " + (plain ? "line " : file.str() + ":") + std::to_string(where.getLine());
}

std::string readable(StringRef symbol)
{
    symbol.consume_front("\01");
    std::string name = demangle(symbol.str());
    return name.substr(0, name.find('('));
}

// ---- types ----

struct Named {
    std::string text;
    const DIType *type; // of what the text is
    explicit operator bool() const { return !text.empty(); }
};

static const DIType *plain(const DIType *t)
{
    while (auto *d = dyn_cast_or_null<DIDerivedType>(t)) {
        unsigned tag = d->getTag();
        if (tag != dwarf::DW_TAG_typedef && tag != dwarf::DW_TAG_const_type &&
            tag != dwarf::DW_TAG_volatile_type && tag != dwarf::DW_TAG_restrict_type &&
            tag != dwarf::DW_TAG_atomic_type && tag != dwarf::DW_TAG_member)
            break;
        t = d->getBaseType();
    }
    return t;
}

static const DIType *pointee(const DIType *t)
{
    auto *d = dyn_cast_or_null<DIDerivedType>(plain(t));
    return d != nullptr ? plain(d->getBaseType()) : nullptr;
}

// The member at a bit. Of a union nobody knows which it is, unless only one reaches so far.
static const DIDerivedType *field(const DICompositeType *c, uint64_t bit)
{
    const DIDerivedType *found = nullptr;
    for (const DINode *n : c->getElements()) {
        auto *member = dyn_cast<DIDerivedType>(n);
        if (member == nullptr || member->getTag() != dwarf::DW_TAG_member || member->isStaticMember())
            continue;
        if (bit < member->getOffsetInBits() || bit >= member->getOffsetInBits() + member->getSizeInBits())
            continue;
        if (found != nullptr)
            return nullptr;
        found = member;
    }
    return found;
}

// The part of what has this name that begins at a bit.
static Named part(Named n, uint64_t bit, const char *between)
{
    for (;;) {
        auto *c = dyn_cast_or_null<DICompositeType>(plain(n.type));
        if (c == nullptr)
            return n;
        if (c->getTag() == dwarf::DW_TAG_array_type) {
            const DIType *element = plain(c->getBaseType());
            n.type = element;
            n.text += "[]";
            if (element == nullptr || element->getSizeInBits() == 0)
                return n;
            bit %= element->getSizeInBits();
            between = ".";
            continue;
        }
        const DIDerivedType *member = field(c, bit);
        if (member == nullptr)
            return n;
        if (!member->getName().empty()) {
            n.text += between + member->getName().str();
            between = ".";
        }
        n.type = member->getBaseType();
        bit -= member->getOffsetInBits();
    }
}

// ---- values ----

static Named memory(const Value *address, int deep);

static const DILocalVariable *variable(const Value *v)
{
    const Function *f = nullptr;
    if (auto *i = dyn_cast<Instruction>(v))
        f = i->getFunction();
    else if (auto *a = dyn_cast<Argument>(v))
        f = a->getParent();
    if (f == nullptr)
        return nullptr;
#if LLVM_VERSION_MAJOR < 19
    for (const Instruction &i : instructions(*f))
        if (auto *d = dyn_cast<DbgVariableIntrinsic>(&i))
            if (is_contained(d->location_ops(), v) && d->getExpression()->getNumElements() == 0)
                return d->getVariable();
#else
    for (const Instruction &i : instructions(*f))
        for (const DbgVariableRecord &d : filterDbgVars(i.getDbgRecordRange()))
            if (is_contained(d.location_ops(), v) && d.getExpression()->getNumElements() == 0)
                return d.getVariable();
#endif
    return nullptr;
}

// The variable that has this value, or has it with another type.
static const DILocalVariable *holder(const Value *v)
{
    const Value *plain = v->stripPointerCasts();
    if (isa<AllocaInst>(plain))
        return nullptr;
    const DILocalVariable *d = variable(v);
    if (d == nullptr && plain != v)
        d = variable(plain);
    for (const User *u : plain->users())
        if (d == nullptr && isa<BitCastInst>(u))
            d = variable(u);
    return d;
}

// What a value is called.
static Named value(const Value *v, int deep)
{
    if (deep > 8)
        return {"", nullptr};
    if (const DILocalVariable *d = holder(v))
        return {d->getName().str(), d->getType()};
    v = v->stripPointerCasts();
    if (auto *l = dyn_cast<LoadInst>(v))
        return memory(l->getPointerOperand(), deep + 1);
    if (auto *f = dyn_cast<Function>(v))
        return {readable(f->getName()), nullptr};
    if (auto *c = dyn_cast<CallBase>(v))
        return {callee_name(*c) + "()", nullptr};
    if (auto *p = dyn_cast<PHINode>(v))
        for (const Use &u : p->incoming_values())
            if (Named n = value(u, deep + 3))
                return n;
    return {"", nullptr};
}

// An object that has a name of its own: a variable of the function, or a global one.
static Named variable_memory(const Value *v)
{
    if (auto *g = dyn_cast<GlobalVariable>(v)) {
        SmallVector<DIGlobalVariableExpression *, 1> known;
        g->getDebugInfo(known);
        if (!known.empty())
            return {known[0]->getVariable()->getName().str(), known[0]->getVariable()->getType()};
        return {readable(g->getName()), nullptr};
    }
    if (isa<AllocaInst>(v))
        if (const DILocalVariable *d = variable(v))
            return {d->getName().str(), d->getType()};
    return {"", nullptr};
}

static DataLayout layout_of(const Value *address)
{
    if (auto *i = dyn_cast<Instruction>(address))
        return i->getModule()->getDataLayout();
    auto *g = dyn_cast<GlobalValue>(address->stripInBoundsOffsets());
    return g != nullptr ? g->getParent()->getDataLayout() : DataLayout("");
}

static Named memory(const Value *address, int deep)
{
    int64_t offset = 0;
    bool varies = false, byte = false;
    const DataLayout layout = layout_of(address);
    const Value *base = address->stripPointerCasts();
    while (auto *g = dyn_cast<GEPOperator>(base)) {
        APInt step(layout.getIndexTypeSizeInBits(g->getType()->getScalarType()), 0);
        if (g->accumulateConstantOffset(layout, step))
            offset += step.getSExtValue();
        else
            varies = true, byte |= g->getSourceElementType()->isIntegerTy(8);
        base = g->getPointerOperand()->stripPointerCasts();
    }
    uint64_t bit = offset < 0 ? 0 : static_cast<uint64_t>(offset) * 8;
    if (Named n = variable_memory(base))
        return part(n, bit, ".");
    Named n = value(base, deep + 1);
    if (!n)
        return n;
    const DIType *to = pointee(n.type);
    if (varies && !isa_and_nonnull<DICompositeType>(to))
        return {n.text + "[]", to};
    if (byte || !isa_and_nonnull<DICompositeType>(to))
        return {(isa<CallBase>(base) ? "what " + n.text + " returned" : "*" + n.text), to};
    Named inner = part({n.text, to}, bit, "->");
    return inner.text == n.text ? Named{"*" + n.text, to} : inner;
}

std::string place_name(const Value *address)
{
    if (auto *a = dyn_cast<Argument>(address->stripInBoundsOffsets()))
        if (a->hasStructRetAttr())
            return "the result";
    Named n = memory(address, 0);
    return n ? n.text : "memory that is not this function's";
}

std::string stored_place(const Instruction &i)
{
    if (auto *s = dyn_cast<StoreInst>(&i))
        return place_name(s->getPointerOperand());
    if (auto *m = dyn_cast<MemTransferInst>(&i))
        return place_name(m->getRawDest());
    if (auto *r = dyn_cast<AtomicRMWInst>(&i))
        return place_name(r->getPointerOperand());
    if (auto *x = dyn_cast<AtomicCmpXchgInst>(&i))
        return place_name(x->getPointerOperand());
    if (auto *c = dyn_cast<CallBase>(&i))
        return "memory that " + callee_name(*c) + " writes to";
    return "memory";
}

std::string callee_name(const CallBase &c)
{
    StringRef name = Names::name(c);
    if (!name.empty())
        return readable(name);
    Named n = value(c.getCalledOperand(), 0);
    return n ? "what " + n.text + " points to" : "a function pointer";
}

} // namespace escape
