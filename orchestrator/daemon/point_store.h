/*
 * The checkpoints of a drill: hosts' memory and disks as they were at some moment.
 *
 *   drills/NAME/checkpoints/CP/DOMAIN/  memory     libvirt's save image
 *                                       disk.qcow2 straight over the image's or the
 *                                                  golden guest's disk; not where the
 *                                                  host has none
 *                                       meta.json  point_meta.h
 *   drills/NAME/checkpoints/.work-ID-DOMAIN/       in the making; after a kill, where the
 *                                                  memory of a guest may be that is gone
 *
 * An entry appears whole, by one rename, and never changes. It may be copied to another
 * PARRY_HOME; point_relocate() makes it stand on that one's images.
 *
 * Everything here blocks. Errors: POINT_ERROR.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_POINT_STORE_H
#define PARRY_ORCHESTRATOR_DAEMON_POINT_STORE_H

#include "orchestrator/daemon/point_meta.h"

/* One host's part of a checkpoint. */
typedef struct {
    PointMeta po_meta;
    char *po_dir, *po_memory;
    char *po_disk;    /* NULL: none */
    guint64 po_bytes; /* that it takes up, holes left out */
} Point;

void point_free(Point *point);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Point, point_free)

/* Reads an entry, hashes nothing. */
Point *point_open(const char *drill_dir, const char *name, const char *domain,
                  GError **error);
/* All of a drill: Point elements, oldest first; those that cannot be read are told to
 * *broken (texts, taken over by the caller; may be NULL). */
GPtrArray *point_list(const char *drill_dir, GPtrArray **broken);
/* The newest of a host that can be read; NULL: none. */
Point *point_newest(const char *drill_dir, const char *domain);
/* Whether each file is as it was written: its length, and its SHA-256. */
gboolean point_check(const Point *point, GError **error);

/* {taken, checkpoints: [{name, kind, by, at_us, clock_us, bytes, stop_us, hosts: [{host,
 * bytes, stop_us}]}], broken: [text]}. The caller frees it. */
json_t *point_list_json(const char *drill_dir);
/* point_check() of all of that name, of all where it is NULL: [{name, host, ok,
 * reason}]. */
json_t *point_check_json(const char *drill_dir, const char *name);

/* The directory in which it is made. Free with g_free(). point_work() makes it where it
 * is not there. */
char *point_work_path(const char *drill_dir, gint64 id, const char *domain);
gboolean point_work(const char *drill_dir, gint64 id, const char *domain, GError **error);
/* Hashes what is in it, writes meta.json (into meta go the files) and renames. An older
 * entry of that name is replaced. */
Point *point_commit(const char *drill_dir, const char *work, const char *domain,
                    PointMeta *meta, GError **error);
gboolean point_delete(const Point *point, GError **error);
/* Removes work directories, but those for which wanted() says so. */
typedef gboolean (*PointWanted)(gint64 id, gpointer data);
void point_clean(const char *drill_dir, PointWanted wanted, gpointer data);

/* What all of them take up together: what two share counts once. */
guint64 point_taken(const char *drill_dir);

/*
 * Makes room for so many more bytes, where all may take up `limit` and `spare` bytes are
 * to stay free on the disk: deletes scheduled checkpoints, the oldest whole one first.
 * each (may be NULL) is told of what goes. An error gives the figures.
 */
typedef void (*PointGone)(const char *name, guint hosts, guint64 bytes, gpointer data);
gboolean point_make_room(const char *drill_dir, guint64 bytes, guint64 limit,
                         guint64 spare, PointGone each, gpointer data, GError **error);

/* What its disk stands on, at that path: told to meta. */
gboolean point_base_take(const char *path, PointMeta *meta, GError **error);
/* An entry that was copied from another PARRY_HOME: checks it, and lets its disk stand on
 * this home's image, which must be there already: the same file, copied with its time of
 * change, for blocks of one that was built here may lie elsewhere. Its meta.json says so
 * from then on. */
gboolean point_relocate(const Point *point, const char *home, GError **error);
/* Before its files are used: point_check() and whether what its disk stands on is the
 * same still; point_relocate() where that is another home's image. */
gboolean point_prepare(const Point *point, const char *home, GError **error);

#endif
