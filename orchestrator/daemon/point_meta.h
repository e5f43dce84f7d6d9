/*
 * meta.json of a checkpoint: what one host's memory and disk in it are, and whose.
 *
 *   {"v": 1, "name": "before-lunch", "kind": "asked", "id": 4711, "by": "white",
 *    "drill": UUID, "host": "health/web", "uuid": UUID, "at_us": …, "clock_us": …,
 *    "stop_us": …, "base": "images/…/disk.qcow2", "base_bytes": …, "base_mtime_us": …,
 *    "files": {"memory": {"bytes": …, "sha256": …}, "disk.qcow2": {…}}}
 *
 * It may come from another machine (a standby's copy), so it is read with limits and
 * nothing in it is taken for a path that could lead elsewhere.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_POINT_META_H
#define PARRY_ORCHESTRATOR_DAEMON_POINT_META_H

#include <glib.h>
#include <jansson.h>

#define POINT_META "meta.json"
#define POINT_MEMORY "memory"
#define POINT_DISK "disk.qcow2"
#define POINT_META_MAX 16384 /* bytes */
#define POINT_NAME_MAX 31

/* Names that nobody gives by hand. */
#define POINT_READY "ready"
#define POINT_AUTO "auto-" /* and the number of its interval */

typedef enum { POINT_AT_READY, POINT_ASKED, POINT_SCHEDULED } PointKind;
const char *point_kind_name(PointKind kind);
gboolean point_kind_parse(const char *name, PointKind *kind);

typedef struct {
    guint64 pf_bytes; /* its length, holes included */
    char pf_sha256[65];
} PointFile;

typedef struct {
    char *pm_name; /* of the checkpoint */
    PointKind pm_kind;
    gint64 pm_id; /* seq of its checkpoint.wanted/1 */
    char *pm_by;  /* who wanted it */
    char *pm_drill, *pm_host, *pm_uuid;
    gint64 pm_at_us;    /* UTC */
    gint64 pm_clock_us; /* the drill's */
    gint64 pm_stop_us;  /* how long the guest stood still for it */
    char *pm_base;      /* what its disk stands on, below PARRY_HOME; NULL: no disk */
    gint64
        pm_base_bytes; /* its length, and when it was written: another that was built */
    gint64 pm_base_mtime_us; /* from the same input is another; 0: not known */
    PointFile pm_memory, pm_disk;
} PointMeta;

void point_meta_clear(PointMeta *meta);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PointMeta, point_meta_clear)

/* a-z, 0-9 and -, begins with a letter. */
gboolean point_name_valid(const char *name);

/* Errors (POINT_ERROR) say what is wrong; meta is only touched on success. */
gboolean point_meta_parse(const char *bytes, gsize len, PointMeta *meta, GError **error);
/* The caller frees it. */
char *point_meta_text(const PointMeta *meta);

typedef enum {
    POINT_ERROR_FORMAT,  /* meta.json is none */
    POINT_ERROR_SPOILT,  /* a file is not as it was written */
    POINT_ERROR_MISSING, /* no such checkpoint, or not of that host */
    POINT_ERROR_ROOM,    /* past the limit, or no room on the disk */
    POINT_ERROR_IO,
} PointError;

#define POINT_ERROR (point_error_quark())
GQuark point_error_quark(void);

#endif
