/*
 * Defaults: values for the keys that teams, hosts, checks and injects leave away.
 *
 * The pair of the defaults is put into each mapping that lacks the key; it is shared, not
 * copied. What a mapping gives itself wins, whole: nothing is merged below the key.
 */
#include "scenarios/loader.h"

#include <string.h>

/* Does the map choose another key of that group already? */
static gboolean chosen(const KeyTable *table, const Node *map, unsigned group)
{
    for (const KeySpec *spec = table->kt_keys; spec->ks_key; spec++)
        if ((spec->ks_flags & group) && node_get(map, spec->ks_key))
            return TRUE;
    return FALSE;
}

static void apply(const KeyTable *table, const Node *defaults, Node *map)
{
    if (map->nd_kind != NODE_MAP || map->nd_shares)
        return;
    for (guint i = 0; i < node_len(defaults); i++) {
        Node *key = defaults->nd_keys->pdata[i];
        const KeySpec *spec = keys_find(table, key->nd_text);
        if (!spec || node_get(map, key->nd_text) ||
            ((spec->ks_flags & KEY_CHOICE) && chosen(table, map, KEY_CHOICE)) ||
            ((spec->ks_flags & KEY_CHOICE_2) && chosen(table, map, KEY_CHOICE_2)))
            continue;
        node_put(map, node_share(key), node_share(node_at(defaults, i)));
    }
}

static void apply_all(const KeyTable *table, const Node *defaults, const Node *named)
{
    if (!named || named->nd_kind != NODE_MAP)
        return;
    for (guint i = 0; i < node_len(named); i++)
        apply(table, defaults, node_at(named, i));
}

void defaults_apply(Loader *loader)
{
    const Node *root = loader->ld_root, *defaults = node_get(root, "defaults");
    const Node *estates = node_get(root, "estates");
    const Node *host = node_get(defaults, "host"), *check = node_get(defaults, "check");

    if (!node_len(defaults))
        return;
    if (node_len(node_get(defaults, "team")))
        apply_all(&keys_team, node_get(defaults, "team"), node_get(root, "teams"));
    if (node_len(node_get(defaults, "inject")))
        apply_all(&keys_inject, node_get(defaults, "inject"), node_get(root, "injects"));
    if (!estates || estates->nd_kind != NODE_MAP)
        return;
    for (guint i = 0; i < node_len(estates); i++) {
        const Node *estate = node_at(estates, i);
        if (node_len(host))
            apply_all(&keys_host, host, node_get(estate, "hosts"));
        if (node_len(check))
            apply_all(&keys_check, check, node_get(estate, "checks"));
    }
}

gboolean defaults_gave(const Node *key)
{
    return key->nd_shares > 0;
}
