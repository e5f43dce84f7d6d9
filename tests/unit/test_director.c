/*
 * What makes an inject begin, what keeps it waiting, and how it ends: the director's
 * engines in a whole drill without guests.
 */
#include "orchestrator/daemon/director.h"
#include "scenarios/plan_windows.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/director_world.h"

#include <stdio.h>
#include <string.h>

/* An attack on health's web server; `more` is its trigger and whatever else. */
#define ATTACK(name, more, expect)                                                       \
    "  " name ": {" more ", for: health, host: web, technique: T1491, attack: {run: "    \
    "'spoil " name "', effect: {command: {run: 'see " name "'}}}, expect: {" expect      \
    "}, indicators: [/page], playbook: {detect: 'find " name "', contain: 'mend " name   \
    "'}}\n"
#define MESSAGE(name, more, body)                                                        \
    "  " name ": {" more ", message: {subject: S, body: B, " body "}}\n"

static gboolean is_state(World *world, const char *inject, const char *state)
{
    const char *is = world_state(world, inject);

    if (strcmp(is, state) != 0)
        fprintf(stderr, "%s is %s, not %s\n", inject, is, state);
    return strcmp(is, state) == 0;
}

static gboolean says(World *world, const char *kind, const char *inject,
                     const char *member, const char *text)
{
    g_autofree char *is = world_body(world, kind, inject, member);

    gboolean found = is && strstr(is, text);

    if (!found)
        fprintf(stderr, "%s of %s: %s is \"%s\", not \"%s\"\n", kind,
                inject ? inject : "the drill", member, is ? is : "not there", text);
    return found;
}

/* ---- triggers ---- */

static void after_success_and_failure(void)
{
    World *world = world_new(
        "injects:\n" ATTACK("first", "at: 1h", "")
            ATTACK("then", "after: {inject: first, outcome: success, delay: 10m}", "")
                MESSAGE("else", "after: {inject: first, outcome: failure}", "to: health")
                    MESSAGE("last", "after: then, delay: 5m", "to: health"),
        FALSE);

    world_to(world, HOUR);
    CU_ASSERT_TRUE(is_state(world, "first@health", "succeeded"));
    CU_ASSERT_TRUE(is_state(world, "then@health", "planned"));
    world_to(world, HOUR + 11 * MINUTE);
    CU_ASSERT_TRUE(is_state(world, "then@health", "succeeded"));
    CU_ASSERT_EQUAL(world_executed(world, "then@health"), HOUR + 10 * MINUTE);
    CU_ASSERT_TRUE(says(world, "inject.due/1", "then@health", "trigger", "after"));
    world_to(world, 9 * HOUR);
    CU_ASSERT_EQUAL(world_executed(world, "last@health"), HOUR + 15 * MINUTE);
    director_end(world->d.dm_director, "test", "over");
    world_settle(world);
    CU_ASSERT_TRUE(is_state(world, "else@health", "not-run"));
    CU_ASSERT_TRUE(
        says(world, "inject.ended/1", "else@health", "reason", "did not fail"));
    world_free(world);
}

static void an_answer_is_a_success(void)
{
    World *world = world_new(
        "injects:\n" MESSAGE("ask", "at: 1h", "to: blue, answer-within: 1h")
            MESSAGE("good", "after: {inject: ask, outcome: success}", "to: blue")
                MESSAGE("bad", "after: {inject: ask, outcome: failure}", "to: blue"),
        FALSE);
    int ask = plan_inject_index(world->d.dm_plan, "ask@health");

    world_to(world, HOUR + 10 * MINUTE);
    CU_ASSERT_TRUE(is_state(world, "good@health", "planned"));
    injects_answer(world->d.dm_injects, "health/health",
                   plan_team_index(world->d.dm_plan, "health"), ask, "Here.");
    world_to(world, 3 * HOUR);
    CU_ASSERT_TRUE(is_state(world, "good@health", "sent"));
    CU_ASSERT_TRUE(is_state(world, "bad@health", "planned"));
    CU_ASSERT_TRUE(is_state(world, "good@lands", "planned"));
    CU_ASSERT_TRUE(is_state(world, "bad@lands", "sent"));
    CU_ASSERT_EQUAL(world_executed(world, "bad@lands"), 2 * HOUR);
    world_free(world);
}

/* So long without a break: what comes back begins anew. */
static void when_a_check_is_down(void)
{
    World *world = world_new(
        "injects:\n" MESSAGE("call", "when: {check: web-up, state: down, lasts: 5m}",
                             "to: health")
            MESSAGE("now", "when: {check: web-up, state: down}", "to: health"),
        FALSE);

    for (gint64 at = 0; at <= 12 * MINUTE; at += MINUTE) {
        world_to(world, at);
        world_round(world, at == 0 || at == 4 * MINUTE ? CHECK_UP : CHECK_DOWN);
    }
    CU_ASSERT_EQUAL(world_executed(world, "now@health"), MINUTE);
    CU_ASSERT_EQUAL(world_executed(world, "call@health"), 10 * MINUTE);
    CU_ASSERT_TRUE(says(world, "inject.due/1", "call@health", "trigger", "when"));
    world_free(world);
}

static void when_all_any_none(void)
{
    World *world = world_new(
        "injects:\n" ATTACK("deface", "at: 1h", "detect: {within: 2h, points: 100}")
            MESSAGE("all", "when: {all: [{inject: deface}, {report: deface}]}",
                    "to: health")
                MESSAGE("any",
                        "when: {any: [{check: web-up, state: down}, {inject: deface}]}",
                        "to: health")
                    MESSAGE("none",
                            "when: {all: [{inject: deface}, {none: [{report: deface}]}]}",
                            "to: health")
                        MESSAGE("low", "when: {score: {below: 8000}}", "to: health")
                            MESSAGE("high", "when: {score: {above: 9999}}", "to: health"),
        FALSE);
    int matched;

    world_to(world, HOUR + MINUTE);
    CU_ASSERT_TRUE(is_state(world, "all@health", "planned"));
    CU_ASSERT_EQUAL(world_executed(world, "any@health"), HOUR);
    CU_ASSERT_EQUAL(world_executed(world, "none@health"), HOUR);
    CU_ASSERT_TRUE(is_state(world, "low@health", "planned"));
    injects_report(
        world->d.dm_injects, "health/health", plan_team_index(world->d.dm_plan, "health"),
        plan_host_index(world->d.dm_plan, "health/web"), HOUR, "/page", NULL, &matched);
    CU_ASSERT_TRUE(matched >= 0);
    world_to(world, HOUR + 2 * MINUTE);
    CU_ASSERT_EQUAL(world_executed(world, "all@health"), HOUR + MINUTE);
    world_round(world, CHECK_DOWN); /* availability 0: what is left is below 8000 */
    CU_ASSERT_TRUE(is_state(world, "low@health", "sent"));
    CU_ASSERT_TRUE(is_state(world, "high@health", "planned"));
    world_free(world);
}

/* ---- white's word ---- */

static void manual_is_fired_once(void)
{
    World *world = world_new("injects:\n" MESSAGE("ring", "manual: true", "to: blue")
                                 MESSAGE("never", "manual: true", "to: health")
                                     MESSAGE("timed", "at: 9h", "to: health"),
                             FALSE);
    json_t *waiting;

    world_to(world, HOUR);
    waiting = injects_waiting(world->d.dm_injects);
    CU_ASSERT_EQUAL(json_array_size(waiting), 3);
    json_decref(waiting);
    CU_ASSERT_EQUAL(world_say(world, WORD_FIRE, "ring", "lands"), 1);
    CU_ASSERT_EQUAL(world_executed(world, "ring@lands"), HOUR);
    CU_ASSERT_TRUE(is_state(world, "ring@health", "planned"));
    CU_ASSERT_TRUE(says(world, "inject.due/1", "ring@lands", "by", "controller"));
    CU_ASSERT_EQUAL(world_say(world, WORD_FIRE, "ring", NULL), 1); /* health's, still */
    CU_ASSERT_EQUAL(world_say(world, WORD_FIRE, "ring", NULL), 0);
    CU_ASSERT_EQUAL(world_say(world, WORD_FIRE, "timed", NULL), 0);
    CU_ASSERT_EQUAL(world_say(world, WORD_FIRE, "nothing", NULL), 0);
    director_end(world->d.dm_director, "test", "over");
    world_settle(world);
    CU_ASSERT_TRUE(is_state(world, "never@health", "not-run"));
    CU_ASSERT_TRUE(
        says(world, "inject.ended/1", "never@health", "reason", "nobody fired it"));
    CU_ASSERT_TRUE(is_state(world, "timed@health", "not-run"));
    /* What did not begin is nobody's business. */
    CU_ASSERT_FALSE(ledger_disclosed(
        world->d.dm_ledger, plan_inject_index(world->d.dm_plan, "never@health"), 1));
    world_free(world);
}

static void held_until_approved(void)
{
    World *world = world_new(
        "injects:\n" ATTACK("hard", "at: 1h, hold: true", "")
            MESSAGE("early", "at: 3h, hold: true", "to: health")
                MESSAGE("late", "at: 1h, hold: true, expires: 30m", "to: health")
                    MESSAGE("stop", "at: 1h, hold: true", "to: health"),
        FALSE);

    world_to(world, HOUR + MINUTE);
    CU_ASSERT_TRUE(is_state(world, "hard@health", "held"));
    CU_ASSERT_TRUE(says(world, "inject.held/1", "hard@health", "why", "approval"));
    CU_ASSERT_EQUAL(world_say(world, WORD_APPROVE, "early", NULL), 1);
    world_to(world, 2 * HOUR);
    CU_ASSERT_TRUE(is_state(world, "late@health", "expired"));
    CU_ASSERT_TRUE(says(world, "inject.ended/1", "late@health", "reason",
                        "nobody approved it within 30m"));
    CU_ASSERT_EQUAL(world_say(world, WORD_APPROVE, "late", NULL), 0);
    CU_ASSERT_EQUAL(world_say(world, WORD_APPROVE, "hard@health", NULL), 1);
    CU_ASSERT_TRUE(is_state(world, "hard@health", "succeeded"));
    CU_ASSERT_EQUAL(world_executed(world, "hard@health"), 2 * HOUR);
    CU_ASSERT_TRUE(says(world, "inject.approved/1", "hard@health", "by", "controller"));
    CU_ASSERT_EQUAL(world_say(world, WORD_CANCEL, "stop", "health"), 1);
    CU_ASSERT_TRUE(is_state(world, "stop@health", "cancelled"));
    CU_ASSERT_TRUE(says(world, "inject.ended/1", "stop@health", "reason", "because"));
    CU_ASSERT_EQUAL(world_say(world, WORD_CANCEL, "hard", NULL), 0);
    world_to(world, 4 * HOUR);
    CU_ASSERT_EQUAL(world_executed(world, "early@health"), 3 * HOUR);
    world_free(world);
}

/* A paused drill hears white, and begins nothing. */
static void approved_while_paused(void)
{
    World *world = world_new(
        "injects:\n" MESSAGE("hold", "at: 1h, hold: true", "to: health"), FALSE);

    world_to(world, 2 * HOUR);
    daemon_set_state(&world->d, DRILL_PAUSED, "white", "lunch");
    CU_ASSERT_EQUAL(world_say(world, WORD_APPROVE, "hold", NULL), 1);
    CU_ASSERT_TRUE(is_state(world, "hold@health", "held"));
    daemon_set_state(&world->d, DRILL_RUNNING, "white", "back");
    world_settle(world);
    CU_ASSERT_TRUE(is_state(world, "hold@health", "sent"));
    world_free(world);
}

static void a_rehearsal_waits_for_nobody(void)
{
    World *world =
        world_new("injects:\n" MESSAGE("hold", "at: 1h, hold: true", "to: health"), TRUE);

    world_settle(world);
    CU_ASSERT_EQUAL(world_executed(world, "hold@health"), HOUR);
    CU_ASSERT_EQUAL(world_count(world, "inject.approved/1", "hold@health"), 1);
    world_free(world);
}

/* ---- attempts ---- */

static void tried_again_where_the_platform_failed(void)
{
    World *world = world_new(
        "injects:\n" ATTACK("one", "at: 1h, retry: {times: 2, wait: 5m}", "")
            ATTACK("two", "at: 3h, retry: {times: 1, wait: 5m}", "")
                ATTACK("three", "at: 5h, retry: {times: 9, wait: 10m}, expires: 15m", ""),
        FALSE);
    gint64 total;

    world->fail = 2;
    world_to(world, 2 * HOUR);
    CU_ASSERT_TRUE(is_state(world, "one@health", "succeeded"));
    CU_ASSERT_EQUAL(world_executed(world, "one@health"), HOUR + 10 * MINUTE);
    CU_ASSERT_EQUAL(world_count(world, "inject.retry/1", "one@health"), 2);
    CU_ASSERT_EQUAL(world_count(world, "inject.wanted/1", "one@health"), 1);
    CU_ASSERT_EQUAL(world_count(world, "inject.executed/1", "one@health"), 3);
    total = ledger_standing(world->d.dm_ledger, 1)->ls_total;
    world->fail = 2;
    world_to(world, 4 * HOUR);
    CU_ASSERT_TRUE(is_state(world, "two@health", "failed"));
    CU_ASSERT_EQUAL(ledger_standing(world->d.dm_ledger, 1)->ls_total, total);
    world->fail = 9;
    world_to(world, 6 * HOUR);
    CU_ASSERT_TRUE(is_state(world, "three@health", "failed"));
    CU_ASSERT_EQUAL(world_count(world, "inject.retry/1", "three@health"), 1);
    world->fail = 0;
    world_free(world);
}

/* ---- together ---- */

static void together_at_one_moment(void)
{
    World *world = world_new(
        "injects:\n"
        "  all: {at: 1h, together: true, for: blue, host: web, technique: T1491, attack: "
        "{run: 'spoil all', effect: {command: {run: see}}}}\n" MESSAGE(
            "ring", "manual: true, together: true", "to: blue"),
        FALSE);

    world_to(world, HOUR);
    CU_ASSERT_TRUE(is_state(world, "all@health", "succeeded"));
    CU_ASSERT_EQUAL(world_count(world, "inject.held/1", NULL), 0);
    CU_ASSERT_EQUAL(world_count(world, "inject.skew/1", NULL), 1);
    CU_ASSERT_TRUE(says(world, "inject.skew/1", NULL, "name", "all"));
    CU_ASSERT_TRUE(says(world, "inject.skew/1", NULL, "n", "2"));
    CU_ASSERT_TRUE(says(world, "inject.skew/1", NULL, "skew_us", "0"));

    CU_ASSERT_EQUAL(world_say(world, WORD_FIRE, "ring", "lands"), 1);
    CU_ASSERT_TRUE(is_state(world, "ring@lands", "held"));
    world_to(world, 2 * HOUR);
    CU_ASSERT_EQUAL(world_say(world, WORD_FIRE, "ring", "health"), 1);
    CU_ASSERT_EQUAL(world_executed(world, "ring@lands"), 2 * HOUR);
    CU_ASSERT_EQUAL(world_executed(world, "ring@health"), 2 * HOUR);
    world_free(world);
}

static void who_is_cancelled_is_not_waited_for(void)
{
    World *world = world_new(
        "injects:\n" MESSAGE("ring", "manual: true, together: true", "to: blue"), FALSE);

    CU_ASSERT_EQUAL(world_say(world, WORD_FIRE, "ring", "lands"), 1);
    CU_ASSERT_TRUE(is_state(world, "ring@lands", "held"));
    CU_ASSERT_EQUAL(world_say(world, WORD_CANCEL, "ring", "health"), 1);
    CU_ASSERT_TRUE(is_state(world, "ring@lands", "sent"));
    world_free(world);
}

/* ---- windows ---- */

static const char quiet[] = "windows: {rest: {from: 2h, until: 4h, mode: quiet}}\n";

static void nothing_begins_in_a_quiet_window(void)
{
    g_autofree char *text = g_strconcat(
        quiet,
        "injects:\n" ATTACK("first", "at: 1h", "detect: {within: 90m, points: 100}")
            MESSAGE("then", "after: first, delay: 90m", "to: health")
                MESSAGE("gone", "after: first, delay: 90m, expires: 1h", "to: health"),
        NULL);
    World *world = world_new(text, FALSE);
    int check = plan_check_index(world->d.dm_plan, "health/web-up");

    world_to(world, HOUR + MINUTE);
    world_round(world, CHECK_UP);
    world_to(world, 3 * HOUR);
    world_round(world, CHECK_DOWN);
    CU_ASSERT_EQUAL(ledger_check(world->d.dm_ledger, check)->lc_checked, 1);
    CU_ASSERT_EQUAL(ledger_check(world->d.dm_ledger, check)->lc_status, CHECK_DOWN);
    CU_ASSERT_TRUE(is_state(world, "then@health", "held"));
    CU_ASSERT_TRUE(says(world, "inject.held/1", "then@health", "why", "quiet"));
    world_to(world, 4 * HOUR + 10 * MINUTE);
    world_round(world, CHECK_UP);
    CU_ASSERT_EQUAL(ledger_check(world->d.dm_ledger, check)->lc_down_us, 10 * MINUTE);
    CU_ASSERT_EQUAL(world_executed(world, "then@health"), 4 * HOUR);
    CU_ASSERT_TRUE(is_state(world, "gone@health", "expired"));
    /* 90 minutes from 1h, of which two hours in the window do not count. */
    CU_ASSERT_EQUAL(world_count(world, "expect.missed/1", "first@health"), 0);
    world_to(world, 4 * HOUR + 30 * MINUTE);
    CU_ASSERT_EQUAL(world_count(world, "expect.missed/1", "first@health"), 1);
    world_free(world);
}

static void windows_move_deadlines(void)
{
    g_autofree char *text = g_strconcat(quiet, "injects: {}\n", NULL);
    World *world = world_new(text, FALSE);
    const Plan *plan = world->d.dm_plan;

    CU_ASSERT_EQUAL(plan_deadline(plan, 0, HOUR), HOUR);
    CU_ASSERT_EQUAL(plan_deadline(plan, 0, 2 * HOUR), 2 * HOUR);
    CU_ASSERT_EQUAL(plan_deadline(plan, HOUR, 2 * HOUR), 5 * HOUR);
    CU_ASSERT_EQUAL(plan_deadline(plan, 3 * HOUR, HOUR), 5 * HOUR);
    CU_ASSERT_EQUAL(plan_deadline(plan, 4 * HOUR, HOUR), 5 * HOUR);
    CU_ASSERT_EQUAL(plan_quiet_within(plan, HOUR, 3 * HOUR), HOUR);
    CU_ASSERT_EQUAL(plan_quiet_until(plan, 2 * HOUR), 4 * HOUR);
    CU_ASSERT_EQUAL(plan_quiet_until(plan, 4 * HOUR), 4 * HOUR);
    CU_ASSERT_TRUE(plan_is_quiet(plan, 3 * HOUR));
    CU_ASSERT_FALSE(plan_is_quiet(plan, HOUR));
    world_free(world);
}

static const char rest[] = "windows: {rest: {from: 2h, until: 4h, mode: pause}}\n";

static gboolean loops_until(World *world, DrillState state)
{
    gint64 until = g_get_monotonic_time() + 10 * SEC;

    while (world->d.dm_state != state && g_get_monotonic_time() < until)
        event_base_loop(world->d.dm_base, EVLOOP_ONCE);
    return world->d.dm_state == state;
}

/* The window lasts by the wall; then the clock is where the calendar is. */
static void a_drill_pauses_by_itself(void)
{
    g_autofree char *text =
        g_strconcat(rest, "injects:\n" MESSAGE("next", "at: 5h", "to: health"), NULL);
    World *world = world_new(text, FALSE);
    PlanWindow *window = world->d.dm_plan->p_windows->pdata[0];

    window->wi_until_us = 2 * HOUR + SEC / 20; /* a night that the test can wait for */
    world_to(world, 3 * HOUR);
    CU_ASSERT_EQUAL(world->d.dm_state, DRILL_PAUSED);
    CU_ASSERT_EQUAL(daemon_now(&world->d), 2 * HOUR);
    CU_ASSERT_TRUE(loops_until(world, DRILL_RUNNING));
    CU_ASSERT_EQUAL(daemon_now(&world->d), window->wi_until_us);
    world_to(world, 6 * HOUR);
    CU_ASSERT_EQUAL(world_executed(world, "next@health"), 5 * HOUR);
    CU_ASSERT_EQUAL(world_count(world, "clock.leap/1", NULL), 1);
    world_free(world);
}

static void white_ends_a_pause_early(void)
{
    g_autofree char *text = g_strconcat(
        rest, "injects:\n" MESSAGE("next", "at: 1h, hold: true", "to: health"), NULL);
    World *world = world_new(text, FALSE);

    world_to(world, 3 * HOUR);
    daemon_set_state(&world->d, DRILL_RUNNING, "white", "awake");
    CU_ASSERT_EQUAL(world_say(world, WORD_APPROVE, "next", NULL), 1);
    CU_ASSERT_TRUE(is_state(world, "next@health", "held")); /* the window stands */
    world_to(world, 4 * HOUR);
    CU_ASSERT_EQUAL(world_executed(world, "next@health"), 4 * HOUR);
    world_free(world);
}

static void a_rehearsal_leaps_over_a_pause(void)
{
    g_autofree char *text =
        g_strconcat(rest, "injects:\n" MESSAGE("next", "at: 5h", "to: health"), NULL);
    World *world = world_new(text, TRUE);

    world_settle(world);
    CU_ASSERT_EQUAL(world_count(world, "clock.paused/1", NULL), 0);
    CU_ASSERT_EQUAL(world_executed(world, "next@health"), 5 * HOUR);
    world_free(world);
}

/* ---- expectations ---- */

static void mend(World *world, const char *script)
{
    int host = plan_host_index(world->d.dm_plan, "health/web");
    g_autofree char *said = NULL;

    facts_run(world->facts, host, script, NULL, daemon_now(&world->d), &said);
}

static gint64 points(World *world, const char *why)
{
    const GPtrArray *lines = ledger_lines(world->d.dm_ledger, 1);

    for (guint i = 0; i < lines->len; i++) {
        const LedgerLine *line = lines->pdata[i];
        if (strcmp(line->li_category, "injects") == 0 && strstr(line->li_why, why))
            return line->li_points;
    }
    return -1;
}

/* Two of a kind are two; eradicated is what stays gone to the end of its window. */
static void contained_twice_and_eradicated(void)
{
    World *world = world_new(
        "injects:\n" ATTACK("deface", "at: 1h",
                            "contain: [{within: 10m, points: 10}, {check: page, within: "
                            "1h, points: 20}], eradicate: {within: 2h, points: 40}"),
        FALSE);

    world_to(world, HOUR + 15 * MINUTE);
    CU_ASSERT_EQUAL(world_count(world, "expect.missed/1", "deface@health"), 1);
    mend(world, "mend deface");
    world_to(world, HOUR + 20 * MINUTE); /* looked at every minute */
    CU_ASSERT_EQUAL(world_count(world, "expect.met/1", "deface@health"), 1);
    CU_ASSERT_EQUAL(points(world, "not contained"), 0);
    CU_ASSERT_EQUAL(points(world, "contained after"), 20000);
    CU_ASSERT_EQUAL(points(world, "eradicated"), -1);
    world_to(world, 3 * HOUR + MINUTE);
    CU_ASSERT_EQUAL(points(world, "eradicated after"), 40000);
    world_free(world);
}

static void what_is_still_there_is_not_eradicated(void)
{
    World *world = world_new(
        "injects:\n" ATTACK("deface", "at: 1h", "eradicate: {within: 2h, points: 40}"),
        FALSE);

    world_to(world, 3 * HOUR + MINUTE);
    CU_ASSERT_EQUAL(points(world, "not eradicated"), 0);
    world_free(world);
}

static void recovered_after_a_fall_or_never_fallen(void)
{
    World *world = world_new(
        "injects:\n" ATTACK("one", "at: 1h",
                            "recover: {check: web-up, within: 1h, points: 30}")
            ATTACK("two", "at: 3h", "recover: {check: web-up, within: 1h, points: 50}"),
        FALSE);

    world->up = TRUE; /* when it is asked, and so far in every round */
    world_to(world, HOUR + MINUTE);
    world_round(world, CHECK_UP);
    CU_ASSERT_EQUAL(world_count(world, "expect.met/1", "one@health"), 0);
    world_to(world, HOUR + 5 * MINUTE);
    world->up = FALSE;
    world_round(world, CHECK_DOWN);
    world_to(world, HOUR + 9 * MINUTE);
    world_round(world, CHECK_UNCHECKED);
    world_to(world, HOUR + 10 * MINUTE);
    world_round(world, CHECK_UP);
    world->up = TRUE;
    CU_ASSERT_EQUAL(points(world, "recovered after 10m"), 30000);
    CU_ASSERT_TRUE(says(world, "expect.met/1", "one@health", "expect", "recover"));
    /* The second never goes away: kept is as good, and is told at the end. */
    world_to(world, 3 * HOUR + 50 * MINUTE);
    CU_ASSERT_EQUAL(world_count(world, "expect.met/1", "two@health"), 0);
    world_to(world, 4 * HOUR + MINUTE);
    CU_ASSERT_EQUAL(points(world, "recovered after 1h"), 50000);
    world_free(world);
}

/* ---- leaps ---- */

/* The clock does not leap over what a change of a check brings about. */
static void no_leap_over_a_trigger(void)
{
    World *world =
        world_new("injects:\n" ATTACK("deface", "at: 1h",
                                      "contain: {check: page, within: 3h, "
                                      "points: 1}")
                      MESSAGE("call", "when: {check: page, state: corrupt, lasts: 5m}",
                              "to: health") MESSAGE("far", "at: 8h", "to: health"),
                  TRUE);

    world_settle(world);
    CU_ASSERT_EQUAL(world_executed(world, "call@health"), HOUR + 5 * MINUTE);
    world_free(world);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"after success and failure", after_success_and_failure},
        {"an answer is a success", an_answer_is_a_success},
        {"when a check is down", when_a_check_is_down},
        {"when all, any, none", when_all_any_none},
        {"manual is fired once", manual_is_fired_once},
        {"held until approved", held_until_approved},
        {"approved while paused", approved_while_paused},
        {"a rehearsal waits for nobody", a_rehearsal_waits_for_nobody},
        {"tried again", tried_again_where_the_platform_failed},
        {"together at one moment", together_at_one_moment},
        {"cancelled is not waited for", who_is_cancelled_is_not_waited_for},
        {"nothing begins in a quiet window", nothing_begins_in_a_quiet_window},
        {"windows move deadlines", windows_move_deadlines},
        {"a drill pauses by itself", a_drill_pauses_by_itself},
        {"white ends a pause early", white_ends_a_pause_early},
        {"a rehearsal leaps over a pause", a_rehearsal_leaps_over_a_pause},
        {"contained twice and eradicated", contained_twice_and_eradicated},
        {"not eradicated", what_is_still_there_is_not_eradicated},
        {"recovered, or never fallen", recovered_after_a_fall_or_never_fallen},
        {"no leap over a trigger", no_leap_over_a_trigger},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("director", tests);
}
