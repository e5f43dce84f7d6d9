#include "orchestrator/daemon/silence.h"

#include "orchestrator/daemon/holding.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/daemon/points.h"

/* An agent beats every 2 s; under emulation a busy guest may be late by a lot. */
#define SILENCE_US (30 * G_USEC_PER_SEC)
#define SUSPECT_US (SILENCE_US / 2)
#define LOOK_S 5
/* Of what passed: QEMU itself uses some for a guest that does nothing. */
#define IDLE_PERMILLE 2

typedef enum { QUIET_NOT, QUIET_SUSPECT, QUIET_ASKED } Phase;

typedef struct {
    Silence *qu_silence;
    int qu_host;
    Phase qu_phase;
    gboolean qu_asking;
    gint64 qu_at_us; /* boot time of the first look, 0: there was none */
    gint64 qu_cpu_us;
    RangeLife qu_life; /* when it fell silent */
    gboolean qu_known;
} Quiet;

struct Silence {
    Daemon *sl_daemon;
    Quiet *sl_quiet; /* by host */
    struct event *sl_timer;
};

/* ---- in words ---- */

static void vm_words(GString *out, const SilenceFacts *facts)
{
    double over = (double)facts->sf_over_us / G_USEC_PER_SEC;
    gboolean idle = facts->sf_cpu_us * 1000 < facts->sf_over_us * IDLE_PERMILLE;

    if (!facts->sf_known)
        g_string_append(out, "; the hypervisor does not say what its VM does");
    else if (facts->sf_life == RANGE_DOMAIN_ABSENT)
        g_string_append(out, "; its VM is not there");
    else if (facts->sf_life == RANGE_DOMAIN_STANDS)
        g_string_append(out, "; its VM stands still, and not by this drill");
    else if (!facts->sf_over_us)
        g_string_append(out, "; its VM runs");
    else if (idle)
        g_string_append_printf(
            out, "; its VM runs and used no CPU time in %.0f s: it hangs", over);
    else
        g_string_append_printf(
            out,
            "; its VM runs and used %.2f s of CPU in %.0f s: the agent "
            "was stopped or killed, or gets no CPU",
            (double)facts->sf_cpu_us / G_USEC_PER_SEC, over);
}

char *silence_words(const SilenceFacts *facts)
{
    GString *out = g_string_new(NULL);

    g_string_append_printf(
        out, "no sign of life for %" G_GINT64_FORMAT " s; its channel is %s",
        facts->sf_age_us / G_USEC_PER_SEC,
        facts->sf_connected ? "connected" : "not connected");
    vm_words(out, facts);
    return g_string_free(out, FALSE);
}

/* ---- what is known ---- */

static const char *life_name(const SilenceFacts *facts)
{
    static const char *const names[] = {
        [RANGE_DOMAIN_ABSENT] = "absent",
        [RANGE_DOMAIN_RUNS] = "running",
        [RANGE_DOMAIN_STANDS] = "paused",
    };

    return facts->sf_known ? names[facts->sf_life] : "unknown";
}

void silence_fell(Silence *silence, int host, const SilenceFacts *facts)
{
    Daemon *d = silence->sl_daemon;
    g_autofree char *reason = silence_words(facts);
    CheckStatus status;
    const char *why;
    json_t *body = json_pack("{s:s, s:I, s:b, s:s}", "reason", reason, "age_us",
                             (json_int_t)facts->sf_age_us, "connected",
                             facts->sf_connected, "vm", life_name(facts));

    if (facts->sf_over_us) {
        json_object_set_new(body, "cpu_us", json_integer(facts->sf_cpu_us));
        json_object_set_new(body, "over_us", json_integer(facts->sf_over_us));
    }
    silence->sl_quiet[host].qu_life = facts->sf_life;
    silence->sl_quiet[host].qu_known = facts->sf_known;
    hosts_set(d->dm_hosts, host, HOST_SILENT, reason);
    daemon_event(d, "agent.lost/1", "parryd", -1, host, 0, body);
    if (silence_verdict(silence, host, &status, &why))
        orders_checks_end(d->dm_orders, host, status, why);
}

gboolean silence_verdict(const Silence *silence, int host, CheckStatus *status,
                         const char **why)
{
    const Daemon *d = silence->sl_daemon;
    const Quiet *quiet = &silence->sl_quiet[host];

    if (hosts_state(d->dm_hosts, host) != HOST_SILENT)
        return FALSE;
    gboolean ours = plan_host(d->dm_plan, host)->ph_owner == SIDE_WHITE ||
                    (quiet->qu_known && quiet->qu_life != RANGE_DOMAIN_RUNS);
    *status = ours ? CHECK_UNCHECKED : CHECK_DOWN;
    *why = "the agent is silent";
    return TRUE;
}

/* ---- looking ---- */

static gboolean still_silent(const Quiet *quiet, gint64 than_us)
{
    const Daemon *d = quiet->qu_silence->sl_daemon;
    const Hosts *hosts = d->dm_hosts;

    return plan_host(d->dm_plan, quiet->qu_host)->ph_agent != AGENT_NONE &&
           hosts_state(hosts, quiet->qu_host) == HOST_READY &&
           hosts_age_us(hosts, quiet->qu_host) > than_us;
}

static void first_look(Quiet *quiet, gint64 cpu_us, const GError *error)
{
    quiet->qu_phase = QUIET_SUSPECT;
    quiet->qu_at_us = error ? 0 : clock_boottime_us();
    quiet->qu_cpu_us = cpu_us;
}

static void second_look(Quiet *quiet, RangeLife life, gint64 cpu_us, const GError *error)
{
    const Hosts *hosts = quiet->qu_silence->sl_daemon->dm_hosts;
    SilenceFacts facts = {
        .sf_age_us = hosts_age_us(hosts, quiet->qu_host),
        .sf_connected = hosts_connected(hosts, quiet->qu_host),
        .sf_known = error == NULL,
        .sf_life = life,
    };

    if (!error && quiet->qu_at_us) {
        facts.sf_cpu_us = MAX(cpu_us - quiet->qu_cpu_us, 0);
        facts.sf_over_us = clock_boottime_us() - quiet->qu_at_us;
    }
    quiet->qu_phase = QUIET_NOT;
    silence_fell(quiet->qu_silence, quiet->qu_host, &facts);
}

static void on_used(RangeLife life, gint64 cpu_us, const GError *error, gpointer data)
{
    Quiet *quiet = data;

    quiet->qu_asking = FALSE;
    if (quiet->qu_phase == QUIET_NOT && still_silent(quiet, SUSPECT_US))
        first_look(quiet, cpu_us, error);
    else if (quiet->qu_phase == QUIET_ASKED && still_silent(quiet, SILENCE_US))
        second_look(quiet, life, cpu_us, error);
}

static void look_at(Quiet *quiet)
{
    Daemon *d = quiet->qu_silence->sl_daemon;

    quiet->qu_asking = TRUE;
    if (d->dm_range) {
        range_domain_used(d->dm_range, quiet->qu_host, on_used, quiet);
        return;
    }
    g_autoptr(GError) error =
        g_error_new_literal(RANGE_ERROR, RANGE_ERROR_LINK, "no hypervisor");
    on_used(RANGE_DOMAIN_ABSENT, 0, error, quiet);
}

void silence_look(Silence *silence)
{
    Daemon *d = silence->sl_daemon;
    gboolean stands = d->dm_state == DRILL_PAUSED || d->dm_state == DRILL_STOPPED;

    for (guint i = 0; i < d->dm_plan->p_hosts->len; i++) {
        Quiet *quiet = &silence->sl_quiet[i];
        if (stands || holding_host(d, (int)i) || points_standing(d->dm_points, (int)i))
            hosts_touch(d->dm_hosts, (int)i); /* a suspended VM is not a silent one */
        if (quiet->qu_asking)
            continue;
        if (!still_silent(quiet, SUSPECT_US)) {
            quiet->qu_phase = QUIET_NOT;
        } else if (quiet->qu_phase == QUIET_NOT) {
            look_at(quiet);
        } else if (still_silent(quiet, SILENCE_US)) {
            quiet->qu_phase = QUIET_ASKED;
            look_at(quiet);
        }
    }
}

static void on_timer(evutil_socket_t fd, short what, void *data)
{
    (void)fd;
    (void)what;
    silence_look(data);
}

Silence *silence_new(Daemon *d)
{
    Silence *silence = g_new0(Silence, 1);
    struct timeval tv = {LOOK_S, 0};

    silence->sl_daemon = d;
    silence->sl_quiet = g_new0(Quiet, d->dm_plan->p_hosts->len + 1);
    for (guint i = 0; i < d->dm_plan->p_hosts->len; i++) {
        silence->sl_quiet[i].qu_silence = silence;
        silence->sl_quiet[i].qu_host = (int)i;
    }
    silence->sl_timer = event_new(d->dm_base, -1, EV_PERSIST, on_timer, silence);
    event_add(silence->sl_timer, &tv);
    return silence;
}

void silence_free(Silence *silence)
{
    if (!silence)
        return;
    event_free(silence->sl_timer);
    g_free(silence->sl_quiet);
    g_free(silence);
}
