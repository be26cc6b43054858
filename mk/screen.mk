# The driver of the screen tests, and the tests that run on it.
HARNESS := build/tools/screen-harness
HARNESS_SRC := $(wildcard tests/screen/*.c)
SCREEN_JOBS ?= 2

$(HARNESS): $(HARNESS_SRC) $(wildcard tests/screen/*.h)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -g -D_GNU_SOURCE $(WARN) $(WERROR) $(PKG_CFLAGS) $(VTERM_CFLAGS) -o $@ \
	    $(HARNESS_SRC) $(shell pkg-config --libs glib-2.0 vterm) -lutil

# Patterns choose scripts: `make screen SCREENS='tests/screen/read*.screen'`.
SCREENS ?= $(wildcard tests/screen/*.screen)

CRASH_SCREENS ?= $(wildcard tests/crash/*.screen)

.PHONY: screen crash-screen
screen: $(HARNESS) $(B)/pintail ## drive the program through a terminal (SCREENS=FILES, UPDATE=1)
	scripts/run-scripts $(HARNESS) -j $(SCREEN_JOBS) -p $(B)/pintail -- $(SCREENS)

crash-screen: $(HARNESS) $(B)/pintail ## the crash tests that need a screen (CRASH_SCREENS=FILES)
	scripts/run-scripts $(HARNESS) -j $(SCREEN_JOBS) -p $(B)/pintail -- $(CRASH_SCREENS)
