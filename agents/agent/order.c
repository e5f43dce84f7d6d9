#include "agents/agent/order.h"

#include "agents/agent/deadman.h"
#include "agents/agent/kept.h"
#include "agents/agent/run.h"
#include "agents/agent/text.h"
#include "agents/agent/who.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define ORDERS_MAX 64
#define GRACE_MS 1000 /* between SIGTERM and SIGKILL */
#define CLEANUP_MS 60000

struct order {
    struct order *next;
    struct agent *agent;
    struct run *run;
    int64_t id;
    int64_t began_us;
    int64_t timeout_ms;
    int64_t mem_kb;
    bool attack;
    char *cleanup;        /* script, or NULL */
    struct wire_env *env; /* of the order, for its cleanup */
    size_t n_env;
    int64_t silent_ms; /* the dead-man ended it after so long: 0: not so */
    int64_t out_left;  /* bytes of output still to be sent */
    bool cut;
};

static void forget(struct order *o)
{
    struct order **at = &o->agent->orders;

    while (*at != o)
        at = &(*at)->next;
    *at = o->next;
    for (size_t i = 0; i < o->n_env; i++) {
        free((char *)o->env[i].name);
        free((char *)o->env[i].value);
    }
    free(o->env);
    free(o->cleanup);
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
        if (o->mem_kb > 0)
            text_format(text, sizeof(text), "a process was killed at %lld KiB of memory",
                        (long long)o->mem_kb);
        else
            text_format(text, sizeof(text), "killed: the guest ran out of memory");
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

static struct order *add(struct agent *a, int64_t id, int64_t timeout_ms, int64_t out_max)
{
    struct order *o = calloc(1, sizeof(*o));

    if (!o)
        return NULL;
    *o = (struct order){.next = a->orders,
                        .agent = a,
                        .id = id,
                        .began_us = agent_now_us(),
                        .timeout_ms = timeout_ms,
                        .out_left = out_max};
    a->orders = o;
    return o;
}

static void start(struct order *o, const struct spawn *spawn,
                  const struct wire_bytes *input, int64_t procs)
{
    struct agent *a = o->agent;
    struct wire_error e;
    struct run_spec spec = {
        .spawn = *spawn,
        .id = o->id,
        .limits = {.mem_kb = o->mem_kb, .procs = procs},
        .input = *input,
        .timeout_ms = o->timeout_ms,
        .grace_ms = GRACE_MS,
        .room = room,
        .data = output,
        .end = ended,
        .arg = o,
    };
    int64_t id = o->id;

    spec.spawn.auid = WIRE_AUID_ORDER;
    tell_started(a, id);
    o->run = run_start(a->base, &spec, &e);
    if (o->run) {
        who_session(run_pid(o->run), WIRE_FROM_ORDER, id, NULL);
        if (o->attack)
            deadman_arm(a);
        return;
    }
    forget(o);
    tell_failed(a, id, e.text);
}

/* What its cleanup needs of the order: its script, and the environment it counts on. */
static bool keep_cleanup(struct order *o, const struct wire_order *w)
{
    if (!w->cleanup)
        return true;
    o->cleanup = strdup(w->cleanup);
    o->env = calloc(w->n_env + 1, sizeof(*o->env));
    if (!o->cleanup || !o->env)
        return false;
    for (; o->n_env < w->n_env; o->n_env++) {
        struct wire_env *pair = &o->env[o->n_env];
        pair->name = strdup(w->env[o->n_env].name);
        pair->value = strdup(w->env[o->n_env].value);
        if (!pair->name || !pair->value) {
            o->n_env++;
            return false;
        }
    }
    return true;
}

static void start_order(struct agent *a, const struct wire_msg *m,
                        const struct account *account)
{
    const struct wire_order *w = &m->order;
    struct order *o = add(a, m->id, w->timeout_ms, w->out_max);
    struct spawn spawn = {.argv = w->argv,
                          .script = w->script,
                          .account = account,
                          .cwd = w->cwd,
                          .env = w->env,
                          .n_env = w->n_env};

    if (!o || !keep_cleanup(o, w)) {
        if (o)
            forget(o);
        agent_refuse(a, m, "out of memory");
        return;
    }
    o->mem_kb = w->mem_kb;
    o->attack = w->purpose == WIRE_FOR_ATTACK;
    start(o, &spawn, &w->input, w->procs);
}

void order_take(struct agent *a, struct wire_msg *m)
{
    struct account account;

    if (count(a) >= ORDERS_MAX)
        agent_refuse(a, m, "%d orders are running already", ORDERS_MAX);
    else if (!account_find(m->order.user, &account))
        agent_refuse(a, m, "there is no user %s", m->order.user);
    else
        start_order(a, m, &account);
}

void order_inner(struct agent *a, const struct wire_msg *m,
                 const struct order_inner *inner)
{
    struct wire_bytes nothing = {NULL, 0};
    struct account root;
    struct spawn spawn = {.main = inner->main,
                          .arg = inner->arg,
                          .script = inner->script,
                          .account = &root};
    struct order *o =
        count(a) < ORDERS_MAX ? add(a, m->id, inner->timeout_ms, inner->out_max) : NULL;

    if (!o) {
        agent_refuse(a, m, "no room for it: %zu orders are running", count(a));
        return;
    }
    account_find(NULL, &root);
    start(o, &spawn, &nothing, 0);
}

/* ---- the dead-man ---- */

bool orders_attacking(const struct agent *a)
{
    for (const struct order *o = a->orders; o; o = o->next)
        if (o->attack && o->silent_ms == 0)
            return true;
    return false;
}

static void tell_deadman(struct order *o, enum wire_deadman what, const char *cleanup)
{
    struct wire_msg m;
    char text[300];

    text_format(text, sizeof(text), "killed: nothing from the host for %lld ms; %s",
                (long long)o->silent_ms, cleanup);
    wire_msg_init(&m, WIRE_RESULT);
    m.id = o->id;
    m.result.status = WIRE_FAILED;
    m.result.signal = SIGKILL;
    m.result.dur_us = agent_now_us() - o->began_us;
    m.result.cut = o->cut;
    m.result.text = text;
    m.result.deadman = what;
    kept_end(o->agent, &m);
    forget(o);
}

static size_t cleanup_room(void *arg)
{
    (void)arg;
    return WIRE_CHUNK_MAX;
}

static void cleanup_output(void *arg, int stream, const void *bytes, size_t n)
{
    (void)arg, (void)stream, (void)bytes, (void)n; /* its exit status says enough */
}

static void cleanup_ended(void *arg, const struct run_end *end)
{
    char text[64];

    text_format(text, sizeof(text), "its cleanup ended by %s %d",
                end->signal ? "signal" : "exit", end->signal ? end->signal : end->exit);
    tell_deadman(arg,
                 end->cause == RUN_ENDED && !end->signal && end->exit == 0
                     ? WIRE_DEADMAN_CLEANED
                     : WIRE_DEADMAN_UNCLEANED,
                 text);
}

/* As root: what the attack changed as another user, root may change back. */
static void clean_up(struct order *o)
{
    struct account root;
    struct wire_error e;
    char text[200];
    struct run_spec spec = {
        .spawn = {.script = o->cleanup,
                  .account = &root,
                  .auid = WIRE_AUID_ORDER,
                  .env = o->env,
                  .n_env = o->n_env},
        .timeout_ms = CLEANUP_MS,
        .room = cleanup_room,
        .data = cleanup_output,
        .end = cleanup_ended,
        .arg = o,
    };

    account_find(NULL, &root);
    o->run = run_start(o->agent->base, &spec, &e);
    if (o->run)
        return;
    text_format(text, sizeof(text), "its cleanup could not run: %s", e.text);
    tell_deadman(o, WIRE_DEADMAN_UNCLEANED, text);
}

void orders_deadman(struct agent *a, int64_t silent_ms)
{
    struct order *next;

    for (struct order *o = a->orders; o; o = next) {
        next = o->next;
        if (!o->attack || o->silent_ms > 0)
            continue;
        o->silent_ms = silent_ms;
        run_kill(o->run);
        o->run = NULL;
        if (o->cleanup)
            clean_up(o);
        else
            tell_deadman(o, WIRE_DEADMAN_KILLED, "it has no cleanup");
    }
}

void order_cancel(struct agent *a, struct wire_msg *m)
{
    for (struct order *o = a->orders; o; o = o->next)
        if (o->id == m->id && o->silent_ms == 0) {
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
