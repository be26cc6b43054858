/* prompt.h - the line above the hints where commands are typed and questions asked.
 *
 * One at a time; others wait their turn. Nothing pasted ever answers a one-key question. */
#pragma once
#include "command.h"

typedef struct Prompts Prompts;
Prompts *prompts_new(void);
void prompts_free(Prompts *p);
gboolean prompt_is_open(const Prompts *p);
gboolean prompt_is_line(const Prompts *p);
gboolean prompt_completes(const Prompts *p); /* open, and wants a line, not one key */
void prompt_key(Ui *ui, const Key *k);
/* Draws into `body` (suggestions, at its bottom) and `row`; places the cursor. */
void prompt_draw(Ui *ui, Surface *body, Surface *row);
void prompt_command_line(Ui *ui, const char *initial); /* `:` */
