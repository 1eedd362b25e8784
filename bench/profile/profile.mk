# SPDX-License-Identifier: BSD-2-Clause
# What sampling costs, pond's and others': $(B)/bench/profile-<peer>, and the servers it is measured in. Included by
# the Makefile, after bench.mk: a peer is a header of bench/peers, and one of bench/profile/samples that tells
# whether it samples.

PROFILE_PEERS := pond_inline pond_called tcmalloc jemalloc
PROFILE_SAMPLES_pond_inline := pond
PROFILE_SAMPLES_pond_called := pond
PROFILE_SAMPLES_tcmalloc    := tcmalloc
PROFILE_SAMPLES_jemalloc    := jemalloc
# The libtcmalloc_minimal of the other benchmarks cannot sample.
PROFILE_MAYBE_tcmalloc := -ltcmalloc
PROFILE_MAYBE_jemalloc := -ljemalloc
PROFILE_HEADER_tcmalloc := gperftools/malloc_extension.h
PROFILE_HEADER_jemalloc := jemalloc/jemalloc.h

# $(1) peer. A malloc replaces the program's only if it is linked though nothing seems to need it.
define profile_program
$(B)/bench/profile-$(1): bench/profile/pairs.cc bench/profile/profile.mk bench/profile/samples/$(PROFILE_SAMPLES_$(1)).h \
                         $(BENCH_NEEDS_$(1)) $(B)/flags
	$(Q)mkdir -p $$(@D); \
	if echo 'int main() {}' | $(CXX) -x c++ $(PROFILE_HEADER_$(1):%=-include %) - -o $$@ $(PROFILE_MAYBE_$(1)) \
	       2> /dev/null; then \
	    printf '  %-6s %s\n' BENCH $$@; \
	    $(BENCH_CXX) -Ibench -MMD -MP -MF $$@.d -DPEER_HEADER='"peers/$(1).h"' \
	        -DSAMPLES_HEADER='"profile/samples/$(PROFILE_SAMPLES_$(1)).h"' -o $$@ $$< \
	        -Wl,--no-as-needed $(PROFILE_MAYBE_$(1)) -Wl,--as-needed $(BENCH_LINK_$(1)) -pthread; \
	else \
	    rm -f $$@; echo '$$@: skipped, this machine has no $(PROFILE_HEADER_$(1)) with $(PROFILE_MAYBE_$(1))'; \
	fi
endef
$(foreach peer,$(PROFILE_PEERS),$(eval $(call profile_program,$(peer))))

# As bench/go/go.mk builds the others.
$(B)/bench/profile-go: $(wildcard bench/go/profile/*.go bench/go/pools/*.go) bench/go/go.mod
	$(Q)mkdir -p $(@D); \
	if command -v go > /dev/null; then \
	    printf '  %-6s %s\n' GO $@; \
	    $(BENCH_GO) build -o $(abspath $@) ./profile; \
	else \
	    rm -f $@; echo '$@: skipped, this machine has no go'; \
	fi

.PHONY: bench-profile bench-profile-bins
bench-profile-bins: $(PROFILE_PEERS:%=$(B)/bench/profile-%) $(B)/bench/profile-go $(B)/examples/gzipd $(B)/examples/respd
bench-profile: ## what sampling costs, pond's and others', of a pair and of two servers (BENCH_QUICK=1: short)
	@.ci/install-deps build bench
	@+$(MAKE) --no-print-directory $(JOBS) lib bench-profile-bins
	@bench/profile/run $(B)
