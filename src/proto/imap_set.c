/* imap_set.c - sets of UIDs as ascending ranges that neither touch nor overlap
 * (RFC 3501 section 9, sequence-set). Adding in ascending order is O(1). */
#include "imap_grammar.h"

#define MAX_RANGES 1000000

typedef struct {
    guint32 first, last;
} Range;

struct ImapSet {
    GArray *ranges; /* of Range */
};

static Range *range_at(const ImapSet *s, guint i)
{
    return &g_array_index(s->ranges, Range, i);
}

ImapSet *imap_set_new(void)
{
    ImapSet *s = g_new0(ImapSet, 1);
    s->ranges = g_array_new(FALSE, FALSE, sizeof(Range));
    return s;
}

void imap_set_free(ImapSet *s)
{
    if (!s)
        return;
    g_array_unref(s->ranges);
    g_free(s);
}

/* The first range that ends at or after `uid`; ranges->len when none. */
static guint lower_bound(const ImapSet *s, guint32 uid)
{
    guint low = 0, high = s->ranges->len;
    if (high > 0 && range_at(s, high - 1)->last < uid)
        return high;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (range_at(s, middle)->last < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void imap_set_add(ImapSet *s, guint32 first, guint32 last)
{
    if (first > last) { /* "5:3" is "3:5" */
        guint32 swap = first;
        first = last;
        last = swap;
    }
    first = MAX(first, 1);
    if (last == 0)
        return;
    guint from = lower_bound(s, first > 1 ? first - 1 : 1), to = from;
    Range merged = {first, last};
    for (; to < s->ranges->len; to++) {
        const Range *r = range_at(s, to);
        if (last != G_MAXUINT32 && r->first > last + 1)
            break;
        merged.first = MIN(merged.first, r->first);
        merged.last = MAX(merged.last, r->last);
    }
    if (to == from) {
        g_array_insert_val(s->ranges, from, merged);
        return;
    }
    *range_at(s, from) = merged;
    if (to - from > 1)
        g_array_remove_range(s->ranges, from + 1, to - from - 1);
}

void imap_set_merge(ImapSet *s, const ImapSet *more)
{
    for (guint i = 0; i < more->ranges->len; i++)
        imap_set_add(s, range_at(more, i)->first, range_at(more, i)->last);
}

guint imap_set_ranges(const ImapSet *s)
{
    return s->ranges->len;
}

static int compare_uids(const void *a, const void *b)
{
    guint32 x = *(const guint32 *)a, y = *(const guint32 *)b;
    return (x > y) - (x < y);
}

ImapSet *imap_set_of(const guint32 *uids, gsize n)
{
    ImapSet *s = imap_set_new();
    gboolean sorted = TRUE;
    for (gsize i = 1; i < n && sorted; i++)
        sorted = uids[i - 1] <= uids[i];
    guint32 *copy = NULL;
    if (!sorted) {
        copy = g_memdup2(uids, n * sizeof *uids);
        qsort(copy, n, sizeof *copy, compare_uids);
        uids = copy;
    }
    for (gsize i = 0; i < n; i++) {
        if (uids[i] > 0)
            imap_set_add(s, uids[i], uids[i]);
    }
    g_free(copy);
    return s;
}

ImapSet *imap_set_range(guint32 first, guint32 last)
{
    ImapSet *s = imap_set_new();
    imap_set_add(s, first, last);
    return s;
}

gboolean imap_set_contains(const ImapSet *s, guint32 uid)
{
    guint i = lower_bound(s, uid);
    return uid > 0 && i < s->ranges->len && range_at(s, i)->first <= uid;
}

guint64 imap_set_count(const ImapSet *s)
{
    guint64 count = 0;
    for (guint i = 0; i < s->ranges->len; i++)
        count += (guint64)range_at(s, i)->last - range_at(s, i)->first + 1;
    return count;
}

gboolean imap_set_is_empty(const ImapSet *s)
{
    return s->ranges->len == 0;
}

GArray *imap_set_uids(const ImapSet *s, gsize max)
{
    GArray *uids = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint i = 0; i < s->ranges->len; i++) {
        for (guint64 uid = range_at(s, i)->first; uid <= range_at(s, i)->last; uid++) {
            if (uids->len >= max)
                return uids;
            guint32 one = (guint32)uid;
            g_array_append_val(uids, one);
        }
    }
    return uids;
}

static void append_range(GString *out, const Range *r)
{
    if (out->len > 0)
        g_string_append_c(out, ',');
    if (r->first == IMAP_LAST)
        g_string_append_c(out, '*');
    else
        g_string_append_printf(out, "%u", r->first);
    if (r->last == r->first)
        return;
    if (r->last == IMAP_LAST)
        g_string_append(out, ":*");
    else
        g_string_append_printf(out, ":%u", r->last);
}

char *imap_set_text(const ImapSet *s)
{
    if (s->ranges->len == 0)
        return NULL;
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < s->ranges->len; i++)
        append_range(out, range_at(s, i));
    return g_string_free(out, FALSE);
}

static guint decimal_digits(guint32 n)
{
    guint digits = 1;
    for (; n >= 10; n /= 10)
        digits++;
    return digits;
}

/* How long the text of `r` is, with a comma. */
static gsize range_cost(Range r)
{
    return 1 + decimal_digits(r.first) + (r.last > r.first ? 1 + decimal_digits(r.last) : 0);
}

ImapSet *imap_set_take(ImapSet *s, gsize max_uids, gsize max_text, gboolean from_high_end)
{
    if (s->ranges->len == 0)
        return NULL;
    ImapSet *taken = imap_set_new();
    gsize text = 0;
    if (max_text == 0)
        max_text = IMAP_SET_TEXT;
    max_uids = MAX(max_uids, 1);
    guint used = 0; /* whole ranges */
    while (used < s->ranges->len && max_uids > 0) {
        Range *r = range_at(s, from_high_end ? s->ranges->len - 1 - used : used), piece = *r;
        if ((guint64)r->last - r->first >= max_uids) {
            if (from_high_end)
                piece.first = (guint32)(r->last - (max_uids - 1));
            else
                piece.last = (guint32)(r->first + (max_uids - 1));
        }
        if (text + range_cost(piece) > max_text && used + text > 0)
            break;
        text += range_cost(piece);
        max_uids -= (gsize)(piece.last - piece.first) + 1;
        g_array_append_val(taken->ranges, piece);
        if (piece.first == r->first && piece.last == r->last) {
            used++;
        } else if (from_high_end) {
            r->last = piece.first - 1;
        } else {
            r->first = piece.last + 1;
        }
    }
    if (used > 0)
        g_array_remove_range(s->ranges, from_high_end ? s->ranges->len - used : 0, used);
    for (guint i = 0, n = taken->ranges->len; from_high_end && i < n / 2; i++) {
        Range swap = *range_at(taken, i);
        *range_at(taken, i) = *range_at(taken, n - 1 - i);
        *range_at(taken, n - 1 - i) = swap;
    }
    return taken;
}

static gboolean parse_end(Cursor *c, guint32 *out)
{
    if (imap_cursor_char(c, '*')) {
        *out = IMAP_LAST;
        return TRUE;
    }
    return imap_cursor_uint32(c, out) && *out > 0;
}

ImapSet *imap_set_parse(Span text)
{
    Cursor c = cursor_new(text, NULL);
    g_autoptr(ImapSet) s = imap_set_new();
    gboolean good = TRUE, ordered = TRUE; /* else sorted first, so that it stays linear */
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Range));
    do {
        Range r;
        good = parse_end(&c, &r.first);
        r.last = r.first;
        if (good && imap_cursor_char(&c, ':'))
            good = parse_end(&c, &r.last);
        if (!good || all->len >= MAX_RANGES)
            return NULL;
        if (r.first > r.last)
            r = (Range){r.last, r.first};
        if (all->len > 0 && g_array_index(all, Range, all->len - 1).first > r.first)
            ordered = FALSE;
        g_array_append_val(all, r);
    } while (imap_cursor_char(&c, ','));
    if (c.at != c.end)
        return NULL;
    if (!ordered)
        g_array_sort(all, compare_uids); /* by `first`, the first member */
    for (guint i = 0; i < all->len; i++)
        imap_set_add(s, g_array_index(all, Range, i).first, g_array_index(all, Range, i).last);
    return g_steal_pointer(&s);
}
