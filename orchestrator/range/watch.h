/*
 * What the hosts' domains are known to be doing, and when to say that one changed by
 * itself.
 *
 * A libvirt event is taken as a hint only: it may be the echo of the range's own act, or
 * come after the domain was made anew. The watch asks for a look at the domain, compares
 * it with what it knew, and reports the difference. So the same code finds what happened
 * while the connection was lost. Loop thread only.
 */
#ifndef PARRY_RANGE_WATCH_H
#define PARRY_RANGE_WATCH_H

#include "orchestrator/range/act.h"
#include "orchestrator/range/range.h"

typedef struct Watch Watch;

/* Asks for a look at a host's domain; the answer comes by watch_seen(). turn is handed
 * back with it. */
typedef void (*WatchLook)(int host, guint turn, gpointer data);

typedef struct {
    WatchLook wc_look;
    RangeOnEvent wc_on_event; /* may be NULL */
    gpointer wc_look_data, wc_event_data;
} WatchCalls;

Watch *watch_new(guint hosts, const WatchCalls *calls);
void watch_free(Watch *watch);

/* The range itself is acting on the host from here on; begin and end come in pairs. */
void watch_begin(Watch *watch, int host);
/* It is done; known: whether the domain is in that state now because of it. */
void watch_end(Watch *watch, int host, gboolean known, ActState state);

/* libvirt said something about the host's domain; crashed: that it broke off. */
void watch_hint(Watch *watch, int host, gboolean crashed, const char *detail);

/* What a look found, with the turn it was asked in. */
void watch_seen(Watch *watch, int host, guint turn, ActState state);

/* A look could not be made: it is made again with the next hint or watch_all(). */
void watch_missed(Watch *watch, int host);

/* Looks at every host; detail: why, for the reports that come of it. */
void watch_all(Watch *watch, const char *detail);

#endif
