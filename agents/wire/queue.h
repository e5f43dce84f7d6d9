/*
 * One side of a reliable, prioritised message stream over a channel that may break at
 * any moment: what we send (three queues, numbered, kept until acknowledged, sent again
 * after a reconnection) and what we have taken (duplicates dropped). Both the agent and
 * parry-hub hold one of these per connection. No I/O is done here.
 *
 * A message gets its number when it is first handed out by wire_queue_next, so that
 * control overtakes streams that wait, and the other side still sees an unbroken count.
 * A message that ends a stream (result, ptyend) never overtakes the stream's data.
 */
#ifndef PARRY_WIRE_QUEUE_H
#define PARRY_WIRE_QUEUE_H

#include "agents/wire/msg.h"

struct wire_queue;

/* Bounds in bytes of encoded lines. Control and streams share one bound and are refused
 * past it (the caller stops its source); telemetry drops its oldest. */
struct wire_limits {
    size_t reliable_max;  /* queued and unacknowledged, default 4 MiB when 0 */
    size_t telemetry_max; /* default 64 KiB when 0 */
};

struct wire_queue_stats {
    uint64_t sent;      /* lines handed out, repeats included */
    uint64_t resent;    /* of these, repeats */
    uint64_t dropped;   /* telemetry lines dropped */
    uint64_t refused;   /* reliable messages refused for want of room */
    uint64_t duplicate; /* incoming, seen before */
    uint64_t gap;       /* incoming, out of order */
    size_t waiting;     /* bytes queued and not yet handed out */
    size_t unacked;     /* bytes handed out and not yet acknowledged */
};

/* What an incoming number means. */
enum wire_taken {
    WIRE_NEW,  /* handle it */
    WIRE_SEEN, /* drop it */
    WIRE_GAP,  /* something before it is missing: refuse it */
};

/* limits may be NULL. Returns NULL when out of memory. */
struct wire_queue *wire_queue_new(const struct wire_limits *limits);
void wire_queue_free(struct wire_queue *q);

/*
 * Queues a copy of m in the queue of its kind; m->seq and m->ack are ignored. Returns
 * false with the reason in *e when m is not valid, or its queue is full.
 */
bool wire_queue_put(struct wire_queue *q, const struct wire_msg *m, struct wire_error *e);

/*
 * The next line to write, newline included, or NULL when there is none: repeats first,
 * then control, streams, telemetry, then a bare ack when one is due. Every line carries
 * the newest ack. Valid until the next call on q.
 */
const char *wire_queue_next(struct wire_queue *q, size_t *len);

/* Whether wire_queue_next would give a line. */
bool wire_queue_ready(const struct wire_queue *q);

/* The other side has taken everything up to ack: forget it. A number that was never
 * sent is refused with false (the other side lies or is confused). */
bool wire_queue_acked(struct wire_queue *q, int64_t ack);

/*
 * A new connection to the same peer, which has taken everything up to peer_last: hand
 * out all after it again, in order. False when peer_last was never sent.
 */
bool wire_queue_resume(struct wire_queue *q, int64_t peer_last);

/*
 * Both counts begin anew: the peer is another (boot, epoch or instance changed). With
 * keep, what was not acknowledged is sent again under new numbers; without, all dies.
 */
void wire_queue_restart(struct wire_queue *q, bool keep);

/* Classifies the number of an incoming message and, when new, counts it as taken. */
enum wire_taken wire_queue_take(struct wire_queue *q, int64_t seq);

/*
 * Everything up to seq is safe (host: committed; agent: stored): from now on it is
 * acknowledged. Numbers beyond what was taken are cut to it.
 */
void wire_queue_commit(struct wire_queue *q, int64_t seq);

/* Highest incoming number taken in order; and the one acknowledged. */
int64_t wire_queue_taken(const struct wire_queue *q);
int64_t wire_queue_committed(const struct wire_queue *q);

/* For a host that starts again and knows from its journal what it committed. */
void wire_queue_set_taken(struct wire_queue *q, int64_t seq);

/* The same of what was sent: its peer has taken everything up to seq, and what waits gets
 * the numbers that follow. For a queue that has handed out nothing yet. */
void wire_queue_set_sent(struct wire_queue *q, int64_t seq);

/*
 * Stream credit of the sending side (the agent). Credit counts bytes of data in out and
 * pty messages: a source is read only while wire_credit_left is above 0, and putting
 * such a message uses it. wire_credit_set is for welcome: what is queued or
 * unacknowledged counts against the new amount. wire_credit_add is for credit.
 */
int64_t wire_credit_left(const struct wire_queue *q);
void wire_credit_set(struct wire_queue *q, int64_t bytes);
void wire_credit_add(struct wire_queue *q, int64_t bytes);

void wire_queue_stats(const struct wire_queue *q, struct wire_queue_stats *stats);

#endif
