/*
 * Whose a process is: what audit, the process connector and /proc said of it, kept for a
 * while after its end, because most of what is to be attributed is over when it is read.
 */
#ifndef PARRY_AGENT_WHO_H
#define PARRY_AGENT_WHO_H

#include "agents/wire/msg.h"

#include <stdbool.h>
#include <sys/types.h>

struct who {
    pid_t pid, ppid;
    int64_t uid, auid, ses; /* -1: none or not known */
    int64_t seen_us;        /* monotonic: when this was learnt */
    int exit;               /* -1: runs */
    int service;            /* services_known, 0: none */
    bool executed;          /* an exec of this process was told */
    bool told_exit;
    char exe[128];
};

/* Forgets all, then learns what runs now. False when out of memory. */
bool who_start(void);
void who_stop(void);

/* What is known of pid, from /proc where it was not known yet; NULL: nothing. */
struct who *who_is(pid_t pid);

/* What is known already, or NULL. */
struct who *who_known(pid_t pid);

/* The entry of pid, emptied when it was another process's or new. */
struct who *who_make(pid_t pid);

/* parent forked child, which is the parent in all else until it says otherwise. */
void who_forked(pid_t parent, pid_t child);

/* Reads /proc/PID into w; false when the process is gone. */
bool who_read(pid_t pid, struct who *w);

/* The process pid, which the agent has just started, leads a session (of audit) that
 * belongs to this act. player may be NULL. */
void who_session(pid_t pid, enum wire_origin origin, int64_t id, const char *player);

/* Pseudonyms by login uid, in place of those given before. */
void who_players(const struct wire_player *players, size_t n);

/* Fills origin, player and act_id of s from its auid, and from ses (-1: not known). */
void who_label(struct wire_seen *s, int64_t ses);

/* Fills what s does not say yet from what is known of pid, and labels it. */
void who_fill(struct wire_seen *s, pid_t pid);

#endif
