#include "agents/images/internal.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The metapackage; it depends on the kernel of the day. */
#define KERNEL_PACKAGE "linux-image-cloud-amd64"
#define LIB_DIR "lib/x86_64-linux-gnu"
#define XTABLES_DIR "usr/" LIB_DIR "/xtables"

static const char *const tool_packages[] = {
    "busybox-static", "iptables", "libxtables12", "libip4tc2", "libip6tc2", "libc6", NULL,
};

/* Where a file lies in the packages (with or without a leading usr/), and in a router. */
static const struct {
    const char *from, *to;
} router_files[] = {
    {"sbin/xtables-legacy-multi", "sbin/xtables-legacy-multi"},
    {LIB_DIR "/libxtables.so.12", LIB_DIR "/libxtables.so.12"},
    {LIB_DIR "/libip4tc.so.2", LIB_DIR "/libip4tc.so.2"},
    {LIB_DIR "/libip6tc.so.2", LIB_DIR "/libip6tc.so.2"},
    {LIB_DIR "/libc.so.6", LIB_DIR "/libc.so.6"},
    {LIB_DIR "/ld-linux-x86-64.so.2", LIB_DIR "/ld-linux-x86-64.so.2"},
};

typedef struct {
    ImagesJob *job;
    const char *tmp; /* the slot's */
    char *debs;      /* downloaded packages */
    char *root;      /* all of them unpacked over one another */
    char *version;   /* of the kernel */
} Kit;

static const char what[] = "guest kernel and tools";

static gboolean fail(GError **error, const char *attempt, const char *path)
{
    g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_IO, "%s: %s %s: %s", what, attempt,
                path, g_strerror(errno));
    return FALSE;
}

static gboolean run(Kit *kit, const char *const *argv, GString *out, GError **error)
{
    ImagesChild child = {.argv = argv, .dir = kit->debs, .cancel = kit->job->cancel};

    return images_child_run(&child, what, out, error);
}

char *images_kit_key(GError **error)
{
    g_autoptr(ImagesKey) key = images_key_new("kit");
    g_autoptr(GBytes) modules = images_data_bytes("modules", error);

    if (!modules)
        return NULL;
    images_key_bytes(key, "modules", g_bytes_get_data(modules, NULL),
                     g_bytes_get_size(modules));
    images_key_text(key, "package", KERNEL_PACKAGE);
    for (guint i = 0; tool_packages[i]; i++)
        images_key_text(key, "package", tool_packages[i]);
    return images_key_hex(key);
}

/* ---- packages ---- */

/* The package that the metapackage depends on. */
static char *find_kernel_package(Kit *kit, GError **error)
{
    const char *argv[] = {"apt-cache", "depends", KERNEL_PACKAGE, NULL};
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) err = NULL;

    if (!run(kit, argv, out, &err) &&
        !g_error_matches(err, IMAGES_ERROR, IMAGES_ERROR_CHILD)) {
        g_propagate_error(error, g_steal_pointer(&err));
        return NULL;
    }
    g_auto(GStrv) lines = g_strsplit(out->str, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        const char *line = g_strstrip(lines[i]);
        if (g_str_has_prefix(line, "Depends: linux-image-"))
            return g_strdup(line + strlen("Depends: "));
    }
    g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_MISSING,
                "%s: apt knows no package " KERNEL_PACKAGE
                ": the machine's apt must have Debian's archive configured; then run "
                "\"apt-get update\" and try again",
                what);
    return NULL;
}

static gboolean download(Kit *kit, GError **error)
{
    g_autofree char *kernel = find_kernel_package(kit, error);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();

    if (!kernel)
        return FALSE;
    g_ptr_array_add(argv, (char *)"apt-get");
    g_ptr_array_add(argv, (char *)"-q");
    if (geteuid() == 0) { /* apt's own account may not write here */
        g_ptr_array_add(argv, (char *)"-o");
        g_ptr_array_add(argv, (char *)"APT::Sandbox::User=root");
    }
    g_ptr_array_add(argv, (char *)"download");
    g_ptr_array_add(argv, kernel);
    for (guint i = 0; tool_packages[i]; i++)
        g_ptr_array_add(argv, (char *)tool_packages[i]);
    g_ptr_array_add(argv, NULL);
    g_autoptr(GError) err = NULL;
    if (run(kit, (const char *const *)argv->pdata, NULL, &err))
        return TRUE;
    g_propagate_prefixed_error(error, g_steal_pointer(&err),
                               "packages cannot be fetched (no network, or old lists: "
                               "\"apt-get update\"): ");
    return FALSE;
}

static gboolean unpack_all(Kit *kit, ImagesKey *digest, GError **error)
{
    g_autoptr(GPtrArray) debs = images_folder_list(kit->debs, "", ".deb");

    for (guint i = 0; i < debs->len; i++) {
        g_autofree char *deb = g_build_filename(kit->debs, debs->pdata[i], NULL);
        const char *argv[] = {"dpkg-deb", "-x", deb, kit->root, NULL};
        if (!images_key_file(digest, debs->pdata[i], deb, error) ||
            !run(kit, argv, NULL, error))
            return FALSE;
    }
    return TRUE;
}

/* Absolute path of a file of the packages; merged and unmerged /usr both occur. */
static char *find_file(Kit *kit, const char *path)
{
    char *plain = g_build_filename(kit->root, path, NULL);

    if (g_file_test(plain, G_FILE_TEST_EXISTS))
        return plain;
    g_free(plain);
    char *usr = g_build_filename(kit->root, "usr", path, NULL);
    if (g_file_test(usr, G_FILE_TEST_EXISTS))
        return usr;
    g_free(usr);
    return NULL;
}

static gboolean copy(Kit *kit, const char *from, const char *to, guint mode,
                     GError **error)
{
    g_autofree char *source = find_file(kit, from);
    g_autofree char *target = g_build_filename(kit->tmp, to, NULL);
    g_autofree char *dir = g_path_get_dirname(target);

    if (!source) {
        g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_MISSING,
                    "%s: Debian's packages have no file %s", what, from);
        return FALSE;
    }
    if (g_mkdir_with_parents(dir, 0755) != 0)
        return fail(error, "make", dir);
    if (!images_unpack(source, target, kit->job->cancel, error))
        return FALSE;
    return g_chmod(target, (int)mode) == 0 || fail(error, "set the mode of", target);
}

/* ---- kernel and modules ---- */

static gboolean take_kernel(Kit *kit, ImagesKey *digest, GError **error)
{
    g_autofree char *boot = g_build_filename(kit->root, "boot", NULL);
    g_autoptr(GPtrArray) names = images_folder_list(boot, "vmlinuz-", "");
    g_autoptr(GError) err = NULL;

    if (names->len != 1) {
        g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_MISSING,
                    "%s: %u kernels in Debian's package, want 1", what, names->len);
        return FALSE;
    }
    kit->version = g_strdup((char *)names->pdata[0] + strlen("vmlinuz-"));
    g_autofree char *from = g_build_filename(boot, names->pdata[0], NULL);
    g_autofree char *to = g_build_filename(kit->tmp, "kernel", NULL);
    gboolean unpacked = images_unpack_kernel(from, to, kit->job->cancel, &err);
    if (err) {
        g_propagate_error(error, g_steal_pointer(&err));
        return FALSE;
    }
    images_key_number(digest, "unpacked", unpacked);
    if (unpacked)
        return TRUE;
    g_autofree char *path = g_strconcat("boot/", (char *)names->pdata[0], NULL);
    return copy(kit, path, "kernel", 0644, error);
}

static gboolean depmod(Kit *kit, const char *base, GError **error)
{
    const char *argv[] = {"depmod", "-b", base, kit->version, NULL};

    return run(kit, argv, NULL, error);
}

/* Appends the files of each module of the list, in the order to load. */
static gboolean resolve(const ImagesModules *modules, GPtrArray *names,
                        const ImagesDeps *deps, GPtrArray *paths, GError **error)
{
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        if (!images_deps_resolve(deps, name, paths) &&
            !g_hash_table_contains(modules->optional, name)) {
            g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_MISSING,
                        "%s: the kernel has no module %s", what, name);
            return FALSE;
        }
    }
    return TRUE;
}

static GPtrArray *wanted_modules(const char *dep_path, GError **error)
{
    g_auto(ImagesModules) modules = {0};
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(ImagesDeps) deps = images_deps_load(dep_path, error);

    if (!deps || !images_modules_load(&modules, error) ||
        !resolve(&modules, modules.base, deps, paths, error) ||
        !resolve(&modules, modules.disk, deps, paths, error) ||
        !resolve(&modules, modules.more, deps, paths, error) ||
        !resolve(&modules, modules.rest, deps, paths, error))
        return NULL;
    return g_steal_pointer(&paths);
}

/* "…/x.ko.xz" without the compression's suffix: they are unpacked here. */
static char *plain_name(const char *path)
{
    const char *end = strstr(path, ".ko");

    return end ? g_strndup(path, (gsize)(end - path) + 3) : g_strdup(path);
}

static gboolean copy_modules(Kit *kit, const char *from, const char *to, GError **error)
{
    static const char *const lists[] = {"modules.builtin", "modules.builtin.modinfo",
                                        "modules.order"};
    g_autofree char *dep = g_build_filename(kit->root, from, "modules.dep", NULL);
    g_autoptr(GPtrArray) paths = wanted_modules(dep, error);

    for (guint i = 0; paths && i < paths->len; i++) {
        g_autofree char *source = g_build_filename(from, paths->pdata[i], NULL);
        g_autofree char *plain = plain_name(paths->pdata[i]);
        g_autofree char *target = g_build_filename(to, plain, NULL);
        if (!copy(kit, source, target, 0644, error))
            return FALSE;
    }
    for (guint i = 0; paths && i < G_N_ELEMENTS(lists); i++) {
        g_autofree char *source = g_build_filename(from, lists[i], NULL);
        g_autofree char *target = g_build_filename(to, lists[i], NULL);
        if (!copy(kit, source, target, 0644, error))
            return FALSE;
    }
    return paths != NULL;
}

static gboolean take_modules(Kit *kit, GError **error)
{
    g_autofree char *usr = g_build_filename(kit->root, "usr/lib/modules", NULL);
    g_autofree char *lib = g_build_filename(kit->root, "lib", NULL);
    g_autofree char *plain = g_build_filename(lib, "modules", NULL);
    g_autofree char *from = g_build_filename("lib/modules", kit->version, NULL);
    g_autofree char *base = g_build_filename(kit->tmp, "depmod", NULL);
    g_autofree char *to = g_build_filename("depmod", from, NULL);

    /* depmod looks below lib/modules only. */
    if (g_file_test(usr, G_FILE_TEST_IS_DIR) &&
        (g_mkdir_with_parents(lib, 0755) != 0 || rename(usr, plain) != 0))
        return fail(error, "move", usr);
    if (!depmod(kit, kit->root, error) || !copy_modules(kit, from, to, error) ||
        !depmod(kit, base, error))
        return FALSE;
    g_autofree char *made = g_build_filename(kit->tmp, to, NULL);
    g_autofree char *final = g_build_filename(kit->tmp, "modules", NULL);
    if (rename(made, final) != 0)
        return fail(error, "move", made);
    images_tree_remove(base);
    return TRUE;
}

/* ---- tools ---- */

static gboolean take_busybox(Kit *kit, GError **error)
{
    g_autofree char *path = g_build_filename(kit->tmp, "busybox", NULL);
    g_autofree char *applets = g_build_filename(kit->tmp, "applets", NULL);
    const char *argv[] = {path, "--list", NULL};
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) err = NULL;

    if (!copy(kit, "bin/busybox", "busybox", 0755, error) || !run(kit, argv, out, error))
        return FALSE;
    if (g_file_set_contents(applets, out->str, (gssize)out->len, &err))
        return TRUE;
    g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_IO, "%s: %s", what, err->message);
    return FALSE;
}

static gboolean take_router(Kit *kit, GError **error)
{
    g_autofree char *plugins = g_build_filename(kit->root, XTABLES_DIR, NULL);

    for (guint i = 0; i < G_N_ELEMENTS(router_files); i++) {
        g_autofree char *to = g_build_filename("router", router_files[i].to, NULL);
        if (!copy(kit, router_files[i].from, to, 0755, error))
            return FALSE;
    }
    /* libipt_*, libxt_*: IPv4 and both. What is left out is for bridges, ARP and IPv6. */
    static const char *const kinds[] = {"libipt_", "libxt_"};
    for (guint k = 0; k < G_N_ELEMENTS(kinds); k++) {
        g_autoptr(GPtrArray) names = images_folder_list(plugins, kinds[k], ".so");
        for (guint i = 0; i < names->len; i++) {
            g_autofree char *from = g_build_filename(XTABLES_DIR, names->pdata[i], NULL);
            g_autofree char *to =
                g_build_filename("router/xtables", names->pdata[i], NULL);
            if (!copy(kit, from, to, 0644, error))
                return FALSE;
        }
    }
    return TRUE;
}

/* ---- all of it ---- */

static gboolean write_text(Kit *kit, const char *name, const char *text, GError **error)
{
    g_autofree char *path = g_build_filename(kit->tmp, name, NULL);
    g_autoptr(GError) err = NULL;

    if (g_file_set_contents(path, text, -1, &err))
        return TRUE;
    g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_IO, "%s: %s", what, err->message);
    return FALSE;
}

static gboolean fill(Kit *kit, GError **error)
{
    g_autoptr(ImagesKey) digest = images_key_new("kit-content");
    g_autofree char *key = images_kit_key(error);

    if (!key)
        return FALSE;
    images_key_text(digest, "kit", key);
    if (g_mkdir(kit->debs, 0755) != 0 || g_mkdir(kit->root, 0755) != 0)
        return fail(error, "make folders in", kit->tmp);
    images_job_step(kit->job, "download kernel and tools");
    if (!download(kit, error))
        return FALSE;
    images_job_step(kit->job, "unpack kernel and tools");
    if (!unpack_all(kit, digest, error) || !take_kernel(kit, digest, error) ||
        !take_modules(kit, error) || !take_busybox(kit, error) ||
        !take_router(kit, error))
        return FALSE;
    g_autofree char *hex = images_key_hex(digest);
    if (!write_text(kit, "version", kit->version, error) ||
        !write_text(kit, "digest", hex, error))
        return FALSE;
    if (!images_tree_remove(kit->debs) || !images_tree_remove(kit->root))
        return fail(error, "tidy up", kit->tmp);
    return TRUE;
}

char *images_kit_build(ImagesJob *job, GError **error)
{
    g_auto(ImagesSlot) slot = IMAGES_SLOT_INIT;
    g_autofree char *key = images_kit_key(error);

    if (!key || !images_slot_open(&slot, job, "kit", key, error))
        return NULL;
    if (slot.hit)
        return g_strdup(slot.path);
    Kit kit = {.job = job,
               .tmp = slot.tmp,
               .debs = g_build_filename(slot.tmp, "debs", NULL),
               .root = g_build_filename(slot.tmp, "root", NULL)};
    gboolean ok = fill(&kit, error) && images_slot_commit(&slot, error);
    g_free(kit.debs);
    g_free(kit.root);
    g_free(kit.version);
    return ok ? g_strdup(slot.path) : NULL;
}
