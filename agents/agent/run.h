/*
 * A program that runs: both its streams are read as fast as its owner takes them, its
 * deadline kills the whole process group, and its end is told once when its output has
 * been read. Orders, command checks and the scripts of personalise are runs.
 */
#ifndef PARRY_AGENT_RUN_H
#define PARRY_AGENT_RUN_H

#include "agents/agent/spawn.h"

#include <stdint.h>

struct run;

enum run_cause {
    RUN_ENDED,    /* by itself */
    RUN_DEADLINE, /* killed at its deadline */
    RUN_CANCELLED /* killed by run_cancel */
};

struct run_end {
    enum run_cause cause;
    bool out_of_memory; /* the kernel ended it for limits.mem_kb */
    int exit;           /* -1: none */
    int signal;         /* 0: none */
    int64_t dur_us;
};

struct run_spec {
    struct spawn spawn;      /* in, out, err and tty are run's own business */
    struct wire_bytes input; /* its standard input */
    int64_t timeout_ms;
    /* Between SIGTERM and SIGKILL at the deadline; 0: SIGKILL at once. */
    int64_t grace_ms;

    /* The act that it is, and what it may use: it gets a group of its own. 0: none. */
    int64_t id;
    struct group_limits limits;

    /* How many bytes the owner takes now; 0 stops the reading until run_resume. */
    size_t (*room)(void *arg);
    /* stream is 1 or 2. */
    void (*data)(void *arg, int stream, const void *bytes, size_t n);
    /* The run is over and is freed after this call. */
    void (*end)(void *arg, const struct run_end *end);
    void *arg;
};

/* Starts it. NULL with the reason in *e. spec is copied where it is needed later. */
struct run *run_start(struct event_base *base, const struct run_spec *spec,
                      struct wire_error *e);

/* Of the process that leads it. */
pid_t run_pid(const struct run *r);

/* The owner has room again. */
void run_resume(struct run *r);

/* Ends it as its deadline would. */
void run_cancel(struct run *r);

/* SIGKILL to all its processes, no further callback; r is gone. */
void run_kill(struct run *r);

#endif
