/* cancel.c - the descriptor is the state, so that cancel_is_set() and a poll()
 * on cancel_fd() can never disagree, whatever cancel_trigger() and
 * cancel_reset() do at the same time. */
#include "pintail/util/cancel.h"
#include "wakeup.h"

struct Cancel {
    Wakeup wakeup;
};

Cancel *cancel_new(void)
{
    Cancel *c = g_new(Cancel, 1);
    wakeup_init(&c->wakeup);
    return c;
}

void cancel_free(Cancel *c)
{
    if (!c)
        return;
    wakeup_destroy(&c->wakeup);
    g_free(c);
}

void cancel_trigger(Cancel *c)
{
    wakeup_set(&c->wakeup);
}

void cancel_reset(Cancel *c)
{
    wakeup_clear(&c->wakeup);
}

gboolean cancel_is_set(const Cancel *c)
{
    return wakeup_is_set(&c->wakeup);
}

int cancel_fd(const Cancel *c)
{
    return c->wakeup.read_fd;
}
