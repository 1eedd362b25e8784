// SPDX-License-Identifier: BSD-2-Clause
// All functions of a module, from the called to their callers, and what is found of the objects that they
// get.
#ifndef POND_ESCAPE_PROGRAM_H
#define POND_ESCAPE_PROGRAM_H

#include "flow.h"
#include <memory>
#include <set>

namespace escape
{

enum class Verdict { STAYS, RETURNED, ESCAPES, MAY };

struct Finding {
    const llvm::CallBase *site;
    Verdict verdict;
    bool grown; // given to realloc
    std::string allocator, words;
};

// The functions that have to be looked at: those that get objects, and all that these call.
std::set<const llvm::Function *> needed(const llvm::Module &m, const Names &names);

class Program
{
  public:
    Program(const llvm::Module &m, const Names &n) : module(m), names(n) {}
    std::vector<Finding> look();

  private:
    void solve(llvm::ArrayRef<const llvm::Function *> circle, bool recursive);
    void report(const llvm::Function &f, std::vector<Finding> &out) const;
    Finding judge(const llvm::Function &f, const Object &o) const;
    std::string advice(const llvm::Function &f, const Object &o) const;

    const llvm::Module &module;
    const Names &names;
    Summaries summaries;
    std::map<const llvm::Function *, std::unique_ptr<Flow>> flows;
};

// Whether what follows an instruction leads to it again.
bool in_loop(const llvm::Instruction &i);
// How many bytes an allocation is of; 0: no constant number.
uint64_t constant_size(const llvm::CallBase &c);

} // namespace escape

#endif
