# gzipd, the demo server. Included by the Makefile.
GZIPD_SOURCES := $(wildcard examples/gzipd/*.c examples/server/*.c)
GZIPD_HEADERS := $(wildcard examples/gzipd/*.h examples/server/*.h)

# Its option --profile, where there is a libpond-profile (src/write).
GZIPD_PROFILE_LIBS := $(if $(PROFILE_LIB),$(PROFILE_LIB) $(SYMBOL_LIB) $(PROFILE_LIBS))
GZIPD_DEFINES := $(if $(PROFILE_LIB),-DGZIPD_HAS_PROFILE)

$(B)/examples/gzipd: $(GZIPD_SOURCES) $(GZIPD_HEADERS) $(HEADERS) $(LIB) $(filter $(B)/%,$(GZIPD_PROFILE_LIBS))
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(GZIPD_DEFINES) $(LDFLAGS) -o $@ $(GZIPD_SOURCES) \
	    $(GZIPD_PROFILE_LIBS) $(LIB) -pthread -lmicrohttpd -lz
