/* delivery_status.c - see delivery_status.h. */
#include "pintail/mime/delivery_status.h"
#include <string.h>
#include "pintail/util/i18n.h"

const char *delivery_status_meaning(const char *status)
{
    static const struct {
        const char *code, *text;
    } known[] = {
        {"1.1", N_("there is no such mailbox")},
        {"1.2", N_("there is no such domain")},
        {"1.3", N_("the address is not valid")},
        {"1.6", N_("the mailbox has moved")},
        {"1.10", N_("the domain takes no mail")},
        {"2.1", N_("the mailbox takes no mail")},
        {"2.2", N_("the mailbox is full")},
        {"2.3", N_("the message is too large for the mailbox")},
        {"3.4", N_("the message is too large")},
        {"4.1", N_("the server does not answer")},
        {"4.4", N_("no way to the server was found")},
        {"4.7", N_("it took too long")},
        {"7.1", N_("the server does not allow it")},
        {"7.26", N_("the sender could not be verified")},
        {"7.27", N_("the sender's domain takes no mail")},
    };
    if (!g_ascii_isdigit(status[0]) || status[1] != '.')
        return NULL;
    gsize len = strspn(status + 2, "0123456789.");
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        if (strlen(known[i].code) == len && strncmp(status + 2, known[i].code, len) == 0)
            return _(known[i].text);
    return NULL;
}
