#include "orchestrator/daemon/host_clock.h"

#define ENOUGH 3
#define GOOD_RTT_US 50000 /* one sample as good as this is enough */
/* A quartz, or QEMU's timer, runs away by less than this. */
#define DRIFT_MAX_PPM 500
#define POINT_EVERY_US (15 * G_USEC_PER_SEC)
#define DRIFT_AFTER_US (120 * G_USEC_PER_SEC)

void host_clock_reset(HostClock *clock)
{
    gint64 ping = clock->hc_ping;

    *clock = (HostClock){.hc_ping = ping};
}

gboolean host_clock_known(const HostClock *clock)
{
    return clock->hc_n >= ENOUGH || (clock->hc_n > 0 && clock->hc_rtt_us <= GOOD_RTT_US);
}

static const ClockSample *best(const HostClock *clock)
{
    const ClockSample *best = NULL;

    for (guint i = 0; i < clock->hc_n; i++)
        if (!best || clock->hc_samples[i].cs_rtt_us < best->cs_rtt_us)
            best = &clock->hc_samples[i];
    return best;
}

/* Two samples of one clock lie within the errors of both, and what it may have run away
 * meanwhile. */
static gboolean contradict(const ClockSample *old, const ClockSample *new)
{
    gint64 age_us = new->cs_at_us - old->cs_at_us;
    gint64 slack_us =
        (old->cs_rtt_us + new->cs_rtt_us) / 2 + age_us / 1000000 * DRIFT_MAX_PPM + 1000;

    return ABS(new->cs_offset_us - old->cs_offset_us) > slack_us;
}

/* The slope of the line through the points, by least squares. */
static gint64 drift_of(const HostClock *clock)
{
    const ClockSample *points = clock->hc_points;
    guint n = clock->hc_n_points;
    double mean_x = 0, mean_y = 0, xx = 0, xy = 0;

    if (n < 3 || points[n - 1].cs_at_us - points[0].cs_at_us < DRIFT_AFTER_US)
        return 0;
    for (guint i = 0; i < n; i++) {
        mean_x += (double)(points[i].cs_at_us - points[0].cs_at_us) / n;
        mean_y += (double)(points[i].cs_offset_us - points[0].cs_offset_us) / n;
    }
    for (guint i = 0; i < n; i++) {
        double x = (double)(points[i].cs_at_us - points[0].cs_at_us) - mean_x;
        double y = (double)(points[i].cs_offset_us - points[0].cs_offset_us) - mean_y;
        xx += x * x;
        xy += x * y;
    }
    return xx > 0 ? (gint64)(xy / xx * 1e9) : 0;
}

/* One point a while, the best of it; the oldest makes room. */
static void add_point(HostClock *clock, const ClockSample *sample)
{
    ClockSample *last =
        clock->hc_n_points ? &clock->hc_points[clock->hc_n_points - 1] : NULL;

    if (last && sample->cs_at_us / POINT_EVERY_US == last->cs_at_us / POINT_EVERY_US) {
        if (sample->cs_rtt_us < last->cs_rtt_us)
            *last = *sample;
        return;
    }
    if (clock->hc_n_points == HOST_CLOCK_POINTS) {
        for (guint i = 1; i < HOST_CLOCK_POINTS; i++)
            clock->hc_points[i - 1] = clock->hc_points[i];
        clock->hc_n_points--;
    }
    clock->hc_points[clock->hc_n_points++] = *sample;
}

/* Of a clock whose every sample contradicts the one before: it was not set, it runs at
 * another speed altogether. */
static gint64 runaway(const HostClock *clock, const ClockSample *new)
{
    const ClockSample *old = best(clock);
    gint64 age_us = new->cs_at_us - old->cs_at_us;
    double moved_us = (double)new->cs_offset_us - (double)old->cs_offset_us;

    if (clock->hc_n != 1 || age_us < G_USEC_PER_SEC)
        return 0;
    return (gint64)CLAMP(moved_us / (double)age_us * 1e9, -1e15, 1e15);
}

gboolean host_clock_beat(HostClock *clock, gint64 ping, gint64 guest_us, gint64 mono_us,
                         gint64 wall_us)
{
    gint64 rtt_us = mono_us - ping;

    if (ping <= clock->hc_ping || rtt_us < 0 || rtt_us > HOST_CLOCK_RTT_MAX)
        return FALSE;
    /* Far enough from both ends for every difference below. */
    guest_us = CLAMP(guest_us, -G_MAXINT64 / 8, G_MAXINT64 / 8);
    ClockSample sample = {mono_us, guest_us - (wall_us - rtt_us / 2), rtt_us};
    gint64 runs_ppb = 0;
    if (clock->hc_n && contradict(best(clock), &sample)) {
        runs_ppb = runaway(clock, &sample);
        host_clock_reset(clock);
    }
    clock->hc_ping = ping;
    clock->hc_samples[clock->hc_at] = sample;
    clock->hc_at = (clock->hc_at + 1) % HOST_CLOCK_SAMPLES;
    clock->hc_n = MIN(clock->hc_n + 1, HOST_CLOCK_SAMPLES);
    add_point(clock, &sample);
    clock->hc_offset_us = best(clock)->cs_offset_us;
    clock->hc_rtt_us = best(clock)->cs_rtt_us;
    clock->hc_drift_ppb = runs_ppb ? runs_ppb : drift_of(clock);
    return TRUE;
}
