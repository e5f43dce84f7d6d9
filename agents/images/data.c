#include "agents/images/internal.h"

/* The recipes beside whoever asks. A program of the build tree takes the source tree's;
 * one of an installation looks from its own directory, since the tree may have been moved
 * as a whole. */
static char *data_path(const char *name)
{
    static const char *const places[] = {IMAGES_BIN_TO_DATA, IMAGES_LIBEXEC_TO_DATA};
    g_autofree char *exe = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *dir = exe ? g_path_get_dirname(exe) : g_strdup("/");

    if (exe && g_str_has_prefix(exe, IMAGES_BUILD_TREE "/"))
        return g_build_filename(IMAGES_SOURCE_DATA, name, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *path = g_build_filename(dir, places[i], name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
            return g_canonicalize_filename(path, "/");
    }
    return g_build_filename(IMAGES_INSTALL_DATA, name, NULL);
}

char *images_data_path(const char *name, GError **error)
{
    const char *place = g_getenv("PARRY_DATA");
    g_autofree char *path = place && place[0]
                                ? g_build_filename(place, "images", name, NULL)
                                : data_path(name);

    if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
        return g_steal_pointer(&path);
    g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_MISSING,
                "image recipes: %s is not there: install Parry's data files, or set "
                "PARRY_DATA to the folder that holds images/%s",
                path, name);
    return NULL;
}

GBytes *images_data_bytes(const char *name, GError **error)
{
    g_autofree char *path = images_data_path(name, error);
    g_autoptr(GError) err = NULL;
    char *text;
    gsize len;

    if (!path)
        return NULL;
    if (!g_file_get_contents(path, &text, &len, &err)) {
        g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_IO, "image recipes: %s",
                    err->message);
        return NULL;
    }
    return g_bytes_new_take(text, len);
}
