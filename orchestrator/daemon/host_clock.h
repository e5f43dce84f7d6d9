/*
 * How far a guest's clock is off, and how fast it runs away: from heartbeats that answer
 * a ping, as NTP does it (RFC 5905, clock filter). A guest's clock lies within half the
 * way there and back of what one sample says; of the last ones that with the shortest way
 * counts. A sample that contradicts it is a clock that was set, and all begins anew.
 *
 * What a guest says of its clock is its own word: it can make itself appear off, and
 * nothing else. No clock is read here.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_HOST_CLOCK_H
#define PARRY_ORCHESTRATOR_DAEMON_HOST_CLOCK_H

#include <glib.h>

#define HOST_CLOCK_SAMPLES 8
#define HOST_CLOCK_POINTS 32
#define HOST_CLOCK_RTT_MAX (10 * G_USEC_PER_SEC) /* a longer way tells nothing */

typedef struct {
    gint64 cs_at_us; /* the host's CLOCK_MONOTONIC */
    gint64 cs_offset_us, cs_rtt_us;
} ClockSample;

typedef struct {
    gint64 hc_ping;                             /* of the newest sample */
    ClockSample hc_samples[HOST_CLOCK_SAMPLES]; /* a ring */
    guint hc_n, hc_at;
    ClockSample hc_points[HOST_CLOCK_POINTS]; /* the best of each while, for the drift */
    guint hc_n_points;
    gint64 hc_offset_us; /* guest less host, of the best sample */
    gint64 hc_rtt_us;
    gint64 hc_drift_ppb; /* 0 before some minutes have passed, but for a clock that runs
                            at another speed altogether */
} HostClock;

/* Begins anew: another guest kernel, or its clock was set by us. */
void host_clock_reset(HostClock *clock);

/*
 * A heartbeat: t of the ping that it answers, the guest's wall clock in it, and when it
 * came by the host's CLOCK_MONOTONIC and wall clock. TRUE where it was an answer and
 * counted; one that repeats a ping, or comes after too long a way, does not.
 */
gboolean host_clock_beat(HostClock *clock, gint64 ping, gint64 guest_us, gint64 mono_us,
                         gint64 wall_us);

/* Whether enough has come for the offset to be told. */
gboolean host_clock_known(const HostClock *clock);

#endif
