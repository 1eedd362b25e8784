# SPDX-License-Identifier: BSD-2-Clause
# test/escape/turn: a plugin that believes what pond-escape says, and what its programs call. Included by test/test.mk.
# From src/escape/escape.mk: ESCAPE_OBJECTS, ESCAPE_CXXFLAGS, and ESCAPE, empty without LLVM's headers.
ifneq ($(ESCAPE),)
.PHONY: escape-turn
escape-turn: $(B)/escape/libturn.so $(B)/escape/turn.o
$(B)/escape/libturn.so: test/escape/turn/turn.cpp $(filter-out %/plugin.o,$(ESCAPE_OBJECTS))
	$(call say,LINK,$@)
	$(Q)$(CXX) $(ESCAPE_CXXFLAGS) -shared -o $@ $^
$(B)/escape/turn.o: test/escape/turn/turn.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && clang -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -g -O1 -fno-sanitize=all -c -o $@ $<
endif
