/* test_first_look.c - what other folders there are is known long before a large one on the screen is
 * fetched whole; and then the large one is finished first. */
#include <semaphore.h>
#include "fake_imap.h"
#include "home.h"

#define MAILS 1200

typedef struct {
    sem_t opened;         /* the test has said which folder is on the screen */
    guint before_list;    /* headers fetched when LIST came */
    guint before_another; /* and when another folder was selected */
} Watch;

static gboolean watch(FakeClient *c, const char *tag, const char *command)
{
    ImapWorld *w = c->fake->data;
    Watch *seen = w->data;
    (void)tag;
    if (g_str_has_prefix(command, "LOGIN") || g_str_has_prefix(command, "AUTHENTICATE")) {
        sem_wait(&seen->opened);
        sem_post(&seen->opened);
    }
    if (g_str_has_prefix(command, "LIST") && seen->before_list == 0)
        seen->before_list = w->fetched;
    if (g_str_has_prefix(command, "EXAMINE") && !strstr(command, "INBOX") && seen->before_another == 0)
        seen->before_another = w->fetched;
    return FALSE;
}

static void test_folders_before_the_rest(void)
{
    Watch seen = {0};
    sem_init(&seen.opened, 0, 0);
    ImapWorld *w = world_new(MAILS, "UIDPLUS UNSELECT LITERAL+ SPECIAL-USE");
    w->intercept = watch;
    w->data = &seen;
    box_add(world_box(w, "Archive"), "Subject: old\r\n\r\n\r\n", 0);
    Fake *f = fake_new(&imap_serve, w);
    g_autofree char *rc = g_strdup_printf("account work\n    address Ana <ana@example.org>\n"
                                          "    imap imap://ana@127.0.0.1:%u\n    password secret\n"
                                          "    tls off\n    timeout 10s\n    download headers\n",
                                          f->port);
    Home *h = home_new(rc);
    g_autoptr(Engine) e = home_engine(h, ENGINE_ONCE);
    Request *r = request_new(REQUEST_OPEN, h->id);
    r->folder_id = home_folder(h, "INBOX");
    g_assert_true(bus_request(h->bus, LANE_SYNC, r));
    sem_post(&seen.opened);
    home_wait(h, EVENT_IDLE);
    home_wait(h, EVENT_IDLE);
    home_stop(h, e);
    g_assert_cmpuint(seen.before_list, >=, 60);
    g_assert_cmpuint(seen.before_list, <, MAILS / 2);
    g_assert_cmpuint(seen.before_another, ==, MAILS);
    g_autofree char *archived = home_subjects(h, home_folder(h, "Archive"));
    g_autofree char *there = world_subjects(w, "Archive");
    g_assert_cmpstr(there, ==, archived);
    fake_settle(f);
    home_free(h);
    fake_free(f);
    world_free(w);
    sem_destroy(&seen.opened);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/first look/folders before the rest", test_folders_before_the_rest);
    return g_test_run();
}
