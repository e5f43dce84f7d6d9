/*
 * The director: what is due on the drill clock, in order, and the clock's leaps.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_DIRECTOR_H
#define PARRY_ORCHESTRATOR_DAEMON_DIRECTOR_H

#include "orchestrator/daemon/daemon.h"

Director *director_new(Daemon *d);
void director_free(Director *director);

/* Something due at a drill time; run once, in order of time, then of call. data is not
 * owned. */
typedef void (*DueFn)(Daemon *d, gpointer data);
void director_due(Director *director, gint64 at_us, DueFn fn, gpointer data);

/* The clock was started, stopped or resumed. */
void director_state_changed(Director *director);

/*
 * Runs what is due; in a rehearsal, when nothing is in flight, samples the checks once
 * and leaps to the next due time. Called after every barrier.
 */
void director_pump(Director *director);

/* A drill that is taken up, once all modules know where they stand. */
void director_resume(Director *director);

/* Ends the drill now: settles what is open, then judging, and in a rehearsal provisional.
 */
void director_end(Director *director, const char *actor, const char *reason);

/* The windows of its timeline (windows.h). */
struct Windows *director_windows(const Director *director);

/* Drill time of the next thing due, or -1. */
gint64 director_next(const Director *director);

#endif
