/* url_find.c - web addresses that stand in a text. */
#include <string.h>
#include "pintail/mime/render.h"

#define URL_MAX 4096 /* bytes: nobody means a longer one, and the work stays bounded */

static const char *const schemes[] = {"https://", "http://", "mailto:"};

/* Length of the address at `at`; 0: there is none. */
static gsize url_at(const char *at)
{
    for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
        gsize scheme = strlen(schemes[i]);
        if (g_ascii_strncasecmp(at, schemes[i], scheme) != 0)
            continue;
        gsize n = scheme;
        while (n < URL_MAX && at[n] && !strchr(" \t\"<>", at[n]))
            n++;
        /* what ends the sentence, not the address; a bracket only where none was opened in it */
        while (n > scheme && strchr(".,;:!?'*_)]}", at[n - 1]) &&
               !(at[n - 1] == ')' && memchr(at, '(', n)) && !(at[n - 1] == ']' && memchr(at, '[', n)))
            n--;
        return n > scheme ? n : 0;
    }
    return 0;
}

const char *url_find(const char *text, gsize *len)
{
    for (const char *at = text; (at = strpbrk(at, "hHmM")); at++) {
        gsize n = url_at(at);
        if (n > 0) {
            *len = n;
            return at;
        }
    }
    return NULL;
}
