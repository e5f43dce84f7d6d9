/*
 * A team that is held out of the drill, the machine's wall clock that is set, a disk that
 * is full: what stands still then, and what goes on.
 */
#include "tests/unit/cunit_main.h"
#include "tests/unit/director_world.h"

#include "orchestrator/daemon/director.h"
#include "orchestrator/daemon/holding.h"
#include "orchestrator/daemon/room.h"
#include "orchestrator/daemon/wall.h"
#include "orchestrator/sim/sim.h"
#include "scoreboard/ledger.h"

#include <string.h>

#define HELD PARRY_SOURCE_DIR "/tests/unit/data/held.yaml"

/* ---- time that does not count ---- */

static Plan *held_plan(void)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    Plan *plan = plan_load(HELD, NULL, diags);

    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    return plan;
}

static void holds_stop_a_teams_clock(void)
{
    g_autoptr(Plan) plan = held_plan();
    int health = plan_team_index(plan, "health"), lands = plan_team_index(plan, "lands");
    Holds *holds = holds_new(plan);

    CU_ASSERT_EQUAL(holds_deadline(holds, plan, health, HOUR, HOUR), 2 * HOUR);
    holds_begin(holds, health, 90 * MINUTE, "no power", 7);
    holds_begin(holds, health, 95 * MINUTE, "again", 8);
    CU_ASSERT_STRING_EQUAL(holds_on(holds, health)->hs_reason, "no power");
    CU_ASSERT_PTR_NULL(holds_on(holds, lands));
    CU_ASSERT_PTR_NULL(holds_on(holds, -1));
    CU_ASSERT_EQUAL(holds_deadline(holds, plan, health, HOUR, HOUR), G_MAXINT64);
    CU_ASSERT_EQUAL(holds_deadline(holds, plan, health, HOUR, 30 * MINUTE), 90 * MINUTE);
    CU_ASSERT_EQUAL(holds_deadline(holds, plan, lands, HOUR, HOUR), 2 * HOUR);
    holds_end(holds, health, 150 * MINUTE, 9);
    CU_ASSERT_EQUAL(holds_deadline(holds, plan, health, HOUR, HOUR), 3 * HOUR);
    CU_ASSERT_EQUAL(holds_within(holds, plan, health, HOUR, 2 * HOUR), 30 * MINUTE);
    CU_ASSERT_EQUAL(holds_within(holds, plan, health, 0, 9 * HOUR), HOUR);
    CU_ASSERT_TRUE(holds_at(holds, health, 2 * HOUR));
    CU_ASSERT_FALSE(holds_at(holds, health, 150 * MINUTE));
    /* A window over its end: what is both counts once. */
    PlanWindow *window = g_new0(PlanWindow, 1);
    window->wi_name = g_strdup("w");
    window->wi_from_us = 2 * HOUR;
    window->wi_until_us = 3 * HOUR;
    g_ptr_array_add(plan->p_windows, window);
    CU_ASSERT_EQUAL(holds_within(holds, plan, health, 0, 9 * HOUR), 90 * MINUTE);
    CU_ASSERT_EQUAL(holds_deadline(holds, plan, health, HOUR, HOUR), 210 * MINUTE);
    CU_ASSERT_EQUAL(holds_deadline(holds, NULL, health, HOUR, HOUR), 3 * HOUR);
    holds_free(holds);
}

/* ---- a whole drill ---- */

static void a_held_team_scores_like_the_others(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *home = g_dir_make_tmp("parry-held-XXXXXX", NULL);
    g_autoptr(Plan) checked = held_plan();
    g_auto(SimResult) result = {0};
    g_autoptr(Drill) drill = drill_create(home, "d", HELD, checked, NULL, TRUE, &error);
    g_autoptr(Plan) plan = drill_plan(drill, &error);

    CU_ASSERT_TRUE_FATAL(sim_run(home, drill, plan, NULL, &result, &error));
    g_autoptr(Journal) journal = journal_open_read(drill->dr_dir, NULL);
    g_autoptr(Ledger) ledger = ledger_read(plan, journal, 0, NULL);
    LedgerStanding health = *ledger_standing(ledger, plan_team_index(plan, "health"));
    LedgerStanding lands = *ledger_standing(ledger, plan_team_index(plan, "lands"));
    CU_ASSERT_TRUE(lands.ls_injects > 0 && lands.ls_detected == 2);
    CU_ASSERT_EQUAL(health.ls_total, lands.ls_total);
    CU_ASSERT_EQUAL(health.ls_injects, lands.ls_injects);
    CU_ASSERT_EQUAL(health.ls_protection, lands.ls_protection);
    CU_ASSERT_EQUAL(health.ls_availability, lands.ls_availability);
    CU_ASSERT_EQUAL(health.ls_detected, lands.ls_detected);
    CU_ASSERT_EQUAL(health.ls_contained, lands.ls_contained);
    /* Its denominators are an hour's rounds smaller. */
    const LedgerCheck *mine =
        ledger_check(ledger, plan_check_index(plan, "health/web-up"));
    const LedgerCheck *theirs =
        ledger_check(ledger, plan_check_index(plan, "lands/web-up"));
    CU_ASSERT_EQUAL(mine->lc_checked, theirs->lc_checked - 60);
    CU_ASSERT_EQUAL(mine->lc_up, mine->lc_checked);
    CU_ASSERT_EQUAL(mine->lc_down_us, 0);
    const LedgerInject *early =
        ledger_inject(ledger, plan_inject_index(plan, "early@health"));
    CU_ASSERT_EQUAL(early->lj_exec_us, HOUR);
    CU_ASSERT_EQUAL(early->lj_detect_us, 160 * MINUTE);
    CU_ASSERT_EQUAL(early->lj_contain_us, 200 * MINUTE);
    CU_ASSERT_EQUAL(
        ledger_inject(ledger, plan_inject_index(plan, "call@health"))->lj_exec_us,
        150 * MINUTE);
    CU_ASSERT_EQUAL(
        ledger_inject(ledger, plan_inject_index(plan, "call@lands"))->lj_exec_us,
        2 * HOUR);
    CU_ASSERT_TRUE(drill_remove_tree(home, NULL));
}

/* ---- word by word ---- */

#define ATTACK                                                                           \
    "injects:\n"                                                                         \
    "  deface:\n"                                                                        \
    "    at: 1h\n"                                                                       \
    "    for: [blue]\n"                                                                  \
    "    by: red\n"                                                                      \
    "    host: web\n"                                                                    \
    "    technique: T1491\n"                                                             \
    "    attack: {run: spoil, cleanup: clean, effect: {command: {run: see}}}\n"          \
    "    expires: 30m\n"                                                                 \
    "    expect: {detect: {within: 1h, points: 10}}\n"                                   \
    "  after: {after: {inject: deface, outcome: success},\n"                             \
    "          message: {to: [blue], subject: S, body: B}}\n"

static int team_of(const World *world, const char *name)
{
    return plan_team_index(world->d.dm_plan, name);
}

static gboolean hold(World *world, const char *team)
{
    gboolean ok = holding_hold(&world->d, team_of(world, team), "white", "no power", NULL,
                               NULL, NULL);

    world_settle(world);
    return ok;
}

static gboolean release(World *world, const char *team)
{
    gboolean ok =
        holding_release(&world->d, team_of(world, team), "white", NULL, NULL, NULL, NULL);

    world_settle(world);
    return ok;
}

static void an_inject_waits_for_its_team(void)
{
    World *world = world_new(ATTACK, FALSE);

    world_to(world, 50 * MINUTE);
    CU_ASSERT_TRUE(hold(world, "health"));
    CU_ASSERT_FALSE(hold(world, "health"));
    CU_ASSERT_FALSE(release(world, "lands"));
    world_to(world, 2 * HOUR);
    CU_ASSERT_STRING_EQUAL(world_state(world, "deface@health"), "held");
    CU_ASSERT_STRING_EQUAL(world_state(world, "deface@lands"), "succeeded");
    CU_ASSERT_EQUAL(world_count(world, "inject.held/1", "deface@health"), 1);
    g_autofree char *why = world_body(world, "inject.held/1", "deface@health", "why");
    CU_ASSERT_STRING_EQUAL(why, "team-held");
    CU_ASSERT_TRUE(release(world, "health")); /* it would have expired by then */
    world_to(world, 2 * HOUR + MINUTE);
    CU_ASSERT_STRING_EQUAL(world_state(world, "deface@health"), "succeeded");
    CU_ASSERT_EQUAL(world_executed(world, "deface@health"), 2 * HOUR);
    CU_ASSERT_STRING_EQUAL(world_state(world, "after@health"), "sent");
    g_autofree char *held = world_body(world, "team.released/1", NULL, "held_us");
    CU_ASSERT_EQUAL(g_ascii_strtoll(held, NULL, 10), 70 * MINUTE);
    world_free(world);
}

static void a_window_closes_so_much_later(void)
{
    World *world = world_new(ATTACK, FALSE);
    Ledger *ledger = world->d.dm_ledger;
    int index = plan_inject_index(world->d.dm_plan, "deface@health");

    world_to(world, 90 * MINUTE);
    CU_ASSERT_EQUAL(ledger_window_us(ledger, index), 2 * HOUR);
    CU_ASSERT_TRUE(hold(world, "health"));
    CU_ASSERT_EQUAL(ledger_window_us(ledger, index), G_MAXINT64);
    world_to(world, 4 * HOUR);
    CU_ASSERT_EQUAL(world_count(world, "expect.missed/1", "deface@health"), 0);
    CU_ASSERT_EQUAL(world_count(world, "expect.missed/1", "deface@lands"), 1);
    CU_ASSERT_FALSE(ledger_disclosed(ledger, index, LEDGER_ROOM));
    CU_ASSERT_TRUE(release(world, "health"));
    CU_ASSERT_EQUAL(ledger_window_us(ledger, index), 4 * HOUR + 30 * MINUTE);
    world_to(world, 4 * HOUR + 29 * MINUTE);
    CU_ASSERT_EQUAL(world_count(world, "expect.missed/1", "deface@health"), 0);
    world_to(world, 4 * HOUR + 31 * MINUTE);
    CU_ASSERT_EQUAL(world_count(world, "expect.missed/1", "deface@health"), 1);
    g_autofree char *after =
        world_body(world, "expect.missed/1", "deface@health", "after_us");
    CU_ASSERT_EQUAL(g_ascii_strtoll(after, NULL, 10), HOUR);
    world_free(world);
}

/* Under way when its victim is held: what comes of it then says nothing of a defence. */
static void an_attack_under_way_is_tried_again(void)
{
    World *world = world_new(ATTACK, FALSE);
    Daemon *d = &world->d;

    world_to(world, HOUR - SEC);
    world->fail = 1; /* of the two teams' the first: health's */
    clock_leap(&d->dm_clock, HOUR);
    for (int i = 0; i < 50 && !world->failed->len; i++) {
        agents_answer(world->agents, G_MAXUINT);
        daemon_barrier(d);
        director_pump(d->dm_director);
        daemon_barrier(d);
    }
    CU_ASSERT_EQUAL_FATAL(world->failed->len, 1);
    CU_ASSERT_TRUE(hold(world, "health")); /* and now its script fails */
    CU_ASSERT_EQUAL(world_count(world, "inject.retry/1", "deface@health"), 1);
    CU_ASSERT_EQUAL(world_count(world, "inject.ended/1", "deface@health"), 0);
    world_to(world, 3 * HOUR);
    CU_ASSERT_EQUAL(world_count(world, "inject.ended/1", "deface@health"), 0);
    CU_ASSERT_TRUE(release(world, "health"));
    world_to(world, 3 * HOUR + 2 * MINUTE);
    CU_ASSERT_STRING_EQUAL(world_state(world, "deface@health"), "succeeded");
    CU_ASSERT_TRUE(world_executed(world, "deface@health") >= 3 * HOUR);
    world_free(world);
}

static void the_end_releases(void)
{
    World *world = world_new(ATTACK, FALSE);

    world_to(world, 90 * MINUTE);
    CU_ASSERT_TRUE(hold(world, "health"));
    CU_ASSERT_TRUE(hold(world, "red"));
    world_to(world, 10 * HOUR);
    world_settle(world);
    CU_ASSERT_EQUAL(world->d.dm_state, DRILL_JUDGING);
    CU_ASSERT_EQUAL(world_count(world, "team.released/1", NULL), 2);
    CU_ASSERT_PTR_NULL(holding_team(&world->d, team_of(world, "health")));
    CU_ASSERT_FALSE(hold(world, "health"));
    /* What it could not do for being held it did not miss before, and does now. */
    CU_ASSERT_EQUAL(world_count(world, "expect.missed/1", "deface@health"), 1);
    world_free(world);
}

static void attacks_wait_for_a_held_red_team(void)
{
    World *world = world_new(ATTACK, FALSE);

    CU_ASSERT_TRUE(hold(world, "red"));
    world_to(world, 80 * MINUTE);
    CU_ASSERT_STRING_EQUAL(world_state(world, "deface@health"), "held");
    CU_ASSERT_STRING_EQUAL(world_state(world, "deface@lands"), "held");
    CU_ASSERT_TRUE(release(world, "red"));
    CU_ASSERT_STRING_EQUAL(world_state(world, "deface@lands"), "succeeded");
    world_free(world);
}

/* Also while the whole drill is paused, and over its end. */
static void a_hold_outlives_a_pause(void)
{
    World *world = world_new(ATTACK, FALSE);
    Daemon *d = &world->d;

    world_to(world, HOUR / 2);
    CU_ASSERT_TRUE(hold(world, "health"));
    daemon_set_state(d, DRILL_PAUSED, "white", "a storm");
    world_settle(world);
    int web = plan_host_index(d->dm_plan, "health/web");
    int other = plan_host_index(d->dm_plan, "lands/web");
    g_autofree char *paused = holding_words(d, other);
    CU_ASSERT_STRING_EQUAL(paused, "paused: a storm");
    CU_ASSERT_TRUE(hold(world, "lands"));
    CU_ASSERT_TRUE(release(world, "lands"));
    daemon_set_state(d, DRILL_RUNNING, "white", "resumed");
    world_settle(world);
    g_autofree char *held = holding_words(d, web);
    CU_ASSERT_STRING_EQUAL(held, "team health is held: no power");
    CU_ASSERT_PTR_NULL(holding_words(d, other));
    CU_ASSERT_TRUE(holding_host(d, web));
    world_to(world, 2 * HOUR);
    CU_ASSERT_STRING_EQUAL(world_state(world, "deface@health"), "held");
    world_free(world);
}

/* ---- the wall clock ---- */

static void a_wall_clock_that_is_set_moves_nothing(void)
{
    World *world = world_new(ATTACK, FALSE);
    Daemon *d = &world->d;
    Wall *wall = wall_new(d);
    gint64 utc = g_get_real_time(), boot = clock_boottime_us();

    world_to(world, 30 * MINUTE);
    gint64 next = director_next(d->dm_director);
    wall_look(wall, utc + SEC, boot + SEC); /* nothing but a second */
    wall_look(wall, utc + 2 * SEC + 1000, boot + 2 * SEC);
    world_settle(world);
    CU_ASSERT_EQUAL(world_count(world, "clock.jumped/1", NULL), 0);
    wall_look(wall, utc + 5 * HOUR, boot + 3 * SEC);
    world_settle(world);
    CU_ASSERT_EQUAL(world_count(world, "clock.jumped/1", NULL), 1);
    g_autofree char *by = world_body(world, "clock.jumped/1", NULL, "by_us");
    CU_ASSERT_TRUE(ABS(g_ascii_strtoll(by, NULL, 10) - (5 * HOUR - 3 * SEC)) < SEC);
    CU_ASSERT_EQUAL(director_next(d->dm_director), next);
    CU_ASSERT_EQUAL(daemon_now(d), 30 * MINUTE);
    CU_ASSERT_STRING_EQUAL(world_state(world, "deface@health"), "planned");
    wall_look(wall, utc + 4 * SEC, boot + 4 * SEC); /* and back */
    wall_look(wall, utc + 5 * SEC, boot + 5 * SEC);
    world_settle(world);
    CU_ASSERT_EQUAL(world_count(world, "clock.jumped/1", NULL), 2);
    CU_ASSERT_EQUAL(daemon_now(d), 30 * MINUTE);
    wall_was(d, g_get_real_time() + HOUR, clock_boottime_us());
    world_settle(world);
    CU_ASSERT_EQUAL(world_count(world, "clock.jumped/1", NULL), 3);
    wall_free(wall);
    world_free(world);
}

/* ---- room ---- */

static void no_room_pauses_and_room_resumes(void)
{
    World *world = world_new(ATTACK, FALSE);
    Daemon *d = &world->d;
    g_autofree char *reserve = g_build_filename(d->dm_dir, "journal.reserve", NULL);

    if (room_free_at(d->dm_dir) < 64 * ROOM_RESERVE) {
        world_free(world);
        return;
    }
    d->dm_room = room_new(d);
    CU_ASSERT_TRUE(g_file_test(reserve, G_FILE_TEST_EXISTS));
    CU_ASSERT_TRUE(room_spend(d));
    CU_ASSERT_FALSE(g_file_test(reserve, G_FILE_TEST_EXISTS));
    CU_ASSERT_FALSE(room_spend(d)); /* there is no second one */
    daemon_set_state(d, DRILL_PAUSED, "parryd", "no room for the journal: 0 MiB");
    world_settle(world);
    room_look(d->dm_room);
    world_settle(world);
    CU_ASSERT_EQUAL(d->dm_state, DRILL_RUNNING);
    CU_ASSERT_TRUE(g_file_test(reserve, G_FILE_TEST_EXISTS));
    daemon_set_state(d, DRILL_PAUSED, "white", "lunch"); /* not its business */
    world_settle(world);
    room_look(d->dm_room);
    CU_ASSERT_EQUAL(d->dm_state, DRILL_PAUSED);
    daemon_set_state(d, DRILL_RUNNING, "white", "resumed");
    room_free(g_steal_pointer(&d->dm_room));
    world_free(world);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"holds stop a team's clock", holds_stop_a_teams_clock},
        {"a held team scores like the others", a_held_team_scores_like_the_others},
        {"an inject waits for its team", an_inject_waits_for_its_team},
        {"a window closes so much later", a_window_closes_so_much_later},
        {"an attack under way is tried again", an_attack_under_way_is_tried_again},
        {"the end releases", the_end_releases},
        {"attacks wait for a held red team", attacks_wait_for_a_held_red_team},
        {"a hold outlives a pause", a_hold_outlives_a_pause},
        {"a wall clock that is set moves nothing",
         a_wall_clock_that_is_set_moves_nothing},
        {"no room pauses, and room resumes", no_room_pauses_and_room_resumes},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("holding", tests);
}
