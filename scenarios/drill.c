/* The drill itself: name, times, scoring, privacy, phases. */
#include "scenarios/moment.h"
#include "scenarios/people.h"
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

static void expand_repeat(Loader *loader, const Node *scoring, PlanScoring *out)
{
    Node *list = node_get(scoring, "repeat");
    int before = 100;

    if (!list || list->nd_kind != NODE_LIST)
        return;
    if (!node_len(list) || node_len(list) > SCORING_REPEATS_MAX) {
        loader_error(loader, node_key(scoring, "repeat"), NULL,
                     "from 1 to %d percentages are wanted", SCORING_REPEATS_MAX);
        return;
    }
    out->ps_repeats = 0;
    for (guint i = 0; i < node_len(list); i++) {
        int percent = 0;
        if (!node_text(node_at(list, i)) ||
            !value_percent(node_at(list, i)->nd_text, &percent))
            continue;
        if (percent > before)
            loader_warn(loader, node_at(list, i), NULL,
                        "a further use of a weakness is worth more than the one before");
        before = percent;
        out->ps_repeat[out->ps_repeats++] = percent;
    }
}

static void expand_parameters(Loader *loader, const Node *scoring, PlanScoring *out)
{
    const Node *bases = node_get(scoring, "bases"), *flags = node_get(scoring, "flags");
    const Node *reports = node_get(scoring, "false-report");
    const Node *uptime = node_get(scoring, "uptime");

    for (int i = 0; i < SCORING_BASES; i++)
        out->ps_bases[i] = key_int(&keys_bases, bases, plan_target_kind(i));
    expand_repeat(loader, scoring, out);
    out->ps_false_free = (int)key_int(&keys_false_report, reports, "free");
    out->ps_false_cost = key_percent(&keys_false_report, reports, "cost");
    out->ps_disclose_us = !g_strcmp0(node_get_text(scoring, "disclose-after"), "end")
                              ? SCORING_AT_END
                              : key_duration(&keys_scoring, scoring, "disclose-after");
    out->ps_flag_tick_us = key_duration(&keys_flag_rules, flags, "tick");
    out->ps_flag_lifetime = (int)key_int(&keys_flag_rules, flags, "lifetime");
    out->ps_flag_prefix = g_strdup(node_get_text(flags, "prefix"));
    out->ps_uptime_threshold = (int)key_int(&keys_uptime, uptime, "threshold");
    out->ps_uptime_penalty = key_percent(&keys_uptime, uptime, "penalty");
    if (node_get_text(scoring, "disclose-after") && !out->ps_disclose_us)
        loader_error(loader, node_get(scoring, "disclose-after"), NULL,
                     "no time: every attack would be told at once");
}

static void expand_scoring(Loader *loader)
{
    const Node *scoring = node_get(loader->ld_root, "scoring");
    Node *weights = node_get(scoring, "weights");
    PlanScoring *out = &loader->ld_plan->p_scoring;

    g_free(out->ps_profile);
    out->ps_profile = g_strdup(key_text(&keys_scoring, scoring, "profile"));
    out->ps_protection = key_percent(&keys_weights, weights, "protection");
    out->ps_availability = key_percent(&keys_weights, weights, "availability");
    out->ps_injects = key_percent(&keys_weights, weights, "injects");
    out->ps_cap = key_int(&keys_scoring, scoring, "cap");
    out->ps_xmax = key_int(&keys_scoring, scoring, "bonus-max");
    expand_parameters(loader, scoring, out);
    int sum = out->ps_protection + out->ps_availability + out->ps_injects;
    if (weights && sum != 100)
        loader_error(loader, node_key(scoring, "weights"), NULL,
                     "the weights add up to %d%%, not to 100%%", sum);
}

/* Of a text or one a language; NULL where the key is absent. */
static ParryText *text_of(const Node *map, const char *key)
{
    return node_get(map, key) ? loader_text(node_get(map, key), "") : NULL;
}

static void expand_privacy(Loader *loader)
{
    const Node *privacy = node_get(loader->ld_root, "privacy");
    const Node *rules = node_get(loader->ld_root, "rules");
    const Node *library = node_get(loader->ld_root, "library");
    PlanPrivacy *out = &loader->ld_plan->p_privacy;
    Plan *plan = loader->ld_plan;

    out->pv_notice = text_of(privacy, "notice");
    out->pv_contact = g_strdup(node_get_text(privacy, "contact"));
    out->pv_retention_us = key_duration(&keys_privacy, privacy, "retention");
    g_strfreev(out->pv_recordings);
    out->pv_recordings = key_texts(privacy, "recordings");
    out->pv_input = key_bool(&keys_privacy, privacy, "input");
    plan->p_rules = text_of(rules, "text");
    plan->p_rules_accept = key_bool(&keys_rules, rules, "accept");
    plan->p_atomics = g_strdup(node_get_text(library, "atomics"));
    plan->p_caldera = g_strdup(node_get_text(library, "caldera"));
}

#define EVERY_LEAST (60 * G_USEC_PER_SEC)

static void expand_points(Loader *loader)
{
    const Node *points = node_get(loader->ld_root, "checkpoints");
    Node *every = node_get(points, "every");

    loader->ld_plan->p_points = (PlanPoints){
        .pp_ready = key_bool(&keys_checkpoints, points, "ready"),
        .pp_every_us = key_duration(&keys_checkpoints, points, "every"),
        .pp_keep = (int)key_int(&keys_checkpoints, points, "keep"),
        .pp_limit = key_size(&keys_checkpoints, points, "limit"),
    };
    if (node_text(every) && loader->ld_plan->p_points.pp_every_us < EVERY_LEAST)
        loader_error(loader, every, NULL,
                     "less than a minute: each stops every host for about a second");
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
    loader->ld_seed =
        loader->ld_reseed ? *loader->ld_reseed : key_int(&keys_drill, drill, "seed");
    plan->p_seed = loader->ld_seed;
    files_key(loader);
    plan->p_reseeded = loader->ld_reseed != NULL;
    expand_times(loader, drill);
    expand_scoring(loader);
    expand_privacy(loader);
    expand_points(loader);
    scope_expand(loader);
    windows_expand(loader);
    plan->p_has_rehearsal = node_len(node_get(loader->ld_root, "rehearsal")) > 0;
}

static PlanPhase *phase_add(Plan *plan, const char *name, gint64 from, gint64 until)
{
    PlanPhase *phase = g_new0(PlanPhase, 1);

    phase->pz_name = g_strdup(name);
    phase->pz_from_us = from;
    phase->pz_until_us = until;
    phase->pz_score = TRUE;
    g_ptr_array_add(plan->p_phases, phase);
    return phase;
}

static PlanPhaseKind kind_of(const char *word)
{
    for (int i = PHASE_ATTACK; i <= PHASE_BREAK; i++)
        if (!g_strcmp0(plan_phase_kind_name((PlanPhaseKind)i), word))
            return (PlanPhaseKind)i;
    return PHASE_ATTACK; /* the shape told that the word is none */
}

/* What the phase says of scores and of red; where it says nothing, its kind does. */
static void set_kind(Loader *loader, PlanPhase *phase, const Node *def)
{
    const char *red = node_get_text(def, "red"), *score = node_get_text(def, "score");
    gboolean before_end = phase->pz_from_us < loader->ld_plan->p_duration_us;

    phase->pz_kind = kind_of(key_text(&keys_phase, def, "kind"));
    gboolean plays = phase->pz_kind == PHASE_ATTACK;
    phase->pz_score = before_end && (score ? !strcmp(score, "true") : plays);
    phase->pz_red_locked = red ? !strcmp(red, "locked") : !plays;
    if (phase->pz_kind == PHASE_APPEALS && before_end && node_get(def, "kind"))
        loader_warn(loader, node_get(def, "kind"), NULL,
                    "appeals before the drill's end: there is no result yet");
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
    if (from >= end && !g_strcmp0(node_get_text(phase, "score"), "true"))
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
        set_kind(loader, phase_add(plan, key->nd_text, from, until), phase);
        from = until;
    }
    if (!plan->p_phases->len)
        phase_add(plan, "attack", 0, plan->p_duration_us);
    else if (from < plan->p_duration_us)
        loader_error(loader, node_key(loader->ld_root, "phases"),
                     "let the last phase before the end say \"until: end\"",
                     "the phases end before the drill does");
}
