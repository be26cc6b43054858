/* resolve.c - getaddrinfo() cannot be cancelled, so it runs in a detached thread.
 *
 * The thread and the one who waits share a Lookup by reference count; whoever is last
 * frees it. The thread touches nothing else, so it may outlive any connection. */
#include "resolve.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "wait.h"

typedef struct {
    pthread_mutex_t lock;
    int refs;          /* under lock */
    int wake[2];       /* the thread closes [1] when it is done */
    char *host;
    char service[8];
    int status;        /* of getaddrinfo(); read after the wake-up, under lock */
    int system_error;
    struct addrinfo *found;
} Lookup;

static void lookup_unref(Lookup *l)
{
    pthread_mutex_lock(&l->lock);
    gboolean last = --l->refs == 0;
    pthread_mutex_unlock(&l->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&l->lock);
    if (l->found)
        freeaddrinfo(l->found);
    close(l->wake[0]);
    g_free(l->host);
    g_free(l);
}

static void *lookup_thread(void *data)
{
    Lookup *l = data;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    int status = getaddrinfo(l->host, l->service, &hints, &found);
    if (status != 0) {
        /* AI_ADDRCONFIG hides ::1 and 127.0.0.1 on a machine that is offline. */
        hints.ai_flags &= ~AI_ADDRCONFIG;
        if (status != EAI_AGAIN)
            status = getaddrinfo(l->host, l->service, &hints, &found);
    }
    int system_error = errno;
    pthread_mutex_lock(&l->lock);
    l->status = status;
    l->system_error = system_error;
    l->found = status == 0 ? found : NULL;
    int wake = l->wake[1];
    pthread_mutex_unlock(&l->lock);
    close(wake);
    lookup_unref(l);
    return NULL;
}

/* Signals belong to main: the thread starts with all of them blocked. */
static int start_thread(Lookup *l)
{
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error)
        return error;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    error = pthread_create(&thread, &attributes, lookup_thread, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

/* NULL with err when the system has no descriptor or thread left. */
static Lookup *lookup_start(const char *host, guint16 port, GError **err)
{
    Lookup *l = g_new0(Lookup, 1);
    if (pipe2(l->wake, O_CLOEXEC) != 0) {
        error_set_errno(err, PINTAIL_ERROR_RETRY, errno, _("cannot look up '%s'"), host);
        g_free(l);
        return NULL;
    }
    pthread_mutex_init(&l->lock, NULL);
    l->refs = 2;
    l->host = g_strdup(host);
    g_snprintf(l->service, sizeof l->service, "%u", port);
    int error = start_thread(l);
    if (error == 0)
        return l;
    error_set_errno(err, PINTAIL_ERROR_RETRY, error, _("cannot look up '%s'"), host);
    close(l->wake[1]);
    l->refs = 1;
    lookup_unref(l);
    return NULL;
}

static void add_address(GArray *out, const struct addrinfo *a)
{
    Address one = {.len = (socklen_t)a->ai_addrlen};
    if (a->ai_addrlen > sizeof one.address)
        return;
    memcpy(&one.address, a->ai_addr, a->ai_addrlen);
    g_array_append_val(out, one);
}

/* RFC 8305 section 4: alternate between the families, the preferred one first. */
static GArray *interleave(const struct addrinfo *found)
{
    GArray *out = g_array_new(FALSE, TRUE, sizeof(Address));
    int first = found ? found->ai_family : AF_UNSPEC;
    const struct addrinfo *same = found, *other = found;
    while ((same || other) && out->len < RESOLVE_MAX) {
        while (same && same->ai_family != first)
            same = same->ai_next;
        if (same) {
            add_address(out, same);
            same = same->ai_next;
        }
        while (other && (other->ai_family == first ||
                         (other->ai_family != AF_INET && other->ai_family != AF_INET6)))
            other = other->ai_next;
        if (other && out->len < RESOLVE_MAX) {
            add_address(out, other);
            other = other->ai_next;
        }
    }
    return out;
}

static void describe_failure(const Lookup *l, const char *setting, GError **err)
{
    const char *reason =
        l->status == EAI_SYSTEM ? g_strerror(l->system_error) : gai_strerror(l->status);
    if (l->status == EAI_NONAME && setting)
        error_set(err, PINTAIL_ERROR_RETRY,
                  _("there is no host named '%s' (%s): check its spelling"), l->host, setting);
    else if (l->status == EAI_NONAME)
        error_set(err, PINTAIL_ERROR_RETRY, _("there is no host named '%s': check its spelling"),
                  l->host);
    else if (setting)
        error_set(err, PINTAIL_ERROR_RETRY, _("cannot look up host '%s' (%s): %s"), l->host,
                  setting, reason);
    else
        error_set(err, PINTAIL_ERROR_RETRY, _("cannot look up host '%s': %s"), l->host, reason);
}

GArray *resolve_host(const char *host, guint16 port, const char *setting, const Cancel *cancel,
                     gint64 until, GError **err)
{
    Lookup *l = lookup_start(host, port, err);
    if (!l)
        return NULL;
    GArray *addresses = NULL;
    switch (wait_one(l->wake[0], POLLIN, cancel, until)) {
    case WAIT_CANCELLED:
        error_set(err, PINTAIL_ERROR_CANCELLED, _("looking up '%s' was cancelled"), host);
        break;
    case WAIT_TIMEOUT:
        error_set(err, PINTAIL_ERROR_RETRY,
                  _("looking up host '%s' takes too long: is there a network?"), host);
        break;
    case WAIT_READY:
        pthread_mutex_lock(&l->lock);
        if (l->status == 0)
            addresses = interleave(l->found);
        if (!addresses || addresses->len == 0) {
            g_clear_pointer(&addresses, g_array_unref);
            if (l->status == 0)
                l->status = EAI_NONAME;
            describe_failure(l, setting, err);
        }
        pthread_mutex_unlock(&l->lock);
        break;
    }
    lookup_unref(l);
    return addresses;
}
