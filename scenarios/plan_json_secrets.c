/*
 * Secrets in the plan's JSON. Who looks at a plan shall not see them unless they ask:
 * passwords and texts are hidden wherever they stand, as the reference that they came
 * from. Ports, addresses, names and numbers are too short to be found in other texts:
 * those are hidden in the list of secrets only.
 */
#include "scenarios/plan_json.h"

#include <string.h>

#define PREFIX 4 /* bytes: no password or text is shorter */

static const char *const kinds[] = {"password", "name",    "port",
                                    "text",     "address", "number"};

static guint32 prefix_of(const char *text)
{
    guint32 prefix;

    memcpy(&prefix, text, PREFIX);
    return prefix;
}

/* Secrets to hide by the first bytes of their values: an array of each. */
static GHashTable *prefixes(const Plan *plan)
{
    GHashTable *out =
        g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_ptr_array_unref);

    for (guint i = 0; i < plan->p_secrets->len; i++) {
        PlanSecret *secret = plan->p_secrets->pdata[i];
        if (secret->se_kind != SECRET_PASSWORD && secret->se_kind != SECRET_TEXT)
            continue;
        gpointer key = GUINT_TO_POINTER(prefix_of(secret->se_value));
        GPtrArray *same = g_hash_table_lookup(out, key);
        if (!same) {
            same = g_ptr_array_new();
            g_hash_table_insert(out, key, same);
        }
        g_ptr_array_add(same, secret);
    }
    return out;
}

/* The secret whose value begins at `at`, the longest of them; or NULL. */
static const PlanSecret *secret_at(GHashTable *hidden, const char *at)
{
    const PlanSecret *found = NULL;
    const GPtrArray *same = g_hash_table_lookup(hidden, GUINT_TO_POINTER(prefix_of(at)));

    for (guint i = 0; same && i < same->len; i++) {
        const PlanSecret *secret = same->pdata[i];
        if (g_str_has_prefix(at, secret->se_value) &&
            (!found || strlen(secret->se_value) > strlen(found->se_value)))
            found = secret;
    }
    return found;
}

/* The text with what is to be hidden hidden; NULL where it holds nothing of it. */
static char *hide(GHashTable *hidden, const char *text, gsize len)
{
    GString *out = NULL;
    gsize done = 0;

    for (gsize i = 0; i + PREFIX <= len; i++) {
        const PlanSecret *secret = secret_at(hidden, text + i);
        if (!secret)
            continue;
        if (!out)
            out = g_string_new(NULL);
        g_string_append_len(out, text + done, (gssize)(i - done));
        g_string_append_printf(out, "${secret.%s}", secret->se_name);
        done = i + strlen(secret->se_value);
        i = done - 1;
    }
    if (!out)
        return NULL;
    g_string_append_len(out, text + done, (gssize)(len - done));
    return g_string_free(out, FALSE);
}

static json_t *masked(GHashTable *hidden, json_t *value)
{
    if (!json_is_string(value))
        return NULL;
    g_autofree char *text =
        hide(hidden, json_string_value(value), json_string_length(value));
    return text ? json_string(text) : NULL;
}

static void mask(GHashTable *hidden, json_t *value)
{
    const char *key;
    json_t *child, *other;
    void *next;
    size_t i;

    json_object_foreach_safe(value, next, key, child)
    {
        if ((other = masked(hidden, child)))
            json_object_set_new(value, key, other);
        else
            mask(hidden, child);
    }
    json_array_foreach (value, i, child) {
        if ((other = masked(hidden, child)))
            json_array_set_new(value, i, other);
        else
            mask(hidden, child);
    }
}

void plan_json_mask(const Plan *plan, json_t *json)
{
    g_autoptr(GHashTable) hidden = prefixes(plan);

    if (g_hash_table_size(hidden))
        mask(hidden, json);
}

json_t *plan_json_secrets(const Plan *plan, gboolean open)
{
    json_t *out = json_array();

    for (guint i = 0; i < plan->p_secrets->len; i++) {
        const PlanSecret *secret = plan->p_secrets->pdata[i];
        json_t *item = json_pack("{s:s, s:s, s:o}", "name", secret->se_name, "kind",
                                 kinds[secret->se_kind], "team",
                                 plan_json_team(plan, secret->se_team));
        if (open)
            json_object_set_new(item, "value", json_string(secret->se_value));
        json_array_append_new(out, item);
    }
    return out;
}
