#include "agents/agent/listeners.h"

#include "agents/agent/text.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX 256
#define FILE_MAX (1 << 20)
#define EPHEMERAL 32768 /* UDP from here on is somebody's client */

struct listener {
    char name[72];
    long long inode;
    pid_t pid;
    bool seen;
};

static struct listener list[MAX];
static size_t n_list;

static const struct {
    const char *path, *proto;
    int state; /* of a socket that waits: TCP_LISTEN, or TCP_CLOSE for UDP */
    int family;
} tables[] = {
    {"/proc/net/tcp", "tcp", 10, AF_INET},
    {"/proc/net/tcp6", "tcp", 10, AF_INET6},
    {"/proc/net/udp", "udp", 7, AF_INET},
    {"/proc/net/udp6", "udp", 7, AF_INET6},
};

/* Address and port as /proc/net has them: words of 32 bits in the machine's order. */
static bool name_socket(int family, const char *proto, const char *text, char *name,
                        size_t size)
{
    uint32_t words[4] = {0};
    char digits[9], addr[INET6_ADDRSTRLEN];
    long long value;
    int n = family == AF_INET ? 1 : 4;

    for (int i = 0; i < n; i++, text += 8) {
        if (strnlen(text, 8) < 8)
            return false;
        text_format(digits, sizeof(digits), "%.8s", text);
        if (!text_number(digits, 16, &value, NULL))
            return false;
        words[i] = (uint32_t)value;
    }
    if (*text != ':' || !text_number(text + 1, 16, &value, NULL) ||
        (proto[0] == 'u' && value >= EPHEMERAL))
        return false;
    if (!inet_ntop(family, words, addr, sizeof(addr)))
        return false;
    text_format(name, size, family == AF_INET ? "%s %s:%lld" : "%s [%s]:%lld", proto,
                addr, value);
    return true;
}

static bool owns(const char *pid, long long inode)
{
    char path[300], link[64], wanted[64];
    struct dirent *d;
    bool found = false;

    text_format(wanted, sizeof(wanted), "socket:[%lld]", inode);
    text_format(path, sizeof(path), "/proc/%s/fd", pid);
    DIR *dir = opendir(path);
    while (dir && !found && (d = readdir(dir))) {
        text_format(path, sizeof(path), "/proc/%s/fd/%s", pid, d->d_name);
        ssize_t n = readlink(path, link, sizeof(link) - 1);
        link[n > 0 ? n : 0] = '\0';
        found = strcmp(link, wanted) == 0;
    }
    if (dir)
        closedir(dir);
    return found;
}

/* The youngest process that has the socket: a parent may only have passed it on. */
static pid_t owner_of(long long inode)
{
    struct dirent *d;
    pid_t pid = 0;
    DIR *proc = opendir("/proc");

    while (proc && (d = readdir(proc))) {
        long long number;
        if (text_number(d->d_name, 10, &number, NULL) && number > 0 &&
            owns(d->d_name, inode))
            pid = (pid_t)number;
    }
    if (proc)
        closedir(proc);
    return pid;
}

static void found(const char *name, long long inode, listeners_fn fn)
{
    for (size_t i = 0; i < n_list; i++)
        if (strcmp(list[i].name, name) == 0) {
            list[i].seen = true;
            list[i].inode = inode;
            return;
        }
    if (n_list == MAX)
        return;
    struct listener *l = &list[n_list++];
    *l = (struct listener){.inode = inode, .seen = true};
    text_format(l->name, sizeof(l->name), "%s", name);
    l->pid = owner_of(inode);
    if (fn)
        fn(true, l->name, l->pid);
}

static void take_line(size_t table, const char *line, listeners_fn fn)
{
    char name[72];
    const char *local = text_word(line, 1), *remote = text_word(line, 2);
    const char *state = text_word(line, 3), *inode = text_word(line, 9);
    long long value, number;

    if (!local || !remote || !state || !inode || !text_number(state, 16, &value, NULL) ||
        value != tables[table].state || !text_number(inode, 10, &number, NULL))
        return;
    /* A connected UDP socket waits for one other only. */
    const char *colon = strchr(remote, ':');
    if (!colon || !text_number(colon + 1, 16, &value, NULL) || value != 0)
        return;
    if (name_socket(tables[table].family, tables[table].proto, local, name, sizeof(name)))
        found(name, number, fn);
}

void listeners_look(listeners_fn fn)
{
    for (size_t i = 0; i < n_list; i++)
        list[i].seen = false;
    for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
        char *text = text_read_file(tables[t].path, FILE_MAX, NULL);
        char *rest = text, *line;
        while (text && (line = strsep(&rest, "\n")))
            take_line(t, line, fn);
        free(text);
    }
    for (size_t i = 0; i < n_list;) {
        if (list[i].seen) {
            i++;
            continue;
        }
        struct listener gone = list[i];
        list[i] = list[--n_list];
        if (fn)
            fn(false, gone.name, gone.pid);
    }
}

void listeners_forget(void)
{
    n_list = 0;
}
