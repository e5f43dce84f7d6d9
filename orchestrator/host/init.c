#include "orchestrator/host/init.h"

#include "orchestrator/host/config.h"
#include "orchestrator/host/host.h"
#include "orchestrator/host/net.h"
#include "orchestrator/host/root.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_US (30 * G_USEC_PER_SEC) /* a daemon must accept connections by then */
#define STOP_US (3 * G_USEC_PER_SEC)
#define POLL_MS 10
/* More deaths than this within the window are too many: see mourn(). */
#define DEATHS_MAX 5
#define DEATHS_WINDOW_US (60 * G_USEC_PER_SEC)
#define PAUSE_US (5 * G_USEC_PER_SEC)
#define WAIT_MS 250
#define FILES_MAX 65536

/* In the order they are started: a domain's console needs virtlogd. */
static struct daemon {
    const char *name, *socket;
    const char *argv[4];
    pid_t pid; /* 0: not running */
} daemons[] = {
    {"virtlogd",
     "/run/libvirt/virtlogd-sock",
     {"/usr/sbin/virtlogd", "--config", "/etc/libvirt/virtlogd.conf", NULL},
     0},
    {"libvirtd",
     "/run/libvirt/libvirt-sock",
     {"/usr/sbin/libvirtd", "--config", "/etc/libvirt/libvirtd.conf", NULL},
     0},
};

/* What init remembers about keeping them running. */
struct keeping {
    int notes;
    gboolean up; /* both have run: the host has been told ready */
    gint64 deaths[DEATHS_MAX];
    unsigned count;
    gint64 start_at; /* no start before then, monotonic */
};

/*
 * What libvirtd needs, each with its reason; everything else goes from the bounding
 * set, so that not even root in here can load modules, set clocks or mount. (QEMU has
 * none at all.)
 */
static const int capabilities[] = {
    CAP_CHOWN,           /* gives disks to QEMU's account */
    CAP_DAC_OVERRIDE,    /* reaches files of that account */
    CAP_DAC_READ_SEARCH, /* the same, for directories */
    CAP_FOWNER,          /* sets modes of files of that account */
    CAP_FSETID,          /* keeps set-group-id bits when it does */
    CAP_KILL,            /* ends QEMUs */
    CAP_SETGID,          /* becomes QEMU's account */
    CAP_SETUID,          /* the same */
    CAP_SETPCAP,         /* empties QEMU's bounding set */
    CAP_NET_ADMIN,       /* bridges, taps, filters */
    CAP_NET_RAW,         /* ebtables and iptables */
    CAP_IPC_LOCK,        /* locked guest memory */
    CAP_SYS_NICE,        /* pins guests to processors */
    CAP_SYS_PTRACE,      /* reads /proc of QEMU's account */
    CAP_SYS_RESOURCE,    /* sets QEMU's limits */
};

static void tell(int notes, HostNoteKind kind, const char *text)
{
    HostNote note = {.kind = kind};

    g_strlcpy(note.text, text ? text : "", sizeof note.text);
    /* If parry-host is gone nobody is left to tell, and the kernel ends us too. */
    (void)!send(notes, &note, sizeof note, MSG_NOSIGNAL);
}

static void give_up(int notes, const char *text) G_GNUC_NORETURN;
static void give_up(int notes, const char *text)
{
    tell(notes, HOST_NOTE_FATAL, text);
    _exit(1);
}

static void limit(int resource, rlim_t value)
{
    struct rlimit now;

    if (getrlimit(resource, &now) != 0)
        return;
    /* Above the hard limit we may have no right; what there is must do. */
    value = MIN(value, now.rlim_max);
    now.rlim_cur = now.rlim_max = value;
    setrlimit(resource, &now);
}

static gboolean drop_capabilities(GError **error)
{
    for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
        gboolean keep = FALSE;
        for (size_t i = 0; i < G_N_ELEMENTS(capabilities) && !keep; i++)
            keep = capabilities[i] == cap;
        if (!keep && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0) {
            g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED, "capability %d: drop: %s",
                        cap, g_strerror(errno));
            return FALSE;
        }
    }
    return TRUE;
}

/* No QEMU may map more than the machine has: a bound for one that a guest has taken. */
static void limit_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

    if (pages > 0 && size > 0)
        limit(RLIMIT_AS, MAX((rlim_t)pages * (rlim_t)size, (rlim_t)4 << 30));
}

static void daemon_exec(const struct daemon *daemon) G_GNUC_NORETURN;
static void daemon_exec(const struct daemon *daemon)
{
    static char *const environment[] = {(char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                        (char *)"HOME=/", (char *)"LANG=C",
                                        (char *)"XDG_RUNTIME_DIR=/run", NULL};
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* Ignored by parry-host, and QEMU would inherit that. */
    signal(SIGPIPE, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    setsid();
    int null = open("/dev/null", O_RDONLY);
    if (null >= 0)
        dup2(null, STDIN_FILENO);
    close_range(STDERR_FILENO + 1, ~0U, 0);
    limit_memory();
    /* QEMU asks for transparent huge pages for all of a guest's RAM: the first byte of
     * each 2 MiB costs all of them, and a guest of 96 MiB that uses 30 took 130. Whoever
     * wants huge pages asks for them (hugepages: of a host). */
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    execve(daemon->argv[0], (char **)daemon->argv, environment);
    _exit(127);
}

static struct daemon *daemon_of(pid_t pid)
{
    for (size_t i = 0; i < G_N_ELEMENTS(daemons); i++)
        if (daemons[i].pid == pid)
            return &daemons[i];
    return NULL;
}

static void describe_end(const struct daemon *daemon, int status, char *text, size_t size)
{
    if (WIFSIGNALED(status))
        snprintf(text, size, "%s was killed by signal %d (%s)", daemon->name,
                 WTERMSIG(status), strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) == 127)
        snprintf(text, size, "%s could not be executed", daemon->argv[0]);
    else
        snprintf(text, size, "%s ended with status %d", daemon->name,
                 WEXITSTATUS(status));
}

/* Reaps what there is; returns a daemon that was among it, with words about its end. */
static struct daemon *reap(char *text, size_t size)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct daemon *daemon = daemon_of(pid);
        if (!daemon)
            continue;
        describe_end(daemon, status, text, size);
        daemon->pid = 0;
        return daemon;
    }
    return NULL;
}

static gboolean accepts(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    gboolean fine =
        fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        close(fd);
    return fine;
}

/* Starts the daemon and waits until it accepts connections; FALSE with words if not. */
static gboolean daemon_start(struct daemon *daemon, char *text, size_t size)
{
    gint64 deadline = g_get_monotonic_time() + START_US;

    unlink(daemon->socket);
    daemon->pid = fork();
    if (daemon->pid == 0)
        daemon_exec(daemon);
    if (daemon->pid < 0) {
        daemon->pid = 0;
        snprintf(text, size, "%s: fork: %s", daemon->name, g_strerror(errno));
        return FALSE;
    }
    while (!accepts(daemon->socket)) {
        while (reap(text, size))
            if (daemon->pid == 0)
                return FALSE;
        if (g_get_monotonic_time() > deadline) {
            snprintf(text, size, "%s does not accept connections", daemon->name);
            kill(daemon->pid, SIGKILL);
            return FALSE;
        }
        poll(NULL, 0, POLL_MS);
    }
    return TRUE;
}

/*
 * Tells of a death. After many of late, init gives up if it has never been up; later
 * there are guests, which run on without libvirtd, so it only takes its time.
 */
static void mourn(struct keeping *keeping, const char *text)
{
    gint64 now = g_get_monotonic_time();
    gint64 *oldest = &keeping->deaths[keeping->count++ % DEATHS_MAX];
    gboolean too_many = *oldest && now - *oldest < DEATHS_WINDOW_US;

    if (too_many && !keeping->up)
        give_up(keeping->notes, text);
    *oldest = now;
    keeping->start_at = too_many ? now + PAUSE_US : now;
    tell(keeping->notes, HOST_NOTE_LOST, text);
}

/*
 * Starts whatever is not running. A daemon that died is started again: libvirtd finds
 * its running domains by the files below /run.
 */
static void keep_running(struct keeping *keeping)
{
    char text[400];

    for (size_t i = 0; i < G_N_ELEMENTS(daemons); i++) {
        while (daemons[i].pid == 0) {
            if (g_get_monotonic_time() < keeping->start_at)
                return;
            if (!daemon_start(&daemons[i], text, sizeof text))
                mourn(keeping, text);
        }
    }
}

static gboolean all_run(void)
{
    gboolean all = TRUE;

    for (size_t i = 0; i < G_N_ELEMENTS(daemons); i++)
        all = all && daemons[i].pid != 0;
    return all;
}

static void stop_daemons(void)
{
    gint64 deadline = g_get_monotonic_time() + STOP_US;
    char text[400];

    for (size_t i = G_N_ELEMENTS(daemons); i-- > 0;) {
        if (daemons[i].pid == 0)
            continue;
        kill(daemons[i].pid, SIGTERM);
        while (daemons[i].pid && g_get_monotonic_time() < deadline)
            if (!reap(text, sizeof text))
                poll(NULL, 0, POLL_MS);
    }
}

static gboolean set_up(const HostPaths *paths, gid_t kvm_gid, GError **error)
{
    limit(RLIMIT_NOFILE, FILES_MAX);
    limit(RLIMIT_CORE, 0);
    if (sethostname(HOST_CONFIG_NAME, strlen(HOST_CONFIG_NAME)) != 0) {
        g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED, "set the host name: %s",
                    g_strerror(errno));
        return FALSE;
    }
    return host_root_enter(paths, kvm_gid, error) && host_net_close(error) &&
           host_root_seal(error) && drop_capabilities(error);
}

/* Waits for SIGTERM or the end of parry-host, reaping and restarting meanwhile. */
static void serve(struct keeping *keeping, int signals)
{
    for (;;) {
        struct pollfd fds[] = {{signals, POLLIN, 0}, {keeping->notes, POLLIN, 0}};
        struct signalfd_siginfo info;
        char text[400];

        if (poll(fds, 2, all_run() ? -1 : WAIT_MS) < 0 && errno != EINTR)
            return;
        if (fds[1].revents)
            return;
        while (read(signals, &info, sizeof info) == sizeof info)
            if (info.ssi_signo == SIGTERM)
                return;
        while (reap(text, sizeof text))
            mourn(keeping, text);
        keep_running(keeping);
    }
}

void host_init_run(const HostPaths *paths, gid_t kvm_gid, int notes)
{
    struct keeping keeping = {.notes = notes};
    g_autoptr(GError) error = NULL;
    sigset_t mask;

    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    prctl(PR_SET_NAME, "parry-init", 0, 0, 0);
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGCHLD);
    int signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0)
        give_up(notes, "init: signalfd failed");
    if (!set_up(paths, kvm_gid, &error))
        give_up(notes, error->message);
    while (!all_run())
        keep_running(&keeping);
    keeping.up = TRUE;
    tell(notes, HOST_NOTE_UP, NULL);
    serve(&keeping, signals);
    stop_daemons();
    _exit(0);
}
