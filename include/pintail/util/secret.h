/* secret.h - a password or token in memory: immutable, reference counted,
 * locked against swapping where the system allows, wiped when released.
 * Never logged, never part of an error message. */
#pragma once
#include <glib.h>

typedef struct Secret Secret;

Secret *secret_new(const char *bytes, gsize len); /* copies; the caller wipes its own buffer */
Secret *secret_ref(const Secret *s);
void secret_unref(Secret *s); /* NULL is fine */
const char *secret_text(const Secret *s, gsize *len); /* NUL-terminated; len may be NULL */
void secret_wipe(char *buffer, gsize len); /* for buffers on the way into a Secret */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Secret, secret_unref)
