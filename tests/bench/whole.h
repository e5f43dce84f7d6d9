/*
 * The daemon's modules as parryd has them, over a real hub, in a drill of so many watched
 * hosts without guests: for the benchmark of observations.
 */
#ifndef PARRY_BENCH_WHOLE_H
#define PARRY_BENCH_WHOLE_H

#include "orchestrator/daemon/daemon.h"

/* Makes drill, journal (in dir) and modules; its hosts wait for their agents. */
Daemon *whole_new(struct event_base *base, const char *dir, guint hosts);
/* What parryd does with a record of the hub's. */
void whole_record(Daemon *d, const struct hub_head *head, const void *body,
                  const void *tail);
/* How many hosts are watched by now. */
guint whole_watched(const Daemon *d);
void whole_free(Daemon *d);

#endif
