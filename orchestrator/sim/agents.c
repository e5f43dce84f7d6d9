#include "orchestrator/sim/agents.h"

#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/observations.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/sim/seen.h"

#include <string.h>

#define BOOT_ID "00000000-0000-4000-8000-000000000000"

/* One record, as the hub would pass it on. */
typedef struct {
    struct hub_head re_head;
    union {
        struct hub_hello hello;
        struct hub_started started;
        struct hub_out out;
        struct hub_result result;
        struct hub_check check;
        struct hub_ready ready;
        struct hub_obs obs;
    } re_body;
    char *re_tail;
} Record;

struct Agents {
    Daemon *ag_daemon;
    Facts *ag_facts;
    GQueue ag_records;   /* of Record */
    GHashTable *ag_kept; /* gint64 id -> Kept: what was answered to an order */
    gboolean *ag_watch;  /* by host: its agent was told to observe */
    guint64 *ag_n;       /* by host: rows numbered */
};

/* An agent runs nothing twice: met again, it answers the same. */
typedef struct {
    gint64 ke_id;
    int ke_exit;
    char *ke_said;
} Kept;

static void record_free(gpointer data)
{
    Record *record = data;

    g_free(record->re_tail);
    g_free(record);
}

/* text: the variable part, or NULL for none. */
static Record *record_new(Agents *agents, HubRecordType type, int host, const char *text)
{
    Record *record = g_new0(Record, 1);

    record->re_head.rc_type = type;
    record->re_head.rc_host = (uint32_t)host;
    record->re_head.rc_len = text ? (uint32_t)strlen(text) : 0;
    record->re_tail = g_strdup(text ? text : "");
    g_queue_push_tail(&agents->ag_records, record);
    return record;
}

static uint64_t id_of(const json_t *msg)
{
    return (uint64_t)json_integer_value(json_object_get(msg, "id"));
}

static void answer_result(Agents *agents, int host, const json_t *msg, int status,
                          int exit, const char *text)
{
    Record *record = record_new(agents, HUB_RESULT, host, text);

    record->re_body.result.id = id_of(msg);
    record->re_body.result.status = status;
    record->re_body.result.exit = exit;
}

/* What the agent saw of an order of a scripted player, as if they had typed it. */
static void tell_seen(Agents *agents, int host, const json_t *msg, const char *script)
{
    const Daemon *d = agents->ag_daemon;
    SeenContext context = {.sn_plan = d->dm_plan,
                           .sn_host = host,
                           .sn_t_us = d->dm_plan->p_start_us + daemon_now(d),
                           .sn_act = id_of(msg),
                           .sn_n = &agents->ag_n[host]};
    struct hub_obs obs;

    if (!agents->ag_watch[host] || !facts_of_player(agents->ag_facts, host, script))
        return;
    GByteArray *rows = seen_of_script(&context, script, &obs);
    if (!rows)
        return;
    Record *record = record_new(agents, HUB_OBS, host, NULL);
    record->re_body.obs = obs;
    record->re_head.rc_len = rows->len;
    g_free(record->re_tail);
    record->re_tail = (char *)g_byte_array_free(rows, FALSE);
}

static void take_observe(Agents *agents, int host, const json_t *msg)
{
    agents->ag_watch[host] = TRUE;
    answer_result(agents, host, msg, HUB_DONE, 0, NULL);
}

static void kept_free(gpointer data)
{
    g_free(((Kept *)data)->ke_said);
    g_free(data);
}

static const Kept *run_once(Agents *agents, int host, const json_t *msg)
{
    const char *script = json_string_value(json_object_get(msg, "script"));
    gint64 id = (gint64)id_of(msg);
    Kept *kept = g_hash_table_lookup(agents->ag_kept, &id);

    if (kept)
        return kept;
    kept = g_new0(Kept, 1);
    kept->ke_id = id;
    kept->ke_exit = facts_run(agents->ag_facts, host, script ? script : "",
                              json_object_get(msg, "env"), daemon_now(agents->ag_daemon),
                              &kept->ke_said);
    g_hash_table_insert(agents->ag_kept, &kept->ke_id, kept);
    return kept;
}

static void take_order(Agents *agents, int host, const json_t *msg)
{
    gint64 id = (gint64)id_of(msg);
    gboolean first = !g_hash_table_contains(agents->ag_kept, &id);
    const Kept *kept = run_once(agents, host, msg);

    record_new(agents, HUB_STARTED, host, NULL)->re_body.started.id = id_of(msg);
    if (*kept->ke_said) {
        Record *out = record_new(agents, HUB_OUT, host, kept->ke_said);
        out->re_body.out.id = id_of(msg);
        out->re_body.out.stream = 1;
    }
    if (first) {
        const char *script = json_string_value(json_object_get(msg, "script"));
        tell_seen(agents, host, msg, script ? script : "");
    }
    answer_result(agents, host, msg, HUB_DONE, kept->ke_exit, NULL);
}

/* What of the message is not a parameter of the check. */
static const char *const envelope[] = {"k", "id", "kind", "deadline_ms"};

static void take_check(Agents *agents, int host, const json_t *msg)
{
    const char *kind = json_string_value(json_object_get(msg, "kind"));
    json_t *params = json_copy((json_t *)msg);
    g_autofree char *said = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(envelope); i++)
        json_object_del(params, envelope[i]);
    CheckStatus status = facts_look(agents->ag_facts, host, kind, params, &said);
    json_decref(params);
    Record *record = record_new(agents, HUB_CHECK, host, said);
    record->re_body.check.id = id_of(msg);
    record->re_body.check.status = (int32_t)status;
}

static void take_personalise(Agents *agents, int host, const json_t *msg)
{
    Record *record = record_new(agents, HUB_READY, host, "simulated");

    record->re_body.ready.id = id_of(msg);
    record->re_body.ready.status = HUB_DONE;
}

/* The last piece is answered. */
static void take_file(Agents *agents, int host, const json_t *msg)
{
    if (json_is_true(json_object_get(msg, "end")))
        answer_result(agents, host, msg, HUB_DONE, 0, NULL);
}

static const struct {
    const char *ta_kind;
    void (*ta_take)(Agents *agents, int host, const json_t *msg);
} takes[] = {
    {"order", take_order}, {"check", take_check},     {"personalise", take_personalise},
    {"file", take_file},   {"observe", take_observe},
};

static void deliver(int host, const json_t *msg, gpointer data)
{
    Agents *agents = data;
    const char *kind = json_string_value(json_object_get(msg, "k"));

    for (guint i = 0; i < G_N_ELEMENTS(takes); i++)
        if (strcmp(kind, takes[i].ta_kind) == 0) {
            takes[i].ta_take(agents, host, msg);
            return;
        }
    if (id_of(msg))
        answer_result(agents, host, msg, HUB_REFUSED, -1, "not simulated");
}

Agents *agents_new(Daemon *d, Facts *facts)
{
    Agents *agents = g_new0(Agents, 1);

    agents->ag_facts = facts;
    agents->ag_kept = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, kept_free);
    agents->ag_watch = g_new0(gboolean, d->dm_plan->p_hosts->len + 1);
    agents->ag_n = g_new0(guint64, d->dm_plan->p_hosts->len + 1);
    g_queue_init(&agents->ag_records);
    agents_attach(agents, d);
    return agents;
}

static void boot(Agents *agents, int index)
{
    Daemon *d = agents->ag_daemon;
    const PlanHost *host = plan_host(d->dm_plan, index);

    if (host->ph_agent == AGENT_NONE) {
        hosts_set(d->dm_hosts, index, HOST_READY, "no agent by design");
        return;
    }
    struct hub_hello *hello = &record_new(agents, HUB_HELLO, index, NULL)->re_body.hello;
    g_strlcpy(hello->agent, "simulated", sizeof(hello->agent));
    g_strlcpy(hello->boot, BOOT_ID, sizeof(hello->boot));
    g_strlcpy(hello->name, host->ph_name, sizeof(hello->name));
    hello->epoch = 1;
}

/* As at first, and its agent says hello as another guest's would. */
static void put_back(int host, gpointer data)
{
    Agents *agents = data;

    facts_reset(agents->ag_facts, host);
    boot(agents, host);
}

void agents_attach(Agents *agents, Daemon *d)
{
    g_queue_clear_full(&agents->ag_records, record_free);
    agents->ag_daemon = d;
    d->dm_deliver = deliver;
    d->dm_put_back = put_back;
    d->dm_put_back_data = agents;
    d->dm_deliver_data = agents;
}

void agents_free(Agents *agents)
{
    if (!agents)
        return;
    g_queue_clear_full(&agents->ag_records, record_free);
    g_hash_table_unref(agents->ag_kept);
    g_free(agents->ag_watch);
    g_free(agents->ag_n);
    g_free(agents);
}

void agents_boot(Agents *agents)
{
    for (guint i = 0; i < agents->ag_daemon->dm_plan->p_hosts->len; i++)
        boot(agents, (int)i);
}

gboolean agents_answer(Agents *agents, guint most)
{
    Daemon *d = agents->ag_daemon;
    Record *record;
    gboolean any = agents->ag_records.length > 0;

    while (most-- && (record = g_queue_pop_head(&agents->ag_records))) {
        hosts_record(d->dm_hosts, &record->re_head, &record->re_body, record->re_tail);
        observations_record(d->dm_observations, &record->re_head, &record->re_body,
                            record->re_tail);
        orders_record(d->dm_orders, &record->re_head, &record->re_body, record->re_tail);
        record_free(record);
    }
    return any;
}

gboolean agents_waiting(const Agents *agents)
{
    return agents->ag_records.length > 0;
}
