/* words.c - the lexer of the rc language: words, quotes, comments, `;`.
 *
 * A single quote opens only at the start of a word: `Conan O'Brien` is two words, not a mistake. */
#include <string.h>
#include "conf_private.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

static gboolean is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Inside quotes: "" knows \" \\ \n \t, '' knows nothing. Returns the place after the closing
 * quote, NULL when there is none. */
static const char *take_quoted(const char *at, GString *word)
{
    char quote = *at++;
    for (; *at && *at != quote; at++) {
        if (*at != '\\' || quote == '\'' || !at[1]) {
            g_string_append_c(word, *at);
            continue;
        }
        at++;
        g_string_append_c(word, *at == 'n' ? '\n' : *at == 't' ? '\t' : *at);
    }
    return *at ? at + 1 : NULL;
}

/* One word from `at` (not blank); NULL on an open quote. */
static const char *take_word(const char *at, GString *word)
{
    const char *start = at;
    while (at && *at && !is_blank(*at)) {
        if (*at == '"' || (*at == '\'' && at == start)) {
            at = take_quoted(at, word);
        } else if (*at == '\\' && at[1]) {
            g_string_append_c(word, at[1]);
            at += 2;
        } else {
            g_string_append_c(word, *at++);
        }
    }
    return at;
}

char **conf_words(const char *line, GError **err)
{
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    const char *at = line;
    for (;;) {
        while (is_blank(*at))
            at++;
        if (!*at || *at == '#')
            return g_strv_builder_end(words);
        g_autoptr(GString) word = g_string_new(NULL);
        at = take_word(at, word);
        if (!at) {
            error_set(err, PINTAIL_ERROR_INVALID, _("a quote is not closed"));
            return NULL;
        }
        g_strv_builder_add(words, word->str);
    }
}

char **conf_split_commands(const char *line)
{
    g_autoptr(GStrvBuilder) commands = g_strv_builder_new();
    const char *start = line;
    char quote = '\0';
    gboolean in_word = FALSE;
    for (const char *at = line; *at; at++) {
        gboolean first = !in_word;
        in_word = quote || !(is_blank(*at) || *at == ';');
        if (*at == '\\' && at[1] && quote != '\'') {
            at++;
        } else if (quote) {
            if (*at == quote)
                quote = '\0';
        } else if (*at == '"' || (*at == '\'' && first)) {
            quote = *at;
        } else if (*at == ';') {
            g_autofree char *one = g_strndup(start, (gsize)(at - start));
            if (*g_strstrip(one))
                g_strv_builder_add(commands, one);
            start = at + 1;
        }
    }
    g_autofree char *last = g_strdup(start);
    if (*g_strstrip(last))
        g_strv_builder_add(commands, last);
    return g_strv_builder_end(commands);
}

char *words_quote(const char *value)
{
    g_auto(GStrv) words = conf_words(value, NULL);
    g_autofree char *again = words ? g_strjoinv(" ", words) : NULL;
    if (*value && g_strcmp0(again, value) == 0 && !strpbrk(value, "\n\t"))
        return g_strdup(value);
    GString *quoted = g_string_new("\"");
    for (const char *at = value; *at; at++) {
        if (*at == '"' || *at == '\\')
            g_string_append_c(quoted, '\\');
        if (*at == '\n')
            g_string_append(quoted, "\\n");
        else if (*at == '\t')
            g_string_append(quoted, "\\t");
        else
            g_string_append_c(quoted, *at);
    }
    g_string_append_c(quoted, '"');
    return g_string_free(quoted, FALSE);
}

char *conf_quote(const char *text)
{
    gboolean blanks_matter = strstr(text, "  ") || g_str_has_prefix(text, " ") || g_str_has_suffix(text, " ");
    if (*text && !blanks_matter && !strpbrk(text, "\"'\\#\t\n;"))
        return g_strdup(text);
    GString *quoted = g_string_new("\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            g_string_append_c(quoted, '\\');
        if (*text == '\n')
            g_string_append(quoted, "\\n");
        else
            g_string_append_c(quoted, *text);
    }
    g_string_append_c(quoted, '"');
    return g_string_free(quoted, FALSE);
}
