/*
 * What tells this guest from all others, as it is now: what a memory clone must not have
 * in common with another.
 */
#ifndef PARRY_AGENT_SELF_H
#define PARRY_AGENT_SELF_H

#include <stddef.h>

/* Room for the facts of a guest with 12 network cards and 4 ssh keys; more are cut. */
#define SELF_MAX 512

/* "name=web id=MACHINE-ID random=32-HEX clock=SECONDS mac=… … key=… …": words without
 * spaces; key: the end of a public ssh host key's base64. What is not there is left out.
 */
void self_facts(char *out, size_t size);

#endif
