# The corpus of misuses: test/misuse/<word>/<name>.c or .cpp, see misuse.h. Included by the Makefile.
#
#     make misuse          builds and runs it, and prints the table: misuse, word, caught, cost
#     make check-misuse    the same as a part of `make check`, for some variants
#
# Rules that the compiler can see broken are broken on purpose: its warnings of them are off.

MISUSE_SOURCES  := $(filter-out test/misuse/cost/%,$(wildcard test/misuse/*/*.c test/misuse/*/*.cpp))
MISUSE_PROGRAMS := $(patsubst test/%,$(B)/%,$(basename $(MISUSE_SOURCES)))
MISUSE_COST     := $(B)/misuse/cost/pairs
MISUSE_VARIANTS ?= release fence asan
MISUSE_CPPFLAGS := $(CPPFLAGS) -D_GNU_SOURCE -Itest/misuse
MISUSE_SILENT   := -Wno-unknown-warning-option -Wno-use-after-free -Wno-free-nonheap-object \
                   -Wno-mismatched-dealloc -Wno-array-bounds -Wno-stringop-overflow -Wno-maybe-uninitialized
MISUSE_LINK     = -pthread $(call noted,link,$<) $(LIB) -ldl

.PHONY: misuse misuse-programs run-misuse check-misuse
misuse: ## every misuse there is: the table of what catches it, at what cost
	@.ci/install-deps build test
	@$(MAKE) --no-print-directory $(JOBS) misuse-programs
	@test/misuse/run --table $(B)

misuse-programs: $(MISUSE_PROGRAMS) $(MISUSE_COST)

run-misuse: $(MISUSE_PROGRAMS)
	@$(RUN) command misuse/$(VARIANT) test/misuse/run $(B)

check-misuse:
	@bad=0; for variant in $(MISUSE_VARIANTS); do \
	    $(MAKE) --no-print-directory $(JOBS) VARIANT=$$variant run-misuse || bad=1; done; exit $$bad

$(B)/misuse/%: test/misuse/%.c $(LIB)
	$(call say,MISUSE,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(MISUSE_CPPFLAGS) $(CFLAGS) $(MISUSE_SILENT) $(LDFLAGS) -MMD -MP -MF $@.d \
	    -o $@ $< $(MISUSE_LINK)

$(B)/misuse/%: test/misuse/%.cpp $(LIB)
	$(call say,MISUSE,$@)
	$(Q)mkdir -p $(@D) && std=$(call noted,std,$<) && \
	$(CXX) $(MISUSE_CPPFLAGS) -std=$${std:-c++11} $(CXXFLAGS) $(MISUSE_SILENT) $(LDFLAGS) -MMD -MP -MF $@.d \
	    -o $@ $< $(MISUSE_LINK)

-include $(wildcard $(B)/misuse/*/*.d)
