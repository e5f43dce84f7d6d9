#include "orchestrator/daemon/wall.h"

#include "orchestrator/daemon/clocks.h"
#include "orchestrator/daemon/director.h"
#include "orchestrator/daemon/windows.h"

#define LOOK_S 1

struct Wall {
    Daemon *wl_daemon;
    gint64 wl_offset_us; /* UTC less time since boot */
    struct event *wl_look;
};

static void jumped(Daemon *d, gint64 by_us, gint64 now_us)
{
    daemon_event(d, "clock.jumped/1", "parryd", -1, -1, 0,
                 json_pack("{s:I, s:I, s:I}", "by_us", (json_int_t)by_us, "from_us",
                           (json_int_t)(now_us - by_us), "to_us", (json_int_t)now_us));
    windows_jumped(director_windows(d->dm_director), by_us);
}

void wall_look(Wall *wall, gint64 wall_us, gint64 boottime_us)
{
    Daemon *d = wall->wl_daemon;
    gint64 by_us = wall_us - boottime_us - wall->wl_offset_us;

    wall->wl_offset_us += by_us; /* slewing adds up to nothing */
    if (ABS(by_us) < WALL_JUMP_US)
        return;
    g_warning("drill %s: this machine's clock was set by %.3f s", d->dm_plan->p_name,
              (double)by_us / (double)G_USEC_PER_SEC);
    jumped(d, by_us, wall_us);
    if (d->dm_state == DRILL_READY || d->dm_state == DRILL_RUNNING)
        clocks_set_all(d, "host-clock");
}

void wall_was(Daemon *d, gint64 wall_us, gint64 boottime_us)
{
    gint64 now_us = g_get_real_time();
    gint64 by_us = (now_us - wall_us) - (clock_boottime_us() - boottime_us);

    if (ABS(by_us) >= WALL_JUMP_US)
        jumped(d, by_us, now_us);
}

static void on_look(evutil_socket_t fd, short what, void *data)
{
    (void)fd;
    (void)what;
    wall_look(data, g_get_real_time(), clock_boottime_us());
}

Wall *wall_new(Daemon *d)
{
    Wall *wall = g_new0(Wall, 1);
    struct timeval tv = {LOOK_S, 0};

    wall->wl_daemon = d;
    wall->wl_offset_us = g_get_real_time() - clock_boottime_us();
    wall->wl_look = event_new(d->dm_base, -1, EV_PERSIST, on_look, wall);
    event_add(wall->wl_look, &tv);
    return wall;
}

void wall_free(Wall *wall)
{
    if (!wall)
        return;
    event_free(wall->wl_look);
    g_free(wall);
}
