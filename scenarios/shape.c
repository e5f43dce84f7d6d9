/*
 * Shapes: does each mapping hold the keys its table names, and each value the form its
 * key wants? What is wrong here is marked bad, so that later parts stay silent about it.
 */
#include "scenarios/loader.h"
#include "scenarios/values.h"

#include <string.h>

/* `flags`: those of the spec whose ks_sub the table is. */
static void shape_map(Loader *loader, const KeyTable *table, Node *map, Node *at,
                      unsigned flags);

/* "a text is missing" for `key:` with nothing behind it; TRUE where that is so. */
static gboolean is_nothing(const Node *node)
{
    return node->nd_kind == NODE_SCALAR && node->nd_plain && !*node->nd_text;
}

/* "name:web" is a text to YAML: the hint, or NULL. */
static const char *glued(const Node *node)
{
    if (node->nd_kind != NODE_SCALAR || !node->nd_plain)
        return NULL;
    gsize len = strspn(node->nd_text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return len && node->nd_text[len] == ':' && node->nd_text[len + 1] != ' '
               ? "a blank is missing after the colon"
               : NULL;
}

static void wrong_kind(Loader *loader, Node *node, const char *key, const char *want)
{
    if (is_nothing(node))
        loader_error(loader, node, NULL, "%s: a value is missing; it wants %s", key,
                     want);
    else
        loader_error(loader, node, glued(node), "%s wants %s, not %s", key, want,
                     node_kind_name(node));
    node_blank(node);
}

/* A plain scalar that YAML reads as something else where a text is wanted. */
static gboolean check_retyped(Loader *loader, Node *node)
{
    const char *as = node->nd_plain ? value_retyped(node->nd_text) : NULL;

    if (!as)
        return TRUE;
    g_autofree char *hint = g_strdup_printf("quote it: \"%.60s\"", node->nd_text);
    loader_error(loader, node, hint, "a text is wanted here, but YAML reads %.60s as %s",
                 node->nd_text, as);
    return FALSE;
}

static gboolean shape_scalar(Loader *loader, const KeySpec *spec, KeyType type,
                             Node *node)
{
    char *why = NULL;

    if (node->nd_bad)
        return FALSE;
    if (node->nd_kind != NODE_SCALAR || is_nothing(node)) {
        wrong_kind(loader, node, spec->ks_key, value_want(type));
        return FALSE;
    }
    if (value_is_text(type) && !check_retyped(loader, node))
        return FALSE;
    if (node->nd_refs) {
        refs_check(loader, node, (spec->ks_flags & KEY_REFS) != 0);
        if (node->nd_bad)
            return FALSE;
    }
    if (value_check(spec, type, node->nd_text, &why)) {
        if (type == KEY_ENUM)
            for (const char *const *word = spec->ks_words; *word; word++)
                if (**word == '!' && !strcmp(*word + 1, node->nd_text))
                    loader_unbuilt(loader, node, node->nd_text);
        return TRUE;
    }
    loader_error(loader, node, NULL, "%s: %s", spec->ks_key, why);
    g_free(why);
    return FALSE;
}

/* {en: …, zh-Hant: …}: language tags of RFC 5646, as far as they matter here. */
static void shape_langtext(Loader *loader, const KeySpec *spec, Node *node)
{
    if (node->nd_kind != NODE_MAP) {
        if (node->nd_kind == NODE_LIST || is_nothing(node))
            wrong_kind(loader, node, spec->ks_key,
                       "a text, or one a language such as {en: …, zh-Hant: …}");
        else
            shape_scalar(loader, spec, KEY_TEXT, node);
        return;
    }
    if (!node_len(node))
        loader_error(loader, node, NULL, "%s: no language is given", spec->ks_key);
    for (guint i = 0; i < node_len(node); i++) {
        Node *key = node->nd_keys->pdata[i];
        const char *tag = key->nd_text;
        gsize primary = strspn(tag, "abcdefghijklmnopqrstuvwxyz");
        gboolean good = (primary == 2 || primary == 3) && strlen(tag) <= 35;
        for (const char *p = tag + primary; good && *p; p++)
            good = g_ascii_isalnum(*p) || (*p == '-' && g_ascii_isalnum(p[1]));
        if (!good || (tag[primary] && tag[primary] != '-'))
            loader_error(loader, key, NULL, "\"%s\" is no language such as en or zh-Hant",
                         tag);
        shape_scalar(loader, spec, KEY_TEXT, node_at(node, i));
    }
}

static void shape_list(Loader *loader, const KeySpec *spec, KeyType item, Node *node)
{
    for (guint i = 0; i < node_len(node); i++) {
        Node *child = node_at(node, i);
        if (item == KEY_MAP)
            shape_map(loader, spec->ks_sub, child, child, spec->ks_flags);
        else
            shape_scalar(loader, spec, item, child);
    }
}

static void shape_one_or_list(Loader *loader, const KeySpec *spec, KeyType item,
                              Node *node)
{
    if (node->nd_kind == NODE_LIST)
        shape_list(loader, spec, item, node);
    else
        shape_scalar(loader, spec, item, node);
}

static void shape_selection(Loader *loader, const KeySpec *spec, Node *node)
{
    if (node->nd_kind == NODE_LIST)
        shape_list(loader, spec, KEY_NAME, node);
    else
        shape_scalar(loader, spec, KEY_ENUM, node);
}

static void shape_named(Loader *loader, const KeySpec *spec, Node *node)
{
    KeyType name = spec->ks_name == KEY_TEXT ? KEY_NAME : spec->ks_name;

    if (node->nd_kind != NODE_MAP) {
        wrong_kind(loader, node, spec->ks_key, "a mapping of names");
        return;
    }
    for (guint i = 0; i < node_len(node); i++) {
        Node *key = node->nd_keys->pdata[i], *value = node_at(node, i);
        shape_scalar(loader, spec, name, key);
        if (spec->ks_item == KEY_MAP)
            shape_map(loader, spec->ks_sub, value, key, spec->ks_flags);
        else if (spec->ks_item == KEY_PORTS)
            shape_one_or_list(loader, spec, KEY_PORT, value);
        else
            shape_scalar(loader, spec, spec->ks_item, value);
    }
}

/* What is nested in something unbuilt is looked at, but the outermost key says it. */
static void shape_value(Loader *loader, const KeySpec *spec, Node *key, Node *node)
{
    switch (spec->ks_type) {
    case KEY_MAP:
        shape_map(loader, spec->ks_sub, node, key, spec->ks_flags);
        break;
    case KEY_MAPS:
        if (node->nd_kind == NODE_LIST)
            shape_list(loader, spec, KEY_MAP, node);
        else
            shape_map(loader, spec->ks_sub, node, key, spec->ks_flags);
        break;
    case KEY_SHORT:
        if (node->nd_kind == NODE_MAP)
            shape_map(loader, spec->ks_sub, node, key, spec->ks_flags);
        else
            shape_scalar(loader, spec, spec->ks_item, node);
        break;
    case KEY_NAMED:
        shape_named(loader, spec, node);
        break;
    case KEY_LIST:
        if (node->nd_kind == NODE_LIST)
            shape_list(loader, spec, spec->ks_item, node);
        else
            wrong_kind(loader, node, spec->ks_key, "a list");
        break;
    case KEY_ONE_OR_LIST:
        shape_one_or_list(loader, spec, spec->ks_item, node);
        break;
    case KEY_SELECTION:
        shape_selection(loader, spec, node);
        break;
    case KEY_LANGTEXT:
        shape_langtext(loader, spec, node);
        break;
    case KEY_ANY:
        break;
    default:
        shape_scalar(loader, spec, spec->ks_type, node);
    }
}

static GPtrArray *known_keys(const KeyTable *table)
{
    GPtrArray *names = g_ptr_array_new();

    for (const KeySpec *spec = table->kt_keys; spec->ks_key; spec++)
        g_ptr_array_add(names, (char *)spec->ks_key);
    return names;
}

/* Reports the key, and returns the known one that was probably meant, or NULL. */
static const char *unknown_key(Loader *loader, const KeyTable *table, Node *key)
{
    g_autoptr(GPtrArray) names = known_keys(table);
    const char *close = value_closest(key->nd_text, names);
    g_autofree char *hint = NULL;

    if (close) {
        hint = g_strdup_printf("did you mean \"%s\"?", close);
    } else {
        g_ptr_array_add(names, NULL);
        g_autofree char *list = g_strjoinv(", ", (char **)names->pdata);
        hint = g_strdup_printf("known here: %s", list);
    }
    loader_error(loader, key, hint, "unknown key \"%s\" in %s", key->nd_text,
                 table->kt_name);
    return close;
}

/* Of the keys with that flag exactly one must be there. */
static void check_choice(Loader *loader, const KeyTable *table, const Node *map, Node *at,
                         GPtrArray *meant, unsigned flag)
{
    g_autoptr(GString) choices = g_string_new(NULL);
    Node *chosen = NULL;
    gboolean slip = FALSE;

    for (const KeySpec *spec = table->kt_keys; spec->ks_key; spec++) {
        if (!(spec->ks_flags & flag))
            continue;
        Node *key = node_key(map, spec->ks_key);
        slip = slip || g_ptr_array_find(meant, (char *)spec->ks_key, NULL);
        g_string_append_printf(choices, "%s%s", choices->len ? ", " : "", spec->ks_key);
        if (key && chosen)
            loader_error(loader, key, NULL,
                         "%s has both \"%s\" and \"%s\": only one may be", table->kt_name,
                         chosen->nd_text, key->nd_text);
        if (key)
            chosen = key;
    }
    if (choices->len && !chosen && !slip)
        loader_error(loader, at, NULL, "%s needs one of %s", table->kt_name,
                     choices->str);
}

/* Keys that must be there and are not. `meant`: what unknown keys probably stand for. */
static void check_missing(Loader *loader, const KeyTable *table, const Node *map,
                          Node *at, GPtrArray *meant)
{
    for (const KeySpec *spec = table->kt_keys; spec->ks_key; spec++)
        if ((spec->ks_flags & KEY_REQUIRED) && !node_key(map, spec->ks_key) &&
            !g_ptr_array_find(meant, (char *)spec->ks_key, NULL))
            loader_error(loader, at, NULL, "%s has no \"%s\"", table->kt_name,
                         spec->ks_key);
    check_choice(loader, table, map, at, meant, KEY_CHOICE);
    check_choice(loader, table, map, at, meant, KEY_CHOICE_2);
}

static void shape_map(Loader *loader, const KeyTable *table, Node *map, Node *at,
                      unsigned flags)
{
    g_autoptr(GPtrArray) meant = g_ptr_array_new();

    if (map->nd_kind != NODE_MAP) {
        wrong_kind(loader, map, table->kt_name, "a mapping");
        return;
    }
    for (guint i = 0; i < node_len(map); i++) {
        Node *key = map->nd_keys->pdata[i];
        const KeySpec *spec = keys_find(table, key->nd_text);
        if (!spec) {
            const char *close = unknown_key(loader, table, key);
            if (close)
                g_ptr_array_add(meant, (char *)close);
        } else {
            if (!spec->ks_since)
                loader_unbuilt(loader, key, key->nd_text);
            loader->ld_unbuilt += !spec->ks_since;
            shape_value(loader, spec, key, node_at(map, i));
            loader->ld_unbuilt -= !spec->ks_since;
        }
    }
    if (!(flags & KEY_PARTIAL))
        check_missing(loader, table, map, at, meant);
}

void shape_check(Loader *loader)
{
    shape_map(loader, &keys_root, loader->ld_root, loader->ld_root, 0);
}

gboolean shape_example(const KeySpec *spec, const char *example, char **why)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    g_autoptr(Plan) plan = plan_new();
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *text = g_strdup_printf("%s: %s\n", spec->ks_key, example);
    g_autoptr(Node) root = node_parse("example", 0, text, strlen(text), diags);
    g_autoptr(GPtrArray) files = g_ptr_array_new();
    LoaderFile file = {.lf_name = (char *)"example", .lf_source = text};
    Loader loader = {.ld_files = files,
                     .ld_dir = "/",
                     .ld_diags = diags,
                     .ld_seen = seen,
                     .ld_root = root,
                     .ld_plan = plan};

    g_ptr_array_add(files, &file);
    if (root)
        shape_value(&loader, spec, node_key(root, spec->ks_key), node_at(root, 0));
    *why = parry_diags_count(diags, DIAG_ERROR) ? parry_diags_text(diags, FALSE) : NULL;
    return !*why;
}
