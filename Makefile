# Pintail's build. `make help` lists the targets.
#
# One build directory per variant (V=release|asan|tsan|fuzz), one archive per
# layer. A layer's row in DEPS_* below is the row of the table in HACKING.md:
# what it may include is what its archive may be linked with, so a forbidden
# call does not even link in that layer's own tests.

V ?= release
B := build/$(V)
VERSION := $(shell cat VERSION)
PREFIX ?= /usr/local

DEPS_util  :=
DEPS_bus   := util
DEPS_conf  := util
DEPS_mime  := util
DEPS_store := mime util
DEPS_net   := util
DEPS_proto := net util
DEPS_sync  := bus conf store proto mime net util
DEPS_term  := util
DEPS_ui    := bus conf store mime term util
DEPS_app   := ui sync term bus conf store proto net mime util
LAYERS := util bus conf mime store net proto sync term ui app

PKGS := glib-2.0 ncursesw openssl sqlite3 libzstd zlib libgsasl gumbo libutf8proc libidn2
ifneq ($(filter-out help clean fmt lint demo check deps,$(or $(MAKECMDGOALS),all)),)
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS))
PKG_LIBS   := $(shell pkg-config --libs $(PKGS))
VTERM_CFLAGS = $(shell pkg-config --cflags vterm)
VTERM_LIBS   = $(shell pkg-config --libs vterm)
endif

CC ?= cc
ifeq ($(origin CC),default)
CC := gcc
endif
WARN := -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes \
        -Wwrite-strings -Wvla -Wformat=2 -Wno-format-nonliteral -Wno-unused-parameter
WERROR := $(if $(CI),-Werror)
CFLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong
CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
CFLAGS_tsan := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
CFLAGS_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
ifeq ($(V),fuzz)
CC := clang
endif
CFLAGS += -std=gnu11 $(CFLAGS_$(V)) $(WARN) $(WERROR)
CPPFLAGS += -Iinclude -D_GNU_SOURCE -DGETTEXT_PACKAGE='"pintail"' -DPINTAIL_VERSION='"$(VERSION)"' \
            -DPINTAIL_LOCALEDIR='"$(LOCALEDIR)"' \
            -DG_LOG_DOMAIN='"pintail"' -DGLIB_VERSION_MAX_ALLOWED=GLIB_VERSION_2_74 $(PKG_CFLAGS)
LDFLAGS += $(CFLAGS_$(V)) -pthread -Wl,--as-needed

srcs = $(wildcard src/$(1)/*.c)
objs = $(patsubst src/%.c,$(B)/%.o,$(call srcs,$(1)))
# app without main.o: tests of app link the archive, the program adds main.o
archive = $(B)/$(1).a
link_group = -Wl,--start-group $(foreach l,$(1),$(call archive,$(l))) -Wl,--end-group $(PKG_LIBS)

.PHONY: all help clean
all: $(B)/pintail

$(B)/pintail: $(B)/app/main.o $(foreach l,$(LAYERS),$(call archive,$(l)))
	$(CC) $(LDFLAGS) -o $@ $(B)/app/main.o $(call link_group,$(LAYERS))

define layer_rules
$(B)/$(1).a: $(filter-out %/app/main.o,$(call objs,$(1)))
	@rm -f $$@
	ar rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call layer_rules,$(l))))

$(B)/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -Isrc/$(firstword $(subst /, ,$*)) -MMD -MP -c -o $@ $<

# Unit tests: tests/unit/LAYER/test_*.c, linked with that layer and what it may use.
define unit_rules
UNIT_$(1) := $$(patsubst tests/unit/%.c,$(B)/unit/%,$$(wildcard tests/unit/$(1)/test_*.c))
$(B)/unit/$(1)/%: tests/unit/$(1)/%.c $(foreach l,$(1) $(DEPS_$(1)),$(B)/$(l).a)
	@mkdir -p $$(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -Itests -Isrc/$(1) -MMD -MP -o $$@ $$< $(LDFLAGS) $$(call link_group,$(1) $(DEPS_$(1)))
.PHONY: unit-$(1)
unit-$(1): $$(UNIT_$(1))
	scripts/run-tests $$(UNIT_$(1))
endef
$(foreach l,$(LAYERS),$(eval $(call unit_rules,$(l))))
UNIT := $(foreach l,$(LAYERS),$(UNIT_$(l)))
.PHONY: unit
unit: $(UNIT)
	scripts/run-tests $(UNIT)

include $(wildcard mk/*.mk)

help: ## list the targets
	@grep -hE '^[a-z][a-z0-9-]*:.*##' Makefile mk/*.mk | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 28

clean: ## remove everything that was built
	rm -rf build dist

-include $(shell find $(B) -name '*.d' 2>/dev/null)
