/* Checks, and the wire parameters of a check (docs/agent-protocol.md). */
#include "scenarios/base/cjson.h"
#include "scenarios/people.h"
#include "scenarios/values.h"

#include <string.h>

typedef struct {
    Loader *loader;
    const KeyTable *table;
    Node *node;
    int host; /* looked at */
    int team; /* whose copy it is: for references */
    int from; /* that looks */
    guint32 addr;
    int outer;
} Builder;

typedef json_t *(*BuildFunc)(const Builder *builder);

/* The scenario's text (or the table's default), or NULL; free with g_free(). */
static char *take_text(const Builder *b, const char *key)
{
    char *text = loader_subst(b->loader, node_get(b->node, key), b->team);

    return text ? text : g_strdup(keys_find(b->table, key)->ks_default);
}

/* Sets key where there is one. */
static void copy_text(const Builder *b, json_t *out, const char *key)
{
    g_autofree char *text = take_text(b, key);

    if (text)
        json_object_set_new(out, key, json_string(text));
}

static void copy_int(const Builder *b, json_t *out, const char *key)
{
    json_object_set_new(out, key, json_integer(key_int(b->table, b->node, key)));
}

static json_t *network_params(const Builder *b)
{
    g_autofree char *addr = plan_addr_text(b->addr);

    return json_pack("{s:s, s:i}", "addr", addr, "port", b->outer);
}

static json_t *build_tcp(const Builder *b)
{
    json_t *out = network_params(b);

    copy_text(b, out, "expect");
    return out;
}

static json_t *build_http(const Builder *b)
{
    json_t *out = network_params(b);
    const char *name = node_get_text(b->node, "name");

    if (!name)
        name = node_get_text(b->loader->ld_host_nodes->pdata[b->host], "dns");
    if (!name)
        name = plan_host(b->loader->ld_plan, b->host)->ph_name;
    json_object_set_new(out, "host", json_string(name));
    copy_text(b, out, "path");
    copy_int(b, out, "status");
    copy_text(b, out, "body");
    copy_text(b, out, "method");
    g_autofree char *path = take_text(b, "path");
    if (*path != '/' || strpbrk(path, " \r\n"))
        loader_error(b->loader, node_get(b->node, "path"), NULL,
                     "the path of a page begins with / and has no blanks");
    return out;
}

static json_t *build_dns(const Builder *b)
{
    g_autofree char *addr = plan_addr_text(b->addr);
    json_t *out = json_pack("{s:s}", "addr", addr);

    copy_text(b, out, "name");
    copy_text(b, out, "answer");
    return out;
}

static const PlanFile *planted_in(const GPtrArray *files, const char *path)
{
    for (guint i = 0; i < files->len; i++) {
        const PlanFile *file = files->pdata[i];
        if (!strcmp(file->pf_path, path))
            return file;
    }
    return NULL;
}

/* Digest of the file as planted: the host's own files cover those of its image. */
static gboolean original_digest(const Builder *b, const char *path, char out[65])
{
    const Plan *plan = b->loader->ld_plan;
    const PlanHost *host = plan_host(plan, b->host);
    const PlanFile *file = planted_in(host->ph_files, path);
    gsize len;

    if (!file)
        file = planted_in(plan_image(plan, host->ph_image)->pi_files, path);
    if (!file)
        return FALSE;
    const void *bytes = g_bytes_get_data(file->pf_bytes, &len);
    cjson_sha256_bytes(bytes, len, out);
    return TRUE;
}

static json_t *build_file(const Builder *b)
{
    json_t *out = json_object();
    const char *path = node_get_text(b->node, "path");
    const char *digest = node_get_text(b->node, "sha256");
    char original[65];

    copy_text(b, out, "path");
    copy_text(b, out, "contains");
    if (!digest && !node_get(b->node, "contains"))
        digest = "exists";
    if (!g_strcmp0(digest, "original") && path) {
        if (original_digest(b, path, original))
            digest = original;
        else
            loader_error(b->loader, node_get(b->node, "sha256"),
                         "plant it by `files:` of the host, or write the digest",
                         "the host has no planted file \"%s\" that could be the original",
                         path);
    }
    if (digest)
        json_object_set_new(out, "sha256", json_string(digest));
    return out;
}

static json_t *build_process(const Builder *b)
{
    json_t *out = json_object();

    copy_text(b, out, "name");
    copy_int(b, out, "min");
    const char *name = node_get_text(b->node, "name");
    if (name && strlen(name) > 15)
        loader_error(
            b->loader, node_get(b->node, "name"), NULL,
            "Linux keeps 15 characters of a process' name: this one never matches");
    return out;
}

static json_t *build_service(const Builder *b)
{
    json_t *out = json_object();

    copy_text(b, out, "name");
    return out;
}

static json_t *build_port(const Builder *b)
{
    json_t *out = json_object();

    copy_int(b, out, "port");
    copy_text(b, out, "proto");
    return out;
}

static json_t *build_command(const Builder *b)
{
    json_t *out = json_object();
    g_autofree char *run = take_text(b, "run");
    g_auto(GStrv) argv = loader_subst_texts(b->loader, b->node, "argv", b->team);

    if (run) {
        json_object_set_new(out, "script", json_string(run));
    } else {
        json_t *list = json_array();
        for (char **arg = argv; *arg; arg++)
            json_array_append_new(list, json_string(*arg));
        json_object_set_new(out, "argv", list);
        if (!*argv || g_strv_length(argv) > 64)
            loader_error(b->loader, node_get(b->node, "argv"), NULL,
                         "argv has %u words: 1 to 64 can be", g_strv_length(argv));
    }
    copy_text(b, out, "user");
    copy_int(b, out, "exit");
    copy_text(b, out, "contains");
    return out;
}

static json_t *build_plugin(const Builder *b)
{
    Node *name = node_get(b->node, "name");
    g_auto(GStrv) args = loader_subst_texts(b->loader, b->node, "args", b->team);
    json_t *out = json_object(), *argv = json_array();

    if (node_text(name)) {
        json_array_append_new(argv, json_string(name->nd_text));
        if (strchr(name->nd_text, '/'))
            loader_error(b->loader, name, "write for example \"check_http\"",
                         "a plugin is named without its directory");
        else
            plugin_require(b->loader, name, b->from, name->nd_text);
    }
    for (char **arg = args; *arg; arg++)
        json_array_append_new(argv, json_string(*arg));
    if (json_array_size(argv) > 64)
        loader_error(b->loader, node_get(b->node, "args"), NULL,
                     "a plugin takes 63 arguments at most");
    json_object_set_new(out, "argv", argv);
    copy_text(b, out, "user");
    return out;
}

static const struct {
    const char *kind;
    gboolean network;
    BuildFunc build;
} kinds[] = {
    {"tcp", TRUE, build_tcp},          {"http", TRUE, build_http},
    {"dns", TRUE, build_dns},          {"file", FALSE, build_file},
    {"process", FALSE, build_process}, {"service", FALSE, build_service},
    {"port", FALSE, build_port},       {"command", FALSE, build_command},
    {"plugin", FALSE, build_plugin},
};

gboolean check_kind_of(const KeyTable *table, const Node *map, CheckKind *kind)
{
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        Node *node = node_get(map, kinds[i].kind);
        if (!node || node->nd_kind != NODE_MAP || !keys_find(table, kinds[i].kind))
            continue;
        *kind = (CheckKind){kinds[i].kind, kinds[i].network, node};
        return TRUE;
    }
    return FALSE;
}

/* Where `from` finds the port that a network check asks. */
static gboolean resolve(Builder *b, const CheckKind *kind, int from)
{
    gboolean dns = !strcmp(kind->ki_kind, "dns");
    int port = dns ? 53 : (int)key_int(b->table, b->node, "port");
    const char *proto = dns ? "udp" : "tcp";
    const Plan *plan = b->loader->ld_plan;

    if (port < 1 || port > 65535) /* is told by its key */
        return FALSE;
    if (from == b->host) {
        b->addr = 0x7f000001;
        b->outer = port;
        return TRUE;
    }
    if (wiring_reach(b->loader, from, b->host, port, proto, &b->addr, &b->outer)) {
        const char *why;
        const PlanHost *router =
            passage_stopped(b->loader, from, b->host, b->addr, port, proto, &why);
        if (router)
            loader_warn(b->loader, kind->ki_node, "let a rule accept it",
                        "the firewall of \"%s\" stops it, by \"%s\": it is DOWN until "
                        "somebody changes that",
                        router->ph_name, why);
        return TRUE;
    }
    loader_error(b->loader, kind->ki_node,
                 "put both on one network, or let the estate's router publish the port",
                 "the host \"%s\" cannot reach port %d of \"%s\"",
                 plan_host(plan, from)->ph_name, port, plan_host(plan, b->host)->ph_name);
    return FALSE;
}

json_t *check_params(Loader *loader, const CheckKind *kind, int team, int host, int from)
{
    const KeySpec *spec = keys_find(&keys_check, kind->ki_kind);
    Builder builder = {loader, spec->ks_sub, kind->ki_node, host, team, from, 0, 0};

    if (kind->ki_network && !resolve(&builder, kind, from))
        return NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (!strcmp(kinds[i].kind, kind->ki_kind))
            return kinds[i].build(&builder);
    return NULL;
}

/* The host that a node names in the team's estate, or -1 with a finding. */
static int host_named(Loader *loader, int team, Node *node)
{
    if (!node_text(node))
        return -1;
    int index = loader_host(loader, team, node->nd_text);
    if (index < 0)
        loader_dangling(loader, node, "host of this estate",
                        node_get(loader_estate(loader, team), "hosts"), NULL);
    return index;
}

/* A plugin may look at its own host or over the network: only its author knows. */
static gboolean looks_anywhere(const CheckKind *kind)
{
    return !strcmp(kind->ki_kind, "plugin");
}

/* Who looks: for network checks the host that `from` names, else the host itself. */
static int check_from(Loader *loader, int team, Node *name, const Node *def,
                      const CheckKind *kind, int host)
{
    Node *from = node_get(def, "from");

    if (kind->ki_network && !from) {
        loader_error(loader, name, "name a host of this estate that white owns",
                     "a %s check needs \"from\": which host looks", kind->ki_kind);
        return -1;
    }
    if (!from)
        return host;
    int index = host_named(loader, team, from);
    if (!kind->ki_network && !looks_anywhere(kind) && index >= 0 && index != host) {
        loader_error(loader, from, "leave \"from\" away",
                     "a %s check runs on the host itself", kind->ki_kind);
        return -1;
    }
    return index;
}

/* Windows of that name, or those that the hours make; with a finding where it is none. */
static void add_quiet(Loader *loader, Node *node, PlanCheck *check)
{
    const GPtrArray *windows = loader->ld_plan->p_windows;
    const Node *known = node_get(loader->ld_root, "windows");
    guint before = check->ck_quiet->len;
    PlanHours hours;

    if (!node_text(node))
        return;
    for (guint i = 0; i < windows->len; i++) {
        const PlanWindow *w = windows->pdata[i];
        if (!strcmp(w->wi_name, node->nd_text))
            g_ptr_array_add(
                check->ck_quiet,
                plan_window_new(w->wi_name, w->wi_from_us, w->wi_until_us, WINDOW_QUIET));
    }
    if (check->ck_quiet->len > before || node_get(known, node->nd_text))
        return;
    if (!hours_read(node, &hours)) {
        loader_dangling(loader, node, "window", known, NULL);
        return;
    }
    GPtrArray *times = hours_occurrences(loader, &hours, hours.hr_text, WINDOW_QUIET);
    g_ptr_array_extend_and_steal(check->ck_quiet, times);
    g_free(hours.hr_text);
}

/* When it is asked, and when not. */
static void check_rhythm(Loader *loader, const Node *def, PlanCheck *check)
{
    static const char *const need[] = {"jitter", "quiet", "grace"};
    Node *quiet = node_get(def, "quiet");

    check->ck_jitter_us = key_duration(&keys_check, def, "jitter");
    check->ck_grace_us = key_duration(&keys_check, def, "grace");
    for (gsize i = 0; i < G_N_ELEMENTS(need) && !check->ck_interval_us; i++) {
        Node *key = node_key(def, need[i]);
        if (key && !defaults_gave(key))
            loader_error(loader, key, NULL, "\"%s\" goes with \"every\"", need[i]);
    }
    if (check->ck_interval_us && check->ck_jitter_us > check->ck_interval_us / 2)
        loader_error(loader, node_get(def, "jitter"), NULL,
                     "the jitter is longer than half of the interval");
    if (check->ck_grace_us >= loader->ld_plan->p_duration_us)
        loader_error(
            loader, node_get(def, "grace"), NULL,
            "it would last to the drill's end: one reset, and it counts no more");
    if (quiet && quiet->nd_kind == NODE_LIST)
        for (guint i = 0; i < node_len(quiet); i++)
            add_quiet(loader, node_at(quiet, i), check);
    else if (quiet)
        add_quiet(loader, quiet, check);
}

static void check_times(Loader *loader, const Node *def, PlanCheck *check)
{
    gint64 every = key_duration(&keys_check, def, "every");

    check->ck_interval_us = every;
    check->ck_deadline_us = key_duration(&keys_check, def, "deadline");
    check->ck_weight =
        node_get(def, "weight") ? (int)key_int(&keys_check, def, "weight") : every > 0;
    if (node_get_text(def, "every") && every < G_USEC_PER_SEC)
        loader_error(loader, node_get(def, "every"), NULL, "at most once a second");
    if (!check->ck_deadline_us)
        loader_error(loader, node_get(def, "deadline"), NULL, "no time to answer");
    else if (every && check->ck_deadline_us > every)
        loader_error(loader,
                     node_get(def, node_get(def, "deadline") ? "deadline" : "every"),
                     NULL, "the deadline is longer than the interval");
    if (check->ck_weight && !every)
        loader_error(loader, node_get(def, "weight"), "write for example \"every: 60s\"",
                     "a check with a weight needs \"every\": it would never run");
}

/* What scores must not rest on the word of those who are scored. */
static void check_honest(Loader *loader, Node *name, const Node *def,
                         const CheckKind *kind, const PlanCheck *check)
{
    if (!check->ck_self_reported || !check->ck_weight)
        return;
    if (kind->ki_network)
        loader_error(loader, node_get(def, "from"), "let a host look that white owns",
                     "a scored check may not be asked from a host that the team owns");
    else
        loader_warn(loader, name, "let white look over the network, or give weight: 0",
                    "a scored check that the team's own host answers is self-reported");
}

/* What no engine reads yet refers to things too. */
static void check_references(Loader *loader, int team, const Node *def)
{
    Node *credentials = node_get(def, "credentials");
    const Node *known = node_get(loader_estate(loader, team), "credentials");

    if (node_text(credentials) && !node_get(known, credentials->nd_text))
        loader_dangling(loader, credentials, "credential of this estate", known, NULL);
}

static void expand_check(Loader *loader, int team, Node *name, const Node *def)
{
    Plan *plan = loader->ld_plan;
    CheckKind kind;
    int host = host_named(loader, team, node_get(def, "host"));

    check_references(loader, team, def);
    if (host < 0 || !check_kind_of(&keys_check, def, &kind))
        return;
    if (plan->p_checks->len >= LOADER_CHECKS_MAX) {
        loader_error(loader, name, NULL, "more than %d checks together",
                     LOADER_CHECKS_MAX);
        return;
    }
    int from = check_from(loader, team, name, def, &kind, host);
    if (from < 0)
        return;
    json_t *params = check_params(loader, &kind, team, host, from);
    if (!params)
        return;
    PlanCheck *check = plan_check_new();
    check->ck_id = g_strdup_printf("%s/%s", plan_team(plan, team)->pt_id, name->nd_text);
    check->ck_index = (int)plan->p_checks->len;
    check->ck_team = team;
    check->ck_host = host;
    check->ck_from = from;
    check->ck_self_reported = plan_host(plan, from)->ph_owner != SIDE_WHITE;
    check->ck_kind = g_strdup(kind.ki_kind);
    check->ck_params = params;
    check_times(loader, def, check);
    check_rhythm(loader, def, check);
    check_honest(loader, name, def, &kind, check);
    if (plan_host(plan, from)->ph_agent == AGENT_NONE)
        loader_error(loader, name, NULL, "the host \"%s\" has no agent that could look",
                     plan_host(plan, from)->ph_name);
    g_ptr_array_add(plan->p_checks, check);
}

static void expand_named(Loader *loader, int team, const char *key,
                         void (*expand)(Loader *, int, Node *, const Node *))
{
    const Node *map = node_get(loader_estate(loader, team), key);

    if (!map || map->nd_kind != NODE_MAP)
        return;
    for (guint i = 0; i < node_len(map); i++) {
        Node *name = map->nd_keys->pdata[i];
        if (!name->nd_bad)
            expand(loader, team, name, node_at(map, i));
    }
}

void checks_expand(Loader *loader)
{
    for (guint i = 0; i < loader->ld_plan->p_teams->len; i++) {
        expand_named(loader, (int)i, "checks", expand_check);
    }
}
