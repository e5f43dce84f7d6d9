/*
 * What goes into a guest: files, accounts, scripts. Read once hosts have addresses and
 * secrets their values, because texts may refer to both.
 */
#include "scenarios/loader.h"
#include "scenarios/values.h"

#include <string.h>

/* The wire's limits (docs/agent-protocol.md). */
#define SCRIPT_MAX ((gsize)48 * 1024)
#define PASSWORD_MAX 256
#define SCRIPTS_MAX 32
#define SERVICES_MAX 32
#define USERS_MAX 32

static int next_uid(const PlanHost *host)
{
    int uid = 1001;

    for (guint i = 0; i < host->ph_users->len; i++) {
        const PlanUser *user = host->ph_users->pdata[i];
        if (user->pu_uid == uid) {
            uid++;
            i = G_MAXUINT; /* wraps to 0: look again from the first */
        }
    }
    return uid;
}

PlanUser *contents_user(PlanHost *host, const char *name)
{
    for (guint i = 0; i < host->ph_users->len; i++) {
        PlanUser *user = host->ph_users->pdata[i];
        if (!strcmp(user->pu_name, name))
            return user;
    }
    return NULL;
}

PlanUser *contents_user_add(PlanHost *host, const char *name)
{
    gboolean root = !strcmp(name, "root");
    PlanUser *user = g_new0(PlanUser, 1);

    user->pu_name = g_strdup(name);
    user->pu_uid = root ? 0 : next_uid(host);
    user->pu_shell = root ? NULL : g_strdup("/bin/sh");
    user->pu_groups = g_new0(char *, 1);
    g_ptr_array_add(host->ph_users, user);
    return user;
}

static gboolean uid_taken(const PlanHost *host, int uid)
{
    for (guint i = 0; i < host->ph_users->len; i++)
        if (((const PlanUser *)host->ph_users->pdata[i])->pu_uid == uid)
            return TRUE;
    return FALSE;
}

static char *expand_password(Loader *loader, const PlanHost *host, Node *node)
{
    char *password = loader_subst(loader, node, host->ph_team);

    if (password && strlen(password) > PASSWORD_MAX)
        loader_error(loader, node, NULL, "a password of more than %d bytes",
                     PASSWORD_MAX);
    return password;
}

static void expand_user(Loader *loader, PlanHost *host, Node *name, const Node *def)
{
    int uid = (int)key_int(&keys_user, def, "uid");

    if (uid && uid_taken(host, uid))
        loader_error(loader, node_get(def, "uid"), NULL,
                     "two users of this host have the uid %d", uid);
    if (!strcmp(name->nd_text, "root"))
        loader_error(loader, name, "give it a password by `credentials`",
                     "root is there already");
    PlanUser *user = contents_user_add(host, name->nd_text);
    if (uid)
        user->pu_uid = uid;
    user->pu_password = expand_password(loader, host, node_get(def, "password"));
    g_free(user->pu_shell);
    user->pu_shell = g_strdup(key_text(&keys_user, def, "shell"));
    g_strfreev(user->pu_groups);
    user->pu_groups = key_texts(def, "groups");
}

static void expand_users(Loader *loader, PlanHost *host, const Node *users)
{
    if (!users || users->nd_kind != NODE_MAP)
        return;
    for (guint i = 0; i < node_len(users); i++) {
        Node *name = users->nd_keys->pdata[i];
        if (!name->nd_bad)
            expand_user(loader, host, name, node_at(users, i));
    }
}

static void check_scripts(Loader *loader, const PlanHost *host, Node *run)
{
    for (guint i = 0; run && host->ph_run[i]; i++) {
        Node *script = run->nd_kind == NODE_LIST ? node_at(run, i) : run;
        if (strlen(host->ph_run[i]) >= SCRIPT_MAX)
            loader_error(loader, script, "plant it by `files`, and run that",
                         "a script of more than 48 KiB");
    }
}

/* More than the wire takes in one message. */
static void check_counts(Loader *loader, const PlanHost *host, const Node *def)
{
    const struct {
        const char *key;
        guint count, max;
    } limits[] = {
        {"users", host->ph_users->len, USERS_MAX},
        {"services", g_strv_length(host->ph_services), SERVICES_MAX},
        {"run", g_strv_length(host->ph_run), SCRIPTS_MAX},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(limits); i++)
        if (limits[i].count > limits[i].max && node_key(def, limits[i].key))
            loader_error(loader, node_key(def, limits[i].key), NULL,
                         "%u of them: %u at most can be", limits[i].count, limits[i].max);
}

static void expand_host(Loader *loader, PlanHost *host, const Node *def)
{
    files_expand(loader, node_get(def, "files"), host->ph_team, host->ph_files);
    expand_users(loader, host, node_get(def, "users"));
    g_strfreev(host->ph_run);
    host->ph_run = loader_subst_texts(loader, def, "run", host->ph_team);
    check_scripts(loader, host, node_get(def, "run"));
    check_counts(loader, host, def);
}

void contents_expand(Loader *loader)
{
    const GPtrArray *hosts = loader->ld_plan->p_hosts;

    for (guint i = 0; i < hosts->len; i++)
        expand_host(loader, hosts->pdata[i], loader->ld_host_nodes->pdata[i]);
}
