/* subject.h - a subject without what answering and forwarding put in front of it. Pure. */
#pragma once
#include <glib.h>

/* Borrowed, within `subject`. *reply (may be NULL): a "Re:" in some language stood there. */
const char *subject_bare(const char *subject, gboolean *reply);
