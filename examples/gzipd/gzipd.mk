# gzipd, the demo server. Included by the Makefile.
GZIPD_SOURCES := $(wildcard examples/gzipd/*.c examples/server/*.c)
GZIPD_HEADERS := $(wildcard examples/gzipd/*.h examples/server/*.h)

$(B)/examples/gzipd: $(GZIPD_SOURCES) $(GZIPD_HEADERS) $(HEADERS) $(LIB)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(GZIPD_SOURCES) $(LIB) -pthread \
	    -lmicrohttpd -lz
