# SPDX-License-Identifier: BSD-2-Clause
# What is generated of the sources: man pages, and the amalgamation. Included by the Makefile.

MAN_PAGES = $(shell src/tools/mkman --list)
.PHONY: man amalgamation
man: build/man/.made ## the man pages, in build/man/
build/man/.made: src/tools/mkman $(wildcard src/man/*) $(HEADERS)
	$(call say,MAN,$(@D))
	$(Q)rm -rf $(@D) && mkdir -p $(@D) && src/tools/mkman $(@D) && touch $@

amalgamation: build/amalgamation/pond.c ## the library as one pond.c and one pond.h, in build/amalgamation/
build/amalgamation/pond.c: src/tools/amalgamate $(wildcard src/tools/*.h) $(SOURCES) $(foreach dir,$(LIB_DIRS),$(wildcard $(dir)/*.h)) \
                           $(HEADERS) LICENSE
	$(call say,MAKE,$(@D))
	$(Q)mkdir -p $(@D) && src/tools/amalgamate $(@D) $(SOURCES)
