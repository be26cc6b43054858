/* test_bodies.c - the cache: sections, chunks, eviction; content of local mail. */
#include "fixture.h"
#include "body_private.h"

static gint64 inbox, archive, account;

static gint64 message_at(Fixture *f, guint32 uid)
{
    g_autoptr(Row) r = row_of(f->s, placement_at(f->s, inbox, uid));
    return r->message;
}

static void start(Fixture *f, int n)
{
    account = imap_account(f->s, &inbox, &archive);
    for (int i = 1; i <= n; i++)
        add_mail(f->s, inbox, (guint32)i, i, "body", 0);
}

static const char multipart[] = "From: a@example.org\r\nSubject: m\r\nMIME-Version: 1.0\r\n"
                                "Content-Type: multipart/mixed; boundary=B\r\n\r\n"
                                "--B\r\nContent-Type: text/plain\r\n\r\nfirst part\r\n"
                                "--B\r\nContent-Type: text/html\r\n\r\n<p>second</p>\r\n--B--\r\n";

static void expect(Fixture *f, gint64 message, const char *section, const char *text)
{
    GError *err = NULL;
    g_autoptr(GBytes) bytes = body_get(f->s, message, section, &err);
    g_assert_no_error(err);
    if (!text) {
        g_assert_null(bytes);
        return;
    }
    g_assert_nonnull(bytes);
    g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), text, strlen(text));
}

/* Pieces: nothing is read before the last, what is begun is kept, and another way begins anew. */
static void test_pieces(Fixture *f, gconstpointer data)
{
    start(f, 1);
    gint64 m = message_at(f, 1);
    g_autofree char *big = g_malloc(300000);
    for (guint i = 0; i < 300000; i++)
        big[i] = (char)('a' + i % 23);
    g_assert_cmpuint(body_begun(f->s, m, "2", ""), ==, 0);
    ok(body_add(f->s, m, "2", "", 0, big, 130000, FALSE, &err));
    ok(body_add(f->s, m, "2", "", 130000, big + 130000, 1, FALSE, &err));
    g_assert_cmpuint(body_begun(f->s, m, "2", ""), ==, 130001);
    g_assert_cmpuint(body_begun(f->s, m, "2", "b"), ==, 0);
    expect(f, m, "2", NULL);
    g_assert_false(body_have(f->s, m, "2"));
    GError *err = NULL;
    g_assert_false(body_add(f->s, m, "2", "", 5, big, 5, FALSE, &err)); /* not where it ends */
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_GONE);
    g_clear_error(&err);
    ok(body_add(f->s, m, "2", "b", 0, "x", 1, FALSE, &err));
    ok(body_add(f->s, m, "2", "", 130001, big + 130001, 300000 - 130001, FALSE, &err));
    ok(body_add(f->s, m, "2", "", 300000, NULL, 0, TRUE, &err));
    g_autoptr(GBytes) bytes = body_get(f->s, m, "2", &err);
    g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), big, 300000);
    g_assert_cmpuint(body_begun(f->s, m, "2", ""), ==, 0);
    ok(body_add(f->s, m, "2", "b", 1, "y", 1, TRUE, &err)); /* replaces */
    expect(f, m, "2", "xy");
    ok(body_add(f->s, m, "", "", 0, multipart, strlen(multipart), TRUE, &err));
    expect(f, m, "", multipart);
    gint64 total = db_number(&f->s->cache, 0, "SELECT total FROM state", "");
    g_assert_cmpint(total, ==, db_number(&f->s->cache, 0, "SELECT sum(stored) FROM body", ""));
    g_assert_cmpint(db_number(&f->s->cache, 0, "SELECT count(*) FROM body", ""), ==, 2);
}

static void test_near(Fixture *f, gconstpointer data)
{
    start(f, 7);
    for (guint32 uid = 1; uid <= 7; uid++)
        if (uid == 4 || uid == 5)
            ok(body_put(f->s, message_at(f, uid), "", "x", 1, &err));
    g_autoptr(GArray) near = bodies_near(f->s, message_at(f, 4), 1, NULL);
    g_assert_cmpuint(near->len, ==, 2); /* not 5: it is here */
    gint64 a = g_array_index(near, gint64, 0), b = g_array_index(near, gint64, 1);
    g_assert_cmpint(MIN(a, b), ==, message_at(f, 3));
    g_assert_cmpint(MAX(a, b), ==, message_at(f, 6));
}

static void test_sections(Fixture *f, gconstpointer data)
{
    start(f, 2);
    gint64 m = message_at(f, 1);
    expect(f, m, "", NULL);
    g_assert_false(body_have(f->s, m, "1"));
    ok(body_put(f->s, m, "1", "first part", 10, &err));
    expect(f, m, "1", "first part");
    expect(f, m, "2", NULL);
    ok(body_put(f->s, m, "", multipart, strlen(multipart), &err));
    expect(f, m, "", multipart);
    g_assert_true(body_have(f->s, m, "2"));
    expect(f, m, "2", "<p>second</p>"); /* out of the whole */
    g_autoptr(GBytes) header = body_get(f->s, m, "HEADER", NULL);
    g_autofree char *text = g_strndup(g_bytes_get_data(header, NULL), g_bytes_get_size(header));
    g_assert_true(g_str_has_suffix(text, "boundary=B\r\n\r\n"));
    g_autoptr(GBytes) tree = body_get(f->s, m, "TREE", NULL);
    g_assert_cmpuint(g_bytes_get_size(tree), >, 0);
    expect(f, m, "7.7", NULL);
    ok(body_put(f->s, m, "", "Subject: other\r\n\r\nx", 19, &err)); /* replaces */
    expect(f, m, "", "Subject: other\r\n\r\nx");
}

static void test_large(Fixture *f, gconstpointer data)
{
    start(f, 1);
    gint64 m = message_at(f, 1);
    gsize sizes[] = {0, 1, 65535, 65536, 65537, 1000003};
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autofree char *bytes = g_malloc(sizes[i] + 1);
        for (gsize n = 0; n < sizes[i]; n++)
            bytes[n] = (char)(n * 2654435761u >> 13);
        ok(body_put(f->s, m, "2", bytes, sizes[i], &err));
        reopen(f);
        g_autoptr(GBytes) back = body_get(f->s, m, "2", NULL);
        g_assert_nonnull(back);
        g_assert_cmpmem(g_bytes_get_data(back, NULL), g_bytes_get_size(back), bytes, sizes[i]);
    }
}

static void test_missing(Fixture *f, gconstpointer data)
{
    start(f, 4);
    ok(body_put(f->s, message_at(f, 4), "", "x\n\ny", 4, &err));
    ok(body_put(f->s, message_at(f, 3), "TREE", "t", 1, &err));
    ok(body_put(f->s, message_at(f, 3), "1", "t", 1, &err));
    ok(body_put(f->s, message_at(f, 2), "TREE", "t", 1, &err));
    g_autoptr(GArray) missing = bodies_missing(f->s, inbox, 0, 10, NULL);
    g_assert_cmpuint(missing->len, ==, 2);
    g_assert_cmpint(g_array_index(missing, gint64, 0), ==, message_at(f, 2)); /* newest first */
    g_assert_cmpint(g_array_index(missing, gint64, 1), ==, message_at(f, 1));
    g_autoptr(GArray) one = bodies_missing(f->s, inbox, 0, 1, NULL);
    g_assert_cmpuint(one->len, ==, 1);
    g_autoptr(GArray) none = bodies_missing(f->s, inbox, G_MAXINT64, 10, NULL);
    g_assert_cmpuint(none->len, ==, 0);
}

static void test_eviction(Fixture *f, gconstpointer data)
{
    start(f, 10);
    g_autofree char *noise = g_malloc(20000);
    g_autoptr(GRand) random = g_rand_new_with_seed(1);
    for (guint i = 0; i < 20000; i++)
        noise[i] = (char)g_rand_int(random);
    for (guint32 uid = 1; uid <= 10; uid++)
        ok(body_put(f->s, message_at(f, uid), "", noise, 20000, &err));
    ok(meta_put(f->s, CACHE_BYTES_KEY, "100000", &err));
    /* Used an hour after the others were written: 1 stays. */
    g_setenv("PINTAIL_NOW", "4000000000", TRUE);
    g_autoptr(GBytes) used = body_get(f->s, message_at(f, 1), "", NULL);
    g_assert_nonnull(used);
    g_unsetenv("PINTAIL_NOW");
    maintain_round(f->s);
    g_assert_true(body_have(f->s, message_at(f, 1), ""));
    g_assert_false(body_have(f->s, message_at(f, 2), ""));
    guint kept = 0;
    for (guint32 uid = 1; uid <= 10; uid++)
        kept += body_have(f->s, message_at(f, uid), "");
    g_assert_cmpuint(kept, ==, 4);
    g_autoptr(GArray) missing = bodies_missing(f->s, inbox, 0, 100, NULL);
    g_assert_cmpuint(missing->len, ==, 10 - kept);
    g_assert_true(store_cache(f->s));
    g_assert_cmpint(db_number(&f->s->cache, -1, "SELECT total FROM state", ""), ==,
                    db_number(&f->s->cache, -2, "SELECT sum(stored) FROM body", ""));
    g_assert_cmpint(db_number(&f->s->cache, -1,
                              "SELECT count(*) FROM chunk WHERE body NOT IN"
                              " (SELECT id FROM body)",
                              ""),
                    ==, 0);
}

/* What is deleted is forgotten by cache and index as well. */
static void test_forgotten(Fixture *f, gconstpointer data)
{
    start(f, 1);
    gint64 m = message_at(f, 1);
    ok(body_put(f->s, m, "", multipart, strlen(multipart), &err));
    while (indexer_round(f->s, 100))
        ;
    guint32 uid = 1;
    ok(placements_vanished(f->s, inbox, &uid, 1, &err));
    while (indexer_round(f->s, 100))
        ;
    g_assert_cmpint(db_number(&f->s->cache, -1, "SELECT count(*) FROM body", ""), ==, 0);
    g_assert_cmpint(db_number(&f->s->index, -1, "SELECT count(*) FROM doc", ""), ==, 0);
    g_assert_cmpint(db_number(&f->s->db, -1, "SELECT count(*) FROM index_queue", ""), ==, 0);
}

/* A chunk that does not decompress is content that is not here, never a wrong one. */
static void test_corrupt_chunk(Fixture *f, gconstpointer data)
{
    start(f, 1);
    gint64 m = message_at(f, 1);
    ok(body_put(f->s, m, "", multipart, strlen(multipart), &err));
    g_assert_true(db_run(&f->s->cache, "UPDATE chunk SET data = x'0011223344'", ""));
    expect(f, m, "", NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("/store/body/sections", test_sections);
    TEST("/store/body/pieces", test_pieces);
    TEST("/store/body/near", test_near);
    TEST("/store/body/large", test_large);
    TEST("/store/body/missing", test_missing);
    TEST("/store/body/eviction", test_eviction);
    TEST("/store/body/forgotten", test_forgotten);
    TEST("/store/body/corrupt-chunk", test_corrupt_chunk);
    return g_test_run();
}
