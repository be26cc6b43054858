/* compose_rescue.c - copies of what is being written, so that a crash loses no text.
 *
 * Files in <store>/compose/: NAME.draft is the whole message as it was before the editor
 * began, after lines of our own that say what it answers and replaces; NAME.N.txt (.eml
 * where the header is edited too) is the text that the editor works on the N-th time. NAME.lock is held locked
 * by the process that writes: what is open there is not offered to another one, and a lock ends
 * with its process. All of them go when the message is queued, kept as a draft, or discarded. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "compose.h"
#include "writer.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define DRAFT_MAX (256u << 20)
#define TEXT_MAX  (64u << 20)
#define OURS      "X-Pintail-"

static char *with_suffix(const ComposeOrigin *o, const char *suffix)
{
    return g_strconcat(o->rescue, suffix, NULL);
}

static char *rescue_directory(StoreHome *home)
{
    return g_build_filename(store_home_directory(home), "compose", NULL);
}

/* An open descriptor that holds the lock; -1 when another process has it, or the disk refuses. */
static int take_lock(const char *base)
{
    g_autofree char *path = g_strconcat(base, ".lock", NULL);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static void ensure_name(StoreHome *home, ComposeOrigin *o)
{
    if (o->rescue)
        return;
    g_autofree char *directory = rescue_directory(home);
    g_autofree char *random = g_uuid_string_random();
    o->rescue = g_build_filename(directory, random, NULL);
}

void rescue_unlock(ComposeOrigin *o)
{
    if (o->lock > 0)
        close(o->lock);
    o->lock = 0;
}

static void put_number(GString *head, const char *name, gint64 value)
{
    if (value)
        g_string_append_printf(head, OURS "%s: %" G_GINT64_FORMAT "\r\n", name, value);
}

/* What the message itself does not say. Files to attach are named, not copied: `d` may be NULL. */
static char *own_header(const ComposeOrigin *o, const Draft *d)
{
    GString *head = g_string_new(NULL);
    if (o->account)
        g_string_append_printf(head, OURS "Account: %s\r\n", o->account->name);
    put_number(head, "Answers", o->answers);
    put_number(head, "Forwards", o->forwards);
    put_number(head, "Draft", o->draft);
    for (guint i = 0; d && i < d->attachments->len; i++) {
        const Attachment *a = d->attachments->pdata[i];
        g_autofree char *path = a->path ? g_uri_escape_string(a->path, "/", FALSE) : NULL;
        if (path)
            g_string_append_printf(head, OURS "Attach: %s\r\n", path);
    }
    return g_string_free(head, FALSE);
}

static GBytes *with_header(const char *head, GBytes *message)
{
    gsize len = 0;
    const void *bytes = g_bytes_get_data(message, &len);
    GByteArray *all = g_byte_array_new();
    g_byte_array_append(all, (const guint8 *)head, (guint)strlen(head));
    g_byte_array_append(all, bytes, (guint)len);
    return g_byte_array_free_to_bytes(all);
}

static void add_attachment(Draft *d, const char *escaped)
{
    g_autofree char *path = g_uri_unescape_string(escaped, NULL);
    if (!path)
        return;
    Attachment *a = g_new0(Attachment, 1);
    a->path = g_steal_pointer(&path);
    g_ptr_array_add(d->attachments, a);
}

static void take_own_line(const char *name, ComposeOrigin *o, char **account, GPtrArray *paths)
{
    const char *value = strchr(name, ':');
    if (!value)
        return;
    value += 1 + strspn(value + 1, " ");
    gint64 number = g_ascii_strtoll(value, NULL, 10);
    if (g_str_has_prefix(name, "Account:") && !*account)
        *account = g_strdup(value);
    else if (g_str_has_prefix(name, "Answers:"))
        o->answers = number;
    else if (g_str_has_prefix(name, "Forwards:"))
        o->forwards = number != 0;
    else if (g_str_has_prefix(name, "Draft:"))
        o->draft = number;
    else if (g_str_has_prefix(name, "Attach:"))
        g_ptr_array_add(paths, g_strdup(value));
}

/* Takes our lines from the start of `bytes`; returns where the message begins. */
static gsize read_own_header(const char *bytes, gsize len, ComposeOrigin *o, char **account, GPtrArray *paths)
{
    gsize at = 0;
    while (len - at > strlen(OURS) && memcmp(bytes + at, OURS, strlen(OURS)) == 0) {
        const char *end = memchr(bytes + at, '\n', len - at);
        if (!end)
            break;
        g_autofree char *line = g_strndup(bytes + at, (gsize)(end - bytes) - at);
        take_own_line(g_strchomp(line) + strlen(OURS), o, account, paths);
        at = (gsize)(end - bytes) + 1;
    }
    return at;
}

/* Any thread but the screen's: fsyncs. */
static gboolean write_draft(const char *base, GBytes *message, GError **err)
{
    g_autofree char *directory = g_path_get_dirname(base);
    g_autofree char *path = g_strconcat(base, ".draft", NULL);
    gsize len = 0;
    const void *bytes = g_bytes_get_data(message, &len);
    return file_make_directories(directory, err) && file_replace_durable(path, bytes, len, err);
}

static gboolean write_and_lock(StoreHome *home, ComposeOrigin *o, const char *head, GBytes *message, GError **err)
{
    ensure_name(home, o);
    g_autoptr(GBytes) all = with_header(head, message);
    if (!write_draft(o->rescue, all, err))
        return FALSE;
    if (o->lock <= 0)
        o->lock = take_lock(o->rescue);
    return TRUE;
}

gboolean rescue_write(StoreHome *home, ComposeOrigin *o, GBytes *message, GError **err)
{
    g_autofree char *head = own_header(o, NULL);
    return write_and_lock(home, o, head, message, err);
}

/* The draft as it is now, without files to attach: another thread may make the message of it. */
static Draft *snapshot(Draft *d)
{
    if (!d->message_id)
        d->message_id = compose_new_message_id(d->from->address);
    Draft *copy = draft_new(d->from);
    const GPtrArray *from[] = {d->to, d->cc, d->bcc, d->reply_to};
    GPtrArray *to[] = {copy->to, copy->cc, copy->bcc, copy->reply_to};
    for (gsize i = 0; i < G_N_ELEMENTS(from); i++)
        for (guint n = 0; n < from[i]->len; n++) {
            const Address *a = from[i]->pdata[n];
            g_ptr_array_add(to[i], address_new(a->name, a->address));
        }
    g_free(copy->subject);
    g_free(copy->body);
    copy->subject = g_strdup(d->subject);
    copy->body = g_strdup(d->body);
    copy->message_id = g_strdup(d->message_id);
    copy->in_reply_to = g_strdup(d->in_reply_to);
    copy->date = d->date;
    if (d->references) {
        copy->references = g_ptr_array_new_with_free_func(g_free);
        for (guint i = 0; i < d->references->len; i++)
            g_ptr_array_add(copy->references, g_strdup(d->references->pdata[i]));
    }
    for (guint i = 0; i < d->attachments->len; i++) {
        const Attachment *a = d->attachments->pdata[i];
        if (!a->content)
            continue;
        Attachment *b = g_new0(Attachment, 1);
        b->type = g_strdup(a->type);
        b->name = g_strdup(a->name);
        b->content = g_bytes_ref(a->content);
        g_ptr_array_add(copy->attachments, b);
    }
    return copy;
}

gboolean rescue_save(StoreHome *home, ComposeOrigin *o, Draft *d, GError **err)
{
    g_autoptr(Draft) copy = snapshot(d);
    g_autofree char *head = own_header(o, d);
    g_autoptr(GBytes) message = compose_message(copy, COMPOSE_KEEP_BCC | COMPOSE_ALLOW_8BIT, err);
    return message && write_and_lock(home, o, head, message, err);
}

/* Writer thread. */
typedef struct {
    char *base, *head;
    Draft *draft; /* NULL: only the editor's text */
    char *text, *text_path;
    char *done[2]; /* the editor's files whose text is in `draft` */
} SaveJob;

static void save_job_free(gpointer p)
{
    SaveJob *j = p;
    g_free(j->base);
    g_free(j->head);
    g_free(j->text);
    g_free(j->text_path);
    g_free(j->done[0]);
    g_free(j->done[1]);
    g_clear_pointer(&j->draft, draft_free);
    g_free(j);
}

static gboolean run_save_draft(const SaveJob *j, GError **err)
{
    g_autoptr(GBytes) message = compose_message(j->draft, COMPOSE_KEEP_BCC | COMPOSE_ALLOW_8BIT, err);
    g_autoptr(GBytes) all = message ? with_header(j->head, message) : NULL;
    return all && write_draft(j->base, all, err);
}

static gint64 run_save(Store *s, gpointer data, GError **err)
{
    SaveJob *j = data;
    if (j->draft && !run_save_draft(j, err))
        return 0;
    if (j->text)
        return file_replace_durable(j->text_path, j->text, strlen(j->text), err);
    for (gsize i = 0; i < G_N_ELEMENTS(j->done); i++)
        if (j->done[i])
            unlink(j->done[i]);
    return 1;
}

/* The lock is taken here, on the screen's thread: opening an empty file waits for nothing. */
static void lock_for_writer(Ui *ui, ComposeOrigin *o)
{
    gboolean is_new = !o->rescue;
    ensure_name(ui->home, o);
    if (o->lock > 0)
        return;
    if (is_new) {
        g_autofree char *directory = rescue_directory(ui->home);
        (void)g_mkdir(directory, 0700);
    }
    o->lock = take_lock(o->rescue);
}

static SaveJob *save_job(Ui *ui, ComposeOrigin *o, Draft *d)
{
    lock_for_writer(ui, o);
    SaveJob *j = g_new0(SaveJob, 1);
    j->base = g_strdup(o->rescue);
    if (d) {
        j->draft = snapshot(d);
        j->head = own_header(o, d);
    }
    return j;
}

void rescue_save_later(Ui *ui, ComposeOrigin *o, Draft *d)
{
    SaveJob *j = save_job(ui, o, d);
    /* these and no others: the next edit may have begun when the writer comes to it */
    j->done[0] = rescue_text_path(o, FALSE);
    j->done[1] = rescue_text_path(o, TRUE);
    writer_run(ui->writer, run_save, NULL, j, save_job_free);
}

void rescue_text_later(Ui *ui, ComposeOrigin *o, Draft *d, const char *text, gboolean headers)
{
    SaveJob *j = save_job(ui, o, o->rescue ? NULL : d);
    j->text = g_strdup(text);
    j->text_path = rescue_text_path(o, headers);
    writer_run(ui->writer, run_save, NULL, j, save_job_free);
}

char *rescue_text_path(const ComposeOrigin *o, gboolean headers)
{
    return g_strdup_printf("%s.%u%s", o->rescue, o->edits, headers ? ".eml" : ".txt");
}

/* Calls `fn` with each file name that belongs to `base`. */
static void each_file(const char *base, void (*fn)(const char *path, const char *suffix, gpointer data), gpointer data)
{
    g_autofree char *directory = g_path_get_dirname(base), *stem = g_path_get_basename(base);
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        if (!g_str_has_prefix(name, stem))
            continue;
        g_autofree char *path = g_build_filename(directory, name, NULL);
        fn(path, name + strlen(stem), data);
    }
}

static void remove_file(const char *path, const char *suffix, gpointer data)
{
    unlink(path);
}

void rescue_remove(const char *base)
{
    each_file(base, remove_file, NULL);
}

static void note_edit(const char *path, const char *suffix, gpointer data)
{
    guint *edits = data;
    guint64 n = *suffix == '.' ? g_ascii_strtoull(suffix + 1, NULL, 10) : 0;
    if (n <= G_MAXUINT16)
        *edits = MAX(*edits, (guint)n);
}

/* Writer thread: behind any save that waits. */
static gint64 run_forget(Store *s, gpointer data, GError **err)
{
    rescue_remove(data);
    return 1;
}

void rescue_forget(Ui *ui, const ComposeOrigin *o)
{
    if (o->rescue)
        writer_run(ui->writer, run_forget, NULL, g_strdup(o->rescue), g_free);
}

/* The first that nobody has open: *lock holds it. NULL when there is none. */
static char *first_rescued(StoreHome *home, int *lock)
{
    g_autofree char *directory = rescue_directory(home);
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        if (!g_str_has_suffix(name, ".draft"))
            continue;
        g_autofree char *stem = g_strndup(name, strlen(name) - strlen(".draft"));
        g_autofree char *base = g_build_filename(directory, stem, NULL);
        if ((*lock = take_lock(base)) >= 0)
            return g_steal_pointer(&base);
    }
    return NULL;
}

gboolean rescue_exists(StoreHome *home)
{
    int lock = -1;
    g_autofree char *base = first_rescued(home, &lock);
    if (base)
        close(lock);
    return base != NULL;
}

/* The text as the editor left it, over what the draft has. A header that cannot be read stays in the text. */
static void take_text(const ComposeOrigin *o, Draft *d, gboolean headers)
{
    g_autofree char *path = rescue_text_path(o, headers);
    g_autoptr(GBytes) bytes = file_read(path, TEXT_MAX, NULL);
    if (!bytes || g_bytes_get_size(bytes) == 0)
        return;
    g_autofree char *text = text_make_valid(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    if (!draft_from_editor(d, text, headers, NULL))
        draft_from_editor(d, text, FALSE, NULL);
}

Draft *rescue_find(StoreHome *home, ComposeOrigin *o, char **account, GError **err)
{
    int lock = -1;
    char *base = first_rescued(home, &lock);
    if (!base)
        return NULL;
    g_free(o->rescue);
    rescue_unlock(o);
    o->rescue = base;
    o->lock = lock;
    g_autofree char *path = with_suffix(o, ".draft");
    g_autoptr(GBytes) bytes = file_read(path, DRAFT_MAX, err);
    if (!bytes)
        return NULL;
    gsize len = 0;
    const char *message = g_bytes_get_data(bytes, &len);
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    gsize start = read_own_header(message, len, o, account, paths);
    Draft *d = draft_from_message(message + start, len - start, err);
    if (!d)
        return NULL;
    g_autoptr(Envelope) e = envelope_parse(message + start, len - start);
    d->message_id = *e->message_id ? g_strdup(e->message_id) : NULL; /* was it queued after all? */
    for (guint i = 0; i < paths->len; i++)
        add_attachment(d, paths->pdata[i]);
    each_file(o->rescue, note_edit, &o->edits);
    take_text(o, d, FALSE);
    take_text(o, d, TRUE);
    return d;
}
