#include "scenarios/keys_people.h"
#include "scenarios/keys_spec.h"

#include "scenarios/base/duration.h"
#include "scenarios/values.h"

#include <string.h>

/* clang-format off */
const char *const words_risk[] = {"observes", "changes-state", "stops-service",
    "destroys-data", NULL};
const char *const words_tlp[] = {"clear", "green", "amber", "amber-strict", "red", NULL};
const char *const words_day[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL};

static const KeySpec root_keys[] = {
    {.ks_key = "parry", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 1, .ks_flags = KEY_REQUIRED,
     .ks_since = V1, .ks_doc = "Version of the language: 1.",
     .ks_example = "1"},
    {.ks_key = "drill", .ks_type = KEY_MAP, .ks_sub = &keys_drill, .ks_flags = KEY_REQUIRED,
     .ks_since = V1, .ks_doc = "Name, title, start and length.",
     .ks_example = "{name: first-drill, start: 2026-11-13T09:00, duration: 60h}"},
    {.ks_key = "scope", .ks_type = KEY_MAP, .ks_sub = &keys_scope, .ks_since = V1,
     .ks_doc = "Who allowed it, and what is allowed.",
     .ks_example = "{authorised-by: Drill control, allow: [T1491, T1110]}"},
    {.ks_key = "phases", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_phase,
     .ks_since = V1, .ks_doc = "Parts of the drill, one after another, in the order written.",
     .ks_example = "{familiarise: {until: 2h, score: false}, attack: {until: end}}"},
    {.ks_key = "windows", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_window,
     .ks_since = V2, .ks_doc = "Times at which the drill rests: nights, lunch.",
     .ks_example = "{night: {hours: \"22:00-06:00\", mode: pause}}"},
    {.ks_key = "checkpoints", .ks_type = KEY_MAP, .ks_sub = &keys_checkpoints, .ks_since = V3,
     .ks_doc = "Hosts' memory and disks, kept while the drill runs.",
     .ks_example = "{every: 2h, keep: 3, limit: 40G}"},
    {.ks_key = "rules", .ks_type = KEY_MAP, .ks_sub = &keys_rules, .ks_since = V2,
     .ks_doc = "What players keep to.", .ks_example = "{text: Harm nobody outside the drill.}"},
    {.ks_key = "privacy", .ks_type = KEY_MAP, .ks_sub = &keys_privacy, .ks_since = V2,
     .ks_doc = "What is recorded of people, and for how long.",
     .ks_example = "{notice: Terminals are recorded., contact: privacy@drill.example}"},
    {.ks_key = "library", .ks_type = KEY_MAP, .ks_sub = &keys_library,
     .ks_doc = "Where attacks of others are read from.",
     .ks_example = "{atomics: atomic-red-team/atomics}"},
    {.ks_key = "objectives", .ks_type = KEY_MAP, .ks_sub = &keys_objectives, .ks_since = V2,
     .ks_doc = "What the drill is to show.",
     .ks_example = "{capabilities: {detection: {title: Detection and analysis}}}"},
    {.ks_key = "brackets", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_bracket,
     .ks_since = V2, .ks_doc = "Groups of teams that are ranked with one another.",
     .ks_example = "{open: {title: Open class}, students: {}}"},
    {.ks_key = "channels", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_channel,
     .ks_doc = "Where teams share what they know.",
     .ks_example = "{advisories: {moderator: cert, tlp: amber}}"},
    {.ks_key = "teams", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_team,
     .ks_flags = KEY_REQUIRED, .ks_since = V1, .ks_doc = "Who takes part.",
     .ks_example = "{health: {side: blue, estate: clinic}, red: {side: red}}"},
    {.ks_key = "networks", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_network,
     .ks_since = V1, .ks_doc = "White's networks, which all estates may share.",
     .ks_example = "{internet: {cidr: 203.0.113.0/24}}"},
    {.ks_key = "pools", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_pool,
     .ks_since = V2, .ks_doc = "Addresses of shared networks, drawn at random.",
     .ks_example = "{visitors: {network: internet, range: 203.0.113.128-203.0.113.191}}"},
    {.ks_key = "images", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_image,
     .ks_since = V1, .ks_doc = "What hosts boot from; \"micro\" is built in.",
     .ks_example = "{server: {base: debian/bookworm, packages: [nginx-light]}}"},
    {.ks_key = "estates", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_estate,
     .ks_since = V1, .ks_doc = "What a team owns; each team gets its own copy.",
     .ks_example = "{clinic: {hosts: {web: {image: server}}}}"},
    {.ks_key = "injects", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_inject,
     .ks_since = V1, .ks_doc = "What happens to the teams: attacks and messages.",
     .ks_example = "{brief: {at: 30m, message: {to: blue, subject: News, body: Welcome}}}"},
    {.ks_key = "scoring", .ks_type = KEY_MAP, .ks_sub = &keys_scoring, .ks_since = V1,
     .ks_doc = "Profile and weights.",
     .ks_example = "{profile: hk-drill}"},
    {.ks_key = "rehearsal", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_script,
     .ks_since = V1, .ks_doc = "Scripted players, by team: try a drill with nobody there.",
     .ks_example = "{health: {detect: all, contain: all}}"},
    {.ks_key = "includes", .ks_type = KEY_LIST, .ks_item = KEY_FILE, .ks_since = V2,
     .ks_doc = "Other files of this scenario, below its directory.",
     .ks_example = "[teams.yaml, estates/clinic.yaml]"},
    {.ks_key = "defaults", .ks_type = KEY_MAP, .ks_sub = &keys_defaults, .ks_since = V2,
     .ks_doc = "Values for keys that teams, hosts, checks and injects leave away.",
     .ks_example = "{host: {memory: 128M}, check: {every: 60s}, inject: {jitter: 5m}}"},
    {.ks_key = "parameters", .ks_type = KEY_NAMED, .ks_item = KEY_MAP,
     .ks_sub = &keys_parameter, .ks_since = V2,
     .ks_doc = "Values that --set NAME=VALUE changes; ${param.NAME} stands for one.",
     .ks_example = "{pace: {type: duration, default: 20m, doc: Time to report}}"},
    {.ks_key = "secrets", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_secret,
     .ks_since = V2,
     .ks_doc = "Values drawn by the drill's seed, one a team; ${secret.NAME} stands for one.",
     .ks_example = "{admin: {kind: password, length: 14}}"},
    END,
};
const KeyTable keys_root = {"a scenario", "The whole file.", root_keys};
/* clang-format on */

const KeySpec *keys_find(const KeyTable *table, const char *key)
{
    for (const KeySpec *spec = table->kt_keys; spec->ks_key; spec++)
        if (!strcmp(spec->ks_key, key))
            return spec;
    return NULL;
}

const char *key_text(const KeyTable *table, const Node *map, const char *key)
{
    const char *text = node_get_text(map, key);

    return text ? text : keys_find(table, key)->ks_default;
}

gint64 key_int(const KeyTable *table, const Node *map, const char *key)
{
    const char *text = key_text(table, map, key);
    gint64 value = 0;

    if (text)
        value_int(text, &value);
    return value;
}

gboolean key_bool(const KeyTable *table, const Node *map, const char *key)
{
    return !g_strcmp0(key_text(table, map, key), "true");
}

int key_percent(const KeyTable *table, const Node *map, const char *key)
{
    const char *text = key_text(table, map, key);
    int value = 0;

    if (text)
        value_percent(text, &value);
    return value;
}

gint64 key_points(const KeyTable *table, const Node *map, const char *key)
{
    const char *text = key_text(table, map, key);
    gint64 value = 0;

    if (text)
        value_points(text, &value);
    return value;
}

guint64 key_size(const KeyTable *table, const Node *map, const char *key)
{
    const char *text = key_text(table, map, key);
    guint64 value = 0;

    if (text)
        value_size(text, &value);
    return value;
}

gint64 key_duration(const KeyTable *table, const Node *map, const char *key)
{
    const char *text = key_text(table, map, key);
    gint64 value = 0;

    if (text)
        duration_parse(text, &value, NULL);
    return value;
}

char **key_texts(const Node *map, const char *key)
{
    const Node *value = node_get(map, key);
    g_autoptr(GPtrArray) out = g_ptr_array_new();

    if (node_text(value))
        g_ptr_array_add(out, g_strdup(node_text(value)));
    if (value && value->nd_kind == NODE_LIST)
        for (guint i = 0; i < node_len(value); i++)
            if (node_text(node_at(value, i)))
                g_ptr_array_add(out, g_strdup(node_text(node_at(value, i))));
    g_ptr_array_add(out, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&out), FALSE);
}
