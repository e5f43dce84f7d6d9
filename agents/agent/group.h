/*
 * All the processes of one order or check, wherever they went: setsid, a double fork and
 * another user do not lead out of a control group (cgroup v2). Where the guest has none
 * that the agent may write, a mark in the environment, sessions and descent find them
 * (the agent is their subreaper), and resource limits (setrlimit(2)) stand in for the
 * group's.
 */
#ifndef PARRY_AGENT_GROUP_H
#define PARRY_AGENT_GROUP_H

#include "agents/wire/msg.h"

#include <stdbool.h>
#include <sys/types.h>

struct group;

struct group_limits {
    int64_t mem_kb; /* of all processes together; without a control group of each */
    int64_t procs;  /* at once; without a control group of the user, and not of root */
};

/* Finds what the guest has. inst tells this process's groups from those of the agent
 * before it. Call once, before any group. */
void group_init(int64_t inst);

/* A group for the act id. NULL with the reason in *e. */
struct group *group_new(int64_t id, const struct group_limits *limits,
                        struct wire_error *e);

/* In the child, before it changes user: enters the group and takes its limits.
 * Returns 0, or -1 with errno. */
int group_enter(const struct group *g);

/* What its processes have as PROCESS_MARK in their environment; NULL: nothing, for the
 * control group is enough. */
const char *group_mark(const struct group *g);

/* SIGTERM and the like: to the session that leader leads, and to the group. */
void group_signal(const struct group *g, pid_t leader, int signal);

/* SIGKILL to all of it, until nothing is left. */
void group_kill(const struct group *g, pid_t leader);

/* Whether the kernel killed a process of it for want of memory: past its own limit, or
 * where the guest had none left. */
bool group_out_of_memory(const struct group *g);

/* Forgets it; what still runs in it, runs on. NULL is nothing. */
void group_free(struct group *g);

/* Kills what the act id of an earlier agent process left running. */
void group_kill_left(int64_t inst, int64_t id);

#endif
