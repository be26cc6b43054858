/* Any bytes as an SMTP reply, line by line, and as what EHLO announces. */
#include "../../src/proto/smtp_reply.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    const char *p = (const char *)data, *end = p + size;
    SmtpReply r;
    SmtpExtensions e = {0};
    smtp_reply_init(&r);
    gboolean last = FALSE;
    const char *reason = NULL;
    while (p < end && !last && !reason) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        Span line = span_new(p, (gsize)((lf ? lf : end) - p));
        if (!smtp_reply_add(&r, line, &last, &reason))
            g_assert(reason);
        p = lf ? lf + 1 : end;
    }
    if (last) {
        g_assert(r.code >= 200 && r.code <= 599);
        g_assert(r.lines->len > 0 && r.lines->len <= SMTP_LINES_MAX);
    }
    g_assert(g_utf8_validate(r.text->str, (gssize)r.text->len, NULL));
    for (gsize i = 0; i < r.text->len; i++)
        g_assert((guchar)r.text->str[i] >= 0x20 && r.text->str[i] != 0x7f);
    g_assert(!r.enhanced[0] || r.enhanced[0] == '0' + r.code / 100);
    smtp_extensions_parse(&e, &r);
    g_assert(e.auth && g_strv_length(e.auth) <= 64);
    smtp_extensions_clear(&e);
    smtp_reply_clear(&r);
    return 0;
}
