/* imap_fetch.c - UID FETCH in pipelined steps (RFC 3501 section 6.4.8; 5.5 for pipelining).
 *
 * A FETCH response goes to the step that named its UID and asked for what is in it; everything
 * else is a flag change. Section bytes go to the caller while they arrive:
 * a literal is claimed by the step that asked for this section, and the UID, should it come
 * only behind the literal, is checked afterwards. */
#include "imap_session.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define SECTION_LIMIT (G_GUINT64_CONSTANT(1) << 30)
#define SECTION_SLACK 65536 /* beyond a length that was asked for */
#define ANSWERS_EACH  8 /* a message may be answered for in so many pieces, */
#define ANSWERS_MORE  1000 /* and some messages in more */

struct ImapStep {
    ImapSet *uids;
    guint items;
    ImapFetchedFunc each;
    gpointer data;
    GError *error; /* of the callback */
    /* a section of one message */
    gboolean is_section, binary;
    guint32 uid;
    char *section;
    guint64 offset, length, limit, received;
    ImapSectionFunc bytes;
    gboolean message_seen, bytes_seen;
    guint64 answers, answers_max; /* responses that it took, and may take */
};

void imap_step_free(ImapStep *step)
{
    if (!step)
        return;
    g_clear_pointer(&step->uids, imap_set_free);
    g_clear_error(&step->error);
    g_free(step->section);
    g_free(step);
}

/* ---- responses ---------------------------------------------------------------------- */

static gboolean is_section_of(const ImapStep *step, Span name, guint64 origin, gboolean binary)
{
    return step && step->is_section && !step->bytes_seen && step->binary == binary &&
           span_is(name, step->section) && origin == step->offset;
}

static void deliver_bytes(ImapStep *step, Span bytes, guint64 size)
{
    guint64 from = step->received;
    step->received += bytes.len;
    if (step->length > 0) /* more than was asked for: not ours to keep */
        bytes.len = from >= step->length ? 0 : (gsize)MIN(bytes.len, step->length - from);
    if (bytes.len == 0 || step->error)
        return;
    if (!step->bytes(step->uid, bytes, size, step->data, &step->error) && !step->error)
        error_set(&step->error, PINTAIL_ERROR_CANCELLED, "%s", _("not wanted any more"));
}

static gboolean is_awaited(const ImapSession *s, Span name, guint64 origin, gboolean binary)
{
    for (GList *l = s->commands.head; l; l = l->next) {
        if (is_section_of(((ImapCommand *)l->data)->step, name, origin, binary))
            return TRUE;
    }
    return FALSE;
}

gboolean imap_fetch_claim(Span so_far, guint64 size, gpointer session, GError **err)
{
    ImapSession *s = session;
    Span name;
    guint64 origin;
    gboolean binary;
    if (s->claimer || !imap_parse_section_end(so_far, &name, &origin, &binary) ||
        !is_awaited(s, name, origin, binary))
        return FALSE;
    Response r;
    FetchResponse f;
    imap_parse_response(so_far, &r);
    if (r.kind != RESPONSE_FETCH)
        return FALSE;
    if (++s->claims > FETCH_MAX_SECTIONS) /* each look costs what came before it */
        return FALSE;
    imap_parse_fetch(r.rest, &f, s->chunk);
    guint32 uid = f.data.uid ? f.data.uid : imap_seqmap_get(&s->map, r.number);
    imap_fetch_response_clear(&f);
    for (GList *l = s->commands.head; l && !s->claimer; l = l->next) {
        ImapStep *step = ((ImapCommand *)l->data)->step;
        if (is_section_of(step, name, origin, binary) && (uid == 0 || uid == step->uid))
            s->claimer = step;
    }
    if (!s->claimer)
        return FALSE;
    if (size > s->claimer->limit) {
        error_set(err, PINTAIL_ERROR_PROTOCOL,
                  _("%s announces %llu bytes, more than the message can have"),
                  stream_peer(s->stream), (unsigned long long)size);
        s->claimer = NULL;
        return FALSE;
    }
    return TRUE;
}

gboolean imap_fetch_bytes(Span bytes, guint64 size, gpointer session, GError **err)
{
    ImapSession *s = session;
    deliver_bytes(s->claimer, bytes, size);
    return TRUE;
}

/* What was streamed has to belong to the UID that the response names. */
static void end_claim(ImapSession *s, guint32 uid)
{
    ImapStep *step = g_steal_pointer(&s->claimer);
    step->message_seen = step->bytes_seen = TRUE;
    if (uid && uid != step->uid && !step->error)
        error_set(&step->error, PINTAIL_ERROR_PROTOCOL, _("%s sent another message than asked for"),
                  stream_peer(s->stream));
}

/* Sections that came as a quoted string, and steps whose message was there without them. */
static gboolean offer_sections(ImapSession *s, const FetchResponse *f, guint32 uid)
{
    gboolean wanted = FALSE;
    for (GList *l = s->commands.head; l; l = l->next) {
        ImapStep *step = ((ImapCommand *)l->data)->step;
        if (!step || !step->is_section || step->uid != uid)
            continue;
        step->message_seen = TRUE;
        for (guint i = 0; i < f->n_sections; i++) {
            const FetchSection *section = &f->sections[i];
            if (section->nil || !is_section_of(step, section->name, section->origin, section->binary))
                continue;
            deliver_bytes(step, section->value, section->value.len);
            step->bytes_seen = wanted = TRUE;
        }
    }
    return wanted;
}

/* How well `m` fits what the step asked for; negative: it is no answer to it. Flags alone
 * answer only a step that wanted nothing more. */
static int fits(const ImapStep *step, const ImapFetched *m)
{
    guint flags = (guint)IMAP_FETCH_FLAGS | IMAP_FETCH_MODSEQ, more = step->items & ~flags;
    guint has = m->has | (m->has & IMAP_FETCH_BAD_BODY ? IMAP_FETCH_BODY : 0);
    if (step->is_section || !(has & (more ? more : flags)) ||
        !imap_set_contains(step->uids, m->uid))
        return -1;
    return 32 + __builtin_popcount(has & step->items) - __builtin_popcount(has & ~step->items);
}

/* Servers may work on several commands at once (Dovecot does): the step that fits best gets
 * it, the oldest of equals. */
static gboolean offer_message(ImapSession *s, ImapFetched *m)
{
    ImapStep *best = NULL;
    int best_fit = -1;
    for (GList *l = s->commands.head; l; l = l->next) {
        ImapStep *step = ((ImapCommand *)l->data)->step;
        int fit = step ? fits(step, m) : -1;
        if (fit > best_fit) {
            best = step;
            best_fit = fit;
        }
    }
    if (!best)
        return FALSE;
    if (++best->answers > best->answers_max)
        return FALSE;
    if (!best->error && !best->each(m, best->data, &best->error) && !best->error)
        error_set(&best->error, PINTAIL_ERROR_CANCELLED, "%s", _("not wanted any more"));
    return TRUE;
}

gboolean imap_fetch_untagged(ImapSession *s, const Response *r)
{
    FetchResponse f;
    s->claims = 0;
    if (!s->mailbox || (s->selecting && !s->resyncing)) {
        s->claimer = NULL;
        return FALSE;
    }
    imap_parse_fetch(r->rest, &f, s->chunk);
    if (s->selecting) /* RFC 7162 section 3.2.5.1: by UID; the map is made when it is selected */
        ;
    else if (f.data.uid)
        imap_seqmap_set(&s->map, r->number, f.data.uid);
    else
        f.data.uid = imap_seqmap_get(&s->map, r->number);
    gboolean wanted = s->claimer != NULL;
    if (s->claimer)
        end_claim(s, f.data.uid);
    if (f.data.uid) {
        wanted |= offer_sections(s, &f, f.data.uid);
        if (!wanted)
            wanted = offer_message(s, &f.data);
        else
            imap_changes_flags(s, &f.data); /* may come along with a section */
    }
    if (!wanted && (f.data.has & IMAP_FETCH_FLAGS)) {
        imap_changes_flags(s, &f.data);
        wanted = imap_changes_count(s);
    }
    imap_fetch_response_clear(&f);
    return wanted;
}

/* ---- beginning and awaiting --------------------------------------------------------- */

static gboolean begin(ImapSession *s, ImapStep *step_take, Line *line, ImapCommand *c, GError **err)
{
    c->step = step_take;
    if (step_take->uids && s->mailbox)
        step_take->answers_max =
            MIN(imap_set_count(step_take->uids), (guint64)s->mailbox->exists) * ANSWERS_EACH + ANSWERS_MORE;
    if (!s->mailbox) {
        error_set(err, PINTAIL_ERROR_INVALID, "%s", _("no folder is selected"));
        imap_command_free(s, c);
        return FALSE;
    }
    if (!imap_command_send(s, c, line, err)) {
        imap_command_free(s, c);
        return FALSE;
    }
    g_queue_push_tail(&s->steps, c);
    return TRUE;
}

static void add_items(const ImapSession *s, Line *line, guint items, const char *fields)
{
    imap_line_add(line, "(UID");
    if (items & IMAP_FETCH_FLAGS)
        imap_line_add(line, " FLAGS");
    if (items & IMAP_FETCH_DATE)
        imap_line_add(line, " INTERNALDATE");
    if (items & IMAP_FETCH_SIZE)
        imap_line_add(line, " RFC822.SIZE");
    if (items & IMAP_FETCH_MODSEQ && imap_has(s, IMAP_CAP_CONDSTORE) && s->mailbox &&
        s->mailbox->highestmodseq > 0)
        imap_line_add(line, " MODSEQ");
    if (items & IMAP_FETCH_IDS && imap_has(s, IMAP_CAP_OBJECTID))
        imap_line_add(line, " EMAILID THREADID");
    if (items & IMAP_FETCH_IDS && imap_has(s, IMAP_CAP_GMAIL))
        imap_line_add(line, " X-GM-MSGID X-GM-THRID");
    if (items & IMAP_FETCH_HEADER && fields)
        imap_line_add(line, " BODY.PEEK[HEADER.FIELDS (%s)]", fields);
    else if (items & IMAP_FETCH_HEADER)
        imap_line_add(line, " BODY.PEEK[HEADER]");
    if (items & IMAP_FETCH_BODY)
        imap_line_add(line, " BODYSTRUCTURE");
    imap_line_add(line, ")");
}

/* What may stand in a section or a list of field names without being quoted. */
static gboolean is_plain(const char *text)
{
    for (; *text; text++) {
        if ((guchar)*text < 0x20 || (guchar)*text > 0x7e || strchr("(){%*\"\\[]", *text))
            return FALSE;
    }
    return TRUE;
}

gboolean imap_fetch_begin(ImapSession *s, const ImapSet *uids, guint items, const char *fields,
                          ImapFetchedFunc each, gpointer data, GError **err)
{
    g_autofree char *text = imap_set_text(uids);
    if (!text || strlen(text) > IMAP_SET_TEXT || (fields && (!*fields || !is_plain(fields)))) {
        error_set(err, PINTAIL_ERROR_INVALID, "%s",
                  _("a set of messages that no FETCH command can carry"));
        return FALSE;
    }
    ImapStep *step = g_new0(ImapStep, 1);
    step->uids = imap_set_parse(span_of(text));
    step->items = items;
    step->each = each;
    step->data = data;
    g_auto(Line) line = {0};
    imap_line_init(&line, s, "UID FETCH ");
    imap_line_add(&line, "%s ", text);
    add_items(s, &line, items, fields);
    return begin(s, step, &line, imap_command_new(s, NULL, NULL, "UID FETCH"), err);
}

static gboolean section_begin(ImapSession *s, guint32 uid, gboolean binary, const char *section, guint64 offset,
                              guint64 length, guint64 limit, ImapSectionFunc bytes, gpointer data, GError **err)
{
    if (uid == 0 || !is_plain(section) || length > G_MAXUINT32) {
        error_set(err, PINTAIL_ERROR_INVALID, _("there is no part '%s' to ask for"), section);
        return FALSE;
    }
    ImapStep *step = g_new0(ImapStep, 1);
    step->is_section = TRUE;
    step->binary = binary;
    step->uid = uid;
    step->section = g_strdup(section);
    step->offset = offset;
    step->length = length;
    step->limit = limit ? limit : length ? length + SECTION_SLACK : SECTION_LIMIT;
    step->bytes = bytes;
    step->data = data;
    g_auto(Line) line = {0};
    imap_line_init(&line, s, "UID FETCH ");
    imap_line_add(&line, "%u (UID %s.PEEK[%s]", uid, binary ? "BINARY" : "BODY", section);
    if (length > 0 || offset > 0) /* a length has to be given: RFC 3501 section 6.4.5 */
        imap_line_add(&line, "<%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT ">", offset,
                      length ? length : (guint64)G_MAXUINT32);
    imap_line_add(&line, ")");
    return begin(s, step, &line,
                 imap_command_new(s, NULL, NULL, "UID FETCH %u BODY[%s]", uid, section), err);
}

gboolean imap_section_begin(ImapSession *s, guint32 uid, const char *section, guint64 offset,
                            guint64 length, guint64 limit, ImapSectionFunc bytes, gpointer data,
                            GError **err)
{
    return section_begin(s, uid, FALSE, section, offset, length, limit, bytes, data, err);
}

gboolean imap_binary_begin(ImapSession *s, guint32 uid, const char *section, guint64 offset,
                           guint64 length, guint64 limit, ImapSectionFunc bytes, gpointer data,
                           GError **err)
{
    if (imap_has(s, IMAP_CAP_BINARY))
        return section_begin(s, uid, TRUE, section, offset, length, limit, bytes, data, err);
    error_set(err, PINTAIL_ERROR_REFUSED, _("%s has no %s"), stream_peer(s->stream), "BINARY");
    return FALSE;
}

static gboolean judge_section(ImapSession *s, const ImapStep *step, GError **err)
{
    if (step->bytes_seen)
        return TRUE;
    if (!step->message_seen)
        error_set(err, PINTAIL_ERROR_GONE, _("%s has no message with UID %u any more"),
                  stream_peer(s->stream), step->uid);
    else
        error_set(err, PINTAIL_ERROR_REFUSED,
                  _("%s said OK, but did not send the text of message %u"), stream_peer(s->stream),
                  step->uid);
    return FALSE;
}

gboolean imap_await(ImapSession *s, GError **err)
{
    ImapCommand *c = g_queue_pop_head(&s->steps);
    g_return_val_if_fail(c != NULL, FALSE);
    gboolean good = imap_command_wait(s, c, err);
    if (good && c->step->error) {
        if (error_is(c->step->error, PINTAIL_ERROR_PROTOCOL))
            s->broken = TRUE;
        g_propagate_error(err, g_steal_pointer(&c->step->error));
        good = FALSE;
    } else if (good) {
        good = imap_command_judge(s, c, err) &&
               (!c->step->is_section || judge_section(s, c->step, err));
    }
    imap_command_free(s, c);
    return good;
}

guint imap_pending(const ImapSession *s)
{
    return g_queue_get_length((GQueue *)&s->steps);
}

gboolean imap_fetch(ImapSession *s, const ImapSet *uids, guint items, const char *fields,
                    ImapFetchedFunc each, gpointer data, GError **err)
{
    return imap_fetch_begin(s, uids, items, fields, each, data, err) && imap_await(s, err);
}

gboolean imap_section(ImapSession *s, guint32 uid, const char *section, guint64 offset,
                      guint64 length, guint64 limit, ImapSectionFunc bytes, gpointer data,
                      GError **err)
{
    return imap_section_begin(s, uid, section, offset, length, limit, bytes, data, err) &&
           imap_await(s, err);
}
