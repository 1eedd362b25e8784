# SPDX-License-Identifier: BSD-2-Clause
# libpond-escape: a plugin of clang that says which objects leave the function that allocates them. It is made
# with the headers of the LLVM that clang is of, and in C++, as all of LLVM's interface is.
#
# ESCAPE: what there is to install, empty where LLVM's headers are missing; their names have clang's version.
ESCAPE_CLANG  := $(shell clang -dumpversion 2> /dev/null | cut -d. -f1)
ESCAPE_CONFIG := $(firstword $(foreach name,llvm-config-$(ESCAPE_CLANG) llvm-config, \
                   $(shell command -v $(name) 2> /dev/null)))
ESCAPE_INCLUDE := $(if $(ESCAPE_CONFIG),$(shell $(ESCAPE_CONFIG) --includedir))
# The plugin and its page: where they are installed.
ESCAPE_INSTALLED = $(DESTDIR)$(LIBDIR)/libpond-escape.so $(DESTDIR)$(MANDIR)/man1/pond-escape.1
ifneq ($(and $(wildcard $(ESCAPE_INCLUDE)/llvm/Passes/PassPlugin.h),$(filter release,$(VARIANT))),)
ESCAPE          := $(B)/libpond-escape.so
ESCAPE_SOURCES  := $(wildcard src/escape/*.cpp)
ESCAPE_OBJECTS  := $(ESCAPE_SOURCES:src/escape/%.cpp=$(B)/escape/%.o)
ESCAPE_CXXFLAGS := -std=c++17 -O2 -fPIC -fno-rtti -fno-exceptions -fvisibility=hidden -Wall -Wextra \
                   $(if $(WERROR),-Werror) -isystem $(ESCAPE_INCLUDE) -D_GNU_SOURCE \
                   -D__STDC_CONSTANT_MACROS -D__STDC_FORMAT_MACROS \
                   -D__STDC_LIMIT_MACROS -DPOND_VERSION='"$(VERSION)"'

all: escape
.PHONY: escape install-escape
escape: build/libpond-escape.so ## pond-escape, the plugin of clang that says which objects could be local variables
build/libpond-escape.so: $(ESCAPE)
	$(Q)ln -sf release/$(@F) $@

# LLVM itself is in the clang that loads it.
$(ESCAPE): $(ESCAPE_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(CXX) -shared -o $@ $^

$(B)/escape/%.o: src/escape/%.cpp $(B)/flags
	$(call say,CXX,$@)
	$(Q)mkdir -p $(@D) && $(CXX) $(ESCAPE_CXXFLAGS) -MMD -MP -c -o $@ $<

-include $(ESCAPE_OBJECTS:.o=.d)

install-escape: $(ESCAPE)
	$(Q)install -d $(dir $(ESCAPE_INSTALLED)) && install -m 755 $(ESCAPE) $(word 1,$(ESCAPE_INSTALLED)) && \
	    install -m 644 src/escape/pond-escape.1 $(word 2,$(ESCAPE_INSTALLED))
else
.PHONY: escape
escape:
	@echo '  pond-escape is left out: the headers of LLVM are missing (.ci/install-deps cc installs them)'
ifeq ($(VARIANT),release)
all: escape
endif
endif
