# SPDX-License-Identifier: BSD-2-Clause
# The linters, each a part of `make lint`: lint-<part>. Included by the Makefile.

LINT_DIRS := src include test bench examples
C_FILES = $(shell find $(LINT_DIRS) -name '*.[ch]' -o -name '*.cc' -o -name '*.cpp')
SCRIPTS = $(shell grep -rlE '^.!/bin/(ba)?sh|^.!/usr/bin/env (ba)?sh' src test bench examples doc .ci)
PERL_SCRIPTS = $(shell grep -rlE '^.!/usr/bin/perl' src test bench examples)
PYTHON_SCRIPTS = $(shell grep -rlE '^.!.*python' src test bench examples) $(shell find src test -name '*.py')
# The sources in C of all libraries and tools but libpond's.
TOOL_SOURCES := $(wildcard $(patsubst %,src/%/*.c,symbol flame verdict launch write pages http prof scout scout/tool))
# memcached's is compiled beside memcached's headers.
TIDY_EXAMPLES := $(wildcard examples/*.c) $(filter-out examples/memcached/cache.c,$(wildcard examples/*/*.c))

TIDY_ESCAPE = $(filter -std=% -isystem -D_% $(ESCAPE_INCLUDE),$(ESCAPE_CXXFLAGS)) -DPOND_VERSION=\"$(VERSION)\"

LINTERS := lint-format lint-comments lint-tidy lint-escape lint-cppcheck lint-scripts lint-python lint-go \
           $(if $(wildcard src/tools/lint-atomics),lint-atomics)
.PHONY: lint $(LINTERS) format
lint: ## clang-format, clang-tidy, cppcheck, shellcheck, pyflakes, gofmt and go vet; lint-<part> runs one part
	@.ci/install-deps build lint
	@+$(MAKE) --no-print-directory --keep-going $(JOBS) $(LINTERS)
lint-format:
	clang-format --dry-run -Werror $(C_FILES)
# What clang-format itself breaks.
lint-comments:
	src/tools/lint-comments $(C_FILES)
lint-tidy: $(if $(PROTO_HAVE),$(PROTO_DIR)/profile.pb-c.h)
	@echo clang-tidy; printf '%s\n' $(SOURCES) $(TOOL_SOURCES) $(TIDY_EXAMPLES) | \
	    xargs -n 1 -P "$$(nproc)" sh -c 'clang-tidy --quiet "$$1" -- $(CPPFLAGS) -std=c11 -D_GNU_SOURCE -Isrc -isystem $(PROTO_DIR)' -
# The plugin of clang is C++, and read with LLVM's headers, where they are.
lint-escape:
	@[ -z '$(ESCAPE)' ] || printf '%s\n' $(ESCAPE_SOURCES) | xargs -n 1 -P "$$(nproc)" \
	    sh -c 'clang-tidy --quiet "$$1" -- $(TIDY_ESCAPE)' -
lint-cppcheck:
	cppcheck --quiet --std=c11 --language=c --enable=warning,performance,portability --inline-suppr \
	    --error-exitcode=1 -Iinclude -Isrc '-D__has_include(header)=0' $(SOURCES) $(TOOL_SOURCES)
lint-scripts:
	shellcheck -x $(SCRIPTS)
	@for script in $(PERL_SCRIPTS); do perl -wc $$script || exit 1; done

lint-python:
	pyflakes3 $(sort $(PYTHON_SCRIPTS))
# How many accesses of atomics say with which one they pair, and how many assertions there are.
lint-atomics:
	src/tools/lint-atomics

format: ## clang-format every C and C++ file, and mend the comments that it breaks
	clang-format -i $(C_FILES)
	src/tools/lint-comments --mend $(C_FILES)
