#include "orchestrator/daemon/file_sum.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#define PIECE (256 * 1024u)

static gboolean failed(GError **error, const char *path, const char *attempt)
{
    int code = errno;

    g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(code), "%s: %s: %s",
                path, attempt, g_strerror(code));
    return FALSE;
}

static gboolean digest_fd(int fd, const char *path, EVP_MD_CTX *digest, guint64 *bytes,
                          GError **error)
{
    g_autofree guint8 *piece = g_malloc(PIECE);
    ssize_t n;

    while ((n = read(fd, piece, PIECE)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed(error, path, "read");
        EVP_DigestUpdate(digest, piece, (size_t)n);
        *bytes += (guint64)n;
    }
    return TRUE;
}

gboolean file_sum(const char *path, char sum[FILE_SUM_SIZE], guint64 *bytes,
                  GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    guint8 digits[32];
    guint64 read_bytes = 0;

    if (fd < 0)
        return failed(error, path, "open");
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    EVP_DigestInit_ex(digest, EVP_sha256(), NULL);
    gboolean ok = digest_fd(fd, path, digest, &read_bytes, error);
    EVP_DigestFinal_ex(digest, digits, NULL);
    EVP_MD_CTX_free(digest);
    close(fd);
    for (guint i = 0; ok && i < sizeof(digits); i++)
        g_snprintf(sum + (gsize)i * 2, 3, "%02x", digits[i]);
    if (bytes)
        *bytes = read_bytes;
    return ok;
}
