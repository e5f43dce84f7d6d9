/* Channels on which teams share what they know, and what a bracket is called. */
#include "scenarios/people.h"

#include <string.h>

static void expand_moderator(Loader *loader, PlanChannel *channel, Node *node)
{
    const Node *teams = node_get(loader->ld_root, "teams");

    channel->ch_moderator = -1;
    if (!node_text(node) || !strcmp(node->nd_text, "white"))
        return;
    channel->ch_moderator = plan_team_index(loader->ld_plan, node->nd_text);
    if (channel->ch_moderator >= 0)
        return;
    if (node_get(teams, node->nd_text))
        loader_error(loader, node, "name one of them, such as NAME-1",
                     "\"%s\" is more than one team, and one moderates", node->nd_text);
    else
        loader_dangling(loader, node, "team", teams, NULL);
}

/* A channel stands where a team may: as the addressee of a report. */
static void check_name(Loader *loader, Node *name)
{
    for (int i = SIDE_WHITE; i <= SIDE_OBSERVER; i++)
        if (!strcmp(plan_side_name((PlanSide)i), name->nd_text))
            loader_error(loader, name, "choose another name",
                         "the channel \"%s\" is named as a side", name->nd_text);
    if (node_get(node_get(loader->ld_root, "teams"), name->nd_text) ||
        plan_team_index(loader->ld_plan, name->nd_text) >= 0)
        loader_error(loader, name, "choose another name",
                     "the channel \"%s\" is named as a team", name->nd_text);
}

static GArray *all_teams(const Plan *plan)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(int));

    for (int i = 0; i < (int)plan->p_teams->len; i++)
        g_array_append_val(out, i);
    return out;
}

static void expand_channel(Loader *loader, Node *name, const Node *def)
{
    PlanChannel *channel = g_new0(PlanChannel, 1);
    Node *teams = node_get(def, "for");

    channel->ch_name = g_strdup(name->nd_text);
    channel->ch_title = loader_text(node_get(def, "title"), name->nd_text);
    expand_moderator(loader, channel, node_get(def, "moderator"));
    channel->ch_teams = teams ? loader_teams(loader, teams) : all_teams(loader->ld_plan);
    channel->ch_tlp = g_strdup(key_text(&keys_channel, def, "tlp"));
    channel->ch_moderated = key_bool(&keys_channel, def, "moderated");
    check_name(loader, name);
    g_ptr_array_add(loader->ld_plan->p_channels, channel);
}

static void expand_brackets(Loader *loader)
{
    const Node *brackets = node_get(loader->ld_root, "brackets");

    if (!brackets || brackets->nd_kind != NODE_MAP)
        return;
    for (guint i = 0; i < node_len(brackets); i++) {
        Node *name = brackets->nd_keys->pdata[i], *def = node_at(brackets, i);
        PlanBracket *bracket = g_new0(PlanBracket, 1);
        bracket->br_name = g_strdup(name->nd_text);
        bracket->br_title = loader_text(node_get(def, "title"), name->nd_text);
        g_ptr_array_add(loader->ld_plan->p_brackets, bracket);
        if (!g_hash_table_contains(loader->ld_used, def))
            loader_warn(loader, name, NULL, "no team is in the bracket \"%s\"",
                        name->nd_text);
    }
}

void channels_expand(Loader *loader)
{
    const Node *channels = node_get(loader->ld_root, "channels");

    expand_brackets(loader);
    if (!channels || channels->nd_kind != NODE_MAP)
        return;
    for (guint i = 0; i < node_len(channels); i++) {
        Node *name = channels->nd_keys->pdata[i];
        if (!name->nd_bad && node_at(channels, i)->nd_kind == NODE_MAP)
            expand_channel(loader, name, node_at(channels, i));
    }
}
