// SPDX-License-Identifier: BSD-2-Clause
// What calls do with pointers: of functions that are known by name, that have a body here, and of all others.
#include "flow.h"
#include "words.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/IntrinsicInst.h"

using namespace llvm;

namespace escape
{

static Targets outside()
{
    Targets t;
    t.add({OUTSIDE, ANY});
    return t;
}

void Flow::call(const CallBase &c)
{
    if (intrinsic(c) || allocation(c))
        return;
    int freed = names.frees(c);
    if (freed != NONE) {
        for (const Target &t : of(c.getArgOperand(static_cast<unsigned>(freed))))
            objects[t.object].freed = true;
        return;
    }
    if (Names::grows(c))
        return grow(c);
    if (library(c))
        return;
    const Function *f = Names::callee(c);
    auto found = f != nullptr ? summaries.find(f) : summaries.end();
    if (found != summaries.end() && found->second.known)
        apply(c, found->second);
    else
        unknown(c);
}

unsigned Flow::site(const CallBase &c, Kind kind)
{
    auto key = std::make_pair(static_cast<const Value *>(&c), static_cast<int>(kind));
    auto found = sites.find(key);
    if (found != sites.end())
        return found->second;
    changed = true;
    return sites[key] = make(kind, &c);
}

// malloc and its like. What comes from a pool, or from who knows where, has pointers in it already.
bool Flow::allocation(const CallBase &c)
{
    Source source = names.allocates(c);
    if (source == Source::NO)
        return false;
    Targets object;
    object.add({site(c, Kind::SITE), 0});
    if (source == Source::POOL || source == Source::OWN)
        put({site(c, Kind::SITE), ANY}, 0, outside(), c, [] { return std::string(); });
    if (source == Source::OWN)
        for (unsigned n = 0; n < c.arg_size(); n++)
            unknown_argument(c, n);
    if (source == Source::OUT)
        store(c.getArgOperand(0), 8, object, c);
    else
        give(&c, object);
    return true;
}

void Flow::grow(const CallBase &c)
{
    unsigned block = site(c, Kind::BLOCK);
    Targets old = of(c.getArgOperand(0)), now;
    for (const Target &t : old)
        objects[t.object].freed = objects[t.object].grown = true;
    put({block, ANY}, 0, load(old.anywhere(), 0), c, [] { return std::string("moved by realloc"); });
    now.add({block, 0});
    now.add(old);
    give(&c, now);
}

// ---- intrinsics and the C library ----

bool Flow::intrinsic(const CallBase &c)
{
    auto *i = dyn_cast<IntrinsicInst>(&c);
    if (i == nullptr)
        return false;
    if (auto *m = dyn_cast<MemTransferInst>(i)) {
        copy(of(m->getRawDest()), of(m->getRawSource()), m->getLength(), c);
        return true;
    }
    if (isa<MemSetInst>(i) || isa<AssumeInst>(i) || i->isLifetimeStartOrEnd() || isa<DbgInfoIntrinsic>(i))
        return true;
    switch (i->getIntrinsicID()) {
    case Intrinsic::vastart:
    case Intrinsic::vacopy:
        soil(of(c.getArgOperand(0)), c);
        return true;
    case Intrinsic::vaend:
    case Intrinsic::prefetch:
    case Intrinsic::objectsize:
    case Intrinsic::stackrestore:
        return true;
    default:
        break;
    }
    Targets all;
    for (const Use &u : c.args())
        all.add(of(u).anywhere());
    if (!c.doesNotAccessMemory() && !c.onlyReadsMemory())
        leak_all(all, Reach::MAY, c, [&] { return "used by " + callee_name(c); });
    if (c.getType()->isPointerTy())
        all.add({OUTSIDE, ANY});
    if (!c.getType()->isVoidTy())
        give(&c, all);
    return true;
}

bool Flow::library(const CallBase &c)
{
    const Known *k = Names::known(c);
    if (k == nullptr) // what -fsanitize=undefined calls only prints
        return Names::name(c).take_front(15) == "__ubsan_handle_";
    auto argument = [&](int n) {
        return n == NONE ? Targets() : of(c.getArgOperand(static_cast<unsigned>(n)));
    };
    Targets result = argument(k->result).anywhere();
    if (k->deed == Known::COPIES)
        copy(argument(k->to), argument(k->from), c.arg_size() > 2 ? c.getArgOperand(2) : nullptr, c);
    if (k->deed == Known::SAVES || k->deed == Known::SPLITS)
        store(c.getArgOperand(static_cast<unsigned>(k->to)), 8, argument(k->from).anywhere(), c);
    if (k->deed == Known::SPLITS)
        result.add(load(argument(k->to), 8));
    if (k->deed == Known::SENDS) {
        Targets sent = argument(k->from);
        for (int step = 0; step < k->to; step++)
            sent = load(sent.anywhere(), 0);
        send(sent, c, [&] { return "written out by " + callee_name(c) + at(c); });
    }
    if (k->deed == Known::NOTHING)
        for (unsigned n = 0; n < c.arg_size(); n++)
            if (!c.onlyReadsMemory(n))
                soil(of(c.getArgOperand(n)), c);
    if (c.getType()->isPointerTy() && k->result == NONE)
        result.add(outside());
    give(&c, result);
    return true;
}

// The bytes from one place are copied to another; a null length: nobody knows how many.
void Flow::copy(const Targets &to, const Targets &from, const Value *length, const CallBase &c)
{
    auto *fixed = dyn_cast_or_null<ConstantInt>(length);
    uint64_t size = fixed != nullptr ? fixed->getZExtValue() : 0;
    auto words = [] { return std::string("copied with the memory that has it"); };
    for (const Target &t : to)
        for (const Target &f : from) {
            bool exact = fixed != nullptr && t.offset != ANY && f.offset != ANY;
            Targets there;
            initial(exact ? f : Target{f.object, ANY}, size, there);
            put({t.object, exact ? t.offset : ANY}, size, there, c, words);
            for (size_t n = 0; n < objects[f.object].cells.size(); n++) {
                Cell cell = objects[f.object].cells[n];
                bool moved = exact && cell.offset != ANY;
                int64_t end = f.offset + static_cast<int64_t>(size);
                if (moved &&
                    (cell.offset >= end || cell.offset + static_cast<int64_t>(cell.size) <= f.offset))
                    continue;
                put({t.object, moved ? t.offset + cell.offset - f.offset : ANY}, cell.size, cell.what, c,
                    words);
            }
        }
}

// ---- functions of which nothing is known ----

void Flow::unknown_argument(const CallBase &c, unsigned n)
{
    const Value *v = c.getArgOperand(n);
    const Function *f = Names::callee(c);
    Targets t = of(v);
    if (t.empty())
        return;
    bool thread = Names::name(c) == "pthread_create" && n == 3;
    auto words = [&] {
        if (thread)
            return std::string("handed to another thread");
        if (f != nullptr && !f->isDeclaration() && n >= f->arg_size())
            return "passed to " + callee_name(c) + " among its variable arguments";
        return "passed to " + callee_name(c) + " (unknown)";
    };
    // The address is not kept, or is that of a copy: but what is stored there may be.
    if (c.doesNotCapture(n) || c.isByValArgument(n)) {
        for (const Target &one : t)
            leak_cells(one.object, Reach::MAY, order(c), words() + at(c));
        leak_all(load(t.anywhere(), 0), Reach::MAY, c, words);
        soil(t, c);
        if (c.paramHasAttr(n, Attribute::Returned))
            give(&c, t);
        return;
    }
    leak_all(t, thread ? Reach::ESCAPES : Reach::MAY, c, words);
}

void Flow::unknown(const CallBase &c)
{
    if (isa<InlineAsm>(c.getCalledOperand())) {
        for (const Use &u : c.args())
            leak_all(of(u), Reach::MAY, c, [] { return std::string("passed to assembly"); });
    } else {
        for (unsigned n = 0; n < c.arg_size(); n++)
            unknown_argument(c, n);
    }
    for (unsigned n = 0; n < c.getNumOperandBundles(); n++)
        for (const Use &u : c.getOperandBundleAt(n).Inputs)
            leak_all(of(u), Reach::MAY, c, [] { return std::string("used by an operand bundle"); });
    if (!c.getType()->isVoidTy() && !c.getType()->isIntegerTy())
        give(&c, outside());
}

// ---- functions that have been looked at ----

Targets Flow::fate_source(const CallBase &c, const Fate &fate)
{
    Targets argument = of(c.getArgOperand(fate.param));
    if (!fate.content)
        return argument;
    Targets there;
    for (const Target &t : argument)
        read({t.object, t.offset == ANY || fate.offset == ANY ? ANY : t.offset + fate.offset}, fate.size,
             there);
    return there;
}

Targets Flow::place(const CallBase &c, const Place &p)
{
    if (p.param >= c.arg_size())
        return Targets();
    Targets argument = of(c.getArgOperand(p.param)).anywhere();
    return p.content ? reachable(load(argument, 0)).anywhere() : argument;
}

void Flow::apply_fate(const CallBase &c, const Summary &s, const Fate &fate, unsigned block)
{
    Targets found = fate_source(c, fate);
    Targets all = fate.content ? reachable(found) : found;
    for (const Target &t : found) {
        objects[t.object].freed |= fate.freed;
        objects[t.object].grown |= fate.grown;
    }
    auto words = [&] {
        std::string start = fate.content ? "in memory passed to " : "passed to ";
        return start + callee_name(c) + at(c) + ", where it is " + fate.way.words;
    };
    if (fate.way.reach != Reach::STAYS)
        leak_all(all, fate.way.reach, c, words);
    if (fate.sent.reach != Reach::STAYS)
        send(all, c,
             [&] { return "passed to " + callee_name(c) + at(c) + ", where it is " + fate.sent.words; });
    for (const Place &p : fate.into)
        for (const Target &to : place(c, p))
            put(to, 0, all.anywhere(), c,
                [&] { return "passed to " + callee_name(c) + at(c) + ", where it is " + p.words; });
    for (int64_t offset : fate.results)
        for (const Target &t : all)
            give(&c, [&] {
                Targets one;
                bool fixed = !fate.content && offset != ANY && t.offset != ANY;
                one.add({t.object, fixed ? t.offset + offset : ANY});
                return one;
            }());
    if (fate.in_result)
        put({block, ANY}, 0, all.anywhere(), c, [] { return std::string("stored in memory of the result"); });
    (void)s;
}

void Flow::apply(const CallBase &c, const Summary &s)
{
    const Function *f = Names::callee(c);
    unsigned block = OUTSIDE;
    bool inner = std::any_of(s.fates.begin(), s.fates.end(), [](const Fate &fate) { return fate.in_result; });
    if (s.fresh || inner) {
        block = site(c, s.fresh ? Kind::SITE : Kind::BLOCK);
        Targets object, within;
        object.add({block, 0});
        if (s.full)
            within.add({OUTSIDE, ANY});
        if (s.leads_to_self || !s.fresh)
            within.add({block, ANY});
        put({block, ANY}, 0, within, c, [] { return std::string(); });
        give(&c, s.fresh ? object : object.anywhere());
    }
    for (const Fate &fate : s.fates)
        if (fate.param < c.arg_size())
            apply_fate(c, s, fate, block);
    for (const Place &p : s.outside_into)
        for (const Target &to : place(c, p))
            if (to.object != OUTSIDE)
                put({to.object, ANY}, 0, outside(), c, [] { return std::string(); });
    for (unsigned n = static_cast<unsigned>(f->arg_size()); n < c.arg_size(); n++)
        unknown_argument(c, n);
    if (s.outside_result && !s.fresh && !c.getType()->isIntegerTy())
        give(&c, outside());
}

} // namespace escape
