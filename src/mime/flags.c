/* flags.c - names of message flags on the wire and in Maildir. One table serves
 * both ways, so a flag cannot be written that is not read back. */
#include "pintail/mime/flags.h"
#include <string.h>

static const struct {
    Flags flag;
    const char *imap;
    char maildir; /* 0: Maildir has no letter, the store keeps it */
} table[] = {
    {FLAG_DRAFT, "\\Draft", 'D'},       {FLAG_FLAGGED, "\\Flagged", 'F'},
    {FLAG_FORWARDED, "$Forwarded", 'P'}, {FLAG_ANSWERED, "\\Answered", 'R'},
    {FLAG_SEEN, "\\Seen", 'S'},         {FLAG_DELETED, "\\Deleted", 'T'},
    {FLAG_JUNK, "$Junk", 0},            {FLAG_NOTJUNK, "$NotJunk", 0},
    {FLAG_MDNSENT, "$MDNSent", 0},
};

/* What other programs write for the same thing. */
static const struct {
    Flags flag;
    const char *imap;
} aliases[] = {
    {FLAG_FORWARDED, "Forwarded"}, {FLAG_JUNK, "Junk"},       {FLAG_NOTJUNK, "NonJunk"},
    {FLAG_NOTJUNK, "NotJunk"},     {FLAG_NOTJUNK, "$NonJunk"}, {FLAG_MDNSENT, "MDNSent"},
};

const char *flag_imap_name(Flags one)
{
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        if (table[i].flag == one)
            return table[i].imap;
    }
    return NULL;
}

static gboolean name_is(const char *name, gsize len, const char *wanted)
{
    return strlen(wanted) == len && g_ascii_strncasecmp(name, wanted, len) == 0;
}

Flags flag_from_imap(const char *name, gsize len)
{
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        if (name_is(name, len, table[i].imap))
            return table[i].flag;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(aliases); i++) {
        if (name_is(name, len, aliases[i].imap))
            return aliases[i].flag;
    }
    return 0;
}

char *flags_to_maildir(guint flags)
{
    char letters[G_N_ELEMENTS(table) + 1];
    gsize n = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        if ((flags & table[i].flag) && table[i].maildir)
            letters[n++] = table[i].maildir;
    }
    return g_strndup(letters, n);
}

guint flags_from_maildir(const char *letters)
{
    guint flags = 0;
    for (; *letters; letters++) {
        for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
            if (table[i].maildir == *letters)
                flags |= table[i].flag;
        }
    }
    return flags;
}
