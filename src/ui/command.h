/* command.h - every command: its name, where it means something, its help. The one table.
 *
 * `:name arguments`, key bindings and the help view all come from here. A command without a function
 * is done by a view (ViewClass.command) of one of its contexts. */
#pragma once
#include "view.h"

typedef enum {
    COMPLETE_NONE, COMPLETE_COMMAND, COMPLETE_FOLDER, COMPLETE_FILE, COMPLETE_OPTION,
    COMPLETE_ADDRESS, COMPLETE_IDENTITY, COMPLETE_PATTERN, COMPLETE_SORT, COMPLETE_ACCOUNT,
} Complete;

typedef struct {
    const char *name;
    const char *contexts;  /* blanks between; "all": everywhere */
    const char *arguments; /* as help shows them: "[FOLDER]"; NULL: none */
    const char *help;      /* one line, N_() */
    void (*run)(Ui *ui, char **args); /* NULL: the view's own */
    Complete complete;     /* of its first argument */
} Command;

const Command *commands(guint *count); /* in the order of the help view */
const Command *command_find(const char *name); /* NULL when there is none */
gboolean command_in_context(const Command *c, const char *context);
const char *const *command_contexts(void); /* NULL-terminated */
const char *const *command_names(void);    /* NULL-terminated */
/* The context whose keys hold where `context` has none: viewer -> list; NULL. */
const char *context_parent(const char *context);
const char *context_title(const char *context); /* for people */

/* ---- ui_command.c: everywhere ---- */
void cmd_quit(Ui *ui, char **args);
/* While what is queued is finished, Esc and Ctrl-C mean to stay; TRUE: the key has been taken. */
gboolean leaving_key(Ui *ui, const Key *k);
void cmd_exit(Ui *ui, char **args);
void cmd_command_line(Ui *ui, char **args);
void cmd_type(Ui *ui, char **args);
void cmd_help(Ui *ui, char **args);
void cmd_redraw(Ui *ui, char **args);
void cmd_shell(Ui *ui, char **args);
void cmd_suspend(Ui *ui, char **args);
void cmd_get_mail(Ui *ui, char **args);
void cmd_messages(Ui *ui, char **args);
void cmd_zoom(Ui *ui, char **args);
void cmd_focus(Ui *ui, char **args);
void cmd_pane_left(Ui *ui, char **args);
void cmd_pane_right(Ui *ui, char **args);
void cmd_cancel(Ui *ui, char **args);
void cmd_add_account(Ui *ui, char **args);
/* ---- folder_command.c ---- */
void cmd_account(Ui *ui, char **args);
void cmd_jump_list(Ui *ui, char **args);
void cmd_change_folder(Ui *ui, char **args);
void folder_open_command(Ui *ui, char **args); /* `open [-r] [FOLDER]`; without either, open is the views' */
void cmd_next_folder(Ui *ui, char **args);
void cmd_previous_folder(Ui *ui, char **args);
void cmd_next_unread_folder(Ui *ui, char **args);
/* ---- folder_edit.c ---- */
void cmd_folder_create(Ui *ui, char **args);
void cmd_folder_rename(Ui *ui, char **args);
void cmd_folder_delete(Ui *ui, char **args);
void cmd_folder_mark_read(Ui *ui, char **args);
void cmd_folder_role(Ui *ui, char **args);
void cmd_folder_pin(Ui *ui, char **args);
void cmd_folder_fold(Ui *ui, char **args);
void cmd_folder_view(Ui *ui, char **args);
void cmd_folder_sort(Ui *ui, char **args);
void cmd_subscribe(Ui *ui, char **args);
/* ---- message_command.c ---- */
void cmd_undo(Ui *ui, char **args);
void cmd_delete(Ui *ui, char **args);
void cmd_delete_pattern(Ui *ui, char **args);
void cmd_undelete(Ui *ui, char **args);
void cmd_move(Ui *ui, char **args);
void cmd_copy(Ui *ui, char **args);
void cmd_archive(Ui *ui, char **args);
void cmd_junk(Ui *ui, char **args);
void cmd_flag(Ui *ui, char **args);
void cmd_toggle_new(Ui *ui, char **args);
void cmd_purge(Ui *ui, char **args);
void cmd_tagged(Ui *ui, char **args);
/* ---- thread_command.c ---- */
void cmd_delete_thread(Ui *ui, char **args);
void cmd_read_thread(Ui *ui, char **args);
void cmd_mute(Ui *ui, char **args);
void cmd_break_thread(Ui *ui, char **args);
void cmd_join_thread(Ui *ui, char **args);
/* ---- trust_line.c ---- */
void cmd_why(Ui *ui, char **args);
/* ---- list_action.c ---- */
void cmd_list_action(Ui *ui, char **args); /* `unsubscribe`, `list-...` */
/* ---- message_files.c ---- */
/* ---- conversation_view.c ---- */
void cmd_conversation(Ui *ui, char **args);
/* ---- message_output.c ---- */
void cmd_pipe(Ui *ui, char **args);
void cmd_save_message(Ui *ui, char **args);
void cmd_print(Ui *ui, char **args);
/* ---- message_output.c ---- */
void cmd_browser(Ui *ui, char **args);
void cmd_clipboard(Ui *ui, char **args);
