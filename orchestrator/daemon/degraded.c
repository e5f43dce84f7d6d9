/*
 * A drill that begins without hosts that failed: what that costs, who agreed to it.
 *
 * What never was ready is the platform's fault and no team's: checks that look at it or
 * from it are UNCHECKED and leave the denominators, injects that need it fail.
 */
#include "orchestrator/daemon/provision_priv.h"

#include "orchestrator/daemon/hosts.h"

static gboolean is_missing(const Daemon *d, int host)
{
    return host >= 0 && !hosts_made(d->dm_hosts, host) &&
           (hosts_state(d->dm_hosts, host) == HOST_FAILED ||
            hosts_state(d->dm_hosts, host) == HOST_LOST);
}

static json_t *hosts_lost(const Daemon *d)
{
    json_t *list = json_array();

    for (guint i = 0; i < d->dm_plan->p_hosts->len; i++) {
        const PlanHost *host = plan_host(d->dm_plan, (int)i);
        if (is_missing(d, (int)i))
            json_array_append_new(list, json_pack("{s:s, s:b, s:s}", "host", host->ph_id,
                                                  "required", host->ph_required, "reason",
                                                  hosts_reason(d->dm_hosts, (int)i)));
    }
    return list;
}

static json_t *checks_lost(const Daemon *d)
{
    json_t *list = json_array();

    for (guint i = 0; i < d->dm_plan->p_checks->len; i++) {
        const PlanCheck *check = plan_check(d->dm_plan, (int)i);
        if (is_missing(d, check->ck_host) || is_missing(d, check->ck_from))
            json_array_append_new(list, json_string(check->ck_id));
    }
    return list;
}

static json_t *injects_lost(const Daemon *d)
{
    json_t *list = json_array();

    for (guint i = 0; i < d->dm_plan->p_injects->len; i++) {
        const PlanInject *inject = plan_inject(d->dm_plan, (int)i);
        if (inject->in_kind == INJECT_ATTACK &&
            (is_missing(d, inject->in_host) || is_missing(d, inject->in_from) ||
             (inject->in_effect_kind && is_missing(d, inject->in_effect_host))))
            json_array_append_new(list, json_string(inject->in_id));
    }
    return list;
}

json_t *provision_losses_json(const Daemon *d)
{
    const Provision *provision = d->dm_provision;
    json_t *hosts = hosts_lost(d), *losses;

    if (!json_array_size(hosts)) {
        json_decref(hosts);
        return NULL;
    }
    losses = json_pack("{s:o, s:o, s:o}", "hosts", hosts, "checks", checks_lost(d),
                       "injects", injects_lost(d));
    if (provision->pv_degraded) {
        json_object_set_new(losses, "by", json_string(provision->pv_consent_by));
        json_object_set_new(losses, "how", json_string(provision->pv_consent_how));
    }
    return losses;
}

void degraded_consent(Provision *provision, const char *by, const char *how)
{
    if (provision->pv_consent_by)
        return;
    provision->pv_consent_by = g_strdup(by);
    provision->pv_consent_how = g_strdup(how);
    daemon_event(provision->pv_daemon, "degraded.consented/1", "white", -1, -1, 0,
                 json_pack("{s:s, s:s}", "by", by, "how", how));
}

void degraded_begin(Provision *provision)
{
    json_t *body;

    provision->pv_degraded = TRUE;
    body = provision_losses_json(provision->pv_daemon);
    daemon_event(provision->pv_daemon, "drill.degraded/1", "white", -1, -1, 0, body);
}

char *degraded_ready_words(const Provision *provision)
{
    const Daemon *d = provision->pv_daemon;
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < d->dm_plan->p_hosts->len; i++)
        if (is_missing(d, (int)i))
            g_string_append_printf(text, "%s%s", text->len ? ", " : "",
                                   plan_host(d->dm_plan, (int)i)->ph_id);
    if (text->len)
        g_string_prepend(text,
                         provision->pv_degraded
                             ? "degraded, by consent; missing: "
                             : "every required host is ready and isolated; missing: ");
    else
        g_string_append(text, "every required host is ready and isolated");
    return g_string_free(text, FALSE);
}
