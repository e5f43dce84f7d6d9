#include "agents/agent/deadman.h"

#include "agents/agent/order.h"

static struct event *timer;
static int64_t limit_us; /* 0: never */
static int64_t heard_us;
static int64_t due_us; /* of the timer */
static bool late;      /* it came late already since the host was heard */

/* A guest that stood still wakes to a timer long over, and to what the host said
 * meanwhile: that is read first. */
#define LATE_US 1000000
#define AGAIN_US 5000000

static void wait_for(int64_t us)
{
    struct timeval tv = {us / 1000000, us % 1000000};

    due_us = agent_now_us() + us;
    evtimer_add(timer, &tv);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    int64_t silent = agent_now_us() - heard_us;

    (void)fd;
    (void)what;
    if (limit_us == 0 || !orders_attacking(arg))
        return;
    if (silent < limit_us) {
        wait_for(limit_us - silent);
        return;
    }
    if (!late && agent_now_us() - due_us > LATE_US) {
        late = true;
        wait_for(AGAIN_US);
        return;
    }
    agent_log("nothing from the host for %lld ms: attacks end", (long long)silent / 1000);
    orders_deadman(arg, silent / 1000);
}

void deadman_set(struct agent *a, int64_t ms)
{
    limit_us = ms * 1000;
    if (timer)
        evtimer_del(timer);
    deadman_arm(a);
}

void deadman_heard(void)
{
    heard_us = agent_now_us();
    late = false;
}

void deadman_arm(struct agent *a)
{
    if (limit_us == 0 || !orders_attacking(a))
        return;
    if (!timer && !(timer = evtimer_new(a->base, on_timer, a))) {
        agent_log("dead-man: out of memory");
        return;
    }
    if (!evtimer_pending(timer, NULL))
        wait_for(limit_us);
}

void deadman_done(void)
{
    if (timer)
        event_free(timer);
    timer = NULL;
}
