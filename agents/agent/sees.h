/*
 * From what the kernel says to rows: the sources begun and ended together, their facts
 * given a kind, an owner and a player.
 */
#ifndef PARRY_AGENT_SEES_H
#define PARRY_AGENT_SEES_H

#include "agents/wire/msg.h"

#include <event2/event.h>

struct mask;

/* Begins to observe as o says, or goes on with what o changes. Returns the sources there
 * are, of enum wire_source, or-ed. */
int sees_start(struct event_base *base, const struct wire_observe *o);
void sees_stop(void);

/* What besides the known options is masked in arguments. */
const struct mask *sees_mask(void);

/* Which sources there are now. */
int sees_sources(void);

/* With each heartbeat. */
void sees_beat(void);

/* Records that the kernel lost, over all sources, since the first sees_start. */
uint64_t sees_lost(void);

#endif
