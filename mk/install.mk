# Installing, the archive to hand out, and the template for translators.
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/pintail
LOCALEDIR ?= $(PREFIX)/share/locale
INSTALL ?= install
PO := $(wildcard po/*.po)

.PHONY: install uninstall dist pot screenshot
install: all ## install below PREFIX (DESTDIR is put before it)
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(DOCDIR)
	$(INSTALL) -m 755 $(B)/pintail $(DESTDIR)$(BINDIR)/pintail
	$(INSTALL) -m 644 $(B)/man/pintail.1 $(DESTDIR)$(MANDIR)/man1/pintail.1
	$(INSTALL) -m 644 $(B)/man/pintailrc.5 $(DESTDIR)$(MANDIR)/man5/pintailrc.5
	$(INSTALL) -m 644 config.example README.md LICENSE $(DESTDIR)$(DOCDIR)
	for po in $(PO); do \
	    dir=$(DESTDIR)$(LOCALEDIR)/$$(basename $$po .po)/LC_MESSAGES; \
	    $(INSTALL) -d $$dir && msgfmt -o $$dir/pintail.mo $$po || exit 1; \
	done

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(BINDIR)/pintail $(DESTDIR)$(MANDIR)/man1/pintail.1 $(DESTDIR)$(MANDIR)/man5/pintailrc.5
	rm -rf $(DESTDIR)$(DOCDIR)
	rm -f $(patsubst po/%.po,$(DESTDIR)$(LOCALEDIR)/%/LC_MESSAGES/pintail.mo,$(PO))

dist: ## an archive of what is committed
	@mkdir -p dist
	git archive --format=tar.gz --prefix=pintail-$(VERSION)/ -o dist/pintail-$(VERSION).tar.gz HEAD
	@echo dist/pintail-$(VERSION).tar.gz

pot: ## collect the strings to translate into po/pintail.pot
	@mkdir -p po
	xgettext --language=C --from-code=UTF-8 --keyword=_ --keyword=N_ --keyword=P_:1,2 --sort-by-file \
	    --package-name=pintail --package-version=$(VERSION) --add-comments=TRANSLATORS \
	    -o po/pintail.pot $(sort $(wildcard src/*/*.c src/*/*.h include/pintail/*/*.h))

screenshot: $(HARNESS) $(B)/pintail ## doc/screenshot.svg, from the real screen
	@mkdir -p doc
	$(HARNESS) -p $(B)/pintail -o doc demo/screenshot.screen
