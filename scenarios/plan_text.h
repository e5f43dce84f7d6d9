/*
 * The plan for people: networks, hosts, images, the timeline, and what all of it needs
 * against what is there.
 */
#ifndef PARRY_SCENARIOS_PLAN_TEXT_H
#define PARRY_SCENARIOS_PLAN_TEXT_H

#include "scenarios/plan.h"

/* The machine that the drill would run on. */
typedef struct {
    const char *hr_accel; /* "kvm" or "qemu" */
    guint64 hr_memory;    /* bytes that can be had; 0: unknown */
    guint64 hr_disk;      /* bytes free; 0: unknown */
    int hr_cores;
    GHashTable *hr_cached; /* ids of images that need not be built; NULL: unknown */
    gint64 hr_ready_us; /* how long `up` takes, as earlier ones did here; 0: not known */
    const char *hr_rests; /* what that rests on, or why it is not known; NULL: nothing */
} PlanHere;

/*
 * About how long `up` takes until the drill is ready, images built, in microseconds,
 * where nothing is known of this machine:
 *
 *     4 s + the sum of all hosts' boots / cores, and no less than the longest boot, with
 *     those that it waits for by `after`
 *
 * A boot in seconds of processor time: 3.5 for micro, 20 for Debian and own images; with
 * KVM a fifth of that. Measured under emulation on 2 cores (docs/benchmarks.md): ten
 * micro VMs took 30 to 40 s of processor time, the first drill's nine micro and two
 * Debian VMs 43 s by the clock, the proof of isolation 4 s. That KVM is five times as
 * fast is not measured but the usual ratio, so this is an upper bound for guests that
 * wait rather than compute.
 */
gint64 plan_ready_us(const Plan *plan, const char *accel, int cores);

/* One heading and one table a subject, in `width` terminal columns (0: as wide as it
 * takes); titles in `lang`. Free with g_free(). */
char *plan_text(const Plan *plan, const PlanHere *here, const char *lang, int width);
/* Its part on what is planted in estates: zones, weaknesses, flags, credentials, without
 * their secrets; empty where there is none (plan_text_estate.c). */
char *plan_text_planted(const Plan *plan, const char *lang, int indent, int width);
/* Its timeline only. */
char *plan_text_msel(const Plan *plan, const char *lang, int width);
/* "10mbit" of bits a second. Free with g_free(). */
char *plan_rate_text(gint64 bits);
/* "20ms, loss 2%, 10mbit": how good a network is made; empty: as good as it gets. Free
 * with g_free(). */
char *plan_link_text(const PlanNetwork *network);
/* Its needs for `parry plan --json`; the caller owns it. */
json_t *plan_needs_json(const Plan *plan, const PlanHere *here);

#endif
