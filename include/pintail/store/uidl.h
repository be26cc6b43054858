/* uidl.h - POP3: what was downloaded, so that nothing is fetched twice and nothing is deleted
 * that is not safe here. All writes are FULL; the UIDLs are also in an fsynced file beside the Maildir. */
#pragma once
#include "pintail/store/message.h"

typedef struct {
    char *uidl;
    gint64 message;     /* 0: forgotten here (purged), still on the server */
    gint64 downloaded;  /* Unix seconds */
    gboolean partial;   /* header only (pop3-max-size) */
    gboolean wanted;    /* the person opened a partial one: fetch it whole */
    gboolean purge;     /* deleted here, to be deleted there (pop3-delete-on-server) */
} Uidl;
void uidl_free(Uidl *u);

/* Every known one of the account, keyed by uidl. Reads. */
GHashTable *uidls_load(Store *s, gint64 account, GError **err);
/* One downloaded message: file into tmp/, fsync, into the INBOX's new/, fsync of the directory, then
 * message, placement and UIDL row in one FULL transaction. The base name is derived from SHA-256 of
 * account and `uidl` (of the content where uidl is NULL), and looked for in all local folders first: a
 * message that is there already is only recorded. `partial`: header from TOP, with `size` as listed. */
typedef struct {
    const char *uidl; /* NULL: the server has none */
    const void *bytes;
    gsize len;
    gboolean partial;
    guint64 size;
} Download;
gboolean pop3_store(Store *s, gint64 account, const Download *downloads, guint n, GError **err);
/* Is content like this (no UIDL) here already? */
gboolean pop3_have_content(Store *s, gint64 account, const void *bytes, gsize len);
/* The server confirmed QUIT after DELE of these: forget them. */
gboolean uidls_deleted(Store *s, gint64 account, const char *const *uidls, guint n, GError **err);
/* Not listed any more. */
gboolean uidls_forget(Store *s, gint64 account, const char *const *uidls, guint n, GError **err);
gboolean uidl_want(Store *s, gint64 message, GError **err); /* see Uidl.wanted */
