/* message.c - requests and events as values: made empty, freed whole, named for the log. */
#include "pintail/bus/bus.h"

Request *request_new(RequestKind kind, gint64 account_id)
{
    Request *r = g_new0(Request, 1);
    r->kind = kind;
    r->account_id = account_id;
    return r;
}

void request_free(Request *r)
{
    if (!r)
        return;
    g_free(r->section);
    g_free(r->account_rc);
    secret_unref(r->secret);
    g_free(r);
}

const char *request_name(RequestKind kind)
{
    static const char *const names[] = {
        [REQUEST_SYNC] = "sync",     [REQUEST_OPEN] = "open",           [REQUEST_BODY] = "body",
        [REQUEST_REPLAY] = "replay", [REQUEST_SEND] = "send",           [REQUEST_RECONNECT] = "reconnect",
        [REQUEST_ANSWER] = "answer", [REQUEST_PROBE] = "probe",         [REQUEST_RELOAD] = "reload",
        [REQUEST_LEARN] = "learn",
        [REQUEST_UNSUBSCRIBE] = "unsubscribe",
    };
    return names[kind];
}

Event *event_new(EventKind kind, gint64 account_id)
{
    Event *e = g_new0(Event, 1);
    e->kind = kind;
    e->account_id = account_id;
    return e;
}

void event_free(Event *e)
{
    if (!e)
        return;
    g_free(e->text);
    g_free(e->section);
    g_free(e->command);
    g_free(e->old_certificate);
    if (e->report)
        tls_report_unref(e->report);
    g_free(e);
}

const char *event_name(EventKind kind)
{
    static const char *const names[] = {
        [EVENT_FOLDER] = "folder",     [EVENT_FOLDERS] = "folders", [EVENT_ACCOUNT] = "account",
        [EVENT_PROGRESS] = "progress", [EVENT_NOTICE] = "notice",   [EVENT_BODY] = "body",
        [EVENT_OUTBOX] = "outbox",     [EVENT_QUESTION] = "question", [EVENT_PROBE] = "probe",
        [EVENT_IDLE] = "idle",
    };
    return names[kind];
}
