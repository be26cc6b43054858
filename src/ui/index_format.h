/* index_format.h - the columns of the message list, as `index-format` says:
 * %Z marks, %D date, %F sender or recipient, %s subject, %c size, %C number, %n sender, %a the sender's
 * address, %t first recipient, %M messages hidden in a folded thread; %-20F: 20 cells, left. */
#pragma once
#include "pintail/store/message.h"
#include "pintail/term/surface.h"

#define INDEX_COLUMNS_MAX 16

typedef struct {
    char letter;     /* 0: literal text */
    char *literal;
    int wanted;      /* cells; 0: as fits the letter */
    gboolean left, right; /* as written: %-..., otherwise by letter */
} IndexField;

typedef struct {
    IndexField fields[INDEX_COLUMNS_MAX];
    guint n;
} IndexFormat;

typedef struct {
    int column, cells; /* cells 0: no room */
} IndexCell;

void index_format_parse(IndexFormat *f, const char *text); /* anything gives something usable */
void index_format_clear(IndexFormat *f);
/* Where each field goes in `columns`; what stretches (%s, else the last) takes the rest. */
void index_format_place(const IndexFormat *f, int columns, IndexCell cells[INDEX_COLUMNS_MAX]);

typedef struct {
    const Row *row;
    guint number;
    gboolean tagged;
    gboolean recipient; /* Sent and Drafts: %F is who it goes to */
    gint64 now;
    const char *tree;        /* branches before the subject; NULL or "" without */
    guint hidden;            /* messages in a folded thread beside this one */
    gboolean thread_unread;  /* a folded thread with unread messages */
} IndexValues;
/* The text of one field. The caller owns it. */
char *index_format_text(const IndexField *field, const IndexValues *v, int cells);
const char *index_format_title(char letter, gboolean recipient); /* of the column, translated */
