/*
 * How much of a core the agent uses: of what it reads in bulk (audit, process events,
 * fanotify, output of orders and terminals) nothing is read while the share is used up.
 * Measured is the processor time of the whole process, so that what is not held back
 * (orders, checks, the heartbeat) is paid for by what is. What the kernel cannot keep
 * meanwhile is lost there and counted; output waits in its pipe.
 */
#ifndef PARRY_AGENT_SHARE_H
#define PARRY_AGENT_SHARE_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#define SHARE_DEFAULT 25 /* hundredths of a core */

bool share_start(struct event_base *base);
void share_stop(void);

/* From now on so many hundredths of a core: 1 to 100. */
void share_set(int64_t percent);

/* Reads by readable (EV_READ | EV_PERSIST) as long as the share allows. False when that
 * cannot be watched. The second ends it, before readable is freed. */
bool share_add(struct event *readable);
void share_remove(const struct event *readable);

/* To be asked before each piece of bulk work: true, not now. */
bool share_spent(void);

#endif
