/* smtp_reply.c - parses SMTP replies line by line; linear and bounded whatever comes. */
#include "smtp_reply.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define TEXT_MAX     2000 /* of all lines together, for people */
#define MECHANISM_MAX 64  /* that one server may offer */

void smtp_reply_init(SmtpReply *r)
{
    *r = (SmtpReply){.text = g_string_new(NULL), .lines = g_ptr_array_new_with_free_func(g_free)};
}

void smtp_reply_clear(SmtpReply *r)
{
    if (r->text)
        g_string_free(r->text, TRUE);
    if (r->lines)
        g_ptr_array_unref(r->lines);
    *r = (SmtpReply){0};
}

void smtp_reply_reset(SmtpReply *r)
{
    r->code = 0;
    r->enhanced[0] = '\0';
    g_string_truncate(r->text, 0);
    g_ptr_array_set_size(r->lines, 0);
}

static gsize digits(const char *p, const char *end, gsize max)
{
    gsize n = 0;
    while (p + n < end && n < max && g_ascii_isdigit(p[n]))
        n++;
    return n;
}

/* class "." subject "." detail, followed by a blank or the end (RFC 2034 section 4, RFC 3463
 * section 2); its class has to be the reply's. Returns its length, 0 when there is none. */
static gsize enhanced_length(int code, Span text)
{
    const char *p = text.at, *end = text.at + text.len;
    if (text.len < 5 || p[0] != '0' + code / 100 || p[1] != '.')
        return 0;
    p += 2;
    for (guint part = 0; part < 2; part++) {
        gsize n = digits(p, end, 3);
        if (n == 0)
            return 0;
        p += n;
        if (part == 0 && (p == end || *p++ != '.'))
            return 0;
    }
    return p == end || *p == ' ' ? (gsize)(p - text.at) : 0;
}

static void add_text(SmtpReply *r, Span text)
{
    gsize code = enhanced_length(r->code, text);
    if (code && !r->enhanced[0]) {
        g_strlcpy(r->enhanced, text.at, MIN(code + 1, sizeof r->enhanced));
    } else if (code) { /* each line repeats it */
        text.at += code;
        text.len -= code;
    }
    text = span_trim(text);
    if (text.len == 0 || r->text->len >= TEXT_MAX)
        return;
    g_autofree char *shown = printable_text(text.at, MIN(text.len, TEXT_MAX - r->text->len), FALSE);
    g_string_append_printf(r->text, r->text->len ? " %s" : "%s", shown);
}

gboolean smtp_reply_add(SmtpReply *r, Span line, gboolean *last, const char **reason)
{
    if (line.len < 3 || digits(line.at, line.at + line.len, 4) != 3 || line.at[0] < '2' ||
        line.at[0] > '5') {
        *reason = N_("a reply without a code");
        return FALSE;
    }
    int code = (line.at[0] - '0') * 100 + (line.at[1] - '0') * 10 + (line.at[2] - '0');
    if (r->code && r->code != code) {
        *reason = N_("a reply with two codes");
        return FALSE;
    }
    if (line.len > 3 && line.at[3] != ' ' && line.at[3] != '-') {
        *reason = N_("a reply without a code");
        return FALSE;
    }
    if (r->lines->len >= SMTP_LINES_MAX) {
        *reason = N_("a reply that does not end");
        return FALSE;
    }
    r->code = code;
    *last = line.len == 3 || line.at[3] == ' ';
    gsize skip = MIN(line.len, 4u);
    Span text = span_new(line.at + skip, line.len - skip);
    char *copy = span_dup(text);
    for (gsize i = 0; i < text.len; i++) {
        if (text.at[i] == '\0')
            copy[i] = '?';
    }
    g_ptr_array_add(r->lines, copy);
    add_text(r, text);
    return TRUE;
}

/* ---- EHLO --------------------------------------------------------------------------------- */

/* The rest of `line` behind keyword and blank; NULL when the line is another keyword's. */
static const char *keyword(const char *line, const char *word)
{
    gsize len = strlen(word);
    if (g_ascii_strncasecmp(line, word, len) != 0)
        return NULL;
    if (line[len] == '\0')
        return line + len;
    return line[len] == ' ' ? line + len + 1 : NULL;
}

static void add_mechanisms(GPtrArray *out, const char *list)
{
    g_auto(GStrv) words = g_strsplit(list, " ", 2 * MECHANISM_MAX);
    for (guint i = 0; words[i] && out->len < MECHANISM_MAX; i++) {
        gboolean valid = *words[i] && strlen(words[i]) <= 20; /* RFC 4422 section 3.1 */
        if (valid && !g_ptr_array_find_with_equal_func(out, words[i], g_str_equal, NULL))
            g_ptr_array_add(out, g_strdup(words[i]));
    }
}

static void parse_size(SmtpExtensions *e, const char *number)
{
    e->size = TRUE;
    /* RFC 1870 section 4: 0 or nothing means that no limit is fixed. */
    guint64 limit = 0;
    if (g_ascii_string_to_unsigned(number, 10, 0, G_MAXINT64, &limit, NULL))
        e->size_limit = limit;
}

void smtp_extensions_parse(SmtpExtensions *e, const SmtpReply *r)
{
    smtp_extensions_clear(e);
    g_autoptr(GPtrArray) auth = g_ptr_array_new();
    for (guint i = 1; i < r->lines->len; i++) { /* the first line is the server's name */
        const char *line = g_ptr_array_index(r->lines, i), *rest;
        if (keyword(line, "STARTTLS"))
            e->starttls = TRUE;
        else if (keyword(line, "PIPELINING"))
            e->pipelining = TRUE;
        else if (keyword(line, "8BITMIME"))
            e->eight_bit = TRUE;
        else if (keyword(line, "SMTPUTF8"))
            e->utf8 = TRUE;
        else if (keyword(line, "ENHANCEDSTATUSCODES"))
            e->enhanced = TRUE;
        else if (keyword(line, "CHUNKING"))
            e->chunking = TRUE;
        else if (keyword(line, "DSN"))
            e->dsn = TRUE;
        else if ((rest = keyword(line, "SIZE")))
            parse_size(e, rest);
        else if ((rest = keyword(line, "AUTH")))
            add_mechanisms(auth, rest);
        else if (g_ascii_strncasecmp(line, "AUTH=", 5) == 0) /* from before RFC 2554 */
            add_mechanisms(auth, line + 5);
    }
    g_ptr_array_add(auth, NULL);
    e->auth = (GStrv)g_ptr_array_free(g_steal_pointer(&auth), FALSE);
}

void smtp_extensions_clear(SmtpExtensions *e)
{
    g_strfreev(e->auth);
    *e = (SmtpExtensions){0};
}
