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
/* Descriptors that parryd, and parry-hub, need for so many hosts. */
guint64 needs_files(guint hosts);
/* Raises this process's limit, which those it starts inherit; FALSE with the figures
 * where that is not allowed. */
gboolean needs_raise_files(guint hosts, GError **error);
/* FALSE with the figures where memory, disk or descriptors do not suffice; the limit of
 * the latter is raised. */
gboolean needs_check(const Plan *plan, const char *home, const char *accel,
                     GError **error);

#define NEEDS_ERROR (needs_error_quark())
GQuark needs_error_quark(void);

#endif
