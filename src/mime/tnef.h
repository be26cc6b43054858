/* tnef.h - private: winmail.dat, Microsoft's container (MS-OXTNEF), as parts. */
#pragma once
#include "tree.h"

/* Adds what is in `stream` to `p` as children: the message's text, then its files. An enclosed
 * message is a child that is a stream itself, not yet expanded. FALSE when it is no such stream. */
gboolean tnef_expand(Part *p, GBytes *stream);
/* rtf.c: compressed RTF (MS-OXRTFCP) to RTF; NULL when it is none. */
GString *rtf_decompress(Span bytes);
/* RTF to its text, or to the HTML it was made from (MS-OXRTFEX); *html says which. Valid UTF-8. */
char *rtf_to_text(Span rtf, gboolean *html);
