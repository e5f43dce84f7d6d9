#include "tests/unit/director_world.h"

#include "orchestrator/daemon/director.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/daemon/signer.h"
#include "tests/unit/cunit_main.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

static const char beginning[] =
    "teams:\n"
    "  red: {side: red, estate: attackers}\n"
    "  health: {side: blue, estate: clinic}\n"
    "  lands: {side: blue, estate: clinic}\n"
    "networks: {internet: {cidr: 203.0.113.0/24}}\n"
    "estates:\n"
    "  clinic:\n"
    "    hosts:\n"
    "      web: {image: micro, nics: {internet: auto}, files: [{path: /page, content: "
    "good}]}\n"
    "      referee: {image: micro, owner: white, nics: {internet: auto}}\n"
    "    checks:\n"
    "      web-up: {host: web, tcp: {port: 80}, from: referee, every: 60s}\n"
    "      page: {host: web, file: {path: /page, sha256: original}, every: 60s, weight: "
    "0}\n"
    "  attackers: {hosts: {box: {image: micro, nics: {internet: auto}}}}\n";

/* ---- agents that fail when told to ---- */

static void deliver(int host, const json_t *msg, gpointer data)
{
    World *world = data;
    const char *script = json_string_value(json_object_get(msg, "script"));
    const char *kind = json_string_value(json_object_get(msg, "kind"));
    gint64 key = json_integer_value(json_object_get(msg, "id")) << 8 | host;

    if (world->up && g_strcmp0(kind, "tcp") == 0) {
        g_array_append_val(world->seen, key);
        return;
    }
    if (world->fail && script && strstr(script, "spoil")) {
        world->fail--;
        g_array_append_val(world->failed, key);
        return;
    }
    world->deliver(host, msg, world->deliver_data);
}

static void answer(World *world, const GArray *keys, HubRecordType type)
{
    for (guint i = 0; i < keys->len; i++) {
        gint64 key = g_array_index(keys, gint64, i);
        struct hub_head head = {.rc_type = type, .rc_host = key & 0xff};
        struct hub_result result = {.id = (uint64_t)(key >> 8), .exit = 7};
        struct hub_check check = {.id = (uint64_t)(key >> 8), .status = CHECK_UP};
        orders_record(world->d.dm_orders, &head,
                      type == HUB_CHECK ? (void *)&check : (void *)&result, "");
    }
}

static gboolean answer_kept(World *world)
{
    g_autoptr(GArray) failed = world->failed;
    g_autoptr(GArray) seen = world->seen;

    world->failed = g_array_new(FALSE, FALSE, sizeof(gint64));
    world->seen = g_array_new(FALSE, FALSE, sizeof(gint64));
    answer(world, failed, HUB_RESULT);
    answer(world, seen, HUB_CHECK);
    return failed->len + seen->len > 0;
}

/* ---- life ---- */

void world_settle(World *world)
{
    Daemon *d = &world->d;
    gboolean more = TRUE;

    for (guint i = 0; more && i < 10000; i++) {
        gint64 seq = journal_seq(d->dm_journal);
        gboolean answered = agents_answer(world->agents, G_MAXUINT);
        answered = answer_kept(world) || answered;
        daemon_barrier(d);
        director_pump(d->dm_director);
        daemon_barrier(d);
        more = answered || agents_waiting(world->agents) || world->failed->len ||
               world->seen->len || journal_seq(d->dm_journal) != seq;
    }
    CU_ASSERT_FALSE(more);
}

void world_to(World *world, gint64 clock_us)
{
    Daemon *d = &world->d;
    gint64 next;

    world_settle(world);
    while (d->dm_state == DRILL_RUNNING && (next = director_next(d->dm_director)) >= 0 &&
           next <= clock_us) {
        clock_leap(&d->dm_clock, next);
        world_settle(world);
    }
    if (d->dm_state == DRILL_RUNNING)
        clock_leap(&d->dm_clock, clock_us);
}

static Plan *load(const char *drill, const char *scope, const char *extra)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    g_autofree char *text = g_strconcat(
        "parry: 1\ndrill: {name: world, start: 2026-11-13T09:00, duration: 10h", drill,
        "}\nscope: {authorised-by: Control, safety-officer: Officer, allow: [T1491]",
        scope, "}\n", beginning, extra, NULL);
    Plan *plan = plan_load_bytes("world.yaml", "/", text, strlen(text),
                                 "7d444840-9dc0-51d1-b245-5ffdce74fad2", diags);

    g_autofree char *findings = parry_diags_text(diags, FALSE);

    if (!plan)
        fprintf(stderr, "%s", findings);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    CU_ASSERT_EQUAL(plan->p_unbuilt->len, 0);
    return plan;
}

World *world_new(const char *extra, gboolean rehearsal)
{
    return world_new_with("", "", extra, rehearsal);
}

World *world_new_with(const char *drill, const char *scope, const char *extra,
                      gboolean rehearsal)
{
    World *world = g_new0(World, 1);
    Daemon *d = &world->d;
    g_autoptr(GError) error = NULL;

    world->home = g_dir_make_tmp("parry-world-XXXXXX", NULL);
    world->failed = g_array_new(FALSE, FALSE, sizeof(gint64));
    world->seen = g_array_new(FALSE, FALSE, sizeof(gint64));
    d->dm_home = world->home;
    d->dm_dir = g_build_filename(world->home, "drill", NULL);
    g_mkdir(d->dm_dir, 0700);
    d->dm_plan = load(drill, scope, extra);
    d->dm_reason = g_strdup("");
    d->dm_rehearsal = rehearsal;
    d->dm_simulated = TRUE;
    d->dm_clock.ck_leaps_only = TRUE;
    d->dm_base = event_base_new();
    g_queue_init(&d->dm_then);
    d->dm_journal = journal_create(d->dm_dir, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(d->dm_journal);
    CU_ASSERT_TRUE_FATAL(signer_open(d, &error));
    d->dm_ledger = ledger_new(d->dm_plan);
    daemon_modules_new(d);
    world->facts = facts_new(d->dm_plan);
    world->agents = agents_new(d, world->facts);
    world->deliver = d->dm_deliver;
    world->deliver_data = d->dm_deliver_data;
    d->dm_deliver = deliver;
    d->dm_deliver_data = world;
    daemon_set_state(d, DRILL_PROVISIONING, "test", "");
    agents_boot(world->agents);
    world_settle(world);
    daemon_set_state(d, DRILL_READY, "test", "");
    daemon_set_state(d, DRILL_RUNNING, "test", "");
    if (!rehearsal)
        world_settle(world);
    return world;
}

static void one_end_each(World *world)
{
    const Plan *plan = world->d.dm_plan;

    for (guint i = 0; i < plan->p_injects->len; i++) {
        const char *id = plan_inject(plan, (int)i)->in_id;
        CU_ASSERT_EQUAL(world_count(world, "inject.ended/1", id), 1);
        CU_ASSERT_TRUE(ledger_inject(world->d.dm_ledger, (int)i)->lj_state >=
                       INJECT_SUCCEEDED);
    }
}

static void remove_tree(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *below = g_build_filename(path, name, NULL);
        remove_tree(below);
    }
    g_remove(path);
}

void world_free(World *world)
{
    Daemon *d = &world->d;

    if (d->dm_state == DRILL_RUNNING)
        director_end(d->dm_director, "test", "over");
    world_settle(world);
    CU_ASSERT_TRUE(d->dm_state == DRILL_JUDGING || d->dm_state == DRILL_PROVISIONAL);
    one_end_each(world);
    daemon_modules_free(d);
    agents_free(world->agents);
    facts_free(world->facts);
    signer_close(d);
    ledger_free(d->dm_ledger);
    journal_close(d->dm_journal);
    plan_free(d->dm_plan);
    event_base_free(d->dm_base);
    remove_tree(world->home);
    g_array_unref(world->failed);
    g_array_unref(world->seen);
    g_free(d->dm_dir);
    g_free(d->dm_reason);
    g_free(world->home);
    g_free(world);
}

/* ---- what happens ---- */

void world_round(World *world, CheckStatus status)
{
    Daemon *d = &world->d;
    JournalCheckRow row = {plan_check_index(d->dm_plan, "health/web-up"), status, 1000,
                           ""};

    daemon_event_checks(d, -1,
                        json_pack("{s:I, s:i, s:b}", "at", (json_int_t)daemon_now(d),
                                  "stands_for", 1, "thinned", 0),
                        &row, 1);
    world_settle(world);
}

guint world_say(World *world, InjectsWord word, const char *inject, const char *team)
{
    g_autoptr(GError) error = NULL;
    guint count = injects_word(world->d.dm_injects, word, inject,
                               team ? plan_team_index(world->d.dm_plan, team) : -1,
                               "white", "controller", "because", &error);

    CU_ASSERT_EQUAL(count == 0, error != NULL);
    world_settle(world);
    return count;
}

/* ---- what there is ---- */

static const LedgerInject *inject_of(World *world, const char *id)
{
    int index = plan_inject_index(world->d.dm_plan, id);

    CU_ASSERT_TRUE_FATAL(index >= 0);
    return ledger_inject(world->d.dm_ledger, index);
}

const char *world_state(World *world, const char *inject)
{
    return inject_state_name(inject_of(world, inject)->lj_state);
}

gint64 world_executed(World *world, const char *inject)
{
    return inject_of(world, inject)->lj_exec_us;
}

typedef struct {
    const char *kind, *inject, *member;
    guint count;
    char *text;
} Search;

static gboolean search_event(const JournalEvent *event, gpointer data)
{
    Search *search = data;
    const char *named = json_string_value(json_object_get(event->ev_body, "inject"));
    const json_t *value;

    if (strcmp(event->ev_kind, search->kind) != 0 ||
        (search->inject && g_strcmp0(named, search->inject) != 0))
        return TRUE;
    search->count++;
    value = search->member ? json_object_get(event->ev_body, search->member) : NULL;
    g_free(search->text);
    search->text =
        json_is_integer(value)
            ? g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value))
            : g_strdup(json_is_string(value) ? json_string_value(value) : "");
    return TRUE;
}

guint world_count(World *world, const char *kind, const char *inject)
{
    Search search = {kind, inject, NULL, 0, NULL};

    CU_ASSERT_TRUE(journal_each(world->d.dm_journal, 0, 0, search_event, &search, NULL));
    g_free(search.text);
    return search.count;
}

char *world_body(World *world, const char *kind, const char *inject, const char *member)
{
    Search search = {kind, inject, member, 0, NULL};

    journal_each(world->d.dm_journal, 0, 0, search_event, &search, NULL);
    return search.text ? search.text : g_strdup("");
}
