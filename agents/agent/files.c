#include "agents/agent/files.h"

#include "agents/agent/account.h"
#include "agents/agent/kept.h"
#include "agents/agent/text.h"
#include "agents/wire/msg_table.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PARTS_MAX 16

/* A file that comes in pieces. */
struct part {
    struct part *next;
    int64_t id;
    int64_t size;
    int64_t began_us;
    int fd;
    char temporary[PATH_MAX];
};

static struct part *parts;

bool files_make_parents(const char *path, bool whole, struct wire_error *e)
{
    char dir[PATH_MAX];

    if (path[0] != '/' || strlen(path) >= sizeof(dir))
        return wire_fail(e, "%s: not an absolute path", path);
    text_format(dir, sizeof(dir), "%s", path);
    for (char *p = dir + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(dir, 0755) < 0 && errno != EEXIST)
            return wire_fail(e, "%s: mkdir: %s", dir, strerror(errno));
        *p = '/';
    }
    if (whole && mkdir(dir, 0755) < 0 && errno != EEXIST)
        return wire_fail(e, "%s: mkdir: %s", dir, strerror(errno));
    return true;
}

static int open_temporary(const char *path, int64_t id, char temporary[PATH_MAX],
                          struct wire_error *e)
{
    if (!files_make_parents(path, false, e))
        return -1;
    text_format(temporary, PATH_MAX, "%s.parry-%lld", path, (long long)id);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        wire_fail(e, "%s: %s", temporary, strerror(errno));
    return fd;
}

static bool write_all(int fd, const struct wire_bytes *data, const char *path,
                      struct wire_error *e)
{
    for (size_t done = 0; done < data->len;) {
        ssize_t n = write(fd, data->data + done, data->len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return wire_fail(e, "%s: write: %s", path, strerror(errno));
        done += (size_t)n;
    }
    return true;
}

/* Owner and mode as asked for, else as path has them now, else root's 0644. */
static bool set_attributes(int fd, const struct wire_file *f, struct wire_error *e)
{
    struct stat old = {.st_mode = 0644};
    uid_t uid;
    gid_t gid;

    if (lstat(f->path, &old) < 0 || !S_ISREG(old.st_mode))
        old = (struct stat){.st_mode = 0644};
    uid = old.st_uid;
    gid = old.st_gid;
    if (f->owner && !account_uid(f->owner, &uid))
        return wire_fail(e, "%s: there is no user %s", f->path, f->owner);
    if (f->group && !account_group(f->group, &gid))
        return wire_fail(e, "%s: there is no group %s", f->path, f->group);
    if (fchown(fd, uid, gid) < 0)
        return wire_fail(e, "%s: chown: %s", f->path, strerror(errno));
    if (fchmod(fd, f->mode >= 0 ? (mode_t)f->mode : old.st_mode & 07777) < 0)
        return wire_fail(e, "%s: chmod: %s", f->path, strerror(errno));
    return true;
}

/* Ends what open_temporary began; closes fd either way. */
static bool put_in_place(int fd, const char *temporary, const struct wire_file *f,
                         struct wire_error *e)
{
    bool ok = set_attributes(fd, f, e);

    if (close(fd) < 0 && ok)
        ok = wire_fail(e, "%s: close: %s", f->path, strerror(errno));
    if (ok && rename(temporary, f->path) < 0)
        ok = wire_fail(e, "%s: rename: %s", f->path, strerror(errno));
    if (!ok)
        unlink(temporary);
    return ok;
}

bool files_write(const struct wire_file *f, struct wire_error *e)
{
    char temporary[PATH_MAX];
    int fd = open_temporary(f->path, 0, temporary, e);

    if (fd < 0)
        return false;
    if (write_all(fd, &f->data, f->path, e))
        return put_in_place(fd, temporary, f, e);
    close(fd);
    unlink(temporary);
    return false;
}

bool files_write_text(const char *path, const char *text, int mode, struct wire_error *e)
{
    struct wire_file f = {.path = path, .mode = mode, .owner = "0", .group = "0"};

    f.data = (struct wire_bytes){(const unsigned char *)text, strlen(text)};
    return files_write(&f, e);
}

static struct part *find_part(int64_t id)
{
    struct part *p = parts;

    while (p && p->id != id)
        p = p->next;
    return p;
}

/* Takes p off the list; its descriptor and file are the caller's matter. */
static void drop_part(struct part *p)
{
    struct part **at = &parts;

    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    free(p);
}

static struct part *begin_part(const struct wire_msg *m, struct wire_error *e)
{
    size_t n = 0;

    for (const struct part *p = parts; p; p = p->next)
        n++;
    struct part *p = n < PARTS_MAX ? calloc(1, sizeof(*p)) : NULL;
    if (!p) {
        wire_fail(e, "%s: %zu files are under way already", m->file.path, n);
        return NULL;
    }
    p->id = m->id;
    p->began_us = agent_now_us();
    p->fd = open_temporary(m->file.path, m->id, p->temporary, e);
    if (p->fd < 0) {
        free(p);
        return NULL;
    }
    p->next = parts;
    parts = p;
    return p;
}

static void answer(struct agent *a, int64_t id, int64_t began_us, const char *failure)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_RESULT);
    m.id = id;
    m.result.status = failure ? WIRE_FAILED : WIRE_DONE;
    m.result.text = failure;
    m.result.dur_us = agent_now_us() - began_us;
    kept_end(a, &m);
}

static void abandon(struct part *p)
{
    close(p->fd);
    unlink(p->temporary);
    drop_part(p);
}

void files_take_piece(struct agent *a, struct wire_msg *m)
{
    struct part *p = find_part(m->id);
    struct wire_error e;
    int64_t began_us = p ? p->began_us : agent_now_us();

    /* A first piece met again was answered, or is under way; the rest follows it. */
    if (!p && (m->file.off != 0 || !kept_begin(a, m)))
        return;
    if (!p && !(p = begin_part(m, &e))) {
        answer(a, m->id, began_us, e.text);
        return;
    }
    bool ok = m->file.off == p->size ||
              wire_fail(&e, "%s: a piece at %lld where %lld was due", m->file.path,
                        (long long)m->file.off, (long long)p->size);
    ok = ok && write_all(p->fd, &m->file.data, m->file.path, &e);
    p->size += (int64_t)m->file.data.len;
    if (ok && !m->file.end)
        return;
    if (ok)
        ok = put_in_place(p->fd, p->temporary, &m->file, &e);
    else
        abandon(p), p = NULL;
    if (p)
        drop_part(p);
    answer(a, m->id, began_us, ok ? NULL : e.text);
}

void files_abort(void)
{
    while (parts)
        abandon(parts);
}
