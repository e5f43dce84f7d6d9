/*
 * parry-gate: where players come in by ssh.
 *
 * The parent holds the listener and accepts; it reads nothing from strangers. Each
 * connection is a process that opens its own connection to parryd, then gives up
 * account, files, network and system calls, and only then reads the first byte.
 */
#include "orchestrator/gate/door.h"
#include "orchestrator/gate/hostkey.h"
#include "orchestrator/gate/visit.h"
#include "orchestrator/sandbox/sandbox.h"
#include "scoreboard/listen.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define GATE_TRIES 10 /* ports after the one asked for */
#define MEMORY_MAX ((guint64)256 << 20)
#define FILES_MAX 32

static char *gate_path, *hostkey_path, *make_path, *listen_on, *account;
static int listen_fd = -1, max_all = 128, max_address = 32, login_s = 30, tries = 10;
static gboolean show_version;
static uid_t visit_uid;
static gid_t visit_gid;

static const GOptionEntry entries[] = {
    {"gate", 0, 0, G_OPTION_ARG_FILENAME, &gate_path, "The drill's gate.sock", "PATH"},
    {"hostkey", 0, 0, G_OPTION_ARG_FILENAME, &hostkey_path,
     "The ssh host key, made where it is not there", "FILE"},
    {"fd", 0, 0, G_OPTION_ARG_INT, &listen_fd, "Serve this listening descriptor", "N"},
    {"listen", 0, 0, G_OPTION_ARG_STRING, &listen_on,
     "Listen there, or on a free port where it is taken", "ADDR:PORT"},
    {"account", 0, 0, G_OPTION_ARG_STRING, &account,
     "Account of the connections' processes when started as root (parry-gate)", "NAME"},
    {"max", 0, 0, G_OPTION_ARG_INT, &max_all, "Connections at a time (128)", "N"},
    {"max-per-address", 0, 0, G_OPTION_ARG_INT, &max_address,
     "Connections at a time from one address (32)", "N"},
    {"login-grace", 0, 0, G_OPTION_ARG_INT, &login_s, "Seconds to log in (30)", "S"},
    {"tries", 0, 0, G_OPTION_ARG_INT, &tries,
     "Keys that may be offered, a signature counting again (10)", "N"},
    {"make-hostkey", 0, 0, G_OPTION_ARG_FILENAME, &make_path,
     "Make that host key where it is not there, print its fingerprint and exit", "FILE"},
    {"version", 0, 0, G_OPTION_ARG_NONE, &show_version, "Print the version", NULL},
    G_OPTION_ENTRY_NULL,
};

static int fail(const char *what)
{
    fprintf(stderr, "parry-gate: %s\n", what);
    return 1;
}

static gboolean confine(GError **error)
{
    Sandbox sandbox = {.sb_profile = SANDBOX_GATE,
                       .sb_uid = visit_uid,
                       .sb_gid = visit_gid,
                       .sb_files = FILES_MAX,
                       .sb_memory = MEMORY_MAX};

    return sandbox_enter(&sandbox, NULL, error);
}

static int on_visit(int fd, const char *address, gpointer data)
{
    g_autoptr(GError) error = NULL;

    if (!sandbox_close_others(&fd, 1, &error))
        return fail(error->message);
    return visit_serve(fd, address, data);
}

static int serve(int fd)
{
    pid_t parent = getppid();
    g_autoptr(GError) error = NULL;
    VisitConfig config = {.vc_gate = gate_path,
                          .vc_login_s = (guint)login_s,
                          .vc_tries = (guint)tries,
                          .vc_confine = confine};
    Door door = {(guint)max_all, (guint)max_address, on_visit, &config};

    if (!sandbox_close_others(&fd, 1, &error))
        return fail(error->message);
    /* No connection outlives the daemon that it belongs to. */
    if (listen_fd >= 0 && (prctl(PR_SET_PDEATHSIG, SIGTERM) || getppid() != parent))
        return fail("parryd is gone");
    g_autofree char *fingerprint = hostkey_ensure(hostkey_path, &error);
    if (!fingerprint || !sandbox_account(account ? account : "parry-gate", &visit_uid,
                                         &visit_gid, &error))
        return fail(error->message);
    if (ssh_pki_import_privkey_file(hostkey_path, NULL, NULL, NULL, &config.vc_hostkey) !=
        SSH_OK)
        return fail("the host key cannot be read");
    int status = door_keep(fd, &door);
    ssh_key_free(config.vc_hostkey);
    return status;
}

static int listen_and_serve(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *addr = NULL;
    guint16 port;

    if (!listen_parse(listen_on, &addr, &port, &error))
        return fail(error->message);
    int fd = listen_tcp(addr, port, GATE_TRIES, &port, &error);
    if (fd < 0)
        return fail(error->message);
    printf(strchr(addr, ':') ? "[%s]:%u\n" : "%s:%u\n", addr, port);
    fflush(stdout);
    return serve(fd);
}

static int make_hostkey(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *fingerprint = hostkey_ensure(make_path, &error);

    if (!fingerprint)
        return fail(error->message);
    printf("%s\n", fingerprint);
    return 0;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);

    g_option_context_set_summary(context, "Lets a drill's players in by ssh.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error))
        return fail(error->message), 2;
    if (show_version) {
        printf("parry-gate %s\n", PARRY_VERSION);
        return 0;
    }
    signal(SIGPIPE, SIG_IGN);
    if (make_path)
        return make_hostkey();
    if (!gate_path || !hostkey_path || !listen_on == (listen_fd < 0) || argc > 1)
        return fail("give --gate PATH, --hostkey FILE and one of --fd N and "
                    "--listen ADDR:PORT"),
               2;
    if (max_all < 1 || max_address < 1 || login_s < 1 || tries < 1)
        return fail("--max, --max-per-address, --login-grace, --tries: 1 at least"), 2;
    return listen_on ? listen_and_serve() : serve(listen_fd);
}
