#include "scoreboard/report_provision.h"

#include <string.h>

#define HOSTS_SHOWN 40
#define CHART_CELLS 40

/* The way of a host; each is UTC of the last try, 0: not so far. */
enum { AT_WANTED, AT_ON, AT_HELLO, AT_READY, STEPS };

typedef struct {
    gint64 ho_at_us[STEPS];
    gint64 ho_ref;
    int ho_tries; /* that failed and were followed by another */
    char ho_from[8];
    gboolean ho_failed;
} HostWay;

struct ReportProvision {
    const Plan *rp_plan;
    HostWay *rp_hosts;
    gint64 rp_began_us, rp_ready_us; /* UTC, 0: not */
    json_t *rp_images, *rp_retries, *rp_joined;
    json_t *rp_degraded; /* or NULL */
};

static json_int_t number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* ---- gathering ---- */

static void on_state(ReportProvision *provision, const JournalEvent *event)
{
    const char *to = md_str(event->ev_body, "to");

    if (strcmp(to, "provisioning") == 0 && !provision->rp_began_us)
        provision->rp_began_us = event->ev_at_us;
    if (strcmp(to, "ready") == 0 && !provision->rp_ready_us)
        provision->rp_ready_us = event->ev_at_us;
}

static void on_image(ReportProvision *provision, const JournalEvent *event)
{
    const char *image = md_str(event->ev_body, "image");
    json_t *entry = (json_t *)md_find(provision->rp_images, "image", image);

    if (strcmp(event->ev_kind, "image.wanted/1") == 0 && !entry) {
        json_array_append_new(provision->rp_images,
                              json_pack("{s:s, s:I, s:b, s:I, s:I}", "image", image,
                                        "took_us", (json_int_t)-1, "cached", 0, "ref",
                                        (json_int_t)event->ev_seq, "from_us",
                                        (json_int_t)event->ev_at_us));
    } else if (strcmp(event->ev_kind, "image.done/1") == 0 && entry) {
        json_object_set_new(entry, "took_us",
                            json_integer(event->ev_at_us - number(entry, "from_us")));
        json_object_set(entry, "cached", json_object_get(event->ev_body, "cached"));
    }
}

static void on_retry(ReportProvision *provision, const JournalEvent *event)
{
    json_t *retry = json_copy((json_t *)event->ev_body);

    json_object_set_new(retry, "host", json_string(event->ev_host));
    json_object_set_new(retry, "ref", json_integer(event->ev_seq));
    json_array_append_new(provision->rp_retries, retry);
}

static void on_degraded(ReportProvision *provision, const JournalEvent *event)
{
    json_decref(provision->rp_degraded);
    provision->rp_degraded = json_copy((json_t *)event->ev_body);
    json_object_set_new(provision->rp_degraded, "ref", json_integer(event->ev_seq));
}

static void on_joined(ReportProvision *provision, const JournalEvent *event)
{
    json_array_append_new(provision->rp_joined,
                          json_pack("{s:s, s:I}", "host", event->ev_host, "ref",
                                    (json_int_t)event->ev_seq));
}

/* ---- a host's way ---- */

static void step(HostWay *way, int at, gint64 at_us)
{
    way->ho_at_us[at] = at_us;
    for (int later = at + 1; later < STEPS; later++)
        way->ho_at_us[later] = 0;
    way->ho_failed = FALSE;
}

/* A guest that boots anew while the drill runs is not on this way any more. */
static void on_host(HostWay *way, const JournalEvent *event)
{
    static const struct {
        const char *kind;
        int at;
    } steps[] = {{"domain.wanted/1", AT_WANTED},
                 {"domain.done/1", AT_ON},
                 {"agent.hello/1", AT_HELLO},
                 {"agent.ready/1", AT_READY}};

    if (way->ho_at_us[AT_READY])
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++)
        if (strcmp(event->ev_kind, steps[i].kind) == 0 &&
            (steps[i].at == AT_WANTED || way->ho_at_us[AT_WANTED]))
            step(way, steps[i].at, event->ev_at_us);
    if (strcmp(event->ev_kind, "domain.wanted/1") == 0)
        way->ho_ref = event->ev_seq;
    else if (strcmp(event->ev_kind, "domain.done/1") == 0)
        g_strlcpy(way->ho_from, md_str(event->ev_body, "from"), sizeof(way->ho_from));
    else if (strcmp(event->ev_kind, "domain.failed/1") == 0)
        way->ho_failed = TRUE;
    else if (strcmp(event->ev_kind, "host.retry/1") == 0)
        way->ho_tries += number(event->ev_body, "try") > 0;
}

static const struct {
    const char *kind;
    void (*on)(ReportProvision *provision, const JournalEvent *event);
} ON[] = {
    {"drill.state/1", on_state},       {"image.wanted/1", on_image},
    {"image.done/1", on_image},        {"host.retry/1", on_retry},
    {"drill.degraded/1", on_degraded}, {"host.joined/1", on_joined},
};

void report_provision_event(ReportProvision *provision, const JournalEvent *event)
{
    int host = *event->ev_host ? plan_host_index(provision->rp_plan, event->ev_host) : -1;

    for (gsize i = 0; i < G_N_ELEMENTS(ON); i++)
        if (strcmp(event->ev_kind, ON[i].kind) == 0)
            ON[i].on(provision, event);
    if (host >= 0)
        on_host(&provision->rp_hosts[host], event);
    if (host >= 0 && !provision->rp_began_us)
        provision->rp_began_us = event->ev_at_us;
}

ReportProvision *report_provision_new(const Plan *plan)
{
    ReportProvision *provision = g_new0(ReportProvision, 1);

    provision->rp_plan = plan;
    provision->rp_hosts = g_new0(HostWay, plan->p_hosts->len + 1);
    provision->rp_images = json_array();
    provision->rp_retries = json_array();
    provision->rp_joined = json_array();
    return provision;
}

void report_provision_free(ReportProvision *provision)
{
    if (!provision)
        return;
    json_decref(provision->rp_images);
    json_decref(provision->rp_retries);
    json_decref(provision->rp_joined);
    json_decref(provision->rp_degraded);
    g_free(provision->rp_hosts);
    g_free(provision);
}

/* ---- JSON ---- */

static gint64 between(gint64 from_us, gint64 to_us)
{
    return from_us && to_us ? MAX(to_us - from_us, 0) : -1;
}

/* One without an agent is ready when it is on. */
static gint64 ready_at(const HostWay *way, const PlanHost *host)
{
    return way->ho_at_us[host->ph_agent == AGENT_NONE ? AT_ON : AT_READY];
}

static json_t *host_json(const ReportProvision *provision, guint index)
{
    const HostWay *way = &provision->rp_hosts[index];
    const PlanHost *host = plan_host(provision->rp_plan, (int)index);
    const gint64 *at = way->ho_at_us;
    gint64 ready_us = ready_at(way, host);

    return json_pack(
        "{s:s, s:s, s:i, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "host", host->ph_id, "from",
        way->ho_from, "tries", way->ho_tries + 1, "state",
        ready_us         ? "ready"
        : way->ho_failed ? "failed"
                         : "open",
        "wait_us", (json_int_t)between(provision->rp_began_us, at[AT_WANTED]),
        "domain_us", (json_int_t)between(at[AT_WANTED], at[AT_ON]), "hello_us",
        (json_int_t)between(at[AT_ON], at[AT_HELLO]), "personalise_us",
        (json_int_t)between(at[AT_HELLO], at[AT_READY]), "ready_us",
        (json_int_t)between(provision->rp_began_us, ready_us), "ref",
        (json_int_t)way->ho_ref);
}

/* What never came comes first, then what came last. */
static int by_slowness(gconstpointer a, gconstpointer b)
{
    json_int_t left = number(*(json_t *const *)a, "ready_us");
    json_int_t right = number(*(json_t *const *)b, "ready_us");

    if ((left < 0) != (right < 0))
        return left < 0 ? -1 : 1;
    return left > right ? -1 : left < right;
}

static json_t *hosts_json(const ReportProvision *provision)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    json_t *list = json_array();

    for (guint i = 0; i < provision->rp_plan->p_hosts->len; i++)
        if (provision->rp_hosts[i].ho_ref || provision->rp_hosts[i].ho_failed)
            g_ptr_array_add(all, host_json(provision, i));
    g_ptr_array_sort(all, by_slowness);
    for (guint i = 0; i < all->len; i++)
        json_array_append_new(list, all->pdata[i]);
    return list;
}

json_t *report_provision_json(const ReportProvision *provision)
{
    json_t *hosts = hosts_json(provision), *images = json_deep_copy(provision->rp_images),
           *image;
    gsize i;

    json_array_foreach (images, i, image)
        json_object_del(image, "from_us");
    return json_pack(
        "{s:I, s:I, s:o, s:s, s:o, s:O, s:o, s:O}", "began_at_us",
        (json_int_t)provision->rp_began_us, "took_us",
        (json_int_t)between(provision->rp_began_us, provision->rp_ready_us), "images",
        images, "slowest", md_str(json_array_get(hosts, 0), "host"), "hosts", hosts,
        "retries", provision->rp_retries, "degraded",
        provision->rp_degraded ? json_incref(provision->rp_degraded) : json_null(),
        "joined", provision->rp_joined);
}

/* ---- Markdown ---- */

static char *seconds(gint64 us)
{
    return us < 0 ? g_strdup("–")
                  : g_strdup_printf("%.1f s", (double)us / G_USEC_PER_SEC);
}

/* Each step by its shade, over the time that the slowest one took. */
static char *chart(const json_t *host, gint64 span_us)
{
    static const struct {
        const char *key, *shade;
    } steps[] = {
        {"wait_us", "·"}, {"domain_us", "░"}, {"hello_us", "▒"}, {"personalise_us", "█"}};
    GString *out = g_string_new(NULL);
    gint64 at_us = 0, cell = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
        at_us += MAX(md_num(host, steps[i].key), 0);
        for (; cell < MIN(at_us * CHART_CELLS / MAX(span_us, 1), CHART_CELLS); cell++)
            g_string_append(out, steps[i].shade);
    }
    return g_string_free(out, FALSE);
}

static gint64 longest(const json_t *hosts)
{
    static const char *const keys[] = {"wait_us", "domain_us", "hello_us",
                                       "personalise_us"};
    gint64 most = 0;
    const json_t *host;
    gsize i;

    json_array_foreach (hosts, i, host) {
        gint64 all = 0;
        for (gsize k = 0; k < G_N_ELEMENTS(keys); k++)
            all += MAX(md_num(host, keys[k]), 0);
        most = MAX(most, all);
    }
    return most;
}

static void host_row(const Md *md, MdTable *table, const json_t *host, gint64 span_us)
{
    const char *from = md_str(host, "from");

    md_cell(table, md_str(host, "host"));
    md_cell(table,
            strcmp(from, "golden") == 0 ? md_say(md, "memory clone") : md_say(md, from));
    md_cell_take(table, g_strdup_printf("%d", (int)md_num(host, "tries")));
    md_cell_take(table, seconds(md_num(host, "wait_us")));
    md_cell_take(table, seconds(md_num(host, "domain_us")));
    md_cell_take(table, seconds(md_num(host, "hello_us")));
    md_cell_take(table, seconds(md_num(host, "personalise_us")));
    if (md_num(host, "ready_us") >= 0)
        md_cell_take(table, seconds(md_num(host, "ready_us")));
    else
        md_cell(table, md_say(md, md_str(host, "state")));
    md_cell_take(table, chart(host, span_us));
    md_cell_seq(table, md_num(host, "ref"));
}

static void hosts_table(Md *md, const json_t *hosts)
{
    MdTable *table = md_table_said(
        md, "Host\tMade from\t>Tries\t>Waited\t>Disk and VM\t>Until hello\t>Set up\t"
            ">Ready after\tTime\t>Events");
    gint64 span_us = longest(hosts);
    const json_t *host;
    gsize i;

    json_array_foreach (hosts, i, host)
        if (i < HOSTS_SHOWN)
            host_row(md, table, host, span_us);
    md_table_close(md, table);
    report_md_prose(md, "provisioning");
}

static void images_table(Md *md, const json_t *images)
{
    MdTable *table = md_table_said(md, "Image\t>Took\tWhat\t>Events");
    const json_t *image;
    gsize i;

    json_array_foreach (images, i, image) {
        md_cell(table, md_str(image, "image"));
        md_cell_take(table, seconds(md_num(image, "took_us")));
        md_cell(table, json_is_true(json_object_get(image, "cached"))
                           ? md_say(md, "from the cache")
                           : md_say(md, "built"));
        md_cell_seq(table, md_num(image, "ref"));
    }
    md_table_close(md, table);
}

static void retries_table(Md *md, const json_t *retries)
{
    MdTable *table = md_table_said(md, "Host\t>Try\tWhy\t>Events");
    const json_t *retry;
    gsize i;

    json_array_foreach (retries, i, retry) {
        md_cell(table, md_str(retry, "host"));
        md_cell_take(table, g_strdup_printf("%d/%d", (int)md_num(retry, "try"),
                                            (int)md_num(retry, "of")));
        md_cell(table, md_str(retry, "reason"));
        md_cell_seq(table, md_num(retry, "ref"));
    }
    md_heading(md, 3, "Tried again");
    md_table_close(md, table);
}

static char *joined(const json_t *list)
{
    GString *out = g_string_new(NULL);
    const json_t *item;
    gsize i;

    json_array_foreach (list, i, item) {
        const char *text =
            json_is_string(item) ? json_string_value(item) : md_str(item, "host");
        g_string_append_printf(out, "%s%s", i ? ", " : "", text);
    }
    return g_string_free(out, FALSE);
}

static void degraded_table(Md *md, const json_t *provisioning)
{
    const json_t *degraded = json_object_get(provisioning, "degraded");
    MdTable *table = md_table_said(md, "What\tValue");

    md_pair(md, table, "Agreed by", g_strdup(md_str(degraded, "by")));
    md_pair(md, table, "Hosts that were missing",
            joined(json_object_get(degraded, "hosts")));
    md_pair(md, table, "Checks that count for nobody",
            joined(json_object_get(degraded, "checks")));
    md_pair(md, table, "Attacks that fell away",
            joined(json_object_get(degraded, "injects")));
    md_pair(md, table, "Came later", joined(json_object_get(provisioning, "joined")));
    md_heading(md, 3, "Begun without hosts that failed");
    md_table_close(md, table);
}

void report_md_provision(Md *md)
{
    const json_t *provisioning = json_object_get(md->md_report, "provisioning");
    const json_t *hosts = json_object_get(provisioning, "hosts");
    g_autofree char *took = seconds(md_num(provisioning, "took_us"));
    g_autofree char *slowest = md_escape(md_str(provisioning, "slowest"));

    if (!json_array_size(hosts))
        return;
    md_heading(md, 2, "How the range was made");
    g_string_append_printf(md->md_out, "%s: %s. %s: %s.\n\n",
                           md_say(md, "From the beginning to ready"), took,
                           md_say(md, "Slowest"), slowest);
    images_table(md, json_object_get(provisioning, "images"));
    hosts_table(md, hosts);
    if (json_array_size(json_object_get(provisioning, "retries")))
        retries_table(md, json_object_get(provisioning, "retries"));
    if (json_is_object(json_object_get(provisioning, "degraded")))
        degraded_table(md, provisioning);
}
