/*
 * http: the answer has the status asked for and, where that is asked, holds a text.
 * HTTP/1.0 with a Host header (RFC 9112, RFC 1945): the server then sends neither chunks
 * nor a second answer, and the end of the connection ends the body.
 */
#include "agents/agent/checking.h"
#include "agents/agent/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define ANSWER_MAX 262144
#define REQUEST_MAX 2048

/* Judges the body seen so far; whole: no more will come. False: more is needed. */
static bool judge_body(struct check *c, const char *body, bool whole)
{
    if (!c->ask->body) {
        check_end(c, WIRE_UP, "status %lld", (long long)c->ask->status);
        return true;
    }
    size_t len = c->len - (size_t)(body - c->buf);
    if (memmem(body, len, c->ask->body, strlen(c->ask->body))) {
        check_end(c, WIRE_UP, "status %lld, the text is there",
                  (long long)c->ask->status);
        return true;
    }
    if (whole)
        check_end(c, WIRE_FAULTY, "status %lld, but the text is not there",
                  (long long)c->ask->status);
    return whole;
}

/* Judges what came so far. False: more is needed. */
static bool judge(struct check *c, bool whole)
{
    long long status = 0;
    const char *blank;

    if (c->len == 0) {
        if (whole)
            check_end(c, WIRE_DOWN, "it closed without an answer");
        return whole;
    }
    blank = strstr(c->buf, "\r\n\r\n");
    if (!blank && !whole)
        return false;
    if (strncmp(c->buf, "HTTP/1.", 7) != 0 ||
        !text_number(text_word(c->buf, 1), 10, &status, NULL)) {
        check_end(c, WIRE_FAULTY, "not an HTTP answer: %.40s", c->buf);
        return true;
    }
    if (status != c->ask->status) {
        check_end(c, WIRE_FAULTY, "status %lld instead of %lld", status,
                  (long long)c->ask->status);
        return true;
    }
    return judge_body(c, blank ? blank + 4 : c->buf + c->len, whole);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct check *c = arg;
    ssize_t n = check_read(c);

    (void)fd;
    (void)what;
    if (n == -1)
        return;
    if (n == -2 && c->len == 0) {
        check_end(c, WIRE_DOWN, "no answer: %s", strerror(errno));
        return;
    }
    c->late = WIRE_FAULTY;
    c->late_text = "the answer was not complete";
    judge(c, n <= 0);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct check *c = arg;
    char *request = c->state;

    (void)what;
    ssize_t n = send(fd, request, strlen(request), MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) {
        check_end(c, WIRE_DOWN, "send: %s", strerror(errno));
        return;
    }
    memmove(request, request + n, strlen(request + n) + 1);
    if (!*request)
        check_wait(c, EV_READ, on_readable);
}

static void connected(struct check *c)
{
    check_wait(c, EV_WRITE, on_writable);
}

/* No white space or control characters: each of the three ends where we say. */
static bool plain(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || *text == 127)
            return false;
    return true;
}

void check_http(struct check *c)
{
    const struct wire_check *ask = c->ask;
    const char *method = ask->method ? ask->method : "GET";
    const char *host = ask->host ? ask->host : ask->addr;
    int port = ask->port ? (int)ask->port : 80;

    if (!plain(method) || !plain(host) || !plain(ask->path) || ask->path[0] != '/') {
        check_end(c, WIRE_UNCHECKED, "method, host or path cannot stand in a request");
        return;
    }
    c->max = ANSWER_MAX;
    c->state = malloc(REQUEST_MAX);
    if (!c->state) {
        check_end(c, WIRE_UNCHECKED, "out of memory");
        return;
    }
    text_format(c->state, REQUEST_MAX,
                "%s %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: parry\r\nAccept: */*\r\n"
                "Connection: close\r\n\r\n",
                method, ask->path, host);
    check_connect(c, SOCK_STREAM, port, connected);
}
