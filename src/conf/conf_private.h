/* conf_private.h - what the files of conf share. */
#pragma once
#include "pintail/conf/conf.h"

/* ---- values (value.c): text to numbers; FALSE when not of that form ---- */
gboolean value_bool(const char *text, gboolean *out);       /* on|off|yes|no|true|false */
gboolean value_number(const char *text, gint64 *out);       /* 0 or more */
gboolean value_seconds(const char *text, gint64 *out);      /* 30, 30s, 5m, 2h, 14d */
gboolean value_size(const char *text, gint64 *out);         /* 500, 64K, 5M, 1G (powers of 1000) */
/* `message "word"` with ", did you mean …?" when one of NULL-terminated `words` is near. */
void error_unknown(GError **err, const char *message, const char *word, const char *const *words);

/* ---- words (words.c) ---- */
/* `value` as one line of rc text that conf_words() reads back as it: in quotes where it must. */
char *words_quote(const char *value);

/* ---- options (option.c) ---- */
typedef struct OptionValues OptionValues; /* of one Conf */
OptionValues *option_values_new(void);
void option_values_free(OptionValues *v);
gboolean option_set(OptionValues *v, const char *name, const char *value, GError **err);
const char *option_text(const OptionValues *v, const char *name); /* aborts on an unknown name */
const Option *option_find(const char *name);                      /* NULL when there is none */
void option_unknown(GError **err, const char *name);

/* ---- viewing.c ---- */
typedef struct Viewing Viewing;
Viewing *viewing_new(void);
void viewing_free(Viewing *v);
void viewing_set_filter(Viewing *v, const char *type, const char *command); /* "" takes it away */
GHashTable *viewing_filters(const Viewing *v);
void viewing_add_headers(Viewing *v, HeadersKind kind, char **names);
const GPtrArray *viewing_headers(const Viewing *v, HeadersKind kind);

/* ---- accounts (account.c) ---- */
Account *account_new(const char *name, const char *file, guint line);
/* One setting of a block; `words[0]` is its name, `rest` the line after it as written.
 * `rc_is_private`: the file is 0600 or stricter, so a literal password may stand in it. */
gboolean account_set(Account *a, char **words, const char *rest, gboolean rc_is_private, GError **err);
gboolean account_is_setting(const char *name);
/* At the end of a block: what is missing or contradicts itself. */
gboolean account_check(const Account *a, GError **err);
