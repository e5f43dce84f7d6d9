#include "orchestrator/daemon/drill.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glib/gstdio.h>
#include <jansson.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

G_DEFINE_QUARK(parry - drill - error - quark, drill_error)

/* QEMU's account passes through, and lists nothing; recordings and reports are the
 * owner's. */
static const struct {
    const char *di_name;
    mode_t di_mode;
} directories[] = {
    {"", 0711},      {"run", 0711},        {"run/a", 0711},
    {"run/s", 0700}, {"run/g", 0700},      {"disks", 0711},
    {"logs", 0711},  {"recordings", 0700}, {"report", 0700},
};

void drill_free(Drill *drill)
{
    if (!drill)
        return;
    g_free(drill->dr_name);
    g_free(drill->dr_uuid);
    g_free(drill->dr_dir);
    g_free(drill->dr_scenario);
    g_free(drill->dr_base);
    g_free(drill->dr_connect);
    g_strfreev(drill->dr_set);
    g_free(drill);
}

char *drill_home(void)
{
    const char *home = g_getenv("PARRY_HOME");

    return g_canonicalize_filename(home && *home ? home : "/var/lib/parry", NULL);
}

char *drill_dir(const char *home, const char *name)
{
    return g_build_filename(home, "drills", name, NULL);
}

char *drill_socket(const Drill *drill, const char *name)
{
    return g_build_filename(drill->dr_dir, "run", name, NULL);
}

static gboolean fail_errno(GError **error, const char *path, const char *what)
{
    int saved = errno;

    g_set_error(error, DRILL_ERROR, saved, "%s: %s: %s", path, what, g_strerror(saved));
    return FALSE;
}

/* from: 1 where its own is there already. */
static gboolean make_directories(const char *dir, guint from, GError **error)
{
    for (guint i = from; i < G_N_ELEMENTS(directories); i++) {
        g_autofree char *path = g_build_filename(dir, directories[i].di_name, NULL);
        if (mkdir(path, directories[i].di_mode) < 0 && !(i && errno == EEXIST))
            return fail_errno(error, path, "make directory");
        if (chmod(path, directories[i].di_mode) < 0)
            return fail_errno(error, path, "set mode");
    }
    return TRUE;
}

static gboolean write_json(const char *dir, const Drill *drill, GError **error)
{
    g_autofree char *path = g_build_filename(dir, "drill.json", NULL);
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:b}", "name", drill->dr_name, "uuid", drill->dr_uuid,
                  "base", drill->dr_base, "rehearsal", drill->dr_rehearsal);

    if (drill->dr_connect)
        json_object_set_new(json, "connect", json_string(drill->dr_connect));
    if (drill->dr_set[0]) {
        json_t *set = json_array();
        for (char **value = drill->dr_set; *value; value++)
            json_array_append_new(set, json_string(*value));
        json_object_set_new(json, "set", set);
    }
    if (drill->dr_reseeded)
        json_object_set_new(json, "seed", json_integer(drill->dr_seed));
    char *text = json_dumps(json, JSON_INDENT(2) | JSON_SORT_KEYS);
    json_decref(json);
    gboolean ok = g_file_set_contents(path, text, -1, error);
    free(text);
    return ok;
}

/* A copy of an included file is below includes/, by its path from the scenario. */
static char *copy_path(const Drill *drill, const char *path)
{
    return g_build_filename(drill->dr_dir, "includes", path, NULL);
}

/* Copies of all files of the scenario, as they were when the plan was made. */
static gboolean write_sources(const Drill *drill, const Plan *plan, GError **error)
{
    for (guint i = 0; i < plan->p_sources->len; i++) {
        const PlanSource *source = plan->p_sources->pdata[i];
        g_autofree char *path =
            i ? copy_path(drill, source->so_path) : g_strdup(drill->dr_scenario);
        g_autofree char *dir = g_path_get_dirname(path);
        gsize len;
        const char *bytes = g_bytes_get_data(source->so_bytes, &len);
        if (g_mkdir_with_parents(dir, 0700) < 0)
            return fail_errno(error, dir, "make directory");
        if (!g_file_set_contents(path, bytes, (gssize)len, error))
            return FALSE;
    }
    return TRUE;
}

/* Whoever made it was killed on the way: drill.json comes last, a journal later. */
static gboolean is_half_made(const char *dir)
{
    g_autofree char *json = g_build_filename(dir, "drill.json", NULL);
    g_autofree char *journal = g_build_filename(dir, "journal.db", NULL);
    g_autofree char *run = g_build_filename(dir, "run", NULL);

    return g_file_test(run, G_FILE_TEST_IS_DIR) &&
           !g_file_test(json, G_FILE_TEST_EXISTS) &&
           !g_file_test(journal, G_FILE_TEST_EXISTS);
}

Drill *drill_create(const char *home, const char *name, const char *scenario,
                    const Plan *plan, const char *connect, gboolean rehearsal,
                    GError **error)
{
    g_autoptr(Drill) drill = g_new0(Drill, 1);
    g_autofree char *full = g_canonicalize_filename(scenario, NULL);
    g_autofree char *drills = g_build_filename(home, "drills", NULL);

    drill->dr_name = g_strdup(name);
    drill->dr_uuid = g_uuid_string_random();
    drill->dr_dir = drill_dir(home, name);
    drill->dr_scenario = g_build_filename(drill->dr_dir, "scenario.yaml", NULL);
    drill->dr_base = g_path_get_dirname(full);
    drill->dr_connect = g_strdup(connect);
    drill->dr_rehearsal = rehearsal;
    drill->dr_set = g_strdupv(plan->p_set);
    drill->dr_seed = plan->p_seed;
    drill->dr_reseeded = plan->p_reseeded;
    if (g_mkdir_with_parents(drills, 0711) < 0) {
        fail_errno(error, drills, "make directory");
        return NULL;
    }
    if (is_half_made(drill->dr_dir) && !drill_remove_tree(drill->dr_dir, error))
        return NULL;
    if (g_file_test(drill->dr_dir, G_FILE_TEST_EXISTS)) {
        g_set_error(error, DRILL_ERROR, EEXIST,
                    "drill %s exists already in %s; `parry down %s --purge` removes it",
                    name, drill->dr_dir, name);
        return NULL;
    }
    if (!make_directories(drill->dr_dir, 0, error) ||
        !write_sources(drill, plan, error) || !write_json(drill->dr_dir, drill, error))
        return NULL;
    return g_steal_pointer(&drill);
}

gboolean drill_complete(const char *dir, GError **error)
{
    if (chmod(dir, directories[0].di_mode) < 0)
        return fail_errno(error, dir, "set mode");
    return make_directories(dir, 1, error);
}

static char *moved_path(const char *dir)
{
    return g_build_filename(dir, "moved", NULL);
}

char *drill_moved(const char *dir)
{
    g_autofree char *path = moved_path(dir);
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? g_strchomp(text) : NULL;
}

gboolean drill_set_aside(const char *home, const char *name, char **kept, GError **error)
{
    g_autofree char *dir = drill_dir(home, name);
    g_autofree char *run = g_build_filename(dir, "run", NULL);
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    g_autofree char *stamp = g_date_time_format(now, "%Y%m%d-%H%M%S");
    g_autofree char *old = g_strconcat(dir, "-", stamp, NULL);

    *kept = NULL;
    if (!g_file_test(dir, G_FILE_TEST_IS_DIR) || g_file_test(run, G_FILE_TEST_EXISTS))
        return TRUE;
    for (guint n = 2; g_file_test(old, G_FILE_TEST_EXISTS); n++) {
        g_free(old); /* two within a second */
        old = g_strdup_printf("%s-%s-%u", dir, stamp, n);
    }
    if (rename(dir, old) < 0) {
        g_set_error(error, DRILL_ERROR, errno, "%s: rename to %s: %s", dir, old,
                    g_strerror(errno));
        return FALSE;
    }
    *kept = g_steal_pointer(&old);
    return TRUE;
}

/* The writer of the journal holds its lock file for as long as it lives. */
static gboolean lock_is_held(const char *dir)
{
    g_autofree char *path = g_build_filename(dir, "journal.lock", NULL);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    gboolean held;

    if (fd < 0)
        return FALSE;
    held = flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
    close(fd);
    return held;
}

gboolean drill_move(const char *dir, const char *where, GError **error)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *at = g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");
    g_autofree char *text = g_strdup_printf("since %s: %s\n", at, where);
    g_autofree char *path = moved_path(dir);
    g_autoptr(Drill) drill = drill_open(dir, error);

    if (!drill)
        return FALSE;
    if (drill->dr_alive) {
        g_set_error(error, DRILL_ERROR, EBUSY,
                    "drill %s runs there: end its parryd first, by `systemctl stop "
                    "parry@%s` or by SIGTERM",
                    drill->dr_name, drill->dr_name);
        return FALSE;
    }
    return g_file_set_contents(path, text, -1, error);
}

/* The texts of a JSON array; what is none is left out. */
static char **read_texts(const json_t *array)
{
    GPtrArray *out = g_ptr_array_new();
    const json_t *value;
    size_t i;

    json_array_foreach (array, i, value)
        if (json_is_string(value))
            g_ptr_array_add(out, g_strdup(json_string_value(value)));
    g_ptr_array_add(out, NULL);
    return (char **)g_ptr_array_free(out, FALSE);
}

Drill *drill_open(const char *dir, GError **error)
{
    g_autofree char *path = g_build_filename(dir, "drill.json", NULL);
    json_error_t why;
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    const char *uuid, *base, *connect = NULL;
    int rehearsal;

    if (json_unpack(json, "{s:s, s:s, s:b, s?s}", "uuid", &uuid, "base", &base,
                    "rehearsal", &rehearsal, "connect", &connect) < 0) {
        g_set_error(error, DRILL_ERROR, ENOENT, "%s: not a drill: %s", path,
                    json ? "members are missing" : why.text);
        json_decref(json);
        return NULL;
    }
    Drill *drill = g_new0(Drill, 1);
    /* One that was set aside goes by its directory's name. */
    drill->dr_name = g_path_get_basename(dir);
    drill->dr_uuid = g_strdup(uuid);
    drill->dr_base = g_strdup(base);
    drill->dr_connect = g_strdup(connect);
    drill->dr_set = read_texts(json_object_get(json, "set"));
    drill->dr_seed = json_integer_value(json_object_get(json, "seed"));
    drill->dr_reseeded = json_object_get(json, "seed") != NULL;
    drill->dr_rehearsal = rehearsal;
    drill->dr_dir = g_strdup(dir);
    drill->dr_scenario = g_build_filename(dir, "scenario.yaml", NULL);
    drill->dr_alive = lock_is_held(dir);
    json_decref(json);
    return drill;
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp((*(Drill *const *)a)->dr_name, (*(Drill *const *)b)->dr_name);
}

GPtrArray *drill_list(const char *home)
{
    g_autofree char *drills = g_build_filename(home, "drills", NULL);
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)drill_free);
    g_autoptr(GDir) dir = g_dir_open(drills, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(drills, name, NULL);
        Drill *drill = drill_open(path, NULL);
        if (drill)
            g_ptr_array_add(list, drill);
    }
    g_ptr_array_sort(list, by_name);
    return list;
}

static GBytes *read_copy(const char *path, gpointer data, GError **error)
{
    const Drill *drill = data;
    g_autofree char *full = copy_path(drill, path);
    char *bytes;
    gsize len;

    if (!g_file_get_contents(full, &bytes, &len, error))
        return NULL;
    return g_bytes_new_take(bytes, len);
}

Plan *drill_plan(const Drill *drill, GError **error)
{
    PlanOptions options = {.po_uuid = drill->dr_uuid,
                           .po_set = (const char *const *)drill->dr_set,
                           .po_seed = drill->dr_reseeded ? &drill->dr_seed : NULL,
                           .po_read = read_copy,
                           .po_data = (gpointer)drill};
    g_autoptr(ParryDiags) diags = parry_diags_new();
    g_autofree char *bytes = NULL;
    gsize len;
    Plan *plan;

    if (!g_file_get_contents(drill->dr_scenario, &bytes, &len, error))
        return NULL;
    plan = plan_load_bytes_with(drill->dr_scenario, drill->dr_base, bytes, len, &options,
                                diags);
    if (!plan) {
        g_autofree char *text = parry_diags_text(diags, FALSE);
        g_set_error(error, DRILL_ERROR, EINVAL, "%s", text);
    }
    return plan;
}

static int remove_entry(const char *path, const struct stat *st, int flag,
                        struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

gboolean drill_remove_tree(const char *path, GError **error)
{
    if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) < 0 && errno != ENOENT)
        return fail_errno(error, path, "remove");
    return TRUE;
}

gboolean drill_remove(const char *home, const Drill *drill, gboolean all, GError **error)
{
    g_autofree char *disks = g_build_filename(drill->dr_dir, "disks", NULL);
    g_autofree char *run = g_build_filename(drill->dr_dir, "run", NULL);
    g_autofree char *points = g_build_filename(drill->dr_dir, "checkpoints", NULL);
    g_autofree char *keys = g_build_filename(home, "keys", drill->dr_name, NULL);

    if (!drill_remove_tree(disks, error) || !drill_remove_tree(points, error) ||
        !drill_remove_tree(run, error))
        return FALSE;
    return !all ||
           (drill_remove_tree(drill->dr_dir, error) && drill_remove_tree(keys, error));
}
