/* KYPO / CyberRangeCZ: the directory of a sandbox definition. */
#include "scenarios/import/kypo.h"

#include <string.h>

/* Why a file beside the three that are read is not taken. */
static const char *why_left(const char *name)
{
    if (g_str_has_suffix(name, "playbook.yml") || g_str_has_suffix(name, "playbook.yaml"))
        return "Ansible: a hook to run against the hosts; the scenario's head names it";
    if (strstr(name, "provisioning/") || strstr(name, "roles/") ||
        !strcmp(name, "requirements.yml") || g_str_has_suffix(name, "ansible.cfg"))
        return "belongs to the Ansible playbook, which is a hook to run";
    if (!strcmp(name, "containers.yml") || strstr(name, "docker"))
        return "containers: Parry's hosts are machines";
    if (g_str_has_prefix(name, "training") && g_str_has_suffix(name, ".json"))
        return "another training: only training.json is read";
    return "not part of the definition";
}

static const ImportFile *find_file(const Import *import, const char *name,
                                   const char *other)
{
    for (guint i = 0; i < import->im_files->len; i++) {
        const ImportFile *file = import->im_files->pdata[i];
        if (file->if_bytes &&
            (!strcmp(file->if_name, name) || !g_strcmp0(file->if_name, other)))
            return file;
    }
    return NULL;
}

/* Names Ansible where people look when they set the drill up. */
static void say_files(Import *import)
{
    for (guint i = 0; i < import->im_files->len; i++) {
        const ImportFile *file = import->im_files->pdata[i];
        if (file->if_bytes)
            continue;
        import_file_line(import, file, IMPORT_LEFT, why_left(file->if_name));
        if (!g_str_has_suffix(file->if_name, "playbook.yml") &&
            !g_str_has_suffix(file->if_name, "playbook.yaml"))
            continue;
        g_autofree char *name = parry_text_safe(file->if_name, -1);
        g_string_append_printf(import->im_comment,
                               "\nHook: run the Ansible playbook %s against the hosts "
                               "once they are up,\nor put what it does into `packages`, "
                               "`files` and `run` of images and hosts.\n",
                               name);
    }
}

/* Reads a file of the definition; *good is FALSE where it is there and bad. */
static Node *open_file(Import *import, const ImportFile *file, gboolean *good)
{
    Node *root;

    if (!file)
        return NULL;
    root = g_str_has_suffix(file->if_name, ".json")
               ? json_in(file->if_path, file->if_bytes, import->im_diags)
               : import_yaml(import, file);
    if (root && root->nd_kind != NODE_MAP) {
        parry_diags_add(import->im_diags, DIAG_ERROR, file->if_path, NULL, root->nd_line,
                        root->nd_column, NULL, "a mapping is expected");
        node_free(root);
        root = NULL;
    }
    *good = *good && root;
    if (root)
        import_root(import, file->if_path, root);
    return root;
}

gboolean kypo_is_map(Kypo *kypo, const Node *node)
{
    if (node->nd_kind == NODE_MAP)
        return TRUE;
    import_left(kypo->ky_import, node, "a mapping is expected here");
    return FALSE;
}

static void add_team(Kypo *kypo)
{
    json_t *team = import_at(kypo->ky_import, "teams", KYPO_TEAM, NULL);

    json_object_set_new(team, "side", json_string("blue"));
    if (json_object_get(import_at(kypo->ky_import, "estates", NULL), KYPO_ESTATE))
        json_object_set_new(team, "estate", json_string(KYPO_ESTATE));
    import_added(kypo->ky_import, "teams." KYPO_TEAM,
                 "a definition names no teams: one, with a copy of the hosts; give it a "
                 "count");
}

gboolean kypo_import(Import *import)
{
    gboolean good = TRUE;
    const ImportFile *topology = find_file(import, "topology.yml", "topology.yaml");
    const ImportFile *training = find_file(import, "training.json", NULL);
    const ImportFile *variables = find_file(import, "variables.yml", "variables.yaml");

    if (!topology && !training) {
        parry_diags_add(import->im_diags, DIAG_ERROR, NULL, NULL, 0, 0,
                        "name the directory of a sandbox definition",
                        "neither topology.yml nor training.json is there");
        return FALSE;
    }
    const Node *hosts = open_file(import, topology, &good);
    const Node *levels = open_file(import, training, &good);
    const Node *values = open_file(import, variables, &good);
    if (!good)
        return FALSE;
    Kypo kypo = {
        .ky_import = import,
        .ky_hosts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
        .ky_networks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
        .ky_secrets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
        .ky_taken = import_names_new(),
        .ky_nets = import_names_new(),
        .ky_ranges = g_array_new(FALSE, FALSE, sizeof(KypoRange)),
    };
    kypo_topology(&kypo, hosts);
    kypo_variables(&kypo, values);
    add_team(&kypo);
    kypo_training(&kypo, levels);
    import_drill(import, "imported");
    say_files(import);
    g_hash_table_unref(kypo.ky_hosts);
    g_hash_table_unref(kypo.ky_networks);
    g_hash_table_unref(kypo.ky_secrets);
    g_hash_table_unref(kypo.ky_taken);
    g_hash_table_unref(kypo.ky_nets);
    g_array_unref(kypo.ky_ranges);
    return TRUE;
}
