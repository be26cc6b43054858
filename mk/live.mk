# The protocols on real servers: Dovecot (IMAP, POP3), a submission server, and Postfix for root.
LIVE := $(patsubst tests/live/%.c,$(B)/live/%,$(wildcard tests/live/*.c))

$(B)/live/%: tests/live/%.c $(foreach l,proto $(DEPS_proto),$(B)/$(l).a)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -o $@ $< $(LDFLAGS) $(call link_group,proto $(DEPS_proto))

.PHONY: live
live: $(LIVE) ## whole sessions of IMAP, POP3 and SMTP on real servers
	tests/live/run $(B)/live
