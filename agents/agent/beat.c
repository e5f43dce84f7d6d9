#include "agents/agent/beat.h"

#include "agents/agent/clock.h"
#include "agents/agent/observe.h"
#include "agents/agent/session.h"
#include "agents/agent/text.h"

#include <unistd.h>

#define BEAT_S 2

static struct event *timer;

/* Second number of /proc/self/statm, in pages; 0 without /proc. */
static int64_t rss_kb(void)
{
    char line[128];
    long long resident;

    if (!text_first_line("/proc/self/statm", line, sizeof(line)) ||
        !text_number(text_word(line, 1), 10, &resident, NULL))
        return 0;
    return resident * sysconf(_SC_PAGESIZE) / 1024;
}

void beat_send(struct agent *a)
{
    struct wire_queue_stats stats;
    struct wire_msg m;

    if (!a->welcomed) /* a beat is about now: none are saved up */
        return;
    wire_queue_stats(a->queue, &stats);
    wire_msg_init(&m, WIRE_BEAT);
    m.beat.mono_us = agent_now_us();
    m.beat.wall_us = clock_wall_us();
    m.beat.rss_kb = rss_kb();
    m.beat.drops = (int64_t)stats.dropped;
    m.beat.queued = (int64_t)(stats.waiting + stats.unacked);
    m.beat.ping = a->ping;
    m.beat.sources = a->sources;
    agent_send(a, &m);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    session_tend(arg);
    observe_beat(arg);
    beat_send(arg);
}

bool beat_start(struct agent *a)
{
    struct timeval tv = {BEAT_S, 0};

    timer = event_new(a->base, -1, EV_PERSIST, on_timer, a);
    return timer && event_add(timer, &tv) == 0;
}

void beat_stop(void)
{
    if (timer)
        event_free(timer);
    timer = NULL;
}
