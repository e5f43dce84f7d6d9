#include "tests/unit/disk_case.h"

#include <string.h>

gboolean disk_holds(const char *dir, const char *needle)
{
    GDir *list = g_dir_open(dir, 0, NULL);
    const char *name;
    gboolean found = FALSE;

    while ((name = g_dir_read_name(list))) {
        g_autofree char *path = g_build_filename(dir, name, NULL);
        g_autofree char *bytes = NULL;
        gsize len = 0;

        if (g_file_get_contents(path, &bytes, &len, NULL) &&
            memmem(bytes, len, needle, strlen(needle)))
            found = TRUE;
    }
    g_dir_close(list);
    return found;
}
