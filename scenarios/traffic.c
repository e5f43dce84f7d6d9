/* Traffic: background users, who make it harder to see who is none. */
#include "scenarios/injects.h"

#include <string.h>

/* The host whose users these are: of the team's estate, else of white's or green's. */
static int find_source(Loader *loader, Node *node, int team)
{
    const Plan *plan = loader->ld_plan;
    int index = loader_host(loader, team, node->nd_text);

    for (int i = 0; i < (int)plan->p_teams->len && index < 0; i++) {
        PlanSide side = plan_team(plan, i)->pt_side;
        if (side == SIDE_WHITE || side == SIDE_GREEN)
            index = loader_host(loader, i, node->nd_text);
    }
    if (index < 0)
        loader_dangling(loader, node, "host of the team's estate, or of white's,",
                        node_get(loader_estate(loader, team), "hosts"), NULL);
    return index;
}

/* The page or port that they ask for must be one that their host can reach. */
static void check_reach(Loader *loader, const PlanInject *inject, const char *kind,
                        const Node *to)
{
    Node *node = node_get(to, "host");
    gboolean http = !strcmp(kind, "http");
    const KeyTable *table = http ? &keys_traffic_http : &keys_traffic_tcp;
    guint32 addr;
    int outer, port = (int)key_int(table, to, "port");

    if (!node_text(node))
        return;
    int host = loader_host(loader, inject->in_team, node->nd_text);
    if (host < 0)
        loader_dangling(loader, node, "host of the team's estate",
                        node_get(loader_estate(loader, inject->in_team), "hosts"), NULL);
    else if (host != inject->in_from &&
             !wiring_reach(loader, inject->in_from, host, port, "tcp", &addr, &outer))
        loader_error(loader, node,
                     "put both on one network, or let the estate's router publish the "
                     "port",
                     "the host \"%s\" cannot reach port %d of \"%s\"",
                     plan_host(loader->ld_plan, inject->in_from)->ph_name, port,
                     node->nd_text);
}

void traffic_expand(Loader *loader, InjectDef *def, int team)
{
    const Node *actions = node_get(def->jd_what, "actions");
    Node *from = node_get(def->jd_what, "from"), *every = node_get(def->jd_what, "every");
    int source = node_text(from) ? find_source(loader, from, team) : -1;
    PlanInject *inject = source < 0 ? NULL : inject_add(loader, def, team);

    if (!inject)
        return;
    inject->in_from = source;
    inject->in_lasts_us = key_duration(&keys_traffic, def->jd_what, "lasts");
    if (node_text(every) &&
        key_duration(&keys_traffic, def->jd_what, "every") < G_USEC_PER_SEC)
        loader_error(loader, every, NULL, "at most once a second");
    if (!actions || actions->nd_kind != NODE_LIST)
        return;
    if (!node_len(actions))
        loader_error(loader, node_key(def->jd_what, "actions"), NULL,
                     "users who do nothing");
    for (guint i = 0; i < node_len(actions); i++) {
        const Node *action = node_at(actions, i);
        static const char *const kinds[] = {"http", "tcp"};
        for (gsize k = 0; k < G_N_ELEMENTS(kinds); k++)
            if (node_get(action, kinds[k]))
                check_reach(loader, inject, kinds[k], node_get(action, kinds[k]));
    }
}
