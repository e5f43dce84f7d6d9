/*
 * The report as Markdown, from its JSON alone. Sections are rows of a table at the end,
 * in the order in which they stand.
 */
#include "scoreboard/report.h"

#include "scenarios/base/duration.h"
#include "scenarios/base/text.h"
#include "scoreboard/line.h"
#include "scoreboard/md.h"
#include "scoreboard/report_acts.h"
#include "scoreboard/report_observed.h"
#include "scoreboard/report_plan.h"
#include "scoreboard/report_provision.h"
#include "scoreboard/words.h"

#include <string.h>

#define TIMELINE_SHOWN 3000
#define STRIP_CELLS 40

/* ---- cover ---- */

static void checkpoint_pair(const Md *md, MdTable *table, const json_t *journal)
{
    const json_t *point = json_object_get(journal, "checkpoint");

    if (point)
        md_pair(md, table, "Signed checkpoint",
                g_strdup_printf("%" JSON_INTEGER_FORMAT ": %s",
                                (json_int_t)md_num(point, "size"),
                                md_str(point, "root")));
}

static const char *kind_of(const json_t *drill)
{
    if (json_is_true(json_object_get(drill, "simulated")))
        return "SIMULATION: no guests, scripted players";
    return json_is_true(json_object_get(drill, "rehearsal"))
               ? "rehearsal with scripted players"
               : "drill with people";
}

static void section_cover(Md *md)
{
    const json_t *drill = json_object_get(md->md_report, "drill");
    const json_t *journal = json_object_get(md->md_report, "journal");
    gboolean draft = json_is_true(json_object_get(md->md_report, "draft"));
    g_autofree char *title = md_escape(md_title_of(md, drill));
    g_autofree char *clock = duration_clock(md_num(drill, "clock_us"));
    g_autofree char *all = duration_clock(md_num(drill, "duration_us"));
    MdTable *table;

    g_string_append_printf(md->md_out, "# %s\n\n**%s · %s · TLP:AMBER**\n\n", title,
                           md_say(md, "After-action report"),
                           md_say(md, draft ? "DRAFT" : "FINAL"));
    if (json_is_true(json_object_get(drill, "simulated")))
        report_md_prose(md, "simulated");
    table = md_table_said(md, "Drill\tValue");
    md_pair(md, table, "Drill id",
            g_strdup_printf("%s, %s", md_str(drill, "name"), md_str(drill, "uuid")));
    md_pair(md, table, "State",
            g_strdup_printf("%s%s%s", md_say(md, md_str(drill, "state")),
                            *md_str(drill, "reason") ? ": " : "",
                            md_str(drill, "reason")));
    md_pair(md, table, "Kind", g_strdup(md_say(md, kind_of(drill))));
    md_pair(md, table, "Started", md_wall(md_num(drill, "started_at_us")));
    md_pair(md, table, "Ended", md_wall(md_num(drill, "ended_at_us")));
    md_pair(md, table, "Drill time",
            g_strdup_printf("%s %s %s", clock, md_say(md, "of"), all));
    md_pair(md, table, "Journal events",
            line_points(md_num(journal, "events") * 1000, 0));
    md_pair(md, table, "Root hash", g_strdup(md_str(journal, "root")));
    checkpoint_pair(md, table, journal);
    md_pair(md, table, "Scenario", g_strdup(md_str(drill, "scenario_sha256")));
    md_pair(md, table, "Rules", g_strdup(md_str(drill, "rules_sha256")));
    md_pair(md, table, "Version", g_strdup_printf("Parry %s", md_str(drill, "version")));
    md_table_close(md, table);
}

/* ---- page one ---- */

static void figure(const Md *md, MdTable *table, const char *name, char *value,
                   const json_t *refs)
{
    md_cell(table, md_say(md, name));
    md_cell_take(table, value);
    md_cell_refs(table, refs);
}

static void count_figure(const Md *md, MdTable *table, const char *name, const char *key)
{
    const json_t *summary = json_object_get(md->md_report, "summary");
    const json_t *count = json_object_get(summary, key);

    figure(md, table, name,
           g_strdup_printf("%" JSON_INTEGER_FORMAT " %s %" JSON_INTEGER_FORMAT,
                           (json_int_t)md_num(count, "n"), md_say(md, "of"),
                           (json_int_t)md_num(summary, "attacks")),
           json_object_get(count, "refs"));
}

/* A median is worth little without how many it is of: "00:04:12 (7 of 9; p90 00:31:00)".
 */
static void time_figure(const Md *md, MdTable *table, const char *name, const char *key,
                        gint64 of)
{
    const json_t *summary = json_object_get(md->md_report, "summary");
    const json_t *times = json_object_get(summary, key);
    g_autofree char *median = md_clock_or_dash(md_num(times, "median_us"));
    g_autofree char *p90 = md_clock_or_dash(md_num(times, "p90_us"));

    figure(md, table, name,
           g_strdup_printf("%s (%" JSON_INTEGER_FORMAT " %s %" JSON_INTEGER_FORMAT
                           "; p90 %s)",
                           median, (json_int_t)md_num(times, "n"), md_say(md, "of"),
                           (json_int_t)of, p90),
           NULL);
}

static void reports_figure(const Md *md, MdTable *table)
{
    const json_t *reports = json_object_get(md->md_report, "reports"), *report;
    size_t matched = 0, i;

    json_array_foreach (reports, i, report) {
        matched += strcmp(md_str(report, "outcome"), "matched") == 0;
    }
    figure(md, table, "Reports that matched an attack",
           g_strdup_printf("%zu %s %zu", matched, md_say(md, "of"),
                           json_array_size(reports)),
           NULL);
}

static void section_brief(Md *md)
{
    const json_t *summary = json_object_get(md->md_report, "summary");
    const json_t *outage = json_object_get(summary, "longest_outage");
    gint64 executed =
        md_num(summary, "attacks") - md_num(json_object_get(summary, "prevented"), "n");
    MdTable *table = md_table_said(md, "Figure\tValue\tEvents");

    md_heading(md, 2, "In brief");
    count_figure(md, table, "Attacks prevented", "prevented");
    count_figure(md, table, "Attacks detected", "detected");
    count_figure(md, table, "Attacks contained", "contained");
    count_figure(md, table, "Attacks missed", "missed");
    time_figure(md, table, "Median time to detect", "time_to_detect", executed);
    time_figure(md, table, "Median time to contain", "time_to_contain", executed);
    time_figure(md, table, "Median time to contain, from detection",
                "time_to_contain_detected",
                md_num(json_object_get(summary, "detected"), "n"));
    if (md_num(json_object_get(summary, "time_to_recover"), "n") > 0)
        time_figure(md, table, "Median time to recover", "time_to_recover", executed);
    reports_figure(md, table);
    figure(md, table, "Availability of scored services",
           md_per_cent(md_num(summary, "availability_ppm")), NULL);
    if (json_is_object(outage)) {
        g_autofree char *us = duration_clock(md_num(outage, "us"));
        g_autofree char *from = duration_clock(md_num(outage, "from_us"));
        figure(md, table, "Longest outage",
               g_strdup_printf("%s, %s, %s %s", us, md_str(outage, "check"),
                               md_say(md, "from"), from),
               json_object_get(outage, "refs"));
    } else {
        figure(md, table, "Longest outage", g_strdup(md_say(md, "none")), NULL);
    }
    md_table_close(md, table);
}

/* ---- results ---- */

static void blue_row(MdTable *table, const Md *md, const json_t *team)
{
    md_cell_take(table, g_strdup_printf("%" JSON_INTEGER_FORMAT,
                                        (json_int_t)md_num(team, "rank")));
    md_cell_take(table, report_md_ranked(md, team));
    md_cell_points(table, md_num(team, "total"));
    md_cell_points(table, md_num(team, "protection"));
    md_cell_points(table, md_num(team, "availability"));
    md_cell_points(table, md_num(team, "injects"));
    md_cell_take(table, g_strdup_printf("%d", (int)md_num(team, "prevented")));
    md_cell_take(table, g_strdup_printf("%d/%d", (int)md_num(team, "detected"),
                                        (int)md_num(team, "executed")));
    md_cell_take(table, g_strdup_printf("%d/%d", (int)md_num(team, "contained"),
                                        (int)md_num(team, "executed")));
}

static void section_results(Md *md)
{
    MdTable *blue =
        md_table_said(md, ">Rank\tTeam\t>Total\t>Protection\t>Availability\t>Injects\t"
                          ">Prevented\t>Detected\t>Contained");
    MdTable *red = md_table_said(md, ">Rank\tTeam\t>Taken\t>Attacks");
    const json_t *team;
    size_t i;

    json_array_foreach (json_object_get(md->md_report, "teams"), i, team) {
        if (strcmp(md_str(team, "side"), "blue") == 0) {
            blue_row(blue, md, team);
            continue;
        }
        md_cell_take(red, g_strdup_printf("%d", (int)md_num(team, "rank")));
        md_cell(red, md_title_of(md, team));
        md_cell_points(red, md_num(team, "taken"));
        md_cell_take(red, g_strdup_printf("%d", (int)md_num(team, "executed")));
    }
    md_heading(md, 2, "Results");
    md_heading(md, 3, "Blue teams");
    md_table_close(md, blue);
    md_heading(md, 3, "Red teams");
    md_table_close(md, red);
}

/* ---- a team ---- */

static void lines_of(Md *md, const json_t *team)
{
    static const struct {
        const char *category, *word;
    } names[] = {{"injects", "Injects"},
                 {"protection", "Protection"},
                 {"availability", "Availability"},
                 {"adjustment", "Adjustments"},
                 {"attack", "Attacks"}};
    MdTable *table = md_table_said(md, "Category\tWhat\tWhy\t>Points\t>Possible\tEvents");

    for (gsize n = 0; n < G_N_ELEMENTS(names); n++) {
        const json_t *line;
        size_t i;

        json_array_foreach (json_object_get(team, "lines"), i, line) {
            if (strcmp(md_str(line, "category"), names[n].category) != 0)
                continue;
            md_cell(table, md_say(md, names[n].word));
            md_cell(table, md_inject_title(md, md_str(line, "what")));
            md_cell(table, md_str(line, "why"));
            md_cell_points(table, md_num(line, "points"));
            if (md_num(line, "possible"))
                md_cell_points(table, md_num(line, "possible"));
            else
                md_cell_raw(table, "");
            md_cell_refs(table, json_object_get(line, "refs"));
        }
    }
    md_heading(md, 3, "Score lines");
    md_table_close(md, table);
    report_md_prose(md, "lines");
}

static const char *outcome(const Md *md, const json_t *inject)
{
    return md_say(md, *md_str(inject, "verdict") ? md_str(inject, "verdict")
                                                 : md_str(inject, "state"));
}

static void detections_of(Md *md, const char *team)
{
    MdTable *table =
        md_table_said(md, "Inject\tExecuted\tOutcome\t>Time to detect\t>Time to contain\t"
                          ">Time to recover\tEvents");
    const json_t *inject;
    size_t i;

    json_array_foreach (json_object_get(md->md_report, "injects"), i, inject) {
        if (strcmp(md_str(inject, "team"), team) != 0 ||
            strcmp(md_str(inject, "kind"), "attack") != 0 || !*md_str(inject, "verdict"))
            continue;
        md_cell(table, md_title_of(md, inject));
        md_cell_take(table, md_clock_or_dash(md_num(inject, "executed_us")));
        md_cell(table, outcome(md, inject));
        md_cell_take(table, md_clock_or_dash(md_num(inject, "detect_after_us")));
        md_cell_take(table, md_clock_or_dash(md_num(inject, "contain_after_us")));
        md_cell_take(table, md_clock_or_dash(md_num(inject, "recover_after_us")));
        md_cell_refs(table, json_object_get(inject, "refs"));
    }
    md_heading(md, 3, "Detections");
    md_table_close(md, table);
}

static void reports_of(Md *md, const char *team)
{
    MdTable *table = md_table_said(md, "Clock\tHost\tWhat\tOutcome\tInject\t>Events");
    const json_t *report;
    size_t i;

    json_array_foreach (json_object_get(md->md_report, "reports"), i, report) {
        if (strcmp(md_str(report, "team"), team) != 0)
            continue;
        md_cell_take(table, duration_clock(md_num(report, "clock_us")));
        md_cell(table, md_str(report, "host"));
        md_cell(table, md_str(report, "indicator"));
        md_cell(table, md_say(md, md_str(report, "outcome")));
        md_cell(table, md_inject_title(md, md_str(report, "inject")));
        md_cell_seq(table, md_num(report, "seq"));
    }
    md_heading(md, 3, "Reports");
    md_table_close(md, table);
}

/* The worst that a service showed in each part of the drill, oldest first. */
static char *strip_text(const json_t *strip, gint64 end_us)
{
    static const struct {
        const char *status, *sign;
    } signs[] = {{"", "·"},           {"UP", "━"},      {"UNCHECKED", "?"},
                 {"RECOVERING", "~"}, {"CORRUPT", "#"}, {"FAULTY", "!"},
                 {"DOWN", "✗"}};
    guint cells[STRIP_CELLS] = {0};
    GString *out = g_string_new(NULL);
    const json_t *part;
    size_t i;

    json_array_foreach (strip, i, part) {
        gint64 span = MAX(end_us, 1);
        gint64 from = md_num(part, "from_us") * STRIP_CELLS / span;
        gint64 to = md_num(part, "to_us") * STRIP_CELLS / span;
        guint rank = 0;

        for (guint s = 0; s < G_N_ELEMENTS(signs); s++)
            if (strcmp(md_str(part, "status"), signs[s].status) == 0)
                rank = s;
        for (gint64 c = CLAMP(from, 0, STRIP_CELLS - 1);
             c <= CLAMP(to, 0, STRIP_CELLS - 1); c++)
            cells[c] = MAX(cells[c], rank);
    }
    for (guint c = 0; c < STRIP_CELLS; c++)
        g_string_append(out, signs[cells[c]].sign);
    return g_string_free(out, FALSE);
}

static void cell_changes(MdTable *table, const json_t *strip)
{
    json_t *refs = json_array();
    const json_t *part;
    size_t i;

    json_array_foreach (strip, i, part) {
        json_array_append(refs, json_object_get(part, "ref"));
    }
    md_cell_refs(table, refs);
    json_decref(refs);
}

static void availability_of(Md *md, const char *team)
{
    MdTable *table = md_table_said(
        md, "Check\t>Weight\t>Rounds\t>Availability\t>Longest outage\tStrip\tEvents");
    gint64 end_us = md_num(json_object_get(md->md_report, "drill"), "clock_us");
    const json_t *check;
    size_t i;

    json_array_foreach (json_object_get(md->md_report, "checks"), i, check) {
        g_autofree char *strip = NULL;

        if (strcmp(md_str(check, "team"), team) != 0)
            continue;
        strip = strip_text(json_object_get(check, "strip"), end_us);
        md_cell(table, md_str(check, "id"));
        md_cell_take(table, g_strdup_printf("%d", (int)md_num(check, "weight")));
        md_cell_take(table, line_points(md_num(check, "rounds") * 1000, 0));
        md_cell_take(table, md_per_cent(md_num(check, "availability_ppm")));
        md_cell_take(table, duration_clock(md_num(check, "longest_us")));
        md_cell_take(table, g_steal_pointer(&strip));
        cell_changes(table, json_object_get(check, "strip"));
    }
    md_heading(md, 3, "Availability");
    md_table_close(md, table);
}

static void section_teams(Md *md)
{
    const json_t *team;
    size_t i;

    json_array_foreach (json_object_get(md->md_report, "teams"), i, team) {
        g_autofree char *title = NULL;

        if (strcmp(md_str(team, "side"), "blue") != 0)
            continue;
        title = md_escape(md_title_of(md, team));
        g_string_append_printf(md->md_out, "## %s\n\n", title);
        lines_of(md, team);
        detections_of(md, md_str(team, "team"));
        report_md_answers(md, md_str(team, "team"));
        reports_of(md, md_str(team, "team"));
        report_md_acts(md, md_str(team, "team"));
        availability_of(md, md_str(team, "team"));
    }
    report_md_prose(md, "strips");
}

/* ---- red ---- */

/* When it was to be; of one that something else brought about, when it was; what never
 * was comes last. */
static gint64 time_of(const json_t *inject)
{
    gint64 us = md_num(inject, "planned_us");

    if (us < 0)
        us = md_num(inject, "executed_us");
    return us < 0 ? G_MAXINT64 : us;
}

static int by_planned(gconstpointer a, gconstpointer b)
{
    gint64 left = time_of(*(json_t *const *)a), right = time_of(*(json_t *const *)b);

    return left < right ? -1 : left > right;
}

/* Injects as they were planned, borrowed. */
static GPtrArray *injects_by_time(const Md *md)
{
    GPtrArray *all = g_ptr_array_new();
    json_t *inject;
    size_t i;

    json_array_foreach (json_object_get(md->md_report, "injects"), i, inject) {
        g_ptr_array_add(all, inject);
    }
    g_ptr_array_sort(all, by_planned);
    return all;
}

static void red_row(const Md *md, MdTable *table, const json_t *inject)
{
    const char *by = md_str(inject, "by");

    md_cell(table, *by ? md_team_title(md, by) : md_say(md, "White"));
    md_cell(table, md_title_of(md, inject));
    md_cell(table, md_str(inject, "technique"));
    md_cell(table, md_str(inject, "host"));
    md_cell_take(table, md_clock_or_dash(md_num(inject, "executed_us")));
    md_cell(table, md_say(md, md_str(inject, "state")));
    md_cell(table, md_str(inject, "residue"));
    md_cell_points(table, md_num(inject, "taken"));
    md_cell_refs(table, json_object_get(inject, "refs"));
}

static void section_red(Md *md)
{
    g_autoptr(GPtrArray) injects = injects_by_time(md);
    MdTable *table = md_table_said(
        md, "By\tInject\tTechnique\tAgainst\tExecuted\tOutcome\tResidue\t>Taken\tEvents");

    for (guint i = 0; i < injects->len; i++)
        if (strcmp(md_str(injects->pdata[i], "kind"), "attack") == 0 &&
            md_num(injects->pdata[i], "executed_us") >= 0)
            red_row(md, table, injects->pdata[i]);
    md_heading(md, 2, "Red");
    md_table_close(md, table);
}

/* "Guessed passwords: blocked; …" */
static char *attacks_on(const Md *md, const json_t *weakness)
{
    g_autoptr(GString) out = g_string_new(NULL);
    const json_t *id;
    size_t i;

    json_array_foreach (json_object_get(weakness, "attacks"), i, id) {
        const json_t *inject = md_find(json_object_get(md->md_report, "injects"), "id",
                                       json_string_value(id));
        g_string_append_printf(out, "%s%s: %s", out->len ? "; " : "",
                               md_title_of(md, inject),
                               md_say(md, md_str(inject, "state")));
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void section_weaknesses(Md *md)
{
    const json_t *all = json_object_get(md->md_report, "weaknesses"), *weakness;
    MdTable *table = md_table_said(
        md, "Team\tWeakness\tTechnique\tHost\tSeverity\tAttacked by\tRemedy");
    size_t i;

    json_array_foreach (all, i, weakness) {
        md_cell(table, md_team_title(md, md_str(weakness, "team")));
        md_cell(table, md_title_of(md, weakness));
        md_cell(table, md_str(weakness, "technique"));
        md_cell(table, md_str(weakness, "host"));
        md_cell(table, md_say(md, md_str(weakness, "severity")));
        md_cell_take(table, attacks_on(md, weakness));
        md_cell(table, md_text_of(md, weakness, "fix"));
    }
    if (json_array_size(all))
        md_heading(md, 2, "Planted weaknesses");
    md_table_close(md, table);
}

/* ---- timelines ---- */

static void section_msel(Md *md)
{
    g_autoptr(GPtrArray) injects = injects_by_time(md);
    MdTable *table =
        md_table_said(md, ">Planned\t>Executed\tInject\tTeam\tTechnique\tHost\tOutcome\t"
                          "Why\tEvents");

    for (guint i = 0; i < injects->len; i++) {
        const json_t *inject = injects->pdata[i];

        if (md_num(inject, "planned_us") >= 0)
            md_cell_take(table, md_clock_or_dash(md_num(inject, "planned_us")));
        else
            md_cell(table, md_say(md, md_str(inject, "trigger")));
        md_cell_take(table, md_clock_or_dash(md_num(inject, "executed_us")));
        md_cell(table, md_title_of(md, inject));
        md_cell(table, md_team_title(md, md_str(inject, "team")));
        md_cell(table, md_str(inject, "technique"));
        md_cell(table, md_str(inject, "host"));
        md_cell(table, md_say(md, md_str(inject, "state")));
        md_cell(table, md_str(inject, "reason"));
        md_cell_refs(table, json_object_get(inject, "refs"));
    }
    md_heading(md, 2, "Injects planned and as executed");
    md_table_close(md, table);
}

static void section_timeline(Md *md)
{
    MdTable *table = md_table_said(md, ">Clock\tWho\tWhat happened\t>Events");
    const json_t *timeline = json_object_get(md->md_report, "timeline"), *event;
    gboolean chinese = strcmp(md->md_lang, "zh-Hant") == 0;
    size_t i;

    json_array_foreach (timeline, i, event) {
        if (i >= TIMELINE_SHOWN)
            break;
        md_cell_take(table, duration_clock(md_num(event, "clock_us")));
        md_cell(table,
                *md_str(event, "host") ? md_str(event, "host") : md_str(event, "team"));
        md_cell(table, md_str(event, chinese ? "text_zh" : "text"));
        md_cell_seq(table, md_num(event, "seq"));
    }
    md_heading(md, 2, "Timeline");
    md_table_close(md, table);
    if (json_array_size(timeline) > TIMELINE_SHOWN)
        report_md_prose(md, "cut");
}

static void (*const SECTIONS[])(Md *md) = {
    section_cover,       section_brief,       report_md_agreed, report_md_objectives,
    section_results,     section_msel,        section_teams,    section_red,
    section_weaknesses,  section_timeline,    report_md_gaps,   report_md_observed,
    report_md_provision, report_md_isolation, report_md_method, report_md_verify,
};

char *report_markdown(const json_t *report, const char *lang)
{
    Md md = {report, lang ? lang : "en", g_string_new(NULL)};

    for (gsize i = 0; i < G_N_ELEMENTS(SECTIONS); i++)
        SECTIONS[i](&md);
    return g_string_free(md.md_out, FALSE);
}
