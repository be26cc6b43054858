/* auth_mechanisms.h - private to auth*.c: what each SASL mechanism has to provide.
 *
 * A mechanism works on decoded bytes; auth.c does base64, bounds and choosing. */
#pragma once
#include <glib.h>
#include "pintail/proto/auth.h"

typedef struct Mechanism Mechanism;

struct Auth {
    const Mechanism *mechanism;
    char *user;
    Secret *secret; /* password or token; NULL for EXTERNAL */
    char *host;     /* for OAUTHBEARER; from the stream */
    guint port;
    guint step;
    gboolean complete; /* mutual mechanisms: the server has proved itself */
    char *server_error;
    struct ScramState *scram;
};

struct Mechanism {
    const char *name;
    gboolean token;        /* needs an OAuth token, else a password */
    gboolean clear;        /* shows the secret to whoever reads along */
    gboolean client_first;
    gboolean mutual;
    gboolean binding;      /* -PLUS */
    gboolean only_by_name; /* never chosen by itself */
    /* May fail with AUTH or PROTOCOL; NULL: nothing to prepare. */
    gboolean (*begin)(Auth *a, Stream *stream, GError **err);
    /* Appends the reply to `challenge` (decoded; not NUL-terminated). a->step counts from 0. */
    gboolean (*reply)(Auth *a, const char *challenge, gsize len, GString *out, GError **err);
};

gboolean scram_begin(Auth *a, Stream *stream, GError **err);
gboolean scram_reply(Auth *a, const char *challenge, gsize len, GString *out, GError **err);
void scram_free(struct ScramState *s);
gboolean external_begin(Auth *a, Stream *stream, GError **err);

/* Keeps what the server says about its refusal, printable and bounded. */
void auth_keep_server_error(Auth *a, const char *bytes, gsize len);
