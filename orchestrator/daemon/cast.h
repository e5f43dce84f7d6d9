/*
 * An asciicast v2 recording, written as it happens:
 * https://docs.asciinema.org/manual/asciicast/v2/
 *
 * Output only. Text is UTF-8: a character that is split between two pieces is held back,
 * what is not UTF-8 becomes U+FFFD. A recording never ends a terminal: a failed write
 * ends the recording, once, with a warning.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_CAST_H
#define PARRY_ORCHESTRATOR_DAEMON_CAST_H

#include <glib.h>

typedef struct Cast Cast;

Cast *cast_open(const char *path, int cols, int rows, const char *title, GError **error);
void cast_output(Cast *cast, const void *bytes, gsize len);
void cast_resize(Cast *cast, int cols, int rows);
/* Flushes and closes; returns the bytes of output recorded. NULL is ignored. */
guint64 cast_close(Cast *cast);
/* A recording whose writer was killed is cut to its last whole line; returns the bytes of
 * output in it, 0 where it cannot be read. */
guint64 cast_mend(const char *path);

#endif
