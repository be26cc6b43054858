/* parts_job.c - see parts_job.h. Nothing attached is run. */
#include <string.h>
#include <sys/stat.h>
#include "parts_job.h"
#include "content.h"
#include "mailcap.h"
#include "private_file.h"
#include "save_file.h"
#include "pintail/mime/render.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"
#include "pintail/util/spawn.h"
#include "pintail/util/text.h"

#define SHOWN_MAX  (1u << 20) /* bytes of a part shown as text */
#define FILTER_MS  30000
#define TEST_MS    3000

void part_job_free(gpointer p)
{
    PartJob *j = p;
    g_free(j->section);
    g_free(j->path);
    g_free(j->filter);
    g_free(j);
}

void part_result_free(gpointer p)
{
    PartResult *r = p;
    g_free(r->text);
    if (r->path)
        private_file_discard(r->path); /* nobody took it */
    g_free(r->command);
    g_free(r);
}

/* ---- text ---- */

static char *filtered(const char *command, const char *bytes, gsize len, const Cancel *stop, GError **err)
{
    g_autoptr(GString) output = NULL;
    if (!spawn_capture(command, bytes, len, FILTER_MS, stop, &output, err))
        return NULL;
    return text_make_valid(output->str, output->len);
}

static char *shown_text(const Content *c, Store *s, const Part *p, GError **err)
{
    g_autofree char *text = content_text(c, s, p, err);
    if (!text)
        return NULL;
    gsize len = MIN(strlen(text), SHOWN_MAX);
    g_autoptr(Rendered) r = g_str_equal(p->type, "text/html") ? render_html(text, len)
                                                              : render_plain(text, len, p->flowed, p->delsp);
    return rendered_to_text(r);
}

/* ---- for a program ---- */

/* By name and by content: what a desktop would start rather than show. */
static gboolean is_program(const char *name, GBytes *bytes)
{
    static const char *const endings[] = {".desktop", ".exe", ".com", ".bat", ".cmd", ".scr", ".pif", ".msi", ".js", ".jse",
                                          ".vbs", ".vbe", ".wsf", ".hta", ".ps1", ".sh", ".jar", ".appimage", ".run",
                                          ".lnk", ".reg", ".deb", ".rpm", ".flatpakref"};
    static const char *const beginnings[] = {"\177ELF", "MZ", "#!", "[Desktop Entry]"};
    g_autofree char *low = g_ascii_strdown(name, -1);
    gsize len = 0;
    const char *at = g_bytes_get_data(bytes, &len);
    for (gsize i = 0; i < G_N_ELEMENTS(endings); i++)
        if (g_str_has_suffix(low, endings[i]))
            return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(beginnings); i++)
        if (len >= strlen(beginnings[i]) && memcmp(at, beginnings[i], strlen(beginnings[i])) == 0)
            return TRUE;
    return FALSE;
}

static gboolean test_passes(const char *command, gpointer stop)
{
    g_autoptr(GString) output = NULL;
    return spawn_capture(command, NULL, 0, TEST_MS, stop, &output, NULL);
}

static void for_program(PartResult *r, const PartJob *j, const Part *p, GBytes *bytes, const Cancel *stop, GError **err)
{
    gsize len = 0;
    const char *at = g_bytes_get_data(bytes, &len);
    g_autofree char *name = mailcap_plain_name(*p->name ? p->name : "part");
    if (j->action == PART_OPEN && is_program(name, bytes)) {
        error_set(err, PINTAIL_ERROR_INVALID, _("'%s' is a program, and nothing attached is run: s saves it"), name);
        return;
    }
    r->path = private_file_write(name, at, len, err);
    if (!r->path || j->action == PART_PIPE)
        return;
    (void)chmod(r->path, 0400); /* what is changed in it would be lost */
    g_autofree char *mailcap = mailcap_read();
    MailcapEntry e = {0};
    if (!mailcap_find(mailcap, p->type, r->path, test_passes, (gpointer)stop, &e))
        return;
    if (e.copious) {
        r->text = filtered(e.command, NULL, 0, stop, err);
        private_file_discard(g_steal_pointer(&r->path));
    } else {
        r->command = g_steal_pointer(&e.command);
        r->on_terminal = e.on_terminal;
    }
    mailcap_entry_clear(&e);
}

static void act(PartResult *r, const PartJob *j, const Content *c, Store *s, const Part *p, GBytes *bytes,
                const Cancel *stop, GError **err)
{
    gsize len = 0;
    const char *at = g_bytes_get_data(bytes, &len);
    r->size = len;
    if (j->action == PART_SHOW) {
        r->text = j->filter ? filtered(j->filter, at, len, stop, err) : shown_text(c, s, p, err);
        return;
    }
    if (j->action == PART_OPEN || j->action == PART_PIPE) {
        for_program(r, j, p, bytes, stop, err);
        return;
    }
    g_autofree char *path = NULL;
    if (j->action == PART_SAVE_FREE)
        path = file_save_beside(j->path, *p->name ? p->name : "part", bytes, err);
    else if (file_save_new(j->path, bytes, err))
        path = g_strdup(j->path);
    g_autofree char *size = text_size(len);
    if (path)
        r->text = g_strdup_printf(_("Saved %s (%s)"), path, size);
}

gpointer part_job_run(Store *s, gpointer data, const Cancel *stop, GError **err)
{
    const PartJob *j = data;
    g_autoptr(GError) failure = NULL;
    g_autoptr(Content) c = content_open(s, j->message, &failure);
    const Part *p = NULL;
    if (c && !(p = part_by_section(c->root, j->section)))
        p = c->root; /* section "1" of a message of one part */
    PartResult *r = g_new0(PartResult, 1);
    g_autoptr(GBytes) bytes = p && !failure ? content_part(c, s, p, &failure) : NULL;
    if (!bytes && !failure) {
        r->missing = TRUE;
        return r;
    }
    if (bytes)
        act(r, j, c, s, p, bytes, stop, &failure);
    if (!failure)
        return r;
    g_propagate_error(err, g_steal_pointer(&failure));
    part_result_free(r);
    return NULL;
}
