#include "agents/agent/session.h"

#include "agents/agent/beat.h"
#include "agents/agent/channel.h"
#include "agents/agent/check.h"
#include "agents/agent/clock.h"
#include "agents/agent/deadman.h"
#include "agents/agent/files.h"
#include "agents/agent/identity.h"
#include "agents/agent/kept.h"
#include "agents/agent/observe.h"
#include "agents/agent/order.h"
#include "agents/agent/personalise.h"
#include "agents/agent/probe.h"
#include "agents/agent/pty.h"
#include "agents/agent/replace.h"
#include "agents/agent/snapshot.h"
#include "agents/agent/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HELLO_AGAIN_US                                                                   \
    500000 /* an empty line sooner than this after a hello is its own */

#define HELLO_WAIT_US 1000000
#define HELLO_WAIT_MAX_US 60000000

/* Time of the last hello; one agent a process. */
static int64_t hello_at_us;
static int64_t hello_wait_us; /* without a welcome, until the next one */

static void begin(struct agent *a)
{
    struct wire_msg m;
    struct wire_error e;
    char name[65] = "";
    size_t len;

    a->welcomed = false;
    hello_at_us = agent_now_us();
    if (gethostname(name, sizeof(name) - 1) < 0)
        name[0] = '\0';
    text_clean(name);
    wire_msg_init(&m, WIRE_HELLO);
    m.hello = (struct wire_hello){
        .v = WIRE_VERSION,
        .agent = PARRY_VERSION,
        .boot = a->boot,
        .inst = a->inst,
        .epoch = a->epoch,
        .last = wire_queue_taken(a->queue),
        .name = name,
    };
    char *line = wire_encode(&m, &len, &e);
    if (!line) {
        agent_log("hello: %s", e.text);
        return;
    }
    char out[FRAME_MAX];
    out[0] = '\n'; /* ends half a line that an earlier connection left */
    memcpy(out + 1, line, len);
    out[len + 1] = '\n';
    channel_begin(a->channel, out, len + 2);
    free(line);
}

void session_up(void *arg)
{
    hello_wait_us = HELLO_WAIT_US;
    begin(arg);
}

/* A hello may have gone to a host that is not there any more, without the port having
 * shown that it was closed. */
void session_tend(struct agent *a)
{
    if (a->welcomed || !channel_is_empty(a->channel) ||
        agent_now_us() - hello_at_us < hello_wait_us)
        return;
    hello_wait_us = hello_wait_us < HELLO_WAIT_MAX_US ? 2 * hello_wait_us : hello_wait_us;
    begin(a);
}

void session_down(void *arg)
{
    struct agent *a = arg;

    a->welcomed = false;
}

const char *session_next(void *arg, size_t *len)
{
    struct agent *a = arg;

    if (!a->welcomed)
        return NULL;
    const char *line = wire_queue_next(a->queue, len);
    return line ? line : observe_next(a, len);
}

static void on_welcome(struct agent *a, struct wire_msg *m)
{
    const struct wire_welcome *w = &m->welcome;

    if (w->v != WIRE_VERSION) {
        agent_log("welcome: the host speaks version %lld, this agent %d", (long long)w->v,
                  WIRE_VERSION);
        return;
    }
    if (w->epoch != a->epoch) {
        agent_abort(a, true);
        kept_forsake(a->kept);
        wire_queue_restart(a->queue, false);
        a->epoch = w->epoch;
        kept_epoch(a->kept, w->epoch);
    } else if (!wire_queue_resume(a->queue, w->last)) {
        agent_log("welcome: the host took %lld messages, more than were sent",
                  (long long)w->last);
        wire_queue_resume(a->queue, 0);
    }
    wire_credit_set(a->queue, w->credit);
    deadman_set(a, w->deadman_ms);
    a->welcomed = true;
    beat_send(a);
    agent_credit(a);
    channel_kick(a->channel);
}

static void on_credit(struct agent *a, struct wire_msg *m)
{
    wire_credit_add(a->queue, m->credit);
    agent_credit(a);
}

static void on_abort(struct agent *a, struct wire_msg *m)
{
    (void)m;
    agent_abort(a, false);
}

static void on_ping(struct agent *a, struct wire_msg *m)
{
    a->ping = m->ping;
    beat_send(a);
}

/* Who takes what, and may keep the message by moving it away. A kind that is kept is
 * never run twice: see kept.h; files.c sees to that itself, for it takes many pieces. */
static const struct handler {
    enum wire_kind kind;
    bool kept;
    void (*take)(struct agent *a, struct wire_msg *m);
} handlers[] = {
    {WIRE_WELCOME, false, on_welcome},
    {WIRE_CREDIT_MSG, false, on_credit},
    {WIRE_PING, false, on_ping},
    {WIRE_ORDER, true, order_take},
    {WIRE_CANCEL, false, order_cancel},
    {WIRE_ABORT, false, on_abort},
    {WIRE_PERSONALISE, true, personalise_take},
    {WIRE_FILE, false, files_take_piece},
    {WIRE_CHECK, false, check_take},
    {WIRE_PROBE, false, probe_take},
    {WIRE_OPEN, true, pty_open},
    {WIRE_IN, false, pty_input},
    {WIRE_SIZE, false, pty_size},
    {WIRE_CLOSE, false, pty_close},
    {WIRE_OBSERVE, false, observe_take},
    {WIRE_SNAPSHOT, true, snapshot_take},
    {WIRE_CLOCK, true, clock_take},
    {WIRE_IDENTITY, true, identity_take},
    {WIRE_REPLACE, true, replace_take},
};

static void dispatch(struct agent *a, struct wire_msg *m)
{
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        if (handlers[i].kind != m->kind)
            continue;
        if (!handlers[i].kept || kept_begin(a, m))
            handlers[i].take(a, m);
        return;
    }
}

/* Counts a numbered message; false when it is not to be handled. */
static bool take_number(struct agent *a, const struct wire_msg *m)
{
    if (!wire_kind_numbered(m->kind) || m->seq < 1)
        return true;
    enum wire_taken taken = wire_queue_take(a->queue, m->seq);
    if (taken == WIRE_GAP && a->welcomed) {
        agent_log("%s: number %lld came after %lld", wire_kind_name(m->kind),
                  (long long)m->seq, (long long)wire_queue_taken(a->queue));
        begin(a); /* the host sends again what is missing */
    }
    return taken == WIRE_NEW;
}

/* A line that could not be read is refused, and still counted where its number could be:
 * else the host would send it again for ever. */
static void refuse_line(struct agent *a, const struct wire_msg *m,
                        const struct wire_error *e)
{
    agent_log("refused a line: %s", e->text);
    if (m->seq > 0 && wire_queue_take(a->queue, m->seq) == WIRE_NEW) {
        wire_queue_commit(a->queue, m->seq);
        agent_refuse(a, m, "%s", e->text);
    }
    channel_kick(a->channel);
}

static void take_line(struct agent *a, const char *line, size_t len)
{
    struct wire_msg m;
    struct wire_error e;

    if (!wire_decode(WIRE_TO_AGENT, line, len, &m, &e)) {
        refuse_line(a, &m, &e);
        return;
    }
    if (m.ack >= 0 && !wire_queue_acked(a->queue, m.ack))
        agent_log("%s: acknowledges %lld, which was never sent", wire_kind_name(m.kind),
                  (long long)m.ack);
    int64_t seq = m.seq; /* a handler may move m away */
    if (take_number(a, &m)) {
        dispatch(a, &m);
        wire_queue_commit(a->queue, seq);
    }
    wire_msg_clear(&m);
    channel_kick(a->channel);
}

bool session_line(void *arg, enum frame_event event, const char *line, size_t len)
{
    struct agent *a = arg;

    deadman_heard();
    switch (event) {
    case FRAME_LINE:
        take_line(a, line, len);
        break;
    case FRAME_TOO_LONG:
        agent_log("skipped a line of more than %d bytes", FRAME_MAX);
        break;
    case FRAME_EMPTY:
        /* The host has a new connection, and may have lost what it knew. */
        if (a->welcomed || agent_now_us() - hello_at_us > HELLO_AGAIN_US)
            begin(a);
        break;
    }
    return true;
}
