# SPDX-License-Identifier: BSD-2-Clause
# The Go peer: $(B)/bench/time-go and $(B)/bench/memory-go, which stand beside bench.mk's programs. Standard
# library only; everything that go keeps goes into the build directory.
BENCH_GO_BINS := $(B)/bench/time-go $(B)/bench/memory-go
BENCH_GO := cd bench/go && GO111MODULE=on GOFLAGS=-mod=mod GOPROXY=off \
            GOPATH=$(abspath $(B))/go GOCACHE=$(abspath $(B))/go/cache go

$(BENCH_GO_BINS): $(B)/bench/%-go: $(wildcard bench/go/*/*.go) bench/go/go.mod
	$(Q)mkdir -p $(@D); \
	if command -v go > /dev/null; then \
	    printf '  %-6s %s\n' GO $@; \
	    $(BENCH_GO) build -o $(abspath $@) ./$*; \
	else \
	    rm -f $@; echo '$@: skipped, this machine has no go'; \
	fi
bench-bins: $(BENCH_GO_BINS)

.PHONY: lint-go
# The Go peer's form, where there is a go.
lint-go:
	$(Q)! command -v gofmt > /dev/null || { [ -z "$$(gofmt -l bench/go)" ] && $(BENCH_GO) vet ./...; }
