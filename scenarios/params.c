/* Parameters: their values, and ${param.…} replaced in the whole tree. */
#include "scenarios/loader.h"
#include "scenarios/values.h"

#include <string.h>

/* What each type's values must look like: the words of `type`, as keys. */
static const KeySpec types[] = {
    {.ks_key = "text", .ks_type = KEY_TEXT},
    {.ks_key = "name", .ks_type = KEY_NAME},
    {.ks_key = "duration", .ks_type = KEY_DURATION},
    {.ks_key = "int", .ks_type = KEY_INT},
    {.ks_key = "percent", .ks_type = KEY_PERCENT},
    {.ks_key = "points", .ks_type = KEY_POINTS},
    {.ks_key = "size", .ks_type = KEY_SIZE},
    {.ks_key = "port", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 65535},
    {.ks_key = "address", .ks_type = KEY_ADDRESS},
    {.ks_key = "technique", .ks_type = KEY_TECHNIQUE},
    {.ks_key = "moment", .ks_type = KEY_MOMENT},
    {.ks_key = NULL},
};
static const KeyTable types_table = {"types", NULL, types};

const char *param_value(const Loader *loader, const char *name)
{
    return g_hash_table_lookup(loader->ld_params, name);
}

static const KeySpec *type_of(const Node *def)
{
    const char *type = key_text(&keys_parameter, def, "type");
    const KeySpec *spec = keys_find(&types_table, type);

    return spec ? spec : types; /* the shape tells that the word is none */
}

static void take_default(Loader *loader, Node *name, const Node *def)
{
    Node *node = node_get(def, "default");
    g_autofree char *why = NULL;

    if (!node || node->nd_bad || node->nd_kind != NODE_SCALAR)
        return;
    const KeySpec *spec = type_of(def);
    if (value_check(spec, spec->ks_type, node->nd_text, &why))
        g_hash_table_insert(loader->ld_params, g_strdup(name->nd_text),
                            g_strdup(node->nd_text));
    else
        loader_error(loader, node, NULL, "default: %s", why);
}

static void set_error(Loader *loader, const char *set, const char *hint,
                      const char *format, ...) G_GNUC_PRINTF(4, 5);

static void set_error(Loader *loader, const char *set, const char *hint,
                      const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *file = g_strdup_printf("--set %s", set);
    parry_diags_add(loader->ld_diags, DIAG_ERROR, file, NULL, 0, 0, hint, "%s", message);
}

static void unknown_set(Loader *loader, const char *set, const char *name,
                        const Node *params)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *hint = NULL;

    for (guint i = 0; params && params->nd_kind == NODE_MAP && i < node_len(params); i++)
        g_ptr_array_add(names, (char *)node_key_at(params, i));
    const char *close = value_closest(name, names);
    if (close)
        hint = g_strdup_printf("did you mean \"%s\"?", close);
    set_error(loader, set, hint, "no parameter is named \"%s\"", name);
}

/* One NAME=VALUE of --set. */
static void take_set(Loader *loader, const char *set, const Node *params,
                     GHashTable *given)
{
    const char *equals = strchr(set, '=');
    g_autofree char *why = NULL;

    if (!equals || equals == set) {
        set_error(loader, set, NULL, "write --set NAME=VALUE");
        return;
    }
    g_autofree char *name = g_strndup(set, (gsize)(equals - set));
    const Node *def = node_get(params, name);
    if (!def) {
        unknown_set(loader, set, name, params);
        return;
    }
    if (!g_hash_table_add(given, g_strdup(name))) {
        set_error(loader, set, NULL, "\"%s\" is set twice", name);
        return;
    }
    if (!g_utf8_validate(equals, -1, NULL)) {
        set_error(loader, set, NULL, "%s: the value is not UTF-8", name);
        return;
    }
    const KeySpec *spec = type_of(def);
    if (value_check(spec, spec->ks_type, equals + 1, &why))
        g_hash_table_insert(loader->ld_params, g_strdup(name), g_strdup(equals + 1));
    else
        set_error(loader, set, NULL, "%s: %s", name, why);
}

/* Replaces below the node; keys stay as they are. */
static void replace(Loader *loader, Node *node)
{
    if (node->nd_kind == NODE_SCALAR) {
        if (node->nd_refs)
            refs_params(loader, node);
        return;
    }
    for (guint i = 0; i < node_len(node); i++)
        replace(loader, node_at(node, i));
}

static void take_sets(Loader *loader, const Node *params)
{
    g_autoptr(GHashTable) given =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (const char *const *set = loader->ld_set; set && *set; set++)
        take_set(loader, *set, params, given);
    for (guint i = 0; params && params->nd_kind == NODE_MAP && i < node_len(params);
         i++) {
        Node *name = params->nd_keys->pdata[i];
        if (!node_get(node_at(params, i), "default") &&
            !g_hash_table_contains(given, name->nd_text))
            loader_error(loader, name, "give it by --set NAME=VALUE, or write a default",
                         "the parameter \"%s\" has no value", name->nd_text);
    }
}

void params_expand(Loader *loader)
{
    Node *root = loader->ld_root;
    const Node *params = node_get(root, "parameters");

    for (guint i = 0; params && params->nd_kind == NODE_MAP && i < node_len(params); i++)
        take_default(loader, params->nd_keys->pdata[i], node_at(params, i));
    take_sets(loader, params);
    for (guint i = 0; root->nd_kind == NODE_MAP && i < node_len(root); i++)
        if (strcmp(node_key_at(root, i), "parameters") != 0 &&
            strcmp(node_key_at(root, i), "includes") != 0)
            replace(loader, node_at(root, i));
}
