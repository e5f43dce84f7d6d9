/*
 * Stands in for the agent in guests of test_images.c: says on the console that it runs,
 * then runs /etc/parry/test with the console as its output. Static, libc only.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    int console = open("/dev/ttyS0", O_RDWR | O_NOCTTY);

    if (console < 0)
        return 1;
    dprintf(console, "guest: agent runs\n");
    pid_t pid = fork();
    if (pid == 0) {
        dup2(console, STDOUT_FILENO);
        dup2(console, STDERR_FILENO);
        execl("/bin/sh", "sh", "/etc/parry/test", (char *)NULL);
        _exit(127);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    dprintf(console, "guest: test ended with %d\n",
            WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    for (;;)
        pause();
}
