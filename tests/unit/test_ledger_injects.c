/*
 * Injects in the ledger: what never began, attempts, several expectations of one kind,
 * windows.
 */
#include "scoreboard/ledger.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/score_fixture.h"

#include <string.h>

static PlanExpect *add_expect(Plan *plan, int inject, PlanExpectKind kind, gint64 points,
                              gint64 within)
{
    PlanExpect *expect = g_new0(PlanExpect, 1);

    expect->ex_kind = kind;
    expect->ex_points = points * 1000;
    expect->ex_within_us = within;
    expect->ex_check = -1;
    g_ptr_array_add(plan_inject(plan, inject)->in_expect, expect);
    return expect;
}

static gint64 injects_sum(World *world, gint64 *possible)
{
    const GPtrArray *lines = ledger_lines(world->ledger, TEAM_HEALTH);
    gint64 sum = 0;

    *possible = 0;
    for (guint i = 0; i < lines->len; i++) {
        const LedgerLine *line = lines->pdata[i];
        if (strcmp(line->li_category, "injects") == 0) {
            sum += line->li_points;
            *possible += line->li_possible;
        }
    }
    return sum;
}

static void settle(World *world, gint64 wanted, int inject, const char *kind,
                   const char *expect, int index, gint64 points, gint64 after_us)
{
    const PlanInject *plan = plan_inject(world->plan, inject);
    json_t *body =
        json_pack("{s:s, s:s, s:I, s:I}", "inject", plan->in_id, "expect", expect,
                  "points", (json_int_t)points * 1000, "after_us", (json_int_t)after_us);

    if (index >= 0)
        json_object_set_new(body, "index", json_integer(index));
    feed(&world->feed, kind, "health", "health/web", wanted, body);
}

static void end_unbegun(World *world, int inject, const char *state)
{
    feed(&world->feed, "inject.ended/1", "health", "health/web", 0,
         json_pack("{s:s, s:s, s:s}", "inject", plan_inject(world->plan, inject)->in_id,
                   "state", state, "reason", "so"));
}

/* Held, expired, cancelled, not run: shown to white, worth nothing, told to nobody. */
static void what_never_began_counts_for_nothing(void)
{
    static const char *const states[] = {"expired", "cancelled", "not-run"};
    World world = world_of(fixture_plan());
    gint64 total = ledger_standing(world.ledger, TEAM_HEALTH)->ls_total;

    for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
        int inject = INJECT_DEFACE + (int)i;
        feed(&world.feed, "inject.held/1", "health", "", 0,
             json_pack("{s:s, s:s}", "inject", plan_inject(world.plan, inject)->in_id,
                       "why", "approval"));
        CU_ASSERT_STRING_EQUAL(
            inject_state_name(ledger_inject(world.ledger, inject)->lj_state), "held");
        end_unbegun(&world, inject, states[i]);
        CU_ASSERT_STRING_EQUAL(
            inject_state_name(ledger_inject(world.ledger, inject)->lj_state), states[i]);
    }
    feed(&world.feed, "drill.state/1", "", "", 0,
         json_pack("{s:s, s:s, s:s}", "from", "running", "to", "ended", "reason", ""));
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_FALSE(ledger_disclosed(world.ledger, INJECT_DEFACE + i, LEDGER_ROOM));
        CU_ASSERT_FALSE(ledger_disclosed(world.ledger, INJECT_DEFACE + i, TEAM_HEALTH));
        CU_ASSERT_TRUE(ledger_disclosed(world.ledger, INJECT_DEFACE + i, LEDGER_WHITE));
    }
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_total, total);
    CU_ASSERT_EQUAL(ledger_lines(world.ledger, TEAM_HEALTH)->len, 0);
    world_clear(&world);
}

/* Where an attempt failed by the platform's fault, times run from the one that worked. */
static void times_count_from_the_attempt_that_worked(void)
{
    World world = world_of(fixture_plan());
    const char *id = plan_inject(world.plan, INJECT_DEFACE)->in_id;
    gint64 wanted = feed(&world.feed, "inject.wanted/1", "health", "health/web", 0,
                         json_pack("{s:s}", "inject", id));

    for (int attempt = 1; attempt <= 3; attempt++) {
        world.feed.fx_clock = attempt * HOUR;
        json_t *body =
            json_pack("{s:s, s:I}", "inject", id, "at", (json_int_t)world.feed.fx_clock);
        if (attempt > 1)
            json_object_set_new(body, "attempt", json_integer(attempt));
        feed(&world.feed, "inject.executed/1", "health", "health/web", wanted, body);
        CU_ASSERT_EQUAL(ledger_inject(world.ledger, INJECT_DEFACE)->lj_exec_us,
                        attempt * HOUR);
    }
    CU_ASSERT_EQUAL(ledger_window_us(world.ledger, INJECT_DEFACE),
                    3 * HOUR + 20 * MIN_US);
    world_clear(&world);
}

/* Of deface the fixture asks detect (0), contain (1) and prevent (2). */
static void several_of_a_kind_count_each_for_itself(void)
{
    Plan *plan = fixture_plan();

    add_expect(plan, INJECT_DEFACE, EXPECT_CONTAIN, 30, 2 * HOUR);   /* 3 */
    add_expect(plan, INJECT_DEFACE, EXPECT_ERADICATE, 40, 3 * HOUR); /* 4 */
    add_expect(plan, INJECT_DEFACE, EXPECT_RECOVER, 50, 3 * HOUR);   /* 5 */
    World world = world_of(plan);
    gint64 wanted = feed_attack(&world.feed, INJECT_DEFACE), possible;

    settle(&world, wanted, INJECT_DEFACE, "expect.missed/1", "contain", 1, 0, 0);
    CU_ASSERT_EQUAL(injects_sum(&world, &possible), 0);
    CU_ASSERT_EQUAL(possible, 150000);
    settle(&world, wanted, INJECT_DEFACE, "expect.met/1", "contain", 3, 30, HOUR);
    CU_ASSERT_EQUAL(injects_sum(&world, &possible), 30000);
    CU_ASSERT_EQUAL(possible, 180000);
    /* Not contained as long as one of them is not. */
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_contained, 0);
    CU_ASSERT_EQUAL(ledger_inject(world.ledger, INJECT_DEFACE)->lj_contain_us, -1);
    settle(&world, wanted, INJECT_DEFACE, "expect.met/1", "eradicate", 4, 40, 2 * HOUR);
    settle(&world, wanted, INJECT_DEFACE, "expect.met/1", "recover", 5, 50, 90 * MIN_US);
    CU_ASSERT_EQUAL(injects_sum(&world, &possible), 120000);
    CU_ASSERT_EQUAL(ledger_inject(world.ledger, INJECT_DEFACE)->lj_eradicate_us,
                    2 * HOUR);
    CU_ASSERT_EQUAL(ledger_inject(world.ledger, INJECT_DEFACE)->lj_recover_us,
                    90 * MIN_US);
    /* An index that is no such expectation settles nothing. */
    settle(&world, wanted, INJECT_DEFACE, "expect.met/1", "contain", 5, 999, 0);
    settle(&world, wanted, INJECT_DEFACE, "expect.met/1", "contain", 99, 999, 0);
    CU_ASSERT_EQUAL(injects_sum(&world, &possible), 120000);
    world_clear(&world);
}

/* A reset of the host: what was open there is neither missed nor possible, what was
 * settled stays. */
static void void_is_neither_missed_nor_possible(void)
{
    Plan *plan = fixture_plan();

    add_expect(plan, INJECT_DEFACE, EXPECT_CONTAIN, 30, 2 * HOUR);   /* 3 */
    add_expect(plan, INJECT_DEFACE, EXPECT_ERADICATE, 40, 3 * HOUR); /* 4 */
    World world = world_of(plan);
    gint64 wanted = feed_attack(&world.feed, INJECT_DEFACE), possible;

    settle(&world, wanted, INJECT_DEFACE, "expect.met/1", "contain", 3, 30, HOUR);
    settle(&world, wanted, INJECT_DEFACE, "expect.voided/1", "contain", 1, 0, 0);
    settle(&world, wanted, INJECT_DEFACE, "expect.voided/1", "contain", 3, 0, 0);
    settle(&world, wanted, INJECT_DEFACE, "expect.voided/1", "eradicate", 4, 0, 0);
    settle(&world, wanted, INJECT_DEFACE, "expect.missed/1", "eradicate", 4, 0, 0);
    settle(&world, wanted, INJECT_DEFACE, "expect.met/1", "contain", 1, 150, HOUR);
    CU_ASSERT_EQUAL(injects_sum(&world, &possible), 30000);
    CU_ASSERT_EQUAL(possible, 30000);
    /* Their windows close: only detection, which was not void, is missed. */
    world.feed.fx_clock += 12 * HOUR;
    feed(&world.feed, "clock.paused/1", NULL, NULL, 0, json_object());
    CU_ASSERT_EQUAL(injects_sum(&world, &possible), 30000);
    CU_ASSERT_EQUAL(possible, 130000);
    world_clear(&world);
}

/* Handling is the share of what was to be put right and was: 2 of 3, so 66 per cent. With
 * detection and analysis in full: (25·100 + 15·100 + 20·66) / 60. */
static void handling_is_a_share(void)
{
    Plan *plan = fixture_plan();

    add_expect(plan, INJECT_DEFACE, EXPECT_ERADICATE, 40, 3 * HOUR);
    add_expect(plan, INJECT_DEFACE, EXPECT_RECOVER, 50, 3 * HOUR);
    World world = world_of(plan);
    gint64 wanted = feed_attack(&world.feed, INJECT_DEFACE);
    const GPtrArray *lines;
    gboolean found = FALSE;

    feed_report(&world.feed, INJECT_DEFACE, "index.html");
    settle(&world, wanted, INJECT_DEFACE, "expect.met/1", "contain", 1, 150, 0);
    settle(&world, wanted, INJECT_DEFACE, "expect.met/1", "recover", 4, 50, 0);
    settle(&world, wanted, INJECT_DEFACE, "expect.missed/1", "eradicate", 3, 0, 0);
    lines = ledger_lines(world.ledger, TEAM_HEALTH);
    for (guint i = 0; i < lines->len; i++) {
        const LedgerLine *line = lines->pdata[i];
        if (strcmp(line->li_part, "response") == 0) {
            found = TRUE;
            CU_ASSERT_EQUAL(line->li_points, 10000000 * (gint64)5320 / 6000);
        }
    }
    CU_ASSERT_TRUE(found);
    world_clear(&world);
}

static void prevention_stands_for_all_that_was_to_earn(void)
{
    Plan *plan = fixture_plan();
    gint64 possible;

    add_expect(plan, INJECT_GUESS, EXPECT_ERADICATE, 40, 3 * HOUR);
    add_expect(plan, INJECT_GUESS, EXPECT_RECOVER, 50, 3 * HOUR);
    World world = world_of(plan);
    feed_blocked(&world.feed, INJECT_GUESS);
    CU_ASSERT_EQUAL(injects_sum(&world, &possible), 340000); /* 100 + 150 + 40 + 50 */
    CU_ASSERT_EQUAL(possible, 340000);
    world_clear(&world);
}

static void add_window(Plan *plan, gint64 from, gint64 until)
{
    PlanWindow *window = g_new0(PlanWindow, 1);

    window->wi_name = g_strdup("night");
    window->wi_from_us = from;
    window->wi_until_us = until;
    g_ptr_array_add(plan->p_windows, window);
}

/* The night counts for nobody: no round in it, no part of an outage, no time of a
 * deadline or an embargo. */
static void windows_stop_the_count(void)
{
    Plan *plan = fixture_plan();

    add_window(plan, 2 * HOUR, 10 * HOUR);
    World world = world_of(plan);
    const LedgerCheck *web = ledger_check(world.ledger, CHECK_WEB);

    world.feed.fx_clock = 2 * HOUR - 10 * MIN_US;
    feed_attack(&world.feed, INJECT_DEFACE);
    feed_round(&world.feed, TEAM_HEALTH, CHECK_UP, CHECK_UP);
    world.feed.fx_clock = 2 * HOUR - MIN_US;
    feed_round(&world.feed, TEAM_HEALTH, CHECK_DOWN, CHECK_UP);
    feed_rounds(&world.feed, TEAM_HEALTH, 2 * HOUR + 5 * MIN_US, CHECK_DOWN, CHECK_UP);
    world.feed.fx_clock = 9 * HOUR;
    feed_round(&world.feed, TEAM_HEALTH, CHECK_DOWN, CHECK_UP);
    CU_ASSERT_EQUAL(web->lc_checked, 3);
    CU_ASSERT_EQUAL(web->lc_down_us, MIN_US);
    CU_ASSERT_FALSE(ledger_disclosed(world.ledger, INJECT_DEFACE, LEDGER_ROOM));
    CU_ASSERT_FALSE(ledger_inject(world.ledger, INJECT_DEFACE)->lj_detect_missed);
    world.feed.fx_clock = 10 * HOUR + 4 * MIN_US;
    feed_round(&world.feed, TEAM_HEALTH, CHECK_UP, CHECK_UP);
    CU_ASSERT_EQUAL(web->lc_checked, 4);
    CU_ASSERT_EQUAL(web->lc_longest_us, 5 * MIN_US);
    CU_ASSERT_FALSE(ledger_inject(world.ledger, INJECT_DEFACE)->lj_detect_missed);
    /* 20 minutes from 1:50: ten before the night, ten after it. */
    CU_ASSERT_EQUAL(ledger_window_us(world.ledger, INJECT_DEFACE),
                    10 * HOUR + 10 * MIN_US);
    world.feed.fx_clock = 10 * HOUR + 11 * MIN_US;
    feed_round(&world.feed, TEAM_HEALTH, CHECK_UP, CHECK_UP);
    CU_ASSERT_TRUE(ledger_inject(world.ledger, INJECT_DEFACE)->lj_detect_missed);
    CU_ASSERT_TRUE(ledger_disclosed(world.ledger, INJECT_DEFACE, LEDGER_ROOM));
    world_clear(&world);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"what never began counts for nothing", what_never_began_counts_for_nothing},
        {"times count from the attempt that worked",
         times_count_from_the_attempt_that_worked},
        {"several of a kind count each", several_of_a_kind_count_each_for_itself},
        {"void is neither missed nor possible", void_is_neither_missed_nor_possible},
        {"handling is a share", handling_is_a_share},
        {"prevention stands for all", prevention_stands_for_all_that_was_to_earn},
        {"windows stop the count", windows_stop_the_count},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("ledger_injects", tests);
}
