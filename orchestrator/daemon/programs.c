#include "orchestrator/daemon/programs.h"

/* From the directory of the program that runs: the build's bin/ has all of them; an
 * installed tree has two places, and may have been moved as a whole since it was
 * configured. */
static const char *const places[] = {"", PARRY_BIN_TO_LIBEXEC, PARRY_LIBEXEC_TO_BIN};

char *programs_path(const char *name)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *dir = self ? g_path_get_dirname(self) : g_strdup(PARRY_LIBEXECDIR);

    for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *joined = g_build_filename(dir, places[i], name, NULL);
        if (g_file_test(joined, G_FILE_TEST_IS_EXECUTABLE))
            return g_canonicalize_filename(joined, "/");
    }
    return g_build_filename(PARRY_LIBEXECDIR, name, NULL);
}
