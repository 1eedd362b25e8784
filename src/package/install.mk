# SPDX-License-Identifier: BSD-2-Clause
# install and uninstall. Included by the Makefile, after the libraries and tools. Each of src/*/ that installs
# something has an install-<name> of its own, here or in its own .mk file.

D_LIB     := $(DESTDIR)$(LIBDIR)
D_PC      := $(D_LIB)/pkgconfig
D_CMAKE   := $(D_LIB)/cmake/pond
D_INCLUDE := $(DESTDIR)$(INCLUDEDIR)/pond
D_MAN     := $(DESTDIR)$(MANDIR)/man3
fill = sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@LIBDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))|g' \
           -e 's|@INCLUDEDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(INCLUDEDIR))|g' \
           -e 's|@VERSION@|$(VERSION)|g' -e 's|@MAJOR@|$(MAJOR)|g' -e 's|@NAME@|$(NAME)|g' \
           -e 's|@DEFINES@|$(PUBLIC_DEFINES.$(VARIANT))|g' \
           -e "s|@INCLUDE_FROM_CMAKE@|$$(realpath -m --relative-to=$(LIBDIR)/cmake/pond $(INCLUDEDIR))|g"

.PHONY: install install-library install-headers install-debug install-symbol install-profile install-http \
        install-prof install-scout install-escape install-migrate uninstall
install: install-library install-headers man ## install below DESTDIR and PREFIX (LIBDIR, INCLUDEDIR, MANDIR, BINDIR)
	$(Q)install -d $(D_CMAKE) $(D_MAN)
	$(Q)for file in pond-config pond-config-version; do \
	    $(fill) src/package/$$file.cmake.in > $(D_CMAKE)/$$file.cmake || exit 1; done
	$(Q)install -m 644 build/man/*.3 $(D_MAN)
	$(call say,DONE,"$(DESTDIR)$(PREFIX)")

# Callers reach what belongs to a thread as the library that is installed does.
install-headers:
	$(Q)install -d $(D_INCLUDE) && install -m 644 $(HEADERS) $(D_INCLUDE) && \
	    sed 's/^#define POND_TLS_DYNAMIC 0/#define POND_TLS_DYNAMIC $(words $(DEFINES.TLS))/' \
	        include/pond/inline.h > $(D_INCLUDE)/inline.h

# $(call install_library,STATIC,SHARED,NAME): the files and their links.
install_library = install -d $(D_LIB) $(D_PC) && install -m 644 $(1) $(D_LIB) && install -m 755 $(2) $(D_LIB) && \
                  ln -sf $(notdir $(2)) $(D_LIB)/lib$(3).so.$(MAJOR) && ln -sf lib$(3).so.$(MAJOR) $(D_LIB)/lib$(3).so
install-library: lib
	$(Q)$(call install_library,$(LIB),$(SO),$(NAME))
	$(Q)$(fill) src/package/pond.pc.in > $(D_PC)/$(NAME).pc

# Beside the plain library; other variants, which their callers must share, are installed alone.
ifeq ($(VARIANT),release)
install: install-debug $(if $(SYMBOL_SO),install-symbol) $(if $(WRITE_SO),install-profile) $(if $(HTTP_SO),install-http) \
         $(if $(PROF),install-prof) $(if $(SCOUT),install-scout) $(if $(ESCAPE),install-escape) \
         $(if $(MIGRATE),install-migrate)
endif
install-debug:
	@+$(MAKE) --no-print-directory VARIANT=debug install-library
install-symbol: $(SYMBOL_LIB) $(SYMBOL_SO)
	$(Q)$(call install_library,$(SYMBOL_LIB),$(SYMBOL_SO),pond-symbol)
	$(Q)$(fill) src/package/pond-symbol.pc.in > $(D_PC)/pond-symbol.pc
install-profile: $(WRITE_LIB) $(WRITE_SO)
	$(Q)$(call install_library,$(WRITE_LIB),$(WRITE_SO),pond-profile)
	$(Q)$(fill) src/package/pond-profile.pc.in > $(D_PC)/pond-profile.pc
install-http: $(HTTP_LIB) $(HTTP_SO)
	$(Q)$(call install_library,$(HTTP_LIB),$(HTTP_SO),pond-http)
	$(Q)$(fill) src/package/pond-http.pc.in > $(D_PC)/pond-http.pc

INSTALLED_NAMES := pond pond-debug pond-symbol pond-profile pond-http
uninstall: ## remove what install put there
	$(Q)rm -f $(foreach name,$(INSTALLED_NAMES),$(D_PC)/$(name).pc \
	    $(addprefix $(D_LIB)/lib$(name).,a so so.$(MAJOR) so.$(VERSION)))
	$(Q)rm -f $(addprefix $(D_CMAKE)/,pond-config.cmake pond-config-version.cmake)
	$(Q)rm -f $(addprefix $(D_INCLUDE)/,$(notdir $(HEADERS))) $(addprefix $(D_MAN)/,$(MAN_PAGES))
	$(Q)rm -f $(PROF_INSTALLED) $(SCOUT_INSTALLED) $(ESCAPE_INSTALLED) $(MIGRATE_INSTALLED)
	$(Q)for dir in $(D_CMAKE) $(D_INCLUDE) $(DESTDIR)$(PREFIX)/lib/pond $(MIGRATE_SHARE)/pond_migrate \
	            $(MIGRATE_SHARE); do \
	    if [ -d $$dir ]; then rmdir --ignore-fail-on-non-empty $$dir; fi; done
