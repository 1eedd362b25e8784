# The example that answers on a plain socket. Included by the Makefile. Without libpond-profile it is left out.
SIGHT_LIBS := -Wl,-u,pond_profile_write_from $(WRITE_LIB) $(GZIPD_SYMBOL) $(LIB) $(WRITE_LIBS) -pthread
ifneq ($(WRITE_LIB),)
$(B)/examples/sight: examples/sight/sight.c examples/claim.h $(HEADERS) $(LIB) $(WRITE_LIB) $(SYMBOL_LIB)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(SIGHT_LIBS)
else
.PHONY: $(B)/examples/sight
$(B)/examples/sight:
	@echo '  examples/sight is left out: it needs libpond-profile'
endif
