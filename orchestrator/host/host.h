/*
 * The embedded hypervisor: a private libvirt of one PARRY_HOME, run by the program
 * parry-host in its own network, mount and pid namespaces and started on demand.
 *
 * Who is given a libvirt URI (--connect, PARRY_CONNECT) does not call host_ensure().
 * All functions block, open their own libvirt connection where they need one, and may
 * be called from any thread. The caller ignores SIGPIPE, as libvirt's clients must: a
 * libvirtd may die under an open connection.
 */
#ifndef PARRY_HOST_HOST_H
#define PARRY_HOST_HOST_H

#include <glib.h>
#include <sys/types.h>

#define HOST_ERROR host_error_quark()
GQuark host_error_quark(void);

typedef enum {
    HOST_ERROR_FAILED,   /* something was tried and went wrong; the message says what */
    HOST_ERROR_NOT_ROOT, /* needs root */
    HOST_ERROR_PATH,     /* PARRY_HOME cannot be used: too long, or at a wrong place */
    HOST_ERROR_PROGRAM,  /* parry-host, libvirtd, virtlogd or QEMU is not installed */
    HOST_ERROR_RUNNING,  /* another parry-host has this PARRY_HOME */
    HOST_ERROR_BUSY,     /* domains run, and stopping was not forced */
    HOST_ERROR_TIMEOUT,  /* not ready, or not gone, in time */
} HostError;

/* What there is to say about the host of one PARRY_HOME. Texts are owned by the struct.
 */
typedef struct {
    gboolean running;   /* a parry-host holds the lock */
    gboolean ready;     /* its libvirtd answers */
    pid_t pid;          /* parry-host; 0 when not running */
    pid_t init_pid;     /* pid 1 of its namespaces, as seen from outside */
    pid_t libvirtd_pid; /* as seen from outside; 0 when libvirtd does not answer */
    gint64 since;       /* start, seconds since the epoch */
    int restarts;       /* how often libvirtd or virtlogd died and was started again */
    int domains;        /* active domains, -1 when they cannot be counted */
    char *uri;          /* libvirt's URI */
    char *accel;        /* "kvm" or "qemu": what its guests can use; NULL: not running */
    char *cpu;          /* libvirt cpu: "host-passthrough" or a model name */
    char *reason;       /* why that accelerator */
    char *last_loss;    /* the last daemon that died, and how; NULL if none did */
    char *log;          /* path of its log */
} HostStatus;

/* Frees what the status holds, not the struct. */
void host_status_clear(HostStatus *status);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HostStatus, host_status_clear)

/*
 * Sees to it that the private libvirt of parry_home runs, starting it if need be, and
 * returns its URI (qemu+unix:///system?socket=PATH; the caller frees it). Any number of
 * processes may call this at once: one starts it, all get the same URI. The host stays
 * when the caller ends. Returns within about a minute. Needs root. What its guests can be
 * started with is in host_status(): a host that was started before KVM had been tried
 * offers none.
 */
gboolean host_ensure(const char *parry_home, char **uri_out, GError **error);

/*
 * Like host_ensure(), with the path of a Linux kernel for the trial boot that decides
 * about KVM (see trial.h); NULL for none. A host that runs without KVM because no
 * kernel had been tried is started again with it if no domain runs.
 */
gboolean host_ensure_with(const char *parry_home, const char *kernel, char **uri_out,
                          GError **error);

/*
 * Stops the host of parry_home and waits until nothing of it is left. Without force it
 * refuses (HOST_ERROR_BUSY) while domains run. One that does not run is stopped already.
 */
gboolean host_stop(const char *parry_home, gboolean force, GError **error);

/*
 * Fills in *status (clear it afterwards, also after a failure). A host that does not
 * run, or has never run, is no error. libvirt is asked for the number of domains only
 * when the host is ready.
 */
gboolean host_status(const char *parry_home, HostStatus *status, GError **error);

/*
 * A text that no other run of this host, nor that of another machine's, has; NULL where
 * it does not run. All VMs end with it. Free with g_free().
 */
char *host_identity(const char *parry_home);

/*
 * Opens the network namespace of the libvirtd behind a local libvirt URI (the embedded
 * one's, qemu:///system, or any with socket=PATH): there are the bridges and taps of its
 * guests. The descriptor is for setns(2) with CLONE_NEWNET, in a child or a thread that
 * ends afterwards; the caller closes it. -1 with error when the libvirtd is not local or
 * does not answer.
 */
int host_network_namespace(const char *uri, GError **error);

#endif
