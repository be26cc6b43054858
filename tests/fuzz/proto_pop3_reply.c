/* Any bytes as each kind of POP3 line, and as content in pieces: whatever the pieces, the
 * content and the place where it ends are the same, and what ends it was really there. */
#include "../../src/proto/pop3_parse.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static gsize body(const char *at, gsize len, gsize step, GString *content, gboolean *ended)
{
    Pop3Body state = POP3_BODY_START;
    gsize done = 0;
    while (done < len && state != POP3_BODY_END) {
        Span in = span_new(at + done, MIN(step, len - done)), piece;
        gsize had = in.len;
        while (pop3_body_next(&state, &in, &piece))
            g_string_append_len(content, piece.at, (gssize)piece.len);
        g_assert(in.len == 0 || state == POP3_BODY_END);
        done += had - in.len;
    }
    *ended = state == POP3_BODY_END;
    return done;
}

static void lines(Span line, GPtrArray *sasl)
{
    Pop3Status status;
    if (pop3_parse_status(line, &status)) {
        g_assert(status.code.len + status.text.len <= line.len);
        pop3_refusal(&status, PINTAIL_ERROR_AUTH);
    }
    Pop3Capabilities c = {0};
    pop3_parse_capability(line, &c, sasl);
    guint number;
    guint64 size;
    Span rest, uidl;
    if (pop3_parse_numbered(line, &number, &rest)) {
        g_assert(number > 0 && rest.len < line.len);
        pop3_parse_size(rest, &size);
        if (pop3_parse_uidl(rest, &uidl))
            g_assert(uidl.len > 0 && uidl.len <= 1000 && !memchr(uidl.at, '\0', uidl.len));
    }
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    const char *at = (const char *)data;
    if (size == 0)
        return 0;
    g_autoptr(GPtrArray) sasl = g_ptr_array_new_with_free_func(g_free);
    for (const char *p = at, *end = at + size, *lf; p < end; p = lf ? lf + 1 : end) {
        lf = memchr(p, '\n', (size_t)(end - p));
        lines(span_new(p, (gsize)((lf ? lf : end) - p)), sasl);
    }
    g_autoptr(GString) whole = g_string_new(NULL), pieces = g_string_new(NULL);
    gboolean ended, ended_too;
    gsize used = body(at, size, size, whole, &ended);
    g_assert(used == body(at, size, 1 + (guint8)at[0] % 7, pieces, &ended_too));
    g_assert(ended == ended_too && g_string_equal(whole, pieces));
    if (ended)
        g_assert(used >= 3 && memcmp(at + used - 3, ".\r\n", 3) == 0 &&
                 (used == 3 || memcmp(at + used - 5, "\r\n", 2) == 0));
    return 0;
}
