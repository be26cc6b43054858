/* directive_screen.c - directives that look at the screen, and at the bytes behind it. */
#include "directive.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

static gboolean screen_has(Script *s, const void *text)
{
    g_autofree char *screen = session_text(session(s));
    return strstr(screen, text) != NULL;
}

static gboolean screen_lacks(Script *s, const void *text)
{
    return !screen_has(s, text);
}

typedef struct {
    int row; /* 0-based; -1: any */
    regex_t regex;
} RowMatch;

static gboolean row_matches(Script *s, const void *data)
{
    const RowMatch *m = data;
    for (int row = 0; row < session_rows(session(s)); row++) {
        if (m->row >= 0 && row != m->row)
            continue;
        g_autofree char *text = session_row(session(s), row);
        if (regexec(&m->regex, text, 0, NULL, 0) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean cursor_is(Script *s, const void *data)
{
    const int *at = data;
    int row, column;
    gboolean visible;
    session_cursor(session(s), &row, &column, &visible);
    return row + 1 == at[0] && column + 1 == at[1];
}

static gboolean raw_has(Script *s, const void *data)
{
    const GString *wanted = data, *raw = session_raw(session(s));
    return memmem(raw->str, raw->len, wanted->str, wanted->len) != NULL;
}

char *do_expect(Script *s, const char *arg)
{
    return wait_for(s, screen_has, arg) ? NULL : g_strdup_printf("not on the screen: %s", arg);
}

char *do_expect_not(Script *s, const char *arg)
{
    return wait_for(s, screen_lacks, arg) ? NULL : g_strdup_printf("still on the screen: %s", arg);
}

static char *match(Script *s, int row, const char *pattern)
{
    RowMatch m = {.row = row};
    char *problem = compile(&m.regex, pattern);
    if (problem)
        return problem;
    if (!wait_for(s, row_matches, &m))
        problem = g_strdup_printf("no match: %s", pattern);
    regfree(&m.regex);
    return problem;
}

/* Rows count from 1 at the top, from -1 at the bottom. */
char *do_expect_row(Script *s, const char *arg)
{
    char *rest;
    long row = strtol(arg, &rest, 10);
    if (row == 0 || *rest != ' ')
        return g_strdup("expect-row NUMBER REGEX");
    return match(s, (int)(row > 0 ? row - 1 : s->rows + row), rest + 1);
}

char *do_row_matches(Script *s, const char *arg)
{
    return match(s, -1, arg);
}

char *do_cursor(Script *s, const char *arg)
{
    char *rest;
    int at[2] = {(int)strtol(arg, &rest, 10), 0};
    at[1] = (int)strtol(rest, NULL, 10);
    if (wait_for(s, cursor_is, at))
        return NULL;
    int row, column;
    gboolean visible;
    session_cursor(session(s), &row, &column, &visible);
    return g_strdup_printf("the cursor is at %d %d", row + 1, column + 1);
}

char *do_mask(Script *s, const char *arg)
{
    g_ptr_array_add(s->masks, g_strdup(arg));
    return NULL;
}

static gboolean mask_one(const GMatchInfo *info, GString *result, gpointer data)
{
    g_autofree char *found = g_match_info_fetch(info, 0);
    for (glong i = g_utf8_strlen(found, -1); i > 0; i--)
        g_string_append_c(result, '#');
    return FALSE;
}

/* The screen with everything that differs from run to run (`mask REGEX`) as ####. */
static char *masked_screen(Script *s)
{
    char *text = session_text(session(s));
    for (guint i = 0; i < s->masks->len; i++) {
        g_autoptr(GRegex) regex = g_regex_new(g_ptr_array_index(s->masks, i), 0, 0, NULL);
        if (!regex)
            continue;
        char *next = g_regex_replace_eval(regex, text, -1, 0, 0, mask_one, NULL, NULL);
        g_free(text);
        text = next;
    }
    return text;
}

static gboolean screen_is(Script *s, const void *expected)
{
    g_autofree char *text = masked_screen(s);
    return strcmp(text, expected) == 0;
}

static char *difference(const char *expected, const char *got)
{
    g_auto(GStrv) a = g_strsplit(expected, "\n", -1), b = g_strsplit(got, "\n", -1);
    for (guint i = 0; a[i] && b[i]; i++)
        if (strcmp(a[i], b[i]) != 0)
            return g_strdup_printf("row %u differs\n  expected |%s|\n  got      |%s|", i + 1, a[i], b[i]);
    return g_strdup("another number of rows");
}

char *do_screen(Script *s, const char *arg)
{
    g_autofree char *path = g_strdup_printf("%s/%s.txt", s->context->expected, arg);
    g_autofree char *expected = NULL;
    if (s->context->update) {
        char *problem = do_idle(s, "");
        g_mkdir_with_parents(s->context->expected, 0755);
        g_autofree char *text = masked_screen(s);
        if (!problem && !g_file_set_contents(path, text, -1, NULL))
            problem = g_strdup_printf("cannot write %s", path);
        return problem;
    }
    if (!g_file_get_contents(path, &expected, NULL, NULL))
        return g_strdup_printf("no expected screen %s (UPDATE=1 writes it)", path);
    if (wait_for(s, screen_is, expected))
        return NULL;
    g_autofree char *text = masked_screen(s);
    g_autofree char *what = difference(expected, text);
    return g_strdup_printf("not as in %s: %s", path, what);
}

char *do_raw(Script *s, const char *arg)
{
    g_autoptr(GString) wanted = unescape(arg);
    return wait_for(s, raw_has, wanted) ? NULL : g_strdup("these bytes were not written");
}

char *do_raw_not(Script *s, const char *arg)
{
    g_autoptr(GString) wanted = unescape(arg);
    session_pump(0);
    return raw_has(s, wanted) ? g_strdup("these bytes were written to the terminal") : NULL;
}

char *do_svg(Script *s, const char *arg)
{
    g_autofree char *path = g_path_is_absolute(arg) ? g_strdup(arg)
                                                    : g_build_filename(s->context->output, arg, NULL);
    g_autofree char *svg = session_svg(session(s));
    return g_file_set_contents(path, svg, -1, NULL) ? NULL : g_strdup_printf("cannot write %s", path);
}

