/* What /proc tells of processes. */
#ifndef PARRY_AGENT_PROCESS_H
#define PARRY_AGENT_PROCESS_H

#include <sys/types.h>

/* How many processes bear this name (comm, of which the kernel keeps 15 characters);
 * zombies do not count. -1 when /proc cannot be read. */
int process_count(const char *name);

/* Sends a signal to the process group that leader leads, and to all of its session:
 * a shell's jobs have groups of their own. */
void process_kill(pid_t leader, int signal);

#endif
