/* keymap.h - what a key means where: the default set, and the person's own bindings over it. */
#pragma once
#include "pintail/conf/conf.h"
#include "pintail/term/key.h"

typedef struct Keymap Keymap;
/* Built from the default text of `set keys` and conf's bindings. Build anew after a change. */
Keymap *keymap_new(const Conf *conf);
void keymap_free(Keymap *k);
/* The command line bound to `key`: in the context, its parents, or everywhere; NULL: none. Borrowed. */
const char *keymap_lookup(const Keymap *k, const char *context, const Key *key);
/* The key that runs `command` (a line, or a command's name) as seen from `context`, as a short label;
 * NULL when it has none. The caller owns it. */
char *keymap_label(const Keymap *k, const char *context, const char *command);
/* All of them, "d, Del"; NULL when none. */
char *keymap_labels(const Keymap *k, const char *context, const char *command);
/* Names as the rc writes them, " " between, over all contexts; "" when none (for the manual). */
char *keymap_names(const Keymap *k, const char *command);

/* defaults.c: rc text, NULL-terminated arrays of lines. */
const char *const *default_bindings(const char *set); /* "mutt" or "vi" */
const char *const *default_colors(void);
/* A Conf that holds the defaults of this set, through the person's own parser. NULL with the first
 * mistake in *problem: a bug that a test finds. */
Conf *defaults_conf(const char *set, char **problem);
const char *const *default_elements(void); /* every coloured element, NULL-terminated */
