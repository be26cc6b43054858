/* compose.h - beginning to write: new, reply, forward, again; and what waits for content.
 *
 * The quoted text, forwarded parts and drafts are made by the loader. When a part is not
 * here it is asked for, and the work goes on when it has come. */
#pragma once
#include "view.h"
#include "pintail/mime/compose.h"

typedef struct {
    Account *account;    /* referenced */
    gint64 account_id;
    gint64 answers;      /* placement that becomes answered or forwarded; 0 */
    gboolean forwards;
    gint64 draft;        /* placement of the draft that is continued; 0 */
    char *rescue;        /* path without suffix of the copies kept while this is not sent: compose_rescue.c */
} ComposeOrigin;
void compose_origin_clear(ComposeOrigin *o);

typedef struct Composing Composing; /* work that waits for the loader or for content */
void composing_free(Composing *c);

void cmd_write(Ui *ui, char **args);   /* "write [ADDRESS...]" */
void cmd_reply(Ui *ui, char **args);
void cmd_reply_all(Ui *ui, char **args);
void cmd_reply_list(Ui *ui, char **args);
void cmd_forward(Ui *ui, char **args); /* "forward [inline|attached]" */
void cmd_edit_as_new(Ui *ui, char **args);
void cmd_resume(Ui *ui, char **args);  /* the rescued message, else the newest draft */
void compose_mailto(Ui *ui, const char *url);
/* A draft was opened in the list: continue it. */
void compose_continue(Ui *ui, gint64 placement, gint64 message);
/* Parses what was typed, aliases resolved, into `list`; FALSE after saying what is wrong. */
gboolean compose_set_addresses(Ui *ui, GPtrArray *list, const char *text);
/* EVENT_BODY: goes on with what waited for it. */
void compose_event(Ui *ui, const Event *e);
/* At start: says that a message was rescued, if one was. */
void compose_offer_rescued(Ui *ui);

/* ---- compose_edit.c ---- */
/* Opens the editor on the body (or, with `headers`, on everything) and then the review; `draft` and `origin`
 * are taken over. Without a usable editor the built-in one opens. */
void compose_edit(Ui *ui, Draft *draft_take, ComposeOrigin *origin_take, gboolean headers);

/* ---- compose_view.c ---- */
/* The review screen: headers, attachments, text; send, edit again, keep, discard. */
void compose_review(Ui *ui, Draft *draft_take, ComposeOrigin *origin_take);

/* ---- compose_rescue.c: so that a crash loses no text ---- */
/* At once, with fsync: only where the terminal is about to be handed over. STORE when the disk refuses. */
gboolean rescue_save(StoreHome *home, ComposeOrigin *origin, Draft *d, GError **err);
gboolean rescue_write(StoreHome *home, ComposeOrigin *origin, GBytes *message, GError **err); /* any thread */
/* By the writer; what the editor's file holds is in `d` now. */
void rescue_save_later(Ui *ui, ComposeOrigin *origin, Draft *d);
char *rescue_body_path(const ComposeOrigin *origin); /* the file that the editor works on */
void rescue_forget(Ui *ui, const ComposeOrigin *origin); /* queued, kept as draft, or discarded */
/* The oldest rescued message (its edited text included), or NULL; *origin gets its path. */
Draft *rescue_find(StoreHome *home, ComposeOrigin *origin, GError **err);
gboolean rescue_exists(StoreHome *home);

/* ---- editor_view.c ---- */
/* The built-in editor; `done` gets the text, or NULL when it was left without keeping it. */
void editor_open(Ui *ui, const char *title, const char *text,
                 void (*done)(Ui *ui, const char *text, gpointer data), gpointer data);
