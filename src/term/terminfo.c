/* terminfo.c - is this a terminal that a screen can be drawn on? Apart, because
 * <term.h> defines a macro for every capability. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "terminfo.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include <curses.h>
#include <term.h>

gboolean terminfo_check(int in, int out, const char *name, GError **err)
{
    if (!isatty(in) || !isatty(out)) {
        error_set(err, PINTAIL_ERROR_INVALID,
                  _("Pintail needs a terminal: its input and output must not be redirected"));
        return FALSE;
    }
    int problem = 0;
    if (!name || !*name || strcmp(name, "dumb") == 0) {
        error_set(err, PINTAIL_ERROR_INVALID,
                  _("Pintail needs a terminal that can place its cursor, and TERM is '%s' "
                    "(xterm-256color suits most)"),
                  name ? name : "");
        return FALSE;
    }
    if (setupterm((char *)name, out, &problem) != OK) {
        error_set(err, PINTAIL_ERROR_INVALID,
                  _("this system knows nothing about the terminal TERM='%s' (xterm-256color suits "
                    "most)"),
                  name);
        return FALSE;
    }
    const char *cup = tigetstr((char *)"cup");
    gboolean can = cup && cup != (char *)-1;
    (void)del_curterm(cur_term);
    if (!can)
        error_set(err, PINTAIL_ERROR_INVALID,
                  _("the terminal TERM='%s' cannot place its cursor, and Pintail needs that"), name);
    return can;
}

const char *terminfo_leave(void)
{
    const char *rmcup = tigetstr((char *)"rmcup");
    return rmcup == (char *)-1 ? NULL : rmcup;
}
