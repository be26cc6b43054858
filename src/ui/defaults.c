/* defaults.c - default keys and colours, as rc text that runs through the person's own parser. */
#include "keymap.h"
#include "command.h"
#include "pintail/util/i18n.h"

/* In both sets: keys that mean the same to everybody. */
#define COMMON_KEYS                                                                               \
    "bind all ? help", "bind all f1 help", "bind all : command-line", "bind all esc cancel",      \
    "bind all ctrl-l redraw", "bind all ctrl-z suspend", "bind all ctrl-c 'quit'",                 \
    "bind all ctrl-y clipboard",                                                                   \
    "bind all alt-1 'account 1'", "bind all alt-2 'account 2'", "bind all alt-3 'account 3'",      \
    "bind all alt-4 'account 4'", "bind all alt-5 'account 5'", "bind all alt-6 'account 6'",      \
    "bind all alt-7 'account 7'", "bind all alt-8 'account 8'", "bind all alt-9 'account 9'",      \
    "bind folders up up", "bind folders down down", "bind folders j down", "bind folders k up",    \
    "bind folders pgup page-up", "bind folders pgdn page-down", "bind folders home first",         \
    "bind folders end last", "bind folders enter open", "bind folders space open",                 \
    "bind folders left pane-left", "bind folders right pane-right",                                \
    "bind folders n next-unread-folder", "bind folders N folder-mark-read",                        \
    "bind folders a folder-create", "bind folders e folder-rename", "bind folders d folder-delete", \
    "bind folders s subscribe", "bind folders p folder-pin", "bind folders v folder-view",         \
    "bind folders o folder-sort", "bind folders - 'folder-fold on'", "bind folders + 'folder-fold off'", \
    "bind list up up", "bind list down down", "bind list j down", "bind list k up",                \
    "bind list pgup page-up", "bind list pgdn page-down", "bind list home first",                  \
    "bind list end last", "bind list enter open", "bind list space open",                          \
    "bind list left pane-left", "bind list right pane-right",                                      \
    "bind list + 'fold-thread off'", "bind list - 'fold-thread on'", "bind list alt-v fold-thread",        \
    "bind list alt-V fold-all", "bind list P parent",                                             \
    "bind list Z conversation", "bind conversation T toggle-quotes",                              \
    "bind conversation J next-message", "bind conversation K previous-message",                   \
    "bind conversation enter open", "bind conversation backspace page-up",                        \
    "bind list tab next-unread", "bind list backtab previous-unread",   \
    "bind viewer up up", "bind viewer down down", "bind viewer pgup page-up",                      \
    "bind viewer pgdn page-down", "bind viewer home first", "bind viewer end last",                \
    "bind viewer space read-on", "bind viewer - page-up", "bind viewer backspace page-up",         \
    "bind viewer enter down", "bind viewer o open-link", "bind list ctrl-e charset",             \
    "bind list W why", "bind list alt-u unsubscribe", "bind list alt-a alternative", "bind list alt-r raw", "bind viewer left pane-left", "bind viewer right pane-right",        \
    "bind help up up", "bind help down down", "bind help pgup page-up",                            \
    "bind help pgdn page-down", "bind help home first", "bind help end last",                      \
    "bind help enter open",                                                                        \
    "bind picker up up", "bind picker down down", "bind picker pgup page-up",                      \
    "bind picker pgdn page-down", "bind picker home first", "bind picker end last",                \
    "bind picker enter open",                                                                      \
    "bind text up up", "bind text down down", "bind text pgup page-up",                            \
    "bind text pgdn page-down", "bind text space page-down", "bind text - page-up",                \
    "bind text home first", "bind text end last", "bind text j down", "bind text k up",            \
    "bind compose y send", "bind compose Y send-later", "bind compose e edit",                       \
    "bind compose E edit-headers",                                                                   \
    "bind compose a attach", "bind compose D detach", "bind compose P postpone",                   \
    "bind compose t edit-to", "bind compose c edit-cc", "bind compose b edit-bcc",                 \
    "bind compose s edit-subject", "bind compose f edit-from", "bind compose r edit-reply-to",     \
    "bind compose up up", "bind compose down down", "bind compose pgup page-up",                   \
    "bind compose pgdn page-down", "bind compose space page-down", "bind compose - page-up",       \
    "bind parts up up", "bind parts down down", "bind parts j down", "bind parts k up",            \
    "bind parts s save", "bind parts t tag", "bind parts o open-with", "bind parts | pipe-part", "bind parts enter open", "bind parts home first", "bind parts end last",  \
    "bind problems up up", "bind problems down down", "bind problems j down",                      \
    "bind problems k up", "bind problems r retry", "bind problems d dismiss",                      \
    "bind problems e edit", "bind problems enter open", "bind problems home first",                \
    "bind problems end last",                                                                      \
    "bind question up up", "bind question down down", "bind question r reject",                    \
    "bind question pgup page-up", "bind question pgdn page-down", "bind question space page-down", \
    "bind question - page-up", "bind question home first", "bind question end last",               \
    "bind question o accept-once", "bind question a accept-always",                                \
    "bind folders '{' previous-folder",                                                            \
    "bind folders '}' next-folder", "bind list '{' previous-folder", "bind list '}' next-folder"

static const char *const mutt_keys[] = {
    COMMON_KEYS,
    "bind folders '\\' zoom", "bind list '\\' zoom",
    "bind all q quit", "bind all x exit", "bind all u undo", "bind all G get-mail",
    "bind all y go", "bind all c change-folder", "bind all ! shell", "bind all O problems",
    "bind folders m write", "bind list m write", "bind folders R resume", "bind list R resume",
    "bind list B browser", "bind list r reply", "bind list g reply-all", "bind list L reply-list", "bind list f forward",
    "bind list e edit-as-new", "bind list v parts", "bind list U links",
    "bind list d delete", "bind list delete delete", "bind list D delete-pattern", "bind list s move", "bind list C copy",
    "bind list A archive", "bind list X junk", "bind list F flag", "bind list N toggle-new",
    "bind list t tag", "bind list T tag-pattern", "bind list ';' tagged", "bind list l limit",
    "bind list / search", "bind list n search-next", "bind list alt-n search-previous",
    "bind list o sort", "bind list $ purge", "bind list | pipe", "bind list w save-message", "bind list p print", "bind list h headers",
    "bind list ctrl-d delete-thread", "bind list ctrl-r read-thread",
    "bind list * last", "bind list = first", "bind list ] half-down", "bind list [ half-up",
    "bind list J next-message", "bind list K previous-message",
    "bind list 1 'type \"jump 1\"'", "bind list 2 'type \"jump 2\"'", "bind list 3 'type \"jump 3\"'",
    "bind list 4 'type \"jump 4\"'", "bind list 5 'type \"jump 5\"'", "bind list 6 'type \"jump 6\"'",
    "bind list 7 'type \"jump 7\"'", "bind list 8 'type \"jump 8\"'", "bind list 9 'type \"jump 9\"'",
    "bind viewer j next-message", "bind viewer k previous-message",
    "bind viewer J next-message", "bind viewer K previous-message",
    "bind viewer T toggle-quotes", "bind viewer S skip-quoted",
    "bind viewer ] half-down", "bind viewer [ half-up",
    NULL,
};

/* Motions as in vi, actions as in aerc. */
static const char *const vi_keys[] = {
    COMMON_KEYS,
    "bind all q quit", "bind all Q exit", "bind all u undo", "bind all $ get-mail",
    "bind all c change-folder", "bind all ! shell", "bind all ctrl-p previous-folder",
    "bind all ctrl-n next-folder", "bind all y go",
    "bind folders g first", "bind folders G last", "bind folders l pane-right",
    "bind folders J next-folder", "bind folders K previous-folder",
    "bind folders ctrl-d half-down", "bind folders ctrl-u half-up", "bind folders ctrl-f page-down",
    "bind folders ctrl-b page-up",
    "bind list g first", "bind list G last", "bind list h pane-left", "bind list l pane-right",
    "bind list ctrl-d half-down", "bind list ctrl-u half-up", "bind list ctrl-f page-down",
    "bind list ctrl-b page-up", "bind list J next-folder", "bind list K previous-folder",
    "bind all O problems", "bind folders m write", "bind list m write", "bind list C write",
    "bind list r reply", "bind list R reply-all", "bind list f forward", "bind list e edit-as-new",
    "bind list p parts", "bind list L links", "bind list B browser",
    "bind list d delete", "bind list delete delete", "bind list D delete-pattern", "bind list a archive", "bind list A archive",
    "bind list M move", "bind list Y copy", "bind list X junk", "bind list * flag",
    "bind list N search-previous", "bind list n search-next", "bind list / search",
    "bind folders z zoom", "bind list '\\' limit", "bind list v tag", "bind list V tag-pattern", "bind list ';' tagged",
    "bind list o sort", "bind list E purge", "bind list | pipe", "bind list w save-message", "bind list H headers",
    "bind list U toggle-new", "bind list z zoom", "bind list ctrl-r read-thread",
    "bind viewer j down", "bind viewer k up", "bind viewer J next-message",
    "bind viewer K previous-message", "bind viewer g first", "bind viewer G last",
    "bind viewer ctrl-d half-down", "bind viewer ctrl-u half-up", "bind viewer ctrl-f page-down",
    "bind viewer ctrl-b page-up", "bind viewer T toggle-quotes", "bind viewer S skip-quoted",
    "bind viewer h pane-left",
    "bind text g first", "bind text G last", "bind text ctrl-d half-down", "bind text ctrl-u half-up",
    NULL,
};

/* On the terminal's own colours, so that light and dark ones both look right; every difference is
 * also one of shape or weight, for terminals without colours. */
static const char *const colors[] = {
    "color border dim",
    "color status reverse",
    "color status.unread 'bold reverse'",
    "color status.online 'reverse green'",
    "color status.warning 'bold reverse yellow'",
    "color status.error 'bold reverse red'",
    "color message normal",
    "color message.warning 'bold yellow'",
    "color message.error 'bold red'",
    "color message.progress cyan",
    "color hint normal",
    "color hint.key bold",
    "color prompt bold",
    "color prompt.input normal",
    "color prompt.candidate normal",
    "color prompt.selected reverse",
    "color prompt.note dim",
    "color title bold",
    "color title.focus 'bold reverse'",
    "color selected reverse",
    "color selected.unfocused 'bold underline'",
    "color folders normal",
    "color folders.account 'bold underline'",
    "color folders.unread bold",
    "color folders.open 'bold cyan'",
    "color folders.add dim",
    "color list normal",
    "color list.header dim",
    "color list.unread bold",
    "color list.flagged 'bold yellow'",
    "color list.deleted dim",
    "color list.tagged 'bold magenta'",
    "color list.parked 'bold red'",
    "color list.waiting dim",
    "color viewer normal",
    "color viewer.header normal",
    "color viewer.header.name dim",
    "color viewer.header.subject bold",
    "color viewer.attachment cyan",
    "color viewer.exception 'bold yellow'",
    "color viewer.warning 'bold red'",
    "color viewer.quote green",
    "color viewer.quote2 blue",
    "color viewer.quote3 magenta",
    "color viewer.signature dim",
    "color viewer.heading bold",
    "color viewer.links cyan",
    "color viewer.link underline",
    "color viewer.bold bold",
    "color viewer.italic italic",
    "color viewer.underline underline",
    "color viewer.strike dim",
    "color viewer.code normal",
    "color viewer.card normal",
    "color viewer.diff.added green",
    "color viewer.diff.removed red",
    "color viewer.diff.hunk cyan",
    "color viewer.diff.file bold",
    "color viewer.match reverse",
    "color viewer.note dim",
    "color help normal",
    "color help.title 'bold underline'",
    "color help.key bold",
    "color help.note dim",
    "color form normal",
    "color form.label bold",
    "color form.input underline",
    "color form.error 'bold red'",
    "color form.note dim",
    "color form.ok green",
    "color compose normal",
    "color compose.label bold",
    "color compose.warning 'bold yellow'",
    "color problems normal",
    "color problems.error 'bold red'",
    "color editor normal",
    NULL,
};

const char *const *default_bindings(const char *set)
{
    return g_str_equal(set, "vi") ? vi_keys : mutt_keys;
}

const char *const *default_colors(void)
{
    return colors;
}

const char *const *default_elements(void)
{
    static const char *names[G_N_ELEMENTS(colors) + 1];
    static char *copies[G_N_ELEMENTS(colors)];
    if (names[0])
        return names;
    for (gsize i = 0; colors[i]; i++) {
        g_auto(GStrv) words = g_strsplit(colors[i], " ", 3);
        copies[i] = g_strdup(words[1]);
        names[i] = copies[i];
    }
    return names;
}

Conf *defaults_conf(const char *set, char **problem)
{
    g_autoptr(Conf) c = conf_new();
    const char *const *texts[] = {default_colors(), default_bindings(set)};
    for (gsize t = 0; t < G_N_ELEMENTS(texts); t++)
        for (const char *const *line = texts[t]; *line; line++) {
            g_autoptr(GError) err = NULL;
            if (conf_execute(c, *line, &err))
                continue;
            if (problem)
                *problem = g_strdup_printf("%s: %s", *line, err->message);
            return NULL;
        }
    return g_steal_pointer(&c);
}
