# The judge of growth: VERDICT_OBJECTS, for whoever includes "verdict.h" and links -lm. No library of its own: pond-prof
# and libpond-profile have it in them.
VERDICT_SOURCES := $(wildcard src/verdict/*.c)
VERDICT_OBJECTS := $(VERDICT_SOURCES:%.c=$(B)/%.o)
-include $(VERDICT_OBJECTS:.o=.d)
