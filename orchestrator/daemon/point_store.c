#include "orchestrator/daemon/point_store.h"

#include "orchestrator/daemon/drill.h"
#include "orchestrator/daemon/file_sum.h"
#include "orchestrator/daemon/point_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define TOP "checkpoints"
#define WORK ".work-"

static gboolean io_failed(GError **error, const char *path, const char *attempt)
{
    g_set_error(error, POINT_ERROR, POINT_ERROR_IO, "%s: %s: %s", path, attempt,
                g_strerror(errno));
    return FALSE;
}

void point_free(Point *point)
{
    if (!point)
        return;
    point_meta_clear(&point->po_meta);
    g_free(point->po_dir);
    g_free(point->po_memory);
    g_free(point->po_disk);
    g_free(point);
}

static guint64 bytes_taken(const char *path)
{
    struct stat st;

    return path && lstat(path, &st) == 0 ? (guint64)st.st_blocks * 512 : 0;
}

/* ---- hashes ---- */

static gboolean file_take(const char *path, PointFile *file, GError **error)
{
    return file_sum(path, file->pf_sha256, &file->pf_bytes, error);
}

static gboolean file_check(const char *path, const PointFile *want, GError **error)
{
    PointFile is = {0};

    if (!file_take(path, &is, error))
        return FALSE;
    if (is.pf_bytes == want->pf_bytes && strcmp(is.pf_sha256, want->pf_sha256) == 0)
        return TRUE;
    g_set_error(
        error, POINT_ERROR, POINT_ERROR_SPOILT,
        "%s: its SHA-256 is not the one it was written with (%.12s…, not %.12s…): "
        "it was changed since, and is not used",
        path, is.pf_sha256, want->pf_sha256);
    return FALSE;
}

gboolean point_check(const Point *point, GError **error)
{
    return file_check(point->po_memory, &point->po_meta.pm_memory, error) &&
           (!point->po_disk ||
            file_check(point->po_disk, &point->po_meta.pm_disk, error));
}

/* ---- reading ---- */

static gboolean meta_read(const char *dir, PointMeta *meta, GError **error)
{
    g_autofree char *path = g_build_filename(dir, POINT_META, NULL);
    g_autofree char *bytes = g_malloc(POINT_META_MAX + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n;

    if (fd < 0)
        return io_failed(error, path, "open");
    n = read(fd, bytes, POINT_META_MAX + 1);
    close(fd);
    if (n < 0)
        return io_failed(error, path, "read");
    if (point_meta_parse(bytes, (gsize)n, meta, error))
        return TRUE;
    g_prefix_error(error, "%s: ", dir);
    return FALSE;
}

Point *point_open(const char *drill_dir, const char *name, const char *domain,
                  GError **error)
{
    g_autofree char *dir = g_build_filename(drill_dir, TOP, name, domain, NULL);
    g_autoptr(Point) point = g_new0(Point, 1);

    if (!point_name_valid(name) || !g_file_test(dir, G_FILE_TEST_IS_DIR)) {
        g_set_error(error, POINT_ERROR, POINT_ERROR_MISSING, "no checkpoint %s of it",
                    name);
        return NULL;
    }
    if (!meta_read(dir, &point->po_meta, error))
        return NULL;
    if (strcmp(point->po_meta.pm_name, name) != 0) {
        g_set_error(error, POINT_ERROR, POINT_ERROR_FORMAT,
                    "%s: meta.json is of the checkpoint %s", dir, point->po_meta.pm_name);
        return NULL;
    }
    point->po_memory = g_build_filename(dir, POINT_MEMORY, NULL);
    if (point->po_meta.pm_base)
        point->po_disk = g_build_filename(dir, POINT_DISK, NULL);
    point->po_bytes = bytes_taken(point->po_memory) + bytes_taken(point->po_disk);
    point->po_dir = g_steal_pointer(&dir);
    return g_steal_pointer(&point);
}

static int by_age(gconstpointer a, gconstpointer b)
{
    gint64 one = (*(Point *const *)a)->po_meta.pm_id;
    gint64 other = (*(Point *const *)b)->po_meta.pm_id;

    return (one > other) - (one < other);
}

static void list_name(const char *drill_dir, const char *name, GPtrArray *list,
                      GPtrArray *broken)
{
    g_autofree char *top = g_build_filename(drill_dir, TOP, name, NULL);
    g_autoptr(GDir) dir = g_dir_open(top, 0, NULL);
    const char *domain;

    while (dir && (domain = g_dir_read_name(dir))) {
        g_autoptr(GError) error = NULL;
        Point *point = point_open(drill_dir, name, domain, &error);

        if (point)
            g_ptr_array_add(list, point);
        else if (broken)
            g_ptr_array_add(broken, g_strdup(error->message));
    }
}

GPtrArray *point_list(const char *drill_dir, GPtrArray **broken)
{
    g_autofree char *top = g_build_filename(drill_dir, TOP, NULL);
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)point_free);
    g_autoptr(GDir) dir = g_dir_open(top, 0, NULL);
    const char *name;

    if (broken)
        *broken = g_ptr_array_new_with_free_func(g_free);
    while (dir && (name = g_dir_read_name(dir)))
        if (point_name_valid(name))
            list_name(drill_dir, name, list, broken ? *broken : NULL);
    g_ptr_array_sort(list, by_age);
    return list;
}

Point *point_newest(const char *drill_dir, const char *domain)
{
    g_autofree char *top = g_build_filename(drill_dir, TOP, NULL);
    g_autoptr(GDir) dir = g_dir_open(top, 0, NULL);
    g_autoptr(Point) newest = NULL;
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        Point *point = point_open(drill_dir, name, domain, NULL);

        if (point && newest && newest->po_meta.pm_id > point->po_meta.pm_id) {
            point_free(point);
        } else if (point) {
            point_free(newest);
            newest = point;
        }
    }
    return g_steal_pointer(&newest);
}

static void tree_taken(const char *path, GHashTable *seen, guint64 *bytes)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;
    struct stat st;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *at = g_build_filename(path, name, NULL);

        if (lstat(at, &st) < 0)
            continue;
        if (S_ISDIR(st.st_mode)) {
            tree_taken(at, seen, bytes);
            continue;
        }
        gint64 *inode = g_new(gint64, 1);
        *inode = (gint64)st.st_ino;
        if (g_hash_table_add(seen, inode))
            *bytes += (guint64)st.st_blocks * 512;
    }
}

guint64 point_taken(const char *drill_dir)
{
    g_autofree char *top = g_build_filename(drill_dir, TOP, NULL);
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    guint64 bytes = 0;

    tree_taken(top, seen, &bytes);
    return bytes;
}

/* ---- writing ---- */

char *point_work_path(const char *drill_dir, gint64 id, const char *domain)
{
    g_autofree char *name = g_strdup_printf(WORK "%" G_GINT64_FORMAT "-%s", id, domain);

    return g_build_filename(drill_dir, TOP, name, NULL);
}

gboolean point_work(const char *drill_dir, gint64 id, const char *domain, GError **error)
{
    g_autofree char *top = g_build_filename(drill_dir, TOP, NULL);
    g_autofree char *work = point_work_path(drill_dir, id, domain);

    if (g_mkdir_with_parents(top, 0711) < 0)
        return io_failed(error, top, "make directory");
    return g_mkdir_with_parents(work, 0700) == 0 ||
           io_failed(error, work, "make directory");
}

/* Nobody writes to it any more; QEMU's account reads disks only. */
static gboolean settle(const char *path, mode_t mode, PointFile *file, GError **error)
{
    if (lchown(path, 0, 0) < 0 || chmod(path, mode) < 0)
        return io_failed(error, path, "chown and chmod");
    return file_take(path, file, error);
}

static gboolean meta_write(const char *dir, const PointMeta *meta, GError **error)
{
    g_autofree char *path = g_build_filename(dir, POINT_META, NULL);
    g_autofree char *text = point_meta_text(meta);

    return g_file_set_contents(path, text, -1, error);
}

static gboolean put_in_place(const char *drill_dir, const char *work, const char *domain,
                             const char *name, GError **error)
{
    g_autofree char *top = g_build_filename(drill_dir, TOP, name, NULL);
    g_autofree char *to = g_build_filename(top, domain, NULL);

    if (g_mkdir_with_parents(top, 0711) < 0)
        return io_failed(error, top, "make directory");
    if (chmod(work, 0711) < 0)
        return io_failed(error, work, "set its mode");
    return drill_remove_tree(to, error) &&
           (rename(work, to) == 0 || io_failed(error, to, "rename into place"));
}

Point *point_commit(const char *drill_dir, const char *work, const char *domain,
                    PointMeta *meta, GError **error)
{
    g_autofree char *memory = g_build_filename(work, POINT_MEMORY, NULL);
    g_autofree char *disk = g_build_filename(work, POINT_DISK, NULL);

    if (settle(memory, 0400, &meta->pm_memory, error) &&
        (!meta->pm_base || settle(disk, 0444, &meta->pm_disk, error)) &&
        meta_write(work, meta, error) &&
        put_in_place(drill_dir, work, domain, meta->pm_name, error))
        return point_open(drill_dir, meta->pm_name, domain, error);
    return NULL;
}

gboolean point_delete(const Point *point, GError **error)
{
    g_autofree char *top = g_path_get_dirname(point->po_dir);

    if (!drill_remove_tree(point->po_dir, error))
        return FALSE;
    g_rmdir(top); /* where it was the last */
    return TRUE;
}

void point_clean(const char *drill_dir, PointWanted wanted, gpointer data)
{
    g_autofree char *top = g_build_filename(drill_dir, TOP, NULL);
    g_autoptr(GDir) dir = g_dir_open(top, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(top, name, NULL);

        if (g_str_has_prefix(name, WORK) &&
            !wanted(g_ascii_strtoll(name + strlen(WORK), NULL, 10), data))
            drill_remove_tree(path, NULL);
    }
}

/* ---- room ---- */

static guint64 free_here(const char *drill_dir)
{
    struct statvfs vfs;

    return statvfs(drill_dir, &vfs) < 0 ? 0 : (guint64)vfs.f_bavail * vfs.f_frsize;
}

/* The oldest scheduled checkpoint, with all its hosts; FALSE: there is none. */
static gboolean drop_oldest(const char *drill_dir, PointGone each, gpointer data)
{
    g_autoptr(GPtrArray) list = point_list(drill_dir, NULL);
    const char *name = NULL;
    guint64 bytes = 0;
    guint hosts = 0;

    for (guint i = 0; i < list->len; i++) {
        const Point *point = list->pdata[i];

        if (point->po_meta.pm_kind != POINT_SCHEDULED ||
            (name && strcmp(name, point->po_meta.pm_name) != 0) ||
            !point_delete(point, NULL))
            continue;
        name = point->po_meta.pm_name;
        bytes += point->po_bytes;
        hosts++;
    }
    if (hosts && each)
        each(name, hosts, bytes, data);
    return hosts > 0;
}

gboolean point_make_room(const char *drill_dir, guint64 bytes, guint64 limit,
                         guint64 spare, PointGone each, gpointer data, GError **error)
{
    for (;;) {
        guint64 taken = point_taken(drill_dir), room = free_here(drill_dir);

        if (taken + bytes <= limit && bytes + spare <= room)
            return TRUE;
        if (drop_oldest(drill_dir, each, data))
            continue;
        g_set_error(error, POINT_ERROR, POINT_ERROR_ROOM,
                    "no room: it may take %" G_GUINT64_FORMAT
                    " MiB; checkpoints take %" G_GUINT64_FORMAT
                    " MiB of the %" G_GUINT64_FORMAT
                    " MiB they may, and the disk has %" G_GUINT64_FORMAT
                    " MiB free, of which %" G_GUINT64_FORMAT
                    " MiB stay so; delete one with `parry checkpoint --delete`",
                    bytes >> 20, taken >> 20, limit >> 20, room >> 20, spare >> 20);
        return FALSE;
    }
}

/* ---- on another machine ---- */

gboolean point_base_take(const char *path, PointMeta *meta, GError **error)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return io_failed(error, path, "look at it");
    meta->pm_base_bytes = (gint64)st.st_size;
    meta->pm_base_mtime_us =
        (gint64)st.st_mtim.tv_sec * G_USEC_PER_SEC + st.st_mtim.tv_nsec / 1000;
    return TRUE;
}

static gboolean is_same_base(const Point *point, const char *base, GError **error)
{
    const PointMeta *was = &point->po_meta;
    PointMeta is = {0};

    if (!g_file_test(base, G_FILE_TEST_EXISTS)) {
        g_set_error(error, POINT_ERROR, POINT_ERROR_MISSING,
                    "%s: stands on %s, which is not there", point->po_dir, base);
        return FALSE;
    }
    if (!point_base_take(base, &is, error))
        return FALSE;
    if (is.pm_base_bytes == was->pm_base_bytes &&
        is.pm_base_mtime_us == was->pm_base_mtime_us)
        return TRUE;
    g_set_error(error, POINT_ERROR, POINT_ERROR_SPOILT,
                "%s: stands on another %s than is here; copy that image from the first "
                "machine with `rsync -a` before",
                point->po_dir, was->pm_base);
    return FALSE;
}

gboolean point_relocate(const Point *point, const char *home, GError **error)
{
    g_auto(PointMeta) meta = {0};
    g_autofree char *base = NULL;

    if (!point_check(point, error))
        return FALSE;
    if (!point->po_disk)
        return TRUE;
    base = g_build_filename(home, point->po_meta.pm_base, NULL);
    if (!is_same_base(point, base, error))
        return FALSE;
    if (chmod(point->po_disk, 0600) < 0)
        return io_failed(error, point->po_disk, "set its mode");
    return disk_rebase(point->po_disk, base, error) &&
           meta_read(point->po_dir, &meta, error) &&
           settle(point->po_disk, 0444, &meta.pm_disk, error) &&
           meta_write(point->po_dir, &meta, error);
}

gboolean point_prepare(const Point *point, const char *home, GError **error)
{
    g_autofree char *base =
        point->po_disk ? g_build_filename(home, point->po_meta.pm_base, NULL) : NULL;
    g_autofree char *below = base ? disk_backing(point->po_disk, NULL) : NULL;

    if (g_strcmp0(base, below) == 0)
        return (!base || !point->po_meta.pm_base_mtime_us ||
                is_same_base(point, base, error)) &&
               point_check(point, error);
    return point_relocate(point, home, error);
}
