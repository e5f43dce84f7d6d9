/* The steps of a long build, from the thread that does it to whoever watches. */
#ifndef PARRY_ORCHESTRATOR_DAEMON_PROGRESS_H
#define PARRY_ORCHESTRATOR_DAEMON_PROGRESS_H

#include "orchestrator/daemon/daemon.h"
#include "orchestrator/range/pool.h"

/* Step `done` of `total` of that image begins: control_progress(), once the loop gets to
 * it. Any thread of the pool. */
void progress_post(Daemon *d, Pool *pool, const char *image, const char *step, int done,
                   int total);

#endif
