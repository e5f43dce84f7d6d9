#include "orchestrator/range/hold.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#define PROGRAM "qemu-system-"
#define REAPED_LOOK_US 500
#define SOCKETS_MAX 64

struct Hold {
    int ho_process; /* pidfd */
    GArray *ho_sockets;
};

/* Whether the arguments, each ended by NUL, have "-uuid" and then that one. */
static gboolean is_domain(const char *arguments, gsize len, const char *uuid)
{
    const char *end = arguments + len;
    gboolean next = FALSE;

    if (!strstr(arguments, PROGRAM))
        return FALSE;
    for (const char *at = arguments; at < end; at += strlen(at) + 1) {
        if (next)
            return g_ascii_strcasecmp(at, uuid) == 0;
        next = strcmp(at, "-uuid") == 0;
    }
    return FALSE;
}

static gboolean runs_domain(const char *pid, const char *uuid)
{
    g_autofree char *path = g_build_filename("/proc", pid, "cmdline", NULL);
    g_autofree char *arguments = NULL;
    gsize len;

    return g_file_get_contents(path, &arguments, &len, NULL) && len &&
           is_domain(arguments, len, uuid);
}

/* Its directory in /proc, or NULL. */
static char *find(const char *uuid)
{
    g_autoptr(GDir) all = g_dir_open("/proc", 0, NULL);
    const char *name;

    while (all && (name = g_dir_read_name(all)))
        if (g_ascii_isdigit(*name) && runs_domain(name, uuid))
            return g_strdup(name);
    return NULL;
}

static gboolean is_socket(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    char target[16] = "";

    return readlink(path, target, sizeof(target) - 1) > 0 &&
           g_str_has_prefix(target, "socket:");
}

static void take_sockets(Hold *hold, const char *pid)
{
    g_autofree char *folder = g_build_filename("/proc", pid, "fd", NULL);
    g_autoptr(GDir) all = g_dir_open(folder, 0, NULL);
    const char *name;

    while (all && hold->ho_sockets->len < SOCKETS_MAX && (name = g_dir_read_name(all))) {
        int fd =
            is_socket(folder, name)
                ? pidfd_getfd(hold->ho_process, (int)g_ascii_strtoll(name, NULL, 10), 0)
                : -1;

        if (fd >= 0)
            g_array_append_val(hold->ho_sockets, fd);
    }
}

Hold *hold_take(const char *uuid)
{
    g_autofree char *pid = find(uuid);
    int process = pid ? pidfd_open((pid_t)g_ascii_strtoll(pid, NULL, 10), 0) : -1;

    if (process < 0)
        return NULL;
    Hold *hold = g_new0(Hold, 1);
    hold->ho_process = process;
    hold->ho_sockets = g_array_new(FALSE, FALSE, sizeof(int));
    /* The number may have become another's before it was opened. */
    if (runs_domain(pid, uuid))
        take_sockets(hold, pid);
    if (hold->ho_sockets->len)
        return hold;
    hold_free(hold);
    return NULL;
}

gboolean hold_wait(Hold *hold, gint64 limit_us)
{
    gint64 until = g_get_monotonic_time() + limit_us;
    gboolean gone = FALSE;

    if (!hold)
        return FALSE;
    while (!gone && g_get_monotonic_time() < until) {
        struct pollfd ends = {hold->ho_process, POLLIN, 0};

        if (poll(&ends, 1, (int)((until - g_get_monotonic_time()) / 1000) + 1) <= 0)
            continue;
        /* Dead; its parent has yet to learn so. */
        gone = pidfd_send_signal(hold->ho_process, 0, NULL, 0) < 0 && errno == ESRCH;
        if (!gone)
            g_usleep(REAPED_LOOK_US);
    }
    hold_free(hold);
    return gone;
}

void hold_free(Hold *hold)
{
    if (!hold)
        return;
    for (guint i = 0; i < hold->ho_sockets->len; i++)
        close(g_array_index(hold->ho_sockets, int, i));
    g_array_unref(hold->ho_sockets);
    close(hold->ho_process);
    g_free(hold);
}
