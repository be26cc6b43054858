/* imap_rights.c - what the person may do in folders (MYRIGHTS, RFC 4314) and how full the account is
 * (GETQUOTAROOT, RFC 9208 and 2087). */
#include "imap_session.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define RIGHTS_WINDOW 20
#define RIGHTS_MAX    64 /* letters of one answer that are kept */

typedef struct {
    const char *name;
    char **out;
} RightsOf;

static gboolean rights_data(ImapSession *s, ImapCommand *c, const Response *r)
{
    const RightsOf *of = c->user;
    if (r->kind != RESPONSE_MYRIGHTS)
        return FALSE;
    g_autofree char *rights = NULL;
    g_autofree char *name = imap_parse_my_rights(r->rest, &rights, s->utf8, s->chunk);
    if (!name || strcmp(name, of->name) != 0 || *of->out)
        return FALSE;
    *of->out = g_strndup(rights, RIGHTS_MAX);
    return TRUE;
}

static gboolean rights_window(ImapSession *s, RightsOf *of, gsize n, GError **err)
{
    g_autoptr(GPtrArray) commands = g_ptr_array_new();
    gboolean good = TRUE;
    for (gsize i = 0; i < n && good; i++) {
        g_auto(Line) line = {0};
        imap_line_init(&line, s, "MYRIGHTS ");
        if (!imap_line_name(&line, of[i].name, NULL))
            continue;
        ImapCommand *c = imap_command_new(s, rights_data, &of[i], "MYRIGHTS %s", of[i].name);
        g_ptr_array_add(commands, c);
        good = imap_command_send(s, c, &line, err);
    }
    for (guint i = 0; i < commands->len; i++) {
        ImapCommand *c = g_ptr_array_index(commands, i);
        good = good && imap_command_wait(s, c, err);
        if (good)
            imap_command_judge(s, c, NULL);
    }
    for (guint i = 0; i < commands->len; i++)
        imap_command_free(s, g_ptr_array_index(commands, i));
    return good;
}

gboolean imap_my_rights(ImapSession *s, const char *const *names, gsize n, char **out, GError **err)
{
    g_autofree RightsOf *of = g_new0(RightsOf, n + 1);
    for (gsize i = 0; i < n; i++) {
        out[i] = NULL;
        of[i] = (RightsOf){names[i], &out[i]};
    }
    for (gsize i = 0; i < n && imap_has(s, IMAP_CAP_ACL); i += RIGHTS_WINDOW) {
        if (!rights_window(s, of + i, MIN(RIGHTS_WINDOW, n - i), err)) {
            for (gsize k = 0; k < n; k++)
                g_clear_pointer(&out[k], g_free);
            return FALSE;
        }
    }
    return imap_session_check(s, err);
}

typedef struct {
    guint64 used, limit;
} Quota;

static gboolean quota_data(ImapSession *s, ImapCommand *c, const Response *r)
{
    Quota *q = c->user;
    Quota one = {0};
    if (r->kind == RESPONSE_QUOTAROOT)
        return TRUE;
    if (r->kind != RESPONSE_QUOTA || !imap_parse_quota(r->rest, &one.used, &one.limit, s->chunk))
        return FALSE;
    /* several roots: the one that is nearest to its limit */
    if (one.limit > 0 && (q->limit == 0 || (double)one.used / (double)one.limit > (double)q->used / (double)q->limit))
        *q = one;
    return TRUE;
}

gboolean imap_quota(ImapSession *s, const char *folder, guint64 *used, guint64 *limit, GError **err)
{
    Quota q = {0};
    *used = *limit = 0;
    if (!imap_has(s, IMAP_CAP_QUOTA))
        return imap_session_check(s, err);
    g_auto(Line) line = {0};
    imap_line_init(&line, s, "GETQUOTAROOT ");
    if (!imap_line_name(&line, folder, err))
        return FALSE;
    if (!imap_command_run(s, imap_command_new(s, quota_data, &q, "GETQUOTAROOT %s", folder), &line, err))
        return FALSE;
    *used = q.used;
    *limit = q.limit;
    return TRUE;
}
