/* writer.c - the thread that commits what the person did, in order. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include "writer.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/queue.h"

typedef struct {
    WriterWork work; /* NULL: the end */
    WriterDone done;
    gpointer data;
    GDestroyNotify free_data;
    gint64 result;
    GError *err;
} Job;

struct Writer {
    Store *store; /* the thread's */
    pthread_t thread;
    Queue *jobs, *results;
    guint handed_over; /* UI thread: not delivered yet */
};

static void job_free(gpointer p)
{
    Job *j = p;
    if (j->free_data)
        j->free_data(j->data);
    g_clear_error(&j->err);
    g_free(j);
}

static Job *wait_for_job(Writer *w)
{
    for (;;) {
        Job *j = queue_pop(w->jobs);
        if (j)
            return j;
        struct pollfd p = {.fd = queue_fd(w->jobs), .events = POLLIN};
        (void)poll(&p, 1, -1);
    }
}

static void *writer_main(void *data)
{
    Writer *w = data;
    for (;;) {
        Job *j = wait_for_job(w);
        if (!j->work) {
            job_free(j);
            return NULL;
        }
        j->result = j->work(w->store, j->data, &j->err);
        queue_push(w->results, j);
    }
}

Writer *writer_new(StoreHome *home, GError **err)
{
    Writer *w = g_new0(Writer, 1);
    w->store = store_connect(home, STORE_FOR_PERSON, err);
    if (!w->store) {
        g_free(w);
        return NULL;
    }
    w->jobs = queue_new(job_free);
    w->results = queue_new(job_free);
    int problem = pthread_create(&w->thread, NULL, writer_main, w);
    if (problem != 0) {
        error_set_errno(err, PINTAIL_ERROR_STORE, problem, _("cannot start a thread"));
        queue_free(w->jobs);
        queue_free(w->results);
        store_free(w->store);
        g_free(w);
        return NULL;
    }
    return w;
}

void writer_free(Writer *w)
{
    if (!w)
        return;
    queue_push(w->jobs, g_new0(Job, 1));
    (void)pthread_join(w->thread, NULL);
    queue_free(w->jobs);
    queue_free(w->results);
    store_free(w->store);
    g_free(w);
}

void writer_run(Writer *w, WriterWork work, WriterDone done, gpointer data, GDestroyNotify free_data)
{
    Job *j = g_new0(Job, 1);
    j->work = work;
    j->done = done;
    j->data = data;
    j->free_data = free_data;
    w->handed_over++;
    queue_push(w->jobs, j);
}

gboolean writer_busy(const Writer *w)
{
    return w->handed_over > 0;
}

int writer_fd(const Writer *w)
{
    return queue_fd(w->results);
}

gboolean writer_deliver(Writer *w, Ui *ui)
{
    gboolean any = FALSE;
    for (Job *j; (j = queue_pop(w->results)); any = TRUE) {
        w->handed_over--;
        ui->dirty = TRUE;
        if (j->done)
            j->done(ui, j->result, j->err, j->data);
        else if (j->err)
            ui_say(ui, NOTICE_ERROR, "%s", j->err->message);
        job_free(j);
    }
    return any;
}

/* ---- the usual jobs ---- */

typedef struct {
    Change change;
    gint64 id, replaces;
    guint flags;
    GBytes *bytes;
    OutboxEntry *entry;
    WriterDone done;
    gpointer data;
    GDestroyNotify free_data;
} Usual;

static void usual_free(gpointer p)
{
    Usual *u = p;
    if (u->free_data)
        u->free_data(u->data);
    g_free((gint64 *)u->change.placements);
    g_clear_pointer(&u->bytes, g_bytes_unref);
    g_clear_pointer(&u->entry, outbox_entry_free);
    g_free(u);
}

static void usual_done(Ui *ui, gint64 result, const GError *err, gpointer p)
{
    Usual *u = p;
    if (u->done)
        u->done(ui, result, err, u->data);
    else if (err)
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
}

static Usual *usual(WriterDone done, gpointer data, GDestroyNotify free_data)
{
    Usual *u = g_new0(Usual, 1);
    u->done = done;
    u->data = data;
    u->free_data = free_data;
    return u;
}

static gint64 do_change(Store *s, gpointer p, GError **err)
{
    return change_commit(s, &((Usual *)p)->change, err);
}

static gint64 do_undo(Store *s, gpointer p, GError **err)
{
    return change_undo(s, ((Usual *)p)->id, err) ? 1 : 0;
}

static gint64 do_append(Store *s, gpointer p, GError **err)
{
    Usual *u = p;
    gsize len;
    const void *bytes = g_bytes_get_data(u->bytes, &len);
    return message_append(s, u->id, bytes, len, u->flags, u->replaces, err);
}

static gint64 do_outbox_add(Store *s, gpointer p, GError **err)
{
    Usual *u = p;
    gsize len;
    const void *bytes = g_bytes_get_data(u->bytes, &len);
    return outbox_add(s, u->entry, bytes, len, err);
}

void writer_change(Writer *w, const Change *change, WriterDone done, gpointer data,
                   GDestroyNotify free_data)
{
    Usual *u = usual(done, data, free_data);
    u->change = *change;
    u->change.placements = g_memdup2(change->placements, change->n * sizeof(gint64));
    writer_run(w, do_change, usual_done, u, usual_free);
}

void writer_undo(Writer *w, gint64 group, WriterDone done, gpointer data, GDestroyNotify free_data)
{
    Usual *u = usual(done, data, free_data);
    u->id = group;
    writer_run(w, do_undo, usual_done, u, usual_free);
}

void writer_append(Writer *w, gint64 folder, GBytes *message, guint flags, gint64 replaces,
                   WriterDone done, gpointer data, GDestroyNotify free_data)
{
    Usual *u = usual(done, data, free_data);
    u->id = folder;
    u->bytes = g_bytes_ref(message);
    u->flags = flags;
    u->replaces = replaces;
    writer_run(w, do_append, usual_done, u, usual_free);
}

void writer_outbox_add(Writer *w, OutboxEntry *take, GBytes *message, WriterDone done, gpointer data,
                       GDestroyNotify free_data)
{
    Usual *u = usual(done, data, free_data);
    u->entry = take;
    u->bytes = g_bytes_ref(message);
    writer_run(w, do_outbox_add, usual_done, u, usual_free);
}
