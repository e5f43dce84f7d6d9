/* A scenario becomes a plan: names, addresses, wires, checks and injects. */
#include "scenarios/plan.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/plan_case.h"

#include <string.h>

#define EXAMPLES PARRY_SOURCE_DIR "/examples/"
/* Of the tiny scenario below, under the DNS namespace's UUID as the drill's; worked out
 * by Python's uuid and hashlib. */
#define PINNED_AT G_GINT64_CONSTANT(4724328448)
#define PINNED_UUID "ba55fc28-780d-571f-a4e2-ece53cc1cf2c"
#define PINNED_MAC "52:54:00:17:51:81"
#define PINNED_BRIDGE "pre5855fn0"

static const char *env(const PlanInject *of, const char *name)
{
    gsize len = strlen(name);

    for (char **e = of->in_env; *e; e++)
        if (!strncmp(*e, name, len) && (*e)[len] == '=')
            return *e + len + 1;
    return "(not there)";
}

static const char *param(const PlanCheck *check, const char *name)
{
    return json_string_value(json_object_get(check->ck_params, name));
}

/* --- the small example --- */

static void first_drill_has_its_parts(void)
{
    g_autoptr(Plan) plan = case_load_good(EXAMPLES "first-drill.yaml", NULL);
    int attacks = 0;

    CU_ASSERT_STRING_EQUAL(plan->p_name, "first-drill");
    CU_ASSERT_EQUAL(plan->p_duration_us, 60 * HOUR);
    /* 2026-11-13 09:00 in Hong Kong is 01:00 UTC. */
    CU_ASSERT_EQUAL(plan->p_start_us, G_GINT64_CONSTANT(1794531600) * G_USEC_PER_SEC);
    CU_ASSERT_EQUAL(plan->p_teams->len, 3);
    CU_ASSERT_EQUAL(plan->p_hosts->len, 11);
    CU_ASSERT_EQUAL(plan->p_networks->len, 5);
    CU_ASSERT_EQUAL(plan->p_scripts->len, 2);
    CU_ASSERT_EQUAL(plan->p_unbuilt->len, 0);
    CU_ASSERT_TRUE(plan->p_has_rehearsal);
    for (guint i = 0; i < plan->p_injects->len; i++) {
        const PlanInject *one = plan_inject(plan, (int)i);
        if (one->in_kind != INJECT_ATTACK ||
            strcmp(plan_team(plan, one->in_team)->pt_id, "health") != 0)
            continue;
        attacks++;
        CU_ASSERT_PTR_NOT_NULL(one->in_run);
        CU_ASSERT_PTR_NOT_NULL(one->in_cleanup);
        CU_ASSERT_PTR_NOT_NULL(one->in_effect_kind);
        CU_ASSERT_PTR_NOT_NULL(one->in_detect);
        CU_ASSERT_PTR_NOT_NULL(one->in_indicators[0]);
        CU_ASSERT_TRUE(one->in_expect->len > 0);
    }
    CU_ASSERT_TRUE(attacks >= 8);
    CU_ASSERT_TRUE(plan_memory_needed(plan, "qemu") < G_GUINT64_CONSTANT(3) << 30);
    CU_ASSERT_TRUE(plan_memory_needed(plan, "kvm") < plan_memory_needed(plan, "qemu"));
}

static void teams_get_like_copies(void)
{
    g_autoptr(Plan) plan = case_load_good(EXAMPLES "first-drill.yaml", NULL);
    const PlanHost *ours = case_host(plan, "health/web"),
                   *theirs = case_host(plan, "lands/web");

    CU_ASSERT_STRING_EQUAL(ours->ph_name, "web");
    CU_ASSERT_STRING_EQUAL(ours->ph_domain, "pr-first-drill-health-web");
    CU_ASSERT_EQUAL(case_nic(ours, 0)->ni_addr, case_nic(theirs, 0)->ni_addr);
    CU_ASSERT_NOT_EQUAL(case_nic(ours, 0)->ni_network, case_nic(theirs, 0)->ni_network);
    CU_ASSERT_STRING_NOT_EQUAL(case_nic(ours, 0)->ni_mac, case_nic(theirs, 0)->ni_mac);
    CU_ASSERT_STRING_NOT_EQUAL(ours->ph_uuid, theirs->ph_uuid);
    CU_ASSERT_STRING_EQUAL(plan_network(plan, case_nic(ours, 0)->ni_network)->pn_id,
                           "health/dmz");
    CU_ASSERT_EQUAL(ours->ph_owner, SIDE_BLUE);
    CU_ASSERT_EQUAL(case_host(plan, "health/referee")->ph_owner, SIDE_WHITE);
}

static void routers_publish_and_hide(void)
{
    g_autoptr(Plan) plan = case_load_good(EXAMPLES "first-drill.yaml", NULL);
    const PlanHost *gateway = case_host(plan, "health/gateway");
    const PlanPublish *last = gateway->ph_publish->pdata[2];

    CU_ASSERT_TRUE(gateway->ph_router);
    CU_ASSERT_EQUAL(gateway->ph_publish->len, 3);
    CU_ASSERT_EQUAL(last->pp_port, 8080);
    CU_ASSERT_EQUAL(last->pp_to_port, 80);
    case_addr(last->pp_to, "10.10.2.10");
    CU_ASSERT_EQUAL_FATAL(gateway->ph_masquerade->len, 1);
    int hidden = g_array_index(gateway->ph_masquerade, int, 0);
    CU_ASSERT_EQUAL(
        plan_network(plan, case_nic(gateway, (guint)hidden)->ni_network)->pn_team, -1);
    /* Blue may not reach blue on what they share; white and red are not held back. */
    CU_ASSERT_TRUE(case_nic(gateway, 0)->ni_isolated);
    CU_ASSERT_FALSE(case_nic(gateway, 1)->ni_isolated);
    CU_ASSERT_FALSE(case_nic(case_host(plan, "health/referee"), 1)->ni_isolated);
    CU_ASSERT_FALSE(case_nic(case_host(plan, "red/box"), 0)->ni_isolated);
}

static void routes_follow_from_routers(void)
{
    g_autoptr(Plan) plan = case_load_good(EXAMPLES "first-drill.yaml", NULL);
    const PlanHost *web = case_host(plan, "health/web");
    const PlanHost *referee = case_host(plan, "health/referee");

    CU_ASSERT_EQUAL_FATAL(web->ph_routes->len, 1);
    const PlanRoute *route = web->ph_routes->pdata[0];
    CU_ASSERT_EQUAL(route->pr_prefix, 0);
    case_addr(route->pr_via, "10.10.1.1");
    /* On a shared network itself: no default, but a way to the inner network. */
    CU_ASSERT_EQUAL_FATAL(referee->ph_routes->len, 1);
    route = referee->ph_routes->pdata[0];
    case_addr(route->pr_dest, "10.10.2.0");
    CU_ASSERT_EQUAL(route->pr_prefix, 24);
    case_addr(route->pr_via, "10.10.1.1");
    CU_ASSERT_EQUAL(case_host(plan, "red/box")->ph_routes->len, 0);
    CU_ASSERT_EQUAL(case_host(plan, "health/gateway")->ph_routes->len, 0);
}

/* The address that a host's hosts file gives to a name, or 0. */
static guint32 address_of(const PlanHost *of, const char *name)
{
    for (guint i = 0; i < of->ph_names->len; i++) {
        const PlanName *entry = of->ph_names->pdata[i];
        if (g_strv_contains((const char *const *)entry->pd_names, name))
            return entry->pd_addr;
    }
    return 0;
}

static void names_are_seen_from_where_one_stands(void)
{
    g_autoptr(Plan) plan = case_load_good(EXAMPLES "first-drill.yaml", NULL);
    const PlanHost *desk = case_host(plan, "health/desk"),
                   *box = case_host(plan, "red/box");
    guint32 gateway = case_nic(case_host(plan, "health/gateway"), 0)->ni_addr;

    case_addr(address_of(desk, "web"), "10.10.1.10");
    case_addr(address_of(desk, "www"), "10.10.1.10");
    case_addr(address_of(desk, "gateway"), "10.10.2.1");
    CU_ASSERT_EQUAL(address_of(desk, "web.lands"), 0);
    CU_ASSERT_EQUAL(address_of(desk, "box.red"), 0);
    CU_ASSERT_EQUAL(address_of(box, "www.health"), gateway);
    CU_ASSERT_EQUAL(address_of(box, "files.health"), gateway);
    CU_ASSERT_EQUAL(address_of(box, "desk.health"), 0);
    CU_ASSERT_NOT_EQUAL(address_of(box, "www.lands"), gateway);
}

static void checks_look_from_the_referee(void)
{
    g_autoptr(Plan) plan = case_load_good(EXAMPLES "first-drill.yaml", NULL);
    const PlanCheck *up = plan_check(plan, plan_check_index(plan, "health/web-up"));
    const PlanCheck *page =
        plan_check(plan, plan_check_index(plan, "health/page-restored"));

    CU_ASSERT_STRING_EQUAL(plan_host(plan, up->ck_from)->ph_id, "health/referee");
    CU_ASSERT_FALSE(up->ck_self_reported);
    CU_ASSERT_EQUAL(up->ck_weight, 3);
    CU_ASSERT_EQUAL(up->ck_interval_us, 60 * G_USEC_PER_SEC);
    CU_ASSERT_STRING_EQUAL(param(up, "addr"), "10.10.1.10");
    CU_ASSERT_STRING_EQUAL(param(up, "host"), "www");
    CU_ASSERT_EQUAL(page->ck_from, page->ck_host);
    CU_ASSERT_TRUE(page->ck_self_reported);
    CU_ASSERT_EQUAL(page->ck_weight, 0);
    CU_ASSERT_EQUAL(page->ck_interval_us, 0);
    CU_ASSERT_EQUAL(strlen(param(page, "sha256")), 64);
}

static void attacks_know_their_target(void)
{
    g_autoptr(Plan) plan = case_load_good(EXAMPLES "first-drill.yaml", NULL);
    g_autofree char *gateway =
        plan_addr_text(case_nic(case_host(plan, "lands/gateway"), 0)->ni_addr);
    g_autofree char *box =
        plan_addr_text(case_nic(case_host(plan, "red/box"), 0)->ni_addr);
    const PlanInject *guess = case_inject(plan, "guess@lands");
    const PlanInject *deface = case_inject(plan, "deface@lands");
    const PlanInject *recon = case_inject(plan, "recon@lands");

    CU_ASSERT_STRING_EQUAL(env(guess, "PARRY_TARGET"), gateway);
    CU_ASSERT_STRING_EQUAL(env(guess, "PARRY_ATTACKER"), box);
    CU_ASSERT_STRING_EQUAL(env(guess, "PARRY_TEAM"), "lands");
    CU_ASSERT_STRING_EQUAL(env(guess, "PARRY_HOST"), "web");
    CU_ASSERT_STRING_EQUAL(env(guess, "PARRY_DRILL"), "first-drill");
    CU_ASSERT_STRING_EQUAL(plan_host(plan, guess->in_from)->ph_id, "red/box");
    CU_ASSERT_STRING_EQUAL(plan_host(plan, guess->in_effect_host)->ph_id, "red/box");
    json_t *argv = json_object_get(guess->in_effect_params, "argv");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(argv, 0)), "env");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(argv, 2)),
                           "PARRY_TEAM=lands");
    CU_ASSERT_STRING_EQUAL(plan_target(plan, guess->in_target)->ta_id, "lands/portal");
    CU_ASSERT_STRING_EQUAL(env(deface, "PARRY_TARGET"), "10.10.1.10");
    CU_ASSERT_EQUAL(deface->in_from, deface->in_host);
    CU_ASSERT_EQUAL(recon->in_target, -1);
    CU_ASSERT_EQUAL(guess->in_by, plan_team_index(plan, "red"));
}

static void times_are_elapsed(void)
{
    g_autoptr(Plan) plan = case_load_good(EXAMPLES "first-drill.yaml", NULL);
    gint64 ours = case_inject(plan, "deface@health")->in_at_us;

    /* Saturday 03:00 after a Friday 09:00, and a jitter of up to 10 minutes, for all
     * alike. */
    CU_ASSERT_TRUE(ours >= 18 * HOUR && ours <= 18 * HOUR + HOUR / 6);
    CU_ASSERT_EQUAL(ours, case_inject(plan, "deface@lands")->in_at_us);
    CU_ASSERT_EQUAL(case_inject(plan, "tamper@health")->in_at_us, 18 * HOUR + HOUR / 2);
    CU_ASSERT_EQUAL_FATAL(plan->p_phases->len, 3);
    const PlanPhase *first = plan->p_phases->pdata[0], *last = plan->p_phases->pdata[2];
    CU_ASSERT_TRUE(first->pz_red_locked);
    CU_ASSERT_FALSE(first->pz_score);
    CU_ASSERT_EQUAL(last->pz_from_us, 60 * HOUR);
    CU_ASSERT_EQUAL(last->pz_until_us, 72 * HOUR);
    CU_ASSERT_FALSE(last->pz_score);
}

static void expectations_carry_points(void)
{
    g_autoptr(Plan) plan = case_load_good(EXAMPLES "first-drill.yaml", NULL);
    const PlanInject *deface = case_inject(plan, "deface@health");
    const PlanInject *beacon = case_inject(plan, "beacon@health");
    const PlanInject *brief = case_inject(plan, "brief@health");

    CU_ASSERT_EQUAL_FATAL(deface->in_expect->len, 3);
    const PlanExpect *contain = deface->in_expect->pdata[2];
    CU_ASSERT_EQUAL(contain->ex_kind, EXPECT_CONTAIN);
    CU_ASSERT_EQUAL(contain->ex_points, 150000);
    CU_ASSERT_EQUAL(contain->ex_within_us, HOUR * 2 / 3);
    CU_ASSERT_STRING_EQUAL(plan_check(plan, contain->ex_check)->ck_id,
                           "health/page-restored");
    contain = beacon->in_expect->pdata[2];
    CU_ASSERT_EQUAL(contain->ex_check, -1);
    const PlanExpect *answer = brief->in_expect->pdata[0];
    CU_ASSERT_EQUAL(answer->ex_kind, EXPECT_ANSWER);
    CU_ASSERT_EQUAL(answer->ex_within_us, 2 * HOUR);
    CU_ASSERT_STRING_EQUAL(parry_text_get(brief->in_subject, "zh-Hant"), "可疑電郵");
}

/* --- the full size --- */

static void full_size_has_its_parts(void)
{
    g_autoptr(Plan) plan = case_load_good(EXAMPLES "first-drill-full.yaml", NULL);
    int sides[5] = {0};
    g_autoptr(GHashTable) estates = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) en = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) zh = g_hash_table_new(g_str_hash, g_str_equal);

    CU_ASSERT_EQUAL(plan->p_teams->len, 17);
    CU_ASSERT_EQUAL(plan->p_targets->len, 16);
    CU_ASSERT_EQUAL(plan->p_duration_us, 60 * HOUR);
    CU_ASSERT_TRUE(plan->p_hosts->len >= 60 && plan->p_hosts->len <= 70);
    for (guint i = 0; i < plan->p_teams->len; i++) {
        const PlanTeam *team = plan_team(plan, (int)i);
        sides[team->pt_side]++;
        if (team->pt_side == SIDE_BLUE)
            g_hash_table_add(estates, team->pt_estate);
        g_hash_table_add(en, (char *)parry_text_get(team->pt_title, "en"));
        g_hash_table_add(zh, (char *)parry_text_get(team->pt_title, "zh-Hant"));
        CU_ASSERT_EQUAL(team->pt_members->len, 1);
    }
    CU_ASSERT_EQUAL(sides[SIDE_RED], 5);
    CU_ASSERT_EQUAL(sides[SIDE_BLUE], 12);
    CU_ASSERT_TRUE(g_hash_table_size(estates) >= 3);
    CU_ASSERT_EQUAL(g_hash_table_size(en), 17);
    CU_ASSERT_EQUAL(g_hash_table_size(zh), 17);
}

static void red_teams_take_turns(void)
{
    g_autoptr(Plan) plan = case_load_good(EXAMPLES "first-drill-full.yaml", NULL);
    g_autoptr(GHashTable) reds = g_hash_table_new(NULL, NULL);
    g_autofree int *opponent = g_new0(int, plan->p_teams->len);

    for (guint i = 0; i < plan->p_injects->len; i++) {
        const PlanInject *one = plan_inject(plan, (int)i);
        if (one->in_kind != INJECT_ATTACK)
            continue;
        g_hash_table_add(reds, GINT_TO_POINTER(one->in_by + 1));
        CU_ASSERT_EQUAL(plan_team(plan, one->in_by)->pt_side, SIDE_RED);
        if (opponent[one->in_team])
            CU_ASSERT_EQUAL(opponent[one->in_team], one->in_by + 1);
        opponent[one->in_team] = one->in_by + 1;
    }
    CU_ASSERT_EQUAL(g_hash_table_size(reds), 5);
}

/* --- what must hold for every plan --- */

static void add_once(GHashTable *set, char *key)
{
    if (g_hash_table_contains(set, key)) {
        printf("\ntwice: %s\n", key);
        CU_FAIL("not unique");
    }
    g_hash_table_add(set, key);
}

static void assert_unique(const Plan *plan)
{
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < plan->p_networks->len; i++) {
        const PlanNetwork *network = plan_network(plan, (int)i);
        CU_ASSERT_TRUE(strlen(network->pn_bridge) <= 15);
        add_once(seen, g_strconcat("bridge ", network->pn_bridge, NULL));
        add_once(seen, g_strconcat("uuid ", network->pn_uuid, NULL));
    }
    for (guint i = 0; i < plan->p_hosts->len; i++) {
        const PlanHost *one = plan_host(plan, (int)i);
        CU_ASSERT_EQUAL(one->ph_index, (int)i);
        CU_ASSERT_TRUE(strlen(one->ph_domain) <= 63);
        CU_ASSERT_EQUAL(strlen(one->ph_uuid), 36);
        CU_ASSERT_EQUAL(one->ph_uuid[14], '5');
        add_once(seen, g_strconcat("domain ", one->ph_domain, NULL));
        add_once(seen, g_strconcat("uuid ", one->ph_uuid, NULL));
        for (guint j = 0; j < one->ph_nics->len; j++) {
            const PlanNic *card = case_nic(one, j);
            const PlanNetwork *on = plan_network(plan, card->ni_network);
            guint32 part = card->ni_addr - on->pn_addr;
            CU_ASSERT_TRUE(part > 0 && part < (1u << (32 - on->pn_prefix)) - 1);
            add_once(seen, g_strconcat("mac ", card->ni_mac, NULL));
            add_once(seen,
                     g_strdup_printf("addr %d %u", card->ni_network, card->ni_addr));
        }
    }
}

static void nothing_collides(void)
{
    g_autoptr(Plan) small = case_load_good(EXAMPLES "first-drill.yaml", NULL);
    g_autoptr(Plan) full = case_load_good(EXAMPLES "first-drill-full.yaml", NULL);

    assert_unique(small);
    assert_unique(full);
}

/* A scenario drawn by chance: teams, networks, hosts with fixed and automatic addresses.
 */
static char *random_scenario(GRand *rand)
{
    GString *out =
        g_string_new("parry: 1\ndrill: {name: chance, start: 2026-01-01T00:00, "
                     "duration: 1h}\nteams:\n");
    int estates = g_rand_int_range(rand, 1, 4);

    for (int e = 0; e < estates; e++)
        g_string_append_printf(out, "  t%d: {side: blue, estate: e%d, count: %d}\n", e, e,
                               g_rand_int_range(rand, 1, 6));
    g_string_append(out, "networks: {wide: {cidr: 172.16.0.0/16}}\nestates:\n");
    for (int e = 0; e < estates; e++) {
        int networks = g_rand_int_range(rand, 1, 4);
        g_string_append_printf(out, "  e%d:\n    networks:\n", e);
        for (int n = 0; n < networks; n++)
            g_string_append_printf(out, "      n%d: {cidr: 10.%d.%d.0/26}\n", n, e, n);
        g_string_append(out, "    hosts:\n");
        int hosts = g_rand_int_range(rand, 1, 30);
        for (int h = 0; h < hosts; h++) {
            gboolean fixed = g_rand_boolean(rand);
            g_autofree char *part =
                fixed ? g_strdup_printf("%d", h + 1) : g_strdup("auto");
            g_string_append_printf(out, "      h%d: {image: micro, nics: {n%d: %s%s}}\n",
                                   h, g_rand_int_range(rand, 0, networks), part,
                                   g_rand_boolean(rand) ? ", wide: auto" : "");
        }
    }
    return g_string_free(out, FALSE);
}

static void chance_does_not_collide(void)
{
    for (guint32 seed = 0; seed < 100; seed++) {
        GRand *rand = g_rand_new_with_seed(seed);
        g_autofree char *text = random_scenario(rand);
        g_autoptr(Plan) plan = case_load(text, NULL);
        assert_unique(plan);
        g_rand_free(rand);
    }
}

static char *plan_text(const Plan *plan)
{
    json_t *json = plan_to_json(plan);
    char *text = json_dumps(json, JSON_SORT_KEYS | JSON_COMPACT);

    json_decref(json);
    return text;
}

static void same_input_gives_the_same_plan(void)
{
    g_autoptr(Plan) once = case_load_good(EXAMPLES "first-drill-full.yaml", NULL);
    g_autoptr(Plan) again = case_load_good(EXAMPLES "first-drill-full.yaml", NULL);
    char *a = plan_text(once), *b = plan_text(again);

    CU_ASSERT_STRING_EQUAL(a, b);
    CU_ASSERT_EQUAL(strlen(once->p_rules_sha256), 64);
    free(a);
    free(b);
}

#define TINY                                                                             \
    "parry: 1\n"                                                                         \
    "drill: {name: tiny, start: 2026-01-01T00:00, duration: 4h, seed: %d}\n"             \
    "teams: {red: {side: red}, blue: {side: blue, estate: e, count: 2}}\n"               \
    "networks: {wire: {cidr: 192.0.2.0/24}}\n"                                           \
    "estates: {e: {hosts: {h: {image: micro, nics: {wire: auto}}}}}\n"                   \
    "scope: {allow: [T1110]}\n"                                                          \
    "injects:\n"                                                                         \
    "  x: {at: 1h, jitter: 1h, host: h, technique: T1110.001, by: white,\n"              \
    "      attack: {run: \"true\", effect: {process: {name: init}}}}\n"

/* Pinned: a change here moves every drill's moments, addresses or names. */
static void draws_are_pinned(void)
{
    g_autofree char *zero = g_strdup_printf(TINY, 0), *one = g_strdup_printf(TINY, 1);
    g_autoptr(Plan) a = case_load(zero, "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
    g_autoptr(Plan) b = case_load(one, NULL);

    CU_ASSERT_EQUAL(case_inject(a, "x@blue-1")->in_at_us, PINNED_AT);
    CU_ASSERT_NOT_EQUAL(case_inject(a, "x@blue-1")->in_at_us,
                        case_inject(b, "x@blue-1")->in_at_us);
    CU_ASSERT_EQUAL(case_inject(a, "x@blue-1")->in_by, -1);
    CU_ASSERT_STRING_EQUAL(a->p_uuid, "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
    CU_ASSERT_STRING_EQUAL(case_host(a, "blue-1/h")->ph_uuid, PINNED_UUID);
    CU_ASSERT_STRING_EQUAL(case_nic(case_host(a, "blue-1/h"), 0)->ni_mac, PINNED_MAC);
    CU_ASSERT_STRING_EQUAL(plan_network(a, 0)->pn_bridge, PINNED_BRIDGE);
    case_addr(case_nic(case_host(a, "blue-2/h"), 0)->ni_addr, "192.0.2.11");
    CU_ASSERT_STRING_NOT_EQUAL(case_host(a, "blue-1/h")->ph_uuid,
                               case_host(b, "blue-1/h")->ph_uuid);
}

/* Behind two routers, and out to another team's published port. */
static void routers_chain(void)
{
    g_autoptr(Plan) plan = case_load(
        "parry: 1\n"
        "drill: {name: chain, start: 2026-01-01T00:00, duration: 4h}\n"
        "teams: {red: {side: red, estate: camp}, blue: {side: blue, estate: e}}\n"
        "networks: {wire: {cidr: 192.0.2.0/24}}\n"
        "estates:\n"
        "  camp: {hosts: {box: {image: micro, nics: {wire: auto}}}}\n"
        "  e:\n"
        "    networks: {a: {cidr: 10.0.1.0/24}, b: {cidr: 10.0.2.0/24}}\n"
        "    hosts:\n"
        "      outer: {image: micro, nics: {wire: auto, a: 1},\n"
        "              router: {publish: {deep: \"8080:80\"}}}\n"
        "      inner: {image: micro, nics: {a: 2, b: 1}, router: {}}\n"
        "      deep: {image: micro, nics: {b: 10}}\n"
        "      judge: {image: micro, owner: white, nics: {wire: auto}}\n"
        "    checks:\n"
        "      page: {host: deep, http: {path: /}, from: judge, every: 60s}\n",
        NULL);
    const PlanHost *outer = case_host(plan, "blue/outer"),
                   *deep = case_host(plan, "blue/deep");
    const PlanCheck *page = plan_check(plan, 0);
    g_autofree char *public = plan_addr_text(case_nic(outer, 0)->ni_addr);

    const PlanRoute *route = deep->ph_routes->pdata[0];
    CU_ASSERT_EQUAL(route->pr_prefix, 0);
    case_addr(route->pr_via, "10.0.2.1");
    CU_ASSERT_EQUAL_FATAL(outer->ph_routes->len, 1);
    route = outer->ph_routes->pdata[0];
    case_addr(route->pr_dest, "10.0.2.0");
    case_addr(route->pr_via, "10.0.1.2");
    route = case_host(plan, "blue/inner")->ph_routes->pdata[0];
    case_addr(route->pr_via, "10.0.1.1");
    /* The referee stands outside: it asks the port that the router publishes. */
    CU_ASSERT_STRING_EQUAL(param(page, "addr"), public);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(page->ck_params, "port")), 8080);
}

static void people_only_drills_load(void)
{
    g_autoptr(Plan) plan =
        case_load("parry: 1\n"
                  "drill: {name: table, start: 2026-01-01T00:00, duration: 4h}\n"
                  "teams: {blue: {side: blue, members: {ann: {key: generate}}}}\n"
                  "injects: {ask: {at: 1h, message: {to: blue, subject: A, body: B}}}\n",
                  NULL);

    CU_ASSERT_EQUAL(plan->p_hosts->len, 0);
    CU_ASSERT_EQUAL(plan->p_injects->len, 1);
    CU_ASSERT_EQUAL(plan->p_phases->len, 1);
    CU_ASSERT_EQUAL(plan_memory_needed(plan, "qemu"), 0);
}

static void unbuilt_keys_are_flagged(void)
{
    g_autoptr(Plan) plan =
        case_load("parry: 1\n"
                  "drill: {name: later, start: 2026-01-01T00:00, duration: 4h}\n"
                  "teams: {blue: {side: blue}}\n"
                  "scoring: {profile: ad}\n"
                  "library: {atomics: here}\n",
                  NULL);
    const GPtrArray *unbuilt = plan_unbuilt(plan);

    CU_ASSERT_EQUAL_FATAL(unbuilt->len, 2);
    const PlanUnbuilt *first = unbuilt->pdata[0], *second = unbuilt->pdata[1];
    CU_ASSERT_STRING_EQUAL(first->pb_key, "ad");
    CU_ASSERT_EQUAL(first->pb_line, 4);
    CU_ASSERT_STRING_EQUAL(second->pb_key, "library");
    CU_ASSERT_STRING_EQUAL(second->pb_file, "f.yaml");
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"first-drill has its parts", first_drill_has_its_parts},
        {"teams get like copies", teams_get_like_copies},
        {"routers publish and hide", routers_publish_and_hide},
        {"routes follow from routers", routes_follow_from_routers},
        {"names are seen from where one stands", names_are_seen_from_where_one_stands},
        {"checks look from the referee", checks_look_from_the_referee},
        {"attacks know their target", attacks_know_their_target},
        {"times are elapsed", times_are_elapsed},
        {"expectations carry points", expectations_carry_points},
        {"the full size has its parts", full_size_has_its_parts},
        {"red teams take turns", red_teams_take_turns},
        {"nothing collides in the examples", nothing_collides},
        {"nothing collides by chance", chance_does_not_collide},
        {"the same input gives the same plan", same_input_gives_the_same_plan},
        {"draws are pinned", draws_are_pinned},
        {"routers chain", routers_chain},
        {"a drill without hosts loads", people_only_drills_load},
        {"unbuilt keys are flagged", unbuilt_keys_are_flagged},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("scenario plan", tests);
}
