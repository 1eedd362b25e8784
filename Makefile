# pond: build, check, install. `make help` lists what there is to make.
#
# Everything made lies in build/, each variant in a directory of its own: build/<variant>/.

VARIANT ?= release
PREFIX  ?= /usr/local
DESTDIR ?=
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR     ?= $(PREFIX)/share/man
BINDIR     ?= $(PREFIX)/bin

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
SHELL := /bin/sh
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '  %-6s %s\n' $(1) $(2))
# As many jobs as there are processors, where the caller did not say how many.
JOBS = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

# ---- variants: what differs between the build directories ----

VARIANTS := release asan tsan fence lock clang debug
# Those that need packages of their own: test/build/<variant>.sh tests them where there are some.
FOREIGN  := i686
ifeq ($(filter $(VARIANT),$(VARIANTS) $(FOREIGN)),)
$(error there is no variant '$(VARIANT)': choose one of $(VARIANTS) $(FOREIGN))
endif

OPTIMISE.release := -O2 -g
OPTIMISE.asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
OPTIMISE.tsan    := -O1 -g -fsanitize=thread
OPTIMISE.fence   := -O2 -g
OPTIMISE.lock    := -O2 -g
OPTIMISE.clang   := -O2 -g
OPTIMISE.debug   := -O2 -g
OPTIMISE.i686    := -O2 -g
DEFINES.fence    := -DPOND_FENCE
DEFINES.lock     := -DPOND_DEPOT_LOCK
DEFINES.asan     := -DPOND_ASSERTS
DEFINES.i686     := -DPOND_ASSERTS
DEFINES.debug    := -DPOND_ASSERTS -DPOND_DEBUG_DEFAULT=\"full\"
# The variant that is installed beside the plain one has a name of its own.
SUFFIX.debug     := -debug
# What a program built against the installed headers has to define too: <pond/inline.h> must be the
# library's own fast path.
PUBLIC_DEFINES.fence := -DPOND_FENCE

ifeq ($(VARIANT),clang)
CC  := clang
CXX := clang++
endif
# The kernel's headers are those of the 64-bit system.
ifeq ($(VARIANT),i686)
M32 := -m32 -idirafter /usr/include/$(shell $(CC) -print-multiarch)
CC  := $(CC) $(M32)
CXX := $(CXX) $(M32)
endif

# ---- how what belongs to a thread is reached ----

# TLS=global-dynamic: for a library that plugins bring along. It can be loaded at any time, and a get or put takes
# a call more. Its callers and the installed header are told (POND_TLS_DYNAMIC).
TLS ?= initial-exec
ifeq ($(filter $(TLS),initial-exec global-dynamic),)
$(error TLS is initial-exec or global-dynamic)
endif
DEFINES.TLS := $(if $(filter global-dynamic,$(TLS)),-DPOND_TLS_DYNAMIC)

# ---- flags: each make adds its variant's to those of the caller ----

# WERROR=1: warnings are errors, as for `make check` and .ci/run. A packager's newer compiler may warn of more.
WERROR   ?=
WARNINGS := -Wall -Wextra -Wpedantic -Wconversion $(if $(WERROR),-Werror)
unexport CPPFLAGS CFLAGS CXXFLAGS LDFLAGS
override CPPFLAGS := -Iinclude $(DEFINES.$(VARIANT)) $(DEFINES.TLS) $(CPPFLAGS)
override CFLAGS   := -std=c11 $(WARNINGS) $(OPTIMISE.$(VARIANT)) $(CFLAGS)
override CXXFLAGS := $(WARNINGS) $(OPTIMISE.$(VARIANT)) $(CXXFLAGS)
override LDFLAGS  := $(filter -fsanitize=%,$(OPTIMISE.$(VARIANT))) $(LDFLAGS)
# One set of objects for both libraries. No PLT and no interposition: inside an executable the linker
# turns what is left of it into direct calls. What unwinds stacks comes along, to need libc alone.
LIB_CFLAGS  := -D_GNU_SOURCE -Isrc -Wmissing-prototypes -Wstrict-prototypes -fPIC -fvisibility=hidden -fno-plt \
               -fno-semantic-interposition -fasynchronous-unwind-tables -pthread
LIB_LDFLAGS := -shared -pthread -static-libgcc -Wl,-Bsymbolic -Wl,-z,nodelete -Wl,-z,now -Wl,-z,relro \
               -Wl,--version-script=src/pond.map $(if $(filter asan tsan,$(VARIANT)),,-Wl,-z,defs)

# ---- the library ----

B       := build/$(VARIANT)
VERSION := $(shell sed -n 's/^.define POND_VERSION "\(.*\)"/\1/p' include/pond/pond.h)
MAJOR   := $(firstword $(subst ., ,$(VERSION)))
NAME    := pond$(SUFFIX.$(VARIANT))
SONAME  := lib$(NAME).so.$(MAJOR)
LIB     := $(B)/lib$(NAME).a
SO      := $(B)/lib$(NAME).so.$(VERSION)

LIB_DIRS := src src/check src/profile
SOURCES  := $(foreach dir,$(LIB_DIRS),$(wildcard $(dir)/*.c))
OBJECTS  := $(SOURCES:%.c=$(B)/%.o)
HEADERS  := $(wildcard include/pond/*.h)

.PHONY: all lib
all: lib ## libpond.a and libpond.so, in build/ (VARIANT=release, the default) or build/<variant>/
lib: $(LIB) $(B)/lib$(NAME).so
ifeq ($(VARIANT),release)
lib: build/libpond.a build/libpond.so
build/libpond.a build/libpond.so: build/%: $(B)/%
	$(Q)ln -sf release/$* $@ && ln -sf release/$(SONAME) build/$(SONAME)
endif

.PHONY: debug
debug: ## libpond-debug.a and libpond-debug.so, in build/debug/: the same ABI with every check on
	@+$(MAKE) --no-print-directory VARIANT=debug lib

$(LIB): $(OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(SO): $(OBJECTS) src/pond.map
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) $(LIB_LDFLAGS) -Wl,-soname,$(SONAME) -o $@ $(OBJECTS)

$(B)/lib$(NAME).so: $(SO)
	$(Q)ln -sf $(<F) $(B)/$(SONAME) && ln -sf $(SONAME) $@

$(B)/src/%.o: src/%.c $(B)/flags | build/have-ck
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(LIB_CFLAGS) -MMD -MP -c -o $@ $<

# libpond-symbol, which turns addresses into file and line: what needs libdw lies apart from libpond.
-include src/symbol/symbol.mk src/proto/proto.mk src/flame/flame.mk src/verdict/verdict.mk src/write/write.mk src/http/http.mk src/prof/prof.mk src/scout/scout.mk src/escape/escape.mk src/migrate/migrate.mk

# Other flags than the last time, or a header that src/check/tools.h now finds: everything is made again.
HAVE_VALGRIND := $(shell $(CC) $(CPPFLAGS) -E -x c -include valgrind/memcheck.h /dev/null > /dev/null 2>&1 && \
                   echo valgrind)
ALL_FLAGS := $(filter-out -Werror,$(CC) $(CXX) $(CPPFLAGS) $(CFLAGS) $(CXXFLAGS) $(LDFLAGS) $(LIB_CFLAGS) \
             $(LIB_LDFLAGS) $(HAVE_VALGRIND))
$(B)/flags: FORCE
	$(Q)mkdir -p $(@D); echo '$(ALL_FLAGS)' | cmp -s - $@ || echo '$(ALL_FLAGS)' > $@
.PHONY: FORCE

build/have-ck:
	$(Q)mkdir -p $(@D) && { echo '#include <ck_stack.h>' | $(CC) $(CPPFLAGS) -E - > /dev/null 2>&1 || \
	    { echo "pond: Concurrency Kit's headers are missing: .ci/install-deps build installs them" >&2; \
	      exit 1; } } && touch $@

# ---- tests: test/<dir>/<name>.c or .cpp is one Criterion binary, test/<dir>/<name>.sh a shell test ----
#
# Its main is test/support/runner.c, which runs each test in a process of its own; --help tells what it can do.
#
# Comments among a test's first lines:
#     // link: -Wl,--wrap=mmap     more flags to link it with
#     // variants: release fence   the only variants it is for
#     // std: c++20                the C++ standard, else c++11
#     // valgrind                  it is one of the short set that also runs under Valgrind
#     // debug                     it is one of those that also run with checks on, in libpond-debug

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
# $(call noted,WORD,FILE): the flags after `// WORD:` among the first lines of FILE.
noted = $$(sed -n '1,10s,^// $(1): *,,p' $(2))

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

.PHONY: tests run-tests run-valgrind
tests: $(TEST_BINARIES) ## build the tests of one variant
RUN := test/support/run-test
# With a tool: the library as it is, its fast path included; that a tool is told of objects, and every pond then
# watched, is tested by test/check/tools.sh. Debug: all that checks every operation and leaves the counts, which
# the tests of the contract know exactly, as they are.
TEST_WORDS.asan  := POND_DEBUG=off
TEST_WORDS.tsan  := POND_DEBUG=off
TEST_WORDS.debug := POND_DEBUG=double,tag,confine,poison,stacks=1
# Two at a time: many a test waits, and its program has few others to run meanwhile.
run-tests: $(TEST_BINARIES)
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

SCRIPT_PARTS  := runner headers symbols abi man amalgamation relink unload scoped tls install published $(FOREIGN)
PARTS         := $(SCRIPT_PARTS) $(VARIANTS) misuse instr examples cross shell valgrind model
# Each of these runs one thing after the other, so they run beside each other.
SIDE_PARTS     = $(filter cross shell valgrind model,$(PARTS))
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
	$(MAKE) --no-print-directory $(JOBS) beside; test/support/summarise
beside: $(SIDE_PARTS:%=side-%)
$(PARTS:%=side-%): side-%:
	@$(MAKE) --no-print-directory check-$* || echo $* >> build/results/failed-parts

$(VARIANTS:%=check-%): check-%:
	@$(MAKE) --no-print-directory $(JOBS) VARIANT=$* run-tests
$(SCRIPT_PARTS:%=check-%): check-%: lib
	@$(RUN) command $*/$* test/build/$*.sh
-include test/misuse/misuse.mk test/stress/stress.mk
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

# ---- examples, demo, benchmarks ----

# An example is one file, or a directory with rules of its own; examples/server is what two of those share, and
# examples/memcached and examples/advise need another one's sources. The comments // link: and // std: are as in tests.
EXAMPLES := $(patsubst %,$(B)/%,$(basename $(wildcard examples/*.c examples/*.cc)) \
                                $(patsubst %/,%,$(filter-out examples/server/ examples/memcached/ examples/advise/,$(wildcard examples/*/))))
LINK_EXAMPLE = -pthread $(LIB) $(call noted,link,$<)
.PHONY: examples demo doc-sight hunt bench bench-servers bench-publish
examples: $(EXAMPLES) ## build the examples
$(B)/examples/%: examples/%.c $(LIB)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -MF $@.d -o $@ $< $(LINK_EXAMPLE)
$(B)/examples/%: examples/%.cc $(LIB)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && std=$(call noted,std,$<) && \
	$(CXX) $(CPPFLAGS) -std=$${std:-c++11} $(CXXFLAGS) $(LDFLAGS) -MMD -MP -MF $@.d -o $@ $< $(LINK_EXAMPLE)
-include $(wildcard examples/*/*.mk)

demo: ## a real server: files compressed per request, with pond and with malloc (DEMO_SECONDS=n)
	@.ci/install-deps build demo
	@+$(MAKE) --no-print-directory $(JOBS) lib $(B)/examples/gzipd
	@examples/demo $(B)

doc-sight: ## the pictures of README's "From server to picture", made anew by its commands
	@.ci/install-deps build hunt test
	@+$(MAKE) --no-print-directory $(JOBS) lib prof $(B)/examples/gzipd
	@doc/sight/draw

hunt: ## four faults planted in that server, each found by two heap profiles (HUNT_SECONDS=n)
	@.ci/install-deps build hunt
	@+$(MAKE) --no-print-directory $(JOBS) lib prof $(B)/examples/gzipd
	@examples/hunt $(B)

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
-include bench/bench.mk bench/guard.mk bench/go/go.mk bench/servers/servers.mk bench/knee/knee.mk bench/profile/profile.mk

# ---- what is generated: man pages, amalgamation ----

MAN_PAGES = $(shell src/tools/mkman --list)
.PHONY: man amalgamation
man: build/man/.made ## the man pages, in build/man/
build/man/.made: src/tools/mkman $(wildcard src/man/*) $(HEADERS)
	$(call say,MAN,$(@D))
	$(Q)rm -rf $(@D) && mkdir -p $(@D) && src/tools/mkman $(@D) && touch $@

amalgamation: build/amalgamation/pond.c ## the library as one pond.c and one pond.h, in build/amalgamation/
build/amalgamation/pond.c: src/tools/amalgamate src/tools/ck.h $(SOURCES) $(foreach dir,$(LIB_DIRS),$(wildcard $(dir)/*.h)) $(HEADERS) LICENSE
	$(call say,MAKE,$(@D))
	$(Q)mkdir -p $(@D) && src/tools/amalgamate $(@D) $(SOURCES)

# ---- install ----

D_LIB     := $(DESTDIR)$(LIBDIR)
D_PC      := $(D_LIB)/pkgconfig
D_CMAKE   := $(D_LIB)/cmake/pond
D_INCLUDE := $(DESTDIR)$(INCLUDEDIR)/pond
D_MAN     := $(DESTDIR)$(MANDIR)/man3
fill = sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@LIBDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))|g' \
           -e 's|@INCLUDEDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(INCLUDEDIR))|g' \
           -e 's|@VERSION@|$(VERSION)|g' -e 's|@MAJOR@|$(MAJOR)|g' -e 's|@NAME@|$(NAME)|g' \
           -e 's|@DEFINES@|$(PUBLIC_DEFINES.$(VARIANT))|g' \
           -e "s|@INCLUDE_FROM_CMAKE@|$$(realpath -m --relative-to=$(LIBDIR)/cmake/pond $(INCLUDEDIR))|g"

.PHONY: install install-library install-headers install-debug install-symbol install-profile install-http \
        install-prof install-scout install-escape install-migrate uninstall
install: install-library install-headers man ## install below DESTDIR and PREFIX (LIBDIR, INCLUDEDIR, MANDIR, BINDIR)
	$(Q)install -d $(D_CMAKE) $(D_MAN)
	$(Q)for file in pond-config pond-config-version; do \
	    $(fill) src/package/$$file.cmake.in > $(D_CMAKE)/$$file.cmake || exit 1; done
	$(Q)install -m 644 build/man/*.3 $(D_MAN)
	$(call say,DONE,"$(DESTDIR)$(PREFIX)")

# Callers reach what belongs to a thread as the library that is installed does.
install-headers:
	$(Q)install -d $(D_INCLUDE) && install -m 644 $(HEADERS) $(D_INCLUDE) && \
	    sed 's/^#define POND_TLS_DYNAMIC 0/#define POND_TLS_DYNAMIC $(words $(DEFINES.TLS))/' \
	        include/pond/inline.h > $(D_INCLUDE)/inline.h

# $(call install_library,STATIC,SHARED,NAME): the files and their links.
install_library = install -d $(D_LIB) $(D_PC) && install -m 644 $(1) $(D_LIB) && install -m 755 $(2) $(D_LIB) && \
                  ln -sf $(notdir $(2)) $(D_LIB)/lib$(3).so.$(MAJOR) && ln -sf lib$(3).so.$(MAJOR) $(D_LIB)/lib$(3).so
install-library: lib
	$(Q)$(call install_library,$(LIB),$(SO),$(NAME))
	$(Q)$(fill) src/package/pond.pc.in > $(D_PC)/$(NAME).pc

# Beside the plain library; other variants, which their callers must share, are installed alone.
ifeq ($(VARIANT),release)
install: install-debug $(if $(SYMBOL_SO),install-symbol) $(if $(WRITE_SO),install-profile) $(if $(HTTP_SO),install-http) \
         $(if $(PROF),install-prof) $(if $(SCOUT),install-scout) $(if $(ESCAPE),install-escape) \
         $(if $(MIGRATE),install-migrate)
endif
install-debug:
	@+$(MAKE) --no-print-directory VARIANT=debug install-library
install-symbol: $(SYMBOL_LIB) $(SYMBOL_SO)
	$(Q)$(call install_library,$(SYMBOL_LIB),$(SYMBOL_SO),pond-symbol)
	$(Q)$(fill) src/package/pond-symbol.pc.in > $(D_PC)/pond-symbol.pc
install-profile: $(WRITE_LIB) $(WRITE_SO)
	$(Q)$(call install_library,$(WRITE_LIB),$(WRITE_SO),pond-profile)
	$(Q)$(fill) src/package/pond-profile.pc.in > $(D_PC)/pond-profile.pc
install-http: $(HTTP_LIB) $(HTTP_SO)
	$(Q)$(call install_library,$(HTTP_LIB),$(HTTP_SO),pond-http)
	$(Q)$(fill) src/package/pond-http.pc.in > $(D_PC)/pond-http.pc

INSTALLED_NAMES := pond pond-debug pond-symbol pond-profile pond-http
uninstall: ## remove what install put there
	$(Q)rm -f $(foreach name,$(INSTALLED_NAMES),$(D_PC)/$(name).pc \
	    $(addprefix $(D_LIB)/lib$(name).,a so so.$(MAJOR) so.$(VERSION)))
	$(Q)rm -f $(addprefix $(D_CMAKE)/,pond-config.cmake pond-config-version.cmake)
	$(Q)rm -f $(addprefix $(D_INCLUDE)/,$(notdir $(HEADERS))) $(addprefix $(D_MAN)/,$(MAN_PAGES))
	$(Q)rm -f $(PROF_INSTALLED) $(SCOUT_INSTALLED) $(ESCAPE_INSTALLED) $(MIGRATE_INSTALLED)
	$(Q)for dir in $(D_CMAKE) $(D_INCLUDE) $(DESTDIR)$(PREFIX)/lib/pond $(MIGRATE_SHARE)/pond_migrate \
	            $(MIGRATE_SHARE); do \
	    if [ -d $$dir ]; then rmdir --ignore-fail-on-non-empty $$dir; fi; done

# ---- lint, clean, help ----

C_FILES = $(shell find src include test bench examples -name '*.[ch]' -o -name '*.cc' -o -name '*.cpp')
SCRIPTS = $(shell grep -rlE '^.!/bin/(ba)?sh|^.!/usr/bin/env (ba)?sh' src test bench examples doc .ci)
PERL_SCRIPTS = $(shell grep -rlE '^.!/usr/bin/perl' src test bench examples)
LINTERS := lint-format lint-tidy lint-cppcheck lint-scripts lint-go
.PHONY: lint $(LINTERS) format clean help
lint: ## clang-format, clang-tidy, cppcheck, shellcheck, gofmt, go vet
	@.ci/install-deps build lint
	@+$(MAKE) --no-print-directory --keep-going $(JOBS) $(LINTERS)
lint-format:
	clang-format --dry-run -Werror $(C_FILES)
# But for what is compiled beside memcached's headers.
lint-tidy: $(if $(PROTO_HAVE),$(PROTO_DIR)/profile.pb-c.h)
	@echo clang-tidy; printf '%s\n' $(SOURCES) $(wildcard src/symbol/*.c src/flame/*.c src/verdict/*.c src/write/*.c src/pages/*.c src/http/*.c src/prof/*.c src/scout/*.c src/scout/tool/*.c examples/*.c) $(filter-out examples/memcached/cache.c,$(wildcard examples/*/*.c)) | \
	    xargs -n 1 -P "$$(nproc)" sh -c 'clang-tidy --quiet "$$1" -- $(CPPFLAGS) -std=c11 -D_GNU_SOURCE -Isrc -isystem $(PROTO_DIR)' -
lint-cppcheck:
	cppcheck --quiet --std=c11 --language=c --enable=warning,performance,portability --inline-suppr \
	    --error-exitcode=1 -Iinclude -Isrc '-D__has_include(header)=0' $(SOURCES) $(wildcard src/symbol/*.c src/flame/*.c src/verdict/*.c src/write/*.c src/pages/*.c src/http/*.c src/prof/*.c src/scout/*.c src/scout/tool/*.c)
lint-scripts:
	shellcheck -x $(SCRIPTS)
	@for script in $(PERL_SCRIPTS); do perl -wc $$script || exit 1; done

format: ## clang-format every C and C++ file
	clang-format -i $(C_FILES)

clean: ## remove build/
	$(Q)rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' Makefile test/stress/stress.mk src/verdict/verdict.mk src/prof/prof.mk src/escape/escape.mk examples/memcached/memcached.mk examples/advise/advise.mk | while IFS="$$(printf '\t')" read -r name text; do \
	    printf '  make %-13s %s\n' "$$name" "$$text"; done
	@echo '  The parts of check: $(PARTS).'
	@echo '  V=1 shows the commands; VARIANT= is one of $(VARIANTS)'

-include $(OBJECTS:.o=.d) $(SUPPORT_OBJECTS:.o=.d) $(wildcard $(B)/test/*/*.d $(B)/examples/*.d)
