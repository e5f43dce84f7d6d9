/*
 * What an agent is told to watch: `observe` of docs/agent-protocol.md.
 */
#include "orchestrator/daemon/observations.h"
#include "orchestrator/daemon/players.h"

#define PLAYERS_MAX 200 /* of one message */

static json_t *strv_json(char *const *strv)
{
    json_t *list = json_array();

    for (; *strv; strv++)
        json_array_append_new(list, json_string(*strv));
    return list;
}

static void add_player(json_t *list, const Plan *plan, const char *player)
{
    gint64 uid = players_login_uid(plan, player);

    if (uid > 0 && json_array_size(list) < PLAYERS_MAX)
        json_array_append_new(list, json_pack("[I, s]", (json_int_t)uid, player));
}

/* Only its own team can open terminals on a host. */
static json_t *players_json(const Plan *plan, const PlanHost *host, const char *first)
{
    const PlanTeam *team = plan_team(plan, host->ph_team);
    json_t *list = json_array();

    if (first)
        add_player(list, plan, first);
    for (guint m = 0; m < team->pt_members->len; m++) {
        const PlanMember *member = team->pt_members->pdata[m];
        g_autofree char *player = g_strconcat(team->pt_id, "/", member->pm_name, NULL);
        if (g_strcmp0(player, first) != 0)
            add_player(list, plan, player);
    }
    return list;
}

json_t *observations_message(const Plan *plan, const PlanHost *host, const char *first)
{
    return json_pack("{s:s, s:o, s:o, s:i, s:o}", "k", "observe", "paths",
                     strv_json(host->ph_watch_paths), "mask",
                     strv_json(host->ph_watch_mask), "rate", host->ph_watch_rate,
                     "players", players_json(plan, host, first));
}
