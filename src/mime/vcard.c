/* vcard.c - vCards as cards: versions 4.0 (RFC 6350), 3.0 (RFC 2426) and 2.1. */
#include "card_private.h"
#include <string.h>
#include "content_line.h"
#include "pintail/util/i18n.h"

#define CARDS_MAX 50
#define LINES_MAX 40 /* of one */

static const struct {
    const char *name, *label;
} fields[] = {
    {"NICKNAME", N_("Nickname")}, {"ORG", N_("Organization")}, {"TITLE", N_("Title")},
    {"ROLE", N_("Role")},         {"EMAIL", N_("Email")},      {"TEL", N_("Telephone")},
    {"IMPP", N_("Messaging")},    {"ADR", N_("Address")},      {"URL", N_("Web")},
    {"BDAY", N_("Birthday")},     {"NOTE", N_("Note")},
};

/* The fields between ';' that are not empty, with ", ". */
static char *joined(const char *value)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < 7; i++) {
        g_autofree char *one = content_field(value, i);
        if (*one)
            g_string_append_printf(out, "%s%s", out->len ? ", " : "", one);
    }
    return g_string_free(out, FALSE);
}

/* "home", "work", "cell": what tells two numbers apart. */
static void append_kind(GString *out, const ContentLine *l)
{
    static const char *const known[] = {"HOME", "WORK", "CELL", "MOBILE", "FAX", "PAGER"};
    static const char *const shown[] = {N_("home"), N_("work"), N_("mobile"), N_("mobile"), N_("fax"), N_("pager")};
    g_autoptr(GString) kinds = g_string_new(NULL);
    for (guint i = 0; i + 1 < l->params->len; i += 2) {
        if (strcmp(l->params->pdata[i], "TYPE") != 0)
            continue;
        g_auto(GStrv) words = g_strsplit(l->params->pdata[i + 1], ",", 10);
        for (gsize k = 0; words[k]; k++)
            for (gsize n = 0; n < G_N_ELEMENTS(known); n++)
                if (g_ascii_strcasecmp(words[k], known[n]) == 0)
                    g_string_append_printf(kinds, "%s%s", kinds->len ? ", " : "", _(shown[n]));
    }
    if (kinds->len)
        g_string_append_printf(out, " (%s)", kinds->str);
}

/* "1985-04-12" from 19850412; anything else as it is. */
static char *birthday(const char *value)
{
    if (strlen(value) >= 8 && strspn(value, "0123456789") == 8)
        return g_strdup_printf("%.4s-%.2s-%.2s", value, value + 4, value + 6);
    return content_unescape(value, TRUE);
}

static char *value_of(const ContentLine *l)
{
    if (strcmp(l->name, "ADR") == 0 || strcmp(l->name, "ORG") == 0)
        return joined(l->value);
    if (strcmp(l->name, "BDAY") == 0)
        return birthday(l->value);
    char *v = content_unescape(l->value, TRUE);
    if (strcmp(l->name, "TEL") == 0 && g_ascii_strncasecmp(v, "tel:", 4) == 0)
        memmove(v, v + 4, strlen(v + 4) + 1);
    return v;
}

static void add_line(GString *body, const ContentLine *l)
{
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
        if (strcmp(l->name, fields[i].name) != 0)
            continue;
        g_autofree char *value = value_of(l);
        if (!*value)
            return;
        card_line(body, _(fields[i].label), value);
        append_kind(body, l);
        return;
    }
}

/* "Ada King Lovelace" from N:Lovelace;Ada;King;Countess; */
static char *name_of_n(const char *value)
{
    static const guint order[] = {3, 1, 2, 0, 4};
    GString *out = g_string_new(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(order); i++) {
        g_autofree char *one = content_field(value, order[i]);
        if (*one)
            g_string_append_printf(out, "%s%s", out->len ? " " : "", one);
    }
    return g_string_free(out, FALSE);
}

char *vcard_card(const char *utf8)
{
    ContentCursor c;
    g_auto(ContentLine) l = {0};
    g_autoptr(GString) out = g_string_new(NULL), body = g_string_new(NULL);
    g_autofree char *full = NULL, *name = NULL;
    guint cards = 0, lines = 0;
    gboolean open = FALSE;
    content_cursor_init(&c, utf8);
    while (cards < CARDS_MAX && content_line_next(&c, &l)) {
        gboolean begin = strcmp(l.name, "BEGIN") == 0 && g_ascii_strncasecmp(l.value, "VCARD", 5) == 0;
        gboolean end = open && strcmp(l.name, "END") == 0;
        if (begin) {
            open = TRUE;
            lines = 0;
            g_string_truncate(body, 0);
            g_clear_pointer(&full, g_free);
            g_clear_pointer(&name, g_free);
        } else if (end) {
            open = FALSE;
            const char *who = full && *full ? full : name && *name ? name : _("(no name)");
            card_line(out, _("Contact"), who);
            g_string_append_printf(out, "%s%s", body->len ? "\n" : "", body->str);
            cards++;
        } else if (open && strcmp(l.name, "FN") == 0 && !full) {
            full = content_unescape(l.value, TRUE);
        } else if (open && strcmp(l.name, "N") == 0 && !name) {
            name = name_of_n(l.value);
        } else if (open && lines++ < LINES_MAX) {
            add_line(body, &l);
        }
    }
    return cards ? g_string_free(g_steal_pointer(&out), FALSE) : NULL;
}
