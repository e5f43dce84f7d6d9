#include "orchestrator/sim/sim.h"

#include "orchestrator/daemon/director.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/resume.h"
#include "orchestrator/daemon/signer.h"
#include "orchestrator/sim/agents.h"
#include "scenarios/base/duration.h"

G_DEFINE_QUARK(parry - sim - error - quark, sim_error)

#define CONTROLLER "simulated:controller"
/* A real drill signs every minute of wall time; here an hour of the drill is nothing. */
#define SIGN_EVERY_US ((gint64)3600 * G_USEC_PER_SEC)

typedef struct {
    Daemon si_daemon;
    Facts *si_facts;
    Agents *si_agents;
    SimStop si_stop;
    SimKill si_kill;
    gpointer si_kill_data;
    SimResult *si_result;
    gint64 si_signed_us; /* drill time of the last checkpoint */
} Sim;

void sim_result_clear(SimResult *result)
{
    g_clear_pointer(&result->sr_notes, g_ptr_array_unref);
}

/* The daemon of a new journal, or one that takes up what another left. */
static gboolean sim_open(Sim *sim, gboolean again, GError **error)
{
    Daemon *d = &sim->si_daemon;

    g_queue_init(&d->dm_then);
    d->dm_killed = sim->si_kill;
    d->dm_killed_data = sim->si_kill_data;
    d->dm_reason = g_strdup("");
    d->dm_rehearsal = TRUE;
    d->dm_simulated = TRUE;
    d->dm_clock.ck_leaps_only = TRUE;
    /* Modules put timers on it, and nobody dispatches them: no wall time passes here. */
    d->dm_base = event_base_new();
    d->dm_journal =
        again ? journal_open(d->dm_dir, error) : journal_create(d->dm_dir, error);
    if (!d->dm_journal || !journal_hurry(d->dm_journal, error) || !signer_open(d, error))
        return FALSE;
    d->dm_ledger = ledger_new(d->dm_plan);
    daemon_modules_new(d);
    if (sim->si_agents) {
        agents_attach(sim->si_agents, d);
    } else {
        sim->si_facts = facts_new(d->dm_plan);
        sim->si_agents = agents_new(d, sim->si_facts);
    }
    return !journal_committed(d->dm_journal) || resume_drill(d, error);
}

static void sim_close_daemon(Sim *sim)
{
    Daemon *d = &sim->si_daemon;

    if (d->dm_ledger)
        daemon_modules_free(d);
    signer_close(d);
    ledger_free(d->dm_ledger);
    journal_close(d->dm_journal);
    event_base_free(d->dm_base);
    g_free(d->dm_reason);
}

static void sim_close(Sim *sim)
{
    sim_close_daemon(sim);
    agents_free(sim->si_agents);
    facts_free(sim->si_facts);
}

/* The range and its agents stay; all that the daemon had not committed is gone. */
static gboolean sim_open_again(Sim *sim, GError **error)
{
    const Daemon old = sim->si_daemon;

    sim_close_daemon(sim);
    sim->si_daemon =
        (Daemon){.dm_home = old.dm_home, .dm_dir = old.dm_dir, .dm_plan = old.dm_plan};
    sim->si_result->sr_killed++;
    return sim_open(sim, TRUE, error);
}

static void sim_sign(Sim *sim)
{
    Daemon *d = &sim->si_daemon;

    if (daemon_now(d) - sim->si_signed_us < SIGN_EVERY_US)
        return;
    sim->si_signed_us = daemon_now(d);
    signer_checkpoint(d);
}

/* A pause waits for white, and here white does not let it wait. */
static void sim_resume(Sim *sim)
{
    Daemon *d = &sim->si_daemon;

    if (d->dm_state != DRILL_PAUSED)
        return;
    sim->si_result->sr_resumed++;
    daemon_set_state(d, DRILL_RUNNING, CONTROLLER, "a simulation waits for nobody");
}

/* One turn of what is the daemon's loop. FALSE: stopped, or it would go on for ever. */
static gboolean sim_step(Sim *sim, GError **error)
{
    Daemon *d = &sim->si_daemon;
    gint64 seq = journal_seq(d->dm_journal), clock = daemon_now(d);
    /* One by one where a daemon may be killed: between any two of them. */
    gboolean answered = agents_answer(sim->si_agents, sim->si_kill ? 1 : G_MAXUINT);

    sim_resume(sim);
    daemon_barrier(d);
    director_pump(d->dm_director);
    sim_sign(sim);
    daemon_barrier(d);
    if (d->dm_full) {
        g_set_error(error, SIM_ERROR, SIM_ERROR_JOURNAL,
                    "%s/journal.db cannot be written; see above", d->dm_dir);
        return FALSE;
    }
    if (sim->si_stop && sim->si_stop()) {
        g_set_error(error, SIM_ERROR, SIM_ERROR_STOPPED, "stopped");
        return FALSE;
    }
    if (!answered && !agents_waiting(sim->si_agents) && daemon_now(d) == clock &&
        journal_seq(d->dm_journal) == seq) {
        g_autofree char *at = duration_clock(clock);
        g_set_error(error, SIM_ERROR, SIM_ERROR_STILL,
                    "the simulation stands still at %s of the drill clock, %s: nothing "
                    "is due and nothing is under way",
                    at, drill_state_name(d->dm_state));
        return FALSE;
    }
    return TRUE;
}

static gboolean sim_until(Sim *sim, gboolean (*there)(const Daemon *d), GError **error)
{
    while (!there(&sim->si_daemon))
        if (!sim_step(sim, error))
            return FALSE;
    return TRUE;
}

static gboolean hosts_ready(const Daemon *d)
{
    guint failed;

    return hosts_missing(d->dm_hosts, &failed) == 0;
}

static gboolean is_over(const Daemon *d)
{
    return d->dm_state == DRILL_PROVISIONAL;
}

/* From wherever the drill stands. */
static gboolean sim_play(Sim *sim, GError **error)
{
    Daemon *d = &sim->si_daemon;

    if (d->dm_state == DRILL_DEFINED)
        daemon_set_state(d, DRILL_PROVISIONING, CONTROLLER, "simulated: no VM is made");
    agents_boot(sim->si_agents);
    if (!sim_until(sim, hosts_ready, error))
        return FALSE;
    if (d->dm_state == DRILL_PROVISIONING) {
        daemon_event(
            d, "isolation.skipped/1", "parryd", -1, -1, 0,
            json_pack("{s:s}", "reason", "simulated: there is nothing to isolate"));
        daemon_set_state(d, DRILL_READY, "parryd",
                         "simulated: every host is taken as ready");
        daemon_set_state(d, DRILL_RUNNING, CONTROLLER, "");
    }
    if (!sim_until(sim, is_over, error))
        return FALSE;
    daemon_quit(d, "the simulation is over");
    daemon_barrier(d);
    return TRUE;
}

static gboolean sim_play_on(Sim *sim, GError **error)
{
    g_autoptr(GError) why = NULL;

    if (!sim_open(sim, FALSE, error))
        return FALSE;
    while (!sim_play(sim, &why) || sim->si_daemon.dm_full) {
        if (!sim->si_kill || !sim->si_daemon.dm_full) {
            g_propagate_error(error, g_steal_pointer(&why));
            return FALSE;
        }
        g_clear_error(&why);
        if (!sim_open_again(sim, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean is_manual(const PlanInject *inject)
{
    return inject->in_trigger == TRIGGER_MANUAL;
}

static gboolean is_held(const PlanInject *inject)
{
    return inject->in_hold;
}

/* Names, each once, of the injects that are so. */
static void note_injects(SimResult *result, const Plan *plan,
                         gboolean (*is_so)(const PlanInject *inject), const char *what)
{
    g_autoptr(GString) names = g_string_new(NULL);
    const char *last = NULL;

    for (guint i = 0; i < plan->p_injects->len; i++) {
        const PlanInject *inject = plan_inject(plan, (int)i);
        if (!is_so(inject) || g_strcmp0(inject->in_name, last) == 0)
            continue;
        last = inject->in_name;
        g_string_append_printf(names, "%s%s", names->len ? ", " : "", last);
    }
    if (names->len)
        g_ptr_array_add(result->sr_notes, g_strdup_printf("%s: %s", what, names->str));
}

static void sim_notes(Sim *sim)
{
    SimResult *result = sim->si_result;
    const Plan *plan = sim->si_daemon.dm_plan;
    g_autoptr(GPtrArray) idle = facts_idle_actions(sim->si_facts);

    if (!plan->p_scripts->len)
        g_ptr_array_add(
            result->sr_notes,
            g_strdup("the scenario has no `rehearsal`: no team does anything"));
    note_injects(result, plan, is_manual, "nobody fires what is manual");
    note_injects(result, plan, is_held, "approved at once, for nobody looks at it");
    for (guint i = 0; i < idle->len; i++)
        g_ptr_array_add(result->sr_notes,
                        g_strdup_printf("no attack's `contain`, so it changes nothing "
                                        "in a simulation: the action of %s",
                                        (char *)idle->pdata[i]));
    if (result->sr_resumed)
        g_ptr_array_add(
            result->sr_notes,
            g_strdup_printf("pauses that were ended at once: %u", result->sr_resumed));
}

gboolean sim_run(const char *home, const Drill *drill, Plan *plan, SimStop stop,
                 SimResult *result, GError **error)
{
    return sim_run_killed(home, drill, plan, stop, NULL, NULL, result, error);
}

gboolean sim_run_killed(const char *home, const Drill *drill, Plan *plan, SimStop stop,
                        SimKill kill, gpointer data, SimResult *result, GError **error)
{
    Sim sim = {
        .si_daemon = {.dm_home = (char *)home, .dm_dir = drill->dr_dir, .dm_plan = plan},
        .si_stop = stop,
        .si_kill = kill,
        .si_kill_data = data,
        .si_result = result};
    gint64 began = g_get_monotonic_time();
    gboolean ok;

    *result = (SimResult){.sr_notes = g_ptr_array_new_with_free_func(g_free)};
    ok = sim_play_on(&sim, error);
    if (ok)
        sim_notes(&sim);
    sim_close(&sim);
    result->sr_wall_us = g_get_monotonic_time() - began;
    return ok;
}
