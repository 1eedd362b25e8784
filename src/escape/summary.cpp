// SPDX-License-Identifier: BSD-2-Clause
// What the callers of a function have to know of it.
#include "flow.h"
#include "words.h"

using namespace llvm;

namespace escape
{

static bool same_places(const std::vector<Place> &a, const std::vector<Place> &b)
{
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](const Place &x, const Place &y) {
               return x.param == y.param && x.content == y.content;
           });
}

static bool same_fate(const Fate &a, const Fate &b)
{
    return a.param == b.param && a.content == b.content && a.offset == b.offset && a.size == b.size &&
           a.way.reach == b.way.reach && a.sent.reach == b.sent.reach && a.freed == b.freed &&
           a.grown == b.grown && a.in_result == b.in_result && a.results == b.results &&
           same_places(a.into, b.into);
}

// But for the words.
bool Summary::same(const Summary &other) const
{
    return known == other.known && fresh == other.fresh && full == other.full &&
           leads_to_self == other.leads_to_self && outside_result == other.outside_result &&
           same_places(outside_into, other.outside_into) && fates.size() == other.fates.size() &&
           std::equal(fates.begin(), fates.end(), other.fates.begin(), same_fate);
}

// Which objects are stored in what the function makes and returns.
std::vector<bool> Flow::inside_results()
{
    std::vector<bool> inside(objects.size()), seen(objects.size());
    SmallVector<unsigned, 8> todo;
    for (const Target &t : results)
        if (own(t.object) && !seen[t.object]) {
            seen[t.object] = true;
            todo.push_back(t.object);
        }
    while (!todo.empty())
        for (const Cell &cell : objects[todo.pop_back_val()].cells)
            for (const Target &t : cell.what) {
                inside[t.object] = true;
                if (own(t.object) && !seen[t.object]) {
                    seen[t.object] = true;
                    todo.push_back(t.object);
                }
            }
    return inside;
}

// What becomes of what a parameter brings; false: nothing that a caller has to know.
bool Flow::fate(unsigned object, const std::vector<bool> &inside, Fate &out)
{
    const Object &o = objects[object];
    out = {o.param, o.kind == Kind::CONTENT, o.offset, o.size, o.way, o.sent, o.freed,
           o.grown, inside[object],          {},       {}};
    for (const Target &t : results)
        if (t.object == object)
            out.results.push_back(t.offset);
    for (const Object &to : objects) {
        if (to.kind != Kind::PARAM && to.kind != Kind::CONTENT)
            continue;
        Place place = {to.param, to.kind == Kind::CONTENT, ""};
        for (const Cell &cell : to.cells)
            if (cell.what.has(object) && std::none_of(out.into.begin(), out.into.end(), [&](const Place &p) {
                    return p.param == place.param && p.content == place.content;
                })) {
                place.words = "stored in " + stored_place(*cell.by) + at(*cell.by);
                out.into.push_back(place);
            }
    }
    return o.way.reach != Reach::STAYS || o.sent.reach != Reach::STAYS || o.freed || o.grown ||
           out.in_result || !out.results.empty() || !out.into.empty();
}

void Flow::result_of(Summary &s, const std::vector<bool> &inside)
{
    s.fresh = !results.empty() && function.getReturnType()->isPointerTy();
    for (const Target &t : results) {
        const Object &o = objects[t.object];
        s.fresh &= o.kind == Kind::SITE && o.way.reach == Reach::STAYS && t.offset == 0;
        s.outside_result |= o.kind != Kind::PARAM && o.kind != Kind::CONTENT;
        s.leads_to_self |= inside[t.object] && own(t.object);
    }
    s.full = std::find(inside.begin(), inside.end(), true) != inside.end();
}

Summary Flow::summarise()
{
    Summary s;
    s.known = true;
    std::vector<bool> inside = inside_results();
    result_of(s, inside);
    for (unsigned n = 0; n < objects.size(); n++) {
        const Object &o = objects[n];
        bool given = o.kind == Kind::PARAM || o.kind == Kind::CONTENT;
        Fate f;
        if (given && fate(n, inside, f))
            s.fates.push_back(f);
        for (const Cell &cell : o.cells)
            if (given && std::any_of(cell.what.begin(), cell.what.end(),
                                     [&](Target t) { return t.object == OUTSIDE || own(t.object); })) {
                s.outside_into.push_back({o.param, o.kind == Kind::CONTENT, ""});
                break;
            }
    }
    return s;
}

} // namespace escape
