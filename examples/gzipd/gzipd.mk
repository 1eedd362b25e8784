# gzipd, the demo server. Included by the Makefile.
GZIPD_SOURCES := $(wildcard examples/gzipd/*.c examples/server/*.c)
GZIPD_HEADERS := $(wildcard examples/gzipd/*.h examples/server/*.h)

# Its option --profile, where there is a libpond-profile; names of functions in it, where there is a libpond-symbol.
ifneq ($(SYMBOL_LIB),)
GZIPD_SYMBOL := -Wl,-u,pond_symbol_frames $(SYMBOL_LIB) -ldw
endif
ifneq ($(WRITE_LIB),)
GZIPD_PROFILE := -DGZIPD_HAS_PROFILE $(WRITE_LIB) $(GZIPD_SYMBOL) $(WRITE_LIBS)
endif
# Its option --sight, where there is a libpond-http.
ifneq ($(HTTP_LIB),)
GZIPD_SIGHT := -DGZIPD_HAS_SIGHT $(HTTP_LIB)
endif

$(B)/examples/gzipd: $(GZIPD_SOURCES) $(GZIPD_HEADERS) $(HEADERS) $(LIB) $(HTTP_LIB) $(WRITE_LIB) $(SYMBOL_LIB)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(GZIPD_SOURCES) $(GZIPD_SIGHT) $(GZIPD_PROFILE) $(LIB) \
	    -pthread -lmicrohttpd -lz
