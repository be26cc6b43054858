/* imap_data.c - the data of untagged responses: FETCH, LIST, STATUS, NAMESPACE, SEARCH,
 * ESEARCH, VANISHED, and the codes COPYUID and APPENDUID. */
#include "imap_grammar.h"

/* ---- FETCH -------------------------------------------------------------------------- */

/* "BODY[1.2]<0>" or "RFC822.SIZE": the name, and for BODY[ its section. */
static gboolean item_name(Cursor *c, Span *name, gboolean *has_section, FetchSection *section)
{
    const char *from = c->at;
    while (c->at < c->end && (guchar)*c->at > ' ' && !strchr("[()\"{", *c->at))
        c->at++;
    *name = span_new(from, (gsize)(c->at - from));
    *has_section = FALSE;
    if (name->len == 0)
        return FALSE;
    if (!imap_cursor_char(c, '['))
        return TRUE;
    const char *inside = c->at;
    while (c->at < c->end && *c->at != ']')
        c->at++;
    section->name = span_new(inside, (gsize)(c->at - inside));
    section->origin = 0;
    section->binary = span_is(*name, "BINARY");
    *has_section = TRUE;
    if (!imap_cursor_char(c, ']'))
        return FALSE;
    if (imap_cursor_char(c, '<'))
        return imap_cursor_uint64(c, &section->origin) && imap_cursor_char(c, '>');
    return TRUE;
}

/* "(text)" as OBJECTID has it, or NIL. */
static gboolean parenthesized(Cursor *c, Span *out)
{
    if (imap_cursor_word(c, "NIL"))
        return TRUE;
    return imap_cursor_char(c, '(') && imap_cursor_astring(c, out) && imap_cursor_char(c, ')');
}

static gboolean modseq(Cursor *c, guint64 *out)
{
    gint64 value;
    if (!imap_cursor_char(c, '(') || !imap_cursor_number(c, &value) || !imap_cursor_char(c, ')'))
        return FALSE;
    *out = imap_clamp64(value);
    return TRUE;
}

static gboolean body_structure(Cursor *c, ImapFetched *m)
{
    Cursor p = *c;
    ImapBody *body = imap_parse_body(&p);
    if (!body) {
        m->has |= IMAP_FETCH_BAD_BODY;
        return imap_cursor_skip(c);
    }
    imap_body_free(m->body);
    m->body = body;
    m->has |= IMAP_FETCH_BODY;
    *c = p;
    return TRUE;
}

/* Values that are not what they should be are skipped like unknown items. */
static gboolean item_value(Cursor *c, Span name, ImapFetched *m)
{
    Cursor p = *c;
    gint64 n;
    if (span_is(name, "UID") && imap_cursor_uint32(&p, &m->uid)) {
        *c = p;
        return TRUE;
    }
    if (span_is(name, "FLAGS")) {
        imap_flags_clear(&m->flags);
        if (imap_parse_flags(&p, &m->flags, NULL)) {
            m->has |= IMAP_FETCH_FLAGS;
            *c = p;
            return TRUE;
        }
    } else if (span_is(name, "INTERNALDATE") && imap_cursor_string(&p, &m->date)) {
        m->has |= IMAP_FETCH_DATE;
        *c = p;
        return TRUE;
    } else if (span_is(name, "RFC822.SIZE") && imap_cursor_number(&p, &n)) {
        m->size = imap_clamp64(n);
        m->has |= IMAP_FETCH_SIZE;
        *c = p;
        return TRUE;
    } else if (span_is(name, "MODSEQ") && modseq(&p, &m->modseq)) {
        m->has |= IMAP_FETCH_MODSEQ;
        *c = p;
        return TRUE;
    } else if (span_is(name, "BODYSTRUCTURE")) {
        return body_structure(c, m);
    } else if ((span_is(name, "EMAILID") && parenthesized(&p, &m->emailid)) ||
               (span_is(name, "THREADID") && parenthesized(&p, &m->threadid)) ||
               (span_is(name, "X-GM-MSGID") && imap_cursor_uint64(&p, &m->gm_msgid)) ||
               (span_is(name, "X-GM-THRID") && imap_cursor_uint64(&p, &m->gm_thrid))) {
        m->has |= IMAP_FETCH_IDS;
        *c = p;
        return TRUE;
    }
    return imap_cursor_skip(c);
}

static gboolean section_value(Cursor *c, FetchSection *section, GArray *sections, ImapFetched *m)
{
    if (!imap_cursor_nstring(c, &section->value, &section->nil))
        return FALSE;
    if (sections->len < FETCH_MAX_SECTIONS)
        g_array_append_val(sections, *section);
    if (!section->nil && section->name.len >= 6 &&
        g_ascii_strncasecmp(section->name.at, "HEADER", 6) == 0) {
        m->header = section->value;
        m->has |= IMAP_FETCH_HEADER;
    }
    return TRUE;
}

void imap_parse_fetch(Span rest, FetchResponse *out, GStringChunk *chunk)
{
    Cursor c = cursor_new(rest, chunk);
    GArray *sections = g_array_new(FALSE, FALSE, sizeof(FetchSection));
    *out = (FetchResponse){0};
    if (imap_cursor_char(&c, '(')) {
        for (;;) {
            Span name;
            gboolean has_section;
            FetchSection section = {0};
            imap_cursor_blanks(&c);
            if (imap_cursor_char(&c, ')')) {
                out->whole = TRUE;
                break;
            }
            if (!item_name(&c, &name, &has_section, &section))
                break;
            imap_cursor_blanks(&c);
            if (has_section ? !section_value(&c, &section, sections, &out->data)
                            : !item_value(&c, name, &out->data))
                break;
        }
    }
    out->n_sections = sections->len;
    out->sections = (FetchSection *)(gpointer)g_array_free(sections, FALSE);
}

void imap_fetch_response_clear(FetchResponse *f)
{
    imap_flags_clear(&f->data.flags);
    g_clear_pointer(&f->data.body, imap_body_free);
    g_clear_pointer(&f->sections, g_free);
    f->n_sections = 0;
}

/* ---- LIST, STATUS, NAMESPACE -------------------------------------------------------- */

static const struct {
    const char *word;
    guint flag;
    ImapUse use;
} list_flags[] = {
    {"\\Noselect", IMAP_FOLDER_NOSELECT, 0},
    {"\\NonExistent", IMAP_FOLDER_NOSELECT, 0},
    {"\\Noinferiors", IMAP_FOLDER_NOINFERIORS, 0},
    {"\\HasChildren", IMAP_FOLDER_HASCHILDREN, 0},
    {"\\HasNoChildren", IMAP_FOLDER_HASNOCHILDREN, 0},
    {"\\Marked", IMAP_FOLDER_MARKED, 0},
    {"\\Unmarked", IMAP_FOLDER_UNMARKED, 0},
    {"\\Subscribed", IMAP_FOLDER_SUBSCRIBED, 0},
    {"\\All", 0, IMAP_USE_ALL},
    {"\\AllMail", 0, IMAP_USE_ALL}, /* XLIST */
    {"\\Archive", 0, IMAP_USE_ARCHIVE},
    {"\\Drafts", 0, IMAP_USE_DRAFTS},
    {"\\Flagged", 0, IMAP_USE_FLAGGED},
    {"\\Starred", 0, IMAP_USE_FLAGGED}, /* XLIST */
    {"\\Junk", 0, IMAP_USE_JUNK},
    {"\\Spam", 0, IMAP_USE_JUNK}, /* XLIST */
    {"\\Sent", 0, IMAP_USE_SENT},
    {"\\Trash", 0, IMAP_USE_TRASH},
    {"\\Important", 0, IMAP_USE_IMPORTANT},
    {"\\Inbox", 0, IMAP_USE_INBOX}, /* XLIST */
};

static char *decode(Span wire, gboolean utf8)
{
    return utf8 ? imap_name_decode_utf8(wire) : imap_name_decode(wire);
}

static gboolean parse_list_flags(Cursor *c, ImapFolder *f)
{
    if (!imap_cursor_char(c, '('))
        return FALSE;
    for (;;) {
        Span word;
        imap_cursor_blanks(c);
        if (imap_cursor_char(c, ')'))
            return TRUE;
        if (!imap_cursor_astring(c, &word))
            return FALSE;
        for (guint i = 0; i < G_N_ELEMENTS(list_flags); i++) {
            if (!span_is(word, list_flags[i].word))
                continue;
            f->flags |= list_flags[i].flag;
            if (list_flags[i].use && f->use == IMAP_USE_NONE)
                f->use = list_flags[i].use;
        }
    }
}

/* A quoted character, or NIL. */
static gboolean parse_delimiter(Cursor *c, char out[2])
{
    Span s;
    gboolean nil;
    imap_cursor_blanks(c);
    if (!imap_cursor_nstring(c, &s, &nil) || s.len > 1)
        return FALSE;
    out[0] = s.len == 1 && g_ascii_isgraph(*s.at) ? *s.at : '\0';
    out[1] = '\0';
    return TRUE;
}

/* The name up to the end, or to a list that follows it: servers forget to quote blanks. */
static gboolean loose_name(Cursor *c, Span *out)
{
    imap_cursor_blanks(c);
    if (imap_cursor_string(c, out))
        return TRUE;
    if (cursor_peek(c) == '"' || cursor_peek(c) == '{')
        return FALSE;
    const char *from = c->at;
    while (c->at < c->end && (guchar)*c->at >= ' ' &&
           !(*c->at == ' ' && c->at + 1 < c->end && c->at[1] == '('))
        c->at++;
    *out = span_trim(span_new(from, (gsize)(c->at - from)));
    return out->len > 0;
}

ImapFolder *imap_parse_list(Span rest, gboolean utf8, GStringChunk *chunk)
{
    Cursor c = cursor_new(rest, chunk);
    ImapFolder parsed = {0};
    Span wire;
    if (!parse_list_flags(&c, &parsed) || !parse_delimiter(&c, parsed.delimiter) ||
        !loose_name(&c, &wire) || wire.len == 0 || wire.len > IMAP_NAME_MAX)
        return NULL;
    ImapFolder *f = g_memdup2(&parsed, sizeof parsed);
    f->name = decode(wire, utf8);
    if (strcmp(f->name, "INBOX") == 0)
        f->use = IMAP_USE_INBOX;
    else if (f->use == IMAP_USE_INBOX)
        f->use = IMAP_USE_NONE;
    return f;
}

void imap_folder_free(ImapFolder *f)
{
    if (!f)
        return;
    g_free(f->name);
    g_free(f);
}

static void status_item(Span word, gint64 n, ImapStatus *out)
{
    guint has = 0;
    if (span_is(word, "MESSAGES")) {
        out->messages = imap_clamp32(n);
        has = IMAP_STATUS_MESSAGES;
    } else if (span_is(word, "UIDNEXT")) {
        out->uidnext = imap_clamp32(n);
        has = IMAP_STATUS_UIDNEXT;
    } else if (span_is(word, "UIDVALIDITY")) {
        out->uidvalidity = imap_fold32(n);
        has = IMAP_STATUS_UIDVALIDITY;
    } else if (span_is(word, "UNSEEN")) {
        out->unseen = imap_clamp32(n);
        has = IMAP_STATUS_UNSEEN;
    } else if (span_is(word, "HIGHESTMODSEQ")) {
        out->highestmodseq = imap_clamp64(n);
        has = IMAP_STATUS_HIGHESTMODSEQ;
    } else if (span_is(word, "SIZE")) {
        out->size = imap_clamp64(n);
        has = IMAP_STATUS_SIZE;
    } else if (span_is(word, "APPENDLIMIT")) {
        out->appendlimit = imap_clamp64(n);
        has = IMAP_STATUS_APPENDLIMIT;
    }
    out->has |= has;
}

char *imap_parse_status_of(Span rest, ImapStatus *out, gboolean utf8, GStringChunk *chunk)
{
    Cursor c = cursor_new(rest, chunk);
    Span wire;
    *out = (ImapStatus){0};
    if (!loose_name(&c, &wire) || wire.len > IMAP_NAME_MAX)
        return NULL;
    imap_cursor_blanks(&c);
    if (!imap_cursor_char(&c, '('))
        return NULL;
    for (;;) {
        Span word;
        gint64 n;
        imap_cursor_blanks(&c);
        if (imap_cursor_char(&c, ')'))
            return decode(wire, utf8);
        if (!imap_cursor_atom(&c, &word))
            return NULL;
        imap_cursor_blanks(&c);
        if (span_is(word, "MAILBOXID") && cursor_peek(&c) == '(') {
            Span id = SPAN_NONE;
            if (!parenthesized(&c, &id))
                return NULL;
            if (id.len > 0 && id.len < sizeof out->mailboxid && !memchr(id.at, '\0', id.len)) {
                memcpy(out->mailboxid, id.at, id.len);
                out->has |= IMAP_STATUS_MAILBOXID;
            }
        } else if (imap_cursor_number(&c, &n))
            status_item(word, n, out);
        else if (!imap_cursor_skip(&c))
            return NULL;
    }
}

static void free_namespace(gpointer p)
{
    g_free(((ImapNamespace *)p)->prefix);
    g_free(p);
}

gboolean imap_parse_namespace(Span rest, GPtrArray *out, gboolean utf8, GStringChunk *chunk)
{
    Cursor c = cursor_new(rest, chunk);
    g_ptr_array_set_free_func(out, free_namespace);
    for (ImapNamespaceKind kind = 0; kind <= IMAP_NAMESPACE_SHARED; kind++) {
        imap_cursor_blanks(&c);
        if (imap_cursor_word(&c, "NIL"))
            continue;
        if (!imap_cursor_char(&c, '('))
            return FALSE;
        for (imap_cursor_blanks(&c); imap_cursor_char(&c, '('); imap_cursor_blanks(&c)) {
            ImapNamespace one = {.kind = kind};
            Span prefix;
            if (!imap_cursor_string(&c, &prefix) || prefix.len > IMAP_NAME_MAX ||
                !parse_delimiter(&c, one.delimiter))
                return FALSE;
            for (imap_cursor_blanks(&c); !imap_cursor_char(&c, ')'); imap_cursor_blanks(&c)) {
                if (!imap_cursor_skip(&c)) /* extensions, e.g. TRANSLATION */
                    return FALSE;
            }
            one.prefix = decode(prefix, utf8);
            if (out->len < 100)
                g_ptr_array_add(out, g_memdup2(&one, sizeof one));
            else
                g_free(one.prefix);
        }
        if (!imap_cursor_char(&c, ')'))
            return FALSE;
    }
    return TRUE;
}

/* ---- MYRIGHTS, QUOTA ---------------------------------------------------------------- */

char *imap_parse_my_rights(Span rest, char **rights, gboolean utf8, GStringChunk *chunk)
{
    Cursor c = cursor_new(rest, chunk);
    Span wire, letters;
    if (!imap_cursor_astring(&c, &wire) || wire.len > IMAP_NAME_MAX)
        return NULL;
    imap_cursor_blanks(&c);
    if (!imap_cursor_astring(&c, &letters))
        return NULL;
    GString *known = g_string_new(NULL);
    for (gsize i = 0; i < letters.len; i++)
        if (g_ascii_isalnum(letters.at[i]))
            g_string_append_c(known, letters.at[i]);
    *rights = g_string_free(known, FALSE);
    return decode(wire, utf8);
}

gboolean imap_parse_quota(Span rest, guint64 *used, guint64 *limit, GStringChunk *chunk)
{
    Cursor c = cursor_new(rest, chunk);
    Span root;
    *used = *limit = 0;
    if (!imap_cursor_astring(&c, &root))
        return FALSE;
    imap_cursor_blanks(&c);
    if (!imap_cursor_char(&c, '('))
        return FALSE;
    for (;;) {
        Span what;
        gint64 have, most;
        imap_cursor_blanks(&c);
        if (imap_cursor_char(&c, ')'))
            return TRUE;
        if (!imap_cursor_atom(&c, &what))
            return FALSE;
        imap_cursor_blanks(&c);
        if (!imap_cursor_number(&c, &have))
            return FALSE;
        imap_cursor_blanks(&c);
        if (!imap_cursor_number(&c, &most))
            return FALSE;
        if (span_is(what, "STORAGE")) {
            *used = imap_clamp64(have);
            *limit = imap_clamp64(most);
        }
    }
}

/* ---- SEARCH, VANISHED, COPYUID ------------------------------------------------------ */

gboolean imap_parse_search(Span rest, ImapSet *out)
{
    Cursor c = cursor_new(rest, NULL);
    g_autoptr(GArray) uids = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (;;) {
        guint32 uid;
        imap_cursor_blanks(&c);
        if (c.at == c.end || cursor_peek(&c) == '(') /* (MODSEQ n) */
            break;
        if (!imap_cursor_uint32(&c, &uid))
            return FALSE;
        g_array_append_val(uids, uid);
    }
    g_autoptr(ImapSet) sorted = imap_set_of((guint32 *)(gpointer)uids->data, uids->len);
    imap_set_merge(out, sorted);
    return TRUE;
}

gboolean imap_parse_esearch(Span rest, ImapSet *out, gboolean *uid, GStringChunk *chunk)
{
    Cursor c = cursor_new(rest, chunk);
    *uid = FALSE;
    if (cursor_peek(&c) == '(' && !imap_cursor_skip(&c)) /* (TAG "x") */
        return FALSE;
    imap_cursor_blanks(&c);
    *uid = imap_cursor_word(&c, "UID");
    for (;;) {
        Span word, value;
        imap_cursor_blanks(&c);
        if (c.at == c.end)
            return TRUE;
        if (!imap_cursor_atom(&c, &word))
            return FALSE;
        imap_cursor_blanks(&c);
        if (span_is(word, "ALL")) {
            g_autoptr(ImapSet) set = imap_cursor_atom(&c, &value) ? imap_set_parse(value) : NULL;
            if (!set)
                return FALSE;
            imap_set_merge(out, set);
        } else if (!imap_cursor_skip(&c)) {
            return FALSE;
        }
    }
}

gboolean imap_parse_vanished(Span rest, ImapSet **out)
{
    Cursor c = cursor_new(rest, NULL);
    Span word;
    if (cursor_peek(&c) == '(' && !imap_cursor_skip(&c)) /* (EARLIER), RFC 7162 section 3.2.10 */
        return FALSE;
    imap_cursor_blanks(&c);
    *out = imap_cursor_atom(&c, &word) ? imap_set_parse(word) : NULL;
    return *out != NULL;
}

/* A set in the order in which it is written: COPYUID pairs two of them. */
static GArray *expand(Span text, gsize max)
{
    Cursor c = cursor_new(text, NULL);
    g_autoptr(GArray) out = g_array_new(FALSE, FALSE, sizeof(guint32));
    do {
        guint32 first, last;
        if (!imap_cursor_uint32(&c, &first) || first == 0)
            return NULL;
        last = first;
        if (imap_cursor_char(&c, ':') && !imap_cursor_uint32(&c, &last))
            return NULL;
        guint32 low = MIN(first, last), high = MAX(first, last);
        if (low == 0 || (guint64)high - low + 1 > max - out->len)
            return NULL;
        for (guint64 uid = low; uid <= high; uid++) {
            guint32 one = (guint32)uid;
            g_array_append_val(out, one);
        }
    } while (imap_cursor_char(&c, ','));
    return c.at == c.end ? g_steal_pointer(&out) : NULL;
}

void imap_copied_clear(ImapCopied *c)
{
    g_clear_pointer(&c->from, g_array_unref);
    g_clear_pointer(&c->to, g_array_unref);
    c->uidvalidity = 0;
}

gboolean imap_parse_copyuid(Span arguments, gsize max, ImapCopied *out)
{
    Cursor c = cursor_new(arguments, NULL);
    gint64 validity;
    Span from, to;
    if (!imap_cursor_number(&c, &validity))
        return FALSE;
    imap_cursor_blanks(&c);
    if (!imap_cursor_code_atom(&c, &from))
        return FALSE;
    imap_cursor_blanks(&c);
    if (!imap_cursor_code_atom(&c, &to))
        return FALSE;
    g_autoptr(GArray) sources = expand(from, max), copies = expand(to, max);
    if (!sources || !copies || sources->len != copies->len)
        return FALSE;
    out->uidvalidity = imap_fold32(validity);
    g_array_append_vals(out->from, sources->data, sources->len);
    g_array_append_vals(out->to, copies->data, copies->len);
    return TRUE;
}

gboolean imap_parse_appenduids(Span arguments, guint n, guint32 *uidvalidity, guint32 *uids)
{
    Cursor c = cursor_new(arguments, NULL);
    gint64 validity;
    Span set;
    if (!imap_cursor_number(&c, &validity))
        return FALSE;
    imap_cursor_blanks(&c);
    g_autoptr(GArray) all = imap_cursor_code_atom(&c, &set) ? expand(set, n) : NULL;
    if (!all || all->len != n)
        return FALSE;
    *uidvalidity = imap_fold32(validity);
    memcpy(uids, all->data, n * sizeof *uids);
    return TRUE;
}

gboolean imap_parse_appenduid(Span arguments, guint32 *uidvalidity, guint32 *uid)
{
    Cursor c = cursor_new(arguments, NULL);
    gint64 validity;
    guint32 value;
    if (!imap_cursor_number(&c, &validity))
        return FALSE;
    imap_cursor_blanks(&c);
    if (!imap_cursor_uint32(&c, &value) || value == 0)
        return FALSE;
    *uidvalidity = imap_fold32(validity);
    *uid = value;
    return TRUE;
}
