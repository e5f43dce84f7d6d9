#include "scoreboard/board/board.h"

#include "scoreboard/board/feed.h"
#include "scoreboard/board/http.h"

#include <string.h>
#include <unistd.h>

#define STREAMS_MAX 256 /* browsers that watch */
#define HEARTBEAT_S 15  /* keeps proxies and the browser's own patience */
#define FIRST_EVENTS 60 /* what a page that just opened gets */
#define FIRST_RETRY_MS 2000

static const HttpLimits limits = {
    .hl_connections = 512,
    .hl_request_s = 10,
    .hl_idle_s = 20,
};

static const char *const langs[] = {"en", "zh-Hant"};

/* One browser that watches. */
typedef struct {
    HttpConn *conn;
    const Feed *feed;
    gboolean stale; /* it has not got the newest board yet */
} Stream;

struct Board {
    Http *http;
    Feed *feeds[G_N_ELEMENTS(langs)];
    GPtrArray *streams; /* Stream */
    struct event *heartbeat;
    void (*lost)(const char *why, gpointer data);
    gpointer data;
};

/* ---- streams ---- */

static void write_board(Stream *stream)
{
    const char *board = feed_board(stream->feed);

    stream->stale = FALSE;
    if (!board)
        return;
    g_autofree char *text = g_strdup_printf(
        "event: board\ndata: {\"age_ms\":%" G_GINT64_FORMAT ",\"board\":%s}\n\n",
        feed_board_age_ms(stream->feed), board);
    http_stream_write(stream->conn, text, strlen(text));
}

/* A reader that lags gets the newest board once it has caught up, not every one. */
static void offer_board(Stream *stream)
{
    if (http_backlog(stream->conn))
        stream->stale = TRUE;
    else
        write_board(stream);
}

static void send_event(const FeedEvent *event, gpointer data)
{
    const Stream *stream = data;
    g_autofree char *text =
        g_strdup_printf("id: %" G_GINT64_FORMAT "\nevent: line\ndata: %s\n\n",
                        event->fe_n, event->fe_json);

    http_stream_write(stream->conn, text, strlen(text));
}

static void on_board(Feed *feed, gpointer data)
{
    Board *board = data;

    for (guint i = 0; i < board->streams->len; i++) {
        Stream *stream = board->streams->pdata[i];
        if (stream->feed == feed)
            offer_board(stream);
    }
}

static void on_line(Feed *feed, const FeedEvent *event, gpointer data)
{
    Board *board = data;

    for (guint i = 0; i < board->streams->len; i++) {
        Stream *stream = board->streams->pdata[i];
        if (stream->feed == feed)
            send_event(event, stream);
    }
}

static void on_lost(Feed *feed G_GNUC_UNUSED, const char *why, gpointer data)
{
    Board *board = data;

    board->lost(why, board->data);
}

static void on_heartbeat(evutil_socket_t fd G_GNUC_UNUSED, short what G_GNUC_UNUSED,
                         void *data)
{
    /* An event and no comment: only that reaches a page, which so notices silence. */
    static const char beat[] = "event: beat\ndata: {}\n\n";
    Board *board = data;

    for (guint i = 0; i < board->streams->len; i++) {
        Stream *stream = board->streams->pdata[i];
        http_stream_write(stream->conn, beat, sizeof(beat) - 1);
        if (stream->stale)
            offer_board(stream);
    }
}

static void on_gone(HttpConn *conn, gpointer data)
{
    Board *board = data;

    g_ptr_array_remove_fast(board->streams, http_conn_data(conn));
}

static void stream_begin(Board *board, HttpConn *conn, const Feed *feed, gint64 last_id)
{
    g_autofree char *hello = g_strdup_printf("retry: %d\n\n", FIRST_RETRY_MS);
    Stream *stream = g_new0(Stream, 1);

    stream->conn = conn;
    stream->feed = feed;
    g_ptr_array_add(board->streams, stream);
    http_conn_set_data(conn, stream);
    http_stream(conn);
    http_stream_write(conn, hello, strlen(hello));
    write_board(stream);
    feed_events_after(feed, last_id, FIRST_EVENTS, send_event, stream);
}

/* ---- pages ---- */

static const char type_json[] = "application/json; charset=utf-8";
static const char type_text[] = "text/plain; charset=utf-8";

static void reply_text(HttpConn *conn, int status, const char *text)
{
    http_reply(conn, status, type_text, "no-store", text, strlen(text));
}

static Feed *asked_feed(Board *board, const HttpRequest *request)
{
    g_autofree char *lang = http_query(request, "lang");

    for (gsize i = 1; i < G_N_ELEMENTS(langs); i++)
        if (!g_strcmp0(lang, langs[i]))
            return board->feeds[i];
    return board->feeds[0];
}

static void page_health(Board *board, HttpConn *conn,
                        const HttpRequest *request G_GNUC_UNUSED)
{
    gboolean ready = feed_board(board->feeds[0]) != NULL;

    reply_text(conn, ready ? 200 : 503, ready ? "ok\n" : "no board from parryd yet\n");
}

static void page_json(Board *board, HttpConn *conn, const HttpRequest *request)
{
    const char *text = feed_board(asked_feed(board, request));

    if (text)
        http_reply(conn, 200, type_json, "no-store", text, strlen(text));
    else
        reply_text(conn, 503, "no board from parryd yet\n");
}

static void page_events(Board *board, HttpConn *conn, const HttpRequest *request)
{
    if (request->hr_head)
        http_reply(conn, 200, "text/event-stream", "no-store", "", 0);
    else if (board->streams->len >= STREAMS_MAX)
        reply_text(conn, 503, "too many are watching: try again later\n");
    else
        stream_begin(board, conn, asked_feed(board, request), request->hr_last_id);
}

static const struct {
    const char *path;
    void (*serve)(Board *board, HttpConn *conn, const HttpRequest *request);
} pages[] = {
    {"/healthz", page_health},
    {"/api/board.json", page_json},
    {"/events", page_events},
};

static void on_request(HttpConn *conn, const HttpRequest *request, gpointer data)
{
    Board *board = data;

    for (gsize i = 0; i < G_N_ELEMENTS(pages); i++) {
        if (!strcmp(request->hr_path, pages[i].path)) {
            pages[i].serve(board, conn, request);
            return;
        }
    }
    for (const BoardAsset *asset = board_assets; asset->as_path; asset++) {
        if (!strcmp(request->hr_path, asset->as_path)) {
            http_reply(conn, 200, asset->as_type, "no-cache",
                       (const char *)asset->as_bytes, asset->as_len);
            return;
        }
    }
    reply_text(conn, 404, "nothing here: the scoreboard is at /\n");
}

Board *board_new(struct event_base *base, const char *view_path, int listen_fd,
                 void (*lost)(const char *why, gpointer data), gpointer data,
                 GError **error)
{
    static const FeedCalls calls = {on_board, on_line, on_lost};
    struct timeval beat = {.tv_sec = HEARTBEAT_S};
    Board *board = g_new0(Board, 1);

    board->lost = lost;
    board->data = data;
    board->streams = g_ptr_array_new_with_free_func(g_free);
    board->http = http_new(base, listen_fd, &limits, on_request, on_gone, board);
    board->heartbeat = event_new(base, -1, EV_PERSIST, on_heartbeat, board);
    if (!board->heartbeat || event_add(board->heartbeat, &beat))
        g_error("board: out of memory");
    for (gsize i = 0; i < G_N_ELEMENTS(langs); i++) {
        board->feeds[i] = feed_new(base, view_path, langs[i], &calls, board, error);
        if (!board->feeds[i]) {
            board_free(board);
            return NULL;
        }
    }
    return board;
}

void board_free(Board *board)
{
    if (!board)
        return;
    http_free(board->http);
    for (gsize i = 0; i < G_N_ELEMENTS(langs); i++)
        feed_free(board->feeds[i]);
    event_free(board->heartbeat);
    g_ptr_array_free(board->streams, TRUE);
    g_free(board);
}
