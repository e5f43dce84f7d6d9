#include "orchestrator/host/config.h"

#include "orchestrator/host/accounts.h"
#include "orchestrator/host/host.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* One "key = value" of libvirt's configuration files. */
struct setting {
    const char *key, *value;
};

static const struct setting libvirtd_settings[] = {
    {"listen_tls", "0"},
    {"listen_tcp", "0"},
    {"unix_sock_dir", "\"/run/libvirt\""},
    {"unix_sock_group", "\"root\""},
    {"unix_sock_rw_perms", "\"0600\""},
    {"unix_sock_ro_perms", "\"0600\""},
    {"unix_sock_admin_perms", "\"0600\""},
    {"auth_unix_rw", "\"none\""},
    {"auth_unix_ro", "\"none\""},
    /* Past this many calls in flight libvirt drops the connection; 5 is the default. */
    {"max_client_requests", "64"},
    {"max_clients", "256"},
    {"max_queued_clients", "256"},
    {"min_workers", "4"},
    {"max_workers", "16"},
    {"log_level", "3"},
    {"log_outputs", "\"3:stderr\""},
    {"host_uuid_source", "\"machine-id\""},
    {NULL, NULL},
};

static const struct setting qemu_settings[] = {
    {"user", "\"" ACCOUNTS_QEMU "\""},
    {"group", "\"" ACCOUNTS_QEMU "\""},
    {"dynamic_ownership", "1"},
    /* Labels of former owners would need extended attributes on every file system. */
    {"remember_owner", "0"},
    /* The unprivileged account is applied by the DAC driver, which is always there. */
    {"security_driver", "\"none\""},
    {"security_default_confined", "0"},
    {"clear_emulator_capabilities", "1"},
    {"seccomp_sandbox", "1"},
    /* The whole host is in a mount namespace with a minimal /dev already. */
    {"namespaces", "[]"},
    {"cgroup_controllers", "[]"},
    {"max_files", "1024"},
    {"max_core", "0"},
    {"dump_guest_core", "0"},
    /* A console file is written through virtlogd, which bounds its size. */
    {"stdio_handler", "\"logd\""},
    {"save_image_format", "\"raw\""},
    /* By it libvirt reads each of some 300 properties of a CPU, one call apiece, from a
     * QEMU that has just started and reads calls byte by byte: a quarter of a clone's
     * processor time. Without it two calls tell the same. */
    {"capability_filters", "[ \"cpu-unavailable-features\" ]"},
    {NULL, NULL},
};

static const struct setting virtlogd_settings[] = {
    {"log_level", "3"},      {"log_outputs", "\"3:stderr\""},
    {"max_clients", "1024"}, {"max_size", "2097152"},
    {"max_backups", "1"},    {NULL, NULL},
};

static gboolean write_file(const char *directory, const char *name, const char *text,
                           GError **error)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);

    if (!g_file_set_contents(path, text, -1, error))
        return FALSE;
    if (chmod(path, 0644) == 0)
        return TRUE;
    g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED, "%s: chmod: %s", path,
                g_strerror(errno));
    return FALSE;
}

static gboolean write_settings(const char *directory, const char *name,
                               const struct setting *settings, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (; settings->key; settings++)
        g_string_append_printf(text, "%s = %s\n", settings->key, settings->value);
    return write_file(directory, name, text->str, error);
}

/*
 * libvirt wants a UUID for its host that stays. It comes from this machine's id and the
 * home, so two homes on one machine differ.
 */
static char *machine_id(const char *home)
{
    g_autofree char *real = NULL;
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

    if (g_file_get_contents("/etc/machine-id", &real, NULL, NULL))
        g_checksum_update(sum, (const guchar *)real, -1);
    g_checksum_update(sum, (const guchar *)home, -1);
    return g_strdup_printf("%.32s\n", g_checksum_get_string(sum));
}

/*
 * libvirtd looks its built-in default account up before it reads the one of qemu.conf,
 * and gives up if it is missing, so the names that Debian and Ubuntu build in are
 * further names of ours.
 */
static const char *const qemu_names[] = {ACCOUNTS_QEMU, "libvirt-qemu"};
static const char *const qemu_groups[] = {ACCOUNTS_QEMU, "libvirt-qemu", "kvm"};

static char *passwd_text(uid_t uid, gid_t gid)
{
    GString *text = g_string_new("root:x:0:0:root:/:/usr/sbin/nologin\n");

    for (size_t i = 0; i < G_N_ELEMENTS(qemu_names); i++)
        g_string_append_printf(text, "%s:x:%u:%u::/nonexistent:/usr/sbin/nologin\n",
                               qemu_names[i], (unsigned)uid, (unsigned)gid);
    return g_string_free(text, FALSE);
}

static char *group_text(gid_t gid)
{
    GString *text = g_string_new("root:x:0:\ntty:x:5:\n");

    for (size_t i = 0; i < G_N_ELEMENTS(qemu_groups); i++)
        g_string_append_printf(text, "%s:x:%u:\n", qemu_groups[i], (unsigned)gid);
    return g_string_free(text, FALSE);
}

gboolean host_config_write(const HostPaths *paths, uid_t qemu_uid, gid_t qemu_gid,
                           GError **error)
{
    g_autofree char *libvirt = g_build_filename(paths->etc, "libvirt", NULL);
    g_autofree char *id = machine_id(paths->home);
    g_autofree char *passwd = passwd_text(qemu_uid, qemu_gid);
    g_autofree char *group = group_text(qemu_gid);

    return write_settings(libvirt, "libvirtd.conf", libvirtd_settings, error) &&
           write_settings(libvirt, "qemu.conf", qemu_settings, error) &&
           write_settings(libvirt, "virtlogd.conf", virtlogd_settings, error) &&
           write_file(paths->etc, "machine-id", id, error) &&
           write_file(paths->etc, "passwd", passwd, error) &&
           write_file(paths->etc, "group", group, error) &&
           write_file(paths->etc, "nsswitch.conf",
                      "passwd: files\ngroup: files\nhosts: files\n", error) &&
           write_file(paths->etc, "hosts", "127.0.0.1 localhost " HOST_CONFIG_NAME "\n",
                      error);
}
