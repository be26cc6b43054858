/* command.c - the table of commands. */
#include <string.h>
#include "command.h"
#include "compose.h"
#include "links.h"
#include "parts_view.h"
#include "problems_view.h"
#include "pintail/util/i18n.h"

#define PANES    "folders list viewer"
#define MESSAGES "list viewer"
#define LISTS    "folders list viewer compose help picker problems parts links text question conversation"

static const struct {
    const char *name, *parent, *title;
} contexts[] = {
    {"all", NULL, N_("everywhere")},
    {"folders", NULL, N_("folder pane")},
    {"list", NULL, N_("message list")},
    {"viewer", "list", N_("message")},
    {"compose", NULL, N_("review before sending")},
    {"editor", NULL, N_("built-in editor")},
    {"form", NULL, N_("form")},
    {"help", NULL, N_("help")},
    {"picker", NULL, N_("choosing from a list")},
    {"problems", NULL, N_("outbox and problems")},
    {"parts", NULL, N_("parts of a message")},
    {"links", NULL, N_("links")},
    {"text", NULL, N_("text")},
    {"question", NULL, N_("question")},
    {"conversation", "text", N_("conversation")},
};

/* In the order of the help: what a newcomer looks for comes first. */
static const Command table[] = {
    /* ---- messages ---- */
    {.name = "delete", .contexts = MESSAGES, .help = N_("delete: move to Trash, or mark (delete-mode)"),
     .run = cmd_delete},
    {.name = "undelete", .contexts = MESSAGES, .help = N_("take a deletion mark away"),
     .run = cmd_undelete},
    {.name = "delete-pattern", .contexts = MESSAGES, .arguments = "[PATTERN]",
     .help = N_("delete all that match (asks, with the count)"),
     .run = cmd_delete_pattern, .complete = COMPLETE_PATTERN},
    {.name = "move", .contexts = MESSAGES, .arguments = "[FOLDER]", .help = N_("move to a folder"),
     .run = cmd_move, .complete = COMPLETE_FOLDER},
    {.name = "copy", .contexts = MESSAGES, .arguments = "[FOLDER]", .help = N_("copy to a folder"),
     .run = cmd_copy, .complete = COMPLETE_FOLDER},
    {.name = "archive", .contexts = MESSAGES, .help = N_("move to the Archive folder"),
     .run = cmd_archive},
    {.name = "junk", .contexts = MESSAGES, .help = N_("move to Junk; in Junk: back to INBOX"),
     .run = cmd_junk},
    {.name = "flag", .contexts = MESSAGES, .help = N_("flag, or take the flag away"), .run = cmd_flag},
    {.name = "toggle-new", .contexts = MESSAGES, .help = N_("mark unread, or read"),
     .run = cmd_toggle_new},
    {.name = "purge", .contexts = MESSAGES,
     .help = N_("empty Trash, remove what is marked (asks)"),
     .run = cmd_purge},
    {.name = "undo", .contexts = "all", .help = N_("take back the last action of any kind"),
     .run = cmd_undo},
    {.name = "tag", .contexts = MESSAGES " parts", .help = N_("tag, or take the tag away")},
    {.name = "tag-pattern", .contexts = "list", .arguments = "[PATTERN]",
     .help = N_("tag every message that matches"), .complete = COMPLETE_PATTERN},
    {.name = "untag-all", .contexts = "list", .help = N_("take all tags away")},
    {.name = "tagged", .contexts = MESSAGES, .help = N_("the next key acts on what is tagged"),
     .run = cmd_tagged},
    {.name = "pipe", .contexts = MESSAGES, .arguments = "[COMMAND]",
     .help = N_("give the message, or all tagged, to a program"), .run = cmd_pipe},
    {.name = "save-message", .contexts = MESSAGES, .arguments = "[PATH]",
     .help = N_("save the message, or all tagged, in a file"),
     .run = cmd_save_message, .complete = COMPLETE_FILE},
    {.name = "print", .contexts = MESSAGES, .help = N_("print the message (print-command)"),
     .run = cmd_print},
    {.name = "clipboard", .contexts = "all", .arguments = "[text|address|link|id]",
     .help = N_("copy to the clipboard: text, address, link, Message-ID"), .run = cmd_clipboard},

    /* ---- finding ---- */
    {.name = "search", .contexts = MESSAGES, .arguments = "[PATTERN]",
     .help = N_("search messages; in an open one, its text"), .complete = COMPLETE_PATTERN},
    {.name = "search-next", .contexts = MESSAGES, .help = N_("next hit")},
    {.name = "search-previous", .contexts = MESSAGES, .help = N_("previous hit")},
    {.name = "limit", .contexts = MESSAGES, .arguments = "[PATTERN]",
     .help = N_("show only what matches; empty: show all"), .complete = COMPLETE_PATTERN},
    {.name = "sort", .contexts = MESSAGES, .arguments = "[threads|date|arrival|from|subject|size]",
     .help = N_("sort the list; again: the other way round"), .complete = COMPLETE_SORT},

    {.name = "delete-thread", .contexts = MESSAGES, .help = N_("delete the thread, as far as it is in this folder"),
     .run = cmd_delete_thread},
    {.name = "read-thread", .contexts = MESSAGES, .help = N_("mark the thread read"), .run = cmd_read_thread},
    {.name = "mute", .contexts = MESSAGES,
     .help = N_("mark read what comes into this conversation; again: no longer"), .run = cmd_mute},
    {.name = "break-thread", .contexts = MESSAGES,
     .help = N_("make a conversation of its own of the message and what answers it"), .run = cmd_break_thread},
    {.name = "join-thread", .contexts = MESSAGES,
     .help = N_("hang what is tagged below this message"), .run = cmd_join_thread},
    {.name = "fold-thread", .contexts = MESSAGES, .arguments = "[on|off]",
     .help = N_("fold the thread to one row, or unfold it")},
    {.name = "fold-all", .contexts = MESSAGES, .arguments = "[on|off]",
     .help = N_("fold all threads, or unfold them")},
    {.name = "parent", .contexts = MESSAGES, .help = N_("to the message that this one answers")},

    /* ---- reading ---- */
    {.name = "read-on", .contexts = "viewer", .help = N_("one page on; at the end: next message")},
    {.name = "conversation", .contexts = MESSAGES,
     .help = N_("the whole conversation as one page, of all folders"), .run = cmd_conversation},
    {.name = "toggle-quotes", .contexts = MESSAGES " conversation", .help = N_("hide or show quoted text")},
    {.name = "skip-quoted", .contexts = "viewer", .help = N_("skip to after the quoted text")},
    {.name = "alternative", .contexts = MESSAGES, .help = N_("show the plain text instead of the HTML, or the other way round")},
    {.name = "charset", .contexts = MESSAGES, .arguments = "[NAME|label]",
     .help = N_("read the message in another charset than its label says")},
    {.name = "raw", .contexts = MESSAGES, .help = N_("show the message as it was sent, or its text again")},
    {.name = "headers", .contexts = MESSAGES, .arguments = "[show|hide|order NAME...]", .help = N_("show all headers, or the usual ones")},

    /* ---- writing ---- */
    {.name = "write", .contexts = PANES, .arguments = "[ADDRESS]", .help = N_("write a message"),
     .run = cmd_write, .complete = COMPLETE_ADDRESS},
    {.name = "reply", .contexts = MESSAGES, .help = N_("answer the sender"), .run = cmd_reply},
    {.name = "reply-all", .contexts = MESSAGES, .help = N_("answer everybody"), .run = cmd_reply_all},
    {.name = "reply-list", .contexts = MESSAGES, .help = N_("answer to the mailing list"),
     .run = cmd_reply_list},
    {.name = "forward", .contexts = MESSAGES, .arguments = "[inline|attached]",
     .help = N_("forward the message"), .run = cmd_forward},
    {.name = "invite", .contexts = MESSAGES, .arguments = "accept|tentative|decline",
     .help = N_("answer the invitation in the message"), .run = cmd_invite},
    {.name = "edit-as-new", .contexts = MESSAGES, .help = N_("write a new message from this one"),
     .run = cmd_edit_as_new},
    {.name = "resume", .contexts = PANES, .help = N_("go on with a draft"), .run = cmd_resume},
    {.name = "send", .contexts = "compose", .help = N_("send it")},
    {.name = "send-later", .contexts = "compose", .arguments = "[WHEN]",
     .help = N_("send it at a time: 18:30, tomorrow 8:00, mon, in 2h")},
    {.name = "edit", .contexts = "compose problems", .help = N_("edit the text again")},
    {.name = "edit-headers", .contexts = "compose", .help = N_("edit text and headers")},
    {.name = "edit-to", .contexts = "compose", .help = N_("change To")},
    {.name = "edit-cc", .contexts = "compose", .help = N_("change Cc")},
    {.name = "edit-bcc", .contexts = "compose", .help = N_("change Bcc")},
    {.name = "edit-subject", .contexts = "compose", .help = N_("change the subject")},
    {.name = "edit-from", .contexts = "compose", .help = N_("change From")},
    {.name = "edit-reply-to", .contexts = "compose", .help = N_("change Reply-To")},
    {.name = "attach", .contexts = "compose", .arguments = "[FILE]", .help = N_("attach a file"),
     .complete = COMPLETE_FILE},
    {.name = "detach", .contexts = "compose", .arguments = "[N]",
     .help = N_("take an attachment away, the last or the N-th")},
    {.name = "postpone", .contexts = "compose", .help = N_("keep it as a draft")},
    {.name = "parts", .contexts = MESSAGES, .help = N_("parts and attachments: show, save"),
     .run = cmd_parts},
    {.name = "why", .contexts = MESSAGES, .help = N_("who is it really: what is odd about the sender, links, attachments"),
     .run = cmd_why},
    {.name = "unsubscribe", .contexts = MESSAGES, .help = N_("leave the list that sent the message (asks, or shows the mail)"),
     .run = cmd_list_action},
    {.name = "list-subscribe", .contexts = MESSAGES, .help = N_("subscribe to the message's mailing list"), .run = cmd_list_action},
    {.name = "list-post", .contexts = MESSAGES, .help = N_("write to the message's mailing list"), .run = cmd_list_action},
    {.name = "list-help", .contexts = MESSAGES, .help = N_("ask the mailing list for help"), .run = cmd_list_action},
    {.name = "list-archive", .contexts = MESSAGES, .help = N_("the mailing list's archive, in a browser"), .run = cmd_list_action},
    {.name = "list-owner", .contexts = MESSAGES, .help = N_("write to the mailing list's owner"), .run = cmd_list_action},
    {.name = "links", .contexts = MESSAGES, .help = N_("links of the message: open, copy"),
     .run = cmd_links},
    {.name = "open-link", .contexts = MESSAGES, .arguments = "[N]", .help = N_("open a link by its number"),
     .run = cmd_open_link},
    {.name = "browser", .contexts = MESSAGES, .help = N_("show the HTML in a browser, from a private file, nothing remote"),
     .run = cmd_browser},
    {.name = "save", .contexts = "parts", .help = N_("save to a file; what is tagged, in a folder")},
    {.name = "pipe-part", .contexts = "parts", .arguments = "[COMMAND]", .help = N_("give the decoded part to a program")},
    {.name = "open-with", .contexts = "parts", .help = N_("open with the program for such files (mailcap, xdg-open)")},
    {.name = "problems", .contexts = "all", .help = N_("outbox, and what servers refused"),
     .run = cmd_problems},
    {.name = "ops", .contexts = "all", .help = N_("the same: outbox, and what servers refused"),
     .run = cmd_problems},
    {.name = "retry", .contexts = "problems", .help = N_("try again")},
    {.name = "dismiss", .contexts = "problems", .help = N_("forget it, or take it as sent")},
    {.name = "reject", .contexts = "question", .help = N_("reject the certificate")},
    {.name = "accept-once", .contexts = "question", .help = N_("accept the certificate this once")},
    {.name = "accept-always", .contexts = "question",
     .help = N_("always accept this certificate for this server")},

    /* ---- moving about ---- */
    {.name = "up", .contexts = LISTS, .help = N_("one line up")},
    {.name = "down", .contexts = LISTS, .help = N_("one line down")},
    {.name = "page-up", .contexts = LISTS, .help = N_("one page back")},
    {.name = "page-down", .contexts = LISTS, .help = N_("one page on")},
    {.name = "half-up", .contexts = LISTS, .help = N_("half a page back")},
    {.name = "half-down", .contexts = LISTS, .help = N_("half a page on")},
    {.name = "first", .contexts = LISTS, .help = N_("to the first")},
    {.name = "last", .contexts = LISTS, .help = N_("to the last")},
    {.name = "open", .contexts = LISTS, .arguments = "[-r] [FOLDER]",
     .help = N_("open what is under the cursor, or a folder; -r: read only"), .complete = COMPLETE_FOLDER},
    {.name = "next-message", .contexts = MESSAGES " conversation", .help = N_("next message")},
    {.name = "previous-message", .contexts = MESSAGES " conversation", .help = N_("previous message")},
    {.name = "next-unread", .contexts = MESSAGES,
     .help = N_("next unread message, in the next folder too")},
    {.name = "previous-unread", .contexts = MESSAGES, .help = N_("previous unread message")},
    {.name = "jump", .contexts = "list", .arguments = "N", .help = N_("to message number N")},
    {.name = "pane-left", .contexts = PANES, .help = N_("focus the pane to the left"),
     .run = cmd_pane_left},
    {.name = "pane-right", .contexts = PANES, .help = N_("focus the pane to the right"),
     .run = cmd_pane_right},
    {.name = "focus", .contexts = PANES, .arguments = "folders|list|viewer",
     .help = N_("focus one pane"), .run = cmd_focus},
    {.name = "zoom", .contexts = PANES, .help = N_("give the whole screen to this pane, and back"),
     .run = cmd_zoom},
    {.name = "go", .contexts = "all", .help = N_("choose an account or folder to go to"),
     .run = cmd_jump_list},
    {.name = "account", .contexts = "all", .arguments = "N|NAME",
     .help = N_("go to the N-th account's INBOX"), .run = cmd_account, .complete = COMPLETE_ACCOUNT},
    {.name = "change-folder", .contexts = "all", .arguments = "[FOLDER]",
     .help = N_("open a folder by its name"), .run = cmd_change_folder, .complete = COMPLETE_FOLDER},
    {.name = "next-folder", .contexts = PANES, .help = N_("open the next folder"),
     .run = cmd_next_folder},
    {.name = "previous-folder", .contexts = PANES, .help = N_("open the previous folder"),
     .run = cmd_previous_folder},
    {.name = "next-unread-folder", .contexts = PANES,
     .help = N_("open the next folder with unread mail, of any account"), .run = cmd_next_unread_folder},

    /* ---- mail ---- */
    {.name = "get-mail", .contexts = "all", .help = N_("get mail, reconnect now"), .run = cmd_get_mail},
    {.name = "folder-create", .contexts = "all", .arguments = "[NAME]",
     .help = N_("make a folder in this account"), .run = cmd_folder_create},
    {.name = "folder-rename", .contexts = "all", .arguments = "[NAME]",
     .help = N_("give the folder another name"), .run = cmd_folder_rename},
    {.name = "folder-delete", .contexts = "all",
     .help = N_("delete the folder with its messages (asks, with the count)"), .run = cmd_folder_delete},
    {.name = "folder-mark-read", .contexts = "all", .help = N_("mark all in the folder read"),
     .run = cmd_folder_mark_read},
    {.name = "folder-role", .contexts = "all", .arguments = "drafts|sent|archive|junk|trash|none",
     .help = N_("use the folder as the account's Drafts, Sent..."), .run = cmd_folder_role},
    {.name = "folder-pin", .contexts = "all", .help = N_("pin the folder to the top, or let it go"),
     .run = cmd_folder_pin},
    {.name = "folder-fold", .contexts = "all", .arguments = "[on|off]",
     .help = N_("fold away what is below the folder, or show it"), .run = cmd_folder_fold},
    {.name = "folder-view", .contexts = "all", .arguments = "[all|unread|pinned|subscribed]",
     .help = N_("which folders are listed; without a word: the next kind"), .run = cmd_folder_view},
    {.name = "folder-sort", .contexts = "all", .arguments = "[usual|name|unread]",
     .help = N_("order of the folders; without a word: the next one"), .run = cmd_folder_sort},
    {.name = "subscribe", .contexts = "all", .arguments = "[on|off]",
     .help = N_("subscribe to the folder, or no longer"), .run = cmd_subscribe},
    {.name = "add-account", .contexts = "all", .help = N_("set up another account"),
     .run = cmd_add_account},

    /* ---- the program ---- */
    {.name = "help", .contexts = "all", .arguments = "[WORD]",
     .help = N_("all commands, keys and options; type to filter"), .run = cmd_help},
    {.name = "command-line", .contexts = "all", .help = N_("type a command"), .run = cmd_command_line},
    {.name = "type", .contexts = "all", .arguments = "TEXT",
     .help = N_("begin a command line with TEXT"), .run = cmd_type},
    {.name = "cancel", .contexts = "all", .help = N_("stop what is going on; close"), .run = cmd_cancel},
    {.name = "messages", .contexts = "all", .help = N_("what was said in the message row"),
     .run = cmd_messages},
    {.name = "redraw", .contexts = "all", .help = N_("draw the screen anew"), .run = cmd_redraw},
    {.name = "shell", .contexts = "all", .arguments = "[COMMAND]",
     .help = N_("a shell, or one command of it"), .run = cmd_shell},
    {.name = "suspend", .contexts = "all", .help = N_("stop until `fg`"), .run = cmd_suspend},
    {.name = "quit", .contexts = "all",
     .help = N_("back; at the top: leave, saying what is still queued"), .run = cmd_quit},
    {.name = "exit", .contexts = "all", .help = N_("leave at once; what is queued is kept"),
     .run = cmd_exit},
};

const Command *commands(guint *count)
{
    *count = G_N_ELEMENTS(table);
    return table;
}

const Command *command_find(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
        if (g_str_equal(table[i].name, name))
            return &table[i];
    return NULL;
}

gboolean command_in_context(const Command *c, const char *context)
{
    gsize len = strlen(context);
    if (g_str_equal(c->contexts, "all"))
        return TRUE;
    for (const char *at = c->contexts; (at = strstr(at, context)); at += len)
        if ((at == c->contexts || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
            return TRUE;
    return FALSE;
}

const char *const *command_contexts(void)
{
    static const char *names[G_N_ELEMENTS(contexts) + 1];
    for (gsize i = 0; i < G_N_ELEMENTS(contexts); i++)
        names[i] = contexts[i].name;
    return names;
}

const char *const *command_names(void)
{
    /* those that configure are conf's, and may be bound too */
    static const char *const configuring[] = {"set", "bind", "color", "alias", "source", "filter"};
    static const char *names[G_N_ELEMENTS(table) + G_N_ELEMENTS(configuring) + 1];
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
        names[i] = table[i].name;
    for (gsize i = 0; i < G_N_ELEMENTS(configuring); i++)
        names[G_N_ELEMENTS(table) + i] = configuring[i];
    return names;
}

const char *context_parent(const char *context)
{
    for (gsize i = 0; i < G_N_ELEMENTS(contexts); i++)
        if (g_str_equal(contexts[i].name, context))
            return contexts[i].parent;
    return NULL;
}

const char *context_title(const char *context)
{
    for (gsize i = 0; i < G_N_ELEMENTS(contexts); i++)
        if (g_str_equal(contexts[i].name, context))
            return _(contexts[i].title);
    return context;
}
