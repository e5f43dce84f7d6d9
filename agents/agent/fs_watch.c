#include "agents/agent/fs_watch.h"

#include "agents/agent/agent.h"
#include "agents/agent/share.h"
#include "agents/agent/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fanotify.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#define DEPTH_MAX 32
#define FILE_SYSTEMS 32
#define ROOTS_MAX 128
#define TURN_BYTES 65536 /* read in one turn of the loop */

#ifndef FAN_RENAME
#define FAN_RENAME 0x10000000
#endif
#ifndef FAN_EVENT_INFO_TYPE_OLD_DFID_NAME
#define FAN_EVENT_INFO_TYPE_OLD_DFID_NAME 10
#define FAN_EVENT_INFO_TYPE_NEW_DFID_NAME 12
#endif

#define ALWAYS                                                                           \
    (FAN_CREATE | FAN_DELETE | FAN_CLOSE_WRITE | FAN_ATTRIB | FAN_ONDIR |                \
     FAN_EVENT_ON_CHILD)

/* A descriptor for each file system, which its handles are opened by. */
struct file_system {
    __kernel_fsid_t id;
    int fd;
};

/* What was asked for, and what lay there. */
struct root {
    char path[512];
    bool below;
    dev_t dev;
    ino_t ino; /* 0: nothing */
};

/* The names that an event bears; empty where it bears none. */
struct names {
    char one[PATH_MAX], old[PATH_MAX], new[PATH_MAX];
};

static struct {
    int fd;
    uint64_t moves; /* FAN_RENAME, or the older pair */
    struct event *readable;
    fs_watch_fn fn;
    struct file_system systems[FILE_SYSTEMS];
    size_t n_systems, n_dirs;
    size_t n_roots;
    uint64_t lost;
    bool full;
} fw = {.fd = -1};

static struct root roots[ROOTS_MAX];

/* ---- watching ---- */

/* Remembers the file system of path. */
static bool know_system(const char *path)
{
    struct statfs s;
    __kernel_fsid_t id;

    if (statfs(path, &s) < 0)
        return false;
    memcpy(&id, &s.f_fsid, sizeof(id));
    for (size_t i = 0; i < fw.n_systems; i++)
        if (memcmp(&fw.systems[i].id, &id, sizeof(id)) == 0)
            return true;
    if (fw.n_systems == FILE_SYSTEMS)
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return false;
    fw.systems[fw.n_systems++] = (struct file_system){id, fd};
    return true;
}

static bool mark(const char *path)
{
    if (!know_system(path))
        return false;
    if (fanotify_mark(fw.fd, FAN_MARK_ADD | FAN_MARK_DONT_FOLLOW, ALWAYS | fw.moves,
                      AT_FDCWD, path) == 0)
        return true;
    if (errno != EINVAL || fw.moves != FAN_RENAME)
        return false;
    fw.moves = FAN_MOVED_FROM | FAN_MOVED_TO; /* a kernel before 5.17 */
    return fanotify_mark(fw.fd, FAN_MARK_ADD | FAN_MARK_DONT_FOLLOW, ALWAYS | fw.moves,
                         AT_FDCWD, path) == 0;
}

/* Marks dir and what is below it. With fn, what is found is told as created: it was
 * there before the mark. */
static void walk(const char *dir, int depth, bool tell, pid_t pid)
{
    struct dirent *d;
    char path[PATH_MAX];

    if (depth > DEPTH_MAX || fw.n_dirs >= FS_WATCH_DIRS) {
        if (!fw.full)
            agent_log("watching %s: more than %d directories", dir, FS_WATCH_DIRS);
        fw.full = true;
        return;
    }
    if (!mark(dir)) {
        if (errno != ENOENT && errno != ENOTDIR)
            agent_log("watching %s: %s", dir, strerror(errno));
        return;
    }
    fw.n_dirs++;
    DIR *list = opendir(dir);
    while (list && (d = readdir(list))) {
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
            continue;
        text_format(path, sizeof(path), "%s/%s", strcmp(dir, "/") == 0 ? "" : dir,
                    d->d_name);
        if (tell)
            fw.fn(WIRE_ACT_CREATED, path, NULL, pid);
        if (d->d_type == DT_DIR)
            walk(path, depth + 1, tell, pid);
    }
    if (list)
        closedir(list);
}

static void remember(const char *path, bool below, const struct stat *st)
{
    struct root *r = roots;

    while (r < roots + fw.n_roots && strcmp(r->path, path) != 0)
        r++;
    if (r == roots + ROOTS_MAX)
        return;
    if (r == roots + fw.n_roots) {
        fw.n_roots++;
        text_format(r->path, sizeof(r->path), "%s", path);
    }
    r->below = below;
    r->dev = st ? st->st_dev : 0;
    r->ino = st ? st->st_ino : 0;
}

void fs_watch_tend(void (*fn)(const char *path, int64_t since_us), int64_t since_us)
{
    struct stat st;

    for (size_t i = 0; fw.fd >= 0 && i < fw.n_roots; i++) {
        struct root *r = &roots[i];
        bool is = lstat(r->path, &st) == 0, was = r->ino != 0;
        if (is ? r->dev == st.st_dev && r->ino == st.st_ino : !was)
            continue;
        bool there = fs_watch_add(r->path, r->below); /* remembers it, too */
        if (is && there && was)
            fn(r->path, since_us);
    }
}

bool fs_watch_add(const char *path, bool below)
{
    struct stat st;

    if (fw.fd < 0)
        return false;
    bool there = lstat(path, &st) == 0;
    remember(path, below, there ? &st : NULL);
    if (!there)
        return true;
    if (S_ISDIR(st.st_mode) && below) {
        size_t before = fw.n_dirs;
        walk(path, 0, false, 0);
        return fw.n_dirs > before;
    }
    if (mark(path))
        return true;
    agent_log("watching %s: %s", path, strerror(errno));
    return false;
}

/* ---- events ---- */

/* The path of a directory's handle and a name in it. */
static bool resolve(const struct fanotify_event_info_fid *info, size_t len, char *path)
{
    struct file_handle *handle = (struct file_handle *)(void *)info->handle;
    char link[64], dir[PATH_MAX];
    int fd = -1;

    if (len < sizeof(*info) + sizeof(*handle) ||
        handle->handle_bytes > len - sizeof(*info) - sizeof(*handle))
        return false;
    const char *name = (const char *)handle->f_handle + handle->handle_bytes;
    size_t room = len - sizeof(*info) - sizeof(*handle) - handle->handle_bytes;
    for (size_t i = 0; i < fw.n_systems && fd < 0; i++)
        if (memcmp(&fw.systems[i].id, &info->fsid, sizeof(info->fsid)) == 0)
            fd = open_by_handle_at(fw.systems[i].fd, handle, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return false; /* the directory is gone already */
    text_format(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, dir, sizeof(dir) - 1);
    close(fd);
    if (n <= 0)
        return false;
    dir[n] = '\0';
    size_t name_len = strnlen(name, room);
    if (name_len == 0 || (name_len == 1 && name[0] == '.'))
        text_format(path, PATH_MAX, "%s", dir);
    else
        text_format(path, PATH_MAX, "%s/%.*s", strcmp(dir, "/") == 0 ? "" : dir,
                    (int)name_len, name);
    return true;
}

static void read_names(const struct fanotify_event_metadata *e, struct names *names)
{
    const char *at = (const char *)e + e->metadata_len;
    const char *end = (const char *)e + e->event_len;

    names->one[0] = names->old[0] = names->new[0] = '\0';
    while (end - at >= (ssize_t)sizeof(struct fanotify_event_info_header)) {
        const struct fanotify_event_info_fid *info =
            (const struct fanotify_event_info_fid *)(const void *)at;
        size_t len = info->hdr.len;
        if (len < sizeof(info->hdr) || len > (size_t)(end - at))
            return;
        char *to = NULL;
        if (info->hdr.info_type == FAN_EVENT_INFO_TYPE_DFID_NAME ||
            info->hdr.info_type == FAN_EVENT_INFO_TYPE_DFID)
            to = names->one;
        else if (info->hdr.info_type == FAN_EVENT_INFO_TYPE_OLD_DFID_NAME)
            to = names->old;
        else if (info->hdr.info_type == FAN_EVENT_INFO_TYPE_NEW_DFID_NAME)
            to = names->new;
        if (to && !resolve(info, len, to))
            to[0] = '\0';
        at += len;
    }
}

/* What became of a file in the end: the kernel puts several acts of one process on one
 * file together. */
static enum wire_act act_of(uint64_t mask, const char *path)
{
    if ((mask & (FAN_DELETE | FAN_MOVED_FROM)) && access(path, F_OK) < 0)
        return WIRE_ACT_DELETED;
    if (mask & (FAN_CREATE | FAN_MOVED_TO))
        return WIRE_ACT_CREATED;
    return WIRE_ACT_CHANGED;
}

static void tell_moved(const struct names *names, uint64_t mask, pid_t pid)
{
    if (names->old[0] && names->new[0])
        fw.fn(WIRE_ACT_MOVED, names->old, names->new, pid);
    else if (names->old[0]) /* out of what is watched */
        fw.fn(WIRE_ACT_DELETED, names->old, NULL, pid);
    else if (names->new[0])
        fw.fn(WIRE_ACT_CREATED, names->new, NULL, pid);
    if ((mask & FAN_ONDIR) && names->new[0])
        walk(names->new, 0, false, pid);
}

static void take(const struct fanotify_event_metadata *e)
{
    static struct names names;

    if (e->mask & FAN_Q_OVERFLOW) {
        fw.lost++;
        return;
    }
    read_names(e, &names);
    if (e->mask & FAN_RENAME)
        tell_moved(&names, e->mask, e->pid);
    uint64_t rest = e->mask & ~(uint64_t)(FAN_RENAME | FAN_ONDIR);
    if (!rest || !names.one[0])
        return;
    enum wire_act act = act_of(rest, names.one);
    fw.fn(act, names.one, NULL, e->pid);
    if ((e->mask & FAN_ONDIR) && act == WIRE_ACT_CREATED)
        walk(names.one, 0, true, e->pid);
}

void fs_watch_drain(void)
{
    static char buf[TURN_BYTES] __attribute__((aligned(8)));

    if (fw.fd < 0 || share_spent())
        return;
    ssize_t n = read(fw.fd, buf, sizeof(buf));
    const struct fanotify_event_metadata *e =
        (const struct fanotify_event_metadata *)(const void *)buf;
    for (; n > 0 && FAN_EVENT_OK(e, n); e = FAN_EVENT_NEXT(e, n)) {
        if (e->vers != FANOTIFY_METADATA_VERSION)
            return;
        take(e);
        if (e->fd >= 0)
            close(e->fd);
    }
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    fs_watch_drain();
}

bool fs_watch_start(struct event_base *base, fs_watch_fn fn)
{
    fs_watch_stop();
    fw.fd = fanotify_init(
        FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_DFID_NAME, O_RDONLY);
    if (fw.fd >= 0)
        fw.readable = event_new(base, fw.fd, EV_READ | EV_PERSIST, on_readable, NULL);
    fw.fn = fn;
    fw.moves = FAN_RENAME;
    if (fw.readable && share_add(fw.readable))
        return true;
    agent_log("fanotify: %s", strerror(errno));
    fs_watch_stop();
    return false;
}

void fs_watch_stop(void)
{
    if (fw.readable) {
        share_remove(fw.readable);
        event_free(fw.readable);
    }
    if (fw.fd >= 0)
        close(fw.fd);
    for (size_t i = 0; i < fw.n_systems; i++)
        close(fw.systems[i].fd);
    memset(&fw, 0, sizeof(fw));
    fw.fd = -1;
}

uint64_t fs_watch_lost(void)
{
    return fw.lost;
}
