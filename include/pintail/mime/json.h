/* json.h - JSON written out; valid whatever the strings hold. */
#pragma once
#include <glib.h>

/* A string with its quotes; invalid UTF-8 becomes U+FFFD. */
void json_put_string(GString *out, const char *text, gsize len);
/* `"name": ` with the comma that separates it from what stands before it in its object. */
void json_put_name(GString *out, const char *name);
/* The comma between two items: nothing at the beginning of an object or list. */
void json_put_comma(GString *out);
