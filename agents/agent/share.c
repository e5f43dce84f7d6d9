#include "agents/agent/share.h"

#include "agents/agent/agent.h"

#include <stdlib.h>
#include <time.h>

#define WINDOW_US 500000 /* as much as this long allows may be used at once */
#define WAIT_MIN_US 10000

struct reader {
    struct reader *next;
    struct event *readable;
};

static struct {
    int64_t percent;
    int64_t left_us; /* of processor time; below 0: overdrawn */
    int64_t at_us, cpu_at_us;
    struct event *timer;
    struct reader *readers;
    bool waiting;
} sh = {.percent = SHARE_DEFAULT};

static int64_t cpu_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int64_t most_us(void)
{
    return WINDOW_US * sh.percent / 100;
}

static void reckon(void)
{
    int64_t now = agent_now_us(), cpu = cpu_us();

    sh.left_us += (now - sh.at_us) * sh.percent / 100;
    if (sh.left_us > most_us())
        sh.left_us = most_us();
    sh.left_us -= cpu - sh.cpu_at_us;
    sh.at_us = now;
    sh.cpu_at_us = cpu;
}

/* Until a good part of it may be used at once: waking up costs, too. */
static void wait_for_more(void)
{
    int64_t us = (most_us() / 2 - sh.left_us) * 100 / sh.percent;
    struct timeval tv;

    us = us < WAIT_MIN_US ? WAIT_MIN_US : us;
    tv = (struct timeval){us / 1000000, us % 1000000};
    evtimer_add(sh.timer, &tv);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    reckon();
    if (sh.left_us <= 0) {
        wait_for_more();
        return;
    }
    sh.waiting = false;
    for (const struct reader *r = sh.readers; r; r = r->next)
        if (event_add(r->readable, NULL) < 0)
            agent_log("share: cannot read on");
}

bool share_spent(void)
{
    if (sh.waiting || !sh.timer)
        return sh.waiting;
    reckon();
    if (sh.left_us > 0)
        return false;
    sh.waiting = true;
    for (const struct reader *r = sh.readers; r; r = r->next)
        event_del(r->readable);
    wait_for_more();
    return true;
}

bool share_add(struct event *readable)
{
    struct reader *r = calloc(1, sizeof(*r));

    if (!r || (!sh.waiting && event_add(readable, NULL) < 0)) {
        free(r);
        return false;
    }
    *r = (struct reader){sh.readers, readable};
    sh.readers = r;
    return true;
}

void share_remove(const struct event *readable)
{
    for (struct reader **at = &sh.readers; *at; at = &(*at)->next)
        if ((*at)->readable == readable) {
            struct reader *gone = *at;
            *at = gone->next;
            free(gone);
            return;
        }
}

void share_set(int64_t percent)
{
    sh.percent = percent;
}

bool share_start(struct event_base *base)
{
    sh.at_us = agent_now_us();
    sh.cpu_at_us = cpu_us();
    sh.left_us = most_us();
    sh.timer = evtimer_new(base, on_timer, NULL);
    return sh.timer != NULL;
}

void share_stop(void)
{
    if (sh.timer)
        event_free(sh.timer);
    sh.timer = NULL;
    sh.waiting = false;
}
