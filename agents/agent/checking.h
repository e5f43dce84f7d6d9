/*
 * What the kinds of checks share. A kind is one function that begins it (check.c has the
 * table); whatever happens then ends in exactly one check_end.
 */
#ifndef PARRY_AGENT_CHECKING_H
#define PARRY_AGENT_CHECKING_H

#include "agents/agent/agent.h"

struct run;

struct check {
    struct check *next;
    struct agent *agent;
    struct wire_msg m;            /* owned; what is asked */
    const struct wire_check *ask; /* in m */
    int64_t began_us;
    struct event *deadline;
    struct event *io;
    struct event *again; /* a kind's own timer */
    int fd;              /* -1: none */
    struct run *run;     /* of command and service */

    /* What an expired deadline means now: DOWN until something has answered. */
    enum wire_verdict late;
    const char *late_text;

    void (*connected)(struct check *c); /* after check_connect */
    char *buf;                          /* what came in, NUL after it */
    size_t len;
    size_t max;  /* bytes that buf takes */
    void *state; /* of the kind, freed with free() */
};

/* Answers and frees c. text is cleaned; NULL for none. */
void check_end(struct check *c, enum wire_verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with performance data, UTF-8 without control bytes; NULL: none. */
void check_end_perf(struct check *c, enum wire_verdict verdict, const char *text,
                    const char *perf);

/* Calls fn when fd is ready (EV_READ or EV_WRITE), again and again. */
void check_wait(struct check *c, short what, event_callback_fn fn);

/* Connects to ask->addr by a socket of this type; then calls connected. A connection
 * refused or without an answer ends the check as DOWN. */
void check_connect(struct check *c, int type, int port,
                   void (*connected)(struct check *));

/* Reads more into buf. Returns bytes read, 0 at the end or when buf is full, -1: not
 * now, -2: broken off (errno). */
ssize_t check_read(struct check *c);

/* The kinds. */
void check_tcp(struct check *c);
void check_http(struct check *c);
void check_dns(struct check *c);
void check_file(struct check *c);
void check_process(struct check *c);
void check_service(struct check *c);
void check_port(struct check *c);
void check_command(struct check *c);
void check_plugin(struct check *c);

#endif
