#include "orchestrator/daemon/room.h"

#include "orchestrator/daemon/clocks.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define LOOK_S 2
#define REASON "no room for the journal"

struct Room {
    Daemon *rm_daemon;
    char *rm_path;
    gboolean rm_reserve; /* it is there */
    struct event *rm_look;
};

gint64 room_free_at(const char *path)
{
    struct statvfs vfs;

    return statvfs(path, &vfs) == 0 ? (gint64)vfs.f_bavail * (gint64)vfs.f_frsize : -1;
}

/* All of it, or none: half a reserve only takes room. */
static gboolean make_reserve(Room *room)
{
    int fd = open(room->rm_path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int fault = fd < 0 ? errno : posix_fallocate(fd, 0, ROOM_RESERVE);

    if (fd >= 0)
        close(fd);
    if (fault) {
        g_unlink(room->rm_path);
        g_message("%s: reserve %d MiB: %s", room->rm_path, (int)(ROOM_RESERVE >> 20),
                  g_strerror(fault));
    }
    room->rm_reserve = fault == 0;
    return room->rm_reserve;
}

/* With the reserve gone as much is wanted as it takes, and as much again. */
static gboolean is_low(const Room *room)
{
    gint64 free_bytes = room_free_at(room->rm_daemon->dm_dir);

    return free_bytes >= 0 &&
           free_bytes < (room->rm_reserve ? ROOM_RESERVE : 2 * ROOM_RESERVE);
}

char *room_words(const Daemon *d)
{
    if (!d->dm_room || !is_low(d->dm_room))
        return NULL;
    return g_strdup_printf(REASON ": %d MiB are left where %s lies",
                           (int)(room_free_at(d->dm_dir) >> 20), d->dm_dir);
}

static void on_moved(guint count, const GError *error, gpointer data)
{
    Daemon *d = data;

    if (error)
        g_warning(REASON ": %u VMs followed, then: %s", count, error->message);
    if (d->dm_state == DRILL_RUNNING)
        clocks_set_all(d, "resumed");
}

static gboolean is_ours(const Daemon *d)
{
    return d->dm_state == DRILL_PAUSED && g_str_has_prefix(d->dm_reason, REASON);
}

void room_look(Room *room)
{
    Daemon *d = room->rm_daemon;
    g_autofree char *words = room_words(d);

    if (words && d->dm_state == DRILL_RUNNING) {
        g_warning("drill %s: paused: %s", d->dm_plan->p_name, words);
        daemon_set_state(d, DRILL_PAUSED, "parryd", words);
        if (d->dm_range)
            range_suspend_all(d->dm_range, on_moved, d);
    }
    if (words || (!room->rm_reserve && !make_reserve(room)) || !is_ours(d))
        return;
    g_message("drill %s: goes on: there is room again", d->dm_plan->p_name);
    daemon_set_state(d, DRILL_RUNNING, "parryd", "there is room for the journal again");
    if (d->dm_range)
        range_resume_all(d->dm_range, on_moved, d);
}

static void on_look(evutil_socket_t fd, short what, void *data)
{
    (void)fd;
    (void)what;
    room_look(data);
}

gboolean room_spend(Daemon *d)
{
    Room *room = d->dm_room;

    if (!room || !room->rm_reserve)
        return FALSE;
    room->rm_reserve = FALSE;
    if (g_unlink(room->rm_path) < 0) {
        g_warning("%s: let go: %s", room->rm_path, g_strerror(errno));
        return FALSE;
    }
    event_active(room->rm_look, EV_TIMEOUT, 0); /* once this commit is through */
    return TRUE;
}

Room *room_new(Daemon *d)
{
    Room *room = g_new0(Room, 1);
    struct timeval tv = {LOOK_S, 0};

    room->rm_daemon = d;
    room->rm_path = g_build_filename(d->dm_dir, "journal.reserve", NULL);
    make_reserve(room);
    room->rm_look = event_new(d->dm_base, -1, EV_PERSIST, on_look, room);
    event_add(room->rm_look, &tv);
    return room;
}

/* The next daemon makes it anew; a drill that is down needs none. */
void room_free(Room *room)
{
    if (!room)
        return;
    event_free(room->rm_look);
    g_unlink(room->rm_path);
    g_free(room->rm_path);
    g_free(room);
}
