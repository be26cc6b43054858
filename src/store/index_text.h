/* index_text.h - text as the index sees it, for writing postings and for asking. Pure. */
#pragma once
#include <glib.h>

/* Bytes of a word that count: what is longer is no word, but data. */
#define INDEX_WORD_MAX 64

/* Folded; words of scripts written without spaces become their bigrams and the last character
 * ("山田太" -> "山田 田太 太", so one character too is the beginning of a word wherever it occurs);
 * everything else that is no letter or digit a blank. The caller owns it. */
char *index_words(const char *text, gsize limit);
/* The same of a pattern: without that last character, unless it is the only one. */
char *index_query_words(const char *text);
/* The folded text with blanks squeezed: what words and phrases are verified against. */
char *index_plain(const char *text, gsize limit);
gboolean index_is_unspaced(gunichar c);
/* Does a word of `plain` begin with `word`? (A word of an unspaced script: does it occur?)
 * `whole`: and end with it. */
gboolean plain_has_word(const char *plain, const char *word, gboolean whole);
