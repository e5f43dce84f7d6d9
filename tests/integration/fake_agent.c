#include "tests/integration/fake_agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define OUT_MAX 65536 /* as much as is taken from the queue ahead of the socket */

static void fake_agent_pump(FakeAgent *agent);

static void fake_agent_close(FakeAgent *agent)
{
    struct timeval soon = {0, 20 * 1000};

    if (agent->fa_readable)
        event_free(agent->fa_readable);
    if (agent->fa_writable)
        event_free(agent->fa_writable);
    agent->fa_readable = agent->fa_writable = NULL;
    if (agent->fa_fd >= 0)
        close(agent->fa_fd);
    agent->fa_fd = -1;
    agent->fa_welcomed = FALSE;
    g_byte_array_set_size(agent->fa_out, 0);
    evtimer_add(agent->fa_retry, &soon);
}

static void fake_agent_welcome(FakeAgent *agent, const struct wire_msg *m)
{
    const struct wire_welcome *w = &m->welcome;

    agent->fa_welcome_v = w->v;
    agent->fa_welcome_us = g_get_monotonic_time();
    agent->fa_welcomes++;
    if (w->epoch != agent->fa_epoch)
        wire_queue_restart(agent->fa_queue, false);
    else if (!wire_queue_resume(agent->fa_queue, w->last))
        fprintf(stderr, "%s: the host took more than was sent\n", agent->fa_name);
    agent->fa_epoch = w->epoch;
    wire_credit_set(agent->fa_queue, w->credit);
    agent->fa_welcomed = TRUE;
}

static void fake_agent_take(FakeAgent *agent, const struct wire_msg *m)
{
    if (m->ack >= 0 && !wire_queue_acked(agent->fa_queue, m->ack))
        fprintf(stderr, "%s: acknowledged what was never sent\n", agent->fa_name);
    if (m->kind == WIRE_WELCOME)
        fake_agent_welcome(agent, m);
    if (m->kind == WIRE_CREDIT_MSG)
        wire_credit_add(agent->fa_queue, m->credit);
    agent->fa_pings += m->kind == WIRE_PING;
    if (wire_kind_numbered(m->kind)) {
        enum wire_taken taken = wire_queue_take(agent->fa_queue, m->seq);
        if (taken == WIRE_GAP)
            fprintf(stderr, "%s: gap before %lld\n", agent->fa_name, (long long)m->seq);
        if (taken != WIRE_NEW)
            return;
        wire_queue_commit(agent->fa_queue, m->seq);
    }
    if (agent->fa_message)
        agent->fa_message(agent, m);
}

static bool on_line(void *arg, enum frame_event event, const char *line, size_t len)
{
    FakeAgent *agent = arg;
    struct wire_msg m;
    struct wire_error e;

    if (event != FRAME_LINE)
        return true;
    if (wire_decode(WIRE_TO_AGENT, line, len, &m, &e))
        fake_agent_take(agent, &m);
    else
        fprintf(stderr, "%s: %s\n", agent->fa_name, e.text);
    wire_msg_clear(&m);
    return true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    FakeAgent *agent = arg;
    static char bytes[65536];
    ssize_t n = read(fd, bytes, sizeof(bytes));

    (void)what;
    if (n > 0) {
        frame_feed(&agent->fa_reader, bytes, (size_t)n, on_line, agent);
        fake_agent_pump(agent);
    } else if (n == 0 || errno != EAGAIN) {
        fake_agent_close(agent);
    }
}

static void fake_agent_flush(FakeAgent *agent)
{
    if (agent->fa_fd < 0 || agent->fa_out->len == 0)
        return;
    ssize_t n = send(agent->fa_fd, agent->fa_out->data, agent->fa_out->len, MSG_NOSIGNAL);
    if (n > 0)
        g_byte_array_remove_range(agent->fa_out, 0, (guint)n);
    else if (errno != EAGAIN) /* the reader sees the end */
        g_byte_array_set_size(agent->fa_out, 0);
    if (agent->fa_out->len)
        event_add(agent->fa_writable, NULL);
}

static void fake_agent_pump(FakeAgent *agent)
{
    const char *line;
    size_t len;

    while (agent->fa_welcomed && agent->fa_out->len < OUT_MAX &&
           (line = wire_queue_next(agent->fa_queue, &len)))
        g_byte_array_append(agent->fa_out, (const guint8 *)line, (guint)len);
    fake_agent_flush(agent);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    fake_agent_flush(arg);
    fake_agent_pump(arg);
}

static void fake_agent_hello(FakeAgent *agent)
{
    struct wire_msg m;
    struct wire_error e;
    size_t len;

    wire_msg_init(&m, WIRE_HELLO);
    m.hello = (struct wire_hello){.v = WIRE_VERSION,
                                  .agent = "fake",
                                  .boot = agent->fa_boot,
                                  .inst = agent->fa_inst,
                                  .epoch = agent->fa_epoch,
                                  .last = wire_queue_taken(agent->fa_queue),
                                  .name = agent->fa_name};
    char *line = wire_encode(&m, &len, &e);
    if (!line) {
        fprintf(stderr, "%s: hello: %s\n", agent->fa_name, e.text);
        abort();
    }
    fake_agent_raw(agent, "\n", 1);
    fake_agent_raw(agent, line, len);
    fake_agent_raw(agent, "\n", 1);
    free(line);
}

static void on_retry(evutil_socket_t unused, short what, void *arg)
{
    FakeAgent *agent = arg;
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    struct timeval soon = {0, 20 * 1000};

    (void)unused;
    (void)what;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    g_strlcpy(addr.sun_path, agent->fa_path, sizeof(addr.sun_path));
    if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
        if (fd >= 0)
            close(fd);
        evtimer_add(agent->fa_retry, &soon);
        return;
    }
    agent->fa_fd = fd;
    frame_reader_reset(&agent->fa_reader);
    agent->fa_readable =
        event_new(agent->fa_base, fd, EV_READ | EV_PERSIST, on_readable, agent);
    agent->fa_writable = event_new(agent->fa_base, fd, EV_WRITE, on_writable, agent);
    if (!agent->fa_deaf)
        event_add(agent->fa_readable, NULL);
    fake_agent_hello(agent);
}

FakeAgent *fake_agent_new(struct event_base *base, const char *path, const char *name,
                          void (*message)(FakeAgent *, const struct wire_msg *),
                          gpointer data)
{
    FakeAgent *agent = g_new0(FakeAgent, 1);

    agent->fa_base = base;
    agent->fa_path = g_strdup(path);
    agent->fa_name = name;
    agent->fa_fd = -1;
    agent->fa_inst = 1;
    g_strlcpy(agent->fa_boot, "00000000-0000-0000-0000-000000000001",
              sizeof(agent->fa_boot));
    agent->fa_message = message;
    agent->fa_data = data;
    agent->fa_queue = wire_queue_new(NULL);
    agent->fa_out = g_byte_array_new();
    frame_reader_init(&agent->fa_reader);
    agent->fa_retry = evtimer_new(base, on_retry, agent);
    event_active(agent->fa_retry, EV_TIMEOUT, 0);
    return agent;
}

void fake_agent_free(FakeAgent *agent)
{
    fake_agent_close(agent);
    event_free(agent->fa_retry);
    wire_queue_free(agent->fa_queue);
    frame_reader_clear(&agent->fa_reader);
    g_byte_array_unref(agent->fa_out);
    g_free(agent->fa_path);
    g_free(agent);
}

void fake_agent_hang_up(FakeAgent *agent)
{
    fake_agent_close(agent);
}

void fake_agent_restart(FakeAgent *agent, const char *boot, int64_t inst)
{
    fake_agent_close(agent);
    wire_queue_free(agent->fa_queue);
    agent->fa_queue = wire_queue_new(NULL);
    if (strcmp(agent->fa_boot, boot) != 0)
        agent->fa_epoch = 0;
    g_strlcpy(agent->fa_boot, boot, sizeof(agent->fa_boot));
    agent->fa_inst = inst;
}

gboolean fake_agent_put(FakeAgent *agent, const struct wire_msg *m)
{
    struct wire_error e;

    if (!wire_queue_put(agent->fa_queue, m, &e))
        return FALSE;
    fake_agent_pump(agent);
    return TRUE;
}

void fake_agent_raw(FakeAgent *agent, const void *bytes, gsize len)
{
    g_byte_array_append(agent->fa_out, bytes, (guint)len);
    fake_agent_flush(agent);
}

void fake_agent_result(FakeAgent *agent, int64_t id)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_RESULT);
    m.id = id;
    m.result.status = WIRE_DONE;
    m.result.exit = 0;
    fake_agent_put(agent, &m);
}
