/*
 * The end of the report: what proves it, what it does not know, how to verify it.
 */
#include "scoreboard/report_md.h"

#include "scenarios/base/duration.h"

#include <string.h>

static void verdict_row(const Md *md, MdTable *table, const json_t *verdict)
{
    gboolean proved = json_is_true(json_object_get(verdict, "proved"));
    gboolean skipped = json_is_true(json_object_get(verdict, "skipped"));

    md_cell_take(table, duration_clock(md_num(verdict, "clock_us")));
    md_cell(table, md_say(md, skipped ? "not applicable" : proved ? "proved" : "BROKEN"));
    if (proved)
        md_cell_take(table, g_strdup_printf("%d %s", (int)md_num(verdict, "checks"),
                                            md_say(md, "Probes")));
    else
        md_cell(table, md_str(verdict, skipped ? "reason" : "findings"));
    md_cell_seq(table, md_num(verdict, "seq"));
}

void report_md_isolation(Md *md)
{
    const json_t *isolation = json_object_get(md->md_report, "isolation"), *item;
    MdTable *verdicts = md_table_said(md, ">Clock\tVerdict\tWhat\t>Events");
    MdTable *rounds = md_table_said(md, "Host\t>Probes\tResult\tFindings\t>Events");
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
        md_cell(rounds,
                *md_str(item, "host") ? md_str(item, "host") : md_say(md, "host side"));
        md_cell_take(rounds, g_strdup_printf("%d", (int)md_num(item, "probes")));
        md_cell(rounds, md_say(md, json_is_true(json_object_get(item, "ok")) ? "proved"
                                                                             : "BROKEN"));
        md_cell(rounds, failed->str);
        md_cell_seq(rounds, md_num(item, "seq"));
    }
    md_heading(md, 2, "Isolation proof");
    md_table_close(md, verdicts);
    md_table_close(md, rounds);
}

void report_md_gaps(Md *md)
{
    MdTable *table = md_table_said(md, ">Clock\tHost\tWhat\t>Events");
    const json_t *gap;
    size_t i;

    json_array_foreach (json_object_get(md->md_report, "gaps"), i, gap) {
        md_cell_take(table, duration_clock(md_num(gap, "clock_us")));
        md_cell(table, md_str(gap, "host"));
        md_cell(table, md_str(gap, "text"));
        md_cell_seq(table, md_num(gap, "seq"));
    }
    md_heading(md, 2, "Data gaps");
    md_table_close(md, table);
}

void report_md_method(Md *md)
{
    const json_t *drill = json_object_get(md->md_report, "drill");
    const json_t *weights = json_object_get(drill, "weights");
    const json_t *accel = json_object_get(drill, "accel");

    md_heading(md, 2, "Method and limits");
    g_string_append_printf(md->md_out, "- %s: %s; %s %d %%, %s %d %%, %s %d %%\n",
                           md_say(md, "Rules"), md_str(drill, "profile"),
                           md_say(md, "Protection"), (int)md_num(weights, "protection"),
                           md_say(md, "Availability"),
                           (int)md_num(weights, "availability"), md_say(md, "Injects"),
                           (int)md_num(weights, "injects"));
    report_md_prose(md, "method");
    if (json_is_true(json_object_get(drill, "simulated")))
        report_md_prose(md, "simulated-method");
    else if (strcmp(md_str(accel, "accel"), "kvm") != 0)
        report_md_prose(md, *md_str(accel, "accel") ? "emulated" : "unknown-accel");
    if (json_is_true(json_object_get(drill, "rehearsal")))
        report_md_prose(md, "rehearsal");
    g_string_append_c(md->md_out, '\n');
}

void report_md_verify(Md *md)
{
    const json_t *drill = json_object_get(md->md_report, "drill");
    const json_t *journal = json_object_get(md->md_report, "journal");
    g_autofree char *name =
        md_escape(md_str(drill, "name")); /* [a-z0-9-]: stays as it is */
    g_autofree char *key = md_escape(md_str(journal, "public_key"));

    md_heading(md, 2, "How to verify");
    report_md_prose(md, "verify");
    g_string_append_printf(
        md->md_out,
        "```\nparry verify %s\n"
        "parry-verify --root %" JSON_INTEGER_FORMAT ":%s journal.db\n```\n\n",
        name, (json_int_t)md_num(journal, "events"), md_str(journal, "root"));
    if (*key)
        g_string_append_printf(md->md_out, "%s: %s\n\n", md_say(md, "Verifier key"), key);
}
