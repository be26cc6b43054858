/* compose.h - private: pieces of a message that leaves. */
#pragma once
#include "pintail/mime/compose.h"

/* A message (any bytes) as message/rfc822 content: CRLF, and with `seven_bit` every
 * body and header made 7-bit by re-encoding (RFC 2046 section 5.2.1 allows no other way). */
GBytes *downgrade_message(GBytes *message, gboolean seven_bit);
gboolean bytes_are_plain(Span s, gboolean allow_8bit); /* may travel as they are */
char *compose_boundary(void);
char *compose_clean_id(const char *id); /* without <>, blanks and control characters */
/* Media type by file name, else by content; static. */
const char *media_type_guess(const char *name, Span content);
/* Moves into a field value: control characters become blanks. Owned. */
char *compose_one_line(const char *text);
/* `list` gets copies of what is in `from`. */
void address_list_copy(GPtrArray *list, const GPtrArray *from);
