/* imap_name.c - mailbox names: modified UTF-7 (RFC 3501 section 5.1.3) <-> UTF-8.
 *
 * Guarantee: imap_name_encode(imap_name_decode(wire)) == wire for every name without NUL
 * ("inbox" in any case becomes INBOX, which is the same mailbox), and what is decoded is
 * valid UTF-8. Names that are not proper modified UTF-7, or that would not come back the
 * same, are carried as U+F700 and their bytes, those that are not UTF-8 moved to
 * U+F780..U+F7FF. */
#include "imap_grammar.h"

#define RAW_MARK  0xf700
#define RAW_FIRST 0xf780 /* + (byte - 0x80) */
#define RAW_LAST  0xf7ff

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static int base64_value(char c)
{
    const char *at = c ? strchr(base64, c) : NULL;
    return at ? (int)(at - base64) : -1;
}

/* One UTF-16 unit of a shifted run; FALSE when surrogates do not pair. */
static gboolean add_unit(GString *out, guint unit, guint *high)
{
    if (*high) {
        if (unit < 0xdc00 || unit > 0xdfff)
            return FALSE;
        g_string_append_unichar(out, 0x10000 + ((*high - 0xd800) << 10) + (unit - 0xdc00));
        *high = 0;
        return TRUE;
    }
    if (unit >= 0xdc00 && unit <= 0xdfff)
        return FALSE;
    if (unit >= 0xd800 && unit <= 0xdbff)
        *high = unit;
    else if (unit == 0 || (unit >= RAW_MARK && unit <= RAW_LAST))
        return FALSE; /* these are ours; such a name is carried raw */
    else
        g_string_append_unichar(out, unit);
    return TRUE;
}

/* The shifted run after '&', up to and with its '-'. */
static gboolean decode_run(const char **at, const char *end, GString *out)
{
    guint32 bits = 0;
    guint count = 0, high = 0;
    const char *p = *at;
    for (; p < end && *p != '-'; p++) {
        int value = base64_value(*p);
        if (value < 0)
            return FALSE;
        bits = (bits << 6 | (guint32)value) & 0xffffff;
        count += 6;
        if (count >= 16) {
            count -= 16;
            if (!add_unit(out, bits >> count & 0xffff, &high))
                return FALSE;
        }
    }
    if (p == end || high || count >= 6 || (bits & ((1u << count) - 1)))
        return FALSE;
    *at = p + 1;
    return TRUE;
}

static gboolean decode_proper(Span wire, GString *out)
{
    const char *p = wire.at, *end = wire.at + wire.len;
    while (p < end) {
        guchar c = (guchar)*p++;
        if (c < 0x20 || c > 0x7e)
            return FALSE;
        if (c != '&') {
            g_string_append_c(out, (char)c);
        } else if (p < end && *p == '-') {
            g_string_append_c(out, '&');
            p++;
        } else if (!decode_run(&p, end, out)) {
            return FALSE;
        }
    }
    return TRUE;
}

static char *decode_raw(Span wire)
{
    GString *out = g_string_sized_new(wire.len + 4);
    g_string_append_unichar(out, RAW_MARK);
    for (const char *p = wire.at, *end = p + wire.len; p < end;) {
        gunichar c = g_utf8_get_char_validated(p, end - p);
        gboolean good =
            c != (gunichar)-1 && c != (gunichar)-2 && c != 0 && (c < RAW_FIRST || c > RAW_LAST);
        gsize len = good ? (gsize)g_unichar_to_utf8(c, NULL) : 1;
        if (good)
            g_string_append_len(out, p, (gssize)len);
        else if (*p)
            g_string_append_unichar(out, RAW_FIRST + ((guchar)*p - 0x80));
        p += len;
    }
    return g_string_free(out, FALSE);
}

char *imap_name_decode(Span wire)
{
    if (wire.len == 5 && g_ascii_strncasecmp(wire.at, "INBOX", 5) == 0)
        return g_strdup("INBOX");
    GString *out = g_string_sized_new(wire.len + 1);
    if (wire.len == 0 || decode_proper(wire, out)) {
        char *name = g_string_free(out, FALSE);
        g_autofree char *again = imap_name_encode(name);
        if (again && strlen(again) == wire.len &&
            memcmp(again, wire.at ? wire.at : "", wire.len) == 0)
            return name;
        g_free(name);
    } else {
        g_string_free(out, TRUE);
    }
    return decode_raw(wire);
}

static char *encode_raw(const char *name)
{
    GString *out = g_string_new(NULL);
    for (const char *p = name; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (c >= RAW_FIRST && c <= RAW_LAST)
            g_string_append_c(out, (char)(0x80 + (c - RAW_FIRST)));
        else
            g_string_append_unichar(out, c);
    }
    return g_string_free(out, FALSE);
}

/* The bits of a shifted run on their way out. */
typedef struct {
    GString *out;
    guint32 bits;
    guint count;
    gboolean open;
} Shift;

static void shift_unit(Shift *s, guint unit)
{
    if (!s->open)
        g_string_append_c(s->out, '&');
    s->open = TRUE;
    s->bits = s->bits << 16 | unit;
    s->count += 16;
    while (s->count >= 6) {
        s->count -= 6;
        g_string_append_c(s->out, base64[s->bits >> s->count & 63]);
    }
    s->bits &= (1u << s->count) - 1;
}

static void shift_close(Shift *s)
{
    if (!s->open)
        return;
    if (s->count > 0)
        g_string_append_c(s->out, base64[s->bits << (6 - s->count) & 63]);
    g_string_append_c(s->out, '-');
    s->bits = s->count = 0;
    s->open = FALSE;
}

char *imap_name_encode(const char *name)
{
    if (!g_utf8_validate(name, -1, NULL))
        return NULL;
    if (g_utf8_get_char(name) == RAW_MARK)
        return encode_raw(g_utf8_next_char(name));
    Shift s = {.out = g_string_new(NULL)};
    for (const char *p = name; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (c >= 0x20 && c <= 0x7e) {
            shift_close(&s);
            g_string_append_c(s.out, (char)c);
            if (c == '&')
                g_string_append_c(s.out, '-');
        } else if (c >= 0x10000) {
            shift_unit(&s, 0xd800 + ((c - 0x10000) >> 10));
            shift_unit(&s, 0xdc00 + ((c - 0x10000) & 0x3ff));
        } else {
            shift_unit(&s, c);
        }
    }
    shift_close(&s);
    return g_string_free(s.out, FALSE);
}

char *imap_name_decode_utf8(Span wire)
{
    if (wire.len == 5 && g_ascii_strncasecmp(wire.at, "INBOX", 5) == 0)
        return g_strdup("INBOX");
    gboolean good = wire.len == 0 || g_utf8_validate(wire.at, (gssize)wire.len, NULL);
    for (const char *p = wire.at, *end = wire.at + wire.len; good && p < end; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        good = c >= 0x20 && c != 0x7f && (c < RAW_MARK || c > RAW_LAST);
    }
    return good ? g_strndup(wire.at ? wire.at : "", wire.len) : decode_raw(wire);
}

char *imap_name_encode_utf8(const char *name)
{
    if (!g_utf8_validate(name, -1, NULL))
        return NULL;
    return g_utf8_get_char(name) == RAW_MARK ? encode_raw(g_utf8_next_char(name)) : g_strdup(name);
}
