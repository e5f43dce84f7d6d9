/*
 * An honest agent without a guest: speaks the protocol over the host's UNIX socket, as
 * QEMU's end of the channel would, with the wire's own queue. For tests and benchmarks.
 */
#ifndef PARRY_TESTS_FAKE_AGENT_H
#define PARRY_TESTS_FAKE_AGENT_H

#include "agents/wire/frame.h"
#include "agents/wire/queue.h"

#include <event2/event.h>
#include <glib.h>

typedef struct FakeAgent FakeAgent;

struct FakeAgent {
    struct event_base *fa_base;
    char *fa_path;
    const char *fa_name;
    char fa_boot[37];
    int64_t fa_inst, fa_epoch;
    int fa_fd;
    gboolean fa_welcomed, fa_deaf; /* deaf: reads nothing */
    guint fa_welcomes, fa_pings;
    gint64 fa_welcome_us; /* time of the last welcome */
    int64_t fa_welcome_v; /* its version */
    struct wire_queue *fa_queue;
    struct frame_reader fa_reader;
    struct event *fa_readable, *fa_writable, *fa_retry;
    GByteArray *fa_out;
    /* Gets each message that is new, numbered or not. May be NULL. */
    void (*fa_message)(FakeAgent *agent, const struct wire_msg *m);
    gpointer fa_data;
};

/* Connects at the next turn of the loop, and again 20 ms after each end. */
FakeAgent *fake_agent_new(struct event_base *base, const char *path, const char *name,
                          void (*message)(FakeAgent *, const struct wire_msg *),
                          gpointer data);
void fake_agent_free(FakeAgent *agent);

/* The connection ends and is made again. */
void fake_agent_hang_up(FakeAgent *agent);

/* Another process (inst), or another boot: the queue is lost. */
void fake_agent_restart(FakeAgent *agent, const char *boot, int64_t inst);

/* Queues a message; FALSE when the queue is full. */
gboolean fake_agent_put(FakeAgent *agent, const struct wire_msg *m);

/* Writes these bytes as they are. */
void fake_agent_raw(FakeAgent *agent, const void *bytes, gsize len);

/* result/done for id. */
void fake_agent_result(FakeAgent *agent, int64_t id);

#endif
