# pond-prof, the tool: PROF, empty where protobuf-c, zlib or libcurl is missing. It does not link libpond.
PROF_HAVE := $(and $(PROTO_HAVE),$(shell $(CC) $(CPPFLAGS) -E -x c -include curl/curl.h /dev/null > /dev/null 2>&1 && \
               echo yes))
# The program, its page, its completion: where they are installed.
PROF_INSTALLED = $(DESTDIR)$(BINDIR)/pond-prof $(DESTDIR)$(MANDIR)/man1/pond-prof.1 \
                 $(DESTDIR)$(PREFIX)/share/bash-completion/completions/pond-prof
ifeq ($(PROF_HAVE)$(filter $(FOREIGN),$(VARIANT)),yes)
PROF         := $(B)/pond-prof
PROF_SOURCES := $(wildcard src/prof/*.c)
PROF_OBJECTS := $(PROF_SOURCES:src/prof/%.c=$(B)/prof/%.o)
PROF_CFLAGS  := -D_GNU_SOURCE -Wmissing-prototypes -Wstrict-prototypes $(PROTO_CFLAGS)

$(eval $(call tool,prof))
prof: $(PROF) ## pond-prof, which reads heap profiles

$(PROF): $(PROF_OBJECTS) $(FLAME_OBJECTS) $(VERDICT_OBJECTS) $(LAUNCH_OBJECTS) $(PROTO_OBJECT)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PROTO_LIBS) -lcurl -lm

$(B)/prof/%.o: src/prof/%.c $(B)/flags | $(PROTO_DIR)/profile.pb-c.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(PROF_CFLAGS) -MMD -MP -c -o $@ $<

-include $(PROF_OBJECTS:.o=.d)

.PHONY: install-prof
install-prof: $(PROF)
	$(Q)install -d $(dir $(PROF_INSTALLED)) && install -m 755 $(PROF) $(word 1,$(PROF_INSTALLED)) && \
	    install -m 644 src/prof/pond-prof.1 $(word 2,$(PROF_INSTALLED)) && \
	    install -m 644 src/prof/pond-prof.bash $(word 3,$(PROF_INSTALLED))
else
all: prof
.PHONY: prof
prof:
	@echo '  pond-prof is left out: protobuf-c, zlib or libcurl is missing (.ci/install-deps build installs them)'
endif
