# The chat server of before/, with ponds: what `migrate` makes of it, in build/. Included by the Makefile.
MIGRATE_SOURCES := $(wildcard examples/migrate/before/*)
MIGRATE_RULES   := $(wildcard examples/migrate/*.cocci) examples/migrate/macros.h examples/migrate/migrate

$(B)/examples/migrate: $(MIGRATE_SOURCES) $(MIGRATE_RULES) $(HEADERS) $(LIB)
	$(call say,LINK,$@)
	$(Q)rm -rf $@.after && mkdir -p $@.after && cp $(MIGRATE_SOURCES) $@.after
	$(Q)cd $@.after && migrate=$(CURDIR)/examples/migrate/migrate && \
	    "$$migrate" freelist message new_message release_message ./*.[ch] && "$$migrate" malloc client ./*.[ch]
	$(Q)$(CC) $(CPPFLAGS) -D_POSIX_C_SOURCE=200809L $(CFLAGS) $(LDFLAGS) -o $@ $@.after/*.c $(LIB) -pthread
