/* search_pattern.c - see search_pattern.h. */
#include "search_pattern.h"
#include <string.h>
#include "index_text.h"
#include "pintail/mime/flags.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define PATTERN_MAX 4096
#define TERMS_MAX   64

typedef struct {
    const char *at;
    gint64 now;
    GArray *terms;
    gboolean negated;
    GError **err;
} Parser;

static gboolean bad(Parser *p, const char *format, const char *what)
{
    error_set(p->err, PINTAIL_ERROR_INVALID, format, what);
    return FALSE;
}

static void term_clear(gpointer term)
{
    g_free(((Term *)term)->text);
}

static Term *add(Parser *p, TermKind kind)
{
    Term t = {.kind = kind, .negated = p->negated};
    t.text = g_strdup("");
    g_array_append_val(p->terms, t);
    return &g_array_index(p->terms, Term, p->terms->len - 1);
}

static void skip_blanks(Parser *p)
{
    while (*p->at == ' ' || *p->at == '\t')
        p->at++;
}

/* A quoted string or everything up to a blank. NULL: a quote is left open. */
static char *value(Parser *p, gboolean *quoted)
{
    GString *text = g_string_new(NULL);
    *quoted = *p->at == '"' || *p->at == '\'';
    if (!*quoted) {
        while (*p->at && *p->at != ' ' && *p->at != '\t')
            g_string_append_c(text, *p->at++);
        return g_string_free(text, FALSE);
    }
    char quote = *p->at++;
    while (*p->at && *p->at != quote) {
        if (*p->at == '\\' && p->at[1])
            p->at++;
        g_string_append_c(text, *p->at++);
    }
    if (*p->at != quote) {
        g_string_free(text, TRUE);
        bad(p, _("a quote is missing at the end of: %s"), p->at);
        return NULL;
    }
    p->at++;
    return g_string_free(text, FALSE);
}

/* ---- values ---- */
static gboolean add_text(Parser *p, TermKind kind, const char *text, gboolean quoted)
{
    g_autofree char *plain = index_plain(text, PATTERN_MAX);
    g_strstrip(plain);
    if (!*plain)
        return bad(p, _("nothing to look for in '%s'"), text);
    Term *t = add(p, kind);
    g_free(t->text);
    t->text = g_steal_pointer(&plain);
    t->phrase = quoted;
    return TRUE;
}

static const struct {
    const char *name;
    guint flag;
    gboolean set;
} states[] = {
    {"unread", FLAG_SEEN, FALSE},
    {"new", FLAG_SEEN, FALSE},
    {"read", FLAG_SEEN, TRUE},
    {"seen", FLAG_SEEN, TRUE},
    {"flagged", FLAG_FLAGGED, TRUE},
    {"unflagged", FLAG_FLAGGED, FALSE},
    {"answered", FLAG_ANSWERED, TRUE},
    {"replied", FLAG_ANSWERED, TRUE},
    {"unanswered", FLAG_ANSWERED, FALSE},
    {"deleted", FLAG_DELETED, TRUE},
    {"draft", FLAG_DRAFT, TRUE},
    {"forwarded", FLAG_FORWARDED, TRUE},
    {"junk", FLAG_JUNK, TRUE},
};

static gboolean add_state(Parser *p, const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
        if (g_ascii_strcasecmp(states[i].name, name) != 0)
            continue;
        Term *t = add(p, TERM_FLAG);
        t->flag = states[i].flag;
        t->set = states[i].set;
        return TRUE;
    }
    return bad(p,
               _("is:%s is not known: unread, read, flagged, answered, deleted, draft, forwarded"),
               name);
}

/* "500", "40K", "1.5M", "2GB" */
static gboolean parse_size(const char *text, gint64 *out)
{
    char *end;
    double n = g_ascii_strtod(text, &end);
    if (end == text || n < 0 || n > 1e15)
        return FALSE;
    double unit = 1;
    switch (g_ascii_toupper(*end)) {
    case 'K':
        unit = 1e3;
        end++;
        break;
    case 'M':
        unit = 1e6;
        end++;
        break;
    case 'G':
        unit = 1e9;
        end++;
        break;
    }
    if (g_ascii_toupper(*end) == 'B')
        end++;
    *out = (gint64)(n * unit);
    return *end == '\0';
}

static gint64 day_start(int year, int month, int day)
{
    g_autoptr(GDateTime) t = g_date_time_new_local(year, month, day, 0, 0, 0);
    return t ? g_date_time_to_unix(t) : -1;
}

static gint64 today(gint64 now, int days)
{
    g_autoptr(GDateTime) t = g_date_time_new_from_unix_local(now);
    g_autoptr(GDateTime) then = g_date_time_add_days(t, days);
    return day_start(g_date_time_get_year(then), g_date_time_get_month(then),
                     g_date_time_get_day_of_month(then));
}

/* "3d", "2w", "6m", "1y": that long ago. */
static gboolean parse_ago(const char *text, gint64 now, gint64 *from, gint64 *to)
{
    char *end;
    gint64 n = g_ascii_strtoll(text, &end, 10);
    if (end == text || n < 0 || n > 100000 || !*end || end[1])
        return FALSE;
    g_autoptr(GDateTime) t = g_date_time_new_from_unix_local(now);
    g_autoptr(GDateTime) then = NULL;
    switch (*end) {
    case 'd':
        then = g_date_time_add_days(t, (int)-n);
        break;
    case 'w':
        then = g_date_time_add_weeks(t, (int)-n);
        break;
    case 'm':
        then = g_date_time_add_months(t, (int)-n);
        break;
    case 'y':
        then = g_date_time_add_years(t, (int)-n);
        break;
    default:
        return FALSE;
    }
    if (!then)
        return FALSE;
    *from = *to = g_date_time_to_unix(then);
    return TRUE;
}

/* A whole number of at most `digits` digits; advances. */
static gboolean number(const char **at, int digits, int *out)
{
    int n = 0, used = 0;
    for (; used < digits && g_ascii_isdigit(**at); used++)
        n = n * 10 + *(*at)++ - '0';
    *out = n;
    return used > 0;
}

/* 2025, 2025-06, 2025-06-30, 30/06/2025: [*from, *to) is that year, month or day. */
static gboolean parse_day(const char *text, gint64 *from, gint64 *to)
{
    int a = 0, month = 0, day = 0, year;
    const char *at = text;
    if (!number(&at, 4, &a))
        return FALSE;
    if (*at == '/') {
        at++;
        if (!number(&at, 2, &month) || *at++ != '/' || !number(&at, 4, &year) || *at)
            return FALSE;
        day = a;
        year += year < 100 ? 2000 : 0;
    } else {
        year = a;
        if (at - text != 4 || (*at && (*at++ != '-' || !number(&at, 2, &month))) ||
            (*at && (*at++ != '-' || !number(&at, 2, &day))) || *at)
            return FALSE;
    }
    g_autoptr(GDateTime) start =
        g_date_time_new_local(year, month ? month : 1, day ? day : 1, 0, 0, 0);
    g_autoptr(GDateTime) end = !start  ? NULL
                               : day   ? g_date_time_add_days(start, 1)
                               : month ? g_date_time_add_months(start, 1)
                                       : g_date_time_add_years(start, 1);
    if (!end)
        return FALSE;
    *from = g_date_time_to_unix(start);
    *to = g_date_time_to_unix(end);
    return TRUE;
}

static gboolean parse_date(const char *text, gint64 now, gint64 *from, gint64 *to)
{
    if (g_ascii_strcasecmp(text, "today") == 0 || g_ascii_strcasecmp(text, "yesterday") == 0) {
        int back = g_ascii_strcasecmp(text, "today") == 0 ? 0 : -1;
        *from = today(now, back);
        *to = today(now, back + 1);
        return TRUE;
    }
    return parse_ago(text, now, from, to) || parse_day(text, from, to);
}

static gboolean add_number(Parser *p, TermKind kind, gint64 n)
{
    add(p, kind)->number = n;
    return TRUE;
}

static gboolean add_date(Parser *p, TermKind kind, const char *text)
{
    gint64 from, to;
    if (!parse_date(text, p->now, &from, &to))
        return bad(p, _("'%s' is no date: 2025-01-31, 2025-01, 2025, 3d, 2w, 6m, today"), text);
    return add_number(p, kind, from);
}

static gboolean add_size(Parser *p, TermKind kind, const char *text)
{
    gint64 n;
    if (!parse_size(text, &n))
        return bad(p, _("'%s' is no size: 500, 40K, 1.5M"), text);
    return add_number(p, kind, n);
}

/* ---- keys ---- */
typedef enum { KEY_TEXT, KEY_DATE, KEY_SIZE, KEY_STATE, KEY_HAS } KeyKind;

static const struct {
    const char *name;
    KeyKind kind;
    TermKind term;
} keys[] = {
    {"from", KEY_TEXT, TERM_FROM},       {"to", KEY_TEXT, TERM_TO},
    {"cc", KEY_TEXT, TERM_CC},           {"subject", KEY_TEXT, TERM_SUBJECT},
    {"body", KEY_TEXT, TERM_BODY},       {"in", KEY_TEXT, TERM_IN},
    {"is", KEY_STATE, TERM_FLAG},        {"has", KEY_HAS, TERM_ATTACHMENT},
    {"after", KEY_DATE, TERM_SINCE},     {"since", KEY_DATE, TERM_SINCE},
    {"before", KEY_DATE, TERM_BEFORE},   {"larger", KEY_SIZE, TERM_LARGER},
    {"smaller", KEY_SIZE, TERM_SMALLER},
};

static gboolean parse_key(Parser *p, guint i)
{
    gboolean quoted;
    g_autofree char *text = value(p, &quoted);
    if (!text)
        return FALSE;
    if (!*text)
        return bad(p, _("'%s:' needs a value"), keys[i].name);
    switch (keys[i].kind) {
    case KEY_TEXT:
        return add_text(p, keys[i].term, text, quoted);
    case KEY_DATE:
        return add_date(p, keys[i].term, text);
    case KEY_SIZE:
        return add_size(p, keys[i].term, text);
    case KEY_STATE:
        return add_state(p, text);
    case KEY_HAS:
        if (g_ascii_strncasecmp(text, "attach", 6) != 0)
            return bad(p, _("has:%s is not known: has:attachment"), text);
        add(p, TERM_ATTACHMENT);
        return TRUE;
    }
    g_assert_not_reached();
}

/* A misspelled key is an error; "http://x" and "re:something" are just words. */
static gboolean check_unknown_key(Parser *p, const char *name)
{
    const char *names[G_N_ELEMENTS(keys) + 1] = {NULL};
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
        names[i] = keys[i].name;
    const char *nearest = strlen(name) >= 4 ? text_nearest(name, names) : NULL;
    if (!nearest)
        return TRUE;
    error_set(p->err, PINTAIL_ERROR_INVALID, _("'%s:' is not known: did you mean '%s:'?"), name,
              nearest);
    return FALSE;
}

/* ---- mutt's ---- */
static gboolean add_relative(Parser *p, const char *text)
{
    gint64 from, to;
    if (!parse_date(text + 1, p->now, &from, &to))
        return bad(p, _("'%s' is no date"), text);
    /* "<1w": less than a week ago. */
    return add_number(p, *text == '<' ? TERM_SINCE : TERM_BEFORE, from);
}

static gboolean add_mutt_date(Parser *p, const char *text)
{
    gint64 from, to, ignored;
    if (*text == '<' || *text == '>')
        return add_relative(p, text);
    if (parse_date(text, p->now, &from, &to)) {
        add_number(p, TERM_SINCE, from);
        if (to > from)
            add_number(p, TERM_BEFORE, to);
        return TRUE;
    }
    const char *dash = strchr(text, '-');
    if (!dash)
        return bad(p, _("'%s' is no date"), text);
    g_autofree char *first = g_strndup(text, (gsize)(dash - text));
    if ((*first && !parse_date(first, p->now, &from, &ignored)) ||
        (dash[1] && !parse_date(dash + 1, p->now, &ignored, &to)) || (!*first && !dash[1]))
        return bad(p, _("'%s' is no date"), text);
    if (*first)
        add_number(p, TERM_SINCE, from);
    if (dash[1])
        add_number(p, TERM_BEFORE, to);
    return TRUE;
}

static const struct {
    char letter;
    TermKind term; /* TERM_FLAG: flag and set; else with a value */
    guint flag;
    gboolean set;
} letters[] = {
    {'f', TERM_FROM, 0, 0},
    {'e', TERM_FROM, 0, 0},
    {'t', TERM_TO, 0, 0},
    {'c', TERM_CC, 0, 0},
    {'C', TERM_TO_OR_CC, 0, 0},
    {'L', TERM_ANYONE, 0, 0},
    {'s', TERM_SUBJECT, 0, 0},
    {'b', TERM_BODY, 0, 0},
    {'B', TERM_WORD, 0, 0},
    {'d', TERM_SINCE, 0, 0},
    {'z', TERM_LARGER, 0, 0},
    {'N', TERM_FLAG, FLAG_SEEN, FALSE},
    {'U', TERM_FLAG, FLAG_SEEN, FALSE},
    {'O', TERM_FLAG, FLAG_SEEN, FALSE},
    {'R', TERM_FLAG, FLAG_SEEN, TRUE},
    {'F', TERM_FLAG, FLAG_FLAGGED, TRUE},
    {'D', TERM_FLAG, FLAG_DELETED, TRUE},
    {'Q', TERM_FLAG, FLAG_ANSWERED, TRUE},
    {'A', TERM_ALL, 0, 0},
    {'X', TERM_ATTACHMENT, 0, 0},
};

static gboolean parse_letter_value(Parser *p, guint i)
{
    gboolean quoted;
    skip_blanks(p);
    g_autofree char *text = value(p, &quoted);
    if (!text)
        return FALSE;
    char name[3] = {'~', letters[i].letter, '\0'};
    if (!*text)
        return bad(p, _("'%s' needs a value"), name);
    if (letters[i].term == TERM_SINCE)
        return add_mutt_date(p, text);
    if (letters[i].term == TERM_LARGER)
        return add_size(p, *text == '<' ? TERM_SMALLER : TERM_LARGER,
                        *text == '<' || *text == '>' ? text + 1 : text);
    return add_text(p, letters[i].term, text, quoted);
}

static gboolean parse_letter(Parser *p)
{
    char letter = p->at[1];
    for (guint i = 0; i < G_N_ELEMENTS(letters); i++) {
        if (letters[i].letter != letter)
            continue;
        p->at += 2;
        if (letters[i].term == TERM_FLAG) {
            Term *t = add(p, TERM_FLAG);
            t->flag = letters[i].flag;
            t->set = letters[i].set;
            return TRUE;
        }
        if (letters[i].term == TERM_ALL || letters[i].term == TERM_ATTACHMENT) {
            add(p, letters[i].term);
            return TRUE;
        }
        return parse_letter_value(p, i);
    }
    char name[3] = {'~', letter, '\0'};
    return bad(p, _("'%s' is not known: ~f ~t ~c ~s ~b ~d ~z ~N ~R ~F ~D ~Q ~A"), name);
}

static gboolean parse_term(Parser *p)
{
    p->negated = FALSE;
    while ((*p->at == '-' || *p->at == '!') && p->at[1]) {
        p->negated = !p->negated;
        p->at++;
        skip_blanks(p);
    }
    if (*p->at == '~' && p->at[1] && p->at[1] != ' ')
        return parse_letter(p);
    gsize n = 0;
    while (g_ascii_isalpha(p->at[n]))
        n++;
    if (n > 0 && p->at[n] == ':') {
        g_autofree char *name = g_ascii_strdown(p->at, (gssize)n);
        for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
            if (strcmp(keys[i].name, name) == 0) {
                p->at += n + 1;
                return parse_key(p, i);
            }
        }
        if (!check_unknown_key(p, name))
            return FALSE;
    }
    gboolean quoted;
    g_autofree char *text = value(p, &quoted);
    return text && add_text(p, TERM_WORD, text, quoted);
}

GArray *search_parse(const char *pattern, gint64 now, GError **err)
{
    g_autoptr(GArray) terms = g_array_new(FALSE, TRUE, sizeof(Term));
    g_array_set_clear_func(terms, term_clear);
    Parser p = {.at = pattern, .now = now, .terms = terms, .err = err};
    if (strlen(pattern) > PATTERN_MAX || !g_utf8_validate(pattern, -1, NULL)) {
        bad(&p, "%s", _("that pattern cannot be used"));
        return NULL;
    }
    for (skip_blanks(&p); *p.at; skip_blanks(&p)) {
        if (!parse_term(&p))
            return NULL;
        if (terms->len > TERMS_MAX) {
            bad(&p, "%s", _("that pattern has too many parts"));
            return NULL;
        }
    }
    if (terms->len == 0) {
        bad(&p, "%s", _("nothing to look for"));
        return NULL;
    }
    return g_steal_pointer(&terms);
}
