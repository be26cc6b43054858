/* test_queue.c - queue, cancel and secret: what threads share. */
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include "pintail/util/cancel.h"
#include "pintail/util/queue.h"
#include "pintail/util/secret.h"

typedef struct {
    int key, value;
} Item;

static int freed;

static void item_free(gpointer p)
{
    freed++;
    g_free(p);
}

static Item *item(int key, int value)
{
    Item *i = g_new(Item, 1);
    i->key = key;
    i->value = value;
    return i;
}

static gboolean readable(int fd, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, timeout_ms) == 1;
}

static void pops(Queue *q, int key, int value)
{
    g_autofree Item *i = queue_pop(q);
    g_assert_nonnull(i);
    g_assert_cmpint(i->key, ==, key);
    g_assert_cmpint(i->value, ==, value);
}

static void test_order(void)
{
    g_autoptr(Queue) q = queue_new(item_free);
    g_assert_null(queue_pop(q));
    g_assert_false(readable(queue_fd(q), 0));
    queue_push(q, item(1, 0));
    queue_push(q, item(2, 0));
    queue_push_front(q, item(3, 0));
    g_assert_cmpuint(queue_length(q), ==, 3);
    g_assert_true(readable(queue_fd(q), 0));
    pops(q, 3, 0);
    pops(q, 1, 0);
    g_assert_true(readable(queue_fd(q), 0));
    pops(q, 2, 0);
    g_assert_false(readable(queue_fd(q), 0));
    g_assert_null(queue_pop(q));
}

static int compared[8], comparisons;

static gboolean same_key(gpointer queued, gpointer new_item)
{
    Item *old = queued, *new = new_item;
    compared[comparisons++ % 8] = old->key;
    if (old->key != new->key)
        return FALSE;
    old->value += new->value;
    return TRUE;
}

static void test_merge(void)
{
    freed = 0;
    Queue *q = queue_new(item_free);
    g_assert_true(queue_push_merging(q, item(1, 10), same_key));
    g_assert_true(queue_push_merging(q, item(2, 20), same_key));
    g_assert_true(queue_push_merging(q, item(3, 30), same_key));
    comparisons = 0;
    g_assert_false(queue_push_merging(q, item(2, 5), same_key));
    g_assert_cmpint(comparisons, ==, 2); /* newest first, and no further than the match */
    g_assert_cmpint(compared[0], ==, 3);
    g_assert_cmpint(compared[1], ==, 2);
    g_assert_cmpint(freed, ==, 1);
    g_assert_cmpuint(queue_length(q), ==, 3);
    g_assert_false(queue_push_front_merging(q, item(3, 1), same_key)); /* moves */
    g_assert_true(queue_push_front_merging(q, item(4, 40), same_key));
    g_assert_cmpuint(queue_length(q), ==, 4);
    pops(q, 4, 40);
    pops(q, 3, 31);
    pops(q, 1, 10);
    g_assert_true(readable(queue_fd(q), 0));
    queue_push(q, item(5, 50));
    pops(q, 2, 25); /* its place kept */
    queue_free(q);
    g_assert_cmpint(freed, ==, 3); /* what was left */
    queue_free(NULL);
}

enum { PRODUCERS = 4, EACH = 5000 };

static void *produce(void *data)
{
    Queue *q = data;
    for (int i = 1; i <= EACH; i++)
        queue_push(q, item(1, i));
    return NULL;
}

static void test_threads(void)
{
    g_autoptr(Queue) q = queue_new(item_free);
    pthread_t threads[PRODUCERS];
    for (int i = 0; i < PRODUCERS; i++)
        g_assert_cmpint(pthread_create(&threads[i], NULL, produce, q), ==, 0);
    gint64 sum = 0;
    for (int got = 0; got < PRODUCERS * EACH;) {
        g_assert_true(readable(queue_fd(q), 30000)); /* a lost wake-up would end here */
        Item *i;
        while ((i = queue_pop(q))) {
            sum += i->value;
            got++;
            g_free(i);
        }
    }
    for (int i = 0; i < PRODUCERS; i++)
        g_assert_cmpint(pthread_join(threads[i], NULL), ==, 0);
    g_assert_cmpint(sum, ==, (gint64)PRODUCERS * EACH * (EACH + 1) / 2);
    g_assert_false(readable(queue_fd(q), 0));
}

static void test_cancel(void)
{
    g_autoptr(Cancel) c = cancel_new();
    g_assert_false(cancel_is_set(c));
    g_assert_false(readable(cancel_fd(c), 0));
    cancel_trigger(c);
    cancel_trigger(c);
    g_assert_true(cancel_is_set(c));
    g_assert_true(cancel_is_set(c)); /* stays */
    g_assert_true(readable(cancel_fd(c), 0));
    cancel_reset(c);
    g_assert_false(cancel_is_set(c));
    g_assert_false(readable(cancel_fd(c), 0));
    cancel_reset(c);
    cancel_trigger(c);
    g_assert_true(cancel_is_set(c));
    cancel_free(NULL);
}

static void *trigger(void *data)
{
    cancel_trigger(data);
    return NULL;
}

static void test_cancel_thread(void)
{
    g_autoptr(Cancel) c = cancel_new();
    pthread_t thread;
    g_assert_cmpint(pthread_create(&thread, NULL, trigger, c), ==, 0);
    g_assert_true(readable(cancel_fd(c), 30000));
    g_assert_true(cancel_is_set(c));
    g_assert_cmpint(pthread_join(thread, NULL), ==, 0);
}

static void test_secret(void)
{
    char typed[] = "pass\0word";
    g_autoptr(Secret) s = secret_new(typed, 9);
    secret_wipe(typed, sizeof typed);
    for (gsize i = 0; i < sizeof typed; i++)
        g_assert_cmpint(typed[i], ==, 0);
    gsize len;
    const char *text = secret_text(s, &len);
    g_assert_cmpmem(text, len, "pass\0word", 9);
    g_assert_cmpint(text[9], ==, 0);
    Secret *other = secret_ref(s);
    g_assert_true(other == s);
    secret_unref(other);
    g_assert_cmpstr(secret_text(s, NULL), ==, "pass");
    g_autoptr(Secret) empty = secret_new(NULL, 0);
    g_assert_cmpstr(secret_text(empty, &len), ==, "");
    g_assert_cmpuint(len, ==, 0);
    g_autofree char *big = g_strnfill(20000, 'x'); /* more than a page: an OAuth token */
    g_autoptr(Secret) token = secret_new(big, 20000);
    g_assert_cmpstr(secret_text(token, NULL), ==, big);
    secret_unref(NULL);
    secret_wipe(NULL, 0);
}

static void *share_secret(void *data)
{
    for (int i = 0; i < 10000; i++) {
        Secret *mine = secret_ref(data);
        g_assert_cmpstr(secret_text(mine, NULL), ==, "geheim");
        secret_unref(mine);
    }
    return NULL;
}

static void test_secret_threads(void)
{
    g_autoptr(Secret) s = secret_new("geheim", 6);
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        g_assert_cmpint(pthread_create(&threads[i], NULL, share_secret, s), ==, 0);
    for (int i = 0; i < 2; i++)
        g_assert_cmpint(pthread_join(threads[i], NULL), ==, 0);
    g_assert_cmpstr(secret_text(s, NULL), ==, "geheim");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/queue/order", test_order);
    g_test_add_func("/queue/merge", test_merge);
    g_test_add_func("/queue/threads", test_threads);
    g_test_add_func("/cancel/set-and-reset", test_cancel);
    g_test_add_func("/cancel/thread", test_cancel_thread);
    g_test_add_func("/secret/life", test_secret);
    g_test_add_func("/secret/threads", test_secret_threads);
    return g_test_run();
}
