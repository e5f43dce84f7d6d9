/*
 * The reliable queue: two ends over a channel that breaks, loses and repeats.
 */
#include "agents/wire/queue.h"
#include "tests/unit/cunit_main.h"

#include <stdlib.h>
#include <string.h>

static bool put(struct wire_queue *q, enum wire_kind kind, int64_t id)
{
    struct wire_msg m;
    struct wire_error e;

    wire_msg_init(&m, kind);
    m.id = id;
    if (kind == WIRE_OUT) {
        m.out.stream = 1;
        m.out.data = (struct wire_bytes){(const unsigned char *)"0123456789", 10};
    }
    return wire_queue_put(q, &m, &e);
}

/* The next line of q as a message; kind WIRE_NONE when there is none. */
static struct wire_msg next(struct wire_queue *q)
{
    struct wire_msg m = {0};
    struct wire_error e;
    size_t len;
    const char *line = wire_queue_next(q, &len);

    if (line) {
        CU_ASSERT_FATAL(line[len - 1] == '\n');
        CU_ASSERT_FATAL(wire_decode(WIRE_TO_HOST, line, len - 1, &m, &e));
    }
    struct wire_msg flat = m; /* numbers only: the texts go */
    wire_msg_clear(&m);
    return flat;
}

static void test_priorities(void)
{
    struct wire_queue *q = wire_queue_new(NULL);

    CU_ASSERT(put(q, WIRE_BEAT, 0));
    CU_ASSERT(put(q, WIRE_OUT, 5));
    CU_ASSERT(put(q, WIRE_OUT, 5));
    CU_ASSERT(put(q, WIRE_RESULT, 5)); /* must not overtake its own output */
    CU_ASSERT(put(q, WIRE_RESULT, 6)); /* has none: overtakes */
    CU_ASSERT(put(q, WIRE_STARTED, 7));
    static const struct {
        enum wire_kind kind;
        int64_t id, seq;
    } wanted[] = {
        {WIRE_RESULT, 6, 1}, {WIRE_STARTED, 7, 2}, {WIRE_OUT, 5, 3},
        {WIRE_OUT, 5, 4},    {WIRE_RESULT, 5, 5},  {WIRE_BEAT, 0, 0},
    };
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        struct wire_msg m = next(q);
        CU_ASSERT_EQUAL(m.kind, wanted[i].kind);
        CU_ASSERT_EQUAL(m.id, wanted[i].id);
        CU_ASSERT_EQUAL(m.seq, wanted[i].seq); /* unbroken in the order of sending */
    }
    CU_ASSERT_EQUAL(next(q).kind, WIRE_NONE);
    CU_ASSERT_FALSE(wire_queue_ready(q));
    wire_queue_free(q);
}

static void test_resend_after_break(void)
{
    struct wire_queue *q = wire_queue_new(NULL);
    struct wire_queue_stats stats;

    for (int64_t id = 1; id <= 5; id++)
        put(q, WIRE_STARTED, id);
    for (int i = 0; i < 4; i++)
        next(q);
    CU_ASSERT(wire_queue_acked(q, 1));
    CU_ASSERT(wire_queue_resume(q, 2)); /* the peer has 2, of 4 sent */
    CU_ASSERT_EQUAL(next(q).seq, 3);
    CU_ASSERT_EQUAL(next(q).seq, 4);
    struct wire_msg m = next(q);
    CU_ASSERT_EQUAL(m.seq, 5);
    CU_ASSERT_EQUAL(m.id, 5);
    CU_ASSERT_EQUAL(next(q).kind, WIRE_NONE);
    wire_queue_stats(q, &stats);
    CU_ASSERT_EQUAL(stats.resent, 2);
    CU_ASSERT_FALSE(wire_queue_acked(q, 6));  /* never sent */
    CU_ASSERT_FALSE(wire_queue_resume(q, 9)); /* a peer that lies */
    CU_ASSERT(wire_queue_acked(q, 5));
    wire_queue_stats(q, &stats);
    CU_ASSERT_EQUAL(stats.unacked, 0);
    wire_queue_free(q);
}

/* An acknowledgement that overtakes the repeats under way ends them. */
static void test_ack_during_resend(void)
{
    struct wire_queue *q = wire_queue_new(NULL);

    for (int64_t id = 1; id <= 4; id++)
        put(q, WIRE_STARTED, id);
    for (int i = 0; i < 4; i++)
        next(q);
    CU_ASSERT(wire_queue_resume(q, 0));
    CU_ASSERT_EQUAL(next(q).seq, 1);
    CU_ASSERT(wire_queue_acked(q, 3));
    CU_ASSERT_EQUAL(next(q).seq, 4);
    CU_ASSERT_EQUAL(next(q).kind, WIRE_NONE);
    wire_queue_free(q);
}

static void test_taking(void)
{
    struct wire_queue *q = wire_queue_new(NULL);
    struct wire_queue_stats stats;

    CU_ASSERT_EQUAL(wire_queue_take(q, 1), WIRE_NEW);
    CU_ASSERT_EQUAL(wire_queue_take(q, 1), WIRE_SEEN);
    CU_ASSERT_EQUAL(wire_queue_take(q, 3), WIRE_GAP);
    CU_ASSERT_EQUAL(wire_queue_take(q, 2), WIRE_NEW);
    CU_ASSERT_EQUAL(wire_queue_taken(q), 2);
    CU_ASSERT_EQUAL(wire_queue_committed(q), 0);
    CU_ASSERT_FALSE(wire_queue_ready(q)); /* taken is not yet safe: no ack */
    wire_queue_commit(q, 99);             /* cut to what was taken */
    CU_ASSERT_EQUAL(wire_queue_committed(q), 2);
    struct wire_msg m = next(q);
    CU_ASSERT_EQUAL(m.kind, WIRE_ACK);
    CU_ASSERT_EQUAL(m.ack, 2);
    CU_ASSERT_EQUAL(next(q).kind, WIRE_NONE); /* told once */
    wire_queue_take(q, 3);
    wire_queue_commit(q, 3);
    put(q, WIRE_STARTED, 1);
    CU_ASSERT_EQUAL(next(q).ack, 3); /* rides along */
    CU_ASSERT_EQUAL(next(q).kind, WIRE_NONE);
    wire_queue_stats(q, &stats);
    CU_ASSERT_EQUAL(stats.duplicate, 1);
    CU_ASSERT_EQUAL(stats.gap, 1);
    wire_queue_free(q);
}

static void test_telemetry_drops_oldest(void)
{
    struct wire_limits limits = {.telemetry_max = 300};
    struct wire_queue *q = wire_queue_new(&limits);
    struct wire_queue_stats stats;
    struct wire_msg m;
    struct wire_error e;
    int got = 0;

    for (int64_t i = 1; i <= 50; i++) {
        wire_msg_init(&m, WIRE_BEAT);
        m.beat.mono_us = i;
        CU_ASSERT(wire_queue_put(q, &m, &e));
    }
    wire_queue_stats(q, &stats);
    CU_ASSERT(stats.dropped > 40 && stats.dropped < 50);
    CU_ASSERT(stats.waiting <= 300);
    for (int64_t want = (int64_t)stats.dropped + 1; want <= 50; want++, got++)
        CU_ASSERT_EQUAL(next(q).beat.mono_us, want); /* the newest, in order */
    CU_ASSERT_EQUAL(next(q).kind, WIRE_NONE);
    CU_ASSERT_EQUAL(stats.dropped + (uint64_t)got, 50);
    wire_queue_free(q);
}

static void test_reliable_is_bounded(void)
{
    struct wire_limits limits = {.reliable_max = 200};
    struct wire_queue *q = wire_queue_new(&limits);
    struct wire_queue_stats stats;
    int64_t taken = 0;

    while (put(q, WIRE_STARTED, taken + 1))
        taken++;
    CU_ASSERT(taken > 2 && taken < 20);
    CU_ASSERT(put(q, WIRE_BEAT, 0)); /* another bound */
    for (int64_t i = 0; i < taken; i++)
        next(q);
    CU_ASSERT_FALSE(put(q, WIRE_STARTED, 99)); /* sent is not yet acknowledged */
    CU_ASSERT(wire_queue_acked(q, taken));
    CU_ASSERT(put(q, WIRE_STARTED, 99));
    wire_queue_stats(q, &stats);
    CU_ASSERT_EQUAL(stats.refused, 2);
    wire_queue_free(q);
}

static void test_credit(void)
{
    struct wire_queue *q = wire_queue_new(NULL);

    CU_ASSERT_EQUAL(wire_credit_left(q), 0);
    wire_credit_set(q, 25);
    put(q, WIRE_OUT, 1);
    put(q, WIRE_OUT, 1);
    CU_ASSERT_EQUAL(wire_credit_left(q), 5);
    wire_credit_add(q, 10);
    CU_ASSERT_EQUAL(wire_credit_left(q), 15);
    next(q); /* one sent, one waiting: both count after a break … */
    wire_queue_resume(q, 0);
    wire_credit_set(q, 100);
    CU_ASSERT_EQUAL(wire_credit_left(q), 80);
    next(q);
    wire_queue_resume(q, 1); /* … but not what the host has */
    wire_credit_set(q, 100);
    CU_ASSERT_EQUAL(wire_credit_left(q), 90);
    put(q, WIRE_STARTED, 1);
    CU_ASSERT_EQUAL(wire_credit_left(q), 90); /* streams only */
    wire_queue_free(q);
}

static void test_restart(void)
{
    struct wire_queue *q = wire_queue_new(NULL);

    put(q, WIRE_STARTED, 1);
    put(q, WIRE_STARTED, 2);
    put(q, WIRE_STARTED, 3);
    next(q);
    next(q);
    wire_queue_take(q, 1);
    wire_queue_acked(q, 1);
    wire_queue_restart(q, true); /* the peer is a new process: what it may not have … */
    struct wire_msg m = next(q);
    CU_ASSERT_EQUAL(m.id, 2); /* … goes again, under new numbers */
    CU_ASSERT_EQUAL(m.seq, 1);
    m = next(q);
    CU_ASSERT_EQUAL(m.id, 3);
    CU_ASSERT_EQUAL(m.seq, 2);
    CU_ASSERT_EQUAL(wire_queue_taken(q), 0);
    CU_ASSERT_EQUAL(wire_queue_take(q, 1), WIRE_NEW);
    wire_queue_restart(q, false); /* the peer was reverted: all dies */
    CU_ASSERT_EQUAL(next(q).kind, WIRE_NONE);
    put(q, WIRE_STARTED, 9);
    CU_ASSERT_EQUAL(next(q).seq, 1);
    wire_queue_free(q);
}

static void test_break_drops_unnumbered(void)
{
    struct wire_queue *q = wire_queue_new(NULL);
    struct wire_msg m;
    struct wire_error e;

    wire_msg_init(&m, WIRE_CREDIT_MSG);
    m.credit = 5;
    CU_ASSERT(wire_queue_put(q, &m, &e));
    put(q, WIRE_STARTED, 1);
    wire_queue_resume(q, 0); /* welcome sets the credit anew: the old grant must go */
    CU_ASSERT_EQUAL(next(q).kind, WIRE_STARTED);
    CU_ASSERT_EQUAL(next(q).kind, WIRE_NONE);
    wire_queue_free(q);
}

/* Two ends, a channel that breaks at random points: everything arrives once, in order. */
static void test_random_breaks(void)
{
    struct wire_queue *a = wire_queue_new(NULL);
    struct wire_queue *b = wire_queue_new(NULL);
    int64_t put_id = 0, got_id = 0;
    unsigned int seed = 7;

    while (got_id < 2000) {
        for (int i = rand_r(&seed) % 5; i > 0 && put_id < 2000; i--)
            put(a, WIRE_STARTED, ++put_id);
        for (int i = rand_r(&seed) % 6; i > 0; i--) {
            struct wire_msg m = next(a);
            if (rand_r(&seed) % 9 == 0)
                break; /* lost with the connection */
            if (m.kind == WIRE_STARTED && wire_queue_take(b, m.seq) == WIRE_NEW)
                CU_ASSERT_EQUAL(m.id, ++got_id);
        }
        wire_queue_commit(b, wire_queue_taken(b) - rand_r(&seed) % 3);
        if (rand_r(&seed) % 2)
            CU_ASSERT(wire_queue_acked(a, wire_queue_committed(b)));
        if (rand_r(&seed) % 3 == 0)
            CU_ASSERT(wire_queue_resume(a, wire_queue_taken(b)));
    }
    CU_ASSERT_EQUAL(got_id, 2000);
    wire_queue_free(a);
    wire_queue_free(b);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"control overtakes, an end does not", test_priorities},
        {"after a break only what is missing", test_resend_after_break},
        {"an ack ends repeats under way", test_ack_during_resend},
        {"duplicates and gaps", test_taking},
        {"telemetry drops its oldest", test_telemetry_drops_oldest},
        {"control and streams are bounded", test_reliable_is_bounded},
        {"credit", test_credit},
        {"a new peer", test_restart},
        {"grants die with their connection", test_break_drops_unnumbered},
        {"random breaks lose nothing", test_random_breaks},
        CU_TEST_INFO_NULL,
    };

    wire_init();
    return cunit_main("wire queue", tests);
}
