/*
 * Enters a sandbox profile and then makes one system call that it should not survive.
 * Built without sanitizers whatever the tree is built with: AddressSanitizer widens the
 * profiles, and these are the ones that run in a drill.
 *
 * sandbox-probe PROFILE CALL UID GID: says "ready DONE\n" on standard output, waits for a
 * byte on standard input, makes the call, and exits with 0 (it worked) or 3 (an error).
 */
#include "orchestrator/sandbox/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static long call_none(void)
{
    return 0;
}

static long call_open(void)
{
    return open("/etc/passwd", O_RDONLY);
}

static long call_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0);
}

static long call_connect(void)
{
    struct sockaddr here = {.sa_family = AF_UNIX};

    return connect(0, &here, sizeof(here));
}

static long call_exec(void)
{
    char *argv[] = {"true", NULL};

    return execve("/bin/true", argv, NULL);
}

static long call_fork(void)
{
    return fork();
}

static long call_ptrace(void)
{
    return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static long call_kill(void)
{
    return kill(getppid(), 0);
}

static long call_executable(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return p == MAP_FAILED ? -1 : 0;
}

static long call_malloc(void)
{
    char *block = malloc(8 << 20); /* large: goes through mmap */

    if (!block)
        return -1;
    memset(block, 1, 8 << 20);
    free(block);
    return 0;
}

static long call_bpf(void)
{
    return syscall(SYS_bpf, 0, NULL, 0);
}

static long call_abort(void)
{
    abort();
}

static const struct {
    const char *name;
    long (*make)(void);
} calls[] = {
    {"none", call_none},       {"open", call_open}, {"socket", call_socket},
    {"connect", call_connect}, {"exec", call_exec}, {"fork", call_fork},
    {"ptrace", call_ptrace},   {"kill", call_kill}, {"executable", call_executable},
    {"malloc", call_malloc},   {"bpf", call_bpf},   {"abort", call_abort},
};

static const char *const profiles[] = {"hub", "board", "gate"};

static int probe(guint profile, const char *call, uid_t uid, gid_t gid)
{
    static const int keep[] = {0, 1};
    g_autoptr(GError) error = NULL;
    Sandbox sandbox = {(SandboxProfile)profile, uid, gid, 32, 256 << 20};
    char line[32], byte;
    guint done;

    if (!sandbox_close_others(keep, 2, &error) ||
        !sandbox_enter(&sandbox, &done, &error)) {
        fprintf(stderr, "sandbox-probe: %s\n", error->message);
        return 1;
    }
    int n = snprintf(line, sizeof(line), "ready %u\n", done);
    if (write(1, line, (size_t)n) != n || read(0, &byte, 1) != 1)
        return 1;
    for (gsize i = 0; i < G_N_ELEMENTS(calls); i++)
        if (strcmp(calls[i].name, call) == 0)
            return calls[i].make() < 0 ? 3 : 0;
    return 2;
}

int main(int argc, char **argv)
{
    if (argc == 5)
        for (guint i = 0; i < G_N_ELEMENTS(profiles); i++)
            if (strcmp(profiles[i], argv[1]) == 0)
                return probe(i, argv[2], (uid_t)atoi(argv[3]), (gid_t)atoi(argv[4]));
    fprintf(stderr, "usage: sandbox-probe hub|board|gate CALL UID GID\n");
    return 2;
}
