/* browser.c - `B`: a message's HTML in a browser, from a private file without anything remote. */
#include <string.h>
#include "command.h"
#include "content.h"
#include "loader.h"
#include "panes.h"
#include "private_file.h"
#include "pintail/mime/render.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define PICTURES_MAX (20 * 1024 * 1024) /* bytes of all that are put into the file */

typedef struct {
    Store *store;
    const Content *content;
    gsize pictures; /* bytes of them so far */
} Source;

static const Part *part_of_id(const Part *root, const char *id)
{
    g_autoptr(GPtrArray) todo = g_ptr_array_new();
    g_ptr_array_add(todo, (gpointer)root);
    while (todo->len > 0) {
        const Part *p = g_ptr_array_steal_index(todo, todo->len - 1);
        if (*p->content_id && g_str_equal(p->content_id, id))
            return p;
        for (guint i = p->children->len; i-- > 0;)
            g_ptr_array_add(todo, p->children->pdata[i]);
    }
    return NULL;
}

/* A part of the message as a data: URL; pictures only, and of kinds that hold nothing but a picture. */
static char *inline_image(const char *id, gpointer data)
{
    static const char *const types[] = {"image/png", "image/jpeg", "image/gif", "image/webp", NULL};
    Source *source = data;
    const Part *p = part_of_id(source->content->root, id);
    if (!p || !g_strv_contains(types, p->type) || source->pictures > PICTURES_MAX)
        return NULL;
    g_autoptr(GBytes) bytes = content_part(source->content, source->store, p, NULL);
    if (!bytes)
        return NULL;
    gsize len;
    const guchar *at = g_bytes_get_data(bytes, &len);
    source->pictures += len;
    if (source->pictures > PICTURES_MAX)
        return NULL;
    g_autofree char *encoded = g_base64_encode(at, len);
    return g_strdup_printf("data:%s;base64,%s", p->type, encoded);
}

/* The path of the file; NULL without an error: there is no HTML, or it is not here. */
static gpointer write_html(Store *s, gpointer data, const Cancel *stop, GError **err)
{
    g_autoptr(Content) c = content_open(s, *(const gint64 *)data, err);
    const Part *p = c ? part_main_text(c->root, TRUE) : NULL;
    if (!p || !g_str_equal(p->type, "text/html"))
        return NULL;
    g_autofree char *html = content_text(c, s, p, err);
    if (!html)
        return NULL;
    Source source = {s, c, 0};
    g_autofree char *page = html_for_browser(html, strlen(html), inline_image, &source);
    return private_file_write("message.html", page, strlen(page), err);
}

static void html_written(Ui *ui, gpointer result, const GError *err, gpointer data)
{
    g_autofree char *path = result;
    if (err) {
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
        return;
    }
    if (!path) {
        ui_say(ui, NOTICE_INFO, _("This message has no HTML, or it is not on this computer yet"));
        return;
    }
    private_file_keep(ui, path);
    if (browser_open(ui, path))
        ui_say(ui, NOTICE_INFO, _("Shown in a browser, without anything remote"));
}

void cmd_browser(Ui *ui, char **args)
{
    gint64 message = panes_selection(ui).message;
    if (!message) {
        ui_say(ui, NOTICE_WARNING, _("There is no message here"));
        return;
    }
    loader_run(ui->loader, LOAD_OTHER, write_html, html_written, g_memdup2(&message, sizeof message), g_free,
               private_file_discard);
}
