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

#define PROCESS_MARK "PARRY_ACT" /* in the environment: whose it is */

/* The same to all that bear this mark, their sessions and what descends from them, as
 * often as there are any that were not there before. leader is one of them; 0: none is
 * known. The caller is never among them. */
void process_kill_marked(const char *mark, pid_t leader, int signal);

#endif
