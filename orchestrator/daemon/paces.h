/*
 * How long things took on this machine before: PARRY_HOME/host/paces.json. A pace is the
 * median of the last few samples under one key ("boot micro 1x96M qemu by 16"); what
 * nobody has seen here has none, and no figure is made up for it.
 *
 * Bounded: PACES_KEYS keys (the longest unused go first) of PACES_SAMPLES samples. A file
 * that is not one of ours is as good as none: the figures are a convenience, and nothing
 * fails without them.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_PACES_H
#define PARRY_ORCHESTRATOR_DAEMON_PACES_H

#include <glib.h>

#define PACES_KEYS 512
#define PACES_SAMPLES 8
#define PACES_KEY_MAX 120               /* bytes of a key: printable ASCII */
#define PACES_FILE_MAX ((gsize)1 << 18) /* bytes */
#define PACES_US_MAX (6 * 3600 * (gint64)G_USEC_PER_SEC)

typedef struct Paces Paces;

Paces *paces_new(void);
void paces_free(Paces *paces);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Paces, paces_free)

/* NULL: it is none of ours, and error says why. */
Paces *paces_parse(const char *bytes, gsize len, GError **error);
/* As the file holds it. Free with g_free(). */
char *paces_text(const Paces *paces);

/* What the home has. Never NULL: without a file that can be read it is empty. */
Paces *paces_load(const char *home);

/* Another sample. One that is negative or over PACES_US_MAX, or whose key is none, is
 * left out. now_s: UTC, for what goes first. */
void paces_add(Paces *paces, const char *key, gint64 us, gint64 now_s);
/* The median, or -1: never seen. samples (may be NULL): of how many. */
gint64 paces_usual(const Paces *paces, const char *key, guint *samples);
guint paces_count(const Paces *paces); /* keys */

/* Adds all samples of `more` to the home's file: under its lock, and whole or not at
 * all. Blocks for the time of one small write. */
gboolean paces_merge(const char *home, const Paces *more, GError **error);

#define PACES_ERROR (paces_error_quark())
GQuark paces_error_quark(void);

#endif
