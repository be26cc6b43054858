/* mime_parse.c - how fast messages are parsed, beside the floor.
 *
 * Messages are made here, in memory, from a fixed seed: plain text, HTML with a text
 * alternative, and mixed ones with a base64 attachment. Each kind is parsed whole
 * (part_parse: headers, tree, every boundary) and, for the floor, scanned for line
 * ends with memchr() over the same bytes. The best of several rounds counts. */
#include <stdio.h>
#include <time.h>
#include "pintail/mime/envelope.h"
#include "pintail/mime/part.h"

#define MESSAGES 200
#define ROUNDS 7

typedef GBytes *(*Maker)(guint number);

static guint32 seed = 1;

static guint32 next_random(guint32 below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

static void put_words(GString *out, guint lines, const char *end)
{
    static const char *const words[] = {"the", "report", "of", "last", "week", "is", "attached",
                                        "please", "answer", "before", "Friday", "because", "we",
                                        "meet", "again", "in", "Lisbon", "about", "harbour"};
    for (guint i = 0; i < lines; i++) {
        gsize start = out->len;
        while (out->len - start < 60 + next_random(14))
            g_string_append_printf(out, "%s ", words[next_random(G_N_ELEMENTS(words))]);
        out->str[out->len - 1] = '.';
        g_string_append(out, end);
    }
}

static GString *begin_message(guint n)
{
    GString *m = g_string_new(NULL);
    for (guint i = 0; i < 4; i++)
        g_string_append_printf(m,
                               "Received: from mx%u.example.net (mx%u.example.net [192.0.2.%u])\r\n"
                               "\tby mail.example.org (Postfix) with ESMTPS id 4F%08X\r\n"
                               "\tfor <ana@example.org>; Thu, 19 Nov 2026 10:%02u:11 +0100 (CET)\r\n",
                               i, i, next_random(250), next_random(1 << 24), i);
    g_string_append_printf(m,
                           "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.net;\r\n"
                           "\ts=mail; h=from:to:subject:date:message-id; bh=47DEQpj8HBSa+/TImW+5JC;\r\n"
                           "\tb=dzdVyOfAKCdLXdJOc9G2q8LoXSlEniSbav+yuU4zGeeruD00lszZVoG4ZHRNiYzR\r\n"
                           "Date: Thu, 19 Nov 2026 10:00:00 +0100\r\n"
                           "From: =?UTF-8?Q?Bj=C3=B6rn_Lindqvist?= <bjorn@example.net>\r\n"
                           "To: Ana Costa <ana@example.org>, list@example.com\r\n"
                           "Subject: Report %u\r\nMessage-ID: <%u.report@example.net>\r\n"
                           "References: <1@example.net> <2@example.net>\r\nMIME-Version: 1.0\r\n",
                           n, n);
    return m;
}

static GBytes *make_plain(guint n)
{
    GString *m = begin_message(n);
    g_string_append(m, "Content-Type: text/plain; charset=utf-8\r\n\r\n");
    put_words(m, 60, "\r\n");
    return g_string_free_to_bytes(m);
}

static void put_alternative(GString *m, guint n)
{
    g_string_append_printf(m, "Content-Type: multipart/alternative; boundary=\"alt-%08u\"\r\n\r\n", n);
    g_string_append_printf(m, "--alt-%08u\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n", n);
    put_words(m, 40, "\r\n");
    g_string_append_printf(m,
                           "--alt-%08u\r\nContent-Type: text/html; charset=utf-8\r\n"
                           "Content-Transfer-Encoding: quoted-printable\r\n\r\n<html><body>",
                           n);
    for (guint i = 0; i < 40; i++) {
        g_string_append(m, "<p style=3D\"font-family:Arial,sans-serif;font-size:14px\">=\r\n");
        put_words(m, 5, "=\r\n");
    }
    g_string_append_printf(m, "</body></html>\r\n--alt-%08u--\r\n", n);
}

static GBytes *make_html(guint n)
{
    GString *m = begin_message(n);
    put_alternative(m, n);
    return g_string_free_to_bytes(m);
}

static GBytes *make_attachment(guint n)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    GString *m = begin_message(n);
    g_string_append_printf(m, "Content-Type: multipart/mixed; boundary=\"mix-%08u\"\r\n\r\n", n);
    g_string_append_printf(m, "--mix-%08u\r\n", n);
    put_alternative(m, n);
    g_string_append_printf(m,
                           "--mix-%08u\r\nContent-Type: application/pdf; name=\"report.pdf\"\r\n"
                           "Content-Transfer-Encoding: base64\r\n"
                           "Content-Disposition: attachment; filename=\"report.pdf\"\r\n\r\n",
                           n);
    for (guint line = 0; line < 3000; line++) {
        for (guint i = 0; i < 76; i++)
            g_string_append_c(m, alphabet[next_random(64)]);
        g_string_append(m, "\r\n");
    }
    g_string_append_printf(m, "--mix-%08u--\r\n", n);
    return g_string_free_to_bytes(m);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static guint parse_one(const char *at, gsize len)
{
    g_autoptr(Part) root = part_parse(at, len);
    return root->children->len + 1;
}

static guint scan_one(const char *at, gsize len)
{
    guint lines = 0;
    const char *end = at + len;
    while (at < end && (at = memchr(at, '\n', (gsize)(end - at)))) {
        lines++;
        at++;
    }
    return lines;
}

static guint envelope_one(const char *at, gsize len)
{
    g_autoptr(Envelope) e = envelope_parse(at, len);
    return e->from->len;
}

static double best_seconds(GPtrArray *messages, guint (*work)(const char *, gsize))
{
    double best = 1e9;
    volatile guint sum = 0;
    for (guint round = 0; round < ROUNDS; round++) {
        double start = now();
        for (guint i = 0; i < messages->len; i++) {
            gsize len;
            const char *at = g_bytes_get_data(g_ptr_array_index(messages, i), &len);
            sum += work(at, len);
        }
        best = MIN(best, now() - start);
    }
    return best;
}

static void run(const char *name, Maker make, guint count)
{
    g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    gsize bytes = 0;
    for (guint i = 0; i < count; i++) {
        g_ptr_array_add(messages, make(i));
        bytes += g_bytes_get_size(g_ptr_array_index(messages, i));
    }
    double parse = best_seconds(messages, parse_one), scan = best_seconds(messages, scan_one);
    double envelope = best_seconds(messages, envelope_one), mb = (double)bytes / 1e6;
    printf("%-22s %6.1f MB  parse %7.0f MB/s  floor (memchr) %7.0f MB/s  ratio %5.2f"
           "  %5.1f us/message, envelope %5.1f us\n",
           name, mb, mb / parse, mb / scan, parse / scan, parse / count * 1e6,
           envelope / count * 1e6);
}

int main(void)
{
    run("plain text", make_plain, MESSAGES * 5);
    run("text and html", make_html, MESSAGES * 2);
    run("base64 attachment", make_attachment, MESSAGES);
    return 0;
}
