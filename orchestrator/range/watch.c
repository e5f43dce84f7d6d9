#include "orchestrator/range/watch.h"

typedef struct {
    ActState wh_known;
    int wh_busy;         /* acts of the range's own that are not done */
    guint wh_turn;       /* counts what makes an older look worthless */
    gboolean wh_looking; /* a look is under way */
    gboolean wh_hinted;  /* look (again) as soon as possible */
    gboolean wh_crashed; /* the last hint spoke of a crash */
    char *wh_detail;     /* the last hint's words */
} WatchHost;

struct Watch {
    WatchHost *wa_hosts;
    guint wa_n;
    WatchCalls wa_calls;
};

Watch *watch_new(guint hosts, const WatchCalls *calls)
{
    Watch *watch = g_new0(Watch, 1);

    watch->wa_hosts = g_new0(WatchHost, hosts + 1);
    watch->wa_n = hosts;
    watch->wa_calls = *calls;
    return watch;
}

void watch_free(Watch *watch)
{
    for (guint i = 0; i < watch->wa_n; i++)
        g_free(watch->wa_hosts[i].wh_detail);
    g_free(watch->wa_hosts);
    g_free(watch);
}

static void look(Watch *watch, int host)
{
    WatchHost *at = &watch->wa_hosts[host];

    if (!at->wh_hinted || at->wh_busy > 0 || at->wh_looking)
        return;
    at->wh_hinted = FALSE;
    at->wh_looking = TRUE;
    watch->wa_calls.wc_look(host, at->wh_turn, watch->wa_calls.wc_look_data);
}

void watch_begin(Watch *watch, int host)
{
    watch->wa_hosts[host].wh_busy++;
    watch->wa_hosts[host].wh_turn++;
}

void watch_end(Watch *watch, int host, gboolean known, ActState state)
{
    WatchHost *at = &watch->wa_hosts[host];

    at->wh_busy--;
    at->wh_turn++;
    if (known)
        at->wh_known = state;
    look(watch, host);
}

void watch_hint(Watch *watch, int host, gboolean crashed, const char *detail)
{
    WatchHost *at = &watch->wa_hosts[host];

    at->wh_hinted = TRUE;
    at->wh_crashed = crashed;
    g_free(at->wh_detail);
    at->wh_detail = g_strdup(detail);
    look(watch, host);
}

void watch_all(Watch *watch, const char *detail)
{
    for (guint i = 0; i < watch->wa_n; i++)
        if (watch->wa_hosts[i].wh_hinted) /* it has a better reason */
            look(watch, (int)i);
        else
            watch_hint(watch, (int)i, FALSE, detail);
}

void watch_missed(Watch *watch, int host)
{
    watch->wa_hosts[host].wh_looking = FALSE;
    watch->wa_hosts[host].wh_hinted = TRUE;
}

static RangeEvent change(ActState from, ActState to, gboolean crashed)
{
    if (to == ACT_ABSENT)
        return crashed ? RANGE_DOMAIN_CRASHED : RANGE_DOMAIN_STOPPED;
    if (from == ACT_ABSENT)
        return RANGE_DOMAIN_STARTED;
    return to == ACT_PAUSED ? RANGE_DOMAIN_PAUSED : RANGE_DOMAIN_RESUMED;
}

static void report(Watch *watch, int host, RangeEvent event)
{
    if (watch->wa_calls.wc_on_event)
        watch->wa_calls.wc_on_event(host, event, watch->wa_hosts[host].wh_detail,
                                    watch->wa_calls.wc_event_data);
}

void watch_seen(Watch *watch, int host, guint turn, ActState state)
{
    WatchHost *at = &watch->wa_hosts[host];
    ActState before = at->wh_known;

    at->wh_looking = FALSE;
    if (turn != at->wh_turn) {
        at->wh_hinted = TRUE;
    } else if (state != before) {
        at->wh_known = state;
        report(watch, host, change(before, state, at->wh_crashed));
        if (before == ACT_ABSENT && state == ACT_PAUSED)
            report(watch, host, RANGE_DOMAIN_PAUSED);
    }
    look(watch, host);
}
