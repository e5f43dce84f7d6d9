/*
 * The people's and the drill's part of a plan: who takes part and who attacks whom, when
 * the drill rests, what is allowed, and what it is to show.
 */
#include "scenarios/plan.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/plan_case.h"

#include <string.h>

static Plan *drill(const char *zone, const char *start, const char *duration,
                   const char *rest)
{
    g_autofree char *text = g_strdup_printf(
        "parry: 1\ndrill: {name: t, timezone: %s, start: %s, duration: %s}\n%s", zone,
        start, duration, rest);

    return case_load(text, NULL);
}

/* --- windows --- */

static void assert_window(const Plan *plan, guint i, gint64 from, gint64 until)
{
    CU_ASSERT_TRUE_FATAL(i < plan->p_windows->len);
    const PlanWindow *window = plan->p_windows->pdata[i];
    CU_ASSERT_EQUAL(window->wi_from_us, from);
    CU_ASSERT_EQUAL(window->wi_until_us, until);
}

#define BLUE "teams: {blue: {side: blue}}\n"

static void nights_are_written_out(void)
{
    g_autoptr(Plan) plan = drill("Asia/Hong_Kong", "2026-11-13T04:00", "60h",
                                 BLUE "windows: {night: {hours: \"22:00-06:00\", "
                                      "mode: pause}, lunch: {from: 8h, until: 9h}}\n");

    CU_ASSERT_EQUAL_FATAL(plan->p_windows->len, 4);
    assert_window(plan, 0, 0, 2 * HOUR); /* it began the evening before */
    assert_window(plan, 1, 8 * HOUR, 9 * HOUR);
    assert_window(plan, 2, 18 * HOUR, 26 * HOUR);
    assert_window(plan, 3, 42 * HOUR, 50 * HOUR);
    CU_ASSERT_EQUAL(((PlanWindow *)plan->p_windows->pdata[0])->wi_mode, WINDOW_PAUSE);
    CU_ASSERT_EQUAL(((PlanWindow *)plan->p_windows->pdata[1])->wi_mode, WINDOW_QUIET);
}

static void windows_end_with_the_drill(void)
{
    g_autoptr(Plan) plan = drill("UTC", "2026-11-13T20:00", "6h",
                                 BLUE "windows: {night: {hours: \"22:00-06:00\"}}\n");

    CU_ASSERT_EQUAL_FATAL(plan->p_windows->len, 1);
    assert_window(plan, 0, 2 * HOUR, 6 * HOUR);
}

/* The calendar of the zone: an hour more in autumn, one less in spring. */
static void summer_time_is_right(void)
{
    g_autoptr(Plan) autumn = drill("Europe/Berlin", "2026-10-24T12:00", "30h",
                                   BLUE "windows: {night: {hours: \"22:00-06:00\"}}\n");
    g_autoptr(Plan) spring = drill("Europe/Berlin", "2026-03-28T12:00", "30h",
                                   BLUE "windows: {night: {hours: \"22:00-06:00\"}}\n");
    g_autoptr(Plan) gap = drill("Europe/Berlin", "2026-03-29T00:00", "20h",
                                BLUE "windows: {early: {hours: \"02:30-04:00\"}}\n");

    assert_window(autumn, 0, 10 * HOUR, 19 * HOUR);
    assert_window(spring, 0, 10 * HOUR, 17 * HOUR);
    /* 02:30 does not exist that day: it is the moment at which 03:00 begins, or soon
     * after, and the end is right in any case. */
    const PlanWindow *window = gap->p_windows->pdata[0];
    CU_ASSERT_TRUE(window->wi_from_us >= 2 * HOUR && window->wi_from_us < 3 * HOUR);
    CU_ASSERT_EQUAL(window->wi_until_us, 3 * HOUR);
}

static void days_choose_where_a_night_begins(void)
{
    /* A Friday; the night of Friday ends on Saturday, that of Saturday is not meant. */
    g_autoptr(Plan) plan =
        drill("Asia/Hong_Kong", "2026-11-13T09:00", "72h",
              BLUE "windows: {night: {hours: \"22:00-24:00\", days: [fri, sun]}}\n");

    CU_ASSERT_EQUAL_FATAL(plan->p_windows->len, 2);
    assert_window(plan, 0, 13 * HOUR, 15 * HOUR);
    assert_window(plan, 1, 61 * HOUR, 63 * HOUR);
}

static void the_scope_has_a_window(void)
{
    g_autoptr(Plan) plan = drill("UTC", "2026-11-13T09:00", "30h",
                                 BLUE "scope: {window: \"10:00-18:00\", safety-phone: "
                                      "\"999\", sub-techniques: false, targets: []}\n");
    g_autoptr(Plan) none = drill("UTC", "2026-11-13T09:00", "30h", BLUE);

    CU_ASSERT_EQUAL_FATAL(plan->p_scope.sp_windows->len, 2);
    const PlanWindow *window = plan->p_scope.sp_windows->pdata[0];
    CU_ASSERT_EQUAL(window->wi_from_us, HOUR);
    CU_ASSERT_EQUAL(window->wi_until_us, 9 * HOUR);
    CU_ASSERT_STRING_EQUAL(plan->p_scope.sp_safety_phone, "999");
    CU_ASSERT_FALSE(plan->p_scope.sp_sub_techniques);
    CU_ASSERT_PTR_NULL(none->p_scope.sp_windows);
    CU_ASSERT_TRUE(none->p_scope.sp_sub_techniques);
    CU_ASSERT_FALSE(none->p_scope.sp_has_rules);
    CU_ASSERT_EQUAL(none->p_scope.sp_rules[ENGAGE_WIPING], RULING_FORBIDDEN);
}

/* --- phases --- */

static void a_kind_says_what_a_phase_does(void)
{
    g_autoptr(Plan) plan = drill(
        "UTC", "2026-11-13T09:00", "8h",
        BLUE "phases:\n"
             "  look: {until: 1h, kind: familiarisation}\n"
             "  warm-up: {until: 2h, kind: familiarisation, red: free, score: true}\n"
             "  fight: {until: 4h}\n"
             "  lunch: {until: 5h, kind: break}\n"
             "  again: {until: end, kind: attack}\n"
             "  judging: {lasts: 1h, kind: judging}\n"
             "  appeals: {lasts: 1h, kind: appeals}\n");
    static const struct {
        PlanPhaseKind kind;
        gboolean score, locked;
    } want[] = {
        {PHASE_FAMILIARISATION, FALSE, TRUE}, {PHASE_FAMILIARISATION, TRUE, FALSE},
        {PHASE_ATTACK, TRUE, FALSE},          {PHASE_BREAK, FALSE, TRUE},
        {PHASE_ATTACK, TRUE, FALSE},          {PHASE_JUDGING, FALSE, TRUE},
        {PHASE_APPEALS, FALSE, TRUE},
    };

    CU_ASSERT_EQUAL_FATAL(plan->p_phases->len, G_N_ELEMENTS(want));
    for (guint i = 0; i < G_N_ELEMENTS(want); i++) {
        const PlanPhase *phase = plan->p_phases->pdata[i];
        CU_ASSERT_EQUAL(phase->pz_kind, want[i].kind);
        CU_ASSERT_EQUAL(phase->pz_score, want[i].score);
        CU_ASSERT_EQUAL(phase->pz_red_locked, want[i].locked);
    }
}

/* --- teams --- */

#define FIELD                                                                            \
    "brackets: {open: {title: Open class}, students: {}}\n"                              \
    "teams:\n"                                                                           \
    "  red: {side: red, count: 2, assign: [hospitals], estate: camp}\n"                  \
    "  black: {side: red, estate: camp}\n"                                               \
    "  health: {side: blue, labels: [hospitals], bracket: open, estate: shop,\n"         \
    "           contact: \"+852 5555 0123\",\n"                                          \
    "           members: {wong: {role: lead, title: {en: Duty manager}}, chan: {}},\n"   \
    "           shifts: {day: {hours: {hours: \"08:00-20:00\", days: [fri]},\n"          \
    "                          members: [wong]}}}\n"                                     \
    "  clinic: {side: blue, labels: [hospitals, small], bracket: open, estate: shop}\n"  \
    "  school: {side: blue, count: 2, bracket: students, labels: [small], estate: "      \
    "shop}\n"                                                                            \
    "  judges: {side: white, members: {lam: {title: Judge, conflicts: [hospitals]}}}\n"  \
    "estates:\n"                                                                         \
    "  camp: {hosts: {box: {image: micro}}}\n"                                           \
    "  shop: {hosts: {till: {image: micro}}}\n"

static void labels_choose_teams(void)
{
    g_autoptr(Plan) plan = drill(
        "UTC", "2026-11-13T09:00", "8h",
        FIELD "injects:\n"
              "  one: {at: 1h, message: {to: small, subject: A, body: B}}\n"
              "  two: {at: 2h, message: {to: [hospitals, school-2], subject: A, body: "
              "B}}\n");

    CU_ASSERT_TRUE(plan_inject_index(plan, "one@clinic") >= 0);
    CU_ASSERT_TRUE(plan_inject_index(plan, "one@school-1") >= 0);
    CU_ASSERT_TRUE(plan_inject_index(plan, "one@school-2") >= 0);
    CU_ASSERT_TRUE(plan_inject_index(plan, "two@health") >= 0);
    CU_ASSERT_TRUE(plan_inject_index(plan, "two@school-2") >= 0);
    CU_ASSERT_EQUAL(plan->p_injects->len, 6);
}

static const char *opponent(const Plan *plan, const char *id)
{
    int index = plan_inject_index(plan, id);

    CU_ASSERT_TRUE_FATAL(index >= 0);
    return plan_team(plan, plan_inject(plan, index)->in_by)->pt_id;
}

static void red_attacks_whom_it_is_assigned(void)
{
    g_autoptr(Plan) plan = drill(
        "UTC", "2026-11-13T09:00", "8h",
        FIELD
        "scope: {allow: [T1491]}\n"
        "injects:\n"
        "  all: {at: 1h, technique: T1491, host: till, attack: {run: \"true\", effect:\n"
        "        {file: {path: /tmp/x, sha256: exists}}}}\n"
        "  own: {at: 2h, for: [hospitals], by: red-2, technique: T1491, host: till,\n"
        "        attack: {run: \"true\", effect: {file: {path: /tmp/x, sha256: "
        "exists}}}}\n");

    /* The two that are assigned to the hospitals take turns; who is assigned to nobody
     * takes the others. */
    CU_ASSERT_STRING_EQUAL(opponent(plan, "all@health"), "red-1");
    CU_ASSERT_STRING_EQUAL(opponent(plan, "all@clinic"), "red-2");
    CU_ASSERT_STRING_EQUAL(opponent(plan, "all@school-1"), "black");
    CU_ASSERT_STRING_EQUAL(opponent(plan, "all@school-2"), "black");
    CU_ASSERT_STRING_EQUAL(opponent(plan, "own@health"), "red-2");
    CU_ASSERT_EQUAL(case_team(plan, "red-1")->pt_assign->len, 2);
}

static void people_are_in_the_plan(void)
{
    g_autoptr(Plan) plan = drill("UTC", "2026-11-13T09:00", "8h", FIELD);
    const PlanTeam *health = case_team(plan, "health"),
                   *judges = case_team(plan, "judges");
    const PlanMember *wong = health->pt_members->pdata[0];
    const PlanMember *chan = health->pt_members->pdata[1];
    const PlanMember *lam = judges->pt_members->pdata[0];
    const PlanShift *shift = health->pt_shifts->pdata[0];

    CU_ASSERT_STRING_EQUAL(health->pt_bracket, "open");
    CU_ASSERT_STRING_EQUAL(health->pt_contact, "+852 5555 0123");
    CU_ASSERT_STRING_EQUAL(wong->pm_role, "lead");
    CU_ASSERT_STRING_EQUAL(parry_text_get(wong->pm_title, "en"), "Duty manager");
    CU_ASSERT_STRING_EQUAL(chan->pm_role, "player");
    CU_ASSERT_PTR_NULL(lam->pm_role);
    CU_ASSERT_EQUAL(lam->pm_conflicts->len, 2);
    CU_ASSERT_EQUAL(shift->sh_hours.hr_from, 8 * 60);
    CU_ASSERT_EQUAL(shift->sh_hours.hr_until, 20 * 60);
    CU_ASSERT_EQUAL(shift->sh_hours.hr_days, 1u << 4);
    CU_ASSERT_STRING_EQUAL(shift->sh_members[0], "wong");
    CU_ASSERT_EQUAL(plan->p_brackets->len, 2);
    json_t *json = plan_to_json(plan);
    json_t *first = json_array_get(json_object_get(json, "teams"), 3);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(first, "bracket")), "open");
    CU_ASSERT_EQUAL(json_array_size(json_object_get(first, "shifts")), 1);
    json_decref(json);
}

static void channels_are_known_and_not_built(void)
{
    g_autoptr(Plan) plan = drill(
        "UTC", "2026-11-13T09:00", "8h",
        FIELD "channels: {advisories: {moderator: health, for: [small], tlp: amber}}\n");
    const PlanChannel *channel = plan->p_channels->pdata[0];

    CU_ASSERT_EQUAL(channel->ch_teams->len, 3);
    CU_ASSERT_EQUAL(channel->ch_moderator, plan_team_index(plan, "health"));
    CU_ASSERT_STRING_EQUAL(channel->ch_tlp, "amber");
    CU_ASSERT_TRUE(channel->ch_moderated);
    CU_ASSERT_EQUAL(plan->p_unbuilt->len, 1);
}

/* --- objectives, stops, scoring --- */

static void objectives_add_up(void)
{
    g_autoptr(Plan) plan = drill(
        "UTC", "2026-11-13T09:00", "8h",
        BLUE "objectives:\n"
             "  capabilities: {detection: {title: Detection}}\n"
             "  metrics:\n"
             "    quality: {max-score: 10, artifact: true}\n"
             "    rich: {kind: conditional, max-score: 2.5, condition: {score: {above: "
             "5000}}}\n"
             "  evaluations: {all: {metrics: [quality, rich], min-score: 60%},\n"
             "                one: {metrics: quality, min-score: 7}}\n"
             "  training-objectives:\n"
             "    report: {evaluation: all, capability: detection, notes: Who calls?}\n"
             "    write: {evaluation: one}\n"
             "  goals: {resilient: {training-objectives: report}}\n"
             "injects:\n"
             "  brief: {at: 1h, objective: write, message: {to: blue, subject: A, body: "
             "B}}\n");
    const PlanObjectives *all = &plan->p_objectives;
    const PlanMetric *rich = all->ob_metrics->pdata[1];
    const PlanTeamCondition *condition = rich->om_conditions->pdata[0];

    CU_ASSERT_EQUAL(((PlanEvaluation *)all->ob_evaluations->pdata[0])->oe_min, 7500);
    CU_ASSERT_EQUAL(((PlanEvaluation *)all->ob_evaluations->pdata[1])->oe_min, 7000);
    CU_ASSERT_EQUAL(rich->om_max, 2500);
    CU_ASSERT_EQUAL(condition->tc_condition->co_above, 5000000);
    CU_ASSERT_STRING_EQUAL(
        ((PlanTrainingObjective *)all->ob_training->pdata[0])->ot_capability,
        "detection");
    CU_ASSERT_STRING_EQUAL(((PlanGoal *)all->ob_goals->pdata[0])->og_objectives[0],
                           "report");
    json_t *json = plan_to_json(plan);
    json_t *metric = json_array_get(
        json_object_get(json_object_get(json, "objectives"), "metrics"), 1);
    json_t *when =
        json_object_get(json_array_get(json_object_get(metric, "conditions"), 0), "when");
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(when, "score-above-milli")),
                    5000000);
    json_decref(json);
}

static void stops_are_judged_for_all_their_teams(void)
{
    g_autoptr(Plan) plan = case_load(
        "parry: 1\n"
        "drill: {name: t, start: 2026-11-13T09:00, duration: 8h, stop: [{when: {any: "
        "[{score: {below: 10}}, {none: [{score: {above: 1}}]}]}, action: end, reason: "
        "Over}, {when: {score: {below: 1}}, for: [a]}]}\n"
        "teams: {a: {side: blue}, b: {side: blue}}\n",
        NULL);
    const PlanStop *first = plan->p_stops->pdata[0], *second = plan->p_stops->pdata[1];

    CU_ASSERT_EQUAL(first->st_when->len, 2);
    CU_ASSERT_EQUAL(first->st_action, STOP_END);
    CU_ASSERT_STRING_EQUAL(parry_text_get(first->st_reason, "en"), "Over");
    CU_ASSERT_EQUAL(second->st_when->len, 1);
    CU_ASSERT_EQUAL(second->st_action, STOP_PAUSE);
}

static void scoring_is_in_the_rules(void)
{
    g_autoptr(Plan) plain = drill("UTC", "2026-11-13T09:00", "8h", BLUE);
    g_autoptr(Plan) same = drill("UTC", "2026-11-13T09:00", "8h",
                                 BLUE "scoring: {repeat: [100%, 70%, 40%], false-report: "
                                      "{free: 5, cost: 1%}, bases: {}}\n");
    g_autoptr(Plan) other =
        drill("UTC", "2026-11-13T09:00", "8h",
              BLUE "scoring: {repeat: [100%, 50%], false-report: {free: 0, cost: 3%}, "
                   "bases: {target-system: 12000}, disclose-after: end}\n");
    const PlanScoring *scoring = &other->p_scoring;

    CU_ASSERT_STRING_EQUAL(plain->p_rules_sha256, same->p_rules_sha256);
    CU_ASSERT_STRING_NOT_EQUAL(plain->p_rules_sha256, other->p_rules_sha256);
    CU_ASSERT_EQUAL(scoring->ps_repeats, 2);
    CU_ASSERT_EQUAL(scoring->ps_repeat[1], 50);
    CU_ASSERT_EQUAL(scoring->ps_false_free, 0);
    CU_ASSERT_EQUAL(scoring->ps_false_cost, 3);
    CU_ASSERT_EQUAL(scoring->ps_bases[plan_target_kind_index("target-system")], 12000);
    CU_ASSERT_EQUAL(scoring->ps_bases[plan_target_kind_index("attack-path")], 3000);
    CU_ASSERT_EQUAL(scoring->ps_disclose_us, SCORING_AT_END);
}

/* What the tables give by default is what a plan without a scenario has. */
static void defaults_agree(void)
{
    g_autoptr(Plan) plan = drill("UTC", "2026-11-13T09:00", "8h", BLUE);
    PlanScoring want = plan_scoring_default();
    const PlanScoring *got = &plan->p_scoring;

    CU_ASSERT_STRING_EQUAL(got->ps_profile, want.ps_profile);
    CU_ASSERT_EQUAL(got->ps_protection, want.ps_protection);
    CU_ASSERT_EQUAL(got->ps_availability, want.ps_availability);
    CU_ASSERT_EQUAL(got->ps_injects, want.ps_injects);
    CU_ASSERT_EQUAL(got->ps_cap, want.ps_cap);
    CU_ASSERT_EQUAL(got->ps_xmax, want.ps_xmax);
    CU_ASSERT_EQUAL(memcmp(got->ps_bases, want.ps_bases, sizeof want.ps_bases), 0);
    CU_ASSERT_EQUAL(memcmp(got->ps_repeat, want.ps_repeat, sizeof want.ps_repeat), 0);
    CU_ASSERT_EQUAL(got->ps_repeats, want.ps_repeats);
    CU_ASSERT_EQUAL(got->ps_false_free, want.ps_false_free);
    CU_ASSERT_EQUAL(got->ps_false_cost, want.ps_false_cost);
    CU_ASSERT_EQUAL(got->ps_disclose_us, want.ps_disclose_us);
    CU_ASSERT_EQUAL(got->ps_flag_tick_us, want.ps_flag_tick_us);
    CU_ASSERT_EQUAL(got->ps_flag_lifetime, want.ps_flag_lifetime);
    CU_ASSERT_EQUAL(got->ps_uptime_threshold, want.ps_uptime_threshold);
    CU_ASSERT_EQUAL(got->ps_uptime_penalty, want.ps_uptime_penalty);
    g_free(want.ps_profile);
}

static void privacy_and_rules_are_told(void)
{
    g_autoptr(Plan) plan = drill(
        "UTC", "2026-11-13T09:00", "8h",
        BLUE "rules: {text: {en: Harm nobody., zh-Hant: 不得傷害他人。}}\n"
             "privacy: {notice: Terminals are recorded., contact: dpo@drill.example}\n");

    CU_ASSERT_STRING_EQUAL(parry_text_get(plan->p_rules, "zh-Hant"), "不得傷害他人。");
    CU_ASSERT_FALSE(plan->p_rules_accept);
    CU_ASSERT_STRING_EQUAL(parry_text_get(plan->p_privacy.pv_notice, "en"),
                           "Terminals are recorded.");
    CU_ASSERT_STRING_EQUAL(plan->p_privacy.pv_contact, "dpo@drill.example");
    CU_ASSERT_EQUAL(plan->p_unbuilt->len, 0);
}

/* A day of a student competition: like colleges, guests, lunch, shifts, messages. */
static void a_business_day_is_good(void)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    g_autoptr(Plan) plan =
        plan_load(PARRY_SOURCE_DIR "/examples/business-day.yaml", NULL, diags);
    guint competing = 0, answers = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    CU_ASSERT_EQUAL(parry_diags_count(diags, DIAG_WARNING), 0);
    for (guint i = 0; i < plan->p_teams->len; i++)
        competing += !g_strcmp0(plan_team(plan, (int)i)->pt_bracket, "students");
    CU_ASSERT_EQUAL(competing, 4);
    CU_ASSERT_EQUAL(plan->p_windows->len, 1);
    CU_ASSERT_EQUAL(plan->p_objectives.ob_training->len, 3);
    CU_ASSERT_STRING_EQUAL(opponent(plan, "deface@college-1"), "red-1");
    CU_ASSERT_STRING_EQUAL(opponent(plan, "deface@college-2"), "red-2");
    CU_ASSERT_STRING_EQUAL(opponent(plan, "deface@alumni"), "veterans");
    for (guint i = 0; i < plan->p_injects->len; i++)
        answers += plan_inject(plan, (int)i)->in_kind == INJECT_MESSAGE;
    CU_ASSERT_EQUAL(answers, 4 * 5 + 4);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"nights are written out", nights_are_written_out},
        {"windows end with the drill", windows_end_with_the_drill},
        {"summer time is right", summer_time_is_right},
        {"days choose where a night begins", days_choose_where_a_night_begins},
        {"the scope has a window", the_scope_has_a_window},
        {"a kind says what a phase does", a_kind_says_what_a_phase_does},
        {"labels choose teams", labels_choose_teams},
        {"red attacks whom it is assigned", red_attacks_whom_it_is_assigned},
        {"people are in the plan", people_are_in_the_plan},
        {"channels are known and not built", channels_are_known_and_not_built},
        {"objectives add up", objectives_add_up},
        {"stops are judged for all their teams", stops_are_judged_for_all_their_teams},
        {"scoring is in the rules", scoring_is_in_the_rules},
        {"defaults agree", defaults_agree},
        {"privacy and rules are told", privacy_and_rules_are_told},
        {"a business day is good", a_business_day_is_good},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("scenario people", tests);
}
