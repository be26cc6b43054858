/* key.c - names of keys: as the rc writes them, and short for hints. */
#include <string.h>
#include "pintail/term/key.h"
#include "pintail/util/i18n.h"

typedef struct {
    const char *name; /* as written in the rc; the first of a kind is the one that key_to_name() gives */
    const char *label;
    KeyKind kind;
    gunichar code;
    guint mods;
} KeyName;

static const KeyName key_names[] = {
    {"space", N_("Spc"), KEY_CHAR, ' ', 0},
    {"enter", N_("Enter"), KEY_ENTER, 0, 0},
    {"return", N_("Enter"), KEY_ENTER, 0, 0},
    {"esc", N_("Esc"), KEY_ESC, 0, 0},
    {"escape", N_("Esc"), KEY_ESC, 0, 0},
    {"tab", N_("Tab"), KEY_TAB, 0, 0},
    {"backtab", N_("S-Tab"), KEY_BACKTAB, 0, 0},
    {"shift-tab", N_("S-Tab"), KEY_BACKTAB, 0, 0},
    {"backspace", N_("BkSp"), KEY_BACKSPACE, 0, 0},
    {"delete", N_("Del"), KEY_DELETE, 0, 0},
    {"del", N_("Del"), KEY_DELETE, 0, 0},
    {"insert", N_("Ins"), KEY_INSERT, 0, 0},
    {"up", N_("Up"), KEY_ARROW_UP, 0, 0},
    {"down", N_("Down"), KEY_ARROW_DOWN, 0, 0},
    {"left", N_("Left"), KEY_ARROW_LEFT, 0, 0},
    {"right", N_("Right"), KEY_ARROW_RIGHT, 0, 0},
    {"pgup", N_("PgUp"), KEY_PAGE_UP, 0, 0},
    {"pageup", N_("PgUp"), KEY_PAGE_UP, 0, 0},
    {"pgdn", N_("PgDn"), KEY_PAGE_DOWN, 0, 0},
    {"pagedown", N_("PgDn"), KEY_PAGE_DOWN, 0, 0},
    {"home", N_("Home"), KEY_HOME_, 0, 0},
    {"end", N_("End"), KEY_END_, 0, 0},
    {"semicolon", ";", KEY_CHAR, ';', 0},
    {"hash", "#", KEY_CHAR, '#', 0},
    {"backslash", "\\", KEY_CHAR, '\\', 0},
};

/* Keys that a terminal cannot tell apart are one key. */
static void normalize(Key *k)
{
    if (k->kind != KEY_CHAR || !(k->mods & KEY_MOD_CTRL))
        return;
    KeyKind same = k->code == 'i' ? KEY_TAB : k->code == 'm' || k->code == 'j' ? KEY_ENTER
                   : k->code == 'h' ? KEY_BACKSPACE : k->code == '[' ? KEY_ESC : KEY_CHAR;
    if (same == KEY_CHAR)
        return;
    k->kind = same;
    k->code = 0;
    k->mods &= ~(guint)KEY_MOD_CTRL;
}

static gboolean parse_base(const char *name, Key *out)
{
    for (gsize i = 0; i < G_N_ELEMENTS(key_names); i++)
        if (g_ascii_strcasecmp(name, key_names[i].name) == 0) {
            out->kind = key_names[i].kind;
            out->code = key_names[i].code;
            return TRUE;
        }
    if ((name[0] == 'f' || name[0] == 'F') && g_ascii_isdigit(name[1])) {
        char *end;
        gulong n = strtoul(name + 1, &end, 10);
        if (*end || n < 1 || n > 12)
            return FALSE;
        out->kind = KEY_FUNCTION;
        out->code = (gunichar)n;
        return TRUE;
    }
    if (!g_utf8_validate(name, -1, NULL) || g_utf8_strlen(name, -1) != 1)
        return FALSE;
    gunichar c = g_utf8_get_char(name);
    if (!g_unichar_isprint(c))
        return FALSE;
    out->kind = KEY_CHAR;
    out->code = c;
    return TRUE;
}

static const char *strip_modifiers(const char *name, guint *mods)
{
    static const struct {
        const char *prefix;
        guint mod;
    } prefixes[] = {{"ctrl-", KEY_MOD_CTRL}, {"c-", KEY_MOD_CTRL}, {"alt-", KEY_MOD_ALT},
                    {"m-", KEY_MOD_ALT}, {"shift-", KEY_MOD_SHIFT}};
    for (gsize i = 0; i < G_N_ELEMENTS(prefixes);) {
        gsize n = strlen(prefixes[i].prefix);
        if (g_ascii_strncasecmp(name, prefixes[i].prefix, n) == 0 && name[n]) {
            *mods |= prefixes[i].mod;
            name += n;
            i = 0;
        } else {
            i++;
        }
    }
    if (name[0] == '^' && name[1]) {
        *mods |= KEY_MOD_CTRL;
        name++;
    }
    return name;
}

gboolean key_parse(const char *name, Key *out, char **problem)
{
    *out = (Key){.kind = KEY_NONE};
    const char *base = name;
    guint mods = 0;
    if (g_ascii_strcasecmp(name, "shift-tab") != 0)
        base = strip_modifiers(name, &mods);
    if (!parse_base(base, out)) {
        if (problem)
            *problem = g_strdup_printf(_("unknown key \"%s\": write one character, or ctrl-d, alt-v, "
                                         "f1, pgup, pgdn, home, end, space, enter, tab, esc"),
                                       name);
        return FALSE;
    }
    out->mods = mods;
    if (out->kind == KEY_CHAR && (mods & KEY_MOD_SHIFT)) {
        if (problem)
            *problem = g_strdup_printf(_("\"%s\": write the shifted character itself"), name);
        return FALSE;
    }
    if (out->kind == KEY_CHAR && (mods & KEY_MOD_CTRL)) {
        if (out->code >= 0x80) {
            if (problem)
                *problem = g_strdup_printf(_("\"%s\": ctrl- goes with a letter"), name);
            return FALSE;
        }
        out->code = (gunichar)g_ascii_tolower((char)out->code);
    }
    normalize(out);
    return TRUE;
}

static const KeyName *find_name(const Key *k)
{
    for (gsize i = 0; i < G_N_ELEMENTS(key_names); i++)
        if (key_names[i].kind == k->kind && (k->kind != KEY_CHAR || key_names[i].code == k->code))
            return &key_names[i];
    return NULL;
}

char *key_to_name(const Key *k)
{
    g_autoptr(GString) s = g_string_new(NULL);
    if (k->mods & KEY_MOD_CTRL)
        g_string_append(s, "ctrl-");
    if (k->mods & KEY_MOD_ALT)
        g_string_append(s, "alt-");
    if (k->mods & KEY_MOD_SHIFT)
        g_string_append(s, "shift-");
    const KeyName *n = find_name(k);
    if (k->kind == KEY_FUNCTION)
        g_string_append_printf(s, "f%u", (guint)k->code);
    else if (n)
        g_string_append(s, n->name);
    else if (k->kind == KEY_CHAR)
        g_string_append_unichar(s, k->code);
    else
        g_string_append(s, k->kind == KEY_PASTE ? "paste" : k->kind == KEY_MOUSE ? "mouse" : "none");
    return g_string_free(g_steal_pointer(&s), FALSE);
}

char *key_label(const Key *k)
{
    g_autoptr(GString) s = g_string_new(NULL);
    if (k->mods & KEY_MOD_ALT)
        g_string_append(s, "M-");
    if (k->mods & KEY_MOD_SHIFT)
        g_string_append(s, "S-");
    if (k->mods & KEY_MOD_CTRL)
        g_string_append(s, "^");
    const KeyName *n = find_name(k);
    if (k->kind == KEY_FUNCTION)
        g_string_append_printf(s, "F%u", (guint)k->code);
    else if (n)
        g_string_append(s, _(n->label));
    else if (k->kind == KEY_CHAR)
        g_string_append_unichar(s, k->mods & KEY_MOD_CTRL ? g_unichar_toupper(k->code) : k->code);
    else {
        g_autofree char *name = key_to_name(k);
        g_string_append(s, name);
    }
    return g_string_free(g_steal_pointer(&s), FALSE);
}

gboolean key_equal(const Key *a, const Key *b)
{
    return a->kind == b->kind && a->code == b->code && a->mods == b->mods;
}

void key_clear(Key *k)
{
    g_clear_pointer(&k->text, g_free);
    k->kind = KEY_NONE;
}
