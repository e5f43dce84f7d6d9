/*
 * The drill clock: microseconds since the drill's start. It follows CLOCK_BOOTTIME, so
 * that neither a wall clock that jumps nor a suspended machine moves it unseen; it stands
 * still while paused and may leap forward in a rehearsal.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_CLOCK_H
#define PARRY_ORCHESTRATOR_DAEMON_CLOCK_H

#include <glib.h>

typedef struct {
    gint64 ck_base_us;   /* drill time at the anchor */
    gint64 ck_anchor_us; /* boot time of the anchor; meaningless while standing */
    gboolean ck_running;
    gboolean ck_leaps_only; /* a simulation's: no time passes but by clock_leap() */
} DrillClock;

gint64 clock_boottime_us(void);
gint64 clock_now(const DrillClock *clock);
void clock_run(DrillClock *clock);
void clock_stand(DrillClock *clock);
/* Takes up a clock that stood at now_us, or ran until now and runs on. */
void clock_restore(DrillClock *clock, gint64 now_us, gboolean running);
/* Moves a running or standing clock forward to `to_us`; an earlier time is ignored. */
void clock_leap(DrillClock *clock, gint64 to_us);
/* This boot's id (36 characters), or "" where the kernel has none. */
void clock_boot_id(char out[40]);

#endif
