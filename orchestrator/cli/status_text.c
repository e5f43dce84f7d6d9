#include "orchestrator/cli/status_text.h"

#include "orchestrator/cli/cli.h"
#include "scenarios/base/duration.h"
#include "scenarios/base/table.h"

#include <string.h>
#include <time.h>

#define FEW 24   /* hosts that are listed one by one */
#define SHOWN 20 /* of more, that want a look */
#define GROUPS 5

static const char *text_of(const json_t *json, const char *member)
{
    const char *text = json_string_value(json_object_get(json, member));

    return text ? text : "";
}

static gint64 int_of(const json_t *json, const char *member)
{
    return json_integer_value(json_object_get(json, member));
}

/* ---- the state ---- */

/* What happens in a state, and what to type next; NAME stands for the drill's, HOST for
 * one that failed. */
static const struct {
    const char *ad_state, *ad_words;
} advice[] = {
    {"defined", "nothing is made yet; `parry up NAME` makes its VMs"},
    {"provisioning", "its VMs are made; `parry up NAME` shows how far it is"},
    {"ready", "`parry start NAME` starts its clock"},
    {"paused", "clock and VMs stand still; `parry resume NAME` goes on"},
    {"stopped", "the kill switch: every VM stands still; `parry resume NAME` goes on, "
                "`parry down NAME` removes them"},
    {"ended", "the exercise is over; `parry report NAME` writes what there is so far"},
    {"judging", "people judge; `parry report NAME` writes what there is so far"},
    {"provisional", "the score stands; `parry report NAME`, then `parry down NAME`"},
    {"failed", "`parry up NAME` tries again where it stopped, `parry logs NAME HOST` "
               "shows what a host said, `parry down NAME` removes what there is"},
    {"crashed", "its daemon is gone, its VMs run on; `parry up NAME` goes on with it, "
                "`parry stop NAME` halts the VMs, `parry down NAME` removes them"},
    {"silent", "its daemon lives and did not answer in 5 s; `parry stop NAME` halts the "
               "VMs without it"},
    {"down", "its VMs are gone; journal and report stay: `parry report NAME`, `parry "
             "score NAME`; `parry down --purge NAME` removes them too"},
};

static const char *first_failed(const json_t *hosts)
{
    const json_t *host;
    gsize i;

    json_array_foreach (hosts, i, host)
        if (strcmp(text_of(host, "state"), "failed") == 0)
            return text_of(host, "id");
    return "HOST";
}

static void append_advice(GString *out, const json_t *status)
{
    for (guint i = 0; i < G_N_ELEMENTS(advice); i++) {
        if (strcmp(advice[i].ad_state, text_of(status, "state")) != 0)
            continue;
        GString *words = g_string_new(advice[i].ad_words);
        g_string_replace(words, "NAME", text_of(status, "name"), 0);
        g_string_replace(words, "HOST", first_failed(json_object_get(status, "hosts")),
                         0);
        g_string_append_printf(out, "  %s\n", words->str);
        g_string_free(words, TRUE);
    }
}

static guint count_state(const json_t *hosts, const char *state)
{
    const json_t *host;
    guint count = 0;
    gsize i;

    json_array_foreach (hosts, i, host)
        count += strcmp(text_of(host, "state"), state) == 0;
    return count;
}

char *status_line(const json_t *status)
{
    const json_t *hosts = json_object_get(status, "hosts");
    const char *state = text_of(status, "state");
    gsize all = json_array_size(hosts);
    GString *out = g_string_new(NULL);

    g_string_append_printf(out, "%-28s %-13s", text_of(status, "name"), state);
    if (json_object_get(status, "clock_us")) {
        g_autofree char *clock = duration_clock(int_of(status, "clock_us"));
        g_string_append_printf(out, " %s", clock);
    }
    if (all && !json_object_get(status, "was"))
        g_string_append_printf(out, "  %u of %zu hosts ready",
                               count_state(hosts, "ready"), all);
    else if (all)
        g_string_append_printf(out, "  %zu hosts", all);
    else if (strcmp(state, "crashed") == 0)
        g_string_append_printf(out, " `parry up %s` goes on", text_of(status, "name"));
    return g_string_free(g_string_append_c(out, '\n'), FALSE);
}

static char *wall_text(gint64 at_us)
{
    g_autoptr(GDateTime) at = g_date_time_new_from_unix_local(at_us / G_USEC_PER_SEC);

    return at ? g_date_time_format(at, "%F %T") : g_strdup("?");
}

/* Of a drill without a daemon: what its journal says last. */
static void append_was(GString *out, const json_t *status)
{
    const json_t *was = json_object_get(status, "was");
    const char *reason = text_of(was, "reason"), *before = text_of(was, "was");

    if (!was)
        return;
    g_autofree char *at = wall_text(int_of(was, "last_us"));
    g_autofree char *clock = duration_clock(int_of(was, "clock_us"));
    if (strcmp(text_of(was, "state"), "down") == 0)
        g_string_append_printf(out, "  it was %s, and taken down at %s%s%s\n", before, at,
                               strcmp(reason, "taken down") ? ": " : "",
                               strcmp(reason, "taken down") ? reason : "");
    else
        g_string_append_printf(out,
                               "  it was %s%s%s%s, since %s of its clock; last event "
                               "at %s\n",
                               text_of(was, "state"), *reason ? " (" : "", reason,
                               *reason ? ")" : "", clock, at);
    if (*text_of(status, "log"))
        g_string_append_printf(out, "  the last words of its daemon: %s\n",
                               text_of(status, "log"));
}

static void append_doing(GString *out, const json_t *doing)
{
    double took = (double)int_of(doing, "for_us") / G_USEC_PER_SEC,
           usual = (double)int_of(doing, "usual_us") / G_USEC_PER_SEC;
    const char *why = text_of(doing, "why");

    g_string_append_printf(out, "%s %.0f s", *why ? why : text_of(doing, "stage"), took);
    if (usual >= 0)
        g_string_append_printf(out, " of ~%.*f s", usual < 1 ? 1 : 0, usual);
}

static void append_state(GString *out, const json_t *status)
{
    const char *reason = text_of(status, "reason");
    const json_t *doing = json_object_get(status, "doing");
    gint64 next = json_object_get(status, "next_us") ? int_of(status, "next_us") : -1;

    if (*reason)
        g_string_append_printf(out, "  because: %s\n", reason);
    append_was(out, status);
    if (doing) {
        g_string_append(out, "  just now: ");
        append_doing(out, doing);
        g_string_append_c(out, '\n');
    }
    if (strcmp(text_of(status, "state"), "running") == 0 && next >= 0) {
        g_autofree char *clock = duration_clock(next);
        g_string_append_printf(out, "  next on its timeline: %s\n", clock);
    }
    append_advice(out, status);
}

static void append_services(GString *out, const json_t *status)
{
    const json_t *service;
    gsize i;

    json_array_foreach (json_object_get(status, "services"), i, service) {
        gint64 again = int_of(service, "restarts");
        g_string_append_printf(out, "  %-12s %s", text_of(service, "name"),
                               text_of(service, "listen"));
        if (int_of(service, "pid") <= 0)
            g_string_append(out, ", not running");
        if (again)
            g_string_append_printf(out, ", started again %lld times", (long long)again);
        g_string_append_c(out, '\n');
    }
    if (*text_of(status, "accel"))
        g_string_append_printf(out, "  accelerator  %s\n", text_of(status, "accel"));
}

/* ---- hosts ---- */

static gint64 lost_of(const json_t *host)
{
    static const char *const where[] = {"kernel", "queue", "channel", "hub"};
    const json_t *lost = json_object_get(json_object_get(host, "observed"), "lost");
    gint64 all = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(where); i++)
        all += int_of(lost, where[i]);
    return all;
}

static gboolean clock_is_off(const json_t *host)
{
    gint64 us = int_of(json_object_get(host, "clock"), "offset_us");

    return us > G_USEC_PER_SEC || us < -(gint64)G_USEC_PER_SEC;
}

/* What is missing of a host's observations, and a clock that is off by over a second. */
static void append_seen(GString *out, const json_t *host)
{
    const json_t *observed = json_object_get(host, "observed"),
                 *lost = json_object_get(observed, "lost");
    gint64 off_us = int_of(json_object_get(host, "clock"), "offset_us");

    if (*text_of(observed, "why"))
        g_string_append_printf(out, "    not watched: %s\n", text_of(observed, "why"));
    if (lost_of(host))
        g_string_append_printf(
            out,
            "    observations: %lld, lost %lld (kernel %lld, queue %lld, channel %lld, "
            "hub %lld)\n",
            (long long)int_of(observed, "rows"), (long long)lost_of(host),
            (long long)int_of(lost, "kernel"), (long long)int_of(lost, "queue"),
            (long long)int_of(lost, "channel"), (long long)int_of(lost, "hub"));
    if (clock_is_off(host))
        g_string_append_printf(out, "    its clock is %.1f s %s\n",
                               (double)ABS(off_us) / (double)G_USEC_PER_SEC,
                               off_us > 0 ? "ahead" : "behind");
}

static gint64 boot_now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_BOOTTIME, &ts);
    return ts.tv_sec * (gint64)G_USEC_PER_SEC + ts.tv_nsec / 1000;
}

/* Of a host that is well: what a reset of it would take. */
static void append_reset(GString *out, const json_t *host)
{
    const char *why = text_of(host, "reset_why");

    if (!json_object_get(host, "resettable") ||
        strcmp(text_of(host, "state"), "ready") != 0)
        return;
    if (json_is_true(json_object_get(host, "resettable")))
        g_string_append(out, "resettable ");
    else if (*why)
        g_string_append_printf(out, "a reset boots it: %s ", why);
}

static void append_host(GString *out, const json_t *host)
{
    const json_t *doing = json_object_get(host, "doing");
    const char *state = text_of(host, "state"), *reason = text_of(host, "reason");
    gint64 since = int_of(host, "since_us");

    g_string_append_printf(out, "  %-26s %-10s %-16s ", text_of(host, "id"), state,
                           text_of(host, "ip"));
    if (doing) {
        append_doing(out, doing);
    } else {
        append_reset(out, host);
        g_string_append(out, reason);
        if (since > 0 && strcmp(state, "ready") != 0 && strcmp(state, "planned") != 0)
            g_string_append_printf(out, "%s%.0f s ago", *reason ? "; " : "",
                                   (double)(boot_now_us() - since) / G_USEC_PER_SEC);
    }
    while (out->len && out->str[out->len - 1] == ' ')
        g_string_truncate(out, out->len - 1);
    g_string_append_c(out, '\n');
    append_seen(out, host);
}

static gboolean is_of_team(const json_t *host, const char *team)
{
    const char *id = text_of(host, "id");
    gsize len = strlen(team);

    return strncmp(id, team, len) == 0 && id[len] == '/';
}

/* Past mending by waiting comes first; then what is silent; then what is on its way. */
static int urgency(const json_t *host)
{
    static const char *const ranks[] = {"failed", "lost", "silent", "suspended",
                                        "create", "boot", "agent"};
    const char *state = text_of(host, "state");

    for (guint i = 0; i < G_N_ELEMENTS(ranks); i++)
        if (strcmp(ranks[i], state) == 0)
            return (int)i;
    return clock_is_off(host) || lost_of(host) ? (int)G_N_ELEMENTS(ranks) : -1;
}

/* made: all are on their way, and what they do is said already. */
static void append_exceptions(GString *out, const json_t *hosts, gboolean made)
{
    guint shown = 0, all = 0;
    const json_t *host;
    gsize i;

    for (int rank = 0; rank <= (made ? 3 : 7); rank++)
        json_array_foreach (hosts, i, host) {
            if (urgency(host) != rank)
                continue;
            if (all++ < SHOWN) {
                append_host(out, host);
                shown++;
            }
        }
    if (all > shown)
        g_string_append_printf(out, "  and %u more that want a look\n", all - shown);
}

typedef struct {
    char *tm_name;
    guint tm_all, tm_ready, tm_moving, tm_bad;
} TeamCount;

static void team_clear(gpointer data)
{
    g_free(((TeamCount *)data)->tm_name);
}

static TeamCount *team_count(GArray *teams, const char *id)
{
    gsize len = strcspn(id, "/");
    TeamCount team = {0};

    for (guint i = teams->len; i-- > 0;) {
        TeamCount *old = &g_array_index(teams, TeamCount, i);
        if (strlen(old->tm_name) == len && strncmp(old->tm_name, id, len) == 0)
            return old;
    }
    team.tm_name = g_strndup(id, len);
    g_array_append_val(teams, team);
    return &g_array_index(teams, TeamCount, teams->len - 1);
}

static void count_host(GArray *teams, const json_t *host)
{
    TeamCount *team = team_count(teams, text_of(host, "id"));
    int rank = urgency(host);
    gboolean ready = strcmp(text_of(host, "state"), "ready") == 0;

    team->tm_all++;
    team->tm_ready += ready;
    team->tm_bad += !ready && rank >= 0 && rank <= 3;
    team->tm_moving += rank >= 4 && rank <= 6;
}

static char *number(guint n)
{
    return n ? g_strdup_printf("%u", n) : g_strdup("");
}

/* A line for each team, those with trouble first. */
static void append_teams(GString *out, const json_t *hosts)
{
    static const ParryColumn columns[] = {
        {.tc_title = "team"},
        {.tc_title = "hosts", .tc_right = TRUE},
        {.tc_title = "ready", .tc_right = TRUE},
        {.tc_title = "on their way", .tc_right = TRUE},
        {.tc_title = "want a look", .tc_right = TRUE},
    };
    g_autoptr(ParryTable) table = parry_table_new(columns, G_N_ELEMENTS(columns));
    g_autoptr(GArray) teams = g_array_new(FALSE, FALSE, sizeof(TeamCount));
    const json_t *host;
    gsize i;

    g_array_set_clear_func(teams, team_clear);
    json_array_foreach (hosts, i, host)
        count_host(teams, host);
    for (int pass = 0; pass < 2; pass++)
        for (guint t = 0; t < teams->len; t++) {
            const TeamCount *team = &g_array_index(teams, TeamCount, t);
            if ((team->tm_bad > 0) != (pass == 0))
                continue;
            g_autofree char *all = number(team->tm_all), *ready = number(team->tm_ready),
                            *moving = number(team->tm_moving),
                            *bad = number(team->tm_bad);
            const char *const cells[] = {team->tm_name, all, ready, moving, bad};
            parry_table_row(table, cells);
        }
    g_autofree char *text = parry_table_text(table, 2, 0);
    g_string_append(out, text);
}

/* What those on their way do, the same together. */
static void append_ways(GString *out, const json_t *hosts)
{
    g_autoptr(GHashTable) groups = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) order = g_ptr_array_new();
    const json_t *host;
    gsize i;

    json_array_foreach (hosts, i, host) {
        const json_t *doing = json_object_get(host, "doing");
        const char *why = text_of(doing, "why"), *stage = text_of(doing, "stage");
        gpointer key =
            (gpointer)(strcmp(stage, "after") == 0 ? "waits for another host to be ready"
                       : *why                      ? why
                                                   : stage);
        if (!doing)
            continue;
        guint n = GPOINTER_TO_UINT(g_hash_table_lookup(groups, key));
        if (!n)
            g_ptr_array_add(order, key);
        g_hash_table_insert(groups, key, GUINT_TO_POINTER(n + 1));
    }
    for (guint g = 0; g < order->len && g < GROUPS; g++)
        g_string_append_printf(
            out, "  %u × %s\n",
            GPOINTER_TO_UINT(g_hash_table_lookup(groups, order->pdata[g])),
            (char *)order->pdata[g]);
}

static void append_many(GString *out, const json_t *status, const json_t *hosts)
{
    append_ways(out, hosts);
    append_exceptions(out, hosts, strcmp(text_of(status, "state"), "provisioning") == 0);
    append_teams(out, hosts);
    g_string_append_printf(out, "  `parry status %s --team TEAM` or --all lists hosts\n",
                           text_of(status, "name"));
}

static void append_hosts(GString *out, const json_t *status, const StatusView *view)
{
    const json_t *hosts = json_object_get(status, "hosts"), *host;
    guint found = 0;
    gsize i;

    if (!view->sv_all && !view->sv_team && json_array_size(hosts) > FEW) {
        append_many(out, status, hosts);
        return;
    }
    if (strcmp(text_of(status, "state"), "down") == 0 && !view->sv_all &&
        !view->sv_team) { /* as they were: no news but of those that had failed */
        append_exceptions(out, hosts, FALSE);
        return;
    }
    json_array_foreach (hosts, i, host)
        if (!view->sv_team || is_of_team(host, view->sv_team)) {
            append_host(out, host);
            found++;
        }
    if (!found && view->sv_team)
        g_string_append_printf(out, "  no host of a team \"%s\"\n", view->sv_team);
}

/* ---- what waits ---- */

/* What white can move comes with the command that moves it. */
static void append_waiting(GString *out, const json_t *waiting)
{
    static const struct {
        const char *why, *words;
    } words[] = {
        {"approval", "waits for `parry approve`"},
        {"quiet", "waits: a window in which nothing begins"},
        {"scope", "waits: the scope lets no attack begin now"},
        {"together", "waits for the others of its name"},
        {"team-held", "waits for `parry team release`"},
        {"retry", "failed, and is tried again"},
        {"manual", "is fired by `parry inject`"},
    };
    const json_t *one;
    gsize i;

    json_array_foreach (waiting, i, one) {
        gint64 until = int_of(one, "until_us");
        g_autofree char *clock = until >= 0 ? duration_clock(until) : NULL;
        for (gsize w = 0; w < G_N_ELEMENTS(words); w++)
            if (strcmp(text_of(one, "why"), words[w].why) == 0)
                g_string_append_printf(out, "  %-26s %s%s%s\n", text_of(one, "inject"),
                                       words[w].words, clock ? ", until " : "",
                                       clock ? clock : "");
    }
}

/* Players who ask for a reset of their host, with the command that answers. */
static void append_resets(GString *out, const json_t *resets, const char *drill)
{
    const json_t *one;
    gsize i;

    json_array_foreach (resets, i, one) {
        g_autofree char *until = duration_clock(int_of(one, "until_us"));
        g_string_append_printf(out,
                               "  %-26s %s asks for a reset (%s): `parry resets %s "
                               "--approve %s`, until %s\n",
                               text_of(one, "host"), text_of(one, "player"),
                               text_of(one, "reason"), drill, text_of(one, "host"),
                               until);
    }
}

/* Which machines were restored from one that booted before, and why some were not. */
static void append_golden(GString *out, const json_t *golden)
{
    const json_t *one;
    gsize i;

    json_array_foreach (golden, i, one) {
        const char *reason = text_of(one, "reason");

        g_string_append_printf(
            out, "  golden guest like %s %s%s, for %lld clone(s)%s%s\n",
            text_of(one, "like"), text_of(one, "state"),
            json_is_true(json_object_get(one, "cached")) ? ", from the cache" : "",
            (long long)int_of(one, "hosts"), *reason ? ": " : "", reason);
    }
}

static void append_held(GString *out, const json_t *held)
{
    const json_t *one;
    gsize i;

    json_array_foreach (held, i, one) {
        g_autofree char *since = duration_clock(int_of(one, "since_us"));
        g_string_append_printf(out, "  team %s is held since %s: %s\n",
                               text_of(one, "team"), since, text_of(one, "reason"));
    }
}

/* What the drill goes on without, and by whose consent. */
static void append_losses(GString *out, const json_t *losses)
{
    const char *by = text_of(losses, "by");
    const json_t *host;
    gsize i;

    json_array_foreach (json_object_get(losses, "hosts"), i, host)
        g_string_append_printf(out, "  missing      %s%s%s\n", text_of(host, "host"),
                               *by ? ", by consent of " : "", by);
    if (losses)
        g_string_append_printf(out,
                               "  lost by it   %zu checks (UNCHECKED), %zu attacks\n",
                               json_array_size(json_object_get(losses, "checks")),
                               json_array_size(json_object_get(losses, "injects")));
}

char *status_text(const json_t *status, const StatusView *view)
{
    g_autofree char *first = status_line(status);
    GString *out = g_string_new(first);

    append_state(out, status);
    append_held(out, json_object_get(status, "held"));
    append_services(out, status);
    append_golden(out, json_object_get(status, "golden"));
    append_losses(out, json_object_get(status, "losses"));
    append_hosts(out, status, view);
    append_waiting(out, json_object_get(status, "waiting"));
    append_resets(out, json_object_get(status, "resets"), text_of(status, "name"));
    return g_string_free(out, FALSE);
}
