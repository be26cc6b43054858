/* uidl_private.h - the UIDL file beside the Maildir. */
#pragma once
#include "pintail/store/uidl.h"

char *side_line(char kind, gint64 when, const char *base, const char *uidl);
/* Appends whole lines, durably. */
gboolean side_append(const char *root, const char *lines, GError **err);
