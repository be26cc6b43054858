/* field.h - one line of text that a person edits: prompts and forms.
 *
 * Everything pasted in one burst arrives. A secret one shows dots and is wiped when freed. */
#pragma once
#include "pintail/term/term.h"

typedef struct Field Field;
Field *field_new(const char *initial, gboolean secret);
void field_free(Field *f);
const char *field_text(const Field *f);
void field_set(Field *f, const char *text); /* the cursor goes to its end */
/* TRUE: used. Enter, Esc, Tab, up and down are left to the caller. Of a paste the
 * first line is taken; see field_paste() for the rest. */
gboolean field_key(Field *f, const Key *k);
/* The first line of a paste goes in; returns what follows it beginning with the \n (or, in a burst
 * without brackets, \t) that ended it, NULL when that was all. The caller owns it. */
char *field_paste(Field *f, const Key *k);
/* Draws it, scrolled so that its cursor shows; returns the cursor's column in `s`. */
int field_draw(Field *f, Surface *s, int row, int column, int cells, Style style);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Field, field_free)
