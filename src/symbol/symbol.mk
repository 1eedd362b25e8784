# libpond-symbol: file and line, inlined functions and names of fields for reports, with libdw. Without
# libdw's header nothing of it is made, and reports give module, offset and build id; nor for foreign variants.
#
# SYMBOL_LIB, SYMBOL_SO: what there is to install, both empty without libdw; SYMBOL_SONAME: the link.

SYMBOL_HAVE := $(shell $(CC) $(CPPFLAGS) -E -x c -include elfutils/libdwfl.h /dev/null > /dev/null 2>&1 && \
                 echo yes)
ifeq ($(SYMBOL_HAVE)$(filter $(FOREIGN),$(VARIANT)),yes)
SYMBOL_LIB     := $(B)/libpond-symbol.a
SYMBOL_SO      := $(B)/libpond-symbol.so.$(VERSION)
SYMBOL_SONAME  := libpond-symbol.so.$(MAJOR)
SYMBOL_SOURCES := $(wildcard src/symbol/*.c)
SYMBOL_OBJECTS := $(SYMBOL_SOURCES:%.c=$(B)/%.o)
SYMBOL_LDFLAGS := $(subst src/pond.map,src/symbol/symbol.map,$(LIB_LDFLAGS))

$(eval $(call library,pond-symbol))

$(SYMBOL_LIB): $(SYMBOL_OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(SYMBOL_SO): $(SYMBOL_OBJECTS) src/symbol/symbol.map
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) $(SYMBOL_LDFLAGS) -Wl,-soname,$(SYMBOL_SONAME) -o $@ $(SYMBOL_OBJECTS) -ldw

-include $(SYMBOL_OBJECTS:.o=.d)
else
lib: symbol-is-missing
.PHONY: symbol-is-missing
symbol-is-missing:
	@echo '  libpond-symbol is left out: elfutils/libdwfl.h is missing (.ci/install-deps build installs it)'
endif
