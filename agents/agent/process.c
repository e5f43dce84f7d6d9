#include "agents/agent/process.h"

#include "agents/agent/text.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define COMM_MAX 15
#define STAT_MAX 4096

struct process {
    pid_t pid;
    pid_t session;
    char state;
    char comm[64];
};

/* "pid (comm) state ppid pgrp session …": comm may hold anything, ')' and
 * newlines included. */
static bool read_process(const char *pid, struct process *p)
{
    char path[64];
    long long session;
    bool ok = false;

    text_format(path, sizeof(path), "/proc/%s/stat", pid);
    char *line = text_read_file(path, STAT_MAX, NULL);
    if (!line)
        return false; /* it has ended */
    const char *open = strchr(line, '(');
    char *close = strrchr(line, ')');
    if (open && close && open < close &&
        text_number(text_word(close + 1, 3), 10, &session, NULL)) {
        *close = '\0';
        p->pid = (pid_t)strtol(pid, NULL, 10);
        p->session = (pid_t)session;
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
