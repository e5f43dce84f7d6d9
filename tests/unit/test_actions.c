/*
 * Rows into acts. Most cases are data: what a guest sent, and what a reviewer should read
 * of it.
 */
#include "scenarios/loader.h"
#include "scoreboard/action_rules.h"
#include "scoreboard/actions.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/score_fixture.h"

#include <stdlib.h>
#include <string.h>

#define CASES PARRY_SOURCE_DIR "/tests/unit/data/actions"
#define PAGE PARRY_SOURCE_DIR "/docs/actions.md"
#define BEGIN_MARK "<!-- begin: made from scoreboard/actions.yaml -->\n"
#define END_MARK "<!-- end: made from scoreboard/actions.yaml -->\n"

/* ---- a world with rows ---- */

typedef struct {
    Plan *plan;
    Actions *actions;
    GString *told;       /* a line for each act */
    GHashTable *rules;   /* that told one */
    gint64 t_us, clock_us;
    guint row;
} Watched;

#define T0 (G_GINT64_CONSTANT(1795234463) * SEC)

static Watched watched_new(void)
{
    Watched world = {.plan = fixture_plan(), .t_us = T0, .clock_us = HOUR};

    world.actions = actions_new(world.plan);
    world.told = g_string_new(NULL);
    world.rules = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return world;
}

static void watched_clear(Watched *world)
{
    actions_free(world->actions);
    plan_free(world->plan);
    g_string_free(world->told, TRUE);
    g_hash_table_unref(world->rules);
}

/* "health/alice killed-process: killed process sees (pid 129) [deface@health by object]" */
static void on_act(const Action *action, gpointer data)
{
    Watched *world = data;
    json_t *body = actions_body(world->plan, action);

    g_hash_table_add(world->rules, g_strdup(action->ac_rule));
    g_string_append_printf(world->told, "%s %s: %s",
                           *action->ac_player
                               ? action->ac_player
                               : plan_team(world->plan, action->ac_team)->pt_id,
                           action->ac_action,
                           json_string_value(json_object_get(body, "text")));
    if (action->ac_inject >= 0)
        g_string_append_printf(
            world->told, " [%s by %s]",
            json_string_value(json_object_get(body, "inject")),
            json_string_value(json_object_get(body, "about")));
    g_string_append_c(world->told, '\n');
    CU_ASSERT_TRUE(action->ac_n_refs > 0 && action->ac_n_refs <= ACTION_REFS_MAX);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(body, "evidence")),
                    action->ac_n_refs);
    json_decref(body);
}

static void tell_event(Watched *world, const char *kind, json_t *body)
{
    JournalEvent event = {.ev_seq = 1,
                          .ev_at_us = world->t_us,
                          .ev_clock_us = world->clock_us,
                          .ev_kind = kind,
                          .ev_actor = "parryd",
                          .ev_team = "",
                          .ev_host = "",
                          .ev_body = body};

    actions_event(world->actions, &event);
    json_decref(body);
}

static JournalObservation row_new(const Watched *world)
{
    return (JournalObservation){.ob_host = HOST_WEB,
                                .ob_t_us = world->t_us,
                                .ob_pid = 200,
                                .ob_ppid = 100,
                                .ob_exit = -1,
                                .ob_uid = 0,
                                .ob_auid = 2000000001,
                                .ob_origin = SEEN_BY_PLAYER,
                                .ob_exe = "",
                                .ob_args = "",
                                .ob_cwd = "/root",
                                .ob_path = "",
                                .ob_to = "",
                                .ob_player = "health/alice"};
}

static void see(Watched *world, const JournalObservation *seen)
{
    actions_row(world->actions, 7, world->row++, seen, on_act, world);
}

static void see_exec(Watched *world, const char *args, int pid, int exit)
{
    JournalObservation seen = row_new(world);

    seen.ob_what = SEEN_EXEC;
    seen.ob_act = SEEN_STARTED;
    seen.ob_args = args;
    seen.ob_pid = pid;
    see(world, &seen);
    if (exit < 0)
        return;
    seen.ob_what = SEEN_EXIT;
    seen.ob_act = SEEN_NONE;
    seen.ob_args = "";
    seen.ob_exit = exit;
    see(world, &seen);
}

static void tell_executed(Watched *world, const char *inject)
{
    tell_event(world, "inject.executed/1",
               json_pack("{s: s, s: I}", "inject", inject, "at",
                         (json_int_t)world->clock_us));
}

static void expect_told(Watched *world, const char *wanted)
{
    actions_flush(world->actions, G_MAXINT64, on_act, world);
    if (strcmp(world->told->str, wanted) != 0)
        fprintf(stderr, "\nwanted:\n%s\ntold:\n%s\n", wanted, world->told->str);
    CU_ASSERT_STRING_EQUAL(world->told->str, wanted);
    g_string_truncate(world->told, 0);
}

static void quick(void)
{
    Watched world = watched_new();

    see_exec(&world, "iptables -A INPUT -s 203.0.113.66 -j DROP", 300, 0);
    expect_told(&world, "health/alice blocked-address: blocked 203.0.113.66\n");
    see_exec(&world, "nft 'add rule inet f input ip saddr 1.2.3.4 drop'", 301, 0);
    expect_told(&world, "health/alice blocked-address: blocked 1.2.3.4\n");
    see_exec(&world, "ps aux", 302, 0);
    see_exec(&world, "ss -ltnp", 303, 0);
    expect_told(&world, "health/alice looked-around: looked around: ps, ss\n");
    (void)tell_executed;
    watched_clear(&world);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"quick", quick},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("actions", tests);
}
