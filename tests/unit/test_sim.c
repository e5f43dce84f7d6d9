/*
 * The simulation: what its range answers, and that a drill played in it is one like any
 * other: one end for every inject, the same score each time, a journal that says what it
 * is.
 */
#include "orchestrator/sim/facts.h"
#include "orchestrator/sim/sim.h"
#include "scoreboard/ledger.h"
#include "tests/unit/cunit_main.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FIRST_DRILL PARRY_SOURCE_DIR "/examples/first-drill.yaml"
#define HOUR ((gint64)3600 * G_USEC_PER_SEC)

/* ---- the range ---- */

static Plan *first_drill(void)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    Plan *plan = plan_load(FIRST_DRILL, NULL, diags);

    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    return plan;
}

static const PlanInject *inject_of(const Plan *plan, const char *id)
{
    int index = plan_inject_index(plan, id);

    CU_ASSERT_TRUE_FATAL(index >= 0);
    return plan_inject(plan, index);
}

static json_t *env_json(const PlanInject *inject)
{
    json_t *env = json_object();

    for (char **at = inject->in_env; *at; at++) {
        g_auto(GStrv) pair = g_strsplit(*at, "=", 2);
        json_object_set_new(env, pair[0], json_string(pair[1]));
    }
    return env;
}

/* Exit status of the attack's own script, or of its cleanup. */
static int run_own(Facts *facts, const PlanInject *inject, const char *script)
{
    g_autofree char *said = NULL;
    json_t *env = env_json(inject);
    int status = facts_run(facts, inject->in_from, script, env, 10 * HOUR, &said);

    json_decref(env);
    return status;
}

/* The same of a defender's, on the victim. */
static int run_there(Facts *facts, const PlanInject *inject, const char *script)
{
    g_autofree char *said = NULL;

    return facts_run(facts, inject->in_host, script, NULL, 10 * HOUR, &said);
}

static CheckStatus effect(const Facts *facts, const PlanInject *inject)
{
    g_autofree char *said = NULL;

    return facts_look(facts, inject->in_effect_host, inject->in_effect_kind,
                      inject->in_effect_params, &said);
}

static CheckStatus check(const Facts *facts, const Plan *plan, const char *id)
{
    const PlanCheck *check = plan_check(plan, plan_check_index(plan, id));
    g_autofree char *said = NULL;

    return facts_look(facts, check->ck_from, check->ck_kind, check->ck_params, &said);
}

static void test_effect(void)
{
    g_autoptr(Plan) plan = first_drill();
    g_autoptr(Facts) facts = facts_new(plan);
    const PlanInject *deface = inject_of(plan, "deface@health");
    const PlanInject *others = inject_of(plan, "deface@lands");

    CU_ASSERT_EQUAL(effect(facts, deface), CHECK_CORRUPT);
    CU_ASSERT_EQUAL(check(facts, plan, "health/page-restored"), CHECK_UP);
    CU_ASSERT_EQUAL(run_there(facts, deface, deface->in_detect), 1);
    CU_ASSERT_EQUAL(run_own(facts, deface, deface->in_run), 0);
    CU_ASSERT_EQUAL(effect(facts, deface), CHECK_UP);
    CU_ASSERT_EQUAL(run_there(facts, deface, deface->in_detect), 0);
    /* What the expectation waits for is broken, and nothing else, and nobody else's. */
    CU_ASSERT_EQUAL(check(facts, plan, "health/page-restored"), CHECK_CORRUPT);
    CU_ASSERT_EQUAL(check(facts, plan, "health/web-up"), CHECK_UP);
    CU_ASSERT_EQUAL(effect(facts, others), CHECK_CORRUPT);
    CU_ASSERT_EQUAL(check(facts, plan, "lands/page-restored"), CHECK_UP);

    CU_ASSERT_EQUAL(run_there(facts, deface, deface->in_contain), 0);
    CU_ASSERT_EQUAL(effect(facts, deface), CHECK_CORRUPT);
    CU_ASSERT_EQUAL(check(facts, plan, "health/page-restored"), CHECK_UP);
    CU_ASSERT_EQUAL(run_there(facts, deface, deface->in_detect), 0); /* traces stay */
}

/* Five teams' attacks run from one box by one script: the environment tells them apart.
 */
static void test_environment(void)
{
    g_autoptr(Plan) plan = first_drill();
    g_autoptr(Facts) facts = facts_new(plan);
    const PlanInject *recon = inject_of(plan, "recon@health");
    const PlanInject *others = inject_of(plan, "recon@lands");

    CU_ASSERT_EQUAL(recon->in_from, others->in_from);
    CU_ASSERT_EQUAL(run_own(facts, recon, recon->in_run), 0);
    CU_ASSERT_EQUAL(effect(facts, recon), CHECK_UP);
    CU_ASSERT_EQUAL(effect(facts, others), CHECK_FAULTY);
    CU_ASSERT_EQUAL(run_own(facts, others, others->in_cleanup), 0);
    CU_ASSERT_EQUAL(effect(facts, recon), CHECK_UP);
    CU_ASSERT_EQUAL(run_own(facts, recon, recon->in_cleanup), 0);
    CU_ASSERT_EQUAL(effect(facts, recon), CHECK_FAULTY);
    CU_ASSERT_EQUAL(run_there(facts, recon, "echo of no account"), 0);
}

static void test_prevented(void)
{
    g_autoptr(Plan) plan = first_drill();
    g_autoptr(Facts) facts = facts_new(plan);
    const PlanInject *guess = inject_of(plan, "guess@health");
    const PlanInject *others = inject_of(plan, "guess@lands");
    const PlanInject *deface = inject_of(plan, "deface@health");
    g_autoptr(GPtrArray) idle = facts_idle_actions(facts);
    g_autofree char *said = NULL, *spaced = g_strconcat("\n ", guess->in_contain, NULL);
    const PlanCheck *closed =
        plan_check(plan, plan_check_index(plan, "health/weak-account-closed"));

    CU_ASSERT_EQUAL(idle->len, 1); /* it has not been taken yet */
    /* White space is not what a script is known by. */
    CU_ASSERT_EQUAL(run_there(facts, guess, spaced), 0);
    CU_ASSERT_EQUAL(run_own(facts, guess, guess->in_run), 10);
    CU_ASSERT_NOT_EQUAL(effect(facts, guess), CHECK_UP);
    facts_look(facts, guess->in_effect_host, guess->in_effect_kind,
               guess->in_effect_params, &said);
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "Close the weak account"));
    CU_ASSERT_EQUAL(run_there(facts, guess, guess->in_detect), 0); /* it was tried */
    CU_ASSERT_EQUAL(check(facts, plan, closed->ck_id), CHECK_UP);
    CU_ASSERT_EQUAL(run_own(facts, others, others->in_run), 0);
    /* To restore a page beforehand keeps nobody from defacing it. */
    CU_ASSERT_EQUAL(run_there(facts, deface, deface->in_contain), 0);
    CU_ASSERT_EQUAL(run_own(facts, deface, deface->in_run), 0);
    g_autoptr(GPtrArray) now = facts_idle_actions(facts);
    CU_ASSERT_EQUAL(now->len, 0);
}

static const char weak[] =
    "parry: 1\n"
    "drill: {name: weak, start: 2026-11-13T09:00, timezone: UTC, duration: 8h}\n"
    "scope: {authorised-by: Control, safety-officer: '+852 5555 0100', "
    "max-risk: changes-state, allow: [T1110.001, T1491.002]}\n"
    "teams:\n"
    "  health: {side: blue, estate: clinic}\n"
    "networks:\n"
    "  internet: {cidr: 203.0.113.0/24}\n"
    "estates:\n"
    "  clinic:\n"
    "    hosts:\n"
    "      web: {image: micro, nics: {internet: auto}}\n"
    "    weaknesses:\n"
    "      staff: {host: web, technique: T1110.001, title: Weak words}\n"
    "injects:\n";

/* Two attacks by a planted weakness and two by none, with the same playbooks. */
static Plan *weak_plan(void)
{
    static const struct {
        const char *at_name, *at_technique;
    } attacks[] = {
        {"guess", "T1110.001"},
        {"guess-again", "T1110.001"},
        {"deface", "T1491.002"},
        {"deface-again", "T1491.002"},
    };
    g_autoptr(GString) text = g_string_new(weak);
    g_autoptr(ParryDiags) diags = parry_diags_new();

    for (guint i = 0; i < G_N_ELEMENTS(attacks); i++)
        g_string_append_printf(
            text,
            "  %s:\n"
            "    at: %uh\n"
            "    for: [health]\n"
            "    host: web\n"
            "    technique: %s\n"
            "    attack: {run: try %s, cleanup: undo, effect: {file: {path: /tmp/%s, "
            "sha256: exists}}}\n"
            "    indicators: [x]\n"
            "    playbook: {detect: look, contain: mend %c}\n"
            "    expect: {contain: {within: 1h, points: 10}}\n",
            attacks[i].at_name, i + 1, attacks[i].at_technique, attacks[i].at_name,
            attacks[i].at_name, attacks[i].at_technique[4]);
    Plan *plan = plan_load_bytes("weak.yaml", "/tmp", text->str, text->len, NULL, diags);
    g_autofree char *words = parry_diags_text(diags, FALSE);
    if (!plan)
        fputs(words, stderr);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    return plan;
}

static void test_weakness(void)
{
    g_autoptr(Plan) plan = weak_plan();
    g_autoptr(Facts) facts = facts_new(plan);
    const PlanInject *guess = inject_of(plan, "guess@health");
    const PlanInject *guess_again = inject_of(plan, "guess-again@health");
    const PlanInject *deface = inject_of(plan, "deface@health");
    const PlanInject *deface_again = inject_of(plan, "deface-again@health");

    CU_ASSERT_EQUAL(run_own(facts, guess, guess->in_run), 0);
    CU_ASSERT_EQUAL(run_own(facts, deface, deface->in_run), 0);
    CU_ASSERT_EQUAL(run_there(facts, guess, guess->in_contain), 0);
    CU_ASSERT_EQUAL(run_there(facts, deface, deface->in_contain), 0);
    CU_ASSERT_NOT_EQUAL(effect(facts, guess), CHECK_UP);
    CU_ASSERT_EQUAL(run_own(facts, guess_again, guess_again->in_run), 10);
    CU_ASSERT_EQUAL(run_own(facts, deface_again, deface_again->in_run), 0);
}

/* ---- a whole drill ---- */

typedef struct {
    char *pl_home;
    Drill *pl_drill;
    Plan *pl_plan;
    Ledger *pl_ledger;
    SimResult pl_result;
} Played;

static void played_clear(Played *played)
{
    g_autoptr(GError) error = NULL;

    ledger_free(played->pl_ledger);
    plan_free(played->pl_plan);
    drill_free(played->pl_drill);
    sim_result_clear(&played->pl_result);
    CU_ASSERT_TRUE(drill_remove_tree(played->pl_home, &error));
    g_free(played->pl_home);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Played, played_clear)

static gboolean play(Played *played, const char *scenario, SimStop stop, GError **error)
{
    played->pl_home = g_dir_make_tmp("parry-sim-test-XXXXXX", error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(played->pl_home);
    g_autoptr(ParryDiags) diags = parry_diags_new();
    g_autoptr(Plan) checked = plan_load(scenario, NULL, diags);
    CU_ASSERT_PTR_NOT_NULL_FATAL(checked);
    played->pl_drill =
        drill_create(played->pl_home, "d", scenario, checked, NULL, TRUE, error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(played->pl_drill);
    played->pl_plan = drill_plan(played->pl_drill, error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(played->pl_plan);
    if (!sim_run(played->pl_home, played->pl_drill, played->pl_plan, stop,
                 &played->pl_result, error))
        return FALSE;
    g_autoptr(Journal) journal = journal_open_read(played->pl_drill->dr_dir, error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(journal);
    played->pl_ledger = ledger_read(played->pl_plan, journal, 0, error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(played->pl_ledger);
    return TRUE;
}

static gint64 total(Played *played, const char *team)
{
    return ledger_standing(played->pl_ledger, plan_team_index(played->pl_plan, team))
        ->ls_total;
}

static void test_whole(void)
{
    g_auto(Played) played = {0};
    g_autoptr(GError) error = NULL;

    CU_ASSERT_TRUE_FATAL(play(&played, FIRST_DRILL, NULL, &error));
    CU_ASSERT_STRING_EQUAL(ledger_state(played.pl_ledger), "provisional");
    CU_ASSERT_TRUE(ledger_simulated(played.pl_ledger));
    CU_ASSERT_EQUAL(ledger_clock_us(played.pl_ledger), 60 * HOUR);
    CU_ASSERT_TRUE(total(&played, "health") > total(&played, "lands"));
    CU_ASSERT_TRUE(total(&played, "lands") > 0);
    for (guint i = 0; i < played.pl_plan->p_injects->len; i++) {
        InjectState state = ledger_inject(played.pl_ledger, (int)i)->lj_state;
        CU_ASSERT_TRUE(state != INJECT_PLANNED && state != INJECT_RUNNING &&
                       state != INJECT_FAILED);
    }
    /* 60 hours of a check a minute, each round counted: those of two hours score not. */
    int web = plan_check_index(played.pl_plan, "lands/web-up");
    CU_ASSERT_EQUAL(ledger_check(played.pl_ledger, web)->lc_checked, 58 * 60);
    CU_ASSERT_EQUAL(ledger_check(played.pl_ledger, web)->lc_up, 58 * 60 - 30);
}

static void test_same_again(void)
{
    g_auto(Played) one = {0}, two = {0};
    g_autoptr(GError) error = NULL;

    CU_ASSERT_TRUE_FATAL(play(&one, FIRST_DRILL, NULL, &error));
    CU_ASSERT_TRUE_FATAL(play(&two, FIRST_DRILL, NULL, &error));
    CU_ASSERT_EQUAL(ledger_seq(one.pl_ledger), ledger_seq(two.pl_ledger));
    for (guint t = 0; t < one.pl_plan->p_teams->len; t++) {
        const LedgerStanding *left = ledger_standing(one.pl_ledger, (int)t);
        const LedgerStanding *right = ledger_standing(two.pl_ledger, (int)t);
        CU_ASSERT_EQUAL(memcmp(left, right, sizeof(*left)), 0);
    }
    for (guint i = 0; i < one.pl_plan->p_injects->len; i++) {
        const LedgerInject *left = ledger_inject(one.pl_ledger, (int)i);
        const LedgerInject *right = ledger_inject(two.pl_ledger, (int)i);
        CU_ASSERT_EQUAL(left->lj_state, right->lj_state);
        CU_ASSERT_EQUAL(left->lj_exec_us, right->lj_exec_us);
        CU_ASSERT_EQUAL(left->lj_detect_us, right->lj_detect_us);
        CU_ASSERT_EQUAL(left->lj_contain_us, right->lj_contain_us);
    }
}

static int steps_left;

static gboolean stop_soon(void)
{
    return steps_left-- <= 0;
}

static void test_stopped(void)
{
    g_auto(Played) played = {0};
    g_autoptr(GError) error = NULL;

    steps_left = 40;
    CU_ASSERT_FALSE_FATAL(play(&played, FIRST_DRILL, stop_soon, &error));
    CU_ASSERT_TRUE(g_error_matches(error, SIM_ERROR, SIM_ERROR_STOPPED));
}

static const char no_hosts[] =
    "parry: 1\n"
    "drill: {name: desk, start: 2026-11-13T09:00, timezone: UTC, duration: 4h}\n"
    "teams:\n"
    "  health: {side: blue}\n"
    "  lands: {side: blue}\n"
    "injects:\n"
    "  brief:\n"
    "    at: 1h\n"
    "    message: {to: [blue], subject: A question, body: Well?, answer-within: 2h}\n"
    "    expect: {answer: {points: 50}}\n"
    "rehearsal:\n"
    "  health: {detect: all}\n";

static gboolean play_text(Played *played, const char *text, GError **error)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("parry-sim-XXXXXX.yaml", &path, error);
    gboolean ok;

    CU_ASSERT_TRUE_FATAL(fd >= 0);
    close(fd);
    CU_ASSERT_TRUE_FATAL(g_file_set_contents(path, text, -1, error));
    ok = play(played, path, NULL, error);
    unlink(path);
    return ok;
}

static void test_no_hosts(void)
{
    g_auto(Played) played = {0};
    g_autoptr(GError) error = NULL;

    CU_ASSERT_TRUE_FATAL(play_text(&played, no_hosts, &error));
    CU_ASSERT_STRING_EQUAL(ledger_state(played.pl_ledger), "provisional");
    CU_ASSERT_TRUE(total(&played, "health") > total(&played, "lands"));
}

/* One of each trigger; what comes of it is known beforehand. */
static const char triggers[] =
    "parry: 1\n"
    "drill: {name: desk, start: 2026-11-13T09:00, timezone: UTC, duration: 8h}\n"
    "teams:\n"
    "  health: {side: blue}\n"
    "  lands: {side: blue}\n"
    "windows: {lunch: {from: 2h, until: 3h, mode: pause}}\n"
    "injects:\n"
    "  first:\n"
    "    at: 1h\n"
    "    hold: true\n"
    "    message: {to: [blue], subject: A, body: B, answer-within: 2h}\n"
    "    expect: {answer: {points: 50}}\n"
    "  praise:\n"
    "    after: {inject: first, outcome: success, delay: 10m}\n"
    "    message: {to: [blue], subject: A, body: B}\n"
    "  reminder:\n"
    "    after: {inject: first, outcome: failure}\n"
    "    message: {to: [blue], subject: A, body: B}\n"
    "  by-hand:\n"
    "    manual: true\n"
    "    message: {to: [blue], subject: A, body: B}\n"
    "rehearsal:\n"
    "  health: {detect: all, delay: 5m}\n";

static const LedgerInject *outcome(const Played *played, const char *id)
{
    return ledger_inject(played->pl_ledger, plan_inject_index(played->pl_plan, id));
}

static void test_triggers(void)
{
    const gint64 minute = HOUR / 60;
    g_auto(Played) played = {0};
    g_autoptr(GError) error = NULL;

    CU_ASSERT_TRUE_FATAL(play_text(&played, triggers, &error));
    CU_ASSERT_EQUAL(outcome(&played, "first@health")->lj_state, INJECT_SENT);
    CU_ASSERT_EQUAL(outcome(&played, "first@health")->lj_exec_us, HOUR);
    CU_ASSERT_EQUAL(outcome(&played, "praise@health")->lj_state, INJECT_SENT);
    CU_ASSERT_EQUAL(outcome(&played, "praise@health")->lj_exec_us, HOUR + 15 * minute);
    CU_ASSERT_EQUAL(outcome(&played, "praise@lands")->lj_state, INJECT_NOT_RUN);
    CU_ASSERT_EQUAL(outcome(&played, "reminder@health")->lj_state, INJECT_NOT_RUN);
    CU_ASSERT_EQUAL(outcome(&played, "reminder@lands")->lj_state, INJECT_SENT);
    CU_ASSERT_EQUAL(outcome(&played, "by-hand@lands")->lj_state, INJECT_NOT_RUN);
    CU_ASSERT_EQUAL(ledger_clock_us(played.pl_ledger), 8 * HOUR);
    CU_ASSERT_EQUAL_FATAL(played.pl_result.sr_notes->len, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(played.pl_result.sr_notes->pdata[0], "by-hand"));
    CU_ASSERT_PTR_NOT_NULL(strstr(played.pl_result.sr_notes->pdata[1], "first"));
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"an effect and what it breaks", test_effect},
        {"one script, several teams", test_environment},
        {"an action taken beforehand", test_prevented},
        {"a weakness that was closed", test_weakness},
        {"a whole drill", test_whole},
        {"the same again", test_same_again},
        {"stopped on the way", test_stopped},
        {"a drill without hosts", test_no_hosts},
        {"triggers", test_triggers},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("sim", tests);
}
