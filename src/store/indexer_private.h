/* indexer_private.h - the text behind the index, for those who verify what it found. */
#pragma once
#include "private.h"

/* The text of a header: its columns with a separator between them. */
#define INDEX_SEPARATOR '\x1f'
typedef enum {
    INDEX_SUBJECT,
    INDEX_FROM,
    INDEX_TO,
    INDEX_CC,
    INDEX_FILE, /* names of attachments */
    INDEX_COLUMNS,
} IndexColumn;
char *index_column(const char *header, IndexColumn column); /* the caller owns it */

/* From the columns, with the names of attachments; NULL: no such message. */
char *index_header_text(Store *s, gint64 message, const char *files);
/* From the content; NULL: not here. *files: NULL when that is not known. */
char *index_body_text(Store *s, gint64 message, char **files);
/* What was indexed; FALSE: nothing was. *body NULL: header only. */
gboolean index_doc(Store *s, gint64 message, char **header, char **body);
/* Of a body that the version before this one had indexed, until that is done again. */
char *index_old_body(Store *s, gint64 message);
