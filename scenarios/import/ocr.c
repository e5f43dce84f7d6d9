/* Open Cyber Range SDL: the file, its top, and what the parts share. */
#include "scenarios/import/ocr.h"

#include <string.h>

static void binding_free(gpointer data)
{
    OcrBinding *binding = data;

    g_free(binding->ob_host);
    g_free(binding->ob_user);
    g_free(binding);
}

/* --- what the parts share --- */

const char *ocr_thing(Ocr *ocr, OcrKind kind, const char *key, const Node *thing,
                      const char *where)
{
    char *name = import_name(ocr->oc_taken[kind], key, IMPORT_NAME);

    g_hash_table_insert(ocr->oc_names[kind], g_strdup(key), name);
    if (!strcmp(name, key))
        import_taken(ocr->oc_import, thing, "%s.%s", where, name);
    else
        import_changed(ocr->oc_import, thing,
                       import_to(ocr->oc_import, "%s.%s", where, name),
                       "a name has small letters, digits and -, is short, and no "
                       "other of its kind has it");
    return name;
}

const char *ocr_find(const Ocr *ocr, OcrKind kind, const char *key)
{
    return key ? g_hash_table_lookup(ocr->oc_names[kind], key) : NULL;
}

gboolean ocr_is_map(Ocr *ocr, const Node *node)
{
    if (node->nd_kind == NODE_MAP)
        return TRUE;
    if (node->nd_kind != NODE_SCALAR || *node->nd_text)
        import_left(ocr->oc_import, node, "a mapping is expected here");
    return FALSE;
}

json_t *ocr_refs(Ocr *ocr, OcrKind kind, const Node *list, const char *to)
{
    json_t *out = json_array();
    guint n = list && list->nd_kind == NODE_SCALAR ? 1 : node_len(list);

    for (guint i = 0; list && i < n; i++) {
        const Node *item = list->nd_kind == NODE_SCALAR ? list : node_at(list, i);
        const char *name = ocr_find(ocr, kind, node_text(item));
        if (!name) {
            import_left(ocr->oc_import, item, "nothing of that name was taken");
            continue;
        }
        if (!strcmp(name, item->nd_text))
            import_taken(ocr->oc_import, item, "%s[%u]", to, (guint)json_array_size(out));
        else
            import_changed(
                ocr->oc_import, item,
                import_to(ocr->oc_import, "%s[%u]", to, (guint)json_array_size(out)),
                "its name is \"%s\" now", name);
        json_array_append_new(out, json_string(name));
    }
    return out;
}

void ocr_text(Ocr *ocr, const Node *thing, const char *key, json_t *map, const char *as,
              const char *where)
{
    const Node *node = import_get(thing, key);

    if (!node_text(node) || !*node_text(node) || json_object_get(map, as))
        return;
    json_object_set_new(map, as, import_text(node_text(node)));
    import_taken(ocr->oc_import, node, "%s.%s", where, as);
}

void ocr_title(Ocr *ocr, const Node *thing, json_t *map, const char *where)
{
    ocr_text(ocr, thing, "name", map, "title", where);
    if (json_object_get(map, "title"))
        import_left(ocr->oc_import, import_get(thing, "description"),
                    "its title is its name, and there is no place for a description");
    else
        ocr_text(ocr, thing, "description", map, "title", where);
}

gboolean ocr_source(const Node *thing, const char **name, const char **version)
{
    const Node *source = import_get(thing, "source");

    *name = node_text(source) ? node_text(source) : import_get_text(source, "name");
    *version = import_get_text(source, "version");
    return *name && **name;
}

const char *ocr_entry(const Node *entries, guint i, const char **role)
{
    *role = entries->nd_kind == NODE_MAP ? node_text(node_at(entries, i)) : NULL;
    return entries->nd_kind == NODE_MAP ? node_key_at(entries, i)
                                        : node_text(node_at(entries, i));
}

const Node *ocr_definition(Ocr *ocr, const char *top, const char *key)
{
    const Node *definition = key ? node_get(import_get(ocr->oc_root, top), key) : NULL;

    if (definition)
        g_hash_table_add(ocr->oc_used, (gpointer)definition);
    return definition;
}

void ocr_unused(Ocr *ocr, const char *top, const char *why)
{
    const Node *all = import_get(ocr->oc_root, top);

    for (guint i = 0; i < node_len(all); i++)
        if (!g_hash_table_contains(ocr->oc_used, node_at(all, i)))
            import_left(ocr->oc_import, node_at(all, i), "%s", why);
}

const char *ocr_role_user(const Node *node, const char *role)
{
    const Node *found = role ? node_get(import_get(node, "roles"), role) : NULL;
    const char *user =
        node_text(found) ? node_text(found) : import_get_text(found, "username");

    return import_is_account(user) ? user : NULL;
}

/* --- the top --- */

/* Older files name when it begins and ends: "2022-01-20T13:00:00Z". */
static void top_times(Ocr *ocr)
{
    Import *import = ocr->oc_import;
    json_t *drill = import_at(import, "drill", NULL);
    const Node *start = import_get(ocr->oc_root, "start");
    const Node *end = import_get(ocr->oc_root, "end");
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) from =
        node_text(start) ? g_date_time_new_from_iso8601(node_text(start), utc) : NULL;
    g_autoptr(GDateTime) to =
        node_text(end) ? g_date_time_new_from_iso8601(node_text(end), utc) : NULL;

    if (from && g_date_time_get_year(from) >= 1970 && !import->im_options->io_start) {
        g_autoptr(GDateTime) at = g_date_time_to_utc(from);
        g_autofree char *text = g_date_time_format(at, "%Y-%m-%dT%H:%M");
        json_object_set_new(drill, "start", json_string(text));
        import_taken(import, start, "drill.start");
    } else {
        import_left(import, start,
                    import->im_options->io_start ? "--start was given"
                                                 : "no date and time of ISO 8601");
    }
    gint64 length = from && to ? g_date_time_difference(to, from) : 0;
    if (length > 0 && length < 10 * 365 * G_TIME_SPAN_DAY) {
        import_until(import, length - 1);
        import_changed(import, end, "drill.duration", "counted from the start");
    } else {
        import_left(import, end, "no time after the start");
    }
}

/* What the description tells everybody, everybody is told at the start. */
static void top_brief(Ocr *ocr)
{
    const Node *description = import_get(ocr->oc_root, "description");
    json_t *injects = import_at(ocr->oc_import, "injects", NULL);

    if (!node_text(description) || !*node_text(description))
        return;
    g_autofree char *name = import_name(ocr->oc_taken[OCR_INJECT], "brief", IMPORT_NAME);
    const char *title = import_get_text(ocr->oc_root, "name");
    json_t *subject = title && *title ? import_text(title) : json_string("The exercise");
    json_t *to = json_array();
    const char *team;
    json_t *value;
    json_object_foreach (import_at(ocr->oc_import, "teams", NULL), team, value)
        json_array_append_new(to, json_string(team));
    json_object_set_new(injects, name,
                        json_pack("{s:s, s:{s:o, s:o, s:o}}", "at", "0s", "message", "to",
                                  to, "subject", subject, "body",
                                  import_text(node_text(description))));
    import_changed(ocr->oc_import, description,
                   import_to(ocr->oc_import, "injects.%s.message.body", name),
                   "a drill has no description: its teams are told at the start");
}

static void top_name(Ocr *ocr)
{
    const Node *name = import_get(ocr->oc_root, "name");
    json_t *drill = import_at(ocr->oc_import, "drill", NULL);

    if (!node_text(name) || !*node_text(name))
        return;
    g_autofree char *slug = import_slug(node_text(name), IMPORT_DRILL_NAME);
    json_object_set_new(drill, "name", json_string(slug));
    json_object_set_new(drill, "title", import_text(node_text(name)));
    import_taken(ocr->oc_import, name, "drill.title");
}

/* --- the file --- */

static gboolean named_first(const char *name)
{
    static const char *const names[] = {"scenario", "sdl", "exercise", "main"};
    g_autofree char *base = g_path_get_basename(name);
    char *dot = strrchr(base, '.');

    if (dot)
        *dot = '\0';
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (!g_ascii_strcasecmp(base, names[i]))
            return TRUE;
    return FALSE;
}

/* Of a directory the one file that is SDL; NULL with a finding. */
static const ImportFile *choose(Import *import)
{
    const ImportFile *first = NULL, *only = NULL;
    guint candidates = 0, named = 0;

    for (guint i = 0; i < import->im_files->len; i++) {
        const ImportFile *file = import->im_files->pdata[i];
        if (!file->if_bytes)
            continue;
        candidates++;
        only = file;
        if (named_first(file->if_name)) {
            named++;
            first = file;
        }
    }
    if (candidates == 1)
        return only;
    if (named == 1)
        return first;
    parry_diags_add(import->im_diags, DIAG_ERROR, NULL, NULL, 0, 0,
                    "name the file, or call it scenario.yml",
                    candidates ? "several files may be the SDL"
                               : "no .yml, .yaml or .sdl file is in the directory");
    return NULL;
}

/* The root, of older files what stands below `scenario`. */
static const Node *open_root(Import *import)
{
    const ImportFile *file = choose(import);

    if (!file)
        return NULL;
    Node *root = import_yaml(import, file);
    if (!root)
        return NULL;
    import_root(import, file->if_path, root);
    for (guint i = 0; i < import->im_files->len; i++)
        if (import->im_files->pdata[i] != file)
            import_file_line(import, import->im_files->pdata[i], IMPORT_LEFT,
                             "only the SDL is read; what it packages is not at hand");
    const Node *inner = import_get(root, "scenario");
    if (inner && inner->nd_kind == NODE_MAP)
        root = (Node *)inner;
    if (root->nd_kind == NODE_MAP &&
        (import_get(root, "nodes") || import_get(root, "injects") ||
         import_get(root, "entities") || import_get(root, "name")))
        return root;
    parry_diags_add(import->im_diags, DIAG_ERROR, file->if_path, NULL, 1, 1, NULL,
                    "no SDL: a mapping with name, nodes, injects … is expected");
    return NULL;
}

static void ocr_clear(Ocr *ocr)
{
    for (int i = 0; i < OCR_KINDS; i++) {
        g_hash_table_unref(ocr->oc_taken[i]);
        g_hash_table_unref(ocr->oc_names[i]);
    }
    g_hash_table_unref(ocr->oc_copies);
    g_hash_table_unref(ocr->oc_checks);
    g_hash_table_unref(ocr->oc_bindings);
    g_hash_table_unref(ocr->oc_used);
}

gboolean ocr_import(Import *import)
{
    static const ImportOptions none;
    Ocr ocr = {.oc_import = import, .oc_root = open_root(import)};

    if (!ocr.oc_root)
        return FALSE;
    if (!import->im_options)
        import->im_options = &none;
    for (int i = 0; i < OCR_KINDS; i++) {
        ocr.oc_taken[i] = import_names_new();
        ocr.oc_names[i] = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    }
    ocr.oc_copies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                          (GDestroyNotify)g_ptr_array_unref);
    ocr.oc_checks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                          (GDestroyNotify)g_ptr_array_unref);
    ocr.oc_bindings =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, binding_free);
    ocr.oc_used = g_hash_table_new(NULL, NULL);
    top_name(&ocr);
    top_times(&ocr);
    ocr_nodes(&ocr);
    ocr_definitions(&ocr);
    ocr_entities(&ocr);
    ocr_objectives(&ocr);
    top_brief(&ocr);
    ocr_stories(&ocr);
    import_drill(import, "imported");
    ocr_clear(&ocr);
    return TRUE;
}
