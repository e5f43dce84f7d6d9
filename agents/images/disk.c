#include "agents/images/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The fixed start of every qcow2 (QEMU, docs/interop/qcow2.txt), big-endian. */
enum { QCOW2_MAGIC = 0x514649fb, QCOW2_HEAD = 32, QCOW2_SIZE_AT = 24 };

/* The virtual size in bytes. */
static gboolean qcow2_size(const char *path, guint64 *size, GError **error)
{
    guint8 head[QCOW2_HEAD];
    guint32 magic;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_MISSING, "image %s: %s", path,
                    g_strerror(errno));
        return FALSE;
    }
    ssize_t n = pread(fd, head, sizeof head, 0);
    close(fd);
    memcpy(&magic, head, sizeof magic);
    if (n != sizeof head || GUINT32_FROM_BE(magic) != QCOW2_MAGIC) {
        g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_SPEC,
                    "image %s: not a qcow2; \"qemu-img convert -O qcow2\" makes one",
                    path);
        return FALSE;
    }
    memcpy(size, head + QCOW2_SIZE_AT, sizeof *size);
    *size = GUINT64_FROM_BE(*size);
    return TRUE;
}

gboolean images_overlay(const char *base, const char *path, guint64 size, GError **error)
{
    guint64 least;

    if (!qcow2_size(base, &least, error))
        return FALSE;
    g_autofree char *bytes = g_strdup_printf("%" G_GUINT64_FORMAT, MAX(size, least));
    g_autofree char *what = g_strdup_printf("disk %s", path);
    const char *argv[] = {"qemu-img", "create", "-q", "-f", "qcow2", "-F",
                          "qcow2",    "-b",     base, path, bytes,   NULL};
    ImagesChild child = {.argv = argv};
    return images_child_run(&child, what, NULL, error);
}

/* ---- a qcow2 of the user's own ---- */

char *images_path_key(const ImageSpec *spec, GError **error)
{
    g_autoptr(ImagesKey) key = images_key_new("disk-by-path");
    struct stat st;

    if (stat(spec->base, &st) != 0 || !S_ISREG(st.st_mode)) {
        g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_MISSING, "image %s: %s: %s",
                    spec->id, spec->base,
                    errno == ENOENT ? "there is no such file" : "not a readable file");
        return NULL;
    }
    /* Its content is not hashed: gigabytes at every start. Who changes it changes these.
     */
    images_key_text(key, "path", spec->base);
    images_key_number(key, "inode", st.st_ino);
    images_key_number(key, "size", (guint64)st.st_size);
    images_key_number(key, "seconds", (guint64)st.st_mtim.tv_sec);
    images_key_number(key, "nanoseconds", (guint64)st.st_mtim.tv_nsec);
    return images_key_hex(key);
}

/* A copy: QEMU sees only PARRY_HOME, and a later change of the original must not change
 * disks that stand on it. convert also flattens what the original stands on. */
char *images_path_build(ImagesJob *job, const ImageSpec *spec, const char *key,
                        GError **error)
{
    g_auto(ImagesSlot) slot = IMAGES_SLOT_INIT;
    guint64 size;

    if (!images_slot_open(&slot, job, "disk", key, error))
        return NULL;
    if (slot.hit)
        return g_build_filename(slot.path, "disk.qcow2", NULL);
    if (!qcow2_size(spec->base, &size, error))
        return NULL;
    images_job_step(job, "copy disk");
    g_autofree char *disk = g_build_filename(slot.tmp, "disk.qcow2", NULL);
    g_autofree char *what = g_strdup_printf("image %s", spec->id);
    const char *argv[] = {"qemu-img", "convert",  "-f", "qcow2", "-O",
                          "qcow2",    spec->base, disk, NULL};
    ImagesChild child = {.argv = argv, .cancel = job->cancel};
    if (!images_child_run(&child, what, NULL, error) || !images_slot_commit(&slot, error))
        return NULL;
    return g_build_filename(slot.path, "disk.qcow2", NULL);
}
