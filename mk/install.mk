# Translations, installing, and the archive to hand out.
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/pintail
LOCALEDIR ?= $(PREFIX)/share/locale
INSTALL ?= install
LANGUAGES := $(patsubst po/%.po,%,$(wildcard po/*.po))
MO := $(LANGUAGES:%=$(B)/po/%.mo)

.PHONY: install uninstall dist pot po translations always screenshot
all: translations
translations: $(MO)

$(B)/po/%.mo: po/%.po
	@mkdir -p $(@D)
	msgfmt -o $@ $<

# The program knows where its translations are: it is linked anew for another PREFIX.
$(B)/localedir: always
	@mkdir -p $(@D)
	@echo '$(LOCALEDIR)' | cmp -s - $@ || echo '$(LOCALEDIR)' >$@
$(B)/app/main.o: $(B)/localedir

install: all ## install below PREFIX (DESTDIR is put before it)
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(DOCDIR)
	$(INSTALL) -m 755 $(B)/pintail $(DESTDIR)$(BINDIR)/pintail
	$(INSTALL) -m 644 $(B)/man/pintail.1 $(DESTDIR)$(MANDIR)/man1/pintail.1
	$(INSTALL) -m 644 $(B)/man/pintailrc.5 $(DESTDIR)$(MANDIR)/man5/pintailrc.5
	$(INSTALL) -m 644 config.example README.md NEWS.md LICENSE $(DESTDIR)$(DOCDIR)
	for l in $(LANGUAGES); do \
	    $(INSTALL) -d $(DESTDIR)$(LOCALEDIR)/$$l/LC_MESSAGES && \
	    $(INSTALL) -m 644 $(B)/po/$$l.mo $(DESTDIR)$(LOCALEDIR)/$$l/LC_MESSAGES/pintail.mo || exit 1; \
	done

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(BINDIR)/pintail $(DESTDIR)$(MANDIR)/man1/pintail.1 $(DESTDIR)$(MANDIR)/man5/pintailrc.5
	rm -f $(patsubst %,$(DESTDIR)$(DOCDIR)/%,config.example README.md NEWS.md LICENSE)
	rm -f $(LANGUAGES:%=$(DESTDIR)$(LOCALEDIR)/%/LC_MESSAGES/pintail.mo)
	-rmdir $(DESTDIR)$(DOCDIR)

dist: ## an archive of what is committed
	@mkdir -p dist
	git archive --format=tar.gz --prefix=pintail-$(VERSION)/ -o dist/pintail-$(VERSION).tar.gz HEAD
	@echo dist/pintail-$(VERSION).tar.gz

# P_() takes a number behind the two texts; everything a person reads is in one of the three.
POT := build/pintail.pot
pot: ## collect the strings to translate into build/pintail.pot
	@mkdir -p $(dir $(POT))
	@xgettext --language=C --from-code=UTF-8 --keyword=_ --keyword=N_ --keyword=P_:1,2 --keyword=C_:1c,2 --sort-by-file \
	    --package-name=pintail --package-version=$(VERSION) --add-comments=TRANSLATORS \
	    --add-location=file -o $(POT) $(sort $(wildcard src/*/*.c src/*/*.h include/pintail/*/*.h))

po: pot ## bring po/*.po up to the strings of the sources
	@for l in $(LANGUAGES); do \
	    msgmerge --quiet --update --backup=none --no-fuzzy-matching --no-wrap --add-location=file po/$$l.po $(POT) && \
	    msgattrib --no-obsolete --no-wrap -o po/$$l.po po/$$l.po && \
	    printf '%s: ' $$l && msgfmt --check --statistics -o /dev/null po/$$l.po || exit 1; \
	done

screenshot: $(HARNESS) $(B)/pintail ## docs/screenshot.svg, from the real screen
	@mkdir -p docs
	$(HARNESS) -p $(B)/pintail -o docs demo/screenshot.screen
