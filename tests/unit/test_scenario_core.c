/*
 * The language's own means: several files, parameters, defaults, secrets, references.
 * What is refused, and in which words, stands in data/scenario.
 */
#include "scenarios/base/cjson.h"
#include "scenarios/plan.h"
#include "tests/unit/cunit_main.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of SECRETS with seed 1; see secrets_are_pinned(). */
#define PINNED_TOKEN "b5f51c9ced9490b79d4474e9a1a5b33acd621dcc"
#define PINNED_WORD "bqbGJfeRTtSi"
#define HEAD "parry: 1\ndrill: {name: t, start: 2026-01-01T00:00, duration: 6h}\n"

/* ---- files in memory: a table ended by NULL ---- */

typedef struct {
    const char *fi_path;
    const char *fi_text;
} File;

static GBytes *read_memory(const char *path, gpointer data, GError **error)
{
    for (const File *file = data; file->fi_path; file++)
        if (!strcmp(file->fi_path, path))
            return g_bytes_new(file->fi_text, strlen(file->fi_text));
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "no such file");
    return NULL;
}

/* The first file is the top one. `set`: NAME=VALUE, ended by NULL, or NULL. */
static Plan *load_files(const File *files, const char *const *set, char **findings)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    PlanOptions options = {
        .po_set = set, .po_read = read_memory, .po_data = (gpointer)files};
    Plan *plan = plan_load_bytes_with(files->fi_path, "/nowhere", files->fi_text,
                                      strlen(files->fi_text), &options, diags);

    *findings = parry_diags_text(diags, FALSE);
    return plan;
}

static Plan *load_set(const char *text, const char *const *set)
{
    const File files[] = {{"f.yaml", text}, {NULL, NULL}};
    g_autofree char *findings = NULL;
    Plan *plan = load_files(files, set, &findings);

    if (!plan)
        printf("\n%s", findings);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    return plan;
}

static void refuse(const File *files, const char *const *set, const char *want)
{
    g_autofree char *findings = NULL;
    g_autoptr(Plan) plan = load_files(files, set, &findings);

    CU_ASSERT_PTR_NULL(plan);
    if (!strstr(findings, want)) {
        printf("\nwanted: %s\ngot: %s", want, findings);
        CU_FAIL("not the finding that was wanted");
    }
}

/* ---- several files ---- */

static void files_join_in_order(void)
{
    const File files[] = {{"dir/top.yaml", HEAD
                           "includes: [a.yaml, sub/b.yaml]\nteams: {z: {side: blue}}\n"},
                          {"a.yaml", "includes: [c.yaml]\nteams: {a: {side: blue}}\n"},
                          {"sub/b.yaml", "parry: 1\nteams: {b: {side: red}}\n"},
                          {"c.yaml", "teams: {c: {side: blue}}\n"},
                          {NULL, NULL}};
    static const char *const order[] = {"c", "a", "b", "z"};
    static const char *const paths[] = {"top.yaml", "a.yaml", "c.yaml", "sub/b.yaml"};
    g_autofree char *findings = NULL;
    g_autoptr(Plan) plan = load_files(files, NULL, &findings);

    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    CU_ASSERT_STRING_EQUAL(findings, "");
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_STRING_EQUAL(plan_team(plan, i)->pt_id, order[i]);
        const PlanSource *source = plan->p_sources->pdata[i];
        CU_ASSERT_STRING_EQUAL(source->so_path, paths[i]);
    }
    const PlanSource *last = plan->p_sources->pdata[3];
    CU_ASSERT_EQUAL(g_bytes_get_size(last->so_bytes), strlen(files[2].fi_text));
}

static void all_files_are_hashed(void)
{
    File files[] = {{"top.yaml", HEAD "includes: [a.yaml]\n"},
                    {"a.yaml", "teams: {a: {side: blue}}\n"},
                    {NULL, NULL}};
    g_autofree char *f1 = NULL, *f2 = NULL, *f3 = NULL;
    g_autoptr(Plan) first = load_files(files, NULL, &f1);

    files[0].fi_path = "copy/scenario.yaml"; /* a drill's copy has another name */
    g_autoptr(Plan) same = load_files(files, NULL, &f2);
    files[1].fi_text = "teams: {a: {side: blue}} \n";
    g_autoptr(Plan) other = load_files(files, NULL, &f3);
    CU_ASSERT_TRUE_FATAL(first && same && other);
    CU_ASSERT_STRING_EQUAL(first->p_scenario_sha256, same->p_scenario_sha256);
    CU_ASSERT_STRING_NOT_EQUAL(first->p_scenario_sha256, other->p_scenario_sha256);
    CU_ASSERT_STRING_EQUAL(first->p_rules_sha256, other->p_rules_sha256);
}

static void numbers_of_files_are_bounded(void)
{
    g_autoptr(GString) top = g_string_new(HEAD "includes:\n");
    File many[35] = {{NULL, NULL}}, deep[12] = {{NULL, NULL}};
    char names[34][8], chain[12][8];
    g_autofree char *texts[12] = {NULL};

    for (int i = 1; i < 34; i++) {
        g_snprintf(names[i], sizeof names[i], "m%d", i);
        g_string_append_printf(top, "  - m%d\n", i);
        many[i] = (File){names[i], "{}\n"};
    }
    many[0] = (File){"top.yaml", top->str};
    refuse(many, NULL, "top.yaml:35:5: error: more than 32 files");
    for (int i = 0; i < 11; i++) {
        g_snprintf(chain[i], sizeof chain[i], "d%d", i);
        texts[i] = g_strdup_printf("%sincludes: [d%d]\n", i ? "" : HEAD, i + 1);
        deep[i] = (File){chain[i], texts[i]};
    }
    refuse(deep, NULL, "d8:1:12: error: includes are nested more than 8 deep");
    refuse(deep, NULL, "hint: d8 is included from d7:1");
    for (int i = 0; i < 12; i++)
        g_free(g_steal_pointer(&texts[i]));
}

static void sizes_of_files_are_bounded(void)
{
    g_autofree char *mega = g_strnfill(1024 * 1024, '#');
    g_autofree char *more = g_strnfill(1024 * 1024 + 1, '#');
    const File large[] = {
        {"top.yaml", HEAD "includes: [a]\n"}, {"a", more}, {NULL, NULL}};
    const File together[] = {{"top.yaml", HEAD "includes: [a, b, c, d]\n"},
                             {"a", mega},
                             {"b", mega},
                             {"c", mega},
                             {"d", mega},
                             {NULL, NULL}};

    refuse(large, NULL, "cannot include \"a\": larger than 1 MiB");
    refuse(together, NULL, "the files are larger than 4 MiB together");
}

static void write_file(const char *dir, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);

    CU_ASSERT_TRUE_FATAL(g_file_set_contents(path, text, -1, NULL));
}

static void links_stay_in_the_directory(void)
{
    g_autofree char *dir = g_dir_make_tmp("parry-include-XXXXXX", NULL);
    static const char *const names[] = {"top.yaml", "real.yaml", "in.yaml", "out.yaml"};
    g_autofree char *top = g_build_filename(dir, "top.yaml", NULL);
    g_autofree char *in = g_build_filename(dir, "in.yaml", NULL);
    g_autofree char *out = g_build_filename(dir, "out.yaml", NULL);
    g_autoptr(ParryDiags) good = parry_diags_new(), bad = parry_diags_new();

    CU_ASSERT_EQUAL_FATAL(symlink("real.yaml", in) + symlink("/etc/hostname", out), 0);
    write_file(dir, "real.yaml", "teams: {a: {side: blue}}\n");
    write_file(dir, "top.yaml", HEAD "includes: [in.yaml]\n");
    g_autoptr(Plan) plan = plan_load(top, NULL, good);
    CU_ASSERT_PTR_NOT_NULL(plan);
    write_file(dir, "top.yaml", HEAD "includes: [out.yaml]\nteams: {}\n");
    g_autoptr(Plan) none = plan_load(top, NULL, bad);
    g_autofree char *text = parry_diags_text(bad, FALSE);
    CU_ASSERT_PTR_NULL(none);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "leads out of the scenario's directory"));
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(dir, names[i], NULL);
        unlink(path);
    }
    rmdir(dir);
}

/* ---- parameters ---- */

#define PACED                                                                            \
    "parameters:\n"                                                                      \
    "  pace: {type: duration, default: 20m}\n"                                           \
    "  who: {default: blue}\n" HEAD "teams: {blue: {side: blue}}\n"                      \
    "injects:\n"                                                                         \
    "  brief:\n"                                                                         \
    "    at: ${param.pace}\n"                                                            \
    "    message: {to: \"${param.who}\", subject: S, body: \"to ${param.who} "           \
    "$${param.who}\"}\n"

static void parameters_are_set(void)
{
    static const char *const set[] = {"pace=1h", NULL};
    static const char *const unknown[] = {"pase=1h", NULL};
    static const char *const twice[] = {"pace=1h", "pace=2h", NULL};
    static const char *const wrong[] = {"pace=soon", NULL};
    static const char *const form[] = {"pace", NULL};
    g_autoptr(Plan) plain = load_set(PACED, NULL), given = load_set(PACED, set);
    const File files[] = {{"f.yaml", PACED}, {NULL, NULL}};

    CU_ASSERT_EQUAL(plan_inject(plain, 0)->in_at_us, 20 * 60 * G_TIME_SPAN_SECOND);
    CU_ASSERT_EQUAL(plan_inject(given, 0)->in_at_us, G_TIME_SPAN_HOUR);
    CU_ASSERT_STRING_EQUAL(parry_text_get(plan_inject(plain, 0)->in_body, "en"),
                           "to blue ${param.who}");
    CU_ASSERT_PTR_NULL(plain->p_set[0]);
    CU_ASSERT_STRING_EQUAL(given->p_set[0], "pace=1h");
    CU_ASSERT_STRING_EQUAL(plain->p_scenario_sha256, given->p_scenario_sha256);
    refuse(files, unknown,
           "--set pase=1h: error: no parameter is named \"pase\"\n"
           "    hint: did you mean \"pace\"?");
    refuse(files, twice, "--set pace=2h: error: \"pace\" is set twice");
    refuse(files, wrong, "--set pace=soon: error: pace: duration \"soon\"");
    refuse(files, form, "--set pace: error: write --set NAME=VALUE");
}

static void a_parameter_may_want_a_value(void)
{
    static const char *const set[] = {"side=blue", NULL};
    const File files[] = {{"f.yaml", "parameters: {side: {}}\n" HEAD
                                     "teams: {a: {side: '${param.side}'}}\n"},
                          {NULL, NULL}};
    g_autofree char *findings = NULL;
    g_autoptr(Plan) plan = load_files(files, set, &findings);

    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    CU_ASSERT_EQUAL(plan_team(plan, 0)->pt_side, SIDE_BLUE);
    refuse(files, NULL, "the parameter \"side\" has no value");
}

/* A few bytes may not become gigabytes. */
static void replaced_texts_are_bounded(void)
{
    g_autofree char *value = g_strnfill(40000, 'x');
    g_autoptr(GString) text = g_string_new(NULL), many = g_string_new(NULL);

    g_string_printf(text,
                    "parameters: {x: {default: %s}}\n" HEAD
                    "teams: {a: {side: blue, title: '${param.x}${param.x}'}}\n",
                    value);
    const File one[] = {{"f.yaml", text->str}, {NULL, NULL}};
    refuse(one, NULL, "with its references replaced this is a text of more than 64 KiB");
    g_string_printf(text, "parameters: {x: {default: %s}}\n" HEAD "teams:\n", value);
    for (int i = 0; i < 1700; i++)
        g_string_append_printf(text, "  t%d: {side: blue, title: '${param.x}'}\n", i);
    const File all[] = {{"f.yaml", text->str}, {NULL, NULL}};
    refuse(all, NULL, "references make more than 64 MiB of text");
    g_string_append(many, HEAD "teams: {a: {side: blue, count: 64}}\nsecrets:\n");
    for (int i = 0; i < 200; i++)
        g_string_append_printf(many, "  s%d: {kind: password}\n", i);
    const File secrets[] = {{"f.yaml", many->str}, {NULL, NULL}};
    refuse(secrets, NULL, "the teams have more than 10000 secrets together");
}

/* ---- defaults ---- */

static void what_an_item_says_wins(void)
{
    g_autoptr(Plan) plan = load_set(
        HEAD "defaults:\n"
             "  team: {side: blue, estate: e}\n"
             "  host: {image: micro, memory: 100M, files: [{path: /a, content: x}]}\n"
             "  inject: {at: 1h}\n"
             "teams: {one: {}, two: {side: red}}\n"
             "estates: {e: {hosts: {a: {}, b: {memory: 200M, files: []}}}}\n"
             "injects:\n"
             "  i: {message: {to: blue, subject: S, body: B}}\n"
             "  j: {after: i, message: {to: blue, subject: S, body: B}}\n",
        NULL);
    const PlanHost *a = plan_host(plan, plan_host_index(plan, "one/a"));
    const PlanHost *b = plan_host(plan, plan_host_index(plan, "one/b"));
    const PlanHost *c = plan_host(plan, plan_host_index(plan, "two/a"));

    CU_ASSERT_EQUAL(plan_team(plan, 1)->pt_side, SIDE_RED);
    CU_ASSERT_EQUAL(a->ph_memory, 100u << 20);
    CU_ASSERT_EQUAL(b->ph_memory, 200u << 20);
    CU_ASSERT_EQUAL(a->ph_files->len, 1);
    CU_ASSERT_EQUAL(b->ph_files->len, 0);
    /* The same text is in memory once, for all hosts of all teams. */
    CU_ASSERT_PTR_EQUAL(((PlanFile *)a->ph_files->pdata[0])->pf_bytes,
                        ((PlanFile *)c->ph_files->pdata[0])->pf_bytes);
    CU_ASSERT_EQUAL(plan_inject(plan, 0)->in_trigger, TRIGGER_AT);
    CU_ASSERT_EQUAL(plan_inject(plan, plan_inject_index(plan, "j@one"))->in_trigger,
                    TRIGGER_AFTER);
}

/* ---- secrets and references ---- */

#define SECRETS                                                                          \
    "parry: 1\n"                                                                         \
    "drill: {name: t, start: 2026-01-01T00:00, duration: 6h, seed: %d}\n"                \
    "secrets:\n"                                                                         \
    "  admin: {kind: password, length: 14}\n"                                            \
    "  who: {kind: name}\n"                                                              \
    "  portal: {kind: port, from: 8000, to: 8009}\n"                                     \
    "  other: {kind: port, from: 8000, to: 8009}\n"                                      \
    "  token: {kind: text, length: 40, alphabet: hex}\n"                                 \
    "  plain: {kind: text, alphabet: letters}\n"                                         \
    "  c2: {kind: address, network: internet}\n"                                         \
    "  lan: {kind: address, network: lan}\n"                                             \
    "  count: {kind: number, from: 5, to: 7}\n"                                          \
    "  word: {kind: password, per: drill}\n"                                             \
    "  sink: {kind: address, network: internet, per: drill}\n"                           \
    "teams:\n"                                                                           \
    "  health: {side: blue, estate: e, title: {en: Health, zh-Hant: 衞生署}}\n"       \
    "  lands: {side: blue, estate: e}\n"                                                 \
    "  red: {side: red}\n"                                                               \
    "networks: {internet: {cidr: 203.0.113.0/28}}\n"                                     \
    "images: {own: {base: debian/bookworm, files: [{path: /w, content: "                 \
    "'${secret.word}'}]}}\n"                                                             \
    "estates:\n"                                                                         \
    "  e:\n"                                                                             \
    "    networks: {lan: {cidr: 10.0.0.0/29}}\n"                                         \
    "    hosts:\n"                                                                       \
    "      web:\n"                                                                       \
    "        image: own\n"                                                               \
    "        nics: {lan: 2, internet: auto}\n"                                           \
    "        users: {nurse: {password: '${secret.admin}'}}\n"                            \
    "        run: 'echo ${secret.admin} ${HOME} $${team.id}'\n"                          \
    "        files:\n"                                                                   \
    "          - {path: /t, content: '${team.id} ${team.title} ${team.number} "          \
    "${drill.name}'}\n"                                                                  \
    "          - {path: /h, content: '${host.web.address} ${host.web.name}'}\n"          \
    "          - {path: /s, content: same}\n"                                            \
    "      gate: {image: micro, nics: {lan: 1, internet: auto}, router: {publish: "      \
    "{web: "                                                                             \
    "[8003]}}}\n"

static Plan *with_seed(int seed)
{
    g_autofree char *text = g_strdup_printf(SECRETS, seed);

    return load_set(text, NULL);
}

static const char *value_of(const Plan *plan, const char *name, int team)
{
    for (guint i = 0; i < plan->p_secrets->len; i++) {
        const PlanSecret *secret = plan->p_secrets->pdata[i];
        if (!strcmp(secret->se_name, name) && secret->se_team == team)
            return secret->se_value;
    }
    CU_FAIL_FATAL("no such secret");
    return NULL;
}

static void secrets_have_their_forms(void)
{
    g_autoptr(Plan) plan = with_seed(1);

    for (int team = 0; team < 2; team++) {
        const char *token = value_of(plan, "token", team);
        const char *plain = value_of(plan, "plain", team);
        const char *who = value_of(plan, "who", team);
        int port = atoi(value_of(plan, "portal", team));
        int other = atoi(value_of(plan, "other", team));
        int count = atoi(value_of(plan, "count", team));
        CU_ASSERT_EQUAL(strlen(value_of(plan, "admin", team)), 14);
        CU_ASSERT_EQUAL(strspn(token, "0123456789abcdef"), 40);
        CU_ASSERT_EQUAL(strlen(token), 40);
        CU_ASSERT_EQUAL(strspn(plain, "abcdefghijklmnopqrstuvwxyz"), 32);
        CU_ASSERT_TRUE(g_ascii_islower(*who) && strlen(who) == 8);
        CU_ASSERT_TRUE(port >= 8000 && port <= 8009 && port != 8003);
        CU_ASSERT_TRUE(other >= 8000 && other <= 8009 && other != 8003 && other != port);
        CU_ASSERT_TRUE(count >= 5 && count <= 7);
    }
    CU_ASSERT_EQUAL(strlen(value_of(plan, "word", -1)), 12);
    CU_ASSERT_STRING_NOT_EQUAL(value_of(plan, "admin", 0), value_of(plan, "admin", 1));
}

/* Worked out by Python's hmac and hashlib from the rules of secrets.c and files_key(). */
static void secrets_are_pinned(void)
{
    g_autoptr(Plan) plan = with_seed(1), same = with_seed(1), other = with_seed(2);

    CU_ASSERT_STRING_EQUAL(value_of(plan, "token", 0), PINNED_TOKEN);
    CU_ASSERT_STRING_EQUAL(value_of(plan, "word", -1), PINNED_WORD);
    CU_ASSERT_EQUAL(plan->p_secrets->len, same->p_secrets->len);
    for (guint i = 0; i < plan->p_secrets->len; i++) {
        const PlanSecret *a = plan->p_secrets->pdata[i], *b = same->p_secrets->pdata[i];
        CU_ASSERT_STRING_EQUAL(a->se_value, b->se_value);
    }
    CU_ASSERT_STRING_NOT_EQUAL(value_of(other, "token", 0), value_of(plan, "token", 0));
}

/* All addresses of the shared network are taken by one each. */
static void addresses_do_not_collide(void)
{
    for (int seed = 0; seed < 200; seed++) {
        g_autoptr(GHashTable) taken =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_autoptr(Plan) plan = with_seed(seed);
        for (guint h = 0; h < plan->p_hosts->len; h++) {
            const PlanHost *host = plan_host(plan, (int)h);
            for (guint n = 0; n < host->ph_nics->len; n++) {
                const PlanNic *nic = host->ph_nics->pdata[n];
                if (plan_network(plan, nic->ni_network)->pn_team < 0)
                    CU_ASSERT_TRUE(g_hash_table_add(taken, plan_addr_text(nic->ni_addr)));
            }
        }
        for (guint i = 0; i < plan->p_secrets->len; i++) {
            const PlanSecret *secret = plan->p_secrets->pdata[i];
            if (g_str_has_prefix(secret->se_value, "203.0.113."))
                CU_ASSERT_TRUE(g_hash_table_add(taken, g_strdup(secret->se_value)));
        }
    }
}

static const char *file_of(const Plan *plan, const char *host, guint i)
{
    const PlanHost *of = plan_host(plan, plan_host_index(plan, host));
    static char text[512];
    gsize len;
    const void *bytes =
        g_bytes_get_data(((PlanFile *)of->ph_files->pdata[i])->pf_bytes, &len);

    CU_ASSERT_TRUE_FATAL(len < sizeof text);
    memcpy(text, bytes, len);
    text[len] = '\0';
    return text;
}

static void references_are_each_teams_own(void)
{
    g_autoptr(Plan) plan = with_seed(1);
    const PlanHost *web = plan_host(plan, plan_host_index(plan, "health/web"));
    const PlanHost *twin = plan_host(plan, plan_host_index(plan, "lands/web"));
    const PlanUser *nurse = web->ph_users->pdata[0];
    g_autofree char *run =
        g_strdup_printf("echo %s ${HOME} ${team.id}", value_of(plan, "admin", 0));

    CU_ASSERT_STRING_EQUAL(file_of(plan, "health/web", 0), "health Health 1 t");
    CU_ASSERT_STRING_EQUAL(file_of(plan, "lands/web", 0), "lands lands 2 t");
    CU_ASSERT_STRING_EQUAL(file_of(plan, "lands/web", 1), "10.0.0.2 web");
    CU_ASSERT_STRING_EQUAL(nurse->pu_password, value_of(plan, "admin", 0));
    CU_ASSERT_STRING_EQUAL(web->ph_run[0], run);
    /* Without references copies share their bytes. */
    CU_ASSERT_PTR_EQUAL(((PlanFile *)web->ph_files->pdata[2])->pf_bytes,
                        ((PlanFile *)twin->ph_files->pdata[2])->pf_bytes);
    const PlanFile *baked = plan_image(plan, web->ph_image)->pi_files->pdata[0];
    CU_ASSERT_NSTRING_EQUAL(g_bytes_get_data(baked->pf_bytes, NULL),
                            value_of(plan, "word", -1), 12);
}

static gboolean holds(json_t *json, const char *text)
{
    char *dump = json_dumps(json, 0);
    gboolean found = strstr(dump, text) != NULL;

    free(dump);
    return found;
}

static void secrets_are_hidden(void)
{
    g_autoptr(Plan) plan = load_set(HEAD "secrets: {admin: {kind: password}}\n"
                                         "teams: {blue: {side: blue, estate: e}}\n"
                                         "estates: {e: {hosts: {w: {image: micro}},\n"
                                         "  checks: {c: {host: w, weight: 0, every: 60s, "
                                         "command: {run: \"x ${secret.admin} y\"}}}}}\n",
                                    NULL);
    const char *value = value_of(plan, "admin", 0);
    json_t *shown = plan_to_json(plan), *open = plan_to_json_open(plan);

    CU_ASSERT_FALSE(holds(shown, value));
    CU_ASSERT_TRUE(holds(shown, "x ${secret.admin} y"));
    CU_ASSERT_TRUE(holds(open, value));
    json_decref(shown);
    json_decref(open);
}

/* The hash of the rules is that of their canonical JSON, however it is made. */
static void rules_are_hashed_whole(void)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    g_autoptr(Plan) plan =
        plan_load(PARRY_SOURCE_DIR "/examples/first-drill.yaml", NULL, diags);
    static const char *const keys[] = {"checks", "injects", "scoring", "targets"};
    char want[65];

    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    json_t *all = plan_to_json_open(plan), *rules = json_object();
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        json_object_set(rules, keys[i], json_object_get(all, keys[i]));
    CU_ASSERT_TRUE(cjson_sha256(rules, want, NULL));
    CU_ASSERT_STRING_EQUAL(plan->p_rules_sha256, want);
    json_decref(rules);
    json_decref(all);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"files join in order", files_join_in_order},
        {"all files are hashed", all_files_are_hashed},
        {"numbers of files are bounded", numbers_of_files_are_bounded},
        {"sizes of files are bounded", sizes_of_files_are_bounded},
        {"links stay in the directory", links_stay_in_the_directory},
        {"parameters are set", parameters_are_set},
        {"a parameter may want a value", a_parameter_may_want_a_value},
        {"replaced texts are bounded", replaced_texts_are_bounded},
        {"what an item says wins", what_an_item_says_wins},
        {"secrets have their forms", secrets_have_their_forms},
        {"secrets are pinned", secrets_are_pinned},
        {"addresses do not collide", addresses_do_not_collide},
        {"references are each team's own", references_are_each_teams_own},
        {"secrets are hidden", secrets_are_hidden},
        {"rules are hashed whole", rules_are_hashed_whole},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("scenario core", tests);
}
