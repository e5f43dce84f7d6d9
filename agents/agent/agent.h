/*
 * parry-agent: what its modules share. One process, one thread, one libevent loop; every
 * act of the host begins in session.c, which decodes a line and hands the message to the
 * module that owns its kind.
 */
#ifndef PARRY_AGENT_AGENT_H
#define PARRY_AGENT_AGENT_H

#include "agents/wire/queue.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#define AGENT_STATE_DIR "/run/parry"

struct channel;
struct kept;
struct order;
struct check;
struct probe;
struct pty;
struct personalise;

struct agent {
    struct event_base *base;
    struct channel *channel;
    struct wire_queue *queue;
    struct kept *kept; /* orders taken, and their results */
    const char *state_dir;
    int64_t inst;
    int64_t epoch;
    char boot[37];
    bool welcomed;   /* between welcome and the next break */
    int64_t ping;    /* t of the last ping, -1: none */
    int64_t sources; /* of enum wire_source: what observes now */

    /* What runs now; each module owns its list. */
    struct order *orders;
    struct check *checks;
    struct probe *probes;
    struct pty *ptys;
    struct personalise *personalise;
};

/* Microseconds of CLOCK_MONOTONIC. */
int64_t agent_now_us(void);

/* One line to standard error, with the program's name before it. */
void agent_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Queues m for the host and wakes the channel. A message that the queue refuses is
 * logged and gone: only a host that stopped acknowledging brings that about. */
void agent_send(struct agent *a, const struct wire_msg *m);

/* Refuses the act m asks for, in the kind of answer that it wants. */
void agent_refuse(struct agent *a, const struct wire_msg *m, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Stream credit has come: whoever stopped reading for want of it goes on. */
void agent_credit(struct agent *a);

/* Kills every order, check and terminal at once. Quietly: their answers are not sent
 * (the host has moved to another epoch); otherwise each is answered. */
void agent_abort(struct agent *a, bool quietly);

#endif
