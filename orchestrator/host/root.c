/*
 * What is inside, and why:
 *
 *   /usr (read-only)             the programs; /bin, /lib, … as the machine has them
 *   /etc                         ours (host/etc), and the machine's files that programs
 * need /proc, /sys                  of the new namespaces; writable only for networking
 *   /dev                         no disks, no terminals, kvm only if a trial boot worked
 *   /run, /var/…/libvirt         below PARRY_HOME/host
 *   PARRY_HOME/images, golden    read-only, at their own paths
 *   PARRY_HOME/drills            writable, at its own path
 *
 * Nothing else: no other home, no keys, no people.db, no user's files.
 */
#include "orchestrator/host/root.h"

#include "orchestrator/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Flags of data: no set-uid, no devices, no programs. */
#define DATA (MS_NOSUID | MS_NODEV | MS_NOEXEC)

/* Files and directories of the machine's /etc that programs inside need. */
static const char *const etc_of_machine[] = {
    "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "protocols",
    "services",    "ethertypes", "localtime",    "qemu",         NULL};

/* Files of host/etc; its libvirt/ is bound on its own since libvirtd writes there. */
static const char *const etc_of_host[] = {"passwd",        "group", "machine-id",
                                          "nsswitch.conf", "hosts", NULL};

/* Links or directories beside /usr, taken over as the machine has them. */
static const char *const beside_usr[] = {"bin",   "sbin",   "lib", "lib32",
                                         "lib64", "libx32", NULL};

static const struct {
    const char *name;
    mode_t mode;
    unsigned major, minor;
} devices[] = {
    {"null", 0666, 1, 3},   {"zero", 0666, 1, 5},    {"full", 0666, 1, 7},
    {"random", 0666, 1, 8}, {"urandom", 0666, 1, 9}, {"net/tun", 0600, 10, 200},
};

static const struct {
    const char *name, *target;
} device_links[] = {
    {"ptmx", "pts/ptmx"},          {"fd", "/proc/self/fd"},
    {"stdin", "/proc/self/fd/0"},  {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"},
};

/* Parts of /proc that root inside must not write: they are the machine's, not ours. */
static const char *const proc_read_only[] = {"/proc/sysrq-trigger", "/proc/irq",
                                             "/proc/bus", "/proc/fs", NULL};

static gboolean fail(GError **error, const char *what, const char *path)
{
    g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED, "private root: %s %s: %s", what,
                path, g_strerror(errno));
    return FALSE;
}

static gboolean make_directory(const char *path, GError **error)
{
    return g_mkdir_with_parents(path, 0755) == 0 || fail(error, "make", path);
}

static gboolean make_file(const char *path, GError **error)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0)
        return fail(error, "make", path);
    close(fd);
    return TRUE;
}

/* Binds from at root + to (made as a directory or a file), then applies the flags. */
static gboolean bind_at(const char *root, const char *from, const char *to,
                        unsigned long flags, GError **error)
{
    g_autofree char *target = g_strconcat(root, to, NULL);
    struct stat st;

    if (stat(from, &st) != 0)
        return fail(error, "look at", from);
    if (S_ISDIR(st.st_mode) ? !make_directory(target, error) : !make_file(target, error))
        return FALSE;
    if (mount(from, target, NULL, MS_BIND, NULL) != 0)
        return fail(error, "bind", from);
    if (mount(NULL, target, NULL, MS_REMOUNT | MS_BIND | flags, NULL) != 0)
        return fail(error, "restrict the mount of", from);
    return TRUE;
}

static gboolean mount_at(const char *root, const char *type, const char *to,
                         unsigned long flags, const char *options, GError **error)
{
    g_autofree char *target = g_strconcat(root, to, NULL);

    if (!make_directory(target, error))
        return FALSE;
    return mount(type, target, type, flags, options) == 0 || fail(error, "mount", to);
}

static gboolean make_etc(const HostPaths *paths, GError **error)
{
    g_autofree char *etc = g_strconcat(paths->root, "/etc", NULL);
    g_autofree char *libvirt = g_build_filename(paths->etc, "libvirt", NULL);

    if (!make_directory(etc, error))
        return FALSE;
    for (int i = 0; etc_of_machine[i]; i++) {
        g_autofree char *path = g_strconcat("/etc/", etc_of_machine[i], NULL);
        if (g_file_test(path, G_FILE_TEST_EXISTS) &&
            !bind_at(paths->root, path, path, DATA | MS_RDONLY, error))
            return FALSE;
    }
    for (int i = 0; etc_of_host[i]; i++) {
        g_autofree char *from = g_build_filename(paths->etc, etc_of_host[i], NULL);
        g_autofree char *to = g_strconcat("/etc/", etc_of_host[i], NULL);
        if (!bind_at(paths->root, from, to, DATA | MS_RDONLY, error))
            return FALSE;
    }
    return bind_at(paths->root, libvirt, "/etc/libvirt", DATA, error);
}

static gboolean make_usr(const char *root, GError **error)
{
    if (!bind_at(root, "/usr", "/usr", MS_RDONLY | MS_NOSUID | MS_NODEV, error))
        return FALSE;
    for (int i = 0; beside_usr[i]; i++) {
        g_autofree char *path = g_strconcat("/", beside_usr[i], NULL);
        g_autofree char *inside = g_strconcat(root, path, NULL);
        g_autofree char *target = g_file_read_link(path, NULL);
        if (target && symlink(target, inside) != 0)
            return fail(error, "link", path);
        if (!target && g_file_test(path, G_FILE_TEST_IS_DIR) &&
            !bind_at(root, path, path, MS_RDONLY | MS_NOSUID | MS_NODEV, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean make_device(const char *dev, const char *name, mode_t mode, dev_t number,
                            gid_t gid, GError **error)
{
    g_autofree char *path = g_build_filename(dev, name, NULL);

    if (mknod(path, S_IFCHR | mode, number) != 0 || chown(path, 0, gid) != 0 ||
        chmod(path, mode) != 0)
        return fail(error, "make the device", path);
    return TRUE;
}

static gboolean make_kvm(const char *dev, gid_t gid, GError **error)
{
    struct stat st;

    if (stat("/dev/kvm", &st) != 0)
        return fail(error, "look at", "/dev/kvm");
    return make_device(dev, "kvm", 0660, st.st_rdev, gid, error);
}

static gboolean make_dev(const char *root, gid_t kvm_gid, GError **error)
{
    g_autofree char *dev = g_strconcat(root, "/dev", NULL);
    g_autofree char *net = g_strconcat(root, "/dev/net", NULL);

    if (!mount_at(root, "tmpfs", "/dev", MS_NOSUID | MS_NOEXEC, "mode=0755,size=1m",
                  error) ||
        !make_directory(net, error) ||
        !mount_at(root, "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC,
                  "newinstance,ptmxmode=0666,mode=0620,gid=5", error))
        return FALSE;
    for (size_t i = 0; i < G_N_ELEMENTS(devices); i++)
        if (!make_device(dev, devices[i].name, devices[i].mode,
                         makedev(devices[i].major, devices[i].minor), 0, error))
            return FALSE;
    for (size_t i = 0; i < G_N_ELEMENTS(device_links); i++) {
        g_autofree char *path = g_build_filename(dev, device_links[i].name, NULL);
        if (symlink(device_links[i].target, path) != 0)
            return fail(error, "link", path);
    }
    return kvm_gid == (gid_t)-1 || make_kvm(dev, kvm_gid, error);
}

/* /sys of the new network namespace; libvirt sets bridge ports through it. */
static gboolean make_sys(const char *root, GError **error)
{
    g_autofree char *sys = g_strconcat(root, "/sys", NULL);
    g_autofree char *net = g_strconcat(sys, "/devices/virtual/net", NULL);

    if (!mount_at(root, "sysfs", "/sys", DATA, NULL, error))
        return FALSE;
    if (mount(net, net, NULL, MS_BIND, NULL) != 0)
        return fail(error, "bind", net);
    if (mount(NULL, sys, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | DATA, NULL) != 0)
        return fail(error, "restrict the mount of", sys);
    return TRUE;
}

static gboolean make_var(const HostPaths *paths, GError **error)
{
    const char *root = paths->root;
    g_autofree char *var_run = g_strconcat(root, "/var/run", NULL);

    if (!bind_at(root, paths->run, "/run", DATA, error) ||
        !bind_at(root, paths->lib, "/var/lib/libvirt", DATA, error) ||
        !bind_at(root, paths->cache, "/var/cache/libvirt", DATA, error) ||
        !bind_at(root, paths->logs, "/var/log/libvirt", DATA, error) ||
        !mount_at(root, "tmpfs", "/tmp", DATA, "mode=1777,size=64m", error))
        return FALSE;
    return symlink("/run", var_run) == 0 || fail(error, "link", var_run);
}

static gboolean make_home(const HostPaths *paths, GError **error)
{
    static const struct {
        const char *name;
        unsigned long flags;
    } shown[] = {
        {"images", DATA | MS_RDONLY}, {"golden", DATA | MS_RDONLY}, {"drills", DATA}};

    for (size_t i = 0; i < G_N_ELEMENTS(shown); i++) {
        g_autofree char *path = g_build_filename(paths->home, shown[i].name, NULL);
        if (!bind_at(paths->root, path, path, shown[i].flags, error))
            return FALSE;
    }
    return TRUE;
}

/* Puts the old root, with every mount of the machine, out of this namespace. */
static gboolean pivot(const char *root, GError **error)
{
    if (chdir(root) != 0 || syscall(SYS_pivot_root, ".", ".") != 0)
        return fail(error, "pivot_root to", root);
    if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
        return fail(error, "leave the old root for", root);
    return TRUE;
}

gboolean host_root_enter(const HostPaths *paths, gid_t kvm_gid, GError **error)
{
    const char *root = paths->root;
    mode_t before = umask(022);

    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return fail(error, "make private", "/");
    gboolean fine = mount_at(root, "tmpfs", "", MS_NOSUID, "mode=0755,size=4m", error) &&
                    make_usr(root, error) && make_etc(paths, error) &&
                    make_dev(root, kvm_gid, error) &&
                    mount_at(root, "proc", "/proc", DATA, NULL, error) &&
                    make_sys(root, error) && make_var(paths, error) &&
                    make_home(paths, error) && pivot(root, error);
    umask(before);
    return fine;
}

gboolean host_root_seal(GError **error)
{
    if (!bind_at("", "/proc/sys", "/proc/sys", DATA | MS_RDONLY, error))
        return FALSE;
    /* libvirt switches IPv6 off on each bridge that it makes. */
    if (mount("/proc/sys/net", "/proc/sys/net", NULL, MS_BIND, NULL) != 0 ||
        mount(NULL, "/proc/sys/net", NULL, MS_REMOUNT | MS_BIND | DATA, NULL) != 0)
        return fail(error, "keep writable", "/proc/sys/net");
    for (int i = 0; proc_read_only[i]; i++)
        if (g_file_test(proc_read_only[i], G_FILE_TEST_EXISTS) &&
            !bind_at("", proc_read_only[i], proc_read_only[i], DATA | MS_RDONLY, error))
            return FALSE;
    if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID, NULL) != 0)
        return fail(error, "restrict the mount of", "/");
    return TRUE;
}
