#include "orchestrator/daemon/needs.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

/* Connections of control, pools, journal and services; then for each host the socket that
 * it is listened on and a console that somebody has open. parry-hub needs as many. */
#define FILES_BASE 2048
#define FILES_HOST 2

G_DEFINE_QUARK(parry - needs - error - quark, needs_error)

/* 0: not there. */
static guint64 meminfo(const char *name)
{
    g_autofree char *text = NULL;
    const char *at;

    if (!g_file_get_contents("/proc/meminfo", &text, NULL, NULL) ||
        !(at = strstr(text, name)))
        return 0;
    return g_ascii_strtoull(at + strlen(name), NULL, 10);
}

guint64 needs_memory_here(void)
{
    return meminfo("MemAvailable:") * 1024;
}

/* All that are reserved: a drill that is taken up has its own in use. */
static gboolean check_hugepages(const Plan *plan, GError **error)
{
    guint64 page = meminfo("Hugepagesize:") * 1024;
    guint64 here = meminfo("HugePages_Total:") * page, sum = 0;

    for (guint i = 0; i < plan->p_hosts->len; i++)
        if (plan_host(plan, (int)i)->ph_hugepages)
            sum += plan_host(plan, (int)i)->ph_memory;
    if (sum <= here)
        return TRUE;
    if (!page)
        g_set_error(error, NEEDS_ERROR, 0,
                    "hugepages: this machine's kernel has none; take `hugepages:` away");
    else
        g_set_error(
            error, NEEDS_ERROR, 0,
            "hugepages: the plan's hosts ask for %" G_GUINT64_FORMAT
            " MiB of huge pages, this machine has %" G_GUINT64_FORMAT
            " MiB reserved; reserve more (sysctl vm.nr_hugepages=%" G_GUINT64_FORMAT
            "), or take `hugepages:` away",
            sum >> 20, here >> 20, (sum + page - 1) / page);
    return FALSE;
}

guint64 needs_disk_here(const char *path)
{
    struct statvfs vfs;

    return statvfs(path, &vfs) < 0 ? 0 : (guint64)vfs.f_bfree * vfs.f_frsize;
}

guint64 needs_files(guint hosts)
{
    return FILES_BASE + FILES_HOST * (guint64)hosts;
}

gboolean needs_raise_files(guint hosts, GError **error)
{
    guint64 want = needs_files(hosts);
    struct rlimit old = {0}, now;

    getrlimit(RLIMIT_NOFILE, &old);
    if (old.rlim_cur >= want)
        return TRUE;
    now = (struct rlimit){want, MAX(old.rlim_max, want)};
    if (setrlimit(RLIMIT_NOFILE, &now) == 0)
        return TRUE;
    g_set_error(error, NEEDS_ERROR, 0,
                "descriptors: a drill of %u hosts needs %" G_GUINT64_FORMAT
                " a process, the limit here is %" G_GUINT64_FORMAT
                " and cannot be raised: %s; raise it (ulimit -Hn %" G_GUINT64_FORMAT
                ", LimitNOFILE= in a unit, or fs.nr_open where that is less)",
                hosts, want, (guint64)old.rlim_max, g_strerror(errno), want);
    return FALSE;
}

gboolean needs_check(const Plan *plan, const char *home, const char *accel,
                     GError **error)
{
    guint64 memory = plan_memory_needed(plan, accel), disk = plan_disk_needed(plan);
    guint64 memory_here = needs_memory_here(), disk_here = needs_disk_here(home);

    if (!needs_raise_files(plan->p_hosts->len, error) || !check_hugepages(plan, error))
        return FALSE;
    if (memory > memory_here) {
        g_set_error(error, NEEDS_ERROR, 0,
                    "memory: the plan's %u hosts need %" G_GUINT64_FORMAT
                    " MiB, this machine has %" G_GUINT64_FORMAT
                    " MiB available; give hosts less `memory:`, or fewer teams",
                    plan->p_hosts->len, memory >> 20, memory_here >> 20);
        return FALSE;
    }
    if (disk > disk_here) {
        g_set_error(error, NEEDS_ERROR, 0,
                    "disk: the plan needs %" G_GUINT64_FORMAT
                    " MiB, %s has %" G_GUINT64_FORMAT
                    " MiB free; make room, or set PARRY_HOME to a larger disk",
                    disk >> 20, home, disk_here >> 20);
        return FALSE;
    }
    return TRUE;
}
