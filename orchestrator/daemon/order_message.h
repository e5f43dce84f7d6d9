/*
 * What is said of an order: to the journal when it is wanted, and to the agent.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_ORDER_MESSAGE_H
#define PARRY_ORCHESTRATOR_DAEMON_ORDER_MESSAGE_H

#include "orchestrator/daemon/orders.h"

/* Half of the guest's memory where nothing is said: what else it does goes on. */
PlanLimits order_limits(const Daemon *d, const OrderSpec *spec);
/* The body of order.wanted/1: the same for the same order, also in another daemon. */
json_t *order_wanted(const Daemon *d, const OrderSpec *spec);
/* For the agent, but for its id. Of one with a message of its own: not asked. */
json_t *order_message(const OrderSpec *spec, const PlanLimits *limits);

#endif
