#include "orchestrator/host/trial.h"

#include "orchestrator/host/host.h"
#include "orchestrator/host/trial_boot.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define BUDGET_US (10 * G_USEC_PER_SEC)
#define SECTOR_US (3 * G_USEC_PER_SEC)
#define KERNEL_US (5 * G_USEC_PER_SEC)

/*
 * What emulated guests are given: has what today's user space may ask for (x86-64-v2),
 * all of it emulated, and boots as fast as qemu64.
 */
#define EMULATED_CPU "Nehalem"

/* Processors to try with KVM, best first, with libvirt's name for each. */
static const struct {
    const char *qemu, *libvirt;
} cpus[] = {{"host", "host-passthrough"}, {"kvm64", "kvm64"}};

void trial_verdict_free(TrialVerdict *verdict)
{
    if (!verdict)
        return;
    g_free(verdict->cpu);
    g_free(verdict->reason);
    g_free(verdict);
}

static TrialVerdict *verdict_new(gboolean kvm, const char *cpu, char *reason,
                                 gboolean settled)
{
    TrialVerdict *verdict = g_new0(TrialVerdict, 1);

    verdict->accel = kvm ? "kvm" : "qemu";
    verdict->cpu = g_strdup(cpu);
    verdict->reason = reason;
    verdict->settled = settled;
    return verdict;
}

/* The model name of the first processor, as the kernel tells it. */
static char *processor(void)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents("/proc/cpuinfo", &text, NULL, NULL))
        return g_strdup("unknown");
    g_auto(GStrv) lines = g_strsplit(text, "\n", 64);
    for (guint i = 0; lines[i]; i++) {
        const char *colon = strchr(lines[i], ':');
        if (colon && g_str_has_prefix(lines[i], "model name"))
            return g_strstrip(g_strdup(colon + 1));
    }
    return g_strdup("unknown");
}

/* What the verdict depends on; another kernel, machine or QEMU is tried afresh. */
static json_t *circumstances(void)
{
    g_autofree char *cpu = processor();
    g_autofree char *machine = NULL;
    g_autofree char *program = g_find_program_in_path(TRIAL_QEMU);
    struct utsname kernel = {0};
    struct stat qemu = {0};

    uname(&kernel);
    if (!g_file_get_contents("/etc/machine-id", &machine, NULL, NULL))
        machine = g_strdup("none");
    if (program)
        stat(program, &qemu);
    return json_pack("{s:s s:s s:s s:I s:I}", "kernel", kernel.release, "cpu", cpu,
                     "machine", g_strstrip(machine), "qemu_size",
                     (json_int_t)qemu.st_size, "qemu_time", (json_int_t)qemu.st_mtime);
}

static char *cache_path(const char *home)
{
    return g_build_filename(home, "host", "accel.json", NULL);
}

TrialVerdict *trial_cached(const char *home)
{
    g_autofree char *path = cache_path(home);
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    json_t *here = circumstances();
    const char *accel = NULL, *cpu = NULL, *reason = NULL;
    TrialVerdict *verdict = NULL;

    if (root && json_equal(json_object_get(root, "on"), here) &&
        json_unpack(root, "{s:s s:s s:s}", "accel", &accel, "cpu", &cpu, "reason",
                    &reason) == 0) {
        verdict = verdict_new(g_str_equal(accel, "kvm"), cpu, g_strdup(reason), TRUE);
        verdict->cached = TRUE;
    }
    json_decref(here);
    json_decref(root);
    return verdict;
}

/* A verdict that cannot be kept is only tried again next time, so this never fails. */
static void keep(const char *home, const TrialVerdict *verdict)
{
    g_autofree char *path = cache_path(home);
    g_autofree char *host = g_path_get_dirname(path);
    json_t *root =
        json_pack("{s:s s:s s:s s:o}", "accel", verdict->accel, "cpu", verdict->cpu,
                  "reason", verdict->reason, "on", circumstances());
    char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
    g_autoptr(GError) error = NULL;

    mkdir(host, 0700); /* fails if it is there, or if there is no home to keep it in */
    if (text && !g_file_set_contents(path, text, -1, &error))
        g_debug("%s", error->message);
    free(text);
    json_decref(root);
}

/* NULL if /dev/kvm can be opened, else why KVM is out of the question. */
static char *kvm_missing(void)
{
    int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

    if (fd >= 0) {
        close(fd);
        return NULL;
    }
    if (errno == ENOENT)
        return g_strdup("there is no /dev/kvm");
    return g_strdup_printf("/dev/kvm cannot be opened: %s", g_strerror(errno));
}

/* Boots with each processor until one gets through; *why is the first failure. */
static const char *find_cpu(const char *kernel, gint64 deadline, char **why,
                            GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cpus); i++) {
        g_autofree char *words = NULL;
        gint64 left = deadline - g_get_monotonic_time();
        TrialBoot boot = {"kvm", cpus[i].qemu, kernel, MIN(left, KERNEL_US)};

        if (left <= 0)
            break;
        if (trial_boot(&boot, &words, error))
            return cpus[i].libvirt;
        if (!words)
            break;
        if (!*why)
            *why = g_steal_pointer(&words);
    }
    return NULL;
}

static TrialVerdict *try_kernel(const char *kernel, gint64 deadline, GError **error)
{
    g_autofree char *why = NULL;
    GError *broken = NULL;
    const char *cpu = find_cpu(kernel, deadline, &why, &broken);

    if (broken) {
        g_propagate_error(error, broken);
        return NULL;
    }
    if (cpu)
        return verdict_new(TRUE, cpu,
                           g_strdup_printf("KVM booted a kernel (cpu %s)", cpu), TRUE);
    return verdict_new(FALSE, EMULATED_CPU,
                       g_strdup_printf("/dev/kvm opens but runs no guest: %s", why),
                       TRUE);
}

static TrialVerdict *try_kvm(const char *kernel, GError **error)
{
    gint64 deadline = g_get_monotonic_time() + BUDGET_US;
    TrialBoot sector = {"kvm", "kvm64", NULL, SECTOR_US};
    g_autofree char *why = NULL;
    GError *broken = NULL;

    if (!trial_boot(&sector, &why, &broken)) {
        if (broken) {
            g_propagate_error(error, broken);
            return NULL;
        }
        return verdict_new(FALSE, EMULATED_CPU,
                           g_strdup_printf("/dev/kvm opens but runs no guest: %s", why),
                           TRUE);
    }
    if (kernel)
        return try_kernel(kernel, deadline, error);
    return verdict_new(FALSE, EMULATED_CPU,
                       g_strdup("KVM ran a boot sector, but no kernel was there to try, "
                                "and only that tells"),
                       FALSE);
}

TrialVerdict *trial_decide(const char *home, const char *kernel, GError **error)
{
    char *missing = kvm_missing();

    if (missing)
        return verdict_new(FALSE, EMULATED_CPU, missing, TRUE);
    TrialVerdict *verdict = home ? trial_cached(home) : NULL;
    if (verdict)
        return verdict;
    if (kernel && access(kernel, R_OK) != 0) {
        g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED, "trial boot: kernel %s: %s",
                    kernel, g_strerror(errno));
        return NULL;
    }
    verdict = try_kvm(kernel, error);
    if (verdict && verdict->settled && home)
        keep(home, verdict);
    return verdict;
}
