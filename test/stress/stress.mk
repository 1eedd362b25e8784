# Stepping: a thread held at every instruction of every operation, with every action of another thread, in every shape
# of pond. test/stress/every_instruction.c does a part of it in `make check`. Included by the Makefile.

STEP      := test/stress/every_instruction
STEP_LOG  := $(B)/step.log
# Of the lines "shape: NAME: N holds, N blocked, N failures, SECONDS s".
STEP_TABLE = awk -F ': |, ' '/^shape: / { n = split($$0, part, ": "); split(part[n], figure, /[ ,]+/); \
    printf "  %-26s %10d holds %9d blocked %5d failures %8.1f s\n", part[2], figure[1], figure[3], figure[5], figure[7]; \
    holds += figure[1]; blocked += figure[3]; failures += figure[5] } \
    END { printf "  %-26s %10d holds %9d blocked %5d failures\n", "all", holds, blocked, failures }'

.PHONY: step run-step
step: ## holds a thread at every instruction, with every action of another, in every shape: half an hour
	@.ci/install-deps build test
	@+$(MAKE) --no-print-directory $(JOBS) $(B)/$(STEP)
	@+$(MAKE) --no-print-directory run-step
run-step: $(B)/$(STEP)
	@{ POND_DEBUG=off POND_STEP=all $(B)/$(STEP) 2>&1; echo "status: $$?"; } | tee $(STEP_LOG)
	@$(STEP_TABLE) $(STEP_LOG); grep -q '^status: 0$$' $(STEP_LOG)

.PHONY: profile-statistics
profile-statistics: $(B)/test/profile/statistics ## 1,000 runs against the truth: is the profile without bias? Some 15 s
	@.ci/install-deps build test
	@POND_STATISTICS_RUNS=1000 $< --jobs 1 --verbose
