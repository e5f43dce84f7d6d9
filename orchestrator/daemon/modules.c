#include "orchestrator/daemon/checks.h"
#include "orchestrator/daemon/clones.h"
#include "orchestrator/daemon/consoles.h"
#include "orchestrator/daemon/daemon.h"
#include "orchestrator/daemon/director.h"
#include "orchestrator/daemon/holding.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/injects.h"
#include "orchestrator/daemon/isolation.h"
#include "orchestrator/daemon/observations.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/daemon/pacing.h"
#include "orchestrator/daemon/points.h"
#include "orchestrator/daemon/provision.h"
#include "orchestrator/daemon/reset_asks.h"
#include "orchestrator/daemon/resets.h"
#include "orchestrator/daemon/residue.h"
#include "orchestrator/daemon/resume.h"
#include "orchestrator/daemon/roster.h"
#include "orchestrator/daemon/scripts.h"
#include "orchestrator/daemon/signer.h"
#include "orchestrator/daemon/silence.h"
#include "orchestrator/daemon/terminals.h"
#include "orchestrator/daemon/watches.h"

#include <unistd.h>

static void record_start(Daemon *d)
{
    json_t *defined = json_pack(
        "{s:s, s:s, s:o, s:s, s:s, s:s, s:s, s:b}", "name", d->dm_plan->p_name, "uuid",
        d->dm_plan->p_uuid, "title", parry_text_to_json(d->dm_plan->p_title),
        "scenario_sha256", d->dm_plan->p_scenario_sha256, "rules_sha256",
        d->dm_plan->p_rules_sha256, "public_key", signer_public(d), "version",
        PARRY_VERSION, "rehearsal", d->dm_rehearsal);

    if (d->dm_simulated)
        json_object_set_new(defined, "simulated", json_true());
    daemon_event(d, "drill.defined/1", "parryd", -1, -1, 0, defined);
    daemon_started(d);
}

gint64 daemon_started(Daemon *d)
{
    char boot[40];

    clock_boot_id(boot);
    return daemon_event(d, "daemon.started/1", "parryd", -1, -1, 0,
                        json_pack("{s:i, s:s, s:s, s:I}", "pid", (int)getpid(), "version",
                                  PARRY_VERSION, "boot_id", boot, "boottime_us",
                                  (json_int_t)clock_boottime_us()));
}

void daemon_modules_new(Daemon *d)
{
    if (!journal_committed(d->dm_journal))
        record_start(d);
    d->dm_pacing = pacing_new(d);
    d->dm_director = director_new(d);
    d->dm_holding = holding_new(d);
    d->dm_orders = orders_new(d);
    d->dm_hosts = hosts_new(d);
    d->dm_silence = silence_new(d);
    d->dm_residue = residue_new(d);
    d->dm_roster = roster_new(d);
    d->dm_checks = checks_new(d);
    d->dm_isolation = isolation_new(d);
    d->dm_provision = provision_new(d);
    d->dm_clones = d->dm_simulated ? NULL : clones_new(d);
    d->dm_resets = d->dm_simulated ? NULL : resets_new(d);
    d->dm_points = d->dm_simulated ? NULL : points_new(d);
    d->dm_reset_asks = reset_asks_new(d);
    d->dm_injects = injects_new(d);
    d->dm_watches = watches_new(d);
    d->dm_scripts = scripts_new(d);
    d->dm_terminals = terminals_new(d);
    d->dm_consoles = consoles_new(d);
    d->dm_observations = observations_new(d);
}

void daemon_modules_free(Daemon *d)
{
    provision_free(d->dm_provision);
    consoles_free(d->dm_consoles);
    observations_free(g_steal_pointer(&d->dm_observations));
    terminals_free(d->dm_terminals);
    scripts_free(d->dm_scripts);
    watches_free(d->dm_watches);
    injects_free(d->dm_injects);
    isolation_free(d->dm_isolation);
    checks_free(d->dm_checks);
    points_free(d->dm_points);
    reset_asks_free(d->dm_reset_asks);
    resets_free(d->dm_resets);
    clones_free(d->dm_clones);
    residue_free(d->dm_residue);
    silence_free(d->dm_silence);
    roster_free(d->dm_roster);
    hosts_free(d->dm_hosts);
    orders_free(d->dm_orders);
    holding_free(g_steal_pointer(&d->dm_holding));
    resume_free(d);
    director_free(d->dm_director);
    pacing_free(d->dm_pacing);
}
