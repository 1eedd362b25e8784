# The judge of growth: VERDICT_OBJECTS, for whoever includes "verdict.h" and links -lm. No library of its own: pond-prof
# and libpond-profile have it in them.
VERDICT_SOURCES := $(wildcard src/verdict/*.c)
VERDICT_OBJECTS := $(VERDICT_SOURCES:%.c=$(B)/%.o)
-include $(VERDICT_OBJECTS:.o=.d)

# What it says of simulated programs: test/verdict/simulation.
SIMULATION := build/verdict/simulation
.PHONY: verdict-simulation
verdict-simulation: $(SIMULATION) ## the judge on 43 patterns, 40 simulated runs of two hours each (SIMULATION_FLAGS)
	$(SIMULATION) $(SIMULATION_FLAGS)
$(SIMULATION): $(wildcard test/verdict/simulation/*.[ch]) $(VERDICT_SOURCES) $(wildcard src/verdict/*.h)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) -std=c11 -O2 -g $(WARNINGS) -o $@ $(filter %.c,$^) -lm
