/*
 * A guest's RAM apart from the rest of its save image, so that many guests can map the
 * one file of it, each writing to copies of pages of its own.
 *
 * QEMU's stream is: "QEVM", a version, a configuration section, then the sections of
 * "ram" (what its blocks are, then their pages, in rounds), then all devices. A page that
 * does not come in the stream stays in the guest as it was before: what its block was
 * mapped from. (migration/ram.c, docs/devel/migration.rst of QEMU 7.2)
 */
#ifndef PARRY_RANGE_SAVE_SPLIT_H
#define PARRY_RANGE_SAVE_SPLIT_H

#include "orchestrator/range/save_image.h"

/*
 * Writes `to`, the image `from` without the pages of that block, and `ram`, those pages
 * at their addresses, with holes where there is nothing but zeros; both 0600, replaced.
 * A stream that holds anything else than is known here is refused
 * (SAVE_IMAGE_ERROR_FORMAT): then the image is to be used whole. What was written in part
 * is removed.
 */
gboolean save_image_split(const char *from, const char *block, const char *to,
                          const char *ram, GError **error);

/* The same from memory: what is kept of the stream goes to `kept`, and each page with
 * anything in it to `page`, in the order in which they come. size: of the block. */
typedef gboolean (*SaveImagePage)(guint64 at, const guint8 *page, gpointer data,
                                  GError **error);
#define SAVE_IMAGE_PAGE 4096
gboolean save_image_split_stream(const guint8 *bytes, gsize len, const char *block,
                                 GByteArray *kept, guint64 *size, SaveImagePage page,
                                 gpointer data, GError **error);

#endif
