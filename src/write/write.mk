# libpond-profile: profiles written out, with protobuf-c and zlib. Without one of them nothing of it is made; nor for
# foreign variants.
#
# WRITE_LIB, WRITE_SO: what there is to install, both empty without these two; WRITE_SONAME: the link.

ifeq ($(PROTO_HAVE)$(filter $(FOREIGN),$(VARIANT)),yes)
WRITE_LIB     := $(B)/libpond-profile.a
WRITE_SO      := $(B)/libpond-profile.so.$(VERSION)
WRITE_SONAME  := libpond-profile.so.$(firstword $(subst ., ,$(VERSION)))
WRITE_SOURCES := $(wildcard src/write/*.c)
WRITE_OBJECTS := $(patsubst %.c,$(B)/%.o,$(filter-out src/write/own.c,$(WRITE_SOURCES))) $(PROTO_OBJECT)
# In the shared library the names of libpond are weak.
WRITE_OWN     := $(B)/src/write/own.o $(B)/src/write/own.shared.o
OBJCOPY       ?= objcopy
WRITE_LDFLAGS := $(subst src/pond.map,src/write/write.map,$(LIB_LDFLAGS))

lib: $(WRITE_LIB) $(B)/libpond-profile.so
ifeq ($(VARIANT),release)
lib: build/libpond-profile.a build/libpond-profile.so
build/libpond-profile.a build/libpond-profile.so: build/%: $(B)/%
	$(Q)ln -sf release/$* $@ && ln -sf release/$(WRITE_SONAME) build/$(WRITE_SONAME)
endif

$(B)/src/write/pprof.o: $(PROTO_DIR)/profile.pb-c.h
$(B)/src/write/pprof.o: override CPPFLAGS += -isystem $(PROTO_DIR)
$(B)/src/write/own.shared.o: src/write/own.c $(B)/flags
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) -DPOND_WRITE_SHARED $(CFLAGS) $(LIB_CFLAGS) -MMD -MP -c -o $@ $<

# But for pond_profile_write one object, in which what is not exported is local: a program may have functions
# generated from the same schema.
$(B)/src/write/whole.o: $(WRITE_OBJECTS)
	$(Q)$(LD) -r -o $@ $^ && $(OBJCOPY) --localize-hidden $@

$(WRITE_LIB): $(B)/src/write/whole.o $(firstword $(WRITE_OWN))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(WRITE_SO): $(WRITE_OBJECTS) $(lastword $(WRITE_OWN)) src/write/write.map
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) $(WRITE_LDFLAGS) -Wl,-soname,$(WRITE_SONAME) -o $@ $(filter %.o,$^) $(PROTO_LIBS)

$(B)/libpond-profile.so: $(WRITE_SO)
	$(Q)ln -sf $(<F) $(B)/$(WRITE_SONAME) && ln -sf $(WRITE_SONAME) $@

-include $(WRITE_OBJECTS:.o=.d) $(WRITE_OWN:.o=.d)
else ifeq ($(PROTO_HAVE),)
lib: profile-is-missing
.PHONY: profile-is-missing
profile-is-missing:
	@echo '  libpond-profile is left out: protobuf-c or zlib is missing (.ci/install-deps build installs them)'
endif
