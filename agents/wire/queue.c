#include "agents/wire/queue.h"

#include "agents/wire/msg_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RELIABLE_MAX (4u << 20)
#define TELEMETRY_MAX (64u << 10)

/* {"seq":…,"ack":…, with both numbers at their longest. */
#define HEAD_MAX 64

/* One message: its line without seq and ack, which are put before it when it goes out:
 * there is room for them, and for the newline behind. So a queue holds no line of its
 * own: thousands of them stand idle in parryd and parry-hub. */
struct entry {
    struct entry *next;
    int64_t seq; /* 0 until it goes out */
    int64_t id;
    bool numbered;
    size_t data; /* bytes of stream data in it, which count against the credit */
    size_t len;
    char bytes[]; /* HEAD_MAX of room, the line, a byte for the newline */
};

struct list {
    struct entry *head;
    struct entry *tail;
};

struct wire_queue {
    struct wire_limits limits;
    struct list wait[WIRE_PRIOS];
    struct list unacked; /* handed out, in the order of seq */
    struct entry *again; /* the next of them to repeat */
    int64_t sent;        /* highest number given out */
    int64_t taken;       /* highest number that came in, in order */
    int64_t committed;   /* of these, safe */
    int64_t ack_told;    /* committed as last written in a line */
    int64_t credit;
    size_t reliable;  /* bytes of numbered messages, waiting and unacknowledged */
    size_t telemetry; /* bytes of wait[WIRE_TELEMETRY] */
    struct wire_queue_stats stats;
    struct entry *gone; /* given last by wire_queue_next, and not kept */
    char ack[HEAD_MAX]; /* a bare ack, as it was given */
};

static void list_append(struct list *l, struct entry *e)
{
    e->next = NULL;
    if (l->tail)
        l->tail->next = e;
    else
        l->head = e;
    l->tail = e;
}

static struct entry *list_pop(struct list *l)
{
    struct entry *e = l->head;

    if (!e)
        return NULL;
    l->head = e->next;
    if (!l->head)
        l->tail = NULL;
    return e;
}

/* Puts all of front before what is in l. */
static void list_prepend(struct list *l, struct list *front)
{
    if (!front->head)
        return;
    front->tail->next = l->head;
    l->head = front->head;
    if (!l->tail)
        l->tail = front->tail;
    front->head = front->tail = NULL;
}

static void list_free(struct list *l)
{
    struct entry *e;

    while ((e = list_pop(l)))
        free(e);
}

struct wire_queue *wire_queue_new(const struct wire_limits *limits)
{
    struct wire_queue *q = calloc(1, sizeof(*q));

    if (!q)
        return NULL;
    if (limits)
        q->limits = *limits;
    if (!q->limits.reliable_max)
        q->limits.reliable_max = RELIABLE_MAX;
    if (!q->limits.telemetry_max)
        q->limits.telemetry_max = TELEMETRY_MAX;
    return q;
}

static void drop_all(struct wire_queue *q)
{
    for (int i = 0; i < WIRE_PRIOS; i++)
        list_free(&q->wait[i]);
    list_free(&q->unacked);
    q->again = NULL;
    q->reliable = q->telemetry = 0;
    q->stats.waiting = q->stats.unacked = 0;
}

void wire_queue_free(struct wire_queue *q)
{
    if (!q)
        return;
    drop_all(q);
    free(q->gone);
    free(q);
}

static bool is_stream(enum wire_kind kind)
{
    return kind == WIRE_OUT || kind == WIRE_PTY;
}

/* The list for m: a message that ends a stream waits behind the stream's data. */
static enum wire_prio list_for(const struct wire_queue *q, const struct wire_msg *m)
{
    if (m->kind == WIRE_RESULT || m->kind == WIRE_PTYEND)
        for (const struct entry *e = q->wait[WIRE_STREAM].head; e; e = e->next)
            if (e->id == m->id)
                return WIRE_STREAM;
    return wire_kind_prio(m->kind);
}

static void drop_oldest_telemetry(struct wire_queue *q, size_t room)
{
    struct list *l = &q->wait[WIRE_TELEMETRY];

    while (l->head && q->telemetry + room > q->limits.telemetry_max) {
        struct entry *e = list_pop(l);
        q->telemetry -= e->len;
        q->stats.waiting -= e->len;
        q->stats.dropped++;
        free(e);
    }
}

static bool make_room(struct wire_queue *q, const struct wire_msg *m, size_t len,
                      struct wire_error *e)
{
    if (wire_kind_numbered(m->kind) && q->reliable + len > q->limits.reliable_max) {
        q->stats.refused++;
        return wire_fail(e, "%s: the queue holds %zu bytes, its limit is %zu",
                         wire_kind_name(m->kind), q->reliable, q->limits.reliable_max);
    }
    if (wire_kind_prio(m->kind) == WIRE_TELEMETRY)
        drop_oldest_telemetry(q, len);
    return true;
}

bool wire_queue_put(struct wire_queue *q, const struct wire_msg *m, struct wire_error *e)
{
    struct wire_msg bare = *m;
    size_t len;

    bare.seq = 0;
    bare.ack = -1;
    char *line = wire_encode(&bare, &len, e);
    if (!line)
        return false;
    struct entry *entry = NULL;
    if (make_room(q, m, len, e) &&
        !(entry = calloc(1, sizeof(*entry) + HEAD_MAX + len + 1)))
        wire_fail(e, "%s: out of memory", wire_kind_name(m->kind));
    if (entry) {
        memcpy(entry->bytes + HEAD_MAX, line, len);
        entry->len = len;
        entry->id = m->id;
        entry->numbered = wire_kind_numbered(m->kind);
        entry->data = is_stream(m->kind) ? m->out.data.len : 0;
        list_append(&q->wait[list_for(q, m)], entry);
        q->credit -= (int64_t)entry->data;
        q->stats.waiting += len;
        q->reliable += entry->numbered ? len : 0;
        q->telemetry += wire_kind_prio(m->kind) == WIRE_TELEMETRY ? len : 0;
    }
    free(line);
    return entry != NULL;
}

/* Writes {"seq":…,"ack":…, before the rest of the entry's line, whose first byte is the
 * brace that this begins with. */
static const char *compose(struct wire_queue *q, struct entry *e, size_t *len)
{
    char head[HEAD_MAX] = "{";
    size_t n = 1;

    if (e->seq > 0)
        n += (size_t)snprintf(head + n, sizeof(head) - n, "\"seq\":%lld,",
                              (long long)e->seq);
    if (q->committed > 0)
        n += (size_t)snprintf(head + n, sizeof(head) - n, "\"ack\":%lld,",
                              (long long)q->committed);
    char *line = e->bytes + HEAD_MAX + 1 - n;
    memcpy(line, head, n);
    e->bytes[HEAD_MAX + e->len] = '\n';
    q->ack_told = q->committed;
    q->stats.sent++;
    *len = n + e->len;
    return line;
}

static const char *hand_out(struct wire_queue *q, enum wire_prio prio, size_t *len)
{
    struct entry *e = list_pop(&q->wait[prio]);

    q->stats.waiting -= e->len;
    if (e->numbered) {
        e->seq = ++q->sent;
        list_append(&q->unacked, e);
        q->stats.unacked += e->len;
        return compose(q, e, len);
    }
    if (prio == WIRE_TELEMETRY)
        q->telemetry -= e->len;
    q->gone = e;
    return compose(q, e, len);
}

const char *wire_queue_next(struct wire_queue *q, size_t *len)
{
    free(q->gone);
    q->gone = NULL;
    if (q->again) {
        struct entry *e = q->again;
        q->again = e->next;
        q->stats.resent++;
        return compose(q, e, len);
    }
    for (int i = 0; i < WIRE_PRIOS; i++)
        if (q->wait[i].head)
            return hand_out(q, (enum wire_prio)i, len);
    if (q->committed == q->ack_told)
        return NULL;
    q->ack_told = q->committed;
    q->stats.sent++;
    *len = (size_t)snprintf(q->ack, sizeof(q->ack), "{\"k\":\"ack\",\"ack\":%lld}\n",
                            (long long)q->committed);
    return q->ack;
}

bool wire_queue_ready(const struct wire_queue *q)
{
    for (int i = 0; i < WIRE_PRIOS; i++)
        if (q->wait[i].head)
            return true;
    return q->again || q->committed != q->ack_told;
}

bool wire_queue_acked(struct wire_queue *q, int64_t ack)
{
    if (ack > q->sent || ack < 0)
        return false;
    while (q->unacked.head && q->unacked.head->seq <= ack) {
        struct entry *e = list_pop(&q->unacked);
        if (q->again == e)
            q->again = e->next;
        q->stats.unacked -= e->len;
        q->reliable -= e->len;
        free(e);
    }
    return true;
}

/* What carries no number belongs to the connection that it was queued for. */
static void drop_unnumbered(struct wire_queue *q, struct list *l)
{
    struct list keep = {NULL, NULL};
    struct entry *e;

    while ((e = list_pop(l))) {
        if (e->numbered) {
            list_append(&keep, e);
            continue;
        }
        q->stats.waiting -= e->len;
        free(e);
    }
    *l = keep;
}

bool wire_queue_resume(struct wire_queue *q, int64_t peer_last)
{
    if (!wire_queue_acked(q, peer_last))
        return false;
    drop_unnumbered(q, &q->wait[WIRE_CONTROL]);
    q->again = q->unacked.head;
    return true;
}

void wire_queue_restart(struct wire_queue *q, bool keep)
{
    if (keep) {
        drop_unnumbered(q, &q->wait[WIRE_CONTROL]);
        for (struct entry *e = q->unacked.head; e; e = e->next)
            e->seq = 0;
        list_prepend(&q->wait[WIRE_CONTROL], &q->unacked);
        q->stats.waiting += q->stats.unacked;
        q->stats.unacked = 0;
        q->again = NULL;
    } else {
        drop_all(q);
    }
    q->sent = q->taken = q->committed = q->ack_told = 0;
}

enum wire_taken wire_queue_take(struct wire_queue *q, int64_t seq)
{
    if (seq <= q->taken) {
        q->stats.duplicate++;
        return WIRE_SEEN;
    }
    if (seq != q->taken + 1) {
        q->stats.gap++;
        return WIRE_GAP;
    }
    q->taken = seq;
    return WIRE_NEW;
}

void wire_queue_commit(struct wire_queue *q, int64_t seq)
{
    if (seq > q->taken)
        seq = q->taken;
    if (seq > q->committed)
        q->committed = seq;
}

int64_t wire_queue_taken(const struct wire_queue *q)
{
    return q->taken;
}

int64_t wire_queue_committed(const struct wire_queue *q)
{
    return q->committed;
}

void wire_queue_set_taken(struct wire_queue *q, int64_t seq)
{
    q->taken = q->committed = q->ack_told = seq;
}

void wire_queue_set_sent(struct wire_queue *q, int64_t seq)
{
    if (!q->unacked.head)
        q->sent = seq;
}

int64_t wire_credit_left(const struct wire_queue *q)
{
    return q->credit;
}

void wire_credit_set(struct wire_queue *q, int64_t bytes)
{
    for (const struct entry *e = q->unacked.head; e; e = e->next)
        bytes -= (int64_t)e->data;
    for (int i = 0; i < WIRE_PRIOS; i++) /* restart may have moved streams to control */
        for (const struct entry *e = q->wait[i].head; e; e = e->next)
            bytes -= (int64_t)e->data;
    q->credit = bytes;
}

void wire_credit_add(struct wire_queue *q, int64_t bytes)
{
    q->credit += bytes;
}

void wire_queue_stats(const struct wire_queue *q, struct wire_queue_stats *stats)
{
    *stats = q->stats;
}
