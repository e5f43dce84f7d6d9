#include "agents/images/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB ((guint64)1 << 20)

/* Beside the scenario's: an init, what players expect of a shell, modules on demand. */
static const char *const base_packages[] = {
    "systemd-sysv", "iproute2", "iputils-ping", "kmod", "procps", NULL,
};

/* What mmdebstrap says when it begins the next part of its work, and how it is shown. */
static const struct {
    const char *says, *step;
} steps[] = {
    {"I: running apt-get update", "read package lists"},
    {"I: downloading packages", "download base packages"},
    {"I: extracting archives", "unpack base packages"},
    {"I: installing essential packages", "install base packages"},
    {"I: installing remaining packages", "install packages"},
    {"I: running --customize-hook", "set up"},
};

/* The date of all files: content that depends on the build's moment is none. */
#define EPOCH "SOURCE_DATE_EPOCH=1700000000"

typedef struct {
    ImagesJob *job;
    const ImageSpec *spec;
    const char *key, *tmp;
    char *root, *stage, *raw;
    char *what; /* for errors */
} Build;

static gboolean fail(const Build *build, const char *attempt, const char *path,
                     GError **error)
{
    g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_IO, "%s: %s %s: %s", build->what,
                attempt, path, g_strerror(errno));
    return FALSE;
}

static gint by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All packages, sorted, each once. */
static GPtrArray *packages_of(const ImageSpec *spec)
{
    GPtrArray *all = g_ptr_array_new();
    const char *const *lists[] = {base_packages, (const char *const *)spec->packages};

    for (guint l = 0; l < G_N_ELEMENTS(lists); l++) {
        for (guint i = 0; lists[l] && lists[l][i]; i++) {
            if (!g_ptr_array_find_with_equal_func(all, lists[l][i], g_str_equal, NULL))
                g_ptr_array_add(all, (char *)lists[l][i]);
        }
    }
    g_ptr_array_sort(all, by_text);
    return all;
}

char *images_debian_key(const ImageSpec *spec, GError **error)
{
    g_autoptr(ImagesKey) key = images_key_new("disk");
    g_autoptr(GBytes) customise = images_data_bytes("customise.sh", error);
    g_autoptr(GPtrArray) packages = packages_of(spec);

    if (!customise)
        return NULL;
    images_key_bytes(key, "customise", g_bytes_get_data(customise, NULL),
                     g_bytes_get_size(customise));
    images_key_text(key, "suite", images_spec_suite(spec));
    for (guint i = 0; i < packages->len; i++)
        images_key_text(key, "package", packages->pdata[i]);
    images_key_files(key, spec->files);
    return images_key_hex(key);
}

/* ---- the scenario's files, staged for customise.sh ---- */

static gboolean stage_file(const Build *build, guint index, const ImageFile *file,
                           GString *manifest, GError **error)
{
    g_autofree char *name = g_strdup_printf("%u", index);
    g_autofree char *path = g_build_filename(build->stage, name, NULL);
    g_autoptr(GError) err = NULL;
    gsize len;
    const char *bytes = g_bytes_get_data(file->bytes, &len);

    if (!g_file_set_contents(path, bytes ? bytes : "", (gssize)len, &err)) {
        g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_IO, "%s: %s", build->what,
                    err->message);
        return FALSE;
    }
    g_string_append_printf(manifest, "%u %04o %s %s\n", index, file->mode,
                           file->owner ? file->owner : "root:root", file->path);
    return TRUE;
}

static gboolean stage_files(const Build *build, GError **error)
{
    g_autoptr(GString) manifest = g_string_new(NULL);
    g_autofree char *path = g_build_filename(build->stage, "manifest", NULL);
    GPtrArray *files = build->spec->files;
    g_autoptr(GError) err = NULL;

    if (g_mkdir(build->stage, 0700) != 0)
        return fail(build, "make", build->stage, error);
    for (guint i = 0; files && i < files->len; i++) {
        if (!stage_file(build, i, files->pdata[i], manifest, error))
            return FALSE;
    }
    if (g_file_set_contents(path, manifest->str, (gssize)manifest->len, &err))
        return TRUE;
    g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_IO, "%s: %s", build->what,
                err->message);
    return FALSE;
}

/* ---- mmdebstrap ---- */

static void take_line(const char *line, void *data)
{
    Build *build = data;

    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        if (g_str_has_prefix(line, steps[i].says))
            images_job_step(build->job, steps[i].step);
    }
}

/* Proxies of the machine's apt, as mmdebstrap's own apt wants them told. */
static gboolean add_proxies(const Build *build, GPtrArray *argv, GError **error)
{
    const char *dump[] = {"apt-config", "dump", "Acquire", NULL};
    ImagesChild child = {.argv = dump, .cancel = build->job->cancel};
    g_autoptr(GString) out = g_string_new(NULL);

    if (!images_child_run(&child, build->what, out, error))
        return FALSE;
    g_auto(GStrv) lines = g_strsplit(out->str, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        if (strstr(lines[i], "::Proxy") && !strstr(lines[i], "::Proxy \"\""))
            g_ptr_array_add(argv, g_strconcat("--aptopt=", lines[i], NULL));
    }
    return TRUE;
}

static GPtrArray *make_argv(const Build *build, GError **error)
{
    static const char *const fixed[] = {"mmdebstrap",
                                        "--variant=minbase",
                                        "--format=directory",
                                        "--architectures=amd64",
                                        "--skip=output/mknod",
                                        "--dpkgopt=force-unsafe-io",
                                        "--aptopt=Acquire::Languages \"none\""};
    g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) packages = packages_of(build->spec);
    const char *suite = images_spec_suite(build->spec);
    g_auto(GStrv) sources = images_sources(suite, build->job->cancel, error);
    g_autofree char *customise = images_data_path("customise.sh", sources ? error : NULL);

    if (!sources || !customise)
        return NULL;
    for (guint i = 0; i < G_N_ELEMENTS(fixed); i++)
        g_ptr_array_add(argv, g_strdup(fixed[i]));
    if (!add_proxies(build, argv, error))
        return NULL;
    g_ptr_array_add(packages, NULL);
    g_autofree char *include = g_strjoinv(",", (char **)packages->pdata);
    g_ptr_array_add(argv, g_strconcat("--include=", include, NULL));
    g_ptr_array_add(argv, g_strconcat("--customize-hook=", customise, NULL));
    g_ptr_array_add(argv, g_strdup(suite));
    g_ptr_array_add(argv, g_strdup(build->root));
    for (guint i = 0; sources[i]; i++)
        g_ptr_array_add(argv, g_strdup(sources[i]));
    g_ptr_array_add(argv, NULL);
    return g_steal_pointer(&argv);
}

static gboolean bootstrap(Build *build, GError **error)
{
    g_autoptr(GPtrArray) argv = make_argv(build, error);
    g_autofree char *stage = g_strconcat("PARRY_STAGE=", build->stage, NULL);
    g_autofree char *tmp = g_strconcat("TMPDIR=", build->tmp, NULL);
    const char *env[] = {stage, tmp, EPOCH, "DEBIAN_FRONTEND=noninteractive", NULL};

    if (!argv)
        return FALSE;
    ImagesChild child = {.argv = (const char *const *)argv->pdata,
                         .dir = build->tmp,
                         .env = env,
                         .contained = TRUE,
                         .line = take_line,
                         .data = build,
                         .cancel = build->job->cancel};
    return images_child_run(&child, build->what, NULL, error);
}

/* ---- file system ---- */

static _Thread_local guint64 tree_bytes; /* nftw has no place for an argument */

static int add_size(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)path;
    (void)type;
    (void)at;
    tree_bytes += (guint64)st->st_blocks * 512;
    return 0;
}

/* Room for half as much again and for what the drill writes. */
static guint64 size_for(const char *root)
{
    tree_bytes = 0;
    nftw(root, add_size, 32, FTW_PHYS | FTW_MOUNT);
    return MAX(2048 * MIB, (tree_bytes + tree_bytes / 2 + 512 * MIB) / MIB * MIB);
}

/* The first half of the key as the file system's UUID: same input, same identity. */
static char *uuid_of(const char *key)
{
    return g_strdup_printf("%.8s-%.4s-%.4s-%.4s-%.12s", key, key + 8, key + 12, key + 16,
                           key + 20);
}

static gboolean make_file_system(Build *build, GError **error)
{
    g_autofree char *size =
        g_strdup_printf("%" G_GUINT64_FORMAT "k", size_for(build->root) / 1024);
    g_autofree char *uuid = uuid_of(build->key);
    g_autofree char *extended = g_strdup_printf(
        "hash_seed=%s,lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0", uuid);
    /* Checksums of metadata cost under emulation and guard against nothing here. */
    const char *argv[] = {
        "mke2fs",   "-q",     "-t", "ext4",       "-O", "^metadata_csum,^64bit",
        "-m",       "1",      "-L", "parry-root", "-U", uuid,
        "-E",       extended, "-J", "size=16",    "-d", build->root,
        build->raw, size,     NULL,
    };
    const char *env[] = {"E2FSPROGS_FAKE_TIME=1700000000", NULL};
    ImagesChild child = {.argv = argv, .env = env, .cancel = build->job->cancel};

    return images_child_run(&child, build->what, NULL, error);
}

static gboolean convert(Build *build, GError **error)
{
    g_autofree char *disk = g_build_filename(build->tmp, "disk.qcow2", NULL);
    const char *argv[] = {"qemu-img", "convert",  "-f", "raw", "-O",
                          "qcow2",    build->raw, disk, NULL};
    ImagesChild child = {.argv = argv, .cancel = build->job->cancel};

    if (!images_child_run(&child, build->what, NULL, error))
        return FALSE;
    if (unlink(build->raw) != 0)
        return fail(build, "remove", build->raw, error);
    if (!images_tree_remove(build->root) || !images_tree_remove(build->stage))
        return fail(build, "tidy up", build->tmp, error);
    return TRUE;
}

static gboolean fill(Build *build, GError **error)
{
    if (geteuid() != 0) {
        g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_SPEC,
                    "%s: a root file system can only be made by root: run as root, or "
                    "build it once as root with the same PARRY_HOME",
                    build->what);
        return FALSE;
    }
    if (!stage_files(build, error) || !bootstrap(build, error))
        return FALSE;
    images_job_step(build->job, "file system");
    if (!make_file_system(build, error))
        return FALSE;
    images_job_step(build->job, "disk image");
    return convert(build, error);
}

char *images_debian_build(ImagesJob *job, const ImageSpec *spec, const char *key,
                          GError **error)
{
    g_auto(ImagesSlot) slot = IMAGES_SLOT_INIT;

    if (!images_slot_open(&slot, job, "disk", key, error))
        return NULL;
    if (slot.hit)
        return g_build_filename(slot.path, "disk.qcow2", NULL);
    Build build = {.job = job,
                   .spec = spec,
                   .key = key,
                   .tmp = slot.tmp,
                   .root = g_build_filename(slot.tmp, "root", NULL),
                   .stage = g_build_filename(slot.tmp, "stage", NULL),
                   .raw = g_build_filename(slot.tmp, "disk.raw", NULL),
                   .what = g_strdup_printf("image %s (%s)", spec->id, spec->base)};
    gboolean ok = fill(&build, error) && images_slot_commit(&slot, error);
    g_free(build.root);
    g_free(build.stage);
    g_free(build.raw);
    g_free(build.what);
    return ok ? g_build_filename(slot.path, "disk.qcow2", NULL) : NULL;
}
