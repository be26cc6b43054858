/* view.h - what a view is, and what all views share (the Ui).
 *
 * A view is a struct of functions; it draws into the surface it is given and
 * handles commands named in the command table (command.h). Unhandled commands go to the view below on
 * the stack and at last to the global ones (ui_command.c). Everything here: UI thread only. */
#pragma once
#include "pintail/bus/bus.h"
#include "pintail/conf/conf.h"
#include "pintail/store/change.h"
#include "pintail/store/folder.h"
#include "pintail/store/outbox.h"
#include "pintail/term/term.h"
#include "pintail/ui/ui.h"

typedef struct Ui Ui;
typedef struct View View;

typedef struct {
    const char *context; /* key bindings: one of contexts[] in command.c */
    const char *title;   /* N_(): stack views, in the status row; NULL */
    void (*draw)(View *v, Surface *s, gboolean focused);
    /* A key before bindings are looked up (fields, prompts); TRUE: used. May be NULL. */
    gboolean (*key)(View *v, const Key *k);
    /* A command; `args` is NULL-terminated, args[0] its name. TRUE: it was this view's. */
    gboolean (*command)(View *v, char **args);
    void (*event)(View *v, const Event *e); /* may be NULL */
    void (*free)(View *v);
} ViewClass;

struct View {
    const ViewClass *class;
    Ui *ui;
    /* the view's own data follow in a larger struct whose first member is a View */
};

struct Ui {
    Conf *conf;
    Bus *bus;
    StoreHome *home;
    Store *store;          /* the UI thread's: short reads only */
    gboolean read_only;
    GPtrArray *stack;      /* of View: full-screen views over the three panes; last is on top */
    struct Writer *writer; /* writer.h: commits changes in order */
    struct Loader *loader; /* loader.h: slow local work */
    struct Panes *panes;   /* panes.h: folders, list, viewer */
    struct Prompts *prompts; /* prompt.h: the `:` line and questions on the last but one row */
    struct Keymap *keymap; /* keymap.h: what keys mean */
    struct Status *status; /* status.h: first row, message row, hints */
    struct Loop *loop;     /* loop.h: waiting, timers */
    struct Undo *undo;     /* message_commands.c: what `u` takes back */
    GQueue *questions;     /* question.h: of Event, not put to the person yet; NULL: none was ever */
    guint question_timer;  /* 0: none waits */
    struct Composing *composing; /* compose.h: an answer that waits for its message; NULL */
    gint64 awaited_account; /* form_view.h: just set up, its INBOX is to be opened; 0 */
    const struct UiOptions *options;
    GPtrArray *private_files; /* private_file.h: of char *, to be removed; NULL: none */
    GPtrArray *closed;     /* popped views, freed after the current key */
    gint64 read_only_folder; /* opened by `open -r`, while it is on the screen; 0 */
    gboolean apply_tagged; /* `;`: the next command acts on what is tagged */
    gint64 last_destination; /* where `move` went last */
    gboolean leaving;
    gboolean dirty;        /* draw before the next wait */
};

void ui_push(Ui *ui, View *take);  /* a full-screen view on top */
void ui_remove(Ui *ui, View *v);   /* closes v, wherever in the stack it is */
void ui_pop(Ui *ui);               /* closes the top one (frees it after the current key) */
/* One line on the message row; printf. The last one stays until the next key; errors until read. */
void ui_say(Ui *ui, Severity severity, const char *format, ...) G_GNUC_PRINTF(3, 4);
void ui_run_line(Ui *ui, const char *line); /* a command line, as bound or typed */
/* The view that keys go to: the top of the stack, else the pane in focus. */
View *ui_focused(Ui *ui);
/* A request to the worker that does such work for the account: its fast lane, else its only one. Says
 * nothing when there is none (not started yet, local account): FALSE. */
gboolean ui_request(Ui *ui, RequestKind kind, gint64 account, gint64 folder, gint64 message);
/* The whole program (-R), or the folder on the screen (`open -r`). */
gboolean ui_is_read_only(Ui *ui);
/* TRUE when read only: says so. For everything that would change something. */
gboolean ui_refuses(Ui *ui);
/* The view's own cell that the real cursor rests on; call from draw(). */
void ui_cursor(Ui *ui, const Surface *s, int row, int column);
/* Asks one line: `done(text or NULL when Esc, data)` is called later. `secret` shows no text. */
void ui_ask(Ui *ui, const char *prompt, const char *initial, gboolean secret,
            void (*done)(Ui *ui, const char *text, gpointer data), gpointer data);
/* As ui_ask() with completion of folders, files...: command.h. */
void ui_ask_completing(Ui *ui, const char *prompt, const char *initial, int complete,
                       void (*done)(Ui *ui, const char *text, gpointer data), gpointer data);
/* As ui_ask_completing(), and tells of each change while it is typed. */
void ui_ask_watching(Ui *ui, const char *prompt, int complete,
                     void (*changed)(Ui *ui, const char *text, gpointer data),
                     void (*done)(Ui *ui, const char *text, gpointer data), gpointer data);
void ui_ask_note(Ui *ui, const char *note); /* at the end of that prompt's row */
/* One key of `keys` ("yn"); `done` gets it, 0 for Esc. */
void ui_ask_key(Ui *ui, const char *prompt, const char *keys,
                void (*done)(Ui *ui, char key, gpointer data), gpointer data);
/* The account and identity that the focus stands for. Borrowed; NULL when there is none. */
Account *ui_current_account(Ui *ui);
/* The Account of a stored account's id. Borrowed; NULL when the rc has none of that name. */
Account *ui_account(Ui *ui, gint64 account_id);
/* Runs argv (or `sh -c command`) with the terminal; says what failed. TRUE on exit status 0. */
gboolean ui_run_on_terminal(Ui *ui, const char *const *argv);
