#include "scenarios/topology.h"

#include "scenarios/plan_text.h"

#include <string.h>

#define COPIES_DRAWN 3 /* of one estate; more are drawn as one */

typedef struct {
    const Plan *plan;
    const char *lang;
    GString *out;
    /* In step with p_teams: the teams drawn in that team's place (itself the first), or
     * NULL where another one stands for it. Array of int. */
    GArray **drawn;
} Picture;

static const struct {
    const char *fill, *line;
} colours[] = {
    [SIDE_WHITE] = {"#ffffff", "#555555"},    [SIDE_RED] = {"#fbdcd9", "#b3261e"},
    [SIDE_BLUE] = {"#d9e6fb", "#1a56a8"},     [SIDE_GREEN] = {"#d9f0dc", "#22763a"},
    [SIDE_OBSERVER] = {"#eeeeee", "#777777"},
};

/* Within the double quotes of the language; \n stays graphviz's own line break. */
static void append_quoted(GString *out, const char *text)
{
    g_autofree char *safe = parry_text_safe(text, -1);

    for (const char *p = safe; *p; p++) {
        if (*p == '"' || *p == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, *p);
    }
}

/* --- which copies --- */

static GArray *one_team(int team)
{
    GArray *teams = g_array_new(FALSE, FALSE, sizeof(int));

    g_array_append_val(teams, team);
    return teams;
}

static guint copies_of(const Plan *plan, const char *estate)
{
    guint n = 0;

    for (guint i = 0; i < plan->p_teams->len; i++)
        n += !g_strcmp0(plan_team(plan, (int)i)->pt_estate, estate);
    return n;
}

static void choose(Picture *picture, gboolean each)
{
    const Plan *plan = picture->plan;
    g_autoptr(GHashTable) first = g_hash_table_new(g_str_hash, g_str_equal);

    picture->drawn = g_new0(GArray *, plan->p_teams->len + 1);
    for (int i = 0; i < (int)plan->p_teams->len; i++) {
        const char *estate = plan_team(plan, i)->pt_estate;
        GArray *stands = estate ? g_hash_table_lookup(first, estate) : NULL;
        if (stands) {
            g_array_append_val(stands, i);
            continue;
        }
        picture->drawn[i] = one_team(i);
        if (estate && !each && copies_of(plan, estate) > COPIES_DRAWN)
            g_hash_table_insert(first, (gpointer)estate, picture->drawn[i]);
    }
}

static gboolean team_drawn(const Picture *picture, int team)
{
    return team < 0 || picture->drawn[team] != NULL;
}

/* --- nodes --- */

static void append_network(Picture *picture, int index)
{
    const PlanNetwork *network = plan_network(picture->plan, index);
    const char *slash = strchr(network->pn_id, '/');
    g_autofree char *addr = plan_addr_text(network->pn_addr);
    g_autofree char *link = plan_link_text(network);

    g_string_append_printf(picture->out, "    net%d [shape=box, style=filled, label=\"",
                           index);
    append_quoted(picture->out, slash ? slash + 1 : network->pn_id);
    g_string_append_printf(picture->out, "\\n%s/%d%s%s", addr, network->pn_prefix,
                           *link ? "\\n" : "", link);
    g_string_append_printf(picture->out,
                           "\", fillcolor=\"%s\", color=\"#444444\", "
                           "penwidth=%s, margin=\"0.25,0.06\"];\n",
                           network->pn_team < 0 ? "#e2e2e2" : "#f4f4f4",
                           network->pn_team < 0 ? "2" : "1");
}

/* "80, 22": what a router shows outside. */
static char *published(const PlanHost *host)
{
    g_autoptr(GString) out = g_string_new(NULL);

    for (guint i = 0; i < host->ph_publish->len; i++) {
        const PlanPublish *publish = host->ph_publish->pdata[i];
        g_string_append_printf(out, "%s%d%s", i ? ", " : "", publish->pp_port,
                               strcmp(publish->pp_proto, "udp") ? "" : "/udp");
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void append_targets(Picture *picture, int host)
{
    for (guint i = 0; i < picture->plan->p_targets->len; i++) {
        const PlanTarget *target = plan_target(picture->plan, (int)i);
        if (target->ta_host != host)
            continue;
        g_string_append(picture->out, "\\n\xe2\x97\x8e ");
        append_quoted(picture->out, strrchr(target->ta_id, '/') + 1);
    }
}

static void append_host(Picture *picture, const PlanHost *host)
{
    GString *out = picture->out;
    g_autofree char *ports = published(host);

    g_string_append_printf(out, "    host%d [shape=%s, style=\"%s\", label=\"",
                           host->ph_index, host->ph_router ? "hexagon" : "box",
                           host->ph_router ? "filled" : "filled,rounded");
    append_quoted(out, host->ph_name);
    g_string_append(out, "\\n");
    append_quoted(out, plan_image(picture->plan, host->ph_image)->pi_id);
    g_string_append_printf(out, ", %" G_GUINT64_FORMAT " MiB", host->ph_memory >> 20);
    if (*ports)
        g_string_append_printf(out, "\\nshows %s", ports);
    append_targets(picture, host->ph_index);
    g_string_append_printf(out, "\", fillcolor=\"%s\", color=\"%s\"];\n",
                           colours[host->ph_owner].fill, colours[host->ph_owner].line);
}

/* "health: Department of Health", or "clinic, for 12 teams". */
static void append_title(Picture *picture, int team)
{
    const PlanTeam *one = plan_team(picture->plan, team);
    const GArray *stands = picture->drawn[team];

    if (stands->len > 1) {
        append_quoted(picture->out, one->pt_estate);
        g_string_append_printf(picture->out, ", a copy each of %u teams:\\n",
                               stands->len);
        for (guint i = 0; i < stands->len; i++) {
            g_string_append(picture->out, i % 6 ? ", " : i ? ",\\n" : "");
            append_quoted(picture->out,
                          plan_team(picture->plan, g_array_index(stands, int, i))->pt_id);
        }
        return;
    }
    const char *title = parry_text_get(one->pt_title, picture->lang);
    append_quoted(picture->out, one->pt_id);
    if (strcmp(title, one->pt_id) != 0) {
        g_string_append(picture->out, ": ");
        append_quoted(picture->out, title);
    }
}

static void append_cluster(Picture *picture, int team)
{
    const Plan *plan = picture->plan;
    const char *line = colours[plan_team(plan, team)->pt_side].line;

    g_string_append_printf(picture->out, "  subgraph cluster_%d {\n    label=\"", team);
    append_title(picture, team);
    g_string_append_printf(picture->out,
                           "\";\n    style=\"rounded\"; color=\"%s\"; fontcolor=\"%s\"; "
                           "fontsize=13; labeljust=l; penwidth=1.5; margin=14;\n",
                           line, line);
    for (int i = 0; i < (int)plan->p_networks->len; i++)
        if (plan_network(plan, i)->pn_team == team)
            append_network(picture, i);
    for (int i = 0; i < (int)plan->p_hosts->len; i++)
        if (plan_host(plan, i)->ph_team == team)
            append_host(picture, plan_host(plan, i));
    g_string_append(picture->out, "  }\n");
}

/* --- wires --- */

/* The same NIC of another team's copy, or NULL. */
static const PlanNic *twin(const Plan *plan, const PlanHost *host, guint nic, int team)
{
    g_autofree char *id =
        g_strdup_printf("%s/%s", plan_team(plan, team)->pt_id, host->ph_name);
    int index = plan_host_index(plan, id);
    const PlanHost *other = index < 0 ? NULL : plan_host(plan, index);

    return other && nic < other->ph_nics->len ? other->ph_nics->pdata[nic] : NULL;
}

/* The address, or the lowest and highest that the copies have there. */
static void append_address(Picture *picture, const PlanHost *host, guint nic)
{
    const PlanNic *own = host->ph_nics->pdata[nic];
    const GArray *stands = picture->drawn[host->ph_team];
    guint32 low = own->ni_addr, high = own->ni_addr;

    for (guint i = 1; i < stands->len; i++) {
        const PlanNic *other =
            twin(picture->plan, host, nic, g_array_index(stands, int, i));
        low = other ? MIN(low, other->ni_addr) : low;
        high = other ? MAX(high, other->ni_addr) : high;
    }
    g_autofree char *from = plan_addr_text(low), *until = plan_addr_text(high);
    g_string_append(picture->out, from);
    if (high != low)
        g_string_append_printf(picture->out, " \xe2\x80\xa6\\n%s", until);
}

static gboolean on_shared(const Plan *plan, const PlanHost *host)
{
    for (guint n = 0; n < host->ph_nics->len; n++) {
        const PlanNic *nic = host->ph_nics->pdata[n];
        if (plan_network(plan, nic->ni_network)->pn_team < 0)
            return TRUE;
    }
    return FALSE;
}

/* Shared networks stand left, what has a wire to them next to it, what is behind right of
 * that; of a router within, its first network stands left. */
static void append_wires(Picture *picture, const PlanHost *host)
{
    gboolean outer = on_shared(picture->plan, host);

    for (guint n = 0; n < host->ph_nics->len; n++) {
        const PlanNic *nic = host->ph_nics->pdata[n];
        gboolean shared = plan_network(picture->plan, nic->ni_network)->pn_team < 0;
        if (!shared && (outer || (host->ph_router && n)))
            g_string_append_printf(picture->out, "  host%d -> net%d", host->ph_index,
                                   nic->ni_network);
        else
            g_string_append_printf(picture->out, "  net%d -> host%d", nic->ni_network,
                                   host->ph_index);
        g_string_append(picture->out, " [label=\"");
        append_address(picture, host, n);
        g_string_append(picture->out, "\"];\n");
    }
}

/* A sensor sees what passes a network: a dashed wire. */
static void append_mirror(Picture *picture, int index)
{
    const PlanNetwork *network = plan_network(picture->plan, index);

    if (network->pn_mirror < 0 || !team_drawn(picture, network->pn_team) ||
        !team_drawn(picture, plan_host(picture->plan, network->pn_mirror)->ph_team))
        return;
    g_string_append_printf(picture->out,
                           "  net%d -> host%d [style=dashed, label=\"mirror\"];\n", index,
                           network->pn_mirror);
}

char *topology_dot(const Plan *plan, const char *lang, gboolean each)
{
    Picture picture = {.plan = plan, .lang = lang, .out = g_string_new(NULL)};

    choose(&picture, each);
    g_string_append(picture.out, "digraph \"");
    append_quoted(picture.out, plan->p_name);
    g_string_append(picture.out, "\" {\n  label=\"");
    append_quoted(picture.out, parry_text_get(plan->p_title, lang));
    g_string_append(
        picture.out,
        "\";\n  labelloc=t; rankdir=LR; fontname=\"sans-serif\"; fontsize=18;\n"
        "  nodesep=0.3; ranksep=1.1; newrank=false;\n"
        "  node [fontname=\"sans-serif\", fontsize=11, penwidth=1.3];\n"
        "  edge [fontname=\"sans-serif\", fontsize=9, dir=none, "
        "color=\"#666666\"];\n");
    for (int i = 0; i < (int)plan->p_networks->len; i++)
        if (plan_network(plan, i)->pn_team < 0)
            append_network(&picture, i);
    for (int i = 0; i < (int)plan->p_teams->len; i++)
        if (picture.drawn[i] && plan_team(plan, i)->pt_estate)
            append_cluster(&picture, i);
    for (guint i = 0; i < plan->p_hosts->len; i++) {
        const PlanHost *host = plan_host(plan, (int)i);
        if (team_drawn(&picture, host->ph_team))
            append_wires(&picture, host);
    }
    for (int i = 0; i < (int)plan->p_networks->len; i++)
        append_mirror(&picture, i);
    g_string_append(picture.out, "}\n");
    for (guint i = 0; i < plan->p_teams->len; i++)
        if (picture.drawn[i])
            g_array_unref(picture.drawn[i]);
    g_free(picture.drawn);
    return g_string_free(picture.out, FALSE);
}
