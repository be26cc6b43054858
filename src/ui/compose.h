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
    gboolean reviewed;   /* it has been in the review: leaving the editor goes back there */
    char *rescue;        /* path without suffix of the copies kept while this is not sent: compose_rescue.c */
    guint edits;         /* how often an editor was opened */
    int lock;            /* descriptor that holds them; 0 or less: none */
} ComposeOrigin;
void compose_origin_clear(ComposeOrigin *o);

typedef struct Composing Composing; /* work that waits for the loader or for content */
void composing_free(Composing *c);

void cmd_write(Ui *ui, char **args);   /* "write [ADDRESS...]" */
void cmd_reply(Ui *ui, char **args);
void cmd_reply_all(Ui *ui, char **args);
void cmd_reply_list(Ui *ui, char **args);
void cmd_forward(Ui *ui, char **args); /* "forward [inline|attached]" */
void cmd_invite(Ui *ui, char **args);  /* "invite accept|tentative|decline" */
void cmd_edit_as_new(Ui *ui, char **args);
void cmd_resume(Ui *ui, char **args);  /* the rescued message, else the newest draft */
void compose_mailto(Ui *ui, const char *url);
void compose_mailto_review(Ui *ui, const char *url); /* nothing is asked: on to the review */
/* A draft was opened in the list: continue it. */
void compose_continue(Ui *ui, gint64 placement, gint64 message);
/* Parses what was typed, aliases resolved, into `list`. What is wrong (the caller's), `list` unchanged; or NULL. */
char *compose_set_addresses(Ui *ui, GPtrArray *list, const char *text);
/* Asks for addresses, with the problem of what was typed before, if there is one. */
void compose_ask_addresses(Ui *ui, const char *label, const char *problem, const char *initial,
                           void (*done)(Ui *ui, const char *text, gpointer data), gpointer data);
/* Esc: forgets what waits for a message's content. TRUE: there was something. */
gboolean compose_cancel(Ui *ui);
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
/* By the writer: the text as the built-in editor has it (with `headers`: header lines first). */
void rescue_text_later(Ui *ui, ComposeOrigin *origin, Draft *d, const char *text, gboolean headers);
/* The file that the editor works on; the caller owns the path. */
char *rescue_text_path(const ComposeOrigin *origin, gboolean headers);
void rescue_forget(Ui *ui, const ComposeOrigin *origin); /* queued, kept as draft, or discarded */
void rescue_remove(const char *base); /* the same at once; any thread */
void rescue_unlock(ComposeOrigin *origin);
/* A rescued message (its edited text included) that nobody has open, or NULL; *origin gets its path and what it
 * answers, *account (the caller's) the name of its account. */
Draft *rescue_find(StoreHome *home, ComposeOrigin *origin, char **account, GError **err);
gboolean rescue_exists(StoreHome *home);

/* ---- editor_view.c ---- */
/* The built-in editor. All functions get `data`. */
typedef struct {
    /* Once; it is closed. NULL: left without keeping the text. */
    void (*done)(Ui *ui, const char *text, gpointer data);
    /* The text so far, now and then while it changes: so that a crash loses little. May be NULL. */
    void (*keep)(Ui *ui, const char *text, gpointer data);
    /* Instead of done(), after a last keep(): the program ends with the editor open. */
    GDestroyNotify free;
} EditorUser;
void editor_open(Ui *ui, const char *title, const char *text, const EditorUser *user, gpointer data);
