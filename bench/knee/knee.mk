# SPDX-License-Identifier: BSD-2-Clause
# The knee: where throughput still grows with the pool size and memory begins to cost. From the Makefile:
# B LIB CC CPPFLAGS CFLAGS LDFLAGS.

KNEE_KINDS := pond malloc freelist fifo
KNEE_BINS := $(KNEE_KINDS:%=$(B)/bench/knee-%) $(B)/bench/knee
KNEE_LINK_pond := $(LIB)
KNEE_MAYBE_malloc := -ljemalloc
KNEE_MAYBE_freelist := -ljemalloc
KNEE_MAYBE_fifo := -ljemalloc
KNEE_CC = $(CC) $(CPPFLAGS) -D_GNU_SOURCE $(CFLAGS) $(LDFLAGS)

$(B)/bench/knee-%: bench/knee/main.c bench/knee/load.c $(wildcard bench/knee/*.h) \
    bench/knee/knee.mk $(LIB) $(B)/flags
	$(Q)mkdir -p $(@D); \
	if echo 'int main(void) { return 0; }' | $(CC) -x c - -o $@ $(KNEE_MAYBE_$*) 2>/dev/null; then \
	    printf '  %-6s %s\n' BENCH $@; \
	    $(KNEE_CC) -DKIND_HEADER='"$*.h"' -o $@ bench/knee/main.c bench/knee/load.c $(KNEE_LINK_$*) \
	        -Wl,--no-as-needed $(KNEE_MAYBE_$*) -pthread; \
	else \
	    rm -f $@; echo '$@: skipped, this machine has no $(KNEE_MAYBE_$*)'; \
	fi

$(B)/bench/knee: bench/knee/knee.c bench/knee/curve.c bench/knee/curve.h bench/knee/knee.mk $(B)/flags
	$(call say,BENCH,$@)
	$(Q)mkdir -p $(@D) && $(KNEE_CC) -o $@ bench/knee/knee.c bench/knee/curve.c -lm

.PHONY: knee
knee: ## the pool size where throughput still grows and memory begins to cost (KNEE_QUICK=1: 45 seconds)
	@.ci/install-deps build bench
	@+$(MAKE) --no-print-directory $(JOBS) lib $(KNEE_BINS)
	@bench/knee/run $(B)
	@bench/machine > $(B)/bench/knee-machine.csv
