// SPDX-License-Identifier: BSD-2-Clause
// What things are called in the source: by its debug information, as far as there is some.
#ifndef POND_ESCAPE_WORDS_H
#define POND_ESCAPE_WORDS_H

#include "llvm/IR/InstrTypes.h"
#include <string>

namespace escape
{

// The memory that an address is of: "list->head", "global_table[]".
std::string place_name(const llvm::Value *address);
// The same of what an instruction stores to.
std::string stored_place(const llvm::Instruction &i);
// " at line 12", or with the file, where it is not the one that the function begins in.
std::string at(const llvm::Instruction &i);
// The line, or a large number.
unsigned line_of(const llvm::Instruction &i);
// Whom a call calls: a function's name, or what the pointer to it is called.
std::string callee_name(const llvm::CallBase &c);
std::string readable(llvm::StringRef symbol);

} // namespace escape

#endif
