#include "agents/agent/process.h"

#include "agents/agent/text.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMM_MAX 15
#define STAT_MAX 4096
#define ENVIRON_MAX (1u << 20)
#define ROUNDS_MAX 50

struct process {
    pid_t pid, parent;
    pid_t session;
    bool ours; /* process_kill_marked */
    char state;
    char comm[64];
};

/* "pid (comm) state ppid pgrp session …": comm may hold anything, ')' and
 * newlines included. */
static bool read_process(const char *pid, struct process *p)
{
    char path[64];
    long long parent, session;
    bool ok = false;

    text_format(path, sizeof(path), "/proc/%s/stat", pid);
    char *line = text_read_file(path, STAT_MAX, NULL);
    if (!line)
        return false; /* it has ended */
    const char *open = strchr(line, '(');
    char *close = strrchr(line, ')');
    if (open && close && open < close &&
        text_number(text_word(close + 1, 1), 10, &parent, NULL) &&
        text_number(text_word(close + 1, 3), 10, &session, NULL)) {
        *close = '\0';
        p->pid = (pid_t)strtol(pid, NULL, 10);
        p->parent = (pid_t)parent;
        p->session = (pid_t)session;
        p->ours = false;
        p->state = *text_word(close + 1, 0);
        text_format(p->comm, sizeof(p->comm), "%s", open + 1);
        ok = true;
    }
    free(line);
    return ok;
}

static bool next_process(DIR *dir, struct process *p)
{
    const struct dirent *entry;

    while ((entry = readdir(dir)))
        if (isdigit((unsigned char)entry->d_name[0]) && read_process(entry->d_name, p))
            return true;
    return false;
}

int process_count(const char *name)
{
    struct process p;
    int n = 0;
    DIR *dir = opendir("/proc");

    if (!dir)
        return -1;
    while (next_process(dir, &p))
        n += p.state != 'Z' && strncmp(p.comm, name, COMM_MAX) == 0;
    closedir(dir);
    return n;
}

void process_kill(pid_t leader, int signal)
{
    struct process p;

    kill(-leader, signal);
    DIR *dir = opendir("/proc");
    if (!dir)
        return;
    while (next_process(dir, &p))
        if (p.session == leader)
            kill(p.pid, signal);
    closedir(dir);
}

/* The environment as it was at exec; unreadable is not marked. */
static bool is_marked(pid_t pid, const char *mark)
{
    char path[64], wanted[128];
    size_t len, n;
    bool found = false;

    text_format(path, sizeof(path), "/proc/%d/environ", (int)pid);
    text_format(wanted, sizeof(wanted), PROCESS_MARK "=%s", mark);
    char *text = text_read_file(path, ENVIRON_MAX, &len);
    for (char *at = text; at && at < text + len && !found; at += n + 1) {
        n = strlen(at);
        found = strcmp(at, wanted) == 0;
    }
    free(text);
    return found;
}

static size_t read_all(struct process **all)
{
    struct process p;
    size_t n = 0, room = 0;
    DIR *dir = opendir("/proc");

    *all = NULL;
    while (dir && next_process(dir, &p)) {
        if (n == room) {
            struct process *more = reallocarray(*all, room += 256, sizeof(p));
            if (!more)
                break;
            *all = more;
        }
        (*all)[n++] = p;
    }
    if (dir)
        closedir(dir);
    return n;
}

/* Whether p is a child of one that is ours, or in a session that one of ours leads. */
static bool follows(const struct process *p, const struct process *all, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (all[i].ours && (p->parent == all[i].pid || p->session == all[i].pid))
            return true;
    return false;
}

static void find_ours(struct process *all, size_t n, const char *mark, pid_t leader)
{
    bool more = true;

    for (size_t i = 0; i < n; i++)
        all[i].ours =
            all[i].pid != getpid() &&
            ((leader > 0 && (all[i].pid == leader || all[i].session == leader)) ||
             is_marked(all[i].pid, mark));
    while (more) {
        more = false;
        for (size_t i = 0; i < n; i++)
            if (!all[i].ours && all[i].pid != getpid() && follows(&all[i], all, n))
                all[i].ours = more = true;
    }
}

/* One round; returns how many were signalled that still ran. */
static int kill_round(const char *mark, pid_t leader, int signal)
{
    struct process *all;
    size_t n = read_all(&all);
    int hit = 0;

    find_ours(all, n, mark, leader);
    for (size_t i = 0; i < n; i++)
        if (all[i].ours && all[i].state != 'Z' && kill(all[i].pid, signal) == 0)
            hit++;
    free(all);
    return hit;
}

void process_kill_marked(const char *mark, pid_t leader, int signal)
{
    /* Stopped first, they cannot fork away from the walk. */
    int rounds = signal == SIGKILL ? ROUNDS_MAX : 1;
    int before = -1, now = 0;

    for (int i = 0; i < rounds && signal == SIGKILL && now != before; i++) {
        before = now;
        now = kill_round(mark, leader, SIGSTOP);
    }
    for (int i = 0; i < rounds && kill_round(mark, leader, signal) > 0; i++)
        ;
}
