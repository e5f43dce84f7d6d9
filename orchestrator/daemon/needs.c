#include "orchestrator/daemon/needs.h"

#include <string.h>
#include <sys/statvfs.h>

G_DEFINE_QUARK(parry - needs - error - quark, needs_error)

guint64 needs_memory_here(void)
{
    g_autofree char *text = NULL;
    const char *at;

    if (!g_file_get_contents("/proc/meminfo", &text, NULL, NULL) ||
        !(at = strstr(text, "MemAvailable:")))
        return 0;
    return g_ascii_strtoull(at + strlen("MemAvailable:"), NULL, 10) * 1024;
}

guint64 needs_disk_here(const char *path)
{
    struct statvfs vfs;

    return statvfs(path, &vfs) < 0 ? 0 : (guint64)vfs.f_bfree * vfs.f_frsize;
}

gboolean needs_check(const Plan *plan, const char *home, const char *accel,
                     GError **error)
{
    guint64 memory = plan_memory_needed(plan, accel), disk = plan_disk_needed(plan);
    guint64 memory_here = needs_memory_here(), disk_here = needs_disk_here(home);

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
