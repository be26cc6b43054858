/* status.h - the first row (where we are, how the servers are), the message row, the hint row. */
#pragma once
#include "view.h"

typedef struct Status Status;
Status *status_new(void);
void status_free(Status *s);

/* ---- what they show ---- */
void status_say(Status *s, Severity severity, const char *text);
void status_event(Ui *ui, const Event *e);  /* ACCOUNT, PROGRESS, NOTICE, OUTBOX */
void status_key_pressed(Status *s);         /* a message has been read */
void status_counts_changed(Ui *ui);         /* outbox and problems: counts them anew */
gboolean status_cancel(Ui *ui);             /* Esc: hides what is shown; TRUE when something was */
AccountState status_account_state(Ui *ui, gint64 account);
const GPtrArray *status_history(const Status *s); /* of char *: the last messages */
gint64 status_last_key(const Status *s);    /* when one was pressed, monotonic; 0: never */
guint status_problems(Ui *ui);              /* what was refused, or perhaps sent: a person must say */
guint status_waiting(Ui *ui);               /* outbox entries and operations not yet sent */

/* ---- drawing ---- */
void status_draw_first(Ui *ui, Surface *row);
void status_draw_message(Ui *ui, Surface *body, Surface *row);
void status_draw_hints(Ui *ui, Surface *row);
