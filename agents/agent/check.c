#include "agents/agent/check.h"

#include "agents/agent/checking.h"
#include "agents/agent/run.h"
#include "agents/agent/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHECKS_MAX 128

static void (*const begin[WIRE_CHECK_KINDS])(struct check *c) = {
    [WIRE_CHECK_TCP] = check_tcp,         [WIRE_CHECK_HTTP] = check_http,
    [WIRE_CHECK_DNS] = check_dns,         [WIRE_CHECK_FILE] = check_file,
    [WIRE_CHECK_PROCESS] = check_process, [WIRE_CHECK_SERVICE] = check_service,
    [WIRE_CHECK_PORT] = check_port,       [WIRE_CHECK_COMMAND] = check_command,
    [WIRE_CHECK_PLUGIN] = check_plugin,
};

static void check_free(struct check *c)
{
    struct check **at = &c->agent->checks;

    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    if (c->deadline)
        event_free(c->deadline);
    if (c->io)
        event_free(c->io);
    if (c->again)
        event_free(c->again);
    if (c->fd >= 0)
        close(c->fd);
    if (c->run)
        run_kill(c->run);
    wire_msg_clear(&c->m);
    free(c->buf);
    free(c->state);
    free(c);
}

void check_end_perf(struct check *c, enum wire_verdict verdict, const char *text,
                    const char *perf)
{
    struct wire_msg answer;

    wire_msg_init(&answer, WIRE_CHECKED);
    answer.id = c->m.id;
    answer.checked.status = verdict;
    answer.checked.dur_us = agent_now_us() - c->began_us;
    answer.checked.text = text;
    answer.checked.perf = perf;
    agent_send(c->agent, &answer);
    check_free(c);
}

void check_end(struct check *c, enum wire_verdict verdict, const char *format, ...)
{
    char text[200];
    va_list args;

    va_start(args, format);
    if (vsnprintf(text, sizeof(text), format, args) < 0)
        text[0] = '\0';
    va_end(args);
    text_clean(text);
    check_end_perf(c, verdict, text, NULL);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    struct check *c = arg;

    (void)fd;
    (void)what;
    check_end(c, c->late, "%s within %lld ms", c->late_text,
              (long long)c->ask->deadline_ms);
}

void check_wait(struct check *c, short what, event_callback_fn fn)
{
    if (c->io)
        event_free(c->io);
    c->io = event_new(c->agent->base, c->fd, (short)(what | EV_PERSIST), fn, c);
    if (!c->io || event_add(c->io, NULL) < 0)
        agent_log("check %lld: cannot watch its socket", (long long)c->m.id);
}

static void on_connected(evutil_socket_t fd, short what, void *arg)
{
    struct check *c = arg;
    int error = 0;
    socklen_t size = sizeof(error);

    (void)what;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        error = errno;
    if (error) {
        check_end(c, WIRE_DOWN, "connect: %s", strerror(error));
        return;
    }
    c->connected(c);
}

/* The agent's own want of descriptors or memory is no finding about the service. */
static bool own_fault(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

static socklen_t parse_address(const char *text, int port, struct sockaddr_storage *s)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)s;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)s;

    memset(s, 0, sizeof(*s));
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        return sizeof(*v4);
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        return sizeof(*v6);
    }
    return 0;
}

void check_connect(struct check *c, int type, int port, void (*connected)(struct check *))
{
    struct sockaddr_storage address;
    socklen_t len = parse_address(c->ask->addr, port, &address);

    if (len == 0) {
        check_end(c, WIRE_UNCHECKED, "%s: not an address", c->ask->addr);
        return;
    }
    c->connected = connected;
    c->fd = socket(address.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0 ||
        (connect(c->fd, (struct sockaddr *)&address, len) < 0 && errno != EINPROGRESS)) {
        check_end(c, own_fault(errno) ? WIRE_UNCHECKED : WIRE_DOWN, "connect: %s",
                  strerror(errno));
        return;
    }
    check_wait(c, EV_WRITE, on_connected);
}

ssize_t check_read(struct check *c)
{
    if (!c->buf && !(c->buf = malloc(c->max + 1))) {
        errno = ENOMEM;
        return -2;
    }
    if (c->len == c->max)
        return 0;
    ssize_t n = read(c->fd, c->buf + c->len, c->max - c->len);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? -1 : -2;
    c->len += (size_t)n;
    c->buf[c->len] = '\0';
    return n;
}

void check_take(struct agent *a, struct wire_msg *m)
{
    struct timeval tv = {m->check.deadline_ms / 1000, m->check.deadline_ms % 1000 * 1000};
    size_t n = 0;

    for (const struct check *c = a->checks; c; c = c->next)
        n++;
    struct check *c = n < CHECKS_MAX ? calloc(1, sizeof(*c)) : NULL;
    if (!c) {
        agent_refuse(a, m, "%zu checks are under way already", n);
        return;
    }
    c->agent = a;
    c->m = *m;
    memset(m, 0, sizeof(*m));
    c->ask = &c->m.check;
    c->began_us = agent_now_us();
    c->fd = -1;
    c->late = WIRE_DOWN;
    c->late_text = "no answer";
    c->next = a->checks;
    a->checks = c;
    c->deadline = evtimer_new(a->base, on_deadline, c);
    if (!c->deadline || evtimer_add(c->deadline, &tv) < 0)
        check_end(c, WIRE_UNCHECKED, "out of memory");
    else
        begin[c->ask->kind](c);
}

void checks_abort(struct agent *a, bool quietly)
{
    struct check *next;

    for (struct check *c = a->checks; c; c = next) {
        next = c->next;
        if (quietly)
            check_free(c);
        else
            check_end(c, WIRE_UNCHECKED, "aborted by the host");
    }
}
