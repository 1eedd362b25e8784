// SPDX-License-Identifier: BSD-2-Clause
#include "flow.h"
#include "words.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"

using namespace llvm;

namespace escape
{

// ---- sets of targets ----

static constexpr unsigned FEW = 8;            // offsets of one object in one set
static constexpr unsigned MANY_CONTENTS = 32; // places of a parameter's object that are told apart
static constexpr size_t LONG_WORDS = 160;

bool Targets::add(Target t)
{
    unsigned of_this = 0;
    for (const Target &one : list) {
        if (one.object != t.object)
            continue;
        if (one.offset == ANY || one.offset == t.offset)
            return false;
        of_this++;
    }
    if (t.object == OUTSIDE || of_this >= FEW)
        t.offset = ANY;
    if (t.offset == ANY)
        list.erase(std::remove_if(list.begin(), list.end(), [&](Target o) { return o.object == t.object; }),
                   list.end());
    list.push_back(t);
    return true;
}

bool Targets::add(const Targets &other)
{
    bool grew = false;
    for (const Target &t : other)
        grew |= add(t);
    return grew;
}

bool Targets::has(unsigned object) const
{
    return std::any_of(begin(), end(), [&](Target t) { return t.object == object; });
}

Targets Targets::anywhere() const
{
    Targets all;
    for (const Target &t : *this)
        all.add({t.object, ANY});
    return all;
}

// ---- objects ----

Flow::Flow(const Function &f, const Names &n, const Summaries &s)
    : function(f), names(n), summaries(s), layout(f.getParent()->getDataLayout())
{
    begin();
}

unsigned Flow::make(Kind kind, const Value *v, unsigned param, int64_t offset, uint64_t size)
{
    Object o = {};
    o.kind = kind;
    o.value = v;
    o.param = param;
    o.offset = offset;
    o.size = size;
    objects.push_back(o);
    return static_cast<unsigned>(objects.size() - 1);
}

void Flow::begin()
{
    make(Kind::OUTSIDE, nullptr);
    content_count.resize(function.arg_size());
    for (const Argument &a : function.args()) {
        params.push_back(make(a.hasByValAttr() ? Kind::COPY : Kind::PARAM, &a, a.getArgNo()));
        if (bytes(a.getType()) >= 4)
            give(&a, [&] {
                Targets t;
                t.add({params.back(), 0});
                return t;
            }());
    }
    for (const Instruction &i : instructions(function)) {
        if (isa<DbgInfoIntrinsic>(i) || isa<CmpInst>(i) || isa<BranchInst>(i) || isa<SwitchInst>(i))
            continue;
        if (isa<AllocaInst>(i))
            give(&i, [&] {
                Targets t;
                t.add({make(Kind::VARIABLE, &i), 0});
                return t;
            }());
        else
            code.push_back(&i);
    }
}

// The object for what is loaded from a place of a parameter's object.
unsigned Flow::content(unsigned param, int64_t offset, uint64_t size)
{
    if (content_count[param] >= MANY_CONTENTS)
        offset = ANY;
    if (offset == ANY)
        size = 0;
    for (unsigned n = 0; n < objects.size(); n++) {
        const Object &o = objects[n];
        if (o.kind == Kind::CONTENT && o.param == param && o.offset == offset && o.size == size)
            return n;
    }
    content_count[param]++;
    changed = true;
    return make(Kind::CONTENT, nullptr, param, offset, size);
}

bool Flow::own(unsigned object) const
{
    Kind kind = objects[object].kind;
    return kind == Kind::SITE || kind == Kind::VARIABLE || kind == Kind::BLOCK;
}

// Constants other than numbers are, or may be, addresses of what is global.
Targets Flow::of(const Value *v) const
{
    auto found = targets.find(v);
    if (found != targets.end())
        return found->second;
    Targets none, outside;
    outside.add({OUTSIDE, ANY});
    bool global =
        isa<GlobalValue>(v) || isa<ConstantExpr>(v) || isa<ConstantAggregate>(v) || isa<BlockAddress>(v);
    return global ? outside : none;
}

void Flow::give(const Value *v, const Targets &t)
{
    if (!t.empty() && targets[v].add(t))
        changed = true;
}

// ---- memory ----

static bool overlap(const Cell &cell, int64_t offset, uint64_t size)
{
    if (cell.offset == ANY || offset == ANY)
        return true;
    return cell.offset < offset + static_cast<int64_t>(size) &&
           offset < cell.offset + static_cast<int64_t>(cell.size);
}

// What is there when the function begins, or has come there without it.
void Flow::initial(Target from, uint64_t size, Targets &out)
{
    Kind kind = objects[from.object].kind;
    if (kind == Kind::OUTSIDE || objects[from.object].way.reach != Reach::STAYS)
        out.add({OUTSIDE, ANY});
    if (kind == Kind::PARAM || kind == Kind::COPY)
        out.add({content(objects[from.object].param, from.offset, size), ANY});
    if (kind == Kind::CONTENT)
        out.add({from.object, ANY});
}

void Flow::stored(Target from, uint64_t size, Targets &out) const
{
    for (const Cell &cell : objects[from.object].cells)
        if (overlap(cell, from.offset, size))
            out.add(cell.what);
}

void Flow::read(Target from, uint64_t size, Targets &out)
{
    initial(from, size, out);
    stored(from, size, out);
}

Targets Flow::load(const Targets &from, uint64_t size)
{
    Targets out;
    for (const Target &t : from)
        read(t, size, out);
    return out;
}

// All objects that can be come to from these, these too.
Targets Flow::reachable(const Targets &from)
{
    Targets all = from.anywhere();
    SmallVector<unsigned, 8> todo;
    for (const Target &t : all)
        todo.push_back(t.object);
    while (!todo.empty()) {
        Targets next;
        read({todo.pop_back_val(), ANY}, 0, next);
        for (const Target &t : next)
            if (all.add({t.object, ANY}))
                todo.push_back(t.object);
    }
    return all;
}

// Somebody else may have written anything there that he knows.
void Flow::soil(const Targets &t, const Instruction &i)
{
    Targets outside;
    outside.add({OUTSIDE, ANY});
    for (const Target &one : reachable(t))
        if (one.object != OUTSIDE)
            put({one.object, ANY}, 0, outside, i, [] { return std::string(); });
}

static Cell &cell_at(Object &o, Target to, uint64_t size, const Instruction &i)
{
    if (to.offset == ANY)
        size = 0;
    for (Cell &cell : o.cells)
        if (cell.offset == to.offset && cell.size == size)
            return cell;
    o.cells.push_back({to.offset, size, Targets(), &i});
    return o.cells.back();
}

// Stores targets at a place. Words say where that is, "stored in list->head".
void Flow::put(Target to, uint64_t size, const Targets &what, const Instruction &i, Words words)
{
    if (what.empty())
        return;
    if (to.object == OUTSIDE) {
        leak_all(what, Reach::ESCAPES, i, words);
        return;
    }
    Object &o = objects[to.object];
    changed |= cell_at(o, to, size, i).what.add(what);
    if (o.kind == Kind::PARAM || o.kind == Kind::CONTENT)
        for (const Target &t : what)
            if (own(t.object))
                leak(t.object, Reach::ESCAPES, i, words);
    if (o.sent.reach != Reach::STAYS)
        leak_all(what, o.sent.reach, i, [&] { return words() + at(i) + ", which is " + o.sent.words; });
    if (o.way.reach == Reach::STAYS)
        return;
    // Where two objects lead to each other, what one says of the other does not come back to it.
    unsigned later = std::max(order(i), o.way.order);
    for (const Target &t : what)
        if (t.object != to.object)
            leak_at(t.object, o.way.reach, later,
                    [&] { return words() + at(i) + ", which is " + o.way.words; });
}

void Flow::store(const Value *to, uint64_t size, const Targets &what, const Instruction &i)
{
    Targets places = of(to);
    auto words = [&] { return "stored in " + place_name(to); };
    for (const Target &t : places)
        put(t, size, what, i, words);
    if (last && places.empty() && !isa<Constant>(to))
        leak_all(what, Reach::MAY, i, [] { return std::string("stored where nobody can tell"); });
}

// ---- ways out ----

unsigned Flow::order(const Instruction &i) const
{
    return line_of(i);
}

void Flow::leak(unsigned object, Reach reach, const Instruction &i, Words words)
{
    leak_at(object, reach, order(i), [&] {
        std::string text = words();
        return text.find(" at ") == std::string::npos ? text + at(i) : text;
    });
}

void Flow::leak_all(const Targets &t, Reach reach, const Instruction &i, Words words)
{
    for (const Target &one : t)
        leak(one.object, reach, i, words);
}

// Of many steps the first and the last.
static void shorten(std::string &words)
{
    static const char step[] = ", wh", end[] = ", and in the end";
    if (words.size() <= LONG_WORDS)
        return;
    size_t first = std::min(words.find(step), words.find(end));
    size_t last = words.rfind(step), cut = words.rfind(end);
    size_t rest = last == std::string::npos ? last : words.find(" is ", last) + sizeof " is" - 1;
    if (cut != std::string::npos && (last == std::string::npos || cut > last))
        rest = cut + sizeof end - 1;
    if (first != std::string::npos && rest != std::string::npos)
        words = words.substr(0, first) + end + words.substr(rest);
}

void Flow::leak_at(unsigned object, Reach reach, unsigned order, Words words)
{
    Object &o = objects[object];
    if (object == OUTSIDE || reach < o.way.reach || (reach == o.way.reach && order >= o.way.order))
        return;
    changed |= reach != o.way.reach;
    o.way.reach = reach;
    o.way.order = order;
    o.way.words = words();
    shorten(o.way.words);
    if (o.kind == Kind::COPY)
        leak_at(content(o.param, ANY, 0), reach, order, [&] { return o.way.words; });
    leak_cells(object, reach, order, o.way.words);
}

// What is stored in an object goes where the object goes.
void Flow::leak_cells(unsigned object, Reach reach, unsigned order, const std::string &why)
{
    std::string reason = why;
    for (size_t n = 0; n < objects[object].cells.size(); n++) {
        Cell cell = objects[object].cells[n];
        auto words = [&] {
            return "stored in " + stored_place(*cell.by) + at(*cell.by) + ", which is " + reason;
        };
        for (const Target &t : cell.what)
            if (t.object != object)
                leak_at(t.object, reach, order, words);
    }
}

// The bytes of these objects get out: whoever has them has the addresses among them.
void Flow::send(const Targets &t, const Instruction &i, Words words)
{
    for (const Target &one : t) {
        Object &o = objects[one.object];
        if (one.object == OUTSIDE || o.sent.reach != Reach::STAYS)
            continue;
        changed = true;
        o.sent.reach = Reach::MAY;
        o.sent.words = words();
        o.sent.order = order(i);
        leak_cells(one.object, Reach::MAY, o.sent.order, o.sent.words);
        if (o.kind == Kind::COPY)
            leak(content(o.param, ANY, 0), Reach::MAY, i, words);
    }
}

void Flow::returned(const Targets &t, const Instruction &i)
{
    changed |= results.add(t);
    for (const Target &one : t) {
        Object &o = objects[one.object];
        if (!own(one.object))
            continue;
        if (!i.getOperand(0)->getType()->isIntegerTy())
            o.returned = &i;
        for (size_t n = 0; n < o.cells.size(); n++) {
            Cell cell = o.cells[n];
            for (const Target &inner : cell.what)
                if (own(inner.object) && inner.object != one.object)
                    leak(inner.object, Reach::ESCAPES, i, [&] {
                        return "stored in " + stored_place(*cell.by) + at(*cell.by) + ", which is returned" +
                               at(i);
                    });
        }
    }
}

void Flow::solve()
{
    do {
        do {
            changed = false;
            for (const Instruction *i : code)
                step(*i);
        } while (changed);
        last = !last;
    } while (last);
}

} // namespace escape
