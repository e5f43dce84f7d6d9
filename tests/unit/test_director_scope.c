/*
 * What a scenario holds a drill to while it runs: stop conditions, and the window of the
 * scope.
 */
#include "orchestrator/daemon/director.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/director_world.h"

#include <string.h>

#define MESSAGE "injects:\n  brief: {at: 9h, message: {to: blue, subject: S, body: B}}\n"

static gboolean reason_is(World *world, const char *text)
{
    g_autofree char *is = world_body(world, "drill.state/1", NULL, "reason");

    return strcmp(is, text) == 0;
}

static void a_service_that_stays_down_ends_the_drill(void)
{
    World *world = world_new_with(", stop: [{when: {check: web-up, state: down, lasts: "
                                  "30m}, for: [health], action: "
                                  "end, reason: Nothing is left to defend}]",
                                  "", MESSAGE, FALSE);

    world_to(world, HOUR);
    world_round(world, CHECK_DOWN);
    world_to(world, HOUR + 20 * MINUTE);
    world_round(world, CHECK_UP); /* it came back: the time begins anew */
    world_to(world, 2 * HOUR);
    CU_ASSERT_EQUAL(world->d.dm_state, DRILL_RUNNING);
    world_round(world, CHECK_DOWN);
    world_to(world, 2 * HOUR + 29 * MINUTE);
    CU_ASSERT_EQUAL(world->d.dm_state, DRILL_RUNNING);
    world_to(world, 2 * HOUR + 31 * MINUTE);
    CU_ASSERT_TRUE(world->d.dm_state > DRILL_RUNNING);
    CU_ASSERT_EQUAL(world_count(world, "stop.met/1", NULL), 1);
    world_free(world);
}

static void a_pause_waits_for_white_and_comes_once(void)
{
    World *world =
        world_new_with(", stop: [{when: {check: web-up, state: down}, for: [health], "
                       "reason: {en: Look, zh-Hant: 請看}}]",
                       "", MESSAGE, FALSE);

    world_to(world, HOUR);
    world_round(world, CHECK_DOWN);
    world_settle(world);
    CU_ASSERT_EQUAL(world->d.dm_state, DRILL_PAUSED);
    CU_ASSERT_TRUE(reason_is(world, "Look"));
    daemon_set_state(&world->d, DRILL_RUNNING, "test", "on");
    world_settle(world);
    world_round(world, CHECK_UP);
    world_round(world, CHECK_DOWN);
    world_to(world, 2 * HOUR);
    CU_ASSERT_EQUAL(world->d.dm_state, DRILL_RUNNING);
    CU_ASSERT_EQUAL(world_count(world, "stop.met/1", NULL), 1);
    world_free(world);
}

static void all_its_teams_must_agree(void)
{
    World *world =
        world_new_with(", stop: [{when: {check: web-up, state: down}, action: end}]", "",
                       MESSAGE, FALSE);

    world_to(world, HOUR);
    world_round(world, CHECK_DOWN); /* health's; that of lands is up */
    world_to(world, 2 * HOUR);
    CU_ASSERT_EQUAL(world->d.dm_state, DRILL_RUNNING);
    CU_ASSERT_EQUAL(world_count(world, "stop.met/1", NULL), 0);
    world_free(world);
}

static void a_conditional_metric_is_earned_once_a_team(void)
{
    World *world = world_new(
        "objectives:\n"
        "  metrics: {back: {kind: conditional, max-score: 5, condition: {check: web-up, "
        "state: down, lasts: 10m}}}\n"
        "  evaluations: {all: {metrics: back}}\n"
        "  training-objectives: {go: {evaluation: all}}\n"
        "  goals: {good: {training-objectives: go}}\n" MESSAGE,
        FALSE);

    world_to(world, HOUR);
    world_round(world, CHECK_DOWN);
    world_to(world, HOUR + 9 * MINUTE);
    CU_ASSERT_EQUAL(world_count(world, "metric.met/1", NULL), 0);
    world_to(world, HOUR + 11 * MINUTE);
    CU_ASSERT_EQUAL(world_count(world, "metric.met/1", NULL), 1); /* health's alone */
    world_round(world, CHECK_UP);
    world_round(world, CHECK_DOWN);
    world_to(world, 3 * HOUR);
    CU_ASSERT_EQUAL(world_count(world, "metric.met/1", NULL), 1);
    world_free(world);
}

#define ATTACK                                                                           \
    "injects:\n  go: {manual: true, for: health, host: web, technique: T1491, attack: "  \
    "{run: 'spoil', effect: {command: {run: 'see'}}}%s}\n"

static World *attack_world(const char *scope, const char *more)
{
    g_autofree char *extra = g_strdup_printf(ATTACK, more);

    return world_new_with("", scope, extra, FALSE);
}

static void an_attack_waits_for_the_scope(void)
{
    World *world = attack_world(", window: \"12:00-14:00\"", "");

    world_to(world, HOUR);
    CU_ASSERT_EQUAL(world_say(world, WORD_FIRE, "go", "health"), 1);
    world_to(world, 2 * HOUR);
    CU_ASSERT_EQUAL(world_executed(world, "go@health"), -1);
    g_autofree char *why = world_body(world, "inject.held/1", "go@health", "why");
    CU_ASSERT_STRING_EQUAL(why, "scope");
    world_to(world, 4 * HOUR);
    CU_ASSERT_EQUAL(world_executed(world, "go@health"), 3 * HOUR);
    CU_ASSERT_STRING_EQUAL(world_state(world, "go@health"), "succeeded");
    world_free(world);
}

static void past_its_window_the_scope_lets_none_begin(void)
{
    World *world = attack_world(", window: \"10:00-11:00\"", "");

    world_to(world, 3 * HOUR);
    CU_ASSERT_EQUAL(world_say(world, WORD_FIRE, "go", "health"), 1);
    world_to(world, 9 * HOUR);
    CU_ASSERT_EQUAL(world_executed(world, "go@health"), -1);
    director_end(world->d.dm_director, "test", "over");
    world_settle(world);
    CU_ASSERT_STRING_EQUAL(world_state(world, "go@health"), "not-run");
    g_autofree char *why = world_body(world, "inject.ended/1", "go@health", "reason");
    CU_ASSERT_STRING_EQUAL(why, "the scope let no attack begin");
    world_free(world);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a service that stays down ends the drill",
         a_service_that_stays_down_ends_the_drill},
        {"a pause waits for white and comes once",
         a_pause_waits_for_white_and_comes_once},
        {"all its teams must agree", all_its_teams_must_agree},
        {"a conditional metric is earned once a team",
         a_conditional_metric_is_earned_once_a_team},
        {"an attack waits for the scope", an_attack_waits_for_the_scope},
        {"past its window the scope lets none begin",
         past_its_window_the_scope_lets_none_begin},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("director scope", tests);
}
