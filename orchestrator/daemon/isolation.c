#include "orchestrator/daemon/isolation.h"

#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/orders.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#define PROBE_DEADLINE_MS 4000
#define PROBE_TIMEOUT_US (30 * G_USEC_PER_SEC)
#define PROBE_TRIES 4
#define PROBE_ROWS_MAX 128
#define INSPECT_EVERY_S 60

/* Addresses that answer nowhere (RFC 5737): only a way out of the range could reach them.
 */
#define OUTSIDE_ADDR "198.51.100.1"
#define RESOLVER_ADDR "192.0.2.53"

struct Isolation {
    Daemon *is_daemon;
    IsolationDone is_done; /* NULL: no proof is under way */
    guint is_waiting;
    GString *is_findings;
    guint is_rows;
    json_t *is_addresses;    /* of this machine, as text */
    GHashTable *is_expected; /* host index -> json array of booleans */
    int *is_tries;           /* by host: probes of this proof */
    struct event *is_look;
    GArray *is_joined; /* of int: hosts that came later, not asked yet */
};

static void inspect(Isolation *isolation);
static void joined_prove(Isolation *isolation);
static void while_running(Daemon *d, gboolean proved, const char *findings);

static void on_look(evutil_socket_t fd, short what, void *data)
{
    Isolation *isolation = data;

    (void)fd;
    (void)what;
    if (isolation->is_daemon->dm_state == DRILL_RUNNING && !isolation->is_done)
        inspect(isolation);
}

/* This machine's own IPv4 addresses: what "the hypervisor" is to a guest. */
static json_t *own_addresses(void)
{
    json_t *list = json_array();
    struct ifaddrs *all = NULL;

    if (getifaddrs(&all) < 0)
        return list;
    for (struct ifaddrs *at = all; at; at = at->ifa_next) {
        char text[INET_ADDRSTRLEN];
        if (!at->ifa_addr || at->ifa_addr->sa_family != AF_INET ||
            (at->ifa_flags & IFF_LOOPBACK))
            continue;
        inet_ntop(AF_INET, &((struct sockaddr_in *)at->ifa_addr)->sin_addr, text,
                  sizeof(text));
        json_array_append_new(list, json_string(text));
    }
    freeifaddrs(all);
    return list;
}

Isolation *isolation_new(Daemon *d)
{
    Isolation *isolation = g_new0(Isolation, 1);
    struct timeval tv = {INSPECT_EVERY_S, 0};

    isolation->is_daemon = d;
    isolation->is_joined = g_array_new(FALSE, FALSE, sizeof(int));
    isolation->is_findings = g_string_new(NULL);
    isolation->is_tries = g_new0(int, d->dm_plan->p_hosts->len + 1);
    isolation->is_addresses = own_addresses();
    isolation->is_expected =
        g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)json_decref);
    isolation->is_look = event_new(d->dm_base, -1, EV_PERSIST, on_look, isolation);
    event_add(isolation->is_look, &tv);
    return isolation;
}

void isolation_free(Isolation *isolation)
{
    if (!isolation)
        return;
    event_free(isolation->is_look);
    g_array_unref(isolation->is_joined);
    g_string_free(isolation->is_findings, TRUE);
    json_decref(isolation->is_addresses);
    g_hash_table_unref(isolation->is_expected);
    g_free(isolation->is_tries);
    g_free(isolation);
}

static void add_row(json_t *rows, json_t *expected, const char *name, const char *kind,
                    const char *addr, int port, gboolean reach)
{
    if (json_array_size(rows) >= PROBE_ROWS_MAX)
        return;
    json_array_append_new(rows, json_pack("[s, s, s, i]", name, kind, addr, port));
    json_array_append_new(expected, json_boolean(reach));
}

static gboolean addr_planned(const Plan *plan, int network, guint32 addr)
{
    for (guint i = 0; i < plan->p_hosts->len; i++) {
        const PlanHost *host = plan_host(plan, (int)i);
        for (guint n = 0; n < host->ph_nics->len; n++) {
            const PlanNic *nic = host->ph_nics->pdata[n];
            if (nic->ni_network == network && nic->ni_addr == addr)
                return TRUE;
        }
    }
    return FALSE;
}

/* Where a hypervisor usually sits on a bridge: the first and the last address. */
static void add_bridge_rows(const Plan *plan, const PlanHost *host, json_t *rows,
                            json_t *expected)
{
    for (guint i = 0; i < host->ph_nics->len; i++) {
        const PlanNic *nic = host->ph_nics->pdata[i];
        const PlanNetwork *net = plan_network(plan, nic->ni_network);
        guint32 size = 1u << (32 - net->pn_prefix);
        guint32 ends[] = {net->pn_addr + 1, net->pn_addr + size - 2};
        for (guint e = 0; e < G_N_ELEMENTS(ends); e++) {
            g_autofree char *addr = plan_addr_text(ends[e]);
            g_autofree char *name = g_strdup_printf("hypervisor on %s", net->pn_id);
            if (!addr_planned(plan, nic->ni_network, ends[e]))
                add_row(rows, expected, name, "gateway", addr, 0, FALSE);
        }
    }
}

static const PlanNic *shared_nic(const Plan *plan, const PlanHost *host)
{
    for (guint i = 0; i < host->ph_nics->len; i++) {
        const PlanNic *nic = host->ph_nics->pdata[i];
        if (plan_network(plan, nic->ni_network)->pn_team < 0)
            return nic;
    }
    return NULL;
}

/* A blue's host must not reach another blue, by ping and by the ports that it publishes.
 */
static void add_team_rows(const Plan *plan, const PlanHost *host, json_t *rows,
                          json_t *expected)
{
    if (host->ph_owner != SIDE_BLUE)
        return;
    for (guint i = 0; i < plan->p_hosts->len; i++) {
        const PlanHost *other = plan_host(plan, (int)i);
        const PlanNic *nic = shared_nic(plan, other);
        if (!nic || other->ph_team == host->ph_team || other->ph_owner != SIDE_BLUE)
            continue;
        g_autofree char *addr = plan_addr_text(nic->ni_addr);
        g_autofree char *name = g_strdup_printf("other team: %s", other->ph_id);
        const PlanPublish *publish =
            other->ph_publish->len ? other->ph_publish->pdata[0] : NULL;
        add_row(rows, expected, name, "ping", addr, 0, FALSE);
        add_row(rows, expected, name, "tcp", addr, publish ? publish->pp_port : 22,
                FALSE);
    }
}

/* The controls: what must be reached, so that silence elsewhere proves something. */
static void add_control_rows(const PlanHost *host, json_t *rows, json_t *expected)
{
    for (guint i = 0; i < host->ph_routes->len; i++) {
        const PlanRoute *route = host->ph_routes->pdata[i];
        g_autofree char *addr = plan_addr_text(route->pr_via);
        add_row(rows, expected, "control: own router", "gateway", addr, 0, TRUE);
    }
}

json_t *isolation_rows(const Plan *plan, const PlanHost *host, json_t *host_addresses,
                       json_t **expected)
{
    json_t *rows = json_array(), *addr;
    gsize i;

    *expected = json_array();
    add_control_rows(host, rows, *expected);
    add_bridge_rows(plan, host, rows, *expected);
    json_array_foreach (host_addresses, i, addr) {
        add_row(rows, *expected, "hypervisor", "tcp", json_string_value(addr), 22, FALSE);
        add_row(rows, *expected, "hypervisor", "ping", json_string_value(addr), 0, FALSE);
    }
    add_row(rows, *expected, "outside", "tcp", OUTSIDE_ADDR, 443, FALSE);
    add_row(rows, *expected, "outside", "ping", OUTSIDE_ADDR, 0, FALSE);
    add_row(rows, *expected, "DNS", "udp", RESOLVER_ADDR, 53, FALSE);
    add_team_rows(plan, host, rows, *expected);
    return rows;
}

static void finding(Isolation *isolation, const char *where, const char *what,
                    const char *text)
{
    GString *all = isolation->is_findings;

    if (all->len > 2000)
        return;
    g_string_append_printf(all, "%s%s: %s%s%s", all->len ? "; " : "", where, what,
                           text && *text ? ": " : "", text ? text : "");
}

static void proof_end(Isolation *isolation)
{
    Daemon *d = isolation->is_daemon;
    IsolationDone done = isolation->is_done;
    gboolean proved = isolation->is_findings->len == 0;

    isolation->is_done = NULL;
    /* Once a minute while it runs: the round is recorded, "proved" is said at the gate
     * only. */
    if (proved && done != while_running)
        daemon_event(d, "isolation.proved/1", "parryd", -1, -1, 0,
                     json_pack("{s:i}", "checks", (int)isolation->is_rows));
    if (!proved)
        daemon_event(d, "isolation.broken/1", "parryd", -1, -1, 0,
                     json_pack("{s:s}", "findings", isolation->is_findings->str));
    done(d, proved, isolation->is_findings->str);
    joined_prove(isolation);
}

static void proof_step(Isolation *isolation)
{
    if (--isolation->is_waiting == 0)
        proof_end(isolation);
}

/* Joins what was seen with what was expected; each surprise is a finding. */
static json_t *judge_rows(Isolation *isolation, const char *where, json_t *seen,
                          json_t *expected, gboolean *ok)
{
    json_t *out = json_array(), *row;
    gsize i;

    *ok = json_array_size(seen) == json_array_size(expected);
    if (!*ok)
        finding(isolation, where, "rows are missing from the answer", NULL);
    json_array_foreach (seen, i, row) {
        const char *name = json_string_value(json_array_get(row, 0));
        const char *text = json_string_value(json_array_get(row, 2));
        gboolean reached = json_is_true(json_array_get(row, 1));
        gboolean want = json_is_true(json_array_get(expected, i));
        if (reached != want) {
            *ok = FALSE;
            g_autofree char *what =
                g_strdup_printf("%s %s", name, reached ? "is reached" : "is not reached");
            finding(isolation, where, what, text);
        }
        json_array_append_new(out, json_pack("[s, b, b, s]", name ? name : "", reached,
                                             want, text ? text : ""));
    }
    isolation->is_rows += json_array_size(seen);
    return out;
}

gboolean isolation_says_nothing(const json_t *seen, const json_t *expected)
{
    gboolean silent = FALSE;
    const json_t *row;
    gsize i;

    json_array_foreach (seen, i, row) {
        gboolean reached = json_is_true(json_array_get(row, 1));
        gboolean want = json_is_true(json_array_get(expected, i));

        if (reached && !want)
            return FALSE;
        silent = silent || (want && !reached);
    }
    return silent;
}

static void probe_ask(Isolation *isolation, int host);

static void on_probed(Daemon *d, gint64 id, gboolean answered, const char *text,
                      json_t *rows, gpointer data)
{
    Isolation *isolation = d->dm_isolation;
    int host = GPOINTER_TO_INT(data);
    const char *name = plan_host(d->dm_plan, host)->ph_id;
    json_t *expected = g_hash_table_lookup(isolation->is_expected, data);
    json_t *seen = NULL;
    gboolean ok = FALSE;

    if (answered && isolation->is_tries[host] < PROBE_TRIES &&
        isolation_says_nothing(rows, expected)) {
        probe_ask(isolation, host);
        return;
    }
    if (answered)
        seen = judge_rows(isolation, name, rows, expected, &ok);
    else
        finding(isolation, name, "the probe was not answered", text);
    daemon_event(d, "isolation.round/1", "agent", -1, host, id,
                 json_pack("{s:o, s:b, s:i}", "rows", seen ? seen : json_array(), "ok",
                           ok, "tries", isolation->is_tries[host]));
    proof_step(isolation);
}

static void inspect_done(json_t *rows, const GError *error, gpointer data)
{
    Isolation *isolation = data;
    Daemon *d = isolation->is_daemon;
    json_t *out = json_array(), *row;
    gboolean ok = error == NULL;
    gsize i;

    if (error)
        finding(isolation, "host side", "could not be inspected", error->message);
    json_array_foreach (rows, i, row) {
        gboolean bad = json_is_true(json_array_get(row, 1));
        if (bad)
            finding(isolation, "host side", json_string_value(json_array_get(row, 0)),
                    json_string_value(json_array_get(row, 3)));
        ok = ok && !bad;
        json_array_append(out, row);
    }
    isolation->is_rows += json_array_size(rows);
    daemon_event(d, "isolation.round/1", "parryd", -1, -1, 0,
                 json_pack("{s:o, s:b}", "rows", out, "ok", ok));
    json_decref(rows);
    proof_step(isolation);
}

static void on_suspended(guint count, const GError *error, gpointer data)
{
    (void)data;
    if (error)
        g_warning("isolation is broken: %u VMs suspended, then: %s", count,
                  error->message);
}

/* Evidence from the host side: everything stands still until white has looked. */
static void while_running(Daemon *d, gboolean proved, const char *findings)
{
    if (proved || d->dm_state != DRILL_RUNNING)
        return;
    daemon_set_state(d, DRILL_PAUSED, "parryd", findings);
    range_suspend_all(d->dm_range, on_suspended, NULL);
}

static void inspect(Isolation *isolation)
{
    isolation->is_done = while_running;
    isolation->is_rows = 0;
    isolation->is_waiting = 1;
    g_string_truncate(isolation->is_findings, 0);
    range_inspect(isolation->is_daemon->dm_range, inspect_done, isolation);
}

static void probe_ask(Isolation *isolation, int host)
{
    Daemon *d = isolation->is_daemon;
    json_t *expected;
    json_t *rows = isolation_rows(d->dm_plan, plan_host(d->dm_plan, host),
                                  isolation->is_addresses, &expected);

    g_hash_table_insert(isolation->is_expected, GINT_TO_POINTER(host), expected);
    isolation->is_tries[host]++;
    orders_ask(d->dm_orders, host, "probe",
               json_pack("{s:s, s:i, s:o}", "k", "probe", "deadline_ms",
                         PROBE_DEADLINE_MS, "rows", rows),
               PROBE_TIMEOUT_US, on_probed, GINT_TO_POINTER(host));
}

static void probe_host(Isolation *isolation, int host)
{
    isolation->is_tries[host] = 0;
    isolation->is_waiting++;
    probe_ask(isolation, host);
}

/* Nobody inside can be asked: its ports, filters and devices are looked at from the host
 * side like everyone's, and the proof says that this is all. */
static void note_agentless(Isolation *isolation, int host)
{
    json_t *row = json_pack("[s, b, b, s]", "from inside", 0, 0,
                            "not asked: it has no agent; proved from the host side");

    daemon_event(isolation->is_daemon, "isolation.round/1", "parryd", -1, host, 0,
                 json_pack("{s:[o], s:b}", "rows", row, "ok", 1));
}

void isolation_prove(Isolation *isolation, IsolationDone done)
{
    Daemon *d = isolation->is_daemon;

    inspect(isolation);
    isolation->is_done = done;
    for (guint i = 0; i < d->dm_plan->p_hosts->len; i++)
        if (plan_host(d->dm_plan, (int)i)->ph_agent == AGENT_NONE)
            note_agentless(isolation, (int)i);
        else if (hosts_state(d->dm_hosts, (int)i) == HOST_READY)
            probe_host(isolation, (int)i);
}

/* ---- hosts that came later ---- */

/* What is found before the drill runs holds it back as at the gate. */
static void on_joined(Daemon *d, gboolean proved, const char *findings)
{
    g_autofree char *reason = g_strdup_printf("isolation is not proved: %s", findings);

    if (!proved && d->dm_state == DRILL_READY)
        daemon_set_state(d, DRILL_FAILED, "parryd", reason);
    else
        while_running(d, proved, findings);
}

static void joined_prove(Isolation *isolation)
{
    g_autoptr(GArray) joined = NULL;

    if (isolation->is_done || !isolation->is_joined->len ||
        !isolation->is_daemon->dm_range)
        return;
    joined = isolation->is_joined;
    isolation->is_joined = g_array_new(FALSE, FALSE, sizeof(int));
    inspect(isolation);
    isolation->is_done = on_joined;
    for (guint i = 0; i < joined->len; i++)
        probe_host(isolation, g_array_index(joined, int, i));
}

void isolation_joined(Isolation *isolation, int host)
{
    g_array_append_val(isolation->is_joined, host);
    joined_prove(isolation);
}
