/* test_imap_resync.c - what makes resynchronizing cheap, to the byte: ENABLE, SELECT with QRESYNC, CHANGEDSINCE,
 * NOTIFY, COMPRESS; and what hostile or forgetful servers answer. */
#include <zlib.h>
#include "test_imap_rig.h"

#define RESYNC "ENABLE CONDSTORE QRESYNC"

/* Three messages of UIDVALIDITY 7, of which `sequence` is the HIGHESTMODSEQ. */
#define DESCRIBED(sequence)                                                                        \
    "S: * 3 EXISTS\nS: * OK [UIDVALIDITY 7] x\nS: * OK [UIDNEXT 50] x\nS: * OK [" sequence "] x\n"

static const guint32 few[] = {1, 2, 3, 5};

static const ImapKnown four = {.uidvalidity = 7, .modseq = 90, .uids = few, .n = G_N_ELEMENTS(few), .whole = TRUE};

/* ENABLEs as p1, says p2 NOOP, then examines INBOX. */
static void rig_examine(Rig *r, const char *capabilities, const ImapKnown *known, gboolean *resynced, const char *rest)
{
    rig_open(r, capabilities, rest);
    g_assert_true(imap_enable_resync(r->session, &r->error));
    g_assert_true(imap_noop(r->session, &r->error)); /* with its answer */
    imap_select_known(r->session, "INBOX", TRUE, known, resynced, &r->error);
}

static char *changes_text(ImapSession *s)
{
    g_autoptr(ImapChanges) c = imap_take_changes(s);
    GString *out = g_string_new(NULL);
    for (guint n = 0; n < c->expunged->len; n++)
        g_string_append_printf(out, "-%u ", g_array_index(c->expunged, guint32, n));
    for (guint n = 0; n < c->flags->len; n++) {
        const ImapFlagChange *f = &g_array_index(c->flags, ImapFlagChange, n);
        g_string_append_printf(out, "%u:%x@%" G_GUINT64_FORMAT " ", f->uid, f->flags.bits, f->modseq);
    }
    g_string_append(out, c->overflow ? "overflow" : c->lost ? "lost" : c->folders_changed ? "folders" : "");
    return g_string_free(out, FALSE);
}

/* ---- SELECT with QRESYNC ---- */

static void test_qresync(void)
{
    Rig r;
    gboolean resynced = FALSE;
    rig_examine(&r, RESYNC, &four, &resynced,
                "C: p1 ENABLE QRESYNC\nS: * ENABLED QRESYNC\nC: p2 NOOP\nS: p1 OK\nS: p2 OK\n"
                "C: p3 EXAMINE \"INBOX\" (QRESYNC (7 90 1:3,5))\n" DESCRIBED("HIGHESTMODSEQ 99")
                "S: * VANISHED (EARLIER) 2,4\nS: * 2 FETCH (UID 3 FLAGS (\\\\Seen) MODSEQ (95))\n"
                "S: * 3 FETCH (UID 49 FLAGS () MODSEQ (99))\nS: p3 OK [READ-ONLY] x\n");
    g_assert_no_error(r.error);
    g_assert_true(resynced);
    g_assert_cmpuint(imap_selected(r.session)->exists, ==, 3);
    g_assert_cmpuint(imap_selected(r.session)->highestmodseq, ==, 99);
    g_autofree char *told = changes_text(r.session);
    g_assert_cmpstr(told, ==, "-2 -4 3:1@95 49:0@99 ");
    rig_close(&r);
}

/* Sequence numbers and UIDs, closer towards the end (RFC 7162 section 3.2.5.2). */
static void test_match_data(void)
{
    Rig r;
    gboolean resynced = FALSE;
    guint32 uids[64];
    for (guint n = 0; n < G_N_ELEMENTS(uids); n++)
        uids[n] = n < 40 ? n + 1 : n + 2;
    ImapKnown known = {.uidvalidity = 7, .modseq = 90, .uids = uids, .n = G_N_ELEMENTS(uids), .whole = TRUE};
    rig_examine(&r, RESYNC, &known, &resynced,
                "C: p1 ENABLE QRESYNC\nS: * ENABLED QRESYNC\nC: p2 NOOP\nS: p1 OK\nS: p2 OK\n"
                "C: p3 EXAMINE \"INBOX\" (QRESYNC (7 90 1:40,42:65 (32,48,56,60,62,63,64 32,49,57,61,63,64,65)))\n"
                DESCRIBED("HIGHESTMODSEQ 90") "S: p3 OK\n"
                "C: p4 EXAMINE \"INBOX\" (QRESYNC (7 90 1:40,42:65))\n" DESCRIBED("HIGHESTMODSEQ 90") "S: p4 OK\n"
                "C: p5 EXAMINE \"INBOX\" (QRESYNC (7 90))\n" DESCRIBED("HIGHESTMODSEQ 90") "S: p5 OK\n");
    g_assert_no_error(r.error);
    g_assert_true(resynced);
    known.whole = FALSE; /* then sequence numbers are not known */
    g_assert_nonnull(imap_select_known(r.session, "INBOX", TRUE, &known, &resynced, &r.error));
    g_autofree guint32 *odd = g_new(guint32, 4000); /* and these would be longer than all that they save */
    for (guint n = 0; n < 4000; n++)
        odd[n] = 2 * n + 1;
    known = (ImapKnown){.uidvalidity = 7, .modseq = 90, .uids = odd, .n = 4000, .whole = TRUE};
    g_assert_nonnull(imap_select_known(r.session, "INBOX", TRUE, &known, &resynced, &r.error));
    rig_close(&r);
}

/* Answers that say nothing about what happened: nothing of them is believed. */
static void test_not_resynced(void)
{
    static const char *const answers[] = {
        "S: * 3 EXISTS\nS: * OK [UIDVALIDITY 8] x\nS: * OK [HIGHESTMODSEQ 99] x\n", DESCRIBED("NOMODSEQ"),
        DESCRIBED("HIGHESTMODSEQ 89"), DESCRIBED("HIGHESTMODSEQ -5"), DESCRIBED("HIGHESTMODSEQ 0"),
    };
    for (guint n = 0; n < G_N_ELEMENTS(answers); n++) {
        Rig r;
        gboolean resynced = TRUE;
        g_autofree char *script = g_strconcat("C: p1 ENABLE QRESYNC\nC: p2 NOOP\nS: p1 OK\nS: p2 OK\n" /* and no ENABLED */
                                              "C: p3 EXAMINE \"INBOX\" (QRESYNC (7 90 1:3,5))\n", answers[n],
                                              "S: * VANISHED (EARLIER) 2\nS: * 1 FETCH (UID 1 FLAGS ())\nS: p3 OK\n",
                                              NULL);
        rig_examine(&r, RESYNC, &four, &resynced, script);
        g_assert_no_error(r.error);
        g_assert_false(resynced);
        g_assert_false(imap_has_changes(r.session));
        rig_close(&r);
    }
}

static void test_parameter_refused(void)
{
    Rig r;
    gboolean resynced = TRUE;
    rig_examine(&r, RESYNC, &four, &resynced,
                "C: p1 ENABLE QRESYNC\nS: * ENABLED QRESYNC\nC: p2 NOOP\nS: p1 OK\nS: p2 OK\n"
                "C: p3 EXAMINE \"INBOX\" (QRESYNC (7 90 1:3,5))\nS: p3 BAD what?\n"
                "C: p4 EXAMINE \"INBOX\"\n" DESCRIBED("HIGHESTMODSEQ 99") "S: p4 OK\n"
                "C: p5 EXAMINE \"INBOX\"\nS: p5 NO not now\n");
    g_assert_no_error(r.error);
    g_assert_false(resynced);
    g_assert_false(imap_has(r.session, IMAP_CAP_QRESYNC));
    g_assert_null(imap_select_known(r.session, "INBOX", TRUE, &four, &resynced, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "not now");
    rig_close(&r);
}

/* Without ENABLE, or when that is refused, CONDSTORE is asked for along with the mailbox. */
static void test_condstore(void)
{
    Rig r;
    gboolean resynced = TRUE;
    rig_examine(&r, RESYNC, &four, &resynced,
                "C: p1 ENABLE QRESYNC\nC: p2 NOOP\nS: p1 NO\nS: p2 OK\n"
                "C: p3 EXAMINE \"INBOX\" (CONDSTORE)\n" DESCRIBED("HIGHESTMODSEQ 99") "S: p3 OK\n");
    g_assert_no_error(r.error);
    g_assert_false(resynced);
    rig_close(&r);
    rig_examine(&r, "ENABLE CONDSTORE", &four, &resynced,
                "C: p1 ENABLE CONDSTORE\nC: p2 NOOP\nS: p1 OK\nS: p2 OK\n"
                "C: p3 EXAMINE \"INBOX\"\n" DESCRIBED("HIGHESTMODSEQ 99") "S: p3 OK\n");
    g_assert_no_error(r.error);
    rig_close(&r);
    rig_examine(&r, "CONDSTORE", &four, &resynced,
                "C: p1 NOOP\nS: p1 OK\nC: p2 EXAMINE \"INBOX\" (CONDSTORE)\nS: p2 BAD what?\n"
                "C: p3 EXAMINE \"INBOX\"\nS: * 3 EXISTS\nS: p3 OK\n");
    g_assert_no_error(r.error);
    g_assert_false(imap_has(r.session, IMAP_CAP_CONDSTORE));
    rig_close(&r);
}

/* ---- CHANGEDSINCE ---- */

static void test_changed_since(void)
{
    Rig r;
    gboolean resynced, vanished = FALSE;
    rig_examine(&r, RESYNC, NULL, &resynced,
                "C: p1 ENABLE QRESYNC\nC: p2 NOOP\nS: p1 OK\nS: p2 OK\n"
                "C: p3 EXAMINE \"INBOX\"\n" DESCRIBED("HIGHESTMODSEQ 99") "S: p3 OK\n"
                "C: p4 UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE 90 VANISHED)\nS: * VANISHED (EARLIER) 7:8\n"
                "S: * 2 FETCH (UID 3 FLAGS (\\\\Flagged) MODSEQ (120))\nS: p4 OK\n"
                "C: p5 UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE 18446744073709551615 VANISHED)\nS: p5 NO\n");
    g_assert_no_error(r.error);
    g_assert_true(imap_changed_since(r.session, 90, &vanished, &r.error));
    g_assert_true(vanished);
    g_autofree char *told = changes_text(r.session);
    g_assert_cmpstr(told, ==, "-7 -8 3:2@120 ");
    g_assert_cmpuint(imap_selected(r.session)->highestmodseq, ==, 120);
    g_assert_cmpuint(imap_selected(r.session)->exists, ==, 3);
    g_assert_false(imap_changed_since(r.session, G_MAXUINT64, &vanished, &r.error));
    g_clear_error(&r.error);
    rig_close(&r);

    rig_select(&r, "CONDSTORE", "C: p2 UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE 1)\nS: p2 OK\n");
    g_assert_true(imap_changed_since(r.session, 1, &vanished, &r.error));
    g_assert_false(vanished);
    g_assert_false(imap_has_changes(r.session));
    rig_close(&r);
    rig_select(&r, "", "");
    g_assert_false(imap_changed_since(r.session, 1, &vanished, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "CONDSTORE");
    rig_close(&r);
}

/* More than anybody keeps is said to be too much; without end it ends the connection. */
static void test_hostile(void)
{
    static const char *const floods[] = {"flood * VANISHED (EARLIER) 1:4294967295\n", "flood * 1 FETCH (UID 1 FLAGS ())\n",
                                         "flood * VANISHED 1\n"};
    Rig r;
    gboolean resynced = FALSE, vanished;
    rig_examine(&r, RESYNC, &four, &resynced,
                "C: p1 ENABLE QRESYNC\nC: p2 NOOP\nS: p1 OK\nS: p2 OK\nC: p3 EXAMINE \"INBOX\" (QRESYNC (7 90 1:3,5))\n"
                DESCRIBED("HIGHESTMODSEQ 99")
                "S: * VANISHED (EARLIER) 1:4294967295\nS: * VANISHED (EARLIER) x\nS: * VANISHED (EARLIER)\n"
                "S: * VANISHED (\nS: * 9 FETCH (UID 0 FLAGS ())\nS: p3 OK\n");
    g_assert_no_error(r.error);
    g_autoptr(ImapChanges) c = imap_take_changes(r.session);
    g_assert_true(c->overflow);
    g_assert_cmpuint(c->expunged->len, <=, 1000000);
    g_assert_cmpuint(imap_selected(r.session)->exists, ==, 3);
    rig_close(&r);
    for (guint n = 0; n < G_N_ELEMENTS(floods); n++) {
        g_autofree char *script = g_strconcat("C: p2 UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE 1)\n", floods[n], NULL);
        rig_select(&r, "CONDSTORE", script);
        g_assert_false(imap_changed_since(r.session, 1, &vanished, &r.error));
        rig_failed(&r, PINTAIL_ERROR_PROTOCOL, "");
        imap_free(g_steal_pointer(&r.session));
        rig_close(&r);
    }
}

/* ---- NOTIFY ---- */

#define NOTIFY_ALL                                                                                 \
    "NOTIFY SET (SELECTED-DELAYED (MessageNew MessageExpunge FlagChange)) "                       \
    "(PERSONAL (MessageNew MessageExpunge FlagChange MailboxName))\n"
#define NOTIFY_FEWER                                                                               \
    "NOTIFY SET (SELECTED-DELAYED (MessageNew MessageExpunge FlagChange)) "                       \
    "(PERSONAL (MessageNew MessageExpunge))\n"

static void test_notify(void)
{
    Rig r;
    rig_open(&r, "NOTIFY",
             "C: p1 " NOTIFY_ALL "C: p2 NOOP\nS: p1 OK\nS: p2 OK\n"
             "C: p3 NOOP\nS: * STATUS Lists (MESSAGES 4 UIDNEXT 9)\nS: p3 OK\n"
             "C: p4 NOOP\nS: * LIST () \"/\" New\nS: p4 OK\n"
             "C: p5 NOOP\nS: * OK [NOTIFICATIONOVERFLOW] too much\nS: p5 OK\n");
    g_assert_true(imap_notify(r.session, &r.error));
    g_assert_false(imap_notifies(r.session)); /* not before it is said */
    g_assert_true(imap_noop(r.session, &r.error));
    g_assert_true(imap_notifies(r.session));
    g_assert_true(imap_notify(r.session, &r.error)); /* stands already: nothing is sent */
    g_assert_true(imap_noop(r.session, &r.error));
    g_autoptr(ImapChanges) c = imap_take_changes(r.session);
    g_assert_cmpuint(c->statuses->len, ==, 1);
    const ImapFolder *f = c->statuses->pdata[0];
    g_assert_cmpstr(f->name, ==, "Lists");
    g_assert_cmpuint(f->status.messages, ==, 4);
    g_assert_true(imap_noop(r.session, &r.error));
    g_autofree char *told = changes_text(r.session);
    g_assert_cmpstr(told, ==, "folders");
    g_assert_true(imap_noop(r.session, &r.error));
    g_assert_false(imap_notifies(r.session));
    g_autofree char *after = changes_text(r.session);
    g_assert_cmpstr(after, ==, "folders"); /* LIST tells what was not told */
    rig_close(&r);
}

static void test_notify_refused(void)
{
    Rig r;
    rig_open(&r, "NOTIFY",
             "C: p1 " NOTIFY_ALL "C: p2 NOOP\nS: p1 NO [BADEVENT (MessageNew MessageExpunge)] x\nS: p2 OK\n"
             "C: p3 " NOTIFY_FEWER "C: p4 NOOP\nS: p3 NO [BADEVENT ()] x\nS: p4 OK\nC: p5 NOOP\nS: p5 OK\n");
    g_assert_true(imap_notify(r.session, &r.error));
    g_assert_true(imap_noop(r.session, &r.error));
    g_assert_false(imap_notifies(r.session));
    g_assert_true(imap_notify(r.session, &r.error));
    g_assert_true(imap_noop(r.session, &r.error));
    g_assert_false(imap_has(r.session, IMAP_CAP_NOTIFY));
    g_assert_true(imap_notify(r.session, &r.error)); /* no more */
    g_assert_true(imap_noop(r.session, &r.error));
    g_assert_false(imap_notifies(r.session));
    rig_close(&r);
}

/* More news of other folders than are kept, and news without end. */
static void test_notify_hostile(void)
{
    Rig r;
    rig_open(&r, "NOTIFY",
             "C: p1 " NOTIFY_ALL "C: p2 NOOP\nS: p1 OK\nS: p2 OK\n"
             "C: p3 NOOP\nS* 3000 * STATUS Lists (MESSAGES 4)\nS: * STATUS\nS: * STATUS x (\nS: p3 OK\n"
             "C: p4 NOOP\nflood * STATUS Lists (MESSAGES 4)\n");
    g_assert_true(imap_notify(r.session, &r.error));
    g_assert_true(imap_noop(r.session, &r.error));
    g_assert_true(imap_noop(r.session, &r.error));
    g_autoptr(ImapChanges) c = imap_take_changes(r.session);
    g_assert_true(c->folders_changed);
    g_assert_cmpuint(c->statuses->len, <, 3000);
    g_assert_false(imap_noop(r.session, &r.error));
    rig_failed(&r, PINTAIL_ERROR_PROTOCOL, "");
    imap_free(g_steal_pointer(&r.session));
    rig_close(&r);
}

/* ---- COMPRESS ---- */

/* `text` deflated and flushed, as \xHH for a script; *size: bytes. */
static char *deflated(z_stream *z, const char *text, guint *size)
{
    guint8 out[512];
    z->next_in = (Bytef *)text;
    z->avail_in = (uInt)strlen(text);
    z->next_out = out;
    z->avail_out = sizeof out;
    g_assert_cmpint(deflate(z, Z_SYNC_FLUSH), ==, Z_OK);
    *size = (guint)(sizeof out - z->avail_out);
    GString *hex = g_string_new(NULL);
    for (guint n = 0; n < *size; n++)
        g_string_append_printf(hex, "\\x%02x", out[n]);
    return g_string_free(hex, FALSE);
}

static void test_compress(void)
{
    Rig r;
    guint up, down;
    z_stream ours = {0}, theirs = {0};
    g_assert_cmpint(deflateInit2(&ours, 6, Z_DEFLATED, -12, 5, 0), ==, Z_OK);
    g_assert_cmpint(deflateInit2(&theirs, 9, Z_DEFLATED, -15, 8, 0), ==, Z_OK);
    g_autofree char *asked = deflated(&ours, "p2 NOOP\r\n", &up);
    g_autofree char *answered = deflated(&theirs, "* OK [ALERT] packed\r\np2 OK\r\n", &down);
    g_autofree char *script = g_strdup_printf("C: p1 COMPRESS DEFLATE\nS: p1 OK\nC= %u\nS- %s\n", up, answered);
    rig_open(&r, "COMPRESS=DEFLATE", script);
    g_assert_true(imap_compress(r.session, FALSE, &r.error)); /* on this machine nothing is gained */
    g_assert_false(imap_is_compressed(r.session));
    g_assert_true(imap_compress(r.session, TRUE, &r.error));
    g_assert_true(imap_is_compressed(r.session));
    g_assert_true(imap_compress(r.session, TRUE, &r.error)); /* once */
    g_assert_true(imap_noop(r.session, &r.error));
    g_autoptr(ImapChanges) c = imap_take_changes(r.session);
    g_assert_cmpuint(c->alerts->len, ==, 1);
    g_assert_cmpstr(c->alerts->pdata[0], ==, "packed");
    rig_close(&r);
    deflateEnd(&ours);
    deflateEnd(&theirs);
}

static void test_compress_refused(void)
{
    static const char *const answers[] = {"NO [COMPRESSIONACTIVE] by TLS", "BAD what?"};
    for (guint n = 0; n < G_N_ELEMENTS(answers); n++) {
        Rig r;
        g_autofree char *script = g_strdup_printf("C: p1 COMPRESS DEFLATE\nS: p1 %s\nC: p2 NOOP\nS: p2 OK\n", answers[n]);
        rig_open(&r, "COMPRESS=DEFLATE", script);
        g_assert_true(imap_compress(r.session, TRUE, &r.error));
        g_assert_false(imap_is_compressed(r.session));
        g_assert_true(imap_compress(r.session, TRUE, &r.error)); /* asked no more */
        g_assert_true(imap_noop(r.session, &r.error));
        rig_close(&r);
    }
    /* What follows the OK is no compressed stream. */
    Rig r;
    rig_open(&r, "COMPRESS=DEFLATE", "C: p1 COMPRESS DEFLATE\nS: p1 OK\nC= 1\nS: * OK not packed at all\nstall\n");
    g_assert_true(imap_compress(r.session, TRUE, &r.error));
    g_assert_false(imap_noop(r.session, &r.error));
    g_assert_false(imap_usable(r.session));
    imap_free(g_steal_pointer(&r.session));
    rig_close(&r);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap/resync/qresync", test_qresync);
    g_test_add_func("/imap/resync/match data", test_match_data);
    g_test_add_func("/imap/resync/not resynced", test_not_resynced);
    g_test_add_func("/imap/resync/parameter refused", test_parameter_refused);
    g_test_add_func("/imap/resync/condstore", test_condstore);
    g_test_add_func("/imap/resync/changed since", test_changed_since);
    g_test_add_func("/imap/resync/hostile", test_hostile);
    g_test_add_func("/imap/resync/notify", test_notify);
    g_test_add_func("/imap/resync/notify refused", test_notify_refused);
    g_test_add_func("/imap/resync/notify hostile", test_notify_hostile);
    g_test_add_func("/imap/resync/compress", test_compress);
    g_test_add_func("/imap/resync/compress refused", test_compress_refused);
    return g_test_run();
}
