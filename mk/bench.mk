# `make bench` runs every bench-* goal, one after the other: they must not share the processor.
BENCHES := $(sort $(shell sed -nE 's/^(bench-[a-z0-9-]+):.*/\1/p' mk/*.mk))
BENCH_SIZES ?= 100,10000
BENCH_RUNS ?= 3

.PHONY: bench bench-first-screen
bench: ## measure everything beside peers and floors (BENCH_SIZES=100,1000000)
	@for b in $(BENCHES); do echo "== $$b"; $(MAKE) --no-print-directory -s -j1 $$b || exit 1; done

bench-first-screen: $(B)/pintail ## start to newest message on the screen: Pintail, mutt, neomutt, aerc, floor
	bench/first-screen $(B)/pintail --sizes $(BENCH_SIZES) --runs $(BENCH_RUNS)
