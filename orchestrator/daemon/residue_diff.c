#include "orchestrator/daemon/residue_diff.h"

#include "scenarios/base/cjson.h"
#include "scenarios/base/text.h"

#include <string.h>

#define ITEMS_MAX 20000
#define TEXT_MAX 200  /* bytes of an item's text */
#define LISTED_MAX 64 /* texts of a list */
#define TOLD_MAX 4    /* texts in the summary, of a list */
#define FULL_MAX (256 * 1024)

struct Snapshot {
    GHashTable *sn_items; /* text -> digest, 64 hex digits */
};

/* How a part's item is called, and which member tells items with one key apart. */
static const struct {
    const char *pa_part, *pa_word, *pa_text;
} parts[] = {
    {"processes", "process", "args"}, {"ports", "port", NULL}, {"users", "account", NULL},
    {"crontabs", "cron", NULL},       {"units", "unit", NULL}, {"files", "file", NULL},
    {"firewall", "rule", "rule"},
};

static const char *member(const json_t *item, const char *name)
{
    const char *text = name ? json_string_value(json_object_get(item, name)) : NULL;

    return text && *text ? text : NULL;
}

/* Of a process its command line, of a rule the rule: their keys are numbers, which change
 * when nothing else does. */
static char *item_text(const json_t *item)
{
    const char *part = member(item, "part"), *key = member(item, "key");

    for (guint i = 0; part && key && i < G_N_ELEMENTS(parts); i++) {
        if (strcmp(part, parts[i].pa_part) != 0)
            continue;
        const char *text = member(item, parts[i].pa_text);
        if (!text && strcmp(part, "processes") == 0)
            text = member(item, "exe");
        g_autofree char *safe = parry_text_safe(text ? text : key, -1);
        g_autofree char *cut =
            g_utf8_substring(safe, 0, MIN(g_utf8_strlen(safe, -1), TEXT_MAX));
        return g_strdup_printf("%s %s", parts[i].pa_word, cut);
    }
    return NULL;
}

static gboolean is_own(const json_t *item, SnapshotRunning running, gpointer data)
{
    static const char *const own[] = {"check", "player", "agent", NULL};
    const char *origin = member(item, "origin");
    gint64 act = json_integer_value(json_object_get(item, "act"));

    return origin && (g_strv_contains(own, origin) ||
                      (strcmp(origin, "order") == 0 && act > 0 && running(act, data)));
}

/* What makes an item another one, without its place and what counts up by itself. */
static char *item_digest(json_t *item)
{
    static const char *const gone[] = {"part", "key",    "ppid", "args",
                                       "rule", "origin", "act"};
    char hex[65];

    for (guint i = 0; i < G_N_ELEMENTS(gone); i++)
        json_object_del(item, gone[i]);
    g_autofree char *text = json_dumps(item, JSON_SORT_KEYS | JSON_COMPACT);
    cjson_sha256_bytes(text ? text : "", text ? strlen(text) : 0, hex);
    return g_strdup(hex);
}

static void read_line(Snapshot *snapshot, const char *line, gsize len,
                      SnapshotRunning running, gpointer data)
{
    json_t *item = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    char *text =
        json_is_object(item) && !is_own(item, running, data) ? item_text(item) : NULL;

    if (text && g_hash_table_size(snapshot->sn_items) < ITEMS_MAX)
        g_hash_table_insert(snapshot->sn_items, g_steal_pointer(&text),
                            item_digest(item));
    g_free(text);
    json_decref(item);
}

Snapshot *snapshot_read(const char *bytes, gsize len, SnapshotRunning running,
                        gpointer data)
{
    Snapshot *snapshot = g_new0(Snapshot, 1);
    const char *end = bytes + len;

    snapshot->sn_items = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    while (bytes < end) {
        const char *stop = memchr(bytes, '\n', (gsize)(end - bytes));
        if (!stop)
            break; /* cut in the middle */
        read_line(snapshot, bytes, (gsize)(stop - bytes), running, data);
        bytes = stop + 1;
    }
    return snapshot;
}

void snapshot_free(Snapshot *snapshot)
{
    if (!snapshot)
        return;
    g_hash_table_unref(snapshot->sn_items);
    g_free(snapshot);
}

char *snapshot_save(const Snapshot *snapshot)
{
    json_t *items = json_object();
    GHashTableIter iter;
    gpointer text, digest;
    char *saved;

    g_hash_table_iter_init(&iter, snapshot->sn_items);
    while (g_hash_table_iter_next(&iter, &text, &digest))
        json_object_set_new(items, text, json_string(digest));
    saved = json_dumps(items, JSON_SORT_KEYS | JSON_COMPACT);
    json_decref(items);
    return saved;
}

Snapshot *snapshot_load(const char *bytes, gsize len)
{
    json_t *items = json_loadb(bytes, len, 0, NULL), *digest;
    Snapshot *snapshot = NULL;
    const char *text;

    if (json_is_object(items)) {
        snapshot = g_new0(Snapshot, 1);
        snapshot->sn_items =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        json_object_foreach (items, text, digest)
            if (json_is_string(digest))
                g_hash_table_insert(snapshot->sn_items, g_strdup(text),
                                    g_strdup(json_string_value(digest)));
    }
    json_decref(items);
    return snapshot;
}

guint snapshot_count(const Snapshot *snapshot)
{
    return g_hash_table_size(snapshot->sn_items);
}

/* ---- the difference ---- */

enum { ADDED, REMOVED, CHANGED, WAYS };

typedef struct {
    GPtrArray *di_texts[WAYS]; /* borrowed, sorted */
} Diff;

static int by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void compare(Diff *diff, const Snapshot *from, const Snapshot *to, int missing)
{
    GHashTableIter iter;
    gpointer text, digest;

    g_hash_table_iter_init(&iter, from->sn_items);
    while (g_hash_table_iter_next(&iter, &text, &digest)) {
        const char *other = g_hash_table_lookup(to->sn_items, text);
        if (!other)
            g_ptr_array_add(diff->di_texts[missing], text);
        else if (missing == ADDED && strcmp(other, digest) != 0)
            g_ptr_array_add(diff->di_texts[CHANGED], text);
    }
}

static const char *part_of(const char *text)
{
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
        if (g_str_has_prefix(text, parts[i].pa_word) &&
            text[strlen(parts[i].pa_word)] == ' ')
            return parts[i].pa_part;
    return "";
}

static json_t *count_parts(const Diff *diff)
{
    json_t *out = json_object();

    for (int way = 0; way < WAYS; way++)
        for (guint i = 0; i < diff->di_texts[way]->len; i++) {
            const char *part = part_of(diff->di_texts[way]->pdata[i]);
            json_t *counts = json_object_get(out, part);
            if (!counts)
                json_object_set_new(out, part, counts = json_pack("[i, i, i]", 0, 0, 0));
            json_t *count = json_array_get(counts, (size_t)way);
            json_integer_set(count, json_integer_value(count) + 1);
        }
    return out;
}

static void summarise(const Diff *diff, GString *out)
{
    static const char *const leads[WAYS] = {"", "gone: ", "changed: "};

    for (int way = 0; way < WAYS; way++) {
        const GPtrArray *texts = diff->di_texts[way];
        if (!texts->len)
            continue;
        g_string_append_printf(out, "%s%s", out->len ? "; " : "", leads[way]);
        for (guint i = 0; i < MIN(texts->len, TOLD_MAX); i++)
            g_string_append_printf(out, "%s%s", i ? ", " : "",
                                   (const char *)texts->pdata[i]);
        if (texts->len > TOLD_MAX)
            g_string_append_printf(out, " and %u more", texts->len - TOLD_MAX);
    }
    if (!out->len)
        g_string_append(out, "nothing");
}

static json_t *list(const GPtrArray *texts)
{
    json_t *out = json_array();

    for (guint i = 0; i < MIN(texts->len, LISTED_MAX); i++)
        json_array_append_new(out, json_string(texts->pdata[i]));
    return out;
}

static void write_full(const Diff *diff, GString *full)
{
    static const char marks[WAYS] = {'+', '-', '~'};

    for (int way = 0; way < WAYS; way++)
        for (guint i = 0; i < diff->di_texts[way]->len && full->len < FULL_MAX; i++)
            g_string_append_printf(full, "%c %s\n", marks[way],
                                   (const char *)diff->di_texts[way]->pdata[i]);
}

json_t *snapshot_diff(const Snapshot *before, const Snapshot *after, GString *full)
{
    Diff diff;
    g_autoptr(GString) summary = g_string_new(NULL);
    json_t *out;

    for (int way = 0; way < WAYS; way++)
        diff.di_texts[way] = g_ptr_array_new();
    compare(&diff, after, before, ADDED);
    compare(&diff, before, after, REMOVED);
    for (int way = 0; way < WAYS; way++)
        g_ptr_array_sort(diff.di_texts[way], by_text);
    summarise(&diff, summary);
    write_full(&diff, full);
    out = json_pack("{s:o, s:o, s:o, s:o, s:s}", "parts", count_parts(&diff), "added",
                    list(diff.di_texts[ADDED]), "removed", list(diff.di_texts[REMOVED]),
                    "changed", list(diff.di_texts[CHANGED]), "summary", summary->str);
    for (int way = 0; way < WAYS; way++)
        g_ptr_array_unref(diff.di_texts[way]);
    return out;
}
