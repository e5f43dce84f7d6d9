#include "tests/bench/whole.h"

#include "orchestrator/daemon/drill.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/observations.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/daemon/signer.h"

#include <string.h>

static const char beginning[] =
    "parry: 1\n"
    "drill: {name: bench, start: 2026-11-13T09:00, duration: 10h}\n"
    "scope: {authorised-by: Control, safety-officer: Officer, allow: [T1491]}\n"
    "teams:\n"
    "  health: {side: blue, estate: clinic, members: {chan: {}, wong: {}}}\n"
    "networks: {internet: {cidr: 10.0.0.0/16}}\n"
    "estates:\n"
    "  clinic:\n"
    "    hosts:\n";

static Plan *plan_of(guint hosts)
{
    g_autoptr(GString) text = g_string_new(beginning);
    ParryDiags *diags = parry_diags_new();
    Plan *plan;

    for (guint i = 0; i < hosts; i++)
        g_string_append_printf(text,
                               "      h%u: {image: micro, nics: {internet: auto}}\n", i);
    plan = plan_load_bytes("bench.yaml", "/", text->str, text->len,
                           "7d444840-9dc0-51d1-b245-5ffdce74fad2", diags);
    if (!plan)
        g_error("%s", parry_diags_text(diags, FALSE));
    parry_diags_free(diags);
    return plan;
}

Daemon *whole_new(struct event_base *base, const char *dir, guint hosts)
{
    Daemon *d = g_new0(Daemon, 1);
    g_autoptr(GError) error = NULL;

    d->dm_home = g_build_filename(dir, "home", NULL);
    d->dm_dir = g_strdup(dir);
    d->dm_plan = plan_of(hosts);
    d->dm_reason = g_strdup("");
    d->dm_base = base;
    g_queue_init(&d->dm_then);
    d->dm_journal = journal_create(dir, &error);
    if (!d->dm_journal || !signer_open(d, &error))
        g_error("%s", error->message);
    d->dm_ledger = ledger_new(d->dm_plan);
    daemon_modules_new(d);
    daemon_set_state(d, DRILL_PROVISIONING, "bench", "");
    return d;
}

void whole_record(Daemon *d, const struct hub_head *head, const void *body,
                  const void *tail)
{
    hosts_record(d->dm_hosts, head, body, tail);
    observations_record(d->dm_observations, head, body, tail);
    orders_record(d->dm_orders, head, body, tail);
}

guint whole_watched(const Daemon *d)
{
    guint n = 0;

    for (guint i = 0; i < d->dm_plan->p_hosts->len; i++)
        n += hosts_state(d->dm_hosts, (int)i) == HOST_READY;
    return n;
}

void whole_free(Daemon *d)
{
    daemon_modules_free(d);
    signer_close(d);
    ledger_free(d->dm_ledger);
    journal_close(d->dm_journal);
    plan_free(d->dm_plan);
    if (!drill_remove_tree(d->dm_home, NULL))
        g_warning("%s stays", d->dm_home);
    g_free(d->dm_home);
    g_free(d->dm_dir);
    g_free(d->dm_reason);
    g_free(d);
}
