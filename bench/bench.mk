# SPDX-License-Identifier: BSD-2-Clause
# The benchmarks, and their programs: $(B)/bench/<question>-<peer>. Questions are bench/*.cc, peers bench/peers/*.h.
# Included by the Makefile, after examples/examples.mk. From there: B LIB SO CXX CPPFLAGS CXXFLAGS LDFLAGS JOBS.

.PHONY: bench bench-servers bench-publish
bench: ## speed and memory against other allocators (BENCH_QUICK=1: a short run)
	@.ci/install-deps build bench
	@+$(MAKE) --no-print-directory $(JOBS) lib bench-bins bench-servers-bins
	@bench/run $(B)
bench-servers: ## two real servers on pond and on malloc, through bursts and pauses: twenty minutes
	@.ci/install-deps build bench
	@+$(MAKE) --no-print-directory $(JOBS) lib bench-servers-bins
	@bench/servers/run $(B) $(B)/bench
	@bench/machine > $(B)/bench/server-machine.csv
bench-publish: ## the last full make bench, knee, bench-servers and demo into bench/results and the READMEs
	@bench/publish/run $(B)

BENCH_PEERS := $(patsubst bench/peers/%.h,%,$(wildcard bench/peers/*.h))
BENCH_MEMORY_PEERS := $(filter-out pond_inline pond_shared limit limit_called,$(BENCH_PEERS))
# What makes memory as it is asked for: pools that have all of it ahead, and lists of what malloc made, are no peers there.
BENCH_COLD_PEERS := $(filter pond_inline pond_called pond_shared tcmalloc jemalloc mimalloc glibc tbb,$(BENCH_PEERS))
BENCH_GATE_BINS := $(B)/bench/instr-pond_inline $(B)/bench/instr-pond_called
BENCH_BINS := $(BENCH_PEERS:%=$(B)/bench/time-%) $(BENCH_PEERS:%=$(B)/bench/instr-%) \
              $(BENCH_MEMORY_PEERS:%=$(B)/bench/memory-%) $(BENCH_COLD_PEERS:%=$(B)/bench/cold-%)

# What a peer's programs are made with, and what they wait for.
BENCH_LINK_pond_inline := $(LIB)
BENCH_LINK_pond_called := $(LIB)
BENCH_LINK_pond_shared := $(SO) -Wl,-rpath,$(abspath $(dir $(SO)))
BENCH_NEEDS_pond_inline := $(LIB)
BENCH_NEEDS_pond_called := $(LIB)
BENCH_NEEDS_pond_shared := $(SO)

# Libraries and headers that may be absent: the peer is skipped then.
BENCH_MAYBE_jemalloc := -ljemalloc
BENCH_MAYBE_mimalloc := -lmimalloc
BENCH_MAYBE_tcmalloc := -ltcmalloc_minimal
BENCH_MAYBE_gslice   := -lglib-2.0
BENCH_MAYBE_tbb      := -ltbbmalloc
# Static, as DPDK's applications are: the shared EAL loads every driver there is. Its pools' ring is a plugin.
BENCH_MAYBE_dpdk     := -Wl,--whole-archive -l:librte_mempool_ring.a -Wl,--no-whole-archive -l:librte_mempool.a \
                        -l:librte_ring.a -l:librte_eal.a -l:librte_kvargs.a -l:librte_telemetry.a -lbsd -lnuma \
                        -ldl -lm
BENCH_HEADER_jemalloc := jemalloc/jemalloc.h
BENCH_HEADER_mimalloc := mimalloc.h
BENCH_HEADER_tcmalloc := gperftools/tcmalloc.h
BENCH_HEADER_gslice   := glib.h
BENCH_HEADER_tbb      := oneapi/tbb/scalable_allocator.h
BENCH_HEADER_ck_list  := ck_stack.h
BENCH_HEADER_dpdk     := rte_mempool.h

# Their headers warn. Of what pkg-config knows, -march=corei7 is DPDK's alone: its headers need it.
bench_package = $(patsubst -I%,-isystem%,$(shell pkg-config --cflags $(1) 2> /dev/null))
BENCH_FLAGS_gslice  = $(call bench_package,glib-2.0)
BENCH_FLAGS_dpdk    = $(call bench_package,libdpdk)
BENCH_FLAGS_ck_list = -fpermissive

BENCH_LINK_time := -lbenchmark

# A malloc replaces the program's only if it is linked though nothing seems to need it.
BENCH_LIBS = -Wl,--no-as-needed $(BENCH_MAYBE_$(2)) -Wl,--as-needed \
             $(BENCH_LINK_$(2)) $(BENCH_LINK_$(1)) -pthread
BENCH_CXX = $(CXX) $(CPPFLAGS) $(CXXFLAGS) -std=c++17 -O2 $(LDFLAGS)

# $(1) question, $(2) peer
define bench_program
$(B)/bench/$(1)-$(2): bench/$(1).cc bench/bench.mk $(BENCH_NEEDS_$(2)) $(B)/flags
	$(Q)mkdir -p $$(@D); \
	if echo 'int main() {}' | $(CXX) -x c++ $$(BENCH_FLAGS_$(2)) $(BENCH_HEADER_$(2):%=-include %) - -o $$@ \
	       -pthread $(BENCH_MAYBE_$(2)) 2> /dev/null; then \
	    printf '  %-6s %s\n' BENCH $$@; \
	    $(BENCH_CXX) $$(BENCH_FLAGS_$(2)) -MMD -MP -MF $$@.d -DPEER_HEADER='"peers/$(2).h"' -o $$@ $$< \
	        $(BENCH_LIBS); \
	else \
	    rm -f $$@; echo '$$@: skipped, this machine has no $(BENCH_HEADER_$(2)) with $(BENCH_MAYBE_$(2))'; \
	fi
endef

$(foreach peer,$(BENCH_PEERS),$(eval $(call bench_program,time,$(peer))))
$(foreach peer,$(BENCH_PEERS),$(eval $(call bench_program,instr,$(peer))))
$(foreach peer,$(BENCH_MEMORY_PEERS),$(eval $(call bench_program,memory,$(peer))))
$(foreach peer,$(BENCH_COLD_PEERS),$(eval $(call bench_program,cold,$(peer))))

.PHONY: bench-bins
bench-bins: $(BENCH_BINS) ## build the benchmark programs
.PHONY: bench-instr instr-bins
bench-instr: ## instructions for a get and put pair, by callgrind
	@.ci/install-deps build bench
	@+$(MAKE) --no-print-directory $(JOBS) lib instr-bins
	@bench/instr --all $(B)
instr-bins: $(BENCH_PEERS:%=$(B)/bench/instr-%)
check-instr: $(BENCH_GATE_BINS)

-include $(wildcard $(B)/bench/*.d)
-include bench/guard.mk bench/go/go.mk bench/servers/servers.mk bench/knee/knee.mk bench/profile/profile.mk
