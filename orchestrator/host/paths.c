#include "orchestrator/host/paths.h"

#include "orchestrator/host/host.h"

#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCK_BELOW_HOME "host/run/libvirt/libvirt-sock"

/* Directories that the private root has of its own; a home below one would be hidden. */
static const char *const replaced[] = {"/usr",  "/bin", "/sbin", "/lib", "/etc",
                                       "/proc", "/sys", "/dev",  "/run", NULL};

/* realpath() as far as the path exists, the rest as it is written. */
static char *resolve(const char *home)
{
    g_autofree char *absolute = g_canonicalize_filename(home, NULL);
    char *real = realpath(absolute, NULL);

    if (real) {
        char *copy = g_strdup(real);
        free(real);
        return copy;
    }
    if (g_str_equal(absolute, "/"))
        return g_steal_pointer(&absolute);
    g_autofree char *parent = g_path_get_dirname(absolute);
    g_autofree char *name = g_path_get_basename(absolute);
    g_autofree char *above = resolve(parent);
    return g_build_filename(above, name, NULL);
}

static gboolean is_below(const char *path, const char *directory)
{
    size_t length = strlen(directory);
    return strncmp(path, directory, length) == 0 &&
           (path[length] == '/' || path[length] == '\0');
}

size_t host_paths_excess(const char *home)
{
    g_autofree char *real = resolve(home);
    g_autofree char *sock = g_build_filename(real, SOCK_BELOW_HOME, NULL);
    size_t room = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
    size_t length = strlen(sock);

    return length > room ? length - room : 0;
}

static gboolean check_home(const char *home, GError **error)
{
    size_t excess = host_paths_excess(home);

    if (g_str_equal(home, "/")) {
        g_set_error(error, HOST_ERROR, HOST_ERROR_PATH,
                    "PARRY_HOME %s: choose a directory of its own", home);
        return FALSE;
    }
    for (int i = 0; replaced[i]; i++) {
        if (!is_below(home, replaced[i]))
            continue;
        g_set_error(error, HOST_ERROR, HOST_ERROR_PATH,
                    "PARRY_HOME %s: the private host has its own %s, so the home cannot "
                    "be below it: choose another place, for example /var/lib/parry",
                    home, replaced[i]);
        return FALSE;
    }
    if (excess > 0) {
        g_set_error(error, HOST_ERROR, HOST_ERROR_PATH,
                    "PARRY_HOME %s: the path of libvirt's socket below it is %zu bytes "
                    "longer than a unix socket allows: choose a shorter one",
                    home, excess);
        return FALSE;
    }
    return TRUE;
}

HostPaths *host_paths_new(const char *home, GError **error)
{
    g_autofree char *real = resolve(home);

    if (!check_home(real, error))
        return NULL;
    HostPaths *paths = g_new0(HostPaths, 1);
    paths->host = g_build_filename(real, "host", NULL);
    paths->lock = g_build_filename(paths->host, "lock", NULL);
    paths->ensure_lock = g_build_filename(paths->host, "ensure.lock", NULL);
    paths->log = g_build_filename(paths->host, "host.log", NULL);
    paths->state = g_build_filename(paths->host, "state.json", NULL);
    paths->accel = g_build_filename(paths->host, "accel.json", NULL);
    paths->root = g_build_filename(paths->host, "root", NULL);
    paths->run = g_build_filename(paths->host, "run", NULL);
    paths->etc = g_build_filename(paths->host, "etc", NULL);
    paths->lib = g_build_filename(paths->host, "lib", NULL);
    paths->cache = g_build_filename(paths->host, "cache", NULL);
    paths->logs = g_build_filename(paths->host, "log", NULL);
    paths->sock = g_build_filename(real, SOCK_BELOW_HOME, NULL);
    g_autofree char *escaped = g_uri_escape_string(paths->sock, "/", FALSE);
    paths->uri = g_strconcat("qemu+unix:///system?socket=", escaped, NULL);
    paths->home = g_steal_pointer(&real);
    return paths;
}

void host_paths_free(HostPaths *paths)
{
    if (!paths)
        return;
    char **texts[] = {&paths->home, &paths->host,  &paths->lock,  &paths->ensure_lock,
                      &paths->log,  &paths->state, &paths->accel, &paths->root,
                      &paths->run,  &paths->etc,   &paths->lib,   &paths->cache,
                      &paths->logs, &paths->sock,  &paths->uri};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(*texts[i]);
    g_free(paths);
}

/* Makes a directory with exactly this mode; one that is there keeps what it has. */
static gboolean make_directory(const char *path, mode_t mode, GError **error)
{
    g_autofree char *parent = g_path_get_dirname(path);

    if (g_mkdir_with_parents(parent, 0755) == 0) {
        /* The umask must not matter: QEMU's account passes through some of them. */
        if (mkdir(path, mode) == 0 && chmod(path, mode) == 0)
            return TRUE;
        if (errno == EEXIST && g_file_test(path, G_FILE_TEST_IS_DIR))
            return TRUE;
    }
    g_set_error(error, HOST_ERROR, HOST_ERROR_PATH, "%s: make the directory: %s", path,
                g_strerror(errno));
    return FALSE;
}

gboolean host_paths_make(const HostPaths *paths, GError **error)
{
    const struct {
        const char *parent, *name;
        mode_t mode;
    } wanted[] = {
        {paths->home, NULL, 0755},     {paths->host, NULL, 0700},
        {paths->root, NULL, 0755},     {paths->run, NULL, 0755},
        {paths->etc, NULL, 0755},      {paths->etc, "libvirt", 0755},
        {paths->lib, NULL, 0755},      {paths->cache, NULL, 0755},
        {paths->logs, NULL, 0755},     {paths->home, "images", 0755},
        {paths->home, "golden", 0755}, {paths->home, "drills", 0711},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
        g_autofree char *path = g_build_filename(wanted[i].parent, wanted[i].name, NULL);
        if (!make_directory(path, wanted[i].mode, error))
            return FALSE;
    }
    return TRUE;
}

gboolean host_paths_empty(const char *directory, GError **error)
{
    char *const start[] = {(char *)directory, NULL};
    FTS *walk = fts_open(start, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
    gboolean fine = TRUE;

    for (FTSENT *entry; walk && (entry = fts_read(walk));) {
        int gone = 0;
        if (entry->fts_level == 0 || entry->fts_info == FTS_D)
            continue;
        gone = entry->fts_info == FTS_DP ? rmdir(entry->fts_accpath)
                                         : unlink(entry->fts_accpath);
        if (gone == 0 || errno == ENOENT || !fine)
            continue;
        fine = FALSE;
        g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED, "%s: remove: %s",
                    entry->fts_path, g_strerror(errno));
    }
    if (walk)
        fts_close(walk);
    return fine;
}
