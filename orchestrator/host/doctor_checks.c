#include "orchestrator/host/doctor_checks.h"

#include "orchestrator/host/accounts.h"
#include "orchestrator/host/host.h"
#include "orchestrator/host/paths.h"
#include "orchestrator/host/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB ((guint64)1 << 20)
#define MEMORY_FAIL_MIB 768  /* about three emulated guests */
#define MEMORY_WARN_MIB 3072 /* the first drill */
#define DISK_FAIL_MIB 1024
#define DISK_WARN_MIB 6144
#define FILES_BASE 2048 /* as in daemon/needs.c */
#define FILES_WARN 4096
#define MIN_LIBVIRT 9000000 /* 9.0: what Debian 12 has, and what is tested */
#define MIN_QEMU 7002000

static void set(DoctorResult *result, DoctorLevel level, char *seen, const char *mend)
{
    result->level = level;
    result->seen = seen;
    result->mend = g_strdup(mend);
}

void doctor_check_root(const DoctorSubject *subject G_GNUC_UNUSED, DoctorResult *result)
{
    if (geteuid() == 0)
        set(result, DOCTOR_OK, g_strdup("running as root"), NULL);
    else
        set(result, DOCTOR_FAIL,
            g_strdup_printf("running as uid %u", (unsigned)geteuid()),
            "Run with sudo. Without root: check, plan, simulate, verify, report.");
}

/*
 * Runs probe in a child that has its own namespaces, so it leaves nothing behind.
 * NULL if it returned NULL there, else its words (to be freed).
 */
static char *in_namespaces(int namespaces, char *(*probe)(void))
{
    int fds[2];
    char words[512];
    gsize length = 0;

    if (pipe2(fds, O_CLOEXEC) != 0)
        return g_strdup_printf("pipe: %s", g_strerror(errno));
    pid_t pid = fork();
    if (pid == 0) {
        char *problem = unshare(namespaces) != 0
                            ? g_strdup_printf("unshare: %s", g_strerror(errno))
                            : probe();
        if (problem)
            (void)!write(fds[1], problem, MIN(strlen(problem), sizeof words));
        _exit(0);
    }
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        return g_strdup_printf("fork: %s", g_strerror(errno));
    }
    for (ssize_t got; length < sizeof words &&
                      (got = read(fds[0], words + length, sizeof words - length)) > 0;)
        length += (gsize)got;
    close(fds[0]);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!WIFEXITED(status))
        return g_strdup("the probe was killed");
    return length ? g_strndup(words, length) : NULL;
}

static char *probe_nothing(void)
{
    return NULL;
}

void doctor_check_namespaces(const DoctorSubject *subject G_GNUC_UNUSED,
                             DoctorResult *result)
{
    g_autofree char *problem = in_namespaces(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID |
                                                 CLONE_NEWIPC | CLONE_NEWUTS,
                                             probe_nothing);

    if (!problem)
        set(result, DOCTOR_OK, g_strdup("network, mount and pid namespaces can be made"),
            NULL);
    else
        set(result, DOCTOR_FAIL, g_steal_pointer(&problem),
            "Run as root with CAP_SYS_ADMIN (in a container: --privileged), or give a "
            "running libvirt by --connect.");
}

void doctor_check_kvm(const DoctorSubject *subject, DoctorResult *result)
{
    g_autoptr(GError) error = NULL;

    if (geteuid() != 0 && access("/dev/kvm", R_OK | W_OK) != 0) {
        set(result, DOCTOR_WARN, g_strdup("cannot be tried without root"),
            "Run with sudo.");
        return;
    }
    g_autoptr(TrialVerdict) verdict =
        trial_decide(subject->home, subject->kernel, &error);
    if (!verdict)
        set(result, DOCTOR_FAIL, g_strdup(error->message),
            "Mend what the message names, then run the doctor again.");
    else if (g_str_equal(verdict->accel, "kvm"))
        set(result, DOCTOR_OK, g_strdup(verdict->reason), NULL);
    else if (!verdict->settled)
        set(result, DOCTOR_WARN, g_strdup(verdict->reason),
            "Build the guest images (parry up does); their kernel is tried then.");
    else
        set(result, DOCTOR_WARN,
            g_strdup_printf("guests are emulated: %s", verdict->reason),
            "Drills run, slower, and isolation is weaker than with KVM. Turn on "
            "virtualisation in the firmware, or nested virtualisation outside; on real "
            "hardware load kvm_intel or kvm_amd. PARRY_HOME/host/accel.json removed, it "
            "is tried again.");
}

static char *probe_tap(void)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return g_strdup_printf("/dev/net/tun: %s", g_strerror(errno));
    if (ioctl(fd, TUNSETIFF, &request) != 0)
        return g_strdup_printf("/dev/net/tun: make a tap: %s", g_strerror(errno));
    return NULL;
}

void doctor_check_tun(const DoctorSubject *subject G_GNUC_UNUSED, DoctorResult *result)
{
    g_autofree char *problem = in_namespaces(CLONE_NEWNET, probe_tap);

    if (!problem)
        set(result, DOCTOR_OK, g_strdup("/dev/net/tun makes taps"), NULL);
    else
        set(result, DOCTOR_FAIL, g_steal_pointer(&problem),
            "modprobe tun; if the device is missing: mkdir -p /dev/net; mknod "
            "/dev/net/tun c 10 200.");
}

/* The output of a program, errors included; FALSE if it could not run or failed. */
static gboolean output_of(const char *const argv[], char **output)
{
    g_autofree char *errors = NULL;
    int status = 0;

    *output = NULL;
    if (!g_spawn_sync("/", (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, output,
                      &errors, &status, NULL))
        return FALSE;
    if (g_spawn_check_wait_status(status, NULL))
        return TRUE;
    g_free(*output);
    *output = g_steal_pointer(&errors);
    return FALSE;
}

/* What filters of ports do: a map from a port to its chain, by MAC and address. */
static char *probe_filter(void)
{
    static const char *const command[] = {
        "nft",
        "add table bridge probe;"
        "add map bridge probe ports { type ifname : verdict; };"
        "add chain bridge probe port;"
        "add chain bridge probe from { type filter hook prerouting priority -300; };"
        "add rule bridge probe port ether saddr 02:00:00:00:00:01 arp saddr ip 10.0.0.1 "
        "accept;"
        "add rule bridge probe from iifname vmap @ports;"
        "add element bridge probe ports { \"probe0\" : jump port }",
        NULL};
    g_autofree char *output = NULL;

    if (output_of(command, &output))
        return NULL;
    return g_strdup_printf("nft: %s", output ? g_strchomp(output) : "cannot be run");
}

static char *probe_bridge(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || ioctl(fd, SIOCBRADDBR, "parry-probe") != 0)
        return g_strdup_printf("make a bridge: %s", g_strerror(errno));
    close(fd);
    return probe_filter();
}

void doctor_check_bridge(const DoctorSubject *subject G_GNUC_UNUSED, DoctorResult *result)
{
    g_autofree char *problem = in_namespaces(CLONE_NEWNET, probe_bridge);

    if (!problem)
        set(result, DOCTOR_OK, g_strdup("bridges and nftables rules on them can be made"),
            NULL);
    else
        set(result, DOCTOR_FAIL, g_steal_pointer(&problem),
            "apt install nftables iptables; modprobe bridge; the kernel needs nf_tables "
            "with bridge support.");
}

/* A figure of /proc/meminfo, as it stands there; 0 if it does not. */
static guint64 count_of(const char *key)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents("/proc/meminfo", &text, NULL, NULL))
        return 0;
    const char *line = strstr(text, key);
    return line ? g_ascii_strtoull(line + strlen(key), NULL, 10) : 0;
}

/* One in KiB, in MiB. */
static guint64 meminfo(const char *key)
{
    return count_of(key) / 1024;
}

void doctor_check_memory(const DoctorSubject *subject G_GNUC_UNUSED, DoctorResult *result)
{
    guint64 free_mib = meminfo("MemAvailable:"), all = meminfo("MemTotal:");
    DoctorLevel level = free_mib < MEMORY_FAIL_MIB   ? DOCTOR_FAIL
                        : free_mib < MEMORY_WARN_MIB ? DOCTOR_WARN
                                                     : DOCTOR_OK;

    set(result, level,
        g_strdup_printf("%" G_GUINT64_FORMAT " MiB of %" G_GUINT64_FORMAT
                        " MiB available",
                        free_mib, all),
        level == DOCTOR_OK ? NULL
                           : "An emulated 128 MiB guest takes 50 to 220 MiB, the first "
                             "drill about 3 GiB: end other programs or add memory.");
}

#define KSM "/sys/kernel/mm/ksm/"

static guint64 ksm(const char *name)
{
    g_autofree char *path = g_strconcat(KSM, name, NULL);
    g_autofree char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? g_ascii_strtoull(text, NULL, 10)
                                                        : 0;
}

/* Clones of one golden guest share its memory in any case. Whether the kernel looks for
 * further equal pages, which takes processor time, is the organiser's to say. */
void doctor_check_sharing(const DoctorSubject *subject G_GNUC_UNUSED,
                          DoctorResult *result)
{
    guint64 page = (guint64)sysconf(_SC_PAGESIZE), huge = meminfo("Hugepagesize:");
    g_autofree char *merging = NULL;

    if (!g_file_test(KSM, G_FILE_TEST_IS_DIR))
        merging = g_strdup("this kernel merges no equal pages");
    else if (ksm("run") == 1)
        merging =
            g_strdup_printf("equal pages are merged: %" G_GUINT64_FORMAT " MiB saved",
                            ksm("pages_sharing") * page >> 20);
    else
        merging = g_strdup("equal pages are not merged (to have them, which takes "
                           "processor time: echo 1 >" KSM "run)");
    set(result, DOCTOR_OK,
        g_strdup_printf("clones map one file; %s; %" G_GUINT64_FORMAT
                        " huge pages of %" G_GUINT64_FORMAT " MiB reserved",
                        merging, count_of("HugePages_Total:"), huge),
        NULL);
}

/* The home or what of its path exists. */
static char *existing_above(const char *home)
{
    char *path = g_canonicalize_filename(home, NULL);

    while (access(path, F_OK) != 0 && strlen(path) > 1) {
        char *parent = g_path_get_dirname(path);
        g_free(path);
        path = parent;
    }
    return path;
}

void doctor_check_disk(const DoctorSubject *subject, DoctorResult *result)
{
    g_autofree char *path = existing_above(subject->home);
    struct statvfs fs;

    if (statvfs(path, &fs) != 0) {
        set(result, DOCTOR_FAIL, g_strdup_printf("%s: %s", path, g_strerror(errno)),
            "Choose another PARRY_HOME.");
        return;
    }
    guint64 mib = (guint64)fs.f_bavail * fs.f_frsize / MIB;
    DoctorLevel level = mib < DISK_FAIL_MIB   ? DOCTOR_FAIL
                        : mib < DISK_WARN_MIB ? DOCTOR_WARN
                                              : DOCTOR_OK;
    g_autofree char *mend =
        g_strdup_printf("Images and overlays of the first drill take about 3 GiB: make "
                        "room at %s, or set PARRY_HOME to a larger disk.",
                        path);
    set(result, level, g_strdup_printf("%" G_GUINT64_FORMAT " MiB free at %s", mib, path),
        level == DOCTOR_OK ? NULL : mend);
}

unsigned doctor_version_in(const char *text)
{
    g_autoptr(GRegex) pattern = g_regex_new("(\\d+)\\.(\\d+)(?:\\.(\\d+))?", 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    unsigned parts[3] = {0};

    if (!text || !g_regex_match(pattern, text, 0, &match))
        return 0;
    for (int i = 0; i < 3; i++) {
        g_autofree char *part = g_match_info_fetch(match, i + 1);
        if (part)
            parts[i] = (unsigned)MIN(g_ascii_strtoull(part, NULL, 10), 999);
    }
    return parts[0] * 1000000 + parts[1] * 1000 + parts[2];
}

static void check_version(DoctorResult *result, const char *program, const char *package,
                          unsigned least)
{
    const char *argv[] = {program, "--version", NULL};
    g_autofree char *output = NULL;
    g_autofree char *mend = g_strdup_printf("apt install %s", package);

    if (!output_of(argv, &output)) {
        set(result, DOCTOR_FAIL, g_strdup_printf("%s cannot be run", program), mend);
        return;
    }
    output[strcspn(output, "\n")] = '\0';
    unsigned version = doctor_version_in(output);
    g_autofree char *newer =
        g_strdup_printf("%u.%u or newer is what Parry is tested with (Debian 12).",
                        least / 1000000, least / 1000 % 1000);
    set(result, version >= least ? DOCTOR_OK : DOCTOR_WARN, g_steal_pointer(&output),
        version >= least ? NULL : newer);
}

void doctor_check_libvirt(const DoctorSubject *subject G_GNUC_UNUSED,
                          DoctorResult *result)
{
    check_version(result, "/usr/sbin/libvirtd",
                  "libvirt-daemon libvirt-daemon-driver-qemu", MIN_LIBVIRT);
}

void doctor_check_qemu(const DoctorSubject *subject G_GNUC_UNUSED, DoctorResult *result)
{
    check_version(result, "qemu-system-x86_64", "qemu-system-x86", MIN_QEMU);
}

static const struct {
    const char *program, *package;
    DoctorLevel level; /* how bad it is without */
} programs[] = {
    {"virtlogd", "libvirt-daemon", DOCTOR_FAIL},
    {"qemu-img", "qemu-utils", DOCTOR_FAIL},
    {"mmdebstrap", "mmdebstrap", DOCTOR_FAIL},
    {"mke2fs", "e2fsprogs", DOCTOR_FAIL},
    {"busybox", "busybox-static", DOCTOR_FAIL},
    {"cpio", "cpio", DOCTOR_FAIL},
    {"zstd", "zstd", DOCTOR_WARN},
    {"depmod", "kmod", DOCTOR_FAIL},
    {"nft", "nftables", DOCTOR_FAIL},
    {"iptables", "iptables", DOCTOR_FAIL},
    {"ip6tables", "iptables", DOCTOR_FAIL},
    {"useradd", "passwd", DOCTOR_FAIL},
    {"ssh-keygen", "openssh-client", DOCTOR_WARN},
    {"dot", "graphviz", DOCTOR_WARN},
    {"check_http", "monitoring-plugins-basic", DOCTOR_WARN},
};

static gboolean is_installed(const char *program)
{
    static const char *const places[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin",
                                         "/usr/lib/nagios/plugins"};

    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *path = g_build_filename(places[i], program, NULL);
        if (access(path, X_OK) == 0)
            return TRUE;
    }
    return FALSE;
}

void doctor_check_programs(const DoctorSubject *subject G_GNUC_UNUSED,
                           DoctorResult *result)
{
    g_autoptr(GString) missing = g_string_new(NULL);
    g_autoptr(GString) mend = g_string_new("apt install");
    DoctorLevel level = DOCTOR_OK;

    for (size_t i = 0; i < G_N_ELEMENTS(programs); i++) {
        if (is_installed(programs[i].program))
            continue;
        level = MAX(level, programs[i].level);
        g_string_append_printf(missing, "%s%s", missing->len ? ", " : "",
                               programs[i].program);
        g_string_append_printf(mend, " %s", programs[i].package);
    }
    if (missing->len)
        set(result, level, g_strdup_printf("missing: %s", missing->str), mend->str);
    else
        set(result, DOCTOR_OK,
            g_strdup_printf("all %zu are there", G_N_ELEMENTS(programs)), NULL);
}

void doctor_check_accounts(const DoctorSubject *subject G_GNUC_UNUSED,
                           DoctorResult *result)
{
    g_autoptr(GString) missing = g_string_new(NULL);

    for (int i = 0; accounts_names[i]; i++)
        if (!accounts_find(accounts_names[i], NULL, NULL))
            g_string_append_printf(missing, " %s", accounts_names[i]);
    if (!missing->len)
        set(result, DOCTOR_OK, g_strdup("all system accounts are there"), NULL);
    else if (access("/usr/sbin/useradd", X_OK) == 0)
        set(result, DOCTOR_OK, g_strdup_printf("made when needed:%s", missing->str),
            NULL);
    else
        set(result, DOCTOR_FAIL, g_strdup_printf("missing:%s", missing->str),
            "apt install passwd (for useradd), or make them as system accounts.");
}

void doctor_check_home(const DoctorSubject *subject, DoctorResult *result)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HostPaths) paths = host_paths_new(subject->home, &error);
    g_autofree char *above = existing_above(subject->home);

    if (!paths)
        set(result, DOCTOR_FAIL, g_strdup(error->message),
            "Set PARRY_HOME to a short path such as /var/lib/parry.");
    else if (access(above, W_OK) != 0)
        set(result, DOCTOR_FAIL,
            g_strdup_printf("%s cannot be written: %s", above, g_strerror(errno)),
            "Run with sudo, or set PARRY_HOME to a directory of yours.");
    else
        set(result, DOCTOR_OK,
            g_strdup_printf("%s (%zu bytes of socket path in use)", paths->home,
                            strlen(paths->sock)),
            NULL);
}

void doctor_check_files(const DoctorSubject *subject G_GNUC_UNUSED, DoctorResult *result)
{
    struct rlimit files = {0};

    getrlimit(RLIMIT_NOFILE, &files);
    gboolean enough = files.rlim_max >= FILES_WARN;
    set(result, enough ? DOCTOR_OK : DOCTOR_WARN,
        files.rlim_max <= FILES_BASE
            ? g_strdup_printf("up to %llu a process", (unsigned long long)files.rlim_max)
            : g_strdup_printf("up to %llu a process, for drills of up to %llu hosts",
                              (unsigned long long)files.rlim_max,
                              (unsigned long long)(files.rlim_max - FILES_BASE) / 2),
        enough ? NULL
               : "Raise the hard limit (ulimit -Hn 65536, or LimitNOFILE= in a unit): a "
                 "drill takes 2048 descriptors and two for each host.");
}

void doctor_check_limits(const DoctorSubject *subject G_GNUC_UNUSED, DoctorResult *result)
{
    struct rlimit space = {0}, processes = {0};

    getrlimit(RLIMIT_AS, &space);
    getrlimit(RLIMIT_NPROC, &processes);
    if (space.rlim_max != RLIM_INFINITY && space.rlim_max < 4096 * MIB)
        set(result, DOCTOR_FAIL,
            g_strdup_printf("address space is limited to %llu MiB",
                            (unsigned long long)(space.rlim_max / MIB)),
            "Lift it (ulimit -v unlimited): QEMU maps several times a guest's memory.");
    else if (processes.rlim_max < 1024)
        set(result, DOCTOR_WARN,
            g_strdup_printf("%llu processes", (unsigned long long)processes.rlim_max),
            "Raise it (ulimit -u 8192).");
    else
        set(result, DOCTOR_OK, g_strdup("address space and processes suffice"), NULL);
}
