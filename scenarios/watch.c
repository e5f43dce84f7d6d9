/*
 * What the agent of each host watches: where the scenario's own things are, where a
 * break-in leaves traces, and what an organiser names besides.
 */
#include "scenarios/loader.h"

#include <string.h>

#define PATHS_MAX 64
#define MASKS_MAX 32
#define MASK_BYTES 64
#define PATH_BYTES 511

/* Below these a directory has too many others, or none that could be watched: a file
 * there is watched by itself. */
static gboolean is_crowded(const char *dir)
{
    static const char *const crowded[] = {"/",    "/usr", "/usr/lib", "/usr/share",
                                          "/var", "/lib", NULL};

    return g_strv_contains(crowded, dir);
}

static gboolean is_below(const char *path, const char *dir)
{
    gsize n = strlen(dir);

    return strncmp(path, dir, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

static gboolean is_virtual(const char *path)
{
    return is_below(path, "/proc") || is_below(path, "/sys") || is_below(path, "/dev") ||
           is_below(path, "/run");
}

/* FALSE where it is covered already, or there is no room. */
static gboolean add_path(GPtrArray *paths, const char *path)
{
    if (strlen(path) > PATH_BYTES)
        return FALSE;
    for (guint i = 0; i < paths->len; i++)
        if (is_below(path, paths->pdata[i]))
            return FALSE;
    for (guint i = paths->len; i > 0; i--)
        if (is_below(paths->pdata[i - 1], path))
            g_free(g_ptr_array_remove_index(paths, i - 1));
    if (paths->len == PATHS_MAX)
        return FALSE;
    g_ptr_array_add(paths, g_strdup(path));
    return TRUE;
}

/* A file that is replaced is another one: so its directory is watched. */
static void add_file(GPtrArray *paths, const char *path)
{
    if (!path || *path != '/' || is_virtual(path))
        return;
    g_autofree char *dir = g_path_get_dirname(path);
    add_path(paths, is_crowded(dir) ? path : dir);
}

static void add_files(GPtrArray *paths, const GPtrArray *files)
{
    for (guint i = 0; i < files->len; i++)
        add_file(paths, ((const PlanFile *)files->pdata[i])->pf_path);
}

static const char *file_looked_at(const char *kind, const json_t *params)
{
    return g_strcmp0(kind, "file") == 0
               ? json_string_value(json_object_get(params, "path"))
               : NULL;
}

static char **default_paths(const Plan *plan, const PlanHost *host, char **more)
{
    GPtrArray *paths = g_ptr_array_new();

    add_path(paths, "/etc");
    for (; more && *more; more++) /* what a person names goes before what is guessed */
        add_path(paths, *more);
    add_files(paths, host->ph_files);
    add_files(paths, plan_image(plan, host->ph_image)->pi_files);
    for (guint i = 0; i < plan->p_checks->len; i++) {
        const PlanCheck *check = plan->p_checks->pdata[i];
        if (check->ck_host == host->ph_index)
            add_file(paths, file_looked_at(check->ck_kind, check->ck_params));
    }
    for (guint i = 0; i < plan->p_injects->len; i++) {
        const PlanInject *inject = plan_inject(plan, (int)i);
        if (inject->in_kind == INJECT_ATTACK && inject->in_effect_host == host->ph_index)
            add_file(paths,
                     file_looked_at(inject->in_effect_kind, inject->in_effect_params));
    }
    g_ptr_array_add(paths, NULL);
    return (char **)g_ptr_array_free(paths, FALSE);
}

static void add_mask(GPtrArray *masks, const char *option)
{
    if (masks->len < MASKS_MAX &&
        !g_ptr_array_find_with_equal_func(masks, option, g_str_equal, NULL))
        g_ptr_array_add(masks, g_strdup(option));
}

/* A secret of the name admin-pin is a good guess at what --admin-pin takes. */
static char **default_masks(const Plan *plan, int team, char **more)
{
    GPtrArray *masks = g_ptr_array_new();

    for (; more && *more; more++)
        add_mask(masks, *more);
    for (guint i = 0; i < plan->p_secrets->len; i++) {
        const PlanSecret *secret = plan->p_secrets->pdata[i];
        g_autofree char *option = g_strconcat("--", secret->se_name, NULL);
        if (secret->se_team < 0 || secret->se_team == team)
            add_mask(masks, option);
    }
    g_ptr_array_add(masks, NULL);
    return (char **)g_ptr_array_free(masks, FALSE);
}

static gboolean is_attacked(const Plan *plan, int host)
{
    for (guint i = 0; i < plan->p_injects->len; i++) {
        const PlanInject *inject = plan_inject(plan, (int)i);
        if (inject->in_kind == INJECT_ATTACK &&
            (inject->in_host == host || inject->in_from == host))
            return TRUE;
    }
    return FALSE;
}

static void check_masks(Loader *loader, const Node *watch, char **masks)
{
    Node *node = node_get(watch, "mask");

    for (guint i = 0; masks && masks[i]; i++) {
        Node *at = node && node->nd_kind == NODE_LIST ? node_at(node, i) : node;
        gsize n = strlen(masks[i]);
        if (masks[i][0] != '-' || n < 2 || n > MASK_BYTES || strpbrk(masks[i], " =\t\n"))
            loader_error(loader, at, NULL,
                         "an option is written as on a command line: --pin, or -k");
    }
}

static void check_counts(Loader *loader, const Node *watch, char **paths, char **masks)
{
    if (paths && g_strv_length(paths) >= PATHS_MAX)
        loader_error(loader, node_get(watch, "paths"), NULL,
                     "more than %d paths: name directories above them", PATHS_MAX - 1);
    if (masks && g_strv_length(masks) > MASKS_MAX)
        loader_error(loader, node_get(watch, "mask"), NULL, "more than %d options",
                     MASKS_MAX);
}

static void expand_watch(Loader *loader, PlanHost *host, const Node *def)
{
    const Plan *plan = loader->ld_plan;
    Node *watch = node_get(def, "watch");
    g_auto(GStrv) paths = watch ? key_texts(watch, "paths") : NULL;
    g_auto(GStrv) masks = watch ? key_texts(watch, "mask") : NULL;
    gboolean players = host->ph_owner == SIDE_RED || host->ph_owner == SIDE_BLUE;

    /* What `defaults` say is how, not that: a referee is not watched by them. */
    gboolean said = watch && !defaults_gave(node_key(def, "watch"));

    if (said && host->ph_agent == AGENT_NONE) {
        loader_error(loader, node_key(def, "watch"), NULL,
                     "a host without agent takes no \"watch\"");
        return;
    }
    check_masks(loader, watch, masks);
    check_counts(loader, watch, paths, masks);
    if (host->ph_agent == AGENT_NONE ||
        (!said && !players && !is_attacked(plan, host->ph_index)))
        return;
    host->ph_watch_rate = (int)key_int(&keys_watch, watch, "rate");
    if (!host->ph_watch_rate)
        return;
    g_strfreev(host->ph_watch_paths);
    g_strfreev(host->ph_watch_mask);
    host->ph_watch_paths = default_paths(plan, host, paths);
    host->ph_watch_mask = default_masks(plan, host->ph_team, masks);
}

void watch_expand(Loader *loader)
{
    const GPtrArray *hosts = loader->ld_plan->p_hosts;

    for (guint i = 0; i < hosts->len; i++)
        expand_watch(loader, hosts->pdata[i], loader->ld_host_nodes->pdata[i]);
}
