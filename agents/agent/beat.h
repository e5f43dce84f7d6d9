/* The heartbeat: every two seconds, and when the host asks. */
#ifndef PARRY_AGENT_BEAT_H
#define PARRY_AGENT_BEAT_H

#include "agents/agent/agent.h"

/* Starts the timer; false when out of memory. */
bool beat_start(struct agent *a);
void beat_stop(void);

/* Sends one now. */
void beat_send(struct agent *a);

#endif
