#include "scenarios/base/cjson.h"
#include "scenarios/loader.h"
#include "scenarios/moment.h"
#include "scenarios/people.h"
#include "scenarios/values.h"

#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>

void loader_say(Loader *loader, ParryDiagLevel level, Node *at, const char *hint,
                const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    if (level == DIAG_ERROR && at)
        at->nd_bad = TRUE;
    loader_say_at(loader, level, at ? at->nd_file : 0, at ? at->nd_line : 0,
                  at ? at->nd_column : 0, hint, message);
}

void loader_say_at(Loader *loader, ParryDiagLevel level, int file, int line, int column,
                   const char *hint, const char *message)
{
    const LoaderFile *in = loader->ld_files->pdata[file];
    char *once = g_strdup_printf("%d:%d:%d:%s", file, line, column, message);

    if (g_hash_table_add(loader->ld_seen, once))
        parry_diags_add(loader->ld_diags, level, in->lf_name, in->lf_source, line, column,
                        hint, "%s", message);
}

const LoaderFile *loader_file(const Loader *loader, const Node *node)
{
    return loader->ld_files->pdata[node->nd_file];
}

/* How many hosts the definition of that name makes: which one is meant must be said. */
static int host_count(const Node *map, const char *name)
{
    gint64 count = 0;
    const char *text = node_get_text(node_get(map, name), "count");

    return text && value_int(text, &count) ? (int)count : 0;
}

void loader_dangling(Loader *loader, Node *at, const char *what, const Node *map,
                     const char *extra)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *hint = NULL;

    for (guint i = 0; map && map->nd_kind == NODE_MAP && i < node_len(map); i++)
        g_ptr_array_add(names, (char *)node_key_at(map, i));
    if (extra)
        g_ptr_array_add(names, (char *)extra);
    const char *close = value_closest(at->nd_text, names);
    int count = close ? host_count(map, close) : 0;
    if (count > 1)
        hint = g_strdup_printf("name one of them: %s-1 to %s-%d", close, close, count);
    else if (close)
        hint = g_strdup_printf("did you mean \"%s\"?", close);
    if (count > 1 && !strcmp(close, at->nd_text))
        loader_error(loader, at, hint, "\"%s\" is %d hosts", at->nd_text, count);
    else
        loader_error(loader, at, hint, "no %s is named \"%s\"", what, at->nd_text);
}

void loader_unbuilt(Loader *loader, Node *at, const char *key)
{
    if (loader->ld_unbuilt)
        return;
    PlanUnbuilt *unbuilt = g_new0(PlanUnbuilt, 1);
    unbuilt->pb_key = g_strdup(key);
    unbuilt->pb_file = g_strdup(loader_file(loader, at)->lf_name);
    unbuilt->pb_line = at->nd_line;
    unbuilt->pb_column = at->nd_column;
    g_ptr_array_add(loader->ld_plan->p_unbuilt, unbuilt);
    loader_say(loader, DIAG_NOTE, at, NULL,
               "\"%s\" belongs to the language, but this build cannot run it yet", key);
}

ParryText *loader_text(const Node *node, const char *fallback)
{
    if (node_text(node))
        return parry_text_new(node_text(node));
    if (!node || node->nd_kind != NODE_MAP || !node_len(node))
        return parry_text_new(fallback);
    ParryText *text = parry_text_new(NULL);
    for (guint i = 0; i < node_len(node); i++) {
        const char *value = node_text(node_at(node, i));
        parry_text_set(text, node_key_at(node, i), value ? value : fallback);
    }
    return text;
}

gboolean loader_moment(Loader *loader, Node *node, gint64 *us)
{
    Moment moment;
    char *why = NULL;

    if (!loader->ld_has_start || !loader->ld_zone || !node_text(node))
        return FALSE;
    if (!strcmp(node_text(node), "end")) {
        *us = loader->ld_plan->p_duration_us;
        return TRUE;
    }
    if (!moment_parse(node_text(node), &moment, &why)) {
        g_free(why); /* the shape told it */
        return FALSE;
    }
    if (!moment_elapsed(&moment, loader->ld_zone, loader->ld_plan->p_start_us, us)) {
        loader_error(loader, node, NULL, "there is no such time in the zone %s",
                     loader->ld_plan->p_timezone);
        return FALSE;
    }
    if (*us < 0) {
        loader_error(loader, node, NULL, "before the drill's start");
        return FALSE;
    }
    return TRUE;
}

int loader_host(const Loader *loader, int team, const char *name)
{
    if (team < 0 || !name)
        return -1;
    g_autofree char *id =
        g_strdup_printf("%s/%s", plan_team(loader->ld_plan, team)->pt_id, name);
    return GPOINTER_TO_INT(g_hash_table_lookup(loader->ld_host_ids, id)) - 1;
}

Node *loader_estate(const Loader *loader, int team)
{
    const char *name = plan_team(loader->ld_plan, team)->pt_estate;

    return name ? node_get(node_get(loader->ld_root, "estates"), name) : NULL;
}

static gboolean is_side(const char *name, PlanSide *side)
{
    for (int i = SIDE_WHITE; i <= SIDE_OBSERVER; i++) {
        if (!strcmp(plan_side_name((PlanSide)i), name)) {
            *side = (PlanSide)i;
            return TRUE;
        }
    }
    return FALSE;
}

/* Is the team meant by a name below `teams:`? "red" means red-1, red-2 … where counted.
 */
static gboolean team_is(const PlanTeam *team, const char *name)
{
    gsize len = strlen(name);

    if (strncmp(team->pt_id, name, len) != 0)
        return FALSE;
    if (!team->pt_id[len])
        return TRUE;
    const char *number = team->pt_id + len + 1;
    return team->pt_id[len] == '-' && *number && !number[strspn(number, "0123456789")];
}

static void add_teams(Loader *loader, Node *node, gboolean *chosen)
{
    const Node *teams = node_get(loader->ld_root, "teams");
    const char *name = node_text(node);
    const GPtrArray *all = loader->ld_plan->p_teams;
    PlanSide side = SIDE_WHITE;
    gboolean found = FALSE;

    if (!name)
        return;
    gboolean by_name = node_get(teams, name) != NULL;
    gboolean by_side = !by_name && is_side(name, &side);
    const char *const *labels;
    for (guint i = 0; i < all->len; i++) {
        const PlanTeam *team = all->pdata[i];
        /* A name that was written out wins over one that `count` makes of it. */
        gboolean counted =
            !g_str_equal(team->pt_id, name) && node_get(teams, team->pt_id);
        labels = (const char *const *)team->pt_labels;
        if (by_side                         ? team->pt_side == side
            : g_strv_contains(labels, name) ? TRUE
                                            : team_is(team, name) && !counted)
            chosen[i] = found = TRUE;
    }
    if (by_side && !found)
        loader_error(loader, node, NULL, "no team is on the side %s", name);
    else if (!found && !by_name)
        loader_dangling(loader, node, "team, side or label", teams,
                        teams_closest_label(loader, name));
}

GArray *loader_teams(Loader *loader, Node *names)
{
    guint n = loader->ld_plan->p_teams->len;
    g_autofree gboolean *chosen = g_new0(gboolean, n + 1);
    GArray *out = g_array_new(FALSE, FALSE, sizeof(int));

    if (names && names->nd_kind == NODE_LIST)
        for (guint i = 0; i < node_len(names); i++)
            add_teams(loader, node_at(names, i), chosen);
    else if (names)
        add_teams(loader, names, chosen);
    for (int i = 0; i < (int)n; i++)
        if (chosen[i])
            g_array_append_val(out, i);
    return out;
}

/* In this order: each part needs what the ones before it made. */
static void (*const parts[])(Loader *) = {
    params_expand,   defaults_apply,   shape_check,       drill_expand,
    teams_expand,    images_expand,    estates_expand,    order_expand,
    links_expand,    addresses_expand, secrets_expand,    image_contents_expand,
    contents_expand, planted_expand,   wiring_expand,     zones_expand,
    limits_check,    checks_expand,    channels_expand,   phases_expand,
    injects_expand,  scripts_expand,   objectives_expand, stops_expand,
    watch_expand,    weaknesses_check, unused_check,
};

static void loader_init(Loader *loader)
{
    loader->ld_files = g_ptr_array_new_with_free_func(loader_file_free);
    loader->ld_seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    loader->ld_host_nodes = g_ptr_array_new();
    loader->ld_ports = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
    loader->ld_host_ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    loader->ld_net_ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    loader->ld_used = g_hash_table_new(NULL, NULL);
    loader->ld_bytes =
        g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_bytes_unref);
    loader->ld_params = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    loader->ld_secrets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    loader->ld_injects = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                               (GDestroyNotify)g_array_unref);
}

static void loader_clear(Loader *loader)
{
    g_hash_table_unref(loader->ld_injects);
    g_hash_table_unref(loader->ld_secrets);
    g_hash_table_unref(loader->ld_params);
    g_hash_table_unref(loader->ld_bytes);
    g_hash_table_unref(loader->ld_used);
    g_hash_table_unref(loader->ld_net_ids);
    g_hash_table_unref(loader->ld_host_ids);
    g_ptr_array_unref(loader->ld_ports);
    g_ptr_array_unref(loader->ld_host_nodes);
    g_hash_table_unref(loader->ld_seen);
    node_free(loader->ld_tree);
    g_ptr_array_unref(loader->ld_files);
    g_clear_pointer(&loader->ld_zone, g_time_zone_unref);
}

static gboolean uuid_is_good(const char *uuid, const char *file, ParryDiags *diags)
{
    g_autofree char *any = uuid ? ident_uuid5(uuid, "") : g_strdup("");

    if (!any)
        parry_diags_add(diags, DIAG_ERROR, file, NULL, 0, 0, NULL,
                        "the drill's UUID \"%s\" is no UUID", uuid);
    return any != NULL;
}

Plan *plan_load_bytes(const char *file, const char *dir, const void *bytes, gsize len,
                      const char *drill_uuid, ParryDiags *diags)
{
    PlanOptions options = {.po_uuid = drill_uuid};

    return plan_load_bytes_with(file, dir, bytes, len, &options, diags);
}

Plan *plan_load_bytes_with(const char *file, const char *dir, const void *bytes,
                           gsize len, const PlanOptions *options, ParryDiags *diags)
{
    guint before = parry_diags_count(diags, DIAG_ERROR);
    g_autoptr(GError) error = NULL;

    if (!uuid_is_good(options->po_uuid, file, diags))
        return NULL;
    g_autofree char *full_dir = g_canonicalize_filename(dir, NULL);
    g_autoptr(Plan) plan = plan_new();
    Loader loader = {.ld_dir = full_dir,
                     .ld_diags = diags,
                     .ld_plan = plan,
                     .ld_set = options->po_set,
                     .ld_reseed = options->po_seed};
    plan->p_uuid = g_strdup(options->po_uuid);
    plan->p_set =
        options->po_set ? g_strdupv((char **)options->po_set) : g_new0(char *, 1);
    loader_init(&loader);
    if (files_load(&loader, file, bytes, len, options))
        for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
            parts[i](&loader);
    loader_clear(&loader);
    if (parry_diags_count(diags, DIAG_ERROR) > before)
        return NULL;
    if (!plan_rules_sha256(plan, plan->p_rules_sha256, &error)) {
        parry_diags_add(diags, DIAG_ERROR, file, NULL, 0, 0, NULL, "%s", error->message);
        return NULL;
    }
    return g_steal_pointer(&plan);
}

/* Reads a regular file of at most max bytes; anything else (a device, a pipe) could go on
 * for ever. */
static gboolean read_file(const char *path, gsize max, char **bytes, gsize *len,
                          GError **error)
{
    struct stat st;

    if (stat(path, &st) < 0) {
        int err = errno;
        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(err), "%s",
                    g_strerror(err));
        return FALSE;
    }
    if (!S_ISREG(st.st_mode) || st.st_size > (off_t)max) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    S_ISREG(st.st_mode) ? "larger than 1 MiB" : "not a regular file");
        return FALSE;
    }
    return g_file_get_contents(path, bytes, len, error);
}

Plan *plan_load(const char *path, const char *drill_uuid, ParryDiags *diags)
{
    PlanOptions options = {.po_uuid = drill_uuid};

    return plan_load_with(path, &options, diags);
}

Plan *plan_load_with(const char *path, const PlanOptions *options, ParryDiags *diags)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *bytes = NULL;
    g_autofree char *full = g_canonicalize_filename(path, NULL);
    g_autofree char *dir = g_path_get_dirname(full);
    gsize len = 0;

    if (!read_file(path, NODE_FILE_MAX, &bytes, &len, &error)) {
        parry_diags_add(diags, DIAG_ERROR, path, NULL, 0, 0, NULL,
                        "cannot read the scenario: %s", error->message);
        return NULL;
    }
    return plan_load_bytes_with(path, dir, bytes, len, options, diags);
}
