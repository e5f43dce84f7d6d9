/*
 * Terminals: a login shell on a pseudo-terminal for a player, its output under credit.
 */
#ifndef PARRY_AGENT_PTY_H
#define PARRY_AGENT_PTY_H

#include "agents/agent/agent.h"

void pty_open(struct agent *a, struct wire_msg *m);
void pty_input(struct agent *a, struct wire_msg *m);
void pty_size(struct agent *a, struct wire_msg *m);
void pty_close(struct agent *a, struct wire_msg *m);

/* Credit has come. */
void ptys_resume(struct agent *a);

/* Kills all; quietly: without ptyend. */
void ptys_abort(struct agent *a, bool quietly);

#endif
