/*
 * The cache of golden guests: memory and disk of a guest that booted once and was told
 * nothing yet, from which hosts of its shape are restored.
 *
 *   PARRY_HOME/golden/KEY/  memory     libvirt's save image (range/save_image.h)
 *                           ram        the guest's RAM, where that is kept apart
 *                                      (range/save_split.h)
 *                           disk.qcow2 what it had written over its image's disk; not
 *                                      where the image has none
 *                           meta.json  what it is, SHA-256 of each
 *
 * KEY is a hash of all that goes into it (image with agent, kernel, QEMU, libvirt,
 * processor, machine). An entry appears whole, by one rename, and never changes. A drill
 * whose disks stand on one pins it by a hard link to meta.json in its disks/. Entries are
 * read-only to guests: parry-host mounts golden/ so.
 *
 * Everything here blocks: call it from a worker thread, but for golden_clear().
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_GOLDEN_H
#define PARRY_ORCHESTRATOR_DAEMON_GOLDEN_H

#include <glib.h>
#include <jansson.h>
#include <sys/types.h>

typedef struct {
    char *go_key;
    char *go_dir, *go_memory;
    char *go_disk;    /* NULL: none */
    char *go_ram;     /* NULL: in go_memory */
    char *go_mapped;  /* the drill's copy of it, see golden_pin() */
    gint64 go_stamp;  /* when that was changed last */
    guint64 go_bytes; /* that it takes up, holes left out */
    json_t *go_about; /* what golden_commit() was given */
} Golden;

void golden_clear(Golden *golden);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Golden, golden_clear)

/* 32 hex digits of what decides about an entry. */
char *golden_key(const json_t *what);

/*
 * Looks an entry up and checks both files against their hashes. FALSE without an error:
 * there is none. One that is not as it was written is removed, and error says so.
 */
gboolean golden_find(const char *home, const char *key, Golden *golden, GError **error);

/* The same of one that the drill has pinned: it was checked then, and is not again. Reads
 * one small file. */
gboolean golden_open(const char *home, const char *key, Golden *golden, GError **error);

/* A directory to put `memory` and `disk.qcow2` in; golden_commit() or drill_remove_tree()
 * it. */
char *golden_begin(const char *home, const char *key, GError **error);
/* Makes an entry of it. about: what else is to be known of it (borrowed). Where another
 * drill was faster, dir is removed and that one taken. */
gboolean golden_commit(const char *home, const char *key, const char *dir,
                       const json_t *about, Golden *golden, GError **error);

/* Marks the entry as used now and by the drill with that directory for its disks, and
 * makes the drill's copy of the RAM, anew where there is one: owner is QEMU's account. */
gboolean golden_pin(Golden *golden, const char *disks, uid_t owner, GError **error);
/* Whether anybody has written to that copy since. Does not block. */
gboolean golden_touched(const Golden *golden);

/*
 * Removes what killed daemons left, then, least recently used first, entries that no
 * drill has pinned until all take up at most `limit` bytes. each (may be NULL) is told of
 * every directory that goes; dry: nothing is removed. Returns how many, or -1.
 */
#define GOLDEN_LIMIT ((guint64)16 << 30)
typedef void (*GoldenEach)(const char *path, guint64 bytes, gpointer data);
int golden_gc(const char *home, guint64 limit, gboolean dry, GoldenEach each,
              gpointer data, GError **error);

#define GOLDEN_ERROR (golden_error_quark())
GQuark golden_error_quark(void);

#endif
