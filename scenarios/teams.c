/* Teams and their members. */
#include "scenarios/people.h"
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

static PlanMember *member_add(PlanTeam *team, const char *name, const char *key)
{
    PlanMember *member = g_new0(PlanMember, 1);
    gboolean plays = team->pt_side != SIDE_WHITE && team->pt_side != SIDE_OBSERVER;

    member->pm_name = g_strdup(name);
    member->pm_key = g_strdup(key);
    member->pm_role = plays ? g_strdup("player") : NULL;
    member->pm_conflicts = g_array_new(FALSE, FALSE, sizeof(int));
    g_ptr_array_add(team->pt_members, member);
    return member;
}

/* The public key as written; NULL where one is to be made, or this is none. `keys`: those
 * met so far, to the node of each: the gateway knows people by them. */
static const char *member_key(Loader *loader, const Node *def, GHashTable *keys)
{
    Node *node = node_get(def, "key");
    const char *key = key_text(&keys_member, def, "key");

    if (!strcmp(key, "generate"))
        return NULL;
    if (!key_is_good(key)) {
        loader_error(loader, node,
                     "paste the line of a .pub file, such as \"ssh-ed25519 AAAA… name\"",
                     "this is no OpenSSH public key");
        return NULL;
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
    return key;
}

/* Players play, white has white's roles, and anybody may look on. */
static void check_role(Loader *loader, const PlanTeam *team, Node *role)
{
    static const char *const players[] = {"player", "lead", NULL};
    gboolean plays = g_strv_contains(players, role->nd_text);
    gboolean cert = team->pt_cert && !strcmp(role->nd_text, "cert");

    if (!strcmp(role->nd_text, "observer") || cert)
        return;
    if (plays && (team->pt_side == SIDE_WHITE || team->pt_side == SIDE_OBSERVER))
        loader_error(loader, role, NULL,
                     "the team %s does not play: it is on the side %s", team->pt_id,
                     plan_side_name(team->pt_side));
    else if (!plays && team->pt_side != SIDE_WHITE)
        loader_error(loader, role, "put them into a team of the side white",
                     "\"%s\" is a role of white's, and the team %s is on the side %s",
                     role->nd_text, team->pt_id, plan_side_name(team->pt_side));
}

static void expand_member(Loader *loader, PlanTeam *team, Node *name, const Node *def,
                          GHashTable *keys)
{
    PlanMember *member = member_add(team, name->nd_text, member_key(loader, def, keys));
    Node *role = node_get(def, "role"), *title = node_get(def, "title");

    if (node_text(role)) {
        g_free(member->pm_role);
        member->pm_role = g_strdup(role->nd_text);
        check_role(loader, team, role);
    }
    member->pm_title = title ? loader_text(title, member->pm_name) : NULL;
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

static void expand_shifts(Loader *loader, PlanTeam *team, const Node *def)
{
    const Node *shifts = node_get(def, "shifts"), *members = node_get(def, "members");

    for (guint i = 0; i < node_len(shifts); i++) {
        const Node *one = node_at(shifts, i), *names = node_get(one, "members");
        PlanHours hours;
        if (!names || names->nd_kind != NODE_LIST ||
            !hours_read(node_get(one, "hours"), &hours))
            continue;
        for (guint j = 0; j < node_len(names); j++)
            if (node_text(node_at(names, j)) &&
                !node_get(members, node_at(names, j)->nd_text))
                loader_dangling(loader, node_at(names, j), "member of the team", members,
                                NULL);
        PlanShift *shift = g_new0(PlanShift, 1);
        shift->sh_name = g_strdup(node_key_at(shifts, i));
        shift->sh_hours = hours;
        shift->sh_members = key_texts(one, "members");
        g_ptr_array_add(team->pt_shifts, shift);
    }
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

static void expand_bracket(Loader *loader, PlanTeam *team, Node *bracket)
{
    const Node *brackets = node_get(loader->ld_root, "brackets");

    if (!node_text(bracket))
        return;
    if (!node_get(brackets, bracket->nd_text)) {
        loader_dangling(loader, bracket, "bracket", brackets, NULL);
        return;
    }
    team->pt_bracket = g_strdup(bracket->nd_text);
    g_hash_table_add(loader->ld_used, node_get(brackets, bracket->nd_text));
}

/* What groups it with others, and how it is reached. */
static void expand_groups(Loader *loader, PlanTeam *team, const Node *def)
{
    g_strfreev(team->pt_labels);
    team->pt_labels = key_texts(def, "labels");
    expand_bracket(loader, team, node_get(def, "bracket"));
    team->pt_contact = g_strdup(node_get_text(def, "contact"));
    team->pt_cert = key_bool(&keys_team, def, "cert");
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
        expand_groups(loader, team, def);
        expand_members(loader, team, def, keys);
        expand_shifts(loader, team, def);
    }
}

/* --- what one team says of others: once all are there --- */

/* Index of the first team that the i-th definition made; after it come `count` of them.
 */
static int first_of(const Loader *loader, const Node *teams, guint i)
{
    const char *name = node_key_at(teams, i);
    gint64 count = key_int(&keys_team, node_at(teams, i), "count");
    g_autofree char *id = count > 1 ? g_strdup_printf("%s-1", name) : g_strdup(name);

    return plan_team_index(loader->ld_plan, id);
}

static void check_assigned(Loader *loader, Node *name)
{
    g_autoptr(GArray) teams = name->nd_bad ? NULL : loader_teams(loader, name);

    for (guint i = 0; teams && i < teams->len; i++) {
        const PlanTeam *victim = plan_team(loader->ld_plan, g_array_index(teams, int, i));
        if (victim->pt_side != SIDE_BLUE)
            loader_error(loader, name, NULL,
                         "the team %s is on the side %s: red is assigned to blue",
                         victim->pt_id, plan_side_name(victim->pt_side));
    }
}

static void resolve_assign(Loader *loader, PlanTeam *team, const Node *def)
{
    Node *node = node_get(def, "assign");

    if (!node)
        return;
    if (team->pt_side != SIDE_RED) {
        loader_error(loader, node_key(def, "assign"), NULL,
                     "only red teams are assigned, and this is on the side %s",
                     plan_side_name(team->pt_side));
        return;
    }
    g_clear_pointer(&team->pt_assign, g_array_unref);
    team->pt_assign = loader_teams(loader, node);
    if (node->nd_kind != NODE_LIST)
        check_assigned(loader, node);
    for (guint i = 0; node->nd_kind == NODE_LIST && i < node_len(node); i++)
        check_assigned(loader, node_at(node, i));
}

static void resolve_conflicts(Loader *loader, PlanTeam *team, const Node *def)
{
    for (guint i = 0; i < team->pt_members->len; i++) {
        PlanMember *member = team->pt_members->pdata[i];
        const Node *one = node_get(node_get(def, "members"), member->pm_name);
        Node *conflicts = node_get(one, "conflicts");
        if (!conflicts)
            continue;
        g_clear_pointer(&member->pm_conflicts, g_array_unref);
        member->pm_conflicts = loader_teams(loader, conflicts);
        if (team->pt_side != SIDE_WHITE && team->pt_side != SIDE_OBSERVER)
            loader_warn(loader, node_key(one, "conflicts"), NULL,
                        "conflicts of interest are of those who judge, and %s plays",
                        member->pm_name);
    }
}

/* Some are ranked in brackets: who is in none is ranked among the others without. */
static void check_brackets(Loader *loader, const PlanTeam *team, Node *name)
{
    if (node_len(node_get(loader->ld_root, "brackets")) && !team->pt_bracket &&
        team->pt_side == SIDE_BLUE)
        loader_warn(loader, name, "give it \"bracket\"",
                    "the team \"%s\" is in no bracket", name->nd_text);
}

static void resolve_teams(Loader *loader, const Node *teams)
{
    for (guint i = 0; i < node_len(teams); i++) {
        const Node *def = node_at(teams, i);
        int first = first_of(loader, teams, i);
        gint64 count = key_int(&keys_team, def, "count");
        for (gint64 j = 0; j < count && first >= 0; j++) {
            if (first + j >= loader->ld_plan->p_teams->len)
                break;
            PlanTeam *team = plan_team(loader->ld_plan, (int)(first + j));
            resolve_assign(loader, team, def);
            resolve_conflicts(loader, team, def);
            check_brackets(loader, team, teams->nd_keys->pdata[i]);
        }
    }
}

static gboolean is_side_name(const char *name)
{
    for (int i = SIDE_WHITE; i <= SIDE_OBSERVER; i++)
        if (!strcmp(plan_side_name((PlanSide)i), name))
            return TRUE;
    return FALSE;
}

/* Labels share their names with teams and sides: nobody may mean two things by one. */
static void check_labels(Loader *loader, const Node *teams)
{
    for (guint i = 0; i < node_len(teams); i++) {
        const Node *labels = node_get(node_at(teams, i), "labels");
        for (guint j = 0; labels && labels->nd_kind == NODE_LIST && j < node_len(labels);
             j++) {
            Node *label = node_at(labels, j);
            if (!node_text(label))
                continue;
            if (is_side_name(label->nd_text))
                loader_error(loader, label, "choose another word",
                             "the label \"%s\" is the name of a side", label->nd_text);
            else if (node_get(teams, label->nd_text) ||
                     plan_team_index(loader->ld_plan, label->nd_text) >= 0)
                loader_error(loader, label, "choose another word",
                             "the label \"%s\" is the name of a team", label->nd_text);
        }
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
    if (!teams || teams->nd_kind != NODE_MAP)
        return;
    check_labels(loader, teams);
    resolve_teams(loader, teams);
}

/* --- who attacks whom --- */

GArray *teams_attackers(Loader *loader, Node *by)
{
    const GPtrArray *teams = loader->ld_plan->p_teams;
    gboolean assigned = FALSE;

    if (by && !g_strcmp0(node_text(by), "white") &&
        !node_get(node_get(loader->ld_root, "teams"), "white"))
        return g_array_new(FALSE, FALSE, sizeof(int));
    if (by) {
        GArray *out = loader_teams(loader, by);
        for (guint i = 0; i < out->len; i++)
            if (plan_team(loader->ld_plan, g_array_index(out, int, i))->pt_side !=
                SIDE_RED)
                loader_error(loader, by, NULL, "\"%s\" is not on the side red",
                             by->nd_text);
        return out;
    }
    for (guint i = 0; i < teams->len; i++)
        assigned = assigned || plan_team(loader->ld_plan, (int)i)->pt_assign->len;
    GArray *out = g_array_new(FALSE, FALSE, sizeof(int));
    for (int i = 0; i < (int)teams->len && (assigned || !out->len); i++)
        if (plan_team(loader->ld_plan, i)->pt_side == SIDE_RED)
            g_array_append_val(out, i);
    return out;
}

static gboolean has_team(const GArray *teams, int team)
{
    for (guint i = 0; i < teams->len; i++)
        if (g_array_index(teams, int, i) == team)
            return TRUE;
    return FALSE;
}

/* Those of the attackers that are assigned to the team; where nobody is, those of whom it
 * is not said whom they attack. */
static GArray *candidates(const Plan *plan, const GArray *attackers, int team)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(int));

    for (int said = 1; said >= 0 && !out->len; said--)
        for (guint i = 0; i < attackers->len; i++) {
            int red = g_array_index(attackers, int, i);
            const GArray *assign = plan_team(plan, red)->pt_assign;
            if (said ? has_team(assign, team) : !assign->len)
                g_array_append_val(out, red);
        }
    return out;
}

/* The same for every inject: each victim has one opponent all through. */
int teams_opponent(Loader *loader, const GArray *attackers, Node *at, int team)
{
    const Plan *plan = loader->ld_plan;
    g_autoptr(GArray) reds = candidates(plan, attackers, team);
    guint turn = 0;

    if (!attackers->len)
        return -1;
    if (!reds->len) {
        loader_error(loader, at, "see \"assign\" of the red teams",
                     "no red team that may run this is assigned to the team %s",
                     plan_team(plan, team)->pt_id);
        return -1;
    }
    for (int i = 0; i < team; i++)
        turn += plan_team(plan, i)->pt_side == plan_team(plan, team)->pt_side;
    return g_array_index(reds, int, turn % reds->len);
}

/* --- labels --- */

const char *teams_closest_label(const Loader *loader, const char *name)
{
    g_autoptr(GPtrArray) labels = g_ptr_array_new();

    for (guint i = 0; i < loader->ld_plan->p_teams->len; i++)
        for (char **l = plan_team(loader->ld_plan, (int)i)->pt_labels; *l; l++)
            g_ptr_array_add(labels, *l);
    return value_closest(name, labels);
}
