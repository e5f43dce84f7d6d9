/*
 * A new agent in the place of the running one: same process, same descriptor to the host,
 * nothing lost that was under way to it.
 */
#ifndef PARRY_AGENT_REPLACE_H
#define PARRY_AGENT_REPLACE_H

#include "agents/agent/agent.h"

/* What this process was started with, to start the next with. Call once. */
void replace_init(char *const *argv);

/* Takes a replace message; answered by result, by this agent or the next. */
void replace_take(struct agent *a, struct wire_msg *m);

#define REPLACE_ENV "PARRY_REPLACED" /* an id, from the old to the new */

/* The replace that made this process what it is: its id, 0: none. */
int64_t replace_done_id(void);

void replace_abort(void);

#endif
