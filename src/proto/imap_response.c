/* imap_response.c - what kind of response a line is, its code, capabilities and flags. */
#include "imap_grammar.h"

static const struct {
    const char *word;
    ResponseKind kind;
} keywords[] = {
    {"CAPABILITY", RESPONSE_CAPABILITY},
    {"ENABLED", RESPONSE_ENABLED},
    {"LIST", RESPONSE_LIST},
    {"XLIST", RESPONSE_LIST},
    {"LSUB", RESPONSE_LSUB},
    {"STATUS", RESPONSE_STATUS_OF},
    {"SEARCH", RESPONSE_SEARCH},
    {"ESEARCH", RESPONSE_ESEARCH},
    {"FLAGS", RESPONSE_FLAGS},
    {"NAMESPACE", RESPONSE_NAMESPACE},
    {"MYRIGHTS", RESPONSE_MYRIGHTS},
    {"QUOTA", RESPONSE_QUOTA},
    {"QUOTAROOT", RESPONSE_QUOTAROOT},
    {"VANISHED", RESPONSE_VANISHED},
};

static const struct {
    const char *word;
    ResponseKind kind;
} numbered[] = {
    {"EXISTS", RESPONSE_EXISTS},
    {"RECENT", RESPONSE_RECENT},
    {"EXPUNGE", RESPONSE_EXPUNGE},
    {"FETCH", RESPONSE_FETCH},
};

static char status_of(Cursor *c)
{
    static const struct {
        const char *word;
        char status;
    } words[] = {{"OK", 'O'}, {"NO", 'N'}, {"BAD", 'B'}, {"BYE", 'Y'}, {"PREAUTH", 'P'}};
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        if (imap_cursor_word(c, words[i].word))
            return words[i].status;
    }
    return 0;
}

/* "[CODE arguments] text"; a bracket inside a quoted string does not end the code. */
static void parse_text(Cursor c, Response *out)
{
    imap_cursor_blanks(&c);
    Cursor p = c;
    if (imap_cursor_char(&p, '[') && imap_cursor_code_atom(&p, &out->code)) {
        imap_cursor_blanks(&p);
        const char *from = p.at;
        gboolean quoted = FALSE;
        for (; p.at < p.end && (quoted || *p.at != ']'); p.at++) {
            if (*p.at == '"')
                quoted = !quoted;
            else if (*p.at == '\\' && quoted && p.at + 1 < p.end)
                p.at++;
        }
        if (p.at < p.end) {
            out->arguments = span_new(from, (gsize)(p.at - from));
            p.at++;
            imap_cursor_blanks(&p);
            c = p;
        } else {
            out->code = SPAN_NONE; /* no closing bracket: all of it is text */
        }
    }
    out->text = cursor_rest(&c);
}

static void parse_untagged(Cursor c, Response *out)
{
    imap_cursor_blanks(&c);
    out->kind = RESPONSE_OTHER;
    if (cursor_peek(&c) == '[') { /* seen: a response code without its OK */
        out->kind = RESPONSE_STATUS;
        out->status = 'O';
        parse_text(c, out);
        return;
    }
    if ((out->status = status_of(&c))) {
        out->kind = RESPONSE_STATUS;
        parse_text(c, out);
        return;
    }
    if (imap_cursor_uint32(&c, &out->number)) {
        imap_cursor_blanks(&c);
        for (guint i = 0; i < G_N_ELEMENTS(numbered); i++) {
            if (imap_cursor_word(&c, numbered[i].word)) {
                out->kind = numbered[i].kind;
                break;
            }
        }
    } else {
        for (guint i = 0; i < G_N_ELEMENTS(keywords); i++) {
            if (imap_cursor_word(&c, keywords[i].word)) {
                out->kind = keywords[i].kind;
                break;
            }
        }
    }
    imap_cursor_blanks(&c);
    out->rest = cursor_rest(&c);
}

void imap_parse_response(Span bytes, Response *out)
{
    Cursor c = cursor_new(bytes, NULL);
    *out = (Response){.kind = RESPONSE_STRAY, .text = bytes};
    if (imap_cursor_char(&c, '+')) {
        out->kind = RESPONSE_CONTINUE;
        imap_cursor_char(&c, ' '); /* "+" alone is seen too */
        out->text = cursor_rest(&c);
        return;
    }
    if (imap_cursor_char(&c, '*')) {
        if (cursor_peek(&c) == ' ')
            parse_untagged(c, out);
        return;
    }
    Span tag;
    if (!imap_cursor_atom(&c, &tag) || !imap_cursor_char(&c, ' '))
        return;
    imap_cursor_blanks(&c);
    char status = status_of(&c);
    if (status == 0 || status == 'Y' || status == 'P')
        return;
    out->kind = RESPONSE_TAGGED;
    out->tag = tag;
    out->status = status;
    parse_text(c, out);
}

gboolean imap_parse_literal_end(Span line, gsize *at, guint64 *size)
{
    if (line.len < 3 || line.at[line.len - 1] != '}')
        return FALSE;
    gsize i = line.len - 1;
    if (line.at[i - 1] == '+')
        i--;
    gsize end = i;
    while (i > 0 && g_ascii_isdigit(line.at[i - 1]))
        i--;
    if (i == end || i == 0 || line.at[i - 1] != '{')
        return FALSE;
    Cursor c = cursor_new(span_new(line.at + i, end - i), NULL);
    if (!imap_cursor_uint64(&c, size))
        *size = G_MAXUINT64; /* absurd: whoever reads refuses it */
    *at = i - 1;
    return TRUE;
}

gboolean imap_parse_section_end(Span so_far, Span *section, guint64 *origin, gboolean *binary)
{
    gsize i = so_far.len;
    while (i > 0 && (so_far.at[i - 1] == ' ' || so_far.at[i - 1] == '~'))
        i--;
    *origin = 0;
    if (i > 0 && so_far.at[i - 1] == '>') {
        gsize end = --i;
        while (i > 0 && g_ascii_isdigit(so_far.at[i - 1]))
            i--;
        Cursor c = cursor_new(span_new(so_far.at + i, end - i), NULL);
        if (i == 0 || so_far.at[i - 1] != '<' || !imap_cursor_uint64(&c, origin))
            return FALSE;
        i--;
    }
    if (i == 0 || so_far.at[i - 1] != ']')
        return FALSE;
    gsize end = --i;
    while (i > 0 && so_far.at[i - 1] != '[')
        i--;
    *binary = i >= 7 && g_ascii_strncasecmp(so_far.at + i - 7, "BINARY[", 7) == 0; /* RFC 3516 */
    if (!*binary && (i < 5 || g_ascii_strncasecmp(so_far.at + i - 5, "BODY[", 5) != 0))
        return FALSE;
    *section = span_new(so_far.at + i, end - i);
    return TRUE;
}

static const struct {
    const char *word;
    ImapCapability capability;
} capability_words[] = {
    {"IDLE", IMAP_CAP_IDLE},
    {"ENABLE", IMAP_CAP_ENABLE},
    {"CONDSTORE", IMAP_CAP_CONDSTORE},
    {"QRESYNC", IMAP_CAP_QRESYNC},
    {"UIDPLUS", IMAP_CAP_UIDPLUS},
    {"MOVE", IMAP_CAP_MOVE},
    {"SPECIAL-USE", IMAP_CAP_SPECIAL_USE},
    {"CREATE-SPECIAL-USE", IMAP_CAP_CREATE_SPECIAL_USE},
    {"LIST-EXTENDED", IMAP_CAP_LIST_EXTENDED},
    {"LIST-STATUS", IMAP_CAP_LIST_STATUS},
    {"ESEARCH", IMAP_CAP_ESEARCH},
    {"SASL-IR", IMAP_CAP_SASL_IR},
    {"LITERAL+", IMAP_CAP_LITERAL_PLUS},
    {"LITERAL-", IMAP_CAP_LITERAL_MINUS},
    {"NAMESPACE", IMAP_CAP_NAMESPACE},
    {"X-GM-EXT-1", IMAP_CAP_GMAIL},
    {"COMPRESS=DEFLATE", IMAP_CAP_COMPRESS},
    {"NOTIFY", IMAP_CAP_NOTIFY},
    {"UTF8=ACCEPT", IMAP_CAP_UTF8},
    {"UTF8=ONLY", IMAP_CAP_UTF8},
    {"OBJECTID", IMAP_CAP_OBJECTID},
    {"REPLACE", IMAP_CAP_REPLACE},
    {"ID", IMAP_CAP_ID},
    {"UNSELECT", IMAP_CAP_UNSELECT},
    {"STATUS=SIZE", IMAP_CAP_STATUS_SIZE},
    {"STARTTLS", IMAP_CAP_STARTTLS},
    {"LOGINDISABLED", IMAP_CAP_LOGINDISABLED},
    {"IMAP4REV2", IMAP_CAP_IMAP4REV2},
    {"XLIST", IMAP_CAP_XLIST},
    {"MULTIAPPEND", IMAP_CAP_MULTIAPPEND},
    {"BINARY", IMAP_CAP_BINARY},
    {"APPENDLIMIT", IMAP_CAP_APPENDLIMIT},
    {"QUOTA", IMAP_CAP_QUOTA},
    {"ACL", IMAP_CAP_ACL},
};
G_STATIC_ASSERT(IMAP_CAP_COUNT <= 64);

static guint64 capability_bit(Span word)
{
    for (guint i = 0; i < G_N_ELEMENTS(capability_words); i++) {
        if (span_is(word, capability_words[i].word))
            return G_GUINT64_CONSTANT(1) << capability_words[i].capability;
    }
    return 0;
}

#define BIT(c) (G_GUINT64_CONSTANT(1) << (c))

void imap_parse_capabilities(Span rest, Capabilities *out)
{
    Cursor c = cursor_new(rest, NULL);
    Span word, before = SPAN_NONE;
    *out = (Capabilities){.mechanisms = g_ptr_array_new_with_free_func(g_free)};
    for (;; before = word) {
        while (c.at < c.end && cursor_peek(&c) <= ' ')
            c.at++;
        if (!imap_cursor_atom(&c, &word))
            break;
        out->bits |= capability_bit(word);
        if (word.len == 1 && *word.at == '+' && span_is(before, "LITERAL")) /* seen: in two */
            out->bits |= BIT(IMAP_CAP_LITERAL_PLUS);
        if (word.len > 5 && span_is(span_new(word.at, 5), "AUTH=") && out->mechanisms->len < 100)
            g_ptr_array_add(out->mechanisms, g_ascii_strup(word.at + 5, (gssize)word.len - 5));
        Cursor limit = cursor_new(span_new(word.at, word.len), NULL);
        if (word.len > 12 && span_is(span_new(word.at, 12), "APPENDLIMIT=")) {
            limit.at += 12;
            imap_cursor_uint64(&limit, &out->append_limit);
        }
    }
    if (out->bits & BIT(IMAP_CAP_IMAP4REV2)) /* RFC 9051 appendix E: these are part of it */
        out->bits |= BIT(IMAP_CAP_NAMESPACE) | BIT(IMAP_CAP_UNSELECT) | BIT(IMAP_CAP_UIDPLUS) |
                     BIT(IMAP_CAP_ESEARCH) | BIT(IMAP_CAP_ENABLE) | BIT(IMAP_CAP_IDLE) |
                     BIT(IMAP_CAP_SASL_IR) | BIT(IMAP_CAP_LIST_EXTENDED) | BIT(IMAP_CAP_MOVE) |
                     BIT(IMAP_CAP_LIST_STATUS) | BIT(IMAP_CAP_LITERAL_MINUS) |
                     BIT(IMAP_CAP_SPECIAL_USE) | BIT(IMAP_CAP_STATUS_SIZE) | BIT(IMAP_CAP_BINARY);
    if (out->bits & BIT(IMAP_CAP_QRESYNC)) /* RFC 7162 section 3.2.3 */
        out->bits |= BIT(IMAP_CAP_CONDSTORE) | BIT(IMAP_CAP_ENABLE);
    g_ptr_array_add(out->mechanisms, NULL);
}

void imap_capabilities_clear(Capabilities *c)
{
    g_clear_pointer(&c->mechanisms, g_ptr_array_unref);
    c->bits = c->append_limit = 0;
}
