/*
 * The report: from a journal to JSON and Markdown.
 */
#include "scenarios/base/text.h"
#include "scoreboard/md.h"
#include "scoreboard/report.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/score_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    Plan *plan;
    char *dir;
    Journal *journal;
    json_t *report;
} Reported;

static Reported reported_new(void)
{
    Reported world = {fixture_plan(), g_dir_make_tmp("parry-report-XXXXXX", NULL), NULL,
                      NULL};
    Feed feed;

    world.journal = journal_create(world.dir, NULL);
    feed = feed_new(world.plan, NULL, world.journal);
    feed_drill(&feed);
    journal_commit(world.journal, NULL);
    world.report = report_json(world.plan, world.journal, NULL);
    return world;
}

static void remove_in(const char *dir)
{
    GDir *list = g_dir_open(dir, 0, NULL);
    const char *name;

    while (list && (name = g_dir_read_name(list))) {
        g_autofree char *path = g_build_filename(dir, name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            remove_in(path);
        else
            unlink(path);
    }
    if (list)
        g_dir_close(list);
    rmdir(dir);
}

static void reported_clear(Reported *world)
{
    json_decref(world->report);
    journal_close(world->journal);
    plan_free(world->plan);
    remove_in(world->dir);
    g_free(world->dir);
}

static json_t *get(json_t *from, const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);

    for (char **part = parts; *part && from; part++)
        from = json_object_get(from, *part);
    return from;
}

static json_t *find(json_t *list, const char *key, const char *value)
{
    json_t *item;
    size_t i;

    json_array_foreach (list, i, item) {
        if (g_strcmp0(json_string_value(json_object_get(item, key)), value) == 0)
            return item;
    }
    return NULL;
}

#define NUM(json, path) json_integer_value(get(json, path))
#define TEXT(json, path) json_string_value(get(json, path))

static void page_one_counts_what_happened(void)
{
    Reported world = reported_new();

    CU_ASSERT_PTR_NOT_NULL_FATAL(world.report);
    CU_ASSERT_EQUAL(NUM(world.report, "summary/attacks"), 4);
    CU_ASSERT_EQUAL(NUM(world.report, "summary/prevented/n"), 1);
    CU_ASSERT_EQUAL(NUM(world.report, "summary/detected/n"), 1);
    CU_ASSERT_EQUAL(NUM(world.report, "summary/missed/n"), 2);
    CU_ASSERT_EQUAL(NUM(world.report, "summary/contained/n"), 1);
    CU_ASSERT_EQUAL(NUM(world.report, "summary/time_to_detect/median_us"), 5 * MIN_US);
    CU_ASSERT_EQUAL(NUM(world.report, "summary/time_to_contain/median_us"), 10 * MIN_US);
    CU_ASSERT_EQUAL(NUM(world.report, "summary/time_to_contain_detected/median_us"),
                    5 * MIN_US);
    CU_ASSERT_EQUAL(NUM(world.report, "summary/time_to_detect/n"), 1);
    CU_ASSERT_STRING_EQUAL(TEXT(world.report, "summary/longest_outage/check"),
                           "lands/web-up");
    CU_ASSERT_EQUAL(NUM(world.report, "summary/longest_outage/us"), 50 * MIN_US);
    CU_ASSERT_TRUE(json_is_true(get(world.report, "draft")));
    CU_ASSERT_EQUAL(strlen(TEXT(world.report, "journal/root")), 64);
    reported_clear(&world);
}

static void the_difference_between_the_teams_shows(void)
{
    Reported world = reported_new();
    json_t *health = find(get(world.report, "teams"), "team", "health");
    json_t *lands = find(get(world.report, "teams"), "team", "lands");
    json_t *line;
    size_t i;

    CU_ASSERT_EQUAL(NUM(health, "rank"), 1);
    CU_ASSERT_EQUAL(NUM(lands, "rank"), 2);
    CU_ASSERT_EQUAL(NUM(health, "detected"), 1);
    CU_ASSERT_EQUAL(NUM(lands, "detected"), 0);
    CU_ASSERT_EQUAL(NUM(lands, "unmatched"), 1);
    json_array_foreach (get(lands, "lines"), i, line) {
        CU_ASSERT_TRUE(json_array_size(get(line, "refs")) > 0);
    }
    json_t *missed = find(get(world.report, "injects"), "id", "deface@lands");
    CU_ASSERT_STRING_EQUAL(TEXT(missed, "verdict"), "missed");
    CU_ASSERT_EQUAL(NUM(missed, "taken"), 10000000);
    reported_clear(&world);
}

/* Every line of a table is as wide as its first, or it would not align. */
static void check_tables(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    int width = 0;

    for (char **line = lines; *line; line++) {
        if (**line != '|') {
            width = 0;
            continue;
        }
        if (width)
            CU_ASSERT_EQUAL(parry_text_width(*line), width);
        width = parry_text_width(*line);
    }
}

static void the_markdown_aligns_and_says_it_all(void)
{
    static const char *const parts[] = {
        "# First real-life drill\n",
        "DRAFT",
        "## In brief",
        "## Results",
        "## Injects planned and as executed",
        "## Department of Health",
        "## Lands Department",
        "## Red",
        "## Timeline",
        "## Isolation proof",
        "## Method and limits",
        "## How to verify",
        "1 of 4",
        "00:05:00 (1 of 3; p90 00:05:00)",
        "detected after 5m",
        "isolation proved",
        "7d444840-9dc0-51d1-b245-5ffdce74fad2",
    };
    Reported world = reported_new();
    g_autofree char *en = report_markdown(world.report, "en");
    g_autofree char *zh = report_markdown(world.report, "zh-Hant");

    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        CU_ASSERT_PTR_NOT_NULL(strstr(en, parts[i]));
        if (!strstr(en, parts[i]))
            fprintf(stderr, "missing: %s\n", parts[i]);
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(zh, "# 首次實戰演練"));
    CU_ASSERT_PTR_NOT_NULL(strstr(zh, "衞生署"));
    CU_ASSERT_PTR_NOT_NULL(strstr(zh, "## 隔離驗證"));
    CU_ASSERT_PTR_NULL(strstr(zh, "## Timeline"));
    check_tables(en);
    check_tables(zh);
    if (g_getenv("PARRY_SHOW")) {
        puts(en);
        puts(zh);
    }
    reported_clear(&world);
}

/* An act of health's, as parryd writes one down. */
static gint64 feed_act(Feed *feed_to, const char *text, gint64 at, const char *inject)
{
    json_t *body = json_pack(
        "{s: s, s: s, s: s, s: s, s: s, s: s, s: s, s: I, s: I, s: i, s: [s]}", "action",
        "blocked-address", "rule", "block-iptables", "player", "health/alice", "team",
        "health", "object", "203.0.113.66", "text", text, "text_zh", "封鎖 203.0.113.66",
        "at", (json_int_t)at, "t_us", (json_int_t)0, "rows_seen", 1, "evidence", "3/0");

    if (inject) {
        json_object_set_new(body, "inject", json_string(inject));
        json_object_set_new(body, "about", json_string("object"));
    } else {
        json_object_set_new(body, "gap", json_integer(5));
    }
    return feed(feed_to, "player.action/1", "health", "health/web", 0, body);
}

/* What was done stands with its attack, between its execution and its containment, and
 * what nobody saw stands beside it. */
static void acts_stand_with_their_attacks(void)
{
    Reported world = reported_new();
    Feed more = feed_new(world.plan, NULL, world.journal);
    gint64 exec_us =
        NUM(find(get(world.report, "injects"), "id", "deface@health"), "executed_us");

    more.fx_clock = 60 * HOUR;
    gint64 about =
        feed_act(&more, "blocked 203.0.113.66", exec_us + 7 * MIN_US, "deface@health");
    feed_act(&more, "blocked \033[31m<b>|x", exec_us + 8 * MIN_US, NULL);
    gint64 gap = feed(&more, "observe.gap/1", "health", "health/web", 0,
                      json_pack("{s: i, s: i, s: i, s: i}", "kernel", 12, "queue", 0,
                                "channel", 0, "hub", 0));
    journal_commit(world.journal, NULL);
    json_decref(world.report);
    world.report = report_json(world.plan, world.journal, NULL);
    json_t *inject = find(get(world.report, "injects"), "id", "deface@health");
    g_autofree char *en = report_markdown(world.report, "en");
    g_autofree char *zh = report_markdown(world.report, "zh-Hant");

    CU_ASSERT_EQUAL(json_array_size(get(world.report, "acts")), 2);
    CU_ASSERT_EQUAL(json_array_size(get(inject, "acts")), 1);
    CU_ASSERT_EQUAL(json_integer_value(json_array_get(get(inject, "acts"), 0)), about);
    CU_ASSERT_EQUAL(NUM(inject, "first_act_us"), exec_us + 7 * MIN_US);
    CU_ASSERT_EQUAL(json_array_size(get(inject, "unobserved")), 0); /* it is much later */
    CU_ASSERT_EQUAL(NUM(json_array_get(get(world.report, "unobserved"), 0), "seq"), gap);
    CU_ASSERT_EQUAL(NUM(json_array_get(get(world.report, "unobserved"), 0), "lost"), 12);
    CU_ASSERT_PTR_NOT_NULL(strstr(en, "### Attacks and answers"));
    CU_ASSERT_PTR_NOT_NULL(strstr(en, "### What defenders did"));
    CU_ASSERT_PTR_NOT_NULL(strstr(zh, "### 防守行動"));
    CU_ASSERT_PTR_NOT_NULL(strstr(zh, "封鎖 203.0.113.66"));
    CU_ASSERT_PTR_NULL(strstr(en, "<b>"));
    CU_ASSERT_PTR_NULL(strchr(en, 033));
    CU_ASSERT_PTR_NOT_NULL(strstr(en, "x ⚠"));
    const char *story = strstr(en, "### Attacks and answers");
    const char *executed = strstr(story, "— Executed —");
    const char *act = strstr(story, "blocked 203.0.113.66");
    const char *contained = strstr(story, "— Contained —");
    CU_ASSERT_TRUE(executed && act && contained && executed < act && act < contained);
    check_tables(en);
    reported_clear(&world);
}

/* Of each host its last try; what was missing, and who agreed to that. */
static void how_the_range_was_made_is_told(void)
{
    Reported world = reported_new();
    Feed more = feed_new(world.plan, NULL, world.journal);

    more.fx_clock = 60 * HOUR;
    feed(&more, "domain.wanted/1", "health", "health/web", 0, json_object());
    feed(&more, "domain.failed/1", "health", "health/web", 0,
         json_pack("{s: s}", "reason", "no hello"));
    feed(&more, "host.retry/1", "health", "health/web", 0,
         json_pack("{s: i, s: i, s: i, s: s}", "try", 1, "of", 2, "wait_us", 1, "reason",
                   "no <b>hello|"));
    feed(&more, "domain.wanted/1", "health", "health/web", 0, json_object());
    feed(&more, "domain.done/1", "health", "health/web", 0,
         json_pack("{s: s}", "from", "golden"));
    feed(&more, "agent.hello/1", "health", "health/web", 0, json_object());
    feed(&more, "agent.ready/1", "health", "health/web", 0, json_object());
    feed(&more, "domain.failed/1", "lands", "lands/web", 0,
         json_pack("{s: s}", "reason", "no hello"));
    gint64 seq = feed(&more, "drill.degraded/1", "", "", 0,
                      json_pack("{s: [{s: s}], s: [s], s: [s], s: s, s: s}", "hosts",
                                "host", "lands/web", "checks", "lands/web-up", "injects",
                                "deface@lands", "by", "alice", "how", "terminal"));
    journal_commit(world.journal, NULL);
    json_decref(world.report);
    world.report = report_json(world.plan, world.journal, NULL);
    json_t *made = get(world.report, "provisioning");
    json_t *web = find(get(made, "hosts"), "host", "health/web");
    g_autofree char *en = report_markdown(world.report, "en");
    g_autofree char *zh = report_markdown(world.report, "zh-Hant");

    CU_ASSERT_EQUAL(NUM(web, "tries"), 2);
    CU_ASSERT_STRING_EQUAL(json_string_value(get(web, "from")), "golden");
    CU_ASSERT_STRING_EQUAL(json_string_value(get(web, "state")), "ready");
    CU_ASSERT_TRUE(NUM(web, "hello_us") >= 0 && NUM(web, "personalise_us") >= 0);
    /* Who never got there is the slowest. */
    CU_ASSERT_STRING_EQUAL(json_string_value(get(made, "slowest")), "lands/web");
    CU_ASSERT_EQUAL(NUM(get(made, "degraded"), "ref"), seq);
    CU_ASSERT_PTR_NOT_NULL(strstr(en, "## How the range was made"));
    CU_ASSERT_PTR_NOT_NULL(strstr(en, "### Begun without hosts that failed"));
    CU_ASSERT_PTR_NOT_NULL(strstr(en, "alice"));
    CU_ASSERT_PTR_NOT_NULL(strstr(zh, "## 靶場的建立"));
    CU_ASSERT_PTR_NULL(strstr(en, "<b>"));
    check_tables(en);
    check_tables(zh);
    reported_clear(&world);
}

/* Observations that were lost while an attack had its effect are said beside its acts. */
static void gaps_stand_beside_acts(void)
{
    Reported world = {fixture_plan(), g_dir_make_tmp("parry-report-XXXXXX", NULL), NULL,
                      NULL};
    Feed feed_to;

    world.journal = journal_create(world.dir, NULL);
    feed_to = feed_new(world.plan, NULL, world.journal);
    feed_to.fx_clock = HOUR;
    feed_attack(&feed_to, INJECT_DEFACE);
    feed_to.fx_clock += 3 * MIN_US;
    gint64 gap = feed(&feed_to, "observe.gap/1", "health", "health/web", 0,
                      json_pack("{s: i, s: i, s: i, s: i}", "kernel", 5, "queue", 7,
                                "channel", 0, "hub", 0));
    feed(&feed_to, "observe.gap/1", "health", "health/files", 0,
         json_pack("{s: i, s: i, s: i, s: i}", "kernel", 5, "queue", 7, "channel", 0,
                   "hub", 0));
    journal_commit(world.journal, NULL);
    world.report = report_json(world.plan, world.journal, NULL);
    json_t *inject = find(get(world.report, "injects"), "id", "deface@health");
    g_autofree char *en = report_markdown(world.report, "en");

    CU_ASSERT_EQUAL(json_array_size(get(inject, "unobserved")), 1);
    CU_ASSERT_EQUAL(json_integer_value(json_array_get(get(inject, "unobserved"), 0)),
                    gap);
    CU_ASSERT_PTR_NOT_NULL(strstr(en, "⚠ observations are missing"));
    CU_ASSERT_EQUAL(json_array_size(get(world.report, "gaps")), 2);
    reported_clear(&world);
}

static PlanWeakness *weakness_new(const char *id, const PlanInject *like,
                                  const char *technique)
{
    PlanWeakness *weakness = g_new0(PlanWeakness, 1);

    weakness->wk_id = g_strdup(id);
    weakness->wk_team = like->in_team;
    weakness->wk_host = like->in_host;
    weakness->wk_technique = g_strdup(technique);
    weakness->wk_title = parry_text_new("Passwords that can be guessed");
    weakness->wk_severity = g_strdup("high");
    return weakness;
}

/* Who planted a weakness reads what came of it. */
static void weaknesses_meet_their_attacks(void)
{
    Reported world = reported_new();
    const PlanInject *attack = NULL;

    for (guint i = 0; !attack && i < world.plan->p_injects->len; i++)
        if (plan_inject(world.plan, (int)i)->in_technique)
            attack = plan_inject(world.plan, (int)i);
    CU_ASSERT_PTR_NOT_NULL_FATAL(attack);
    g_ptr_array_add(world.plan->p_weaknesses,
                    weakness_new("health/weak", attack, attack->in_technique));
    g_ptr_array_add(world.plan->p_weaknesses,
                    weakness_new("health/idle", attack, "T9999"));
    json_decref(world.report);
    world.report = report_json(world.plan, world.journal, NULL);
    json_t *all = get(world.report, "weaknesses");
    g_autofree char *text = report_markdown(world.report, "en");
    CU_ASSERT_EQUAL(json_array_size(all), 2);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(
                               get(find(all, "id", "health/weak"), "attacks"), 0)),
                           attack->in_id);
    CU_ASSERT_EQUAL(json_array_size(get(find(all, "id", "health/idle"), "attacks")), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "## Planted weaknesses"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "Passwords that can be guessed"));
    reported_clear(&world);
}

static void put_objective(Plan *plan)
{
    PlanObjectives *all = &plan->p_objectives;
    PlanMetric *metric = g_new0(PlanMetric, 1);
    PlanEvaluation *evaluation = g_new0(PlanEvaluation, 1);
    PlanTrainingObjective *objective = g_new0(PlanTrainingObjective, 1);

    *metric = (PlanMetric){.om_name = g_strdup("back"),
                           .om_title = parry_text_new("The page is back"),
                           .om_conditional = TRUE,
                           .om_max = 5000};
    *evaluation = (PlanEvaluation){.oe_name = g_strdup("all"),
                                   .oe_title = parry_text_new("All"),
                                   .oe_metrics = g_strsplit("back", ",", 0),
                                   .oe_min = 3000};
    *objective = (PlanTrainingObjective){.ot_name = g_strdup("serve"),
                                         .ot_title = parry_text_new("Keep serving"),
                                         .ot_evaluation = g_strdup("all")};
    g_ptr_array_add(all->ob_metrics, metric);
    g_ptr_array_add(all->ob_evaluations, evaluation);
    g_ptr_array_add(all->ob_training, objective);
    g_strfreev(plan_inject(plan, INJECT_DEFACE)->in_objectives);
    plan_inject(plan, INJECT_DEFACE)->in_objectives = g_strsplit("serve", ",", 0);
}

static void what_was_agreed_and_wanted_is_quoted(void)
{
    Reported world = reported_new();
    Feed more = feed_new(world.plan, NULL, world.journal);

    world.plan->p_scope.sp_safety_phone = g_strdup("5555 0100");
    world.plan->p_privacy.pv_notice = parry_text_new("Terminals are recorded.");
    world.plan->p_scope.sp_has_rules = TRUE;
    plan_team(world.plan, TEAM_HEALTH)->pt_bracket = g_strdup("open");
    put_objective(world.plan);
    more.fx_clock = 60 * HOUR;
    feed(&more, "metric.met/1", "health", "", 0,
         json_pack("{s: s, s: i}", "metric", "back", "points", 5000));
    CU_ASSERT_TRUE(journal_commit(world.journal, NULL));
    json_decref(world.report);
    world.report = report_json(world.plan, world.journal, NULL);
    g_autofree char *text = report_markdown(world.report, "en");
    json_t *objective = json_array_get(get(world.report, "objectives"), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "5555 0100"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "Terminals are recorded."));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "wiping: forbidden"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "Keep serving"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "health: 5.000"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "Department of Health (open)"));
    CU_ASSERT_EQUAL(json_array_size(get(objective, "earned")), 1);
    CU_ASSERT_EQUAL(json_array_size(get(objective, "injects")), 1);
    reported_clear(&world);
}

static void hostile_text_stays_text(void)
{
    static const struct {
        const char *text, *markdown;
    } cases[] = {
        {"a | strange\nthing <b>", "a \\| strange thing \\<b\\>"},
        {"[x](http://evil)", "\\[x\\](http\\://evil)"},
        {"www.evil.example", "www\\.evil.example"},
        {"# no heading", "\\# no heading"},
        {"*bold* _it_ `code`", "\\*bold\\* \\_it\\_ \\`code\\`"},
        {"web_up stays_readable", "web_up stays_readable"},
        {"&lt;script", "\\&lt;script"},
        {"\\", "\\\\"},
    };
    Reported world = reported_new();
    g_autofree char *en = report_markdown(world.report, "en");

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *out = md_escape(cases[i].text);
        CU_ASSERT_STRING_EQUAL(out, cases[i].markdown);
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(en, "a \\| strange"));
    CU_ASSERT_PTR_NULL(strstr(en, "<b>"));
    reported_clear(&world);
}

/* One of white's own, and one that was asked for: its disk takes the other's place. */
static void feed_resets(Reported *world)
{
    Feed to = feed_new(world->plan, NULL, world->journal);
    gint64 own, asked, wanted;

    to.fx_seq = journal_seq(world->journal);
    plan_host(world->plan, HOST_WEB)->ph_disk = 1 << 20;
    own = feed(&to, "reset.wanted/1", "", "health/web", 0,
               json_pack("{s:s}", "reason", "broken by hand"));
    feed(&to, "reset.done/1", "", "health/web", own,
         json_pack("{s:s, s:i}", "from", "boot", "dur_us", 730000));
    asked = feed(&to, "reset.asked/1", "health", "health/web", 0,
                 json_pack("{s:s, s:i}", "reason", "gone | <b>", "cost", 50000));
    wanted = feed(&to, "reset.wanted/1", "", "health/web", 0, json_object());
    feed(&to, "reset.decided/1", "health", "health/web", asked,
         json_pack("{s:s, s:s, s:s, s:I}", "decision", "approved", "by", "controller",
                   "reason", "once", "reset", (json_int_t)wanted));
    feed(&to, "reset.done/1", "", "health/web", wanted,
         json_pack("{s:s, s:i}", "from", "golden", "dur_us", 640000));
    asked = feed(&to, "reset.asked/1", "health", "health/files", 0,
                 json_pack("{s:s, s:i}", "reason", "why not", "cost", 50000));
    feed(&to, "reset.decided/1", "health", "health/files", asked,
         json_pack("{s:s}", "decision", "expired"));
    journal_commit(world->journal, NULL);
}

static void resets_are_listed(void)
{
    static const struct {
        const char *outcome, *evidence, *reason;
        gint64 cost, dur_us, refs;
    } all[] = {{"done", "replaced", "broken by hand", 0, 730000, 2},
               {"done", "disk", "gone | <b>", 50000, 640000, 4},
               {"expired", "none", "why not", 0, 0, 2}};
    Reported world = reported_new();

    feed_resets(&world);
    json_t *report = report_json(world.plan, world.journal, NULL);
    json_t *resets = json_object_get(report, "resets"), *reset;
    size_t i;

    CU_ASSERT_EQUAL_FATAL(json_array_size(resets), G_N_ELEMENTS(all));
    json_array_foreach (resets, i, reset) {
        CU_ASSERT_STRING_EQUAL(TEXT(reset, "outcome"), all[i].outcome);
        CU_ASSERT_STRING_EQUAL(TEXT(reset, "evidence"), all[i].evidence);
        CU_ASSERT_STRING_EQUAL(TEXT(reset, "reason"), all[i].reason);
        CU_ASSERT_EQUAL(NUM(reset, "cost"), all[i].cost);
        CU_ASSERT_EQUAL(NUM(reset, "dur_us"), all[i].dur_us);
        CU_ASSERT_EQUAL(json_array_size(get(reset, "refs")), (size_t)all[i].refs);
    }
    CU_ASSERT_STRING_EQUAL(TEXT(json_array_get(resets, 0), "player"), "");
    CU_ASSERT_STRING_EQUAL(TEXT(json_array_get(resets, 1), "by"), "controller");
    g_autofree char *en = report_markdown(report, "en");
    CU_ASSERT_PTR_NOT_NULL(strstr(en, "gone \\| \\<b\\>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(en, "done (controller: once)"));
    CU_ASSERT_PTR_NOT_NULL(strstr(en, "0.64 s"));
    json_decref(report);
    reported_clear(&world);
}

/* Under emulation the report says that isolation is weaker; under KVM it does not. */
static void the_limits_are_told(void)
{
    Reported world = reported_new();
    Feed feed = feed_new(world.plan, NULL, world.journal);
    g_autofree char *unknown = report_markdown(world.report, "en");
    JournalEvent event = {.ev_kind = "helper.up/1",
                          .ev_actor = "parryd",
                          .ev_body = json_pack("{s: s, s: s, s: s}", "name", "libvirt",
                                               "accel", "qemu", "reason", "no /dev/kvm")};
    json_t *report;

    (void)feed;
    CU_ASSERT_PTR_NOT_NULL(strstr(unknown, "does not say how the guests were run"));
    journal_append(world.journal, &event, NULL);
    json_decref((json_t *)event.ev_body);
    journal_commit(world.journal, NULL);
    report = report_json(world.plan, world.journal, NULL);
    g_autofree char *emulated = report_markdown(report, "en");
    CU_ASSERT_PTR_NOT_NULL(strstr(emulated, "software emulation, not KVM"));
    CU_ASSERT_PTR_NULL(strstr(unknown, "software emulation, not KVM"));
    json_decref(report);
    reported_clear(&world);
}

static void a_drill_that_never_ran_has_a_report(void)
{
    Plan *plan = fixture_plan();
    g_autofree char *dir = g_dir_make_tmp("parry-report-XXXXXX", NULL);
    Journal *journal = journal_create(dir, NULL);
    json_t *report = report_json(plan, journal, NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(report);
    g_autofree char *text = report_markdown(report, "en");
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "0 of 0"));
    CU_ASSERT_EQUAL(NUM(report, "summary/availability_ppm"), -1);
    check_tables(text);
    json_decref(report);
    journal_close(journal);
    plan_free(plan);
    remove_in(dir);
}

static void it_is_written_beside_the_journal(void)
{
    Reported world = reported_new();
    g_autofree char *path = NULL, *text = NULL, *json_path = NULL;

    CU_ASSERT_TRUE(report_write(world.plan, world.journal, world.dir, &path, NULL));
    CU_ASSERT_TRUE(g_str_has_suffix(path, "/report/report.md"));
    CU_ASSERT_TRUE(g_file_get_contents(path, &text, NULL, NULL));
    CU_ASSERT_TRUE(g_str_has_prefix(text, "# First real-life drill"));
    json_path = g_build_filename(world.dir, "report", "report.json", NULL);
    json_t *again = json_load_file(json_path, 0, NULL);
    CU_ASSERT_TRUE(json_equal(again, world.report));
    json_decref(again);
    g_autoptr(GError) error = NULL;
    CU_ASSERT_FALSE(
        report_write(world.plan, world.journal, "/proc/nowhere", NULL, &error));
    CU_ASSERT_PTR_NOT_NULL(error);
    reported_clear(&world);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"page one counts what happened", page_one_counts_what_happened},
        {"the difference between the teams shows",
         the_difference_between_the_teams_shows},
        {"the Markdown aligns and says it all", the_markdown_aligns_and_says_it_all},
        {"acts stand with their attacks", acts_stand_with_their_attacks},
        {"gaps stand beside acts", gaps_stand_beside_acts},
        {"weaknesses meet their attacks", weaknesses_meet_their_attacks},
        {"what was agreed and wanted is quoted", what_was_agreed_and_wanted_is_quoted},
        {"hostile text stays text", hostile_text_stays_text},
        {"resets are listed", resets_are_listed},
        {"the limits are told", the_limits_are_told},
        {"a drill that never ran has a report", a_drill_that_never_ran_has_a_report},
        {"it is written beside the journal", it_is_written_beside_the_journal},
        {"how the range was made is told", how_the_range_was_made_is_told},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("report", tests);
}
