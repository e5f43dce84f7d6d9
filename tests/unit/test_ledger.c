/*
 * The ledger: the formulas of docs/scoring.md, and what is fair.
 */
#include "scoreboard/ledger.h"
#include "scoreboard/profile_hk.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/score_fixture.h"

#include <string.h>

static gint64 total(World *world, int team)
{
    return ledger_standing(world->ledger, team)->ls_total;
}

/* ---- formulas ---- */

static void the_published_vector_holds(void)
{
    HkResponse response = {0, 0};
    HkProtection in = {
        .hp_damage = 1000 * 1000,
        .hp_cap = 37000 * 1000,
        .hp_availability = RATIO_ONE,
        .hp_bonus = 1500 * 1000,
        .hp_bonus_max = 3000 * 1000,
    };

    hk_response_add(&response, 10000, (Ratio){7, 10});
    in.hp_response = hk_response(&response);
    CU_ASSERT_EQUAL(hk_protection(&in), 7691891);
}

static void protection_has_its_zero_and_end_cases(void)
{
    HkProtection in = {0, 37000000, RATIO_ONE, RATIO_ONE, 0, 3000000};

    CU_ASSERT_EQUAL(hk_protection(&in), 8000000);
    in.hp_bonus = 9000000; /* more than there is to win */
    CU_ASSERT_EQUAL(hk_protection(&in), 10000000);
    in.hp_damage = 90000000; /* more than the cap */
    in.hp_bonus = 0;
    CU_ASSERT_EQUAL(hk_protection(&in), 4000000);
    in.hp_response = RATIO_ZERO;
    CU_ASSERT_EQUAL(hk_protection(&in), 0);
    in = (HkProtection){0, 37000000, RATIO_ONE, RATIO_ZERO, 0, 0};
    CU_ASSERT_EQUAL(hk_protection(&in), 0);
    in = (HkProtection){0, 37000000, ratio_make(1, 3), ratio_make(2, 3), 0, 0};
    CU_ASSERT_EQUAL(hk_protection(&in), 3555555); /* rounded down */
}

static void the_sum_of_the_largest_numbers_stays_right(void)
{
    HkResponse response = {0, 0};
    HkProtection in = {1, 37000000, RATIO_ONE, RATIO_ONE, 0, 3000000};

    for (int i = 0; i < 20000; i++) /* as many injects as a scenario may have */
        hk_response_add(&response, 10000, (Ratio){i % 60, 60});
    in.hp_response = hk_response(&response);
    in.hp_availability =
        ratio_make(G_GINT64_CONSTANT(999999999998), G_GINT64_CONSTANT(999999999999));
    CU_ASSERT_TRUE(hk_protection(&in) > 5900000 && hk_protection(&in) < 6000000);
}

static void quality_leaves_ungraded_heads_out(void)
{
    Ratio q = hk_quality(&(HkHeads){100, 0, -1, -1, -1, -1});

    CU_ASSERT_EQUAL(q.num * 40, q.den * 25);
    q = hk_quality(&(HkHeads){100, 100, 0, -1, -1, -1});
    CU_ASSERT_EQUAL(q.num * 60, q.den * 40);
    q = hk_quality(&(HkHeads){70, 70, 70, 70, 70, 70});
    CU_ASSERT_EQUAL(q.num * 10, q.den * 7);
    q = hk_quality(&(HkHeads){-1, -1, -1, -1, -1, -1});
    CU_ASSERT_EQUAL(q.num, 0);
}

static void a_weakness_is_worth_less_each_time(void)
{
    PlanScoring rules = plan_scoring_default();

    CU_ASSERT_EQUAL(hk_repeat(&rules, 1), 100);
    CU_ASSERT_EQUAL(hk_repeat(&rules, 2), 70);
    CU_ASSERT_EQUAL(hk_repeat(&rules, 3), 40);
    CU_ASSERT_EQUAL(hk_repeat(&rules, 4), 0);
    CU_ASSERT_EQUAL(hk_base(&rules, "target-system"), 10000);
    CU_ASSERT_EQUAL(hk_base(&rules, "network-boundary"), 8000);
    CU_ASSERT_EQUAL(hk_base(&rules, NULL), 3000);
    g_free(rules.ps_profile);
}

/* ---- the fold ---- */

static void nothing_happened_is_no_fault(void)
{
    World world = world_new();
    const LedgerStanding *standing = ledger_standing(world.ledger, TEAM_HEALTH);

    CU_ASSERT_EQUAL(standing->ls_protection, 8000000);
    CU_ASSERT_EQUAL(standing->ls_availability, 10000000);
    CU_ASSERT_EQUAL(standing->ls_injects, 10000000);
    CU_ASSERT_EQUAL(standing->ls_total, 9000000);
    CU_ASSERT_EQUAL(standing->ls_rank, 1);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_LANDS)->ls_rank, 1);
    CU_ASSERT_EQUAL(ledger_lines(world.ledger, TEAM_HEALTH)->len, 0);
    world_clear(&world);
}

/* A verified attack on a target system of 100 %: D = 10000. Found, its indicator named
 * and put right: q = 1, R = 1. (4000·27/37 + 4000)·1 = 6918.918. */
static void a_found_attack_costs_its_damage_only(void)
{
    World world = world_new();
    gint64 wanted;

    world.feed.fx_clock = HOUR;
    wanted = feed_attack(&world.feed, INJECT_DEFACE);
    world.feed.fx_clock += 5 * MIN_US;
    feed_report(&world.feed, INJECT_DEFACE, "I saw INDEX.HTML changed");
    feed_expect(&world.feed, wanted, INJECT_DEFACE, "detect", TRUE, 100, 5 * MIN_US);
    feed_expect(&world.feed, wanted, INJECT_DEFACE, "contain", TRUE, 150, 6 * MIN_US);

    const LedgerStanding *standing = ledger_standing(world.ledger, TEAM_HEALTH);
    CU_ASSERT_EQUAL(standing->ls_damage, 10000000);
    CU_ASSERT_EQUAL(standing->ls_protection, 6918918);
    CU_ASSERT_EQUAL(standing->ls_injects, 10000000);
    CU_ASSERT_EQUAL(standing->ls_executed, 1);
    CU_ASSERT_EQUAL(standing->ls_detected, 1);
    CU_ASSERT_EQUAL(standing->ls_contained, 1);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_RED)->ls_taken, 10000000);

    const LedgerInject *inject = ledger_inject(world.ledger, INJECT_DEFACE);
    CU_ASSERT_EQUAL(inject->lj_exec_us, HOUR);
    CU_ASSERT_EQUAL(inject->lj_detect_us, HOUR + 5 * MIN_US);
    CU_ASSERT_EQUAL(inject->lj_contain_us, HOUR + 6 * MIN_US);
    CU_ASSERT_EQUAL(inject->lj_state, INJECT_SUCCEEDED);
    world_clear(&world);
}

/* Found by a report that names nothing right, and never put right: 25 of 60 heads. */
static void a_poor_report_has_a_poor_quality(void)
{
    World world = world_new();
    gint64 wanted = feed_attack(&world.feed, INJECT_DEFACE);

    feed_report(&world.feed, INJECT_DEFACE, "something is odd");
    feed_expect(&world.feed, wanted, INJECT_DEFACE, "contain", FALSE, 0, 0);
    /* 4000·27/37 + 4000·25/60 = 2918.918 + 1666.666 = 4585.585 */
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_protection, 4585585);
    world_clear(&world);
}

static void every_line_names_its_events(void)
{
    World world = world_new();

    feed_drill(&world.feed);
    for (int team = TEAM_RED; team <= TEAM_LANDS; team++) {
        const GPtrArray *lines = ledger_lines(world.ledger, team);
        CU_ASSERT_TRUE(lines->len > 0);
        for (guint i = 0; i < lines->len; i++) {
            const LedgerLine *line = g_ptr_array_index(lines, i);
            CU_ASSERT_TRUE(line->li_refs->len > 0);
            CU_ASSERT_TRUE(*line->li_why != '\0');
            for (guint r = 0; r < line->li_refs->len; r++) {
                gint64 seq = g_array_index(line->li_refs, gint64, r);
                CU_ASSERT_TRUE(seq > 0 && seq <= ledger_seq(world.ledger));
            }
        }
    }
    world_clear(&world);
}

static gint64 line_sum(World *world, int team, const char *category)
{
    const GPtrArray *lines = ledger_lines(world->ledger, team);
    gint64 sum = 0;

    for (guint i = 0; i < lines->len; i++) {
        const LedgerLine *line = g_ptr_array_index(lines, i);
        if (strcmp(line->li_category, category) == 0)
            sum += line->li_points;
    }
    return sum;
}

static void the_director_and_the_ledger_count_once(void)
{
    World world = world_new();
    gint64 wanted = feed_blocked(&world.feed, INJECT_DEFACE);

    CU_ASSERT_EQUAL(line_sum(&world, TEAM_HEALTH, "injects"), 200000);
    feed_expect(&world.feed, wanted, INJECT_DEFACE, "prevent", TRUE, 200, 0);
    CU_ASSERT_EQUAL(line_sum(&world, TEAM_HEALTH, "injects"), 200000);
    feed_expect(&world.feed, wanted, INJECT_DEFACE, "prevent", TRUE, 200, 0);
    CU_ASSERT_EQUAL(line_sum(&world, TEAM_HEALTH, "injects"), 200000);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_prevented, 1);
    world_clear(&world);
}

static void prevention_earns_by_default_what_detect_and_contain_would(void)
{
    World world = world_new();

    feed_blocked(&world.feed,
                 INJECT_GUESS); /* the scenario gives it no prevent of its own */
    CU_ASSERT_EQUAL(line_sum(&world, TEAM_HEALTH, "injects"), 250000);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_injects, 10000000);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_protection, 8000000);
    world_clear(&world);
}

static void what_the_platform_broke_leaves_possible(void)
{
    World world = world_new();
    json_t *body = json_pack("{s: s}", "inject", "guess@health");
    gint64 wanted = feed(&world.feed, "inject.wanted/1", "health", "health/files", 0,
                         json_incref(body));

    json_object_set_new(body, "state", json_string("failed"));
    feed(&world.feed, "inject.ended/1", "health", "health/files", wanted, body);
    world.feed.fx_clock = 30 * HOUR;
    feed(&world.feed, "note/1", "", "", 0, json_pack("{s: s}", "text", "later"));
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_injects, 10000000);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_protection, 8000000);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_executed, 0);
    world_clear(&world);
}

/* A report is matched after its window has run out and after `missed` was said: the
 * report's own time decides. */
static void what_was_earned_stays(void)
{
    World world = world_new();
    gint64 wanted = feed_attack(&world.feed, INJECT_DEFACE), report;

    world.feed.fx_clock = 10 * MIN_US;
    report =
        feed(&world.feed, "report.submitted/1", "health", "health/web", 0,
             json_pack("{s: s, s: s}", "host", "health/web", "indicator", "index.html"));
    world.feed.fx_clock = 2 * HOUR;
    feed_expect(&world.feed, wanted, INJECT_DEFACE, "detect", FALSE, 0, 0);
    CU_ASSERT_EQUAL(line_sum(&world, TEAM_HEALTH, "injects"), 0);
    feed(&world.feed, "report.matched/1", "health", "health/web", report,
         json_pack("{s: s}", "inject", "deface@health"));
    feed_expect(&world.feed, wanted, INJECT_DEFACE, "detect", TRUE, 100, 10 * MIN_US);
    CU_ASSERT_EQUAL(line_sum(&world, TEAM_HEALTH, "injects"), 100000);
    CU_ASSERT_EQUAL(ledger_inject(world.ledger, INJECT_DEFACE)->lj_detect_us,
                    10 * MIN_US);
    /* and what came late takes nothing away */
    feed_expect(&world.feed, wanted, INJECT_DEFACE, "detect", FALSE, 0, 0);
    CU_ASSERT_EQUAL(line_sum(&world, TEAM_HEALTH, "injects"), 100000);
    world_clear(&world);
}

static void a_report_after_disclosure_detects_nothing(void)
{
    World world = world_new();

    feed_attack(&world.feed, INJECT_DEFACE);
    world.feed.fx_clock = 21 * MIN_US;
    feed_report(&world.feed, INJECT_DEFACE, "index.html");
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_detected, 0);
    CU_ASSERT_EQUAL(ledger_inject(world.ledger, INJECT_DEFACE)->lj_detect_us, -1);
    /* it is not a false report either */
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_unmatched, 0);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_matched, 1);
    world_clear(&world);
}

static void five_false_reports_are_free(void)
{
    World world = world_new();
    gint64 report;

    for (int i = 1; i <= 8; i++) {
        report = feed(&world.feed, "report.submitted/1", "health", "health/web", 0,
                      json_pack("{s: s}", "indicator", "nothing"));
        feed(&world.feed, "report.unmatched/1", "health", "health/web", report,
             json_object());
        CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_protection,
                        8000000 - 80000 * MAX(0, i - 5));
    }
    CU_ASSERT_EQUAL(line_sum(&world, TEAM_HEALTH, "protection"), -240000);
    world_clear(&world);
}

static void the_same_weakness_wears_out_and_the_cap_holds(void)
{
    World world = world_new();

    world.plan->p_scoring.ps_cap = 15000;
    feed_attack(&world.feed, INJECT_DEFACE);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_damage, 10000000);
    feed_attack(&world.feed, INJECT_AGAIN); /* 7000, of which the cap leaves 5000 */
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_damage, 15000000);
    feed_attack(&world.feed, INJECT_GUESS);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_damage, 15000000);
    /* another blue: its own cap */
    feed_attack(&world.feed, FIXTURE_INJECTS + INJECT_AGAIN);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_LANDS)->ls_damage, 10000000);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_RED)->ls_taken, 25000000);
    world_clear(&world);
}

/* A step that has no target takes nothing; that nobody noticed it counts all the same. */
static void a_step_without_a_target_takes_nothing(void)
{
    World world = world_new();

    feed_attack(&world.feed, INJECT_GUESS);
    world.feed.fx_clock = 5 * HOUR;
    feed(&world.feed, "note/1", "", "", 0, json_pack("{s: s}", "text", "later"));
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_damage, 0);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_protection, 4000000);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_RED)->ls_taken, 0);
    world_clear(&world);
}

/* ---- checks ---- */

static void availability_weighs_and_leaves_unchecked_out(void)
{
    World world = world_new();

    feed_round(&world.feed, TEAM_HEALTH, CHECK_UP, CHECK_DOWN); /* 3 of 4 */
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_availability, 7500000);
    world.feed.fx_clock = MIN_US;
    feed_round(&world.feed, TEAM_HEALTH, CHECK_UNCHECKED, CHECK_UP); /* 4 of 5 */
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_availability, 8000000);
    world.feed.fx_clock = 2 * MIN_US;
    feed_round(&world.feed, TEAM_HEALTH, CHECK_RECOVERING,
               CHECK_UNCHECKED); /* 5.5 of 8 */
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_availability, 6875000);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_LANDS)->ls_availability, 10000000);
    world_clear(&world);
}

static void a_thinned_round_stands_for_many_and_a_demand_round_for_none(void)
{
    World world = world_new();
    JournalCheckRow row = {CHECK_SSH, CHECK_DOWN, 1, ""};
    json_t *body =
        json_pack("{s: i, s: i, s: b}", "at", 0, "stands_for", 9, "thinned", 1);
    JournalEvent event = {.ev_seq = 1,
                          .ev_kind = "check.round/1",
                          .ev_team = "health",
                          .ev_host = "",
                          .ev_body = body};

    ledger_apply(world.ledger, &event, &row, 1);
    row.cr_status = CHECK_UP;
    event.ev_seq = 2;
    json_object_set_new(body, "stands_for", json_integer(1));
    ledger_apply(world.ledger, &event, &row, 1);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_availability, 1000000);
    json_object_set_new(body, "stands_for", json_integer(0));
    event.ev_seq = 3;
    ledger_apply(world.ledger, &event, &row, 1);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_availability, 1000000);
    json_decref(body);
    world_clear(&world);
}

static void outages_are_measured(void)
{
    World world = world_new();

    feed_rounds(&world.feed, TEAM_HEALTH, 5 * MIN_US, CHECK_UP, CHECK_UP);
    feed_rounds(&world.feed, TEAM_HEALTH, 8 * MIN_US, CHECK_DOWN, CHECK_UP);
    feed_rounds(&world.feed, TEAM_HEALTH, 9 * MIN_US, CHECK_UP, CHECK_UP);
    feed_rounds(&world.feed, TEAM_HEALTH, 10 * MIN_US, CHECK_CORRUPT, CHECK_UP);
    feed_rounds(&world.feed, TEAM_HEALTH, 12 * MIN_US, CHECK_UP, CHECK_UP);
    const LedgerCheck *check = ledger_check(world.ledger, CHECK_WEB);
    CU_ASSERT_EQUAL(check->lc_down_us, 4 * MIN_US);
    CU_ASSERT_EQUAL(check->lc_longest_us, 3 * MIN_US);
    CU_ASSERT_EQUAL(check->lc_status, CHECK_UP);
    CU_ASSERT_EQUAL(check->lc_since_us, 10 * MIN_US);
    CU_ASSERT_EQUAL(check->lc_checked, 12);
    CU_ASSERT_EQUAL(check->lc_up, 8);
    world_clear(&world);
}

/* The last round of a leap stands for hours in which nobody looked again. */
static void an_outage_at_the_end_lasts_to_the_end(void)
{
    World world = world_new();

    feed_round(&world.feed, TEAM_HEALTH, CHECK_UP, CHECK_UP);
    world.feed.fx_clock = MIN_US;
    JournalCheckRow row = {CHECK_SSH, CHECK_DOWN, 1, ""};
    json_t *body = json_pack("{s: I, s: i, s: b}", "at", (json_int_t)MIN_US, "stands_for",
                             100, "thinned", 1);
    JournalEvent event = {.ev_seq = 2,
                          .ev_clock_us = MIN_US,
                          .ev_kind = "check.round/1",
                          .ev_team = "health",
                          .ev_host = "",
                          .ev_body = body};

    ledger_apply(world.ledger, &event, &row, 1);
    json_decref(body);
    world.feed.fx_seq = 2;
    world.feed.fx_clock = 31 * MIN_US;
    feed(&world.feed, "drill.state/1", "", "", 0, json_pack("{s: s}", "to", "ended"));
    CU_ASSERT_EQUAL(ledger_check(world.ledger, CHECK_SSH)->lc_longest_us, 30 * MIN_US);
    CU_ASSERT_EQUAL(ledger_check(world.ledger, CHECK_WEB)->lc_longest_us, 0);
    feed(&world.feed, "drill.state/1", "", "", 0, json_pack("{s: s}", "to", "ended"));
    CU_ASSERT_EQUAL(ledger_check(world.ledger, CHECK_SSH)->lc_longest_us, 30 * MIN_US);
    world_clear(&world);
}

static void a_phase_that_does_not_score_leaves_no_points(void)
{
    World world = world_new();
    PlanPhase *phase = g_new0(PlanPhase, 1);

    *phase = (PlanPhase){.pz_name = g_strdup("familiarise"),
                         .pz_until_us = 2 * HOUR,
                         .pz_red_locked = TRUE};
    g_ptr_array_add(world.plan->p_phases, phase);
    feed_round(&world.feed, TEAM_HEALTH, CHECK_DOWN, CHECK_DOWN);
    feed_attack(&world.feed, INJECT_DEFACE);
    world.feed.fx_clock = 5 * HOUR;
    feed(&world.feed, "note/1", "", "", 0, json_pack("{s: s}", "text", "later"));
    CU_ASSERT_EQUAL(total(&world, TEAM_HEALTH), 9000000);
    world_clear(&world);
}

/* ---- fairness ---- */

/* Down all the time, with every attack coming to nothing, against one unreported breach
 * of the costliest kind and nothing else. */
static void come_to_nothing(World *world, int index, gboolean failed)
{
    const PlanInject *inject = plan_inject(world->plan, index);
    json_t *body = json_pack("{s: s, s: s}", "inject", inject->in_id, "state", "failed");
    gint64 wanted;

    if (!failed) {
        json_decref(body);
        feed_blocked(&world->feed, index);
        return;
    }
    wanted = feed(&world->feed, "inject.wanted/1",
                  plan_team(world->plan, inject->in_team)->pt_id, "", 0,
                  json_pack("{s: s}", "inject", inject->in_id));
    feed(&world->feed, "inject.ended/1", "", "", wanted, body);
}

static void unplugging_never_pays_with(int protection, int availability, int injects,
                                       gboolean failed)
{
    World world = world_new();
    int lands = FIXTURE_INJECTS;

    world.plan->p_scoring.ps_protection = protection;
    world.plan->p_scoring.ps_availability = availability;
    world.plan->p_scoring.ps_injects = injects;
    for (int minute = 0; minute < 24 * 60; minute++) {
        world.feed.fx_clock = minute * MIN_US;
        feed_round(&world.feed, TEAM_HEALTH, CHECK_DOWN, CHECK_DOWN);
        feed_round(&world.feed, TEAM_LANDS, CHECK_UP, CHECK_UP);
        if (minute == 60) {
            come_to_nothing(&world, INJECT_DEFACE, failed);
            feed_attack(&world.feed, lands + INJECT_DEFACE);
        }
        if (minute == 600) {
            come_to_nothing(&world, INJECT_AGAIN, failed);
            feed_blocked(&world.feed, lands + INJECT_AGAIN);
        }
    }
    CU_ASSERT_TRUE(total(&world, TEAM_HEALTH) < total(&world, TEAM_LANDS));
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_rank, 2);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_prevented, 0);
    world_clear(&world);
}

static void unplugging_never_pays(void)
{
    unplugging_never_pays_with(50, 30, 20, FALSE);
    unplugging_never_pays_with(50, 30, 20, TRUE);
    unplugging_never_pays_with(70, 10, 20, FALSE);
    unplugging_never_pays_with(70, 10, 20, TRUE);
    unplugging_never_pays_with(20, 20, 60, FALSE);
    unplugging_never_pays_with(20, 20, 60, TRUE);
    unplugging_never_pays_with(10, 80, 10, FALSE);
    unplugging_never_pays_with(10, 80, 10, TRUE);
}

static gint64 total_after(gboolean report, gboolean contain, gboolean block)
{
    World world = world_new();
    gint64 wanted, sum;

    feed_round(&world.feed, TEAM_HEALTH, CHECK_UP, CHECK_UP);
    if (block) {
        feed_blocked(&world.feed, INJECT_DEFACE);
    } else {
        wanted = feed_attack(&world.feed, INJECT_DEFACE);
        world.feed.fx_clock = 5 * MIN_US;
        if (report)
            feed_report(&world.feed, INJECT_DEFACE, "index.html");
        feed_expect(&world.feed, wanted, INJECT_DEFACE, "detect", report, 100,
                    5 * MIN_US);
        feed_expect(&world.feed, wanted, INJECT_DEFACE, "contain", contain, 150,
                    5 * MIN_US);
    }
    world.feed.fx_clock = 5 * HOUR;
    feed(&world.feed, "note/1", "", "", 0, json_pack("{s: s}", "text", "later"));
    sum = total(&world, TEAM_HEALTH);
    world_clear(&world);
    return sum;
}

static void doing_more_is_never_worth_less(void)
{
    CU_ASSERT_TRUE(total_after(FALSE, FALSE, FALSE) < total_after(TRUE, FALSE, FALSE));
    CU_ASSERT_TRUE(total_after(FALSE, FALSE, FALSE) < total_after(FALSE, TRUE, FALSE));
    CU_ASSERT_TRUE(total_after(TRUE, FALSE, FALSE) < total_after(TRUE, TRUE, FALSE));
    CU_ASSERT_TRUE(total_after(TRUE, TRUE, FALSE) < total_after(FALSE, FALSE, TRUE));
}

static void ranks_are_shared_and_by_side(void)
{
    World world = world_new();

    feed_round(&world.feed, TEAM_HEALTH, CHECK_UP, CHECK_DOWN);
    feed_round(&world.feed, TEAM_LANDS, CHECK_UP, CHECK_DOWN);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_rank, 1);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_LANDS)->ls_rank, 1);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_RED)->ls_rank, 1);
    feed_round(&world.feed, TEAM_LANDS, CHECK_UP, CHECK_UP);
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_rank, 2);
    world_clear(&world);
}

/* ---- embargo ---- */

/* Until the window closes an unreported attack changes nothing that its victim or the
 * room can see; white sees it at once. */
static void an_attack_under_embargo_shows_in_no_figure(void)
{
    World world = world_new();
    gint64 wanted;

    feed_round(&world.feed, TEAM_HEALTH, CHECK_UP, CHECK_UP);
    wanted = feed_attack(&world.feed, INJECT_DEFACE);
    CU_ASSERT_EQUAL(ledger_standing_for(world.ledger, TEAM_HEALTH, TEAM_HEALTH)->ls_total,
                    9000000);
    CU_ASSERT_EQUAL(ledger_standing_for(world.ledger, TEAM_HEALTH, LEDGER_ROOM)->ls_total,
                    9000000);
    CU_ASSERT_EQUAL(ledger_standing_for(world.ledger, TEAM_RED, LEDGER_ROOM)->ls_taken,
                    0);
    CU_ASSERT_EQUAL(ledger_standing_for(world.ledger, TEAM_RED, TEAM_HEALTH)->ls_taken,
                    0);
    CU_ASSERT_EQUAL(ledger_standing_for(world.ledger, TEAM_RED, TEAM_RED)->ls_taken,
                    10000000);
    CU_ASSERT_TRUE(total(&world, TEAM_HEALTH) < 9000000);

    world.feed.fx_clock = 5 * MIN_US;
    feed_report(&world.feed, INJECT_DEFACE, "index.html");
    feed_expect(&world.feed, wanted, INJECT_DEFACE, "detect", TRUE, 100, 5 * MIN_US);
    CU_ASSERT_EQUAL(
        ledger_standing_for(world.ledger, TEAM_HEALTH, TEAM_HEALTH)->ls_detected, 1);
    CU_ASSERT_EQUAL(
        ledger_standing_for(world.ledger, TEAM_HEALTH, LEDGER_ROOM)->ls_detected, 0);
    CU_ASSERT_EQUAL(
        ledger_standing_for(world.ledger, TEAM_HEALTH, TEAM_LANDS)->ls_detected, 0);

    world.feed.fx_clock = 20 * MIN_US + 1; /* the detect window of 20 minutes is over */
    feed(&world.feed, "note/1", "", "", 0, json_pack("{s: s}", "text", "tick"));
    CU_ASSERT_EQUAL(
        ledger_standing_for(world.ledger, TEAM_HEALTH, LEDGER_ROOM)->ls_detected, 1);
    CU_ASSERT_EQUAL(ledger_standing_for(world.ledger, TEAM_RED, LEDGER_ROOM)->ls_taken,
                    10000000);
    CU_ASSERT_EQUAL(ledger_standing_for(world.ledger, TEAM_HEALTH, LEDGER_ROOM)->ls_total,
                    total(&world, TEAM_HEALTH));
    world_clear(&world);
}

static void the_end_discloses_what_happened_and_nothing_else(void)
{
    World world = world_new();

    feed_attack(&world.feed, INJECT_DEFACE);
    CU_ASSERT_FALSE(ledger_disclosed(world.ledger, INJECT_DEFACE, LEDGER_ROOM));
    feed(&world.feed, "drill.state/1", "", "", 0,
         json_pack("{s: s, s: s, s: s}", "from", "running", "to", "ended", "reason",
                   "enough"));
    CU_ASSERT_TRUE(ledger_disclosed(world.ledger, INJECT_DEFACE, LEDGER_ROOM));
    CU_ASSERT_FALSE(ledger_disclosed(world.ledger, INJECT_GUESS, LEDGER_ROOM));
    CU_ASSERT_STRING_EQUAL(ledger_state(world.ledger), "ended");
    CU_ASSERT_STRING_EQUAL(ledger_reason(world.ledger), "enough");
    CU_ASSERT_FALSE(ledger_running(world.ledger));
    world_clear(&world);
}

static void corrections_count_and_a_bonus_is_capped(void)
{
    World world = world_new();

    feed(&world.feed, "score.adjusted/1", "health", "", 0,
         json_pack("{s: i, s: s}", "points", -500000, "reason", "left the scope"));
    CU_ASSERT_EQUAL(total(&world, TEAM_HEALTH), 8500000);
    feed(&world.feed, "score.adjusted/1", "health", "", 0,
         json_pack("{s: i, s: s, s: s}", "points", 9000000, "category", "bonus", "reason",
                   "kind"));
    CU_ASSERT_EQUAL(ledger_standing(world.ledger, TEAM_HEALTH)->ls_protection, 10000000);
    world_clear(&world);
}

/* ---- hostile and odd input ---- */

static void odd_events_change_nothing(void)
{
    World world = world_new();
    JournalCheckRow rows[] = {{-1, CHECK_DOWN, 0, ""},
                              {9999, CHECK_DOWN, 0, ""},
                              {CHECK_WEB, 77, 0, ""},
                              {CHECK_WEB, -3, 0, NULL}};
    json_t *body = json_object();
    JournalEvent round = {.ev_seq = 1,
                          .ev_kind = "check.round/1",
                          .ev_team = "",
                          .ev_host = "",
                          .ev_body = body};

    ledger_apply(world.ledger, &round, rows, G_N_ELEMENTS(rows));
    feed(&world.feed, "inject.ended/1", "health", "", 77,
         json_pack("{s: s}", "inject", "nobody@x"));
    feed(&world.feed, "report.matched/1", "health", "", 12,
         json_pack("{s: i}", "inject", 4));
    feed(&world.feed, "report.matched/1", "health", "", 12,
         json_pack("{s: s}", "inject", "deface@health"));
    feed(&world.feed, "expect.met/1", "health", "", 0,
         json_pack("{s: s, s: s, s: I}", "inject", "deface@health", "expect", "bribe",
                   "points", (json_int_t)1 << 60));
    feed(&world.feed, "score.adjusted/1", "nobody", "", 0,
         json_pack("{s: i}", "points", 5));
    CU_ASSERT_EQUAL(total(&world, TEAM_HEALTH), 9000000);
    json_decref(body);
    world_clear(&world);
}

static void points_of_an_event_stay_within_the_plan(void)
{
    World world = world_new();
    gint64 wanted = feed_attack(&world.feed, INJECT_DEFACE);

    feed_expect(&world.feed, wanted, INJECT_DEFACE, "detect", TRUE, 99999, 0);
    CU_ASSERT_EQUAL(line_sum(&world, TEAM_HEALTH, "injects"), 100000);
    world_clear(&world);
}

static void the_fold_is_the_same_every_time(void)
{
    World one = world_new(), two = world_new();

    feed_drill(&one.feed);
    feed_drill(&two.feed);
    for (int team = TEAM_RED; team <= TEAM_LANDS; team++) {
        total(&one, team); /* asking in between must not matter */
        CU_ASSERT_EQUAL(memcmp(ledger_standing(one.ledger, team),
                               ledger_standing(two.ledger, team), sizeof(LedgerStanding)),
                        0);
    }
    CU_ASSERT_TRUE(total(&one, TEAM_HEALTH) > total(&one, TEAM_LANDS));
    world_clear(&one);
    world_clear(&two);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"the published vector holds", the_published_vector_holds},
        {"protection has its zero and end cases", protection_has_its_zero_and_end_cases},
        {"the largest numbers stay right", the_sum_of_the_largest_numbers_stays_right},
        {"quality leaves ungraded heads out", quality_leaves_ungraded_heads_out},
        {"a weakness is worth less each time", a_weakness_is_worth_less_each_time},
        {"nothing happened is no fault", nothing_happened_is_no_fault},
        {"a found attack costs its damage only", a_found_attack_costs_its_damage_only},
        {"a poor report has a poor quality", a_poor_report_has_a_poor_quality},
        {"every line names its events", every_line_names_its_events},
        {"the director and the ledger count once",
         the_director_and_the_ledger_count_once},
        {"prevention earns detect and contain",
         prevention_earns_by_default_what_detect_and_contain_would},
        {"what the platform broke leaves possible",
         what_the_platform_broke_leaves_possible},
        {"what was earned stays", what_was_earned_stays},
        {"a report after disclosure detects nothing",
         a_report_after_disclosure_detects_nothing},
        {"five false reports are free", five_false_reports_are_free},
        {"a weakness wears out, the cap holds",
         the_same_weakness_wears_out_and_the_cap_holds},
        {"a step without a target takes nothing", a_step_without_a_target_takes_nothing},
        {"availability weighs", availability_weighs_and_leaves_unchecked_out},
        {"rounds stand for others",
         a_thinned_round_stands_for_many_and_a_demand_round_for_none},
        {"outages are measured", outages_are_measured},
        {"an outage at the end lasts to the end", an_outage_at_the_end_lasts_to_the_end},
        {"a phase may not score", a_phase_that_does_not_score_leaves_no_points},
        {"unplugging never pays", unplugging_never_pays},
        {"doing more is never worth less", doing_more_is_never_worth_less},
        {"ranks are shared and by side", ranks_are_shared_and_by_side},
        {"embargo shows in no figure", an_attack_under_embargo_shows_in_no_figure},
        {"the end discloses what happened",
         the_end_discloses_what_happened_and_nothing_else},
        {"corrections count", corrections_count_and_a_bonus_is_capped},
        {"odd events change nothing", odd_events_change_nothing},
        {"points stay within the plan", points_of_an_event_stay_within_the_plan},
        {"the fold is the same every time", the_fold_is_the_same_every_time},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("ledger", tests);
}
