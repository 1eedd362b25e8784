# SPDX-License-Identifier: BSD-2-Clause
# memcached with its pool of buffers on ponds. Included by the Makefile. cache.c is compiled by memcached's own
# Makefile, beside the header whose functions it has.
.PHONY: memcached memcached-load memcached-publish
memcached: ## memcached with its own pool and with ponds: its tests, then a burst (MEMCACHED_QUICK=1)
	@.ci/install-deps build memcached
	@+$(MAKE) --no-print-directory $(JOBS) lib $(B)/memcached/stall
	@examples/memcached/run $(B)
memcached-load: ## the same without memcached's own tests
	@.ci/install-deps build memcached
	@+$(MAKE) --no-print-directory $(JOBS) lib $(B)/memcached/stall
	@examples/memcached/run --load $(B)
memcached-publish: ## the figures of the last full run into bench/results and the READMEs
	@bench/publish/run --memcached $(B)

$(B)/memcached/stall: examples/memcached/stall.c
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $<
