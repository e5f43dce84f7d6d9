/*
 * The programs that face people, parry-gate and parry-board: started with their listening
 * sockets, started again when they die, each of it an event.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_SERVICES_H
#define PARRY_ORCHESTRATOR_DAEMON_SERVICES_H

#include "orchestrator/daemon/daemon.h"

typedef struct {
    const char *sv_gate_listen;  /* "127.0.0.1:2222" */
    const char *sv_board_listen; /* "127.0.0.1:8080" */
} ServicesConfig;

Services *services_new(Daemon *d, const ServicesConfig *config, GError **error);
void services_free(Services *services); /* ends them and waits */

/* [{name, pid, listen, restarts}] */
json_t *services_json(const Services *services);

#define SERVICES_ERROR (services_error_quark())
GQuark services_error_quark(void);

#endif
