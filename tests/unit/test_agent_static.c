/*
 * The agent for guests: small, and in need of nothing but a kernel. It answers in a root
 * directory that holds nothing else, without an environment.
 */
#include "tests/unit/cunit_main.h"

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define AGENT_MAX (2u << 20)

static char *program;
static size_t size;

/* The whole program, read. */
static bool load(void)
{
    struct stat st;
    int fd = open(AGENT_STATIC, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) < 0)
        return false;
    size = (size_t)st.st_size;
    program = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    return program != MAP_FAILED;
}

static void test_small_and_static(void)
{
    const Elf64_Ehdr *head = (const Elf64_Ehdr *)(const void *)program;
    const Elf64_Phdr *parts = (const Elf64_Phdr *)(const void *)(program + head->e_phoff);

    CU_ASSERT(size < AGENT_MAX);
    for (int i = 0; i < head->e_phnum; i++)
        CU_ASSERT(parts[i].p_type != PT_INTERP && parts[i].p_type != PT_DYNAMIC);
}

/* What libc's name services and resolver would bring along. */
static void test_no_name_services(void)
{
    static const char *const marks[] = {"libnss_", "nsswitch.conf", "/etc/services",
                                        "/etc/protocols", "in-addr.arpa"};

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (memmem(program, size, marks[i], strlen(marks[i])))
            printf("  it holds %s\n", marks[i]);
        CU_ASSERT_PTR_NULL(memmem(program, size, marks[i], strlen(marks[i])));
    }
}

static bool put(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    bool ok = fd >= 0 && write(fd, program, size) == (ssize_t)size;

    return fd >= 0 && close(fd) == 0 && ok;
}

static void test_alone(void)
{
    char dir[] = "/tmp/parry-agent-alone-XXXXXX", path[64], said[64] = "";
    char *const argv[] = {(char *)"/agent", (char *)"--version", NULL};
    char *const nothing[] = {NULL};
    int fds[2], status = -1;

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/agent", dir);
    CU_ASSERT_TRUE_FATAL(put(path));
    CU_ASSERT_EQUAL_FATAL(pipe2(fds, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (dup2(fds[1], 1) == 1 && chroot(dir) == 0 && chdir("/") == 0)
            execve("/agent", argv, nothing);
        _exit(126);
    }
    close(fds[1]);
    CU_ASSERT(read(fds[0], said, sizeof(said) - 1) > 0);
    close(fds[0]);
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT_STRING_EQUAL(said, "parry-agent " PARRY_VERSION "\n");
    unlink(path);
    rmdir(dir);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"small, and static", test_small_and_static},
        {"no name services", test_no_name_services},
        {"alone in its root", test_alone},
        CU_TEST_INFO_NULL,
    };

    if (geteuid() != 0) {
        puts("skipped: another root directory needs root");
        return 77;
    }
    if (!load()) {
        puts("skipped: " AGENT_STATIC " is not built");
        return 77;
    }
    return cunit_main("agent static", tests);
}
