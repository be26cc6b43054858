# Speed of HTML to text: `make bench-html` prints MB/s beside w3m and lynx on the same files, and fails where
# a document takes longer than it may (200 KB within 50 ms; 20 MB and 100,000 nested tags bounded).
$(B)/bench/html_text: bench/html_text.c $(B)/mime.a $(B)/util.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -o $@ $< $(LDFLAGS) $(call link_group,mime util)

.PHONY: bench-html
bench-html: $(B)/bench/html_text ## HTML to text, beside w3m -dump and lynx -dump; limits of huge documents
	bench/html $(B)/bench/html_text
