# Fuzzing with libFuzzer (clang): tests/fuzz/LAYER_NAME.c is linked with LAYER and what it
# may use. `make fuzz` runs each target for FUZZ_SECONDS; what is found stays in
# build/fuzz/corpus. The committed corpus, tests/fuzz/corpus/LAYER_NAME, is replayed by a unit
# test of its layer; a crash that was found belongs there, as small as it can be made.
FUZZ_SECONDS ?= 60
FUZZ_MAX_LEN ?= 65536
FUZZ_NAMES := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
FUZZ_PROGRAMS := $(addprefix $(B)/fuzz/,$(FUZZ_NAMES))
fuzz_layer = $(firstword $(subst _, ,$(1)))

define fuzz_rules
$(B)/fuzz/$(1): tests/fuzz/$(1).c $(foreach l,$(call fuzz_layer,$(1)) $(DEPS_$(call fuzz_layer,$(1))),$(B)/$(l).a)
	@mkdir -p $$(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -Itests -Isrc/$(call fuzz_layer,$(1)) -MMD -MP -fsanitize=fuzzer -o $$@ $$< \
	    $(LDFLAGS) $$(call link_group,$(call fuzz_layer,$(1)) $(DEPS_$(call fuzz_layer,$(1))))
.PHONY: fuzz-run-$(1)
fuzz-run-$(1): $(B)/fuzz/$(1)
	@mkdir -p $(B)/corpus/$(1) tests/fuzz/corpus/$(1)
	$(B)/fuzz/$(1) -max_total_time=$(FUZZ_SECONDS) -max_len=$(FUZZ_MAX_LEN) -timeout=20 \
	    -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix=$(B)/fuzz/$(1)- \
	    $(B)/corpus/$(1) tests/fuzz/corpus/$(1)
endef
$(foreach n,$(FUZZ_NAMES),$(eval $(call fuzz_rules,$(n))))

.PHONY: fuzz fuzz-run
fuzz-run: $(addprefix fuzz-run-,$(FUZZ_NAMES))
fuzz: ## run every fuzz target for FUZZ_SECONDS (default 60)
	+$(MAKE) V=fuzz fuzz-run
