/* mailcap.h - which program shows a type of file: the person's mailcap (RFC 1524). Pure but for the files. */
#pragma once
#include <glib.h>

typedef struct {
    char *command;        /* for a shell, the file's path in it */
    gboolean on_terminal; /* needsterminal */
    gboolean copious;     /* copiousoutput: its output is what is to be read */
} MailcapEntry;

void mailcap_entry_clear(MailcapEntry *e);
/* The first entry of `text` for `type` whose `test` command passes. FALSE: none, or `path` has a character
 * that a shell could take for more than a name. */
gboolean mailcap_find(const char *text, const char *type, const char *path,
                      gboolean (*test)(const char *command, gpointer data), gpointer data, MailcapEntry *found);
/* $MAILCAPS, else ~/.mailcap and /etc/mailcap, one after the other. Blocks on the disk. */
char *mailcap_read(void);
/* `name` with nothing in it that means something to a shell. The caller owns it. */
char *mailcap_plain_name(const char *name);
