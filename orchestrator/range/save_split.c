#include "orchestrator/range/save_split.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STREAM_MAGIC 0x5145564du /* "QEVM" */
#define STREAM_VERSION 3
#define RAM_VERSION 4
#define BLOCKS_MAX 64
#define BLOCK_BYTES_MAX ((guint64)1 << 42)

/* Sections. */
enum {
    SECTION_START = 1,
    SECTION_PART = 2,
    SECTION_END = 3,
    SECTION_CONFIGURATION = 7,
    SECTION_FOOTER = 0x7e
};

/* Flags of a record of "ram", in the low bits of its address. */
enum {
    RECORD_ZERO = 0x02,
    RECORD_SIZES = 0x04,
    RECORD_PAGE = 0x08,
    RECORD_END = 0x10,
    RECORD_SAME = 0x20, /* the block of the record before */
};

typedef struct {
    const guint8 *sp_bytes;
    gsize sp_len, sp_at;
    const char *sp_block;
    gboolean sp_found, sp_inside; /* the block is there; the last record was of it */
    guint64 sp_size;
    guint8 *sp_seen; /* a byte a page: it came with something in it */
    GByteArray *sp_kept;
    SaveImagePage sp_page;
    gpointer sp_data;
} Split;

static gboolean unknown(const Split *split, const char *what, GError **error)
{
    g_set_error(error, SAVE_IMAGE_ERROR, SAVE_IMAGE_ERROR_FORMAT,
                "save image: its RAM cannot be taken apart: at %" G_GSIZE_FORMAT
                " of the stream is %s",
                split->sp_at, what);
    return FALSE;
}

/* The next bytes, or NULL: it ends before. */
static const guint8 *take(Split *split, gsize len, GError **error)
{
    const guint8 *at = split->sp_bytes + split->sp_at;

    if (len > split->sp_len - split->sp_at) {
        unknown(split, "its end", error);
        return NULL;
    }
    split->sp_at += len;
    return at;
}

static gboolean take_word(Split *split, guint32 *word, GError **error)
{
    const guint8 *at = take(split, sizeof(*word), error);

    if (at)
        memcpy(word, at, sizeof(*word));
    *word = at ? GUINT32_FROM_BE(*word) : 0;
    return at != NULL;
}

static gboolean take_long(Split *split, guint64 *number, GError **error)
{
    const guint8 *at = take(split, sizeof(*number), error);

    if (at)
        memcpy(number, at, sizeof(*number));
    *number = at ? GUINT64_FROM_BE(*number) : 0;
    return at != NULL;
}

/* A name with its length before it; is: whether it is that one. */
static gboolean take_name(Split *split, const char *name, gboolean *is, GError **error)
{
    const guint8 *len = take(split, 1, error);
    const guint8 *text = len ? take(split, *len, error) : NULL;

    *is = text && *len == strlen(name) && memcmp(text, name, *len) == 0;
    return text != NULL;
}

static void keep(Split *split, gsize from)
{
    g_byte_array_append(split->sp_kept, split->sp_bytes + from,
                        (guint)(split->sp_at - from));
}

/* ---- records ---- */

static gboolean take_sizes(Split *split, guint64 total, GError **error)
{
    for (guint i = 0; total > 0; i++) {
        guint64 size;
        gboolean is;

        if (!take_name(split, split->sp_block, &is, error) ||
            !take_long(split, &size, error))
            return FALSE;
        if (i == BLOCKS_MAX || size == 0 || size > total || size > BLOCK_BYTES_MAX ||
            size % SAVE_IMAGE_PAGE)
            return unknown(split, "a list of blocks that does not add up", error);
        total -= size;
        if (is && split->sp_found)
            return unknown(split, "a block for the second time", error);
        if (!is)
            continue;
        split->sp_found = TRUE;
        split->sp_size = size;
        split->sp_seen = g_malloc0(size / SAVE_IMAGE_PAGE);
    }
    return TRUE;
}

static gboolean is_zero(const guint8 *page)
{
    return page[0] == 0 && memcmp(page, page + 1, SAVE_IMAGE_PAGE - 1) == 0;
}

/* page NULL: nothing but zeros, told only where something was told before. */
static gboolean tell(Split *split, guint64 at, const guint8 *page, GError **error)
{
    static const guint8 zeros[SAVE_IMAGE_PAGE];
    guint8 *seen;

    if (at >= split->sp_size)
        return unknown(split, "a page past its block's end", error);
    seen = &split->sp_seen[at / SAVE_IMAGE_PAGE];
    if (page && is_zero(page))
        page = NULL;
    if (!page && !*seen)
        return TRUE;
    *seen = page != NULL;
    return split->sp_page(at, page ? page : zeros, split->sp_data, error);
}

static gboolean take_page(Split *split, guint64 at, guint flags, gsize from,
                          GError **error)
{
    const guint8 *body;

    if (!(flags & RECORD_SAME) &&
        !take_name(split, split->sp_block, &split->sp_inside, error))
        return FALSE;
    body = take(split, flags & RECORD_PAGE ? SAVE_IMAGE_PAGE : 1, error);
    if (!body)
        return FALSE;
    if (!split->sp_inside) {
        keep(split, from);
        return TRUE;
    }
    if (!split->sp_found)
        return unknown(split, "a page of a block that was not announced", error);
    if (!(flags & RECORD_PAGE) && *body)
        return unknown(split, "a page filled with other than zeros", error);
    return tell(split, at, flags & RECORD_PAGE ? body : NULL, error);
}

/* The records of one section, up to the one that ends it. */
static gboolean take_records(Split *split, GError **error)
{
    for (;;) {
        gsize from = split->sp_at;
        guint64 word;
        gboolean ok;

        if (!take_long(split, &word, error))
            return FALSE;
        guint flags = word & (SAVE_IMAGE_PAGE - 1);
        guint64 value = word - flags;

        if (flags == RECORD_END) {
            keep(split, from);
            return TRUE;
        }
        if (flags == RECORD_SIZES) {
            ok = take_sizes(split, value, error);
            keep(split, from);
        } else if ((flags & ~(guint)RECORD_SAME) == RECORD_PAGE ||
                   (flags & ~(guint)RECORD_SAME) == RECORD_ZERO) {
            ok = take_page(split, value, flags, from, error);
        } else {
            return unknown(split, "a record of an unknown kind", error);
        }
        if (!ok)
            return FALSE;
    }
}

/* ---- sections ---- */

static gboolean take_start(Split *split, GError **error)
{
    guint32 magic, version, len;
    gsize from = split->sp_at;
    const guint8 *kind;

    if (!take_word(split, &magic, error) || !take_word(split, &version, error) ||
        !(kind = take(split, 1, error)))
        return FALSE;
    if (magic != STREAM_MAGIC || version != STREAM_VERSION ||
        *kind != SECTION_CONFIGURATION)
        return unknown(split, "no stream of QEMU's", error);
    if (!take_word(split, &len, error) || !take(split, len, error))
        return FALSE;
    keep(split, from);
    return TRUE;
}

/* The first section has a name, which must be "ram"; later ones go by its number. */
static gboolean take_section(Split *split, gboolean first, guint32 *number,
                             gboolean *last, GError **error)
{
    gsize from = split->sp_at;
    const guint8 *kind = take(split, 1, error);
    guint32 own, instance, version = RAM_VERSION;
    gboolean ram = TRUE;

    if (!kind || !take_word(split, &own, error))
        return FALSE;
    if (first &&
        (!take_name(split, "ram", &ram, error) || !take_word(split, &instance, error) ||
         !take_word(split, &version, error)))
        return FALSE;
    gboolean right =
        first ? *kind == SECTION_START : *kind == SECTION_PART || *kind == SECTION_END;
    if (!right || !ram || version != RAM_VERSION || (!first && own != *number))
        return unknown(split, "a section that is not of RAM", error);
    *number = own;
    *last = *kind == SECTION_END;
    keep(split, from);
    return TRUE;
}

static gboolean take_footer(Split *split, guint32 number, GError **error)
{
    gsize from = split->sp_at;
    const guint8 *kind = take(split, 1, error);
    guint32 own;

    if (!kind || !take_word(split, &own, error))
        return FALSE;
    if (*kind != SECTION_FOOTER || own != number)
        return unknown(split, "no end of a section", error);
    keep(split, from);
    return TRUE;
}

static gboolean take_ram(Split *split, GError **error)
{
    guint32 number = 0;
    gboolean last = FALSE;

    for (gboolean first = TRUE; !last; first = FALSE)
        if (!take_section(split, first, &number, &last, error) ||
            !take_records(split, error) || !take_footer(split, number, error))
            return FALSE;
    return split->sp_found || unknown(split, "the end of RAM, without the block", error);
}

gboolean save_image_split_stream(const guint8 *bytes, gsize len, const char *block,
                                 GByteArray *kept, guint64 *size, SaveImagePage page,
                                 gpointer data, GError **error)
{
    Split split = {.sp_bytes = bytes,
                   .sp_len = len,
                   .sp_block = block,
                   .sp_kept = kept,
                   .sp_page = page,
                   .sp_data = data};
    gboolean ok = take_start(&split, error) && take_ram(&split, error);

    if (ok) {
        gsize from = split.sp_at;

        split.sp_at = len; /* the devices, as they are */
        keep(&split, from);
        *size = split.sp_size;
    }
    g_free(split.sp_seen);
    return ok;
}

/* ---- files ---- */

typedef struct {
    const char *fi_path;
    int fi_fd;
} File;

static gboolean io_failed(const char *path, const char *attempt, GError **error)
{
    g_set_error(error, SAVE_IMAGE_ERROR, SAVE_IMAGE_ERROR_IO, "%s: %s: %s", path, attempt,
                g_strerror(errno));
    return FALSE;
}

static gboolean write_at(const File *file, const guint8 *at, gsize len, guint64 offset,
                         GError **error)
{
    while (len > 0) {
        ssize_t n = pwrite(file->fi_fd, at, len, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return io_failed(file->fi_path, "write", error);
        at += n;
        len -= (gsize)n;
        offset += (guint64)n;
    }
    return TRUE;
}

static gboolean write_page(guint64 at, const guint8 *page, gpointer data, GError **error)
{
    return write_at(data, page, SAVE_IMAGE_PAGE, at, error);
}

static gboolean file_open(File *file, const char *path, GError **error)
{
    file->fi_path = path;
    if (g_unlink(path) < 0 && errno != ENOENT)
        return io_failed(path, "remove the old one", error);
    file->fi_fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return file->fi_fd >= 0 || io_failed(path, "create", error);
}

static gboolean file_close(File *file, gboolean ok, GError **error)
{
    if (file->fi_fd < 0)
        return ok;
    if (close(file->fi_fd) < 0 && ok)
        ok = io_failed(file->fi_path, "close", error);
    if (!ok)
        g_unlink(file->fi_path);
    return ok;
}

static gboolean split_files(const guint8 *bytes, gsize len, const char *block,
                            const File *to, File *ram, GError **error)
{
    g_autoptr(GByteArray) kept = g_byte_array_new();
    g_autoptr(GByteArray) head = NULL;
    g_auto(SaveImage) image = {0};
    guint64 size = 0;

    if (!save_image_parse(bytes, len, &image, error) ||
        !save_image_split_stream(bytes + image.si_stream, len - image.si_stream, block,
                                 kept, &size, write_page, ram, error))
        return FALSE;
    if (ftruncate(ram->fi_fd, (off_t)size) < 0)
        return io_failed(ram->fi_path, "set its size", error);
    head = save_image_head(image.si_xml, image.si_cookie, image.si_running, error);
    return head && write_at(to, head->data, head->len, 0, error) &&
           write_at(to, kept->data, kept->len, head->len, error);
}

gboolean save_image_split(const char *from, const char *block, const char *to,
                          const char *ram, GError **error)
{
    g_autoptr(GMappedFile) map = g_mapped_file_new(from, FALSE, error);
    File image = {.fi_fd = -1}, pages = {.fi_fd = -1};
    gboolean ok;

    if (!map)
        return FALSE;
    ok = file_open(&image, to, error) && file_open(&pages, ram, error) &&
         split_files((const guint8 *)g_mapped_file_get_contents(map),
                     g_mapped_file_get_length(map), block, &image, &pages, error);
    ok = file_close(&image, ok, error);
    if (!file_close(&pages, ok, error) && ok) {
        g_unlink(to);
        ok = FALSE;
    }
    return ok;
}
