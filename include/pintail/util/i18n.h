/* i18n.h - marks strings that people read. _() translates, N_() only marks
 * (for tables), P_() chooses by number, C_() tells apart what is one word in English only. */
#pragma once
#include <libintl.h>

#define _(text)                  gettext(text)
#define N_(text)                 (text)
#define P_(one, many, n)         ngettext(one, many, (unsigned long)(n))
#define C_(context, text)        g_dpgettext(GETTEXT_PACKAGE, context "\004" text, sizeof(context))
