// SPDX-License-Identifier: BSD-2-Clause
// Where the pointers of one function lead, and which objects leave it.
//
// Every value has a set of targets, places in the objects that the function knows: its variables, the objects
// that it gets, what its parameters lead to; all else is the object OUTSIDE. A value of which nothing is
// known points outside, and what is stored outside has escaped: so whatever is not understood is an escape,
// never a stay. The rules only ever add, and are applied until nothing is added any more.
#ifndef POND_ESCAPE_FLOW_H
#define POND_ESCAPE_FLOW_H

#include "names.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/Instructions.h"
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace escape
{

constexpr int64_t ANY = INT64_MIN; // an offset of which nothing is known
constexpr unsigned OUTSIDE = 0;    // the number of that object

struct Target {
    unsigned object;
    int64_t offset;
};

// A set of targets; few of one object, then they become one with ANY offset.
class Targets
{
  public:
    bool add(Target t);
    bool add(const Targets &other);
    bool has(unsigned object) const;
    bool empty() const { return list.empty(); }
    Targets anywhere() const; // the same objects, at any offset
    const Target *begin() const { return list.begin(); }
    const Target *end() const { return list.end(); }

  private:
    llvm::SmallVector<Target, 2> list;
};

enum class Reach { STAYS, MAY, ESCAPES };

// How an object gets out: the worst way, and of these the first in the source.
struct Way {
    Reach reach = Reach::STAYS;
    std::string words; // "stored in list->head at line 12"
    unsigned order = ~0U;
};

enum class Kind { OUTSIDE, VARIABLE, SITE, BLOCK, PARAM, COPY, CONTENT };

// What has been stored in an object at an offset.
struct Cell {
    int64_t offset;
    uint64_t size;
    Targets what;
    const llvm::Instruction *by; // the first to store there
};

struct Object {
    Kind kind;
    const llvm::Value *value; // SITE, BLOCK: the call
    unsigned param;           // PARAM, COPY, CONTENT: which one
    int64_t offset;           // CONTENT: of what is loaded from there
    uint64_t size;
    Way way;
    Way sent; // how its bytes get out, and with them what is stored in it
    bool freed;
    bool grown; // given to realloc
    const llvm::Instruction *returned;
    std::vector<Cell> cells;
};

// What a caller has to know of what a parameter points to (content false), or of what can be reached from
// what is loaded from there.
struct Place {
    unsigned param;
    bool content;
    std::string words; // "stored in list->head at line 12"
};
struct Fate {
    unsigned param;
    bool content;
    int64_t offset;
    uint64_t size;
    Way way, sent;
    bool freed, grown;
    bool in_result; // stored in memory that the result leads to
    llvm::SmallVector<int64_t, 1> results;
    std::vector<Place> into;
};
struct Summary {
    bool known = false;
    bool fresh = false; // its result is an object that nobody else knows, or NULL
    bool full = false;  // what is fresh has pointers in it
    bool leads_to_self = false;
    bool outside_result = false;
    std::vector<Fate> fates;
    std::vector<Place> outside_into;

    bool same(const Summary &other) const;
};

using Summaries = llvm::DenseMap<const llvm::Function *, Summary>;

class Flow
{
  public:
    Flow(const llvm::Function &f, const Names &n, const Summaries &s);
    void solve();
    Summary summarise();
    const std::deque<Object> &all() const { return objects; }

  private:
    using Words = llvm::function_ref<std::string()>;

    // flow.cpp: objects, and what is stored in them
    void begin();
    unsigned make(Kind kind, const llvm::Value *v, unsigned param = 0, int64_t offset = 0, uint64_t size = 0);
    unsigned content(unsigned param, int64_t offset, uint64_t size);
    Targets of(const llvm::Value *v) const;
    void give(const llvm::Value *v, const Targets &t);
    void initial(Target from, uint64_t size, Targets &out);
    void stored(Target from, uint64_t size, Targets &out) const;
    void read(Target from, uint64_t size, Targets &out);
    Targets load(const Targets &from, uint64_t size);
    void put(Target to, uint64_t size, const Targets &what, const llvm::Instruction &i, Words words);
    void store(const llvm::Value *to, uint64_t size, const Targets &what, const llvm::Instruction &i);
    void leak(unsigned object, Reach reach, const llvm::Instruction &i, Words words);
    void leak_all(const Targets &t, Reach reach, const llvm::Instruction &i, Words words);
    void leak_cells(unsigned object, Reach reach, unsigned order, const std::string &why);
    void leak_at(unsigned object, Reach reach, unsigned order, Words words);
    void send(const Targets &t, const llvm::Instruction &i, Words words);
    void returned(const Targets &t, const llvm::Instruction &i);
    Targets reachable(const Targets &from);
    void soil(const Targets &t, const llvm::Instruction &i);
    bool own(unsigned object) const; // the function has made it
    std::vector<bool> inside_results();
    bool fate(unsigned object, const std::vector<bool> &inside, Fate &out);
    void result_of(Summary &s, const std::vector<bool> &inside);
    unsigned order(const llvm::Instruction &i) const;

    // step.cpp: instructions
    void step(const llvm::Instruction &i);
    void arithmetic(const llvm::Instruction &i);
    void element(const llvm::GetElementPtrInst &i);
    void loaded(const llvm::LoadInst &i);
    bool exchange(const llvm::Instruction &i);
    void rest(const llvm::Instruction &i);
    uint64_t bytes(const llvm::Type *t) const;

    // call.cpp: calls
    void call(const llvm::CallBase &c);
    bool intrinsic(const llvm::CallBase &c);
    bool allocation(const llvm::CallBase &c);
    bool library(const llvm::CallBase &c);
    void copy(const Targets &to, const Targets &from, const llvm::Value *length, const llvm::CallBase &c);
    void grow(const llvm::CallBase &c);
    void unknown(const llvm::CallBase &c);
    void unknown_argument(const llvm::CallBase &c, unsigned n);
    void apply(const llvm::CallBase &c, const Summary &s);
    void apply_fate(const llvm::CallBase &c, const Summary &s, const Fate &fate, unsigned block);
    Targets fate_source(const llvm::CallBase &c, const Fate &fate);
    Targets place(const llvm::CallBase &c, const Place &p);
    unsigned site(const llvm::CallBase &c, Kind kind);

    const llvm::Function &function;
    const Names &names;
    const Summaries &summaries;
    const llvm::DataLayout &layout;
    std::deque<Object> objects;
    std::vector<const llvm::Instruction *> code;
    llvm::DenseMap<const llvm::Value *, Targets> targets;
    std::map<std::pair<const llvm::Value *, int>, unsigned> sites;
    std::vector<unsigned> params; // the object of each parameter
    std::vector<unsigned> content_count;
    Targets results;
    bool changed = false;
    bool last = false; // all is known that will be: an address without a target is a wild one
};

} // namespace escape

#endif
