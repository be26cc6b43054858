/* tree.h - private: what part.c (parsing) and part_text.c (the text form) share. */
#pragma once
#include "pintail/mime/part.h"
#include "words.h"

Part *tree_part_new(Part *parent); /* appended to the parent's children; all strings "" */
/* Sets type, charset, name, boundary, flowed from Content-Type. */
void tree_set_type(Part *p, const Params *params);
void tree_set_disposition(Part *p, const Params *params);
/* Defaults of what the header did not say (RFC 2045 section 5.2). */
void tree_set_defaults(Part *p);
PartEncoding tree_encoding(const char *name);
/* Numbers the parts as IMAP does (RFC 3501 section 6.4.5). */
void tree_number(Part *root);
guint tree_depth(const Part *p);
/* The part that follows in preorder, NULL after the last. */
Part *tree_next(const Part *p);
