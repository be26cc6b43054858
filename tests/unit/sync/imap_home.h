/* imap_home.h - a home with one IMAP account on a fake server, and what tests say of both. */
#pragma once
#include "fake_imap.h"
#include "home.h"

G_GNUC_UNUSED static Home *imap_home(const Fake *f)
{
    g_autofree char *rc = g_strdup_printf("account work\n    address Ana <ana@example.org>\n"
                                          "    imap imap://ana@127.0.0.1:%u\n    password secret\n"
                                          "    tls off\n    timeout 10s\n    download headers\n",
                                          f->port);
    Home *h = home_new(rc);
    h->settle = fake_settle;
    h->settle_data = (gpointer)f;
    return h;
}

G_GNUC_UNUSED static void assert_here(Home *h, const char *folder, const char *subjects)
{
    g_autofree char *got = home_subjects(h, home_folder(h, folder));
    if (!g_str_equal(got, subjects))
        home_dump(h);
    g_assert_cmpstr(got, ==, subjects);
}

G_GNUC_UNUSED static void assert_there(const ImapWorld *w, const char *folder, const char *subjects)
{
    g_autofree char *got = world_subjects(w, folder);
    g_assert_cmpstr(got, ==, subjects);
}

G_GNUC_UNUSED static void change(Home *h, ChangeKind kind, gint64 placement, guint add, gint64 destination)
{
    g_autoptr(GError) err = NULL;
    Change c = {.kind = kind, .placements = &placement, .n = 1, .add = add, .destination = destination};
    g_assert_cmpint(placement, !=, 0);
    change_commit(h->store, &c, &err);
    g_assert_no_error(err);
}
