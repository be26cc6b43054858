/* scroll.c - a cursor in a list and the part of it that shows. */
#include "scroll.h"

void scroll_fit(Scroll *s, int count, int page)
{
    s->count = MAX(count, 0);
    s->page = MAX(page, 1);
    s->cursor = CLAMP(s->cursor, 0, MAX(s->count - 1, 0));
    if (s->cursor < s->top)
        s->top = s->cursor;
    if (s->cursor >= s->top + s->page)
        s->top = s->cursor - s->page + 1;
    s->top = CLAMP(s->top, 0, MAX(s->count - s->page, 0));
}

void scroll_page(Scroll *s, int count, int page)
{
    s->count = MAX(count, 0);
    s->page = MAX(page, 1);
    s->top = CLAMP(s->top, 0, MAX(s->count - s->page, 0));
}

/* How far a command goes; FALSE when it is no motion. */
static gboolean distance(const Scroll *s, const char *command, int *by)
{
    static const struct {
        const char *name;
        int pages, lines;
    } motions[] = {{"up", 0, -1}, {"down", 0, 1}, {"page-up", -2, 0}, {"page-down", 2, 0},
                   {"half-up", -1, 0}, {"half-down", 1, 0}};
    for (gsize i = 0; i < G_N_ELEMENTS(motions); i++)
        if (g_str_equal(command, motions[i].name)) {
            int half = MAX(s->page / 2, 1), page = MAX(s->page - 1, 1);
            *by = motions[i].lines + (motions[i].pages / 2) * page + (motions[i].pages % 2) * half;
            return TRUE;
        }
    if (g_str_equal(command, "first"))
        *by = -s->count;
    else if (g_str_equal(command, "last"))
        *by = s->count;
    else
        return FALSE;
    return TRUE;
}

gboolean scroll_command(Scroll *s, const char *command)
{
    int by;
    if (!distance(s, command, &by))
        return FALSE;
    s->cursor = CLAMP(s->cursor + by, 0, MAX(s->count - 1, 0));
    scroll_fit(s, s->count, s->page);
    return TRUE;
}

gboolean scroll_text_command(Scroll *s, const char *command)
{
    int by;
    if (!distance(s, command, &by))
        return FALSE;
    s->top += by;
    scroll_page(s, s->count, s->page);
    return TRUE;
}
