# pond-prof, the tool: PROF, empty where protobuf-c, zlib or libcurl is missing. It does not link libpond.
PROF_HAVE := $(and $(PROTO_HAVE),$(shell $(CC) $(CPPFLAGS) -E -x c -include curl/curl.h /dev/null > /dev/null 2>&1 && \
               echo yes))
ifeq ($(PROF_HAVE)$(filter $(FOREIGN),$(VARIANT)),yes)
PROF         := $(B)/pond-prof
PROF_SOURCES := $(wildcard src/prof/*.c)
PROF_OBJECTS := $(PROF_SOURCES:src/prof/%.c=$(B)/prof/%.o) $(B)/prof/flame_text.o
PROF_CFLAGS  := -D_GNU_SOURCE -Wmissing-prototypes -Wstrict-prototypes $(PROTO_CFLAGS)

all: prof
ifeq ($(VARIANT),release)
prof: build/pond-prof
build/pond-prof: $(PROF)
	$(Q)ln -sf release/$(@F) $@
endif
.PHONY: prof
prof: $(PROF)

$(PROF): $(PROF_OBJECTS) $(PROTO_OBJECT)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PROTO_LIBS) -lcurl -lm

$(B)/prof/%.o: src/prof/%.c $(B)/flags | $(PROTO_DIR)/profile.pb-c.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(PROF_CFLAGS) -MMD -MP -c -o $@ $<

# The picture's style and script as strings of C: a line each, since a C compiler need not take long strings whole.
$(B)/prof/flame_text.c: src/prof/flame.css src/prof/flame.js
	$(Q)mkdir -p $(@D) && for text in css js; do \
	    echo "const char flame_$$text[] ="; sed 's/[\\"]/\\&/g; s/.*/    "&\\n"/' src/prof/flame.$$text; echo ';'; \
	done > $@
$(B)/prof/flame_text.o: $(B)/prof/flame_text.c $(B)/flags
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -w -c -o $@ $<

-include $(PROF_OBJECTS:.o=.d)
else
all: prof
.PHONY: prof
prof:
	@echo '  pond-prof is left out: protobuf-c, zlib or libcurl is missing (.ci/install-deps build installs them)'
endif
