/* words.c - RFC 2047 encoded-words, in and out.
 *
 * In: adjacent words of one charset are joined before they are converted, because
 * senders split characters between them. A word may hold blanks or a fold, may
 * touch other text, may be padded in the middle. Each byte is looked at a
 * bounded number of times. */
#include "words.h"
#include "charset.h"
#include "codec.h"
#include "pintail/mime/part.h"

#define CHARSET_MAX 64

typedef struct {
    char charset[CHARSET_MAX + 1];
    char encoding; /* 'b' or 'q' */
    Span text;
    const char *end; /* behind the closing "?=" */
} Word;

typedef struct {
    GString *out;
    GString *bytes; /* of the words joined so far, not yet converted */
    char charset[CHARSET_MAX + 1];
    Base64State base64;
    const char *no_close; /* from here on there is no "?=" */
} Decoder;

static gboolean is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The encoded-word that begins at `p` ("=?"), or FALSE. */
static gboolean word_at(Decoder *d, const char *p, const char *end, Word *w)
{
    const char *q = p + 2, *charset = q;
    while (q < end && (guchar)*q > ' ' && *q != '?' && *q != '=' && q - charset < CHARSET_MAX)
        q++;
    gsize n = (gsize)(q - charset);
    if (n == 0 || end - q < 5 || q[0] != '?' || q[2] != '?')
        return FALSE;
    w->encoding = g_ascii_tolower(q[1]);
    if (w->encoding != 'b' && w->encoding != 'q')
        return FALSE;
    memcpy(w->charset, charset, n);
    w->charset[n] = '\0';
    char *language = strchr(w->charset, '*');
    if (language)
        *language = '\0';
    if (!w->charset[0])
        return FALSE;
    const char *text = q + 3;
    if (d->no_close && text >= d->no_close)
        return FALSE;
    const char *close = memmem(text, (gsize)(end - text), "?=", 2);
    if (!close) {
        d->no_close = text;
        return FALSE;
    }
    w->text = span_new(text, (gsize)(close - text));
    w->end = close + 2;
    return TRUE;
}

static void flush(Decoder *d)
{
    base64_finish(d->bytes, &d->base64);
    if (d->bytes->len > 0) {
        Span s = span_new(d->bytes->str, d->bytes->len);
        if (!charset_append(d->out, s, d->charset))
            charset_append_guessed(d->out, s);
    }
    g_string_truncate(d->bytes, 0);
    d->charset[0] = '\0';
}

static void add_word(Decoder *d, const Word *w)
{
    if (g_ascii_strcasecmp(d->charset, w->charset) != 0) {
        flush(d);
        g_strlcpy(d->charset, w->charset, sizeof d->charset);
    }
    if (w->encoding == 'b') {
        /* One sextet left over cannot be the end of anything: the sender cut the
         * base64 text itself between words. More are an end without padding. */
        if (d->base64.count != 1)
            base64_finish(d->bytes, &d->base64);
        base64_append(d->bytes, &d->base64, w->text);
        return;
    }
    base64_finish(d->bytes, &d->base64);
    const char *p = w->text.at, *end = p + w->text.len;
    while (p < end) { /* a fold inside a word is no text */
        const char *fold = p;
        while (fold < end && *fold != '\r' && *fold != '\n')
            fold++;
        qp_append(d->bytes, span_new(p, (gsize)(fold - p)), TRUE);
        p = fold;
        if (p < end) {
            while (p < end && is_blank(*p))
                p++;
        }
    }
}

/* Text that is no encoded-word: as it is, line ends of folds left out. */
static void add_text(Decoder *d, const char *from, const char *to)
{
    flush(d);
    g_autoptr(GString) plain = NULL;
    if (memchr(from, '\n', (gsize)(to - from)) || memchr(from, '\r', (gsize)(to - from))) {
        plain = g_string_sized_new((gsize)(to - from));
        for (const char *p = from; p < to; p++) {
            if (*p == '\r' && p + 1 < to && p[1] == '\n')
                continue;
            if (*p == '\n')
                continue;
            g_string_append_c(plain, *p == '\r' ? ' ' : *p);
        }
        from = plain->str;
        to = plain->str + plain->len;
    }
    charset_append_guessed(d->out, span_new(from, (gsize)(to - from)));
}

void words_decode(GString *out, Span text)
{
    if (text.len == 0)
        return;
    const char *p = text.at, *end = text.at + text.len;
    Decoder d = {.out = out, .bytes = g_string_new(NULL)};
    const char *pending = p; /* text not yet given out */
    const char *after_word = NULL;
    while (p < end) {
        const char *q = memchr(p, '=', (gsize)(end - p));
        if (!q || end - q < 2)
            break;
        Word w;
        if (q[1] != '?' || !word_at(&d, q, end, &w)) {
            p = q + 1;
            continue;
        }
        gboolean only_blanks = after_word != NULL; /* RFC 2047 section 6.2 */
        for (const char *b = pending; b < q && only_blanks; b++)
            only_blanks = is_blank(*b);
        if (!only_blanks && q > pending)
            add_text(&d, pending, q);
        add_word(&d, &w);
        p = pending = after_word = w.end;
    }
    if (pending < end)
        add_text(&d, pending, end);
    flush(&d);
    g_string_free(d.bytes, TRUE);
}

char *header_decode(const char *value, gsize len)
{
    GString *out = g_string_sized_new(len + 16);
    words_decode(out, span_trim(span_new(value, len)));
    return g_string_free(out, FALSE);
}
