/* i18n.h - marks strings that people read. _() translates, N_() only marks
 * (for tables), P_() chooses by number. */
#pragma once
#include <libintl.h>

#define _(text)                  gettext(text)
#define N_(text)                 (text)
#define P_(one, many, n)         ngettext(one, many, (unsigned long)(n))
