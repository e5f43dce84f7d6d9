/*
 * The machine's wall clock, watched. Nothing in a drill waits for it: the drill clock and
 * every deadline follow the machine's time since boot. When it is set meanwhile, by hand
 * or by NTP, `clock.jumped/1` says by how much, so that the times of the events before
 * and after can be told apart; guests are set by it anew, for theirs are compared with
 * it.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_WALL_H
#define PARRY_ORCHESTRATOR_DAEMON_WALL_H

#include "orchestrator/daemon/daemon.h"

/* Slewing moves it by 0.5 ms a second at most, and a look comes each second. */
#define WALL_JUMP_US (G_USEC_PER_SEC / 4)

Wall *wall_new(Daemon *d);
void wall_free(Wall *wall);

/* What the two clocks (UTC, CLOCK_BOOTTIME) say at one moment. */
void wall_look(Wall *wall, gint64 wall_us, gint64 boottime_us);

/* While no daemon was there: what both were when the last one was seen alive. Appends the
 * event where it was set. */
void wall_was(Daemon *d, gint64 wall_us, gint64 boottime_us);

#endif
