/*
 * The disk of a host that is saved now and then: a stack of qcow2 files that never grows
 * high.
 *
 *   image or golden disk ─ N.flat ─ M ─ the live one
 *
 * disks/DOMAIN.qcow2 is the live one, DOMAIN.N.qcow2 what it was at checkpoint N (frozen:
 * nobody writes to it), DOMAIN.N.flat.qcow2 the same content straight over the image. A
 * guest stands still only while a fresh overlay is made; copying is done beside it, and
 * the next checkpoint puts what was copied below the live one in place of what it was
 * copied from. A checkpoint's own disk is a hard link to such a file: it may be deleted
 * without a thought for who stands on it.
 *
 * Everything here blocks. Errors: POINT_ERROR.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_POINT_DISK_H
#define PARRY_ORCHESTRATOR_DAEMON_POINT_DISK_H

#include <glib.h>

typedef struct {
    const char *ds_disks;  /* the drill's disks/ */
    const char *ds_domain; /* libvirt's name of the host */
    guint64 ds_size;       /* of a fresh overlay: as images_overlay() */
} DiskStack;

/* DISKS/DOMAIN.qcow2; the caller frees it. */
char *disk_live(const DiskStack *stack);
/* What a qcow2 names as its backing file; NULL without an error: none. */
char *disk_backing(const char *path, GError **error);
/* What is below all that is in disks/: the image's or the golden guest's disk. */
char *disk_base(const DiskStack *stack, GError **error);

/* What the live disk and all below it in disks/ take up. */
guint64 disk_allocated(const DiskStack *stack);

/* The guest runs: what has to be copied before its next checkpoint. */
gboolean disk_prepare(const DiskStack *stack, GError **error);
/* The guest is gone: its disk becomes that of checkpoint `id`, with a fresh overlay over
 * it. A repeat makes the overlay anew, with nothing in it. */
gboolean disk_swap(const DiskStack *stack, gint64 id, GError **error);
/* Whether that was done. */
gboolean disk_swapped(const DiskStack *stack, gint64 id);
/* The guest runs again: puts the disk of checkpoint `id`, straight over the image, at
 * `to`. */
gboolean disk_keep(const DiskStack *stack, gint64 id, const char *to, GError **error);
/* The guest is gone: a fresh overlay over the disk of a checkpoint. */
gboolean disk_revert(const DiskStack *stack, gint64 id, const char *disk, GError **error);
/* Removes what neither the live disk nor the evidence of a reset stands on. */
void disk_sweep(const DiskStack *stack);
/* Names another base in a disk that was copied to another machine. */
gboolean disk_rebase(const char *path, const char *base, GError **error);

#endif
