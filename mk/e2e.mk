# The tests on real servers: Python ones (tests/support/run) and screen scripts.
E2E_JOBS ?= 3
E2E ?= $(wildcard tests/e2e/*.py)
CRASH ?= $(wildcard tests/crash/*.py)
E2E_SCREENS ?= $(wildcard tests/e2e/*.screen)
# Words in the names of the tests to run: `make e2e ONLY='pop3 tls'`.
ONLY ?=

.PHONY: e2e crash crash-deep
e2e: $(HARNESS) $(B)/pintail ## the program on real servers: Dovecot, Postfix (ONLY=WORDS)
	scripts/run-scripts tests/support/run --only '$(ONLY)' -j $(E2E_JOBS) -p $(B)/pintail -- $(E2E)
	scripts/run-scripts $(HARNESS) -j $(SCREEN_JOBS) -p $(B)/pintail -- $(E2E_SCREENS)

crash: $(B)/pintail ## kill the program at each of its steps (ONLY=WORDS)
	scripts/run-scripts tests/support/run --only '$(ONLY)' -j $(E2E_JOBS) -p $(B)/pintail -- $(CRASH)

crash-deep: $(B)/pintail ## the same with more kinds of mail, at every step and every failing system call
	PINTAIL_DEEP=1 scripts/run-scripts tests/support/run -t 1800 --only '$(ONLY)' -j $(E2E_JOBS) -p $(B)/pintail -- $(CRASH)
