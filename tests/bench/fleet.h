/*
 * Simulated agents by the thousand, in a process of their own, for the benchmarks of the
 * hub: real sockets and the wire's own queues, no guests.
 */
#ifndef PARRY_BENCH_FLEET_H
#define PARRY_BENCH_FLEET_H

#include <glib.h>
#include <sys/types.h>

#define FLEET_ACKS_MAX 200000

/* Written by the agents' process, read by the benchmark's. */
typedef struct {
    guint64 fs_rows;  /* sent */
    guint64 fs_late;  /* lines that were due and found the socket full */
    guint64 fs_beats; /* sent */
    guint fs_n_acks;
    guint32
        fs_ack_us[FLEET_ACKS_MAX]; /* from a result's sending to its acknowledgement */
} FleetShared;

typedef struct {
    const char *fl_dir; /* agent I connects to DIR/I.sock */
    guint fl_agents;
    guint fl_rate;    /* observations a second, of all together; 0: none */
    guint fl_results; /* numbered messages a second, of all together */
} FleetPlan;

typedef struct Fleet Fleet;

/* Starts the process; its agents connect at once, and send from fleet_go() on. */
Fleet *fleet_start(const FleetPlan *plan);
void fleet_go(Fleet *fleet);
pid_t fleet_pid(const Fleet *fleet);
const FleetShared *fleet_shared(const Fleet *fleet);
void fleet_end(Fleet *fleet); /* kills it */

#endif
