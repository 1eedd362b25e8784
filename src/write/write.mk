# libpond-profile: profiles written out, and answers of a server (src/pages), with protobuf-c, zlib and jansson. Without
# one of them nothing of it is made; nor for foreign variants.
#
# WRITE_LIB, WRITE_SO: what there is to install, both empty without these; WRITE_SONAME: the link; WRITE_LIBS: what
# whoever links the archive links, too.

WRITE_HAVE := $(and $(PROTO_HAVE),$(shell $(CC) $(CPPFLAGS) -E -x c -include jansson.h /dev/null > /dev/null 2>&1 && echo yes))
ifeq ($(WRITE_HAVE)$(filter $(FOREIGN),$(VARIANT)),yes)
WRITE_LIB     := $(B)/libpond-profile.a
WRITE_SO      := $(B)/libpond-profile.so.$(VERSION)
WRITE_SONAME  := libpond-profile.so.$(MAJOR)
WRITE_SOURCES := $(wildcard src/write/*.c src/pages/*.c)
# The page's style as a string of C, and the hash by which a server allows the picture's script and no other: what
# stands between its tags.
PAGE_TEXT     := $(B)/src/pages/text/page_text.c
WRITE_OBJECTS := $(patsubst %.c,$(B)/%.o,$(filter-out src/write/own.c,$(WRITE_SOURCES))) $(PROTO_OBJECT) $(FLAME_OBJECTS) \
                 $(VERDICT_OBJECTS)                  $(PAGE_TEXT:.c=.o)
WRITE_LIBS    := $(PROTO_LIBS) -ljansson -lm
# In the shared library the names of libpond are weak.
WRITE_OWN     := $(B)/src/write/own.o $(B)/src/write/own.shared.o
OBJCOPY       ?= objcopy
WRITE_LDFLAGS := $(subst src/pond.map,src/write/write.map,$(LIB_LDFLAGS))

$(eval $(call library,pond-profile))

$(B)/src/write/pprof.o: $(PROTO_DIR)/profile.pb-c.h
$(B)/src/write/pprof.o: override CPPFLAGS += -isystem $(PROTO_DIR)
$(B)/src/write/own.shared.o: src/write/own.c $(B)/flags
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) -DPOND_WRITE_SHARED $(CFLAGS) $(LIB_CFLAGS) -MMD -MP -c -o $@ $<

# A policy for browsers: https://www.w3.org/TR/CSP2/
PAGE_HASH   = $$({ echo; cat src/flame/flame.js; } | sha256sum | cut -c 1-64 | tr a-f A-F | basenc --base16 -d | base64)
PAGE_POLICY = default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-$(PAGE_HASH)'; base-uri 'none'; \
              form-action 'none'; frame-ancestors 'none'
$(PAGE_TEXT): src/pages/page.css src/flame/flame.js src/flame/flame.mk src/write/write.mk
	$(call say,MAKE,$@)
	$(Q)mkdir -p $(@D) && { $(call text_of_c,page_css,src/pages/page.css); \
	    echo "const char page_headers[] = \"Cache-Control: no-store\\\\r\\\\nX-Content-Type-Options: nosniff\\\\r\\\\n\""; \
	    echo "    \"Referrer-Policy: no-referrer\\\\r\\\\nContent-Security-Policy: $(PAGE_POLICY)\\\\r\\\\n\";"; } > $@
$(PAGE_TEXT:.c=.o): $(PAGE_TEXT) $(B)/flags
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -w -fPIC -fvisibility=hidden -c -o $@ $<

# But for what asks the libpond in the process one object, in which what is not exported is local: a program may have functions
# generated from the same schema.
$(B)/src/write/whole.o: $(WRITE_OBJECTS)
	$(Q)$(LD) -r -o $@ $^ && $(OBJCOPY) --localize-hidden $@

$(WRITE_LIB): $(B)/src/write/whole.o $(firstword $(WRITE_OWN))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(WRITE_SO): $(WRITE_OBJECTS) $(lastword $(WRITE_OWN)) src/write/write.map
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) $(WRITE_LDFLAGS) -Wl,-soname,$(WRITE_SONAME) -o $@ $(filter %.o,$^) $(WRITE_LIBS)

-include $(WRITE_OBJECTS:.o=.d) $(WRITE_OWN:.o=.d)
else ifeq ($(WRITE_HAVE),)
lib: profile-is-missing
.PHONY: profile-is-missing
profile-is-missing:
	@echo '  libpond-profile is left out: protobuf-c, zlib or jansson is missing (.ci/install-deps build installs them)'
endif
