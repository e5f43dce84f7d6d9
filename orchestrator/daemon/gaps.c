#include "orchestrator/daemon/gaps.h"

/* Sums of sums still fit the journal's signed integers. */
#define COUNT_MAX ((guint64)G_MAXINT64 / 16)

static guint64 bounded(guint64 count)
{
    return MIN(count, COUNT_MAX);
}

static guint64 sum(guint64 a, guint64 b)
{
    return bounded(bounded(a) + bounded(b));
}

/* ---- what is told ---- */

static void stretch(Gaps *gaps, gint64 from_us, gint64 to_us)
{
    const Losses *new = &gaps->ga_new;
    gboolean any = new->lo_kernel || new->lo_queue || new->lo_channel || new->lo_hub;

    if (from_us > to_us) {
        gint64 swap = from_us;
        from_us = to_us;
        to_us = swap;
    }
    gaps->ga_from_us = any ? MIN(gaps->ga_from_us, from_us) : from_us;
    gaps->ga_to_us = any ? MAX(gaps->ga_to_us, to_us) : to_us;
}

/* A sum has risen to `now`: the rise is new. Sums do not fall. */
static void rise(Gaps *gaps, guint64 *known, guint64 now, guint64 *all, guint64 *new,
                 gint64 from_us, gint64 to_us)
{
    now = bounded(now);
    if (now <= *known)
        return;
    stretch(gaps, from_us, to_us);
    *all = sum(*all, now - *known);
    *new = sum(*new, now - *known);
    *known = now;
}

#define RISE(gaps, where, now, from, to)                                                 \
    rise(gaps, &(gaps)->ga_known.where, now, &(gaps)->ga_all.where,                      \
         &(gaps)->ga_new.where, from, to)

gboolean gaps_take(Gaps *gaps, gint64 now_us, gboolean force, GapTold *told)
{
    const Losses *new = &gaps->ga_new;

    if (!new->lo_kernel && !new->lo_queue && !new->lo_channel && !new->lo_hub)
        return FALSE;
    if (!force && gaps->ga_told && now_us - gaps->ga_told_at_us < GAPS_EVERY_US)
        return FALSE;
    *told = (GapTold){*new, gaps->ga_from_us, gaps->ga_to_us};
    gaps->ga_new = (Losses){0, 0, 0, 0};
    gaps->ga_told = TRUE;
    gaps->ga_told_at_us = now_us;
    return TRUE;
}

/* ---- what comes ---- */

void gaps_restart(Gaps *gaps)
{
    gaps->ga_next = 1;
    gaps->ga_holes = gaps->ga_number = 0;
    gaps->ga_known = (Losses){0, 0, 0, 0};
    gaps->ga_hub_before = gaps->ga_hub_now = 0;
    gaps->ga_last_us = 0;
    gaps->ga_hole_from_us = gaps->ga_hole_to_us = 0;
    gaps->ga_ping = -1;
    gaps->ga_resumed = gaps->ga_rebase_rows = gaps->ga_rebase_lossy = FALSE;
    gaps->ga_queue_base = 0;
}

void gaps_resume(Gaps *gaps, guint64 next)
{
    gaps_restart(gaps);
    gaps->ga_next = MAX(bounded(next), 1);
    gaps->ga_number = gaps->ga_next - 1;
    gaps->ga_resumed = gaps->ga_rebase_lossy = TRUE;
}

void gaps_reverted(Gaps *gaps)
{
    gaps_restart(gaps);
    gaps->ga_rebase_rows = gaps->ga_rebase_lossy = TRUE;
}

void gaps_connected(Gaps *gaps)
{
    gaps->ga_hub_before = sum(gaps->ga_hub_before, gaps->ga_hub_now);
    gaps->ga_hub_now = 0;
}

static void take_dropped(Gaps *gaps, guint64 dropped, gint64 from_us, gint64 to_us)
{
    gaps->ga_hub_now = MAX(gaps->ga_hub_now, bounded(dropped));
    RISE(gaps, lo_hub, sum(gaps->ga_hub_before, gaps->ga_hub_now), from_us, to_us);
}

static void take_number(Gaps *gaps, guint64 number)
{
    number = bounded(number);
    if (number <= gaps->ga_number)
        return;
    gaps->ga_numbered = sum(gaps->ga_numbered, number - gaps->ga_number);
    gaps->ga_number = number;
}

void gaps_rows(Gaps *gaps, guint64 n, guint64 count, guint64 dropped, gint64 first_us,
               gint64 last_us)
{
    gint64 before_us = gaps->ga_last_us ? gaps->ga_last_us : first_us;

    if (gaps->ga_rebase_rows || (gaps->ga_resumed && n < gaps->ga_next)) {
        gaps->ga_next = MAX(bounded(n), 1);
        gaps->ga_number = gaps->ga_next - 1;
    }
    gaps->ga_resumed = gaps->ga_rebase_rows = FALSE;
    take_dropped(gaps, dropped, before_us, first_us);
    if (n > gaps->ga_next) {
        if (!gaps->ga_hole_from_us)
            gaps->ga_hole_from_us = before_us;
        gaps->ga_hole_to_us = first_us;
        gaps->ga_holes = sum(gaps->ga_holes, n - gaps->ga_next);
    }
    gaps->ga_next = MAX(gaps->ga_next, sum(n, count));
    take_number(gaps, gaps->ga_next - 1);
    gaps->ga_rows += count;
    gaps->ga_last_us = last_us;
}

/* What nobody has accounted for by now is the channel's. */
static void settle(Gaps *gaps)
{
    guint64 others =
        sum(gaps->ga_known.lo_queue - gaps->ga_queue_base, gaps->ga_known.lo_hub);

    if (gaps->ga_holes > others)
        RISE(gaps, lo_channel, gaps->ga_holes - others, gaps->ga_hole_from_us,
             gaps->ga_hole_to_us);
    gaps->ga_hole_from_us = 0;
}

void gaps_lossy(Gaps *gaps, guint64 number, guint64 kernel, guint64 queue,
                guint64 dropped, gint64 from_us, gint64 to_us)
{
    if (gaps->ga_rebase_lossy) {
        gaps->ga_known.lo_kernel = bounded(kernel);
        gaps->ga_known.lo_queue = gaps->ga_queue_base = bounded(queue);
        gaps->ga_number = MAX(gaps->ga_number, bounded(number));
    }
    gaps->ga_rebase_lossy = FALSE;
    take_number(gaps, number);
    RISE(gaps, lo_kernel, kernel, from_us, to_us);
    RISE(gaps, lo_queue, queue, from_us, to_us);
    take_dropped(gaps, dropped, gaps->ga_last_us ? gaps->ga_last_us : from_us, to_us);
    settle(gaps);
}

void gaps_beat(Gaps *gaps, gint64 ping, guint64 queued)
{
    gboolean own = ping == gaps->ga_ping;

    gaps->ga_ping = ping;
    if (own && queued == 0)
        settle(gaps);
}
