/*
 * Guest images: what a VM boots from, built once from Debian's packages and kept below
 * PARRY_HOME/images by the hash of all that went in.
 *
 * Three kinds of base:
 *   "micro"         kernel and initramfs only: busybox, the agent, the needed modules
 *   "debian/SUITE"  mmdebstrap -> ext4 -> qcow2; the same kernel, the agent rides in the
 *                   initramfs, so that a new agent needs no new disk
 *   "/a/path"       a qcow2 of the user's own, copied into the cache; the agent comes by
 *                   a cloud-init NoCloud seed (second disk, read-only, label "cidata")
 *
 * The cache holds, each in a directory that appears whole by one rename:
 *   kit-KEY/     kernel, busybox, modules, iptables: out of downloaded packages
 *   initrd-KEY/  micro.img, router.img, disk.img (keyed with the agent and the data
 * files) disk-KEY/    disk.qcow2 (keyed without the agent) seed-KEY/    seed.iso Builds
 * work in .tmp-NAME-XXXXXX under the lock file .lock-NAME: two builds of the same image
 * wait for one another, and what a killed build left is removed by the next one.
 *
 * Everything here blocks: call it from a worker thread. Children run in process groups of
 * their own, are killed whole on cancel and die with the calling thread. The process must
 * not reap children that it did not start (no waitpid(-1)).
 */
#ifndef PARRY_IMAGES_H
#define PARRY_IMAGES_H

#include <gio/gio.h>

#define IMAGES_ERROR (images_error_quark())
GQuark images_error_quark(void);

typedef enum {
    IMAGES_ERROR_SPEC,      /* the scenario asks for something that cannot be built */
    IMAGES_ERROR_MISSING,   /* a file, program or package source is not there */
    IMAGES_ERROR_CHILD,     /* a program failed; the message carries its last words */
    IMAGES_ERROR_IO,        /* reading or writing below PARRY_HOME failed */
    IMAGES_ERROR_CANCELLED, /* the GCancellable was triggered */
} ImagesError;

/* A file baked into an image. */
typedef struct {
    char *path;    /* absolute, without "." or ".." parts */
    guint mode;    /* permission bits, at most 07777 */
    char *owner;   /* "user" or "user:group", NULL for root:root */
    GBytes *bytes; /* content */
} ImageFile;

ImageFile *image_file_new(const char *path, guint mode, const char *owner, GBytes *bytes);
void image_file_free(ImageFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImageFile, image_file_free)

/* What the scenario wants. The caller owns everything; nothing here is changed. */
typedef struct {
    char *id;         /* for messages and progress: "micro", "server" */
    char *base;       /* "micro", "debian/SUITE" or an absolute path */
    char **packages;  /* debian only; NULL or empty for none; order does not matter */
    GPtrArray *files; /* of ImageFile; NULL for none; not for a base by path */
    gboolean seed; /* a seed also for a debian base, with cloud-init among its packages */
} ImageSpec;

/* Where the built image is: absolute paths, to be freed by image_result_clear(). */
typedef struct {
    char *key;    /* 32 hex digits: changes when anything that went in changes */
    char *kernel; /* NULL for a base by path: it boots by its own loader */
    char *initrd; /* NULL for a base by path */
    char
        *router_initrd; /* for hosts with "router:"; the same file as initrd for debian */
    char *disk;         /* qcow2 to put an overlay on; NULL for micro */
    char *seed; /* ISO for a base by path and where spec asks for one; NULL otherwise or
                   without agent */
} ImageResult;

void image_result_clear(ImageResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ImageResult, image_result_clear)

/* Told in the calling thread as work proceeds: step `done` of `total` begins (0-based).
 */
typedef void (*ImagesProgress)(const char *image, const char *step, int done, int total,
                               void *data);

/* Says no, with the reason, to a spec that must not reach a build: names, paths, modes.
 */
gboolean images_check(const ImageSpec *spec, GError **error);

/* Finds the image in the cache or builds it. agent_path is the static agent, or NULL for
 * an image without agent. progress and cancel may be NULL. Builds of debian bases need
 * root. result is only touched on success. */
gboolean images_build(const char *home, const ImageSpec *spec, const char *agent_path,
                      ImagesProgress progress, void *data, GCancellable *cancel,
                      ImageResult *result, GError **error);

/* TRUE when images_build() would return at once, without building anything. */
gboolean images_cached(const char *home, const ImageSpec *spec, const char *agent_path);

/* The kernel command line for a result of images_build(); emulated: the guest runs
 * without KVM. NULL for a base by path. The caller frees it. */
char *images_cmdline(const ImageResult *result, gboolean emulated);
/* A further word of it: the initramfs leaves its agent where it is. */
#define IMAGES_NO_AGENT "parry.agent=none"

/* Creates the qcow2 `path` as an overlay on `base`; size in bytes, 0 for that of base. */
gboolean images_overlay(const char *base, const char *path, guint64 size, GError **error);

/* Writes a NoCloud seed that installs and starts the agent at the guest's first boot. */
gboolean images_seed(const char *agent_path, const char *path, GCancellable *cancel,
                     GError **error);

/* The folder that the seed and qemu-guest-agent install the agent in. */
#define IMAGES_AGENT_DIR "/usr/local/lib/parry"
/* What qemu-guest-agent writes into IMAGES_AGENT_DIR/new beside "agent", under the name
 * "unit", and the script that puts both in place and starts the agent. */
gboolean images_guest_parts(GBytes **unit, char **script, GError **error);

/* Removes what killed builds left below home/images; builds under way are left alone.
 * Returns the number of removed directories, or -1 and an error. */
int images_gc(const char *home, GError **error);

#endif
