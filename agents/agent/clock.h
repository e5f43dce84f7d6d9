/* The guest's clock, as the host wants it. Deadlines do not see it: they are kept by the
 * monotonic one. */
#ifndef PARRY_AGENT_CLOCK_H
#define PARRY_AGENT_CLOCK_H

#include "agents/agent/agent.h"

/* Microseconds since 1970 by the guest's clock. */
int64_t clock_wall_us(void);

/* Sets it, at once or by running faster or slower for a while. */
bool clock_set_us(int64_t wall_us, enum wire_clock_mode mode, struct wire_error *e);

/* A clock message; answered by result, with how far it was moved. */
void clock_take(struct agent *a, struct wire_msg *m);

#endif
