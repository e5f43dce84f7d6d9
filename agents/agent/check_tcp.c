/* tcp: it connects and, where that is asked, says something in its first bytes. */
#include "agents/agent/checking.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define FIRST_BYTES 4096

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct check *c = arg;
    ssize_t n = check_read(c);

    (void)fd;
    (void)what;
    if (n == -1)
        return;
    if (n > 0 && memmem(c->buf, c->len, c->ask->expect, strlen(c->ask->expect)))
        check_end(c, WIRE_UP, "connected, and it says so");
    else if (n == -2)
        check_end(c, WIRE_DOWN, "connected, then %s", strerror(errno));
    else if (n == 0)
        check_end(c, WIRE_FAULTY, "connected, but it says %.60s",
                  c->len ? c->buf : "nothing");
}

static void connected(struct check *c)
{
    if (!c->ask->expect) {
        check_end(c, WIRE_UP, "connected");
        return;
    }
    c->max = FIRST_BYTES;
    c->late = WIRE_FAULTY;
    c->late_text = "connected, but it did not say what is expected";
    check_wait(c, EV_READ, on_readable);
}

void check_tcp(struct check *c)
{
    check_connect(c, SOCK_STREAM, (int)c->ask->port, connected);
}
