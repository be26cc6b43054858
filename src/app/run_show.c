/* run_show.c - `pintail show FILE|ID|-`: a message as the viewer shows it, or as JSON. Only an id
 * needs configuration and store. Never fails on a message: whatever can be shown is shown.
 * What goes to a terminal, or is text, passes printable_text(); --raw is for pipes and files. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <unistd.h>
#include "app.h"
#include "pintail/mime/describe.h"
#include "pintail/mime/envelope.h"
#include "pintail/mime/reading.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define READ_MAX (1024ull * 1024 * 1024)
#define WIDTH_DEFAULT 80

typedef struct {
    const char *at;
    gsize len;
    Part *root;
    guint width;
} Shown;

static void print(const char *text)
{
    g_autofree char *printable = printable_text(text, strlen(text), TRUE);
    g_print("%s", printable); /* in the terminal's charset */
}

static int write_raw(const char *at, gsize len)
{
    if (isatty(STDOUT_FILENO)) {
        g_autofree char *printable = printable_text(at, len, TRUE);
        g_print("%s\n", printable);
        return EX_OK;
    }
    return fwrite(at, 1, len, stdout) == len ? EX_OK : EX_IOERR;
}

static void print_people(const char *name, const GPtrArray *list)
{
    if (list->len == 0)
        return;
    g_autofree char *text = address_list_format(list, FALSE);
    g_autofree char *line = g_strdup_printf("%s %s\n", name, text);
    print(line);
}

static void print_usual_headers(const Envelope *e)
{
    print_people(_("From:"), e->from);
    if (e->date) {
        g_autofree char *date = date_format_long(e->date);
        g_autofree char *line = g_strdup_printf("%s %s\n", _("Date:"), date);
        print(line);
    }
    print_people(_("To:  "), e->to);
    print_people(_("Cc:  "), e->cc);
    print_people(_("Bcc: "), e->bcc);
    const Address *first = e->from->len ? e->from->pdata[0] : NULL;
    const Address *reply = e->reply_to->len ? e->reply_to->pdata[0] : NULL;
    if (reply && (!first || g_ascii_strcasecmp(first->address, reply->address) != 0))
        print_people(_("Reply-To:"), e->reply_to);
    g_autofree char *subject = g_strdup_printf("%s %s\n", _("Subject:"), e->subject);
    print(subject);
}

/* Every line of the header: decoded, unfolded, one line each. */
static void print_all_headers(Span header)
{
    const char *p = header.at, *end = header.at + header.len;
    while (p < end) {
        const char *start = p;
        do {
            const char *nl = memchr(p, '\n', (gsize)(end - p));
            p = nl ? nl + 1 : end;
        } while (p < end && (*p == ' ' || *p == '\t'));
        const char *colon = memchr(start, ':', (gsize)(p - start));
        gsize name = colon ? (gsize)(colon - start) + 1 : 0;
        g_autofree char *value = header_decode(start + name, (gsize)(p - start) - name);
        g_autofree char *label = text_make_valid(start, name);
        g_autofree char *flat = printable_text(value, strlen(value), FALSE);
        g_autofree char *line = g_strdup_printf("%s%s%s\n", label, *label ? " " : "", flat);
        print(line);
    }
}

static void print_attachments(const Part *root)
{
    g_autoptr(GPtrArray) parts = part_attachments(root);
    for (guint i = 0; i < parts->len; i++) {
        const Part *p = parts->pdata[i];
        g_autoptr(GBytes) bytes = part_decode(p->encoding, p->body);
        g_autofree char *size = text_size(g_bytes_get_size(bytes));
        g_autofree char *line = g_strdup_printf("[%s] %s (%s, %s)\n", *p->section ? p->section : "1",
                                                *p->name ? p->name : p->type, p->type, size);
        print(line);
    }
}

static char *text_of_part(gpointer data, const Part *p)
{
    return part_text_of(p, p->body, NULL);
}

static void print_message(const Shown *s, gboolean all_headers)
{
    g_autoptr(Envelope) e = envelope_parse(s->at, s->len);
    if (all_headers)
        print_all_headers(s->root->header);
    else
        print_usual_headers(e);
    print_attachments(s->root);
    print("\n");
    ReadingResult r = reading_render(s->root, FALSE, text_of_part, NULL);
    g_autofree char *text = rendered_to_width(r.rendered, s->width);
    print(text);
    rendered_free(r.rendered);
}

/* A part by its number as `show` and the list of parts name it. Text as text; anything else as it is. */
static int print_part(const Shown *s, const char *number, gboolean raw)
{
    const Part *p = part_by_section(s->root, number);
    if (!p || !*number) {
        fprintf(stderr, _("pintail: the message has no part %s\n"), number);
        return EX_NOINPUT;
    }
    if (strncmp(p->type, "text/", 5) != 0 || raw) {
        g_autoptr(GBytes) bytes = part_decode(p->encoding, p->body);
        gsize len;
        const char *at = g_bytes_get_data(bytes, &len);
        return len ? write_raw(at, len) : EX_OK;
    }
    g_autofree char *text = part_text_of(p, p->body, NULL);
    g_autoptr(Rendered) r = g_str_equal(p->type, "text/html") ? render_html(text, strlen(text))
                                                              : render_plain(text, strlen(text), p->flowed, p->delsp);
    g_autofree char *shown = rendered_to_width(r, s->width);
    print(shown);
    return EX_OK;
}

static GBytes *read_all(const char *path, GError **err)
{
    FILE *f = g_str_equal(path, "-") ? stdin : fopen(path, "rbe");
    if (!f) {
        error_set_errno(err, PINTAIL_ERROR_GONE, errno, _("cannot open '%s'"), path);
        return NULL;
    }
    GByteArray *all = g_byte_array_new();
    guint8 buffer[65536];
    gsize n;
    while (all->len < READ_MAX && (n = fread(buffer, 1, sizeof buffer, f)) > 0)
        g_byte_array_append(all, buffer, (guint)n);
    int problem = ferror(f) ? errno : 0;
    if (f != stdin)
        fclose(f);
    GBytes *bytes = g_byte_array_free_to_bytes(all);
    if (!problem)
        return bytes;
    g_bytes_unref(bytes);
    error_set_errno(err, PINTAIL_ERROR_STORE, problem, _("cannot read '%s'"), path);
    return NULL;
}

static guint width_of(const Invocation *i)
{
    struct winsize size;
    if (i->width)
        return i->width;
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
        return size.ws_col;
    return WIDTH_DEFAULT;
}

/* An id is a number that is no file. */
static gboolean is_id(const char *text)
{
    return strspn(text, "0123456789") == strlen(text) && *text && strlen(text) < 19 && access(text, F_OK) != 0;
}

int run_show(const Invocation *i)
{
    g_autoptr(GError) err = NULL;
    const char *what = i->arguments->pdata[0];
    int status = EX_OK;
    g_autoptr(GBytes) bytes = is_id(what) ? app_message(i, what, &status) : read_all(what, &err);
    if (!bytes && !err)
        return status;
    if (!bytes) {
        fprintf(stderr, "pintail: %s\n", err->message);
        return error_is(err, PINTAIL_ERROR_GONE) ? EX_NOINPUT : EX_IOERR;
    }
    gsize len;
    const char *at = g_bytes_get_data(bytes, &len);
    at = at ? at : "";
    if (i->json) {
        g_autofree char *json = message_to_json(at, len);
        return puts(json) >= 0 ? EX_OK : EX_IOERR;
    }
    if (i->raw && !i->part)
        return write_raw(at, len);
    g_autoptr(Part) root = part_parse(at, len);
    Shown s = {at, len, root, width_of(i)};
    if (i->part)
        return print_part(&s, i->part, i->raw);
    print_message(&s, i->headers);
    return EX_OK;
}
