/* flags.h - message flags as one bit set, and their names on the wire and in Maildir. */
#pragma once
#include <glib.h>

typedef enum {
    FLAG_SEEN = 1 << 0,
    FLAG_FLAGGED = 1 << 1,
    FLAG_ANSWERED = 1 << 2,
    FLAG_DELETED = 1 << 3, /* marked; delete-mode mark */
    FLAG_DRAFT = 1 << 4,
    FLAG_FORWARDED = 1 << 5, /* $Forwarded; Maildir P */
    FLAG_JUNK = 1 << 6,      /* $Junk */
    FLAG_NOTJUNK = 1 << 7,   /* $NotJunk */
    FLAG_MDNSENT = 1 << 8,   /* $MDNSent */
} Flags;

#define FLAGS_ALL 0x1ff

/* IMAP name ("\\Seen", "$Forwarded") of one flag; static. */
const char *flag_imap_name(Flags one);
/* The flag of an IMAP name (case-insensitive), 0 when we keep none for it. */
Flags flag_from_imap(const char *name, gsize len);
/* Maildir info letters, in ASCII order ("FS"); the caller owns it. */
char *flags_to_maildir(guint flags);
guint flags_from_maildir(const char *letters); /* the text after ":2,"; unknown letters ignored */
