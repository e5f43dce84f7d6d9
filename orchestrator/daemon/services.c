#include "orchestrator/daemon/services.h"

#include "orchestrator/daemon/programs.h"
#include "orchestrator/host/accounts.h"
#include "scoreboard/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

G_DEFINE_QUARK(parry - services - error - quark, services_error)

#define PORT_TRIES 16
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 5000
/* One that lived this long did not die of its start. */
#define STEADY_US (10 * G_USEC_PER_SEC)

typedef struct {
    Services *sv_services;
    const char *sv_name; /* the program */
    char *sv_listen;     /* ADDR:PORT that it became */
    int sv_fd;           /* the listening socket, kept over restarts */
    char **sv_argv;      /* its last element but the NULL is the descriptor's number */
    pid_t sv_pid;
    gint64 sv_since_us;
    guint sv_backoff_ms;
    guint sv_restarts;
    struct event *sv_again;
} Service;

struct Services {
    Daemon *ss_daemon;
    Service ss_all[2];
    struct event *ss_child;
    gboolean ss_closing;
    pid_t ss_parent; /* this process */
};

static void service_exited(Service *service, int status);

/* Only children of ours are waited for, by pid: others have owners of their own. */
static void on_child(evutil_socket_t fd, short what, void *data)
{
    Services *services = data;

    (void)fd;
    (void)what;
    for (guint i = 0; i < G_N_ELEMENTS(services->ss_all); i++) {
        Service *service = &services->ss_all[i];
        int status;
        if (service->sv_pid > 0 &&
            waitpid(service->sv_pid, &status, WNOHANG) == service->sv_pid)
            service_exited(service, status);
    }
}

/*
 * In the child, before exec: the listening socket is descriptor 3, whatever it was. It
 * ends with this daemon from its first moment on: one that outlived it would keep the
 * port.
 */
static void child_setup(gpointer data)
{
    const Service *service = data;
    int fd = service->sv_fd;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
        getppid() != service->sv_services->ss_parent)
        _exit(1);

    if (fd == 3)
        fcntl(3, F_SETFD, 0);
    else
        dup2(fd, 3);
}

static gboolean service_start(Service *service, GError **error)
{
    Daemon *d = service->sv_services->ss_daemon;
    GPid pid;

    if (!g_spawn_async(NULL, service->sv_argv, NULL,
                       G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_LEAVE_DESCRIPTORS_OPEN,
                       child_setup, service, &pid, error))
        return FALSE;
    service->sv_pid = pid;
    service->sv_since_us = clock_boottime_us();
    daemon_event(d, "helper.up/1", "parryd", -1, -1, 0,
                 json_pack("{s:s, s:i, s:s}", "name", service->sv_name, "pid", (int)pid,
                           "listen", service->sv_listen));
    return TRUE;
}

static void service_later(Service *service)
{
    struct timeval tv = {service->sv_backoff_ms / 1000,
                         service->sv_backoff_ms % 1000 * 1000};

    evtimer_add(service->sv_again, &tv);
    service->sv_backoff_ms = MIN(service->sv_backoff_ms * 2, BACKOFF_MAX_MS);
}

static void on_again(evutil_socket_t fd, short what, void *data)
{
    Service *service = data;
    g_autoptr(GError) error = NULL;

    (void)fd;
    (void)what;
    service->sv_restarts++;
    if (!service_start(service, &error)) {
        g_warning("%s: start: %s", service->sv_name, error->message);
        service_later(service);
    }
}

static void service_exited(Service *service, int status)
{
    Daemon *d = service->sv_services->ss_daemon;

    service->sv_pid = 0;
    if (service->sv_services->ss_closing)
        return;
    if (clock_boottime_us() - service->sv_since_us > STEADY_US)
        service->sv_backoff_ms = BACKOFF_MIN_MS;
    daemon_event(d, "helper.down/1", "parryd", -1, -1, 0,
                 json_pack("{s:s, s:i, s:i}", "name", service->sv_name, "status",
                           WIFEXITED(status) ? WEXITSTATUS(status) : -1, "signal",
                           WIFSIGNALED(status) ? WTERMSIG(status) : 0));
    service_later(service);
}

static gboolean service_listen(Service *service, const char *where, GError **error)
{
    g_autofree char *addr = NULL;
    guint16 port, became;

    if (!listen_parse(where, &addr, &port, error))
        return FALSE;
    service->sv_fd = listen_tcp(addr, port, PORT_TRIES, &became, error);
    if (service->sv_fd < 0)
        return FALSE;
    service->sv_listen =
        g_strdup_printf(strchr(addr, ':') ? "[%s]:%u" : "%s:%u", addr, became);
    return TRUE;
}

static char **gate_argv(const Daemon *d)
{
    char **argv = g_new0(char *, 8);

    argv[0] = programs_path("parry-gate");
    argv[1] = g_strdup("--gate");
    argv[2] = g_build_filename(d->dm_dir, "run", "gate.sock", NULL);
    argv[3] = g_strdup("--hostkey");
    argv[4] = g_build_filename(d->dm_home, "keys", d->dm_plan->p_name, "ssh_host_ed25519",
                               NULL);
    argv[5] = g_strdup("--fd");
    argv[6] = g_strdup("3");
    return argv;
}

static char **board_argv(const Daemon *d)
{
    char **argv = g_new0(char *, 6);

    argv[0] = programs_path("parry-board");
    argv[1] = g_strdup("--view");
    argv[2] = g_build_filename(d->dm_dir, "run", "view.sock", NULL);
    argv[3] = g_strdup("--fd");
    argv[4] = g_strdup("3");
    return argv;
}

static gboolean service_open(Services *services, guint index, const char *name,
                             char **argv, const char *listen, GError **error)
{
    Service *service = &services->ss_all[index];

    service->sv_services = services;
    service->sv_name = name;
    service->sv_argv = argv;
    service->sv_fd = -1;
    service->sv_backoff_ms = BACKOFF_MIN_MS;
    service->sv_again = evtimer_new(services->ss_daemon->dm_base, on_again, service);
    /* Each runs as the account of its own name; without root as whoever this is. */
    if (geteuid() == 0 && !accounts_get(name, NULL, NULL, error))
        return FALSE;
    return service_listen(service, listen, error) && service_start(service, error);
}

Services *services_new(Daemon *d, const ServicesConfig *config, GError **error)
{
    Services *services = g_new0(Services, 1);

    services->ss_daemon = d;
    services->ss_parent = getpid();
    services->ss_child = evsignal_new(d->dm_base, SIGCHLD, on_child, services);
    event_add(services->ss_child, NULL);
    if (!service_open(services, 0, "parry-gate", gate_argv(d), config->sv_gate_listen,
                      error) ||
        !service_open(services, 1, "parry-board", board_argv(d), config->sv_board_listen,
                      error)) {
        services_free(services);
        return NULL;
    }
    return services;
}

void services_free(Services *services)
{
    if (!services)
        return;
    services->ss_closing = TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(services->ss_all); i++) {
        Service *service = &services->ss_all[i];
        if (service->sv_pid > 0) {
            kill(service->sv_pid, SIGKILL);
            waitpid(service->sv_pid, NULL, 0);
        }
        if (service->sv_again)
            event_free(service->sv_again);
        if (service->sv_services && service->sv_fd >= 0)
            close(service->sv_fd);
        g_free(service->sv_listen);
        g_strfreev(service->sv_argv);
    }
    event_free(services->ss_child);
    g_free(services);
}

json_t *services_json(const Services *services)
{
    json_t *list = json_array();

    for (guint i = 0; services && i < G_N_ELEMENTS(services->ss_all); i++) {
        const Service *service = &services->ss_all[i];
        json_array_append_new(list,
                              json_pack("{s:s, s:i, s:s, s:i}", "name", service->sv_name,
                                        "pid", (int)service->sv_pid, "listen",
                                        service->sv_listen ? service->sv_listen : "",
                                        "restarts", (int)service->sv_restarts));
    }
    return list;
}
