/* text.h - text for people: validation, width in terminal cells, and the one
 * way in which bytes become something that may be drawn.
 *
 * Everything that is shown goes through printable_next() (term's surface calls
 * it for each string it draws), so no byte of a message or a server reaches the
 * terminal as a control sequence. */
#pragma once
#include <glib.h>

/* One grapheme as it may be drawn. */
typedef struct {
    char text[32]; /* valid UTF-8, NUL-terminated, no control, format, or bidi character;
                      marks beyond the first four are dropped (a terminal cell holds five) */
    guint8 width;  /* cells: 1 or 2 (0 never: a lone mark is drawn on U+25CC) */
    gsize bytes;   /* consumed from the input, at least 1 */
} Grapheme;

/* The next grapheme of `bytes` (len > 0). Tab becomes one blank (callers expand
 * tabs first where columns matter); C0, DEL, C1, invalid UTF-8, U+2028/9, bidi
 * embeddings and overrides, tags, private and unassigned characters become a visible substitute
 * of width 1 ("^[" style pairs are NOT used: one symbol, U+241B style, or U+FFFD);
 * ZWJ, ZWNJ, zero-width and soft-hyphen characters, variation selectors, bidi marks and
 * isolates are left out (they belong to the grapheme beside them). An emoji sequence is its
 * first emoji; a flag of two letters is two graphemes of one cell each. */
Grapheme printable_next(const char *bytes, gsize len);

/* The whole string through printable_next(); newlines kept when `keep_newlines`
 * (CRLF becomes one). */
char *printable_text(const char *bytes, gsize len, gboolean keep_newlines);
/* Width in cells of the printable form. */
guint text_width(const char *text, gssize len);
/* The longest start of `text` that fits `cells`; returns its bytes, *used its cells. */
gsize text_fit(const char *text, gssize len, guint cells, guint *used);
/* Bytes of `text` that go on one row of `cells` (at least one grapheme), broken at a blank, or beside
 * a wide character where scripts without blanks may be; *skip: blanks after it that are not drawn.
 * *whole (may be NULL): FALSE when a word had to be broken. Looks at no more than one row. */
gsize text_wrap(const char *text, gsize len, guint cells, gsize *skip, gboolean *whole);
/* printable_text() cut to `cells` with "…" when it did not fit, padded with blanks when `pad`. */
char *text_clip(const char *text, guint cells, gboolean pad);

/* Valid UTF-8, each invalid byte (NUL too) replaced by U+FFFD. */
char *text_make_valid(const char *bytes, gsize len);
/* Case folded, accents removed, for comparing and searching. */
char *text_fold(const char *text, gssize len);
/* The word of NULL-terminated `words` nearest to `typed` by edit distance, NULL when none is near. */
const char *text_nearest(const char *typed, const char *const *words);
/* "13 B", "40 KB", "1.2 MB": short, in powers of 1000, translated. */
char *text_size(guint64 bytes);
