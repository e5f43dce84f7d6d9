/* Pid 1 of the host's namespaces: starts virtlogd and libvirtd, keeps them, and reaps. */
#ifndef PARRY_HOST_INIT_H
#define PARRY_HOST_INIT_H

#include "orchestrator/host/paths.h"

#include <sys/types.h>

/* What init tells parry-host, one message each over a SOCK_SEQPACKET pair. */
typedef enum {
    HOST_NOTE_UP = 1, /* libvirtd accepts connections */
    HOST_NOTE_LOST,   /* a daemon died and is started again; text: which, and how */
    HOST_NOTE_FATAL,  /* init gives up; text: why. Its exit follows */
} HostNoteKind;

typedef struct {
    gint32 kind;
    char text[500];
} HostNote;

/*
 * Runs as pid 1 of fresh network, mount and pid namespaces and never returns: ends by
 * _exit(0) on SIGTERM or when the other end of notes closes, by _exit(1) after
 * HOST_NOTE_FATAL. All signals it uses must be blocked by the caller. The kernel kills
 * all that is left in the pid namespace when it ends.
 */
void host_init_run(const HostPaths *paths, gid_t kvm_gid, int notes) G_GNUC_NORETURN;

#endif
