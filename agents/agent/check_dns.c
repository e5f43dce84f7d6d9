/*
 * dns: a server answers the A record of a name with the address asked for. One question
 * by UDP (RFC 1035), asked again each second.
 */
#include "agents/agent/checking.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define PACKET_MAX 512
#define AGAIN_S 1
#define TYPE_A 1
#define CLASS_IN 1

struct question {
    unsigned char packet[PACKET_MAX];
    size_t len;
};

/* Appends name as labels; false where it is none. */
static bool put_name(struct question *q, const char *name)
{
    while (*name) {
        size_t len = strcspn(name, ".");
        if (len < 1 || len > 63 || q->len + len + 6 > sizeof(q->packet))
            return false;
        q->packet[q->len++] = (unsigned char)len;
        memcpy(q->packet + q->len, name, len);
        q->len += len;
        name += len + (name[len] == '.');
    }
    q->packet[q->len++] = 0;
    return true;
}

static bool build(struct question *q, const char *name)
{
    static const unsigned char tail[] = {0, TYPE_A, 0, CLASS_IN};

    if (getrandom(q->packet, 2, GRND_NONBLOCK) != 2)
        q->packet[0] = (unsigned char)getpid();
    q->packet[2] = 1; /* recursion desired */
    q->packet[5] = 1; /* one question */
    q->len = 12;
    if (!put_name(q, name))
        return false;
    memcpy(q->packet + q->len, tail, sizeof(tail));
    q->len += sizeof(tail);
    return true;
}

/* Index after the name at i, or 0 when it runs out of the packet. */
static size_t skip_name(const unsigned char *p, size_t len, size_t i)
{
    while (i < len && p[i] != 0) {
        if ((p[i] & 0xc0) == 0xc0)
            return i + 2 <= len ? i + 2 : 0;
        i += (size_t)p[i] + 1;
    }
    return i < len ? i + 1 : 0;
}

static unsigned int short_at(const unsigned char *p)
{
    return (unsigned int)p[0] << 8 | p[1];
}

/* Whether an A record among the answers is wanted; seen: the last one, as text. */
static bool has_answer(const unsigned char *p, size_t len, const char *wanted,
                       char seen[INET_ADDRSTRLEN])
{
    size_t i = skip_name(p, len, 12) + 4;

    if (i == 4)
        return false;
    for (unsigned int n = short_at(p + 6); n > 0; n--) {
        i = skip_name(p, len, i);
        if (i == 0 || i + 10 > len)
            return false;
        size_t data = short_at(p + i + 8);
        bool is_a = short_at(p + i) == TYPE_A && data == 4;
        if (i + 10 + data > len)
            return false;
        if (is_a && inet_ntop(AF_INET, p + i + 10, seen, INET_ADDRSTRLEN) &&
            strcmp(seen, wanted) == 0)
            return true;
        i += 10 + data;
    }
    return false;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    static const char *const errors[] = {
        "", "malformed", "server failure", "no such name", "not implemented", "refused"};
    struct check *c = arg;
    const struct question *q = c->state;
    unsigned char p[PACKET_MAX];
    char seen[INET_ADDRSTRLEN] = "no address";

    (void)what;
    ssize_t n = recv(fd, p, sizeof(p), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) {
        check_end(c, WIRE_DOWN, "no answer: %s", strerror(errno));
        return;
    }
    if (n < 12 || memcmp(p, q->packet, 2) != 0 || !(p[2] & 0x80))
        return; /* not an answer to this question */
    unsigned int code = p[3] & 15u;
    if (code != 0)
        check_end(c, WIRE_FAULTY, "the server says: %s",
                  code < 6 ? errors[code] : "an error");
    else if (has_answer(p, (size_t)n, c->ask->answer, seen))
        check_end(c, WIRE_UP, "answered %s", seen);
    else
        check_end(c, WIRE_FAULTY, "answered %s", seen);
}

static void ask_now(struct check *c)
{
    const struct question *q = c->state;

    /* What is lost is asked again; what is refused shows at the read. */
    if (send(c->fd, q->packet, q->len, MSG_NOSIGNAL) < 0 && errno != EAGAIN &&
        errno != ECONNREFUSED)
        check_end(c, WIRE_DOWN, "send: %s", strerror(errno));
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    ask_now(arg);
}

static void connected(struct check *c)
{
    struct timeval tv = {AGAIN_S, 0};

    check_wait(c, EV_READ, on_readable);
    c->again = event_new(c->agent->base, -1, EV_PERSIST, on_again, c);
    if (c->again)
        event_add(c->again, &tv);
    ask_now(c);
}

void check_dns(struct check *c)
{
    struct question *q = calloc(1, sizeof(*q));

    c->state = q;
    if (!q || !build(q, c->ask->name)) {
        check_end(c, WIRE_UNCHECKED, "%s: not a name", c->ask->name);
        return;
    }
    check_connect(c, SOCK_DGRAM, c->ask->port ? (int)c->ask->port : 53, connected);
}
