# The shop whose trace shows since when it leaks. Included by the Makefile.
$(B)/examples/trace: examples/trace/shop.c examples/claim.h $(HEADERS) $(LIB)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LIB) -pthread
