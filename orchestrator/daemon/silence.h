/*
 * Agents that fall silent while their VM runs.
 *
 * Half-way through the grace the hypervisor is asked what the VM does, and at its end
 * once more: whether the guest used CPU time in between tells an agent that was stopped
 * from a guest that hangs. Then the host is SILENT, with these facts in agent.lost/1, and
 * its checks count without being asked, until it speaks again.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_SILENCE_H
#define PARRY_ORCHESTRATOR_DAEMON_SILENCE_H

#include "orchestrator/daemon/daemon.h"

Silence *silence_new(Daemon *d);
void silence_free(Silence *silence);

/* Why Parry thinks that an agent is silent. */
typedef struct {
    gint64 sf_age_us; /* of its last sign of life */
    gboolean sf_connected;
    gboolean sf_known; /* what the hypervisor says of its VM: */
    RangeLife sf_life;
    gint64 sf_cpu_us;  /* CPU time that it used … */
    gint64 sf_over_us; /* … in so long; 0: not known */
} SilenceFacts;

/* In words for white; free with g_free(). */
char *silence_words(const SilenceFacts *facts);

/* Looks at every host as the timer does. */
void silence_look(Silence *silence);
/* The host fell silent for those reasons. */
void silence_fell(Silence *silence, int host, const SilenceFacts *facts);

/*
 * TRUE where checks asked from that host need not be asked: it is silent past its grace.
 * What they count as then, and why: DOWN on a team's own host, whose silence is its own
 * affair; UNCHECKED on one of white's, and where its VM does not run by itself.
 */
gboolean silence_verdict(const Silence *silence, int host, CheckStatus *status,
                         const char **why);

#endif
