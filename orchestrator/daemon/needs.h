/*
 * Whether this machine can hold the plan: asked before anything is created.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_NEEDS_H
#define PARRY_ORCHESTRATOR_DAEMON_NEEDS_H

#include "scenarios/plan.h"

/* Bytes of memory that can be had without swapping (MemAvailable); 0 where unknown. */
guint64 needs_memory_here(void);
/* Bytes free on the file system of path, for root. */
guint64 needs_disk_here(const char *path);
/* FALSE with the figures where memory or disk do not suffice. */
gboolean needs_check(const Plan *plan, const char *home, const char *accel,
                     GError **error);

#define NEEDS_ERROR (needs_error_quark())
GQuark needs_error_quark(void);

#endif
