/*
 * A virtio-serial port (see drivers/char/virtio_console.c): opens once; read() gives 0
 * while the host side is closed, which is no end of file; POLLHUP then stays up, so that
 * a level-triggered loop would spin. Hence: on 0 the events are dropped and a timer looks
 * again. Writes are at most 32 KiB each and give EAGAIN while the host is away.
 */
#include "agents/agent/channel.h"

#include "agents/agent/agent.h"
#include "agents/agent/port.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define WRITE_MAX 32768
#define READ_MAX 16384
#define RETRY_FIRST_MS 100 /* between looks for a host that is away … */
#define RETRY_LAST_MS 500  /* … after it stayed away for RETRY_PATIENCE looks */
#define RETRY_PATIENCE 100

enum channel_kind { CHANNEL_PORT, CHANNEL_SOCKET, CHANNEL_FD };

struct channel {
    enum channel_kind kind;
    struct event_base *base;
    struct channel_owner owner;
    char *path;
    int fd;
    bool up;
    int retries;
    struct event *readable;
    struct event *writable;
    struct event *retry;
    struct frame_reader reader;
    size_t out_len, out_done;
    char out[WRITE_MAX + FRAME_MAX];
};

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);

static void retry_later(struct channel *c)
{
    int ms = c->retries < RETRY_PATIENCE ? RETRY_FIRST_MS : RETRY_LAST_MS;
    struct timeval tv = {0, ms * 1000L};

    c->retries++;
    evtimer_add(c->retry, &tv);
}

static void drop_events(struct channel *c)
{
    if (c->readable)
        event_free(c->readable);
    if (c->writable)
        event_free(c->writable);
    c->readable = c->writable = NULL;
}

static void go_down(struct channel *c)
{
    bool was_up = c->up;

    c->up = false;
    c->out_len = c->out_done = 0;
    drop_events(c);
    if (c->kind != CHANNEL_PORT && c->fd >= 0) {
        close(c->fd);
        c->fd = -1;
    }
    if (was_up)
        c->owner.down(c->owner.arg);
    if (c->kind == CHANNEL_FD)
        c->owner.end(c->owner.arg);
    else
        retry_later(c);
}

static void go_up(struct channel *c)
{
    c->up = true;
    c->retries = 0;
    c->readable = event_new(c->base, c->fd, EV_READ | EV_PERSIST, on_readable, c);
    c->writable = event_new(c->base, c->fd, EV_WRITE, on_writable, c);
    if (!c->readable || !c->writable || event_add(c->readable, NULL) < 0) {
        agent_log("channel %s: cannot watch it: %s", c->path, strerror(errno));
        go_down(c);
        return;
    }
    frame_reader_reset(&c->reader);
    c->owner.up(c->owner.arg);
}

static bool take_bytes(struct channel *c, const char *bytes, size_t n)
{
    if (frame_feed(&c->reader, bytes, n, c->owner.line, c->owner.arg))
        return true;
    /* The owner cannot go on from here: a new session finds its feet again. */
    frame_reader_reset(&c->reader);
    c->owner.up(c->owner.arg);
    return false;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct channel *c = arg;
    char bytes[READ_MAX];

    (void)what;
    ssize_t n = read(fd, bytes, sizeof(bytes));
    if (n > 0)
        take_bytes(c, bytes, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        go_down(c);
}

/* Gathers whole lines up to the size of one write. */
static void fill(struct channel *c)
{
    const char *line;
    size_t len;

    c->out_len = c->out_done = 0;
    while (c->out_len < WRITE_MAX && (line = c->owner.next(c->owner.arg, &len))) {
        memcpy(c->out + c->out_len, line, len);
        c->out_len += len;
    }
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct channel *c = arg;

    (void)what;
    if (c->out_done == c->out_len)
        fill(c);
    if (c->out_len == 0)
        return;
    size_t left = c->out_len - c->out_done;
    ssize_t n = write(fd, c->out + c->out_done, left < WRITE_MAX ? left : WRITE_MAX);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        go_down(c);
        return;
    }
    c->out_done += n > 0 ? (size_t)n : 0;
    event_add(c->writable, NULL); /* more lines, or nothing: the next turn sees */
}

void channel_kick(struct channel *c)
{
    if (c->up && !event_pending(c->writable, EV_WRITE, NULL))
        event_add(c->writable, NULL);
}

void channel_begin(struct channel *c, const char *line, size_t len)
{
    memcpy(c->out, line, len);
    c->out_len = len;
    c->out_done = 0;
    channel_kick(c);
}

static bool open_port(struct channel *c)
{
    if (c->fd < 0)
        c->fd = port_open(c->path);
    if (c->fd < 0)
        return false;
    char byte;
    ssize_t n = read(c->fd, &byte, 1);
    if (n == 0)
        return false; /* the host side is closed */
    if (n < 0 && errno != EAGAIN) {
        agent_log("channel %s: read: %s", c->path, strerror(errno));
        close(c->fd);
        c->fd = -1;
        return false;
    }
    go_up(c);
    if (n == 1 && c->up)
        take_bytes(c, &byte, 1);
    return true;
}

static bool open_socket(struct channel *c)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return false;
    memcpy(addr.sun_path, c->path, strlen(c->path) + 1);
    if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
        close(fd);
        return false;
    }
    c->fd = fd;
    go_up(c);
    return true;
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
    struct channel *c = arg;

    (void)fd;
    (void)what;
    if (c->kind == CHANNEL_FD)
        go_up(c);
    else if (!(c->kind == CHANNEL_PORT ? open_port(c) : open_socket(c)))
        retry_later(c);
}

static struct channel *channel_new(struct event_base *base, enum channel_kind kind,
                                   const char *path, const struct channel_owner *owner)
{
    struct channel *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->kind = kind;
    c->base = base;
    c->owner = *owner;
    c->fd = -1;
    c->path = strdup(path);
    c->retry = evtimer_new(base, on_retry, c);
    frame_reader_init(&c->reader);
    if (c->path && c->retry)
        return c;
    channel_free(c);
    return NULL;
}

struct channel *channel_open_port(struct event_base *base, const char *path,
                                  const struct channel_owner *owner)
{
    struct channel *c = channel_new(base, CHANNEL_PORT, path, owner);
    struct timeval now = {0, 0};

    if (c)
        evtimer_add(c->retry, &now);
    return c;
}

struct channel *channel_open_socket(struct event_base *base, const char *path,
                                    const struct channel_owner *owner)
{
    struct timeval now = {0, 0};

    if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
        agent_log("channel %s: a socket path is at most 107 bytes", path);
        return NULL;
    }
    struct channel *c = channel_new(base, CHANNEL_SOCKET, path, owner);
    if (c)
        evtimer_add(c->retry, &now);
    return c;
}

struct channel *channel_open_fd(struct event_base *base, int fd,
                                const struct channel_owner *owner)
{
    struct channel *c = channel_new(base, CHANNEL_FD, "given descriptor", owner);
    struct timeval now = {0, 0};

    if (!c)
        return NULL;
    evutil_make_socket_nonblocking(fd);
    evutil_make_socket_closeonexec(fd);
    c->fd = fd;
    evtimer_add(c->retry, &now);
    return c;
}

bool channel_is_empty(const struct channel *c)
{
    return c->up && c->out_done == c->out_len;
}

void channel_keep(const struct channel *c)
{
    if (c->kind == CHANNEL_FD && c->fd >= 0 && fcntl(c->fd, F_SETFD, 0) < 0)
        agent_log("channel: %s", strerror(errno));
}

void channel_free(struct channel *c)
{
    if (!c)
        return;
    drop_events(c);
    if (c->retry)
        event_free(c->retry);
    if (c->fd >= 0)
        close(c->fd);
    frame_reader_clear(&c->reader);
    free(c->path);
    free(c);
}
