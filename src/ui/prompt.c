/* prompt.c - the line above the hints where commands are typed and questions asked. */
#include <string.h>
#include "prompt.h"
#include "complete.h"
#include "field.h"
#include "viewer_rows.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define SUGGESTIONS 8
#define HISTORY     200

typedef struct {
    char *question;
    char *answers; /* after it, never clipped; NULL */
    Field *field;  /* NULL: one key */
    char *keys;
    gboolean is_command;
    Complete complete;
    GPtrArray *candidates; /* of Candidate */
    gsize start;           /* what they replace begins at this byte */
    int selected;          /* -1: none */
    char *typed;           /* what stood there before one was selected */
    int recalled;          /* history; -1: none */
    char *note;            /* at the end of the row; NULL */
    void (*changed)(Ui *ui, const char *text, gpointer data);
    void (*done)(Ui *ui, const char *text, gpointer data);
    void (*done_key)(Ui *ui, char key, gpointer data);
    gpointer data;
} Prompt;

struct Prompts {
    Prompt *open;
    GQueue *waiting;
    gboolean answering; /* inside done(): what it asks comes next */
    GPtrArray *history; /* of char *: command lines */
};

static void prompt_free(gpointer data)
{
    Prompt *p = data;
    if (!p)
        return;
    g_free(p->question);
    g_free(p->answers);
    field_free(p->field);
    g_free(p->keys);
    g_free(p->typed);
    g_free(p->note);
    if (p->candidates)
        g_ptr_array_unref(p->candidates);
    g_free(p);
}

Prompts *prompts_new(void)
{
    Prompts *p = g_new0(Prompts, 1);
    p->waiting = g_queue_new();
    p->history = g_ptr_array_new_with_free_func(g_free);
    return p;
}

void prompts_free(Prompts *p)
{
    if (!p)
        return;
    prompt_free(p->open);
    g_queue_free_full(p->waiting, prompt_free);
    g_ptr_array_unref(p->history);
    g_free(p);
}

gboolean prompt_is_open(const Prompts *p)
{
    return p->open != NULL;
}

gboolean prompt_is_line(const Prompts *p)
{
    return p->open && p->open->field;
}

gboolean prompt_completes(const Prompts *p)
{
    return p->open && (p->open->is_command || (p->open->field && p->open->complete != COMPLETE_NONE));
}

static void suggest(Ui *ui, Prompt *p)
{
    g_clear_pointer(&p->candidates, g_ptr_array_unref);
    p->selected = -1;
    p->start = 0;
    if (p->is_command)
        p->candidates = complete_line(ui, field_text(p->field), &p->start, 200);
    else if (p->field && p->complete != COMPLETE_NONE) {
        const char *text = field_text(p->field);
        const char *word = p->complete == COMPLETE_PATTERN || p->complete == COMPLETE_ADDRESS
                               ? complete_last_word(text) : text;
        p->start = (gsize)(word - text);
        p->candidates = complete_word(ui, p->complete, word, 200);
    }
}

static void enqueue(Ui *ui, Prompt *p)
{
    Prompts *all = ui->prompts;
    p->selected = p->recalled = -1;
    ui->dirty = TRUE;
    if (all->open && all->answering)
        g_queue_push_head(all->waiting, p);
    else if (all->open)
        g_queue_push_tail(all->waiting, p);
    else {
        all->open = p;
        suggest(ui, p);
    }
}

/* Closes the open prompt; its callback may open others. */
static void finish(Ui *ui, const char *text, char key)
{
    Prompts *all = ui->prompts;
    Prompt *p = g_steal_pointer(&all->open);
    all->answering = TRUE;
    if (p->done)
        p->done(ui, text, p->data);
    if (p->done_key)
        p->done_key(ui, key, p->data);
    all->answering = FALSE;
    prompt_free(p);
    if (!all->open && (all->open = g_queue_pop_head(all->waiting)))
        suggest(ui, all->open);
    ui->dirty = TRUE;
}

/* ---- opening ---- */

static void run_typed(Ui *ui, const char *text, gpointer data)
{
    if (!text || !*text)
        return;
    GPtrArray *h = ui->prompts->history;
    if (h->len == 0 || !g_str_equal(h->pdata[h->len - 1], text))
        g_ptr_array_add(h, g_strdup(text));
    if (h->len > HISTORY)
        g_ptr_array_remove_index(h, 0);
    ui_run_line(ui, text);
}

void prompt_command_line(Ui *ui, const char *initial)
{
    Prompt *p = g_new0(Prompt, 1);
    p->question = g_strdup(":");
    p->field = field_new(initial, FALSE);
    p->is_command = TRUE;
    p->done = run_typed;
    enqueue(ui, p);
}

void ui_ask_completing(Ui *ui, const char *question, const char *initial, int complete,
                       void (*done)(Ui *ui, const char *text, gpointer data), gpointer data)
{
    Prompt *p = g_new0(Prompt, 1);
    p->question = g_strdup_printf("%s ", question);
    p->field = field_new(initial, FALSE);
    p->complete = (Complete)complete;
    p->done = done;
    p->data = data;
    enqueue(ui, p);
}

void ui_ask_watching(Ui *ui, const char *question, int complete,
                     void (*changed)(Ui *ui, const char *text, gpointer data),
                     void (*done)(Ui *ui, const char *text, gpointer data), gpointer data)
{
    Prompt *p = g_new0(Prompt, 1);
    p->question = g_strdup_printf("%s ", question);
    p->field = field_new("", FALSE);
    p->complete = (Complete)complete;
    p->changed = changed;
    p->done = done;
    p->data = data;
    enqueue(ui, p);
}

void ui_ask_note(Ui *ui, const char *note)
{
    Prompt *p = ui->prompts->open;
    if (!p || !p->changed)
        return;
    g_free(p->note);
    p->note = g_strdup(note);
    ui->dirty = TRUE;
}

void ui_ask(Ui *ui, const char *question, const char *initial, gboolean secret,
            void (*done)(Ui *ui, const char *text, gpointer data), gpointer data)
{
    Prompt *p = g_new0(Prompt, 1);
    p->question = g_strdup_printf("%s ", question);
    p->field = field_new(initial, secret);
    p->done = done;
    p->data = data;
    enqueue(ui, p);
}

void ui_ask_key(Ui *ui, const char *question, const char *keys,
                void (*done)(Ui *ui, char key, gpointer data), gpointer data)
{
    g_autoptr(GString) shown = g_string_new(NULL);
    for (const char *k = keys; *k; k++)
        g_string_append_printf(shown, "%s%c", k == keys ? "" : "/", *k);
    Prompt *p = g_new0(Prompt, 1);
    p->question = g_strdup(question);
    p->answers = g_strdup_printf(" (%s) ", shown->str);
    p->keys = g_strdup(keys);
    p->done_key = done;
    p->data = data;
    enqueue(ui, p);
}

/* ---- keys ---- */

static void put_candidate(Prompt *p, int which)
{
    if (!p->typed)
        p->typed = g_strdup(field_text(p->field));
    p->selected = which;
    g_autofree char *before = g_strndup(p->typed, MIN(p->start, strlen(p->typed)));
    const char *text = which < 0 ? p->typed + strlen(before)
                                 : ((Candidate *)p->candidates->pdata[which])->text;
    g_autofree char *whole = g_strconcat(before, text, NULL);
    field_set(p->field, whole);
}

static gboolean select_candidate(Prompt *p, int by)
{
    int n = p->candidates ? (int)p->candidates->len : 0;
    if (n == 0)
        return FALSE;
    int next = p->selected + by;
    put_candidate(p, next >= n ? -1 : next < -1 ? n - 1 : next);
    return TRUE;
}

static void recall(Ui *ui, Prompt *p, int by)
{
    GPtrArray *h = ui->prompts->history;
    int next = p->recalled < 0 ? (int)h->len - 1 : p->recalled + by;
    if (!p->is_command || next < 0 || next >= (int)h->len)
        return;
    p->recalled = next;
    field_set(p->field, h->pdata[next]);
    suggest(ui, p);
    p->recalled = next;
}

/* Tab with one candidate, or after one was chosen, goes on to the next word. */
static void tab(Ui *ui, Prompt *p)
{
    if (p->candidates && p->candidates->len == 1) {
        put_candidate(p, 0);
        g_clear_pointer(&p->typed, g_free);
        g_autofree char *more = g_strconcat(field_text(p->field), p->is_command ? " " : "", NULL);
        field_set(p->field, more);
        suggest(ui, p);
        return;
    }
    (void)select_candidate(p, 1);
}

static void key_question(Ui *ui, Prompt *p, const Key *k)
{
    if (k->kind == KEY_ESC || (k->kind == KEY_CHAR && k->mods == KEY_MOD_CTRL &&
                               (k->code == 'c' || k->code == 'g'))) {
        finish(ui, NULL, 0);
        return;
    }
    if (k->kind != KEY_CHAR || k->mods || k->code >= 0x80)
        return;
    char c = (char)k->code;
    if (!strchr(p->keys, c))
        c = g_ascii_tolower(c);
    if (c && strchr(p->keys, c))
        finish(ui, NULL, c);
}

static void submit(Ui *ui, Prompt *p)
{
    finish(ui, field_text(p->field), 0);
}

static void line_key(Ui *ui, Prompt *p, const Key *k)
{
    gboolean control = k->kind == KEY_CHAR && k->mods == KEY_MOD_CTRL;
    if (k->kind == KEY_ESC || (control && (k->code == 'c' || k->code == 'g'))) {
        finish(ui, NULL, 0);
    } else if (k->kind == KEY_ENTER) {
        submit(ui, p);
    } else if (k->kind == KEY_TAB) {
        tab(ui, p);
    } else if (k->kind == KEY_BACKTAB) {
        (void)select_candidate(p, -1);
    } else if (k->kind == KEY_ARROW_DOWN || (control && k->code == 'n')) {
        if (p->recalled >= 0)
            recall(ui, p, 1);
        else
            (void)select_candidate(p, 1);
    } else if (k->kind == KEY_ARROW_UP || (control && k->code == 'p')) {
        if (p->selected >= 0)
            (void)select_candidate(p, -1);
        else
            recall(ui, p, -1);
    } else if (k->kind == KEY_BACKSPACE && p->is_command && !*field_text(p->field)) {
        finish(ui, NULL, 0);
    } else if (k->kind == KEY_PASTE) {
        g_autofree char *rest = field_paste(p->field, k);
        g_clear_pointer(&p->typed, g_free);
        suggest(ui, p);
        if (rest && k->code == 1 && g_str_equal(rest, "\n"))
            submit(ui, p); /* one line typed ahead with its Enter, into a prompt that was opened for it */
    } else if (k->kind != KEY_MOUSE && field_key(p->field, k)) {
        g_clear_pointer(&p->typed, g_free);
        p->recalled = -1;
        suggest(ui, p);
    }
}

void prompt_key(Ui *ui, const Key *k)
{
    Prompt *p = ui->prompts->open;
    if (!p->field) {
        key_question(ui, p, k);
        return;
    }
    g_autofree char *before = p->changed ? g_strdup(field_text(p->field)) : NULL;
    line_key(ui, p, k);
    if (before && ui->prompts->open == p && p->changed && !g_str_equal(field_text(p->field), before))
        p->changed(ui, field_text(p->field), p->data);
}

/* ---- drawing ---- */

static void draw_suggestions(Prompt *p, Surface *body)
{
    int n = MIN((int)p->candidates->len, MIN(SUGGESTIONS, surface_rows(body) - 1));
    int first = p->selected >= n ? p->selected - n + 1 : 0;
    int top = surface_rows(body) - n, columns = surface_columns(body);
    guint width = 8;
    for (int i = 0; i < n; i++)
        width = MAX(width, text_width(((Candidate *)p->candidates->pdata[first + i])->text, -1));
    width = MIN(width, (guint)columns / 2);
    for (int i = 0; i < n; i++) {
        const Candidate *c = p->candidates->pdata[first + i];
        gboolean on = first + i == p->selected;
        Style style = style_merge(style_of("prompt.candidate"), on ? style_of("prompt.selected") : 0);
        Style note = style_merge(style_of("prompt.note"), on ? style_of("prompt.selected") : 0);
        surface_fill(body, top + i, 0, -1, style, " ");
        surface_field(body, top + i, 1, (int)width, style, c->text);
        surface_field(body, top + i, (int)width + 3, -1, note, c->note);
    }
    if ((int)p->candidates->len > n)
        surface_printf(body, surface_rows(body) - 1, columns - 8, style_of("prompt.note"), "+%u",
                       p->candidates->len - (guint)n);
}

int prompt_draw_above(Surface *body, Style style, const char *text, int reserved, const char **rest)
{
    enum { LINES = 4 };
    int columns = surface_columns(body), n = 0;
    struct {
        const char *at;
        gsize len;
    } lines[LINES];
    *rest = text;
    while (n < MIN(LINES, surface_rows(body))) {
        const char *newline = strchr(*rest, '\n');
        if (!newline && (int)text_width(*rest, -1) <= MAX(columns - reserved, 10))
            break;
        gsize left = newline ? (gsize)(newline - *rest) : strlen(*rest), skip;
        gsize len = viewer_wrap(*rest, left, columns, TRUE, &skip);
        if (newline && len + skip >= left) {
            skip = left - len + 1;
        } else if (len + skip >= left) { /* it fits, but leaves no room to type: its last word goes on */
            while (len > 1 && (*rest)[len - 1] == ' ')
                len--;
            while (len > 1 && (*rest)[len - 1] != ' ')
                len--;
            skip = 0;
        }
        lines[n].at = *rest;
        lines[n++].len = len;
        *rest += len + skip;
    }
    for (int i = 0; i < n; i++) {
        int row = surface_rows(body) - n + i;
        surface_fill(body, row, 0, -1, style, " ");
        surface_put(body, row, 0, -1, style, lines[i].at, (gssize)lines[i].len);
    }
    return n;
}

void prompt_draw(Ui *ui, Surface *body, Surface *row)
{
    Prompt *p = ui->prompts->open;
    int top, left, columns = surface_columns(row);
    surface_origin(row, &top, &left);
    surface_fill(row, 0, 0, -1, style_of("prompt"), " ");
    int reserved = p->answers ? (int)text_width(p->answers, -1) : 12;
    const char *rest;
    int above = prompt_draw_above(body, style_of("prompt"), p->question, reserved, &rest);
    g_autofree char *question = text_clip(rest, (guint)MAX(columns - reserved, 10), FALSE);
    int at = surface_put(row, 0, 0, -1, style_of("prompt"), question, -1);
    if (p->answers)
        at += surface_put(row, 0, at, -1, style_of("prompt"), p->answers, -1);
    else if (g_str_has_suffix(rest, " ") && !g_str_has_suffix(question, " "))
        at++;
    if (p->field) {
        if (p->candidates && p->candidates->len) {
            g_autoptr(Surface) over = surface_sub(body, 0, 0, surface_rows(body) - above, surface_columns(body));
            draw_suggestions(p, over);
        }
        int note = p->note && *p->note ? (int)text_width(p->note, -1) + 2 : 0;
        if (note && note < columns - at - 20)
            surface_put(row, 0, columns - note + 1, -1, style_of("prompt.note"), p->note, -1);
        else
            note = 0;
        at = field_draw(p->field, row, 0, at, columns - at - note, style_of("prompt.input"));
    }
    term_cursor(top, left + at, TRUE);
}
