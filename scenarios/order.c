/*
 * The order in which hosts are switched on: `after` makes a graph of an estate's hosts,
 * which must have no cycle. It is the same in every copy.
 */
#include "scenarios/loader.h"

#include <string.h>

static Node *after_node(const Loader *loader, int host)
{
    return node_get(loader->ld_host_nodes->pdata[host], "after");
}

static void after_add(Loader *loader, PlanHost *host, Node *name)
{
    int index = loader_host_named(loader, host->ph_team, name);

    if (index < 0)
        return;
    const PlanHost *first = plan_host(loader->ld_plan, index);
    if (first->ph_agent == AGENT_NONE)
        loader_error(loader, name, NULL,
                     "the host \"%s\" has no agent that could say when it is ready",
                     first->ph_name);
    /* The drill may be ready, and provisioning over, before that one is. */
    if (!first->ph_required)
        loader_error(loader, name, "leave its \"required: false\" away",
                     "\"%s\" would wait for \"%s\", which the drill does not wait for",
                     host->ph_name, first->ph_name);
    g_array_append_val(host->ph_after, index);
}

static void expand_after(Loader *loader, PlanHost *host)
{
    Node *after = after_node(loader, host->ph_index);

    if (after && after->nd_kind == NODE_LIST)
        for (guint i = 0; i < node_len(after); i++)
            after_add(loader, host, node_at(after, i));
    else if (after)
        after_add(loader, host, after);
}

/* Depth first: 0 not met, 1 on the way here, 2 done. */
typedef struct {
    Loader *loader;
    guint8 *marks;
    GArray *way; /* of int */
} Search;

static void tell_cycle(Search *search, int again)
{
    const Plan *plan = search->loader->ld_plan;
    g_autoptr(GString) text = g_string_new(NULL);
    guint from = search->way->len;

    while (from > 0 && g_array_index(search->way, int, from - 1) != again)
        from--;
    for (guint i = from - 1; i < search->way->len; i++)
        g_string_append_printf(
            text, "%s, ", plan_host(plan, g_array_index(search->way, int, i))->ph_name);
    g_string_append(text, plan_host(plan, again)->ph_name);
    loader_error(search->loader, after_node(search->loader, again), NULL,
                 "each of these waits for the next, so that none starts: %s", text->str);
}

static void visit(Search *search, int host)
{
    const GArray *after = plan_host(search->loader->ld_plan, host)->ph_after;

    search->marks[host] = 1;
    g_array_append_val(search->way, host);
    for (guint i = 0; i < after->len; i++) {
        int first = g_array_index(after, int, i);
        if (search->marks[first] == 1)
            tell_cycle(search, first);
        else if (!search->marks[first])
            visit(search, first);
    }
    g_array_set_size(search->way, search->way->len - 1);
    search->marks[host] = 2;
}

void order_expand(Loader *loader)
{
    const GPtrArray *hosts = loader->ld_plan->p_hosts;
    g_autofree guint8 *marks = g_new0(guint8, hosts->len + 1);
    Search search = {loader, marks, g_array_new(FALSE, FALSE, sizeof(int))};

    for (guint i = 0; i < hosts->len; i++)
        expand_after(loader, hosts->pdata[i]);
    for (guint i = 0; i < hosts->len; i++)
        if (!marks[i])
            visit(&search, (int)i);
    g_array_unref(search.way);
}
