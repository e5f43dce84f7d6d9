/*
 * What each host's agent says of itself, and another program put into its place while it
 * runs: `parry agent list` and `parry agent push`.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_ROSTER_H
#define PARRY_ORCHESTRATOR_DAEMON_ROSTER_H

#include "orchestrator/daemon/daemon.h"

Roster *roster_new(Daemon *d);
void roster_free(Roster *roster);

/* Every record of an agent; takes hello and beat. */
void roster_record(Roster *roster, const struct hub_head *head, const void *body);

/* [{id, owner, state, way, connected, version, boot, sources, rss_kb, queued, drops,
 * beat_ms, pushed}] of all hosts; docs/control.md. */
json_t *roster_json(const Roster *roster);

typedef enum {
    ROSTER_ERROR_FILE, /* not a program that guests can run */
    ROSTER_ERROR_HOST, /* that host has no agent, or none that is connected, or one is
                          under way there */
} RosterErrorCode;

#define ROSTER_ERROR (roster_error_quark())
GQuark roster_error_quark(void);

/* A program for guests, read whole: an x86-64 ELF file without an interpreter. NULL and
 * an error that says what it is instead. */
GBytes *roster_program(const char *path, GError **error);

/*
 * Puts program in the place of the host's agent: wanted, then done or failed as events
 * (agent.replace.*), each with the SHA-256. The agent finishes what it is at; one that is
 * busy for wait_us is left as it is, and that is the failure. FALSE: nothing was begun.
 */
gboolean roster_push(Roster *roster, int host, GBytes *program, gint64 wait_us,
                     const char *actor, GError **error);

/*
 * A drill that is taken up: each event of its journal, in order; then what was being put
 * somewhere is sent once more, when that agent is there again.
 */
void roster_replay(Roster *roster, const JournalEvent *event);
void roster_resume(Roster *roster);

#endif
