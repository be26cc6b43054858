/* imap_seqmap.h - which UID a sequence number has, as far as the session has learnt it.
 *
 * Chunks of at most SEQMAP_CHUNK entries; a stretch of which nothing is known costs nothing,
 * whatever its length. Removing and setting in order are cheap (the last chunk is remembered). */
#pragma once
#include <glib.h>
#include "pintail/proto/imap.h"

#define SEQMAP_CHUNK  512
#define SEQMAP_CHUNKS 20000 /* of them in one map: ten million messages in order, 40 MB; no more is learnt */

typedef struct {
    GArray *chunks; /* of SeqChunk */
    guint64 total;
    guint hint;      /* a chunk, */
    guint64 hint_at; /* and how many entries are before it */
} SeqMap;

void imap_seqmap_init(SeqMap *m);
void imap_seqmap_clear(SeqMap *m);
void imap_seqmap_reset(SeqMap *m, guint32 total);  /* nothing known */
void imap_seqmap_resize(SeqMap *m, guint32 total); /* new ones at the end are unknown */
void imap_seqmap_set(SeqMap *m, guint32 seq, guint32 uid);
guint32 imap_seqmap_get(SeqMap *m, guint32 seq);    /* 0: not known */
guint32 imap_seqmap_remove(SeqMap *m, guint32 seq); /* what was there; the rest moves down */
/* VANISHED (RFC 7162 section 3.2.10) names UIDs: removes those that are known, in one pass;
 * how many they were. */
guint32 imap_seqmap_remove_set(SeqMap *m, const ImapSet *uids);
