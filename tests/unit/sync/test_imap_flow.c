/* test_imap_flow.c - bodies beforehand: many in flight, one refused, a cut in between. */
#include "imap_home.h"

#define MAILS 600
#define HELD 200 /* so many have to be asked for before the first is answered */

typedef struct {
    GPtrArray *held; /* of char *: "tag command" */
    gboolean let_go;
    guint asked, cut_after; /* 0: never */
    guint refuse; /* UID */
} Slow;

static gboolean is_whole(const char *command)
{
    return g_str_has_prefix(command, "UID FETCH ") && strstr(command, "BODY.PEEK[])");
}

static void answer(FakeClient *c, const char *tag, const char *command, const Slow *s)
{
    guint uid = (guint)g_ascii_strtoull(command + strlen("UID FETCH "), NULL, 10);
    if (uid == s->refuse)
        fake_send(c, "%s NO not this one", tag);
    else
        imap_uid_command(c, tag, command + strlen("UID "));
}

static gboolean slow_serve(FakeClient *c, const char *tag, const char *command)
{
    Slow *s = ((ImapWorld *)c->fake->data)->data;
    if (!is_whole(command))
        return FALSE;
    s->asked++;
    if (s->cut_after > 0 && s->asked >= s->cut_after) {
        s->cut_after = 0;
        c->open = FALSE;
        return TRUE;
    }
    if (s->let_go) {
        answer(c, tag, command, s);
        return TRUE;
    }
    g_ptr_array_add(s->held, g_strdup(tag));
    g_ptr_array_add(s->held, g_strdup(command));
    s->let_go = s->held->len >= 2 * HELD;
    for (guint n = 0; s->let_go && n < s->held->len; n += 2)
        answer(c, s->held->pdata[n], s->held->pdata[n + 1], s);
    return TRUE;
}

static guint count_here(Home *h)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GArray) missing = bodies_missing(h->store, home_folder(h, "INBOX"), 0, MAILS + 1, &err);
    g_assert_no_error(err);
    return MAILS - missing->len;
}

static Home *all_home(const Fake *f)
{
    g_autofree char *rc = g_strdup_printf("account work\n    address Ana <ana@example.org>\n"
                                          "    imap imap://ana@127.0.0.1:%u\n    password secret\n"
                                          "    tls off\n    timeout 10s\n    download all\n",
                                          f->port);
    Home *h = home_new(rc);
    h->settle = fake_settle;
    h->settle_data = (gpointer)f;
    return h;
}

static void check(Slow *s, guint first, guint second)
{
    ImapWorld *w = world_new(MAILS, "UIDPLUS UNSELECT LITERAL+");
    s->held = g_ptr_array_new_with_free_func(g_free);
    w->intercept = slow_serve;
    w->data = s;
    Fake *f = fake_new(&imap_serve, w);
    Home *h = all_home(f);
    home_run_once(h, 0, 2);
    g_assert_cmpuint(count_here(h), >=, first);
    if (second > 0) {
        home_run_once(h, 0, 2);
        g_assert_cmpuint(count_here(h), ==, second);
    }
    gint64 message, folder;
    guint32 uid, uidvalidity;
    g_assert_true(placement_locate(h->store, home_placement(h, home_folder(h, "INBOX"), "mail 590"), &folder, &uid,
                                   &uidvalidity, &message));
    g_autoptr(GBytes) bytes = body_get(h->store, message, "", NULL);
    g_assert_nonnull(bytes);
    const ImapMail *m = world_box(w, "INBOX")->mails->pdata[589];
    g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), m->text, strlen(m->text));
    home_free(h);
    fake_free(f);
    world_free(w);
    g_ptr_array_unref(s->held);
}

static void test_in_flight(void)
{
    Slow s = {.refuse = 7};
    check(&s, MAILS - 1, 0);
    g_assert_true(s.let_go);
}

static void test_cut(void)
{
    Slow s = {.let_go = TRUE, .cut_after = 350};
    check(&s, 0, MAILS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap/flow/in flight", test_in_flight);
    g_test_add_func("/imap/flow/cut", test_cut);
    return g_test_run();
}
