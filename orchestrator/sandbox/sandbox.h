/*
 * What a process that strangers can reach gives up before it reads their first byte:
 * descriptors, account, capabilities, file system, network, limits, system calls.
 *
 * Two steps, both for a process with one thread:
 *
 *   1. sandbox_close_others() as the first thing in main (or after fork);
 *   2. sandbox_enter() when everything that needs files is open: event base, random
 *      seeds, keys, connections to parryd. It cannot be undone.
 *
 * A system call that the profile does not name kills the process by SIGSYS, which its
 * parent sees in the wait status. docs/hub.md has the whole of it.
 */
#ifndef PARRY_ORCHESTRATOR_SANDBOX_SANDBOX_H
#define PARRY_ORCHESTRATOR_SANDBOX_SANDBOX_H

#include <glib.h>
#include <sys/types.h>

#define SANDBOX_ERROR (sandbox_error_quark())
GQuark sandbox_error_quark(void);

typedef enum {
    SANDBOX_ERROR_FAILED, /* a step was refused by the kernel; the message names it */
} SandboxErrorCode;

/* Which system calls stay. The tables with the reasons are in profiles.c. */
typedef enum {
    SANDBOX_HUB,   /* libevent over descriptors that it was given, nothing else */
    SANDBOX_BOARD, /* evhttp on an inherited listener, one inherited socket to parryd */
    SANDBOX_GATE,  /* one libssh session on an accepted socket, one socket to parryd */
} SandboxProfile;

/* What was given up: a bit set, so that nothing is skipped in silence. */
typedef enum {
    SANDBOX_ACCOUNT = 1,  /* another uid and gid, no groups, no capabilities */
    SANDBOX_ROOT = 2,     /* the root directory is empty and cannot be written */
    SANDBOX_NETWORK = 4,  /* an empty network namespace; open sockets still work */
    SANDBOX_SYSCALLS = 8, /* the seccomp filter */
    SANDBOX_ALL = 15,
} SandboxDone;

typedef struct {
    SandboxProfile sb_profile;
    uid_t sb_uid; /* the account to become; without root it must be the own one */
    gid_t sb_gid;
    guint sb_files;    /* RLIMIT_NOFILE: highest number of open descriptors */
    guint64 sb_memory; /* RLIMIT_AS in bytes; 0: none. AddressSanitizer maps terabytes
                          of shadow, so a build with it leaves this one out. */
} Sandbox;

/*
 * The ids of the account to become. Without root one stays who one is, whatever the name.
 * To be asked before sandbox_enter(): it reads /etc.
 */
gboolean sandbox_account(const char *name, uid_t *uid, gid_t *gid, GError **error);

/*
 * Closes every descriptor but standard error and the n in keep; 0 and 1 become
 * /dev/null where they are not kept, so that nothing else gets these numbers.
 */
gboolean sandbox_close_others(const int *keep, gsize n, GError **error);

/*
 * Gives up everything above. done (may be NULL) gets the SandboxDone that were reached:
 * with root all of them, or an error; only a container that forbids its root new
 * namespaces keeps SANDBOX_NETWORK out. Without root, SANDBOX_ROOT and SANDBOX_NETWORK
 * are out of reach. Also: no new privileges, not dumpable, SIGKILL when the parent dies,
 * no core file, no new processes.
 */
gboolean sandbox_enter(const Sandbox *sandbox, guint *done, GError **error);

/* "account, empty root, no network, system calls": words for a set of SandboxDone. The
 * caller frees it. */
char *sandbox_done_text(guint done);

#endif
