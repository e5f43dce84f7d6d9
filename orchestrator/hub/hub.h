/*
 * The work of parry-hub: takes listeners from parryd, serves one connection for each,
 * puts the guests' bytes through HubConn and passes the records on. Knows no files, keeps
 * nothing that must survive it.
 *
 * Sending to parryd blocks: while parryd does not read, no guest is read either, and
 * nothing piles up here. (parryd's end never blocks, so the two cannot wait for each
 * other.)
 */
#ifndef PARRY_ORCHESTRATOR_HUB_HUB_H
#define PARRY_ORCHESTRATOR_HUB_HUB_H

#include <event2/event.h>
#include <stdint.h>

#define HUB_TURN_BYTES 16384   /* read of one guest in one turn of the loop */
#define HUB_OUT_MAX (1 << 20)  /* bytes that may wait for a guest that does not read */
#define HUB_CUT_FIRST_S 5      /* a cut guest stays cut for this long … */
#define HUB_CUT_LAST_S 60      /* … doubling up to this … */
#define HUB_CUT_FORGIVEN_S 300 /* … and from the start after so long without a cut */

typedef struct Hub Hub;

/* link_fd: the socket pair's end. hosts: indexes 0 to hosts - 1 are served. NULL when out
 * of memory. */
Hub *hub_new(struct event_base *base, int link_fd, uint32_t hosts);
void hub_free(Hub *hub);

/* Tells parryd that the hub is ready; sandbox: what was given up (SandboxDone). */
void hub_tell_up(Hub *hub, uint32_t sandbox);

/* Why the loop was ended: NULL when parryd closed its end. */
const char *hub_failure(const Hub *hub);

#endif
