# SPDX-License-Identifier: BSD-2-Clause
# The examples, and the programs that are shown with them. Included by the Makefile. An example is one file, or a
# directory with rules of its own: examples/<name>/<name>.mk makes $(B)/examples/<name>. The comments // link: and
# // std: are as in tests. From the Makefile: B LIB JOBS, the compilers and their flags.

# Two directories need another one's sources, and examples/server is what two examples share.
EXAMPLES := $(patsubst %,$(B)/%,$(basename $(wildcard examples/*.c examples/*.cc)) $(patsubst %/,%, \
                $(filter-out $(patsubst %,examples/%/,server memcached advise),$(wildcard examples/*/))))
LINK_EXAMPLE = -pthread $(LIB) $(call noted,link,$<)

.PHONY: examples demo doc-sight hunt
examples: $(EXAMPLES) ## build the examples
$(B)/examples/%: examples/%.c $(LIB)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -MF $@.d -o $@ $< $(LINK_EXAMPLE)
$(B)/examples/%: examples/%.cc $(LIB)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && std=$(call noted,std,$<) && \
	$(CXX) $(CPPFLAGS) -std=$${std:-c++11} $(CXXFLAGS) $(LDFLAGS) -MMD -MP -MF $@.d -o $@ $< $(LINK_EXAMPLE)

demo: ## a real server: files compressed per request, with pond and with malloc (DEMO_SECONDS=n)
	@.ci/install-deps build demo
	@+$(MAKE) --no-print-directory $(JOBS) lib $(B)/examples/gzipd
	@examples/demo $(B)

doc-sight: ## the pictures of doc/sight, made anew by the commands that README shows
	@.ci/install-deps build hunt test
	@+$(MAKE) --no-print-directory $(JOBS) lib prof $(B)/examples/gzipd
	@doc/sight/draw

hunt: ## four faults planted in that server, each found by two heap profiles (HUNT_SECONDS=n)
	@.ci/install-deps build hunt
	@+$(MAKE) --no-print-directory $(JOBS) lib prof $(B)/examples/gzipd
	@examples/hunt $(B)

-include $(wildcard examples/*/*.mk) $(wildcard $(B)/examples/*.d)
