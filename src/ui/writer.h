/* writer.h - the thread that commits what the person did, in order.
 *
 * Jobs run one after another, each returns before the next begins; results come back
 * in the same order and are delivered on the UI thread. Freeing it finishes what was
 * handed over: nothing that was accepted is lost. */
#pragma once
#include "view.h"

typedef struct Writer Writer;
/* On the writer's thread. A negative or zero result with *err set is a failure. */
typedef gint64 (*WriterWork)(Store *s, gpointer data, GError **err);
/* On the UI thread; `err` NULL: done. */
typedef void (*WriterDone)(Ui *ui, gint64 result, const GError *err, gpointer data);

Writer *writer_new(StoreHome *home, GError **err);
void writer_free(Writer *w);
/* `data` is freed with `free_data` after `done` (which may be NULL: failures are said by themselves). */
void writer_run(Writer *w, WriterWork work, WriterDone done, gpointer data, GDestroyNotify free_data);
gboolean writer_busy(const Writer *w);
int writer_fd(const Writer *w);
gboolean writer_deliver(Writer *w, Ui *ui); /* TRUE when there was something */

/* ---- the usual jobs; `data` is the caller's, freed with `free_data` (may be NULL) ---- */
void writer_change(Writer *w, const Change *change, WriterDone done, gpointer data,
                   GDestroyNotify free_data); /* copies the ids; result: the undo group */
void writer_undo(Writer *w, gint64 group, WriterDone done, gpointer data, GDestroyNotify free_data);
void writer_append(Writer *w, gint64 folder, GBytes *message, guint flags, gint64 replaces,
                   WriterDone done, gpointer data, GDestroyNotify free_data); /* the placement */
void writer_outbox_add(Writer *w, OutboxEntry *take, GBytes *message, WriterDone done, gpointer data,
                       GDestroyNotify free_data); /* the entry's id */
