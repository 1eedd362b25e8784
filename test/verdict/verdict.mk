# SPDX-License-Identifier: BSD-2-Clause
# What the judge of growth says of simulated programs: test/verdict/simulation. Included by test/test.mk.
# From src/verdict/verdict.mk: VERDICT_SOURCES.
SIMULATION := build/verdict/simulation
.PHONY: verdict-simulation
verdict-simulation: $(SIMULATION) ## the judge on 43 patterns, 40 simulated runs of two hours each (SIMULATION_FLAGS)
	$(SIMULATION) $(SIMULATION_FLAGS)
$(SIMULATION): $(wildcard test/verdict/simulation/*.[ch]) $(VERDICT_SOURCES) $(wildcard src/verdict/*.h)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) -std=c11 -O2 -g $(WARNINGS) -o $@ $(filter %.c,$^) -lm
