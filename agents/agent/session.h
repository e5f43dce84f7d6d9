/*
 * The agent's side of the protocol: hello and welcome, numbers and acknowledgements, and
 * the table that says which module takes which kind of message.
 */
#ifndef PARRY_AGENT_SESSION_H
#define PARRY_AGENT_SESSION_H

#include "agents/agent/agent.h"
#include "agents/wire/frame.h"

/* Callbacks of the channel (channel.h); arg is the struct agent. */
void session_up(void *arg);
void session_down(void *arg);

/* With each heartbeat: says hello again where nobody welcomed the last one. */
void session_tend(struct agent *a);

bool session_line(void *arg, enum frame_event event, const char *line, size_t len);
const char *session_next(void *arg, size_t *len);

#endif
