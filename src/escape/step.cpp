// SPDX-License-Identifier: BSD-2-Clause
// What each kind of instruction does with pointers. Numbers that were pointers are followed as pointers are.
#include "flow.h"
#include "words.h"
#include "llvm/IR/Operator.h"

using namespace llvm;

namespace escape
{

static constexpr uint64_t WORD = 8;
static constexpr uint64_t SMALL = 1 << 16; // a number below cannot be a pointer

uint64_t Flow::bytes(const Type *t) const
{
    if (!t->isSized() || isa<ScalableVectorType>(t))
        return WORD;
    return layout.getTypeStoreSize(const_cast<Type *>(t));
}

void Flow::step(const Instruction &i)
{
    if (auto *c = dyn_cast<CallBase>(&i))
        return call(*c);
    if (auto *l = dyn_cast<LoadInst>(&i))
        return loaded(*l);
    if (auto *g = dyn_cast<GetElementPtrInst>(&i))
        return element(*g);
    if (auto *r = dyn_cast<ReturnInst>(&i)) {
        if (r->getReturnValue() == nullptr)
            return;
        Targets t = of(r->getReturnValue());
        if (r->getReturnValue()->getType()->isIntegerTy())
            for (const Target &one : t)
                if (own(one.object))
                    leak(one.object, Reach::MAY, i, [] { return std::string("returned as a number"); });
        return returned(t, i);
    }
    if (auto *s = dyn_cast<StoreInst>(&i)) {
        const Value *v = s->getValueOperand();
        Targets t = of(v);
        // A number that comes from elsewhere, and may be loaded as a pointer.
        if (t.empty() && !isa<Constant>(v) && bytes(v->getType()) >= WORD)
            t.add({OUTSIDE, ANY});
        return store(s->getPointerOperand(), bytes(v->getType()), t, i);
    }
    if (!exchange(i))
        arithmetic(i);
}

// Atomic operations: what they store, and what was there before.
bool Flow::exchange(const Instruction &i)
{
    const Value *to, *what;
    if (auto *r = dyn_cast<AtomicRMWInst>(&i)) {
        to = r->getPointerOperand();
        what = r->getValOperand();
    } else if (auto *x = dyn_cast<AtomicCmpXchgInst>(&i)) {
        to = x->getPointerOperand();
        what = x->getNewValOperand();
    } else {
        return false;
    }
    uint64_t size = bytes(what->getType());
    store(to, size, of(what), i);
    give(&i, load(of(to), size));
    return true;
}

// A number of less than a pointer's size is part of one only where it is on its way to another place.
static bool copied_on(const LoadInst &l)
{
    for (const User *u : l.users()) {
        auto *s = dyn_cast<StoreInst>(u);
        if ((s != nullptr && s->getValueOperand() == &l) || isa<PHINode>(u) || isa<SelectInst>(u))
            return true;
    }
    return false;
}

void Flow::loaded(const LoadInst &l)
{
    Type *type = l.getType();
    uint64_t size = bytes(type);
    bool part = type->isIntegerTy() && size < WORD;
    Targets from = of(l.getPointerOperand());
    Targets found;
    for (const Target &t : from) {
        Kind kind = objects[t.object].kind;
        bool given = kind == Kind::PARAM || kind == Kind::COPY || kind == Kind::CONTENT;
        if (!part || !given || copied_on(l))
            read(t, size, found);
        else
            stored(t, size, found);
    }
    Targets kept;
    for (const Target &t : found)
        if (t.object != OUTSIDE || !type->isIntegerTy())
            kept.add(t);
    give(&l, kept);
}

void Flow::element(const GetElementPtrInst &g)
{
    APInt offset(layout.getIndexTypeSizeInBits(g.getType()->getScalarType()), 0);
    bool fixed = cast<GEPOperator>(g).accumulateConstantOffset(layout, offset);
    Targets out;
    for (const Target &t : of(g.getPointerOperand()))
        out.add({t.object, fixed && t.offset != ANY ? t.offset + offset.getSExtValue() : ANY});
    for (const Use &index : g.indices())
        for (const Target &t : of(index))
            out.add({t.object, ANY});
    give(&g, out);
}

// The only object of a set, or OUTSIDE.
static unsigned only(const Targets &t)
{
    unsigned object = OUTSIDE;
    for (const Target &one : t) {
        if (object != OUTSIDE && object != one.object)
            return OUTSIDE;
        object = one.object;
    }
    return object;
}

void Flow::arithmetic(const Instruction &i)
{
    if (i.getType()->isVoidTy() || i.getType()->isTokenTy())
        return rest(i);
    if (i.getType()->isIntOrIntVectorTy(1))
        return;
    Targets out;
    auto *b = dyn_cast<BinaryOperator>(&i);
    if (b != nullptr) {
        Targets left = of(b->getOperand(0)), right = of(b->getOperand(1));
        auto *mask = dyn_cast<ConstantInt>(b->getOperand(1));
        if (b->getOpcode() == Instruction::And && mask != nullptr && mask->getValue().ult(SMALL))
            return;
        // The distance within one object is no address.
        if (b->getOpcode() == Instruction::Sub && only(left) != OUTSIDE && only(left) == only(right))
            return;
        out.add(left.anywhere());
        out.add(right.anywhere());
    } else if (isa<CastInst>(i) || isa<PHINode>(i) || isa<SelectInst>(i) || isa<FreezeInst>(i) ||
               isa<ExtractValueInst>(i) || isa<InsertValueInst>(i) || isa<ExtractElementInst>(i) ||
               isa<InsertElementInst>(i) || isa<ShuffleVectorInst>(i) || isa<UnaryOperator>(i)) {
        for (const Use &u : i.operands())
            out.add(of(u));
        if (isa<IntToPtrInst>(i))
            out.add({OUTSIDE, ANY});
    } else {
        rest(i);
        out.add({OUTSIDE, ANY});
    }
    give(&i, out);
}

// An instruction that is not known.
void Flow::rest(const Instruction &i)
{
    if (isa<UnreachableInst>(i) || isa<FenceInst>(i) || isa<IndirectBrInst>(i) || isa<LandingPadInst>(i))
        return;
    for (const Use &u : i.operands())
        leak_all(of(u), Reach::MAY, i, [&] { return std::string("used by ") + i.getOpcodeName(); });
}

} // namespace escape
