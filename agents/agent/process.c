#include "agents/agent/process.h"

#include "agents/agent/text.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMM_MAX 15

struct process {
    pid_t pid;
    pid_t session;
    char state;
    char comm[64];
};

/* "pid (comm) state ppid pgrp session …": comm may hold anything, ')' included. */
static bool read_process(const char *pid, struct process *p)
{
    char path[64], line[512];
    int parent, group;

    text_format(path, sizeof(path), "/proc/%s/stat", pid);
    if (!text_first_line(path, line, sizeof(line)))
        return false;
    const char *open = strchr(line, '(');
    char *close = strrchr(line, ')');
    if (!open || !close || close < open ||
        sscanf(close + 1, " %c %d %d %d", &p->state, &parent, &group, &p->session) != 4)
        return false;
    *close = '\0';
    text_format(p->comm, sizeof(p->comm), "%s", open + 1);
    p->pid = (pid_t)strtol(pid, NULL, 10);
    return true;
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
