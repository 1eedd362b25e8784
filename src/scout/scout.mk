# pond-scout: SCOUT, the command, which reads names by libdw, and SCOUT_SO, which it preloads. Both are empty
# where libdw is missing, for foreign variants, and with sanitizers, which have an allocator of their own.
SCOUT_INSTALLED = $(DESTDIR)$(BINDIR)/pond-scout $(DESTDIR)$(PREFIX)/lib/pond/libpond-scout.so \
                  $(DESTDIR)$(MANDIR)/man1/pond-scout.1 \
                  $(DESTDIR)$(PREFIX)/share/bash-completion/completions/pond-scout
ifneq ($(SYMBOL_LIB),)
ifeq ($(filter asan tsan,$(VARIANT)),)
SCOUT         := $(B)/pond-scout
SCOUT_SO      := $(B)/libpond-scout.so
SCOUT_SOURCES := $(wildcard src/scout/tool/*.c)
SCOUT_OBJECTS := $(SCOUT_SOURCES:%.c=$(B)/%.o)
SCOUT_PRELOADED := $(patsubst %.c,$(B)/%.o,$(wildcard src/scout/*.c))
SCOUT_CFLAGS  := -D_GNU_SOURCE -Wmissing-prototypes -Wstrict-prototypes

$(eval $(call tool,scout))
scout: $(SCOUT) $(SCOUT_SO) ## pond-scout, which says of any program which objects a pond would serve

$(SCOUT): $(SCOUT_OBJECTS) $(LAUNCH_OBJECTS) $(SYMBOL_LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -ldw -lm -pthread

# It needs libc alone, whose place it takes: so the compiler may know nothing of malloc.
$(SCOUT_SO): $(SCOUT_PRELOADED) src/scout/scout.map
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -shared -pthread -static-libgcc -Wl,-z,defs -Wl,-z,now -Wl,-z,relro \
	    -Wl,--version-script=src/scout/scout.map -Wl,-soname,$(@F) -o $@ $(SCOUT_PRELOADED)

$(SCOUT_OBJECTS): $(B)/%.o: %.c $(B)/flags
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(SCOUT_CFLAGS) -MMD -MP -c -o $@ $<

$(SCOUT_PRELOADED): $(B)/%.o: %.c $(B)/flags
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(SCOUT_CFLAGS) -fPIC -fvisibility=hidden -fno-builtin -fno-plt \
	    -MMD -MP -c -o $@ $<

-include $(SCOUT_OBJECTS:.o=.d) $(SCOUT_PRELOADED:.o=.d)

.PHONY: install-scout
install-scout: $(SCOUT) $(SCOUT_SO)
	$(Q)install -d $(dir $(SCOUT_INSTALLED)) && install -m 755 $(SCOUT) $(word 1,$(SCOUT_INSTALLED)) && \
	    install -m 755 $(SCOUT_SO) $(word 2,$(SCOUT_INSTALLED)) && \
	    install -m 644 src/scout/pond-scout.1 $(word 3,$(SCOUT_INSTALLED)) && \
	    install -m 644 src/scout/pond-scout.bash $(word 4,$(SCOUT_INSTALLED))
endif
else
all: scout
.PHONY: scout
scout:
	@echo '  pond-scout is left out: elfutils/libdwfl.h is missing (.ci/install-deps build installs it)'
endif
