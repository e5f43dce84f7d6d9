#include "tests/integration/host_fixture.h"

#include "orchestrator/host/host.h"
#include "orchestrator/host/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libvirt/libvirt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char network_xml[] =
    "<network><name>" NETWORK "</name>"
    "<bridge name='phtest0' stp='off' delay='0'/></network>";

static const char filter_xml[] =
    "<filter name='" FILTER "' chain='root'>"
    "<rule action='drop' direction='out' priority='100'>"
    "<mac match='no' srcmacaddr='$MAC'/></rule>"
    "<rule action='accept' direction='out' priority='300'>"
    "<ip match='yes' srcipaddr='$IP'/></rule>"
    "<rule action='drop' direction='inout' priority='1000'/></filter>";

/* Around the elements that name files. Without a kernel the firmware runs on and on. */
static const char domain_head[] =
    "<domain type='qemu'><name>" GUEST "</name><memory unit='MiB'>128</memory>"
    "<vcpu>1</vcpu><os><type arch='x86_64' machine='pc'>hvm</type>";
static const char domain_middle[] =
    "</os><features><acpi/><apic/><tcg><tb-cache "
    "unit='MiB'>32</tb-cache></tcg></features>"
    "<cpu mode='custom' match='exact' check='none'><model>qemu64</model></cpu>"
    "<on_poweroff>destroy</on_poweroff><on_crash>destroy</on_crash>"
    "<devices><controller type='usb' model='none'/>"
    "<interface type='network'><mac address='52:54:00:7e:57:01'/>"
    "<source network='" NETWORK "'/><model type='virtio'/>"
    "<filterref filter='" FILTER "'><parameter name='IP' value='203.0.113.7'/>"
    "</filterref><port isolated='yes'/><rom enabled='no'/></interface>";
static const char domain_tail[] = "<memballoon model='none'/></devices></domain>";

const char *fixture_obstacle(void)
{
    if (geteuid() != 0)
        return "needs root";
    if (access("/usr/sbin/libvirtd", X_OK) != 0 ||
        access("/usr/sbin/virtlogd", X_OK) != 0)
        return "libvirtd or virtlogd is not installed";
    if (access("/usr/bin/qemu-system-x86_64", X_OK) != 0)
        return "qemu-system-x86_64 is not installed";
    pid_t pid = fork();
    if (pid == 0)
        _exit(unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID) == 0 ? 0 : 1);
    int status = 1;
    waitpid(pid, &status, 0);
    return status == 0 ? NULL : "no namespaces can be made here";
}

char *fixture_home_new(void)
{
    char *home = g_strdup("/tmp/ph-XXXXXX");

    if (!mkdtemp(home)) {
        perror(home);
        exit(2);
    }
    chmod(home, 0755);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    return home;
}

void fixture_home_end(char *home)
{
    g_autoptr(GError) error = NULL;

    if (!host_stop(home, TRUE, &error))
        fprintf(stderr, "%s\n", error->message);
    fixture_reap();
    host_paths_empty(home, NULL);
    rmdir(home);
    g_free(home);
}

const char *fixture_kernel(void)
{
    static char *found;
    const char *given = g_getenv("PARRY_TEST_KERNEL");
    glob_t hits;

    if (given && *given)
        return given;
    if (!found && glob("/boot/vmlinuz-*", 0, NULL, &hits) == 0) {
        found = g_strdup(hits.gl_pathv[0]);
        globfree(&hits);
    }
    return found;
}

gboolean fixture_network_make(virConnectPtr conn)
{
    virNetworkPtr network = virNetworkLookupByName(conn, NETWORK);
    virNWFilterPtr filter = virNWFilterLookupByName(conn, FILTER);

    if (!filter)
        filter = virNWFilterDefineXML(conn, filter_xml);
    if (!network)
        network = virNetworkDefineXML(conn, network_xml);
    gboolean fine = network && filter &&
                    (virNetworkIsActive(network) == 1 || virNetworkCreate(network) == 0);
    if (network)
        virNetworkFree(network);
    if (filter)
        virNWFilterFree(filter);
    return fine;
}

/* A kernel is copied to where QEMU can see it. */
static char *boot_xml(const char *home)
{
    const char *kernel = fixture_kernel();
    g_autofree char *copy = g_build_filename(home, "images", "vmlinuz", NULL);
    g_autofree char *data = NULL;
    gsize length = 0;

    if (!kernel || !g_file_get_contents(kernel, &data, &length, NULL) ||
        !g_file_set_contents(copy, data, (gssize)length, NULL))
        return g_strdup("");
    chmod(copy, 0644);
    return g_markup_printf_escaped(
        "<kernel>%s</kernel><cmdline>console=ttyS0 quiet panic=0</cmdline>", copy);
}

virDomainPtr fixture_guest_start(virConnectPtr conn, const char *home)
{
    g_autofree char *boot = boot_xml(home);
    g_autofree char *console = g_build_filename(home, "drills", "console.log", NULL);
    g_autofree char *serial = g_markup_printf_escaped(
        "<serial type='file'><source path='%s' append='on'/></serial>", console);
    g_autofree char *xml =
        g_strconcat(domain_head, boot, domain_middle, serial, domain_tail, NULL);

    return virDomainCreateXML(conn, xml, 0);
}

guint64 fixture_namespace(pid_t pid, const char *what)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/ns/%s", (int)pid, what);
    struct stat st;

    return stat(path, &st) == 0 ? st.st_ino : 0;
}

static GArray *members(const char *what, guint64 inode)
{
    GArray *pids = g_array_new(FALSE, FALSE, sizeof(pid_t));
    g_autoptr(GDir) proc = g_dir_open("/proc", 0, NULL);

    for (const char *name; inode && proc && (name = g_dir_read_name(proc));) {
        pid_t pid = (pid_t)g_ascii_strtoll(name, NULL, 10);
        if (pid > 0 && fixture_namespace(pid, what) == inode)
            g_array_append_val(pids, pid);
    }
    return pids;
}

GArray *fixture_namespace_members(pid_t pid)
{
    return members("pid", fixture_namespace(pid, "pid"));
}

guint fixture_members_of(const char *what, guint64 inode)
{
    g_autoptr(GArray) pids = members(what, inode);
    return pids->len;
}

pid_t fixture_member_with(pid_t init, const char *text)
{
    g_autoptr(GArray) pids = fixture_namespace_members(init);

    for (guint i = 0; i < pids->len; i++) {
        pid_t pid = g_array_index(pids, pid_t, i);
        g_autofree char *path = g_strdup_printf("/proc/%d/cmdline", (int)pid);
        g_autofree char *line = NULL;
        gsize length = 0;
        if (pid != init && g_file_get_contents(path, &line, &length, NULL) &&
            memmem(line, length, text, strlen(text)))
            return pid;
    }
    return 0;
}

void fixture_reap(void)
{
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

gboolean fixture_wait(gboolean (*ready)(gpointer data), gpointer data, int seconds)
{
    gint64 deadline = g_get_monotonic_time() + seconds * G_USEC_PER_SEC;

    while (!ready(data)) {
        if (g_get_monotonic_time() > deadline)
            return FALSE;
        g_usleep(20000);
        fixture_reap();
    }
    return TRUE;
}
