/*
 * Teams that are held: white takes one out of the drill for a while, and the drill goes
 * on without it.
 *
 * Its VMs are suspended, its players' terminals and those of whoever acts on its hosts
 * stop. Its clocks stand: windows close so much later, nothing is asked of its hosts, no
 * inject for it begins and none of its scripts acts; what is under way against it is
 * tried again later. The timetable is the drill's: what came due meanwhile begins at the
 * release. When it is held, and when not, is said by scoreboard/holds.h.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_HOLDING_H
#define PARRY_ORCHESTRATOR_DAEMON_HOLDING_H

#include "orchestrator/daemon/director.h"
#include "scoreboard/holds.h"

typedef struct Holding Holding;

/* Of a rehearsal: puts the scenario's holds on the timeline, so after director_new(). */
Holding *holding_new(Daemon *d);
void holding_free(Holding *holding);

/* error: some VM did not follow; count: how many did. */
typedef void (*HoldingDone)(Daemon *d, guint count, const GError *error, gpointer data);

/* FALSE with why not; else done (may be NULL) comes once its VMs stand, or run. */
gboolean holding_hold(Daemon *d, int team, const char *actor, const char *reason,
                      HoldingDone done, gpointer data, GError **error);
gboolean holding_release(Daemon *d, int team, const char *actor, const char *reason,
                         HoldingDone done, gpointer data, GError **error);
/* The drill ends: nobody is held any more. */
void holding_release_all(Daemon *d, const char *actor, const char *reason);

/* The hold that is on, or NULL; team -1: never. */
const HoldStretch *holding_team(const Daemon *d, int team);
/* Whether the host's team is held. */
gboolean holding_host(const Daemon *d, int host);
/* Whether the team was held at any time since then, or is. */
gboolean holding_since(const Daemon *d, int team, gint64 since_us);
/* Held time from one moment to another. */
gint64 holding_within(const Daemon *d, int team, gint64 from_us, gint64 until_us);

/*
 * Puts on the timeline what is due so long after from_us by the team's own clock;
 * windows: the scenario's stop it too. While the team is held it waits for the release.
 */
void holding_due(Daemon *d, gboolean windows, int team, gint64 from_us, gint64 within_us,
                 DueFn fn, gpointer data);
/* For whoever comes due: TRUE, and it is too early by that clock: it comes due again. */
gboolean holding_wait(Daemon *d, gboolean windows, int team, gint64 from_us,
                      gint64 within_us, DueFn fn, gpointer data);

/* [{team, reason, since_us}] */
json_t *holding_json(const Daemon *d);

/* Why nothing goes on on that host (-1: in the drill): "paused: …", "stopped: …", "team
 * health is held: …"; NULL: it does. The caller frees it. */
char *holding_words(const Daemon *d, int host);

/* A drill that is taken up: each event of its journal, in order; then, once there is a
 * range, its VMs are brought to stand, or to run, as they should. */
void holding_replay(Holding *holding, const JournalEvent *event);
void holding_taken_up(Daemon *d);

#define HOLDING_ERROR (holding_error_quark())
GQuark holding_error_quark(void);

#endif
