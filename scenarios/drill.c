/* The drill itself: name, times, scope, scoring, phases. */
#include "scenarios/loader.h"
#include "scenarios/moment.h"
#include "scenarios/values.h"

#include <string.h>

static void expand_times(Loader *loader, const Node *drill)
{
    Plan *plan = loader->ld_plan;
    Node *zone = node_get(drill, "timezone"), *start = node_get(drill, "start");
    Moment moment;

    plan->p_timezone = g_strdup(key_text(&keys_drill, drill, "timezone"));
    loader->ld_zone = g_time_zone_new_identifier(plan->p_timezone);
    if (!loader->ld_zone && zone)
        loader_error(loader, zone,
                     "write a name of the tz database such as Asia/Hong_Kong",
                     "no timezone is named \"%.60s\"", plan->p_timezone);
    plan->p_duration_us = key_duration(&keys_drill, drill, "duration");
    if (node_get_text(drill, "duration") && !plan->p_duration_us)
        loader_error(loader, node_get(drill, "duration"), NULL,
                     "the drill lasts no time");
    if (!loader->ld_zone || !node_text(start) ||
        !moment_parse_date(start->nd_text, &moment))
        return;
    if (moment_utc(&moment, loader->ld_zone, &plan->p_start_us))
        loader->ld_has_start = plan->p_duration_us > 0;
    else
        loader_error(loader, start, NULL, "there is no such time in the zone %s",
                     plan->p_timezone);
}

static void expand_scope(Loader *loader)
{
    const Node *scope = node_get(loader->ld_root, "scope");
    Plan *plan = loader->ld_plan;

    plan->p_authorised_by = g_strdup(node_get_text(scope, "authorised-by"));
    plan->p_safety_officer = g_strdup(node_get_text(scope, "safety-officer"));
    plan->p_max_risk = g_strdup(key_text(&keys_scope, scope, "max-risk"));
    plan->p_allow = key_texts(scope, "allow");
}

static void expand_scoring(Loader *loader)
{
    const Node *scoring = node_get(loader->ld_root, "scoring");
    Node *weights = node_get(scoring, "weights");
    PlanScoring *out = &loader->ld_plan->p_scoring;

    out->ps_profile = g_strdup(key_text(&keys_scoring, scoring, "profile"));
    out->ps_protection = key_percent(&keys_weights, weights, "protection");
    out->ps_availability = key_percent(&keys_weights, weights, "availability");
    out->ps_injects = key_percent(&keys_weights, weights, "injects");
    out->ps_cap = key_int(&keys_scoring, scoring, "cap");
    out->ps_xmax = key_int(&keys_scoring, scoring, "bonus-max");
    int sum = out->ps_protection + out->ps_availability + out->ps_injects;
    if (weights && sum != 100)
        loader_error(loader, node_key(scoring, "weights"), NULL,
                     "the weights add up to %d%%, not to 100%%", sum);
}

void drill_expand(Loader *loader)
{
    const Node *drill = node_get(loader->ld_root, "drill");
    Plan *plan = loader->ld_plan;
    const char *name = node_get_text(drill, "name");

    plan->p_name = g_strdup(name ? name : "unnamed");
    plan->p_title = loader_text(node_get(drill, "title"), plan->p_name);
    if (!plan->p_uuid)
        plan->p_uuid = ident_drill_uuid(plan->p_name);
    loader->ld_seed = key_int(&keys_drill, drill, "seed");
    expand_times(loader, drill);
    expand_scope(loader);
    expand_scoring(loader);
    plan->p_has_rehearsal = node_len(node_get(loader->ld_root, "rehearsal")) > 0;
}

static void phase_add(Plan *plan, const char *name, gint64 from, gint64 until,
                      gboolean score, gboolean locked)
{
    PlanPhase *phase = g_new0(PlanPhase, 1);

    phase->pz_name = g_strdup(name);
    phase->pz_from_us = from;
    phase->pz_until_us = until;
    phase->pz_score = score;
    phase->pz_red_locked = locked;
    g_ptr_array_add(plan->p_phases, phase);
}

/* The end of the phase that begins at `from`; FALSE where it cannot be judged. */
static gboolean phase_end(Loader *loader, const Node *phase, gint64 from, gint64 *until)
{
    Node *end = node_get(phase, "until");

    if (node_get_text(phase, "lasts")) {
        *until = from + key_duration(&keys_phase, phase, "lasts");
        return TRUE;
    }
    return loader_moment(loader, end, until);
}

static void check_phase(Loader *loader, Node *key, const Node *phase, gint64 from,
                        gint64 until)
{
    gint64 end = loader->ld_plan->p_duration_us;
    Node *at =
        node_get(phase, "until") ? node_get(phase, "until") : node_get(phase, "lasts");

    if (until <= from)
        loader_error(loader, at, NULL, "the phase \"%s\" ends before it begins",
                     key->nd_text);
    else if (from < end && until > end)
        loader_error(loader, at, "write \"until: end\"",
                     "the phase \"%s\" begins before the drill's end and ends after it",
                     key->nd_text);
    if (from >= end && node_get_text(phase, "score") &&
        key_bool(&keys_phase, phase, "score"))
        loader_error(loader, node_get(phase, "score"), NULL,
                     "nothing is scored after the drill's end");
}

void phases_expand(Loader *loader)
{
    const Node *phases = node_get(loader->ld_root, "phases");
    Plan *plan = loader->ld_plan;
    gint64 from = 0, until;

    if (!loader->ld_has_start)
        return;
    for (guint i = 0; i < node_len(phases); i++) {
        Node *key = phases->nd_keys->pdata[i];
        const Node *phase = node_at(phases, i);
        if (!phase_end(loader, phase, from, &until))
            return;
        check_phase(loader, key, phase, from, until);
        phase_add(plan, key->nd_text, from, until,
                  key_bool(&keys_phase, phase, "score") && from < plan->p_duration_us,
                  !g_strcmp0(key_text(&keys_phase, phase, "red"), "locked"));
        from = until;
    }
    if (!plan->p_phases->len)
        phase_add(plan, "attack", 0, plan->p_duration_us, TRUE, FALSE);
    else if (from < plan->p_duration_us)
        loader_error(loader, node_key(loader->ld_root, "phases"),
                     "let the last phase before the end say \"until: end\"",
                     "the phases end before the drill does");
}
