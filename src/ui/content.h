/* content.h - a stored message's tree and the bytes of its parts, wherever they are: the whole message
 * (a file, or cached), or a tree with some sections. Loader threads only. */
#pragma once
#include "pintail/mime/part.h"
#include "pintail/store/message.h"

typedef struct {
    gint64 message;
    GBytes *whole;   /* NULL: only sections are here */
    GBytes *header;  /* of the message; never NULL */
    Part *root;
} Content;

/* NULL without error: not here (yet). */
Content *content_open(Store *s, gint64 message, GError **err);
void content_free(Content *c);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Content, content_free)
/* The decoded bytes of a part; NULL without error: its section is not here. */
GBytes *content_part(const Content *c, Store *s, const Part *p, GError **err);
/* The same as UTF-8 text. */
char *content_text(const Content *c, Store *s, const Part *p, GError **err);
/* Its texts are read in `charset`, whatever their labels say. */
void content_set_charset(Content *c, const char *charset);
/* As it was sent: all of it, or of a message of which only sections are here those, each under a line
 * that names it. Valid UTF-8. */
char *content_source(const Content *c, Store *s, GError **err);
/* The section to ask a server for when content_part() gave NULL; "" for the whole. Borrowed. */
const char *content_section(const Part *p);
