/*
 * Playing a drill without guests: parryd's director, injects, checks, scripts, ledger and
 * journal over agents that are made up (agents.h), on a clock that only leaps. In this
 * process, without a socket, a child or a privilege.
 */
#ifndef PARRY_ORCHESTRATOR_SIM_SIM_H
#define PARRY_ORCHESTRATOR_SIM_SIM_H

#include "orchestrator/daemon/drill.h"

typedef struct {
    gint64 sr_wall_us;   /* how long it took */
    guint sr_killed;     /* daemons that were killed, and taken up again */
    guint sr_resumed;    /* pauses that the simulated controller ended */
    GPtrArray *sr_notes; /* char *: what who reads the result should know */
} SimResult;

void sim_result_clear(SimResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SimResult, sim_result_clear)

typedef enum {
    SIM_ERROR_STOPPED, /* stop said so */
    SIM_ERROR_STILL,   /* nothing is under way and nothing is due, and it is not over */
    SIM_ERROR_JOURNAL, /* it could not be written */
} SimError;
#define SIM_ERROR (sim_error_quark())
GQuark sim_error_quark(void);

/* Asked between two steps: TRUE ends the simulation. */
typedef gboolean (*SimStop)(void);

/*
 * Plays the drill from `defined` to `provisional` into the journal of its directory;
 * keys go below home. plan is the drill's own, borrowed. On an error the journal stays as
 * far as it came.
 */
gboolean sim_run(const char *home, const Drill *drill, Plan *plan, SimStop stop,
                 SimResult *result, GError **error);

/*
 * The same with a daemon that is killed: kill is asked right before each commit and right
 * after it; TRUE, and all that this daemon held in memory is gone. Another one takes up
 * its journal, over the same range.
 */
typedef gboolean (*SimKill)(gboolean committed, gpointer data);
gboolean sim_run_killed(const char *home, const Drill *drill, Plan *plan, SimStop stop,
                        SimKill kill, gpointer data, SimResult *result, GError **error);

#endif
