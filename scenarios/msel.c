#include "scenarios/msel.h"

#include "scenarios/base/duration.h"

#include <string.h>

static const char *const columns[MSEL_COLUMNS] = {
    [MSEL_NUMBER] = "number",
    [MSEL_TIME] = "time",
    [MSEL_FROM] = "from",
    [MSEL_TO] = "to",
    [MSEL_MEDIUM] = "medium",
    [MSEL_TITLE] = "title",
    [MSEL_EXPECTED] = "expected-action",
    [MSEL_OBJECTIVE] = "objective",
    [MSEL_CONTROLLER] = "controller",
};

const char *msel_column(MselColumn column)
{
    return columns[column];
}

static void row_free(gpointer data)
{
    MselRow *row = data;

    for (int i = 0; i < MSEL_COLUMNS; i++)
        g_free(row->ms_cells[i]);
    g_array_unref(row->ms_teams);
    g_ptr_array_unref(row->ms_from);
    g_free(row);
}

/* --- what makes it due --- */

static const char *const outcomes[] = {
    [OUTCOME_COMPLETION] = "completion",
    [OUTCOME_SUCCESS] = "success",
    [OUTCOME_FAILURE] = "failure",
    [OUTCOME_EXPIRY] = "expiry",
};

/* "web-up" of "health/web-up": the same for all teams. */
static const char *short_id(const char *id)
{
    const char *slash = strchr(id, '/');

    return slash ? slash + 1 : id;
}

static void append_points(GString *out, const char *word, gint64 milli)
{
    if (milli == G_MININT64)
        return;
    g_string_append_printf(out, " %s %" G_GINT64_FORMAT, word, milli / 1000);
    if (milli % 1000)
        g_string_append_printf(out, ".%03d", (int)ABS(milli % 1000));
}

static void append_condition(GString *out, const Plan *plan, const PlanCondition *part);

static void append_parts(GString *out, const Plan *plan, const PlanCondition *whole,
                         const char *word)
{
    g_string_append_printf(out, "%s of (", word);
    for (guint i = 0; i < whole->co_parts->len; i++) {
        g_string_append(out, i ? ", " : "");
        append_condition(out, plan, whole->co_parts->pdata[i]);
    }
    g_string_append_c(out, ')');
}

static void append_check(GString *out, const Plan *plan, const PlanCondition *part)
{
    g_autofree char *lasts = duration_text(part->co_lasts_us);

    g_string_append_printf(
        out, "%s is %s", short_id(plan_check(plan, part->co_ref)->ck_id), part->co_state);
    if (part->co_lasts_us)
        g_string_append_printf(out, " for %s", lasts);
}

static void append_condition(GString *out, const Plan *plan, const PlanCondition *part)
{
    switch (part->co_kind) {
    case CONDITION_CHECK:
        append_check(out, plan, part);
        break;
    case CONDITION_INJECT:
        g_string_append_printf(out, "%s ended (%s)",
                               plan_inject(plan, part->co_ref)->in_name,
                               outcomes[part->co_outcome]);
        break;
    case CONDITION_REPORT:
        g_string_append_printf(out, "%s is reported",
                               plan_inject(plan, part->co_ref)->in_name);
        break;
    case CONDITION_CLAIM:
        g_string_append_printf(out, "%s is claimed",
                               short_id(plan_target(plan, part->co_ref)->ta_id));
        break;
    case CONDITION_SCORE:
        g_string_append(out, "score");
        append_points(out, "below", part->co_below);
        append_points(out, "above", part->co_above);
        break;
    case CONDITION_ALL:
        append_parts(out, plan, part, "all");
        break;
    case CONDITION_ANY:
        append_parts(out, plan, part, "any");
        break;
    case CONDITION_NONE:
        append_parts(out, plan, part, "none");
        break;
    }
}

char *msel_condition_text(const Plan *plan, const PlanCondition *condition)
{
    g_autoptr(GString) out = g_string_new(NULL);

    if (condition)
        append_condition(out, plan, condition);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static char *local_time(const Plan *plan, GTimeZone *zone, gint64 us)
{
    gint64 at = (plan->p_start_us + us) / G_USEC_PER_SEC;
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(at);
    g_autoptr(GDateTime) local = utc ? g_date_time_to_timezone(utc, zone) : NULL;

    if (!local)
        return g_strdup("");
    return g_date_time_format(local, at % 60 ? "%Y-%m-%d %H:%M:%S" : "%Y-%m-%d %H:%M");
}

static char *time_text(const Plan *plan, const PlanInject *inject, GTimeZone *zone)
{
    g_autofree char *delay = duration_text(inject->in_delay_us);
    const char *plus = inject->in_delay_us ? " +" : "";
    const char *after = inject->in_delay_us ? delay : "";

    switch (inject->in_trigger) {
    case TRIGGER_AFTER:
        return g_strdup_printf("after %s (%s)%s%s",
                               plan_inject(plan, inject->in_after)->in_name,
                               outcomes[inject->in_outcome], plus, after);
    case TRIGGER_WHEN: {
        g_autofree char *when = msel_condition_text(plan, inject->in_when);
        return g_strdup_printf("when %s%s%s", when, plus, after);
    }
    case TRIGGER_MANUAL:
        return g_strdup("manual");
    default:
        return local_time(plan, zone, inject->in_at_us);
    }
}

/* --- cells --- */

static const char *from_of(const Plan *plan, const PlanInject *inject)
{
    if (inject->in_kind == INJECT_MESSAGE)
        return inject->in_sender ? inject->in_sender : "drill control";
    if (inject->in_kind == INJECT_ATTACK && inject->in_by >= 0)
        return plan_team(plan, inject->in_by)->pt_id;
    return "white";
}

static char *medium_of(const PlanInject *inject)
{
    switch (inject->in_kind) {
    case INJECT_ATTACK:
        return inject->in_technique ? g_strconcat("attack ", inject->in_technique, NULL)
                                    : g_strdup("attack");
    case INJECT_FAULT:
        return g_strconcat("fault ", inject->in_fault, NULL);
    case INJECT_TRAFFIC:
        return g_strdup("traffic");
    default:
        return g_strdup(inject->in_channel ? inject->in_channel : "message");
    }
}

static char *expected_of(const Plan *plan, const PlanInject *inject)
{
    g_autoptr(GString) out = g_string_new(NULL);

    for (guint i = 0; i < inject->in_expect->len; i++) {
        const PlanExpect *want = inject->in_expect->pdata[i];
        g_autofree char *within = duration_text(want->ex_within_us);
        g_string_append_printf(out, "%s%s", i ? "; " : "",
                               plan_expect_name(want->ex_kind));
        if (want->ex_within_us)
            g_string_append_printf(out, " within %s", within);
        if (want->ex_check >= 0)
            g_string_append_printf(out, " (%s)",
                                   short_id(plan_check(plan, want->ex_check)->ck_id));
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* "blue" where all of blue get it, else the teams' names. */
static char *to_of(const Plan *plan, const GArray *teams)
{
    PlanSide side = plan_team(plan, g_array_index(teams, int, 0))->pt_side;
    g_autoptr(GString) out = g_string_new(NULL);
    guint of_side = 0, same = 0;

    for (guint i = 0; i < plan->p_teams->len; i++)
        of_side += plan_team(plan, (int)i)->pt_side == side;
    for (guint i = 0; i < teams->len; i++) {
        const PlanTeam *team = plan_team(plan, g_array_index(teams, int, i));
        same += team->pt_side == side;
        g_string_append_printf(out, "%s%s", i ? ", " : "", team->pt_id);
    }
    if (of_side > 1 && same == of_side && teams->len == of_side)
        return g_strdup(plan_side_name(side));
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* --- rows --- */

static MselRow *row_new(const Plan *plan, const PlanInject *inject, const char *lang,
                        char *time)
{
    MselRow *row = g_new0(MselRow, 1);

    row->ms_inject = inject->in_index;
    row->ms_timed = inject->in_trigger == TRIGGER_AT;
    row->ms_at_us = inject->in_at_us;
    row->ms_teams = g_array_new(FALSE, FALSE, sizeof(int));
    row->ms_from = g_ptr_array_new_with_free_func(g_free);
    row->ms_cells[MSEL_TIME] = time;
    row->ms_cells[MSEL_FROM] = g_strdup(from_of(plan, inject));
    row->ms_cells[MSEL_MEDIUM] = medium_of(inject);
    row->ms_cells[MSEL_TITLE] = g_strdup(parry_text_get(inject->in_title, lang));
    row->ms_cells[MSEL_EXPECTED] = expected_of(plan, inject);
    row->ms_cells[MSEL_OBJECTIVE] = g_strjoinv(", ", inject->in_objectives);
    row->ms_cells[MSEL_CONTROLLER] =
        g_strdup(inject->in_controller ? inject->in_controller : "");
    return row;
}

/* Red teams may take turns: each that attacks is named once. */
static void add_team(const Plan *plan, MselRow *row, const PlanInject *inject)
{
    const char *from = from_of(plan, inject);

    g_array_append_val(row->ms_teams, inject->in_team);
    if (g_ptr_array_find_with_equal_func(row->ms_from, from, g_str_equal, NULL))
        return;
    g_ptr_array_add(row->ms_from, g_strdup(from));
    if (row->ms_from->len == 1)
        return;
    char *both = g_strconcat(row->ms_cells[MSEL_FROM], ", ", from, NULL);
    g_free(row->ms_cells[MSEL_FROM]);
    row->ms_cells[MSEL_FROM] = both;
}

typedef struct {
    const PlanInject *inject;
    gint64 base; /* time of the timed inject at the head of its chain */
    int depth;   /* how far behind that */
} Place;

static Place place_of(const Plan *plan, const PlanInject *inject)
{
    Place place = {.inject = inject, .base = G_MAXINT64};
    const PlanInject *at = inject;

    /* The loader lets no cycle through. */
    for (; at->in_trigger == TRIGGER_AFTER; place.depth++)
        at = plan_inject(plan, at->in_after);
    if (at->in_trigger == TRIGGER_AT)
        place.base = at->in_at_us;
    return place;
}

static gint compare_places(gconstpointer a, gconstpointer b)
{
    const Place *x = a, *y = b;

    if (x->base != y->base)
        return x->base < y->base ? -1 : 1;
    if (x->depth != y->depth)
        return x->depth - y->depth;
    return x->inject->in_index - y->inject->in_index;
}

static GArray *places(const Plan *plan)
{
    GArray *out = g_array_sized_new(FALSE, FALSE, sizeof(Place), plan->p_injects->len);

    for (guint i = 0; i < plan->p_injects->len; i++) {
        Place place = place_of(plan, plan_inject(plan, (int)i));
        g_array_append_val(out, place);
    }
    g_array_sort(out, compare_places);
    return out;
}

GPtrArray *msel_rows(const Plan *plan, const char *lang)
{
    GPtrArray *rows = g_ptr_array_new_with_free_func(row_free);
    g_autoptr(GArray) order = places(plan);
    g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(plan->p_timezone);
    g_autoptr(GHashTable) by_key =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    if (!zone)
        zone = g_time_zone_new_utc();
    for (guint i = 0; i < order->len; i++) {
        const PlanInject *inject = g_array_index(order, Place, i).inject;
        char *time = time_text(plan, inject, zone);
        char *key = g_strdup_printf("%s\n%s\n%s", inject->in_name, time,
                                    parry_text_get(inject->in_title, lang));
        MselRow *row = g_hash_table_lookup(by_key, key);
        if (row) {
            g_free(time);
            g_free(key);
        } else {
            row = row_new(plan, inject, lang, time);
            g_ptr_array_add(rows, row);
            g_hash_table_insert(by_key, key, row);
        }
        add_team(plan, row, inject);
    }
    for (guint i = 0; i < rows->len; i++) {
        MselRow *row = rows->pdata[i];
        row->ms_cells[MSEL_NUMBER] = g_strdup_printf("%u", i + 1);
        row->ms_cells[MSEL_TO] = to_of(plan, row->ms_teams);
    }
    return rows;
}

/* --- files --- */

static void append_cell(GString *out, const char *cell)
{
    gboolean formula = *cell && strchr("=+-@\t\r", *cell);

    if (!formula && !strpbrk(cell, ",\"\r\n")) {
        g_string_append(out, cell);
        return;
    }
    g_string_append(out, formula ? "\"'" : "\"");
    for (; *cell; cell++) {
        if (*cell == '"')
            g_string_append_c(out, '"');
        g_string_append_c(out, *cell);
    }
    g_string_append_c(out, '"');
}

char *msel_csv(const GPtrArray *rows)
{
    g_autoptr(GString) out = g_string_new(NULL);

    for (int i = 0; i < MSEL_COLUMNS; i++)
        g_string_append_printf(out, "%s%s", i ? "," : "", columns[i]);
    g_string_append(out, "\r\n");
    for (guint r = 0; r < rows->len; r++) {
        const MselRow *row = rows->pdata[r];
        for (int i = 0; i < MSEL_COLUMNS; i++) {
            g_string_append(out, i ? "," : "");
            append_cell(out, row->ms_cells[i]);
        }
        g_string_append(out, "\r\n");
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

json_t *msel_json(const Plan *plan, const GPtrArray *rows)
{
    json_t *out = json_array();

    for (guint r = 0; r < rows->len; r++) {
        const MselRow *row = rows->pdata[r];
        json_t *item = json_object(), *teams = json_array();
        json_object_set_new(item, columns[MSEL_NUMBER], json_integer(r + 1));
        for (int i = MSEL_NUMBER + 1; i < MSEL_COLUMNS; i++)
            json_object_set_new(item, columns[i], json_string(row->ms_cells[i]));
        json_object_set_new(item, "at-us",
                            row->ms_timed ? json_integer(row->ms_at_us) : json_null());
        json_object_set_new(item, "inject",
                            json_string(plan_inject(plan, row->ms_inject)->in_name));
        for (guint t = 0; t < row->ms_teams->len; t++) {
            int team = g_array_index(row->ms_teams, int, t);
            json_array_append_new(teams, json_string(plan_team(plan, team)->pt_id));
        }
        json_object_set_new(item, "teams", teams);
        json_array_append_new(out, item);
    }
    return out;
}
