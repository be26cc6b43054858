/* codec.c - transfer encodings (RFC 2045 section 6; uuencode as POSIX has it),
 * with what real mail does: padding in the middle, text after the end, blanks
 * at line ends, lower-case hex, missing "end". */
#include "codec.h"
#include "pintail/mime/part.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return c == '+' ? 62 : -1;
    return c == '/' ? 63 : -1;
}

gboolean base64_is_char(char c)
{
    return sextet(c) >= 0;
}

void base64_finish(GString *out, Base64State *state)
{
    if (state->count == 2) {
        g_string_append_c(out, (char)(state->bits >> 4));
    } else if (state->count == 3) {
        g_string_append_c(out, (char)(state->bits >> 10));
        g_string_append_c(out, (char)(state->bits >> 2));
    }
    state->bits = state->count = 0;
}

void base64_append(GString *out, Base64State *state, Span text)
{
    gsize before = out->len;
    g_string_set_size(out, before + text.len / 4 * 3 + 6);
    char *to = out->str + before;
    guint32 bits = state->bits;
    guint count = state->count;
    for (gsize i = 0; i < text.len; i++) {
        int v = sextet(text.at[i]);
        if (v < 0) {
            if (text.at[i] != '=')
                continue;
            state->padded = TRUE;
            if (count == 2) {
                *to++ = (char)(bits >> 4);
            } else if (count == 3) {
                *to++ = (char)(bits >> 10);
                *to++ = (char)(bits >> 2);
            }
            bits = count = 0;
            continue;
        }
        bits = bits << 6 | (guint32)v;
        if (++count == 4) {
            *to++ = (char)(bits >> 16);
            *to++ = (char)(bits >> 8);
            *to++ = (char)bits;
            bits = count = 0;
        }
    }
    state->bits = bits;
    state->count = count;
    g_string_set_size(out, (gsize)(to - out->str));
}

/* Behind padding only another block of base64 counts; a mailing list's footer
 * in clear text is not decoded into noise. */
static gboolean looks_like_base64(Span rest)
{
    gsize i = 0, n = 0;
    while (i < rest.len && strchr("\r\n \t", rest.at[i]) && rest.at[i])
        i++;
    for (; i < rest.len && rest.at[i] != '\r' && rest.at[i] != '\n'; i++, n++) {
        if (!base64_is_char(rest.at[i]) && rest.at[i] != '=')
            return FALSE;
    }
    return n >= 4 && n % 4 == 0;
}

static void base64_body(GString *out, Span body)
{
    Base64State state = {0};
    const char *p = body.at, *end = body.at + body.len;
    while (p < end) {
        const char *pad = memchr(p, '=', (gsize)(end - p));
        const char *stop = pad ? pad : end;
        base64_append(out, &state, span_new(p, (gsize)(stop - p)));
        if (!pad)
            break;
        base64_finish(out, &state);
        while (stop < end && (*stop == '=' || *stop == ' ' || *stop == '\t'))
            stop++;
        if (!looks_like_base64(span_new(stop, (gsize)(end - stop))))
            return;
        p = stop;
    }
    base64_finish(out, &state);
}

static int hex_pair(const char *p)
{
    int high = g_ascii_xdigit_value(p[0]), low = g_ascii_xdigit_value(p[1]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* Length of blanks followed by the end of the line (kept out of it), or -1. */
static gssize blanks_to_line_end(const char *p, const char *end)
{
    const char *q = p;
    while (q < end && (*q == ' ' || *q == '\t'))
        q++;
    return q == end || *q == '\n' || (*q == '\r' && (q + 1 == end || q[1] == '\n')) ? q - p : -1;
}

static const char *skip_line_end(const char *p, const char *end)
{
    if (p < end && *p == '\r')
        p++;
    if (p < end && *p == '\n')
        p++;
    return p;
}

void qp_append(GString *out, Span text, gboolean header)
{
    const char *p = text.at, *end = text.at + text.len;
    while (p < end) {
        const char *q = p;
        while (q < end && *q != '=' && *q != ' ' && *q != '\t' && *q != '_')
            q++;
        g_string_append_len(out, p, q - p);
        p = q;
        if (p == end)
            break;
        if (*p == '_') {
            g_string_append_c(out, header ? ' ' : '_');
            p++;
        } else if (*p != '=') {
            /* blanks before a line end were added on the way (RFC 2045 section 6.7 (3)) */
            gssize n = header ? -1 : blanks_to_line_end(p, end);
            if (n < 0) {
                while (p < end && (*p == ' ' || *p == '\t'))
                    g_string_append_c(out, *p++);
            } else {
                p += n;
            }
        } else if (end - p > 2 && hex_pair(p + 1) >= 0) {
            g_string_append_c(out, (char)hex_pair(p + 1));
            p += 3;
        } else {
            gssize n = header ? -1 : blanks_to_line_end(p + 1, end);
            if (n >= 0)
                p = skip_line_end(p + 1 + n, end);
            else
                g_string_append_c(out, *p++);
        }
    }
}

static const char *line_after(const char *p, const char *end)
{
    const char *nl = memchr(p, '\n', (gsize)(end - p));
    return nl ? nl + 1 : end;
}

/* "begin 644 name": the name, or FALSE. */
static gboolean uu_begin(const char *p, const char *next, Span *name)
{
    if (next - p < 11 || memcmp(p, "begin ", 6) != 0)
        return FALSE;
    const char *q = p + 6;
    while (q < next && *q >= '0' && *q <= '7')
        q++;
    gsize digits = (gsize)(q - p - 6);
    if (digits < 3 || digits > 5 || q == next || *q != ' ')
        return FALSE;
    *name = span_trim(span_new(q, (gsize)(next - q)));
    return name->len > 0;
}

/* Does the line hold as many characters as its first one announces? */
static gboolean uu_data_line(const char *p, const char *next)
{
    Span s = span_new(p, (gsize)(next - p));
    while (s.len > 0 && (s.at[s.len - 1] == '\n' || s.at[s.len - 1] == '\r'))
        s.len--;
    if (s.len == 0 || s.at[0] < ' ' || s.at[0] > '`')
        return FALSE;
    gsize octets = (gsize)((s.at[0] - ' ') & 63);
    gsize full = (octets + 2) / 3 * 4;
    gsize least = (octets * 8 + 5) / 6;
    /* blanks at the end may have been lost, a checksum added */
    return octets > 0 && s.len - 1 <= full + 2 && s.len - 1 + 4 >= least;
}

gboolean uu_find(Span text, gsize from, UuFile *out)
{
    const char *p = text.at + from, *end = text.at + text.len;
    while (p < end) {
        const char *next = line_after(p, end);
        if (uu_begin(p, next, &out->name) && next < end &&
            uu_data_line(next, line_after(next, end))) {
            const char *q = next;
            while (q < end) {
                const char *after = line_after(q, end);
                Span line = span_trim(span_new(q, (gsize)(after - q)));
                gboolean last = line.len == 3 && memcmp(line.at, "end", 3) == 0;
                if (!last && line.len > 1 && !uu_data_line(q, after))
                    break; /* running text again: "end" was lost */
                q = after;
                if (last)
                    break;
            }
            out->whole = span_new(p, (gsize)(q - p));
            return TRUE;
        }
        p = next;
    }
    return FALSE;
}

static void uu_line(GString *out, Span line)
{
    gsize octets = (gsize)((line.at[0] - ' ') & 63);
    const char *p = line.at + 1;
    gsize left = line.len - 1;
    if (left + 4 < (octets * 8 + 5) / 6)
        octets = left * 6 / 8; /* more than blanks was lost: what there is */
    while (octets > 0) {
        guint32 v = 0;
        for (gsize i = 0; i < 4; i++) /* blanks lost at the end stand for zero */
            v = v << 6 | (i < left ? (guint32)(p[i] - ' ') & 63 : 0);
        p += MIN(left, 4);
        left -= MIN(left, 4);
        for (gsize i = 0; i < 3 && octets > 0; i++, octets--)
            g_string_append_c(out, (char)(v >> (16 - 8 * i)));
    }
}

void uu_append(GString *out, Span text)
{
    const char *p = text.at, *end = text.at + text.len;
    Span name;
    gboolean inside = FALSE;
    while (p < end) {
        const char *next = line_after(p, end);
        if (!inside) {
            inside = uu_begin(p, next, &name);
        } else {
            Span line = span_new(p, (gsize)(next - p));
            while (line.len > 0 && (line.at[line.len - 1] == '\n' || line.at[line.len - 1] == '\r'))
                line.len--;
            if (line.len >= 3 && memcmp(line.at, "end", 3) == 0 && !uu_data_line(p, next))
                return;
            if (line.len > 0)
                uu_line(out, line);
        }
        p = next;
    }
}

static const char *after_line(const char *p, const char *end)
{
    const char *nl = p < end ? memchr(p, '\n', (gsize)(end - p)) : NULL;
    return nl ? nl + 1 : end;
}

void yenc_append(GString *out, Span text)
{
    const char *p = text.at, *end = text.at + text.len;
    while (p < end) {
        const char *next = after_line(p, end);
        if (next - p > 1 && p[0] == '=' && p[1] == 'y') {
            p = next;
            continue;
        }
        for (; p < next; p++) {
            if (*p == '\r' || *p == '\n')
                continue;
            if (*p == '=' && p + 1 < next) {
                p++;
                g_string_append_c(out, (char)(*p - 64 - 42));
            } else {
                g_string_append_c(out, (char)(*p - 42));
            }
        }
    }
}

/* "=ybegin line=128 size=123 name=the rest of the line" */
gboolean yenc_find(Span text, gsize from, UuFile *out)
{
    const char *end = text.at + text.len;
    if (from >= text.len)
        return FALSE;
    for (const char *p = text.at + from; (p = memmem(p, (gsize)(end - p), "=ybegin ", 8)); p++) {
        if (p != text.at && p[-1] != '\n')
            continue;
        const char *line_end = after_line(p, end);
        const char *name = memmem(p, (gsize)(line_end - p), " name=", 6);
        if (!name || !memmem(p, (gsize)(name - p), " size=", 6))
            continue;
        const char *stop = memmem(line_end, (gsize)(end - line_end), "\n=yend", 6);
        out->name = span_trim(span_new(name + 6, (gsize)(line_end - name - 6)));
        out->whole = span_new(p, (gsize)((stop ? after_line(stop + 1, end) : end) - p));
        return TRUE;
    }
    return FALSE;
}

GBytes *part_decode(PartEncoding encoding, Span body)
{
    if (encoding == PART_ENCODING_IDENTITY || body.len == 0)
        return g_bytes_new(body.at, body.len);
    GString *out = g_string_sized_new(body.len);
    if (encoding == PART_ENCODING_BASE64)
        base64_body(out, body);
    else if (encoding == PART_ENCODING_QUOTED_PRINTABLE)
        qp_append(out, body, FALSE);
    else if (encoding == PART_ENCODING_YENC)
        yenc_append(out, body);
    else
        uu_append(out, body);
    return g_string_free_to_bytes(out);
}

void base64_encode_lines(GString *out, Span bytes)
{
    const guchar *p = (const guchar *)bytes.at;
    for (gsize i = 0; i < bytes.len; i += 57) { /* 57 octets are 76 characters */
        gsize n = MIN(bytes.len - i, 57);
        char line[80];
        gsize k = 0;
        for (gsize j = 0; j < n; j += 3) {
            gsize have = MIN(n - j, 3);
            guint32 v = (guint32)p[i + j] << 16;
            v |= have > 1 ? (guint32)p[i + j + 1] << 8 : 0;
            v |= have > 2 ? (guint32)p[i + j + 2] : 0;
            line[k++] = alphabet[v >> 18];
            line[k++] = alphabet[v >> 12 & 63];
            line[k++] = have > 1 ? alphabet[v >> 6 & 63] : '=';
            line[k++] = have > 2 ? alphabet[v & 63] : '=';
        }
        g_string_append_len(out, line, (gssize)k);
        g_string_append(out, "\r\n");
    }
}

/* One line of text, without its end. "From " and "." at the line start are encoded:
 * both have been changed on the way by software that means well. */
static void qp_encode_line(GString *out, const char *p, gsize len)
{
    static const char hex[] = "0123456789ABCDEF";
    gsize column = 0;
    gboolean from = len >= 5 && memcmp(p, "From ", 5) == 0;
    for (gsize i = 0; i < len; i++) {
        guchar c = (guchar)p[i];
        gboolean last = i + 1 == len;
        gboolean plain = (c > ' ' && c < 0x7f && c != '=') || ((c == ' ' || c == '\t') && !last);
        if (i == 0 && (from || c == '.'))
            plain = FALSE;
        gsize need = plain ? 1 : 3;
        if (column + need > (last ? 76 : 75)) {
            g_string_append(out, "=\r\n");
            column = 0;
            if (c == '.' || (c == 'F' && len - i >= 5 && memcmp(p + i, "From ", 5) == 0)) {
                plain = FALSE;
                need = 3;
            }
        }
        if (plain) {
            g_string_append_c(out, (char)c);
        } else {
            g_string_append_c(out, '=');
            g_string_append_c(out, hex[c >> 4]);
            g_string_append_c(out, hex[c & 15]);
        }
        column += need;
    }
}

void qp_encode_text(GString *out, Span text)
{
    const char *p = text.at, *end = text.at + text.len;
    while (p < end) {
        const char *nl = memchr(p, '\n', (gsize)(end - p));
        gsize len = (gsize)((nl ? nl : end) - p);
        gsize line = len;
        if (nl && line > 0 && p[line - 1] == '\r')
            line--;
        qp_encode_line(out, p, line);
        if (!nl)
            break;
        g_string_append(out, "\r\n");
        p += len + 1;
    }
}
