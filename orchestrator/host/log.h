/* parry-host's log: its own lines and those of libvirtd and virtlogd. */
#ifndef PARRY_HOST_LOG_H
#define PARRY_HOST_LOG_H

#include <glib.h>

/* One line with the time (UTC) on the standard error. */
void host_log(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Makes the standard error and output append to the file. */
gboolean host_log_open(const char *path, GError **error);

/* Moves a log that has grown past a few MB to PATH.1 and begins it anew. */
void host_log_trim(const char *path);

/* The last lines of the log, for a message about a failure; "" if there is none. */
char *host_log_tail(const char *path, unsigned lines);

#endif
