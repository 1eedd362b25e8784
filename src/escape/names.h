// SPDX-License-Identifier: BSD-2-Clause
// Which calls give an object, which take one, and what the C library does with what it is shown.
#ifndef POND_ESCAPE_NAMES_H
#define POND_ESCAPE_NAMES_H

#include "llvm/IR/InstrTypes.h"
#include "llvm/IR/Module.h"
#include <map>
#include <set>
#include <string>

namespace escape
{

constexpr int NONE = -1;

// What a function of the C library does with its arguments, beyond looking at them and writing to them.
struct Known {
    enum Deed { NOTHING, COPIES, SAVES, SPLITS, SENDS };
    const char *name;
    const char *args; // "pn.": a pointer, a number, and variable arguments
    int result;       // the argument that its result may point into, or NONE
    Deed deed;        // COPIES: bytes of `from` to `to`; SAVES: the address `from` in the memory of `to`;
                      // SPLITS: the same, and the result is what has been saved;
                      // SENDS: the bytes of the memory `from` go to a file or to another process;
                      // of what lies `to` steps behind it, where it is a list of such
    int to, from;
};

enum class Source { NO, HEAP, OUT, POOL, OWN }; // OUT: by way of its first argument, as posix_memalign

class Names
{
  public:
    explicit Names(const llvm::Module &m);
    std::string problem; // what is wrong with POND_ESCAPE; empty: nothing

    Source allocates(const llvm::CallBase &c) const;
    // The argument that the call frees or puts back, or NONE.
    int frees(const llvm::CallBase &c) const;
    // Whether the call is one of realloc's kind: its result takes the place of its first argument.
    static bool grows(const llvm::CallBase &c);
    static const Known *known(const llvm::CallBase &c);
    // Whether the function is an allocator's own body: what it hands out is said of its callers.
    bool allocator(const llvm::Function &f) const;

    static const llvm::Function *callee(const llvm::CallBase &c);
    static llvm::StringRef name(const llvm::CallBase &c);

  private:
    void read_words(llvm::StringRef words);
    bool typed(llvm::StringRef name, llvm::StringRef suffix) const;

    const llvm::Module &module;
    std::set<std::string> own_gets;
    std::map<std::string, int> own_puts;
};

} // namespace escape

#endif
