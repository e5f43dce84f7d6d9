#include "scoreboard/report_observed.h"

#include "scoreboard/md.h"
#include "scoreboard/words.h"

#include <string.h>

static const char *const where[] = {"kernel", "queue", "channel", "hub"};

struct ReportObserved {
    const Plan *ro_plan;
    json_t **ro_hosts; /* by host, NULL: nothing yet */
};

static json_int_t num(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void add(json_t *object, const char *key, gint64 more)
{
    json_object_set_new(object, key, json_integer(num(object, key) + more));
}

/* ---- gathering ---- */

static json_t *entry_of(ReportObserved *observed, const char *id)
{
    int host = plan_host_index(observed->ro_plan, id);

    if (host < 0)
        return NULL;
    if (!observed->ro_hosts[host])
        observed->ro_hosts[host] =
            json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:[], s:n}", "host", id, "rows", 0,
                      "kernel", 0, "queue", 0, "channel", 0, "hub", 0, "gaps", "clock");
    return observed->ro_hosts[host];
}

static void on_batch(ReportObserved *observed, const JournalEvent *event)
{
    const json_t *hosts = json_object_get(event->ev_body, "hosts");
    const json_t *counts = json_object_get(event->ev_body, "counts");

    for (gsize i = 0; i < json_array_size(hosts); i++) {
        const char *id = json_string_value(json_array_get(hosts, i));
        json_t *entry = id ? entry_of(observed, id) : NULL;
        if (entry)
            add(entry, "rows", json_integer_value(json_array_get(counts, i)));
    }
}

static void on_gap(ReportObserved *observed, const JournalEvent *event)
{
    json_t *entry = entry_of(observed, event->ev_host), *gap;

    if (!entry)
        return;
    gap = json_pack("{s:I, s:I, s:I}", "from_us", num(event->ev_body, "from_us"), "to_us",
                    num(event->ev_body, "to_us"), "ref", (json_int_t)event->ev_seq);
    if (json_object_get(event->ev_body, "why"))
        json_object_set(gap, "why", json_object_get(event->ev_body, "why"));
    for (gsize i = 0; i < G_N_ELEMENTS(where); i++) {
        json_object_set_new(gap, where[i], json_integer(num(event->ev_body, where[i])));
        add(entry, where[i], num(event->ev_body, where[i]));
    }
    json_array_append_new(json_object_get(entry, "gaps"), gap);
}

static void on_clock(ReportObserved *observed, const JournalEvent *event)
{
    json_t *entry = entry_of(observed, event->ev_host);
    const json_t *body = event->ev_body;

    if (entry)
        json_object_set_new(
            entry, "clock",
            json_pack("{s:I, s:I, s:I, s:I}", "offset_us", num(body, "offset_us"),
                      "drift_ppb", num(body, "drift_ppb"), "rtt_us", num(body, "rtt_us"),
                      "ref", (json_int_t)event->ev_seq));
}

static const struct {
    const char *kind;
    void (*on)(ReportObserved *observed, const JournalEvent *event);
} ON[] = {
    {"observe.batch/1", on_batch},
    {"observe.gap/1", on_gap},
    {"agent.clock/1", on_clock},
};

void report_observed_event(ReportObserved *observed, const JournalEvent *event)
{
    for (gsize i = 0; i < G_N_ELEMENTS(ON); i++)
        if (strcmp(event->ev_kind, ON[i].kind) == 0)
            ON[i].on(observed, event);
}

ReportObserved *report_observed_new(const Plan *plan)
{
    ReportObserved *observed = g_new0(ReportObserved, 1);

    observed->ro_plan = plan;
    observed->ro_hosts = g_new0(json_t *, plan->p_hosts->len + 1);
    for (guint i = 0; i < plan->p_hosts->len; i++)
        if (plan_host(plan, (int)i)->ph_watch_rate > 0)
            entry_of(observed, plan_host(plan, (int)i)->ph_id);
    return observed;
}

void report_observed_free(ReportObserved *observed)
{
    if (!observed)
        return;
    for (guint i = 0; i < observed->ro_plan->p_hosts->len; i++)
        json_decref(observed->ro_hosts[i]);
    g_free(observed->ro_hosts);
    g_free(observed);
}

/* ---- the JSON ---- */

json_t *report_observed_json(const ReportObserved *observed)
{
    json_t *hosts = json_array();

    for (guint i = 0; i < observed->ro_plan->p_hosts->len; i++)
        if (observed->ro_hosts[i])
            json_array_append(hosts, observed->ro_hosts[i]);
    return hosts;
}

/* ---- words ---- */

static char *utc(gint64 at_us)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(at_us / G_USEC_PER_SEC);

    return time ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S") : g_strdup("?");
}

char *report_observed_words(const JournalEvent *event)
{
    const json_t *body = event->ev_body;
    const char *why = json_string_value(json_object_get(body, "why"));
    g_autofree char *from = utc(num(body, "from_us")), *to = utc(num(body, "to_us"));
    g_autoptr(GString) out = g_string_new(NULL);

    g_string_append_printf(out,
                           "observation was incomplete between %s and %s UTC on host %s",
                           from, to, event->ev_host);
    for (gsize i = 0; i < G_N_ELEMENTS(where); i++)
        if (num(body, where[i]))
            g_string_append_printf(out, ", %" JSON_INTEGER_FORMAT " lost (%s)",
                                   num(body, where[i]), where[i]);
    if (why)
        g_string_append_printf(out, ": %s", why);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* ---- the section ---- */

static void cell_number(MdTable *table, json_int_t number)
{
    md_cell_take(table, g_strdup_printf("%" JSON_INTEGER_FORMAT, number));
}

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));

    return value ? value : "";
}

static MdTable *table_new(const Md *md, const char *const *headings)
{
    g_autoptr(GString) all = g_string_new(NULL);

    for (guint i = 0; headings[i]; i++) {
        gboolean right = *headings[i] == '>';
        g_string_append_printf(all, "%s%s%s", i ? "\t" : "", right ? ">" : "",
                               word_in(md->md_lang, headings[i] + right));
    }
    return md_table_new(all->str);
}

static void host_row(MdTable *table, const json_t *host)
{
    const json_t *clock = json_object_get(host, "clock");

    md_cell(table, text(host, "host"));
    cell_number(table, num(host, "rows"));
    for (gsize i = 0; i < G_N_ELEMENTS(where); i++)
        cell_number(table, num(host, where[i]));
    cell_number(table, (json_int_t)json_array_size(json_object_get(host, "gaps")));
    if (json_is_object(clock))
        md_cell_take(table, g_strdup_printf("%+.3f s", (double)num(clock, "offset_us") /
                                                           (double)G_USEC_PER_SEC));
    else
        md_cell(table, "–");
}

void report_md_observed(Md *md)
{
    static const char *const heads[] = {"Host",         ">Rows",          ">Lost: kernel",
                                        ">Lost: agent", ">Lost: channel", ">Lost: hub",
                                        ">Gaps",        ">Clock off",     NULL};
    const json_t *hosts = json_object_get(md->md_report, "observed"), *host;
    gsize i;

    if (!json_array_size(hosts))
        return;
    MdTable *table = table_new(md, heads);
    json_array_foreach (hosts, i, host)
        host_row(table, host);
    g_string_append_printf(md->md_out, "## %s\n\n",
                           word_in(md->md_lang, "What was observed"));
    md_table_end(table, md->md_out);
}
