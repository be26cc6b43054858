/* search_pattern.c - see search_pattern.h. */
#include "search_pattern.h"
#include <string.h>
#include "index_text.h"
#include "search_value.h"
#include "pintail/mime/flags.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define PATTERN_MAX 4096
#define TERMS_MAX   64
#define DEPTH_MAX   32

typedef struct {
    const char *at;
    gint64 now;
    guint terms, depth;
    gboolean group; /* a bracket is open: ')' ends a word */
    GError **err;
} Parser;

/* ---- nodes ---- */

void node_free(Node *n)
{
    if (!n)
        return;
    g_free(n->term.text);
    if (n->found)
        g_array_unref(n->found);
    if (n->children)
        g_ptr_array_unref(n->children); /* at most DEPTH_MAX deep */
    g_free(n);
}

gboolean term_is_text(TermKind kind)
{
    return kind == TERM_WORD || kind == TERM_FILENAME || kind == TERM_BODY;
}

static int term_cost(TermKind kind)
{
    switch (kind) {
    case TERM_MUTED:
    case TERM_LAST:
        return 2;
    case TERM_FROM:
    case TERM_TO:
    case TERM_CC:
    case TERM_TO_OR_CC:
    case TERM_ANYONE:
    case TERM_SUBJECT:
    case TERM_LIST:
    case TERM_ID:
    case TERM_REFERS:
        return 1;
    default:
        return term_is_text(kind) ? 3 : 0;
    }
}

static Node *node_new(NodeKind kind)
{
    Node *n = g_new0(Node, 1);
    n->kind = kind;
    if (kind != NODE_TERM)
        n->children = g_ptr_array_new_with_free_func((GDestroyNotify)node_free);
    else
        n->term.text = g_strdup("");
    return n;
}

static int cheap_first(gconstpointer a, gconstpointer b)
{
    const Node *const *x = a, *const *y = b;
    return (*x)->cost - (*y)->cost;
}

static void adopt(Node *n, Node *child)
{
    g_ptr_array_add(n->children, child);
    n->cost = MAX(n->cost, child->cost);
}

/* Those of AND and OR are all asked at worst, so the dear ones are asked last. */
static Node *settle(Node *n)
{
    if (n->children->len == 1 && n->kind != NODE_NOT) {
        Node *only = g_ptr_array_steal_index(n->children, 0);
        node_free(n);
        return only;
    }
    g_ptr_array_sort(n->children, cheap_first); /* stable enough: order does not change results */
    return n;
}

static Node *term(TermKind kind)
{
    Node *n = node_new(NODE_TERM);
    n->term.kind = kind;
    n->cost = term_cost(kind);
    return n;
}

static Node *number_term(TermKind kind, gint64 number)
{
    Node *n = term(kind);
    n->term.number = number;
    return n;
}

static Node *flag_term(guint flag, gboolean set)
{
    Node *n = term(TERM_FLAG);
    n->term.flag = flag;
    n->term.set = set;
    return n;
}

static Node *not(Node *child)
{
    Node *n = node_new(NODE_NOT);
    adopt(n, child);
    return n;
}

/* Both, or the one that is there. */
static Node *both(Node *a, Node *b)
{
    if (!a || !b)
        return a ? a : b;
    Node *n = node_new(NODE_AND);
    adopt(n, a);
    adopt(n, b);
    return n;
}

static Node *bad(Parser *p, const char *format, const char *what)
{
    error_set(p->err, PINTAIL_ERROR_INVALID, format, what);
    return NULL;
}

/* ---- letters ---- */

static void skip_blanks(Parser *p)
{
    while (*p->at == ' ' || *p->at == '\t')
        p->at++;
}

static gboolean at_end_of_word(const Parser *p, guint open)
{
    return !*p->at || *p->at == ' ' || *p->at == '\t' || (*p->at == ')' && p->group && !open);
}

/* A quoted string or everything up to a blank (or the bracket that closes a group). NULL: a quote
 * is left open. */
static char *value(Parser *p, gboolean *quoted)
{
    GString *text = g_string_new(NULL);
    const char *start = p->at;
    *quoted = *p->at == '"' || *p->at == '\'';
    if (!*quoted) {
        guint open = 0;
        for (; !at_end_of_word(p, open); p->at++) {
            open += *p->at == '(';
            open -= *p->at == ')' && open;
            g_string_append_c(text, *p->at);
        }
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
        bad(p, _("a quote is missing at the end of: %s"), start);
        return NULL;
    }
    p->at++;
    return g_string_free(text, FALSE);
}

/* ---- values ---- */

static Node *text_term(Parser *p, TermKind kind, const char *text, gboolean quoted)
{
    g_autofree char *plain = index_plain(text, PATTERN_MAX);
    g_strstrip(plain);
    if (!*plain)
        return bad(p, _("nothing to look for in '%s'"), text);
    Node *n = term(kind);
    g_free(n->term.text);
    n->term.text = g_steal_pointer(&plain);
    n->term.phrase = quoted;
    return n;
}

static Node *id_term(Parser *p, TermKind kind, const char *text)
{
    gsize len = strlen(text);
    gboolean angles = len > 2 && text[0] == '<' && text[len - 1] == '>';
    Node *n = term(kind);
    g_free(n->term.text);
    n->term.text = angles ? g_strndup(text + 1, len - 2) : g_strdup(text);
    return n;
}

static const struct {
    const char *name;
    guint flag;
    gboolean set;
} states[] = {
    {"unread", FLAG_SEEN, FALSE},
    {"new", FLAG_SEEN, FALSE},
    {"unseen", FLAG_SEEN, FALSE},
    {"read", FLAG_SEEN, TRUE},
    {"seen", FLAG_SEEN, TRUE},
    {"flagged", FLAG_FLAGGED, TRUE},
    {"starred", FLAG_FLAGGED, TRUE},
    {"unflagged", FLAG_FLAGGED, FALSE},
    {"answered", FLAG_ANSWERED, TRUE},
    {"replied", FLAG_ANSWERED, TRUE},
    {"unanswered", FLAG_ANSWERED, FALSE},
    {"unreplied", FLAG_ANSWERED, FALSE},
    {"deleted", FLAG_DELETED, TRUE},
    {"draft", FLAG_DRAFT, TRUE},
    {"forwarded", FLAG_FORWARDED, TRUE},
    {"junk", FLAG_JUNK, TRUE},
    {"spam", FLAG_JUNK, TRUE},
};

static Node *state_term(Parser *p, const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(states); i++)
        if (g_ascii_strcasecmp(states[i].name, name) == 0)
            return flag_term(states[i].flag, states[i].set);
    if (g_ascii_strcasecmp(name, "muted") == 0)
        return term(TERM_MUTED);
    if (g_ascii_strcasecmp(name, "last") == 0)
        return term(TERM_LAST);
    if (g_ascii_strcasecmp(name, "list") == 0)
        return term(TERM_LIST);
    return bad(p,
               _("is:%s is not known: unread, read, flagged, answered, deleted, draft, forwarded,"
                 " junk, muted, last, list"),
               name);
}

/* A tag is a keyword of the message: those that flags stand for. */
static Node *tag_term(Parser *p, const char *name)
{
    Flags flag = flag_from_imap(name, strlen(name));
    if (!flag) {
        g_autofree char *system = g_strconcat("\\", name, NULL);
        g_autofree char *keyword = g_strconcat("$", name, NULL);
        flag = flag_from_imap(system, strlen(system));
        flag = flag ? flag : flag_from_imap(keyword, strlen(keyword));
    }
    return flag ? flag_term(flag, TRUE) : state_term(p, name);
}

static Node *bad_date(Parser *p, const char *text)
{
    return bad(p,
               _("'%s' is no date: 2025-01-31, 2025-01, 2025, 3d, 2w, 6m, today, monday, last-week"),
               text);
}

/* "A..B" in two; NULL where a side is left out. FALSE: there is no "..". */
static gboolean split_range(const char *text, char **first, char **last)
{
    const char *dots = strstr(text, "..");
    if (!dots)
        return FALSE;
    *first = dots > text ? g_strndup(text, (gsize)(dots - text)) : NULL;
    *last = dots[2] ? g_strdup(dots + 2) : NULL;
    return *first || *last;
}

/* A period, or from the beginning of one to the end of another. */
static Node *date_range(Parser *p, const char *text, TermKind since, TermKind before)
{
    g_autofree char *first = NULL, *last = NULL;
    gint64 from = 0, to = 0, ignored;
    if (!split_range(text, &first, &last)) {
        if (!search_date(text, p->now, &from, &to))
            return bad_date(p, text);
        return both(number_term(since, from), to > from ? number_term(before, to) : NULL);
    }
    if ((first && !search_date(first, p->now, &from, &ignored)) ||
        (last && !search_date(last, p->now, &ignored, &to)))
        return bad_date(p, text);
    return both(first ? number_term(since, from) : NULL, last ? number_term(before, to) : NULL);
}

static Node *date_term(Parser *p, TermKind kind, const char *text)
{
    gint64 from, to;
    return search_date(text, p->now, &from, &to) ? number_term(kind, from) : bad_date(p, text);
}

static Node *size_term(Parser *p, const char *text)
{
    g_autofree char *first = NULL, *last = NULL;
    gint64 low = 0, high = 0;
    gboolean less = *text == '<', range = split_range(text, &first, &last);
    const char *one = *text == '<' || *text == '>' ? text + 1 : text;
    if (range ? (first && !search_size(first, &low)) || (last && !search_size(last, &high))
              : !search_size(one, &low))
        return bad(p, _("'%s' is no size: 500, 40K, 1.5M"), text);
    if (!range)
        return number_term(less ? TERM_SMALLER : TERM_LARGER, low);
    return both(first ? number_term(TERM_LARGER, low - 1) : NULL,
                last ? number_term(TERM_SMALLER, high + 1) : NULL);
}

/* ---- keys ---- */
typedef enum { KEY_TEXT, KEY_DATE, KEY_RANGE, KEY_SIZE, KEY_STATE, KEY_TAG, KEY_HAS, KEY_ID } KeyKind;

static const struct {
    const char *name;
    KeyKind kind;
    TermKind term;
} keys[] = {
    {"from", KEY_TEXT, TERM_FROM},           {"to", KEY_TEXT, TERM_TO},
    {"cc", KEY_TEXT, TERM_CC},               {"subject", KEY_TEXT, TERM_SUBJECT},
    {"body", KEY_TEXT, TERM_BODY},           {"filename", KEY_TEXT, TERM_FILENAME},
    {"attachment", KEY_TEXT, TERM_FILENAME}, {"list", KEY_TEXT, TERM_LIST},
    {"id", KEY_ID, TERM_ID},                 {"in", KEY_TEXT, TERM_IN},
    {"folder", KEY_TEXT, TERM_IN},           {"account", KEY_TEXT, TERM_ACCOUNT},
    {"is", KEY_STATE, TERM_FLAG},            {"tag", KEY_TAG, TERM_FLAG},
    {"has", KEY_HAS, TERM_ATTACHMENT},       {"after", KEY_DATE, TERM_SINCE},
    {"since", KEY_DATE, TERM_SINCE},         {"newer_than", KEY_DATE, TERM_SINCE},
    {"before", KEY_DATE, TERM_BEFORE},       {"older_than", KEY_DATE, TERM_BEFORE},
    {"on", KEY_RANGE, TERM_SINCE},           {"date", KEY_RANGE, TERM_SINCE},
    {"larger", KEY_SIZE, TERM_LARGER},       {"smaller", KEY_SIZE, TERM_SMALLER},
    {"size", KEY_SIZE, TERM_ALL},
};

static Node *has_term(Parser *p, const char *text)
{
    if (g_ascii_strncasecmp(text, "attach", 6) == 0)
        return term(TERM_ATTACHMENT);
    return bad(p, _("has:%s is not known: has:attachment"), text);
}

static Node *one_size(Parser *p, TermKind kind, const char *text)
{
    gint64 n;
    if (kind == TERM_ALL)
        return size_term(p, text);
    return search_size(text, &n) ? number_term(kind, n)
                                 : bad(p, _("'%s' is no size: 500, 40K, 1.5M"), text);
}

static Node *parse_key(Parser *p, guint i)
{
    gboolean quoted;
    g_autofree char *text = value(p, &quoted);
    if (!text)
        return NULL;
    if (!*text)
        return bad(p, _("'%s:' needs a value"), keys[i].name);
    switch (keys[i].kind) {
    case KEY_TEXT:
        return text_term(p, keys[i].term, text, quoted);
    case KEY_DATE:
        return date_term(p, keys[i].term, text);
    case KEY_RANGE:
        return date_range(p, text, TERM_SINCE, TERM_BEFORE);
    case KEY_SIZE:
        return one_size(p, keys[i].term, text);
    case KEY_STATE:
        return state_term(p, text);
    case KEY_TAG:
        return tag_term(p, text);
    case KEY_HAS:
        return has_term(p, text);
    case KEY_ID:
        return id_term(p, keys[i].term, text);
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

/* "<1w": less than a week ago, ">1m": more; a day, or day-day. */
static Node *mutt_date(Parser *p, const char *text, TermKind since, TermKind before)
{
    gint64 from, to;
    if (*text == '<' || *text == '>') {
        if (!search_date(text + 1, p->now, &from, &to))
            return bad(p, _("'%s' is no date"), text);
        return number_term(*text == '<' ? since : before, from);
    }
    if (strstr(text, "..") || search_date(text, p->now, &from, &to))
        return date_range(p, text, since, before);
    const char *dash = strchr(text, '-');
    if (!dash)
        return bad(p, _("'%s' is no date"), text);
    g_autofree char *range = g_strdup_printf("%.*s..%s", (int)(dash - text), text, dash + 1);
    return date_range(p, range, since, before);
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
    {'h', TERM_WORD, 0, 0},
    {'i', TERM_ID, 0, 0},
    {'x', TERM_REFERS, 0, 0},
    {'d', TERM_SINCE, 0, 0},
    {'r', TERM_RECEIVED_SINCE, 0, 0},
    {'z', TERM_LARGER, 0, 0},
    {'N', TERM_FLAG, FLAG_SEEN, FALSE},
    {'U', TERM_FLAG, FLAG_SEEN, FALSE},
    {'O', TERM_FLAG, FLAG_SEEN, FALSE},
    {'R', TERM_FLAG, FLAG_SEEN, TRUE},
    {'F', TERM_FLAG, FLAG_FLAGGED, TRUE},
    {'D', TERM_FLAG, FLAG_DELETED, TRUE},
    {'Q', TERM_FLAG, FLAG_ANSWERED, TRUE},
    {'y', TERM_FLAG, 0, 0}, /* with a value: a tag */
    {'Y', TERM_FLAG, 0, 0},
    {'A', TERM_ALL, 0, 0},
    {'X', TERM_ATTACHMENT, 0, 0},
    {'l', TERM_LIST, 0, 0},
};

static Node *letter_value(Parser *p, guint i)
{
    gboolean quoted;
    skip_blanks(p);
    g_autofree char *text = value(p, &quoted);
    if (!text)
        return NULL;
    char name[3] = {'~', letters[i].letter, '\0'};
    if (!*text)
        return bad(p, _("'%s' needs a value"), name);
    switch (letters[i].term) {
    case TERM_SINCE:
        return mutt_date(p, text, TERM_SINCE, TERM_BEFORE);
    case TERM_RECEIVED_SINCE:
        return mutt_date(p, text, TERM_RECEIVED_SINCE, TERM_RECEIVED_BEFORE);
    case TERM_LARGER:
        return size_term(p, text);
    case TERM_ID:
    case TERM_REFERS:
        return id_term(p, letters[i].term, text);
    case TERM_FLAG:
        return tag_term(p, text);
    default:
        return text_term(p, letters[i].term, text, quoted);
    }
}

static Node *parse_letter(Parser *p)
{
    char letter = p->at[1];
    for (guint i = 0; i < G_N_ELEMENTS(letters); i++) {
        if (letters[i].letter != letter)
            continue;
        p->at += 2;
        TermKind kind = letters[i].term;
        if (kind == TERM_FLAG && letters[i].flag)
            return flag_term(letters[i].flag, letters[i].set);
        if (kind == TERM_ALL || kind == TERM_ATTACHMENT || kind == TERM_LIST)
            return term(kind);
        return letter_value(p, i);
    }
    char name[3] = {'~', letter, '\0'};
    return bad(p,
               _("'%s' is not known: ~f ~t ~c ~C ~L ~s ~b ~B ~i ~x ~d ~r ~z ~y ~l ~N ~R ~F ~D ~Q"
                 " ~X ~A"),
               name);
}

/* ---- grammar ---- */

static Node *parse_any(Parser *p);

/* Is the next word that operator, with something behind it? Then it is taken. */
static gboolean take_operator(Parser *p, const char *word)
{
    gsize len = strlen(word);
    if (g_ascii_strncasecmp(p->at, word, len) != 0)
        return FALSE;
    const char *behind = p->at + len;
    if (g_ascii_isalpha(*word) && *behind != ' ' && *behind != '\t' && *behind != '(')
        return FALSE;
    while (*behind == ' ' || *behind == '\t')
        behind++;
    if (!*behind || (*behind == ')' && p->group))
        return FALSE;
    p->at = behind;
    return TRUE;
}

static Node *parse_group(Parser *p)
{
    gboolean outer = p->group;
    p->at++;
    if (++p->depth > DEPTH_MAX)
        return bad(p, "%s", _("that pattern has too many brackets"));
    p->group = TRUE;
    Node *n = parse_any(p);
    p->group = outer;
    p->depth--;
    if (!n)
        return NULL;
    if (*p->at == ')') {
        p->at++;
        return n;
    }
    node_free(n);
    return bad(p, "%s", _("a closing bracket is missing"));
}

static Node *parse_one(Parser *p)
{
    if (++p->terms > TERMS_MAX)
        return bad(p, "%s", _("that pattern has too many parts"));
    if (*p->at == '(')
        return parse_group(p);
    if (*p->at == '~' && p->at[1] && p->at[1] != ' ')
        return parse_letter(p);
    gsize n = 0;
    while (g_ascii_isalpha(p->at[n]) || p->at[n] == '_')
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
            return NULL;
    }
    gboolean quoted;
    g_autofree char *text = value(p, &quoted);
    return text ? text_term(p, TERM_WORD, text, quoted) : NULL;
}

static Node *parse_not(Parser *p)
{
    gboolean negated = FALSE;
    for (;;) {
        if ((*p->at == '-' || *p->at == '!') && p->at[1]) {
            p->at++;
            skip_blanks(p);
        } else if (!take_operator(p, "not")) {
            break;
        }
        negated = !negated;
    }
    Node *n = parse_one(p);
    return n && negated ? not(n) : n;
}

static Node *parse_all(Parser *p)
{
    g_autoptr(Node) all = node_new(NODE_AND);
    for (;;) {
        Node *n = parse_not(p);
        if (!n)
            return NULL;
        adopt(all, n);
        skip_blanks(p);
        const char *here = p->at;
        if (!*p->at || (*p->at == ')' && p->group))
            break;
        if (take_operator(p, "or") || take_operator(p, "|")) {
            p->at = here;
            break;
        }
        take_operator(p, "and");
    }
    return settle(g_steal_pointer(&all));
}

static Node *parse_any(Parser *p)
{
    g_autoptr(Node) any = node_new(NODE_OR);
    do {
        skip_blanks(p);
        if (!*p->at || (*p->at == ')' && p->group))
            return bad(p, "%s", _("nothing to look for"));
        Node *n = parse_all(p);
        if (!n)
            return NULL;
        adopt(any, n);
        skip_blanks(p);
    } while (take_operator(p, "or") || take_operator(p, "|"));
    return settle(g_steal_pointer(&any));
}

Node *search_parse(const char *pattern, gint64 now, GError **err)
{
    Parser p = {.at = pattern, .now = now, .err = err};
    if (strlen(pattern) > PATTERN_MAX || !g_utf8_validate(pattern, -1, NULL))
        return bad(&p, "%s", _("that pattern cannot be used"));
    return parse_any(&p);
}
