/*
 * A small HTTP/1.1 server for looking only: GET and HEAD, no bodies, everything bounded.
 *
 * libevent's evhttp bounds neither the number of connections nor the whole time that a
 * request may take to arrive, and does not see a stream's reader leave; on a public
 * scoreboard all three matter. RFC 9112 is followed as far as a server of fixed pages
 * needs it; whatever is doubtful is refused and the connection closed.
 */
#ifndef PARRY_BOARD_HTTP_H
#define PARRY_BOARD_HTTP_H

#include <event2/event.h>
#include <glib.h>

#define HTTP_HEAD_MAX 8192               /* bytes of request line and headers */
#define HTTP_PATH_MAX 256                /* bytes of path, and of query */
#define HTTP_STREAM_BACKLOG (256 * 1024) /* bytes that a stream's reader may lag */

typedef struct {
    gboolean hr_head; /* HEAD: no body in the answer */
    gboolean hr_keep; /* the connection stays open afterwards */
    char hr_path[HTTP_PATH_MAX];
    char hr_query[HTTP_PATH_MAX];
    gint64 hr_last_id; /* Last-Event-ID, -1 where there is none */
} HttpRequest;

/* Parses a head that ends in an empty line. 0, or the status to refuse it with. */
int http_parse(const char *head, gsize len, HttpRequest *request);
/* The value of `name` in the query, undecoded; free with g_free(). NULL: not there. */
char *http_query(const HttpRequest *request, const char *name);

typedef struct Http Http;
typedef struct HttpConn HttpConn;

typedef struct {
    guint hl_connections;
    guint hl_request_s; /* for a request to arrive whole, and for an answer to be taken */
    guint hl_idle_s;    /* between requests */
} HttpLimits;

/* Called for each request; must answer at once by http_reply() or http_stream(). */
typedef void (*HttpHandler)(HttpConn *conn, const HttpRequest *request, gpointer data);
/* A stream ended (its reader left, lagged, or the server is freed): forget conn. */
typedef void (*HttpGone)(HttpConn *conn, gpointer data);

/* Serves connections accepted on listen_fd (taken over). */
Http *http_new(struct event_base *base, int listen_fd, const HttpLimits *limits,
               HttpHandler handler, HttpGone gone, gpointer data);
void http_free(Http *http);

/* type: the Content-Type; cache: the Cache-Control. bytes are copied. */
void http_reply(HttpConn *conn, int status, const char *type, const char *cache,
                const char *bytes, gsize len);
/* Begins an endless text/event-stream. */
void http_stream(HttpConn *conn);
/* FALSE: the reader lags too far and is being cut off (gone is called later). */
gboolean http_stream_write(HttpConn *conn, const char *bytes, gsize len);
/* Bytes that the reader has not taken yet. */
gsize http_backlog(const HttpConn *conn);
void http_conn_set_data(HttpConn *conn, gpointer data);
gpointer http_conn_data(const HttpConn *conn);

#endif
