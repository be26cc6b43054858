/* imap_flags.c - flags by name and as bits (RFC 3501 section 2.3.2, RFC 5788 keywords). */
#include "imap_grammar.h"

#define MAX_KEYWORDS      256
#define MAX_KEYWORD_BYTES 255

static const struct {
    const char *name;
    guint bit;
} names[] = {
    {"\\Seen", IMAP_FLAG_SEEN},         {"\\Flagged", IMAP_FLAG_FLAGGED},
    {"\\Answered", IMAP_FLAG_ANSWERED}, {"\\Deleted", IMAP_FLAG_DELETED},
    {"\\Draft", IMAP_FLAG_DRAFT},       {"$Forwarded", IMAP_FLAG_FORWARDED},
    {"$Junk", IMAP_FLAG_JUNK},          {"$NotJunk", IMAP_FLAG_NOTJUNK},
    {"$MDNSent", IMAP_FLAG_MDNSENT},    {"\\Recent", IMAP_FLAG_RECENT},
};
#define OWN_NAMES 9 /* all but \Recent: what we may write */

gboolean imap_parse_flags(Cursor *c, ImapFlags *out, gboolean *any_keyword)
{
    *out = (ImapFlags){0};
    if (any_keyword)
        *any_keyword = FALSE;
    if (!imap_cursor_char(c, '('))
        return FALSE;
    for (;;) {
        Span word;
        imap_cursor_blanks(c);
        if (imap_cursor_char(c, ')'))
            return TRUE;
        if (!imap_cursor_astring(c, &word)) {
            imap_flags_clear(out);
            return FALSE;
        }
        guint i = 0;
        while (i < G_N_ELEMENTS(names) && !span_is(word, names[i].name))
            i++;
        if (i < G_N_ELEMENTS(names)) {
            out->bits |= names[i].bit;
        } else if (span_is(word, "\\*")) {
            if (any_keyword)
                *any_keyword = TRUE;
        } else if (word.len > 0 && word.len <= MAX_KEYWORD_BYTES && *word.at != '\\') {
            if (!out->keywords)
                out->keywords = g_ptr_array_new_with_free_func(g_free);
            if (out->keywords->len < MAX_KEYWORDS)
                g_ptr_array_add(out->keywords, imap_dup(word));
        }
    }
}

void imap_flags_clear(ImapFlags *f)
{
    g_clear_pointer(&f->keywords, g_ptr_array_unref);
    f->bits = 0;
}

static gpointer copy_text(gconstpointer text, gpointer unused)
{
    return g_strdup(text);
}

ImapFlags imap_flags_copy(const ImapFlags *f)
{
    ImapFlags copy = {.bits = f->bits};
    if (f->keywords) {
        copy.keywords = g_ptr_array_copy(f->keywords, copy_text, NULL);
        g_ptr_array_set_free_func(copy.keywords, g_free);
    }
    return copy;
}

static gboolean is_keyword(const char *word)
{
    gsize len = strlen(word);
    if (len == 0 || len > MAX_KEYWORD_BYTES)
        return FALSE;
    for (gsize i = 0; i < len; i++) { /* RFC 3501 section 9, flag-keyword is an atom */
        if (!g_ascii_isgraph(word[i]) || strchr("(){%*\"\\]", word[i]))
            return FALSE;
    }
    return TRUE;
}

gboolean imap_flags_text(GString *out, guint bits, const char *const *keywords)
{
    const char *between = "";
    for (guint i = 0; i < OWN_NAMES; i++) {
        if (!(bits & names[i].bit))
            continue;
        g_string_append_printf(out, "%s%s", between, names[i].name);
        between = " ";
    }
    for (; keywords && *keywords; keywords++) {
        if (!is_keyword(*keywords))
            return FALSE;
        g_string_append_printf(out, "%s%s", between, *keywords);
        between = " ";
    }
    return TRUE;
}
