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
/* A text that is too long for its row begins above it, at the bottom of `body`: the server's own
 * words may be the part that matters. Returns the rows taken; *rest is for the row itself, where
 * `reserved` cells are to stay free. */
int prompt_draw_above(Surface *body, Style style, const char *text, int reserved, const char **rest);
void prompt_command_line(Ui *ui, const char *initial); /* `:` */
