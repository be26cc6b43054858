/* trust_files.c - attachments that run when they are opened, by their names and by their first bytes. */
#include <string.h>
#include "trust_private.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define PARTS_LOOKED_AT 200
#define SHOWN_MAX 60 /* cells of a name */

/* What a double click starts, somewhere. */
static const char *const programs[] = {
    "exe", "com", "scr", "pif", "bat", "cmd", "vbs", "vbe", "js", "jse", "wsf", "wsh", "hta", "cpl", "msi", "msp",
    "msc", "lnk", "url", "iso", "img", "vhd", "vhdx", "jar", "ps1", "reg", "scf", "appx", "apk", "dmg", "pkg",
    "app", "desktop", "run", "command", "chm", "xll", "one", "inf", "sys", "dll", "ocx", "gadget", "jnlp", "xpi",
    "elf", "appimage", "deb", "rpm", NULL};
/* What people who program send to each other, too. */
static const char *const scripts[] = {"sh", "bash", "py", "pl", "rb", "php", "ps", "mjs", "csh", "ksh", "zsh", NULL};
static const char *const macros[] = {"docm", "dotm", "xlsm", "xltm", "xlam", "pptm", "potm", "ppsm", "sldm", NULL};
/* What looks harmless before the real ending. */
static const char *const harmless[] = {"pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "txt", "rtf", "odt", "ods",
                                       "jpg", "jpeg", "png", "gif", "mp3", "mp4", "csv", "zip", "html", "htm", "eml",
                                       NULL};

/* The ending without the dot, lower case; what follows it that nobody sees (blanks, dots) is left out. *before: the
 * length of the name up to its dot. NULL: none. */
static char *ending_of(const char *name, gsize len, gsize *before)
{
    while (len > 0 && strchr(" .\t", name[len - 1]))
        len--;
    const char *dot = len > 0 ? memrchr(name, '.', len) : NULL;
    if (!dot)
        return NULL;
    *before = (gsize)(dot - name);
    return g_ascii_strdown(dot + 1, (gssize)(len - *before - 1));
}

static gboolean turns_direction(const char *name)
{
    for (const char *p = name; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f)
            return TRUE;
    }
    return FALSE;
}

static void look_at_name(GPtrArray *to, const Part *p, const char *shown)
{
    gsize before = 0, ignored;
    g_autofree char *name = g_utf8_make_valid(p->name, -1);
    g_autofree char *end = ending_of(name, strlen(name), &before);
    g_autofree char *first = end ? ending_of(name, before, &ignored) : NULL;
    gboolean program = end && g_strv_contains(programs, end);
    gboolean script = end && g_strv_contains(scripts, end);
    if (turns_direction(name))
        trust_add(to, TRUST_WARNING, g_strdup_printf(_("a file name that hides its ending: %s"), shown),
                  g_strdup_printf(_("The name of the attachment %s holds characters that turn the direction of writing, "
                                    "so that elsewhere its ending looks like another one."), shown));
    if ((program || script) && first && g_strv_contains(harmless, first))
        trust_add(to, TRUST_WARNING, g_strdup_printf(_("a program that looks like a document: %s"), shown),
                  g_strdup_printf(_("The attachment %s has two endings: it looks like .%s, but .%s files are run when "
                                    "they are opened."), shown, first, end));
    else if (program)
        trust_add(to, TRUST_WARNING, g_strdup_printf(_("a program is attached: %s"), shown),
                  g_strdup_printf(_("The attachment %s is of a kind (.%s) that runs, or starts something, when it is opened."),
                                  shown, end));
    else if (script)
        trust_add(to, TRUST_NOTE, g_strdup_printf(_("a script is attached: %s"), shown),
                  g_strdup_printf(_("The attachment %s is a script (.%s)."), shown, end));
    else if (end && g_strv_contains(macros, end))
        trust_add(to, TRUST_NOTE, g_strdup_printf(_("a document with macros: %s"), shown),
                  g_strdup_printf(_("The attachment %s is a document that can hold programs (macros)."), shown));
}

static gboolean holds(const char *text, gsize len, const char *word)
{
    gsize n = strlen(word);
    for (gsize i = 0; i + n <= len; i++)
        if ((text[i] == word[0] || text[i] == g_ascii_toupper(word[0])) && g_ascii_strncasecmp(text + i, word, n) == 0)
            return TRUE;
    return FALSE;
}

static gboolean is_page(const Part *p, const char *end)
{
    static const char *const types[] = {"text/html", "application/xhtml+xml", "image/svg+xml", NULL};
    static const char *const endings[] = {"html", "htm", "xhtml", "xht", "shtml", "svg", "mht", "mhtml", NULL};
    return g_strv_contains(types, p->type) || (end && g_strv_contains(endings, end));
}

static void look_into(GPtrArray *to, const Part *p, const char *shown, const char *at, gsize len)
{
    static const char shortcut[] = "\x4c\0\0\0\x01\x14\x02";
    gsize before = 0;
    g_autofree char *end = ending_of(p->name, strlen(p->name), &before);
    gboolean named = end && (g_strv_contains(programs, end) || g_strv_contains(scripts, end));
    const char *kind = NULL;
    if (len > 64 && memcmp(at, "MZ", 2) == 0)
        kind = _("a Windows program");
    else if (len > 16 && memcmp(at, "\x7f" "ELF", 4) == 0)
        kind = _("a Unix program");
    else if (len >= sizeof shortcut && memcmp(at, shortcut, sizeof shortcut - 1) == 0)
        kind = _("a Windows shortcut, which can start any program");
    else if (len > 3 && memcmp(at, "#!", 2) == 0 && (at[2] == '/' || at[2] == ' '))
        kind = _("a script");
    if (kind && !named)
        trust_add(to, TRUST_WARNING, g_strdup_printf(_("a program that does not look like one: %s"), shown),
                  g_strdup_printf(_("The content of the attachment %s is %s, whatever its name says."), shown, kind));
    if (kind || !is_page(p, end))
        return;
    if (holds(at, len, "<script") || holds(at, len, "javascript:"))
        trust_add(to, TRUST_WARNING, g_strdup_printf(_("a page with a program in it is attached: %s"), shown),
                  g_strdup_printf(_("The attachment %s is a web page with a script, which a browser would run."), shown));
    else if (holds(at, len, "<form") || holds(at, len, "type=\"password\""))
        trust_add(to, TRUST_WARNING, g_strdup_printf(_("a page that asks for something is attached: %s"), shown),
                  g_strdup_printf(_("The attachment %s is a web page with a form: what is typed there goes to whoever made it."),
                                  shown));
}

void trust_files(GPtrArray *findings, const Part *root, TrustBytes bytes, gpointer data)
{
    g_autoptr(GPtrArray) parts = part_attachments(root);
    for (guint i = 0; i < parts->len && i < PARTS_LOOKED_AT; i++) {
        const Part *p = parts->pdata[i];
        g_autofree char *shown = text_clip(*p->name ? p->name : p->type, SHOWN_MAX, FALSE);
        g_autoptr(GBytes) begin = bytes ? bytes(data, p) : NULL;
        gsize len = 0;
        const char *at = begin ? g_bytes_get_data(begin, &len) : NULL;
        look_at_name(findings, p, shown);
        if (len > 0)
            look_into(findings, p, shown, at, len);
    }
}
