/*
 * What a timeline is made of besides its triggers: chains, messages with what comes with
 * them, checks that rest.
 */
#include "tests/unit/cunit_main.h"
#include "tests/unit/director_world.h"

#include "orchestrator/daemon/director.h"

#include <string.h>

#define STEP(name, more)                                                                 \
    "        - {run: 'spoil " name "', cleanup: 'clean " name                            \
    "', effect: {command: {run: 'see " name "'}}" more "}\n"

/* Three steps; whoever reports the first is told so at once. */
#define CHAIN                                                                            \
    "injects:\n"                                                                         \
    "  theft:\n"                                                                         \
    "    at: 1h\n"                                                                       \
    "    for: health\n"                                                                  \
    "    host: web\n"                                                                    \
    "    technique: T1491\n"                                                             \
    "    indicators: [/page]\n"                                                          \
    "    attack:\n"                                                                      \
    "      steps:\n" STEP("one", ", expect: {detect: {within: 5m, points: 10}}")         \
        STEP("two", ", wait: 20m")                                                       \
            STEP("three",                                                                \
                 ", wait: 30m") "    expect: {detect: {within: 1h, points: 20}}\n"       \
                                "  good: {after: {inject: theft, outcome: success},\n"   \
                                "         message: {to: health, subject: S, body: B}}\n" \
                                "  bad: {after: {inject: theft, outcome: failure},\n"    \
                                "        message: {to: health, subject: S, body: B}}\n"

static void steps_follow_and_are_cleared_away_last(void)
{
    World *world = world_new(CHAIN, FALSE);

    world_to(world, HOUR + 10 * MINUTE);
    CU_ASSERT_STRING_EQUAL(world_state(world, "theft.1@health"), "succeeded");
    CU_ASSERT_STRING_EQUAL(world_state(world, "theft.2@health"), "planned");
    world_to(world, HOUR + 40 * MINUTE);
    CU_ASSERT_EQUAL(world_executed(world, "theft.2@health"), HOUR + 20 * MINUTE);
    /* Nobody saw the first in time; but what it left is still needed. */
    CU_ASSERT_EQUAL(world_count(world, "expect.missed/1", "theft.1@health"), 1);
    CU_ASSERT_EQUAL(world_count(world, "effect.gone/1", "theft.1@health"), 0);
    world_to(world, 2 * HOUR);
    CU_ASSERT_EQUAL(world_executed(world, "theft.3@health"), HOUR + 50 * MINUTE);
    CU_ASSERT_STRING_EQUAL(world_state(world, "good@health"), "sent");
    CU_ASSERT_EQUAL(world_count(world, "effect.gone/1", "theft.2@health"), 0);
    world_to(world, 3 * HOUR);
    CU_ASSERT_EQUAL(world_count(world, "effect.gone/1", "theft.1@health"), 1);
    CU_ASSERT_EQUAL(world_count(world, "effect.gone/1", "theft.2@health"), 1);
    CU_ASSERT_EQUAL(world_count(world, "effect.gone/1", "theft.3@health"), 1);
    CU_ASSERT_STRING_EQUAL(world_state(world, "bad@health"), "planned");
    world_free(world);
}

static void a_chain_that_breaks_is_over(void)
{
    World *world = world_new(CHAIN, FALSE);

    world_to(world, HOUR + 10 * MINUTE);
    world->fail = 1;
    world_to(world, HOUR + 30 * MINUTE);
    CU_ASSERT_STRING_EQUAL(world_state(world, "theft.2@health"), "failed");
    CU_ASSERT_STRING_EQUAL(world_state(world, "bad@health"), "sent");
    /* There is no third step that would need what the first two left. */
    CU_ASSERT_EQUAL(world_count(world, "effect.gone/1", "theft.1@health"), 1);
    world_to(world, 4 * HOUR);
    director_end(world->d.dm_director, "test", "over");
    world_settle(world);
    CU_ASSERT_STRING_EQUAL(world_state(world, "theft.3@health"), "not-run");
    CU_ASSERT_STRING_EQUAL(world_state(world, "good@health"), "not-run");
    world_free(world);
}

static void messages_carry_sender_and_files(void)
{
    World *world = world_new(
        "injects:\n"
        "  call: {at: 1h, message: {to: health, from: 'Desk of ${team.id}', channel: "
        "phone,\n"
        "         subject: S, body: B, attachments: [{name: a.txt, content: abc}]}}\n",
        FALSE);
    const Injects *injects = world->d.dm_injects;
    int health = plan_team_index(world->d.dm_plan, "health");
    int lands = plan_team_index(world->d.dm_plan, "lands");

    CU_ASSERT_PTR_NULL(injects_attachment(injects, health, "call", "a.txt"));
    world_to(world, HOUR + MINUTE);
    g_autofree char *sender =
        world_body(world, "message.sent/1", "call@health", "sender");
    g_autofree char *channel =
        world_body(world, "message.sent/1", "call@health", "channel");
    CU_ASSERT_PTR_NOT_NULL(strstr(sender, "Desk of health"));
    CU_ASSERT_PTR_NOT_NULL(strstr(channel, "phone"));
    const PlanAttachment *file = injects_attachment(injects, health, "call", "a.txt");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(g_bytes_get_size(file->at_bytes), 3);
    CU_ASSERT_PTR_NULL(injects_attachment(injects, health, "call", "b.txt"));
    CU_ASSERT_PTR_NULL(injects_attachment(injects, lands, "call", "a.txt"));
    json_t *inbox = injects_inbox(injects, health, "en");
    const json_t *one = json_array_get(inbox, 0);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(one, "channel")), "phone");
    CU_ASSERT_EQUAL(json_array_size(json_object_get(one, "attachments")), 1);
    json_decref(inbox);
    world_free(world);
}

/* Rounds that are recorded before the drill is played out. */
static guint rounds(const char *quiet)
{
    g_autofree char *text = g_strdup_printf(
        "defaults: {check: {quiet: [%s]}}\n"
        "injects: {ask: {at: 5h, message: {to: health, subject: S, body: B}}}\n",
        quiet);
    World *world = world_new(text, TRUE);

    world_to(world, 4 * HOUR);
    guint n = world_count(world, "check.round/1", NULL);
    world_free(world);
    return n;
}

static void quiet_checks_are_not_asked(void)
{
    CU_ASSERT_TRUE(rounds("") > 0);
    CU_ASSERT_EQUAL(rounds("\"00:00-12:00\", \"12:00-24:00\""), 0);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"steps follow, and are cleared away last",
         steps_follow_and_are_cleared_away_last},
        {"a chain that breaks is over", a_chain_that_breaks_is_over},
        {"messages carry sender and files", messages_carry_sender_and_files},
        {"quiet checks are not asked", quiet_checks_are_not_asked},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("director story", tests);
}
