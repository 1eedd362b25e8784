// SPDX-License-Identifier: BSD-2-Clause
#include "simplify.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Transforms/IPO/InferFunctionAttrs.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/SROA.h"

using namespace llvm;

namespace escape
{

void simplify(Module &m)
{
    PassBuilder builder;
    LoopAnalysisManager loops;
    FunctionAnalysisManager functions;
    CGSCCAnalysisManager circles;
    ModuleAnalysisManager modules;
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(circles);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, circles, modules);
    for (Function &f : m) {
        f.removeFnAttr(Attribute::OptimizeNone);
        f.removeFnAttr(Attribute::NoInline);
    }
    FunctionPassManager each;
#if LLVM_VERSION_MAJOR >= 16
    each.addPass(SROAPass(SROAOptions::ModifyCFG));
#else
    each.addPass(SROAPass());
#endif
    each.addPass(EarlyCSEPass(false));
    ModulePassManager all;
    all.addPass(InferFunctionAttrsPass());
    all.addPass(createModuleToFunctionPassAdaptor(std::move(each)));
    all.run(m, modules);
}

} // namespace escape
