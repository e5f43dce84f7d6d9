/*
 * The ledger under rules that a scenario sets: what a breach takes, what false reports
 * cost, when an attack is told, windows and brackets.
 */
#include "scoreboard/ledger.h"
#include "scoreboard/profile_hk.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/score_fixture.h"

static gint64 damage(World *world)
{
    return ledger_standing(world->ledger, TEAM_HEALTH)->ls_damage;
}

static void later(World *world, gint64 clock_us)
{
    world->feed.fx_clock = clock_us;
    feed(&world->feed, "note/1", "", "", 0, json_pack("{s: s}", "text", "later"));
}

static void a_breach_takes_what_the_scenario_says(void)
{
    World world = world_new();
    PlanScoring *rules = &world.plan->p_scoring;

    rules->ps_bases[plan_target_kind_index("target-system")] = 4000;
    rules->ps_repeat[1] = 25;
    rules->ps_repeats = 2;
    feed_attack(&world.feed, INJECT_DEFACE);
    CU_ASSERT_EQUAL(damage(&world), 4000000);
    feed_attack(&world.feed, INJECT_AGAIN);
    CU_ASSERT_EQUAL(damage(&world), 5000000);
    CU_ASSERT_EQUAL(hk_repeat(rules, 3), 0);
    world_clear(&world);
}

static void false_reports_cost_what_the_scenario_says(void)
{
    World world = world_new();

    world.plan->p_scoring.ps_false_free = 1;
    world.plan->p_scoring.ps_false_cost = 30;
    for (int i = 1; i <= 6; i++) {
        gint64 report = feed(&world.feed, "report.submitted/1", "health", "health/web", 0,
                             json_pack("{s: s}", "indicator", "nothing"));
        feed(&world.feed, "report.unmatched/1", "health", "health/web", report,
             json_object());
        /* Never more than there is. */
        CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_protection,
                        8000000 - 80000 * MIN(30 * (i - 1), 100));
    }
    world_clear(&world);
}

static void an_attack_is_told_when_the_scenario_says(void)
{
    World world = world_new();

    world.plan->p_scoring.ps_disclose_us = 8 * HOUR;
    feed_attack(&world.feed, INJECT_DEFACE);
    later(&world, 7 * HOUR);
    CU_ASSERT_FALSE(ledger_disclosed(world.ledger, INJECT_DEFACE, LEDGER_ROOM));
    later(&world, 10 * HOUR);
    CU_ASSERT_TRUE(ledger_disclosed(world.ledger, INJECT_DEFACE, LEDGER_ROOM));
    world.plan->p_scoring.ps_disclose_us = SCORING_AT_END;
    CU_ASSERT_FALSE(ledger_disclosed(world.ledger, INJECT_DEFACE, LEDGER_ROOM));
    feed(&world.feed, "drill.state/1", "", "", 0, json_pack("{s: s}", "to", "ended"));
    CU_ASSERT_TRUE(ledger_disclosed(world.ledger, INJECT_DEFACE, LEDGER_ROOM));
    world_clear(&world);
}

static void an_attack_may_say_itself_when_it_is_told(void)
{
    World world = world_new();

    plan_inject(world.plan, INJECT_DEFACE)->in_disclose_us = SCORING_AT_END;
    feed_attack(&world.feed, INJECT_DEFACE);
    feed_attack(&world.feed, INJECT_GUESS);
    later(&world, 20 * HOUR);
    CU_ASSERT_FALSE(ledger_disclosed(world.ledger, INJECT_DEFACE, LEDGER_ROOM));
    CU_ASSERT_TRUE(ledger_disclosed(world.ledger, INJECT_GUESS, LEDGER_ROOM));
    world_clear(&world);
}

/* What it says of disclosure never shortens the time in which a report counts. */
static void telling_never_comes_before_the_report_window_closes(void)
{
    World world = world_new();
    gint64 window;

    world.plan->p_scoring.ps_disclose_us = G_USEC_PER_SEC;
    feed_attack(&world.feed, INJECT_DEFACE);
    window = ledger_window_us(world.ledger, INJECT_DEFACE);
    CU_ASSERT_TRUE(window > world.feed.fx_clock + MIN_US);
    later(&world, window);
    CU_ASSERT_FALSE(ledger_disclosed(world.ledger, INJECT_DEFACE, LEDGER_ROOM));
    later(&world, window + 1);
    CU_ASSERT_TRUE(ledger_disclosed(world.ledger, INJECT_DEFACE, LEDGER_ROOM));
    world_clear(&world);
}

static void nothing_scores_in_a_window(void)
{
    World world = world_new();
    PlanWindow *window = g_new0(PlanWindow, 1);

    *window = (PlanWindow){g_strdup("lunch"), 0, 2 * HOUR, WINDOW_QUIET};
    g_ptr_array_add(world.plan->p_windows, window);
    feed_round(&world.feed, TEAM_HEALTH, CHECK_DOWN, CHECK_DOWN);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_availability,
                    10000000);
    world.feed.fx_clock = 2 * HOUR;
    feed_round(&world.feed, TEAM_HEALTH, CHECK_DOWN, CHECK_DOWN);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_availability, 0);
    world_clear(&world);
}

static void brackets_are_ranked_apart(void)
{
    World world = world_new();

    plan_team(world.plan, TEAM_HEALTH)->pt_bracket = g_strdup("open");
    plan_team(world.plan, TEAM_LANDS)->pt_bracket = g_strdup("students");
    feed_round(&world.feed, TEAM_HEALTH, CHECK_UP, CHECK_DOWN);
    feed_round(&world.feed, TEAM_LANDS, CHECK_UP, CHECK_UP);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_rank, 1);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_LANDS)->ls_rank, 1);
    world_clear(&world);
}

/* Rounds of health's web from one minute to another, all DOWN: the outage in minutes. */
static gint64 down_for(World *world, gint64 minutes)
{
    gint64 until = world->feed.fx_clock + minutes * MIN_US;

    feed_rounds(&world->feed, TEAM_HEALTH, until, CHECK_DOWN, CHECK_UP);
    return ledger_check(world->ledger, CHECK_WEB)->lc_down_us / MIN_US;
}

static void what_white_resets_is_no_outage(void)
{
    World world = world_new();
    gint64 first, failed, third;

    feed_rounds(&world.feed, TEAM_HEALTH, 5 * MIN_US, CHECK_UP, CHECK_UP);
    first = feed(&world.feed, "reset.wanted/1", "", "health/web", 0, json_object());
    CU_ASSERT_EQUAL(down_for(&world, 3), 0);
    feed(&world.feed, "reset.done/1", "", "health/web", first, json_object());
    CU_ASSERT_EQUAL(down_for(&world, 3), 2);
    /* Nobody of the team can mend what a reset broke. */
    failed = feed(&world.feed, "reset.wanted/1", "", "health/web", 0, json_object());
    feed(&world.feed, "reset.failed/1", "", "health/web", failed, json_object());
    CU_ASSERT_EQUAL(down_for(&world, 10), 3);
    third = feed(&world.feed, "reset.wanted/1", "", "health/web", 0, json_object());
    feed(&world.feed, "reset.done/1", "", "health/web", third, json_object());
    CU_ASSERT_EQUAL(down_for(&world, 3), 5);
    CU_ASSERT_EQUAL(ledger_check(world.ledger, CHECK_WEB)->lc_checked, 5 + 3 + 3);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_resets, 0);
    world_clear(&world);
}

/* Asked for, it is the team's own doing; red pays for its own too. */
static void who_asks_is_down_and_pays(void)
{
    World world = world_new();
    gint64 asked, wanted;

    feed_rounds(&world.feed, TEAM_HEALTH, 5 * MIN_US, CHECK_UP, CHECK_UP);
    asked = feed(&world.feed, "reset.asked/1", "health", "health/web", 0,
                 json_pack("{s:s, s:i}", "reason", "gone", "cost", 7000));
    wanted = feed(&world.feed, "reset.wanted/1", "", "health/web", 0, json_object());
    feed(&world.feed, "reset.decided/1", "health", "health/web", asked,
         json_pack("{s:s, s:I}", "decision", "approved", "reset", (json_int_t)wanted));
    CU_ASSERT_EQUAL(down_for(&world, 3), 2);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_resets, 7000);
    feed(&world.feed, "reset.failed/1", "", "health/web", wanted, json_object());
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_resets, 0);
    asked = feed(&world.feed, "reset.asked/1", "red", "red/box", 0,
                 json_pack("{s:s, s:i}", "reason", "gone", "cost", 7000));
    feed(&world.feed, "reset.decided/1", "red", "red/box", asked,
         json_pack("{s:s}", "decision", "refused"));
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_RED)->ls_resets, 0);
    world_clear(&world);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a breach takes what the scenario says", a_breach_takes_what_the_scenario_says},
        {"false reports cost what the scenario says",
         false_reports_cost_what_the_scenario_says},
        {"an attack is told when the scenario says",
         an_attack_is_told_when_the_scenario_says},
        {"an attack may say itself when it is told",
         an_attack_may_say_itself_when_it_is_told},
        {"telling never comes before the report window closes",
         telling_never_comes_before_the_report_window_closes},
        {"nothing scores in a window", nothing_scores_in_a_window},
        {"brackets are ranked apart", brackets_are_ranked_apart},
        {"what white resets is no outage", what_white_resets_is_no_outage},
        {"who asks is down and pays", who_asks_is_down_and_pays},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("ledger rules", tests);
}
