/*
 * What each host's agent says of itself, and another program put into its place while it
 * runs: `parry agent list` and `parry agent push`.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_AGENTS_H
#define PARRY_ORCHESTRATOR_DAEMON_AGENTS_H

#include "orchestrator/daemon/daemon.h"

Agents *agents_new(Daemon *d);
void agents_free(Agents *agents);

/* Every record of an agent; takes hello and beat. */
void agents_record(Agents *agents, const struct hub_head *head, const void *body);

/* [{id, owner, state, way, connected, version, boot, sources, rss_kb, queued, drops,
 * beat_ms, pushed}] of all hosts; docs/control.md. */
json_t *agents_json(const Agents *agents);

typedef enum {
    AGENTS_ERROR_FILE, /* not a program that guests can run */
    AGENTS_ERROR_HOST, /* that host has no agent, or none that is connected, or one is
                          under way there */
} AgentsErrorCode;

#define AGENTS_ERROR (agents_error_quark())
GQuark agents_error_quark(void);

/* A program for guests, read whole: an x86-64 ELF file without an interpreter. NULL and
 * an error that says what it is instead. */
GBytes *agents_program(const char *path, GError **error);

/*
 * Puts program in the place of the host's agent: wanted, then done or failed as events
 * (agent.replace.*), each with the SHA-256. The agent finishes what it is at; one that is
 * busy for wait_us is left as it is, and that is the failure. FALSE: nothing was begun.
 */
gboolean agents_push(Agents *agents, int host, GBytes *program, gint64 wait_us,
                     const char *actor, GError **error);

#endif
