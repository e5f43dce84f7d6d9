#include "orchestrator/daemon/point_disk.h"

#include "agents/images/images.h"
#include "orchestrator/daemon/point_meta.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The start of a qcow2 (QEMU, docs/interop/qcow2.txt), big-endian. */
enum { QCOW2_MAGIC = 0x514649fb, QCOW2_HEAD = 20, BACKING_AT = 8, BACKING_LEN_AT = 16 };
#define BACKING_MAX 1023
#define HIGH_MAX 16 /* of a stack; more is a circle */
#define FLAT ".flat.qcow2"

/* A file is made before the one that stands on it: nobody sweeps in between. */
G_LOCK_DEFINE_STATIC(stacks);

static gboolean io_failed(GError **error, const char *path, const char *attempt)
{
    g_set_error(error, POINT_ERROR, POINT_ERROR_IO, "%s: %s: %s", path, attempt,
                g_strerror(errno));
    return FALSE;
}

/* Runs a program to its end; what it complained of becomes the error. */
static gboolean run(const char *const *argv, const char *what, GError **error)
{
    g_autofree char *words = NULL;
    g_autoptr(GError) why = NULL;
    int status = 0;

    if (g_spawn_sync(NULL, (char **)argv, NULL,
                     G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL,
                     &words, &status, &why) &&
        g_spawn_check_wait_status(status, &why))
        return TRUE;
    g_set_error(error, POINT_ERROR, POINT_ERROR_IO, "%s: %s: %s%s%s", what, argv[0],
                why->message, words && *words ? ": " : "",
                words ? g_strchomp(words) : "");
    return FALSE;
}

/* ---- names ---- */

char *disk_live(const DiskStack *stack)
{
    return g_strdup_printf("%s/%s.qcow2", stack->ds_disks, stack->ds_domain);
}

static char *layer_path(const DiskStack *stack, gint64 id, gboolean flat)
{
    return g_strdup_printf("%s/%s.%" G_GINT64_FORMAT "%s", stack->ds_disks,
                           stack->ds_domain, id, flat ? FLAT : ".qcow2");
}

/* Of a frozen file, where its content straight over the image is, or belongs. */
static char *twin_path(const char *layer)
{
    gsize stem = strlen(layer) - strlen(".qcow2");

    return g_strdup_printf("%.*s" FLAT, (int)stem, layer);
}

static gboolean is_own(const DiskStack *stack, const char *path)
{
    gsize len = strlen(stack->ds_disks);

    return strncmp(path, stack->ds_disks, len) == 0 && path[len] == '/';
}

/* ---- what stands on what ---- */

static gboolean read_backing(int fd, const char *path, char name[BACKING_MAX + 1],
                             GError **error)
{
    guint8 head[QCOW2_HEAD];
    guint32 magic, len;
    guint64 at;

    if (pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head))
        return io_failed(error, path, "read");
    memcpy(&magic, head, sizeof(magic));
    memcpy(&at, head + BACKING_AT, sizeof(at));
    memcpy(&len, head + BACKING_LEN_AT, sizeof(len));
    at = GUINT64_FROM_BE(at);
    len = GUINT32_FROM_BE(len);
    *name = '\0';
    if (GUINT32_FROM_BE(magic) != QCOW2_MAGIC || len > BACKING_MAX || at > G_MAXINT64) {
        g_set_error(error, POINT_ERROR, POINT_ERROR_SPOILT, "%s: it is no qcow2", path);
        return FALSE;
    }
    if (at == 0)
        return TRUE;
    if (pread(fd, name, len, (off_t)at) != (ssize_t)len)
        return io_failed(error, path, "read its backing file's name");
    name[len] = '\0';
    return TRUE;
}

char *disk_backing(const char *path, GError **error)
{
    char name[BACKING_MAX + 1] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0) {
        io_failed(error, path, "open");
        return NULL;
    }
    gboolean ok = read_backing(fd, path, name, error);
    close(fd);
    return ok && *name ? g_strdup(name) : NULL;
}

/* Calls each for every own file below `path`, top first; returns what is below all of
 * them. */
static char *walk(const DiskStack *stack, const char *path, GHashTable *seen,
                  GError **error)
{
    g_autofree char *at = g_strdup(path);

    for (guint i = 0; i < HIGH_MAX; i++) {
        g_autofree char *below = disk_backing(at, error);

        if (!below || !is_own(stack, below))
            return g_steal_pointer(&below);
        if (seen)
            g_hash_table_add(seen, g_strdup(below));
        g_free(at);
        at = g_steal_pointer(&below);
    }
    g_set_error(error, POINT_ERROR, POINT_ERROR_SPOILT,
                "%s: it stands on more than %d files", path, HIGH_MAX);
    return NULL;
}

char *disk_base(const DiskStack *stack, GError **error)
{
    g_autofree char *live = disk_live(stack);

    return walk(stack, live, NULL, error);
}

static guint64 bytes_taken(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? (guint64)st.st_blocks * 512 : 0;
}

guint64 disk_allocated(const DiskStack *stack)
{
    g_autoptr(GHashTable) below =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *live = disk_live(stack);
    guint64 bytes = bytes_taken(live);
    GHashTableIter iter;
    gpointer path;

    g_free(walk(stack, live, below, NULL));
    g_hash_table_iter_init(&iter, below);
    while (g_hash_table_iter_next(&iter, &path, NULL))
        bytes += bytes_taken(path);
    return bytes;
}

/* ---- copies ---- */

gboolean disk_rebase(const char *path, const char *base, GError **error)
{
    const char *const argv[] = {"qemu-img", "rebase", "-q", "-u", "-f", "qcow2",
                                "-F",       "qcow2",  "-b", base, path, NULL};

    return run(argv, path, error);
}

/* A copy of a frozen file, straight over the image: what lies between goes into it. */
static gboolean flatten(const char *layer, const char *base, const char *to,
                        GError **error)
{
    g_autofree char *tmp = g_strconcat(to, ".new", NULL);
    const char *const copy[] = {"cp", "--reflink=auto", "--sparse=auto", "--", layer, tmp,
                                NULL};
    const char *const merge[] = {"qemu-img", "rebase", "-q", "-f", "qcow2", "-F",
                                 "qcow2",    "-b",     base, tmp,  NULL};

    g_unlink(tmp);
    if (!run(copy, layer, error))
        return FALSE;
    if (chmod(tmp, 0600) < 0)
        return io_failed(error, tmp, "set its mode");
    if (!run(merge, tmp, error))
        return FALSE;
    if (chmod(tmp, 0444) < 0 || rename(tmp, to) < 0)
        return io_failed(error, to, "put in place");
    return TRUE;
}

gboolean disk_prepare(const DiskStack *stack, GError **error)
{
    g_autofree char *live = disk_live(stack);
    g_autofree char *below = disk_backing(live, error);
    g_autofree char *base = below ? disk_base(stack, error) : NULL;
    g_autofree char *next = NULL, *twin = NULL;

    if (!base)
        return below == NULL && !(error && *error);
    if (!is_own(stack, below) || g_str_has_suffix(below, FLAT))
        return TRUE;
    next = disk_backing(below, error);
    if (!next)
        return FALSE;
    twin = twin_path(below);
    if (!is_own(stack, next) || g_file_test(twin, G_FILE_TEST_EXISTS))
        return TRUE;
    return flatten(below, base, twin, error);
}

/* ---- checkpoints ---- */

static gboolean same_file(const char *one, const char *other)
{
    struct stat a, b;

    return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

gboolean disk_swapped(const DiskStack *stack, gint64 id)
{
    g_autofree char *live = disk_live(stack);
    g_autofree char *layer = layer_path(stack, id, FALSE);

    return g_file_test(layer, G_FILE_TEST_EXISTS) && !same_file(live, layer);
}

/* What it stands on has been copied straight over the image: from now on it stands on
 * that. */
static gboolean lower(const char *live, GError **error)
{
    g_autofree char *below = disk_backing(live, error);
    g_autofree char *twin = below ? twin_path(below) : NULL;

    if (!below)
        return FALSE;
    return g_str_has_suffix(below, FLAT) || !g_file_test(twin, G_FILE_TEST_EXISTS) ||
           disk_rebase(live, twin, error);
}

static gboolean overlay(const DiskStack *stack, const char *on, GError **error)
{
    g_autofree char *live = disk_live(stack);
    g_autofree char *fresh = g_strconcat(live, ".new", NULL);

    g_unlink(fresh);
    return images_overlay(on, fresh, stack->ds_size, error) &&
           (rename(fresh, live) == 0 || io_failed(error, live, "put in place"));
}

gboolean disk_swap(const DiskStack *stack, gint64 id, GError **error)
{
    g_autofree char *live = disk_live(stack);
    g_autofree char *layer = layer_path(stack, id, FALSE);

    if (!g_file_test(layer, G_FILE_TEST_EXISTS)) {
        if (!lower(live, error))
            return FALSE;
        if (chmod(live, 0444) < 0 || link(live, layer) < 0)
            return io_failed(error, layer, "keep the disk");
    }
    return overlay(stack, layer, error);
}

gboolean disk_keep(const DiskStack *stack, gint64 id, const char *to, GError **error)
{
    g_autofree char *layer = layer_path(stack, id, FALSE);
    g_autofree char *flat = layer_path(stack, id, TRUE);
    g_autofree char *below = disk_backing(layer, error);
    g_autofree char *base = below ? walk(stack, layer, NULL, error) : NULL;

    if (!base)
        return FALSE;
    if (is_own(stack, below)) {
        if (!g_file_test(flat, G_FILE_TEST_EXISTS) && !flatten(layer, base, flat, error))
            return FALSE;
    } else {
        g_free(flat);
        flat = g_steal_pointer(&layer);
    }
    g_unlink(to);
    return link(flat, to) == 0 || io_failed(error, to, "link to the disk");
}

gboolean disk_revert(const DiskStack *stack, gint64 id, const char *disk, GError **error)
{
    g_autofree char *flat = layer_path(stack, id, TRUE);
    gboolean ok = TRUE;

    G_LOCK(stacks);
    if (!same_file(flat, disk)) {
        g_unlink(flat);
        ok = link(disk, flat) == 0 ||
             io_failed(error, flat, "link to a checkpoint's disk");
    }
    ok = ok && overlay(stack, flat, error);
    G_UNLOCK(stacks);
    return ok;
}

/* ---- what is left over ---- */

/* "DOMAIN.N.qcow2", "DOMAIN.N.flat.qcow2", and what a kill left of one. */
static gboolean is_layer(const DiskStack *stack, const char *name)
{
    gsize len = strlen(stack->ds_domain);

    return strncmp(name, stack->ds_domain, len) == 0 && name[len] == '.' &&
           g_ascii_isdigit(name[len + 1]);
}

static void keep_all(const DiskStack *stack, const char *top, GHashTable *needed)
{
    g_autofree char *below = disk_backing(top, NULL);

    g_free(walk(stack, top, needed, NULL));
    if (below && is_own(stack, below)) /* the next checkpoint is put on it */
        g_hash_table_add(needed, twin_path(below));
}

void disk_sweep(const DiskStack *stack)
{
    g_autoptr(GHashTable) needed =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GDir) dir = g_dir_open(stack->ds_disks, 0, NULL);
    g_autofree char *live = disk_live(stack);
    const char *name;

    G_LOCK(stacks);
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(stack->ds_disks, name, NULL);

        if (g_str_has_prefix(path, live)) /* it, or the evidence of a reset */
            keep_all(stack, path, needed);
    }
    if (dir)
        g_dir_rewind(dir);
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(stack->ds_disks, name, NULL);

        if (is_layer(stack, name) && !g_hash_table_contains(needed, path))
            g_unlink(path);
    }
    G_UNLOCK(stacks);
}
