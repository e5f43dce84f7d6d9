#include "orchestrator/host/prime.h"

#include "orchestrator/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define LIMIT_S 120

static int probe(virConnectPtr conn, const char *type)
{
    char *xml = virConnectGetDomainCapabilities(conn, NULL, NULL, NULL, type, 0);

    if (!xml) {
        fprintf(stderr, "parry-host: QEMU's capabilities (%s): %s\n", type,
                virGetLastErrorMessage());
        return -1;
    }
    free(xml);
    return 0;
}

static int prime(const char *uri, gboolean kvm, int fd)
{
    virConnectPtr conn = virConnectOpen(uri);
    int failed = 0;

    if (!conn) {
        fprintf(stderr, "parry-host: open %s: %s\n", uri, virGetLastErrorMessage());
        return 1;
    }
    if (write(fd, &(char){HOST_PRIME_OPENED}, 1) != 1)
        return 1;
    failed = probe(conn, "qemu");
    if (kvm)
        failed |= probe(conn, "kvm");
    virConnectClose(conn);
    if (failed || write(fd, &(char){HOST_PRIME_PRIMED}, 1) != 1)
        return 1;
    return 0;
}

pid_t host_prime_start(const char *uri, gboolean kvm, int *fd_out, GError **error)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) != 0) {
        g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED, "prime: pipe: %s",
                    g_strerror(errno));
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        alarm(LIMIT_S);
        /* Neither parry-host's lock nor its starter's pipe may live on in here. */
        int fd = dup2(fds[1], STDERR_FILENO + 1);
        close_range(STDERR_FILENO + 2, ~0U, 0);
        _exit(prime(uri, kvm, fd));
    }
    close(fds[1]);
    if (pid < 0) {
        g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED, "prime: fork: %s",
                    g_strerror(errno));
        close(fds[0]);
        return -1;
    }
    g_unix_set_fd_nonblocking(fds[0], TRUE, NULL);
    *fd_out = fds[0];
    return pid;
}
