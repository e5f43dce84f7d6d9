#include "orchestrator/hub/hub.h"

#include "agents/wire/msg.h"
#include "orchestrator/hub/conn.h"
#include "orchestrator/hub/records.h"

#include <errno.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define SECOND_US 1000000
#define LINK_TURN 64 /* records taken from parryd in one turn of the loop */

typedef struct {
    Hub *hh_hub;
    uint32_t hh_index;
    uint32_t hh_conn_no;
    int hh_listener; /* -1: not served */
    int hh_fd;       /* the connection, -1: none */
    HubConn *hh_conn;
    struct event *hh_acceptable;
    struct event *hh_readable, *hh_writable;
    struct event *hh_forgive; /* the end of a cut */
    struct evbuffer *hh_out;
    int64_t hh_cut_us; /* the last cut, 0: never */
    int64_t hh_cut_s;  /* its length */
} HubHost;

struct Hub {
    struct event_base *hb_base;
    int hb_link;
    struct event *hb_link_readable;
    uint32_t hb_n_hosts;
    HubHost *hb_hosts;
    const char *hb_failure;
    _Alignas(8) char hb_in[HUB_RECORD_MAX];
    char hb_guest[HUB_TURN_BYTES];
};

static int64_t now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * SECOND_US + ts.tv_nsec / 1000;
}

/* ---- to parryd ---- */

static void hub_stop(Hub *hub, const char *failure)
{
    if (!hub->hb_failure)
        hub->hb_failure = failure;
    event_base_loopbreak(hub->hb_base);
}

static void hub_tell(Hub *hub, const struct hub_head *head, const void *body,
                     const void *tail)
{
    struct iovec iov[3] = {
        {(void *)head, sizeof(*head)},
        {(void *)body, (size_t)hub_record_fixed(head->rc_type)},
        {(void *)tail, head->rc_len},
    };
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 3};
    ssize_t n;

    do
        n = sendmsg(hub->hb_link, &msg, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EPIPE)
        hub_stop(hub, NULL);
    else if (n < 0)
        hub_stop(hub, "cannot send to parryd");
}

static void on_record(void *arg, uint32_t type, uint64_t seq, const void *body,
                      const void *tail, size_t len)
{
    HubHost *host = arg;
    struct hub_head head = {type, host->hh_index, (uint32_t)len, host->hh_conn_no, seq};

    hub_tell(host->hh_hub, &head, body, tail);
}

void hub_tell_up(Hub *hub, uint32_t sandbox)
{
    struct hub_head head = {.rc_type = HUB_UP};
    struct hub_up up = {sandbox};

    hub_tell(hub, &head, &up, NULL);
}

/* ---- connections ---- */

static void host_close(HubHost *host)
{
    if (host->hh_readable)
        event_free(host->hh_readable);
    if (host->hh_writable)
        event_free(host->hh_writable);
    host->hh_readable = host->hh_writable = NULL;
    if (host->hh_out)
        evbuffer_free(host->hh_out);
    host->hh_out = NULL;
    conn_free(host->hh_conn);
    host->hh_conn = NULL;
    if (host->hh_fd >= 0)
        close(host->hh_fd);
    host->hh_fd = -1;
}

/* One connection at a time: the listener is looked at only while there is none. */
static void host_await(HubHost *host)
{
    if (host->hh_listener >= 0 && host->hh_fd < 0 &&
        !evtimer_pending(host->hh_forgive, NULL))
        event_add(host->hh_acceptable, NULL);
}

static void host_end(HubHost *host, HubRecordType type, const char *reason)
{
    struct hub_gone counts;
    struct hub_head head = {type, host->hh_index, (uint32_t)strlen(reason),
                            host->hh_conn_no, 0};

    conn_count(host->hh_conn, &counts);
    hub_tell(host->hh_hub, &head, &counts, reason);
    host_close(host);
}

static void host_gone(HubHost *host, const char *reason)
{
    host_end(host, HUB_GONE, reason);
    host_await(host);
}

/* No new connection for a while; QEMU's attempts wait in the listener's queue. */
static void host_shun(HubHost *host)
{
    int64_t now = now_us();
    int64_t since = now - host->hh_cut_us;

    if (!host->hh_cut_us || since > (int64_t)HUB_CUT_FORGIVEN_S * SECOND_US)
        host->hh_cut_s = HUB_CUT_FIRST_S;
    else
        host->hh_cut_s =
            host->hh_cut_s * 2 < HUB_CUT_LAST_S ? host->hh_cut_s * 2 : HUB_CUT_LAST_S;
    host->hh_cut_us = now;
    struct timeval tv = {host->hh_cut_s, 0};
    evtimer_add(host->hh_forgive, &tv);
}

static void host_cut(HubHost *host, const char *reason)
{
    char text[256];

    /* The reason may live in the connection that host_end frees. */
    snprintf(text, sizeof(text), "%s", reason);
    host_end(host, HUB_CUT, text);
    host_shun(host);
}

static void on_forgive(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    host_await(arg);
}

/* Answers a hello of another version: our own v, and nothing to begin with. */
static void tell_version(HubHost *host)
{
    struct wire_msg m;
    struct wire_error e;
    size_t len;

    wire_msg_init(&m, WIRE_WELCOME);
    m.welcome.v = WIRE_VERSION;
    char *line = wire_encode(&m, &len, &e);
    if (!line)
        return;
    line[len] = '\n'; /* in place of the NUL */
    if (write(host->hh_fd, line, len + 1) < 0)
        fprintf(stderr, "parry-hub: host %u: version: %s\n", host->hh_index,
                strerror(errno));
    free(line);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    HubHost *host = arg;
    Hub *hub = host->hh_hub;

    (void)what;
    ssize_t n = read(fd, hub->hb_guest, sizeof(hub->hb_guest));
    if (n > 0) {
        if (conn_input(host->hh_conn, hub->hb_guest, (size_t)n, now_us()))
            return;
        if (conn_wrong_version(host->hh_conn))
            tell_version(host);
        host_cut(host, conn_reason(host->hh_conn));
    } else if (n == 0) {
        host_gone(host, "the other side closed the connection");
    } else if (errno != EAGAIN && errno != EINTR) {
        host_gone(host, strerror(errno));
    }
}

static void host_flush(HubHost *host)
{
    if (evbuffer_get_length(host->hh_out) == 0)
        return;
    if (evbuffer_write(host->hh_out, host->hh_fd) < 0 && errno != EAGAIN &&
        errno != EINTR) {
        host_gone(host, strerror(errno));
        return;
    }
    if (evbuffer_get_length(host->hh_out) > 0)
        event_add(host->hh_writable, NULL);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    host_flush(arg);
}

static void host_write(HubHost *host, const void *line, size_t len)
{
    if (evbuffer_add(host->hh_out, line, len) < 0 ||
        evbuffer_add(host->hh_out, "\n", 1) < 0) {
        host_cut(host, "out of memory for what it is to be sent");
        return;
    }
    if (evbuffer_get_length(host->hh_out) > HUB_OUT_MAX) {
        host_cut(host, "it does not read what it is sent");
        return;
    }
    if (!event_pending(host->hh_writable, EV_WRITE, NULL))
        host_flush(host);
}

static void host_open(HubHost *host, int fd)
{
    struct event_base *base = host->hh_hub->hb_base;

    event_del(host->hh_acceptable);
    host->hh_fd = fd;
    host->hh_conn_no++;
    host->hh_conn = conn_new(on_record, host, now_us());
    host->hh_out = evbuffer_new();
    host->hh_readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, host);
    host->hh_writable = event_new(base, fd, EV_WRITE, on_writable, host);
    if (!host->hh_conn || !host->hh_out || !host->hh_readable || !host->hh_writable ||
        event_add(host->hh_readable, NULL) < 0) {
        fprintf(stderr, "parry-hub: host %u: no memory for a connection\n",
                host->hh_index);
        host_close(host);
        host_shun(host);
        return;
    }
    host_write(host, "", 0); /* a newline ends half a line of an earlier connection */
}

static void on_acceptable(evutil_socket_t listener, short what, void *arg)
{
    HubHost *host = arg;

    (void)what;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        host_open(host, fd);
    } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        fprintf(stderr, "parry-hub: host %u: accept: %s\n", host->hh_index,
                strerror(errno));
        event_del(host->hh_acceptable);
        host_shun(host);
    }
}

/* ---- from parryd ---- */

static void host_unlisten(HubHost *host)
{
    if (host->hh_fd >= 0)
        host_end(host, HUB_GONE, "the host is not served any more");
    if (host->hh_acceptable)
        event_free(host->hh_acceptable);
    if (host->hh_forgive)
        event_free(host->hh_forgive);
    host->hh_acceptable = host->hh_forgive = NULL;
    if (host->hh_listener >= 0)
        close(host->hh_listener);
    host->hh_listener = -1;
    host->hh_cut_us = host->hh_cut_s = 0;
}

static void host_listen(HubHost *host, int fd)
{
    struct event_base *base = host->hh_hub->hb_base;

    host_unlisten(host);
    host->hh_listener = fd;
    host->hh_acceptable = event_new(base, fd, EV_READ | EV_PERSIST, on_acceptable, host);
    host->hh_forgive = evtimer_new(base, on_forgive, host);
    if (!host->hh_acceptable || !host->hh_forgive)
        hub_stop(host->hh_hub, "out of memory for a listener");
    else
        host_await(host);
}

static void hub_ping(Hub *hub)
{
    struct wire_msg m;
    struct wire_error e;
    size_t len;

    wire_msg_init(&m, WIRE_PING);
    m.ping = now_us();
    char *line = wire_encode(&m, &len, &e);
    if (!line)
        return; /* no memory: the next one will do */
    for (uint32_t i = 0; i < hub->hb_n_hosts; i++) {
        HubHost *host = &hub->hb_hosts[i];
        /* One that does not read (a paused VM) is not sent a pile of them. */
        if (!host->hh_conn || evbuffer_get_length(host->hh_out) > 0)
            continue;
        /* An agent whose VM stood still right after its hello may take the empty line of
         * this connection for one of that: without another one it would wait for ever. */
        if (conn_greeted(host->hh_conn))
            host_write(host, line, len);
        else
            host_write(host, "", 0);
    }
    free(line);
}

static void host_request(HubHost *host, const struct hub_head *head, const void *tail,
                         int fd)
{
    switch (head->rc_type) {
    case HUB_LISTEN:
        if (fd >= 0)
            host_listen(host, fd);
        else
            hub_stop(host->hh_hub, "parryd sent a listener without its descriptor");
        return;
    case HUB_UNLISTEN:
        host_unlisten(host);
        return;
    default:
        break;
    }
    if (host->hh_fd < 0 || head->rc_conn != host->hh_conn_no)
        return; /* meant for a connection that has ended meanwhile */
    if (head->rc_type == HUB_SEND) {
        host_write(host, tail, head->rc_len);
    } else if (head->rc_type == HUB_DROP) {
        char reason[201];
        snprintf(reason, sizeof(reason), "%.*s", (int)head->rc_len, (const char *)tail);
        host_cut(host, reason);
    }
}

/* The descriptor that came with a record, or -1. A second one is closed. */
static int take_fd(struct msghdr *msg)
{
    int fd = -1;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int one;
            memcpy(&one, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
            if (fd < 0)
                fd = one;
            else
                close(one);
        }
    }
    return fd;
}

/* Handles one record. False when there is none, or the loop is to end. */
static bool hub_take(Hub *hub)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec iov = {hub->hb_in, sizeof(hub->hb_in)};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof(control.bytes)};
    struct hub_head head;
    const void *body, *tail;

    ssize_t n = recvmsg(hub->hb_link, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n <= 0) {
        hub_stop(hub, n < 0 && errno != ECONNRESET ? "cannot read from parryd" : NULL);
        return false;
    }
    int fd = take_fd(&msg);
    const char *wrong =
        hub_record_open(hub->hb_in, (size_t)n, false, &head, &body, &tail);
    if (!wrong && head.rc_type != HUB_PING && head.rc_host >= hub->hb_n_hosts)
        wrong = "a host that is not there";
    if (wrong) {
        hub_stop(hub, wrong);
        return false;
    }
    if (head.rc_type == HUB_PING) {
        struct hub_head pong = {.rc_type = HUB_PONG};
        hub_tell(hub, &pong, NULL, NULL);
        hub_ping(hub);
    } else {
        host_request(&hub->hb_hosts[head.rc_host], &head, tail, fd);
    }
    if (fd >= 0 && head.rc_type != HUB_LISTEN)
        close(fd);
    return !event_base_got_break(hub->hb_base);
}

static void on_link(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    for (int i = 0; i < LINK_TURN; i++)
        if (!hub_take(arg))
            return;
}

/* ---- the hub ---- */

Hub *hub_new(struct event_base *base, int link_fd, uint32_t hosts)
{
    Hub *hub = calloc(1, sizeof(*hub));

    if (!hub)
        return NULL;
    hub->hb_base = base;
    hub->hb_link = link_fd;
    hub->hb_n_hosts = hosts;
    hub->hb_hosts = calloc(hosts ? hosts : 1, sizeof(*hub->hb_hosts));
    hub->hb_link_readable = event_new(base, link_fd, EV_READ | EV_PERSIST, on_link, hub);
    for (uint32_t i = 0; hub->hb_hosts && i < hosts; i++) {
        hub->hb_hosts[i].hh_hub = hub;
        hub->hb_hosts[i].hh_index = i;
        hub->hb_hosts[i].hh_listener = hub->hb_hosts[i].hh_fd = -1;
    }
    if (hub->hb_hosts && hub->hb_link_readable &&
        event_add(hub->hb_link_readable, NULL) == 0)
        return hub;
    hub_free(hub);
    return NULL;
}

void hub_free(Hub *hub)
{
    if (!hub)
        return;
    for (uint32_t i = 0; hub->hb_hosts && i < hub->hb_n_hosts; i++) {
        host_close(&hub->hb_hosts[i]);
        host_unlisten(&hub->hb_hosts[i]);
    }
    free(hub->hb_hosts);
    if (hub->hb_link_readable)
        event_free(hub->hb_link_readable);
    free(hub);
}

const char *hub_failure(const Hub *hub)
{
    return hub->hb_failure;
}
