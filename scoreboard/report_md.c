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
#include "scoreboard/report_resets.h"
#include "scoreboard/words.h"

#include <string.h>

#define REFS_SHOWN 6 /* of a figure's events; the JSON has them all */
#define TIMELINE_SHOWN 3000
#define STRIP_CELLS 40

/* ---- reading the JSON ---- */

static const char *str(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static gint64 num(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static const char *say(const Md *md, const char *english)
{
    return word_in(md->md_lang, english);
}

/* A text for people: a string, or an object by language. */
static const char *text_of(const Md *md, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    const char *text = json_string_value(value);

    if (!text)
        text = json_string_value(json_object_get(value, md->md_lang));
    if (!text)
        text = json_string_value(json_object_get(value, "en"));
    if (!text && json_object_iter((json_t *)value))
        text =
            json_string_value(json_object_iter_value(json_object_iter((json_t *)value)));
    return text ? text : "";
}

static const char *title_of(const Md *md, const json_t *object)
{
    return text_of(md, object, "title");
}

static const json_t *find(const json_t *list, const char *key, const char *value)
{
    const json_t *item;
    size_t i;

    json_array_foreach (list, i, item) {
        if (strcmp(str(item, key), value) == 0)
            return item;
    }
    return NULL;
}

/* Of one of that list, by its id: "teams" have theirs under "team", "injects" under "id".
 */
static const char *titled(const Md *md, const char *list, const char *key, const char *id)
{
    const json_t *one = find(json_object_get(md->md_report, list), key, id);

    return one ? title_of(md, one) : id;
}

/* ---- cells ---- */

static void cell_refs(MdTable *table, const json_t *refs)
{
    g_autoptr(GString) out = g_string_new(NULL);
    size_t n = json_array_size(refs);

    for (size_t i = 0; i < n && i < REFS_SHOWN; i++)
        g_string_append_printf(out, "%s%" JSON_INTEGER_FORMAT, i ? ", " : "",
                               json_integer_value(json_array_get(refs, i)));
    if (n > REFS_SHOWN)
        g_string_append_printf(out, ", … (%zu)", n);
    md_cell_raw(table, out->str);
}

static void cell_seq(MdTable *table, gint64 seq)
{
    md_cell_take(table,
                 seq > 0 ? g_strdup_printf("%" G_GINT64_FORMAT, seq) : g_strdup(""));
}

static void cell_points(MdTable *table, gint64 milli)
{
    g_autofree char *text = line_points(milli, 3);

    md_cell_raw(table, text); /* digits only: a minus needs no escape to read as one */
}

static char *clock_or_dash(gint64 us)
{
    return us < 0 ? g_strdup("–") : duration_clock(us);
}

static char *per_cent(gint64 ppm)
{
    return ppm < 0 ? g_strdup("–")
                   : g_strdup_printf("%d.%02d %%", (int)(ppm / 10000),
                                     (int)(ppm % 10000 / 100));
}

static char *wall(gint64 at_us)
{
    g_autoptr(GDateTime) utc =
        at_us ? g_date_time_new_from_unix_utc(at_us / G_USEC_PER_SEC) : NULL;

    return utc ? g_date_time_format(utc, "%Y-%m-%d %H:%M:%S UTC") : g_strdup("–");
}

/* Headings given in English, separated by tabs, each in the report's language. */
static MdTable *table_new(const Md *md, const char *headings)
{
    g_auto(GStrv) parts = g_strsplit(headings, "\t", -1);
    g_autoptr(GString) all = g_string_new(NULL);

    for (char **part = parts; *part; part++)
        g_string_append_printf(all, "%s%s%s", part == parts ? "" : "\t",
                               **part == '>' ? ">" : "",
                               say(md, **part == '>' ? *part + 1 : *part));
    return md_table_new(all->str);
}

static void table_end(Md *md, MdTable *table)
{
    if (md_table_rows(table) == 0)
        g_string_append_printf(md->md_out, "%s\n\n", say(md, "none"));
    md_table_end(table, md->md_out);
}

static void heading(Md *md, int level, const char *english)
{
    g_string_append_printf(md->md_out, "%.*s %s\n\n", level, "####", say(md, english));
}

static void pair(const Md *md, MdTable *table, const char *key, char *value)
{
    md_cell(table, say(md, key));
    md_cell_take(table, value);
}

/* ---- cover ---- */

static void checkpoint_pair(const Md *md, MdTable *table, const json_t *journal)
{
    const json_t *point = json_object_get(journal, "checkpoint");

    if (point)
        pair(md, table, "Signed checkpoint",
             g_strdup_printf("%" JSON_INTEGER_FORMAT ": %s",
                             (json_int_t)num(point, "size"), str(point, "root")));
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
    g_autofree char *title = md_escape(title_of(md, drill));
    g_autofree char *clock = duration_clock(num(drill, "clock_us"));
    g_autofree char *all = duration_clock(num(drill, "duration_us"));
    MdTable *table;

    g_string_append_printf(md->md_out, "# %s\n\n**%s · %s · TLP:AMBER**\n\n", title,
                           say(md, "After-action report"),
                           say(md, draft ? "DRAFT" : "FINAL"));
    if (json_is_true(json_object_get(drill, "simulated")))
        report_md_prose(md, "simulated");
    table = table_new(md, "Drill\tValue");
    pair(md, table, "Drill id",
         g_strdup_printf("%s, %s", str(drill, "name"), str(drill, "uuid")));
    pair(md, table, "State",
         g_strdup_printf("%s%s%s", say(md, str(drill, "state")),
                         *str(drill, "reason") ? ": " : "", str(drill, "reason")));
    pair(md, table, "Kind", g_strdup(say(md, kind_of(drill))));
    pair(md, table, "Started", wall(num(drill, "started_at_us")));
    pair(md, table, "Ended", wall(num(drill, "ended_at_us")));
    pair(md, table, "Drill time", g_strdup_printf("%s %s %s", clock, say(md, "of"), all));
    pair(md, table, "Journal events", line_points(num(journal, "events") * 1000, 0));
    pair(md, table, "Root hash", g_strdup(str(journal, "root")));
    checkpoint_pair(md, table, journal);
    pair(md, table, "Scenario", g_strdup(str(drill, "scenario_sha256")));
    pair(md, table, "Rules", g_strdup(str(drill, "rules_sha256")));
    pair(md, table, "Version", g_strdup_printf("Parry %s", str(drill, "version")));
    table_end(md, table);
}

/* ---- page one ---- */

static void figure(const Md *md, MdTable *table, const char *name, char *value,
                   const json_t *refs)
{
    md_cell(table, say(md, name));
    md_cell_take(table, value);
    cell_refs(table, refs);
}

static void count_figure(const Md *md, MdTable *table, const char *name, const char *key)
{
    const json_t *summary = json_object_get(md->md_report, "summary");
    const json_t *count = json_object_get(summary, key);

    figure(md, table, name,
           g_strdup_printf("%" JSON_INTEGER_FORMAT " %s %" JSON_INTEGER_FORMAT,
                           (json_int_t)num(count, "n"), say(md, "of"),
                           (json_int_t)num(summary, "attacks")),
           json_object_get(count, "refs"));
}

/* A median is worth little without how many it is of: "00:04:12 (7 of 9; p90 00:31:00)".
 */
static void time_figure(const Md *md, MdTable *table, const char *name, const char *key,
                        gint64 of)
{
    const json_t *summary = json_object_get(md->md_report, "summary");
    const json_t *times = json_object_get(summary, key);
    g_autofree char *median = clock_or_dash(num(times, "median_us"));
    g_autofree char *p90 = clock_or_dash(num(times, "p90_us"));

    figure(md, table, name,
           g_strdup_printf(
               "%s (%" JSON_INTEGER_FORMAT " %s %" JSON_INTEGER_FORMAT "; p90 %s)",
               median, (json_int_t)num(times, "n"), say(md, "of"), (json_int_t)of, p90),
           NULL);
}

static void reports_figure(const Md *md, MdTable *table)
{
    const json_t *reports = json_object_get(md->md_report, "reports"), *report;
    size_t matched = 0, i;

    json_array_foreach (reports, i, report) {
        matched += strcmp(str(report, "outcome"), "matched") == 0;
    }
    figure(
        md, table, "Reports that matched an attack",
        g_strdup_printf("%zu %s %zu", matched, say(md, "of"), json_array_size(reports)),
        NULL);
}

static void section_brief(Md *md)
{
    const json_t *summary = json_object_get(md->md_report, "summary");
    const json_t *outage = json_object_get(summary, "longest_outage");
    gint64 executed =
        num(summary, "attacks") - num(json_object_get(summary, "prevented"), "n");
    MdTable *table = table_new(md, "Figure\tValue\tEvents");

    heading(md, 2, "In brief");
    count_figure(md, table, "Attacks prevented", "prevented");
    count_figure(md, table, "Attacks detected", "detected");
    count_figure(md, table, "Attacks contained", "contained");
    count_figure(md, table, "Attacks missed", "missed");
    time_figure(md, table, "Median time to detect", "time_to_detect", executed);
    time_figure(md, table, "Median time to contain", "time_to_contain", executed);
    time_figure(md, table, "Median time to contain, from detection",
                "time_to_contain_detected",
                num(json_object_get(summary, "detected"), "n"));
    if (num(json_object_get(summary, "time_to_recover"), "n") > 0)
        time_figure(md, table, "Median time to recover", "time_to_recover", executed);
    reports_figure(md, table);
    figure(md, table, "Availability of scored services",
           per_cent(num(summary, "availability_ppm")), NULL);
    if (json_is_object(outage)) {
        g_autofree char *us = duration_clock(num(outage, "us"));
        g_autofree char *from = duration_clock(num(outage, "from_us"));
        figure(md, table, "Longest outage",
               g_strdup_printf("%s, %s, %s %s", us, str(outage, "check"), say(md, "from"),
                               from),
               json_object_get(outage, "refs"));
    } else {
        figure(md, table, "Longest outage", g_strdup(say(md, "none")), NULL);
    }
    table_end(md, table);
}

/* ---- results ---- */

static void blue_row(MdTable *table, const Md *md, const json_t *team)
{
    md_cell_take(table,
                 g_strdup_printf("%" JSON_INTEGER_FORMAT, (json_int_t)num(team, "rank")));
    md_cell_take(table, report_md_ranked(md, team));
    cell_points(table, num(team, "total"));
    cell_points(table, num(team, "protection"));
    cell_points(table, num(team, "availability"));
    cell_points(table, num(team, "injects"));
    md_cell_take(table, g_strdup_printf("%d", (int)num(team, "prevented")));
    md_cell_take(table, g_strdup_printf("%d/%d", (int)num(team, "detected"),
                                        (int)num(team, "executed")));
    md_cell_take(table, g_strdup_printf("%d/%d", (int)num(team, "contained"),
                                        (int)num(team, "executed")));
}

static void section_results(Md *md)
{
    MdTable *blue =
        table_new(md, ">Rank\tTeam\t>Total\t>Protection\t>Availability\t>Injects\t"
                      ">Prevented\t>Detected\t>Contained");
    MdTable *red = table_new(md, ">Rank\tTeam\t>Taken\t>Attacks");
    const json_t *team;
    size_t i;

    json_array_foreach (json_object_get(md->md_report, "teams"), i, team) {
        if (strcmp(str(team, "side"), "blue") == 0) {
            blue_row(blue, md, team);
            continue;
        }
        md_cell_take(red, g_strdup_printf("%d", (int)num(team, "rank")));
        md_cell(red, title_of(md, team));
        cell_points(red, num(team, "taken"));
        md_cell_take(red, g_strdup_printf("%d", (int)num(team, "executed")));
    }
    heading(md, 2, "Results");
    heading(md, 3, "Blue teams");
    table_end(md, blue);
    heading(md, 3, "Red teams");
    table_end(md, red);
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
                 {"resets", "Resets"},
                 {"attack", "Attacks"}};
    MdTable *table = table_new(md, "Category\tWhat\tWhy\t>Points\t>Possible\tEvents");

    for (gsize n = 0; n < G_N_ELEMENTS(names); n++) {
        const json_t *line;
        size_t i;

        json_array_foreach (json_object_get(team, "lines"), i, line) {
            if (strcmp(str(line, "category"), names[n].category) != 0)
                continue;
            md_cell(table, say(md, names[n].word));
            md_cell(table, titled(md, "injects", "id", str(line, "what")));
            md_cell(table, str(line, "why"));
            cell_points(table, num(line, "points"));
            if (num(line, "possible"))
                cell_points(table, num(line, "possible"));
            else
                md_cell_raw(table, "");
            cell_refs(table, json_object_get(line, "refs"));
        }
    }
    heading(md, 3, "Score lines");
    table_end(md, table);
    report_md_prose(md, "lines");
}

static const char *outcome(const Md *md, const json_t *inject)
{
    return say(md,
               *str(inject, "verdict") ? str(inject, "verdict") : str(inject, "state"));
}

static void detections_of(Md *md, const char *team)
{
    MdTable *table =
        table_new(md, "Inject\tExecuted\tOutcome\t>Time to detect\t>Time to contain\t"
                      ">Time to recover\tEvents");
    const json_t *inject;
    size_t i;

    json_array_foreach (json_object_get(md->md_report, "injects"), i, inject) {
        if (strcmp(str(inject, "team"), team) != 0 ||
            strcmp(str(inject, "kind"), "attack") != 0 || !*str(inject, "verdict"))
            continue;
        md_cell(table, title_of(md, inject));
        md_cell_take(table, clock_or_dash(num(inject, "executed_us")));
        md_cell(table, outcome(md, inject));
        md_cell_take(table, clock_or_dash(num(inject, "detect_after_us")));
        md_cell_take(table, clock_or_dash(num(inject, "contain_after_us")));
        md_cell_take(table, clock_or_dash(num(inject, "recover_after_us")));
        cell_refs(table, json_object_get(inject, "refs"));
    }
    heading(md, 3, "Detections");
    table_end(md, table);
}

static void reports_of(Md *md, const char *team)
{
    MdTable *table = table_new(md, "Clock\tHost\tWhat\tOutcome\tInject\t>Events");
    const json_t *report;
    size_t i;

    json_array_foreach (json_object_get(md->md_report, "reports"), i, report) {
        if (strcmp(str(report, "team"), team) != 0)
            continue;
        md_cell_take(table, duration_clock(num(report, "clock_us")));
        md_cell(table, str(report, "host"));
        md_cell(table, str(report, "indicator"));
        md_cell(table, say(md, str(report, "outcome")));
        md_cell(table, titled(md, "injects", "id", str(report, "inject")));
        cell_seq(table, num(report, "seq"));
    }
    heading(md, 3, "Reports");
    table_end(md, table);
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
        gint64 from = num(part, "from_us") * STRIP_CELLS / span;
        gint64 to = num(part, "to_us") * STRIP_CELLS / span;
        guint rank = 0;

        for (guint s = 0; s < G_N_ELEMENTS(signs); s++)
            if (strcmp(str(part, "status"), signs[s].status) == 0)
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
    cell_refs(table, refs);
    json_decref(refs);
}

static void availability_of(Md *md, const char *team)
{
    MdTable *table = table_new(
        md, "Check\t>Weight\t>Rounds\t>Availability\t>Longest outage\tStrip\tEvents");
    gint64 end_us = num(json_object_get(md->md_report, "drill"), "clock_us");
    const json_t *check;
    size_t i;

    json_array_foreach (json_object_get(md->md_report, "checks"), i, check) {
        g_autofree char *strip = NULL;

        if (strcmp(str(check, "team"), team) != 0)
            continue;
        strip = strip_text(json_object_get(check, "strip"), end_us);
        md_cell(table, str(check, "id"));
        md_cell_take(table, g_strdup_printf("%d", (int)num(check, "weight")));
        md_cell_take(table, line_points(num(check, "rounds") * 1000, 0));
        md_cell_take(table, per_cent(num(check, "availability_ppm")));
        md_cell_take(table, duration_clock(num(check, "longest_us")));
        md_cell_take(table, g_steal_pointer(&strip));
        cell_changes(table, json_object_get(check, "strip"));
    }
    heading(md, 3, "Availability");
    table_end(md, table);
}

static void section_teams(Md *md)
{
    const json_t *team;
    size_t i;

    json_array_foreach (json_object_get(md->md_report, "teams"), i, team) {
        g_autofree char *title = NULL;

        if (strcmp(str(team, "side"), "blue") != 0)
            continue;
        title = md_escape(title_of(md, team));
        g_string_append_printf(md->md_out, "## %s\n\n", title);
        lines_of(md, team);
        detections_of(md, str(team, "team"));
        report_md_answers(md, str(team, "team"));
        reports_of(md, str(team, "team"));
        report_md_acts(md, str(team, "team"));
        availability_of(md, str(team, "team"));
    }
    report_md_prose(md, "strips");
}

/* ---- red ---- */

/* When it was to be; of one that something else brought about, when it was; what never
 * was comes last. */
static gint64 time_of(const json_t *inject)
{
    gint64 us = num(inject, "planned_us");

    if (us < 0)
        us = num(inject, "executed_us");
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
    const char *by = str(inject, "by");

    md_cell(table, *by ? titled(md, "teams", "team", by) : say(md, "White"));
    md_cell(table, title_of(md, inject));
    md_cell(table, str(inject, "technique"));
    md_cell(table, str(inject, "host"));
    md_cell_take(table, clock_or_dash(num(inject, "executed_us")));
    md_cell(table, say(md, str(inject, "state")));
    md_cell(table, str(inject, "residue"));
    cell_points(table, num(inject, "taken"));
    cell_refs(table, json_object_get(inject, "refs"));
}

static void section_red(Md *md)
{
    g_autoptr(GPtrArray) injects = injects_by_time(md);
    MdTable *table = table_new(
        md, "By\tInject\tTechnique\tAgainst\tExecuted\tOutcome\tResidue\t>Taken\tEvents");

    for (guint i = 0; i < injects->len; i++)
        if (strcmp(str(injects->pdata[i], "kind"), "attack") == 0 &&
            num(injects->pdata[i], "executed_us") >= 0)
            red_row(md, table, injects->pdata[i]);
    heading(md, 2, "Red");
    table_end(md, table);
}

/* "Guessed passwords: blocked; …" */
static char *attacks_on(const Md *md, const json_t *weakness)
{
    g_autoptr(GString) out = g_string_new(NULL);
    const json_t *id;
    size_t i;

    json_array_foreach (json_object_get(weakness, "attacks"), i, id) {
        const json_t *inject =
            find(json_object_get(md->md_report, "injects"), "id", json_string_value(id));
        g_string_append_printf(out, "%s%s: %s", out->len ? "; " : "",
                               title_of(md, inject), say(md, str(inject, "state")));
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void section_weaknesses(Md *md)
{
    const json_t *all = json_object_get(md->md_report, "weaknesses"), *weakness;
    MdTable *table =
        table_new(md, "Team\tWeakness\tTechnique\tHost\tSeverity\tAttacked by\tRemedy");
    size_t i;

    json_array_foreach (all, i, weakness) {
        md_cell(table, titled(md, "teams", "team", str(weakness, "team")));
        md_cell(table, title_of(md, weakness));
        md_cell(table, str(weakness, "technique"));
        md_cell(table, str(weakness, "host"));
        md_cell(table, say(md, str(weakness, "severity")));
        md_cell_take(table, attacks_on(md, weakness));
        md_cell(table, text_of(md, weakness, "fix"));
    }
    if (json_array_size(all))
        heading(md, 2, "Planted weaknesses");
    table_end(md, table);
}

/* ---- timelines ---- */

static void section_msel(Md *md)
{
    g_autoptr(GPtrArray) injects = injects_by_time(md);
    MdTable *table =
        table_new(md, ">Planned\t>Executed\tInject\tTeam\tTechnique\tHost\tOutcome\t"
                      "Why\tEvents");

    for (guint i = 0; i < injects->len; i++) {
        const json_t *inject = injects->pdata[i];

        if (num(inject, "planned_us") >= 0)
            md_cell_take(table, clock_or_dash(num(inject, "planned_us")));
        else
            md_cell(table, say(md, str(inject, "trigger")));
        md_cell_take(table, clock_or_dash(num(inject, "executed_us")));
        md_cell(table, title_of(md, inject));
        md_cell(table, titled(md, "teams", "team", str(inject, "team")));
        md_cell(table, str(inject, "technique"));
        md_cell(table, str(inject, "host"));
        md_cell(table, say(md, str(inject, "state")));
        md_cell(table, str(inject, "reason"));
        cell_refs(table, json_object_get(inject, "refs"));
    }
    heading(md, 2, "Injects planned and as executed");
    table_end(md, table);
}

static void section_timeline(Md *md)
{
    MdTable *table = table_new(md, ">Clock\tWho\tWhat happened\t>Events");
    const json_t *timeline = json_object_get(md->md_report, "timeline"), *event;
    gboolean chinese = strcmp(md->md_lang, "zh-Hant") == 0;
    size_t i;

    json_array_foreach (timeline, i, event) {
        if (i >= TIMELINE_SHOWN)
            break;
        md_cell_take(table, duration_clock(num(event, "clock_us")));
        md_cell(table, *str(event, "host") ? str(event, "host") : str(event, "team"));
        md_cell(table, str(event, chinese ? "text_zh" : "text"));
        cell_seq(table, num(event, "seq"));
    }
    heading(md, 2, "Timeline");
    table_end(md, table);
    if (json_array_size(timeline) > TIMELINE_SHOWN)
        report_md_prose(md, "cut");
}

/* ---- proof, method ---- */

static void verdict_row(const Md *md, MdTable *table, const json_t *verdict)
{
    gboolean proved = json_is_true(json_object_get(verdict, "proved"));
    gboolean skipped = json_is_true(json_object_get(verdict, "skipped"));

    md_cell_take(table, duration_clock(num(verdict, "clock_us")));
    md_cell(table, say(md, skipped ? "not applicable" : proved ? "proved" : "BROKEN"));
    if (proved)
        md_cell_take(table, g_strdup_printf("%d %s", (int)num(verdict, "checks"),
                                            say(md, "Probes")));
    else
        md_cell(table, str(verdict, skipped ? "reason" : "findings"));
    cell_seq(table, num(verdict, "seq"));
}

static void section_isolation(Md *md)
{
    const json_t *isolation = json_object_get(md->md_report, "isolation"), *item;
    MdTable *verdicts = table_new(md, ">Clock\tVerdict\tWhat\t>Events");
    MdTable *rounds = table_new(md, "Host\t>Probes\tResult\tFindings\t>Events");
    size_t i, j;

    json_array_foreach (json_object_get(isolation, "verdicts"), i, item) {
        verdict_row(md, verdicts, item);
    }
    json_array_foreach (json_object_get(isolation, "rounds"), i, item) {
        g_autoptr(GString) failed = g_string_new(NULL);
        const json_t *name;

        json_array_foreach (json_object_get(item, "failed"), j, name) {
            g_string_append_printf(failed, "%s%s", j ? ", " : "",
                                   json_string_value(name));
        }
        md_cell(rounds, *str(item, "host") ? str(item, "host") : say(md, "host side"));
        md_cell_take(rounds, g_strdup_printf("%d", (int)num(item, "probes")));
        md_cell(rounds,
                say(md, json_is_true(json_object_get(item, "ok")) ? "proved" : "BROKEN"));
        md_cell(rounds, failed->str);
        cell_seq(rounds, num(item, "seq"));
    }
    heading(md, 2, "Isolation proof");
    table_end(md, verdicts);
    table_end(md, rounds);
}

static void section_gaps(Md *md)
{
    MdTable *table = table_new(md, ">Clock\tHost\tWhat\t>Events");
    const json_t *gap;
    size_t i;

    json_array_foreach (json_object_get(md->md_report, "gaps"), i, gap) {
        md_cell_take(table, duration_clock(num(gap, "clock_us")));
        md_cell(table, str(gap, "host"));
        md_cell(table, str(gap, "text"));
        cell_seq(table, num(gap, "seq"));
    }
    heading(md, 2, "Data gaps");
    table_end(md, table);
}

static void section_method(Md *md)
{
    const json_t *drill = json_object_get(md->md_report, "drill");
    const json_t *weights = json_object_get(drill, "weights");
    const json_t *accel = json_object_get(drill, "accel");

    heading(md, 2, "Method and limits");
    g_string_append_printf(md->md_out, "- %s: %s; %s %d %%, %s %d %%, %s %d %%\n",
                           say(md, "Rules"), str(drill, "profile"), say(md, "Protection"),
                           (int)num(weights, "protection"), say(md, "Availability"),
                           (int)num(weights, "availability"), say(md, "Injects"),
                           (int)num(weights, "injects"));
    report_md_prose(md, "method");
    if (json_is_true(json_object_get(drill, "simulated")))
        report_md_prose(md, "simulated-method");
    else if (strcmp(str(accel, "accel"), "kvm") != 0)
        report_md_prose(md, *str(accel, "accel") ? "emulated" : "unknown-accel");
    if (json_is_true(json_object_get(drill, "rehearsal")))
        report_md_prose(md, "rehearsal");
    g_string_append_c(md->md_out, '\n');
}

static void section_verify(Md *md)
{
    const json_t *drill = json_object_get(md->md_report, "drill");
    const json_t *journal = json_object_get(md->md_report, "journal");
    g_autofree char *name = md_escape(str(drill, "name")); /* [a-z0-9-]: stays as it is */
    g_autofree char *key = md_escape(str(journal, "public_key"));

    heading(md, 2, "How to verify");
    report_md_prose(md, "verify");
    g_string_append_printf(
        md->md_out,
        "```\nparry verify %s\n"
        "parry-verify --root %" JSON_INTEGER_FORMAT ":%s journal.db\n```\n\n",
        name, (json_int_t)num(journal, "events"), str(journal, "root"));
    if (*key)
        g_string_append_printf(md->md_out, "%s: %s\n\n", say(md, "Verifier key"), key);
}

static void (*const SECTIONS[])(Md *md) = {
    section_cover,      section_brief,     report_md_agreed, report_md_objectives,
    section_results,    section_msel,      section_teams,    section_red,
    section_weaknesses, section_timeline,  report_md_resets, section_gaps,
    report_md_observed, section_isolation, section_method,   section_verify,
};

char *report_markdown(const json_t *report, const char *lang)
{
    Md md = {report, lang ? lang : "en", g_string_new(NULL)};

    for (gsize i = 0; i < G_N_ELEMENTS(SECTIONS); i++)
        SECTIONS[i](&md);
    return g_string_free(md.md_out, FALSE);
}
