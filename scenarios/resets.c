/* Resets that players ask for: on what terms, and what of them is nonsense. */
#include "scenarios/keys_reset.h"
#include "scenarios/loader.h"

#include <string.h>

/* Less would be no pause at all beside the reset itself. */
#define COOLDOWN_MIN_US (10 * (gint64)G_USEC_PER_SEC)

const char *plan_reset_by_name(PlanResetBy by)
{
    return words_asker[by];
}

const char *plan_reset_answer_name(PlanResetAnswer answer)
{
    return words_answer[answer];
}

static int word_index(const char *const *words, const char *word)
{
    int i = 0;

    while (words[i + 1] && strcmp(words[i], word) != 0)
        i++;
    return i;
}

static PlanResetLimit limit_of(Loader *loader, const KeyTable *table, const Node *def)
{
    PlanResetLimit limit = {0, key_duration(table, def, "per")};
    Node *per = node_get(def, "per");

    if (node_get_text(def, "limit"))
        limit.rl_limit = (int)key_int(table, def, "limit");
    if (per && !node_get(def, "limit"))
        loader_error(loader, node_key(def, "per"), NULL, "\"per\" goes with \"limit\"");
    else if (per && limit.rl_per_us <= 0)
        loader_error(loader, per, NULL, "no time at all");
    else if (per && limit.rl_per_us >= loader->ld_plan->p_duration_us)
        loader_warn(loader, per, "leave it away",
                    "that is the whole drill, or longer than it");
    return limit;
}

static gboolean has_lead(const PlanTeam *team)
{
    for (guint i = 0; i < team->pt_members->len; i++) {
        const PlanMember *member = team->pt_members->pdata[i];
        if (g_strcmp0(member->pm_role, "lead") == 0)
            return TRUE;
    }
    return FALSE;
}

/* What of the terms can never matter. */
static void check_idle(Loader *loader, const Node *def, const PlanReset *reset)
{
    static const char *const terms[] = {"cost", "limit", "cooldown", "approval",
                                        "expires"};

    for (gsize i = 0; reset->rs_by == RESET_BY_NOBODY && i < G_N_ELEMENTS(terms); i++)
        if (node_get(def, terms[i]))
            loader_error(loader, node_key(def, terms[i]), NULL,
                         "\"%s\" is for those who may ask, and nobody may", terms[i]);
    if (!reset->rs_approval && node_get(def, "expires"))
        loader_error(loader, node_key(def, "expires"), NULL,
                     "\"expires\" goes with \"approval: true\"");
}

static void check_terms(Loader *loader, const PlanHost *host, Node *def)
{
    const PlanReset *reset = &host->ph_reset;
    const PlanTeam *team = plan_team(loader->ld_plan, host->ph_team);

    check_idle(loader, def, reset);
    if (reset->rs_cost < 0)
        loader_error(loader, node_get(def, "cost"), NULL, "a reset never earns anything");
    if (reset->rs_cooldown_us < COOLDOWN_MIN_US)
        loader_error(loader, node_get(def, "cooldown"), NULL,
                     "at least 10s: who may ask without a pause never stops asking");
    if (reset->rs_approval && reset->rs_expires_us <= 0)
        loader_error(loader, node_get(def, "expires"), NULL, "no time to answer");
    if (reset->rs_by == RESET_BY_LEAD && !has_lead(team))
        loader_error(loader, node_get(def, "by"),
                     "give one of its members \"role: lead\"",
                     "the team %s has no lead, so nobody may ask", team->pt_id);
}

void resets_expand_host(Loader *loader, PlanHost *host, const Node *def)
{
    Node *reset = node_get(def, "reset");
    PlanReset *out = &host->ph_reset;
    gboolean own = reset && !defaults_gave(node_key(def, "reset"));

    out->rs_by = (PlanResetBy)word_index(words_asker, key_text(&keys_reset, reset, "by"));
    out->rs_cost = key_points(&keys_reset, reset, "cost");
    out->rs_limit = limit_of(loader, &keys_reset, reset);
    out->rs_cooldown_us = key_duration(&keys_reset, reset, "cooldown");
    out->rs_approval = key_bool(&keys_reset, reset, "approval");
    out->rs_expires_us = key_duration(&keys_reset, reset, "expires");
    if (host->ph_owner == plan_team(loader->ld_plan, host->ph_team)->pt_side) {
        if (reset)
            check_terms(loader, host, reset);
        return;
    }
    out->rs_by = RESET_BY_NOBODY;
    if (own)
        loader_error(loader, node_key(def, "reset"), NULL,
                     "no team asks for a host of %s's", plan_side_name(host->ph_owner));
}

void resets_expand_team(Loader *loader, int team)
{
    const Node *def = node_get(loader_estate(loader, team), "resets");

    if (def)
        plan_team(loader->ld_plan, team)->pt_resets = limit_of(loader, &keys_resets, def);
}

void resets_expand_action(Loader *loader, PlanAction *action, Node *def)
{
    Node *reset = node_get(def, "reset");
    const char *reason = node_text(reset);

    if (!reset)
        return;
    action->ac_reset = g_strdup(reason ? reason : node_get_text(reset, "reason"));
    if (reason)
        reset = NULL; /* the rest is as where it is left away */
    action->ac_answer = (PlanResetAnswer)word_index(
        words_answer, key_text(&keys_action_reset, reset, "white"));
    action->ac_answer_us = key_duration(&keys_action_reset, reset, "after");
    if (node_get(def, "limits"))
        loader_error(loader, node_key(def, "limits"), NULL,
                     "\"limits\" goes with \"run\"");
    if (action->ac_reset && strlen(action->ac_reset) > RESET_REASON_MAX)
        loader_error(loader, node_get(def, "reset"), NULL,
                     "a reason has at most %d bytes", RESET_REASON_MAX);
    if (plan_host(loader->ld_plan, action->ac_host)->ph_reset.rs_by == RESET_BY_NOBODY)
        loader_error(loader, node_key(def, "reset"), NULL,
                     "nobody may ask for a reset of this host");
}
