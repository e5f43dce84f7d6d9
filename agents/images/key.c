#include "agents/images/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct ImagesKey {
    GChecksum *sum;
};

ImagesKey *images_key_new(const char *kind)
{
    ImagesKey *key = g_new0(ImagesKey, 1);

    key->sum = g_checksum_new(G_CHECKSUM_SHA256);
    images_key_text(key, "recipe", IMAGES_RECIPE);
    images_key_text(key, "kind", kind);
    return key;
}

void images_key_bytes(ImagesKey *key, const char *label, const void *bytes, gsize len)
{
    guint64 sizes[2] = {GUINT64_TO_BE(strlen(label)), GUINT64_TO_BE(len)};

    g_checksum_update(key->sum, (const guchar *)sizes, sizeof sizes);
    g_checksum_update(key->sum, (const guchar *)label, (gssize)strlen(label));
    if (len)
        g_checksum_update(key->sum, bytes, (gssize)len);
}

void images_key_text(ImagesKey *key, const char *label, const char *text)
{
    images_key_bytes(key, label, text ? text : "", text ? strlen(text) : 0);
}

void images_key_number(ImagesKey *key, const char *label, guint64 number)
{
    guint64 n = GUINT64_TO_BE(number);

    images_key_bytes(key, label, &n, sizeof n);
}

gboolean images_key_file(ImagesKey *key, const char *label, const char *path,
                         GError **error)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, &err);

    if (!file) {
        g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_MISSING, "image: %s: %s: %s", label,
                    path, err->message);
        return FALSE;
    }
    images_key_bytes(key, label, g_mapped_file_get_contents(file),
                     g_mapped_file_get_length(file));
    return TRUE;
}

void images_key_files(ImagesKey *key, GPtrArray *files)
{
    guint n = files ? files->len : 0;

    images_key_number(key, "files", n);
    for (guint i = 0; i < n; i++) {
        const ImageFile *file = files->pdata[i];
        gsize len;
        const void *bytes = g_bytes_get_data(file->bytes, &len);
        images_key_text(key, "path", file->path);
        images_key_number(key, "mode", file->mode);
        images_key_text(key, "owner", file->owner ? file->owner : "root:root");
        images_key_bytes(key, "content", bytes, len);
    }
}

char *images_key_hex(ImagesKey *key)
{
    return g_strndup(g_checksum_get_string(key->sum), 32);
}

void images_key_free(ImagesKey *key)
{
    if (!key)
        return;
    g_checksum_free(key->sum);
    g_free(key);
}
