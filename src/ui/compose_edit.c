/* compose_edit.c - the body through an editor: the person's, or the built-in one when there is none.
 *
 * The editor works on a file that survives a crash (compose_rescue.c). The screen belongs to it
 * meanwhile; workers go on. */
#include <string.h>
#include <unistd.h>
#include "compose.h"
#include "loop.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"
#include "pintail/util/spawn.h"
#include "pintail/util/text.h"

#define BODY_MAX (64u << 20)

typedef struct {
    Draft *draft;
    ComposeOrigin origin;
    gboolean headers;
} Editing;

static void editing_free(Editing *e)
{
    draft_free(e->draft);
    compose_origin_clear(&e->origin);
    g_free(e);
}

/* On to the review, which takes what `e` holds. */
static void review(Ui *ui, Editing *e)
{
    compose_review(ui, g_steal_pointer(&e->draft), &e->origin);
    g_free(e);
}

/* Blank lines on top were there to be written into. */
static void use_text(Ui *ui, Editing *e, const char *text)
{
    g_autoptr(GError) err = NULL;
    if (!draft_from_editor(e->draft, text, e->headers, &err)) {
        ui_say(ui, NOTICE_ERROR, _("%s: the header lines are part of the text now; e: edit"), err->message);
        draft_from_editor(e->draft, text, FALSE, NULL);
    }
    char *body = e->draft->body;
    gsize blank = strspn(body, "\n");
    memmove(body, body + blank, strlen(body + blank) + 1);
}

/* ---- the built-in one ---- */

static void built_in_done(Ui *ui, const char *text, gpointer data)
{
    Editing *e = data;
    if (text) {
        use_text(ui, e, text);
        review(ui, e);
    } else if (e->origin.reviewed) {
        review(ui, e);
    } else {
        rescue_forget(ui, &e->origin);
        editing_free(e);
        ui_say(ui, NOTICE_INFO, _("Nothing was written"));
    }
}

static void built_in_keep(Ui *ui, const char *text, gpointer data)
{
    Editing *e = data;
    rescue_text_later(ui, &e->origin, e->draft, text, e->headers);
}

static void built_in(Ui *ui, Editing *e)
{
    static const EditorUser user = {built_in_done, built_in_keep, (GDestroyNotify)editing_free};
    g_autofree char *text = draft_to_editor(e->draft, e->headers);
    editor_open(ui, *e->draft->subject ? e->draft->subject : _("New message"), text, &user, e);
}

/* ---- the person's own ---- */

static const char *chosen_editor(const Ui *ui)
{
    const char *set = conf_string(ui->conf, "editor");
    if (*set)
        return g_str_equal(set, "built-in") ? NULL : set;
    const char *visual = g_getenv("VISUAL");
    if (visual && *visual)
        return visual;
    const char *editor = g_getenv("EDITOR");
    return editor && *editor ? editor : NULL;
}

/* Is the first word of the command there to be run? Saves a flash of the screen. */
static gboolean can_run(const char *command)
{
    g_auto(GStrv) words = NULL;
    if (!g_shell_parse_argv(command, NULL, &words, NULL))
        return TRUE; /* shell syntax: let the shell say */
    g_autofree char *path = g_find_program_in_path(words[0]);
    return path != NULL || strchr(words[0], '=') != NULL;
}

/* Whatever becomes of the editor, its file is read: it may have saved something. */
static void run_editor(Ui *ui, const char *const *argv, const char *editor)
{
    int status = 0;
    g_autoptr(GError) err = NULL;
    term_suspend();
    gboolean ran = spawn_on_terminal(argv, NULL, &status, &err);
    term_resume();
    ui->dirty = TRUE;
    if (!ran)
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
    else if (status != 0)
        ui_say(ui, NOTICE_WARNING, _("The editor '%s' ended with an error: here is what it saved"), editor);
}

static gboolean write_text(Ui *ui, Editing *e, GError **err)
{
    if (!rescue_save(ui->home, &e->origin, e->draft, err))
        return FALSE;
    g_autofree char *path = rescue_text_path(&e->origin, e->headers);
    g_autofree char *text = draft_to_editor(e->draft, e->headers);
    return file_replace_durable(path, text, strlen(text), err);
}

static void edit_file(Ui *ui, Editing *e, const char *editor)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *path = rescue_text_path(&e->origin, e->headers);
    g_autofree char *script = g_strconcat(editor, " \"$1\"", NULL);
    const char *argv[] = {"/bin/sh", "-c", script, "pintail-editor", path, NULL};
    run_editor(ui, argv, editor);
    g_autoptr(GBytes) bytes = file_read(path, BODY_MAX, &err);
    if (!bytes) { /* the draft is as it was */
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
        return;
    }
    g_autofree char *edited = text_make_valid(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    use_text(ui, e, edited);
}

void compose_edit(Ui *ui, Draft *draft_take, ComposeOrigin *origin_take, gboolean headers)
{
    Editing *e = g_new0(Editing, 1);
    e->draft = draft_take;
    e->origin = *origin_take;
    memset(origin_take, 0, sizeof *origin_take);
    e->headers = headers;
    e->origin.edits++;
    const char *editor = chosen_editor(ui);
    if (editor && !can_run(editor)) {
        ui_say(ui, NOTICE_WARNING, _("The editor '%s' is not installed: here is the built-in one"), editor);
        editor = NULL;
    }
    g_autoptr(GError) err = NULL;
    if (editor && !write_text(ui, e, &err)) { /* a full disk: memory is left to write in */
        ui_say(ui, NOTICE_ERROR, _("%s (here is the built-in editor)"), err->message);
        editor = NULL;
    }
    if (!editor) {
        built_in(ui, e);
        return;
    }
    edit_file(ui, e, editor);
    review(ui, e);
}
