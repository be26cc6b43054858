.PHONY: demo deps
demo: ## try it: servers of its own, sample mail, nothing left behind
	@scripts/install-deps build demo
	@echo "Building Pintail..."
	@$(MAKE) --no-print-directory -s -j$(shell nproc 2>/dev/null || echo 1) build/release/pintail V=release
	@scripts/demo build/release/pintail

deps: ## install the packages that build, demo and tests need
	@scripts/install-deps build demo test
	@scripts/unpack-servers
