/*
 * What the sources of parry_images share; nothing of it is for others.
 */
#ifndef PARRY_IMAGES_INTERNAL_H
#define PARRY_IMAGES_INTERNAL_H

#include "agents/images/images.h"

/* Raised when a change of the code changes what is built from the same inputs. */
#define IMAGES_RECIPE "1"

/* ---- job.c: one call of images_build() ---- */

typedef struct {
    const char *home;
    const char *image; /* spec id, for progress */
    ImagesProgress progress;
    void *data;
    GCancellable *cancel;
    int done, total;
} ImagesJob;

void images_job_step(ImagesJob *job, const char *step);
/* G_IO_ERROR_CANCELLED in the words and the domain of this module. */
gboolean images_job_cancelled(ImagesJob *job, GError **error);

/* ---- child.c: programs ---- */

typedef struct {
    const char *const *argv; /* found along PATH */
    const char *dir;         /* working directory, NULL for the caller's */
    const char *const *env;  /* "NAME=value" added to the caller's environment, or NULL */
    int out_fd;              /* where standard output goes; 0: into `out` */
    gboolean contained; /* as root: in a pid namespace, so that nothing outlives it */
    void (*line)(const char *line, void *data); /* each line of standard error */
    void *data;
    GCancellable *cancel;
} ImagesChild;

/* Runs it to its end. out (may be NULL) takes up to 4 MiB of standard output. what names
 * the object in errors: "image server: packages". */
gboolean images_child_run(const ImagesChild *child, const char *what, GString *out,
                          GError **error);

/* ---- slot.c: one directory of the cache ---- */

typedef struct {
    char *name;   /* "kit-KEY" */
    char *path;   /* HOME/images/kit-KEY */
    char *tmp;    /* where the build works; NULL when nothing is to be built */
    int lock;     /* -1 when not held */
    gboolean hit; /* path is there */
} ImagesSlot;

#define IMAGES_SLOT_INIT                                                                 \
    {                                                                                    \
        .lock = -1                                                                       \
    }

/* Takes the lock (waits for another build, unless cancelled) and makes tmp, or finds that
 * the directory is there. */
gboolean images_slot_open(ImagesSlot *slot, ImagesJob *job, const char *kind,
                          const char *key, GError **error);
/* Makes tmp durable and renames it to path. */
gboolean images_slot_commit(ImagesSlot *slot, GError **error);
/* Removes what is not committed and releases the lock. */
void images_slot_clear(ImagesSlot *slot);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ImagesSlot, images_slot_clear)

char *images_slot_path(const char *home, const char *kind, const char *key);
/* Names below dir that begin and end so, sorted; none where dir cannot be read. */
GPtrArray *images_folder_list(const char *dir, const char *prefix, const char *suffix);
/* Removes a tree without crossing mounts or following links; FALSE if something stays. */
gboolean images_tree_remove(const char *path);

/* ---- spec.c ---- */

typedef enum { IMAGES_MICRO, IMAGES_DEBIAN, IMAGES_PATH } ImagesBase;

ImagesBase images_spec_base(const ImageSpec *spec);
const char *images_spec_suite(const ImageSpec *spec); /* debian only */

/* ---- key.c ---- */

typedef struct ImagesKey ImagesKey;

ImagesKey *images_key_new(const char *kind);
/* Each part is hashed with its label and its length: no two lists of parts look alike. */
void images_key_text(ImagesKey *key, const char *label, const char *text);
void images_key_bytes(ImagesKey *key, const char *label, const void *bytes, gsize len);
void images_key_number(ImagesKey *key, const char *label, guint64 number);
gboolean images_key_file(ImagesKey *key, const char *label, const char *path,
                         GError **error);
void images_key_files(ImagesKey *key, GPtrArray *files);
/* 32 hex digits. */
char *images_key_hex(ImagesKey *key);
void images_key_free(ImagesKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImagesKey, images_key_free)

/* ---- data.c: the files installed beside the program ---- */

/* Path of a data file: below PARRY_DATA/images, the source tree (for programs of the
 * build tree) or the installed place. */
char *images_data_path(const char *name, GError **error);
GBytes *images_data_bytes(const char *name, GError **error);

/* ---- cpio.c: an initramfs archive ---- */

typedef struct ImagesCpio ImagesCpio;

ImagesCpio *images_cpio_new(void);
/* Missing parents are made as root's, 0755. A later entry replaces nothing: the kernel
 * unpacks in order, so the later one wins. Paths are relative. */
void images_cpio_dir(ImagesCpio *cpio, const char *path, guint mode);
void images_cpio_file(ImagesCpio *cpio, const char *path, guint mode, const void *data,
                      gsize len);
void images_cpio_owned(ImagesCpio *cpio, const char *path, guint mode, guint uid,
                       guint gid, const void *data, gsize len);
void images_cpio_link(ImagesCpio *cpio, const char *path, const char *target);
void images_cpio_device(ImagesCpio *cpio, const char *path, guint mode, guint major,
                        guint minor);
/* Ends the archive. */
GBytes *images_cpio_finish(ImagesCpio *cpio);
void images_cpio_free(ImagesCpio *cpio);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImagesCpio, images_cpio_free)

/* ---- kit.c: what Debian's packages give ---- */

/*
 * A kit directory:
 *   kernel                 vmlinux where it could be unpacked, else vmlinuz
 *   busybox  applets       the static busybox and the list of its applets
 *   modules/               as below /lib/modules, pruned, with depmod's indexes
 *   router/                iptables as it stands in the guest's root
 *   version  digest        the kernel's release; SHA-256 over all of the above
 */
char *images_kit_key(GError **error);
/* The path of the kit, built if need be. */
char *images_kit_build(ImagesJob *job, GError **error);

/* ---- modules.c ---- */

typedef struct {
    GPtrArray *base, *disk, *more, *rest; /* of char *: names, without "?" */
    GHashTable *optional;                 /* names that may be missing */
} ImagesModules;

gboolean images_modules_load(ImagesModules *modules, GError **error);
void images_modules_clear(ImagesModules *modules);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ImagesModules, images_modules_clear)

/* What modules.dep says: module name to the files it needs, itself first. */
typedef struct ImagesDeps ImagesDeps;

ImagesDeps *images_deps_load(const char *path, GError **error);
/* Appends the paths (relative to the folder of modules.dep) of name and of all it needs,
 * those not yet in `paths`, in the order to load them. FALSE if the name is unknown. */
gboolean images_deps_resolve(const ImagesDeps *deps, const char *name, GPtrArray *paths);
void images_deps_free(ImagesDeps *deps);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImagesDeps, images_deps_free)

/* ---- unpack.c ---- */

/* Writes `to`, the decompressed `from` (.gz, .xz, .zst, .lz4 by its first bytes, else a
 * copy). */
gboolean images_unpack(const char *from, const char *to, GCancellable *cancel,
                       GError **error);
/* Takes the ELF kernel out of a bzImage. FALSE without error where that is not possible:
 * the bzImage boots too, only slower. */
gboolean images_unpack_kernel(const char *bzimage, const char *to, GCancellable *cancel,
                              GError **error);

/* ---- initramfs.c ---- */

/* Also keyed with the digest that stands in the kit. */
char *images_initramfs_key(const char *kit, const ImageSpec *spec, const char *agent_path,
                           GError **error);
gboolean images_initramfs_write(const char *kit, const ImageSpec *spec,
                                const char *agent_path, const char *dir, GError **error);

/* ---- sources.c: the machine's own Debian mirrors ---- */

/* "deb …" lines for suite, NULL-terminated. */
char **images_sources(const char *suite, GCancellable *cancel, GError **error);
/* The same from the output of apt-get indextargets (tab-separated origin, codename, URI,
 * component); for tests. */
char **images_sources_parse(const char *targets, const char *suite, GError **error);

/* ---- disk.c ---- */

char *images_debian_key(const ImageSpec *spec, GError **error);
char *images_debian_build(ImagesJob *job, const ImageSpec *spec, const char *key,
                          GError **error);
char *images_path_key(const ImageSpec *spec, GError **error);
char *images_path_build(ImagesJob *job, const ImageSpec *spec, const char *key,
                        GError **error);

/* ---- seed.c ---- */

char *images_seed_key(const char *agent_path, GError **error);

#endif
