# The drawing of flame graphs, for pond-prof and for libpond-profile: FLAME_OBJECTS.
FLAME_SOURCES := $(wildcard src/flame/*.c)
FLAME_TEXT    := $(B)/src/flame/text/flame_text.c
FLAME_OBJECTS := $(FLAME_SOURCES:%.c=$(B)/%.o) $(FLAME_TEXT:.c=.o)

# $(call text_of_c,NAME,FILE): a file as a string of C, a line each, since a compiler need not take long strings whole.
text_of_c = echo "const char $(1)[] ="; sed 's/[\\"]/\\&/g; s/.*/    "&\\n"/' $(2); echo ';'

# The picture's style and script, and the hash by which a server allows this script and no other.
$(FLAME_TEXT): src/flame/flame.css src/flame/flame.js src/flame/flame.mk
	$(Q)mkdir -p $(@D) && { $(call text_of_c,flame_css,src/flame/flame.css); $(call text_of_c,flame_js,src/flame/flame.js); } > $@
$(FLAME_TEXT:.c=.o): $(FLAME_TEXT) $(B)/flags
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -w -fPIC -fvisibility=hidden -c -o $@ $<

-include $(FLAME_SOURCES:%.c=$(B)/%.d)
