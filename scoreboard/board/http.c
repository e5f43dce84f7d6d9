#include "scoreboard/board/http.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef enum {
    CONN_WAITING, /* for a request, or the rest of one */
    CONN_ANSWERING,
    CONN_STREAMING,
    CONN_CLOSING, /* the last bytes are on their way */
    CONN_CUT,     /* to be freed from a fresh stack */
} ConnState;

struct Http {
    struct event_base *base;
    struct evconnlistener *listener;
    struct event *reap, *resume;
    GPtrArray *conns; /* HttpConn */
    HttpLimits limits;
    HttpHandler handler;
    HttpGone gone;
    gpointer data;
};

struct HttpConn {
    Http *http;
    struct bufferevent *bev;
    struct event *deadline;
    ConnState state;
    gboolean keep, head, streamed;
    gint64 since_us; /* of the state */
    gpointer data;
};

static const struct {
    int status;
    const char *words;
} reasons[] = {
    {200, "OK"},
    {400, "Bad Request"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {431, "Request Header Fields Too Large"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

/* The page runs nothing and shows nothing that does not come from this program. */
static const char guard_headers[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

static const char *reason_words(int status)
{
    for (gsize i = 0; i < G_N_ELEMENTS(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].words;
    return "Error";
}

static void conn_cut(HttpConn *conn)
{
    if (conn->state == CONN_CUT)
        return;
    conn->state = CONN_CUT;
    bufferevent_disable(conn->bev, EV_READ | EV_WRITE);
    event_active(conn->http->reap, EV_TIMEOUT, 0);
}

static void conn_free(HttpConn *conn)
{
    if (conn->streamed && conn->http->gone)
        conn->http->gone(conn, conn->http->data);
    event_free(conn->deadline);
    /* libevent closes the descriptor a loop turn later, and there may be no other. */
    shutdown(bufferevent_getfd(conn->bev), SHUT_RDWR);
    bufferevent_free(conn->bev);
    g_free(conn);
}

static void on_reap(evutil_socket_t fd G_GNUC_UNUSED, short what G_GNUC_UNUSED,
                    void *data)
{
    Http *http = data;

    for (guint i = http->conns->len; i-- > 0;) {
        HttpConn *conn = http->conns->pdata[i];
        if (conn->state == CONN_CUT) {
            g_ptr_array_remove_index_fast(http->conns, i);
            conn_free(conn);
        }
    }
}

static void conn_enter(HttpConn *conn, ConnState state, guint seconds)
{
    struct timeval deadline = {.tv_sec = seconds};

    conn->state = state;
    conn->since_us = g_get_monotonic_time();
    if (seconds)
        event_add(conn->deadline, &deadline);
    else
        event_del(conn->deadline);
}

static void on_deadline(evutil_socket_t fd G_GNUC_UNUSED, short what G_GNUC_UNUSED,
                        void *data)
{
    conn_cut(data);
}

/* ---- answers ---- */

void http_reply(HttpConn *conn, int status, const char *type, const char *cache,
                const char *bytes, gsize len)
{
    struct evbuffer *out = bufferevent_get_output(conn->bev);

    if (conn->state == CONN_CUT)
        return;
    evbuffer_add_printf(out,
                        "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                        "Cache-Control: %s\r\n%s%sConnection: %s\r\n\r\n",
                        status, reason_words(status), type, len, cache,
                        status == 405 ? "Allow: GET, HEAD\r\n" : "", guard_headers,
                        conn->keep ? "keep-alive" : "close");
    if (!conn->head)
        evbuffer_add(out, bytes, len);
    conn_enter(conn, conn->keep ? CONN_ANSWERING : CONN_CLOSING,
               conn->http->limits.hl_request_s);
}

static void refuse(HttpConn *conn, int status)
{
    g_autofree char *body = g_strdup_printf("%d %s\n", status, reason_words(status));

    conn->keep = FALSE;
    http_reply(conn, status, "text/plain; charset=utf-8", "no-store", body, strlen(body));
}

void http_stream(HttpConn *conn)
{
    struct timeval stall = {.tv_sec = conn->http->limits.hl_request_s};

    if (conn->state == CONN_CUT)
        return;
    evbuffer_add_printf(bufferevent_get_output(conn->bev),
                        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                        "Cache-Control: no-store\r\n%sConnection: close\r\n\r\n",
                        guard_headers);
    bufferevent_set_timeouts(conn->bev, NULL, &stall);
    conn->streamed = TRUE;
    conn_enter(conn, CONN_STREAMING, 0);
}

gboolean http_stream_write(HttpConn *conn, const char *bytes, gsize len)
{
    if (conn->state != CONN_STREAMING)
        return FALSE;
    if (http_backlog(conn) + len > HTTP_STREAM_BACKLOG ||
        bufferevent_write(conn->bev, bytes, len)) {
        conn_cut(conn);
        return FALSE;
    }
    return TRUE;
}

gsize http_backlog(const HttpConn *conn)
{
    return evbuffer_get_length(bufferevent_get_output(conn->bev));
}

void http_conn_set_data(HttpConn *conn, gpointer data)
{
    conn->data = data;
}

gpointer http_conn_data(const HttpConn *conn)
{
    return conn->data;
}

/* ---- requests ---- */

static void take_request(HttpConn *conn, const char *head, gsize len)
{
    HttpRequest request;
    int status = http_parse(head, len, &request);

    conn->keep = request.hr_keep;
    conn->head = request.hr_head;
    if (status)
        refuse(conn, status);
    else
        conn->http->handler(conn, &request, conn->http->data);
}

static void on_read(struct bufferevent *bev, void *data)
{
    HttpConn *conn = data;
    struct evbuffer *in = bufferevent_get_input(bev);

    if (conn->state == CONN_STREAMING || conn->state == CONN_CLOSING) {
        evbuffer_drain(in, evbuffer_get_length(in)); /* nobody asked for more */
        return;
    }
    if (conn->state != CONN_WAITING)
        return; /* the next request waits until this answer is taken */
    struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
    gsize len = end.pos < 0 ? evbuffer_get_length(in) : (gsize)end.pos + 4;
    if (len > HTTP_HEAD_MAX) {
        refuse(conn, 431);
    } else if (end.pos >= 0) {
        g_autofree char *head = g_malloc(len);
        evbuffer_remove(in, head, len);
        take_request(conn, head, len);
    }
}

static void on_written(struct bufferevent *bev, void *data)
{
    HttpConn *conn = data;

    if (conn->state == CONN_CLOSING) {
        conn_cut(conn);
    } else if (conn->state == CONN_ANSWERING) {
        conn_enter(conn, CONN_WAITING, conn->http->limits.hl_idle_s);
        on_read(bev, conn);
    }
}

static void on_event(struct bufferevent *bev G_GNUC_UNUSED, short what, void *data)
{
    HttpConn *conn = data;

    /* Who has said all it wants still gets its answer. */
    if ((what & BEV_EVENT_EOF) && http_backlog(conn) &&
        (conn->state == CONN_ANSWERING || conn->state == CONN_CLOSING))
        conn->state = CONN_CLOSING;
    else if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT))
        conn_cut(conn);
}

/* ---- connections ---- */

/* Room for one more: the one that waits longest for its request gives way. */
static void make_room(Http *http)
{
    HttpConn *oldest = NULL;

    for (guint i = 0; i < http->conns->len; i++) {
        HttpConn *conn = http->conns->pdata[i];
        if (conn->state == CONN_WAITING && (!oldest || conn->since_us < oldest->since_us))
            oldest = conn;
    }
    if (oldest && g_ptr_array_remove_fast(http->conns, oldest))
        conn_free(oldest);
}

static void on_accept(struct evconnlistener *listener G_GNUC_UNUSED, evutil_socket_t fd,
                      struct sockaddr *address G_GNUC_UNUSED, int len G_GNUC_UNUSED,
                      void *data)
{
    Http *http = data;
    int on = 1;

    if (http->conns->len >= http->limits.hl_connections)
        make_room(http);
    HttpConn *conn = g_new0(HttpConn, 1);
    conn->http = http;
    conn->bev = bufferevent_socket_new(http->base, fd, BEV_OPT_CLOSE_ON_FREE);
    conn->deadline = evtimer_new(http->base, on_deadline, conn);
    if (!conn->bev || !conn->deadline)
        g_error("http: out of memory");
    /* Small events must not wait for each other; a failure only costs time. */
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
        g_debug("http: TCP_NODELAY: %s", g_strerror(errno));
    g_ptr_array_add(http->conns, conn);
    bufferevent_setcb(conn->bev, on_read, on_written, on_event, conn);
    bufferevent_setwatermark(conn->bev, EV_READ, 0, HTTP_HEAD_MAX * 2);
    bufferevent_enable(conn->bev, EV_READ | EV_WRITE);
    conn_enter(conn, CONN_WAITING, http->limits.hl_request_s);
    if (http->conns->len > http->limits.hl_connections)
        refuse(conn, 503);
}

static void on_accept_error(struct evconnlistener *listener, void *data)
{
    Http *http = data;
    struct timeval pause = {.tv_sec = 1};

    g_warning("http: accept: %s; trying again in 1 s", g_strerror(errno));
    evconnlistener_disable(listener);
    event_add(http->resume, &pause);
}

static void on_resume(evutil_socket_t fd G_GNUC_UNUSED, short what G_GNUC_UNUSED,
                      void *data)
{
    evconnlistener_enable(((Http *)data)->listener);
}

Http *http_new(struct event_base *base, int listen_fd, const HttpLimits *limits,
               HttpHandler handler, HttpGone gone, gpointer data)
{
    Http *http = g_new0(Http, 1);

    evutil_make_socket_nonblocking(listen_fd);
    http->base = base;
    http->limits = *limits;
    http->handler = handler;
    http->gone = gone;
    http->data = data;
    http->conns = g_ptr_array_new();
    http->reap = event_new(base, -1, 0, on_reap, http);
    http->resume = event_new(base, -1, 0, on_resume, http);
    http->listener =
        evconnlistener_new(base, on_accept, http,
                           LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, listen_fd);
    if (!http->reap || !http->resume || !http->listener)
        g_error("http: out of memory");
    evconnlistener_set_error_cb(http->listener, on_accept_error);
    return http;
}

void http_free(Http *http)
{
    if (!http)
        return;
    evconnlistener_free(http->listener);
    for (guint i = 0; i < http->conns->len; i++)
        conn_free(http->conns->pdata[i]);
    g_ptr_array_free(http->conns, TRUE);
    event_free(http->reap);
    event_free(http->resume);
    g_free(http);
}
