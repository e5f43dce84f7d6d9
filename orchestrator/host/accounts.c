#include "orchestrator/host/accounts.h"

#include "orchestrator/host/host.h"

#include <pwd.h>
#include <unistd.h>

const char *const accounts_names[] = {ACCOUNTS_QEMU, "parry-hub", "parry-gate",
                                      "parry-board", NULL};

gboolean accounts_find(const char *name, uid_t *uid, gid_t *gid)
{
    char buffer[4096];
    struct passwd entry;
    struct passwd *found = NULL;

    if (getpwnam_r(name, &entry, buffer, sizeof buffer, &found) != 0 || !found)
        return FALSE;
    if (uid)
        *uid = entry.pw_uid;
    if (gid)
        *gid = entry.pw_gid;
    return TRUE;
}

/* Runs useradd; a second process making the same account at the same time is no error. */
static gboolean accounts_make(const char *name, GError **error)
{
    const char *argv[] = {"/usr/sbin/useradd",
                          "--system",
                          "--user-group",
                          "--no-create-home",
                          "--home-dir",
                          "/nonexistent",
                          "--shell",
                          "/usr/sbin/nologin",
                          name,
                          NULL};
    g_autofree char *words = NULL;
    int status = 0;

    if (!g_spawn_sync("/", (char **)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                      NULL, &words, &status, error)) {
        g_prefix_error(error, "account %s: useradd: ", name);
        return FALSE;
    }
    if (g_spawn_check_wait_status(status, NULL) || accounts_find(name, NULL, NULL))
        return TRUE;
    g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED, "account %s: useradd failed: %s",
                name, g_strstrip(words));
    return FALSE;
}

gboolean accounts_get(const char *name, uid_t *uid, gid_t *gid, GError **error)
{
    if (!g_strv_contains(accounts_names, name)) {
        g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED,
                    "account %s: not an account of Parry's", name);
        return FALSE;
    }
    if (accounts_find(name, uid, gid))
        return TRUE;
    if (geteuid() != 0) {
        g_set_error(error, HOST_ERROR, HOST_ERROR_NOT_ROOT,
                    "account %s: it does not exist, and making it needs root: run as "
                    "root, or 'useradd --system --user-group %s'",
                    name, name);
        return FALSE;
    }
    if (!accounts_make(name, error))
        return FALSE;
    if (accounts_find(name, uid, gid))
        return TRUE;
    g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED,
                "account %s: useradd made it, but it cannot be looked up: see "
                "/etc/nsswitch.conf",
                name);
    return FALSE;
}
