#include "orchestrator/range/save_image.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "LibvirtQemudSave"
#define MAGIC_PARTIAL "LibvirtQemudPart"
#define MAGIC_LEN 16
#define VERSION 2

/* Words after the magic. */
enum { WORD_VERSION, WORD_LENGTH, WORD_RUNNING, WORD_COMPRESSED, WORD_COOKIE, WORDS };

#define BLOCK 4096          /* what a hole is made of */
#define PIECE (256 * 1024u) /* read at once */

G_DEFINE_QUARK(parry - save - image - error - quark, save_image_error)

void save_image_clear(SaveImage *image)
{
    g_clear_pointer(&image->si_xml, g_free);
    g_clear_pointer(&image->si_cookie, g_free);
}

static gboolean malformed(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static gboolean malformed(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, SAVE_IMAGE_ERROR, SAVE_IMAGE_ERROR_FORMAT, "save image: %s", text);
    return FALSE;
}

static gboolean io_failed(GError **error, const char *path, const char *attempt)
{
    g_set_error(error, SAVE_IMAGE_ERROR, SAVE_IMAGE_ERROR_IO, "%s: %s: %s", path, attempt,
                g_strerror(errno));
    return FALSE;
}

static void get_words(const guint8 *bytes, guint32 words[WORDS])
{
    memcpy(words, bytes + MAGIC_LEN, WORDS * sizeof(guint32));
}

static gboolean check_words(const guint32 words[WORDS], GError **error)
{
    if (GUINT32_SWAP_LE_BE(words[WORD_VERSION]) == VERSION)
        return malformed(error, "it was written by a machine of another byte order");
    if (words[WORD_VERSION] != VERSION)
        return malformed(error, "version %u is not known, only %d is",
                         words[WORD_VERSION], VERSION);
    if (words[WORD_COMPRESSED] != 0)
        return malformed(error, "it is compressed (%u); set save_image_format to raw",
                         words[WORD_COMPRESSED]);
    if (words[WORD_LENGTH] == 0 || words[WORD_LENGTH] > SAVE_IMAGE_DATA_MAX)
        return malformed(error, "a data area of %u bytes; there may be %u",
                         words[WORD_LENGTH], SAVE_IMAGE_DATA_MAX);
    if (words[WORD_COOKIE] >= words[WORD_LENGTH])
        return malformed(error, "its cookie begins at %u, past the data area's %u bytes",
                         words[WORD_COOKIE], words[WORD_LENGTH]);
    return TRUE;
}

/* The words of a head whose first SAVE_IMAGE_HEADER bytes these are. */
static gboolean parse_header(const guint8 *bytes, gsize len, guint32 words[WORDS],
                             GError **error)
{
    if (len < SAVE_IMAGE_HEADER)
        return malformed(error, "%" G_GSIZE_FORMAT " bytes are no header", len);
    if (memcmp(bytes, MAGIC_PARTIAL, MAGIC_LEN) == 0)
        return malformed(error, "it was not written to its end");
    if (memcmp(bytes, MAGIC, MAGIC_LEN) != 0)
        return malformed(error, "it does not begin with " MAGIC);
    get_words(bytes, words);
    return check_words(words, error);
}

/* A text of the data area: ended by NUL within it, and UTF-8. */
static char *take_text(const guint8 *at, gsize len, const char *what, GError **error)
{
    const guint8 *end = memchr(at, '\0', len);
    gsize size = end ? (gsize)(end - at) : len;

    if (!end)
        malformed(error, "its %s has no end", what);
    else if (size == 0)
        malformed(error, "its %s is empty", what);
    else if (!g_utf8_validate((const char *)at, (gssize)size, NULL))
        malformed(error, "its %s is not UTF-8", what);
    else
        return g_strndup((const char *)at, size);
    return NULL;
}

gboolean save_image_parse(const guint8 *bytes, gsize len, SaveImage *image,
                          GError **error)
{
    g_auto(SaveImage) found = {0};
    guint32 words[WORDS], xml_len;

    if (!parse_header(bytes, len, words, error))
        return FALSE;
    if (len - SAVE_IMAGE_HEADER < words[WORD_LENGTH])
        return malformed(error, "its data area of %u bytes is cut off",
                         words[WORD_LENGTH]);
    xml_len = words[WORD_COOKIE] ? words[WORD_COOKIE] : words[WORD_LENGTH];
    found.si_running = words[WORD_RUNNING] == 1;
    found.si_stream = SAVE_IMAGE_HEADER + (guint64)words[WORD_LENGTH];
    found.si_xml = take_text(bytes + SAVE_IMAGE_HEADER, xml_len, "XML", error);
    if (!found.si_xml)
        return FALSE;
    if (words[WORD_COOKIE]) {
        found.si_cookie = take_text(bytes + SAVE_IMAGE_HEADER + xml_len,
                                    words[WORD_LENGTH] - xml_len, "cookie", error);
        if (!found.si_cookie)
            return FALSE;
    }
    *image = found;
    memset(&found, 0, sizeof(found));
    return TRUE;
}

/* ---- files ---- */

static gboolean read_whole(int fd, const char *path, guint8 *at, gsize len, off_t offset,
                           GError **error)
{
    while (len > 0) {
        ssize_t n = pread(fd, at, len, offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return io_failed(error, path, "read");
        if (n == 0)
            return malformed(error, "%s ends in the midst of it", path);
        at += n;
        len -= (gsize)n;
        offset += n;
    }
    return TRUE;
}

static gboolean read_fd(int fd, const char *path, SaveImage *image, GError **error)
{
    guint8 header[SAVE_IMAGE_HEADER];
    guint32 words[WORDS];
    struct stat st;

    if (fstat(fd, &st) < 0)
        return io_failed(error, path, "stat");
    if (!read_whole(fd, path, header, sizeof(header), 0, error) ||
        !parse_header(header, sizeof(header), words, error))
        return FALSE;
    gsize len = SAVE_IMAGE_HEADER + (gsize)words[WORD_LENGTH];
    g_autofree guint8 *bytes = g_malloc(len);
    if (!read_whole(fd, path, bytes, len, 0, error) ||
        !save_image_parse(bytes, len, image, error))
        return FALSE;
    image->si_size = (guint64)st.st_size;
    if (image->si_size > image->si_stream)
        return TRUE;
    save_image_clear(image);
    return malformed(error, "it holds no guest's memory");
}

gboolean save_image_read(const char *path, SaveImage *image, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return io_failed(error, path, "open");
    gboolean ok = read_fd(fd, path, image, error);
    close(fd);
    if (!ok)
        g_prefix_error(error, "%s: ", path);
    return ok;
}

GByteArray *save_image_head(const char *xml, const char *cookie, gboolean running,
                            GError **error)
{
    gsize xml_len = strlen(xml) + 1, cookie_len = cookie ? strlen(cookie) + 1 : 0;
    gsize need = SAVE_IMAGE_HEADER + xml_len + cookie_len;
    gsize size = (need + SAVE_IMAGE_ALIGN - 1) / SAVE_IMAGE_ALIGN * SAVE_IMAGE_ALIGN;

    if (size - SAVE_IMAGE_HEADER > SAVE_IMAGE_DATA_MAX) {
        malformed(error, "XML of %" G_GSIZE_FORMAT " bytes is too long", xml_len);
        return NULL;
    }
    GByteArray *head = g_byte_array_sized_new((guint)size);
    guint32 words[WORDS] = {VERSION, (guint32)(size - SAVE_IMAGE_HEADER), running, 0,
                            cookie ? (guint32)(size - SAVE_IMAGE_HEADER - cookie_len)
                                   : 0};

    g_byte_array_set_size(head, (guint)size);
    memset(head->data, 0, size);
    memcpy(head->data, MAGIC, MAGIC_LEN);
    memcpy(head->data + MAGIC_LEN, words, sizeof(words));
    memcpy(head->data + SAVE_IMAGE_HEADER, xml, xml_len);
    if (cookie)
        memcpy(head->data + size - cookie_len, cookie, cookie_len);
    return head;
}

static gboolean write_whole(int fd, const char *path, const guint8 *at, gsize len,
                            off_t offset, GError **error)
{
    while (len > 0) {
        ssize_t n = pwrite(fd, at, len, offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return io_failed(error, path, "write");
        at += n;
        len -= (gsize)n;
        offset += n;
    }
    return TRUE;
}

/* One file's bytes on their way into another. */
typedef struct {
    int cp_from, cp_to;
    const char *cp_from_path, *cp_to_path;
    off_t cp_in, cp_out, cp_end; /* cp_end: of what is read */
} Copy;

static gboolean all_zero(const guint8 *at, gsize len)
{
    return at[0] == 0 && memcmp(at, at + 1, len - 1) == 0;
}

/* Writes a piece, and leaves holes where whole blocks of the new file are zero. */
static gboolean write_piece(Copy *copy, const guint8 *at, gsize len, GError **error)
{
    for (gsize done = 0; done < len;) {
        off_t out = copy->cp_out + (off_t)done;
        gsize block = MIN(len - done, (gsize)(BLOCK - out % BLOCK));
        gsize run = 0;

        while (done + run < len && !all_zero(at + done + run, block)) {
            run += block;
            block = MIN(len - done - run, BLOCK);
        }
        if (run &&
            !write_whole(copy->cp_to, copy->cp_to_path, at + done, run, out, error))
            return FALSE;
        done += run ? run : block;
    }
    return TRUE;
}

/* From an image of libvirt's: the bytes go through memory, and zeros stay away. */
static gboolean copy_by_hand(Copy *copy, GError **error)
{
    g_autofree guint8 *piece = g_malloc(PIECE);

    while (copy->cp_in < copy->cp_end) {
        gsize len = (gsize)MIN((off_t)PIECE, copy->cp_end - copy->cp_in);

        if (!read_whole(copy->cp_from, copy->cp_from_path, piece, len, copy->cp_in,
                        error) ||
            !write_piece(copy, piece, len, error))
            return FALSE;
        copy->cp_in += (off_t)len;
        copy->cp_out += (off_t)len;
    }
    return TRUE;
}

/* From an image of our own: the kernel shares or copies what is no hole. *by_hand: it
 * cannot, between these two. */
static gboolean copy_by_kernel(Copy *copy, gboolean *by_hand, GError **error)
{
    off_t shift = copy->cp_out - copy->cp_in;
    off_t data = copy->cp_in;

    while ((data = lseek(copy->cp_from, data, SEEK_DATA)) >= 0 && data < copy->cp_end) {
        off_t hole = lseek(copy->cp_from, data, SEEK_HOLE);
        off_t out = data + shift;

        while (data < hole) {
            ssize_t n = copy_file_range(copy->cp_from, &data, copy->cp_to, &out,
                                        (size_t)(hole - data), 0);
            if (n > 0 || (n < 0 && errno == EINTR))
                continue;
            *by_hand = n < 0 && (errno == EXDEV || errno == EOPNOTSUPP ||
                                 errno == ENOSYS || errno == EINVAL);
            return io_failed(error, copy->cp_to_path, "copy");
        }
    }
    return TRUE;
}

static gboolean copy_stream(Copy *copy, GError **error)
{
    gboolean by_hand = copy->cp_in % SAVE_IMAGE_ALIGN != 0;
    off_t end = copy->cp_out + copy->cp_end - copy->cp_in;
    g_autoptr(GError) refused = NULL;

    if (ftruncate(copy->cp_to, end) < 0)
        return io_failed(error, copy->cp_to_path, "set its size");
    if (!by_hand && copy_by_kernel(copy, &by_hand, &refused))
        return TRUE;
    if (by_hand)
        return copy_by_hand(copy, error);
    g_propagate_error(error, g_steal_pointer(&refused));
    return FALSE;
}

static gboolean rewrite_fds(Copy *copy, const char *xml, guint64 *size, GError **error)
{
    g_auto(SaveImage) image = {0};
    g_autoptr(GByteArray) head = NULL;

    if (!read_fd(copy->cp_from, copy->cp_from_path, &image, error))
        return FALSE;
    head = save_image_head(xml ? xml : image.si_xml, image.si_cookie, image.si_running,
                           error);
    if (!head)
        return FALSE;
    copy->cp_in = (off_t)image.si_stream;
    copy->cp_end = (off_t)image.si_size;
    copy->cp_out = (off_t)head->len;
    if (size)
        *size = head->len + image.si_size - image.si_stream;
    return copy_stream(copy, error) &&
           write_whole(copy->cp_to, copy->cp_to_path, head->data, head->len, 0, error);
}

static gboolean copy_fds(Copy *copy, GError **error)
{
    struct stat st;

    if (fstat(copy->cp_from, &st) < 0)
        return io_failed(error, copy->cp_from_path, "stat");
    copy->cp_end = st.st_size;
    return copy_stream(copy, error);
}

/* As one of the two below. */
static gboolean copy_files(Copy *copy, gboolean image, const char *xml, guint64 *size,
                           GError **error)
{
    const char *from = copy->cp_from_path, *to = copy->cp_to_path;
    gboolean ok = FALSE;

    copy->cp_from = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (copy->cp_from < 0)
        return io_failed(error, from, "open");
    if (g_unlink(to) < 0 && errno != ENOENT)
        io_failed(error, to, "remove the old one");
    else if ((copy->cp_to = open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0)
        io_failed(error, to, "create");
    else
        ok = image ? rewrite_fds(copy, xml, size, error) : copy_fds(copy, error);
    if (copy->cp_to >= 0 && close(copy->cp_to) < 0 && ok)
        ok = io_failed(error, to, "close");
    if (copy->cp_to >= 0 && !ok)
        g_unlink(to);
    close(copy->cp_from);
    return ok;
}

gboolean save_image_rewrite(const char *from, const char *to, const char *xml,
                            guint64 *size, GError **error)
{
    Copy copy = {.cp_from_path = from, .cp_to_path = to, .cp_to = -1};

    return copy_files(&copy, TRUE, xml, size, error);
}

gboolean save_image_copy(const char *from, const char *to, GError **error)
{
    Copy copy = {.cp_from_path = from, .cp_to_path = to, .cp_to = -1};

    return copy_files(&copy, FALSE, NULL, NULL, error);
}
