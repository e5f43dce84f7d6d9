/* Parts that are files: watched ones, crontabs, units. */
#include "agents/agent/snapshot_parts.h"
#include "agents/agent/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX 1024
#define ITEMS_MAX 20000 /* of one snapshot: a directory may be anything */
#define DEPTH_MAX 8
#define HASH_MAX (256 << 20) /* bytes of a file that is still hashed */

json_t *snapshot_item(const char *part, const char *key)
{
    json_t *item = json_object();

    snapshot_text(item, "part", part);
    snapshot_text(item, "key", key);
    return item;
}

void snapshot_text(json_t *item, const char *member, const char *text)
{
    char clean[TEXT_MAX];

    text_printable(clean, sizeof(clean), text, strlen(text));
    json_object_set_new(item, member, json_string(clean));
}

bool snapshot_put(json_t *item)
{
    char *line = item ? json_dumps(item, JSON_COMPACT) : NULL;
    bool ok = line && puts(line) >= 0;

    free(line);
    json_decref(item);
    return ok;
}

static void put_hash(json_t *item, const char *path)
{
    unsigned char bytes[65536];
    char hex[SHA256_DIGEST_STRING_LENGTH];
    SHA2_CTX sha;
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0)
        return;
    SHA256Init(&sha);
    while ((n = read(fd, bytes, sizeof(bytes))) > 0)
        SHA256Update(&sha, bytes, (size_t)n);
    close(fd);
    if (n == 0)
        snapshot_text(item, "sha256", SHA256End(&sha, hex));
}

static void put_link(json_t *item, const char *path)
{
    char to[TEXT_MAX];
    ssize_t n = readlink(path, to, sizeof(to) - 1);

    to[n > 0 ? n : 0] = '\0';
    snapshot_text(item, "link", to);
}

static bool put_directory(const char *part, const char *path, int depth)
{
    const struct dirent *entry;
    DIR *dir = opendir(path);
    bool ok = true;

    while (dir && ok && (entry = readdir(dir))) {
        char below[PATH_MAX];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        text_format(below, sizeof(below), "%s/%s", path, entry->d_name);
        ok = snapshot_path(part, below, depth - 1);
    }
    if (dir)
        closedir(dir);
    return ok;
}

bool snapshot_path(const char *part, const char *path, int depth)
{
    static int items;
    struct stat st;

    if (lstat(path, &st) < 0)
        return errno == ENOENT || errno == ENOTDIR;
    if (++items > ITEMS_MAX)
        return false;
    json_t *item = snapshot_item(part, path);
    json_object_set_new(item, "mode", json_integer(st.st_mode & 07777));
    json_object_set_new(item, "uid", json_integer(st.st_uid));
    json_object_set_new(item, "gid", json_integer(st.st_gid));
    if (S_ISLNK(st.st_mode))
        put_link(item, path);
    if (S_ISREG(st.st_mode)) {
        json_object_set_new(item, "size", json_integer(st.st_size));
        if (st.st_size <= HASH_MAX)
            put_hash(item, path);
    }
    return snapshot_put(item) &&
           (depth < 1 || !S_ISDIR(st.st_mode) || put_directory(part, path, depth));
}

bool snapshot_files(const struct wire_snapshot *ask)
{
    bool ok = true;

    for (size_t i = 0; i < ask->n_paths && ok; i++)
        ok = snapshot_path("files", ask->paths[i], DEPTH_MAX);
    return ok;
}

static bool put_paths(const char *part, const char *const *paths)
{
    bool ok = true;

    for (; *paths && ok; paths++)
        ok = snapshot_path(part, *paths, 3);
    return ok;
}

bool snapshot_crontabs(const struct wire_snapshot *ask)
{
    static const char *const paths[] = {
        "/etc/crontab",      "/etc/cron.d",       "/etc/cron.hourly", "/etc/cron.daily",
        "/etc/cron.weekly",  "/etc/cron.monthly", "/var/spool/cron",  "/etc/anacrontab",
        "/var/spool/cron.d", "/etc/cron.allow",   "/etc/cron.deny",   NULL};

    (void)ask;
    return put_paths("crontabs", paths);
}

/* Units that run have a control group below this. */
static bool put_running(void)
{
    const struct dirent *entry;
    DIR *dir = opendir("/sys/fs/cgroup/system.slice");
    bool ok = true;

    while (dir && ok && (entry = readdir(dir))) {
        const char *dot = strrchr(entry->d_name, '.');
        if (!dot || strcmp(dot, ".service") != 0)
            continue;
        json_t *item = snapshot_item("units", entry->d_name);
        json_object_set_new(item, "running", json_true());
        ok = snapshot_put(item);
    }
    if (dir)
        closedir(dir);
    return ok;
}

bool snapshot_units(const struct wire_snapshot *ask)
{
    static const char *const paths[] = {
        "/etc/systemd/system", "/etc/systemd/user", "/run/systemd/system", "/etc/init.d",
        "/etc/rc.local",       "/etc/inittab",      "/etc/parry/services", NULL};

    (void)ask;
    return put_paths("units", paths) && put_running();
}
