/* Orders: run once, both streams under credit, one result each. */
#ifndef PARRY_AGENT_ORDER_H
#define PARRY_AGENT_ORDER_H

#include "agents/agent/agent.h"

/* The message has been stored as taken (kept.h). */
void order_take(struct agent *a, struct wire_msg *m);

/* Kills the order m->id; one that is over or unknown needs nothing. */
void order_cancel(struct agent *a, struct wire_msg *m);

/* Credit has come. */
void orders_resume(struct agent *a);

/* Kills all; quietly: without results. */
void orders_abort(struct agent *a, bool quietly);

#endif
