/*
 * Works on the plan's JSON, so that a key that is new in the plan is compared without a
 * word here. Lists of objects are matched by what names their elements.
 */
#include "scenarios/plan_diff.h"

#include "scenarios/base/duration.h"
#include "scenarios/base/table.h"
#include "scenarios/plan_text.h"

#include <string.h>

#define VALUE_CHARS 120 /* of a value that is shown */
#define BEFORE_CHARS 24 /* of them before the first difference */

/* Names of the plan's lists, where leaving away an s does not do. */
static const struct {
    const char *section, *what;
} irregular[] = {{"rehearsal", "rehearsal of"}, {"scope", "scope"}, {"unbuilt", NULL}};

/* What follows from names, addresses and bytes, and would only repeat the change. */
static const char *const derived[] = {
    "uuid",         "libvirt", "bridge", "domain", "mac", "names", "scenario-sha256",
    "rules-sha256", "index",   "env",    NULL};

/* What names an element of a list, in this order. */
static const char *const naming[] = {"id",   "name", "path", "network",
                                     "team", "kind", "to",   NULL};

static void diff_free(gpointer data)
{
    PlanDiff *diff = data;

    g_free(diff->df_what);
    g_free(diff->df_id);
    g_free(diff->df_key);
    g_free(diff->df_old);
    g_free(diff->df_new);
    g_free(diff);
}

/* --- values --- */

static char *scalar_text(const char *key, const json_t *value)
{
    if (json_is_string(value))
        return g_strdup(json_string_value(value));
    if (json_is_integer(value) && g_str_has_suffix(key, "-us"))
        return duration_text(json_integer_value(value));
    if (json_is_integer(value) && (!strcmp(key, "memory") || !strcmp(key, "disk")))
        return g_format_size_full((guint64)json_integer_value(value),
                                  G_FORMAT_SIZE_IEC_UNITS);
    if (json_is_integer(value) && !strcmp(key, "rate"))
        return plan_rate_text(json_integer_value(value));
    char *dump = json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS);
    char *copy = g_strdup(dump ? dump : "");
    free(dump);
    return copy;
}

/* A list of scalars is told as one value: "nginx, ssh". */
static char *value_text(const char *key, const json_t *value)
{
    g_autoptr(GString) out = g_string_new(NULL);
    const json_t *item;
    size_t i;

    if (!value || json_is_null(value))
        return NULL;
    if (!json_is_array(value))
        return scalar_text(key, value);
    json_array_foreach (value, i, item) {
        g_autofree char *text = scalar_text(key, item);
        g_string_append_printf(out, "%s%s", i ? ", " : "", text);
    }
    return out->len ? g_string_free(g_steal_pointer(&out), FALSE) : NULL;
}

static gboolean is_derived(const char *key)
{
    return g_strv_contains(derived, key);
}

/* --- comparing --- */

typedef struct {
    GPtrArray *out;
    const char *what, *id;
} Diffing;

static void add(Diffing *diffing, PlanDiffKind kind, const char *key, char *old,
                char *new)
{
    PlanDiff *diff = g_new0(PlanDiff, 1);

    diff->df_kind = kind;
    diff->df_what = g_strdup(diffing->what);
    diff->df_id = g_strdup(diffing->id);
    diff->df_key = g_strdup(key);
    diff->df_old = old;
    diff->df_new = new;
    g_ptr_array_add(diffing->out, diff);
}

/* The name of a list's element, or NULL where it has none. */
static const char *name_of(const json_t *item)
{
    for (const char *const *key = naming; *key; key++)
        if (json_is_string(json_object_get(item, *key)))
            return json_string_value(json_object_get(item, *key));
    return NULL;
}

/* Elements of a list by name, each name once; FALSE where that is not so. */
static gboolean by_name(const json_t *list, GHashTable *names)
{
    json_t *item;
    size_t i;

    json_array_foreach (list, i, item) {
        const char *name = json_is_object(item) ? name_of(item) : NULL;
        if (!name || !g_hash_table_insert(names, (gpointer)name, item))
            return FALSE;
    }
    return TRUE;
}

static void compare(Diffing *diffing, const char *path, const char *key,
                    const json_t *old, const json_t *new);

static char *join(const char *path, const char *key)
{
    return path ? g_strconcat(path, "/", key, NULL) : g_strdup(key);
}

static void compare_objects(Diffing *diffing, const char *path, const json_t *old,
                            const json_t *new)
{
    const char *key;
    json_t *value;

    json_object_foreach ((json_t *)old, key, value) {
        g_autofree char *here = join(path, key);
        if (!is_derived(key))
            compare(diffing, here, key, value, json_object_get(new, key));
    }
    json_object_foreach ((json_t *)new, key, value) {
        g_autofree char *here = join(path, key);
        if (!is_derived(key) && !json_object_get(old, key))
            compare(diffing, here, key, NULL, value);
    }
}

static void compare_named(Diffing *diffing, const char *path, const json_t *old,
                          GHashTable *old_names, const json_t *new, GHashTable *new_names)
{
    json_t *item;
    size_t i;

    json_array_foreach (old, i, item) {
        const char *name = name_of(item);
        const json_t *other = g_hash_table_lookup(new_names, name);
        g_autofree char *here = join(path, name);
        if (other)
            compare_objects(diffing, here, item, other);
        else
            add(diffing, DIFF_REMOVED, here, NULL, NULL);
    }
    json_array_foreach (new, i, item) {
        g_autofree char *here = join(path, name_of(item));
        if (!g_hash_table_contains(old_names, name_of(item)))
            add(diffing, DIFF_ADDED, here, NULL, NULL);
    }
}

static gboolean of_objects(const json_t *list)
{
    return json_is_array(list) &&
           (!json_array_size(list) || json_is_object(json_array_get(list, 0)));
}

static void compare(Diffing *diffing, const char *path, const char *key,
                    const json_t *old, const json_t *new)
{
    if (old && new &&json_equal(old, new))
        return;
    if (json_is_object(old) && json_is_object(new)) {
        compare_objects(diffing, path, old, new);
        return;
    }
    if (of_objects(old) && of_objects(new)) {
        g_autoptr(GHashTable) old_names = g_hash_table_new(g_str_hash, g_str_equal);
        g_autoptr(GHashTable) new_names = g_hash_table_new(g_str_hash, g_str_equal);
        if (by_name(old, old_names) && by_name(new, new_names)) {
            compare_named(diffing, path, old, old_names, new, new_names);
            return;
        }
    }
    char *before = value_text(key, old), *after = value_text(key, new);
    if (g_strcmp0(before, after) != 0) {
        add(diffing, DIFF_CHANGED, path, before, after);
    } else {
        g_free(before);
        g_free(after);
    }
}

/* "hosts" is told as "host"; NULL: not told. */
static char *what_of(const char *section)
{
    for (gsize i = 0; i < G_N_ELEMENTS(irregular); i++)
        if (!strcmp(irregular[i].section, section))
            return g_strdup(irregular[i].what);
    if (g_str_has_suffix(section, "s"))
        return g_strndup(section, strlen(section) - 1);
    return g_strdup(section);
}

/* The whole element came or went: its own line, without what is in it. */
static void whole(Diffing *diffing, const json_t *list, GHashTable *others,
                  PlanDiffKind kind)
{
    json_t *item;
    size_t i;

    json_array_foreach (list, i, item) {
        diffing->id = name_of(item);
        if (!g_hash_table_contains(others, diffing->id))
            add(diffing, kind, NULL, NULL, NULL);
    }
}

static void compare_section(Diffing *diffing, const json_t *old, const json_t *new)
{
    g_autoptr(GHashTable) old_names = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) new_names = g_hash_table_new(g_str_hash, g_str_equal);
    json_t *item;
    size_t i;

    diffing->id = "";
    if (!of_objects(old) || !of_objects(new) || !by_name(old, old_names) ||
        !by_name(new, new_names)) {
        compare(diffing, NULL, diffing->what, old, new);
        return;
    }
    whole(diffing, old, new_names, DIFF_REMOVED);
    json_array_foreach (old, i, item) {
        const json_t *other = g_hash_table_lookup(new_names, name_of(item));
        diffing->id = name_of(item);
        if (other)
            compare_objects(diffing, NULL, item, other);
    }
    whole(diffing, new, old_names, DIFF_ADDED);
}

GPtrArray *plan_diff(const Plan *old, const Plan *new)
{
    GPtrArray *out = g_ptr_array_new_with_free_func(diff_free);
    json_t *before = plan_to_json(old), *after = plan_to_json(new), *section;
    const char *name;

    json_object_foreach (before, name, section) {
        g_autofree char *what = what_of(name);
        Diffing diffing = {.out = out, .what = what};
        const json_t *other = json_object_get(after, name);
        if (what && other)
            compare_section(&diffing, section, other);
    }
    json_decref(before);
    json_decref(after);
    return out;
}

/* --- telling --- */

/* The part of a long text around where it begins to differ from the other. */
static char *excerpt(const char *text, const char *other)
{
    g_autofree char *safe = parry_text_safe(text, -1);
    g_autofree char *safe_other = parry_text_safe(other ? other : "", -1);
    glong same = 0, len = g_utf8_strlen(safe, -1);
    const char *a = safe, *b = safe_other;

    for (; *a && g_utf8_get_char(a) == g_utf8_get_char(b); same++) {
        a = g_utf8_next_char(a);
        b = g_utf8_next_char(b);
    }
    glong from = len > VALUE_CHARS ? CLAMP(same - BEFORE_CHARS, 0, len - VALUE_CHARS) : 0;
    glong until = MIN(from + VALUE_CHARS, len);
    g_autofree char *part = g_utf8_substring(safe, from, until);
    return g_strdup_printf("%s%s%s", from ? "\xe2\x80\xa6" : "", part,
                           until < len ? "\xe2\x80\xa6" : "");
}

static char *change_text(const PlanDiff *diff)
{
    if (diff->df_kind != DIFF_CHANGED)
        return g_strdup(diff->df_kind == DIFF_ADDED ? diff->df_key ? "added" : ""
                        : diff->df_key              ? "removed"
                                                    : "");
    g_autofree char *old = diff->df_old ? excerpt(diff->df_old, diff->df_new) : NULL;
    g_autofree char *new = diff->df_new ? excerpt(diff->df_new, diff->df_old) : NULL;
    return g_strdup_printf("%s -> %s", old ? old : "(none)", new ? new : "(none)");
}

/* "at-us" is told as "at": the value has its unit. */
static char *key_text_of(const PlanDiff *diff)
{
    char *key = g_strdup(diff->df_key ? diff->df_key : "");

    if (g_str_has_suffix(key, "-us"))
        key[strlen(key) - strlen("-us")] = '\0';
    return key;
}

/* The team that "health/web" or "deface@health" belongs to, and the rest; FALSE: none. */
static gboolean split_id(const char *id, char **team, char **rest)
{
    const char *slash = strchr(id, '/'), *at = strrchr(id, '@');

    if (!slash && !at)
        return FALSE;
    *team = slash ? g_strndup(id, (gsize)(slash - id)) : g_strdup(at + 1);
    *rest = slash ? g_strdup(slash + 1) : g_strndup(id, (gsize)(at - id));
    return TRUE;
}

/* Takes "health/" out: the same text for every team. */
static char *without_team(const char *text, const char *team)
{
    g_autofree char *prefix = g_strconcat(team, "/", NULL);
    g_auto(GStrv) parts = g_strsplit(text, prefix, -1);

    return g_strjoinv("", parts);
}

/* A line of the text: what happens alike to several teams' copies is told once. */
typedef struct {
    const PlanDiff *diff;
    char *rest, *key, *change;
    GString *teams; /* NULL: it belongs to none */
} Line;

static void line_free(gpointer data)
{
    Line *line = data;

    g_free(line->rest);
    g_free(line->key);
    g_free(line->change);
    if (line->teams)
        g_string_free(line->teams, TRUE);
    g_free(line);
}

static Line *line_new(const PlanDiff *diff)
{
    Line *line = g_new0(Line, 1);
    g_autofree char *key = key_text_of(diff), *change = change_text(diff);
    g_autofree char *team = NULL;

    line->diff = diff;
    if (!split_id(diff->df_id, &team, &line->rest)) {
        line->rest = g_strdup(diff->df_id);
        line->key = g_steal_pointer(&key);
        line->change = g_steal_pointer(&change);
        return line;
    }
    line->teams = g_string_new(team);
    line->key = without_team(key, team);
    line->change = without_team(change, team);
    return line;
}

static GPtrArray *gather(const GPtrArray *diffs)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(line_free);
    g_autoptr(GHashTable) known =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < diffs->len; i++) {
        const PlanDiff *diff = diffs->pdata[i];
        Line *line = line_new(diff);
        char *name = g_strdup_printf("%d\n%s\n%s\n%s\n%s", (int)diff->df_kind,
                                     diff->df_what, line->rest, line->key, line->change);
        Line *same = line->teams ? g_hash_table_lookup(known, name) : NULL;
        if (same) {
            g_string_append_printf(same->teams, ", %s", line->teams->str);
            line_free(line);
            g_free(name);
            continue;
        }
        g_ptr_array_add(lines, line);
        g_hash_table_replace(known, name, line);
    }
    return lines;
}

char *plan_diff_text(const GPtrArray *diffs, int width)
{
    static const ParryColumn columns[] = {
        {.tc_title = ""},
        {.tc_title = "what"},
        {.tc_title = "which", .tc_min = 8},
        {.tc_title = "of", .tc_min = 10},
        {.tc_title = "key", .tc_min = 10},
        {.tc_title = "change", .tc_min = 20},
    };
    static const char *const marks[] = {"+", "-", "~"};
    g_autoptr(ParryTable) table = parry_table_new(columns, G_N_ELEMENTS(columns));
    g_autoptr(GPtrArray) lines = gather(diffs);

    for (guint i = 0; i < lines->len; i++) {
        const Line *line = lines->pdata[i];
        const char *cells[] = {marks[line->diff->df_kind],
                               line->diff->df_what,
                               line->rest,
                               line->teams ? line->teams->str : NULL,
                               line->key,
                               line->change};
        parry_table_row(table, cells);
    }
    return diffs->len ? parry_table_text(table, 0, width) : g_strdup("");
}

json_t *plan_diff_json(const GPtrArray *diffs)
{
    static const char *const words[] = {"added", "removed", "changed"};
    json_t *out = json_array();

    for (guint i = 0; i < diffs->len; i++) {
        const PlanDiff *diff = diffs->pdata[i];
        json_array_append_new(out,
                              json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s?}", "change",
                                        words[diff->df_kind], "what", diff->df_what, "id",
                                        diff->df_id, "key", diff->df_key, "old",
                                        diff->df_old, "new", diff->df_new));
    }
    return out;
}
