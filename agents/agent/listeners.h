/* Sockets that wait for others (TCP listening, UDP bound to a port below the ephemeral
 * ones), as /proc/net tells, and who has them. */
#ifndef PARRY_AGENT_LISTENERS_H
#define PARRY_AGENT_LISTENERS_H

#include <stdbool.h>
#include <sys/types.h>

/* name: "tcp 0.0.0.0:80", "udp [::]:53"; pid 0: not known. */
typedef void (*listeners_fn)(bool opened, const char *name, pid_t pid);

/* Looks, and tells what is new and what is gone; the first time (fn NULL) only looks. */
void listeners_look(listeners_fn fn);
void listeners_forget(void);

#endif
