# The manual pages: pintail(1) as written, pintailrc(5) with its tables from the program's own.

$(B)/tools/man-tables: tools/man-tables.c $(foreach l,ui $(DEPS_ui),$(B)/$(l).a)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -Isrc/ui -MMD -MP -o $@ $< $(LDFLAGS) $(call link_group,ui $(DEPS_ui))

$(B)/man/pintailrc.5: man/pintailrc.5.in $(B)/tools/man-tables
	@mkdir -p $(@D)
	LC_ALL=C.UTF-8 LANGUAGE= $(B)/tools/man-tables <$< >$@.tmp
	mv $@.tmp $@

$(B)/man/pintail.1: man/pintail.1
	@mkdir -p $(@D)
	cp $< $@

.PHONY: man
man: $(B)/man/pintail.1 $(B)/man/pintailrc.5 ## format the manual pages
all: man

# A test compares the manual with the tables.
$(B)/unit/ui/test_manual: $(B)/man/pintailrc.5
