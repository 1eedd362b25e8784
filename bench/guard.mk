# SPDX-License-Identifier: BSD-2-Clause
# What guard=1/N costs. From the Makefile: B.

.PHONY: bench-guard
bench-guard: $(B)/bench/time-pond_called $(B)/examples/gzipd ## what guard=1/1000 costs: of a pair, of a server
	@bench/guard $(B)
