/* test_rescue.c - copies of what is being written: whole again after a crash, offered to one process only. */
#include <glib/gstdio.h>
#include <string.h>
#include "compose.h"
#include "pintail/util/file.h"

typedef struct {
    char *directory;
    StoreHome *home;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    f->directory = g_dir_make_tmp("pintail-rescue-XXXXXX", NULL);
    f->home = store_home_open(f->directory, 0, NULL, &err);
    g_assert_no_error(err);
}

static void remove_all(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *below = g_build_filename(path, name, NULL);
        if (g_file_test(below, G_FILE_TEST_IS_DIR))
            remove_all(below);
        else
            g_unlink(below);
    }
    g_rmdir(path);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    store_home_free(f->home);
    remove_all(f->directory);
    g_free(f->directory);
}

static Draft *a_draft(void)
{
    g_autoptr(Address) from = address_new("Ada", "ada@example.org");
    Draft *d = draft_new(from);
    g_ptr_array_add(d->to, address_new("Bea", "bea@example.com"));
    g_ptr_array_add(d->bcc, address_new("", "hidden@example.com"));
    g_free(d->subject);
    d->subject = g_strdup("Größe: 3 m");
    g_free(d->body);
    d->body = g_strdup("Before the editor.\n");
    Attachment *a = g_new0(Attachment, 1);
    a->path = g_strdup("/home/ada/report & 50%\n.pdf");
    g_ptr_array_add(d->attachments, a);
    return d;
}

static void put_text(const ComposeOrigin *o, gboolean headers, const char *text)
{
    g_autofree char *path = rescue_text_path(o, headers);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void test_whole_again(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Draft) d = a_draft();
    ComposeOrigin o = {.answers = 17, .forwards = TRUE, .draft = 23, .edits = 1};
    g_assert_false(rescue_exists(f->home));
    g_assert_true(rescue_save(f->home, &o, d, &err));
    g_assert_no_error(err);
    put_text(&o, FALSE, "From the editor.\n");
    g_assert_false(rescue_exists(f->home)); /* open here */
    rescue_unlock(&o);                      /* as the end of the process does */
    g_assert_true(rescue_exists(f->home));

    ComposeOrigin again = {0};
    g_autofree char *account = NULL;
    g_autoptr(Draft) found = rescue_find(f->home, &again, &account, &err);
    g_assert_no_error(err);
    g_assert_nonnull(found);
    g_assert_cmpint(again.answers, ==, 17);
    g_assert_true(again.forwards);
    g_assert_cmpint(again.draft, ==, 23);
    g_assert_cmpuint(again.edits, ==, 1);
    g_assert_cmpstr(found->subject, ==, "Größe: 3 m");
    g_assert_cmpstr(found->body, ==, "From the editor.\n");
    g_assert_cmpstr(found->message_id, ==, d->message_id);
    g_assert_cmpuint(found->bcc->len, ==, 1);
    g_assert_cmpuint(found->attachments->len, ==, 1);
    g_assert_cmpstr(((Attachment *)found->attachments->pdata[0])->path, ==, "/home/ada/report & 50%\n.pdf");
    g_assert_false(rescue_exists(f->home)); /* it is open again */

    rescue_remove(again.rescue);
    rescue_unlock(&again);
    g_assert_false(rescue_exists(f->home));
    g_autofree char *compose = g_build_filename(f->directory, "compose", NULL);
    g_autoptr(GDir) left = g_dir_open(compose, 0, NULL);
    g_assert_null(g_dir_read_name(left));
    g_free(o.rescue);
    g_free(again.rescue);
}

static void test_with_header(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Draft) d = a_draft();
    ComposeOrigin o = {.edits = 3};
    g_assert_true(rescue_save(f->home, &o, d, &err));
    put_text(&o, TRUE, "From: Ada <ada@example.org>\nTo: new@example.com\nSubject: Changed\n\nText\n");
    rescue_unlock(&o);
    ComposeOrigin again = {0};
    g_autofree char *account = NULL;
    g_autoptr(Draft) found = rescue_find(f->home, &again, &account, &err);
    g_assert_no_error(err);
    g_assert_cmpstr(found->subject, ==, "Changed");
    g_assert_cmpstr(found->body, ==, "Text\n");
    g_assert_cmpstr(((Address *)found->to->pdata[0])->address, ==, "new@example.com");
    g_assert_cmpuint(again.edits, ==, 3);
    rescue_unlock(&again);
    g_free(o.rescue);
    g_free(again.rescue);
}

/* A header that cannot be read is no reason to lose the text. */
static void test_broken_header(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Draft) d = a_draft();
    ComposeOrigin o = {.edits = 1};
    g_assert_true(rescue_save(f->home, &o, d, &err));
    put_text(&o, TRUE, "no header at all\n\nbut words\n");
    rescue_unlock(&o);
    ComposeOrigin again = {0};
    g_autofree char *account = NULL;
    g_autoptr(Draft) found = rescue_find(f->home, &again, &account, &err);
    g_assert_nonnull(strstr(found->body, "no header at all"));
    g_assert_nonnull(strstr(found->body, "but words"));
    rescue_unlock(&again);
    g_free(o.rescue);
    g_free(again.rescue);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/rescue/whole-again", Fixture, NULL, set_up, test_whole_again, tear_down);
    g_test_add("/rescue/with-header", Fixture, NULL, set_up, test_with_header, tear_down);
    g_test_add("/rescue/broken-header", Fixture, NULL, set_up, test_broken_header, tear_down);
    return g_test_run();
}
