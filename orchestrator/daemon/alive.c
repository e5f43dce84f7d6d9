#include "orchestrator/daemon/alive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 127

struct Alive {
    Daemon *av_daemon;
    struct event *av_tick;
    int av_fd;
};

static char *alive_path(const Daemon *d)
{
    return g_build_filename(d->dm_dir, "run", "alive", NULL);
}

gboolean alive_read(const Daemon *d, AliveMark *mark)
{
    g_autofree char *path = alive_path(d);
    g_autofree char *text = NULL;
    gint64 at, clock;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return FALSE;
    char *end = strchr(text, ' ');
    if (!end)
        return FALSE;
    *end = '\0';
    g_strlcpy(mark->al_boot, text, sizeof(mark->al_boot));
    at = g_ascii_strtoll(end + 1, &end, 10);
    clock = g_ascii_strtoll(end, &end, 10);
    mark->al_wall_us = g_ascii_strtoll(end, NULL, 10); /* 0: an older daemon's */
    mark->al_boottime_us = at;
    mark->al_clock_us = clock;
    return TRUE;
}

/* One write of one length: a reader finds the old line or the new one. */
static void on_tick(evutil_socket_t fd, short what, void *data)
{
    Alive *alive = data;
    char boot[40], line[LINE_MAX_BYTES + 1];

    (void)fd;
    (void)what;
    clock_boot_id(boot);
    int n = g_snprintf(
        line, sizeof(line),
        "%s %20" G_GINT64_FORMAT " %20" G_GINT64_FORMAT " %20" G_GINT64_FORMAT " \n",
        boot, clock_boottime_us(), daemon_now(alive->av_daemon), g_get_real_time());
    if (pwrite(alive->av_fd, line, (size_t)n, 0) != n)
        g_warning("run/alive: write: %s", g_strerror(errno));
}

Alive *alive_new(Daemon *d)
{
    g_autofree char *path = alive_path(d);
    struct timeval tv = {1, 0};
    Alive *alive = g_new0(Alive, 1);

    alive->av_daemon = d;
    alive->av_fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (alive->av_fd < 0)
        g_warning("%s: open: %s", path, g_strerror(errno));
    alive->av_tick = event_new(d->dm_base, -1, EV_PERSIST, on_tick, alive);
    event_add(alive->av_tick, &tv);
    on_tick(-1, 0, alive);
    return alive;
}

void alive_free(Alive *alive)
{
    if (!alive)
        return;
    event_free(alive->av_tick);
    if (alive->av_fd >= 0)
        close(alive->av_fd);
    g_free(alive);
}
