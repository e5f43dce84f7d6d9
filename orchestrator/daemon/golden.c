#include "orchestrator/daemon/golden.h"

#include "orchestrator/daemon/drill.h"
#include "orchestrator/daemon/file_sum.h"
#include "orchestrator/range/save_image.h"
#include "scenarios/base/cjson.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMORY "memory"
#define DISK "disk.qcow2"
#define RAM "ram"
#define META "meta.json"
#define UNFINISHED ".tmp-"
#define UNFINISHED_OLD_S 3600 /* nobody is still at work on it */

G_DEFINE_QUARK(parry - golden - error - quark, golden_error)

void golden_clear(Golden *golden)
{
    g_free(golden->go_key);
    g_free(golden->go_dir);
    g_free(golden->go_memory);
    g_free(golden->go_disk);
    g_free(golden->go_ram);
    g_free(golden->go_mapped);
    json_decref(golden->go_about);
    memset(golden, 0, sizeof(*golden));
}

static gboolean io_failed(GError **error, const char *path, const char *attempt)
{
    g_set_error(error, GOLDEN_ERROR, errno, "%s: %s: %s", path, attempt,
                g_strerror(errno));
    return FALSE;
}

char *golden_key(const json_t *what)
{
    char sum[65];

    if (!cjson_sha256(what, sum, NULL))
        return NULL;
    sum[32] = '\0';
    return g_strdup(sum);
}

static guint64 bytes_taken(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 ? (guint64)st.st_blocks * 512 : 0;
}

static char *entry_dir(const char *home, const char *key)
{
    return g_build_filename(home, "golden", key, NULL);
}

/* ---- reading ---- */

static gboolean check_file(const char *dir, const char *name, const json_t *files,
                           GError **error)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    const char *want = json_string_value(json_object_get(files, name));
    char sum[FILE_SUM_SIZE];

    if (!file_sum(path, sum, NULL, error))
        return FALSE;
    if (g_strcmp0(want, sum) == 0)
        return TRUE;
    g_set_error(error, GOLDEN_ERROR, EINVAL,
                "%s: its SHA-256 is not the one it was written with", path);
    return FALSE;
}

static gboolean check_files(const char *dir, const json_t *meta, GError **error)
{
    const json_t *files = json_object_get(meta, "files");
    const char *name;
    json_t *value;

    if (!json_object_get(files, MEMORY)) {
        g_set_error(error, GOLDEN_ERROR, EINVAL, "%s: meta.json names no memory", dir);
        return FALSE;
    }
    json_object_foreach ((json_t *)files, name, value)
        if (strchr(name, '/') || !check_file(dir, name, files, error))
            return FALSE;
    return TRUE;
}

static void fill(Golden *golden, const char *key, const char *dir, const json_t *meta)
{
    golden->go_key = g_strdup(key);
    golden->go_dir = g_strdup(dir);
    golden->go_memory = g_build_filename(dir, MEMORY, NULL);
    if (json_object_get(json_object_get(meta, "files"), DISK))
        golden->go_disk = g_build_filename(dir, DISK, NULL);
    if (json_object_get(json_object_get(meta, "files"), RAM))
        golden->go_ram = g_build_filename(dir, RAM, NULL);
    golden->go_bytes = bytes_taken(golden->go_memory) +
                       (golden->go_disk ? bytes_taken(golden->go_disk) : 0) +
                       (golden->go_ram ? bytes_taken(golden->go_ram) : 0);
    golden->go_about = json_deep_copy(json_object_get(meta, "about"));
}

static json_t *meta_read(const char *dir, GError **error)
{
    g_autofree char *path = g_build_filename(dir, META, NULL);
    json_error_t at;
    json_t *meta = json_load_file(path, JSON_REJECT_DUPLICATES, &at);

    if (!meta)
        g_set_error(error, GOLDEN_ERROR, EINVAL, "%s: %s", path, at.text);
    return meta;
}

gboolean golden_find(const char *home, const char *key, Golden *golden, GError **error)
{
    g_autofree char *dir = entry_dir(home, key);
    g_autofree char *path = g_build_filename(dir, META, NULL);
    g_autoptr(GError) why = NULL;
    json_t *meta;

    if (!g_file_test(dir, G_FILE_TEST_IS_DIR))
        return FALSE;
    meta = meta_read(dir, &why);
    if (meta && check_files(dir, meta, &why)) {
        fill(golden, key, dir, meta);
        utimensat(AT_FDCWD, path, NULL, 0); /* used now */
    } else {
        drill_remove_tree(dir, NULL);
        g_propagate_prefixed_error(error, g_steal_pointer(&why),
                                   "golden guest is spoilt, and removed: ");
    }
    json_decref(meta);
    return golden->go_key != NULL;
}

gboolean golden_open(const char *home, const char *key, Golden *golden, GError **error)
{
    g_autofree char *dir = entry_dir(home, key);
    json_t *meta = NULL;

    if (!g_file_test(dir, G_FILE_TEST_IS_DIR) || !(meta = meta_read(dir, error)))
        return FALSE;
    fill(golden, key, dir, meta);
    json_decref(meta);
    return TRUE;
}

/* ---- writing ---- */

char *golden_begin(const char *home, const char *key, GError **error)
{
    g_autofree char *name = g_strconcat(UNFINISHED, key, "-XXXXXX", NULL);
    g_autofree char *top = g_build_filename(home, "golden", NULL);
    char *dir = g_build_filename(top, name, NULL);

    if (g_mkdir_with_parents(top, 0755) == 0 && g_mkdtemp(dir) && chmod(dir, 0755) == 0)
        return dir;
    io_failed(error, dir, "make");
    g_free(dir);
    return NULL;
}

/* A file of the entry: nobody writes to it any more. QEMU's account reads disks only. */
static gboolean settle(const char *dir, const char *name, mode_t mode, json_t *files,
                       GError **error)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    char sum[65];

    if (lchown(path, 0, 0) < 0 || chmod(path, mode) < 0)
        return io_failed(error, path, "chown and chmod");
    if (!file_sum(path, sum, NULL, error))
        return FALSE;
    json_object_set_new(files, name, json_string(sum));
    return TRUE;
}

static json_t *meta_new(const char *dir, const json_t *about, GError **error)
{
    static const struct {
        const char *name;
        mode_t mode;
    } parts[] = {{MEMORY, 0400}, {RAM, 0400}, {DISK, 0444}};
    json_t *files = json_object();
    gboolean ok = TRUE;

    for (guint i = 0; ok && i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *path = g_build_filename(dir, parts[i].name, NULL);

        if (i == 0 || g_file_test(path, G_FILE_TEST_EXISTS))
            ok = settle(dir, parts[i].name, parts[i].mode, files, error);
    }
    if (ok)
        return json_pack("{s:o, s:O}", "files", files, "about", about);
    json_decref(files);
    return NULL;
}

static gboolean meta_write(const char *dir, const json_t *meta, GError **error)
{
    g_autofree char *path = g_build_filename(dir, META, NULL);
    g_autofree char *text = cjson_text(meta, error);

    return text && g_file_set_contents(path, text, -1, error);
}

gboolean golden_commit(const char *home, const char *key, const char *dir,
                       const json_t *about, Golden *golden, GError **error)
{
    g_autofree char *to = entry_dir(home, key);
    json_t *meta = meta_new(dir, about, error);
    gboolean ok = meta && meta_write(dir, meta, error);

    if (ok && rename(dir, to) < 0 && errno != ENOTEMPTY && errno != EEXIST)
        ok = io_failed(error, to, "rename into place");
    json_decref(meta);
    if (g_file_test(dir, G_FILE_TEST_EXISTS))
        drill_remove_tree(dir, NULL);
    return ok && golden_find(home, key, golden, error);
}

/* Any write moves it, and nobody but the kernel sets it. -1: not there. */
static gint64 changed_at(const char *path)
{
    struct stat st;

    return stat(path, &st) < 0
               ? -1
               : (gint64)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
}

/* Those that are there already go on with the file that they have mapped. */
static gboolean copy_ram(Golden *golden, const char *disks, uid_t owner, GError **error)
{
    g_autofree char *name = g_strconcat(golden->go_key, ".ram", NULL);
    g_autofree char *to = g_build_filename(disks, name, NULL);

    if (!save_image_copy(golden->go_ram, to, error))
        return FALSE;
    if (lchown(to, owner, (gid_t)-1) < 0)
        return io_failed(error, to, "chown");
    golden->go_stamp = changed_at(to);
    g_free(golden->go_mapped);
    golden->go_mapped = g_steal_pointer(&to);
    return TRUE;
}

gboolean golden_touched(const Golden *golden)
{
    return golden->go_mapped && changed_at(golden->go_mapped) != golden->go_stamp;
}

gboolean golden_pin(Golden *golden, const char *disks, uid_t owner, GError **error)
{
    g_autofree char *meta = g_build_filename(golden->go_dir, META, NULL);
    g_autofree char *name = g_strconcat(golden->go_key, ".pin", NULL);
    g_autofree char *pin = g_build_filename(disks, name, NULL);

    if (link(meta, pin) < 0 && errno != EEXIST)
        return io_failed(error, pin, "link to its golden guest");
    return !golden->go_ram || copy_ram(golden, disks, owner, error);
}

/* ---- gc ---- */

typedef struct {
    char *en_path;
    guint64 en_bytes;
    gint64 en_used; /* seconds */
    gboolean en_pinned, en_unfinished;
} Entry;

static void entry_clear(gpointer data)
{
    g_free(((Entry *)data)->en_path);
}

static guint64 tree_bytes(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;
    guint64 sum = 0;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *file = g_build_filename(path, name, NULL);

        sum += bytes_taken(file);
    }
    return sum;
}

static GArray *entries_of(const char *top)
{
    GArray *entries = g_array_new(FALSE, TRUE, sizeof(Entry));
    g_autoptr(GDir) dir = g_dir_open(top, 0, NULL);
    const char *name;

    g_array_set_clear_func(entries, entry_clear);
    while (dir && (name = g_dir_read_name(dir))) {
        Entry entry = {.en_path = g_build_filename(top, name, NULL),
                       .en_unfinished = g_str_has_prefix(name, UNFINISHED)};
        g_autofree char *meta = g_build_filename(entry.en_path, META, NULL);
        struct stat st;

        if (stat(meta, &st) == 0)
            entry.en_pinned = st.st_nlink > 1;
        else if (stat(entry.en_path, &st) < 0)
            st.st_mtime = 0;
        entry.en_used = st.st_mtime;
        entry.en_bytes = tree_bytes(entry.en_path);
        g_array_append_val(entries, entry);
    }
    return entries;
}

static int by_use(gconstpointer a, gconstpointer b)
{
    const Entry *one = a, *other = b;

    if (one->en_unfinished != other->en_unfinished)
        return one->en_unfinished ? -1 : 1;
    return (one->en_used > other->en_used) - (one->en_used < other->en_used);
}

static gboolean to_go(const Entry *entry, guint64 sum, guint64 limit)
{
    if (entry->en_unfinished)
        return g_get_real_time() / G_USEC_PER_SEC - entry->en_used > UNFINISHED_OLD_S;
    return !entry->en_pinned && sum > limit;
}

int golden_gc(const char *home, guint64 limit, gboolean dry, GoldenEach each,
              gpointer data, GError **error)
{
    g_autofree char *top = g_build_filename(home, "golden", NULL);
    g_autoptr(GArray) entries = entries_of(top);
    guint64 sum = 0;
    int removed = 0;

    g_array_sort(entries, by_use);
    for (guint i = 0; i < entries->len; i++)
        sum += g_array_index(entries, Entry, i).en_bytes;
    for (guint i = 0; i < entries->len; i++) {
        const Entry *entry = &g_array_index(entries, Entry, i);

        if (!to_go(entry, sum, limit))
            continue;
        if (each)
            each(entry->en_path, entry->en_bytes, data);
        if (!dry && !drill_remove_tree(entry->en_path, error))
            return -1;
        sum -= entry->en_bytes;
        removed++;
    }
    return removed;
}
