#include "orchestrator/daemon/windows.h"

#include "orchestrator/daemon/clocks.h"
#include "orchestrator/daemon/director.h"
#include "orchestrator/daemon/orders.h"

#include <string.h>

/* What is under way in a guest when the window opens may end first, for so long. */
#define FINISH_US (60 * G_USEC_PER_SEC)

struct Windows {
    Daemon *wd_daemon;
    const PlanWindow *wd_open; /* the pause that is on, or NULL */
    gint64 wd_since_us;        /* UTC, of one that is taken up */
    gboolean wd_moving;        /* the state moves by our own hand */
    GHashTable *wd_over; /* PlanWindow: paused for it before, in an earlier daemon */
    struct event *wd_timer;
};

/* What stands for a stretch of time must not reach into another: the director only has to
 * stop there. */
static void due_boundary(Daemon *d, gpointer data)
{
    (void)d;
    (void)data;
}

static void on_moved(guint count, const GError *error, gpointer data)
{
    const PlanWindow *window = data;

    if (error)
        g_warning("window %s: %u VMs, then: %s", window->wi_name, count, error->message);
}

static void on_resumed(guint count, const GError *error, gpointer data)
{
    Windows *windows = data;

    if (error)
        g_warning("a window is over: %u VMs go on, then: %s", count, error->message);
    clocks_set_all(windows->wd_daemon, "resumed");
}

static char *window_reason(const PlanWindow *window)
{
    return g_strdup_printf("the window %s", window->wi_name);
}

static void leap_over(Daemon *d, const PlanWindow *window)
{
    g_autofree char *reason = window_reason(window);
    gint64 from = daemon_now(d), to = window->wi_until_us;

    if (to <= from)
        return;
    daemon_event(d, "clock.leap/1", "parryd", -1, -1, 0,
                 json_pack("{s:I, s:I, s:s}", "from", (json_int_t)from, "to",
                           (json_int_t)to, "reason", reason));
    clock_leap(&d->dm_clock, to);
}

/* The window is over. A drill that white stopped meanwhile stays stopped. */
static void on_over(evutil_socket_t fd, short what, void *data)
{
    Windows *windows = data;
    Daemon *d = windows->wd_daemon;
    const PlanWindow *window = g_steal_pointer(&windows->wd_open);
    g_autofree char *reason = NULL;

    (void)fd;
    (void)what;
    if (!window)
        return;
    leap_over(d, window);
    if (d->dm_state != DRILL_PAUSED)
        return;
    reason = g_strdup_printf("the window %s is over", window->wi_name);
    daemon_set_state(d, DRILL_RUNNING, "parryd", reason);
    if (d->dm_range)
        range_resume_all(d->dm_range, on_resumed, windows);
}

static void due_pause(Daemon *d, gpointer data)
{
    const PlanWindow *window = data;
    Windows *windows = director_windows(d->dm_director);
    gint64 lasts = window->wi_until_us - daemon_now(d);
    struct timeval tv = {lasts / G_USEC_PER_SEC, lasts % G_USEC_PER_SEC};
    g_autofree char *reason = window_reason(window);

    if (lasts <= 0 || g_hash_table_contains(windows->wd_over, window))
        return; /* a leap of another window's end went over it */
    if (d->dm_rehearsal) {
        leap_over(d, window);
        return;
    }
    if (orders_in_flight(d->dm_orders) &&
        daemon_now(d) < window->wi_from_us + FINISH_US) {
        director_due(d->dm_director, daemon_now(d) + G_USEC_PER_SEC / 4, due_pause, data);
        return;
    }
    windows->wd_moving = TRUE;
    daemon_set_state(d, DRILL_PAUSED, "parryd", reason);
    windows->wd_moving = FALSE;
    windows->wd_open = window;
    evtimer_add(windows->wd_timer, &tv);
    if (d->dm_range)
        range_suspend_all(d->dm_range, on_moved, (gpointer)window);
}

void windows_state_changed(Windows *windows)
{
    DrillState state = windows->wd_daemon->dm_state;

    /* Only standing still keeps it open. */
    if (windows->wd_moving || state == DRILL_PAUSED || state == DRILL_STOPPED)
        return;
    windows->wd_open = NULL;
    evtimer_del(windows->wd_timer);
}

Windows *windows_new(Daemon *d, Director *director)
{
    Windows *windows = g_new0(Windows, 1);

    windows->wd_daemon = d;
    windows->wd_over = g_hash_table_new(NULL, NULL);
    windows->wd_timer = evtimer_new(d->dm_base, on_over, windows);
    for (guint i = 0; i < d->dm_plan->p_windows->len; i++) {
        PlanWindow *window = d->dm_plan->p_windows->pdata[i];
        director_due(director, window->wi_from_us,
                     window->wi_mode == WINDOW_PAUSE ? due_pause : due_boundary, window);
        director_due(director, window->wi_until_us, due_boundary, window);
    }
    for (guint i = 0; i < d->dm_plan->p_phases->len; i++) {
        PlanPhase *phase = d->dm_plan->p_phases->pdata[i];
        if (phase->pz_until_us < d->dm_plan->p_duration_us)
            director_due(director, phase->pz_until_us, due_boundary, phase);
    }
    return windows;
}

void windows_free(Windows *windows)
{
    event_free(windows->wd_timer);
    g_hash_table_unref(windows->wd_over);
    g_free(windows);
}

/* ---- taken up again ---- */

static PlanWindow *window_of(const Daemon *d, const char *reason)
{
    for (guint i = 0; i < d->dm_plan->p_windows->len; i++) {
        PlanWindow *window = d->dm_plan->p_windows->pdata[i];
        g_autofree char *own = window_reason(window);
        if (window->wi_mode == WINDOW_PAUSE && g_strcmp0(own, reason) == 0)
            return window;
    }
    return NULL;
}

void windows_jumped(Windows *windows, gint64 by_us)
{
    windows->wd_since_us += by_us;
}

void windows_replay(Windows *windows, const JournalEvent *event)
{
    const char *to = json_string_value(json_object_get(event->ev_body, "to"));
    const char *reason = json_string_value(json_object_get(event->ev_body, "reason"));
    PlanWindow *window;

    if (strcmp(event->ev_kind, "clock.jumped/1") == 0)
        windows_jumped(windows,
                       json_integer_value(json_object_get(event->ev_body, "by_us")));
    if (strcmp(event->ev_kind, "drill.state/1") != 0)
        return;
    if (g_strcmp0(to, "paused") == 0 && strcmp(event->ev_actor, "parryd") == 0 &&
        (window = window_of(windows->wd_daemon, reason))) {
        g_hash_table_add(windows->wd_over, window);
        windows->wd_open = window;
        windows->wd_since_us = event->ev_at_us;
    } else if (g_strcmp0(to, "paused") != 0 && g_strcmp0(to, "stopped") != 0) {
        windows->wd_open = NULL;
    }
}

/* It stays open for the rest of its time by the wall. */
void windows_resume(Windows *windows)
{
    const PlanWindow *window = windows->wd_open;

    if (!window)
        return;
    gint64 lasts = window->wi_until_us - daemon_now(windows->wd_daemon) -
                   (g_get_real_time() - windows->wd_since_us);
    lasts = CLAMP(lasts, 0, window->wi_until_us - window->wi_from_us);
    struct timeval tv = {lasts / G_USEC_PER_SEC, lasts % G_USEC_PER_SEC};
    evtimer_add(windows->wd_timer, &tv);
}
