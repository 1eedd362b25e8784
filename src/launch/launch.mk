# Running a command, for pond-prof and pond-scout: LAUNCH_OBJECTS.
LAUNCH_OBJECTS := $(B)/src/launch/launch.o
-include $(LAUNCH_OBJECTS:.o=.d)
