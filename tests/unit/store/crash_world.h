/* crash_world.h - a store whose process is killed at the N-th passage of a crash point. */
#pragma once
#include "fixture.h"
#include <signal.h>
#include <sys/wait.h>

typedef struct {
    const char *directory;
    gint64 account, inbox, sent, archive, trash;
    StoreHome *home;
    Store *s;
} World;

static void world_open(World *w, const char *directory)
{
    GError *err = NULL;
    *w = (World){.directory = directory};
    w->home = store_home_open(directory, 0, NULL, &err);
    g_assert_no_error(err);
    w->s = store_connect(w->home, STORE_FOR_PERSON, &err);
    g_assert_no_error(err);
    w->account = account_ensure(w->s, "home", STORED_POP3, NULL, &err);
    g_assert_no_error(err);
    static const FolderRole roles[] = {ROLE_INBOX, ROLE_SENT, ROLE_ARCHIVE, ROLE_TRASH};
    gint64 *ids[] = {&w->inbox, &w->sent, &w->archive, &w->trash};
    for (guint i = 0; i < 4; i++) {
        g_autoptr(Folder) f = folder_by_role(w->s, w->account, roles[i]);
        *ids[i] = f->id;
    }
}

static void world_close(World *w)
{
    store_free(w->s);
    store_home_free(w->home);
}

static G_GNUC_UNUSED void rescan_all(World *w)
{
    gint64 ids[] = {w->inbox, w->sent, w->archive, w->trash};
    for (guint i = 0; i < 4; i++)
        ok(folder_rescan(w->s, ids[i], NULL, &err));
}

static G_GNUC_UNUSED guint files_in(const char *directory, const char *suffix)
{
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    guint n = 0;
    const char *name;
    while (dir && (name = g_dir_read_name(dir)))
        n += g_str_has_suffix(name, suffix) && *name != '.';
    return n;
}

static G_GNUC_UNUSED guint mails_of(World *w, gint64 folder)
{
    g_autoptr(Folder) f = folder_get(w->s, folder, NULL);
    g_autofree char *cur = g_build_filename(f->path, "cur", NULL);
    g_autofree char *new = g_build_filename(f->path, "new", NULL);
    return files_in(cur, "") + files_in(new, "");
}

typedef void (*Step)(World *w);

/* Runs `step` in a child that dies at the n-th passage; TRUE when it did. */
static gboolean dies(const char *directory, const char *point, int n, Step prepare, Step step)
{
    fflush(NULL);
    pid_t child = fork();
    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        World w;
        /* The environment is read at the first passage: nothing before has passed one. */
        g_autofree char *at = g_strdup_printf("%s:%d", point, n);
        g_setenv("PINTAIL_CRASH_AT", at, TRUE);
        world_open(&w, directory);
        step(&w);
        world_close(&w);
        _exit(0);
    }
    int status;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        return TRUE;
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
    return FALSE;
}

/* `prepare` and `verify` also run in children: this process must not have the store open, or passed
 * a crash point. */
static void in_child(const char *directory, Step step)
{
    g_assert_false(dies(directory, "none", 1, NULL, step));
}

static G_GNUC_UNUSED void nothing(World *w)
{
}

static void sweep(const char *point, Step prepare, Step step, Step verify, int at_least)
{
    int n = 1;
    for (gboolean died = TRUE; died; n++) {
        g_assert_cmpint(n, <, 200);
        g_autofree char *directory = fresh_directory();
        in_child(directory, prepare);
        died = dies(directory, point, n, prepare, step);
        in_child(directory, verify);
        remove_tree(directory);
    }
    g_test_message("%s: %d steps", point, n - 2);
    g_assert_cmpint(n - 2, >=, at_least);
}
