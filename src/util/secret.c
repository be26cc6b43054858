/* secret.c - each secret has pages of its own: mlock() works on pages, so sharing
 * them would let the release of one secret unlock another. They are left out of
 * core dumps where the system can do that. */
#include "pintail/util/secret.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct Secret {
    gatomicrefcount refs;
    gsize mapped; /* whole pages, this header included */
    gsize len;
    char text[];
};

Secret *secret_new(const char *bytes, gsize len)
{
    gsize page = (gsize)sysconf(_SC_PAGESIZE);
    g_assert(len < G_MAXSIZE / 2);
    gsize mapped = (sizeof(Secret) + len + 1 + page - 1) / page * page;
    Secret *s = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (s == MAP_FAILED)
        g_error("cannot allocate memory for a secret: %s", g_strerror(errno));
    /* Best effort: RLIMIT_MEMLOCK may forbid it, and a password that could be
     * swapped is still better than none. */
    (void)mlock(s, mapped);
#ifdef MADV_DONTDUMP
    (void)madvise(s, mapped, MADV_DONTDUMP);
#endif
    g_atomic_ref_count_init(&s->refs);
    s->mapped = mapped;
    s->len = len;
    if (len)
        memcpy(s->text, bytes, len);
    s->text[len] = '\0';
    return s;
}

Secret *secret_ref(const Secret *s)
{
    Secret *mine = (Secret *)s;
    g_atomic_ref_count_inc(&mine->refs);
    return mine;
}

void secret_unref(Secret *s)
{
    if (!s || !g_atomic_ref_count_dec(&s->refs))
        return;
    gsize mapped = s->mapped;
    secret_wipe((char *)s, mapped);
    munmap(s, mapped); /* unlocks */
}

const char *secret_text(const Secret *s, gsize *len)
{
    if (len)
        *len = s->len;
    return s->text;
}

void secret_wipe(char *buffer, gsize len)
{
    if (buffer && len)
        explicit_bzero(buffer, len);
}
