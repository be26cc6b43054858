/* indexer_private.h - the text behind the index, for those who verify what it found. */
#pragma once
#include "private.h"

char *index_header_text(Store *s, gint64 message); /* from the columns; NULL: no such message */
char *index_body_text(Store *s, gint64 message);   /* from the content; NULL: not here */
/* What was indexed; FALSE: nothing was. *body NULL: header only. */
gboolean index_doc(Store *s, gint64 message, char **header, char **body);
