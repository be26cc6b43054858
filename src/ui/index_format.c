/* index_format.c - the columns of the message list. */
#include <string.h>
#include "index_format.h"
#include "pintail/util/date.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

static const struct {
    char letter;
    const char *title;
    int narrow, wide; /* cells below and from 90 columns on */
    gboolean right;
} letters[] = {
    {'Z', "", 2, 2, FALSE},           {'D', N_("Date"), 7, 10, TRUE},
    {'F', N_("From"), 17, 20, FALSE}, {'s', N_("Subject"), 0, 0, FALSE},
    {'c', N_("Size"), 7, 7, TRUE},    {'C', N_("No."), 5, 6, TRUE},
    {'n', N_("From"), 17, 20, FALSE}, {'a', N_("Address"), 20, 26, FALSE},
    {'t', N_("To"), 17, 20, FALSE},   {'M', "", 4, 5, TRUE},
};

static int letter_index(char c)
{
    for (gsize i = 0; i < G_N_ELEMENTS(letters); i++)
        if (letters[i].letter == c)
            return (int)i;
    return -1;
}

const char *index_format_title(char letter, gboolean recipient)
{
    int i = letter_index(letter);
    if (letter == 'F' && recipient)
        return _("To");
    return i < 0 || !*letters[i].title ? "" : _(letters[i].title);
}

void index_format_clear(IndexFormat *f)
{
    for (guint i = 0; i < f->n; i++)
        g_clear_pointer(&f->fields[i].literal, g_free);
    f->n = 0;
}

static void add_literal(IndexFormat *f, const char *text, gsize len)
{
    if (len == 0 || f->n >= INDEX_COLUMNS_MAX)
        return;
    f->fields[f->n++] = (IndexField){.literal = g_strndup(text, len)};
}

void index_format_parse(IndexFormat *f, const char *text)
{
    index_format_clear(f);
    while (*text && f->n < INDEX_COLUMNS_MAX) {
        gsize plain = strcspn(text, "%");
        add_literal(f, text, plain);
        text += plain;
        if (!*text)
            break;
        IndexField field = {0};
        const char *p = text + 1;
        if (*p == '%') {
            add_literal(f, "%", 1);
            text += 2;
            continue;
        }
        if (*p == '-') {
            field.left = TRUE;
            p++;
        }
        for (; g_ascii_isdigit(*p); p++)
            field.wanted = MIN(field.wanted * 10 + (*p - '0'), 500);
        if (letter_index(*p) < 0) { /* shown as written, so that the mistake is seen */
            const char *end = *p ? g_utf8_next_char(p) : p;
            add_literal(f, text, (gsize)(end - text));
            text = end;
            continue;
        }
        field.letter = *p;
        field.right = !field.left && letters[letter_index(*p)].right;
        if (f->n < INDEX_COLUMNS_MAX)
            f->fields[f->n++] = field;
        text = p + 1;
    }
    gboolean any = FALSE;
    for (guint i = 0; i < f->n; i++)
        any = any || f->fields[i].letter;
    if (!any)
        index_format_parse(f, "%Z %-17F %s %D");
}

static int wanted_cells(const IndexField *f, int columns)
{
    if (!f->letter)
        return (int)text_width(f->literal, -1);
    int i = letter_index(f->letter);
    if (f->wanted && f->letter != 's')
        return f->wanted;
    return columns >= 90 ? letters[i].wide : letters[i].narrow;
}

void index_format_place(const IndexFormat *f, int columns, IndexCell cells[INDEX_COLUMNS_MAX])
{
    int fixed = 0, stretch = -1;
    for (guint i = 0; i < f->n; i++) {
        cells[i].cells = wanted_cells(&f->fields[i], columns);
        fixed += cells[i].cells;
        if (f->fields[i].letter == 's' && stretch < 0)
            stretch = (int)i;
    }
    if (stretch < 0) /* no subject: the sender takes the room */
        for (guint i = 0; i < f->n; i++)
            if (f->fields[i].letter == 'F')
                stretch = (int)i;
    if (stretch >= 0) {
        int rest = columns - (fixed - cells[stretch].cells);
        for (guint i = 0; i < f->n && rest < 12; i++) /* the subject needs some room: the sender gives */
            if (f->fields[i].letter == 'F' && (int)i != stretch && cells[i].cells > 8) {
                int give = MIN(cells[i].cells - 8, 12 - rest);
                cells[i].cells -= give;
                rest += give;
            }
        cells[stretch].cells = MAX(rest, 0);
    }
    int at = 0;
    for (guint i = 0; i < f->n; i++) {
        cells[i].column = at;
        cells[i].cells = CLAMP(cells[i].cells, 0, columns - at);
        at += cells[i].cells;
    }
}

static char *marks(const IndexValues *v)
{
    const Row *r = v->row;
    const char *first = r->flags & FLAG_DELETED ? "D" : v->tagged ? "*" : !(r->flags & FLAG_SEEN) || v->thread_unread ? "●" : " ";
    const char *second = r->parked               ? "!"
                         : r->flags & FLAG_FLAGGED ? "⚑"
                         : r->flags & FLAG_ANSWERED ? "r"
                         : r->flags & FLAG_FORWARDED ? "f"
                         : r->waiting ? "↑" : " ";
    return g_strconcat(first, second, NULL);
}

static char *date_text(const IndexValues *v, int cells)
{
    char *text = date_format_short(v->row->date, v->now);
    if ((int)text_width(text, -1) > cells && strlen(text) == 10 && cells >= 7)
        text[7] = '\0'; /* "2025-11" where "2025-11-14" has no room */
    return text;
}

char *index_format_text(const IndexField *field, const IndexValues *v, int cells)
{
    const Row *r = v->row;
    switch (field->letter) {
    case 'Z':
        return marks(v);
    case 'D':
        return date_text(v, cells);
    case 'F':
        return g_strdup(v->recipient && *r->to ? r->to : *r->from ? r->from : r->from_address);
    case 's':
        if (v->tree && *v->tree)
            return g_strdup_printf("%s%s%s", v->tree, r->has_attachment ? "@" : "",
                                   *r->subject ? r->subject : _("(no subject)"));
        return g_strdup_printf("%s%s", r->has_attachment ? "@" : " ",
                               *r->subject ? r->subject : _("(no subject)"));
    case 'c':
        return text_size(r->size);
    case 'n':
        return g_strdup(*r->from ? r->from : r->from_address);
    case 'a':
        return g_strdup(r->from_address);
    case 't':
        return g_strdup(r->to);
    case 'M':
        return v->hidden ? g_strdup_printf("+%u", v->hidden) : g_strdup("");
    case 'C':
        return g_strdup_printf("%u", v->number);
    default:
        return g_strdup(field->literal);
    }
}
