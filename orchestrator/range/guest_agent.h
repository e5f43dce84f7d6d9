/*
 * The commands of qemu-guest-agent that put files into a guest and run a program there
 * (QEMU, docs/interop/qemu-ga-ref): one JSON object to it, one back.
 *
 * The guest may be anybody's: an answer is taken up to a size, its members are looked at
 * one by one, and what does not fit ends the act. libvirt has read it before, with limits
 * of its own.
 */
#ifndef PARRY_RANGE_GUEST_AGENT_H
#define PARRY_RANGE_GUEST_AGENT_H

#include "orchestrator/range/range.h"

/* Sends a command to the guest's agent; NULL and an error, or the answer, to be freed by
 * g_free(). RANGE_ERROR_ABSENT: nobody answered. */
typedef char *(*GuestAgentCall)(const char *command, gpointer data, GError **error);

typedef struct {
    const char *ga_name; /* for messages: the domain's */
    GuestAgentCall ga_call;
    gpointer ga_data;
    gint64 ga_deadline_us; /* g_get_monotonic_time() */
} GuestAgent;

/* Whether one answers at all. */
gboolean guest_agent_ping(const GuestAgent *agent, GError **error);

/* argv: an absolute path and its arguments. Waits for its end; FALSE unless it exits 0,
 * the message then has what it wrote. */
gboolean guest_agent_run(const GuestAgent *agent, const char *const *argv,
                         GError **error);

/* Writes the file in pieces, and reads it back: its SHA-256 must be that of bytes. */
gboolean guest_agent_write(const GuestAgent *agent, const char *path, GBytes *bytes,
                           GError **error);

/* All of it: folder, files, script. */
gboolean guest_agent_push(const GuestAgent *agent, const RangeGuestPush *push,
                          GError **error);

#endif
