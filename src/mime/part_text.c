/* part_text.c - the tree as text and back, see part.h for the form. */
#include <stdlib.h>
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "tree.h"

#define FIELDS 10

static const char *const encodings[] = {
    [PART_ENCODING_IDENTITY] = "identity",
    [PART_ENCODING_BASE64] = "base64",
    [PART_ENCODING_QUOTED_PRINTABLE] = "quoted-printable",
    [PART_ENCODING_UUENCODE] = "uuencode",
    [PART_ENCODING_YENC] = "yenc",
};

static void put(GString *out, const char *s)
{
    g_string_append_c(out, '\t');
    for (; *s; s++) {
        if (*s == '\t')
            g_string_append(out, "\\t");
        else if (*s == '\n')
            g_string_append(out, "\\n");
        else if (*s == '\\')
            g_string_append(out, "\\\\");
        else
            g_string_append_c(out, *s);
    }
}

static char *get(const char *s)
{
    GString *out = g_string_new(NULL);
    for (; *s; s++) {
        if (*s == '\\' && s[1]) {
            s++;
            g_string_append_c(out, *s == 't' ? '\t' : *s == 'n' ? '\n' : *s);
        } else {
            g_string_append_c(out, *s);
        }
    }
    char *valid = g_utf8_make_valid(out->str, (gssize)out->len);
    g_string_free(out, TRUE);
    return valid;
}

static void put_part(GString *out, guint depth, const Part *p)
{
    g_string_append_printf(out, "%u", depth);
    put(out, p->type);
    put(out, p->charset);
    put(out, p->name);
    put(out, p->disposition);
    put(out, p->content_id);
    put(out, p->description);
    put(out, encodings[p->encoding]);
    g_string_append_printf(out, "\t%" G_GUINT64_FORMAT "\t%s%s\n", p->size,
                           p->flowed ? "flowed" : "", p->delsp ? ",delsp" : "");
}

char *part_tree_to_text(const Part *root)
{
    GString *out = g_string_new(NULL);
    for (const Part *p = root; p; p = tree_next(p))
        if (!p->content) /* what is in a winmail.dat is found again when that is here */
            put_part(out, tree_depth(p), p);
    return g_string_free(out, FALSE);
}

void part_tree_add(GString *text, guint depth, const PartFacts *facts)
{
    Part *p = tree_part_new(NULL);
    Params params;
    params_init_pairs(&params, facts->type_params);
    g_free(params.main);
    params.main = g_strdup(facts->type ? facts->type : "");
    tree_set_type(p, &params);
    params_clear(&params);
    params_init_pairs(&params, facts->disposition_params);
    g_free(params.main);
    params.main = g_strdup(facts->disposition ? facts->disposition : "");
    tree_set_disposition(p, &params);
    params_clear(&params);
    tree_set_defaults(p);
    p->encoding = tree_encoding(facts->encoding ? facts->encoding : "");
    p->size = facts->size;
    if (facts->content_id) {
        const char *open = strchr(facts->content_id, '<');
        const char *id = open ? open + 1 : facts->content_id;
        g_free(p->content_id);
        p->content_id = g_strndup(id, strcspn(id, ">"));
    }
    if (facts->description) {
        g_free(p->description);
        p->description = header_decode(facts->description, strlen(facts->description));
    }
    put_part(text, depth, p);
    part_free(p);
}

static void take(char **into, const char *field)
{
    g_free(*into);
    *into = get(field);
}

static gboolean read_number(const char *s, guint64 max, guint64 *out)
{
    return g_ascii_string_to_unsigned(s, 10, 0, max, out, NULL);
}

static Part *part_from_fields(char **f, Part *parent)
{
    guint64 size;
    if (!read_number(f[8], G_MAXUINT64 / 2, &size) || !strchr(f[1], '/'))
        return NULL;
    Part *p = tree_part_new(parent);
    take(&p->type, f[1]);
    take(&p->charset, f[2]);
    take(&p->name, f[3]);
    take(&p->disposition, f[4]);
    take(&p->content_id, f[5]);
    take(&p->description, f[6]);
    p->encoding = tree_encoding(f[7]);
    p->size = size;
    p->flowed = strstr(f[9], "flowed") != NULL;
    p->delsp = strstr(f[9], "delsp") != NULL;
    return p;
}

static gboolean read_line(const char *line, Part **root, Part **last, guint *last_depth)
{
    guint64 depth;
    g_auto(GStrv) f = g_strsplit(line, "\t", FIELDS + 1);
    if (g_strv_length(f) != FIELDS || !read_number(f[0], 2 * PART_DEPTH_MAX + 2, &depth))
        return FALSE;
    if (!*root) {
        if (depth != 0 || !(*root = part_from_fields(f, NULL)))
            return FALSE;
        *last = *root;
        *last_depth = 0;
        return TRUE;
    }
    if (depth == 0 || depth > *last_depth + 1)
        return FALSE;
    Part *parent = *last;
    for (guint d = *last_depth + 1; d > depth; d--)
        parent = parent->parent;
    Part *p = part_from_fields(f, parent);
    if (!p)
        return FALSE;
    *last = p;
    *last_depth = (guint)depth;
    return TRUE;
}

Part *part_tree_from_text(const char *text, GError **err)
{
    g_autoptr(Part) root = NULL;
    Part *last = NULL;
    guint depth = 0, count = 0;
    while (*text) {
        gsize len = strcspn(text, "\n");
        g_autofree char *line = g_strndup(text, len);
        if (++count > PART_COUNT_MAX || !read_line(line, &root, &last, &depth)) {
            error_set(err, PINTAIL_ERROR_PROTOCOL,
                      _("line %u of the stored structure is not valid"), count);
            return NULL;
        }
        text += len + (text[len] == '\n');
    }
    if (!root) {
        error_set(err, PINTAIL_ERROR_PROTOCOL, _("the stored structure is empty"));
        return NULL;
    }
    tree_number(root);
    return g_steal_pointer(&root);
}
