/*
 * Until when the daemon of a drill was alive, and what its clock showed: DIR/run/alive,
 * written each second, read by the daemon that takes up the drill. The journal alone
 * cannot tell: in a quiet hour nothing happens.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_ALIVE_H
#define PARRY_ORCHESTRATOR_DAEMON_ALIVE_H

#include "orchestrator/daemon/daemon.h"

typedef struct {
    char al_boot[40];
    gint64 al_boottime_us; /* of the last sign of life */
    gint64 al_clock_us;    /* the drill clock then */
    gint64 al_wall_us;     /* UTC */
} AliveMark;

/* FALSE where there is none that can be read. */
gboolean alive_read(const Daemon *d, AliveMark *mark);

Alive *alive_new(Daemon *d); /* writes one at once, then each second */
void alive_free(Alive *alive);

#endif
