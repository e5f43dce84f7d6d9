#include "orchestrator/daemon/director.h"

#include "orchestrator/daemon/checks.h"
#include "orchestrator/daemon/holding.h"
#include "orchestrator/daemon/injects.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/daemon/reset_asks.h"
#include "orchestrator/daemon/windows.h"

/* A leap shorter than this is not worth a round of checks: the clock just runs. */
#define LEAP_MIN_US (2 * G_USEC_PER_SEC)

typedef struct {
    gint64 du_at_us;
    guint64 du_order;
    DueFn du_fn;
    gpointer du_data;
} Due;

struct Director {
    Daemon *di_daemon;
    GSequence *di_due;
    guint64 di_order;
    struct event *di_timer;
    Windows *di_windows;
    gboolean di_sampling; /* a round before a leap is under way */
    gboolean di_ending;
};

static int due_compare(gconstpointer a, gconstpointer b, gpointer data)
{
    const Due *left = a, *right = b;

    (void)data;
    if (left->du_at_us != right->du_at_us)
        return left->du_at_us < right->du_at_us ? -1 : 1;
    return left->du_order < right->du_order ? -1 : left->du_order > right->du_order;
}

/* The loop wakes; the barrier at the end of its turn pumps. */
static void on_timer(evutil_socket_t fd, short what, void *data)
{
    (void)fd;
    (void)what;
    (void)data;
}

static void due_end(Daemon *d, gpointer data)
{
    (void)data;
    director_end(d->dm_director, "parryd", "the planned end");
}

Director *director_new(Daemon *d)
{
    Director *director = g_new0(Director, 1);

    director->di_daemon = d;
    director->di_due = g_sequence_new(g_free);
    director->di_timer = evtimer_new(d->dm_base, on_timer, NULL);
    director_due(director, d->dm_plan->p_duration_us, due_end, NULL);
    director->di_windows = windows_new(d, director);
    return director;
}

void director_free(Director *director)
{
    if (!director)
        return;
    windows_free(director->di_windows);
    event_free(director->di_timer);
    g_sequence_free(director->di_due);
    g_free(director);
}

void director_due(Director *director, gint64 at_us, DueFn fn, gpointer data)
{
    Due *due = g_new0(Due, 1);

    due->du_at_us = at_us;
    due->du_order = director->di_order++;
    due->du_fn = fn;
    due->du_data = data;
    g_sequence_insert_sorted(director->di_due, due, due_compare, NULL);
}

Windows *director_windows(const Director *director)
{
    return director->di_windows;
}

gint64 director_next(const Director *director)
{
    GSequenceIter *first = g_sequence_get_begin_iter(director->di_due);

    return g_sequence_iter_is_end(first) ? -1 : ((Due *)g_sequence_get(first))->du_at_us;
}

void director_state_changed(Director *director)
{
    Daemon *d = director->di_daemon;

    checks_run(d->dm_checks, d->dm_state == DRILL_RUNNING);
    windows_state_changed(director->di_windows);
    reset_asks_state_changed(d->dm_reset_asks);
}

/* What became due while the checks were asked is not leapt over. */
static void on_sampled(Daemon *d, gint64 to_us, gpointer data)
{
    Director *director = d->dm_director;
    gint64 from = daemon_now(d), to = MIN(director_next(director), to_us);

    (void)data;
    director->di_sampling = FALSE;
    if (d->dm_state != DRILL_RUNNING || to <= from)
        return;
    daemon_event(d, "clock.leap/1", "parryd", -1, -1, 0,
                 json_pack("{s:I, s:I}", "from", (json_int_t)from, "to", (json_int_t)to));
    clock_leap(&d->dm_clock, to);
}

static void leap(Director *director, gint64 to_us)
{
    director->di_sampling = TRUE;
    checks_sample(director->di_daemon->dm_checks, to_us, on_sampled, NULL);
}

/* What is not committed yet may make something due. */
static gboolean director_idle(const Director *director)
{
    const Daemon *d = director->di_daemon;

    return !director->di_sampling && !journal_dirty(d->dm_journal) &&
           orders_in_flight(d->dm_orders) == 0 && d->dm_then.length == 0 &&
           !reset_asks_busy(d->dm_reset_asks);
}

void director_pump(Director *director)
{
    Daemon *d = director->di_daemon;
    gint64 next;

    if (d->dm_state != DRILL_RUNNING || director->di_ending)
        return;
    /* While a sample is under way nothing new begins: it would not be what was sampled.
     */
    while (!director->di_sampling && (next = director_next(director)) >= 0 &&
           next <= daemon_now(d) && d->dm_state == DRILL_RUNNING) {
        GSequenceIter *first = g_sequence_get_begin_iter(director->di_due);
        Due due = *(Due *)g_sequence_get(first);
        g_sequence_remove(first);
        due.du_fn(d, due.du_data);
    }
    next = director_next(director);
    if (d->dm_state != DRILL_RUNNING || next < 0)
        return;
    gint64 wait = MAX(next - daemon_now(d), 1000);
    if (d->dm_rehearsal && director_idle(director) &&
        (wait > LEAP_MIN_US || d->dm_simulated)) {
        leap(director, next);
        return;
    }
    struct timeval tv = {wait / G_USEC_PER_SEC, wait % G_USEC_PER_SEC};
    evtimer_add(director->di_timer, &tv);
}

/* Once the last cleanup has run the drill is over for good. */
static void on_settled(Daemon *d, gpointer data)
{
    (void)data;
    daemon_set_state(d, DRILL_JUDGING, "parryd", "the exercise is over");
    if (d->dm_rehearsal)
        daemon_set_state(d, DRILL_PROVISIONAL, "parryd",
                         "a rehearsal has nobody to judge");
}

void director_end(Director *director, const char *actor, const char *reason)
{
    Daemon *d = director->di_daemon;

    if (director->di_ending)
        return;
    holding_release_all(d, actor, reason);
    director->di_ending = TRUE;
    daemon_set_state(d, DRILL_ENDED, actor, reason);
    injects_settle(d->dm_injects, on_settled, NULL);
}

void director_resume(Director *director)
{
    Daemon *d = director->di_daemon;

    director->di_ending = d->dm_state >= DRILL_ENDED && d->dm_state <= DRILL_PROVISIONAL;
    windows_resume(director->di_windows);
    checks_run(d->dm_checks, d->dm_state == DRILL_RUNNING);
    if (d->dm_state == DRILL_ENDED)
        injects_settle(d->dm_injects, on_settled, NULL);
}
