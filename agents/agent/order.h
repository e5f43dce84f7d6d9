/* Orders: run once, both streams under credit, one result each. */
#ifndef PARRY_AGENT_ORDER_H
#define PARRY_AGENT_ORDER_H

#include "agents/agent/agent.h"

/* The message has been stored as taken (kept.h). */
void order_take(struct agent *a, struct wire_msg *m);

/* Kills the order m->id; one that is over or unknown needs nothing. */
void order_cancel(struct agent *a, struct wire_msg *m);

/* A function of the agent's own, run like an order in a process of its own: its output
 * goes to the host under credit, its exit status is the result's. m is the message that
 * asked for it, stored as taken. */
struct order_inner {
    int (*main)(const void *arg);
    const void *arg;    /* as it is at the call */
    const char *script; /* instead of main */
    int64_t timeout_ms;
    int64_t out_max;
};
void order_inner(struct agent *a, const struct wire_msg *m,
                 const struct order_inner *inner);

/* Whether an order of purpose attack runs. */
bool orders_attacking(const struct agent *a);

/* The host has been silent for so long: kills those, runs their cleanup, and tells of
 * both in their results. */
void orders_deadman(struct agent *a, int64_t silent_ms);

/* Credit has come. */
void orders_resume(struct agent *a);

/* Kills all; quietly: without results. */
void orders_abort(struct agent *a, bool quietly);

#endif
