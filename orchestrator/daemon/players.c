#include "orchestrator/daemon/players.h"

#include <libssh/libssh.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

G_DEFINE_QUARK(parry - players - error - quark, players_error)

gint64 players_login_uid(const Plan *plan, const char *player)
{
    gint64 k = 0;

    for (guint t = 0; t < plan->p_teams->len; t++) {
        const PlanTeam *team = plan_team(plan, (int)t);
        gsize n = strlen(team->pt_id);
        gboolean own = strncmp(player, team->pt_id, n) == 0 && player[n] == '/';
        for (guint m = 0; m < team->pt_members->len; m++) {
            const PlanMember *member = team->pt_members->pdata[m];
            k++;
            if (own && strcmp(member->pm_name, player + n + 1) == 0)
                return PLAYERS_LOGIN_UID + k;
        }
    }
    return -1;
}

int players_team(const Plan *plan, const char *player)
{
    const char *slash = strchr(player, '/');
    g_autofree char *team = slash ? g_strndup(player, slash - player) : NULL;

    return team && players_login_uid(plan, player) > 0 ? plan_team_index(plan, team) : -1;
}

static char *key_path(const Daemon *d, const PlanTeam *team, const PlanMember *member,
                      const char *ext)
{
    g_autofree char *name = g_strconcat(team->pt_id, "-", member->pm_name, ext, NULL);

    return g_build_filename(d->dm_home, "keys", d->dm_plan->p_name, "players", name,
                            NULL);
}

/* The private file is written first and is the one that must not be there already. */
static gboolean key_make(const char *path, const char *public_path, const char *comment,
                         GError **error)
{
    ssh_key key = NULL;
    char *blob = NULL;
    mode_t old = umask(0077);
    gboolean ok = ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key) == SSH_OK &&
                  ssh_pki_export_privkey_file(key, NULL, NULL, NULL, path) == SSH_OK &&
                  ssh_pki_export_pubkey_base64(key, &blob) == SSH_OK;

    umask(old);
    if (ok) {
        g_autofree char *line = g_strdup_printf("ssh-ed25519 %s %s\n", blob, comment);
        ok = g_file_set_contents(public_path, line, -1, error);
    } else {
        g_set_error(error, PLAYERS_ERROR, 0, "%s: make a key pair: libssh failed", path);
    }
    ssh_string_free_char(blob);
    ssh_key_free(key);
    return ok;
}

gboolean players_prepare(Daemon *d, GError **error)
{
    g_autofree char *dir =
        g_build_filename(d->dm_home, "keys", d->dm_plan->p_name, "players", NULL);

    if (g_mkdir_with_parents(dir, 0700) < 0) {
        g_set_error(error, PLAYERS_ERROR, 0, "%s: cannot be made", dir);
        return FALSE;
    }
    for (guint t = 0; t < d->dm_plan->p_teams->len; t++) {
        const PlanTeam *team = plan_team(d->dm_plan, (int)t);
        for (guint m = 0; m < team->pt_members->len; m++) {
            const PlanMember *member = team->pt_members->pdata[m];
            g_autofree char *path = key_path(d, team, member, "");
            g_autofree char *public_path = key_path(d, team, member, ".pub");
            if (member->pm_key || (g_file_test(path, G_FILE_TEST_EXISTS) &&
                                   g_file_test(public_path, G_FILE_TEST_EXISTS)))
                continue;
            unlink(path);
            if (!key_make(path, public_path, team->pt_id, error))
                return FALSE;
        }
    }
    return TRUE;
}

/* The second word of an authorized_keys line is the blob; compared as a whole. */
static gboolean line_has_blob(const char *line, const char *blob)
{
    g_auto(GStrv) words = g_strsplit_set(line, " \t\n", 4);

    return g_strv_length(words) >= 2 && strcmp(words[1], blob) == 0;
}

const PlanMember *players_find(Daemon *d, const char *user, const char *key_base64)
{
    int index = plan_team_index(d->dm_plan, user);
    const PlanTeam *team = index >= 0 ? plan_team(d->dm_plan, index) : NULL;

    for (guint m = 0; team && m < team->pt_members->len; m++) {
        const PlanMember *member = team->pt_members->pdata[m];
        g_autofree char *path = key_path(d, team, member, ".pub");
        g_autofree char *line = NULL;
        if (!member->pm_key && !g_file_get_contents(path, &line, NULL, NULL))
            continue;
        if (line_has_blob(member->pm_key ? member->pm_key : line, key_base64))
            return member;
    }
    return NULL;
}
