/* Teams and their members. */
#include "scenarios/loader.h"
#include "scenarios/values.h"

#include <string.h>

/* An OpenSSH public key line: a known type, and base64 that begins with that type. */
static gboolean key_is_good(const char *line)
{
    static const char *const types[] = {"ssh-ed25519",
                                        "ssh-rsa",
                                        "ecdsa-sha2-nistp256",
                                        "ecdsa-sha2-nistp384",
                                        "ecdsa-sha2-nistp521",
                                        "sk-ssh-ed25519@openssh.com",
                                        "sk-ecdsa-sha2-nistp256@openssh.com",
                                        NULL};
    g_auto(GStrv) parts = g_strsplit(line, " ", 3);

    if (g_strv_length(parts) < 2 || !g_strv_contains(types, parts[0]))
        return FALSE;
    if (strspn(parts[1], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                         "0123456789+/=") != strlen(parts[1]))
        return FALSE;
    gsize len = 0, type = strlen(parts[0]);
    g_autofree guchar *blob = g_base64_decode(parts[1], &len);
    return blob && len > 4 + type + 4 && blob[0] == 0 && blob[1] == 0 && blob[2] == 0 &&
           blob[3] == type && !memcmp(blob + 4, parts[0], type);
}

static void member_add(PlanTeam *team, const char *name, const char *key)
{
    PlanMember *member = g_new0(PlanMember, 1);

    member->pm_name = g_strdup(name);
    member->pm_key = g_strdup(key);
    g_ptr_array_add(team->pt_members, member);
}

/* `keys`: public keys met so far, to the node of each: the gateway knows people by them.
 */
static void expand_member(Loader *loader, PlanTeam *team, Node *name, const Node *member,
                          GHashTable *keys)
{
    Node *node = node_get(member, "key");
    const char *key = key_text(&keys_member, member, "key");

    if (!strcmp(key, "generate")) {
        member_add(team, name->nd_text, NULL);
        return;
    }
    if (!key_is_good(key)) {
        loader_error(loader, node,
                     "paste the line of a .pub file, such as \"ssh-ed25519 AAAA… name\"",
                     "this is no OpenSSH public key");
        return;
    }
    g_auto(GStrv) parts = g_strsplit(key, " ", 3);
    const Node *first = g_hash_table_lookup(keys, parts[1]);
    if (first)
        loader_error(
            loader, node, NULL,
            "the same key as in line %d: the gateway could not tell the two apart",
            first->nd_line);
    else
        g_hash_table_insert(keys, g_strdup(parts[1]), node);
    member_add(team, name->nd_text, key);
}

static void expand_members(Loader *loader, PlanTeam *team, const Node *def,
                           GHashTable *keys)
{
    const Node *members = node_get(def, "members");

    for (guint i = 0; i < node_len(members); i++) {
        Node *name = members->nd_keys->pdata[i];
        if (!name->nd_bad)
            expand_member(loader, team, name, node_at(members, i), keys);
    }
    if (!team->pt_members->len)
        member_add(team, team->pt_id, NULL);
}

/* The definition's title, with the team's number in every language where there are many.
 */
static ParryText *title_of(const Node *title, const char *id, gint64 number)
{
    if (!number)
        return loader_text(title, id);
    if (node_text(title)) {
        g_autofree char *text =
            g_strdup_printf("%s %" G_GINT64_FORMAT, node_text(title), number);
        return parry_text_new(text);
    }
    if (!node_len(title))
        return parry_text_new(id);
    ParryText *out = parry_text_new(NULL);
    for (guint i = 0; i < node_len(title); i++) {
        const char *value = node_text(node_at(title, i));
        g_autofree char *text =
            g_strdup_printf("%s %" G_GINT64_FORMAT, value ? value : id, number);
        parry_text_set(out, node_key_at(title, i), text);
    }
    return out;
}

static PlanSide side_of(const char *word)
{
    for (int i = SIDE_WHITE; i <= SIDE_OBSERVER; i++)
        if (!g_strcmp0(plan_side_name((PlanSide)i), word))
            return (PlanSide)i;
    return SIDE_BLUE; /* the shape told that the word is none */
}

static void expand_team(Loader *loader, Node *name, const Node *def, GHashTable *keys)
{
    const Node *estates = node_get(loader->ld_root, "estates");
    Node *estate = node_get(def, "estate");
    gint64 count = key_int(&keys_team, def, "count");

    if (node_text(estate) && !node_get(estates, estate->nd_text))
        loader_dangling(loader, estate, "estate", estates, NULL);
    else if (node_text(estate))
        g_hash_table_add(loader->ld_used, node_get(estates, estate->nd_text));
    if (count > 1 && node_get(def, "members"))
        loader_error(loader, node_key(def, "members"), "write the teams out one by one",
                     "the same members cannot be in %" G_GINT64_FORMAT " teams", count);
    for (gint64 i = 1; i <= count; i++) {
        g_autofree char *id =
            count > 1 ? g_strdup_printf("%s-%" G_GINT64_FORMAT, name->nd_text, i)
                      : g_strdup(name->nd_text);
        if (plan_team_index(loader->ld_plan, id) >= 0) {
            loader_error(loader, name, NULL, "two teams are named \"%s\"", id);
            return;
        }
        if (loader->ld_plan->p_teams->len >= LOADER_TEAMS_MAX) {
            loader_error(loader, name, NULL, "more than %d teams", LOADER_TEAMS_MAX);
            return;
        }
        PlanTeam *team = plan_team_add(loader->ld_plan, id);
        team->pt_side = side_of(node_get_text(def, "side"));
        team->pt_title = title_of(node_get(def, "title"), id, count > 1 ? i : 0);
        team->pt_estate = g_strdup(node_text(estate));
        expand_members(loader, team, def, keys);
    }
}

void teams_expand(Loader *loader)
{
    const Node *teams = node_get(loader->ld_root, "teams");
    g_autoptr(GHashTable) keys =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < node_len(teams); i++) {
        Node *name = teams->nd_keys->pdata[i];
        if (!name->nd_bad)
            expand_team(loader, name, node_at(teams, i), keys);
    }
}
