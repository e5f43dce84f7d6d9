/*
 * Resets in the ledger: what those cost that players asked for, and which rounds of
 * checks do not count.
 *
 * A reset costs from the moment it begins, and nothing once it failed. Rounds do not
 * count while white resets a host of its own accord, from a failed reset to the next one
 * that works (no team can mend what the platform broke), and, for a check with a grace,
 * while any reset is under way and so long after.
 */
#include "scoreboard/ledger_priv.h"

#include <string.h>

static gint64 body_int(const JournalEvent *event, const char *name)
{
    return json_integer_value(json_object_get(event->ev_body, name));
}

void resets_fold_clear(Ledger *ledger)
{
    g_ptr_array_unref(ledger->lg_resets);
    g_free(ledger->lg_reset_hosts);
}

static void fold_free(gpointer data)
{
    ResetFold *fold = data;

    g_free(fold->rs_player);
    g_free(fold->rs_why);
    g_free(fold);
}

void resets_fold_init(Ledger *ledger)
{
    guint hosts = ledger->lg_plan->p_hosts->len;

    ledger->lg_resets = g_ptr_array_new_with_free_func(fold_free);
    ledger->lg_reset_hosts = g_new0(ResetHost, MAX(hosts, 1));
    for (guint i = 0; i < hosts; i++)
        ledger->lg_reset_hosts[i].rh_from_us = -1;
}

static ResetFold *find(const Ledger *ledger, gint64 asked, gint64 wanted)
{
    for (guint i = ledger->lg_resets->len; i-- > 0;) {
        ResetFold *fold = ledger->lg_resets->pdata[i];
        if ((asked && fold->rs_asked == asked) || (wanted && fold->rs_wanted == wanted))
            return fold;
    }
    return NULL;
}

static void on_asked(Ledger *ledger, const JournalEvent *event, ResetHost *host)
{
    ResetFold *fold = g_new0(ResetFold, 1);
    const char *reason = json_string_value(json_object_get(event->ev_body, "reason"));

    (void)host;
    *fold = (ResetFold){
        .rs_asked = event->ev_seq,
        .rs_team = plan_team_index(ledger->lg_plan, event->ev_team),
        .rs_host = plan_host_index(ledger->lg_plan, event->ev_host),
        .rs_cost = body_int(event, "cost"),
        .rs_player = g_strdup(event->ev_actor),
        .rs_why = g_strdup(reason ? reason : ""),
    };
    g_ptr_array_add(ledger->lg_resets, fold);
}

static void on_wanted(Ledger *ledger, const JournalEvent *event, ResetHost *host)
{
    (void)ledger;
    *host = (ResetHost){event->ev_clock_us, G_MAXINT64, event->ev_seq, TRUE, FALSE};
}

static void on_decided(Ledger *ledger, const JournalEvent *event, ResetHost *host)
{
    ResetFold *fold = find(ledger, event->ev_ref, 0);

    if (!fold)
        return;
    fold->rs_decided = event->ev_seq;
    fold->rs_wanted = body_int(event, "reset");
    if (fold->rs_wanted && host->rh_seq == fold->rs_wanted)
        host->rh_white = FALSE;
}

static void on_over(Ledger *ledger, const JournalEvent *event, ResetHost *host)
{
    ResetFold *fold = find(ledger, 0, event->ev_ref);

    if (fold) {
        fold->rs_over = event->ev_seq;
        fold->rs_failed = strcmp(event->ev_kind, "reset.failed/1") == 0;
    }
    if (strcmp(event->ev_kind, "reset.failed/1") == 0)
        host->rh_failed = TRUE;
    else
        host->rh_until_us = event->ev_clock_us;
}

/* However it came back: from here on it is its team's again. */
static void on_ready(Ledger *ledger, const JournalEvent *event, ResetHost *host)
{
    (void)ledger;
    if (host->rh_failed)
        host->rh_until_us = event->ev_clock_us;
    host->rh_failed = FALSE;
}

static const struct {
    const char *kind;
    void (*on)(Ledger *ledger, const JournalEvent *event, ResetHost *host);
} RESET_EVENTS[] = {
    {"reset.asked/1", on_asked},     {"reset.wanted/1", on_wanted},
    {"reset.decided/1", on_decided}, {"reset.done/1", on_over},
    {"reset.failed/1", on_over},     {"agent.ready/1", on_ready},
};

void resets_fold(Ledger *ledger, const JournalEvent *event)
{
    int host;

    for (gsize i = 0; i < G_N_ELEMENTS(RESET_EVENTS); i++) {
        if (strcmp(event->ev_kind, RESET_EVENTS[i].kind) != 0)
            continue;
        host = plan_host_index(ledger->lg_plan, event->ev_host);
        if (host >= 0)
            RESET_EVENTS[i].on(ledger, event, &ledger->lg_reset_hosts[host]);
    }
}

gboolean resets_spare(const Ledger *ledger, const PlanCheck *check, gint64 at_us,
                      gint64 now_us)
{
    const ResetHost *host = &ledger->lg_reset_hosts[check->ck_host];
    gint64 until_us = host->rh_until_us;

    if (host->rh_from_us < 0 || now_us < host->rh_from_us)
        return FALSE;
    if (host->rh_failed)
        return TRUE;
    if (!check->ck_grace_us && !host->rh_white)
        return FALSE;
    if (until_us == G_MAXINT64)
        return TRUE;
    /* A round that was begun before the host was back asked for what could not be. */
    return check->ck_grace_us ? at_us < until_us + check->ck_grace_us : at_us < until_us;
}
