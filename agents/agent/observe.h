/*
 * Observations on their way to the host: numbered as they are made, kept in a bounded
 * queue of their own, put into messages when the channel has nothing better to carry.
 * Every number that no message bears is counted in `lossy`.
 */
#ifndef PARRY_AGENT_OBSERVE_H
#define PARRY_AGENT_OBSERVE_H

#include "agents/agent/agent.h"

#define OBSERVE_QUEUE_MAX (1u << 19) /* bytes of rows that wait */

/* Takes an observe message: begins, or changes what is asked for. */
void observe_take(struct agent *a, struct wire_msg *m);

/* Whether no row waits to be sent. */
bool observe_is_empty(void);

/* Ends all, and gives the kernel back what was taken. */
void observe_done(struct agent *a);

/* A row, copied; dropped and counted when it is past the rate or the queue. */
void observe_row(const struct wire_seen *s);

/* The next line of rows for the channel, or NULL; called when nothing else is to be
 * sent. */
const char *observe_next(struct agent *a, size_t *len);

/* Something was lost that nobody can count, between then (wall clock, us) and now; the
 * source that lost it counts it as one. */
void observe_gap(int64_t from_us);

/* With each heartbeat: counts of losses are asked for and told. */
void observe_beat(struct agent *a);

#endif
