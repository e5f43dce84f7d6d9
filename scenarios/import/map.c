/* The image map: which of Parry's images, packages and scripts stand for the names of
 * another range's library. */
#include "scenarios/import/work.h"

#include "scenarios/values.h"

#include <string.h>

static void source_free(gpointer data)
{
    MapSource *source = data;

    g_free(source->ms_name);
    g_free(source->ms_base);
    g_ptr_array_unref(source->ms_packages);
    g_ptr_array_unref(source->ms_services);
    g_free(source->ms_run);
    g_free(source->ms_technique);
    g_free(source->ms_image);
    g_free(source);
}

typedef struct {
    const char *file, *text;
    ParryDiags *diags;
} Reader;

static void wrong(const Reader *reader, const Node *at, const char *hint,
                  const char *message, const char *key)
{
    parry_diags_add(reader->diags, DIAG_ERROR, reader->file, reader->text, at->nd_line,
                    at->nd_column, hint, message, key);
}

static void read_list(const Reader *reader, const Node *node, const char *key,
                      KeyType type, GPtrArray *out)
{
    const KeySpec spec = {.ks_key = key, .ks_type = type};

    if (node->nd_kind != NODE_LIST)
        wrong(reader, node, "write [name, name]", "\"%s\" must be a list", key);
    for (guint i = 0; node->nd_kind == NODE_LIST && i < node_len(node); i++) {
        const char *text = node_text(node_at(node, i));
        char *why = NULL;
        if (text && value_check(&spec, type, text, &why))
            g_ptr_array_add(out, g_strdup(text));
        else
            wrong(reader, node_at(node, i), NULL, "an item of \"%s\" is no such name",
                  key);
        g_free(why);
    }
}

static void read_text(const Reader *reader, const Node *node, const char *key, char **out)
{
    if (!node_text(node) || !*node_text(node))
        wrong(reader, node, NULL, "\"%s\" must be a text", key);
    else
        *out = g_strdup(node_text(node));
}

static void read_key(const Reader *reader, const Node *key, const Node *value,
                     MapSource *source)
{
    const char *name = key->nd_text;

    if (!strcmp(name, "base"))
        read_text(reader, value, name, &source->ms_base);
    else if (!strcmp(name, "run"))
        read_text(reader, value, name, &source->ms_run);
    else if (!strcmp(name, "technique"))
        read_text(reader, value, name, &source->ms_technique);
    else if (!strcmp(name, "packages"))
        read_list(reader, value, name, KEY_PACKAGE, source->ms_packages);
    else if (!strcmp(name, "services"))
        read_list(reader, value, name, KEY_ACCOUNT, source->ms_services);
    else
        wrong(reader, key, "known here: base, packages, services, run, technique",
              "unknown key \"%s\" in a source", name);
}

static MapSource *read_source(const Reader *reader, const char *name, const Node *node)
{
    MapSource *source = g_new0(MapSource, 1);

    source->ms_name = g_strdup(name);
    source->ms_packages = g_ptr_array_new_with_free_func(g_free);
    source->ms_services = g_ptr_array_new_with_free_func(g_free);
    if (node->nd_kind != NODE_MAP)
        read_text(reader, node, name, &source->ms_base);
    for (guint i = 0; node->nd_kind == NODE_MAP && i < node_len(node); i++)
        read_key(reader, node->nd_keys->pdata[i], node_at(node, i), source);
    return source;
}

GHashTable *import_map_read(const char *file, GBytes *bytes, ParryDiags *diags)
{
    guint before = parry_diags_count(diags, DIAG_ERROR);
    gsize len = 0;
    const char *data = g_bytes_get_data(bytes, &len);
    g_autofree char *text = g_strndup(data ? data : "", len);
    g_autoptr(Node) root = node_parse(file, 0, text, len, diags);
    Reader reader = {file, text, diags};
    g_autoptr(GHashTable) map =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, source_free);

    if (root && root->nd_kind != NODE_MAP)
        wrong(&reader, root, "write for example \"debian10: debian/bookworm\"",
              "an image map is a mapping from names of %s", "sources");
    for (guint i = 0; root && root->nd_kind == NODE_MAP && i < node_len(root); i++) {
        MapSource *source = read_source(&reader, node_key_at(root, i), node_at(root, i));
        g_hash_table_insert(map, source->ms_name, source);
    }
    if (parry_diags_count(diags, DIAG_ERROR) > before)
        return NULL;
    return g_steal_pointer(&map);
}

MapSource *import_map_find(const Import *import, const char *name, const char *version)
{
    MapSource *source = NULL;

    if (!import->im_map || !name)
        return NULL;
    if (version) {
        g_autofree char *exact = g_strdup_printf("%s@%s", name, version);
        source = g_hash_table_lookup(import->im_map, exact);
    }
    return source ? source : g_hash_table_lookup(import->im_map, name);
}
