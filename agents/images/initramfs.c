#include "agents/images/internal.h"

#include <stdlib.h>
#include <string.h>

enum { AGENT_MAX = 64 << 20 };

typedef enum { KIND_MICRO, KIND_ROUTER, KIND_DISK } Kind;

/* Data files that go in as they are; bare: the one for an image without agent. */
static const struct {
    const char *data, *path;
    guint mode, gid;
    const char *bare;
} texts[] = {
    {"init", "init", 0755, 0, NULL},
    {"etc/fstab", "etc/fstab", 0644, 0, NULL},
    {"etc/inittab", "etc/inittab", 0644, 0, "etc/inittab-bare"},
    {"etc/rc", "etc/parry/rc", 0755, 0, NULL},
    {"etc/passwd", "etc/passwd", 0644, 0, NULL},
    {"etc/group", "etc/group", 0644, 0, NULL},
    {"etc/shadow", "etc/shadow", 0640, 42, NULL},
    {"etc/shells", "etc/shells", 0644, 0, NULL},
    {"etc/profile", "etc/profile", 0644, 0, NULL},
    {"etc/hosts", "etc/hosts", 0644, 0, NULL},
    {"etc/hostname", "etc/hostname", 0644, 0, NULL},
    {"parry-agent.service", "parry/parry-agent.service", 0644, 0, NULL},
};

static const struct {
    const char *path;
    guint mode;
} folders[] = {
    {".", 0755}, /* else the kernel leaves it open to everybody */
    {"dev", 0755},
    {"proc", 0755},
    {"sys", 0755},
    {"run", 0755},
    {"tmp", 01777},
    {"root", 0700},
    {"home", 0755},
    {"srv", 0755},
    {"newroot", 0755},
    {"var/log", 0755},
    {"var/tmp", 01777},
    {"var/www", 0755},
    {"var/spool/cron/crontabs", 0755},
    {"etc/parry/services", 0755},
};

/* One bin, one lib: what is meant for the other places is found all the same. */
static const struct {
    const char *path, *target;
} links[] = {
    {"sbin", "bin"},
    {"usr/bin", "../bin"},
    {"usr/sbin", "../bin"},
    {"usr/lib", "../lib"},
    {"lib64", "lib"},
    {"var/run", "../run"},
    {"etc/mtab", "/proc/mounts"},
};

#define LIB_DIR "lib/x86_64-linux-gnu"
#define XTABLES "xtables-legacy-multi"

/* ---- parts ---- */

static GBytes *read_kit(const char *kit, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(kit, name, NULL);
    g_autoptr(GError) err = NULL;
    char *text;
    gsize len;

    if (g_file_get_contents(path, &text, &len, &err))
        return g_bytes_new_take(text, len);
    g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_IO,
                "initramfs: %s; remove %s to have it built anew", err->message, kit);
    return NULL;
}

static gboolean add_bytes(ImagesCpio *cpio, const char *path, guint mode, GBytes *bytes)
{
    if (!bytes)
        return FALSE;
    images_cpio_file(cpio, path, mode, g_bytes_get_data(bytes, NULL),
                     g_bytes_get_size(bytes));
    return TRUE;
}

static gboolean add_kit_file(ImagesCpio *cpio, const char *kit, const char *from,
                             const char *to, guint mode, GError **error)
{
    g_autoptr(GBytes) bytes = read_kit(kit, from, error);

    return add_bytes(cpio, to, mode, bytes);
}

static GBytes *text_bytes(guint i, gboolean with_agent, GError **error)
{
    return images_data_bytes(with_agent || !texts[i].bare ? texts[i].data : texts[i].bare,
                             error);
}

static gboolean add_texts(ImagesCpio *cpio, gboolean with_agent, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GBytes) bytes = text_bytes(i, with_agent, error);
        if (!bytes)
            return FALSE;
        images_cpio_owned(cpio, texts[i].path, texts[i].mode, 0, texts[i].gid,
                          g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    }
    return TRUE;
}

static void add_skeleton(ImagesCpio *cpio)
{
    for (guint i = 0; i < G_N_ELEMENTS(folders); i++)
        images_cpio_dir(cpio, folders[i].path, folders[i].mode);
    for (guint i = 0; i < G_N_ELEMENTS(links); i++)
        images_cpio_link(cpio, links[i].path, links[i].target);
    /* The kernel opens it for PID 1 before anything could make it. */
    images_cpio_device(cpio, "dev/console", 0600, 5, 1);
}

static gboolean add_busybox(ImagesCpio *cpio, const char *kit, GError **error)
{
    g_autoptr(GBytes) list = read_kit(kit, "applets", error);

    /* setuid for su, login and passwd; busybox drops it for all other applets. */
    if (!list || !add_kit_file(cpio, kit, "busybox", "bin/busybox", 04755, error))
        return FALSE;
    g_autofree char *text =
        g_strndup(g_bytes_get_data(list, NULL), g_bytes_get_size(list));
    g_auto(GStrv) names = g_strsplit(text, "\n", -1);
    for (guint i = 0; names[i]; i++) {
        if (!names[i][0] || strchr(names[i], '/') || strcmp(names[i], "busybox") == 0)
            continue;
        g_autofree char *path = g_strconcat("bin/", names[i], NULL);
        images_cpio_link(cpio, path, "busybox");
    }
    return TRUE;
}

static gboolean add_agent(ImagesCpio *cpio, const char *agent_path, GError **error)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GMappedFile) file =
        agent_path ? g_mapped_file_new(agent_path, FALSE, &err) : NULL;

    if (!agent_path)
        return TRUE;
    if (!file || g_mapped_file_get_length(file) > AGENT_MAX) {
        g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_MISSING,
                    "initramfs: the agent %s: %s", agent_path,
                    err ? err->message : "too large to be one");
        return FALSE;
    }
    images_cpio_file(cpio, "parry/agent", 0755, g_mapped_file_get_contents(file),
                     g_mapped_file_get_length(file));
    return TRUE;
}

/* ---- modules ---- */

/* The names of the list that this kernel has as modules, in one line. */
static char *loadable(const ImagesDeps *deps, GPtrArray *names, GPtrArray *paths)
{
    g_autoptr(GString) line = g_string_new(NULL);

    for (guint i = 0; i < names->len; i++) {
        if (images_deps_resolve(deps, names->pdata[i], paths))
            g_string_append_printf(line, "%s%s", line->len ? " " : "",
                                   (char *)names->pdata[i]);
    }
    return g_strdup(line->str);
}

static gboolean add_module_files(ImagesCpio *cpio, const char *kit, const char *version,
                                 GPtrArray *paths, GError **error)
{
    for (guint i = 0; i < paths->len; i++) {
        g_autofree char *from = g_build_filename("modules", paths->pdata[i], NULL);
        g_autofree char *to =
            g_build_filename("lib/modules", version, paths->pdata[i], NULL);
        if (!add_kit_file(cpio, kit, from, to, 0644, error))
            return FALSE;
    }
    return TRUE;
}

/* busybox reads the text, kmod (in a Debian guest) the .bin. Names of modules that are
 * not there do no harm here. */
static gboolean add_indexes(ImagesCpio *cpio, const char *kit, const char *version,
                            Kind kind, GError **error)
{
    static const char *const names[] = {
        "modules.alias",     "modules.symbols",     "modules.softdep", /* router: these */
        "modules.alias.bin", "modules.symbols.bin", "modules.dep",     "modules.dep.bin",
        "modules.builtin",   "modules.builtin.bin", "modules.order",
    };
    guint n = kind == KIND_DISK ? G_N_ELEMENTS(names) : 3;

    for (guint i = 0; i < n; i++) {
        g_autofree char *from = g_build_filename("modules", names[i], NULL);
        g_autofree char *to = g_build_filename("lib/modules", version, names[i], NULL);
        if (!add_kit_file(cpio, kit, from, to, 0644, error))
            return FALSE;
    }
    return TRUE;
}

/* modules.dep with only what is there: busybox reads it all each time. */
static gboolean add_short_index(ImagesCpio *cpio, const char *kit, const char *version,
                                GPtrArray *paths, GError **error)
{
    g_autoptr(GBytes) bytes = read_kit(kit, "modules/modules.dep", error);
    g_autoptr(GString) out = g_string_new(NULL);

    if (!bytes)
        return FALSE;
    g_autofree char *text =
        g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        g_autofree char *path = g_strndup(lines[i], strcspn(lines[i], ":"));
        if (g_ptr_array_find_with_equal_func(paths, path, g_str_equal, NULL))
            g_string_append_printf(out, "%s\n", lines[i]);
    }
    g_autofree char *to = g_build_filename("lib/modules", version, "modules.dep", NULL);
    images_cpio_file(cpio, to, 0644, out->str, out->len);
    return TRUE;
}

static gboolean add_modules(ImagesCpio *cpio, const char *kit, Kind kind, GError **error)
{
    g_auto(ImagesModules) modules = {0};
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *dep = g_build_filename(kit, "modules/modules.dep", NULL);
    g_autoptr(ImagesDeps) deps = images_deps_load(dep, error);
    g_autoptr(GBytes) raw = read_kit(kit, "version", deps ? error : NULL);

    if (!deps || !raw || !images_modules_load(&modules, error))
        return FALSE;
    g_autofree char *version =
        g_strndup(g_bytes_get_data(raw, NULL), g_bytes_get_size(raw));
    g_autofree char *base = loadable(deps, modules.base, paths);
    g_autofree char *disk = loadable(deps, modules.disk, paths);
    g_autofree char *to_load = g_strdup_printf("%s\n%s\n", base, disk);
    images_cpio_file(cpio, "etc/parry/modules", 0644, to_load, strlen(to_load));
    if (kind != KIND_MICRO)
        g_free(loadable(deps, modules.more, paths));
    if (kind == KIND_DISK)
        g_free(loadable(deps, modules.rest, paths));
    return (kind == KIND_DISK || add_short_index(cpio, kit, version, paths, error)) &&
           (kind == KIND_MICRO || add_indexes(cpio, kit, version, kind, error)) &&
           add_module_files(cpio, kit, version, paths, error);
}

/* ---- router ---- */

static gboolean add_folder(ImagesCpio *cpio, const char *kit, const char *from,
                           const char *to, guint mode, GError **error)
{
    g_autofree char *path = g_build_filename(kit, from, NULL);
    g_autoptr(GPtrArray) names = images_folder_list(path, "", "");

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *source = g_build_filename(from, names->pdata[i], NULL);
        g_autofree char *target = g_build_filename(to, names->pdata[i], NULL);
        if (!add_kit_file(cpio, kit, source, target, mode, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean add_router(ImagesCpio *cpio, const char *kit, GError **error)
{
    static const char *const names[] = {"iptables", "iptables-save", "iptables-restore"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_strconcat("bin/", names[i], NULL);
        images_cpio_link(cpio, path, XTABLES);
    }
    images_cpio_link(cpio, "lib/ld-linux-x86-64.so.2",
                     "x86_64-linux-gnu/ld-linux-x86-64.so.2");
    return add_kit_file(cpio, kit, "router/sbin/" XTABLES, "bin/" XTABLES, 0755, error) &&
           add_folder(cpio, kit, "router/" LIB_DIR, LIB_DIR, 0755, error) &&
           add_folder(cpio, kit, "router/xtables", LIB_DIR "/xtables", 0644, error);
}

/* ---- the scenario's files ---- */

/* The third field of the line of passwd(5) or group(5) that begins with name. */
static gboolean find_id(const char *table, const char *name, guint *id, GError **error)
{
    g_autoptr(GBytes) bytes = images_data_bytes(table, error);
    char *end;

    if (!bytes)
        return FALSE;
    *id = (guint)strtoul(name, &end, 10);
    if (!*end)
        return TRUE;
    g_autofree char *text =
        g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        g_auto(GStrv) fields = g_strsplit(lines[i], ":", 4);
        if (g_strv_length(fields) >= 3 && strcmp(fields[0], name) == 0) {
            *id = (guint)strtoul(fields[2], NULL, 10);
            return TRUE;
        }
    }
    g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_SPEC,
                "files: a micro image has no \"%s\" in /%s: give the number, or give the "
                "file to the host, which may have users of its own",
                name, table);
    return FALSE;
}

static gboolean add_spec_file(ImagesCpio *cpio, const ImageFile *file, GError **error)
{
    g_auto(GStrv) names = g_strsplit(file->owner ? file->owner : "root", ":", 2);
    guint uid, gid = 0;
    gsize len;
    const void *bytes = g_bytes_get_data(file->bytes, &len);

    if (!find_id("etc/passwd", names[0], &uid, error) ||
        (names[1] && !find_id("etc/group", names[1], &gid, error)))
        return FALSE;
    images_cpio_owned(cpio, file->path + 1, file->mode, uid, gid, bytes, len);
    return TRUE;
}

/* ---- archives ---- */

static GBytes *assemble(const char *kit, Kind kind, const ImageSpec *spec,
                        const char *agent_path, GError **error)
{
    g_autoptr(ImagesCpio) cpio = images_cpio_new();
    GPtrArray *files = kind == KIND_DISK ? NULL : spec->files;

    add_skeleton(cpio);
    if (!add_texts(cpio, agent_path != NULL, error) || !add_busybox(cpio, kit, error) ||
        !add_modules(cpio, kit, kind, error) ||
        (kind == KIND_ROUTER && !add_router(cpio, kit, error)) ||
        !add_agent(cpio, agent_path, error))
        return NULL;
    for (guint i = 0; files && i < files->len; i++) {
        if (!add_spec_file(cpio, files->pdata[i], error))
            return NULL;
    }
    return images_cpio_finish(cpio);
}

char *images_initramfs_key(const char *kit, const ImageSpec *spec, const char *agent_path,
                           GError **error)
{
    g_autoptr(ImagesKey) key = images_key_new("initrd");
    gboolean micro = images_spec_base(spec) == IMAGES_MICRO;
    g_autoptr(GBytes) digest = read_kit(kit, "digest", error);

    if (!digest)
        return NULL;
    images_key_bytes(key, "kit", g_bytes_get_data(digest, NULL),
                     g_bytes_get_size(digest));
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GBytes) bytes = text_bytes(i, agent_path != NULL, error);
        if (!bytes)
            return NULL;
        images_key_bytes(key, texts[i].data, g_bytes_get_data(bytes, NULL),
                         g_bytes_get_size(bytes));
    }
    images_key_number(key, "micro", micro);
    if (micro)
        images_key_files(key, spec->files);
    images_key_number(key, "agents", agent_path != NULL);
    if (agent_path && !images_key_file(key, "agent", agent_path, error))
        return NULL;
    return images_key_hex(key);
}

static gboolean write_one(const char *kit, Kind kind, const ImageSpec *spec,
                          const char *agent_path, const char *dir, const char *name,
                          GError **error)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autoptr(GBytes) bytes = assemble(kit, kind, spec, agent_path, error);
    g_autoptr(GError) err = NULL;

    if (!bytes)
        return FALSE;
    if (g_file_set_contents_full(path, g_bytes_get_data(bytes, NULL),
                                 (gssize)g_bytes_get_size(bytes),
                                 G_FILE_SET_CONTENTS_NONE, 0644, &err))
        return TRUE;
    g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_IO, "initramfs: %s", err->message);
    return FALSE;
}

gboolean images_initramfs_write(const char *kit, const ImageSpec *spec,
                                const char *agent_path, const char *dir, GError **error)
{
    if (images_spec_base(spec) != IMAGES_MICRO)
        return write_one(kit, KIND_DISK, spec, agent_path, dir, "disk.img", error);
    return write_one(kit, KIND_MICRO, spec, agent_path, dir, "micro.img", error) &&
           write_one(kit, KIND_ROUTER, spec, agent_path, dir, "router.img", error);
}
