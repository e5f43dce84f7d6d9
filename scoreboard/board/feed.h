/*
 * What parryd tells an observer, kept for the browsers: the newest board and the last
 * events, in one language. One connection to view.sock each.
 */
#ifndef PARRY_BOARD_FEED_H
#define PARRY_BOARD_FEED_H

#include <event2/event.h>
#include <glib.h>
#include <jansson.h>

#define FEED_EVENTS 200 /* events kept for who comes later */

typedef struct Feed Feed;

typedef struct {
    gint64 fe_n;   /* its number in the stream */
    char *fe_json; /* the event, one line */
} FeedEvent;

typedef struct {
    void (*board)(Feed *feed, gpointer data);
    void (*event)(Feed *feed, const FeedEvent *event, gpointer data);
    /* The connection ended: no more is coming. */
    void (*lost)(Feed *feed, const char *why, gpointer data);
} FeedCalls;

/* Connects and subscribes. lang is static. */
Feed *feed_new(struct event_base *base, const char *view_path, const char *lang,
               const FeedCalls *calls, gpointer data, GError **error);
void feed_free(Feed *feed);

const char *feed_lang(const Feed *feed);
/* The newest board as one line of JSON; NULL before the first. */
const char *feed_board(const Feed *feed);
/* Milliseconds since it came. */
gint64 feed_board_age_ms(const Feed *feed);
/* Calls fn for the kept events after n, in order; -1: the last `limit` of them. */
void feed_events_after(const Feed *feed, gint64 n, guint limit,
                       void (*fn)(const FeedEvent *event, gpointer data), gpointer data);

#endif
