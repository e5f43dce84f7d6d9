/*
 * The agent as a machine of states: whatever a host sends, in whatever order, with breaks
 * and ends of acts in between. Acts themselves are stand-ins. Bytes below 8 in the input
 * are events (1: the connection breaks and comes again, 2: the oldest act ends, 3: it
 * says something, 4: a heartbeat), the rest is what the host sends.
 *
 * Must hold: no act of an id is begun twice as long as its answer is kept; what the agent
 * sends can be read by the hub's decoder; numbers go up by one from one
 * welcome to the next.
 */
#include "agents/agent/agent.h"
#include "agents/agent/beat.h"
#include "agents/agent/channel.h"
#include "agents/agent/check.h"
#include "agents/agent/clock.h"
#include "agents/agent/deadman.h"
#include "agents/agent/files.h"
#include "agents/agent/group.h"
#include "agents/agent/identity.h"
#include "agents/agent/kept.h"
#include "agents/agent/observe.h"
#include "agents/agent/order.h"
#include "agents/agent/personalise.h"
#include "agents/agent/probe.h"
#include "agents/agent/pty.h"
#include "agents/agent/replace.h"
#include "agents/agent/session.h"
#include "agents/agent/snapshot.h"

#include <stdlib.h>
#include <string.h>

#define RUNNING_MAX 64
#define EVENTS 8

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct agent agent;
static struct act {
    int64_t id;
    enum wire_kind kind;
} running[RUNNING_MAX];
static size_t n_running;
static int64_t begun[KEPT_MAX]; /* a ring of the last ids */
static size_t n_begun;
static int64_t next_out; /* number expected of what is sent, 0: any */
static int64_t now_us;

/* ---- what the agent's other modules would do ---- */

int64_t agent_now_us(void)
{
    return now_us += 1000;
}

void agent_log(const char *format, ...)
{
    (void)format;
}

void agent_send(struct agent *a, const struct wire_msg *m)
{
    struct wire_error e;

    if (!wire_queue_put(a->queue, m, &e) && !e.text[0])
        abort();
}

void agent_refuse(struct agent *a, const struct wire_msg *m, const char *format, ...)
{
    struct wire_msg answer;

    if (m->id < 1)
        return;
    wire_msg_init(&answer, WIRE_RESULT);
    answer.id = m->id;
    answer.result.status = WIRE_REFUSED;
    answer.result.text = format;
    kept_end(a, &answer);
}

void agent_credit(struct agent *a)
{
    if (wire_credit_left(a->queue) < INT64_MIN / 2)
        abort();
}

static void end_act(size_t i, enum wire_status status)
{
    struct wire_msg m;

    switch (running[i].kind) {
    case WIRE_PERSONALISE:
        wire_msg_init(&m, WIRE_READY);
        m.ready.status = status;
        break;
    case WIRE_OPEN:
        wire_msg_init(&m, WIRE_PTYEND);
        break;
    default:
        wire_msg_init(&m, WIRE_RESULT);
        m.result.status = status;
        break;
    }
    m.id = running[i].id;
    memmove(running + i, running + i + 1, (--n_running - i) * sizeof(running[0]));
    kept_end(&agent, &m);
}

void agent_abort(struct agent *a, bool quietly)
{
    (void)a;
    if (quietly)
        n_running = 0;
    while (n_running > 0)
        end_act(0, WIRE_FAILED);
}

static void begin_act(struct agent *a, struct wire_msg *m)
{
    struct wire_msg started;

    for (size_t i = 0; i < KEPT_MAX; i++)
        if (begun[i] == m->id)
            abort();                           /* twice */
    begun[n_begun++ % (KEPT_MAX / 2)] = m->id; /* refusals are kept, too */
    if (n_running == RUNNING_MAX) {
        agent_refuse(a, m, "too many");
        return;
    }
    running[n_running++] = (struct act){m->id, m->kind};
    wire_msg_init(&started, WIRE_STARTED);
    started.id = m->id;
    agent_send(a, &started);
}

static void nothing(struct agent *a, struct wire_msg *m)
{
    if (!a->queue || m->kind == WIRE_NONE)
        abort();
}

#define ACT(name)                                                                        \
    void name(struct agent *a, struct wire_msg *m)                                       \
    {                                                                                    \
        begin_act(a, m);                                                                 \
    }
#define NOTHING(name)                                                                    \
    void name(struct agent *a, struct wire_msg *m)                                       \
    {                                                                                    \
        nothing(a, m);                                                                   \
    }

ACT(order_take)
ACT(personalise_take)
ACT(pty_open)
ACT(snapshot_take)
ACT(clock_take)
ACT(identity_take)
ACT(replace_take)
NOTHING(order_cancel)
NOTHING(files_take_piece)
NOTHING(check_take)
NOTHING(probe_take)
NOTHING(pty_input)
NOTHING(pty_size)
NOTHING(pty_close)
NOTHING(observe_take)

void beat_send(struct agent *a)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_BEAT);
    m.beat.mono_us = now_us;
    if (a->welcomed)
        agent_send(a, &m);
}

const char *observe_next(struct agent *a, size_t *len)
{
    (void)a;
    (void)len;
    return NULL;
}

void deadman_set(struct agent *a, int64_t ms)
{
    if (!a->queue || ms < 0)
        abort();
    next_out = 0; /* a welcome: the host has said from where */
}

void deadman_heard(void)
{
}

void group_kill_left(int64_t inst, int64_t id)
{
    (void)inst;
    (void)id;
}

int64_t replace_done_id(void)
{
    return 0;
}

/* ---- the channel ---- */

static void check_line(const char *line, size_t len)
{
    struct wire_msg m;
    struct wire_error e;

    if (len == 0 || line[len - 1] != '\n' ||
        !wire_decode(WIRE_TO_HOST, line, len - 1, &m, &e))
        abort();
    if (m.seq > 0) {
        if (next_out > 0 && m.seq != next_out)
            abort();
        next_out = m.seq + 1;
    }
    wire_msg_clear(&m);
}

void channel_begin(struct channel *c, const char *line, size_t len)
{
    (void)c;
    next_out = 0; /* a connection anew */
    check_line(line + 1, len - 1);
}

void channel_kick(struct channel *c)
{
    const char *line;
    size_t len;

    (void)c;
    while ((line = session_next(&agent, &len)))
        check_line(line, len);
}

bool channel_is_empty(const struct channel *c)
{
    (void)c;
    return true;
}

/* ---- an input ---- */

static void say_something(void)
{
    static const unsigned char bytes[100];
    struct wire_msg m;

    if (n_running == 0 || wire_credit_left(agent.queue) <= 0)
        return;
    wire_msg_init(&m, running[0].kind == WIRE_OPEN ? WIRE_PTY : WIRE_OUT);
    m.id = running[0].id;
    m.out.stream = m.kind == WIRE_OUT ? 1 : 0;
    m.out.data = (struct wire_bytes){bytes, sizeof(bytes)};
    agent_send(&agent, &m);
}

static void happen(int event, struct frame_reader *reader)
{
    switch (event) {
    case 1:
        session_down(&agent);
        frame_reader_reset(reader);
        session_up(&agent);
        break;
    case 2:
        if (n_running > 0)
            end_act(0, WIRE_DONE);
        break;
    case 3:
        say_something();
        break;
    default:
        now_us += 2000000;
        session_tend(&agent);
        beat_send(&agent);
        break;
    }
    channel_kick(NULL);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    wire_init();
    return 0;
}

static void forget(void)
{
    memset(&agent, 0, sizeof(agent));
    memset(begun, 0, sizeof(begun));
    n_running = n_begun = 0;
    next_out = now_us = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_limits limits = {.reliable_max = 1u << 20};
    struct frame_reader reader;

    forget();
    agent.ping = -1;
    memset(agent.boot, '0', 36);
    agent.queue = wire_queue_new(&limits);
    agent.kept = kept_open("/dev/null/nowhere", 7);
    if (!agent.queue || !agent.kept)
        abort();
    frame_reader_init(&reader);
    session_up(&agent);
    for (size_t i = 0; i < size;) {
        size_t n = i;
        while (n < size && data[n] >= EVENTS)
            n++;
        if (n > i)
            frame_feed(&reader, (const char *)data + i, n - i, session_line, &agent);
        if (n < size)
            happen(data[n], &reader);
        i = n + 1;
    }
    frame_reader_clear(&reader);
    kept_free(agent.kept);
    wire_queue_free(agent.queue);
    return 0;
}
