# respd, the echo server that speaks Redis' protocol. Included by the Makefile.
RESPD_SOURCES := $(wildcard examples/respd/*.c examples/server/*.c)
RESPD_HEADERS := $(wildcard examples/respd/*.h examples/server/*.h)

# Its option --sight, where there is a libpond-profile; names of functions in it, where there is a libpond-symbol.
ifneq ($(WRITE_LIB),)
RESPD_SIGHT := -DRESPD_HAS_SIGHT $(WRITE_LIB) $(GZIPD_SYMBOL) $(WRITE_LIBS)
endif

$(B)/examples/respd: $(RESPD_SOURCES) $(RESPD_HEADERS) $(HEADERS) $(LIB) $(WRITE_LIB) $(SYMBOL_LIB)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(RESPD_SOURCES) $(RESPD_SIGHT) $(LIB) -pthread -luv
