#include "agents/images/internal.h"

#include <string.h>

enum {
    FILE_MAX = 64 << 20, /* one file's content */
    FILES_MAX = 4096,
    PATH_LEN_MAX = 1024,
    PACKAGES_MAX = 1024,
};

static gboolean refuse(GError **error, const ImageSpec *spec, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static gboolean refuse(GError **error, const ImageSpec *spec, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *reason = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_SPEC, "image %s: %s",
                spec->id ? spec->id : "(without name)", reason);
    return FALSE;
}

ImageFile *image_file_new(const char *path, guint mode, const char *owner, GBytes *bytes)
{
    ImageFile *file = g_new0(ImageFile, 1);

    file->path = g_strdup(path);
    file->mode = mode;
    file->owner = g_strdup(owner);
    file->bytes = g_bytes_ref(bytes);
    return file;
}

void image_file_free(ImageFile *file)
{
    if (!file)
        return;
    g_free(file->path);
    g_free(file->owner);
    g_bytes_unref(file->bytes);
    g_free(file);
}

void image_result_clear(ImageResult *result)
{
    g_free(result->key);
    g_free(result->kernel);
    g_free(result->initrd);
    g_free(result->router_initrd);
    g_free(result->disk);
    g_free(result->seed);
    memset(result, 0, sizeof *result);
}

ImagesBase images_spec_base(const ImageSpec *spec)
{
    if (spec->base[0] == '/')
        return IMAGES_PATH;
    return strcmp(spec->base, "micro") == 0 ? IMAGES_MICRO : IMAGES_DEBIAN;
}

const char *images_spec_suite(const ImageSpec *spec)
{
    return spec->base + strlen("debian/");
}

/* text starts with one of first and goes on with rest, between min and max bytes. */
static gboolean spelled(const char *text, const char *first, const char *rest, gsize min,
                        gsize max)
{
    gsize len = strlen(text);

    return len >= min && len <= max && strchr(first, text[0]) &&
           strspn(text + 1, rest) == len - 1;
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

/* No control characters, no empty, "." or ".." parts, absolute. */
static gboolean path_is_clean(const char *path)
{
    if (path[0] != '/' || !path[1] || strlen(path) > PATH_LEN_MAX ||
        !g_utf8_validate(path, -1, NULL))
        return FALSE;
    for (const char *p = path; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return FALSE;
    }
    g_auto(GStrv) parts = g_strsplit(path + 1, "/", -1);
    for (guint i = 0; parts[i]; i++) {
        if (!parts[i][0] || strcmp(parts[i], ".") == 0 || strcmp(parts[i], "..") == 0)
            return FALSE;
    }
    return TRUE;
}

static gboolean check_base(const ImageSpec *spec, GError **error)
{
    if (!spec->base)
        return refuse(error, spec, "no base");
    if (strcmp(spec->base, "micro") == 0)
        return TRUE;
    if (spec->base[0] == '/') {
        if (!path_is_clean(spec->base))
            return refuse(error, spec, "base: not a clean absolute path: %s", spec->base);
        return TRUE;
    }
    /* Debian's suites: bookworm, trixie, sid, stable; never with a part like -security.
     */
    if (g_str_has_prefix(spec->base, "debian/") &&
        spelled(images_spec_suite(spec), LOWER, LOWER DIGIT, 2, 32))
        return TRUE;
    return refuse(error, spec,
                  "base: %s: want micro, debian/SUITE or the absolute path of a qcow2",
                  spec->base);
}

static gboolean check_packages(const ImageSpec *spec, GError **error)
{
    guint n = spec->packages ? g_strv_length(spec->packages) : 0;

    if (n && images_spec_base(spec) != IMAGES_DEBIAN)
        return refuse(error, spec, "packages: only a base debian/SUITE takes packages");
    if (n > PACKAGES_MAX)
        return refuse(error, spec, "packages: %u of them, at most %d", n, PACKAGES_MAX);
    for (guint i = 0; i < n; i++) {
        /* Debian policy 5.6.1 */
        if (!spelled(spec->packages[i], LOWER DIGIT, LOWER DIGIT "+-.", 2, 128))
            return refuse(error, spec, "packages: \"%s\" is not a package name",
                          spec->packages[i]);
    }
    return TRUE;
}

static gboolean owner_is_clean(const char *owner)
{
    g_auto(GStrv) parts = g_strsplit(owner, ":", 3);

    if (!parts[0] || g_strv_length(parts) > 2)
        return FALSE;
    for (guint i = 0; parts[i]; i++) {
        if (!spelled(parts[i], LOWER UPPER DIGIT "_", LOWER UPPER DIGIT "_.-", 1, 32))
            return FALSE;
    }
    return TRUE;
}

static gboolean check_file(const ImageSpec *spec, const ImageFile *file, GError **error)
{
    if (!file->path || !path_is_clean(file->path))
        return refuse(error, spec,
                      "files: \"%s\": want an absolute path without \".\", \"..\", empty "
                      "parts or control characters",
                      file->path ? file->path : "");
    if (file->mode > 07777)
        return refuse(error, spec, "files: %s: mode %o is above 7777", file->path,
                      file->mode);
    if (file->owner && !owner_is_clean(file->owner))
        return refuse(error, spec, "files: %s: owner \"%s\" is not user or user:group",
                      file->path, file->owner);
    if (!file->bytes || g_bytes_get_size(file->bytes) > FILE_MAX)
        return refuse(error, spec, "files: %s: no content, or more than %d MiB",
                      file->path, FILE_MAX >> 20);
    return TRUE;
}

static gboolean check_files(const ImageSpec *spec, GError **error)
{
    guint n = spec->files ? spec->files->len : 0;

    if (n && images_spec_base(spec) == IMAGES_PATH)
        return refuse(error, spec,
                      "files: an image by path is taken as it is; give the files to the "
                      "hosts that use it");
    if (n > FILES_MAX)
        return refuse(error, spec, "files: %u of them, at most %d", n, FILES_MAX);
    for (guint i = 0; i < n; i++) {
        if (!check_file(spec, spec->files->pdata[i], error))
            return FALSE;
    }
    return TRUE;
}

gboolean images_check(const ImageSpec *spec, GError **error)
{
    return check_base(spec, error) && check_packages(spec, error) &&
           check_files(spec, error);
}
