/* Where the host of one PARRY_HOME keeps its things: all below PARRY_HOME/host. */
#ifndef PARRY_HOST_PATHS_H
#define PARRY_HOST_PATHS_H

#include <glib.h>

typedef struct {
    char *home;        /* PARRY_HOME, absolute, symbolic links resolved */
    char *host;        /* host/ */
    char *lock;        /* locked (flock) by parry-host for as long as it lives */
    char *ensure_lock; /* locked by whoever is starting or stopping it */
    char *log;         /* host.log */
    char *state;       /* state.json: what host_status() tells */
    char *accel;       /* accel.json: what the trial boot told */
    char *root;        /* mount point of the private root */
    char *run;         /* /run inside; emptied at each start and stop */
    char *etc;         /* /etc inside */
    char *lib;         /* /var/lib/libvirt inside */
    char *cache;       /* /var/cache/libvirt inside: the capability probe survives here */
    char *logs;        /* /var/log/libvirt inside */
    char *sock;        /* libvirtd's socket, as seen from outside */
    char *uri;         /* the libvirt URI that leads there */
} HostPaths;

/*
 * The paths for a home (which need not exist). Errors: HOST_ERROR_PATH where a socket
 * path would not fit into a struct sockaddr_un or the home is below a directory that
 * parry-host replaces.
 */
HostPaths *host_paths_new(const char *home, GError **error);
void host_paths_free(HostPaths *paths);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostPaths, host_paths_free)

/* Makes the directories that are missing, with their modes. */
gboolean host_paths_make(const HostPaths *paths, GError **error);

/* Removes everything inside the directory, not following links; missing is no error. */
gboolean host_paths_empty(const char *directory, GError **error);

/*
 * Bytes by which libvirtd's socket path would be too long for this home; 0 when it
 * fits. For the doctor.
 */
size_t host_paths_excess(const char *home);

#endif
