# SPDX-License-Identifier: BSD-2-Clause
# The servers of bench/servers/run: $(B)/bench/servers/<server>-<variant>, the programs of examples/ as they are,
# with the variant's malloc linked in. pond and glibc are one program, started with --alloc=pond or malloc; it is
# linked twice so that each proves what it is. Included by the Makefile, after examples' rules.

SERVERS_VARIANTS := pond glibc jemalloc mimalloc
SERVERS_LINK_gzipd := -lmicrohttpd -lz
SERVERS_LINK_respd := -luv
SERVERS_MAYBE_jemalloc := -ljemalloc
SERVERS_MAYBE_mimalloc := -lmimalloc

# $(1) server, $(2) variant. A malloc replaces the program's only if it is linked though nothing seems to need it.
define server_program
$(B)/bench/servers/$(1)-$(2): $(wildcard examples/$(1)/*.[ch] examples/server/*.[ch]) bench/servers/proof.c bench/servers/servers.mk \
                              $(HEADERS) $(LIB)
	$(Q)mkdir -p $$(@D); \
	if echo 'int main(void) { return 0; }' | \
	    $(CC) -x c - -o $$@ $(SERVERS_MAYBE_$(2)) $(SERVERS_LINK_$(1)) 2>/dev/null; then \
	    printf '  %-6s %s\n' BENCH $$@; \
	    $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -DPROOF_$(2) -o $$@ $(wildcard examples/$(1)/*.c examples/server/*.c) \
	        bench/servers/proof.c -Wl,--no-as-needed $(SERVERS_MAYBE_$(2)) -Wl,--as-needed $(LIB) -pthread \
	        $(SERVERS_LINK_$(1)); \
	else \
	    rm -f $$@; echo '$$@: skipped, this machine has not all of $(SERVERS_MAYBE_$(2)) $(SERVERS_LINK_$(1))'; \
	fi
endef

SERVERS_BINS := $(foreach s,gzipd respd,$(SERVERS_VARIANTS:%=$(B)/bench/servers/$(s)-%))
$(foreach v,$(SERVERS_VARIANTS),$(eval $(call server_program,gzipd,$(v))))
$(foreach v,$(SERVERS_VARIANTS),$(eval $(call server_program,respd,$(v))))

.PHONY: bench-servers-bins
bench-servers-bins: $(SERVERS_BINS)
