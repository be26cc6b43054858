/* viewer_load.c - what the viewer shows of a message, made by the loader. */
#include <string.h>
#include "viewer_load.h"
#include "content.h"
#include "trust_line.h"
#include "pintail/mime/reading.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/spawn.h"
#include "pintail/util/text.h"

#define FILTER_MS        15000 /* for html-filter */
#define HEADER_LINES_MAX 500
#define HEADER_LINE_MAX  4000 /* bytes shown of one */

Loaded *loaded_ref(Loaded *l)
{
    g_atomic_ref_count_inc(&l->refs);
    return l;
}

void loaded_unref(Loaded *l)
{
    if (!l || !g_atomic_ref_count_dec(&l->refs))
        return;
    if (l->envelope)
        envelope_unref(l->envelope);
    g_ptr_array_unref(l->headers);
    if (l->rendered)
        rendered_free(l->rendered);
    g_ptr_array_unref(l->attachments);
    g_free(l->filter_problem);
    trust_survey_free(l->trust);
    list_actions_free(l->list);
    g_free(l);
}

/* "Name: value", unfolded and decoded. */
static void take_header_line(GPtrArray *to, const char *at, gsize len)
{
    g_autoptr(GString) flat = g_string_sized_new(MIN(len, HEADER_LINE_MAX) + 1);
    for (gsize i = 0; i < len && flat->len < HEADER_LINE_MAX; i++)
        if (at[i] != '\r' && at[i] != '\n')
            g_string_append_c(flat, at[i]);
    const char *colon = memchr(flat->str, ':', flat->len);
    if (!colon) {
        g_ptr_array_add(to, text_make_valid(flat->str, flat->len));
        return;
    }
    gsize name = (gsize)(colon - flat->str) + 1;
    g_autofree char *label = text_make_valid(flat->str, name);
    g_autofree char *value = header_decode(flat->str + name, flat->len - name);
    g_ptr_array_add(to, g_strdup_printf("%s %s", label, g_strstrip(value)));
}

static void take_headers(GPtrArray *to, const char *at, gsize len)
{
    while (len > 0 && to->len < HEADER_LINES_MAX && *at != '\r' && *at != '\n') {
        gsize n = 0;
        do { /* a line and what is folded into it */
            const char *end = memchr(at + n, '\n', len - n);
            n = end ? (gsize)(end - at) + 1 : len;
        } while (n < len && (at[n] == ' ' || at[n] == '\t'));
        take_header_line(to, at, n);
        at += n;
        len -= n;
    }
}

static void take_attachments(Loaded *l, const Part *root)
{
    g_autoptr(GPtrArray) parts = part_attachments(root);
    for (guint i = 0; i < parts->len; i++) {
        const Part *p = parts->pdata[i];
        /* base64 takes four bytes for three, and line ends */
        guint64 size = p->encoding == PART_ENCODING_BASE64 ? p->size / 78 * 57 + p->size % 78 * 3 / 4 : p->size;
        g_autofree char *shown = text_size(size);
        g_ptr_array_add(l->attachments,
                        g_strdup_printf("[%u] %s %s", i + 1, *p->name ? p->name : p->type, shown));
    }
}

typedef struct {
    Store *store;
    const Content *content;
    GError *problem;
    const Reader *how;
    const Cancel *stop;
    Loaded *loaded;
} Source;

/* By the person's program: it gets the text on its standard input, and nothing of it in its command. */
static Rendered *by_filter(gpointer data, const Part *p, const char *given)
{
    Source *source = data;
    g_autoptr(GString) output = NULL;
    g_autoptr(GError) err = NULL;
    const char *own = filter_for(source->how->filters, p->type);
    const char *command = own ? own : g_str_equal(p->type, "text/html") ? source->how->html_filter : "";
    if (!*command || source->loaded->filter_problem)
        return NULL;
    if (!spawn_capture(command, given, strlen(given), FILTER_MS, source->stop, &output, &err)) {
        source->loaded->filter_problem =
            g_strdup_printf(own ? _("The filter failed, so Pintail shows this itself: %s")
                                : _("html-filter failed, so Pintail shows this itself: %s"), err->message);
        return NULL;
    }
    g_autofree char *text = text_make_valid(output->str, output->len);
    return render_plain(text, strlen(text), FALSE, FALSE);
}

static char *part_text(gpointer data, const Part *p)
{
    Source *source = data;
    return source->problem ? NULL : content_text(source->content, source->store, p, &source->problem);
}

/* All that is read. A message is missing when nothing of its text is here; without a part of it the
 * rest is shown. */
static gboolean take_text(Loaded *l, Store *s, Content *c, const Reader *how, const Cancel *stop, GError **err)
{
    Source source = {s, c, NULL, how, stop, l};
    ReadingResult r = reading_render_html(c->root, how->prefer_html, part_text, by_filter, &source);
    if (source.problem) {
        rendered_free(r.rendered);
        g_propagate_error(err, source.problem);
        return FALSE;
    }
    if (r.empty && r.missing) {
        rendered_free(r.rendered);
        l->missing = TRUE;
        return TRUE;
    }
    l->empty = r.empty;
    l->html = r.html;
    l->rendered = r.rendered;
    l->invitation = r.invitation != NULL;
    return TRUE;
}

static gboolean take_source(Loaded *l, Store *s, Content *c, GError **err)
{
    g_autofree char *text = content_source(c, s, err);
    if (!text)
        return FALSE;
    l->rendered = render_source(text, strlen(text));
    l->source = TRUE;
    return TRUE;
}

Loaded *viewer_load(Store *s, gint64 message, const Reader *how, const Cancel *stop, GError **err)
{
    g_autoptr(Loaded) l = g_new0(Loaded, 1);
    GError *problem = NULL;
    g_atomic_ref_count_init(&l->refs);
    l->message = message;
    l->headers = g_ptr_array_new_with_free_func(g_free);
    l->attachments = g_ptr_array_new_with_free_func(g_free);
    l->envelope = message_envelope(s, message, NULL);
    g_autoptr(Content) c = content_open(s, message, &problem);
    if (problem) {
        g_propagate_error(err, problem);
        return NULL;
    }
    if (!c) {
        l->missing = TRUE;
        return g_steal_pointer(&l);
    }
    gsize len;
    const char *header = g_bytes_get_data(c->header, &len);
    take_headers(l->headers, header, len);
    take_attachments(l, c->root);
    if (how->charset)
        content_set_charset(c, how->charset);
    if (how->source ? !take_source(l, s, c, err) : !take_text(l, s, c, how, stop, err))
        return NULL;
    trust_look(l, s, c);
    return g_steal_pointer(&l);
}
