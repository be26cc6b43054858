/* compose_rescue.c - copies of what is being written, so that a crash loses no text.
 *
 * Two files in <store>/compose/: NAME.draft is the whole message as it was
 * before the editor began, NAME.txt the text that the editor works on. Both go when the
 * message is queued, kept as a draft, or discarded. NAME begins with the number of the process that writes
 * it: what a living process has open is not offered to another one. */
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "compose.h"
#include "writer.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"

#define DRAFT_MAX (256u << 20)
#define TEXT_MAX  (64u << 20)

static char *with_suffix(const ComposeOrigin *o, const char *suffix)
{
    return g_strconcat(o->rescue, suffix, NULL);
}

static char *rescue_directory(StoreHome *home)
{
    return g_build_filename(store_home_directory(home), "compose", NULL);
}

/* Decides on a name; touches no disk. */
static void ensure_path(StoreHome *home, ComposeOrigin *o)
{
    if (o->rescue)
        return;
    g_autofree char *directory = rescue_directory(home);
    g_autofree char *random = g_uuid_string_random();
    g_autofree char *name = g_strdup_printf("%d-%s", (int)getpid(), random);
    o->rescue = g_build_filename(directory, name, NULL);
}

static gboolean write_draft(const char *path, GBytes *message, GError **err)
{
    g_autofree char *directory = g_path_get_dirname(path);
    gsize len = 0;
    const void *bytes = g_bytes_get_data(message, &len);
    return file_make_directories(directory, err) && file_replace_durable(path, bytes, len, err);
}

gboolean rescue_write(StoreHome *home, ComposeOrigin *o, GBytes *message, GError **err)
{
    ensure_path(home, o);
    g_autofree char *path = with_suffix(o, ".draft");
    return write_draft(path, message, err);
}

gboolean rescue_save(StoreHome *home, ComposeOrigin *o, Draft *d, GError **err)
{
    g_autoptr(GBytes) message = compose_message(d, COMPOSE_KEEP_BCC | COMPOSE_ALLOW_8BIT, err);
    return message && rescue_write(home, o, message, err);
}

typedef struct {
    char *path, *body_path;
    GBytes *message;
} SaveJob;

static void save_job_free(gpointer p)
{
    SaveJob *j = p;
    g_free(j->path);
    g_free(j->body_path);
    g_bytes_unref(j->message);
    g_free(j);
}

/* Writer thread. What the editor wrote is in the draft now. */
static gint64 run_save(Store *s, gpointer data, GError **err)
{
    SaveJob *j = data;
    if (!write_draft(j->path, j->message, err))
        return 0;
    unlink(j->body_path);
    return 1;
}

void rescue_save_later(Ui *ui, ComposeOrigin *o, Draft *d)
{
    g_autoptr(GError) err = NULL;
    GBytes *message = compose_message(d, COMPOSE_KEEP_BCC | COMPOSE_ALLOW_8BIT, &err);
    if (!message) {
        ui_say(ui, NOTICE_WARNING, "%s", err->message);
        return;
    }
    ensure_path(ui->home, o);
    SaveJob *j = g_new(SaveJob, 1);
    *j = (SaveJob){with_suffix(o, ".draft"), rescue_body_path(o), message};
    writer_run(ui->writer, run_save, NULL, j, save_job_free);
}

char *rescue_body_path(const ComposeOrigin *o)
{
    return with_suffix(o, ".txt");
}

/* Writer thread: behind any save that waits. */
static gint64 run_forget(Store *s, gpointer data, GError **err)
{
    static const char *const suffixes[] = {".draft", ".txt", ".txt~"};
    for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *path = g_strconcat(data, suffixes[i], NULL);
        unlink(path);
    }
    return 1;
}

void rescue_forget(Ui *ui, const ComposeOrigin *o)
{
    if (o->rescue)
        writer_run(ui->writer, run_forget, NULL, g_strdup(o->rescue), g_free);
}

static gboolean is_open_elsewhere(const char *name)
{
    gint64 process = g_ascii_strtoll(name, NULL, 10);
    return process > 0 && process <= G_MAXINT && kill((pid_t)process, 0) == 0;
}

/* The path without suffix of the first *.draft; NULL when there is none. */
static char *first_rescued(StoreHome *home)
{
    g_autofree char *directory = rescue_directory(home);
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    g_autofree char *first = NULL;
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        if (!g_str_has_suffix(name, ".draft") || (first && strcmp(name, first) >= 0) || is_open_elsewhere(name))
            continue;
        g_free(first);
        first = g_strdup(name);
    }
    if (!first)
        return NULL;
    first[strlen(first) - strlen(".draft")] = '\0';
    return g_build_filename(directory, first, NULL);
}

gboolean rescue_exists(StoreHome *home)
{
    g_autofree char *path = first_rescued(home);
    return path != NULL;
}

Draft *rescue_find(StoreHome *home, ComposeOrigin *o, GError **err)
{
    g_autofree char *base = first_rescued(home);
    if (!base)
        return NULL;
    o->rescue = g_steal_pointer(&base);
    g_autofree char *path = with_suffix(o, ".draft");
    g_autoptr(GBytes) message = file_read(path, DRAFT_MAX, err);
    if (!message)
        return NULL;
    Draft *d = draft_from_message(g_bytes_get_data(message, NULL), g_bytes_get_size(message), err);
    g_autofree char *body_path = rescue_body_path(o);
    g_autoptr(GBytes) body = d ? file_read(body_path, TEXT_MAX, NULL) : NULL;
    if (body && g_bytes_get_size(body) > 0) {
        g_autofree char *text = g_strndup(g_bytes_get_data(body, NULL), g_bytes_get_size(body));
        draft_from_editor(d, text, FALSE, NULL);
    }
    return d;
}
