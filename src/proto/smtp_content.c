/* smtp_content.c - see smtp_content.h. */
#include "smtp_content.h"

SmtpMeasure smtp_measure(Span content)
{
    SmtpMeasure m = {0};
    const char *p = content.at, *end = content.at + content.len;
    gboolean line_end = TRUE;
    for (; p < end; p++) {
        m.eight_bit |= (guchar)*p >= 0x80;
        m.nul |= *p == '\0';
        line_end = *p == '\r' || *p == '\n';
        if (*p == '\r' && p + 1 < end && p[1] == '\n')
            p++;
        m.size += line_end ? 2 : 1;
    }
    m.size += line_end ? 0 : 2;
    return m;
}

void smtp_content_begin(SmtpContent *c, Span content, gboolean stuff)
{
    *c = (SmtpContent){.at = content.at, .end = content.at + content.len, .fresh = TRUE, .stuff = stuff};
}

/* A line, or a piece of a very long one. */
static void next_piece(SmtpContent *c, GString *out, gsize room)
{
    const char *stop = c->at, *limit = c->at + MIN((gsize)(c->end - c->at), room);
    while (stop < limit && *stop != '\r' && *stop != '\n')
        stop++;
    if (c->stuff && c->fresh && *c->at == '.')
        g_string_append_c(out, '.');
    g_string_append_len(out, c->at, stop - c->at);
    c->fresh = stop == c->end || *stop == '\r' || *stop == '\n';
    c->at = stop;
    if (!c->fresh)
        return;
    if (stop < c->end)
        c->at += *stop == '\r' && stop + 1 < c->end && stop[1] == '\n' ? 2 : 1;
    g_string_append_len(out, "\r\n", 2);
}

gboolean smtp_content_next(SmtpContent *c, GString *out, gsize room)
{
    if (c->at == c->end)
        return FALSE;
    while (c->at < c->end && out->len < room)
        next_piece(c, out, room);
    return TRUE;
}
