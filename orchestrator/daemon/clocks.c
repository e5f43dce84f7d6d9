#include "orchestrator/daemon/clocks.h"

#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/observations.h"
#include "orchestrator/daemon/orders.h"

#include <string.h>

#define ANSWER_US (10 * G_USEC_PER_SEC)
/* An answer that took longer says little about when the clock was set: once more. */
#define EXACT_US (100 * 1000)
#define TRIES 3
#define AHEAD_MAX_US (G_USEC_PER_SEC)

typedef struct {
    int se_host;
    const char *se_why;
    guint se_tries;
    json_t *se_msg;
    gint64 se_sent_us;  /* boot time */
    gint64 se_ahead_us; /* what the way there is thought to take */
    gint64 se_corrected_us;
} Setting;

static void ask(Daemon *d, Setting *setting);

static void setting_free(Setting *setting)
{
    json_decref(setting->se_msg);
    g_free(setting);
}

/* "stepped by -1234 us": the guest's word, good for nothing but the record. */
gboolean clocks_corrected(const char *text, gint64 *by_us)
{
    const char *by = text ? strstr(text, " by ") : NULL;
    char *end;

    if (!by)
        return FALSE;
    *by_us = g_ascii_strtoll(by + 4, &end, 10);
    return end > by + 4 && strcmp(end, " us") == 0;
}

static void on_set(Daemon *d, gint64 id, gboolean ok, const char *text, json_t *rows,
                   gpointer data)
{
    Setting *setting = data;
    gint64 rtt_us = clock_boottime_us() - setting->se_sent_us, by_us = 0;

    (void)id;
    (void)rows;
    if (!ok) { /* its own event says why */
        setting_free(setting);
        return;
    }
    if (clocks_corrected(text, &by_us))
        setting->se_corrected_us += by_us;
    if (rtt_us > EXACT_US && ++setting->se_tries < TRIES) {
        setting->se_ahead_us = MIN(rtt_us / 2, AHEAD_MAX_US);
        ask(d, setting);
        return;
    }
    observations_clock_corrected(d->dm_observations, setting->se_host,
                                 setting->se_corrected_us, rtt_us, setting->se_why);
    setting_free(setting);
}

/* Right before it is sent, after the commit. */
static void stamp(Daemon *d, gint64 seq, gpointer data)
{
    Setting *setting = data;

    (void)d;
    (void)seq;
    setting->se_sent_us = clock_boottime_us();
    json_object_set_new(setting->se_msg, "wall_us",
                        json_integer(g_get_real_time() + setting->se_ahead_us));
}

static void ask(Daemon *d, Setting *setting)
{
    json_decref(setting->se_msg);
    setting->se_msg = json_pack("{s:s, s:I, s:s}", "k", "clock", "wall_us",
                                (json_int_t)g_get_real_time(), "mode", "step");
    daemon_then(d, stamp, 0, setting);
    orders_ask(d->dm_orders, setting->se_host, "clock", json_incref(setting->se_msg),
               ANSWER_US, on_set, setting);
}

void clocks_set(Daemon *d, int host, const char *why)
{
    Setting *setting;

    if (d->dm_simulated)
        return;
    setting = g_new0(Setting, 1);
    setting->se_host = host;
    setting->se_why = why;
    ask(d, setting);
}

void clocks_set_all(Daemon *d, const char *why)
{
    for (guint i = 0; i < d->dm_plan->p_hosts->len; i++)
        if (hosts_connected(d->dm_hosts, (int)i))
            clocks_set(d, (int)i, why);
}
