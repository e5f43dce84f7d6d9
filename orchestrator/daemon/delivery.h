/*
 * The agent into hosts that have a qemu-guest-agent (`agent: guest-agent`): written, read
 * back, started; tried again while nobody answers, for a guest takes its time to boot.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_DELIVERY_H
#define PARRY_ORCHESTRATOR_DAEMON_DELIVERY_H

#include "orchestrator/daemon/daemon.h"

typedef struct Delivery Delivery;

Delivery *delivery_new(Daemon *d);
/* Before the range is freed. NULL is ignored. */
void delivery_free(Delivery *delivery);

/* The host's domain runs: begin. */
void delivery_begin(Delivery *delivery, int host);
/* The host's agent said hello, or nobody waits for it any more. */
void delivery_end(Delivery *delivery, int host);
/* What the last try ran into; "" before that. */
const char *delivery_reason(const Delivery *delivery, int host);

#endif
