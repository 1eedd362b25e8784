// SPDX-License-Identifier: BSD-2-Clause
#ifndef POND_ESCAPE_SIMPLIFY_H
#define POND_ESCAPE_SIMPLIFY_H

#include "llvm/IR/Module.h"

namespace escape
{

// Turns variables into values, so that what goes through them is seen in order. Of a copy of what is
// compiled.
void simplify(llvm::Module &m);

} // namespace escape

#endif
