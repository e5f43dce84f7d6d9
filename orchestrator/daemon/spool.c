#include "orchestrator/daemon/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

typedef struct {
    guint64 pi_seq;
    guint32 pi_stream, pi_len;
} Piece;

static char *spool_path(const char *dir, gint64 id)
{
    g_autofree char *name = g_strdup_printf("%" G_GINT64_FORMAT, id);

    return g_build_filename(dir, "run", "out", name, NULL);
}

static int spool_open(const char *dir, const char *path)
{
    g_autofree char *parent = g_build_filename(dir, "run", "out", NULL);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd >= 0 || errno != ENOENT || mkdir(parent, 0700) < 0)
        return fd;
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
}

void spool_append(const char *dir, gint64 id, guint32 stream, guint64 seq,
                  gconstpointer bytes, guint32 len)
{
    g_autofree char *path = spool_path(dir, id);
    Piece piece = {seq, stream, len};
    struct iovec iov[] = {{&piece, sizeof(piece)}, {(void *)bytes, len}};
    int fd = spool_open(dir, path);

    if (fd < 0 || writev(fd, iov, 2) != (ssize_t)(sizeof(piece) + len))
        g_warning("%s: write: %s; after a crash this output would be cut short", path,
                  g_strerror(errno));
    if (fd >= 0)
        close(fd);
}

guint64 spool_load(const char *dir, gint64 id, GByteArray *out, GByteArray *err)
{
    g_autofree char *path = spool_path(dir, id);
    g_autofree char *bytes = NULL;
    gsize len = 0, at = 0;
    guint64 last = 0;
    Piece piece;

    if (!g_file_get_contents(path, &bytes, &len, NULL))
        return 0;
    while (len - at >= sizeof(piece)) {
        memcpy(&piece, bytes + at, sizeof(piece));
        at += sizeof(piece);
        if (piece.pi_len > len - at)
            break; /* killed in the middle of it: the agent sends it again */
        g_byte_array_append(piece.pi_stream == 2 ? err : out, (const guint8 *)bytes + at,
                            piece.pi_len);
        at += piece.pi_len;
        last = MAX(last, piece.pi_seq);
    }
    return last;
}

void spool_remove(const char *dir, gint64 id)
{
    g_autofree char *path = spool_path(dir, id);

    if (unlink(path) < 0 && errno != ENOENT)
        g_warning("%s: remove: %s", path, g_strerror(errno));
}
