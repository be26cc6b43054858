/* test_imap_rig.h - an IMAP session on a scripted server. Most scripts greet with PREAUTH, so
 * that commands begin at p1. */
#pragma once
#include "pintail/proto/imap.h"
#include "pintail/util/error.h"
#include "wire_server.h"

typedef struct {
    WireServer *server;
    Endpoint *endpoint;
    StreamOptions options;
    ImapSession *session; /* NULL: connecting failed with `error` */
    TlsReport *report;
    GError *error;
} Rig;

G_GNUC_UNUSED static void rig_open_with(Rig *r, const char *script, const WireCert *cert,
                                        TlsMode tls)
{
    *r = (Rig){.server = wire_start_with(script, cert, 0)};
    r->endpoint = wire_endpoint(r->server, PROTOCOL_IMAP, tls);
    r->options = (StreamOptions){.timeout_ms = 5000, .ca_file = cert ? cert->file : NULL};
    r->session = imap_connect(r->endpoint, &r->options, &r->report, &r->error);
}

/* Greeted with PREAUTH and these capabilities; everything below `rest` is the script. */
G_GNUC_UNUSED static void rig_open(Rig *r, const char *capabilities, const char *rest)
{
    g_autofree char *script =
        g_strdup_printf("S: * PREAUTH [CAPABILITY IMAP4rev1 %s] hello\n%s", capabilities, rest);
    rig_open_with(r, script, NULL, TLS_OFF);
    g_assert_no_error(r->error);
    g_assert_true(imap_is_authenticated(r->session));
    g_assert_true(imap_login(r->session, NULL, &r->error));
}

/* SELECTs INBOX of three messages as p1. */
#define SELECTED                                                                                   \
    "C: p1 SELECT \"INBOX\"\n"                                                                     \
    "S: * FLAGS (\\\\Seen \\\\Deleted)\n"                                                          \
    "S: * 3 EXISTS\n"                                                                              \
    "S: * OK [UIDVALIDITY 7] x\n"                                                                  \
    "S: * OK [UIDNEXT 50] x\n"                                                                     \
    "S: p1 OK [READ-WRITE] done\n"

G_GNUC_UNUSED static void rig_select(Rig *r, const char *capabilities, const char *rest)
{
    g_autofree char *script = g_strconcat(SELECTED, rest, NULL);
    rig_open(r, capabilities, script);
    g_assert_nonnull(imap_select(r->session, "INBOX", FALSE, &r->error));
    g_assert_no_error(r->error);
}

G_GNUC_UNUSED static void rig_close(Rig *r)
{
    imap_free(r->session);
    wire_finish(r->server);
    endpoint_free(r->endpoint);
    tls_report_unref(r->report);
    g_clear_error(&r->error);
}

/* The error that the last call left: its code, and a word of its message. */
G_GNUC_UNUSED static void rig_failed(Rig *r, PintailErrorCode code, const char *word)
{
    g_assert_error(r->error, PINTAIL_ERROR, (int)code);
    if (!strstr(r->error->message, word))
        g_error("'%s' does not mention '%s'", r->error->message, word);
    g_clear_error(&r->error);
}
