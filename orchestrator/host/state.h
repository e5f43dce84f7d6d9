/* host/state.json: what a running parry-host tells about itself; and its lock. */
#ifndef PARRY_HOST_STATE_H
#define PARRY_HOST_STATE_H

#include <glib.h>
#include <sys/types.h>

typedef struct {
    pid_t pid;         /* parry-host */
    guint64 pid_start; /* start times in clock ticks after boot: pids are used again */
    pid_t init_pid;    /* pid 1 inside, as seen from outside */
    guint64 init_start;
    gint64 since; /* seconds since the epoch */
    gboolean ready;
    int restarts;
    gboolean settled; /* whether the trial's answer is final (see trial.h) */
    char *accel, *cpu, *reason;
    char *last_loss; /* NULL if no daemon died */
} HostState;

void host_state_clear(HostState *state);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HostState, host_state_clear)

/* Writes atomically; reads: FALSE with an error when missing or damaged. */
gboolean host_state_write(const char *path, const HostState *state, GError **error);
gboolean host_state_read(const char *path, HostState *state, GError **error);

/*
 * Locks a file, made if missing, for this process; waits until the deadline (of
 * g_get_monotonic_time()). Returns a descriptor (close-on-exec; closing it unlocks), or
 * -1 with error: HOST_ERROR_RUNNING if it stays locked.
 */
int host_lock(const char *path, gint64 deadline, GError **error);

/* Whether some process holds the lock; FALSE as well if the file is missing. */
gboolean host_lock_held(const char *path);

/* Whether the state is that of a parry-host which runs now. */
gboolean host_state_alive(const HostState *state);

/* A process's start time in clock ticks (field 22 of /proc/PID/stat); 0: no such one. */
guint64 host_process_start(pid_t pid);

#endif
