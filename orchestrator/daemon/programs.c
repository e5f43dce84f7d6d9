#include "orchestrator/daemon/programs.h"

char *programs_path(const char *name)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *dir = self ? g_path_get_dirname(self) : g_strdup(PARRY_LIBEXECDIR);
    char *beside = g_build_filename(dir, name, NULL);

    if (g_file_test(beside, G_FILE_TEST_IS_EXECUTABLE))
        return beside;
    g_free(beside);
    return g_build_filename(PARRY_LIBEXECDIR, name, NULL);
}
