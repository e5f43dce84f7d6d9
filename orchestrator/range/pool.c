#include "orchestrator/range/pool.h"

#include "orchestrator/range/range.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef struct {
    PoolWork pi_work; /* NULL: only posted */
    PoolDone pi_done;
    gpointer pi_data;
    gint64 pi_took_us;
} PoolItem;

struct Pool {
    GMutex po_lock; /* over what follows, down to the blank line */
    GCond po_work;
    GQueue po_waiting[POOL_PRIORITIES];
    GQueue po_finished;
    gboolean po_closing;

    GPtrArray *po_threads;
    int po_fd; /* eventfd: something is in po_finished */
    struct event *po_event;
    gint64 po_took_us; /* of the work whose done is being called */
};

/* What a thread starts with. */
typedef struct {
    Pool *th_pool;
    PoolPriority th_until; /* the least urgent work that it takes */
} PoolThread;

static PoolItem *take(Pool *pool, PoolPriority until)
{
    for (int i = 0; i <= (int)until; i++) {
        PoolItem *item = g_queue_pop_head(&pool->po_waiting[i]);

        if (item)
            return item;
    }
    return NULL;
}

/* Called with the lock held. */
static void finish(Pool *pool, PoolItem *item)
{
    guint64 one = 1;
    gboolean first = g_queue_is_empty(&pool->po_finished);

    g_queue_push_tail(&pool->po_finished, item);
    /* The counter cannot overflow: one write for each time the queue was empty. */
    while (first && write(pool->po_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

static gpointer thread_main(gpointer data)
{
    PoolThread thread = *(PoolThread *)data;
    Pool *pool = thread.th_pool;

    g_free(data);
    g_mutex_lock(&pool->po_lock);
    while (!pool->po_closing) {
        PoolItem *item = take(pool, thread.th_until);

        if (!item) {
            g_cond_wait(&pool->po_work, &pool->po_lock);
            continue;
        }
        g_mutex_unlock(&pool->po_lock);
        item->pi_took_us = -g_get_monotonic_time();
        item->pi_work(item->pi_data);
        item->pi_took_us += g_get_monotonic_time();
        g_mutex_lock(&pool->po_lock);
        finish(pool, item);
    }
    g_mutex_unlock(&pool->po_lock);
    return NULL;
}

/* Calls the done of everything that was finished by now. */
static void deliver(Pool *pool)
{
    GQueue finished;
    PoolItem *item;

    g_mutex_lock(&pool->po_lock);
    finished = pool->po_finished;
    g_queue_init(&pool->po_finished);
    g_mutex_unlock(&pool->po_lock);
    while ((item = g_queue_pop_head(&finished)) != NULL) {
        pool->po_took_us = item->pi_took_us;
        item->pi_done(item->pi_data, TRUE);
        g_free(item);
    }
}

static void on_finished(evutil_socket_t fd, short what, void *data)
{
    guint64 count;

    (void)what;
    while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR)
        ;
    deliver(data);
}

static gboolean start_thread(Pool *pool, PoolPriority until, GError **error)
{
    PoolThread *start = g_new(PoolThread, 1);
    GThread *thread;

    *start = (PoolThread){.th_pool = pool, .th_until = until};
    thread = g_thread_try_new(until == POOL_URGENT ? "range-urgent" : "range-worker",
                              thread_main, start, error);
    if (!thread) {
        g_prefix_error(error, "worker pool: ");
        g_free(start);
        return FALSE;
    }
    g_ptr_array_add(pool->po_threads, thread);
    return TRUE;
}

static gboolean start_threads(Pool *pool, int workers, GError **error)
{
    if (!start_thread(pool, POOL_URGENT, error))
        return FALSE;
    for (int i = 0; i < workers; i++)
        if (!start_thread(pool, POOL_NORMAL, error))
            return FALSE;
    return TRUE;
}

Pool *pool_new(struct event_base *base, int workers, GError **error)
{
    Pool *pool = g_new0(Pool, 1);

    g_mutex_init(&pool->po_lock);
    g_cond_init(&pool->po_work);
    pool->po_threads = g_ptr_array_new();
    pool->po_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (pool->po_fd >= 0)
        pool->po_event =
            event_new(base, pool->po_fd, EV_READ | EV_PERSIST, on_finished, pool);
    if (!pool->po_event || event_add(pool->po_event, NULL) < 0) {
        g_set_error(error, RANGE_ERROR, RANGE_ERROR_FAILED,
                    "worker pool: watch an eventfd: %s", g_strerror(errno));
        pool_free(pool);
        return NULL;
    }
    if (!start_threads(pool, workers, error)) {
        pool_free(pool);
        return NULL;
    }
    return pool;
}

void pool_run(Pool *pool, PoolPriority priority, PoolWork work, PoolDone done,
              gpointer data)
{
    PoolItem *item = g_new(PoolItem, 1);

    *item = (PoolItem){.pi_work = work, .pi_done = done, .pi_data = data};
    g_mutex_lock(&pool->po_lock);
    g_queue_push_tail(&pool->po_waiting[priority], item);
    /* All, for a signal could wake only the thread that does not take this one. */
    g_cond_broadcast(&pool->po_work);
    g_mutex_unlock(&pool->po_lock);
}

guint pool_waiting(Pool *pool)
{
    guint count;

    g_mutex_lock(&pool->po_lock);
    count = g_queue_get_length(&pool->po_waiting[POOL_NORMAL]);
    g_mutex_unlock(&pool->po_lock);
    return count;
}

gint64 pool_took_us(const Pool *pool)
{
    return pool->po_took_us;
}

void pool_post(Pool *pool, PoolDone done, gpointer data)
{
    PoolItem *item = g_new(PoolItem, 1);

    *item = (PoolItem){.pi_done = done, .pi_data = data};
    g_mutex_lock(&pool->po_lock);
    finish(pool, item);
    g_mutex_unlock(&pool->po_lock);
}

static void close_threads(Pool *pool)
{
    g_mutex_lock(&pool->po_lock);
    pool->po_closing = TRUE;
    g_cond_broadcast(&pool->po_work);
    g_mutex_unlock(&pool->po_lock);
    for (guint i = 0; i < pool->po_threads->len; i++)
        g_thread_join(g_ptr_array_index(pool->po_threads, i));
}

/* Also what a done queued in its turn: until nothing is left. */
static void settle(Pool *pool)
{
    PoolItem *item;

    do {
        deliver(pool);
        g_mutex_lock(&pool->po_lock);
        item = take(pool, POOL_NORMAL);
        g_mutex_unlock(&pool->po_lock);
        if (item)
            item->pi_done(item->pi_data, FALSE);
        g_free(item);
    } while (item || !g_queue_is_empty(&pool->po_finished));
}

void pool_free(Pool *pool)
{
    if (!pool)
        return;
    close_threads(pool);
    settle(pool);
    if (pool->po_event)
        event_free(pool->po_event);
    if (pool->po_fd >= 0)
        close(pool->po_fd);
    g_ptr_array_unref(pool->po_threads);
    g_cond_clear(&pool->po_work);
    g_mutex_clear(&pool->po_lock);
    g_free(pool);
}
