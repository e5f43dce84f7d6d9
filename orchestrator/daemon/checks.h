/*
 * Rounds of checks: which services are up, seen from whose host.
 *
 * Checks with the same interval make a round; its launches are spread over the first half
 * of the interval, so that a slow host or one that is down holds up nobody. One round is
 * one event, appended when its last check has ended.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_CHECKS_H
#define PARRY_ORCHESTRATOR_DAEMON_CHECKS_H

#include "orchestrator/daemon/daemon.h"

Checks *checks_new(Daemon *d);
void checks_free(Checks *checks);

/* Rounds begin with `running` and rest otherwise. */
void checks_run(Checks *checks, gboolean run);

/*
 * One round of everything, at once, that stands for those of a leap to to_us. done is
 * called when all its events are appended, with the time to leap to: now where a check
 * that a trigger or an expectation waits for is not as it was, and then these rounds
 * stand for none.
 */
typedef void (*ChecksSampled)(Daemon *d, gint64 to_us, gpointer data);
void checks_sample(Checks *checks, gint64 to_us, ChecksSampled done, gpointer data);

/* Runs one check now, outside of any round: it is not counted, its status goes to done.
 */
typedef void (*CheckVerdict)(Daemon *d, CheckStatus status, const char *text,
                             gpointer data);
void checks_verify(Checks *checks, int check, CheckVerdict done, gpointer data);

#endif
