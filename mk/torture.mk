# Two clients at the same mailboxes. `make torture ROUNDS=1000 SEED=7 SERVER=cyrus`; a short one is in `make e2e`.
ROUNDS ?= 1000
SEED ?=
SERVER ?= dovecot

$(B)/tools/person: tests/torture/person.c $(foreach l,$(LAYERS),$(call archive,$(l))) $(B)/localedir
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -Isrc/app -MMD -MP -o $@ $< $(LDFLAGS) $(call link_group,$(LAYERS))

.PHONY: torture
torture: $(B)/tools/person ## another client and Pintail at the same mail at once (ROUNDS, SEED, SERVER)
	tests/torture/torture -p $(B)/tools/person --rounds $(ROUNDS) --server $(SERVER) $(if $(SEED),--seed $(SEED))

e2e: $(B)/tools/person
