/*
 * What the agent must live through, each to a known state. All of it happens in a pid
 * and mount namespace of the test's own.
 */
#include "tests/unit/agent_host.h"
#include "tests/unit/cunit_main.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RSS_MAX_KB 8192 /* with a megabyte of queue */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true /* freed memory is kept for a while: no measure */
#else
#define SANITIZED false
#endif
#define BOMB_UID 64123 /* nobody else's */
#define BOMB_PROCS 150

static struct host host; /* for what host_before_agent does */

static int64_t rss_kb(pid_t pid)
{
    char path[64];
    long long total, resident = -1;

    snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
    FILE *f = fopen(path, "r");
    if (f && fscanf(f, "%lld %lld", &total, &resident) != 2)
        resident = -1;
    if (f)
        fclose(f);
    return resident * sysconf(_SC_PAGESIZE) / 1024;
}

static int open_files(pid_t pid)
{
    char path[64];
    int n = 0;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    DIR *dir = opendir(path);
    while (dir && readdir(dir))
        n++;
    if (dir)
        closedir(dir);
    return n;
}

static void expect_fine(int64_t id)
{
    const struct wire_msg *r = host_order(&host, id, "exit 4");

    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.status, WIRE_DONE);
    CU_ASSERT_EQUAL(r->result.exit, 4);
}

/* Whether path comes to be there, the host not reading meanwhile. */
static bool appears(const char *path)
{
    struct stat st;

    for (int i = 0; i < HOST_WAIT_MS / 10; i++) {
        if (stat(path, &st) == 0)
            return true;
        usleep(10000);
    }
    return false;
}

/* Sends without reading: 60 orders that end, and one that floods. They end; what they
 * said waits, bounded; nothing of it is lost. */
static void test_host_that_does_not_read(void)
{
    struct wire_msg m;
    char script[256], path[128];
    size_t len;

    CU_ASSERT_FATAL(host_start(&host, true));
    wire_msg_init(&m, WIRE_ORDER);
    m.order.out_max = 10000000;
    for (m.id = 1; m.id <= 60; m.id++) {
        snprintf(script, sizeof(script), "echo %lld; touch %s/done.%lld", (long long)m.id,
                 host.dir, (long long)m.id);
        m.order.script = script;
        host_send(&host, &m);
    }
    m.order.script = "head -c 3000000 /dev/zero";
    host_send(&host, &m);
    for (int id = 1; id <= 60; id++) {
        snprintf(path, sizeof(path), "%s/done.%d", host.dir, id);
        CU_ASSERT(appears(path));
        unlink(path);
    }
    CU_ASSERT(SANITIZED || rss_kb(host.pid) < RSS_MAX_KB);
    for (int id = 1; id <= 60; id++) {
        const struct wire_msg *r = host_wait(&host, WIRE_RESULT, id);
        CU_ASSERT_PTR_NOT_NULL_FATAL(r);
        CU_ASSERT_EQUAL(r->result.exit, 0);
    }
    CU_ASSERT_PTR_NOT_NULL(host_wait(&host, WIRE_RESULT, 61));
    free(host_data(&host, 61, 1, &len));
    CU_ASSERT_EQUAL(len, 3000000);
    CU_ASSERT_EQUAL(host_stop(&host), 0);
}

/* The port closed and opened again: no descriptor, no memory more than before. */
static void test_hundred_breaks(void)
{
    CU_ASSERT_FATAL(host_start(&host, true));
    expect_fine(1);
    int files = open_files(host.pid);
    int64_t before = rss_kb(host.pid);
    for (size_t i = 0; i < 100; i++) {
        int hellos = host.hellos;
        host_drop(&host, i * 7);
        for (int j = 0; host.hellos == hellos && j < 1000; j++)
            host_pump(&host, 20);
        CU_ASSERT_FATAL(host.hellos > hellos);
    }
    expect_fine(2);
    CU_ASSERT_EQUAL(open_files(host.pid), files);
    CU_ASSERT(SANITIZED || rss_kb(host.pid) <= before + 512);
    CU_ASSERT_EQUAL(host.bad_lines, 0);
    CU_ASSERT_EQUAL(host_stop(&host), 0);
}

/* The host's epoch moves in the middle of an order: it is gone, with what left its
 * session, and without a word. */
static void test_revert(void)
{
    struct wire_msg m;

    CU_ASSERT_FATAL(host_start(&host, true));
    wire_msg_init(&m, WIRE_ORDER);
    m.id = 1;
    m.order.script = "setsid sh -c 'echo $$; exec sleep 600' & sleep 600";
    host_send(&host, &m);
    CU_ASSERT_PTR_NOT_NULL_FATAL(host_wait(&host, WIRE_OUT, 1));
    char *pid = host_data(&host, 1, 1, NULL);
    host.epoch = 2;
    host_drop(&host, 0);
    for (int i = 0; i < 1000 && kill(atoi(pid), 0) == 0; i++)
        host_pump(&host, 20);
    CU_ASSERT(atoi(pid) > 1 && kill(atoi(pid), 0) < 0);
    free(pid);
    CU_ASSERT_FALSE(host_has(&host, WIRE_RESULT, 1));
    expect_fine(2);
    CU_ASSERT_EQUAL(host_stop(&host), 0);
}

/* The agent's state and what it is to write lie on a file system without a free byte. */
static void on_full_disk(void)
{
    char path[128], bytes[4096] = {0};

    if (unshare(CLONE_NEWNS) < 0 || mount("tmpfs", host.dir, "tmpfs", 0, "size=8192") < 0)
        _exit(126);
    snprintf(path, sizeof(path), "%s/filling", host.dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    while (write(fd, bytes, sizeof(bytes)) > 0)
        ;
    close(fd);
}

static void test_disk_full(void)
{
    struct wire_msg m;
    char path[128], script[256];

    host_before_agent = on_full_disk;
    CU_ASSERT_FATAL(host_start(&host, false));
    host_before_agent = NULL;
    expect_fine(1);
    wire_msg_init(&m, WIRE_FILE);
    m.id = 2;
    snprintf(path, sizeof(path), "%s/new", host.dir);
    m.file.path = path;
    m.file.data = (struct wire_bytes){(const unsigned char *)"abc", 3};
    m.file.end = true;
    host_send(&host, &m);
    const struct wire_msg *r = host_wait(&host, WIRE_RESULT, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.status, WIRE_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(r->result.text, "No space left"));
    snprintf(script, sizeof(script), "ls %s/new*; cat >%s/state; exit 4", host.dir,
             host.dir);
    r = host_order(&host, 3, script);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.exit, 4);
    char *out = host_data(&host, 3, 1, NULL);
    CU_ASSERT_STRING_EQUAL(out, ""); /* nothing half written is left */
    free(out);
    expect_fine(1); /* met again: answered from memory */
    CU_ASSERT_EQUAL(host_stop(&host), 0);
}

/* Its directory is removed under it; it goes on, and its file comes back. */
static void test_files_deleted(void)
{
    char path[128];
    struct stat st;

    CU_ASSERT_FATAL(host_start(&host, false));
    snprintf(path, sizeof(path), "%s/state", host.dir);
    CU_ASSERT_EQUAL(unlink(path), 0);
    CU_ASSERT_EQUAL(rmdir(host.dir), 0);
    for (int64_t id = 1; id <= 300; id++)
        expect_fine(id);
    CU_ASSERT_EQUAL(stat(path, &st), 0);
    expect_fine(300);
    CU_ASSERT_EQUAL(host_stop(&host), 0);
}

/* ---- a fork bomb ---- */

static void bomb(void)
{
    struct rlimit limit = {BOMB_PROCS, BOMB_PROCS};

    if (setpriority(PRIO_PROCESS, 0, 19) < 0 || setrlimit(RLIMIT_NPROC, &limit) < 0 ||
        setgid(BOMB_UID) < 0 || setuid(BOMB_UID) < 0)
        _exit(1);
    for (;;)
        if (fork() < 0)
            usleep(2000);
}

/* As the bomb's user, who may signal nobody else's processes. */
static void defuse(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        if (setgid(BOMB_UID) == 0 && setuid(BOMB_UID) == 0)
            kill(-1, SIGKILL);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
}

static int bomb_size(void)
{
    const struct dirent *entry;
    struct stat st;
    int n = 0;
    DIR *dir = opendir("/proc");

    while (dir && (entry = readdir(dir)))
        n += entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
             fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 && st.st_uid == BOMB_UID;
    if (dir)
        closedir(dir);
    return n;
}

static void test_fork_bomb(void)
{
    struct wire_msg m;

    CU_ASSERT_FATAL(host_start(&host, false));
    pid_t pid = fork();
    if (pid == 0)
        bomb();
    for (int i = 0; i < 1000 && bomb_size() < BOMB_PROCS - 10; i++)
        host_pump(&host, 10);
    CU_ASSERT(bomb_size() >= BOMB_PROCS - 10);
    for (int64_t id = 1; id <= 5; id++)
        expect_fine(id);
    wire_msg_init(&m, WIRE_ORDER); /* and a deadline holds */
    m.id = 6;
    m.order.script = "sleep 600";
    m.order.timeout_ms = 300;
    host_send(&host, &m);
    const struct wire_msg *r = host_wait(&host, WIRE_RESULT, 6);
    CU_ASSERT_PTR_NOT_NULL(r);
    for (int i = 0; i < 100 && bomb_size() > 0; i++) {
        defuse();
        while (waitpid(pid, NULL, WNOHANG) > 0)
            ;
        host_pump(&host, 20);
    }
    expect_fine(7);
    CU_ASSERT_EQUAL(host_stop(&host), 0);
}

/* A bomb inside an order: its process limit holds, and the deadline ends all of it. */
static void test_fork_bomb_in_an_order(void)
{
    struct wire_msg m;

    CU_ASSERT_FATAL(host_start(&host, false));
    wire_msg_init(&m, WIRE_ORDER);
    m.id = 1;
    m.order.script = "b() { b & b & wait; }; echo; b 2>/dev/null";
    m.order.procs = 60;
    m.order.timeout_ms = 1500;
    m.order.user = "games";
    host_send(&host, &m);
    const struct wire_msg *r = host_wait(&host, WIRE_RESULT, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    expect_fine(2);
    CU_ASSERT_EQUAL(host_stop(&host), 0);
}

static int run_tests(void)
{
    CU_TestInfo tests[] = {
        {"a host that does not read", test_host_that_does_not_read},
        {"a hundred breaks", test_hundred_breaks},
        {"a revert in an order", test_revert},
        {"a full disk", test_disk_full},
        {"its files deleted", test_files_deleted},
        {"a fork bomb beside it", test_fork_bomb},
        {"a fork bomb in an order", test_fork_bomb_in_an_order},
        CU_TEST_INFO_NULL,
    };

    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("proc", "/proc", "proc", 0, NULL) < 0) {
        printf("skipped: no /proc of its own: %s\n", strerror(errno));
        return 77;
    }
    wire_init();
    return cunit_main("agent endures", tests);
}

int main(void)
{
    int status = 0;

    if (geteuid() != 0 || unshare(CLONE_NEWNS | CLONE_NEWPID) < 0) {
        printf("skipped: namespaces need root: %s\n", strerror(errno));
        return 77;
    }
    pid_t pid = fork(); /* is process 1 of the new namespace: with it all of it ends */
    if (pid == 0)
        exit(run_tests());
    waitpid(pid, &status, 0);
    /* No exit handlers: the leak checker cannot fork where process 1 is gone. */
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}
