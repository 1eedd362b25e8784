# SPDX-License-Identifier: BSD-2-Clause
# The tests and the parts of `make check`. Included by the Makefile, after the libraries; test/README.md says how tests
# are written and run. From the Makefile: B LIB HEADERS VARIANTS FOREIGN JOBS, the compilers and their flags.
#
# test/<dir>/<name>.c or .cpp is one Criterion binary, whose main is test/support/runner.c; test/<dir>/<name>.sh is a
# shell test.

LIST_TESTS = $(shell test/support/list-tests $(1))
TESTS      = $(call LIST_TESTS,$(VARIANT))
TEST_BINARIES   = $(TESTS:%=$(B)/test/%)
# OWN_MAIN=1: the program's main comes with TEST_LIBS (test/cross/criterion.c), not from the runner.
RUNNER_SOURCES  := $(if $(OWN_MAIN),$(patsubst %,test/support/%.c,cases runner worker))
SUPPORT_OBJECTS := $(patsubst %.c,$(B)/%.o,$(filter-out $(RUNNER_SOURCES),$(wildcard test/support/*.c)))
TEST_CPPFLAGS   := $(CPPFLAGS) -Itest/support
TEST_LIBS       := -lcriterion -pthread
# What the tests of some directories need besides.
TEST_WITH        =
$(B)/test/http/%: TEST_WITH = $(HTTP_STATIC)

$(B)/test/support/%.o: test/support/%.c $(B)/flags
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(TEST_CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/test/%: test/%.c $(SUPPORT_OBJECTS) $(LIB)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(TEST_CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -MF $@.d -o $@ $< \
	    $(SUPPORT_OBJECTS) $(call noted,link,$<) $(TEST_WITH) $(LIB) $(TEST_LIBS)

$(B)/test/%: test/%.cpp $(SUPPORT_OBJECTS) $(LIB)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D) && std=$(call noted,std,$<) && \
	$(CXX) $(TEST_CPPFLAGS) -std=$${std:-c++11} $(CXXFLAGS) $(LDFLAGS) -MMD -MP -MF $@.d -o $@ $< \
	    $(SUPPORT_OBJECTS) $(call noted,link,$<) $(LIB) $(TEST_LIBS)

$(patsubst %.c,$(B)/%,$(wildcard test/http/*.c)): $(HTTP_LIB)

# ---- the tests of one variant ----

.PHONY: tests run-tests run-valgrind
tests: $(TEST_BINARIES) ## build the tests of one variant (VARIANT=)
RUN := test/support/run-test
# With a tool: the library as it is, its fast path included; that a tool is told of objects, and every pond then
# watched, is tested by test/check/tools.sh. Debug: all that checks every operation and leaves the counts, which
# the tests of the contract know exactly, as they are.
TEST_WORDS.asan  := POND_DEBUG=off
TEST_WORDS.tsan  := POND_DEBUG=off
TEST_WORDS.debug := POND_DEBUG=double,tag,confine,poison,stacks=1
# Two at a time: many a test waits, and its program has few others to run meanwhile.
run-tests: $(TEST_BINARIES) ## build and run the tests of one variant; TESTS=dir/name: these alone
	@printf '%s\n' $(TESTS) | xargs -P 2 -I TEST \
	    env $(TEST_WORDS.$(VARIANT)) $(RUN) criterion $(VARIANT)/TEST $(B)/test/TEST

VALGRIND_TESTS = $(call LIST_TESTS,valgrind)
# Without its search for leaks: what pond has it has from mmap, and what hooks allocate ASan looks after. One test
# after the other: reports of two are not mixed.
VALGRIND := env POND_DEBUG=off valgrind -q --trace-children=yes --leak-check=no
run-valgrind: $(VALGRIND_TESTS:%=$(B)/test/%)
	@bad=0; for test in $(VALGRIND_TESTS); do \
	    $(RUN) criterion valgrind/$$test $(VALGRIND) $(B)/test/$$test --jobs 1 || bad=1; done; exit $$bad

# ---- check ----

# Each test/build/<part>.sh; the runner of all other tests first.
SCRIPT_PARTS  := runner $(filter-out runner lib,$(patsubst test/build/%.sh,%,$(wildcard test/build/*.sh)))
PARTS         := $(SCRIPT_PARTS) $(VARIANTS) misuse instr examples cross shell valgrind model
# Each of these runs one thing after the other, so they run beside each other: the longest first, so that no processor
# is without work at the end.
SIDE_PARTS     = $(filter $(PARTS),shell cross valgrind install amalgamation headers examples model tls i686)
SHELL_TESTS   := $(filter-out test/build/% test/support/%,$(wildcard test/*/*.sh))

.PHONY: check beside $(PARTS:%=check-%) $(PARTS:%=side-%)
check: export WERROR := 1
check: ## install what is missing, build and run every test; check-<part> runs one part
	@.ci/install-deps build test cc
	@rm -rf build/results && mkdir -p build/results
	@+for part in $(filter-out $(SIDE_PARTS),$(PARTS)); do \
	    echo "== $$part"; \
	    $(MAKE) --no-print-directory check-$$part || echo $$part >> build/results/failed-parts; \
	done; \
	echo "== $(SIDE_PARTS)"; \
	$(MAKE) --no-print-directory $(JOBS) beside || echo beside >> build/results/failed-parts; test/support/summarise
beside: $(SIDE_PARTS:%=side-%)
# What more than one of them would make is there before: two that made it at once would spoil it.
$(PARTS:%=side-%): side-%: all amalgamation $(if $(filter examples shell,$(PARTS)),examples)
	@$(MAKE) --no-print-directory check-$* || echo $* >> build/results/failed-parts

$(VARIANTS:%=check-%): check-%:
	@$(MAKE) --no-print-directory $(JOBS) VARIANT=$* run-tests
$(SCRIPT_PARTS:%=check-%): check-%: lib
	@$(RUN) command $*/$* test/build/$*.sh
check-shell: lib prof scout escape migrate $(patsubst %,$(B)/examples/%,gzipd respd sight)
	@bad=0; for test in $(SHELL_TESTS:test/%.sh=%); do \
	    $(RUN) command shell/$$test test/$$test.sh || bad=1; done; exit $$bad
check-valgrind:
	@$(MAKE) --no-print-directory $(JOBS) run-valgrind
check-instr: lib
	@$(RUN) command instr/gate bench/instr --gate $(B)
check-examples: lib examples
	@$(RUN) command examples/run-all examples/run-all $(B)
check-model:
	@$(RUN) command model/gate test/model/run short

# What a target lacks packages for (.ci/install-deps cross) is skipped.
check-cross:
	@bad=0; for target in aarch64 riscv64 musl; do \
	    $(RUN) command cross/$$target test/cross/run $$target || bad=1; done; exit $$bad

.PHONY: model
model: ## every instance of the model of the gate, explored to its end; test/model/explored.txt
	@.ci/install-deps build test
	@test/model/run long

-include $(wildcard test/*/*.mk)
-include $(SUPPORT_OBJECTS:.o=.d) $(wildcard $(B)/test/*/*.d)
