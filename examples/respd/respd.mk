# respd, the echo server that speaks Redis' protocol. Included by the Makefile.
RESPD_SOURCES := $(wildcard examples/respd/*.c examples/server/*.c)
RESPD_HEADERS := $(wildcard examples/respd/*.h examples/server/*.h)

$(B)/examples/respd: $(RESPD_SOURCES) $(RESPD_HEADERS) $(HEADERS) $(LIB)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(RESPD_SOURCES) $(LIB) -pthread -luv
