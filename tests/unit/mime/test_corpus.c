/* test_corpus.c - messages from other projects' test suites, with what their own
 * tests expect of them. They are not part of this project: they are read from
 * ../shared/corpus when it is there (PINTAIL_CORPUS names another place).
 *
 * The test is that the share of expectations met does not fall below the mark. What
 * is not met is printed. */
#include <stdio.h>
#include "json.h"
#include "pintail/mime/envelope.h"
#include "pintail/mime/part.h"
#include "pintail/mime/render.h"
#include "pintail/util/date.h"
#include "words.h"

#define WANTED_PERCENT 90

static guint met, asked, table_met, table_asked;
static const char *file_name;

static char *collapsed(const char *s)
{
    GString *out = g_string_new(NULL);
    for (; *s; s++) {
        if (!strchr(" \t\r\n", *s))
            g_string_append_c(out, *s);
        else if (out->len > 0 && out->str[out->len - 1] != ' ')
            g_string_append_c(out, ' ');
    }
    char *text = g_string_free(out, FALSE);
    return g_strchomp(text);
}

static gboolean same(const char *a, const char *b)
{
    g_autofree char *x = collapsed(a), *y = collapsed(b);
    return strcmp(x, y) == 0;
}

static void score(const char *key, gboolean ok, const char *wanted, const char *got)
{
    asked++;
    met += ok;
    if (!ok)
        printf("# not met: %s: %s: wanted %.200s; got %.300s\n", file_name, key, wanted, got);
}

static void text(const char *key, const Json *wanted, const char *got)
{
    score(key, same(json_string(wanted), got), json_string(wanted), got);
}

static void ids(const char *key, const Json *wanted, const GPtrArray *got)
{
    g_autoptr(GString) w = g_string_new(NULL), g = g_string_new(NULL);
    for (guint i = 0; i < json_length(wanted); i++)
        g_string_append_printf(w, "%s ", json_string(json_at(wanted, i)));
    for (guint i = 0; i < got->len; i++)
        g_string_append_printf(g, "%s ", (char *)g_ptr_array_index(got, i));
    score(key, strcmp(w->str, g->str) == 0, w->str, g->str);
}

static void addresses(const char *key, const Json *wanted, const GPtrArray *got)
{
    gboolean ok = json_length(wanted) == got->len;
    g_autofree char *shown = address_list_format(got, FALSE);
    g_autoptr(GString) w = g_string_new(NULL);
    for (guint i = 0; i < json_length(wanted); i++) {
        const Json *one = json_at(wanted, i), *name = json_get(one, "n"), *at = json_get(one, "a");
        const Address *a = i < got->len ? g_ptr_array_index(got, i) : NULL;
        g_string_append_printf(w, "%s <%s>, ", json_string(name), json_string(at));
        ok = ok && (!name || same(json_string(name), a->name));
        ok = ok && (!at || same(json_string(at), a->address));
    }
    score(key, ok, w->str, shown);
}

static gboolean is_message(const Part *p)
{
    return g_str_has_prefix(p->type, "message/");
}

static gboolean shows_children(const Part *p)
{
    return p->children->len > 0 && (part_is_multipart(p) || is_message(p));
}

/* Recursion is fine here: the tree's depth is bounded. */
static void put_tree(GString *out, const Part *p, gboolean shape)
{
    gboolean inner = shows_children(p) && !(shape && is_message(p));
    g_string_append(out, shape ? (part_is_multipart(p) ? "m" : "l") : p->type);
    if (!inner)
        return;
    g_string_append_c(out, '(');
    for (guint i = 0; i < p->children->len; i++) {
        g_string_append(out, i > 0 ? "," : "");
        put_tree(out, g_ptr_array_index(p->children, i), shape);
    }
    g_string_append_c(out, ')');
}

static void all_parts(const Part *p, GPtrArray *out)
{
    g_ptr_array_add(out, (gpointer)p);
    for (guint i = 0; i < p->children->len; i++)
        all_parts(g_ptr_array_index(p->children, i), out);
}

static guint count_leaves(const Part *p)
{
    guint n = 0;
    if (is_message(p) || p->children->len == 0)
        return !part_is_multipart(p);
    n = part_is_multipart(p) ? 0 : 1;
    for (guint i = 0; i < p->children->len; i++)
        n += count_leaves(g_ptr_array_index(p->children, i));
    return n;
}

static void has(const char *key, const Json *wanted, const GPtrArray *parts, const char *type)
{
    for (guint k = 0; k < json_length(wanted); k++) {
        g_autofree char *w = collapsed(json_string(json_at(wanted, k)));
        gboolean found = FALSE;
        for (guint i = 0; i < parts->len && !found; i++) {
            const Part *p = g_ptr_array_index(parts, i);
            if (strcmp(p->type, type) != 0)
                continue;
            g_autofree char *t = part_text_of(p, p->body, NULL);
            g_autofree char *c = collapsed(t);
            found = strstr(c, w) != NULL;
        }
        score(key, found, w, "(not there)");
    }
}

static char *main_text(const Part *root, gboolean html)
{
    const Part *p = part_main_text(root, html);
    if (!p)
        return g_strdup("");
    g_autofree char *t = part_text_of(p, p->body, NULL);
    if (strcmp(p->type, "text/html") == 0)
        return g_steal_pointer(&t);
    g_autoptr(Rendered) r = render_plain(t, strlen(t), p->flowed, p->delsp);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < r->lines->len; i++)
        g_string_append_printf(out, "%s\n", ((RenderLine *)g_ptr_array_index(r->lines, i))->text);
    return g_strstrip(g_string_free(out, FALSE));
}

static void names(const char *key, const Json *wanted, const GPtrArray *parts)
{
    g_autoptr(GString) got = g_string_new(NULL);
    for (guint i = 0; i < parts->len; i++)
        g_string_append_printf(got, "'%s' ", ((const Part *)g_ptr_array_index(parts, i))->name);
    for (guint k = 0; k < json_length(wanted); k++) {
        const char *w = json_string(json_at(wanted, k));
        gboolean found = FALSE;
        for (guint i = 0; i < parts->len && !found; i++)
            found = same(((const Part *)g_ptr_array_index(parts, i))->name, w);
        score(key, found, w, got->str);
    }
}

static void number(const char *key, const Json *wanted, gsize got)
{
    g_autofree char *w = g_strdup_printf("%.0f", wanted->number);
    g_autofree char *g = g_strdup_printf("%" G_GSIZE_FORMAT, got);
    score(key, strcmp(w, g) == 0, w, g);
}

static void digests(const Json *wanted, const GPtrArray *attachments)
{
    for (guint i = 0; i < json_length(wanted); i++) {
        const Part *p = i < attachments->len ? g_ptr_array_index(attachments, i) : NULL;
        g_autoptr(GBytes) b = p ? part_decode(p->encoding, p->body) : g_bytes_new(NULL, 0);
        g_autofree char *sum = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, b);
        text("att_sha256", json_at(wanted, i), sum);
    }
}

static gsize decoded_size(const GPtrArray *attachments, guint i)
{
    const Part *p = i < attachments->len ? g_ptr_array_index(attachments, i) : NULL;
    g_autoptr(GBytes) b = p ? part_decode(p->encoding, p->body) : g_bytes_new(NULL, 0);
    return g_bytes_get_size(b);
}

static void delivery_status(const Json *wanted, const GPtrArray *parts)
{
    for (guint k = 0; k < wanted->keys->len; k++) {
        g_autofree char *field = g_strdup(g_ptr_array_index(wanted->keys, k));
        g_strdelimit(field, "_", '-');
        g_autofree char *got = NULL;
        for (guint i = 0; i < parts->len; i++) {
            const Part *p = g_ptr_array_index(parts, i);
            if (strcmp(p->type, "message/delivery-status") != 0)
                continue;
            g_autoptr(GBytes) b = part_decode(p->encoding, p->body);
            gsize len;
            const char *at = g_bytes_get_data(b, &len), *end = at + len;
            while (at < end && !got) { /* blocks, blank lines between */
                got = header_get(span_new(at, (gsize)(end - at)), field);
                const char *gap = memmem(at, (gsize)(end - at), "\n\n", 2);
                const char *crlf = memmem(at, (gsize)(end - at), "\n\r\n", 3);
                at = gap ? gap + 2 : crlf ? crlf + 3 : end;
            }
        }
        text("dsn", json_at(wanted, k), got ? got : "");
    }
}

static void check_envelope(const Json *w, const Envelope *e)
{
    const Json *v;
    struct {
        const char *key;
        const GPtrArray *list;
    } lists[] = {{"from", e->from}, {"to", e->to}, {"cc", e->cc}, {"reply_to", e->reply_to},
                 {"sender", e->sender}};
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
        if ((v = json_get(w, lists[i].key)))
            addresses(lists[i].key, v, lists[i].list);
    }
    if ((v = json_get(w, "subject")))
        text("subject", v, e->subject);
    if ((v = json_get(w, "message_id")))
        text("message_id", v, e->message_id);
    if ((v = json_get(w, "in_reply_to")))
        text("in_reply_to", v, e->in_reply_to);
    if ((v = json_get(w, "references")))
        ids("references", v, e->references);
    if ((v = json_get(w, "date"))) {
        g_autoptr(GDateTime) t = g_date_time_new_from_iso8601(json_string(v), NULL);
        g_autofree char *got = g_strdup_printf("%" G_GINT64_FORMAT, e->date);
        score("date", t && g_date_time_to_unix(t) == e->date, json_string(v), got);
    }
    if ((v = json_get(w, "real_addr")))
        text("real_addr", v, ((Address *)g_ptr_array_index(e->from, 0))->address);
    if ((v = json_get(w, "real_domain"))) {
        const Address *a = e->from->len == 1 ? g_ptr_array_index(e->from, 0) : NULL;
        const char *at = a ? strrchr(a->address, '@') : NULL;
        g_autofree char *domain = g_strconcat("@", json_string(v), NULL);
        score("real_domain", at && g_str_has_suffix(a->address, domain), domain, at ? at : "");
    }
}

static void check_parts(const Json *w, const Part *root)
{
    const Json *v;
    g_autoptr(GPtrArray) parts = g_ptr_array_new();
    g_autoptr(GPtrArray) attachments = part_attachments(root);
    all_parts(root, parts);
    if ((v = json_get(w, "tree")) || (v = json_get(w, "tree_shape"))) {
        g_autoptr(GString) tree = g_string_new(NULL);
        put_tree(tree, root, json_get(w, "tree") == NULL);
        text("tree", v, tree->str);
    }
    if ((v = json_get(w, "type")))
        text("type", v, root->type);
    if ((v = json_get(w, "children")))
        number("children", v, root->children->len);
    if ((v = json_get(w, "filenames")))
        names("filenames", v, parts);
    if ((v = json_get(w, "attachments")))
        names("attachments", v, attachments);
    if ((v = json_get(w, "n_attachments")))
        number("n_attachments", v, attachments->len);
    if ((v = json_get(w, "n_attachments_zb"))) {
        const Part *plain = part_main_text(root, FALSE), *html = part_main_text(root, TRUE);
        guint texts = (plain ? 1 : 0) + (html && html != plain ? 1 : 0);
        number("n_attachments_zb", v, count_leaves(root) - texts);
    }
    for (guint i = 0; i < json_length(json_get(w, "att_size")); i++)
        number("att_size", json_at(json_get(w, "att_size"), i), decoded_size(attachments, i));
    if ((v = json_get(w, "att_size_2")))
        number("att_size_2", v, decoded_size(attachments, 1));
    digests(json_get(w, "att_sha256"), attachments);
    has("text_has", json_get(w, "text_has"), parts, "text/plain");
    has("html_has", json_get(w, "html_has"), parts, "text/html");
    if ((v = json_get(w, "text_is"))) {
        g_autofree char *t = main_text(root, FALSE);
        text("text_is", v, t);
    }
    if ((v = json_get(w, "dsn")))
        delivery_status(v, parts);
}

static void check_must(const Json *w, const Envelope *e, const Part *root)
{
    const Json *v = json_get(w, "must");
    if (!v)
        return;
    g_autofree char *body = main_text(root, FALSE);
    g_autoptr(Rendered) html = NULL;
    const Part *p = part_main_text(root, TRUE);
    if (p && strcmp(p->type, "text/html") == 0) {
        g_autofree char *t = part_text_of(p, p->body, NULL);
        html = render_html(t, strlen(t));
    }
    score("must", *e->subject || e->from->len > 0 || *body || root->children->len > 0,
          json_string(v), "nothing to show");
}

static void row_result(const char *header, gboolean ok, const char *got)
{
    table_asked++;
    table_met += ok;
    if (!ok) {
        g_autofree char *h = g_strescape(header, NULL);
        printf("# not met: %s: %s: got %s\n", file_name, h, got);
    }
}

static void address_row(const char *header, const Json *expected)
{
    g_autoptr(GPtrArray) wanted = g_ptr_array_new_with_free_func((GDestroyNotify)address_free);
    const Json *list = json_get(expected, "List"), *groups = json_get(expected, "Group");
    guint n = groups ? json_length(groups) : 1;
    for (guint g = 0; g < n; g++) {
        const Json *l = groups ? json_get(json_at(groups, g), "addresses") : list;
        for (guint i = 0; i < json_length(l); i++)
            g_ptr_array_add(wanted, address_new(json_string(json_get(json_at(l, i), "name")),
                                                json_string(json_get(json_at(l, i), "address"))));
    }
    g_autofree char *field = g_strconcat("To:", header, NULL);
    g_autoptr(Envelope) e = envelope_parse(field, strlen(field));
    gboolean ok = e->to->len == wanted->len;
    for (guint i = 0; i < wanted->len && ok; i++) {
        const Address *a = g_ptr_array_index(wanted, i), *b = g_ptr_array_index(e->to, i);
        ok = same(a->name, b->name) && same(a->address, b->address);
    }
    g_autofree char *got = address_list_format(e->to, FALSE);
    row_result(header, ok, got);
}

static void type_row(const char *header, const Json *expected)
{
    g_autoptr(GString) wanted = g_string_new(NULL), got = g_string_new(NULL);
    Params p;
    const Json *list = json_get(expected, "attributes"), *sub = json_get(expected, "c_subtype");
    params_init(&p, span_of(header));
    gboolean ok = TRUE;
    if (expected->kind == JSON_OBJECT) { /* null: not a type; there is nothing to compare */
        g_string_append_printf(wanted, "%s%s%s", json_string(json_get(expected, "c_type")),
                               sub && sub->kind == JSON_STRING ? "/" : "", json_string(sub));
        g_autofree char *plain = g_strdup(p.main);
        if (g_str_has_suffix(plain, "/"))
            plain[strlen(plain) - 1] = '\0';
        ok = g_ascii_strcasecmp(wanted->str, plain) == 0;
    }
    for (guint i = 0; i < json_length(list); i++) {
        const char *name = json_string(json_at(json_at(list, i), 0));
        const char *value = params_get(&p, name);
        if (g_str_has_suffix(name, "-language"))
            continue;
        ok = ok && value && same(value, json_string(json_at(json_at(list, i), 1)));
    }
    g_string_append(got, p.main);
    for (guint i = 0; i < p.names->len; i++)
        g_string_append_printf(got, "; %s='%s'", (char *)g_ptr_array_index(p.names, i),
                               (char *)g_ptr_array_index(p.values, i));
    row_result(header, ok, got->str);
    params_clear(&p);
}

static gint64 field_of(const Json *o, const char *key)
{
    return (gint64)json_get(o, key)->number;
}

static void date_row(const char *header, const Json *expected)
{
    MailDate d = {0, 0};
    g_autofree char *one = g_strdup(header);
    gboolean parsed = date_parse(one, strlen(one), &d), ok = !parsed;
    if (expected->kind == JSON_OBJECT) {
        g_autoptr(GDateTime) t = g_date_time_new_utc(
            (int)field_of(expected, "year"), (int)field_of(expected, "month"),
            (int)field_of(expected, "day"), (int)field_of(expected, "hour"),
            (int)field_of(expected, "minute"), (double)field_of(expected, "second"));
        gint64 zone = field_of(expected, "tz_hour") * 3600 + field_of(expected, "tz_minute") * 60;
        if (json_get(expected, "tz_before_gmt")->number != 0)
            zone = -zone;
        ok = parsed && t && g_date_time_to_unix(t) - zone == d.seconds;
    }
    g_autofree char *got = g_strdup_printf("%d %" G_GINT64_FORMAT, parsed, d.seconds);
    row_result(header, ok, got);
}

static void id_row(const char *header, const Json *expected)
{
    g_autofree char *field = g_strconcat("References:", header, NULL);
    g_autoptr(Envelope) e = envelope_parse(field, strlen(field));
    g_autoptr(GString) got = g_string_new(NULL);
    gboolean ok = json_length(expected) == e->references->len;
    for (guint i = 0; i < e->references->len; i++) {
        const char *id = g_ptr_array_index(e->references, i);
        ok = ok && same(id, json_string(json_at(expected, i)));
        g_string_append_printf(got, "%s ", id);
    }
    row_result(header, ok, got->str);
}

static void subject_row(const char *header, const Json *expected)
{
    g_autofree char *field = g_strconcat("Subject:", header, NULL);
    g_autoptr(Envelope) e = envelope_parse(field, strlen(field));
    row_result(header, same(e->subject, json_string(expected)), e->subject);
}

static void check_table(const char *path, const char *json)
{
    Json *rows = json_parse(json);
    for (guint i = 0; i < json_length(rows); i++) {
        const char *header = json_string(json_get(json_at(rows, i), "header"));
        const Json *expected = json_get(json_at(rows, i), "expected");
        if (strstr(path, "address"))
            address_row(header, expected);
        else if (strstr(path, "content_type"))
            type_row(header, expected);
        else if (strstr(path, "date"))
            date_row(header, expected);
        else if (strstr(path, "id.json"))
            id_row(header, expected);
        else
            subject_row(header, expected);
    }
    json_free(rows);
}

static void check_file(const char *directory, const char *line)
{
    g_auto(GStrv) column = g_strsplit(line, "\t", -1);
    if (g_strv_length(column) < 4)
        return;
    g_autofree char *path = g_build_filename(directory, column[0], NULL);
    g_autofree char *bytes = NULL;
    gsize len;
    file_name = column[0];
    if (!g_file_get_contents(path, &bytes, &len, NULL)) {
        score("file", FALSE, column[0], "cannot be read");
        return;
    }
    Json *wanted = json_parse(column[3]);
    if (json_get(wanted, "table")) {
        check_table(column[0], bytes);
    } else if (!g_str_has_suffix(column[0], ".tnef")) {
        g_autoptr(Envelope) e = envelope_parse(bytes, len);
        g_autoptr(Part) root = part_parse(bytes, len);
        check_envelope(wanted, e);
        check_parts(wanted, root);
        check_must(wanted, e, root);
    }
    json_free(wanted);
}

static void test_corpus(void)
{
    const char *place = g_getenv("PINTAIL_CORPUS");
    g_autofree char *directory = g_build_filename(place ? place : "../shared/corpus", "mime", NULL);
    g_autofree char *manifest = g_build_filename(directory, "MANIFEST.tsv", NULL);
    g_autofree char *rows = NULL;
    if (!g_file_get_contents(manifest, &rows, NULL, NULL)) {
        printf("# no corpus at %s: nothing compared\n", directory);
        return;
    }
    g_auto(GStrv) line = g_strsplit(rows, "\n", -1);
    for (guint i = 1; line[i]; i++)
        check_file(directory, line[i]);
    printf("# corpus: %u of %u expectations met, %u of %u rows of tables\n", met, asked, table_met,
           table_asked);
    g_assert_cmpuint(asked, >, 0);
    g_assert_cmpuint(met * 100, >=, asked * WANTED_PERCENT);
    g_assert_cmpuint(table_met * 100, >=, table_asked * WANTED_PERCENT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime/corpus", test_corpus);
    return g_test_run();
}
