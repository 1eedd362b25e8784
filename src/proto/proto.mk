# profile.proto in C, by protoc-c: $(PROTO_OBJECT) and profile.pb-c.h, for whoever includes <profile.pb-c.h> with
# $(PROTO_CFLAGS) and links $(PROTO_LIBS). PROTO_HAVE: empty where protobuf-c or zlib is missing.
PROTO_HAVE := $(shell command -v protoc-c > /dev/null && printf '\043include <protobuf-c/protobuf-c.h>\n\043include <zlib.h>\n' | \
                $(CC) $(CPPFLAGS) -E -x c - > /dev/null 2>&1 && echo yes)
PROTO_DIR    := build/proto
PROTO_OBJECT := $(B)/proto/profile.pb-c.o
PROTO_CFLAGS := -I$(PROTO_DIR)
PROTO_LIBS   := -lprotobuf-c -lz

$(PROTO_DIR)/profile.pb-c.h: src/proto/profile.proto
	$(call say,PROTO,$@)
	$(Q)mkdir -p $(@D) && protoc-c --proto_path=src/proto --c_out=$(@D) profile.proto
$(PROTO_DIR)/profile.pb-c.c: $(PROTO_DIR)/profile.pb-c.h ;

# Generated: not held to our warnings.
$(PROTO_OBJECT): $(PROTO_DIR)/profile.pb-c.c $(B)/flags
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) -w -fPIC -fvisibility=hidden -c -o $@ $<
