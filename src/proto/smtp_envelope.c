/* smtp_envelope.c - see smtp_envelope.h. */
#include "smtp_envelope.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define PATH_MAX_LEN        1000 /* section 4.5.3.1.3 says 256; what servers do with more is theirs */
#define ENVELOPE_ID_MAX_LEN 100  /* RFC 3461 section 4.4 */

/* ---- may it go? ------------------------------------------------------------------------------ */

/* Can this stand between "<" and ">" of one command line, and mean only what it says? */
static gboolean path_is_sane(const char *path)
{
    gboolean quoted = FALSE;
    for (const char *p = path; *p; p++) {
        if ((guchar)*p < 0x20 || *p == 0x7f || p - path >= PATH_MAX_LEN)
            return FALSE;
        if (*p == '"')
            quoted = !quoted;
        else if (quoted && *p == '\\' && (guchar)p[1] >= 0x20 && p[1] != 0x7f)
            p++; /* the second half of a quoted pair */
        else if (!quoted && strchr("<> ,;", *p))
            return FALSE;
    }
    return !quoted;
}

static gboolean is_ascii(const char *text)
{
    for (; *text; text++) {
        if ((guchar)*text >= 0x80)
            return FALSE;
    }
    return TRUE;
}

static gboolean check_path(const Smtp *s, const char *path, gboolean sender, gboolean *utf8,
                           GError **err)
{
    g_autofree char *shown = printable_text(path, strlen(path), FALSE);
    if ((!sender && !*path) || !path_is_sane(path) || !g_utf8_validate(path, -1, NULL)) {
        error_set(err, PINTAIL_ERROR_REFUSED,
                  sender ? _("'%s' is not an address that mail can be sent from")
                         : _("'%s' is not an address that mail can be sent to"),
                  shown);
        return FALSE;
    }
    if (is_ascii(path))
        return TRUE;
    *utf8 = TRUE;
    if (s->extensions.utf8)
        return TRUE;
    error_set(err, PINTAIL_ERROR_REFUSED,
              _("%s cannot handle the address '%s': it takes only ASCII (no SMTPUTF8)"),
              stream_peer(s->stream), shown);
    return FALSE;
}

gboolean smtp_envelope_check(const Smtp *s, const SmtpMessage *m, const SmtpMeasure *size,
                             gboolean *utf8, GError **err)
{
    if (!check_path(s, m->sender, TRUE, utf8, err))
        return FALSE;
    if (!m->recipients[0]) {
        error_set(err, PINTAIL_ERROR_REFUSED, _("the message has no recipient"));
        return FALSE;
    }
    for (const char *const *r = m->recipients; *r; r++) {
        if (!check_path(s, *r, FALSE, utf8, err))
            return FALSE;
    }
    if (s->extensions.size_limit && size->size > s->extensions.size_limit) {
        error_set(err, PINTAIL_ERROR_REFUSED,
                  _("the message has %llu bytes, but %s takes at most %llu"),
                  (unsigned long long)size->size, stream_peer(s->stream),
                  (unsigned long long)s->extensions.size_limit);
        return FALSE;
    }
    if (size->nul || (size->eight_bit && !s->extensions.eight_bit)) {
        error_set(err, PINTAIL_ERROR_REFUSED,
                  _("%s takes no 8-bit text: the message has to be encoded differently"),
                  stream_peer(s->stream));
        return FALSE;
    }
    return TRUE;
}

/* ---- the lines ------------------------------------------------------------------------------- */

/* RFC 3461 section 4: "+" and "=" and what is not printable ASCII become +XX. */
static void append_xtext(GString *out, const char *text)
{
    for (; *text; text++) {
        guchar c = (guchar)*text;
        if (c < 0x21 || c > 0x7e || c == '+' || c == '=')
            g_string_append_printf(out, "+%02X", c);
        else
            g_string_append_c(out, (char)c);
    }
}

/* RFC 6533 section 3, utf-8-addr-unitext: for a session that speaks SMTPUTF8 anyway. */
static void append_unitext(GString *out, const char *text)
{
    for (; *text; text++) {
        guchar c = (guchar)*text;
        if (c < 0x21 || c == 0x7f || c == '+' || c == '=' || c == '\\')
            g_string_append_printf(out, "\\x{%02X}", c);
        else
            g_string_append_c(out, (char)c);
    }
}

static gboolean envelope_id_is_sane(const char *id)
{
    if (!id || !*id)
        return FALSE;
    g_autoptr(GString) coded = g_string_new(NULL);
    append_xtext(coded, id);
    return is_ascii(id) && coded->len <= ENVELOPE_ID_MAX_LEN;
}

char *smtp_mail_line(const Smtp *s, const SmtpMessage *m, const SmtpMeasure *size, gboolean utf8)
{
    GString *line = g_string_new(NULL);
    g_string_printf(line, "MAIL FROM:<%s>", m->sender);
    if (s->extensions.size)
        g_string_append_printf(line, " SIZE=%" G_GUINT64_FORMAT, size->size);
    if (size->eight_bit)
        g_string_append(line, " BODY=8BITMIME");
    if (utf8)
        g_string_append(line, " SMTPUTF8");
    if (s->extensions.dsn && m->notify) {
        g_string_append(line, m->return_full ? " RET=FULL" : " RET=HDRS");
        if (envelope_id_is_sane(m->envelope_id)) {
            g_string_append(line, " ENVID=");
            append_xtext(line, m->envelope_id);
        }
    }
    return g_string_free(line, FALSE);
}

static void append_notify(GString *line, guint notify)
{
    static const struct {
        guint bit;
        const char *word;
    } words[] = {{SMTP_NOTIFY_SUCCESS, "SUCCESS"},
                 {SMTP_NOTIFY_FAILURE, "FAILURE"},
                 {SMTP_NOTIFY_DELAY, "DELAY"}};
    if (notify & SMTP_NOTIFY_NEVER) {
        g_string_append(line, " NOTIFY=NEVER");
        return;
    }
    const char *before = " NOTIFY=";
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        if (notify & words[i].bit) {
            g_string_append_printf(line, "%s%s", before, words[i].word);
            before = ",";
        }
    }
}

char *smtp_recipient_line(const Smtp *s, const SmtpMessage *m, const char *address)
{
    GString *line = g_string_new(NULL);
    g_string_printf(line, "RCPT TO:<%s>", address);
    if (!s->extensions.dsn || !m->notify)
        return g_string_free(line, FALSE);
    append_notify(line, m->notify);
    g_string_append(line, is_ascii(address) ? " ORCPT=rfc822;" : " ORCPT=utf-8;");
    if (is_ascii(address))
        append_xtext(line, address);
    else
        append_unitext(line, address);
    return g_string_free(line, FALSE);
}
