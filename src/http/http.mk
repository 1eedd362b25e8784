# libpond-http: what libpond-profile answers, served by libmicrohttpd. Without its header, or without libpond-profile,
# nothing of it is made; nor for foreign variants.
#
# HTTP_LIB, HTTP_SO: what there is to install, both empty without these; HTTP_SONAME: the link.

HTTP_HAVE := $(and $(WRITE_LIB),$(shell $(CC) $(CPPFLAGS) -E -x c -include microhttpd.h /dev/null > /dev/null 2>&1 && \
               echo yes))
ifeq ($(HTTP_HAVE),yes)
HTTP_LIB     := $(B)/libpond-http.a
HTTP_SO      := $(B)/libpond-http.so.$(VERSION)
HTTP_SONAME  := libpond-http.so.$(MAJOR)
HTTP_SOURCES := $(wildcard src/http/*.c)
HTTP_OBJECTS := $(HTTP_SOURCES:%.c=$(B)/%.o)
HTTP_LDFLAGS := $(subst src/pond.map,src/http/http.map,$(LIB_LDFLAGS))
# A program that has its archive: what it needs behind it.
HTTP_STATIC  := $(HTTP_LIB) -lmicrohttpd

$(eval $(call library,pond-http))

# One object, in which what is not exported is local.
$(B)/src/http/whole.o: $(HTTP_OBJECTS)
	$(Q)$(LD) -r -o $@ $^ && $(OBJCOPY) --localize-hidden $@

$(HTTP_LIB): $(B)/src/http/whole.o
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(HTTP_SO): $(HTTP_OBJECTS) src/http/http.map $(B)/libpond-profile.so
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) $(HTTP_LDFLAGS) -Wl,-soname,$(HTTP_SONAME) -o $@ $(HTTP_OBJECTS) $(B)/libpond-profile.so \
	    -lmicrohttpd

-include $(HTTP_OBJECTS:.o=.d)
else ifneq ($(WRITE_LIB),)
lib: http-is-missing
.PHONY: http-is-missing
http-is-missing:
	@echo '  libpond-http is left out: microhttpd.h is missing (.ci/install-deps build installs it)'
endif
