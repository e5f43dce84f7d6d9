/*
 * Resets that players ask for, in a whole drill without guests: who may, when, what it
 * costs and what is lost; what white says; and what players do who mean harm.
 */
#include "orchestrator/daemon/director.h"
#include "orchestrator/daemon/reset_asks.h"
#include "orchestrator/daemon/resets.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/director_world.h"

#include <stdio.h>
#include <string.h>

#define TERMS(terms) "defaults: {host: {reset: {" terms "}}}\n"
#define PLAYER "health/health"

/* On a target, so that red takes something. */
#define ATTACK                                                                           \
    "injects:\n"                                                                         \
    "  deface: {at: 1h, for: health, host: web, technique: T1491, attack: {run: 'spoil " \
    "deface', effect: {command: {run: 'see deface'}}}, expect: {detect: {within: 4h, "   \
    "points: 100}, contain: {within: 4h, points: 100}, eradicate: {within: 4h, points: " \
    "50}}, indicators: [/page], playbook: {detect: 'find deface', contain: 'mend "       \
    "deface'}}\n"
#define QUIET_INJECT                                                                     \
    "injects: {ask: {at: 9h, message: {to: health, subject: S, body: B}}}\n"

static int team_of(World *world, const char *name)
{
    return plan_team_index(world->d.dm_plan, name);
}

static int host_of(World *world, const char *name)
{
    return plan_host_index(world->d.dm_plan, name);
}

/* Asks in health's name; the code of its refusal, or -1 where it was taken. */
static int asks(World *world, const char *host, const char *reason)
{
    g_autoptr(GError) error = NULL;
    gint64 seq = reset_asks_ask(world->d.dm_reset_asks, PLAYER, team_of(world, "health"),
                                host_of(world, host), reason, &error);

    CU_ASSERT_EQUAL(seq < 0, error != NULL);
    world_settle(world);
    return error ? (int)error->code : -1;
}

static guint decides(World *world, const char *host, gboolean approve)
{
    g_autoptr(GError) error = NULL;
    guint count =
        reset_asks_decide(world->d.dm_reset_asks, host ? host_of(world, host) : -1,
                          approve, "white", "controller", "because", &error);

    CU_ASSERT_EQUAL(count == 0, error != NULL);
    world_settle(world);
    return count;
}

static gint64 total(World *world)
{
    return ledger_standing(world->d.dm_ledger, team_of(world, "health"))->ls_total;
}

static const LedgerLine *line_of(World *world)
{
    const GPtrArray *lines = ledger_lines(world->d.dm_ledger, team_of(world, "health"));

    for (guint i = 0; i < lines->len; i++) {
        const LedgerLine *line = lines->pdata[i];
        if (strcmp(line->li_part, "reset") == 0)
            return line;
    }
    return NULL;
}

static gboolean says(World *world, const char *kind, const char *member, const char *text)
{
    g_autofree char *is = world_body(world, kind, NULL, member);

    if (strcmp(is, text) != 0)
        fprintf(stderr, "%s: %s is \"%s\", not \"%s\"\n", kind, member, is, text);
    return strcmp(is, text) == 0;
}

/* ---- what it costs and what is lost ---- */

static void white_approves_and_it_costs(void)
{
    World *world = world_new(TERMS("cost: 50") ATTACK, FALSE);
    int red = team_of(world, "red");

    world_to(world, HOUR + MINUTE);
    CU_ASSERT_STRING_EQUAL(world_state(world, "deface@health"), "succeeded");
    gint64 before = total(world);
    gint64 taken = ledger_standing(world->d.dm_ledger, red)->ls_taken;

    CU_ASSERT_EQUAL(asks(world, "health/web", "the page is gone"), -1);
    CU_ASSERT_EQUAL(world_count(world, "reset.wanted/1", NULL), 0);
    CU_ASSERT_EQUAL(total(world), before);
    CU_ASSERT_PTR_NULL(line_of(world));
    CU_ASSERT_EQUAL(decides(world, "health/web", TRUE), 1);
    CU_ASSERT_TRUE(says(world, "reset.decided/1", "decision", "approved"));
    CU_ASSERT_TRUE(says(world, "reset.wanted/1", "reason", "the page is gone"));
    CU_ASSERT_EQUAL(world_count(world, "reset.done/1", NULL), 1);

    /* Containment and eradication are void, detection is not; red keeps what it took. */
    CU_ASSERT_EQUAL(world_count(world, "expect.voided/1", "deface@health"), 2);
    CU_ASSERT_EQUAL(ledger_standing(world->d.dm_ledger, red)->ls_taken, taken);
    CU_ASSERT_EQUAL(total(world), before - 50000);
    const LedgerLine *line = line_of(world);
    CU_ASSERT_PTR_NOT_NULL_FATAL(line);
    CU_ASSERT_STRING_EQUAL(line->li_category, "resets");
    CU_ASSERT_STRING_EQUAL(line->li_what, "health/web");
    CU_ASSERT_EQUAL(line->li_points, -50000);
    CU_ASSERT_EQUAL(line->li_refs->len, 4); /* asked, decided, wanted, done */
    world_to(world, 6 * HOUR);
    CU_ASSERT_EQUAL(world_count(world, "expect.missed/1", "deface@health"), 1);
    world_free(world);
}

static void refused_it_costs_nothing(void)
{
    World *world = world_new(TERMS("cost: 50, cooldown: 20m") QUIET_INJECT, FALSE);
    gint64 before = total(world);

    CU_ASSERT_EQUAL(asks(world, "health/web", "broken"), -1);
    CU_ASSERT_EQUAL(decides(world, NULL, FALSE), 1);
    CU_ASSERT_TRUE(says(world, "reset.decided/1", "reason", "because"));
    CU_ASSERT_TRUE(says(world, "reset.decided/1", "by", "controller"));
    CU_ASSERT_EQUAL(world_count(world, "reset.wanted/1", NULL), 0);
    CU_ASSERT_EQUAL(total(world), before);
    /* And is not asked for again at once. */
    CU_ASSERT_EQUAL(asks(world, "health/web", "please"), RESET_ASKS_ERROR_STATE);
    world_to(world, 20 * MINUTE);
    CU_ASSERT_EQUAL(asks(world, "health/web", "please"), -1);
    world_free(world);
}

static void one_that_failed_costs_nothing(void)
{
    World *world = world_new(TERMS("cost: 50, limit: 1") QUIET_INJECT, FALSE);
    int health = team_of(world, "health"), web = host_of(world, "health/web");
    gint64 before = total(world);
    gint64 asked = daemon_event(&world->d, "reset.asked/1", PLAYER, health, web, 0,
                                json_pack("{s:s, s:s, s:i}", "player", PLAYER, "reason",
                                          "broken", "cost", 50000));
    gint64 wanted = daemon_event(&world->d, "reset.wanted/1", PLAYER, -1, web, 0,
                                 json_pack("{s:s}", "reason", "broken"));
    daemon_event(
        &world->d, "reset.decided/1", "white", health, web, asked,
        json_pack("{s:s, s:I}", "decision", "approved", "reset", (json_int_t)wanted));
    world_settle(world);
    CU_ASSERT_EQUAL(total(world), before - 50000);
    CU_ASSERT_EQUAL(asks(world, "health/web", "again"), RESET_ASKS_ERROR_STATE);
    daemon_event(&world->d, "reset.failed/1", "parryd", -1, web, wanted,
                 json_pack("{s:s}", "reason", "libvirt says no"));
    world_settle(world);
    CU_ASSERT_EQUAL(total(world), before);
    CU_ASSERT_EQUAL(world_count(world, "reset.waived/1", NULL), 1);
    world_to(world, 10 * MINUTE);
    CU_ASSERT_EQUAL(asks(world, "health/web", "again"), -1);
    world_free(world);
}

static void in_a_phase_that_does_not_score_it_is_free(void)
{
    World *world = world_new(
        "phases: {familiarise: {until: 2h, score: false}, attack: "
        "{until: end}}\n" TERMS("cost: 50, approval: false, cooldown: 1m") QUIET_INJECT,
        FALSE);
    gint64 before = total(world);

    CU_ASSERT_EQUAL(asks(world, "health/web", "broken by trying"), -1);
    CU_ASSERT_EQUAL(world_count(world, "reset.done/1", NULL), 1);
    CU_ASSERT_EQUAL(total(world), before);
    world_to(world, 2 * HOUR);
    CU_ASSERT_EQUAL(asks(world, "health/web", "broken by red"), -1);
    CU_ASSERT_EQUAL(total(world), before - 50000);
    world_free(world);
}

/* ---- how often, and when not ---- */

static void limits_hold(void)
{
    World *world = world_new(
        TERMS("limit: 2, per: 2h, approval: false, cooldown: 1m") QUIET_INJECT, FALSE);

    CU_ASSERT_EQUAL(asks(world, "health/web", "one"), -1);
    CU_ASSERT_EQUAL(asks(world, "health/web", "two"), RESET_ASKS_ERROR_STATE);
    world_to(world, 30 * MINUTE);
    CU_ASSERT_EQUAL(asks(world, "health/web", "two"), -1);
    world_to(world, HOUR);
    CU_ASSERT_EQUAL(asks(world, "health/web", "three"), RESET_ASKS_ERROR_REFUSED);
    CU_ASSERT_EQUAL(reset_asks_ask(world->d.dm_reset_asks, "lands/lands",
                                   team_of(world, "lands"), host_of(world, "lands/web"),
                                   "ours", NULL) > 0,
                    TRUE);
    world_to(world, 2 * HOUR + MINUTE); /* the first is over two hours old */
    CU_ASSERT_EQUAL(asks(world, "health/web", "three"), -1);
    CU_ASSERT_EQUAL(world_count(world, "reset.done/1", NULL), 4);
    world_free(world);
}

static void a_team_has_a_limit_too(void)
{
    World *world = world_new(QUIET_INJECT, FALSE);

    plan_team(world->d.dm_plan, team_of(world, "health"))->pt_resets =
        (PlanResetLimit){1, 0};
    CU_ASSERT_EQUAL(asks(world, "health/web", "one"), -1);
    CU_ASSERT_EQUAL(decides(world, "health/web", TRUE), 1);
    world_to(world, HOUR);
    CU_ASSERT_EQUAL(asks(world, "health/web", "two"), RESET_ASKS_ERROR_REFUSED);
    world_free(world);
}

static void who_may_not(void)
{
    World *world = world_new(TERMS("by: team") QUIET_INJECT, FALSE);
    PlanHost *web = plan_host(world->d.dm_plan, host_of(world, "health/web"));

    CU_ASSERT_EQUAL(asks(world, "lands/web", "harm"), RESET_ASKS_ERROR_UNKNOWN);
    CU_ASSERT_EQUAL(asks(world, "red/box", "harm"), RESET_ASKS_ERROR_UNKNOWN);
    CU_ASSERT_EQUAL(asks(world, "health/referee", "harm"), RESET_ASKS_ERROR_UNKNOWN);
    CU_ASSERT_EQUAL(asks(world, "nobody/x", "harm"), RESET_ASKS_ERROR_UNKNOWN);
    web->ph_reset.rs_by = RESET_BY_LEAD;
    CU_ASSERT_EQUAL(asks(world, "health/web", "harm"), RESET_ASKS_ERROR_REFUSED);
    web->ph_reset.rs_by = RESET_BY_NOBODY;
    CU_ASSERT_EQUAL(asks(world, "health/web", "harm"), RESET_ASKS_ERROR_REFUSED);
    web->ph_reset.rs_by = RESET_BY_TEAM;
    CU_ASSERT_EQUAL(asks(world, "health/web", ""), RESET_ASKS_ERROR_REASON);
    g_autofree char *longer = g_strnfill(RESET_REASON_MAX + 1, 'x');
    CU_ASSERT_EQUAL(asks(world, "health/web", longer), RESET_ASKS_ERROR_REASON);
    daemon_set_state(&world->d, DRILL_PAUSED, "white", "lunch");
    CU_ASSERT_EQUAL(asks(world, "health/web", "now"), RESET_ASKS_ERROR_STATE);
    daemon_set_state(&world->d, DRILL_RUNNING, "white", "");
    CU_ASSERT_EQUAL(world_count(world, "reset.asked/1", NULL), 0);
    longer[RESET_REASON_MAX] = '\0';
    CU_ASSERT_EQUAL(asks(world, "health/web", longer), -1);
    world_free(world);
}

/* Nothing grows with what is refused: not the journal, not white's list. */
static void a_flood_is_bounded(void)
{
    World *world = world_new(QUIET_INJECT, FALSE);
    gint64 before = journal_seq(world->d.dm_journal);

    for (guint i = 0; i < 5000; i++)
        reset_asks_ask(world->d.dm_reset_asks, PLAYER, team_of(world, "health"),
                       host_of(world, i % 2 ? "health/web" : "lands/web"), "now", NULL);
    world_settle(world);
    CU_ASSERT_EQUAL(world_count(world, "reset.asked/1", NULL), 1);
    CU_ASSERT_EQUAL(world_count(world, "player.refused/1", NULL), 1);
    CU_ASSERT_EQUAL(journal_seq(world->d.dm_journal), before + 2);
    json_t *waiting = reset_asks_waiting(world->d.dm_reset_asks);
    CU_ASSERT_EQUAL(json_array_size(waiting), 1);
    json_decref(waiting);
    world_free(world);
}

/* ---- white's word ---- */

static void what_nobody_answers_expires(void)
{
    World *world = world_new(TERMS("expires: 10m") QUIET_INJECT, FALSE);

    CU_ASSERT_EQUAL(decides(world, "health/web", TRUE), 0);
    CU_ASSERT_EQUAL(asks(world, "health/web", "broken"), -1);
    world_to(world, 5 * MINUTE);
    daemon_set_state(&world->d, DRILL_PAUSED, "white", "lunch");
    CU_ASSERT_EQUAL(decides(world, "health/web", TRUE), 0); /* while it stands still */
    daemon_set_state(&world->d, DRILL_RUNNING, "white", "");
    CU_ASSERT_EQUAL(world_count(world, "reset.decided/1", NULL), 0);
    world_to(world, 10 * MINUTE);
    CU_ASSERT_TRUE(says(world, "reset.decided/1", "decision", "expired"));
    CU_ASSERT_EQUAL(decides(world, "health/web", TRUE), 0);
    CU_ASSERT_EQUAL(world_count(world, "reset.wanted/1", NULL), 0);
    world_to(world, 20 * MINUTE);
    CU_ASSERT_EQUAL(asks(world, "health/web", "still broken"), -1);
    daemon_set_state(&world->d, DRILL_PAUSED, "white", "lunch");
    CU_ASSERT_EQUAL(decides(world, NULL, FALSE), 1); /* a refusal waits for nothing */
    daemon_set_state(&world->d, DRILL_RUNNING, "white", "");
    world_free(world);
}

static void the_end_of_the_drill_ends_them(void)
{
    World *world = world_new(TERMS("expires: 9h") QUIET_INJECT, FALSE);

    world_to(world, HOUR);
    CU_ASSERT_EQUAL(asks(world, "health/web", "broken"), -1);
    director_end(world->d.dm_director, "white", "over");
    world_settle(world);
    CU_ASSERT_TRUE(says(world, "reset.decided/1", "decision", "expired"));
    CU_ASSERT_TRUE(says(world, "reset.decided/1", "reason", "the drill ended"));
    CU_ASSERT_EQUAL(asks(world, "health/web", "late"), RESET_ASKS_ERROR_STATE);
    world_free(world);
}

/* ---- rounds of checks ---- */

static const LedgerCheck *check_of(World *world)
{
    return ledger_check(world->d.dm_ledger,
                        plan_check_index(world->d.dm_plan, "health/web-up"));
}

static void rounds_after_a_reset(gint64 grace_us, gint64 checked, gint64 down_us)
{
    World *world = world_new(TERMS("approval: false") QUIET_INJECT, FALSE);

    plan_check(world->d.dm_plan, plan_check_index(world->d.dm_plan, "health/web-up"))
        ->ck_grace_us = grace_us;
    world_to(world, MINUTE);
    world_round(world, CHECK_UP);
    CU_ASSERT_EQUAL(asks(world, "health/web", "broken"), -1);
    for (gint64 at = 2; at <= 6; at++) {
        world_to(world, at * MINUTE);
        world_round(world, at < 4 ? CHECK_DOWN : CHECK_UP);
    }
    CU_ASSERT_EQUAL(check_of(world)->lc_checked, checked);
    CU_ASSERT_EQUAL(check_of(world)->lc_down_us, down_us);
    world_free(world);
}

static void what_a_grace_spares(void)
{
    rounds_after_a_reset(0, 6, 2 * MINUTE);
    rounds_after_a_reset(3 * MINUTE, 4, 0);
}

/* ---- taken up again ---- */

static gboolean replay(const JournalEvent *event, gpointer data)
{
    resets_replay(data, event);
    return TRUE;
}

/* Who had asked for a reset that is under way when parryd is killed does not matter. */
static void one_under_way_goes_on(void)
{
    World *world = world_new(TERMS("approval: false") QUIET_INJECT, FALSE);
    Daemon *d = &world->d;
    int health = team_of(world, "health"), web = host_of(world, "health/web");
    Resets *resets = resets_new(d);
    gint64 asked = daemon_event(d, "reset.asked/1", PLAYER, health, web, 0,
                                json_pack("{s:s}", "reason", "broken"));
    gint64 wanted = daemon_event(d, "reset.wanted/1", PLAYER, -1, web, 0, json_object());
    daemon_event(
        d, "reset.decided/1", "white", health, web, asked,
        json_pack("{s:s, s:I}", "decision", "approved", "reset", (json_int_t)wanted));
    world_settle(world);
    CU_ASSERT_TRUE(journal_each(d->dm_journal, 0, 0, replay, resets, NULL));
    CU_ASSERT_TRUE(resets_pending(resets, web));
    daemon_event(d, "reset.failed/1", "parryd", -1, web, wanted, json_object());
    world_settle(world);
    CU_ASSERT_TRUE(journal_each(d->dm_journal, 0, 0, replay, resets, NULL));
    CU_ASSERT_FALSE(resets_pending(resets, web));
    resets_free(resets);
    world_free(world);
}

/* ---- scripted players ---- */

#define SCRIPT                                                                           \
    QUIET_INJECT "rehearsal:\n"                                                          \
                 "  health:\n"                                                           \
                 "    actions:\n"                                                        \
                 "      - {at: 1h, host: web, reset: broken}\n"                          \
                 "      - {at: 1h, host: web, reset: twice}\n"                           \
                 "      - {at: 3h, host: web, reset: {reason: again, white: refuse, "    \
                 "after: 10m}}\n"                                                        \
                 "      - {at: 5h, host: web, reset: {reason: alas, white: silence}}\n"

static void scripts_ask_and_white_answers(void)
{
    World *world = world_new(TERMS("cost: 10, expires: 40m") SCRIPT, TRUE);

    world_to(world, 6 * HOUR);
    CU_ASSERT_EQUAL(world_count(world, "reset.asked/1", NULL), 3);
    CU_ASSERT_EQUAL(world_count(world, "player.refused/1", NULL), 1);
    CU_ASSERT_EQUAL(world_count(world, "reset.decided/1", NULL), 3);
    CU_ASSERT_EQUAL(world_count(world, "reset.done/1", NULL), 1);
    CU_ASSERT_TRUE(says(world, "reset.decided/1", "decision", "expired"));
    CU_ASSERT_EQUAL(
        ledger_standing(world->d.dm_ledger, team_of(world, "health"))->ls_resets, 10000);
    world_free(world);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"white approves, and it costs", white_approves_and_it_costs},
        {"one that is refused costs nothing", refused_it_costs_nothing},
        {"one that failed costs nothing", one_that_failed_costs_nothing},
        {"free in a phase that does not score",
         in_a_phase_that_does_not_score_it_is_free},
        {"limits hold", limits_hold},
        {"a team has a limit too", a_team_has_a_limit_too},
        {"who may not ask", who_may_not},
        {"a flood is bounded", a_flood_is_bounded},
        {"what nobody answers expires", what_nobody_answers_expires},
        {"the end of the drill ends them", the_end_of_the_drill_ends_them},
        {"what a grace spares", what_a_grace_spares},
        {"one that is under way goes on", one_under_way_goes_on},
        {"scripts ask, and white answers", scripts_ask_and_white_answers},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("reset asks", tests);
}
