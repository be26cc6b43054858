# Speed of mime: `make bench-mime` prints MB/s beside the floor on the same bytes.
$(B)/bench/mime_parse: bench/mime_parse.c $(B)/mime.a $(B)/util.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -o $@ $< $(LDFLAGS) $(call link_group,mime util)

.PHONY: bench-mime
bench-mime: $(B)/bench/mime_parse ## parse speed of messages, beside a scan for line ends
	$(B)/bench/mime_parse
