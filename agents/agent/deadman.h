/*
 * The dead-man's handle: a host that has said nothing for the time that `welcome` gave
 * cannot stop an attack any more, so the agent does. The timer runs only while there is
 * an attack to be stopped.
 */
#ifndef PARRY_AGENT_DEADMAN_H
#define PARRY_AGENT_DEADMAN_H

#include "agents/agent/agent.h"

/* As `welcome` says; 0: never. */
void deadman_set(struct agent *a, int64_t ms);

/* A line came from the host. */
void deadman_heard(void);

/* An attack begins. */
void deadman_arm(struct agent *a);

void deadman_done(void);

#endif
