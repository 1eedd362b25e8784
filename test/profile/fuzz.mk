# SPDX-License-Identifier: BSD-2-Clause
# Fuzzing what reads profiles, with libFuzzer and sanitizers, for FUZZ_SECONDS; test/profile/fuzz.sh does it for a few.
# Included by test/test.mk. From src/prof/prof.mk: PROF_SOURCES, and PROF, empty where there is no pond-prof.
ifneq ($(PROF),)
FUZZ         := build/fuzz/prof
FUZZ_SECONDS ?= 60
FUZZ_CORPUS  ?= build/fuzz/corpus
# Without what speaks to servers and runs commands.
FUZZ_SOURCES := test/profile/prof/fuzz.c $(filter-out $(addprefix src/prof/,main.c commands.c draw.c help.c hook.c http.c \
                  options.c output.c process.c record.c source.c verdict.c watch.c),$(PROF_SOURCES)) \
                  $(FLAME_SOURCES) $(FLAME_TEXT) $(VERDICT_SOURCES)
.PHONY: fuzz-prof
fuzz-prof: $(FUZZ) ## libFuzzer on the reader of pond-prof (FUZZ_SECONDS=60)
	$(Q)mkdir -p $(FUZZ_CORPUS) && test/profile/prof/corpus $(FUZZ_CORPUS)
	$(Q)$(FUZZ) -max_total_time=$(FUZZ_SECONDS) -max_len=8192 -timeout=20 -rss_limit_mb=3000 -print_final_stats=1 \
	    -artifact_prefix=build/fuzz/ $(FUZZ_CORPUS)
$(FUZZ): $(FUZZ_SOURCES) $(wildcard src/prof/*.h src/flame/*.h) $(PROTO_DIR)/profile.pb-c.h
	$(call say,FUZZ,$@)
	$(Q)mkdir -p $(@D) && clang -std=c11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	    -D_GNU_SOURCE -Iinclude -Isrc/prof $(PROTO_CFLAGS) -o $@ $(FUZZ_SOURCES) \
	    $(PROTO_DIR)/profile.pb-c.c $(PROTO_LIBS) -lm
endif
