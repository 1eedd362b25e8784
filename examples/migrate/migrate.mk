# The chat server of before/, with ponds: what pond-migrate makes of it, in build/. Included by the Makefile.
MIGRATE_SOURCES := $(wildcard examples/migrate/before/*)

$(B)/examples/migrate: $(MIGRATE_SOURCES) src/migrate/pond-migrate $(MIGRATE_PARTS) $(HEADERS) $(LIB)
	$(call say,LINK,$@)
	$(Q)rm -rf $@.after && mkdir -p $@.after && cp $(MIGRATE_SOURCES) $@.after
	$(Q)cd $@.after && migrate=$(CURDIR)/src/migrate/pond-migrate && flags=-D_POSIX_C_SOURCE=200809L && \
	    "$$migrate" freelist message new_message release_message ./*.[ch] -- $$flags 2> migrated && \
	    "$$migrate" malloc client ./*.[ch] -- $$flags 2>> migrated || { cat migrated >&2; exit 1; }
	$(Q)$(CC) $(CPPFLAGS) -D_POSIX_C_SOURCE=200809L $(CFLAGS) $(LDFLAGS) -o $@ $@.after/*.c $(LIB) -pthread
