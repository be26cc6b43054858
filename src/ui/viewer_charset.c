/* viewer_charset.c - the message read in another way: its other alternative, another charset. */
#include "panes.h"
#include "picker_view.h"
#include "viewer_private.h"
#include "pintail/mime/part.h"
#include "pintail/util/i18n.h"

void viewer_switch_alternative(Viewer *v)
{
    Ui *ui = v->view.ui;
    v->other_alternative = !v->other_alternative;
    v->source = FALSE;
    v->top = 0;
    viewer_view_reload(&v->view);
    ui_say(ui, NOTICE_INFO, conf_bool(ui->conf, "prefer-html") != v->other_alternative
                                ? _("The HTML text, where there is one") : _("The plain text, where there is one"));
}

/* ---- another charset ---- */

static const char *const charsets[] = {
    "utf-8", "windows-1252", "iso-8859-1", "iso-8859-15", "iso-8859-2", "windows-1250", "windows-1251", "koi8-r",
    "koi8-u", "iso-8859-5", "iso-8859-7", "windows-1253", "iso-8859-9", "windows-1254", "windows-1255", "iso-8859-8",
    "windows-1256", "windows-1257", "windows-1258", "gb18030", "big5", "iso-2022-jp", "shift_jis", "euc-jp", "euc-kr",
    "tis-620", "utf-16", "utf-7"};

static void use_charset(Viewer *v, const char *charset)
{
    g_free(v->charset);
    v->charset = charset ? g_ascii_strdown(charset, -1) : NULL;
    v->source = FALSE;
    viewer_view_reload(&v->view);
}

static void charset_chosen(Ui *ui, gint64 id, gpointer data)
{
    Viewer *v = (Viewer *)ui->panes->viewer;
    use_charset(v, id > 0 ? charsets[id - 1] : NULL);
}

void viewer_charset(Viewer *v, const char *name)
{
    Ui *ui = v->view.ui;
    if (name && g_ascii_strcasecmp(name, "label") == 0) {
        use_charset(v, NULL);
    } else if (name && charset_is_known(name)) {
        use_charset(v, name);
    } else if (name) {
        ui_say(ui, NOTICE_WARNING, _("No charset is called '%s' here"), name);
    } else {
        GPtrArray *choices = choices_new();
        choices_add(choices, 0, _("as its label says"), "");
        for (gsize i = 0; i < G_N_ELEMENTS(charsets); i++)
            choices_add(choices, (gint64)i + 1, charsets[i], "");
        ui_push(ui, picker_view_new(ui, _("Charset"), choices, charset_chosen, NULL));
    }
}
