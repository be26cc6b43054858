/* fake_imap.h - an IMAP server with folders and messages, enough for the sync and fast lanes, with the
 * extensions that a test gives it. */
#pragma once
#include "fake.h"

typedef struct {
    guint32 uid;
    guint flags; /* 1 \Seen, 2 \Flagged, 4 \Answered, 8 \Deleted, 16 \Draft */
    char *text;  /* CRLF */
} ImapMail;

typedef struct {
    char *name;
    guint32 uidvalidity, uidnext;
    GPtrArray *mails; /* of ImapMail, by UID */
} ImapBox;

typedef struct {
    const char *capabilities; /* after IMAP4rev1 */
    gboolean uidplus, move;
    GPtrArray *boxes; /* of ImapBox */
    guint fetched;    /* header fetches */
    /* Sees each command first, `command` being what follows the tag; TRUE: it has answered. */
    gboolean (*intercept)(FakeClient *c, const char *tag, const char *command);
    void *data; /* of whoever intercepts */
} ImapWorld;

typedef struct {
    ImapBox *box;
    GArray *view; /* of guint32: UIDs by sequence number */
} ImapState;

static const char *const imap_flag_names[] = {"\\Seen", "\\Flagged", "\\Answered", "\\Deleted", "\\Draft"};

static ImapBox *world_box(const ImapWorld *w, const char *name)
{
    for (guint n = 0; n < w->boxes->len; n++)
        if (g_str_equal(((ImapBox *)w->boxes->pdata[n])->name, name))
            return w->boxes->pdata[n];
    return NULL;
}

static void mail_free(ImapMail *m)
{
    g_free(m->text);
    g_free(m);
}

static ImapBox *world_add_box(ImapWorld *w, const char *name)
{
    ImapBox *b = g_new0(ImapBox, 1);
    b->name = g_strdup(name);
    b->uidvalidity = 1000 + w->boxes->len;
    b->uidnext = 1;
    b->mails = g_ptr_array_new_with_free_func((GDestroyNotify)mail_free);
    g_ptr_array_add(w->boxes, b);
    return b;
}

static guint32 box_add(ImapBox *b, const char *text, guint flags)
{
    ImapMail *m = g_new0(ImapMail, 1);
    *m = (ImapMail){.uid = b->uidnext++, .flags = flags, .text = g_strdup(text)};
    g_ptr_array_add(b->mails, m);
    return m->uid;
}

static void box_free(ImapBox *b)
{
    g_free(b->name);
    g_ptr_array_unref(b->mails);
    g_free(b);
}

/* INBOX with `n` messages named "mail 1"..., and the usual folders. */
static ImapWorld *world_new(guint n, const char *capabilities)
{
    ImapWorld *w = g_new0(ImapWorld, 1);
    w->capabilities = capabilities;
    w->uidplus = strstr(capabilities, "UIDPLUS") != NULL;
    w->move = strstr(capabilities, "MOVE") != NULL;
    w->boxes = g_ptr_array_new_with_free_func((GDestroyNotify)box_free);
    static const char *const names[] = {"INBOX", "Drafts", "Archive", "Trash"};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        world_add_box(w, names[i]);
    for (guint i = 1; i <= n; i++) {
        g_autofree char *text = g_strdup_printf("From: Bea <bea@example.org>\r\nSubject: mail %u\r\n"
                                                "Message-ID: <mail%u@example.org>\r\n"
                                                "Date: Thu, 19 Nov 2026 10:00:00 +0000\r\n\r\ntext %u\r\n",
                                                i, i, i);
        box_add(w->boxes->pdata[0], text, 0);
    }
    return w;
}

static void world_free(ImapWorld *w)
{
    g_ptr_array_unref(w->boxes);
    g_free(w);
}

/* "mail 1,mail 2": subjects of a folder in UID order, "*" behind one that is flagged. */
static char *world_subjects(const ImapWorld *w, const char *name)
{
    const ImapBox *b = world_box(w, name);
    GString *out = g_string_new(NULL);
    for (guint n = 0; b && n < b->mails->len; n++) {
        const ImapMail *m = b->mails->pdata[n];
        const char *subject = strstr(m->text, "Subject: ") + 9;
        g_string_append_printf(out, "%s%.*s%s", out->len ? "," : "", (int)strcspn(subject, "\r"), subject,
                               m->flags & 2 ? "*" : "");
    }
    return g_string_free(out, FALSE);
}

/* ---- words of a command ---- */

/* The next word, quoted or not; parenthesised lists come whole, without their parentheses. */
static char *imap_word(const char **at)
{
    while (**at == ' ')
        (*at)++;
    const char *start = *at;
    if (*start == '"') {
        GString *out = g_string_new(NULL);
        for ((*at)++; **at && **at != '"'; (*at)++) {
            if (**at == '\\' && (*at)[1])
                (*at)++;
            g_string_append_c(out, **at);
        }
        *at += **at == '"';
        return g_string_free(out, FALSE);
    }
    if (*start == '(') {
        int depth = 0;
        do {
            depth += (**at == '(') - (**at == ')');
            (*at)++;
        } while (depth > 0 && **at);
        return g_strndup(start + 1, (gsize)(*at - start) - 2);
    }
    while (**at && **at != ' ')
        (*at)++;
    return g_strndup(start, (gsize)(*at - start));
}

static gboolean imap_in_set(const char *set, guint32 uid, guint32 last)
{
    g_auto(GStrv) ranges = g_strsplit(set, ",", -1);
    for (guint n = 0; ranges[n]; n++) {
        char *end;
        guint32 low = ranges[n][0] == '*' ? last : (guint32)g_ascii_strtoull(ranges[n], &end, 10);
        const char *colon = strchr(ranges[n], ':');
        guint32 high = !colon ? low : colon[1] == '*' ? last : (guint32)g_ascii_strtoull(colon + 1, NULL, 10);
        if ((uid >= MIN(low, high) && uid <= MAX(low, high)))
            return TRUE;
    }
    return FALSE;
}

static guint32 imap_last(const ImapBox *b)
{
    return b->mails->len ? ((ImapMail *)b->mails->pdata[b->mails->len - 1])->uid : 0;
}

static guint imap_flags_of(const char *names)
{
    guint bits = 0;
    for (guint i = 0; i < G_N_ELEMENTS(imap_flag_names); i++)
        if (strstr(names, imap_flag_names[i]))
            bits |= 1u << i;
    return bits;
}

static char *imap_flags_text(guint bits)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(imap_flag_names); i++)
        if (bits & 1u << i)
            g_string_append_printf(out, "%s%s", out->len ? " " : "", imap_flag_names[i]);
    return g_string_free(out, FALSE);
}

/* ---- what a session sees ---- */

static guint imap_sequence(const ImapState *s, guint32 uid)
{
    for (guint n = 0; n < s->view->len; n++)
        if (g_array_index(s->view, guint32, n) == uid)
            return n + 1;
    return 0;
}

/* New messages and expunges, as a server tells them before its tagged answer. */
static void imap_tell(FakeClient *c)
{
    ImapState *s = c->state;
    if (!s->box)
        return;
    for (guint n = s->view->len; n > 0; n--) {
        gboolean here = FALSE;
        for (guint i = 0; i < s->box->mails->len && !here; i++)
            here = ((ImapMail *)s->box->mails->pdata[i])->uid == g_array_index(s->view, guint32, n - 1);
        if (!here) {
            g_array_remove_index(s->view, n - 1);
            fake_send(c, "* %u EXPUNGE", n);
        }
    }
    guint before = s->view->len;
    for (guint i = 0; i < s->box->mails->len; i++) {
        guint32 uid = ((ImapMail *)s->box->mails->pdata[i])->uid;
        if (imap_sequence(s, uid) == 0)
            g_array_append_val(s->view, uid);
    }
    if (s->view->len != before)
        fake_send(c, "* %u EXISTS", s->view->len);
}

/* ---- commands ---- */

static void imap_select_box(FakeClient *c, const char *tag, const char *name, gboolean read_only)
{
    ImapState *s = c->state;
    s->box = world_box(c->fake->data, name);
    g_array_set_size(s->view, 0);
    if (!s->box) {
        fake_send(c, "%s NO [NONEXISTENT] no such mailbox", tag);
        return;
    }
    for (guint i = 0; i < s->box->mails->len; i++)
        g_array_append_val(s->view, ((ImapMail *)s->box->mails->pdata[i])->uid);
    fake_send(c, "* FLAGS (\\Seen \\Flagged \\Answered \\Deleted \\Draft)");
    fake_send(c, "* OK [PERMANENTFLAGS (\\Seen \\Flagged \\Answered \\Deleted \\Draft \\*)] ok");
    fake_send(c, "* %u EXISTS", s->view->len);
    fake_send(c, "* OK [UIDVALIDITY %u] ok", s->box->uidvalidity);
    fake_send(c, "* OK [UIDNEXT %u] ok", s->box->uidnext);
    fake_send(c, "%s OK [%s] selected", tag, read_only ? "READ-ONLY" : "READ-WRITE");
}

static void imap_status_reply(FakeClient *c, const char *tag, const char *name)
{
    const ImapBox *b = world_box(c->fake->data, name);
    if (!b) {
        fake_send(c, "%s NO [NONEXISTENT] no such mailbox", tag);
        return;
    }
    guint unseen = 0;
    for (guint i = 0; i < b->mails->len; i++)
        unseen += !(((ImapMail *)b->mails->pdata[i])->flags & 1);
    fake_send(c, "* STATUS \"%s\" (MESSAGES %u UIDNEXT %u UIDVALIDITY %u UNSEEN %u)", name, b->mails->len, b->uidnext,
              b->uidvalidity, unseen);
    fake_send(c, "%s OK done", tag);
}

static void imap_fetch_one(FakeClient *c, ImapMail *m, const char *items)
{
    const ImapState *s = c->state;
    guint number = imap_sequence(s, m->uid);
    if (number == 0)
        return; /* the session has not heard of it yet */
    g_autofree char *flags = imap_flags_text(m->flags);
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "* %u FETCH (UID %u", number, m->uid);
    if (strstr(items, "FLAGS"))
        g_string_append_printf(out, " FLAGS (%s)", flags);
    if (strstr(items, "INTERNALDATE"))
        g_string_append(out, " INTERNALDATE \"19-Nov-2026 10:00:00 +0000\"");
    if (strstr(items, "RFC822.SIZE"))
        g_string_append_printf(out, " RFC822.SIZE %zu", strlen(m->text));
    if (strstr(items, "X-GM-MSGID")) /* the same wherever the message lies */
        g_string_append_printf(out, " X-GM-THRID 1 X-GM-MSGID 1%u", g_str_hash(m->text));
    gsize header = (gsize)(strstr(m->text, "\r\n\r\n") + 4 - m->text);
    const char *fields = strstr(items, "BODY.PEEK[HEADER.FIELDS (");
    if (fields) {
        ((ImapWorld *)c->fake->data)->fetched++;
        const char *end = strchr(fields, ']');
        g_string_append_printf(out, " BODY[%.*s] {%zu}\r\n%.*s", (int)(end - fields - 10), fields + 10, header,
                               (int)header, m->text);
    } else if (strstr(items, "BODY.PEEK[]")) {
        g_string_append_printf(out, " BODY[] {%zu}\r\n%s", strlen(m->text), m->text);
    }
    fake_send(c, "%s)", out->str);
    g_string_free(out, TRUE);
}

static void imap_expunge_uids(FakeClient *c, const char *set)
{
    ImapState *s = c->state;
    guint32 last = imap_last(s->box);
    for (guint n = s->box->mails->len; n > 0; n--) {
        const ImapMail *m = s->box->mails->pdata[n - 1];
        if ((m->flags & 8) && imap_in_set(set, m->uid, last))
            g_ptr_array_remove_index(s->box->mails, n - 1);
    }
    imap_tell(c);
}

static void imap_transfer(FakeClient *c, const char *tag, const char *set, const char *name, gboolean move)
{
    ImapState *s = c->state;
    ImapWorld *w = c->fake->data;
    ImapBox *to = world_box(w, name);
    if (!to) {
        fake_send(c, "%s NO [TRYCREATE] no such mailbox", tag);
        return;
    }
    g_autoptr(GString) from_uids = g_string_new(NULL);
    g_autoptr(GString) to_uids = g_string_new(NULL);
    guint32 last = imap_last(s->box);
    for (guint n = 0; n < s->box->mails->len; n++) {
        ImapMail *m = s->box->mails->pdata[n];
        if (!imap_in_set(set, m->uid, last) || imap_sequence(s, m->uid) == 0)
            continue;
        guint32 uid = box_add(to, m->text, m->flags);
        g_string_append_printf(from_uids, "%s%u", from_uids->len ? "," : "", m->uid);
        g_string_append_printf(to_uids, "%s%u", to_uids->len ? "," : "", uid);
        if (move)
            m->flags |= 8;
    }
    gboolean say = w->uidplus && from_uids->len > 0;
    g_autofree char *code = say ? g_strdup_printf("[COPYUID %u %s %s] ", to->uidvalidity, from_uids->str, to_uids->str)
                                : g_strdup("");
    if (move && say)
        fake_send(c, "* OK %smoved", code);
    if (move && from_uids->len > 0)
        imap_expunge_uids(c, from_uids->str);
    fake_send(c, "%s OK %sdone", tag, move ? "" : code);
}

static void imap_store_flags(FakeClient *c, const char *set, const char *how, const char *names)
{
    ImapState *s = c->state;
    guint bits = imap_flags_of(names);
    guint32 last = imap_last(s->box);
    for (guint n = 0; n < s->box->mails->len; n++) {
        ImapMail *m = s->box->mails->pdata[n];
        if (imap_in_set(set, m->uid, last) && imap_sequence(s, m->uid))
            m->flags = how[0] == '+' ? m->flags | bits : m->flags & ~bits;
    }
}

static void imap_search_reply(FakeClient *c, const char *criteria)
{
    const ImapState *s = c->state;
    const char *uid_set = strstr(criteria, "UID ");
    const char *id = strstr(criteria, "HEADER Message-ID ");
    const char *at = id ? id + 18 : NULL;
    g_autofree char *wanted = at ? imap_word(&at) : NULL;
    GString *out = g_string_new("* SEARCH");
    for (guint n = 0; n < s->box->mails->len; n++) {
        const ImapMail *m = s->box->mails->pdata[n];
        if (uid_set && !imap_in_set(uid_set + 4, m->uid, imap_last(s->box)))
            continue;
        if (wanted && !strstr(m->text, wanted))
            continue;
        if (strstr(criteria, " DELETED") && !(m->flags & 8))
            continue;
        g_string_append_printf(out, " %u", m->uid);
    }
    fake_send(c, "%s", out->str);
    g_string_free(out, TRUE);
}

static void imap_uid_command(FakeClient *c, const char *tag, const char *rest)
{
    ImapState *s = c->state;
    ImapWorld *w = c->fake->data;
    g_autofree char *verb = imap_word(&rest);
    if (g_ascii_strcasecmp(verb, "SEARCH") == 0) {
        imap_search_reply(c, rest);
        imap_tell(c);
        fake_send(c, "%s OK done", tag);
        return;
    }
    g_autofree char *set = imap_word(&rest);
    g_autofree char *first = imap_word(&rest);
    if (g_ascii_strcasecmp(verb, "FETCH") == 0) {
        for (guint n = 0; n < s->box->mails->len; n++) {
            ImapMail *m = s->box->mails->pdata[n];
            if (imap_in_set(set, m->uid, imap_last(s->box)))
                imap_fetch_one(c, m, first);
        }
    } else if (g_ascii_strcasecmp(verb, "STORE") == 0) {
        imap_store_flags(c, set, first, rest);
    } else if (g_ascii_strcasecmp(verb, "COPY") == 0) {
        imap_transfer(c, tag, set, first, FALSE);
        return;
    } else if (g_ascii_strcasecmp(verb, "MOVE") == 0 && w->move) {
        imap_transfer(c, tag, set, first, TRUE);
        return;
    } else if (g_ascii_strcasecmp(verb, "EXPUNGE") == 0 && w->uidplus) {
        imap_expunge_uids(c, set);
    } else {
        fake_send(c, "%s BAD what?", tag);
        return;
    }
    fake_send(c, "%s OK done", tag);
}

/* The literal is the last word of the line: "{123}". */
static void imap_append_command(FakeClient *c, const char *tag, const char *rest)
{
    ImapWorld *w = c->fake->data;
    g_autofree char *name = imap_word(&rest);
    const char *brace = strrchr(rest, '{');
    const char *flags = strchr(rest, '(');
    ImapBox *b = world_box(w, name);
    if (!b) {
        fake_send(c, "%s NO [TRYCREATE] no such mailbox", tag);
        return;
    }
    if (!strchr(brace, '+'))
        fake_send(c, "+ go on");
    if (!c->open)
        return;
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free); /* flags, text, flags, text */
    g_ptr_array_add(texts, g_strdup(flags ? flags : ""));
    gsize size = (gsize)g_ascii_strtoull(brace + 1, NULL, 10);
    for (;;) {
        char *text = fake_read_bytes(c, size);
        g_autofree char *end = text ? fake_read(c) : NULL;
        g_ptr_array_add(texts, text);
        if (!end) {
            c->open = FALSE;
            return;
        }
        if (!*end)
            break;
        /* MULTIAPPEND: another one follows */
        size = (gsize)g_ascii_strtoull(strrchr(end, '{') + 1, NULL, 10);
        if (!strchr(strrchr(end, '{'), '+'))
            fake_send(c, "+ go on");
        if (!c->open)
            return;
        g_ptr_array_add(texts, g_strdup(end));
    }
    guint32 uid = 0, n = texts->len / 2;
    for (guint i = 0; i < texts->len; i += 2)
        uid = box_add(b, texts->pdata[i + 1], imap_flags_of(texts->pdata[i]));
    g_autofree char *uids = n > 1 ? g_strdup_printf("%u:%u", uid + 1 - n, uid) : g_strdup_printf("%u", uid);
    if (w->uidplus)
        fake_send(c, "%s OK [APPENDUID %u %s] done", tag, b->uidvalidity, uids);
    else
        fake_send(c, "%s OK done", tag);
}

static void imap_greet(FakeClient *c)
{
    const ImapWorld *w = c->fake->data;
    ImapState *s = g_new0(ImapState, 1);
    s->view = g_array_new(FALSE, FALSE, sizeof(guint32));
    c->state = s;
    fake_send(c, "* OK [CAPABILITY IMAP4rev1 %s] ready", w->capabilities);
}

static void imap_leave(FakeClient *c)
{
    ImapState *s = c->state;
    g_array_unref(s->view);
    g_free(s);
}

static void imap_list_reply(FakeClient *c, const char *verb)
{
    static const char *const uses[] = {"", "\\Drafts", "\\Archive", "\\Trash"};
    const ImapWorld *w = c->fake->data;
    for (guint n = 0; n < w->boxes->len; n++)
        fake_send(c, "* %s (%s) \"/\" \"%s\"", verb, n < G_N_ELEMENTS(uses) ? uses[n] : "",
                  ((ImapBox *)w->boxes->pdata[n])->name);
}

static void imap_line(FakeClient *c, const char *line)
{
    ImapWorld *w = c->fake->data;
    ImapState *s = c->state;
    const char *rest = line;
    g_autofree char *tag = imap_word(&rest);
    if (w->intercept && w->intercept(c, tag, rest + strspn(rest, " ")))
        return;
    g_autofree char *verb = imap_word(&rest);
    const char *after = rest;
    if (g_ascii_strcasecmp(verb, "UID") == 0 && s->box) {
        imap_uid_command(c, tag, rest);
        return;
    }
    g_autofree char *first = imap_word(&after);
    if (g_ascii_strcasecmp(verb, "SELECT") == 0 || g_ascii_strcasecmp(verb, "EXAMINE") == 0) {
        imap_select_box(c, tag, first, verb[0] == 'E' || verb[0] == 'e');
        return;
    }
    if (g_ascii_strcasecmp(verb, "STATUS") == 0) {
        imap_status_reply(c, tag, first);
        return;
    }
    if (g_ascii_strcasecmp(verb, "APPEND") == 0) {
        imap_append_command(c, tag, rest);
        return;
    }
    if (g_ascii_strcasecmp(verb, "IDLE") == 0) {
        fake_send(c, "%s BAD not here", tag);
        return;
    }
    if (g_ascii_strcasecmp(verb, "CAPABILITY") == 0)
        fake_send(c, "* CAPABILITY IMAP4rev1 %s", w->capabilities);
    else if (g_ascii_strcasecmp(verb, "LIST") == 0 || g_ascii_strcasecmp(verb, "LSUB") == 0)
        imap_list_reply(c, verb);
    else if (g_ascii_strcasecmp(verb, "CREATE") == 0 && !world_box(w, first))
        world_add_box(w, first);
    else if (g_ascii_strcasecmp(verb, "EXPUNGE") == 0 && s->box)
        imap_expunge_uids(c, "1:*");
    else if (g_ascii_strcasecmp(verb, "UNSELECT") == 0 || g_ascii_strcasecmp(verb, "CLOSE") == 0)
        s->box = NULL;
    else
        imap_tell(c);
    fake_send(c, "%s OK done", tag);
    if (g_ascii_strcasecmp(verb, "LOGOUT") == 0)
        c->open = FALSE;
}

static const FakeServe imap_serve = {imap_greet, imap_line, imap_leave};
