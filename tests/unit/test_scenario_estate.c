/*
 * What estates expand into: nothing of any expansion collides, whatever the teams,
 * counts, networks and pools; and hosts, rules, zones, flags and credentials are what was
 * written.
 */
#include "scenarios/plan.h"
#include "scenarios/plan_text.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/plan_case.h"

#include <string.h>

static Plan *load(const char *text, char **findings)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    Plan *plan = plan_load_bytes("f.yaml", "/", text, strlen(text), NULL, diags);

    *findings = parry_diags_text(diags, FALSE);
    return plan;
}

/* --- what must never collide --- */

/* Takes a text into the set; a text that is there already is a collision. */
static void unique(GHashTable *set, const char *what, const char *text)
{
    char *key = g_strconcat(what, " ", text, NULL);

    if (g_hash_table_contains(set, key)) {
        printf("\ntwice: %s\n", key);
        CU_FAIL("a collision");
    }
    g_hash_table_add(set, key);
}

static void check_network(const Plan *plan, int index, GHashTable *set)
{
    const PlanNetwork *network = plan_network(plan, index);

    unique(set, "network", network->pn_id);
    unique(set, "bridge", network->pn_bridge);
    unique(set, "libvirt network", network->pn_libvirt);
    unique(set, "uuid", network->pn_uuid);
    CU_ASSERT_TRUE(strlen(network->pn_bridge) <= 15);
}

static const PlanPool *pool_with(const Plan *plan, int network, guint32 addr)
{
    for (guint i = 0; i < plan->p_pools->len; i++) {
        const PlanPool *pool = plan->p_pools->pdata[i];
        if (pool->po_network == network && pool->po_first <= addr &&
            addr <= pool->po_last)
            return pool;
    }
    return NULL;
}

static void check_nic(const Plan *plan, const PlanNic *of, GHashTable *set)
{
    const PlanNetwork *network = plan_network(plan, of->ni_network);
    guint32 size = (guint32)1 << (32 - network->pn_prefix);
    g_autofree char *addr = plan_addr_text(of->ni_addr);
    const PlanPool *pool = pool_with(plan, of->ni_network, of->ni_addr);

    unique(set, network->pn_id, addr);
    unique(set, "mac", of->ni_mac);
    CU_ASSERT_TRUE(of->ni_addr - network->pn_addr > 0);
    CU_ASSERT_TRUE(of->ni_addr - network->pn_addr < size - 1);
    CU_ASSERT_PTR_EQUAL(pool, of->ni_pool < 0 ? NULL : plan->p_pools->pdata[of->ni_pool]);
}

static void check_host(const Plan *plan, const PlanHost *of, GHashTable *set)
{
    unique(set, "host", of->ph_id);
    unique(set, "domain", of->ph_domain);
    unique(set, "uuid", of->ph_uuid);
    CU_ASSERT_TRUE(strlen(of->ph_domain) <= 63);
    CU_ASSERT_TRUE(strlen(of->ph_name) <= 63);
    for (guint i = 0; i < of->ph_nics->len; i++)
        check_nic(plan, case_nic(of, i), set);
    for (guint i = 0; i < of->ph_publish->len; i++) {
        const PlanPublish *publish = of->ph_publish->pdata[i];
        g_autofree char *port =
            g_strdup_printf("%s %s/%d", of->ph_id, publish->pp_proto, publish->pp_port);
        unique(set, "port", port);
    }
    for (guint i = 0; i < of->ph_files->len; i++) {
        const PlanFile *file = of->ph_files->pdata[i];
        unique(set, of->ph_id, file->pf_path);
    }
    for (guint i = 0; i < of->ph_users->len; i++) {
        const PlanUser *user = of->ph_users->pdata[i];
        g_autofree char *uid = g_strdup_printf("%s %d", of->ph_id, user->pu_uid);
        unique(set, "user", user->pu_name[0] ? uid : "");
    }
}

/* Networks that the same hosts may see must be apart. */
static void check_apart(const Plan *plan)
{
    for (guint i = 0; i < plan->p_networks->len; i++) {
        const PlanNetwork *a = plan_network(plan, (int)i);
        for (guint j = 0; j < i; j++) {
            const PlanNetwork *b = plan_network(plan, (int)j);
            int prefix = MIN(a->pn_prefix, b->pn_prefix);
            if (a->pn_team >= 0 && b->pn_team >= 0 && a->pn_team != b->pn_team)
                continue;
            CU_ASSERT_TRUE((a->pn_addr ^ b->pn_addr) >> (32 - prefix) != 0);
        }
    }
}

static void check_plan(const Plan *plan)
{
    g_autoptr(GHashTable) set =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < plan->p_networks->len; i++)
        check_network(plan, (int)i, set);
    for (guint i = 0; i < plan->p_hosts->len; i++)
        check_host(plan, plan_host(plan, (int)i), set);
    for (guint i = 0; i < plan->p_flags->len; i++)
        unique(set, "flag", ((const PlanFlag *)plan->p_flags->pdata[i])->fl_value);
    check_apart(plan);
}

/* --- scenarios by chance --- */

static int below(GRand *rand, int n)
{
    return g_rand_int_range(rand, 0, n);
}

static void write_shared(GRand *rand, GString *out, int shared)
{
    g_string_append(out, "networks:\n");
    for (int i = 0; i < shared; i++)
        g_string_append_printf(out, "  shared-%d: {cidr: 198.18.%d.0/%d}\n", i, i * 4,
                               22 + below(rand, 3));
    g_string_append(out, "pools:\n");
    for (int i = 0; i < shared; i++) {
        int first = 100 + below(rand, 20);
        g_string_append_printf(out,
                               "  pool-%d: {network: shared-%d, range: 198.18.%d.%d-"
                               "198.18.%d.%d}\n",
                               i, i, i * 4, first, i * 4, first + 60 + below(rand, 60));
    }
}

static void write_nics(GRand *rand, GString *out, int shared, int inner, int host_part)
{
    const char *sep = "";

    g_string_append(out, "nics: {");
    for (int i = 0; i < inner; i++) {
        if (below(rand, 2))
            continue;
        if (below(rand, 2))
            g_string_append_printf(out, "%snet-%d: %d", sep, i, host_part);
        else
            g_string_append_printf(out, "%snet-%d: auto", sep, i);
        sep = ", ";
    }
    for (int i = 0; i < shared; i++) {
        if (below(rand, 4))
            continue;
        g_string_append_printf(out, "%sshared-%d: %s", sep, i,
                               below(rand, 3) ? "auto" : "");
        if (g_str_has_suffix(out->str, " "))
            g_string_append_printf(out, "pool-%d", i);
        sep = ", ";
    }
    g_string_append(out, "}");
}

static void write_gateway(GRand *rand, GString *out, int inner)
{
    g_string_append(out, "      gateway: {image: micro, nics: {shared-0: auto");
    for (int i = 0; i < inner; i++)
        g_string_append_printf(out, ", net-%d: 1", i);
    g_string_append(out, "}, router: {publish: {gateway: [22");
    for (int i = below(rand, 4); i > 0; i--)
        g_string_append_printf(out, ", \"%d:80\"", 1000 + i);
    g_string_append(out, "]}}}\n");
}

static void write_host(GRand *rand, GString *out, int number, int shared, int inner)
{
    int count = below(rand, 3) ? 1 : 1 + below(rand, 5);

    g_string_append_printf(out, "      h%d: {image: micro, ", number);
    if (count > 1)
        g_string_append_printf(out, "count: %d, ", count);
    if (!below(rand, 3))
        g_string_append(out, "users: {ann: {}, ben: {uid: 1500}, eve: {}}, ");
    write_nics(rand, out, shared, inner, 10 + 6 * number);
    g_string_append(out, "}\n");
}

static void write_estate(GRand *rand, GString *out, int index, int shared)
{
    int inner = 1 + below(rand, 3), hosts = 1 + below(rand, 6);

    g_string_append_printf(out, "  estate-%d:\n    networks:\n", index);
    for (int i = 0; i < inner; i++)
        g_string_append_printf(out, "      net-%d: {cidr: 10.%d.%d.0/24}\n", i, index, i);
    g_string_append(out, "    hosts:\n");
    write_gateway(rand, out, inner);
    for (int i = 0; i < hosts; i++)
        write_host(rand, out, i, shared, inner);
    g_string_append(out, "    flags:\n      one: {host: gateway, path: /srv/one}\n"
                         "      two: {host: gateway, path: /srv/two}\n");
}

static char *write_scenario(GRand *rand)
{
    static const char *const sides[] = {"blue", "red", "white", "green"};
    GString *out = g_string_new("parry: 1\n");
    int shared = 1 + below(rand, 3), estates = 1 + below(rand, 3), kinds;

    g_string_append_printf(out,
                           "drill: {name: d%d, start: 2026-11-13T09:00, duration: 10h, "
                           "seed: %d}\nteams:\n",
                           below(rand, 1000), below(rand, 1000));
    kinds = 1 + below(rand, 4);
    for (int i = 0; i < kinds; i++)
        g_string_append_printf(out, "  t%d: {side: %s, count: %d, estate: estate-%d}\n",
                               i, sides[below(rand, 4)], 1 + below(rand, 5),
                               below(rand, estates));
    write_shared(rand, out, shared);
    g_string_append(out, "estates:\n");
    for (int i = 0; i < estates; i++)
        write_estate(rand, out, i, shared);
    return g_string_free(out, FALSE);
}

#define EXPANSIONS 600

static void nothing_ever_collides(void)
{
    guint hosts = 0, pooled = 0;

    for (guint32 seed = 1; seed <= EXPANSIONS; seed++) {
        GRand *rand = g_rand_new_with_seed(seed);
        g_autofree char *text = write_scenario(rand), *findings = NULL;
        g_autoptr(Plan) plan = load(text, &findings);
        if (!plan) {
            printf("\nseed %u:\n%s\n%s", seed, text, findings);
            CU_FAIL("a scenario made to be good is refused");
        } else {
            check_plan(plan);
            hosts += plan->p_hosts->len;
            for (guint i = 0; i < plan->p_hosts->len; i++)
                for (guint j = 0; j < plan_host(plan, (int)i)->ph_nics->len; j++)
                    pooled += case_nic(plan_host(plan, (int)i), j)->ni_pool >= 0;
        }
        g_rand_free(rand);
    }
    CU_ASSERT_TRUE(hosts > EXPANSIONS * 10);
    CU_ASSERT_TRUE(pooled > EXPANSIONS);
}

/* --- counts --- */

#define HEAD                                                                             \
    "parry: 1\n"                                                                         \
    "drill: {name: t, start: 2026-11-13T09:00, duration: 10h}\n"

static void a_count_makes_like_hosts(void)
{
    g_autoptr(Plan) plan = case_load_good(
        NULL, HEAD "teams: {blue: {side: blue, count: 2, estate: e}}\n"
                   "estates:\n  e:\n"
                   "    networks: {dmz: {cidr: 10.0.0.0/24}}\n"
                   "    hosts:\n"
                   "      web: {image: micro, count: 3, labels: [front, linux],\n"
                   "            title: {en: Web, zh-Hant: 網站}, nics: {dmz: 20}}\n"
                   "      db: {image: micro, nics: {dmz: 10.0.0.30}, after: []}\n"
                   "      app: {image: micro, count: 1, after: [db, web-2],\n"
                   "            nics: {dmz: auto}}\n");
    const PlanHost *third = case_host(plan, "blue-2/web-3"),
                   *app = case_host(plan, "blue-2/app");

    CU_ASSERT_EQUAL(plan->p_hosts->len, 10);
    CU_ASSERT_STRING_EQUAL(third->ph_name, "web-3");
    CU_ASSERT_STRING_EQUAL(third->ph_domain, "pr-t-blue-2-web-3");
    case_addr(case_nic(third, 0)->ni_addr, "10.0.0.22");
    CU_ASSERT_STRING_EQUAL(third->ph_labels[1], "linux");
    CU_ASSERT_STRING_EQUAL(parry_text_get(third->ph_title, "zh-Hant"), "網站");
    CU_ASSERT_STRING_EQUAL(parry_text_get(app->ph_title, "en"), "app");
    CU_ASSERT_EQUAL_FATAL(app->ph_after->len, 2);
    CU_ASSERT_EQUAL(g_array_index(app->ph_after, int, 0),
                    plan_host_index(plan, "blue-2/db"));
    CU_ASSERT_EQUAL(g_array_index(app->ph_after, int, 1),
                    plan_host_index(plan, "blue-2/web-2"));
}

/* --- firewalls --- */

static const PlanWallRule *rule(const PlanHost *router, guint i)
{
    CU_ASSERT_TRUE_FATAL(i < router->ph_rules->len);
    return router->ph_rules->pdata[i];
}

static void rules_name_addresses(void)
{
    g_autoptr(Plan) plan = case_load_good(
        NULL,
        HEAD "teams: {blue: {side: blue, estate: e}}\n"
             "estates:\n  e:\n"
             "    networks: {dmz: {cidr: 10.0.0.0/24}, lan: {cidr: 10.0.1.0/24}}\n"
             "    hosts:\n"
             "      gate:\n"
             "        image: micro\n"
             "        nics: {dmz: 1, lan: 1}\n"
             "        router:\n"
             "          forward: drop\n"
             "          firewall:\n"
             "            web: {from: lan, to: web, proto: tcp, ports: [80, "
             "\"8000-8100\"], action: accept}\n"
             "            both: {from: both, proto: icmp, action: reject, log: true}\n"
             "      web: {image: micro, nics: {dmz: 10}}\n"
             "      both: {image: micro, nics: {dmz: 20, lan: 20}}\n"
             "      pc: {image: micro, nics: {lan: 30}}\n");
    const PlanHost *gate = case_host(plan, "blue/gate");

    CU_ASSERT_TRUE(gate->ph_drop);
    CU_ASSERT_EQUAL_FATAL(gate->ph_rules->len, 4);
    case_addr(rule(gate, 0)->pw_from, "10.0.1.0");
    CU_ASSERT_EQUAL(rule(gate, 0)->pw_from_prefix, 24);
    case_addr(rule(gate, 1)->pw_to, "10.0.0.10");
    CU_ASSERT_EQUAL(rule(gate, 1)->pw_to_prefix, 32);
    CU_ASSERT_EQUAL(rule(gate, 1)->pw_first_port, 8000);
    CU_ASSERT_EQUAL(rule(gate, 1)->pw_last_port, 8100);
    CU_ASSERT_EQUAL(rule(gate, 1)->pw_action, WALL_ACCEPT);
    case_addr(rule(gate, 2)->pw_from, "10.0.0.20");
    case_addr(rule(gate, 3)->pw_from, "10.0.1.20");
    CU_ASSERT_EQUAL(rule(gate, 3)->pw_to_prefix, 0);
    CU_ASSERT_EQUAL(rule(gate, 3)->pw_action, WALL_REJECT);
    CU_ASSERT_TRUE(rule(gate, 3)->pw_log);
    CU_ASSERT_FALSE(case_host(plan, "blue/web")->ph_drop);
}

/* --- zones --- */

static const PlanFile *file_at(const PlanHost *of, const char *path)
{
    for (guint i = 0; i < of->ph_files->len; i++) {
        const PlanFile *file = of->ph_files->pdata[i];
        if (!strcmp(file->pf_path, path))
            return file;
    }
    CU_FAIL_FATAL("no such file");
    return NULL;
}

static char *content(const PlanFile *file)
{
    gsize len;
    const char *bytes = g_bytes_get_data(file->pf_bytes, &len);

    return g_strndup(bytes, len);
}

static void zones_are_served(void)
{
    g_autoptr(Plan) plan = case_load_good(
        NULL, HEAD "teams: {blue: {side: blue, estate: e}}\n"
                   "images: {names: {base: debian/bookworm, packages: [dnsmasq]}}\n"
                   "estates:\n  e:\n"
                   "    networks: {dmz: {cidr: 10.0.0.0/24}, lan: {cidr: 10.0.1.0/24}}\n"
                   "    dns:\n"
                   "      server: ns\n"
                   "      domain: health.test\n"
                   "      records: {portal: web, legacy: 10.0.0.99,\n"
                   "                health.test: \"${host.web.address}\"}\n"
                   "    hosts:\n"
                   "      gate: {image: micro, nics: {dmz: 1, lan: 1}, router: {}}\n"
                   "      ns: {image: names, nics: {dmz: 53}, run: [\"true\"]}\n"
                   "      web: {image: micro, nics: {dmz: 10}, dns: [www, a.b.test]}\n"
                   "      pc: {image: micro, nics: {lan: 30}}\n");
    const PlanHost *ns = case_host(plan, "blue/ns"), *pc = case_host(plan, "blue/pc");
    g_autofree char *text = content(file_at(ns, "/etc/dnsmasq.d/parry.conf"));
    static const char *const wants[] = {
        "local=/health.test/\n",
        "listen-address=10.0.0.53\n",
        "host-record=gate.health.test,10.0.0.1\n",
        "host-record=www.health.test,10.0.0.10\n",
        "host-record=a.b.test,10.0.0.10\n",
        "host-record=pc.health.test,10.0.1.30\n",
        "host-record=portal.health.test,10.0.0.10\n",
        "host-record=legacy.health.test,10.0.0.99\n",
        "host-record=health.test,10.0.0.10\n",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(wants); i++)
        CU_ASSERT_PTR_NOT_NULL(strstr(text, wants[i]));
    CU_ASSERT_STRING_EQUAL(ns->ph_run[0], "systemctl restart dnsmasq");
    CU_ASSERT_STRING_EQUAL(ns->ph_run[1], "true");
    CU_ASSERT_EQUAL_FATAL(pc->ph_dns->len, 1);
    case_addr(g_array_index(pc->ph_dns, guint32, 0), "10.0.0.53");
}

/* --- flags, credentials, weaknesses --- */

#define PLANTED                                                                          \
    "teams: {health: {side: blue, estate: e}, lands: {side: blue, estate: e}}\n"         \
    "secrets: {admin: {kind: password}}\n"                                               \
    "estates:\n  e:\n"                                                                   \
    "    hosts:\n"                                                                       \
    "      web: {image: micro, users: {ann: {groups: [adm]}, ben: {password: "           \
    "\"${secret.admin}-x\"}}}\n"                                                         \
    "    targets: {portal: {host: web, title: {en: Portal, zh-Hant: 入門網站}}}\n"   \
    "    flags: {one: {host: web, path: /srv/flag, target: portal, owner: ann,\n"        \
    "                  mode: \"0440\"}}\n"                                               \
    "    credentials:\n"                                                                 \
    "      staff: {host: web, account: ann, secret: admin}\n"                            \
    "      chief: {host: web, account: root, secret: admin}\n"                           \
    "      guest: {host: web, account: guest, secret: admin}\n"                          \
    "    weaknesses: {weak: {host: web, technique: T1110.001, cwe: CWE-521,\n"           \
    "                        secret: admin, fix: Long passwords}}\n"                     \
    "injects:\n"                                                                         \
    "  guess: {at: 1h, for: blue, technique: T1110, host: web,\n"                        \
    "          attack: {run: \"true\", cleanup: \"true\",\n"                             \
    "                   effect: {command: {run: \"true\"}}}}\n"                          \
    "scope: {allow: [T1110]}\n"

static const PlanUser *user(const PlanHost *of, const char *name)
{
    for (guint i = 0; i < of->ph_users->len; i++) {
        const PlanUser *one = of->ph_users->pdata[i];
        if (!strcmp(one->pu_name, name))
            return one;
    }
    CU_FAIL_FATAL("no such user");
    return NULL;
}

static void secrets_are_planted(void)
{
    g_autoptr(Plan) plan = case_load_good(NULL, HEAD PLANTED);
    const PlanHost *ours = case_host(plan, "health/web"),
                   *theirs = case_host(plan, "lands/web");
    const PlanFile *flag = file_at(ours, "/srv/flag");
    g_autofree char *value = content(flag),
                    *other = content(file_at(theirs, "/srv/flag"));
    const PlanFlag *first = plan->p_flags->pdata[0];

    CU_ASSERT_TRUE(g_str_has_prefix(value, "PARRY{") && g_str_has_suffix(value, "}\n"));
    CU_ASSERT_EQUAL(strlen(value), 6 + 32 + 2);
    CU_ASSERT_STRING_NOT_EQUAL(value, other);
    CU_ASSERT_TRUE(g_str_has_prefix(value, first->fl_value));
    CU_ASSERT_EQUAL(flag->pf_mode, 0440);
    CU_ASSERT_STRING_EQUAL(flag->pf_owner, "ann");
    CU_ASSERT_EQUAL(first->fl_target, 0);
    CU_ASSERT_EQUAL(plan->p_credentials->len, 6);
    CU_ASSERT_STRING_NOT_EQUAL(user(ours, "ann")->pu_password,
                               user(theirs, "ann")->pu_password);
    CU_ASSERT_STRING_EQUAL(user(ours, "ann")->pu_password,
                           user(ours, "guest")->pu_password);
    CU_ASSERT_TRUE(
        g_str_has_prefix(user(ours, "ben")->pu_password, user(ours, "ann")->pu_password));
    CU_ASSERT_EQUAL(user(ours, "root")->pu_uid, 0);
    CU_ASSERT_PTR_NULL(user(ours, "root")->pu_shell);
    CU_ASSERT_EQUAL(user(ours, "guest")->pu_uid, 1003);
    CU_ASSERT_EQUAL(plan->p_weaknesses->len, 2);
    CU_ASSERT_STRING_EQUAL(parry_text_get(plan_target(plan, 0)->ta_title, "en"),
                           "Portal");
}

/* Anyone may see a plan; only commitments of secrets stand in it. */
static void plans_keep_secrets(void)
{
    g_autoptr(Plan) plan = case_load_good(NULL, HEAD PLANTED);
    json_t *json = plan_to_json(plan);
    g_autofree char *text = json_dumps(json, JSON_COMPACT);

    CU_ASSERT_PTR_NULL(strstr(text, "PARRY{"));
    CU_ASSERT_PTR_NULL(
        strstr(text, user(case_host(plan, "health/web"), "ann")->pu_password));
    CU_ASSERT_EQUAL(json_array_size(json_object_get(json, "weaknesses")), 2);
    json_decref(json);
}

static void people_read_what_is_planted(void)
{
    g_autoptr(Plan) plan = case_load_good(NULL, HEAD PLANTED);
    g_autofree char *text = plan_text_planted(plan, "en", 0, 0);

    CU_ASSERT_PTR_NOT_NULL(strstr(text, "/srv/flag, of lands/portal"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "T1110.001, medium: weak"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "account root, secret admin"));
    CU_ASSERT_PTR_NULL(strstr(text, "PARRY{"));
}

/* What waits boots after what it waits for; the rest side by side. */
static void waiting_takes_time(void)
{
    static const char chain[] =
        HEAD "teams: {blue: {side: blue, estate: e}}\n"
             "estates: {e: {hosts: {a: {image: micro}, b: {image: "
             "micro, after: a}, c: {image: micro, after: [a, b]}}}}\n";
    g_autoptr(Plan) plan = case_load_good(NULL, chain);

    CU_ASSERT_EQUAL(plan_ready_us(plan, "qemu", 8), (4 + 3 * 3.5) * G_USEC_PER_SEC);
}

/* Another byte in the scenario, another flag: the name and the seed alone tell nothing.
 */
static void flags_hang_on_the_scenario(void)
{
    g_autoptr(Plan) one = case_load_good(NULL, HEAD PLANTED);
    g_autoptr(Plan) again = case_load_good(NULL, HEAD PLANTED);
    g_autoptr(Plan) other = case_load_good(NULL, HEAD PLANTED "# another\n");
    const PlanFlag *a = one->p_flags->pdata[0], *b = again->p_flags->pdata[0];
    const PlanFlag *c = other->p_flags->pdata[0];

    CU_ASSERT_STRING_EQUAL(a->fl_value, b->fl_value);
    CU_ASSERT_STRING_NOT_EQUAL(a->fl_value, c->fl_value);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"nothing ever collides", nothing_ever_collides},
        {"a count makes like hosts", a_count_makes_like_hosts},
        {"rules name addresses", rules_name_addresses},
        {"zones are served", zones_are_served},
        {"secrets are planted", secrets_are_planted},
        {"plans keep secrets", plans_keep_secrets},
        {"people read what is planted", people_read_what_is_planted},
        {"waiting takes time", waiting_takes_time},
        {"flags hang on the scenario", flags_hang_on_the_scenario},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("scenario estate", tests);
}
