# Two clients at the same mailboxes: `make torture ROUNDS=1000 SEED=7 SERVERS='dovecot cyrus'`.
ROUNDS ?= 1000
SEED ?=
SERVERS ?= dovecot

$(B)/tools/person: tests/torture/person.c $(foreach l,$(LAYERS),$(call archive,$(l))) $(B)/localedir
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -Isrc/app -MMD -MP -o $@ $< $(LDFLAGS) $(call link_group,$(LAYERS))

.PHONY: torture torture-short
torture: $(B)/tools/person ## another client and Pintail at the same mail at once (ROUNDS, SEED, SERVERS)
	tests/torture/torture -p $(B)/tools/person --rounds $(ROUNDS) $(if $(SEED),--seed $(SEED)) $(SERVERS)

torture-short: $(B)/tools/person
	scripts/run-scripts tests/torture/torture -p $(B)/tools/person --rounds 30 --seed $(or $(SEED),1) -- dovecot cyrus courier
