# pond-migrate, the tool: MIGRATE, empty where the Python interface of libclang is missing. It is a script.
MIGRATE_PYTHON := /usr/bin/python3
MIGRATE_HAVE   := $(shell $(MIGRATE_PYTHON) -c 'import clang.cindex; clang.cindex.Index.create()' > /dev/null 2>&1 && echo yes)
MIGRATE_PARTS  := $(wildcard src/migrate/pond_migrate/*.py) src/migrate/freelist.cocci src/migrate/macros.h
MIGRATE_SHARE   = $(DESTDIR)$(PREFIX)/share/pond
# The program, its page, its parts: where they are installed.
MIGRATE_INSTALLED = $(DESTDIR)$(BINDIR)/pond-migrate $(DESTDIR)$(MANDIR)/man1/pond-migrate.1 \
                    $(MIGRATE_PARTS:src/migrate/%=$(MIGRATE_SHARE)/%)
ifeq ($(MIGRATE_HAVE),yes)
MIGRATE := $(B)/pond-migrate

$(eval $(call tool,migrate))
migrate: $(MIGRATE) ## pond-migrate, which converts a type of a program to a pond

$(MIGRATE): src/migrate/pond-migrate
	$(Q)mkdir -p $(@D) && ln -sf $(CURDIR)/$< $@

.PHONY: install-migrate
install-migrate: $(MIGRATE)
	$(Q)install -d $(dir $(wordlist 1,2,$(MIGRATE_INSTALLED))) $(MIGRATE_SHARE)/pond_migrate && \
	    install -m 755 src/migrate/pond-migrate $(word 1,$(MIGRATE_INSTALLED)) && \
	    install -m 644 src/migrate/pond-migrate.1 $(word 2,$(MIGRATE_INSTALLED)) && \
	    install -m 644 $(filter %.py,$(MIGRATE_PARTS)) $(MIGRATE_SHARE)/pond_migrate && \
	    install -m 644 $(filter-out %.py,$(MIGRATE_PARTS)) $(MIGRATE_SHARE)
else
all: migrate
.PHONY: migrate
migrate:
	@echo '  pond-migrate is left out: the Python interface of libclang is missing (.ci/install-deps test installs it)'
endif
