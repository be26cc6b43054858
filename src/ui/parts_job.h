/* parts_job.h - what the loader does with one part: save it, make text of it, or a file for a program. */
#pragma once
#include "pintail/store/store.h"
#include "pintail/util/cancel.h"

typedef enum {
    PART_SAVE,      /* as `path` */
    PART_SAVE_FREE, /* in the folder `path`, under a name that is not taken */
    PART_SHOW,      /* as text */
    PART_OPEN,      /* by the person's program for such files */
    PART_PIPE,      /* to a command */
} PartAction;

typedef struct {
    gpointer owner; /* the view that asked */
    gint64 message;
    PartAction action;
    char *section, *path, *filter; /* filter: the command that makes text of it; NULL */
} PartJob;

typedef struct {
    gboolean missing;     /* it is not here */
    char *text;           /* what to say, or to show */
    char *path;           /* a private file for a program */
    char *command;        /* that opens it; NULL: xdg-open does */
    gboolean on_terminal; /* the command wants it */
    guint64 size;
} PartResult;

gpointer part_job_run(Store *s, gpointer job, const Cancel *stop, GError **err); /* PartResult */
void part_job_free(gpointer job);
void part_result_free(gpointer result);
