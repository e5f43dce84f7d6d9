#include "agents/agent/order.h"

#include "agents/agent/kept.h"
#include "agents/agent/run.h"
#include "agents/agent/text.h"
#include "agents/agent/who.h"

#include <stdlib.h>
#include <string.h>

#define ORDERS_MAX 64
#define GRACE_MS 1000 /* between SIGTERM and SIGKILL */

struct order {
    struct order *next;
    struct agent *agent;
    struct run *run;
    int64_t id;
    int64_t timeout_ms;
    int64_t mem_kb;
    int64_t out_left; /* bytes of output still to be sent */
    bool cut;
};

static void forget(struct order *o)
{
    struct order **at = &o->agent->orders;

    while (*at != o)
        at = &(*at)->next;
    *at = o->next;
    free(o);
}

/* Under the limit output needs credit; past it, it is read and dropped, so that the
 * program is not held up by what nobody will see. */
static size_t room(void *arg)
{
    struct order *o = arg;
    int64_t credit = wire_credit_left(o->agent->queue);

    if (o->out_left == 0)
        return WIRE_CHUNK_MAX;
    if (credit <= 0)
        return 0;
    return (size_t)(credit < o->out_left ? credit : o->out_left);
}

static void output(void *arg, int stream, const void *bytes, size_t n)
{
    struct order *o = arg;
    struct wire_msg m;

    if (o->out_left == 0) {
        o->cut = true;
        return;
    }
    o->out_left -= (int64_t)n;
    wire_msg_init(&m, WIRE_OUT);
    m.id = o->id;
    m.out.stream = stream;
    m.out.data = (struct wire_bytes){bytes, n};
    agent_send(o->agent, &m);
}

static void ended(void *arg, const struct run_end *end)
{
    struct order *o = arg;
    struct wire_msg m;
    char text[64];

    wire_msg_init(&m, WIRE_RESULT);
    m.id = o->id;
    m.result.status = end->cause == RUN_ENDED ? WIRE_DONE : WIRE_FAILED;
    m.result.exit = end->exit;
    m.result.signal = end->signal;
    m.result.dur_us = end->dur_us;
    m.result.cut = o->cut;
    if (end->cause == RUN_DEADLINE) {
        text_format(text, sizeof(text), "killed at its deadline of %lld ms",
                    (long long)o->timeout_ms);
        m.result.text = text;
    } else if (end->cause == RUN_CANCELLED) {
        m.result.text = "cancelled by the host";
    } else if (end->out_of_memory) {
        text_format(text, sizeof(text), "a process was killed at %lld KiB of memory",
                    (long long)o->mem_kb);
        m.result.text = text;
    }
    kept_end(o->agent, &m);
    forget(o);
}

static size_t count(const struct agent *a)
{
    size_t n = 0;

    for (const struct order *o = a->orders; o; o = o->next)
        n++;
    return n;
}

static void tell_started(struct agent *a, int64_t id)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_STARTED);
    m.id = id;
    agent_send(a, &m);
}

static void tell_failed(struct agent *a, int64_t id, const char *text)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_RESULT);
    m.id = id;
    m.result.status = WIRE_FAILED;
    m.result.text = text;
    kept_end(a, &m);
}

static void start(struct agent *a, const struct wire_msg *m,
                  const struct account *account)
{
    const struct wire_order *w = &m->order;
    struct wire_error e;
    struct order *o = calloc(1, sizeof(*o));

    if (!o) {
        agent_refuse(a, m, "out of memory");
        return;
    }
    *o = (struct order){.next = a->orders,
                        .agent = a,
                        .id = m->id,
                        .timeout_ms = w->timeout_ms,
                        .mem_kb = w->mem_kb,
                        .out_left = w->out_max};
    a->orders = o;
    struct run_spec spec = {
        .spawn = {.argv = w->argv,
                  .script = w->script,
                  .account = account,
                  .cwd = w->cwd,
                  .env = w->env,
                  .n_env = w->n_env,
                  .auid = WIRE_AUID_ORDER},
        .id = m->id,
        .limits = {.mem_kb = w->mem_kb, .procs = w->procs},
        .input = w->input,
        .timeout_ms = w->timeout_ms,
        .grace_ms = GRACE_MS,
        .room = room,
        .data = output,
        .end = ended,
        .arg = o,
    };
    tell_started(a, m->id);
    o->run = run_start(a->base, &spec, &e);
    if (o->run) {
        who_session(run_pid(o->run), WIRE_FROM_ORDER, m->id, NULL);
        return;
    }
    forget(o);
    tell_failed(a, m->id, e.text);
}

void order_take(struct agent *a, struct wire_msg *m)
{
    struct account account;

    if (count(a) >= ORDERS_MAX)
        agent_refuse(a, m, "%d orders are running already", ORDERS_MAX);
    else if (!account_find(m->order.user, &account))
        agent_refuse(a, m, "there is no user %s", m->order.user);
    else
        start(a, m, &account);
}

void order_cancel(struct agent *a, struct wire_msg *m)
{
    for (struct order *o = a->orders; o; o = o->next)
        if (o->id == m->id) {
            run_cancel(o->run);
            return;
        }
}

void orders_resume(struct agent *a)
{
    struct order *next;

    for (struct order *o = a->orders; o; o = next) {
        next = o->next; /* resuming may end it */
        run_resume(o->run);
    }
}

void orders_abort(struct agent *a, bool quietly)
{
    struct order *next;

    for (struct order *o = a->orders; o; o = next) {
        int64_t id = o->id;
        next = o->next;
        run_kill(o->run);
        forget(o);
        if (!quietly)
            tell_failed(a, id, "aborted by the host");
    }
}
