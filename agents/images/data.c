#include "agents/images/internal.h"

/* A program that runs out of the build tree takes the data of the source tree. */
static gboolean in_build_tree(void)
{
    g_autofree char *exe = g_file_read_link("/proc/self/exe", NULL);

    return exe && g_str_has_prefix(exe, IMAGES_BUILD_TREE "/");
}

char *images_data_path(const char *name, GError **error)
{
    const char *place = g_getenv("PARRY_DATA");
    g_autofree char *path = NULL;

    if (place && place[0])
        path = g_build_filename(place, "images", name, NULL);
    else
        path = g_build_filename(
            in_build_tree() ? IMAGES_SOURCE_DATA : IMAGES_INSTALL_DATA, name, NULL);
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
