#include "scoreboard/board/feed.h"

#include "scoreboard/rpc.h"

#include <string.h>

struct Feed {
    RpcClient *client;
    struct event *readable;
    const char *lang;
    FeedCalls calls;
    gpointer data;
    char *board;
    gint64 board_us; /* monotonic: when it came */
    GQueue events;   /* FeedEvent */
};

static void event_free_one(gpointer data)
{
    FeedEvent *event = data;

    g_free(event->fe_json);
    g_free(event);
}

/* One line of JSON in GLib's memory; NULL where the text is not to be had. */
static char *one_line(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    char *copy = g_strdup(text);

    free(text);
    return copy;
}

static void take_board(Feed *feed, const json_t *params)
{
    char *text = one_line(params);

    if (!text)
        return;
    g_free(feed->board);
    feed->board = text;
    feed->board_us = g_get_monotonic_time();
    feed->calls.board(feed, feed->data);
}

static void take_event(Feed *feed, const json_t *params)
{
    const FeedEvent *last = g_queue_peek_tail(&feed->events);
    gint64 n = json_integer_value(json_object_get(params, "n"));
    const char *words = json_string_value(json_object_get(params, "words"));

    /* Nothing for people, or seen: a browser's Last-Event-ID must only grow. */
    if (!words || !*words || n <= 0 || (last && n <= last->fe_n))
        return;
    char *text = one_line(params);
    if (!text)
        return;
    FeedEvent *event = g_new0(FeedEvent, 1);
    event->fe_n = n;
    event->fe_json = text;
    g_queue_push_tail(&feed->events, event);
    if (feed->events.length > FEED_EVENTS)
        event_free_one(g_queue_pop_head(&feed->events));
    feed->calls.event(feed, event, feed->data);
}

static void take_note(Feed *feed, const json_t *note)
{
    const char *method = json_string_value(json_object_get(note, "method"));
    const json_t *params = json_object_get(note, "params");

    if (!g_strcmp0(method, "board"))
        take_board(feed, params);
    else if (!g_strcmp0(method, "event"))
        take_event(feed, params);
    else if (!g_strcmp0(method, "rpc.error"))
        g_warning("board: parryd refused to be looked at: %s",
                  json_string_value(
                      json_object_get(json_object_get(params, "error"), "message")));
}

static void on_readable(evutil_socket_t fd G_GNUC_UNUSED, short what G_GNUC_UNUSED,
                        void *data)
{
    Feed *feed = data;
    g_autoptr(GError) error = NULL;
    json_t *note;

    while ((note = rpc_client_next(feed->client, 0, &error))) {
        take_note(feed, note);
        json_decref(note);
    }
    if (error) {
        event_del(feed->readable);
        feed->calls.lost(feed, error->message, feed->data);
    }
}

Feed *feed_new(struct event_base *base, const char *view_path, const char *lang,
               const FeedCalls *calls, gpointer data, GError **error)
{
    g_autoptr(RpcClient) client = rpc_client_connect(view_path, error);

    if (!client ||
        !rpc_client_send(client, "subscribe",
                         json_pack("{s:i, s:s}", "after", 0, "lang", lang), error))
        return NULL;
    Feed *feed = g_new0(Feed, 1);
    feed->lang = lang;
    feed->calls = *calls;
    feed->data = data;
    g_queue_init(&feed->events);
    feed->readable =
        event_new(base, rpc_client_fd(client), EV_READ | EV_PERSIST, on_readable, feed);
    if (!feed->readable || event_add(feed->readable, NULL))
        g_error("board: out of memory");
    feed->client = g_steal_pointer(&client);
    return feed;
}

void feed_free(Feed *feed)
{
    if (!feed)
        return;
    event_free(feed->readable);
    rpc_client_free(feed->client);
    g_queue_clear_full(&feed->events, event_free_one);
    g_free(feed->board);
    g_free(feed);
}

const char *feed_lang(const Feed *feed)
{
    return feed->lang;
}

const char *feed_board(const Feed *feed)
{
    return feed->board;
}

gint64 feed_board_age_ms(const Feed *feed)
{
    return (g_get_monotonic_time() - feed->board_us) / 1000;
}

void feed_events_after(const Feed *feed, gint64 n, guint limit,
                       void (*fn)(const FeedEvent *event, gpointer data), gpointer data)
{
    const GList *from = feed->events.head;

    if (n < 0 && feed->events.length > limit)
        from =
            g_queue_peek_nth_link((GQueue *)&feed->events, feed->events.length - limit);
    for (const GList *l = from; l; l = l->next) {
        const FeedEvent *event = l->data;
        if (event->fe_n > n)
            fn(event, data);
    }
}
