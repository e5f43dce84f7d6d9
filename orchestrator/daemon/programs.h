/*
 * Where the other programs of Parry are: beside the running one, else in the other
 * directory of the same installation.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_PROGRAMS_H
#define PARRY_ORCHESTRATOR_DAEMON_PROGRAMS_H

#include <glib.h>

/* Path of the program of that name; never NULL, whether it exists or not. Free with
 * g_free(). */
char *programs_path(const char *name);

#endif
