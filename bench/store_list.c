/* store_list.c - how long the store takes to the first page of a folder, and what it costs.
 *
 * For each number on the command line: a store with that many messages is made through
 * placements_add(), as a first sync does; then a fresh process opens it and reads the newest 50
 * rows. The floor beside it, in a process of its own too: SQLite alone, opening the same file and
 * reading the same 50 rows with the same index. Memory is the peak resident size of each process.
 */
#include <glib.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "pintail/store/folder.h"
#include "pintail/store/message.h"

#define PAGE 50
#define STEP 500
#define RUNS 5

typedef struct {
    double ms;
    long kib;
    guint rows;
} Result;

static void die(const char *what, GError *err)
{
    fprintf(stderr, "store_list: %s: %s\n", what, err ? err->message : "failed");
    exit(1);
}

static double elapsed(gint64 since)
{
    return (double)(g_get_monotonic_time() - since) / 1000;
}

static char *header_of(guint n)
{
    static const char *const words[] = {"report", "meeting",  "invoice", "holiday", "release",
                                        "build",  "question", "photos",  "travel",  "minutes"};
    guint from = n * 2654435761u % 997;
    GString *h = g_string_new(NULL);
    g_string_append_printf(h, "From: Person %u <person%u@example.org>\n", from, from);
    g_string_append_printf(h, "To: Ada <ada@example.com>\nSubject: %s%s %u about the %s\n",
                           n % 3 ? "Re: " : "", words[n % 10], n / 7, words[n / 10 % 10]);
    g_string_append_printf(h, "Message-ID: <%u.bench@example.org>\n", n);
    if (n % 3)
        g_string_append_printf(h, "References: <%u.bench@example.org>\n", n - n % 3);
    g_string_append(h, "\n");
    return g_string_free(h, FALSE);
}

static void fill(const char *directory, guint rows)
{
    GError *err = NULL;
    g_autoptr(StoreHome) home = store_home_open(directory, 0, NULL, &err);
    g_autoptr(Store) s = home ? store_connect(home, STORE_FOR_WORK, &err) : NULL;
    gint64 account = s ? account_ensure(s, "bench", STORED_IMAP, NULL, &err) : 0;
    g_autoptr(Folder) inbox = account ? folder_by_role(s, account, ROLE_INBOX) : NULL;
    if (!inbox || !folder_set_uidvalidity(s, inbox->id, 1, &err) || !store_home_start(home, &err))
        die("cannot make a store", err);
    FetchedMessage *step = g_new0(FetchedMessage, STEP);
    gint64 began = g_get_monotonic_time();
    for (guint done = 0; done < rows;) {
        guint n = 0;
        for (; n < STEP && done < rows; n++, done++) {
            g_autofree char *header = header_of(done);
            Envelope *e = envelope_parse(header, strlen(header));
            e->date = 1500000000 + (gint64)done * 60;
            step[n] = (FetchedMessage){done + 1, done % 5 ? FLAG_SEEN : 0, e, 2000 + done % 9000,
                                       e->date};
        }
        if (!placements_add(s, inbox->id, step, n, &err))
            die("cannot add", err);
        for (guint i = 0; i < n; i++)
            envelope_unref((Envelope *)step[i].envelope);
    }
    g_free(step);
    double seconds = elapsed(began) / 1000;
    printf("%9u messages stored in %6.1f s (%.0f a second)\n", rows, seconds, rows / seconds);
    fflush(stdout);
    g_clear_pointer(&s, store_free); /* before its home */
}

static Result read_with_store(const char *directory)
{
    GError *err = NULL;
    gint64 began = g_get_monotonic_time();
    g_autoptr(StoreHome) home = store_home_open(directory, 0, NULL, &err);
    g_autoptr(Store) s = home ? store_connect(home, STORE_FOR_PERSON, &err) : NULL;
    g_autoptr(Folder) inbox = s ? folder_by_role(s, account_find(s, "bench"), ROLE_INBOX) : NULL;
    g_autoptr(GArray) ids = inbox ? list_first(s, inbox->id, SORT_DATE, TRUE, PAGE, &err) : NULL;
    g_autoptr(GPtrArray) rows =
        ids ? rows_get(s, (gint64 *)(void *)ids->data, ids->len, &err) : NULL;
    if (!rows)
        die("cannot read", err);
    Result r = {elapsed(began), 0, rows->len};
    g_clear_pointer(&s, store_free);
    return r;
}

static Result read_with_sqlite(const char *directory)
{
    g_autofree char *path = g_build_filename(directory, "store.db", NULL);
    gint64 began = g_get_monotonic_time();
    sqlite3 *sql;
    sqlite3_stmt *st;
    Result r = {0};
    if (sqlite3_open(path, &sql) != SQLITE_OK ||
        sqlite3_prepare_v2(sql,
                           "SELECT p.id, p.shown_flags, p.date, p.size, m.from_label, m.to_label,"
                           " m.subject FROM placement p JOIN message m ON m.id = p.message"
                           " WHERE p.folder = 1 AND p.shown = 1 ORDER BY p.date DESC, p.id DESC"
                           " LIMIT 50",
                           -1, &st, NULL) != SQLITE_OK)
        die(sqlite3_errmsg(sql), NULL);
    while (sqlite3_step(st) == SQLITE_ROW)
        r.rows += sqlite3_column_text(st, 6) != NULL;
    sqlite3_finalize(st);
    r.ms = elapsed(began);
    sqlite3_close(sql);
    return r;
}

/* In a process of its own: memory and caches are its own. */
static Result measure(Result (*what)(const char *), const char *directory)
{
    Result best = {1e9, 0, 0};
    for (int i = 0; i < RUNS; i++) {
        int fd[2];
        if (pipe(fd) < 0)
            die("pipe", NULL);
        pid_t child = fork();
        if (child == 0) {
            Result r = what(directory);
            struct rusage use;
            getrusage(RUSAGE_SELF, &use);
            r.kib = use.ru_maxrss;
            _exit(write(fd[1], &r, sizeof r) == sizeof r ? 0 : 1);
        }
        Result r;
        int status;
        close(fd[1]);
        if (read(fd[0], &r, sizeof r) != sizeof r)
            die("a measured process ended", NULL);
        close(fd[0]);
        waitpid(child, &status, 0);
        if (r.ms < best.ms)
            best = r;
    }
    return best;
}

static void remove_directory(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        if (unlink(child) < 0)
            remove_directory(child);
    }
    rmdir(path);
}

static void run(guint rows)
{
    g_autofree char *directory = g_build_filename(g_get_tmp_dir(), "pintail-bench-XXXXXX", NULL);
    if (!g_mkdtemp(directory))
        die("mkdtemp", NULL);
    pid_t child = fork(); /* so that what filling took does not count as anybody's memory */
    int status = 1;
    if (child == 0) {
        fill(directory, rows);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0)
        die("filling", NULL);
    Result store = measure(read_with_store, directory);
    Result floor = measure(read_with_sqlite, directory);
    g_autofree char *path = g_build_filename(directory, "store.db", NULL);
    struct stat st;
    double mib = stat(path, &st) == 0 ? (double)st.st_size / 1048576 : 0;
    printf("%9u messages: open and newest %u: %7.2f ms, %6ld KiB"
           "   floor (SQLite alone): %7.2f ms, %6ld KiB   store.db %.0f MiB\n",
           rows, store.rows, store.ms, store.kib, floor.ms, floor.kib, mib);
    fflush(stdout); /* or the next child prints it again */
    remove_directory(directory);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: store_list ROWS...\n");
        return 64;
    }
    for (int i = 1; i < argc; i++)
        run((guint)g_ascii_strtoull(argv[i], NULL, 10));
    return 0;
}
