#include "agents/agent/group.h"

#include "agents/agent/agent.h"
#include "agents/agent/process.h"
#include "agents/agent/text.h"
#include "agents/wire/msg_table.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_MOUNT "/sys/fs/cgroup"
#define DIR_NAME "parry.agent"
#define KILL_ROUNDS 100
#define MOUNTS_MAX 262144
#define PROCS_MAX (1u << 20) /* bytes of cgroup.procs */

struct group {
    char mark[48];  /* INST-ID */
    char path[320]; /* of the control group, or "" */
    struct group_limits limits;
    bool limited_memory, limited_procs; /* by the control group */
};

static int64_t own_inst, earlier_inst; /* whose empty groups are removed */
static char root[256];                 /* directory of the agent's groups, or "" */

static bool write_text(const char *dir, const char *file, const char *text)
{
    char path[400];

    text_format(path, sizeof(path), "%s/%s", dir, file);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return ok;
}

/* Where cgroup2 is mounted: the lines of /proc/mounts are "source path type …". any:
 * there is one of version 1, too. */
static bool find_mount(char *path, size_t size, bool *any)
{
    char *mounts = text_read_file("/proc/self/mounts", MOUNTS_MAX, NULL);
    bool found = false;
    char *next;

    *any = !mounts;
    for (char *line = mounts; line && *line && !found; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        const char *where = text_word(line, 1), *type = text_word(line, 2);
        *any |= type && strncmp(type, "cgroup", 6) == 0;
        if (where && type && strncmp(type, "cgroup2 ", 8) == 0) {
            text_format(path, size, "%.*s", (int)strcspn(where, " "), where);
            found = true;
        }
    }
    free(mounts);
    return found;
}

/* The processor is shared by group, then: a thousand processes beside an order take no
 * more of it than the order does. A guest without systemd has control groups that nobody
 * mounted: then the agent does. Controllers that the root does not hand down (or that
 * version 1 holds) are replaced by resource limits. */
void group_init(int64_t inst)
{
    static const char *const controllers[] = {"+memory", "+pids", "+cpu"};
    char mounted[200] = DEFAULT_MOUNT;
    bool any;

    own_inst = inst;
    root[0] = '\0';
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
        agent_log("cannot adopt orphans: %s", strerror(errno));
    if (!find_mount(mounted, sizeof(mounted), &any) &&
        (any || mount("cgroup2", mounted, "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                      NULL) < 0))
        return;
    text_format(root, sizeof(root), "%s/" DIR_NAME, mounted);
    if (mkdir(root, 0755) < 0 && errno != EEXIST) {
        root[0] = '\0';
        return;
    }
    for (size_t i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++)
        if (write_text(mounted, "cgroup.subtree_control", controllers[i]))
            write_text(root, "cgroup.subtree_control", controllers[i]);
}

static void set_limits(struct group *g)
{
    char text[32];

    if (g->limits.mem_kb > 0) {
        text_format(text, sizeof(text), "%lld", (long long)g->limits.mem_kb * 1024);
        g->limited_memory = write_text(g->path, "memory.max", text);
        write_text(g->path, "memory.swap.max", "0");
    }
    /* Whichever limit it is, its own or the guest's: all of it ends, or none. */
    write_text(g->path, "memory.oom.group", "1");
    if (g->limits.procs > 0) {
        text_format(text, sizeof(text), "%lld", (long long)g->limits.procs);
        g->limited_procs = write_text(g->path, "pids.max", text);
    }
}

static void name(struct group *g, int64_t inst, int64_t id)
{
    text_format(g->mark, sizeof(g->mark), "%llx-%lld", (unsigned long long)inst,
                (long long)id);
    if (root[0])
        text_format(g->path, sizeof(g->path), "%s/%s", root, g->mark);
}

struct group *group_new(int64_t id, const struct group_limits *limits,
                        struct wire_error *e)
{
    struct group *g = calloc(1, sizeof(*g));

    if (!g) {
        wire_fail(e, "out of memory");
        return NULL;
    }
    name(g, own_inst, id);
    g->limits = *limits;
    if (g->path[0] && mkdir(g->path, 0755) < 0 && errno != EEXIST)
        g->path[0] = '\0'; /* the mark is left */
    if (g->path[0])
        set_limits(g);
    return g;
}

static int limit(__rlimit_resource_t what, int64_t value)
{
    struct rlimit r = {(rlim_t)value, (rlim_t)value};

    return setrlimit(what, &r);
}

int group_enter(const struct group *g)
{
    if (g->path[0] && !write_text(g->path, "cgroup.procs", "0"))
        return -1;
    if (g->limits.mem_kb > 0 && !g->limited_memory &&
        limit(RLIMIT_AS, g->limits.mem_kb * 1024) < 0)
        return -1;
    if (g->limits.procs > 0 && !g->limited_procs &&
        limit(RLIMIT_NPROC, g->limits.procs) < 0)
        return -1;
    return 0;
}

const char *group_mark(const struct group *g)
{
    return g->path[0] ? NULL : g->mark;
}

/* Sends signal to all in the control group; returns how many there were. */
static int signal_members(const char *path, int signal)
{
    char file[400];
    long long pid;
    int n = 0;

    text_format(file, sizeof(file), "%s/cgroup.procs", path);
    char *text = text_read_file(file, PROCS_MAX, NULL);
    for (const char *at = text; at && text_number(at, 10, &pid, &at);) {
        if (pid > 0)
            kill((pid_t)pid, signal);
        n++;
        if (*at == '\n')
            at++;
    }
    free(text);
    return n;
}

void group_signal(const struct group *g, pid_t leader, int signal)
{
    process_kill(leader, signal);
    if (g->path[0])
        signal_members(g->path, signal);
    else
        process_kill_marked(g->mark, leader, signal);
}

/* Kernels before 5.14 have no cgroup.kill: then again and again, for forks race. */
static void kill_members(const char *path)
{
    if (write_text(path, "cgroup.kill", "1"))
        return;
    for (int i = 0; i < KILL_ROUNDS && signal_members(path, SIGKILL) > 0; i++)
        ;
}

void group_kill(const struct group *g, pid_t leader)
{
    if (g->path[0])
        kill_members(g->path);
    else
        process_kill_marked(g->mark, leader, SIGKILL);
    if (leader > 0)
        process_kill(leader, SIGKILL);
}

bool group_out_of_memory(const struct group *g)
{
    char path[400];
    long long n = 0;

    if (!g->path[0])
        return false;
    text_format(path, sizeof(path), "%s/memory.events", g->path);
    char *text = text_read_file(path, 4096, NULL);
    const char *at = text ? strstr(text, "oom_kill ") : NULL;
    bool killed = at && text_number(at + 9, 10, &n, NULL) && n > 0;
    free(text);
    return killed;
}

static bool belongs(const char *group, int64_t inst)
{
    char prefix[24];

    text_format(prefix, sizeof(prefix), "%llx-", (unsigned long long)inst);
    return strncmp(group, prefix, strlen(prefix)) == 0;
}

/* Groups that are empty by now: those too whose last process ended after their act.
 * rmdir fails where one still runs. Another agent's (tests run several) are let be. */
static void sweep(void)
{
    const struct dirent *entry;
    DIR *dir = root[0] ? opendir(root) : NULL;

    if (!dir)
        return;
    while ((entry = readdir(dir)))
        if (belongs(entry->d_name, own_inst) || belongs(entry->d_name, earlier_inst))
            (void)unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
    closedir(dir);
}

void group_free(struct group *g)
{
    if (!g)
        return;
    sweep();
    free(g);
}

void group_kill_left(int64_t inst, int64_t id)
{
    struct group g = {.limits = {0, 0}};

    earlier_inst = inst;
    name(&g, inst, id);
    if (g.path[0] && access(g.path, F_OK) < 0)
        g.path[0] = '\0';
    group_kill(&g, 0);
    if (g.path[0])
        (void)rmdir(g.path);
}
