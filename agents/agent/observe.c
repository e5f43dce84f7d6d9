#include "agents/agent/observe.h"

#include "agents/agent/channel.h"
#include "agents/agent/sees.h"
#include "agents/agent/share.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BEATS 4
#define LINE_BYTES 24000 /* of rows in one message: at most doubled by escapes */

struct row {
    struct row *next;
    int64_t n;
    size_t size;
    struct wire_seen s;
    char text[];
};

static struct {
    struct agent *agent;
    bool on;
    struct row *first, **last;
    size_t bytes;
    int64_t n; /* numbers given out */
    int64_t rate, tokens, tokens_at_us;
    int64_t dropped;
    int64_t told_kernel, told_dropped; /* in the last lossy */
    bool again;                        /* the last beat told a loss */
    int64_t from_us, to_us;            /* of the latest gap */
    bool open;                         /* that gap has not been told yet */
    int64_t beats[BEATS];              /* when the last ones were, the oldest first */
    int64_t known_kernel;
} ob;

static int64_t wall_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* ---- losses ---- */

static void note_gap(int64_t from, int64_t to)
{
    if (!ob.open) { /* in order, also where the clock was set back meanwhile */
        ob.from_us = from < to ? from : to;
        ob.to_us = from < to ? to : from;
    }
    ob.open = true;
    ob.from_us = from < ob.from_us ? from : ob.from_us;
    ob.to_us = to > ob.to_us ? to : ob.to_us;
}

void observe_gap(int64_t from_us)
{
    if (ob.on)
        note_gap(from_us, wall_us());
}

static void note_drop(int64_t t)
{
    ob.dropped++;
    note_gap(t, t);
}

/* ---- rows ---- */

/* The texts of a row, in the order in which they lie behind it. */
static const char **text_of(struct wire_seen *s, int i)
{
    switch (i) {
    case 0:
        return &s->exe;
    case 1:
        return &s->args;
    case 2:
        return &s->cwd;
    case 3:
        return &s->path;
    case 4:
        return &s->to;
    case 5:
        return &s->player;
    default:
        return NULL;
    }
}

static const size_t text_max[] = {256, 1024, 256, 512, 512, 64};

/* Length of text that may go, ended at a character. */
static size_t fitting(const char *text, size_t max)
{
    size_t n = strlen(text);

    if (n <= max)
        return n;
    for (n = max; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80;)
        n--;
    return n;
}

static struct row *row_new(const struct wire_seen *s)
{
    struct wire_seen copy = *s;
    const char **text;
    size_t size = 0;

    for (int i = 0; (text = text_of(&copy, i)); i++)
        size += *text && **text ? fitting(*text, text_max[i]) + 1 : 0;
    struct row *r = malloc(sizeof(*r) + size);
    if (!r)
        return NULL;
    *r = (struct row){.s = copy, .size = sizeof(*r) + size};
    char *at = r->text;
    for (int i = 0; (text = text_of(&r->s, i)); i++) {
        if (!*text || !**text) {
            *text = NULL;
            continue;
        }
        size_t n = fitting(*text, text_max[i]);
        memcpy(at, *text, n);
        at[n] = '\0';
        *text = at;
        at += n + 1;
    }
    return r;
}

static struct row *pop(void)
{
    struct row *r = ob.first;

    ob.first = r->next;
    if (!ob.first)
        ob.last = &ob.first;
    ob.bytes -= r->size;
    return r;
}

static bool within_rate(void)
{
    int64_t now = agent_now_us(), passed = now - ob.tokens_at_us;

    if (passed > 1000000)
        passed = 1000000;
    ob.tokens_at_us = now;
    ob.tokens += passed * ob.rate;
    if (ob.tokens > ob.rate * 1000000)
        ob.tokens = ob.rate * 1000000;
    if (ob.tokens < 1000000)
        return false;
    ob.tokens -= 1000000;
    return true;
}

void observe_row(const struct wire_seen *s)
{
    if (!ob.on)
        return;
    int64_t n = ++ob.n;
    struct row *r = within_rate() ? row_new(s) : NULL;
    if (!r) {
        note_drop(s->t);
        return;
    }
    r->n = n;
    *ob.last = r;
    ob.last = &r->next;
    ob.bytes += r->size;
    while (ob.bytes > OBSERVE_QUEUE_MAX) {
        struct row *old = pop();
        note_drop(old->s.t);
        free(old);
    }
    if (ob.agent->welcomed && ob.agent->channel)
        channel_kick(ob.agent->channel);
}

/* ---- messages ---- */

const char *observe_next(struct agent *a, size_t *len)
{
    struct wire_seen rows[WIRE_OBS_ROWS];
    struct row *taken[WIRE_OBS_ROWS];
    struct wire_error e;
    struct wire_msg m;
    size_t n = 0, bytes = 0;

    if (!ob.first)
        return NULL;
    wire_msg_init(&m, WIRE_OBS);
    m.obs.n = ob.first->n;
    while (ob.first && n < WIRE_OBS_ROWS && ob.first->n == m.obs.n + (int64_t)n &&
           (n == 0 || bytes + ob.first->size <= LINE_BYTES)) {
        bytes += ob.first->size;
        taken[n] = pop();
        rows[n] = taken[n]->s;
        n++;
    }
    m.obs.rows = rows;
    m.obs.n_rows = n;
    bool put = wire_queue_put(a->queue, &m, &e);
    for (size_t i = 0; i < n; i++) {
        if (!put)
            note_drop(taken[i]->s.t);
        free(taken[i]);
    }
    if (!put)
        agent_log("dropped %zu rows: %s", n, e.text);
    return put ? wire_queue_next(a->queue, len) : NULL;
}

static void tell_lossy(struct agent *a, int64_t kernel)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_LOSSY);
    m.lossy = (struct wire_lossy){.n = ob.n,
                                  .kernel = kernel,
                                  .queue = ob.dropped,
                                  .from_us = ob.from_us,
                                  .to_us = ob.to_us};
    agent_send(a, &m);
}

void observe_beat(struct agent *a)
{
    if (!ob.on)
        return;
    sees_beat();
    a->sources = sees_sources();
    int64_t kernel = (int64_t)sees_lost(), now = wall_us();
    /* What the kernel lost is known up to BEATS beats late (audit.c): the gap may have
     * begun as long ago. */
    if (kernel != ob.known_kernel)
        note_gap(ob.beats[0], now);
    ob.known_kernel = kernel;
    memmove(ob.beats, ob.beats + 1, sizeof(ob.beats) - sizeof(ob.beats[0]));
    ob.beats[BEATS - 1] = now;
    bool lost = kernel != ob.told_kernel || ob.dropped != ob.told_dropped;
    if ((!lost && !ob.again) || !a->welcomed)
        return;
    ob.again = lost;
    ob.told_kernel = kernel;
    ob.told_dropped = ob.dropped;
    ob.open = false;
    tell_lossy(a, kernel);
}

/* ---- begin and end ---- */

void observe_take(struct agent *a, struct wire_msg *m)
{
    struct wire_msg answer;
    int64_t began = agent_now_us();

    if (!ob.on) {
        ob.agent = a;
        ob.last = &ob.first;
        for (int i = 0; i < BEATS; i++)
            ob.beats[i] = wall_us();
        ob.tokens = m->observe.rate * 1000000;
        ob.tokens_at_us = began;
        ob.on = true;
    }
    ob.rate = m->observe.rate;
    share_set(m->observe.cpu);
    a->sources = sees_start(a->base, &m->observe);
    wire_msg_init(&answer, WIRE_RESULT);
    answer.id = m->id;
    answer.result.status = a->sources ? WIRE_DONE : WIRE_FAILED;
    answer.result.dur_us = agent_now_us() - began;
    if (!a->sources)
        answer.result.text = "this kernel lets nothing be observed";
    agent_send(a, &answer);
}

bool observe_is_empty(void)
{
    return !ob.first;
}

void observe_done(struct agent *a)
{
    sees_stop();
    a->sources = 0;
    while (ob.first)
        free(pop());
    ob.on = false;
}
