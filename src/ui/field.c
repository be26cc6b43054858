/* field.c - one line of text that a person edits. */
#include <string.h>
#include "field.h"
#include "pintail/util/secret.h"
#include "pintail/util/text.h"

#define FIELD_MAX 65536 /* bytes: a line, not a document */

struct Field {
    char *text; /* own growing buffer: a secret leaves no copies behind */
    gsize len, size;
    gsize cursor; /* byte */
    gboolean secret;
    gsize first;  /* first byte shown */
};

Field *field_new(const char *initial, gboolean secret)
{
    Field *f = g_new0(Field, 1);
    f->secret = secret;
    f->size = 256;
    f->text = g_malloc0(f->size);
    field_set(f, initial ? initial : "");
    return f;
}

void field_free(Field *f)
{
    if (!f)
        return;
    secret_wipe(f->text, f->size);
    g_free(f->text);
    g_free(f);
}

const char *field_text(const Field *f)
{
    return f->text;
}

static void make_room(Field *f, gsize more)
{
    if (f->len + more + 1 <= f->size)
        return;
    gsize size = (f->len + more + 1) * 2;
    char *bigger = g_malloc0(size);
    memcpy(bigger, f->text, f->len + 1);
    secret_wipe(f->text, f->size);
    g_free(f->text);
    f->text = bigger;
    f->size = size;
}

static void insert(Field *f, const char *text, gsize len)
{
    if (f->len + len > FIELD_MAX)
        return;
    make_room(f, len);
    memmove(f->text + f->cursor + len, f->text + f->cursor, f->len - f->cursor + 1);
    memcpy(f->text + f->cursor, text, len);
    f->len += len;
    f->cursor += len;
}

static void erase(Field *f, gsize from, gsize to)
{
    memmove(f->text + from, f->text + to, f->len - to + 1);
    f->len -= to - from;
    f->cursor = from;
}

void field_set(Field *f, const char *text)
{
    f->len = f->cursor = f->first = 0;
    f->text[0] = '\0';
    insert(f, text, strlen(text));
}

/* A grapheme back or forward. */
static gsize step_back(const Field *f, gsize at)
{
    gsize start = 0, i = 0;
    while (i < at) { /* graphemes are known from the left only */
        start = i;
        i += printable_next(f->text + i, f->len - i).bytes;
    }
    return start;
}

static gsize step_forward(const Field *f, gsize at)
{
    return at >= f->len ? f->len : MIN(f->len, at + printable_next(f->text + at, f->len - at).bytes);
}

static gboolean is_word(char c)
{
    return g_ascii_isalnum(c) || (guchar)c >= 0x80;
}

static gsize word_back(const Field *f)
{
    gsize i = f->cursor;
    while (i > 0 && !is_word(f->text[i - 1]))
        i--;
    while (i > 0 && is_word(f->text[i - 1]))
        i--;
    return i;
}

static gsize word_forward(const Field *f)
{
    gsize i = f->cursor;
    while (i < f->len && !is_word(f->text[i]))
        i++;
    while (i < f->len && is_word(f->text[i]))
        i++;
    return i;
}

char *field_paste(Field *f, const Key *k)
{
    const char *text = k->text ? k->text : "";
    gsize n = strcspn(text, k->code == 1 ? "\n\t" : "\n");
    insert(f, text, n);
    return text[n] ? g_strdup(text + n) : NULL;
}

static gboolean control_key(Field *f, gunichar c)
{
    switch (c) {
    case 'a': f->cursor = 0; return TRUE;
    case 'e': f->cursor = f->len; return TRUE;
    case 'b': f->cursor = step_back(f, f->cursor); return TRUE;
    case 'f': f->cursor = step_forward(f, f->cursor); return TRUE;
    case 'd': erase(f, f->cursor, step_forward(f, f->cursor)); return TRUE;
    case 'k': erase(f, f->cursor, f->len); return TRUE;
    case 'u': erase(f, 0, f->cursor); return TRUE;
    case 'w': erase(f, word_back(f), f->cursor); return TRUE;
    default: return FALSE;
    }
}

static gboolean character_key(Field *f, const Key *k)
{
    char utf8[8];
    if (k->mods == KEY_MOD_CTRL)
        return control_key(f, k->code);
    if (k->mods == KEY_MOD_ALT && (k->code == 'b' || k->code == 'f')) {
        f->cursor = k->code == 'b' ? word_back(f) : word_forward(f);
        return TRUE;
    }
    if (k->mods == KEY_MOD_ALT && k->code == 'd') {
        gsize from = f->cursor;
        erase(f, from, word_forward(f));
        return TRUE;
    }
    if (k->mods & (KEY_MOD_CTRL | KEY_MOD_ALT))
        return FALSE;
    gint n = g_unichar_to_utf8(k->code, utf8);
    insert(f, utf8, (gsize)n);
    return TRUE;
}

gboolean field_key(Field *f, const Key *k)
{
    gboolean by_word = k->mods & (KEY_MOD_CTRL | KEY_MOD_ALT);
    switch (k->kind) {
    case KEY_CHAR:
        return character_key(f, k);
    case KEY_PASTE: {
        g_autofree char *rest = field_paste(f, k);
        return TRUE;
    }
    case KEY_BACKSPACE: {
        gsize from = by_word ? word_back(f) : step_back(f, f->cursor);
        erase(f, from, f->cursor);
        return TRUE;
    }
    case KEY_DELETE: {
        gsize from = f->cursor;
        erase(f, from, step_forward(f, from));
        return TRUE;
    }
    case KEY_ARROW_LEFT:
        f->cursor = by_word ? word_back(f) : step_back(f, f->cursor);
        return TRUE;
    case KEY_ARROW_RIGHT:
        f->cursor = by_word ? word_forward(f) : step_forward(f, f->cursor);
        return TRUE;
    case KEY_HOME_:
        f->cursor = 0;
        return TRUE;
    case KEY_END_:
        f->cursor = f->len;
        return TRUE;
    default:
        return FALSE;
    }
}

static int draw_secret(Field *f, Surface *s, int row, int column, int cells, Style style)
{
    int n = (int)g_utf8_strlen(f->text, (gssize)f->len);
    int before = (int)g_utf8_strlen(f->text, (gssize)f->cursor);
    surface_fill(s, row, column, cells, style, " ");
    surface_fill(s, row, column, MIN(n, cells), style, "•");
    return column + MIN(before, cells - 1);
}

int field_draw(Field *f, Surface *s, int row, int column, int cells, Style style)
{
    cells = MIN(cells, surface_columns(s) - column);
    if (cells < 2)
        return column;
    if (f->secret)
        return draw_secret(f, s, row, column, cells, style);
    if (f->cursor < f->first)
        f->first = f->cursor;
    while (text_width(f->text + f->first, (gssize)(f->cursor - f->first)) + 1 > (guint)cells)
        f->first = step_forward(f, f->first);
    int used = surface_put(s, row, column, cells, style, f->text + f->first,
                           (gssize)(f->len - f->first));
    surface_fill(s, row, column + used, cells - used, style, " ");
    return column + (int)text_width(f->text + f->first, (gssize)(f->cursor - f->first));
}
