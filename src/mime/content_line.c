/* content_line.c - see content_line.h. */
#include "content_line.h"
#include <string.h>
#include "charset.h"
#include "codec.h"
#include "pintail/mime/part.h"

void content_cursor_init(ContentCursor *c, const char *text)
{
    *c = (ContentCursor){text, 0};
    if (g_str_has_prefix(text, "\xEF\xBB\xBF"))
        c->at += 3;
}

void content_line_clear(ContentLine *l)
{
    g_clear_pointer(&l->name, g_free);
    g_clear_pointer(&l->value, g_free);
    g_clear_pointer(&l->params, g_ptr_array_unref);
}

/* One line without its end; the cursor goes behind it. */
static const char *raw_line(ContentCursor *c, gsize *len)
{
    const char *start = c->at;
    gsize n = strcspn(start, "\r\n");
    c->at = start + n;
    if (*c->at == '\r')
        c->at++;
    if (*c->at == '\n')
        c->at++;
    c->lines++;
    *len = n;
    return start;
}

static void append_bounded(GString *to, const char *at, gsize len)
{
    gsize room = to->len < CONTENT_VALUE_MAX ? CONTENT_VALUE_MAX - to->len : 0;
    g_string_append_len(to, at, (gssize)MIN(len, room));
}

/* The line with what is folded into it. */
static char *logical_line(ContentCursor *c)
{
    GString *s = g_string_new(NULL);
    gsize len;
    const char *at = raw_line(c, &len);
    append_bounded(s, at, len);
    while (*c->at == ' ' || *c->at == '\t') {
        at = raw_line(c, &len);
        append_bounded(s, at + 1, len - 1);
    }
    const char *colon = strchr(s->str, ':');
    g_autofree char *head = g_ascii_strup(s->str, colon ? colon - s->str : 0);
    if (strstr(head, "QUOTED-PRINTABLE")) { /* vCard 2.1: soft line breaks */
        while (s->len > 0 && s->str[s->len - 1] == '=' && *c->at && c->lines < CONTENT_LINES_MAX) {
            g_string_truncate(s, s->len - 1);
            at = raw_line(c, &len);
            append_bounded(s, at, len);
            if (s->len >= CONTENT_VALUE_MAX)
                break;
        }
    }
    char *valid = g_utf8_make_valid(s->str, (gssize)s->len);
    g_string_free(s, TRUE);
    return valid;
}

/* The end of a run outside double quotes that holds none of `stops`. */
static char *outside_quotes(char *p, const char *stops)
{
    gboolean quoted = FALSE;
    for (; *p; p++) {
        if (*p == '"')
            quoted = !quoted;
        else if (!quoted && strchr(stops, *p))
            break;
    }
    return p;
}

/* RFC 6868: ^n, ^', ^^ */
static char *param_value(const char *at, gsize len)
{
    GString *s = g_string_new(NULL);
    for (gsize i = 0; i < len; i++) {
        if (at[i] == '^' && i + 1 < len && strchr("n'^", at[i + 1])) {
            i++;
            g_string_append_c(s, at[i] == 'n' ? ' ' : at[i] == '\'' ? '"' : '^');
        } else if (at[i] != '"') {
            g_string_append_c(s, at[i]);
        }
    }
    return g_string_free(s, FALSE);
}

static void add_param(ContentLine *out, char *at, char *end)
{
    char *equals = memchr(at, '=', (gsize)(end - at));
    if (out->params->len >= 2 * CONTENT_PARAMS_MAX || end == at)
        return;
    g_ptr_array_add(out->params, equals ? g_ascii_strup(at, equals - at) : g_strdup("TYPE"));
    char *value = equals ? equals + 1 : at;
    g_ptr_array_add(out->params, param_value(value, (gsize)(end - value)));
}

static void decode_quoted(ContentLine *out)
{
    const char *encoding = content_param(out, "ENCODING");
    const char *charset = content_param(out, "CHARSET");
    gboolean quoted = encoding && g_ascii_strcasecmp(encoding, "QUOTED-PRINTABLE") == 0;
    for (guint i = 1; i < out->params->len && !quoted; i += 2)
        quoted = g_ascii_strcasecmp(out->params->pdata[i], "QUOTED-PRINTABLE") == 0;
    if (!quoted)
        return;
    g_autoptr(GString) bytes = g_string_new(NULL);
    qp_append(bytes, span_of(out->value), FALSE);
    g_free(out->value);
    out->value = charset_to_utf8(span_new(bytes->str, bytes->len), charset ? charset : "", NULL);
}

gboolean content_line_next(ContentCursor *c, ContentLine *out)
{
    content_line_clear(out);
    while (*c->at && c->lines < CONTENT_LINES_MAX) {
        g_autofree char *line = logical_line(c);
        char *name_end = line + strcspn(line, ":;");
        if (!*name_end || name_end == line)
            continue; /* no content line */
        char *dot = memchr(line, '.', (gsize)(name_end - line));
        char *name = dot ? dot + 1 : line;
        out->name = g_ascii_strup(name, name_end - name);
        out->params = g_ptr_array_new_with_free_func(g_free);
        char *p = name_end;
        while (*p == ';') {
            char *end = outside_quotes(p + 1, ":;");
            add_param(out, p + 1, end);
            p = end;
        }
        out->value = g_strdup(*p == ':' ? p + 1 : "");
        decode_quoted(out);
        return TRUE;
    }
    return FALSE;
}

const char *content_param(const ContentLine *l, const char *name)
{
    for (guint i = 0; i + 1 < l->params->len; i += 2)
        if (strcmp(l->params->pdata[i], name) == 0)
            return l->params->pdata[i + 1];
    return NULL;
}

static void append_escaped(GString *out, const char **p, gboolean one_line)
{
    if (**p == '\\' && (*p)[1]) {
        ++*p;
        if (**p == 'n' || **p == 'N')
            g_string_append_c(out, one_line ? ' ' : '\n');
        else
            g_string_append_c(out, **p);
    } else if (one_line && (**p == '\n' || **p == '\r')) {
        g_string_append_c(out, ' ');
    } else {
        g_string_append_c(out, **p);
    }
    ++*p;
}

char *content_unescape(const char *value, gboolean one_line)
{
    GString *out = g_string_new(NULL);
    for (const char *p = value; *p;)
        append_escaped(out, &p, one_line);
    return g_strstrip(g_string_free(out, FALSE));
}

char *content_field(const char *value, guint n)
{
    GString *out = g_string_new(NULL);
    guint at = 0;
    for (const char *p = value; *p && at <= n;) {
        if (*p == ';') {
            at++;
            p++;
        } else if (at == n) {
            append_escaped(out, &p, TRUE);
        } else {
            p += p[0] == '\\' && p[1] ? 2 : 1;
        }
    }
    return g_strstrip(g_string_free(out, FALSE));
}
