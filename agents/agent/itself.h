/*
 * The agent's own program: a guest whose init starts it again must find it.
 */
#ifndef PARRY_AGENT_ITSELF_H
#define PARRY_AGENT_ITSELF_H

#include <stdbool.h>

/* argv0: as main has it. Without a '/' in it nothing is looked after. Call once. */
void itself_init(const char *argv0);

/* Where the program is gone from its place, it is put back from the running process:
 * true, and the place in *path. */
bool itself_tend(const char **path);

#endif
