/* complete.h - what could stand where the person types. */
#pragma once
#include "command.h"

typedef struct {
    char *text; /* what goes into the line */
    char *note; /* shown beside it: a key, a help line; "" */
} Candidate;
void candidate_free(Candidate *c);
/* Those for `typed`, best first, at most `max`: of Candidate. Short reads only. */
GPtrArray *complete_word(Ui *ui, Complete what, const char *typed, guint max);
/* For a command line: *start is the byte where the word begins that the candidates replace. */
GPtrArray *complete_line(Ui *ui, const char *line, gsize *start, guint max);
/* The start of the word that is being typed at the end of `text`. */
const char *complete_last_word(const char *text);
/* Does `text` hold the letters of `typed` (case-insensitive substring, or each word of it)? */
gboolean complete_matches(const char *text, const char *typed);
/* The folder that the person named, in the account in focus first (ACCOUNT/NAME and =NAME work too);
 * 0 with a message on the screen when there is none or more than one. */
gint64 complete_find_folder(Ui *ui, gint64 account, const char *name);
