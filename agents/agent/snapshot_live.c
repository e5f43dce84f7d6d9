/* Parts that are the kernel's: processes, ports, firewall; and the accounts. */
#include "agents/agent/snapshot_parts.h"

#include "agents/agent/mask.h"
#include "agents/agent/sees.h"
#include "agents/agent/text.h"
#include "agents/agent/who.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sha2.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_MAX (4u << 20)
#define ARGS_MAX 1024

/* Calls fn with each line; returns false when the file cannot be read or fn said so. */
static bool each_line(const char *path, bool (*fn)(void *arg, char *line), void *arg)
{
    char *text = text_read_file(path, FILE_MAX, NULL);
    bool ok = true;
    char *next;

    if (!text)
        return false;
    for (char *line = text; line && *line && ok; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        ok = fn(arg, line);
    }
    free(text);
    return ok;
}

/* The number after "Name:" in /proc/PID/status, or -1. */
static long long status_number(const char *status, const char *name)
{
    long long value;
    const char *at = strstr(status, name);

    return at && text_number(at + strlen(name), 10, &value, NULL) ? value : -1;
}

/* Which of Parry's acts it belongs to: what a check or a player runs is no residue. */
static void put_origin(json_t *item, const char *pid)
{
    struct who w = {.auid = -1, .ses = -1};
    struct wire_seen s = {.auid = -1};
    long long number;

    if (!text_number(pid, 10, &number, NULL) || !who_read((pid_t)number, &w))
        return;
    s.auid = w.auid;
    who_label(&s, w.ses);
    if (s.origin == WIRE_FROM_GUEST)
        return;
    snapshot_text(item, "origin", wire_origin_name(s.origin));
    if (s.act_id > 0)
        json_object_set_new(item, "act", json_integer(s.act_id));
}

/* A process has ended in between, or is the kernel's: no item. */
static bool put_process(const char *pid)
{
    char path[64], exe[512], args[ARGS_MAX];
    size_t len = 0;

    text_format(path, sizeof(path), "/proc/%s/exe", pid);
    ssize_t n = readlink(path, exe, sizeof(exe) - 1);
    if (n <= 0)
        return true;
    exe[n] = '\0';
    text_format(path, sizeof(path), "/proc/%s/cmdline", pid);
    char *line = text_read_file(path, FILE_MAX, &len);
    mask_args(sees_mask(), line ? line : "", line ? len : 0, 0, args, sizeof(args));
    free(line);
    text_format(path, sizeof(path), "/proc/%s/status", pid);
    char *status = text_read_file(path, FILE_MAX, NULL);
    json_t *item = snapshot_item("processes", pid);
    snapshot_text(item, "exe", exe);
    snapshot_text(item, "args", args);
    if (status) {
        json_object_set_new(item, "ppid", json_integer(status_number(status, "\nPPid:")));
        json_object_set_new(item, "uid", json_integer(status_number(status, "\nUid:")));
    }
    free(status);
    put_origin(item, pid);
    return snapshot_put(item);
}

bool snapshot_processes(const struct wire_snapshot *ask)
{
    const struct dirent *entry;
    DIR *dir = opendir("/proc");
    bool ok = dir != NULL;
    char self[16];

    (void)ask;
    text_format(self, sizeof(self), "%d", (int)getpid());
    while (dir && ok && (entry = readdir(dir)))
        if (isdigit((unsigned char)entry->d_name[0]) && strcmp(entry->d_name, self) != 0)
            ok = put_process(entry->d_name);
    if (dir)
        closedir(dir);
    return ok;
}

struct table {
    const char *proto;
    const char *path;
    const char *state; /* of a socket that waits */
    int family;
};

/* "  0: 0100007F:1F90 00000000:0000 0A …  uid": addresses are words of the machine's own
 * byte order. */
static bool put_port(void *arg, char *line)
{
    const struct table *t = arg;
    const char *local = text_word(line, 1), *state = text_word(line, 3);
    uint32_t words[4] = {0};
    char addr[INET6_ADDRSTRLEN], key[80];
    long long uid, port, value;

    if (!local || !state || strncmp(state, t->state, 2) != 0)
        return true; /* the heading, or another state */
    size_t n = t->family == AF_INET ? 1 : 4;
    for (size_t i = 0; i < n; i++) {
        char word[9];
        text_format(word, sizeof(word), "%.8s", local + strnlen(local, 8 * i));
        if (!text_number(word, 16, &value, NULL))
            return true;
        words[i] = (uint32_t)value;
    }
    local = strchr(local, ':');
    if (!local || !text_number(local + 1, 16, &port, NULL))
        return true;
    inet_ntop(t->family, words, addr, sizeof(addr));
    text_format(key, sizeof(key), t->family == AF_INET ? "%s %s:%lld" : "%s [%s]:%lld",
                t->proto, addr, port);
    json_t *item = snapshot_item("ports", key);
    if (text_number(text_word(line, 7), 10, &uid, NULL))
        json_object_set_new(item, "uid", json_integer(uid));
    return snapshot_put(item);
}

bool snapshot_ports(const struct wire_snapshot *ask)
{
    static const struct table tables[] = {{"tcp", "/proc/net/tcp", "0A", AF_INET},
                                          {"tcp", "/proc/net/tcp6", "0A", AF_INET6},
                                          {"udp", "/proc/net/udp", "07", AF_INET},
                                          {"udp", "/proc/net/udp6", "07", AF_INET6}};

    (void)ask;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        if (!each_line(tables[i].path, put_port, (void *)(uintptr_t)&tables[i]) &&
            errno != ENOENT) /* without IPv6 */
            return false;
    return true;
}

/* Splits in place at the colons; missing fields are "". */
static void split(char *line, const char **fields, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        fields[i] = line ? line : "";
        line = line ? strchr(line, ':') : NULL;
        if (line)
            *line++ = '\0';
    }
}

static bool put_user(void *arg, char *line)
{
    const char *f[7];

    (void)arg;
    split(line, f, 7);
    json_t *item = snapshot_item("users", f[0]);
    snapshot_text(item, "uid", f[2]);
    snapshot_text(item, "gid", f[3]);
    snapshot_text(item, "home", f[5]);
    snapshot_text(item, "shell", f[6]);
    return snapshot_put(item);
}

/* A password is told by a digest of its hash: enough to see that it changed. */
static bool put_password(void *arg, char *line)
{
    const char *f[2];
    char key[80], hex[SHA256_DIGEST_STRING_LENGTH];

    (void)arg;
    split(line, f, 2);
    text_format(key, sizeof(key), "password %s", f[0]);
    json_t *item = snapshot_item("users", key);
    json_object_set_new(item, "locked", json_boolean(f[1][0] == '!' || f[1][0] == '*'));
    snapshot_text(item, "digest",
                  SHA256Data((const unsigned char *)f[1], strlen(f[1]), hex));
    return snapshot_put(item);
}

static bool put_group(void *arg, char *line)
{
    const char *f[4];
    char key[80];

    (void)arg;
    split(line, f, 4);
    text_format(key, sizeof(key), "group %s", f[0]);
    json_t *item = snapshot_item("users", key);
    snapshot_text(item, "gid", f[2]);
    snapshot_text(item, "members", f[3]);
    return snapshot_put(item);
}

bool snapshot_users(const struct wire_snapshot *ask)
{
    (void)ask;
    return each_line("/etc/passwd", put_user, NULL) &&
           (each_line("/etc/shadow", put_password, NULL) || errno == ENOENT) &&
           (each_line("/etc/group", put_group, NULL) || errno == ENOENT);
}

/* Counters are no state: "[12:3456]" at the end of what iptables-save writes. */
static void drop_counters(char *line)
{
    char *bracket = strrchr(line, '[');

    if (bracket && line[0] == ':')
        *bracket = '\0';
}

static bool put_rules(const char *program, FILE *from)
{
    char line[ARGS_MAX], key[80];
    int n = 0;
    bool ok = true;

    while (ok && fgets(line, sizeof(line), from)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || !line[0])
            continue;
        drop_counters(line);
        text_format(key, sizeof(key), "%s %d", program, ++n);
        json_t *item = snapshot_item("firewall", key);
        snapshot_text(item, "rule", line);
        ok = snapshot_put(item);
    }
    return ok;
}

/* Runs a program and puts its lines; not being there is no failure. */
static bool put_program(char *const *argv)
{
    posix_spawn_file_actions_t actions;
    int fds[2], status = 0;
    pid_t pid = -1;

    if (pipe(fds) < 0)
        return false;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[1], 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", 1, 0);
    posix_spawn_file_actions_addclose(&actions, fds[0]);
    int error = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(fds[1]);
    FILE *from = fdopen(fds[0], "r");
    bool ok = from && (error || put_rules(argv[0], from));
    if (from)
        fclose(from);
    if (!error)
        waitpid(pid, &status, 0);
    return ok;
}

bool snapshot_firewall(const struct wire_snapshot *ask)
{
    static char *const nft[] = {"nft", "-s", "list", "ruleset", NULL};
    static char *const iptables[] = {"iptables-save", NULL};

    (void)ask;
    return put_program(nft) && put_program(iptables);
}
