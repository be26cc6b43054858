/* meta.c - small named values, and certificates that a person trusts. */
#include "private.h"

char *meta_get(Store *s, const char *key)
{
    char *value = db_string(&s->db, "SELECT value FROM meta WHERE key = ?", "t", key);
    db_ok(&s->db, NULL);
    return value;
}

gboolean meta_put(Store *s, const char *key, const char *value, GError **err)
{
    if (!txn_begin(s, TRUE, err))
        return FALSE;
    if (value)
        db_run(&s->db, "INSERT OR REPLACE INTO meta VALUES(?, ?)", "tt", key, value);
    else
        db_run(&s->db, "DELETE FROM meta WHERE key = ?", "t", key);
    return txn_commit(s, err);
}

char *trust_get(Store *s, const char *host, guint16 port, char **description)
{
    g_autofree char *name = g_ascii_strdown(host, -1);
    char *sha256 = NULL;
    if (description)
        *description = NULL;
    sqlite3_stmt *st =
        db_query(&s->db, "SELECT sha256, description FROM trust WHERE host = ? AND port = ?", "ti",
                 name, I64(port));
    if (db_step(&s->db, st)) {
        sha256 = db_text(st, 0);
        if (description)
            *description = db_text(st, 1);
        db_reset(st);
    }
    db_ok(&s->db, NULL);
    return sha256;
}

gboolean trust_put(Store *s, const char *host, guint16 port, const char *sha256,
                   const char *description, GError **err)
{
    g_autofree char *name = g_ascii_strdown(host, -1);
    if (!txn_begin(s, TRUE, err))
        return FALSE;
    db_run(&s->db, "INSERT OR REPLACE INTO trust VALUES(?, ?, ?, ?)", "titt", name, I64(port),
           sha256, description ? description : "");
    return txn_commit(s, err);
}
