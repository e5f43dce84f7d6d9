/* Injects become a timeline: triggers, chains, conditions, expectations, checks' hours.
 */
#include "scenarios/plan.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/plan_case.h"

#include <string.h>

/* Two teams alike, one host each that is attacked, a referee who looks. */
#define WORLD                                                                            \
    "parry: 1\n"                                                                         \
    "drill: {name: t, start: 2026-11-13T09:00, duration: 20h}\n"                         \
    "teams:\n"                                                                           \
    "  red: {side: red}\n"                                                               \
    "  lime: {side: blue, estate: shop, title: {en: Lime, zh-Hant: 青}}\n"              \
    "  mint: {side: blue, estate: shop}\n"                                               \
    "windows:\n"                                                                         \
    "  noon: {hours: \"12:00-13:00\", mode: quiet}\n"                                    \
    "objectives:\n"                                                                      \
    "  metrics: {m: {title: M, kind: manual, max-score: 10}}\n"                          \
    "  evaluations: {e: {title: E, metrics: m, min-score: 50%}}\n"                       \
    "  training-objectives: {serve: {title: Keep serving, evaluation: e}}\n"             \
    "scope: {allow: [T1491, T1074]}\n"                                                   \
    "secrets: {word: {kind: text, length: 8}}\n"                                         \
    "estates:\n"                                                                         \
    "  shop:\n"                                                                          \
    "    networks: {inner: {cidr: 10.0.0.0/24}}\n"                                       \
    "    hosts:\n"                                                                       \
    "      till: {image: micro, nics: {inner: 10}}\n"                                    \
    "      store: {image: micro, nics: {inner: 11}}\n"                                   \
    "      judge: {image: micro, owner: white, nics: {inner: 250}}\n"                    \
    "    targets: {sales: {host: till, kind: target-system}}\n"                          \
    "    checks:\n"                                                                      \
    "      up: {host: till, from: judge, every: 60s, jitter: 20s,\n"                     \
    "           quiet: [noon, \"18:00-19:00\"],\n"                                       \
    "           http: {path: \"/${team.id}\", body: \"${secret.word}\"}}\n"              \
    "      page: {host: till, file: {path: /etc/motd, sha256: exists}}\n"                \
    "injects:\n"

#define RUN "run: \"true\", effect: {file: {path: /tmp/x, sha256: exists}}"
#define ATTACK "host: till, technique: T1491, attack: {" RUN "}"

static Plan *load(const char *injects)
{
    g_autofree char *text = g_strconcat(WORLD, injects, NULL);

    return case_load(text, NULL);
}

static const PlanExpect *expect(const PlanInject *of, guint i)
{
    CU_ASSERT_TRUE_FATAL(i < of->in_expect->len);
    return of->in_expect->pdata[i];
}

static const PlanCondition *part(const PlanCondition *of, guint i)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(of);
    CU_ASSERT_TRUE_FATAL(i < of->co_parts->len);
    return of->co_parts->pdata[i];
}

static void assert_after(const Plan *plan, const PlanInject *of, const char *before,
                         PlanOutcome outcome, gint64 delay_us)
{
    CU_ASSERT_EQUAL(of->in_trigger, TRIGGER_AFTER);
    CU_ASSERT_EQUAL(of->in_after, plan_inject_index(plan, before));
    CU_ASSERT_EQUAL(of->in_outcome, outcome);
    CU_ASSERT_EQUAL(of->in_delay_us, delay_us);
    CU_ASSERT_EQUAL(of->in_at_us, 0);
}

static void each_team_waits_for_its_own(void)
{
    g_autoptr(Plan) plan = load(
        "  late: {after: {inject: first, outcome: success, delay: 10m}, " ATTACK "}\n"
        "  next: {after: first, delay: 5m, " ATTACK "}\n"
        "  first: {at: 1h, " ATTACK "}\n"
        "  only: {at: 1h, for: lime, " ATTACK "}\n"
        "  all: {after: only, message: {to: blue, subject: A, body: B}}\n");

    assert_after(plan, case_inject(plan, "late@lime"), "first@lime", OUTCOME_SUCCESS,
                 10 * MINUTE);
    assert_after(plan, case_inject(plan, "late@mint"), "first@mint", OUTCOME_SUCCESS,
                 10 * MINUTE);
    assert_after(plan, case_inject(plan, "next@mint"), "first@mint", OUTCOME_COMPLETION,
                 5 * MINUTE);
    /* What is for one team only stands for all others. */
    assert_after(plan, case_inject(plan, "all@mint"), "only@lime", OUTCOME_COMPLETION, 0);
    CU_ASSERT_EQUAL(case_inject(plan, "first@lime")->in_trigger, TRIGGER_AT);
    CU_ASSERT_EQUAL(case_inject(plan, "first@lime")->in_after, -1);
}

static void white_holds_and_fires(void)
{
    g_autoptr(Plan) plan = load(
        "  word: {manual: true, expires: 2h, hold: true, retry: {times: 2}, " ATTACK "}\n"
        "  plain: {at: 1h, together: true, objective: serve, controller: Ann,\n"
        "          notes: Look, " ATTACK "}\n");
    const PlanInject *word = case_inject(plan, "word@lime");
    const PlanInject *plain = case_inject(plan, "plain@lime");

    CU_ASSERT_EQUAL(word->in_trigger, TRIGGER_MANUAL);
    CU_ASSERT_EQUAL(word->in_expires_us, 2 * HOUR);
    CU_ASSERT_TRUE(word->in_hold);
    CU_ASSERT_EQUAL(word->in_retries, 2);
    CU_ASSERT_EQUAL(word->in_retry_wait_us, MINUTE);
    CU_ASSERT_FALSE(word->in_together);
    CU_ASSERT_TRUE(plain->in_together);
    CU_ASSERT_FALSE(plain->in_hold);
    CU_ASSERT_EQUAL(plain->in_retries, 0);
    CU_ASSERT_STRING_EQUAL(plain->in_objectives[0], "serve");
    CU_ASSERT_STRING_EQUAL(plain->in_controller, "Ann");
    CU_ASSERT_STRING_EQUAL(parry_text_get(plain->in_notes, "en"), "Look");
    CU_ASSERT_PTR_NULL(word->in_notes);
}

static void conditions_are_the_teams_own(void)
{
    g_autoptr(Plan) plan =
        load("  a: {at: 1h, " ATTACK "}\n"
             "  b: {when: {all: [{check: up, state: down, lasts: 5m}, {claim: sales},\n"
             "      {any: [{report: a}, {inject: a, outcome: failure}]},\n"
             "      {none: [{score: {below: 12.5}}]}]}, delay: 1m, " ATTACK "}\n");
    const PlanInject *b = case_inject(plan, "b@mint");
    const PlanCondition *all = b->in_when;

    CU_ASSERT_EQUAL(b->in_trigger, TRIGGER_WHEN);
    CU_ASSERT_EQUAL(b->in_delay_us, MINUTE);
    CU_ASSERT_EQUAL_FATAL(all->co_kind, CONDITION_ALL);
    CU_ASSERT_EQUAL(all->co_parts->len, 4);
    CU_ASSERT_EQUAL(part(all, 0)->co_ref, plan_check_index(plan, "mint/up"));
    CU_ASSERT_STRING_EQUAL(part(all, 0)->co_state, "down");
    CU_ASSERT_EQUAL(part(all, 0)->co_lasts_us, 5 * MINUTE);
    CU_ASSERT_STRING_EQUAL(plan_target(plan, part(all, 1)->co_ref)->ta_id, "mint/sales");
    const PlanCondition *any = part(all, 2);
    CU_ASSERT_EQUAL(any->co_kind, CONDITION_ANY);
    CU_ASSERT_EQUAL(part(any, 0)->co_ref, plan_inject_index(plan, "a@mint"));
    CU_ASSERT_EQUAL(part(any, 1)->co_outcome, OUTCOME_FAILURE);
    const PlanCondition *score = part(part(all, 3), 0);
    CU_ASSERT_EQUAL(score->co_below, 12500);
    CU_ASSERT_EQUAL(score->co_above, G_MININT64);
}

#define CHAIN                                                                            \
    "  long:\n"                                                                          \
    "    at: 2h\n"                                                                       \
    "    hold: true\n"                                                                   \
    "    title: {en: A chain, zh-Hant: 連環}\n"                                        \
    "    host: till\n"                                                                   \
    "    technique: T1491\n"                                                             \
    "    indicators: [/tmp/x]\n"                                                         \
    "    playbook: {contain: rm /tmp/x}\n"                                               \
    "    attack:\n"                                                                      \
    "      user: nobody\n"                                                               \
    "      cleanup: rm -f /tmp/x\n"                                                      \
    "      steps:\n"                                                                     \
    "        - {" RUN ", expect: {detect: {within: 5m, points: 1}}}\n"                   \
    "        - {wait: 3m, title: Packed, host: store, technique: T1074, user: root,\n"   \
    "           indicators: [/tmp/y], " RUN "}\n"                                        \
    "        - {wait: 4m, " RUN "}\n"                                                    \
    "    expect: {contain: {within: 1h, points: 9}}\n"

static void chains_are_steps_that_follow(void)
{
    g_autoptr(Plan) plan = load(CHAIN);
    const PlanInject *one = case_inject(plan, "long.1@mint");
    const PlanInject *two = case_inject(plan, "long.2@mint");
    const PlanInject *three = case_inject(plan, "long.3@mint");

    CU_ASSERT_STRING_EQUAL(two->in_name, "long.2");
    CU_ASSERT_EQUAL(one->in_at_us, 2 * HOUR);
    assert_after(plan, two, "long.1@mint", OUTCOME_SUCCESS, 3 * MINUTE);
    assert_after(plan, three, "long.2@mint", OUTCOME_SUCCESS, 4 * MINUTE);
    CU_ASSERT_TRUE(one->in_hold);
    CU_ASSERT_FALSE(two->in_hold);
    CU_ASSERT_STRING_EQUAL(parry_text_get(one->in_title, "en"), "A chain (step 1 of 3)");
    CU_ASSERT_STRING_EQUAL(parry_text_get(one->in_title, "zh-Hant"),
                           "連環（第 1 步，共 3 步）");
    CU_ASSERT_STRING_EQUAL(parry_text_get(two->in_title, "en"), "Packed (step 2 of 3)");
}

static void steps_fall_back_on_their_chain(void)
{
    g_autoptr(Plan) plan = load(CHAIN);
    const PlanInject *one = case_inject(plan, "long.1@mint");
    const PlanInject *two = case_inject(plan, "long.2@mint");
    const PlanInject *three = case_inject(plan, "long.3@mint");

    CU_ASSERT_STRING_EQUAL(plan_host(plan, one->in_host)->ph_id, "mint/till");
    CU_ASSERT_STRING_EQUAL(plan_host(plan, two->in_host)->ph_id, "mint/store");
    CU_ASSERT_STRING_EQUAL(one->in_technique, "T1491");
    CU_ASSERT_STRING_EQUAL(two->in_technique, "T1074");
    CU_ASSERT_STRING_EQUAL(one->in_user, "nobody");
    CU_ASSERT_STRING_EQUAL(two->in_user, "root");
    CU_ASSERT_STRING_EQUAL(one->in_indicators[0], "/tmp/x");
    CU_ASSERT_STRING_EQUAL(two->in_indicators[0], "/tmp/y");
    /* What is looked for when all is done is the last one's. */
    CU_ASSERT_PTR_NULL(one->in_cleanup);
    CU_ASSERT_STRING_EQUAL(three->in_cleanup, "rm -f /tmp/x");
    CU_ASSERT_PTR_NULL(two->in_contain);
    CU_ASSERT_STRING_EQUAL(three->in_contain, "rm /tmp/x");
    CU_ASSERT_EQUAL(expect(one, 0)->ex_kind, EXPECT_DETECT);
    CU_ASSERT_EQUAL(two->in_expect->len, 0);
    CU_ASSERT_EQUAL(expect(three, 0)->ex_kind, EXPECT_CONTAIN);
}

static void chains_end_by_any_step(void)
{
    g_autoptr(Plan) plan =
        load(CHAIN "  good: {after: {inject: long, outcome: success}, " ATTACK "}\n"
                   "  bad: {after: {inject: long, outcome: failure}, " ATTACK "}\n"
                   "  told: {when: {report: long}, " ATTACK "}\n"
                   "rehearsal: {lime: {detect: [long]}}\n");
    const PlanInject *bad = case_inject(plan, "bad@lime"),
                     *told = case_inject(plan, "told@lime");
    const PlanScript *script = plan->p_scripts->pdata[0];

    assert_after(plan, case_inject(plan, "good@lime"), "long.3@lime", OUTCOME_SUCCESS, 0);
    CU_ASSERT_EQUAL(bad->in_trigger, TRIGGER_WHEN);
    CU_ASSERT_EQUAL(bad->in_after, -1);
    for (guint i = 0; i < 3; i++) {
        g_autofree char *id = g_strdup_printf("long.%u@lime", i + 1);
        CU_ASSERT_EQUAL(part(bad->in_when, i)->co_ref, plan_inject_index(plan, id));
        CU_ASSERT_EQUAL(part(bad->in_when, i)->co_outcome, OUTCOME_FAILURE);
        CU_ASSERT_EQUAL(part(told->in_when, i)->co_kind, CONDITION_REPORT);
    }
    CU_ASSERT_EQUAL(g_strv_length(script->sc_detect), 3);
    CU_ASSERT_STRING_EQUAL(script->sc_detect[2], "long.3");
}

static void expectations_may_be_many(void)
{
    g_autoptr(Plan) plan =
        load("  a:\n"
             "    at: 1h\n"
             "    host: till\n"
             "    technique: T1491\n"
             "    attack: {" RUN "}\n"
             "    extend: {mint: 15m}\n"
             "    expect:\n"
             "      recover: {check: up, within: 2h, points: 7}\n"
             "      eradicate: {within: 3h, points: 8}\n"
             "      detect: [{within: 10m, points: 20}, {within: 1h, points: 5}]\n"
             "      prevent: {points: 1}\n");
    const PlanInject *lime = case_inject(plan, "a@lime"),
                     *mint = case_inject(plan, "a@mint");

    CU_ASSERT_EQUAL_FATAL(lime->in_expect->len, 5);
    CU_ASSERT_EQUAL(expect(lime, 0)->ex_kind, EXPECT_PREVENT);
    CU_ASSERT_EQUAL(expect(lime, 1)->ex_within_us, 10 * MINUTE);
    CU_ASSERT_EQUAL(expect(lime, 2)->ex_points, 5000);
    CU_ASSERT_EQUAL(expect(lime, 3)->ex_kind, EXPECT_ERADICATE);
    CU_ASSERT_EQUAL(expect(lime, 3)->ex_check, -1);
    CU_ASSERT_EQUAL(expect(lime, 4)->ex_check, plan_check_index(plan, "lime/up"));
    /* A team that is given more time is given it for all, but not where there is none. */
    CU_ASSERT_EQUAL(expect(mint, 0)->ex_within_us, 0);
    CU_ASSERT_EQUAL(expect(mint, 1)->ex_within_us, 25 * MINUTE);
    CU_ASSERT_EQUAL(expect(mint, 4)->ex_within_us, 2 * HOUR + 15 * MINUTE);
}

static void messages_say_from_whom(void)
{
    g_autoptr(Plan) plan =
        load("  ask:\n"
             "    at: 1h\n"
             "    message:\n"
             "      to: blue\n"
             "      from: Desk of ${team.id}\n"
             "      channel: phone\n"
             "      subject: {en: For you, zh-Hant: 給你}\n"
             "      body: \"Word ${secret.word}, $${HOME} and ${HOME}\"\n"
             "      attachments: [{name: a.txt, content: \"of ${team.title}\"}]\n"
             "  plain: {at: 1h, message: {to: lime, subject: A, body: B}}\n");
    const PlanInject *lime = case_inject(plan, "ask@lime"),
                     *mint = case_inject(plan, "ask@mint");
    const PlanInject *plain = case_inject(plan, "plain@lime");
    const char *ours = parry_text_get(lime->in_body, "en");
    const char *theirs = parry_text_get(mint->in_body, "en");

    CU_ASSERT_STRING_EQUAL(lime->in_sender, "Desk of lime");
    CU_ASSERT_STRING_EQUAL(mint->in_channel, "phone");
    CU_ASSERT_STRING_EQUAL(parry_text_get(lime->in_title, "zh-Hant"), "給你");
    CU_ASSERT_STRING_NOT_EQUAL(ours, theirs);
    CU_ASSERT_TRUE(g_str_has_suffix(ours, ", ${HOME} and ${HOME}"));
    CU_ASSERT_EQUAL_FATAL(lime->in_attachments->len, 1);
    const PlanAttachment *attachment = lime->in_attachments->pdata[0];
    CU_ASSERT_STRING_EQUAL(attachment->at_name, "a.txt");
    CU_ASSERT_EQUAL(g_bytes_get_size(attachment->at_bytes), strlen("of Lime"));
    CU_ASSERT_PTR_NULL(plain->in_sender);
    CU_ASSERT_STRING_EQUAL(plain->in_channel, "mail");
}

static void unbuilt_kinds_are_planned(void)
{
    g_autoptr(Plan) plan =
        load("  fail: {at: 1h, for: mint, host: till, fault: {crash: {}, lasts: 10m},\n"
             "         expect: {recover: {check: up, within: 1h, points: 5}}}\n"
             "  staff: {at: 1h, for: mint, traffic: {from: judge, every: 30s,\n"
             "          actions: [{http: {host: till}}]}}\n");
    const PlanInject *fail = case_inject(plan, "fail@mint");
    const PlanInject *staff = case_inject(plan, "staff@mint");

    CU_ASSERT_EQUAL(fail->in_kind, INJECT_FAULT);
    CU_ASSERT_STRING_EQUAL(fail->in_fault, "crash");
    CU_ASSERT_EQUAL(fail->in_lasts_us, 10 * MINUTE);
    CU_ASSERT_EQUAL(expect(fail, 0)->ex_kind, EXPECT_RECOVER);
    CU_ASSERT_EQUAL(staff->in_kind, INJECT_TRAFFIC);
    CU_ASSERT_STRING_EQUAL(plan_host(plan, staff->in_from)->ph_id, "mint/judge");
    CU_ASSERT_EQUAL(plan_unbuilt(plan)->len, 2);
    json_t *json = plan_to_json(plan);
    CU_ASSERT_PTR_NOT_NULL(json);
    json_decref(json);
}

static void checks_have_quiet_hours(void)
{
    g_autoptr(Plan) plan =
        load("  ask: {at: 1h, message: {to: lime, subject: A, body: B}}\n");
    const PlanCheck *up = plan_check(plan, plan_check_index(plan, "mint/up"));
    const PlanCheck *page = plan_check(plan, plan_check_index(plan, "mint/page"));

    CU_ASSERT_EQUAL(up->ck_jitter_us, 20 * G_USEC_PER_SEC);
    CU_ASSERT_EQUAL_FATAL(up->ck_quiet->len, 2);
    const PlanWindow *noon = up->ck_quiet->pdata[0], *evening = up->ck_quiet->pdata[1];
    CU_ASSERT_EQUAL(noon->wi_from_us, 3 * HOUR);
    CU_ASSERT_EQUAL(noon->wi_until_us, 4 * HOUR);
    CU_ASSERT_EQUAL(evening->wi_from_us, 9 * HOUR);
    CU_ASSERT_EQUAL(page->ck_quiet->len, 0);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(up->ck_params, "path")),
                           "/mint");
}

/* A default for all injects or checks is nothing that one of them did wrong. */
static void defaults_need_not_fit(void)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    g_autofree char *text =
        g_strconcat(WORLD,
                    "  ask: {manual: true, message: {to: lime, subject: A, body: B}}\n"
                    "  hit: {at: 1h, " ATTACK "}\n"
                    "defaults:\n"
                    "  inject: {by: red, technique: T1074, jitter: 5m, expires: 1h}\n"
                    "  check: {quiet: noon}\n",
                    NULL);
    g_autoptr(Plan) plan =
        plan_load_bytes("f.yaml", "/", text, strlen(text), NULL, diags);

    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    CU_ASSERT_EQUAL(case_inject(plan, "ask@lime")->in_delay_us, 0);
    CU_ASSERT_EQUAL(case_inject(plan, "ask@lime")->in_expires_us, HOUR);
    CU_ASSERT_STRING_EQUAL(case_inject(plan, "hit@lime")->in_technique, "T1491");
}

/* As many as fit wait for one another from the last to the first. */
static void long_rows_are_judged(void)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (int i = 0; i < 3000; i++)
        g_string_append_printf(
            text, "  i%d: {after: i%d, message: {to: lime, subject: A, body: B}}\n", i,
            (i * 7 + 1) % 3001);
    g_string_append(text,
                    "  i3000: {at: 1h, message: {to: lime, subject: A, body: B}}\n");
    g_autoptr(ParryDiags) diags = parry_diags_new();
    g_autofree char *all = g_strconcat(WORLD, text->str, NULL);
    gint64 before = g_get_monotonic_time();
    Plan *plan = plan_load_bytes("f.yaml", "/", all, strlen(all), NULL, diags);

    CU_ASSERT_TRUE(g_get_monotonic_time() - before < 10 * G_USEC_PER_SEC);
    plan_free(plan);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"each team waits for its own", each_team_waits_for_its_own},
        {"white holds and fires", white_holds_and_fires},
        {"conditions are the team's own", conditions_are_the_teams_own},
        {"chains are steps that follow", chains_are_steps_that_follow},
        {"steps fall back on their chain", steps_fall_back_on_their_chain},
        {"chains end by any step", chains_end_by_any_step},
        {"expectations may be many", expectations_may_be_many},
        {"messages say from whom", messages_say_from_whom},
        {"unbuilt kinds are planned", unbuilt_kinds_are_planned},
        {"checks have quiet hours", checks_have_quiet_hours},
        {"defaults need not fit", defaults_need_not_fit},
        {"long rows are judged", long_rows_are_judged},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("scenario inject", tests);
}
