/*
 * What a sandboxed process cannot do, tried in a process that is built as in a drill, and
 * what it looks like from outside meanwhile.
 */
#include "orchestrator/sandbox/sandbox.h"
#include "tests/unit/cunit_main.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROBE PARRY_BINARY_DIR "/tests/sandbox-probe"
#define UID 64123 /* any account but root: it need not exist */

typedef struct {
    GPid pid;
    int in, out;
    guint done;
} Probe;

static gboolean probe_start(Probe *probe, const char *profile, const char *call)
{
    char uid[16], line[64] = "";
    char *argv[] = {PROBE, (char *)profile, (char *)call, uid, uid, NULL};
    g_autoptr(GError) error = NULL;

    snprintf(uid, sizeof(uid), "%d", UID);
    if (!g_spawn_async_with_pipes(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                                  &probe->pid, &probe->in, &probe->out, NULL, &error)) {
        fprintf(stderr, "%s\n", error->message);
        return FALSE;
    }
    ssize_t n = read(probe->out, line, sizeof(line) - 1);
    return n > 0 && sscanf(line, "ready %u", &probe->done) == 1;
}

/* Lets the probe make its call; returns the wait status. */
static int probe_end(Probe *probe)
{
    int status = -1;

    if (write(probe->in, "x", 1) != 1)
        perror("probe");
    waitpid(probe->pid, &status, 0);
    close(probe->in);
    close(probe->out);
    return status;
}

static int probe_run(const char *profile, const char *call)
{
    Probe probe;

    if (!probe_start(&probe, profile, call))
        return -1;
    return probe_end(&probe);
}

static void test_forbidden(void)
{
    static const char *const profiles[] = {"hub", "board", "gate"};
    static const char *const calls[] = {"socket", "connect", "exec",       "fork",
                                        "ptrace", "kill",    "executable", "bpf"};

    for (gsize i = 0; i < G_N_ELEMENTS(profiles); i++) {
        for (gsize j = 0; j < G_N_ELEMENTS(calls); j++) {
            int status = probe_run(profiles[i], calls[j]);
            CU_ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
            if (!WIFSIGNALED(status))
                fprintf(stderr, "%s: %s: status 0x%x\n", profiles[i], calls[j], status);
        }
    }
}

static void test_open(void)
{
    int hub = probe_run("hub", "open");
    int board = probe_run("board", "open");
    int gate = probe_run("gate", "open");

    /* The hub has no library that would ask for a file. The others' may ask, and are
     * told the truth about an empty root. */
    CU_ASSERT_TRUE(WIFSIGNALED(hub) && WTERMSIG(hub) == SIGSYS);
    CU_ASSERT_TRUE(WIFEXITED(board) && WEXITSTATUS(board) == 3);
    CU_ASSERT_TRUE(WIFEXITED(gate) && WEXITSTATUS(gate) == 3);
}

static void test_allowed(void)
{
    int none = probe_run("hub", "none");
    int memory = probe_run("hub", "malloc");
    int aborted = probe_run("hub", "abort");

    CU_ASSERT_TRUE(WIFEXITED(none) && WEXITSTATUS(none) == 0);
    CU_ASSERT_TRUE(WIFEXITED(memory) && WEXITSTATUS(memory) == 0);
    /* A crash must be seen as what it is. */
    CU_ASSERT_TRUE(WIFSIGNALED(aborted) && WTERMSIG(aborted) == SIGABRT);
}

static gboolean status_has(const char *status, const char *name, const char *value)
{
    g_autofree char *line = g_strdup_printf("\n%s:\t%s\n", name, value);

    if (strstr(status, line))
        return TRUE;
    fprintf(stderr, "no '%s: %s' in:\n%s\n", name, value, status);
    return FALSE;
}

static int entries_of(pid_t pid, const char *what)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/%s", (int)pid, what);
    DIR *dir = opendir(path);
    int n = 0;

    if (!dir)
        return -1;
    for (struct dirent *entry; (entry = readdir(dir));)
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

static void test_outside(void)
{
    static const char *const sets[] = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"};
    g_autofree char *status = NULL, *path = NULL, *limits = NULL, *limits_path = NULL;
    Probe probe;

    CU_ASSERT_TRUE_FATAL(probe_start(&probe, "hub", "none"));
    CU_ASSERT_EQUAL(probe.done, SANDBOX_ALL);
    path = g_strdup_printf("/proc/%d/status", (int)probe.pid);
    CU_ASSERT_TRUE_FATAL(g_file_get_contents(path, &status, NULL, NULL));
    CU_ASSERT_TRUE(status_has(status, "Uid", "64123\t64123\t64123\t64123"));
    CU_ASSERT_TRUE(status_has(status, "Gid", "64123\t64123\t64123\t64123"));
    CU_ASSERT_TRUE(status_has(status, "Groups", " "));
    CU_ASSERT_TRUE(status_has(status, "NoNewPrivs", "1"));
    CU_ASSERT_TRUE(status_has(status, "Seccomp", "2"));
    for (gsize i = 0; i < G_N_ELEMENTS(sets); i++)
        CU_ASSERT_TRUE(status_has(status, sets[i], "0000000000000000"));
    CU_ASSERT_EQUAL(entries_of(probe.pid, "root"), 0);
    CU_ASSERT_EQUAL(entries_of(probe.pid, "fd"), 3); /* 0, 1 and 2 */
    limits_path = g_strdup_printf("/proc/%d/limits", (int)probe.pid);
    CU_ASSERT_TRUE_FATAL(g_file_get_contents(limits_path, &limits, NULL, NULL));
    CU_ASSERT_PTR_NOT_NULL(strstr(limits, "Max open files            32 "));
    CU_ASSERT_PTR_NOT_NULL(strstr(limits, "Max address space         268435456 "));
    CU_ASSERT_PTR_NOT_NULL(strstr(limits, "Max core file size        0 "));
    probe_end(&probe);
}

/* A parent that dies takes its sandboxed children with it. */
static void test_parent_dies(void)
{
    Probe probe = {0};
    int pid_pipe[2];

    CU_ASSERT_EQUAL_FATAL(pipe(pid_pipe), 0);
    pid_t parent = fork();
    if (parent == 0) {
        gboolean up = probe_start(&probe, "hub", "none");
        pid_t pid = up ? probe.pid : 0;
        if (write(pid_pipe[1], &pid, sizeof(pid)) != sizeof(pid))
            _exit(1);
        pause();
        _exit(0);
    }
    pid_t pid = 0;
    CU_ASSERT_EQUAL(read(pid_pipe[0], &pid, sizeof(pid)), (ssize_t)sizeof(pid));
    CU_ASSERT_TRUE(pid > 0);
    kill(parent, SIGKILL);
    waitpid(parent, NULL, 0);
    gint64 deadline = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)pid);
    gboolean gone = FALSE;
    while (!gone && g_get_monotonic_time() < deadline) {
        g_autofree char *status = NULL;
        gone = !g_file_get_contents(path, &status, NULL, NULL) ||
               strstr(status, "State:\tZ") || strstr(status, "State:\tX");
        g_usleep(10000);
    }
    CU_ASSERT_TRUE(gone);
    close(pid_pipe[0]);
    close(pid_pipe[1]);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a forbidden call kills by SIGSYS", test_forbidden},
        {"files cannot be opened", test_open},
        {"what is needed still works", test_allowed},
        {"account, capabilities, root, limits", test_outside},
        {"ends with its parent", test_parent_dies},
        CU_TEST_INFO_NULL,
    };

    if (geteuid() != 0) {
        printf("skipped: dropping to another account and an empty root need root\n");
        return 77;
    }
    return cunit_main("sandbox", tests);
}
