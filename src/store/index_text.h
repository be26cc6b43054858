/* index_text.h - text as the index sees it, for writing postings and for asking. Pure. */
#pragma once
#include <glib.h>

/* Folded; words of scripts written without spaces become their bigrams ("山田太" -> "山田 田太"),
 * everything else that is no letter or digit a blank. The caller owns it. */
char *index_words(const char *text, gsize limit);
/* The folded text with blanks squeezed: what words and phrases are verified against. */
char *index_plain(const char *text, gsize limit);
gboolean index_is_unspaced(gunichar c);
/* Does a word of `plain` begin with `word`? (A word of an unspaced script: does it occur?) */
gboolean plain_has_word(const char *plain, const char *word);
