#include "agents/agent/probe.h"

#include "agents/agent/text.h"
#include "agents/wire/msg_table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROBES_MAX 4
#define AGAIN_MS 200 /* between datagrams, and looks at the neighbour table */
#define DISCARD_PORT 9

struct attempt {
    struct probe *probe;
    const struct wire_probe_row *ask;
    int fd;
    struct event *io;
    bool over;
    bool reached;
    char text[100];
};

struct probe {
    struct probe *next;
    struct agent *agent;
    struct wire_msg m;
    struct event *deadline;
    struct event *again;
    size_t open; /* attempts without an outcome */
    struct attempt *attempts;
};

static void probe_free(struct probe *p)
{
    struct probe **at = &p->agent->probes;

    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    for (size_t i = 0; p->attempts && i < p->m.probe.n_rows; i++) {
        if (p->attempts[i].io)
            event_free(p->attempts[i].io);
        if (p->attempts[i].fd >= 0)
            close(p->attempts[i].fd);
    }
    if (p->deadline)
        event_free(p->deadline);
    if (p->again)
        event_free(p->again);
    wire_msg_clear(&p->m);
    free(p->attempts);
    free(p);
}

static void answer(struct probe *p)
{
    size_t n = p->m.probe.n_rows;
    struct wire_probed_row *rows = calloc(n + 1, sizeof(*rows));
    struct wire_msg m;

    wire_msg_init(&m, WIRE_PROBED);
    m.id = p->m.id;
    m.probed.rows = rows;
    m.probed.n_rows = rows ? n : 0;
    for (size_t i = 0; rows && i < n; i++)
        rows[i] = (struct wire_probed_row){.name = p->attempts[i].ask->name,
                                           .reached = p->attempts[i].reached,
                                           .text = p->attempts[i].text};
    agent_send(p->agent, &m);
    free(rows);
    probe_free(p);
}

/* Settles one attempt; the sockets are closed with the probe. */
static void settle(struct attempt *t, bool reached, const char *text)
{
    if (t->over)
        return;
    t->over = true;
    t->reached = reached;
    text_format(t->text, sizeof(t->text), "%s", text);
    if (t->io)
        event_del(t->io);
    t->probe->open--;
}

/* A refusal is an answer; everything else that can go wrong is none. */
static void settle_error(struct attempt *t, int error)
{
    settle(t, error == ECONNREFUSED || error == ECONNRESET, strerror(error));
}

/* The last of them answers, from the loop, so that no attempt is freed under way. */
static void answer_if_over(struct probe *p)
{
    struct timeval now = {0, 0};

    if (p->open == 0)
        evtimer_add(p->deadline, &now);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    struct probe *p = arg;

    (void)fd;
    (void)what;
    for (size_t i = 0; i < p->m.probe.n_rows; i++)
        settle(&p->attempts[i], false, "no answer");
    answer(p);
}

static void on_connected(struct attempt *t)
{
    int error = 0;
    socklen_t size = sizeof(error);

    if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        error = errno;
    if (error)
        settle_error(t, error);
    else
        settle(t, true, "connected");
}

static void on_datagram(struct attempt *t)
{
    char byte;

    if (recv(t->fd, &byte, 1, 0) >= 0)
        settle(t, true, "answered");
    else if (errno != EAGAIN && errno != EINTR)
        settle_error(t, errno);
}

/* A raw socket sees every ICMP message from the address: an echo reply is meant. */
static void on_icmp(struct attempt *t)
{
    unsigned char p[256];
    ssize_t n = recv(t->fd, p, sizeof(p), 0);

    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        settle_error(t, errno);
        return;
    }
    size_t head = n > 0 ? (size_t)(p[0] & 15) * 4 : 0;
    if (n > 0 && head < (size_t)n && p[head] == ICMP_ECHOREPLY)
        settle(t, true, "answered");
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
    static void (*const handle[])(struct attempt *) = {
        [WIRE_PROBE_TCP] = on_connected,
        [WIRE_PROBE_UDP] = on_datagram,
        [WIRE_PROBE_PING] = on_icmp,
        [WIRE_PROBE_GATEWAY] = on_datagram,
    };
    struct attempt *t = arg;

    (void)fd;
    (void)what;
    handle[t->ask->kind](t);
    answer_if_over(t->probe);
}

/* RFC 1071, of an echo request without data. */
static uint16_t checksum(const struct icmphdr *echo)
{
    uint16_t words[sizeof(*echo) / 2];
    uint32_t sum = 0;

    memcpy(words, echo, sizeof(words));
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        sum += words[i];
    sum = (sum >> 16) + (sum & 0xffff);
    return (uint16_t) ~(sum + (sum >> 16));
}

/* Whether the neighbour table has the address complete: someone answered for it. Its
 * lines: "address type flags MAC mask device"; flag 2 is ATF_COM. */
static bool is_neighbour(const char *addr)
{
    char line[256];
    size_t len = strlen(addr);
    long long flags;
    bool found = false;
    FILE *f = fopen("/proc/net/arp", "re");

    if (!f)
        return false;
    while (!found && fgets(line, sizeof(line), f))
        found = strncmp(line, addr, len) == 0 && line[len] == ' ' &&
                text_number(text_word(line, 2), 16, &flags, NULL) && (flags & 2);
    (void)fclose(f);
    return found;
}

/* Sends what the attempt sends; again and again until its outcome. */
static void poke(struct attempt *t)
{
    struct icmphdr echo = {.type = ICMP_ECHO};

    if (t->over || t->ask->kind == WIRE_PROBE_TCP)
        return;
    if (t->ask->kind == WIRE_PROBE_GATEWAY && is_neighbour(t->ask->addr)) {
        settle(t, true, "the neighbour answers");
        return;
    }
    echo.un.echo.id = htons((uint16_t)getpid());
    echo.checksum = checksum(&echo);
    bool ping = t->ask->kind == WIRE_PROBE_PING;
    ssize_t n = send(t->fd, ping ? (const void *)&echo : "\n", ping ? sizeof(echo) : 1,
                     MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != ENOBUFS)
        settle_error(t, errno);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
    struct probe *p = arg;

    (void)fd;
    (void)what;
    for (size_t i = 0; i < p->m.probe.n_rows; i++)
        poke(&p->attempts[i]);
    answer_if_over(p);
}

static bool open_socket(struct attempt *t)
{
    static const struct {
        int type;
        int protocol;
    } how[] = {
        [WIRE_PROBE_TCP] = {SOCK_STREAM, 0},
        [WIRE_PROBE_UDP] = {SOCK_DGRAM, 0},
        [WIRE_PROBE_PING] = {SOCK_RAW, IPPROTO_ICMP},
        [WIRE_PROBE_GATEWAY] = {SOCK_DGRAM, 0},
    };
    struct sockaddr_in to = {.sin_family = AF_INET};
    int port = t->ask->port ? (int)t->ask->port : DISCARD_PORT;

    if (inet_pton(AF_INET, t->ask->addr, &to.sin_addr) != 1) {
        errno = EAFNOSUPPORT;
        return false;
    }
    to.sin_port = htons(t->ask->kind == WIRE_PROBE_PING ? 0 : (uint16_t)port);
    t->fd = socket(AF_INET, how[t->ask->kind].type | SOCK_NONBLOCK | SOCK_CLOEXEC,
                   how[t->ask->kind].protocol);
    return t->fd >= 0 && (connect(t->fd, (struct sockaddr *)&to, sizeof(to)) == 0 ||
                          errno == EINPROGRESS);
}

static void begin(struct attempt *t)
{
    short what = t->ask->kind == WIRE_PROBE_TCP ? EV_WRITE : EV_READ;

    if (!open_socket(t)) {
        settle_error(t, errno);
        return;
    }
    t->io =
        event_new(t->probe->agent->base, t->fd, (short)(what | EV_PERSIST), on_ready, t);
    if (!t->io || event_add(t->io, NULL) < 0) {
        settle(t, false, "out of memory");
        return;
    }
    poke(t);
}

static bool prepare(struct probe *p)
{
    struct timeval tv = {p->m.probe.deadline_ms / 1000,
                         p->m.probe.deadline_ms % 1000 * 1000};
    struct timeval again = {0, AGAIN_MS * 1000L};

    p->attempts = calloc(p->m.probe.n_rows + 1, sizeof(*p->attempts));
    for (size_t i = 0; p->attempts && i < p->m.probe.n_rows; i++) {
        p->attempts[i].probe = p;
        p->attempts[i].ask = &p->m.probe.rows[i];
        p->attempts[i].fd = -1;
    }
    p->open = p->m.probe.n_rows;
    p->deadline = evtimer_new(p->agent->base, on_deadline, p);
    p->again = event_new(p->agent->base, -1, EV_PERSIST, on_again, p);
    return p->attempts && p->deadline && p->again && evtimer_add(p->deadline, &tv) == 0 &&
           event_add(p->again, &again) == 0;
}

void probe_take(struct agent *a, struct wire_msg *m)
{
    size_t n = 0;

    for (const struct probe *p = a->probes; p; p = p->next)
        n++;
    struct probe *p = n < PROBES_MAX ? calloc(1, sizeof(*p)) : NULL;
    if (!p) {
        agent_refuse(a, m, "%zu probes are under way already", n);
        return;
    }
    p->agent = a;
    p->m = *m;
    memset(m, 0, sizeof(*m));
    p->next = a->probes;
    a->probes = p;
    if (!prepare(p)) {
        agent_refuse(a, &p->m, "out of memory");
        probe_free(p);
        return;
    }
    for (size_t i = 0; i < p->m.probe.n_rows; i++)
        begin(&p->attempts[i]);
    answer_if_over(p);
}

void probes_abort(struct agent *a)
{
    struct probe *next;

    for (struct probe *p = a->probes; p; p = next) {
        next = p->next;
        probe_free(p);
    }
}
