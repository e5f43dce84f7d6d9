/*
 * Threads for blocking calls, and the way back to libevent's loop.
 *
 * Work runs on a thread of the pool, its `done` on the loop thread; nothing else here
 * touches an event, so no event is ever changed off the loop thread. One thread takes
 * urgent work only: the kill switch never waits behind a slow create.
 */
#ifndef PARRY_RANGE_POOL_H
#define PARRY_RANGE_POOL_H

#include <event2/event.h>
#include <glib.h>

typedef struct Pool Pool;

typedef enum {
    POOL_URGENT, /* the kill switch, teardown, the connection itself */
    POOL_SOON,   /* short looks at the world */
    POOL_NORMAL,
    POOL_PRIORITIES,
} PoolPriority;

typedef void (*PoolWork)(gpointer data);
/* ran: FALSE when the pool was freed before the work began. */
typedef void (*PoolDone)(gpointer data, gboolean ran);

/* workers: threads for all work, besides the one for urgent work. Loop thread. */
Pool *pool_new(struct event_base *base, int workers, GError **error);

/* Queues work; from the loop thread. */
void pool_run(Pool *pool, PoolPriority priority, PoolWork work, PoolDone done,
              gpointer data);

/* How much POOL_NORMAL work no thread has begun yet. */
guint pool_waiting(Pool *pool);
/* Within a done: for how long its work ran on its thread, the queue left out. */
gint64 pool_took_us(const Pool *pool);

/* Has done(data, TRUE) called on the loop thread; from any thread. */
void pool_post(Pool *pool, PoolDone done, gpointer data);

/* Waits for work in flight, then calls every outstanding done, those of work that never
 * began with ran FALSE. Loop thread. NULL is ignored. */
void pool_free(Pool *pool);

#endif
