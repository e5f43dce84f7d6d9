#include "agents/images/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOCK_POLL_MS = 100 };

static gboolean fail(GError **error, const char *attempt, const char *path)
{
    g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_IO, "image cache: %s %s: %s", attempt,
                path, g_strerror(errno));
    return FALSE;
}

static char *cache_dir(const char *home)
{
    return g_build_filename(home, "images", NULL);
}

char *images_slot_path(const char *home, const char *kind, const char *key)
{
    g_autofree char *name = g_strconcat(kind, "-", key, NULL);

    return g_build_filename(home, "images", name, NULL);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    /* What cannot be removed is found by the caller: the root stays. */
    (void)remove(path);
    return 0;
}

gboolean images_tree_remove(const char *path)
{
    nftw(path, remove_entry, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    return access(path, F_OK) != 0;
}

/* An open file whose name was unlinked in the meantime locks nothing: try anew. */
static int open_lock(const char *path, gboolean *busy, GError **error)
{
    *busy = FALSE;
    for (;;) {
        struct stat by_fd, by_name;
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0) {
            fail(error, "open lock", path);
            return -1;
        }
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
            *busy = errno == EWOULDBLOCK;
            if (!*busy)
                fail(error, "lock", path);
            close(fd);
            return -1;
        }
        if (fstat(fd, &by_fd) == 0 && stat(path, &by_name) == 0 &&
            by_fd.st_ino == by_name.st_ino)
            return fd;
        close(fd);
    }
}

static int wait_lock(ImagesJob *job, const char *path, GError **error)
{
    gboolean told = FALSE;

    for (;;) {
        gboolean busy;
        int fd = open_lock(path, &busy, error);

        if (fd >= 0 || !busy)
            return fd;
        if (images_job_cancelled(job, error))
            return -1;
        if (!told && job->progress)
            job->progress(job->image, "waiting for another build", job->done, job->total,
                          job->data);
        told = TRUE;
        GPollFD cancel = {.fd = -1, .events = G_IO_IN};
        gboolean watched = g_cancellable_make_pollfd(job->cancel, &cancel);
        g_poll(&cancel, watched ? 1 : 0, LOCK_POLL_MS);
        if (watched)
            g_cancellable_release_fd(job->cancel);
    }
}

/* The name of the image that a ".tmp-NAME-XXXXXX" belongs to, or NULL. */
static char *owner_of(const char *entry)
{
    const char *end = strrchr(entry, '-');

    if (!g_str_has_prefix(entry, ".tmp-") || !end || end <= entry + 5)
        return NULL;
    return g_strndup(entry + 5, (gsize)(end - entry) - 5);
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

GPtrArray *images_folder_list(const char *dir, const char *prefix, const char *suffix)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) d = g_dir_open(dir, 0, NULL);

    for (const char *name; d && (name = g_dir_read_name(d));) {
        if (g_str_has_prefix(name, prefix) && g_str_has_suffix(name, suffix))
            g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, by_name);
    return names;
}

static int remove_leftovers(const char *dir, const char *name)
{
    g_autoptr(GPtrArray) entries = images_folder_list(dir, ".tmp-", "");
    int removed = 0;

    for (guint i = 0; i < entries->len; i++) {
        g_autofree char *owner = owner_of(entries->pdata[i]);
        g_autofree char *path = g_build_filename(dir, entries->pdata[i], NULL);
        if (g_strcmp0(owner, name) == 0 && images_tree_remove(path))
            removed++;
    }
    return removed;
}

static char *lock_path(const char *dir, const char *name)
{
    g_autofree char *file = g_strconcat(".lock-", name, NULL);

    return g_build_filename(dir, file, NULL);
}

gboolean images_slot_open(ImagesSlot *slot, ImagesJob *job, const char *kind,
                          const char *key, GError **error)
{
    g_autofree char *dir = cache_dir(job->home);

    slot->name = g_strconcat(kind, "-", key, NULL);
    slot->path = g_build_filename(dir, slot->name, NULL);
    slot->hit = g_file_test(slot->path, G_FILE_TEST_IS_DIR);
    if (slot->hit)
        return TRUE;
    if (g_mkdir_with_parents(dir, 0755) != 0)
        return fail(error, "make", dir);

    g_autofree char *lock = lock_path(dir, slot->name);
    slot->lock = wait_lock(job, lock, error);
    if (slot->lock < 0)
        return FALSE;
    slot->hit = g_file_test(slot->path, G_FILE_TEST_IS_DIR);
    if (slot->hit)
        return TRUE;
    remove_leftovers(dir, slot->name);
    g_autofree char *tmp = g_strconcat(dir, "/.tmp-", slot->name, "-XXXXXX", NULL);
    if (!g_mkdtemp_full(tmp, 0755))
        return fail(error, "make", tmp);
    slot->tmp = g_steal_pointer(&tmp);
    return TRUE;
}

/* Durable, and readable by QEMU's account whatever the caller's umask is. */
static int seal_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)at;
    if (type != FTW_F && type != FTW_DP)
        return 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -1;
    mode_t add = type == FTW_DP || st->st_mode & S_IXUSR ? 0555 : 0444;
    int rc = fchmod(fd, (st->st_mode & 07777) | add) == 0 ? fsync(fd) : -1;
    close(fd);
    return rc;
}

static gboolean sync_dir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    gboolean ok = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return ok;
}

gboolean images_slot_commit(ImagesSlot *slot, GError **error)
{
    g_autofree char *dir = g_path_get_dirname(slot->path);

    if (nftw(slot->tmp, seal_entry, 32, FTW_DEPTH | FTW_PHYS) != 0)
        return fail(error, "write to disk", slot->tmp);
    if (rename(slot->tmp, slot->path) != 0)
        return fail(error, "rename to", slot->path);
    g_clear_pointer(&slot->tmp, g_free);
    slot->hit = TRUE;
    if (!sync_dir(dir))
        return fail(error, "write to disk", dir);
    return TRUE;
}

void images_slot_clear(ImagesSlot *slot)
{
    if (slot->tmp)
        images_tree_remove(slot->tmp);
    if (slot->lock >= 0) {
        g_autofree char *dir = g_path_get_dirname(slot->path);
        g_autofree char *lock = lock_path(dir, slot->name);
        unlink(lock);
        close(slot->lock);
    }
    g_free(slot->tmp);
    g_free(slot->path);
    g_free(slot->name);
    *slot = (ImagesSlot)IMAGES_SLOT_INIT;
}

/* Removes one leftover unless its build is under way. */
static int collect(const char *dir, const char *entry)
{
    g_autofree char *name = owner_of(entry);
    gboolean busy;

    if (!name)
        return 0;
    g_autofree char *lock = lock_path(dir, name);
    int fd = open_lock(lock, &busy, NULL);
    if (fd < 0)
        return 0;
    int removed = remove_leftovers(dir, name);
    unlink(lock);
    close(fd);
    return removed;
}

int images_gc(const char *home, GError **error)
{
    g_autofree char *dir = cache_dir(home);
    int removed = 0;

    if (access(dir, R_OK | X_OK) != 0) {
        if (errno == ENOENT)
            return 0;
        fail(error, "read", dir);
        return -1;
    }
    g_autoptr(GPtrArray) entries = images_folder_list(dir, ".tmp-", "");
    for (guint i = 0; i < entries->len; i++)
        removed += collect(dir, entries->pdata[i]);
    return removed;
}
