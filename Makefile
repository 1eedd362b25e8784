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
DEFINES.tsan     := -DPOND_ASSERTS
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
all: lib ## the libraries and tools, in build/ (VARIANT=release, the default) or build/<variant>/
lib: ## the libraries alone: pond, and symbol, profile, http where there is what they need

# $(eval $(call library,NAME)): libNAME.a and libNAME.so, which have rules of their own, are a part of lib. The
# release's lie in build/, too.
define library
lib: $(B)/lib$(1).a $(B)/lib$(1).so
ifeq ($(VARIANT),release)
lib: build/lib$(1).a build/lib$(1).so
build/lib$(1).a build/lib$(1).so: build/%: $(B)/%
	$$(Q)ln -sf release/$$* $$@ && ln -sf release/lib$(1).so.$(MAJOR) build/lib$(1).so.$(MAJOR)
endif
$(B)/lib$(1).so: $(B)/lib$(1).so.$(VERSION)
	$$(Q)ln -sf $$(<F) $(B)/lib$(1).so.$(MAJOR) && ln -sf lib$(1).so.$(MAJOR) $$@
endef
$(eval $(call library,$(NAME)))

# $(eval $(call tool,NAME)): the same of $(B)/pond-NAME, made by `make NAME` and all.
define tool
all: $(1)
.PHONY: $(1)
$(1): $(B)/pond-$(1)
ifeq ($(VARIANT),release)
$(1): build/pond-$(1)
build/pond-$(1): $(B)/pond-$(1)
	$$(Q)ln -sf release/$$(@F) $$@
endif
endef

.PHONY: debug
debug: ## libpond-debug.a and libpond-debug.so, in build/debug/: the same ABI with every check on
	@+$(MAKE) --no-print-directory VARIANT=debug lib

$(LIB): $(OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(SO): $(OBJECTS) src/pond.map
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) $(LIB_LDFLAGS) -Wl,-soname,$(SONAME) -o $@ $(OBJECTS)

$(B)/src/%.o: src/%.c $(B)/flags | build/have-ck
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(LIB_CFLAGS) -MMD -MP -c -o $@ $<

# libpond-symbol, which turns addresses into file and line: what needs libdw lies apart from libpond.
-include src/symbol/symbol.mk src/proto/proto.mk src/flame/flame.mk src/verdict/verdict.mk src/launch/launch.mk src/write/write.mk src/http/http.mk src/prof/prof.mk src/scout/scout.mk src/escape/escape.mk src/migrate/migrate.mk

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

# $(call noted,WORD,FILE): the flags after `// WORD:` among the first lines of FILE.
noted = $$(sed -n '1,10s,^// $(1): *,,p' $(2))

# ---- the rest: each part has its rules beside it ----

-include test/test.mk examples/examples.mk bench/bench.mk
include src/tools/tools.mk src/package/install.mk
-include .ci/lint.mk

# ---- clean, help ----

.PHONY: clean help
clean: ## remove build/
	$(Q)rm -rf build

# What stands behind ## in the line of a target, by the directory of the file that has it.
HELP_FILES = $(filter Makefile %.mk,$(MAKEFILE_LIST))
help: ## this list
	@awk -f src/tools/help.awk $(HELP_FILES)
	@printf '%s\n' '' 'check-<part>, of: $(PARTS)' 'lint-<part>, of: $(LINTERS:lint-%=%)' \
	    'VARIANT= is one of $(VARIANTS) $(FOREIGN). V=1 shows the commands.' \
	    'POND_INSTALL=yes, no, skip: whether packages that are missing are installed (.ci/install-deps says more).' | \
	    fold -s -w 110

-include $(OBJECTS:.o=.d)
