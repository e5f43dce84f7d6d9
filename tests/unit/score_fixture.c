#include "tests/unit/score_fixture.h"

#include "scenarios/loader.h"

static ParryText *text2(const char *en, const char *zh)
{
    ParryText *text = parry_text_new(en);

    parry_text_set(text, "en", en);
    if (zh)
        parry_text_set(text, "zh-Hant", zh);
    return text;
}

static void add_team(Plan *plan, const char *id, PlanSide side, const char *en,
                     const char *zh)
{
    PlanTeam *team = plan_team_add(plan, id);

    team->pt_side = side;
    team->pt_title = text2(en, zh);
    team->pt_estate = g_strdup("clinic");
}

static void add_host(Plan *plan, int team, const char *name)
{
    g_autofree char *id = g_strdup_printf("%s/%s", plan_team(plan, team)->pt_id, name);
    PlanHost *host = plan_host_add(plan, id);

    host->ph_name = g_strdup(name);
    host->ph_domain =
        g_strdup_printf("pr-fixture-%s-%s", plan_team(plan, team)->pt_id, name);
    host->ph_uuid = g_strdup("00000000-0000-5000-8000-000000000000");
    host->ph_team = team;
    host->ph_owner = SIDE_BLUE;
}

static void add_check(Plan *plan, int team, int host, const char *name, int weight,
                      gint64 interval)
{
    PlanCheck *check = g_new0(PlanCheck, 1);

    check->ck_id = g_strdup_printf("%s/%s", plan_team(plan, team)->pt_id, name);
    check->ck_index = (int)plan->p_checks->len;
    check->ck_team = team;
    check->ck_host = check->ck_from = host;
    check->ck_kind = g_strdup("tcp");
    check->ck_params = json_object();
    check->ck_interval_us = interval;
    check->ck_weight = weight;
    g_ptr_array_add(plan->p_checks, check);
}

static void expect(PlanInject *inject, PlanExpectKind kind, gint64 points, gint64 within)
{
    PlanExpect *expect = g_new0(PlanExpect, 1);

    expect->ex_kind = kind;
    expect->ex_points = points * 1000;
    expect->ex_within_us = within;
    expect->ex_check = -1;
    g_ptr_array_add(inject->in_expect, expect);
}

static PlanInject *add_inject(Plan *plan, int team, const char *name, const char *en,
                              const char *zh, PlanInjectKind kind, gint64 at)
{
    g_autofree char *id = g_strdup_printf("%s@%s", name, plan_team(plan, team)->pt_id);
    PlanInject *inject = plan_inject_add(plan, id);

    inject->in_name = g_strdup(name);
    inject->in_kind = kind;
    inject->in_title = text2(en, zh);
    inject->in_team = team;
    inject->in_at_us = at;
    return inject;
}

static PlanInject *add_attack(Plan *plan, int team, const char *name, const char *en,
                              const char *zh, const char *technique, int host, gint64 at)
{
    PlanInject *inject = add_inject(plan, team, name, en, zh, INJECT_ATTACK, at);

    inject->in_by = TEAM_RED;
    inject->in_technique = g_strdup(technique);
    inject->in_host = inject->in_from = inject->in_effect_host = host;
    expect(inject, EXPECT_DETECT, 100, 20 * MIN_US);
    expect(inject, EXPECT_CONTAIN, 150, 40 * MIN_US);
    return inject;
}

static void add_blue(Plan *plan, int team)
{
    int web = (int)plan->p_hosts->len, files = web + 1;
    PlanTarget *target = g_new0(PlanTarget, 1);
    PlanInject *inject;

    add_host(plan, team, "web");
    add_host(plan, team, "files");
    add_check(plan, team, web, "web-up", 3, MIN_US);
    add_check(plan, team, web, "ssh", 1, MIN_US);
    add_check(plan, team, web, "restored", 0, 0);
    target->ta_id = g_strdup_printf("%s/portal", plan_team(plan, team)->pt_id);
    target->ta_team = team;
    target->ta_host = web;
    target->ta_kind = g_strdup("target-system");
    target->ta_criticality = 100;
    g_ptr_array_add(plan->p_targets, target);

    inject = add_attack(plan, team, "deface", "Web defacement", "網頁竄改", "T1491.002",
                        web, HOUR);
    inject->in_target = (int)plan->p_targets->len - 1;
    g_strfreev(inject->in_indicators);
    inject->in_indicators = g_strsplit("index.html,203.0.113.66", ",", 0);
    expect(inject, EXPECT_PREVENT, 200, 0);
    add_attack(plan, team, "guess", "Password guessing", "密碼猜測", "T1110", files,
               2 * HOUR);
    inject = add_attack(plan, team, "again", "Defaced again", NULL, "T1491.002", web,
                        10 * HOUR);
    inject->in_target = (int)plan->p_targets->len - 1;
    inject = add_inject(plan, team, "brief", "Suspicious mail", "可疑電郵",
                        INJECT_MESSAGE, 30 * MIN_US);
    inject->in_subject = parry_text_new("Suspicious mail");
    inject->in_body = parry_text_new("What do you do?");
    expect(inject, EXPECT_ANSWER, 50, 2 * HOUR);
}

Plan *fixture_plan(void)
{
    Plan *plan = plan_new();

    plan->p_name = g_strdup("fixture");
    plan->p_uuid = g_strdup("7d444840-9dc0-51d1-b245-5ffdce74fad2");
    plan->p_title = text2("First real-life drill", "首次實戰演練");
    plan->p_timezone = g_strdup("Asia/Hong_Kong");
    plan->p_start_us = G_GINT64_CONSTANT(1794531600) * SEC;
    plan->p_duration_us = 60 * HOUR;
    g_strlcpy(plan->p_scenario_sha256, "aa", sizeof plan->p_scenario_sha256);
    g_strlcpy(plan->p_rules_sha256, "bb", sizeof plan->p_rules_sha256);
    add_team(plan, "red", SIDE_RED, "Red team", "紅隊");
    add_team(plan, "health", SIDE_BLUE, "Department of Health", "衞生署");
    add_team(plan, "lands", SIDE_BLUE, "Lands Department", "地政總署");
    add_blue(plan, TEAM_HEALTH);
    add_blue(plan, TEAM_LANDS);
    return plan;
}

Feed feed_new(const Plan *plan, Ledger *ledger, Journal *journal)
{
    return (Feed){plan, ledger, journal, 0, 0};
}

static gint64 give(Feed *feed, const char *kind, const char *team, const char *host,
                   gint64 ref, json_t *body, const JournalCheckRow *rows, guint n_rows)
{
    JournalEvent event = {
        .ev_seq = feed->fx_seq + 1,
        .ev_at_us = feed->fx_plan->p_start_us + feed->fx_clock,
        .ev_clock_us = feed->fx_clock,
        .ev_kind = kind,
        .ev_actor = "test",
        .ev_team = team ? team : "",
        .ev_host = host ? host : "",
        .ev_ref = ref,
        .ev_body = body,
    };
    g_autoptr(GError) error = NULL;
    gint64 seq = event.ev_seq;

    if (feed->fx_journal)
        seq = n_rows
                  ? journal_append_checks(feed->fx_journal, &event, rows, n_rows, &error)
                  : journal_append(feed->fx_journal, &event, &error);
    if (error)
        g_error("fixture: %s", error->message);
    if (feed->fx_ledger)
        ledger_apply(feed->fx_ledger, &event, rows, n_rows);
    json_decref(body);
    return feed->fx_seq = seq;
}

gint64 feed(Feed *fx, const char *kind, const char *team, const char *host, gint64 ref,
            json_t *body)
{
    return give(fx, kind, team, host, ref, body, NULL, 0);
}

gint64 feed_round(Feed *fx, int team, CheckStatus web, CheckStatus ssh)
{
    int first = (team - TEAM_HEALTH) * FIXTURE_CHECKS;
    JournalCheckRow rows[] = {
        {first + CHECK_WEB, web, 1200, web == CHECK_UP ? "" : "no answer"},
        {first + CHECK_SSH, ssh, 800, ssh == CHECK_UP ? "" : "connection refused"},
    };

    return give(fx, "check.round/1", plan_team(fx->fx_plan, team)->pt_id, "", 0,
                json_pack("{s: I, s: i, s: b}", "at", (json_int_t)fx->fx_clock,
                          "stands_for", 1, "thinned", 0),
                rows, G_N_ELEMENTS(rows));
}

void feed_rounds(Feed *fx, int team, gint64 until, CheckStatus web, CheckStatus ssh)
{
    for (; fx->fx_clock < until; fx->fx_clock += MIN_US)
        feed_round(fx, team, web, ssh);
}

static json_t *named(const PlanInject *inject)
{
    return json_pack("{s: s}", "inject", inject->in_id);
}

static gint64 give_inject(Feed *fx, const char *kind, const PlanInject *inject,
                          gint64 ref, json_t *body)
{
    const char *host =
        inject->in_host >= 0 ? plan_host(fx->fx_plan, inject->in_host)->ph_id : "";

    return feed(fx, kind, plan_team(fx->fx_plan, inject->in_team)->pt_id, host, ref,
                body);
}

gint64 feed_attack(Feed *fx, int index)
{
    const PlanInject *inject = plan_inject(fx->fx_plan, index);
    gint64 wanted = give_inject(fx, "inject.wanted/1", inject, 0, named(inject));
    json_t *body = named(inject);

    json_object_set_new(body, "at", json_integer(fx->fx_clock));
    give_inject(fx, "inject.executed/1", inject, wanted, body);
    give_inject(fx, "effect.seen/1", inject, wanted, named(inject));
    body = named(inject);
    json_object_set_new(body, "state", json_string("succeeded"));
    give_inject(fx, "inject.ended/1", inject, wanted, body);
    return wanted;
}

gint64 feed_blocked(Feed *fx, int index)
{
    const PlanInject *inject = plan_inject(fx->fx_plan, index);
    gint64 wanted = give_inject(fx, "inject.wanted/1", inject, 0, named(inject));
    json_t *body = named(inject);

    give_inject(fx, "inject.executed/1", inject, wanted, named(inject));
    json_object_set_new(body, "state", json_string("blocked"));
    json_object_set_new(body, "reason", json_string("the effect never showed"));
    give_inject(fx, "inject.ended/1", inject, wanted, body);
    return wanted;
}

gint64 feed_report(Feed *fx, int index, const char *indicator)
{
    const PlanInject *inject = plan_inject(fx->fx_plan, index);
    const char *team = plan_team(fx->fx_plan, inject->in_team)->pt_id;
    const char *host = plan_host(fx->fx_plan, inject->in_host)->ph_id;
    gint64 seq = feed(fx, "report.submitted/1", team, host, 0,
                      json_pack("{s: s, s: I, s: s}", "host", host, "about",
                                (json_int_t)fx->fx_clock, "indicator", indicator));

    feed(fx, "report.matched/1", team, host, seq, named(inject));
    return seq;
}

void feed_expect(Feed *fx, gint64 wanted, int index, const char *expect, gboolean met,
                 gint64 points, gint64 after_us)
{
    const PlanInject *inject = plan_inject(fx->fx_plan, index);
    json_t *body = json_pack(
        "{s: s, s: s, s: I, s: I}", "inject", inject->in_id, "expect", expect, "points",
        (json_int_t)(met ? points * 1000 : 0), "after_us", (json_int_t)after_us);

    give_inject(fx, met ? "expect.met/1" : "expect.missed/1", inject, wanted, body);
}

static void begin(Feed *fx)
{
    feed(fx, "drill.defined/1", "", "", 0,
         json_pack("{s: s, s: s, s: s, s: b, s: s}", "name", "fixture", "uuid",
                   fx->fx_plan->p_uuid, "version", "0.1.0", "rehearsal", 1, "title",
                   "First real-life drill"));
    feed(fx, "isolation.round/1", "health", "health/web", 0,
         json_pack("{s: [[s, b, b, s]], s: b}", "rows", "hypervisor", 0, 0, "no route",
                   "ok", 1));
    feed(fx, "isolation.proved/1", "", "", 0, json_pack("{s: i}", "checks", 12));
    feed(fx, "drill.state/1", "", "", 0,
         json_pack("{s: s, s: s, s: s}", "from", "ready", "to", "running", "reason", ""));
    feed(fx, "clock.started/1", "", "", 0, json_pack("{s: s}", "reason", "start"));
}

static void both_rounds(Feed *fx, gint64 until, CheckStatus lands)
{
    for (; fx->fx_clock < until; fx->fx_clock += 5 * MIN_US) {
        feed_round(fx, TEAM_HEALTH, CHECK_UP, CHECK_UP);
        feed_round(fx, TEAM_LANDS, lands, CHECK_UP);
    }
}

void feed_drill(Feed *fx)
{
    gint64 health, lands;

    begin(fx);
    both_rounds(fx, HOUR, CHECK_UP);
    health = feed_attack(fx, INJECT_DEFACE);
    lands = feed_attack(fx, FIXTURE_INJECTS + INJECT_DEFACE);
    fx->fx_clock += 5 * MIN_US;
    feed_report(fx, INJECT_DEFACE, "/var/www/html/index.html");
    feed_expect(fx, health, INJECT_DEFACE, "detect", TRUE, 100, 5 * MIN_US);
    fx->fx_clock += 5 * MIN_US;
    feed_expect(fx, health, INJECT_DEFACE, "contain", TRUE, 150, 10 * MIN_US);
    both_rounds(fx, 2 * HOUR, CHECK_CORRUPT);
    feed_expect(fx, lands, FIXTURE_INJECTS + INJECT_DEFACE, "detect", FALSE, 0, 0);
    feed_expect(fx, lands, FIXTURE_INJECTS + INJECT_DEFACE, "contain", FALSE, 0, 0);
    feed_blocked(fx, INJECT_GUESS);
    feed_attack(fx, FIXTURE_INJECTS + INJECT_GUESS);
    feed(fx, "report.submitted/1", "lands", "lands/files", 0,
         json_pack("{s: s, s: I, s: s}", "host", "lands/files", "about",
                   (json_int_t)fx->fx_clock, "indicator", "a | strange\nthing <b>"));
    feed(fx, "report.unmatched/1", "lands", "lands/files", fx->fx_seq,
         json_pack("{s: s}", "reason", "no attack on that host at that time"));
    both_rounds(fx, 8 * HOUR, CHECK_UP);
    feed(fx, "drill.state/1", "", "", 0,
         json_pack("{s: s, s: s, s: s}", "from", "running", "to", "ended", "reason",
                   "the time is up"));
}

World world_of(Plan *plan)
{
    World world = {plan, ledger_new(plan), {0}};

    world.feed = feed_new(plan, world.ledger, NULL);
    return world;
}

World world_new(void)
{
    return world_of(fixture_plan());
}

void world_clear(World *world)
{
    ledger_free(world->ledger);
    plan_free(world->plan);
}
