/*
 * libvirt's save image: the file that virDomainSave() writes and virDomainRestore()
 * reads.
 *
 *   0   16  "LibvirtQemudSave" ("LibvirtQemudPart" while it is being written)
 *  16   4   version, 2; this and what follows in the byte order of the machine
 *  20   4   length of the data area
 *  24   4   was-running
 *  28   4   compression, 0: none
 *  32   4   where in the data area the cookie begins, 0: there is none
 *  36  56   unused
 *  92       data area: the domain's XML, ended and filled up by NUL, then the cookie
 * (XML) and then QEMU's stream, which names no file, address or identity
 * (src/qemu/qemu_saveimage.h of libvirt 9.0)
 *
 * So the same stream under another header is the memory of another guest: that is what a
 * memory clone is.
 */
#ifndef PARRY_RANGE_SAVE_IMAGE_H
#define PARRY_RANGE_SAVE_IMAGE_H

#include <gio/gio.h>

#define SAVE_IMAGE_HEADER 92
/* An own image's stream begins at a multiple of this, so that file systems which can
 * share blocks between files do. */
#define SAVE_IMAGE_ALIGN 65536
/* libvirt's XML of a guest of ours has 5 KiB. */
#define SAVE_IMAGE_DATA_MAX (1u << 20)

typedef struct {
    gboolean si_running; /* when it was saved */
    char *si_xml;
    char *si_cookie;   /* NULL: none */
    guint64 si_stream; /* offset of QEMU's stream */
    guint64 si_size;   /* of the file; 0 by save_image_parse() */
} SaveImage;

void save_image_clear(SaveImage *image);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SaveImage, save_image_clear)

/* The head of an image, the data area included. Errors (SAVE_IMAGE_ERROR) say what is
 * wrong with it; image is only touched on success. */
gboolean save_image_parse(const guint8 *bytes, gsize len, SaveImage *image,
                          GError **error);

/* The same out of a file. An image without a stream is refused. */
gboolean save_image_read(const char *path, SaveImage *image, GError **error);

/* A head for the same stream: xml and cookie (or NULL), up to a multiple of
 * SAVE_IMAGE_ALIGN. */
GByteArray *save_image_head(const char *xml, const char *cookie, gboolean running,
                            GError **error);

/*
 * Writes `to` (mode 0600, replaced), a new head with the stream of `from`; xml NULL: as
 * it was. Blocks that hold nothing but zeros become holes; where the file system can
 * share blocks, and from's stream is aligned, nothing is copied. size (may be NULL): of
 * the new file. What was written in part is removed.
 */
gboolean save_image_rewrite(const char *from, const char *to, const char *xml,
                            guint64 *size, GError **error);

/* A copy of any file, `to` (mode 0600, replaced): holes stay holes, and where the file
 * system can share blocks nothing is copied. */
gboolean save_image_copy(const char *from, const char *to, GError **error);

typedef enum {
    SAVE_IMAGE_ERROR_FORMAT, /* not such an image, or one of a kind that is not read */
    SAVE_IMAGE_ERROR_IO,
} SaveImageError;

#define SAVE_IMAGE_ERROR (save_image_error_quark())
GQuark save_image_error_quark(void);

#endif
