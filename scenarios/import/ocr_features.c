/* SDL: what nodes have besides addresses: features, conditions, vulnerabilities, injects.
 */
#include "scenarios/import/ocr.h"

#include "scenarios/values.h"

#include <string.h>

static json_t *host_of(Ocr *ocr, const char *name)
{
    return import_at(ocr->oc_import, "estates", OCR_ESTATE, "hosts", name, NULL);
}

static void append_text(json_t *map, const char *key, json_t *text)
{
    json_t *list = json_object_get(map, key);

    if (!list)
        json_object_set_new(map, key, list = json_array());
    json_array_append_new(list, text);
}

/* "export NAME='value'" of each item "NAME=value"; what is none is left, where `say`. */
static void add_environment(Ocr *ocr, const Node *definition, GString *script,
                            const char *to, gboolean say)
{
    const Node *list = import_get(definition, "environment");

    for (guint i = 0; i < node_len(list); i++) {
        const Node *item = node_at(list, i);
        if (i >= IMPORT_LIST_MAX) {
            if (say)
                import_left(ocr->oc_import, item, "more of them than are taken");
            continue;
        }
        const char *text = node_text(item), *equals = text ? strchr(text, '=') : NULL;
        gsize name = equals ? (gsize)(equals - text) : 0;
        gboolean good = name && !g_ascii_isdigit(*text) && script;
        for (gsize c = 0; good && c < name; c++)
            good = g_ascii_isalnum(text[c]) || text[c] == '_';
        if (good) {
            g_autofree char *quoted = g_shell_quote(equals + 1);
            g_string_append_printf(script, "export %.*s=%s\n", (int)name, text, quoted);
        }
        if (say && good)
            import_changed(ocr->oc_import, item, to, "set by the script");
        else if (say)
            import_left(ocr->oc_import, item,
                        script ? "no NAME=value" : "there is no script to set it for");
    }
}

/* --- features --- */

static const MapSource *mapped(Ocr *ocr, const Node *definition, const char **name)
{
    const char *version;

    if (!ocr_source(definition, name, &version))
        return NULL;
    return import_map_find(ocr->oc_import, *name, version);
}

/* The host's image with those packages besides; FALSE where it takes none. */
static gboolean add_packages(Ocr *ocr, json_t *host, const GPtrArray *packages)
{
    json_t *images = import_at(ocr->oc_import, "images", NULL);
    const char *name = json_string_value(json_object_get(host, "image"));
    const char *key;
    json_t *value;
    g_autoptr(GHashTable) taken = import_names_new();

    if (!packages->len || !json_object_get(images, name))
        return !packages->len;
    json_t *image = json_deep_copy(json_object_get(images, name));
    for (guint i = 0; i < packages->len; i++)
        append_text(image, "packages", json_string(packages->pdata[i]));
    json_object_foreach (images, key, value) {
        g_hash_table_add(taken, g_strdup(key));
        if (json_equal(value, image)) {
            json_object_set_new(host, "image", json_string(key));
            json_decref(image);
            return TRUE;
        }
    }
    g_autofree char *fresh = import_name(taken, name, IMPORT_NAME);
    json_object_set_new(images, fresh, image);
    json_object_set_new(host, "image", json_string(fresh));
    return TRUE;
}

/* What marks the place where a feature that is not at hand would be put. */
static const char *add_hint(json_t *host, const char *feature, const Node *definition,
                            const char *source)
{
    const char *type = import_get_text(definition, "type");
    const char *where = import_get_text(definition, "destination");
    const KeySpec path = {.ks_key = "path", .ks_type = KEY_PATH};
    char *why = NULL;
    g_autofree char *safe = parry_text_safe(feature, -1);
    g_autofree char *from = parry_text_safe(source ? source : "?", -1);
    g_autofree char *text =
        g_strdup_printf("feature %s: package %s is not at hand\n", safe, from);

    if (type && !g_ascii_strcasecmp(type, "artifact") && where &&
        value_check(&path, KEY_PATH, where, &why)) {
        append_text(host, "files",
                    json_pack("{s:o, s:o}", "path", import_text(where), "content",
                              import_text(text)));
        return "files";
    }
    g_free(why);
    g_autofree char *comment = g_strconcat("# ", text, NULL);
    append_text(host, "run", import_text(comment));
    return "run";
}

/* Puts a feature on one host; the key of the host that says so. */
static const char *apply_feature(Ocr *ocr, json_t *host, const char *feature,
                                 const Node *definition, gboolean *whole)
{
    const char *source = NULL;
    const MapSource *known = mapped(ocr, definition, &source);
    g_autoptr(GString) script = g_string_new(NULL);

    *whole = FALSE;
    if (!known ||
        (!known->ms_run && !known->ms_packages->len && !known->ms_services->len))
        return add_hint(host, feature, definition, source);
    *whole = add_packages(ocr, host, known->ms_packages);
    for (guint i = 0; i < known->ms_services->len; i++)
        append_text(host, "services", json_string(known->ms_services->pdata[i]));
    if (!known->ms_run)
        return known->ms_packages->len ? "image" : "services";
    add_environment(ocr, definition, script, NULL, FALSE);
    g_string_append(script, known->ms_run);
    append_text(host, "run", import_text(script->str));
    return "run";
}

/* Does the feature stand on another of the list that was not applied yet? */
static gboolean waits(Ocr *ocr, const Node *list, const char *feature,
                      GHashTable *applied)
{
    const Node *needs = import_get(
        node_get(import_get(ocr->oc_root, "features"), feature), "dependencies");
    const char *role;

    for (guint i = 0; i < MIN(node_len(needs), IMPORT_LIST_MAX); i++) {
        const char *need = node_text(node_at(needs, i));
        for (guint n = 0; need && n < MIN(node_len(list), IMPORT_LIST_MAX); n++)
            if (!g_strcmp0(ocr_entry(list, n, &role), need) &&
                strcmp(need, feature) != 0 && !g_hash_table_contains(applied, need))
                return TRUE;
    }
    return FALSE;
}

static void put_feature(Ocr *ocr, const Node *entry, const char *feature,
                        const GPtrArray *names)
{
    Import *import = ocr->oc_import;
    const Node *definition = ocr_definition(ocr, "features", feature);
    const char *key = NULL;
    gboolean whole = FALSE;

    if (!definition || !names->len) {
        import_left(import, entry,
                    definition ? "its node has no host" : "no feature is named so");
        return;
    }
    for (guint i = 0; i < names->len; i++)
        key = apply_feature(ocr, host_of(ocr, names->pdata[i]), feature, definition,
                            &whole);
    const char *to = import_to(import, "estates.%s.hosts.%s.%s", OCR_ESTATE,
                               (const char *)names->pdata[0], key);
    if (whole)
        import_changed(import, entry, to, "done by the map's words, as root");
    else if (!g_strcmp0(key, "run") || !g_strcmp0(key, "files"))
        import_left(import, entry,
                    "its package is not in the map: a comment or an empty file in `%s` "
                    "marks the place",
                    key);
    else
        import_left(import, entry, "the host's image takes no packages");
}

void ocr_features(Ocr *ocr, const Node *node, const GPtrArray *names)
{
    const Node *list = import_get(node, "features");
    g_autoptr(GHashTable) applied = g_hash_table_new(g_str_hash, g_str_equal);
    guint n = MIN(node_len(list), IMPORT_LIST_MAX);
    const char *role;

    /* As often as there are features: each round puts those that nothing holds up; the
     * last puts what stands in a circle. */
    for (guint round = 0; round <= n; round++) {
        for (guint i = 0; i < n; i++) {
            const char *feature = ocr_entry(list, i, &role);
            if (!feature || g_hash_table_contains(applied, feature) ||
                (round < n && waits(ocr, list, feature, applied)))
                continue;
            g_hash_table_add(applied, (gpointer)feature);
            put_feature(ocr, node_at(list, i), feature, names);
        }
    }
    for (guint i = n; i < node_len(list); i++)
        import_left(ocr->oc_import, node_at(list, i), "more of them than are taken");
}

/* Keys of a definition that is used. */
static void say_feature(Ocr *ocr, const char *key, const Node *feature)
{
    Import *import = ocr->oc_import;
    const char *source = NULL;
    const MapSource *known = mapped(ocr, feature, &source);
    gboolean runs = known && known->ms_run;
    const Node *needs = import_get(feature, "dependencies");

    import_changed(import, feature, NULL, "\"%s\" is part of the hosts that have it",
                   key);
    if (known)
        import_changed(import, import_get(feature, "source"), NULL,
                       "the map says what stands for it");
    else
        import_left(import, import_get(feature, "source"),
                    "a package of another range: nothing in the map stands for it");
    if (import_get(feature, "source"))
        import_covers(import, import_get(feature, "source"));
    import_changed(import, import_get(feature, "type"), NULL,
                   "services, configurations and artifacts are files, packages and "
                   "scripts of a host");
    for (guint i = 0; i < node_len(needs); i++)
        import_changed(import, node_at(needs, i), NULL,
                       "the order in which the host's scripts stand");
    import_left(import, import_get(feature, "name"), "scripts have no names");
    import_left(import, import_get(feature, "description"), "scripts have no texts");
    if (known)
        import_left(import, import_get(feature, "destination"),
                    "the map's words put it where they do");
    else if (import_get(feature, "destination"))
        import_changed(import, import_get(feature, "destination"), NULL,
                       "an empty file marks the place where that is a path");
    g_autoptr(GString) script = runs ? g_string_new(NULL) : NULL;
    add_environment(ocr, feature, script, NULL, TRUE);
}

/* --- conditions --- */

static char *check_script(Ocr *ocr, const Node *definition)
{
    const char *source = NULL;
    const char *command = import_get_text(definition, "command");
    const MapSource *known = mapped(ocr, definition, &source);
    GString *script;

    if (!command && (!known || !known->ms_run))
        return NULL;
    script = g_string_new(NULL);
    add_environment(ocr, definition, script, NULL, FALSE);
    g_string_append(script, command ? command : known->ms_run);
    return g_string_free(script, FALSE);
}

static void add_check(Ocr *ocr, const char *condition, const Node *definition,
                      const char *host, const char *name, const char *user)
{
    g_autofree char *run = check_script(ocr, definition);
    json_t *check =
        import_at(ocr->oc_import, "estates", OCR_ESTATE, "checks", name, NULL);
    GPtrArray *names = g_hash_table_lookup(ocr->oc_checks, condition);
    gint64 interval = 60;

    if (!names) {
        names = g_ptr_array_new_with_free_func(g_free);
        g_hash_table_insert(ocr->oc_checks, g_strdup(condition), names);
    }
    g_ptr_array_add(names, g_strdup(name));
    import_int(import_get_text(definition, "interval"), 1, 86400, &interval);
    g_autofree char *every = g_strdup_printf("%" G_GINT64_FORMAT "s", interval);
    json_object_set_new(check, "host", json_string(host));
    json_object_set_new(check, "every", json_string(every));
    json_object_set_new(check, "weight", json_integer(0));
    json_object_set_new(check, "command", json_pack("{s:o}", "run", import_text(run)));
    if (user && strcmp(user, "root") != 0)
        json_object_set_new(json_object_get(check, "command"), "user", json_string(user));
}

static void put_condition(Ocr *ocr, const Node *entry, const char *condition,
                          const char *user, const GPtrArray *names)
{
    Import *import = ocr->oc_import;
    const Node *definition = ocr_definition(ocr, "conditions", condition);
    g_autofree char *script = definition ? check_script(ocr, definition) : NULL;
    g_autofree char *first = NULL;

    if (g_hash_table_size(ocr->oc_taken[OCR_CHECK]) + names->len > IMPORT_CHECKS_MAX) {
        import_left(import, entry, "more checks than are taken");
        return;
    }
    if (!script) {
        import_left(import, entry,
                    definition ? "it has no command, and nothing in the map stands for it"
                               : "no condition is named so");
        return;
    }
    gboolean alone = names->len == 1 && !g_hash_table_contains(ocr->oc_checks, condition);
    for (guint i = 0; i < names->len; i++) {
        const char *host = names->pdata[i];
        g_autofree char *wish =
            alone ? g_strdup(condition) : g_strdup_printf("%.15s-%.15s", condition, host);
        g_autofree char *name = import_name(ocr->oc_taken[OCR_CHECK], wish, IMPORT_NAME);
        add_check(ocr, condition, definition, host, name, user);
        if (!first)
            first = g_strdup(name);
    }
    import_changed(import, entry,
                   import_to(import, "estates.%s.checks.%s", OCR_ESTATE, first),
                   "a check of the host, out of the score: metrics count it");
}

void ocr_conditions(Ocr *ocr, const Node *node, const GPtrArray *names)
{
    const Node *list = import_get(node, "conditions");
    const char *role;

    for (guint i = 0; i < node_len(list); i++) {
        const char *condition = ocr_entry(list, i, &role);
        if (condition)
            put_condition(ocr, node_at(list, i), condition, ocr_role_user(node, role),
                          names);
    }
}

static void say_condition(Ocr *ocr, const char *key, const Node *condition)
{
    Import *import = ocr->oc_import;
    const GPtrArray *checks = g_hash_table_lookup(ocr->oc_checks, key);
    gint64 interval;

    if (!checks) {
        import_left(import, condition,
                    "it has no command, and nothing in the map stands for it");
        return;
    }
    g_autofree char *to =
        g_strdup_printf("estates.%s.checks.%s", OCR_ESTATE, (char *)checks->pdata[0]);
    g_autofree char *run = g_strconcat(to, ".command.run", NULL);
    import_changed(import, condition, to, "a check for each host that has it");
    import_changed(import, import_get(condition, "command"), run,
                   "exit status 0 is met; SDL reads the number that the command prints");
    if (import_int(import_get_text(condition, "interval"), 1, 86400, &interval))
        import_taken(import, import_get(condition, "interval"), "%s.every", to);
    else
        import_left(import, import_get(condition, "interval"),
                    "no number of seconds up to a day: 60 s");
    if (import_get(condition, "source")) {
        import_changed(import, import_get(condition, "source"), run,
                       "the map says what stands for it");
        import_covers(import, import_get(condition, "source"));
    }
    import_left(import, import_get(condition, "name"), "checks have no titles");
    import_left(import, import_get(condition, "description"), "checks have no texts");
    g_autoptr(GString) script = g_string_new(NULL);
    add_environment(ocr, condition, script, run, TRUE);
}

json_t *ocr_condition(Ocr *ocr, const Node *list, const char *to)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    guint n = list && list->nd_kind == NODE_SCALAR ? 1 : node_len(list);

    for (guint i = 0; list && i < n; i++) {
        const Node *item = list->nd_kind == NODE_SCALAR ? list : node_at(list, i);
        const GPtrArray *checks =
            node_text(item) ? g_hash_table_lookup(ocr->oc_checks, item->nd_text) : NULL;
        for (guint c = 0; checks && c < checks->len && all->len < IMPORT_COUNT_MAX; c++)
            g_ptr_array_add(all, checks->pdata[c]);
        if (g_hash_table_contains(ocr->oc_import->im_seen, item))
            continue;
        if (checks)
            import_changed(ocr->oc_import, item, to, "its checks are up");
        else
            import_left(ocr->oc_import, item, "no check was made of it");
    }
    if (!all->len)
        return NULL;
    if (all->len == 1)
        return json_pack("{s:s, s:s}", "check", all->pdata[0], "state", "up");
    json_t *list_out = json_array();
    for (guint i = 0; i < all->len; i++)
        json_array_append_new(
            list_out, json_pack("{s:s, s:s}", "check", all->pdata[i], "state", "up"));
    return json_pack("{s:o}", "all", list_out);
}

/* --- vulnerabilities --- */

/* The technique that a weakness of that class invites most: a guess, and said to be. */
static const char *technique_of(const char *class)
{
    static const struct {
        const char *class, *technique;
    } known[] = {
        {"CWE-521", "T1110"},  {"CWE-1391", "T1110"}, {"CWE-307", "T1110"},
        {"CWE-798", "T1078"},  {"CWE-287", "T1078"},  {"CWE-306", "T1078"},
        {"CWE-250", "T1068"},  {"CWE-269", "T1068"},  {"CWE-79", "T1189"},
        {"CWE-522", "T1552"},  {"CWE-312", "T1552"},  {"CWE-319", "T1040"},
        {"CWE-1021", "T1204"}, {"CWE-451", "T1566"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        if (!g_strcmp0(class, known[i].class))
            return known[i].technique;
    return "T1190";
}

/* "CWE-521". */
static gboolean is_class(const char *text)
{
    return text && g_str_has_prefix(text, "CWE-") && text[4] && strlen(text) <= 9 &&
           strspn(text + 4, "0123456789") == strlen(text) - 4;
}

void ocr_vulnerabilities(Ocr *ocr, const Node *node, const GPtrArray *names)
{
    Import *import = ocr->oc_import;
    const Node *list = import_get(node, "vulnerabilities");

    for (guint i = 0; i < node_len(list); i++) {
        const char *key = node_text(node_at(list, i));
        const Node *definition = ocr_definition(ocr, "vulnerabilities", key);
        g_autofree char *first = NULL;
        guint weaknesses = g_hash_table_size(ocr->oc_taken[OCR_WEAKNESS]);
        if (!definition || weaknesses + names->len > IMPORT_CHECKS_MAX) {
            import_left(import, node_at(list, i),
                        definition ? "more weaknesses than are taken"
                                   : "no vulnerability is named so");
            continue;
        }
        for (guint n = 0; n < names->len; n++) {
            g_autofree char *name =
                import_name(ocr->oc_taken[OCR_WEAKNESS], key, IMPORT_NAME);
            json_t *weakness =
                import_at(import, "estates", OCR_ESTATE, "weaknesses", name, NULL);
            const char *class = import_get_text(definition, "class");
            const char *title = import_get_text(definition, "name");
            json_object_set_new(weakness, "host", json_string(names->pdata[n]));
            json_object_set_new(weakness, "technique", json_string(technique_of(class)));
            if (title || import_get_text(definition, "description"))
                json_object_set_new(
                    weakness, "title",
                    import_text(title ? title
                                      : import_get_text(definition, "description")));
            if (is_class(class))
                json_object_set_new(weakness, "cwe", import_text(class));
            if (!first)
                first = g_strdup(name);
        }
        if (!ocr_find(ocr, OCR_WEAKNESS, key))
            g_hash_table_insert(ocr->oc_names[OCR_WEAKNESS], g_strdup(key),
                                g_strdup(first));
        import_changed(import, node_at(list, i),
                       import_to(import, "estates.%s.weaknesses.%s", OCR_ESTATE, first),
                       "a weakness of the host");
    }
}

static void say_vulnerability(Ocr *ocr, const char *key, const Node *vulnerability)
{
    Import *import = ocr->oc_import;
    const char *name = ocr_find(ocr, OCR_WEAKNESS, key);
    const char *class = import_get_text(vulnerability, "class");
    g_autofree char *to = g_strdup_printf("estates.%s.weaknesses.%s", OCR_ESTATE, name);
    g_autofree char *title = g_strconcat(to, ".title", NULL);

    import_changed(import, vulnerability, import_to(import, "%s.technique", to),
                   "a weakness names a technique; %s is a guess by its class",
                   technique_of(class));
    if (is_class(class))
        import_taken(import, import_get(vulnerability, "class"), "%s.cwe", to);
    else
        import_left(import, import_get(vulnerability, "class"), "no CWE-NUMBER");
    if (import_get_text(vulnerability, "name")) {
        import_taken(import, import_get(vulnerability, "name"), "%s", title);
        import_left(import, import_get(vulnerability, "description"),
                    "its title is its name, and there is no place for a description");
    } else {
        import_taken(import, import_get(vulnerability, "description"), "%s", title);
    }
    import_left(import, import_get(vulnerability, "technical"),
                "weaknesses are not told apart so");
}

/* --- injects of nodes --- */

void ocr_bindings(Ocr *ocr, const Node *node, const GPtrArray *names)
{
    Import *import = ocr->oc_import;
    const Node *list = import_get(node, "injects");
    const char *role;

    for (guint i = 0; i < node_len(list); i++) {
        const char *inject = ocr_entry(list, i, &role);
        const Node *definition =
            inject ? node_get(import_get(ocr->oc_root, "injects"), inject) : NULL;
        const char *source = NULL;
        const MapSource *known = definition ? mapped(ocr, definition, &source) : NULL;
        if (!definition || !known || !known->ms_run ||
            g_hash_table_contains(ocr->oc_bindings, inject)) {
            import_left(import, node_at(list, i),
                        !definition ? "no inject is named so"
                        : known && known->ms_run
                            ? "another node has it: an inject has one host"
                            : "its package is not in the map: it is told, not done");
            continue;
        }
        OcrBinding *binding = g_new0(OcrBinding, 1);
        binding->ob_host = g_strdup(names->pdata[0]);
        binding->ob_user = g_strdup(ocr_role_user(node, role));
        g_hash_table_insert(ocr->oc_bindings, g_strdup(inject), binding);
        import_changed(import, node_at(list, i), NULL, "the inject has the host");
    }
}

/* --- definitions --- */

void ocr_definitions(Ocr *ocr)
{
    static const struct {
        const char *top, *why;
        void (*say)(Ocr *, const char *, const Node *);
    } all[] = {
        {"features", "no deployed node has it", say_feature},
        {"conditions", "no deployed node has it", say_condition},
        {"vulnerabilities", "no deployed node has it", say_vulnerability},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        const Node *list = import_get(ocr->oc_root, all[i].top);
        for (guint n = 0; n < node_len(list) && list->nd_kind == NODE_MAP; n++)
            if (g_hash_table_contains(ocr->oc_used, node_at(list, n)) &&
                ocr_is_map(ocr, node_at(list, n)))
                all[i].say(ocr, node_key_at(list, n), node_at(list, n));
        ocr_unused(ocr, all[i].top, all[i].why);
    }
}
