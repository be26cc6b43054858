# Everything that looks at the project as a whole, and what puts it elsewhere.
.PHONY: check asan tsan lint fmt
check: ## install what is needed and run every test
	@scripts/install-deps build demo test
	@scripts/unpack-servers
	+@MAKE='$(MAKE)' scripts/check

asan: ## the unit and wire tests under ASan and UBSan
	$(MAKE) V=asan unit $(if $(wildcard tests/wire/*.c tests/wire/*.wire),wire)

tsan: ## the tests of the store and of the workers under TSan
	$(MAKE) V=tsan unit-store unit-sync

lint: ## layers, libraries, forbidden functions, lengths, translatable text
	@scripts/lint

FMT ?= $(wildcard include/pintail/*/*.h src/*/*.c src/*/*.h tests/*/*.c tests/*/*.h tests/unit/*/*.c)
fmt: ## format the sources (FMT=FILES)
	@command -v clang-format >/dev/null || { echo "fmt: needs clang-format (scripts/install-deps dev)" >&2; exit 1; }
	clang-format -i $(FMT)
