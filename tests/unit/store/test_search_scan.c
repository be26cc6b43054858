/* test_search_scan.c - search results beside a plain scan: random mail, random patterns, and the
 * index at every stage. What is expected is worked out here, word by word, from what was written. */
#include "fixture.h"
#include "indexer_private.h"
#include "pintail/util/date.h"

#define MAILS    60
#define WORDS    7
#define PATTERNS 250

static const char *const vocabulary[] = {
    "meet",  "meeting", "room",       "roommate", "blue", "foo",
    "xylo",  "x",       "R\xc3\xa9sum\xc3\xa9", "caf\xc3\xa9", "2026",
    "\xe5\xb1\xb1\xe7\x94\xb0\xe5\xa4\xaa", "\xe7\x94\xb0\xe5\xa4\xaa\xe9\x83\x8e", "Stra\xc3\x9f" "e",
};
/* The same as a person types them: plain, folded. */
static const char *const folded[] = {
    "meet",  "meeting", "room",       "roommate", "blue", "foo",
    "xylo",  "x",       "resume",     "cafe",     "2026",
    "\xe5\xb1\xb1\xe7\x94\xb0\xe5\xa4\xaa", "\xe7\x94\xb0\xe5\xa4\xaa\xe9\x83\x8e", "strasse",
};
static const char *const senders[] = {"Ana Ruiz <ana@one.example>", "Juliana <jul@two.example>",
                                      "Bob <bob@one.example>"};
static const char *const sender_plain[] = {"ana ruiz ana@one.example", "juliana jul@two.example",
                                           "bob bob@one.example"};

typedef struct {
    guint subject[3], body[WORDS], file, sender;
    char *text;
    gboolean here; /* the text */
    guint flags;
    gint64 date, size, folder, placement;
} Mail;

static Mail mails[MAILS];
static gint64 account, inbox, archive;

static void bring_text(Fixture *f, guint i)
{
    g_autoptr(Row) row = row_of(f->s, mails[i].placement);
    mails[i].here = TRUE;
    ok(body_put(f->s, row->message, "", mails[i].text, strlen(mails[i].text), &err));
}

static void make_mail(Fixture *f, GRand *r, guint i)
{
    Mail *m = &mails[i];
    for (guint k = 0; k < 3; k++)
        m->subject[k] = (guint)g_rand_int_range(r, 0, G_N_ELEMENTS(vocabulary));
    for (guint k = 0; k < WORDS; k++)
        m->body[k] = (guint)g_rand_int_range(r, 0, G_N_ELEMENTS(vocabulary));
    m->file = (guint)g_rand_int_range(r, 0, G_N_ELEMENTS(vocabulary));
    m->sender = (guint)g_rand_int_range(r, 0, G_N_ELEMENTS(senders));
    m->here = g_rand_int_range(r, 0, 4) > 0;
    m->flags = (guint)g_rand_int_range(r, 0, 4);
    m->folder = g_rand_boolean(r) ? inbox : archive;
    m->size = 1000 * g_rand_int_range(r, 1, 9);
    int day = g_rand_int_range(r, 1, 28);
    g_autoptr(GDateTime) date = g_date_time_new_utc(2026, 10, day, 12, 0, 0);
    m->date = g_date_time_to_unix(date);
    GString *body = g_string_new(NULL);
    for (guint k = 0; k < WORDS; k++)
        g_string_append_printf(body, "%s%s", vocabulary[m->body[k]], k % 3 == 2 ? "\r\n" : " ");
    char *text = m->text = g_strdup_printf(
        "From: %s\r\nTo: ada@example.com\r\nSubject: %s %s %s\r\nDate: %d Oct 2026 12:00:00 +0000\r\n"
        "Message-ID: <scan%u@example.org>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n--b\r\n"
        "Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"%s.pdf\"\r\n\r\n"
        "x\r\n--b--\r\n",
        senders[m->sender], vocabulary[m->subject[0]], vocabulary[m->subject[1]],
        vocabulary[m->subject[2]], day, i, body->str, vocabulary[m->file]);
    g_string_free(body, TRUE);
    g_autoptr(Envelope) e = envelope_parse(text, strlen(text));
    FetchedMessage fetched = {.uid = i + 1, .flags = m->flags, .envelope = e,
                              .size = (guint64)m->size, .received = 1800000000};
    ok(placements_add(f->s, m->folder, &fetched, 1, &err));
    m->placement = placement_at(f->s, m->folder, i + 1);
    if (m->here)
        bring_text(f, i);
}

/* ---- what is expected ---- */

static gboolean spaced(const char *word)
{
    return (guchar)*word < 0x80;
}

/* Does that word of a text hold what was typed? */
static gboolean word_holds(const char *word, const char *typed, gboolean whole)
{
    if (!spaced(typed))
        return strstr(word, typed) != NULL;
    return whole ? strcmp(word, typed) == 0 : g_str_has_prefix(word, typed);
}

static gboolean any_holds(const guint *words, guint n, const char *typed, gboolean whole)
{
    for (guint i = 0; i < n; i++) {
        if (word_holds(folded[words[i]], typed, whole))
            return TRUE;
    }
    return FALSE;
}

static gboolean people_hold(const Mail *m, const char *typed, gboolean whole)
{
    g_autofree char *people = g_strconcat(sender_plain[m->sender], " ada@example.com", NULL);
    g_auto(GStrv) words = g_strsplit_set(people, " @.", -1);
    for (char **w = words; *w; w++) {
        if (word_holds(*w, typed, whole))
            return TRUE;
    }
    return FALSE;
}

static gboolean anywhere(const Mail *m, const char *typed, gboolean whole)
{
    return any_holds(m->subject, 3, typed, whole) || people_hold(m, typed, whole) ||
           (m->here && (any_holds(m->body, WORDS, typed, whole) ||
                        any_holds(&m->file, 1, typed, whole) ||
                        word_holds("pdf", typed, whole)));
}

static gboolean pair_in(const guint *words, guint n, guint first, const char *second)
{
    for (guint i = 0; i + 1 < n; i++) {
        const char *here = folded[words[i]], *next = folded[words[i + 1]];
        gboolean begins = spaced(folded[first]) ? strcmp(here, folded[first]) == 0
                                                : g_str_has_suffix(here, folded[first]);
        if (begins && g_str_has_prefix(next, second))
            return TRUE;
    }
    return FALSE;
}

/* ---- patterns ---- */

static char *beginning_of(GRand *r, const char *word)
{
    glong letters = g_utf8_strlen(word, -1);
    glong n = g_rand_int_range(r, 1, (gint32)letters + 1);
    return g_strndup(word, (gsize)(g_utf8_offset_to_pointer(word, n) - word));
}

static void text_leaf(GRand *r, int kind, GString *pattern, gboolean *match)
{
    guint word = (guint)g_rand_int_range(r, 0, G_N_ELEMENTS(vocabulary));
    guint before = (guint)g_rand_int_range(r, 0, G_N_ELEMENTS(vocabulary));
    g_autofree char *typed = beginning_of(r, folded[word]);
    const char *whole = folded[word];
    static const char *const forms[] = {"%s", "subject:%s", "body:%s", "filename:%s", "\"%s\""};
    if (kind == 5)
        g_string_append_printf(pattern, "\"%s %s\"", folded[before], typed);
    else
        g_string_append_printf(pattern, forms[kind], kind == 4 ? whole : typed);
    for (guint i = 0; i < MAILS; i++) {
        const Mail *m = &mails[i];
        match[i] = kind == 0   ? anywhere(m, typed, FALSE)
                   : kind == 1 ? any_holds(m->subject, 3, typed, FALSE)
                   : kind == 2 ? m->here && any_holds(m->body, WORDS, typed, FALSE)
                   : kind == 3 ? m->here && (any_holds(&m->file, 1, typed, FALSE) ||
                                             g_str_has_prefix("pdf", typed))
                   : kind == 4 ? anywhere(m, whole, TRUE)
                               : pair_in(m->subject, 3, before, typed) ||
                                     (m->here && pair_in(m->body, WORDS, before, typed));
    }
}

static void row_leaf(GRand *r, int kind, GString *pattern, gboolean *match)
{
    static const char *const people[] = {"ana", "bob", "jul", "one.ex", "Ana Ruiz", "nobody"};
    static const char *const people_plain[] = {"ana", "bob", "jul", "one.ex", "ana ruiz", "nobody"};
    int who = g_rand_int_range(r, 0, G_N_ELEMENTS(people)), size = g_rand_int_range(r, 1, 9);
    int day = g_rand_int_range(r, 1, 28);
    g_autoptr(GDateTime) date = g_date_time_new_utc(2026, 10, day, 0, 0, 0);
    gint64 at = g_date_time_to_unix(date);
    if (kind == 0)
        g_string_append_printf(pattern, "from:\"%s\"", people[who]);
    else if (kind == 1)
        g_string_append_printf(pattern, "larger:%dK", size);
    else if (kind == 2)
        g_string_append_printf(pattern, "after:2026-10-%02d", day);
    else if (kind == 3)
        g_string_append_printf(pattern, "before:2026-10-%02d", day);
    else
        g_string_append(pattern, kind == 4 ? "is:unread" : "in:Archive");
    for (guint i = 0; i < MAILS; i++) {
        const Mail *m = &mails[i];
        match[i] = kind == 0   ? strstr(sender_plain[m->sender], people_plain[who]) != NULL
                   : kind == 1 ? m->size > size * 1000
                   : kind == 2 ? m->date >= at
                   : kind == 3 ? m->date < at
                   : kind == 4 ? !(m->flags & FLAG_SEEN)
                               : m->folder == archive;
    }
}

static void make_pattern(GRand *r, int depth, GString *pattern, gboolean *match)
{
    int form = depth ? g_rand_int_range(r, 0, 6) : 5;
    if (form <= 2) { /* all of two, or either */
        gboolean other[MAILS];
        g_string_append_c(pattern, '(');
        make_pattern(r, depth - 1, pattern, match);
        g_string_append(pattern, form == 0 ? " or " : form == 1 ? " " : " and ");
        make_pattern(r, depth - 1, pattern, other);
        g_string_append_c(pattern, ')');
        for (guint i = 0; i < MAILS; i++)
            match[i] = form == 0 ? match[i] || other[i] : match[i] && other[i];
    } else if (form == 3) {
        g_string_append(pattern, g_rand_boolean(r) ? "-" : "not ");
        make_pattern(r, depth - 1, pattern, match);
        for (guint i = 0; i < MAILS; i++)
            match[i] = !match[i];
    } else if (g_rand_int_range(r, 0, 3) == 0) {
        row_leaf(r, g_rand_int_range(r, 0, 6), pattern, match);
    } else {
        text_leaf(r, g_rand_int_range(r, 0, 6), pattern, match);
    }
}

static void ask(Fixture *f, const char *pattern, const gboolean *match)
{
    GError *err = NULL;
    g_autoptr(GArray) ids = search_run(f->s, account, 0, pattern, 1000, NULL, &err);
    g_assert_no_error(err);
    guint expected = 0;
    for (guint i = 0; i < MAILS; i++) {
        gboolean found = FALSE;
        for (guint k = 0; k < ids->len; k++)
            found = found || g_array_index(ids, gint64, k) == mails[i].placement;
        if (found != match[i])
            g_test_message("%s: mail %u was%s expected", pattern, i, match[i] ? "" : " not");
        g_assert_true(found == match[i]);
        expected += match[i] != FALSE;
    }
    g_assert_cmpuint(ids->len, ==, expected);
}

static void ask_all(Fixture *f, guint32 seed)
{
    g_autoptr(GRand) r = g_rand_new_with_seed(seed);
    for (guint i = 0; i < PATTERNS; i++) {
        g_autoptr(GString) pattern = g_string_new(NULL);
        gboolean match[MAILS];
        make_pattern(r, 3, pattern, match);
        ask(f, pattern->str, match);
    }
}

static void test_scan(Fixture *f, gconstpointer data)
{
    g_autoptr(GRand) r = g_rand_new_with_seed(20261121);
    account = imap_account(f->s, &inbox, &archive);
    for (guint i = 0; i < MAILS; i++)
        make_mail(f, r, i);
    ask_all(f, 1);
    indexer_round(f->s, MAILS / 2);
    ask_all(f, 2);
    while (indexer_round(f->s, 100))
        ;
    ask_all(f, 3);
    /* the text of the rest comes: words of the header stay as they are, files get names */
    for (guint i = 0; i < MAILS; i++) {
        if (!mails[i].here)
            bring_text(f, i);
    }
    ask_all(f, 4);
    while (indexer_round(f->s, 100))
        ;
    ask_all(f, 5);
    for (guint i = 0; i < MAILS; i++)
        g_free(mails[i].text);
}

int main(int argc, char **argv)
{
    g_setenv("TZ", "UTC", TRUE);
    g_test_init(&argc, &argv, NULL);
    TEST("/store/search/as-a-scan", test_scan);
    return g_test_run();
}
