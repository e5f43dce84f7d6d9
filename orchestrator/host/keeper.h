/* What parry-host itself does: set up, start pid 1 of the namespaces, stay above it. */
#ifndef PARRY_HOST_KEEPER_H
#define PARRY_HOST_KEEPER_H

#include "orchestrator/host/paths.h"

/* parry-host's exit statuses. */
enum {
    KEEPER_STOPPED = 0, /* asked to stop, and nothing is left */
    KEEPER_FAILED = 1,  /* could not start; the log says why */
    KEEPER_USAGE = 2,   /* wrong arguments */
    KEEPER_RUNNING = 3, /* another parry-host has this home */
    KEEPER_LOST = 4,    /* was ready, then pid 1 of the namespaces was lost */
};

typedef struct {
    const char *kernel; /* for the trial boot; NULL: none */
    int ready_fd;       /* told "ready", or the words of a failure; -1: nobody asks */
} KeeperOptions;

/*
 * Runs the host of these paths until SIGTERM or SIGINT, or until it fails; returns an
 * exit status. With a ready_fd the standard error becomes the log file. Single-threaded
 * callers only: it clones.
 */
int host_keeper_run(const HostPaths *paths, const KeeperOptions *options);

#endif
