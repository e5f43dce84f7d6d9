/*
 * The scenario's windows and phases on the drill clock: boundaries that no leap passes
 * over, and windows in which the drill pauses by itself.
 *
 * While a pause window is open clock and VMs stand still for as long as the window lasts,
 * by the wall; then the clock leaps to the window's end, so that moments given by date
 * stay what they are. In a rehearsal the clock leaps at once. White may end the pause
 * early by `resume`: the drill then runs within the window, where nothing begins and
 * nothing scores.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_WINDOWS_H
#define PARRY_ORCHESTRATOR_DAEMON_WINDOWS_H

#include "orchestrator/daemon/daemon.h"

typedef struct Windows Windows;

/* Puts every boundary on the director's timeline. */
Windows *windows_new(Daemon *d, Director *director);
void windows_free(Windows *windows);

/* A drill that is taken up: each event of its journal, in order, and then the pause that
 * was on goes on. */
void windows_replay(Windows *windows, const JournalEvent *event);
void windows_resume(Windows *windows);

/* The wall clock was set by so much: what is measured by it since a window began is
 * measured from there. */
void windows_jumped(Windows *windows, gint64 by_us);

/* White paused, stopped, resumed or ended the drill. */
void windows_state_changed(Windows *windows);

#endif
