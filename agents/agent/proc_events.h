/*
 * The kernel's process events (cn_proc): forks, ends with their status, and, where audit
 * gives none, executions. Threads are filtered out in the kernel.
 */
#ifndef PARRY_AGENT_PROC_EVENTS_H
#define PARRY_AGENT_PROC_EVENTS_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_events_owner { /* t_us: wall clock */
    void (*forked)(pid_t parent, pid_t child);
    void (*executed)(pid_t pid, int64_t t_us);
    /* exit: status, or 128 and the signal */
    void (*ended)(pid_t pid, int exit, int64_t t_us);
};

/* False, with the reason logged, where the kernel has none. */
bool proc_events_start(struct event_base *base, const struct proc_events_owner *owner,
                       bool execs);
void proc_events_stop(void);

/* Takes what has arrived, now. */
void proc_events_drain(void);

/* Events that the kernel dropped for want of room since the start. */
uint64_t proc_events_lost(void);

/* The kernel only counts who listens, and any root of the guest can count down. True when
 * nothing came any more; now it does again. */
bool proc_events_tend(void);

#endif
