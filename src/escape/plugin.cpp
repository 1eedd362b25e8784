// SPDX-License-Identifier: BSD-2-Clause
// pond-escape: says of each object that a program allocates whether it leaves the function, and how.
//
//     clang -g -c -fpass-plugin=libpond-escape.so -Rpass-analysis=pond-escape x.c
//
// A copy of the module is looked at before anything is optimised, so the object file is the same with and
// without the plugin, and what is said is the same at every -O. Where nobody asks for remarks it does
// nothing.
#include "program.h"
#include "simplify.h"
#include "llvm/Analysis/OptimizationRemarkEmitter.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/LLVMRemarkStreamer.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Passes/PassPlugin.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace llvm;

namespace escape
{

static const char NAME[] = "pond-escape";

static const char *identifier(Verdict v)
{
    switch (v) {
    case Verdict::STAYS:
        return "Stays";
    case Verdict::RETURNED:
        return "Returned";
    case Verdict::ESCAPES:
        return "Escapes";
    default:
        return "MayEscape";
    }
}

static void emit(const Finding &f)
{
    OptimizationRemarkAnalysis remark(NAME, identifier(f.verdict), f.site);
    remark << ore::NV("Allocator", f.allocator) << " " << ore::NV("Verdict", f.words);
    OptimizationRemarkEmitter(f.site->getFunction()).emit(remark);
}

struct Pass : PassInfoMixin<Pass> {
    PreservedAnalyses run(Module &m, ModuleAnalysisManager &)
    {
        LLVMContext &context = m.getContext();
        bool wanted = context.getDiagHandlerPtr()->isAnalysisRemarkEnabled(NAME) ||
                      context.getLLVMRemarkStreamer() != nullptr;
        if (!wanted)
            return PreservedAnalyses::all();
        Names names(m);
        if (!names.problem.empty()) {
            context.emitError("pond-escape: " + names.problem);
            return PreservedAnalyses::all();
        }
        std::set<const Function *> functions = needed(m, names);
        if (functions.empty())
            return PreservedAnalyses::all();
        ValueToValueMapTy map;
        std::unique_ptr<Module> copy = CloneModule(m, map, [&](const GlobalValue *g) {
            auto *f = dyn_cast<Function>(g);
            return f != nullptr ? functions.count(f) != 0 : isa<GlobalVariable>(g);
        });
        simplify(*copy);
        for (const Finding &f : Program(*copy, names).look())
            emit(f);
        return PreservedAnalyses::all();
    }
    static bool isRequired() { return true; }
};

} // namespace escape

extern "C" __attribute__((visibility("default"))) PassPluginLibraryInfo llvmGetPassPluginInfo()
{
    return {LLVM_PLUGIN_API_VERSION, escape::NAME, POND_VERSION, [](PassBuilder &builder) {
                builder.registerPipelineStartEPCallback(
                    [](ModulePassManager &all, auto) { all.addPass(escape::Pass()); });
                builder.registerPipelineParsingCallback(
                    [](StringRef name, ModulePassManager &all, ArrayRef<PassBuilder::PipelineElement>) {
                        if (name != escape::NAME)
                            return false;
                        all.addPass(escape::Pass());
                        return true;
                    });
            }};
}
