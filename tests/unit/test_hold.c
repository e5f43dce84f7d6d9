/* The hold on a process whose command line is that of a QEMU. */
#include "orchestrator/range/hold.h"
#include "tests/unit/cunit_main.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define UUID "0b9a6a52-58f5-5c5e-9d55-2f4b7a1f0c11"
#define OTHER "0b9a6a52-58f5-5c5e-9d55-2f4b7a1f0c12"

/* The name is the first argument; what runs is cat, which ends with its input. */
static pid_t start(int line)
{
    pid_t pid = fork();

    if (pid == 0) {
        dup2(line, STDIN_FILENO);
        execl("/bin/sh", "/usr/bin/qemu-system-x86_64", "-c", "read line", "-uuid", UUID,
              (char *)NULL);
        _exit(127);
    }
    return pid;
}

static Hold *take_soon(void)
{
    gint64 until = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
    Hold *hold;

    while (!(hold = hold_take(UUID)) && g_get_monotonic_time() < until)
        g_usleep(1000);
    return hold;
}

static gboolean ended(int line, int ms)
{
    struct pollfd look = {line, POLLIN, 0};
    char byte;

    return poll(&look, 1, ms) == 1 && recv(line, &byte, 1, MSG_DONTWAIT) == 0;
}

static void test_the_line_outlives_it(void)
{
    int line[2], status;

    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line), 0);
    pid_t pid = start(line[1]);
    Hold *hold = take_soon();
    close(line[1]);
    CU_ASSERT_PTR_NOT_NULL_FATAL(hold);
    CU_ASSERT_PTR_NULL(hold_take(OTHER));
    kill(pid, SIGKILL);
    siginfo_t dead;
    CU_ASSERT_EQUAL(waitid(P_PID, (id_t)pid, &dead, WEXITED | WNOWAIT), 0);
    /* Dead, and not yet gone: whoever is at the other end must not think it is. */
    CU_ASSERT_FALSE(ended(line[0], 50));
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_TRUE(hold_wait(hold, 10 * G_USEC_PER_SEC));
    CU_ASSERT_TRUE(ended(line[0], 10000));
    close(line[0]);
}

static void test_it_lets_go_in_time(void)
{
    int line[2], status;

    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line), 0);
    pid_t pid = start(line[1]);
    Hold *hold = take_soon();
    CU_ASSERT_PTR_NOT_NULL_FATAL(hold);
    CU_ASSERT_FALSE(hold_wait(hold, 20000));
    CU_ASSERT_FALSE(hold_wait(NULL, G_USEC_PER_SEC));
    hold_free(NULL);
    kill(pid, SIGKILL);
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    close(line[0]);
    close(line[1]);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"the line outlives it", test_the_line_outlives_it},
        {"it lets go in time", test_it_lets_go_in_time},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("hold", tests);
}
