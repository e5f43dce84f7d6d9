#include "orchestrator/daemon/checks.h"

#include "orchestrator/daemon/director.h"
#include "orchestrator/daemon/holding.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/injects.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/daemon/points.h"
#include "orchestrator/daemon/silence.h"
#include "orchestrator/daemon/watches.h"

#include <string.h>

typedef struct Sample Sample;

/* Checks of one interval. */
typedef struct {
    Checks *gr_checks;
    gint64 gr_interval_us;
    GArray *gr_members; /* of int: check indexes */
    struct event *gr_timer;
    GPtrArray *gr_open; /* Round: those that have not ended */
} Group;

typedef struct {
    Group *ro_group;
    gint64 ro_at_us;
    gint64 ro_stands_for;
    gboolean ro_thinned;
    gboolean ro_cut; /* the drill stands since: what comes now counts for nothing */
    guint ro_next;   /* member to launch next */
    guint ro_waiting;
    GArray *ro_rows; /* JournalCheckRow */
    struct event *ro_spread;
    struct timeval ro_gap;
    Sample *ro_sample; /* it belongs to, NULL: a round of its own */
} Round;

typedef struct {
    Round *la_round;
    int la_check;
    gint64 la_at_us;         /* drill clock when it was due */
    gint64 la_asked_us;      /* boot time when it was asked */
    struct event *la_jitter; /* NULL: asked at once */
} Launch;

struct Checks {
    Daemon *cs_daemon;
    GPtrArray *cs_groups;
    GRand *cs_rand; /* for the jitter */
    gboolean cs_running;
};

static void group_free(gpointer data)
{
    Group *group = data;

    event_free(group->gr_timer);
    g_array_unref(group->gr_members);
    g_ptr_array_unref(group->gr_open);
    g_free(group);
}

static struct timeval timeval_of(gint64 us)
{
    struct timeval tv = {us / G_USEC_PER_SEC, us % G_USEC_PER_SEC};

    return tv;
}

static void round_free(Round *round)
{
    for (guint i = 0; i < round->ro_rows->len; i++)
        g_free((char *)g_array_index(round->ro_rows, JournalCheckRow, i).cr_text);
    g_array_unref(round->ro_rows);
    event_free(round->ro_spread);
    g_free(round);
}

static int by_check(gconstpointer a, gconstpointer b)
{
    return ((const JournalCheckRow *)a)->cr_check -
           ((const JournalCheckRow *)b)->cr_check;
}

static void sample_round(Sample *sample, Round *round);

static void round_tell(Round *round)
{
    Daemon *d = round->ro_group->gr_checks->cs_daemon;

    g_array_sort(round->ro_rows, by_check);
    if (round->ro_rows->len) /* in quiet hours there is nothing to tell */
        daemon_event_checks(
            d, -1,
            json_pack("{s:I, s:I, s:b}", "at", (json_int_t)round->ro_at_us, "stands_for",
                      (json_int_t)round->ro_stands_for, "thinned", round->ro_thinned),
            (JournalCheckRow *)round->ro_rows->data, round->ro_rows->len);
}

static void round_record(Round *round)
{
    if (!round->ro_cut)
        round_tell(round);
    round_free(round);
}

static void round_end(Round *round)
{
    g_ptr_array_remove(round->ro_group->gr_open, round);
    if (round->ro_sample)
        sample_round(round->ro_sample, round);
    else
        round_record(round);
}

/* Who looks or who is looked at stood still for a checkpoint meanwhile: what was seen, or
 * not, says nothing. */
static CheckStatus undisturbed(const Daemon *d, const PlanCheck *check, gint64 since_us,
                               CheckStatus status, const char **text)
{
    if (status == CHECK_UP || (!points_stood(d->dm_points, check->ck_from, since_us) &&
                               !points_stood(d->dm_points, check->ck_host, since_us)))
        return status;
    *text = "the host stood still for its checkpoint";
    return CHECK_UNCHECKED;
}

/* The three of them may be different ones' business: whose score it is, who is looked at,
 * and who looks. */
static gboolean is_held(const Daemon *d, const PlanCheck *check, gint64 since_us)
{
    return holding_since(d, check->ck_team, since_us) ||
           holding_since(d, plan_host(d->dm_plan, check->ck_host)->ph_team, since_us) ||
           holding_since(d, plan_host(d->dm_plan, check->ck_from)->ph_team, since_us);
}

/* What was asked before a pause or a hold and answered after it began says nothing. */
static gboolean counts(const Daemon *d, const Launch *launch)
{
    return !launch->la_round->ro_cut &&
           !is_held(d, plan_check(d->dm_plan, launch->la_check), launch->la_at_us);
}

static void on_checked(Daemon *d, CheckStatus status, gint64 dur_us, const char *text,
                       gpointer data)
{
    g_autofree Launch *launch = data;
    Round *round = launch->la_round;
    const PlanCheck *check = plan_check(d->dm_plan, launch->la_check);

    status = undisturbed(d, check, launch->la_asked_us, status, &text);
    JournalCheckRow row = {launch->la_check, status, dur_us, NULL};

    if (counts(d, launch)) {
        row.cr_text = g_strdup(text ? text : "");
        g_array_append_val(round->ro_rows, row);
    }
    if (--round->ro_waiting == 0)
        round_end(round);
}

static gboolean is_quiet(const PlanCheck *check, gint64 now_us)
{
    for (guint i = 0; i < check->ck_quiet->len; i++) {
        const PlanWindow *window = check->ck_quiet->pdata[i];
        if (now_us >= window->wi_from_us && now_us < window->wi_until_us)
            return TRUE;
    }
    return FALSE;
}

/* A host that never was ready is the platform's fault, wherever it is looked at from. */
static gboolean is_missing(const Daemon *d, const PlanCheck *check)
{
    return !hosts_made(d->dm_hosts, check->ck_from) ||
           !hosts_made(d->dm_hosts, check->ck_host);
}

static void launch(Launch *launch)
{
    Daemon *d = launch->la_round->ro_group->gr_checks->cs_daemon;
    const PlanCheck *check = plan_check(d->dm_plan, launch->la_check);
    CheckStatus status;
    const char *why;

    launch->la_asked_us = clock_boottime_us();
    if (launch->la_round->ro_cut || points_standing(d->dm_points, check->ck_from)) {
        on_checked(d, CHECK_UNCHECKED, 0, NULL, launch);
        return;
    }
    if (is_missing(d, check)) {
        on_checked(d, CHECK_UNCHECKED, 0, "its host is missing", launch);
        return;
    }

    if (silence_verdict(d->dm_silence, check->ck_from, &status, &why)) {
        on_checked(d, status, 0, why, launch);
        return;
    }
    orders_check(d->dm_orders, check->ck_from, check->ck_kind, check->ck_params,
                 check->ck_deadline_us, on_checked, launch);
}

static void on_jitter(evutil_socket_t fd, short what, void *data)
{
    Launch *late = data;

    (void)fd;
    (void)what;
    g_clear_pointer(&late->la_jitter, event_free);
    launch(late);
}

/* Later by chance; not in a sample, where all are asked for one moment. */
static void launch_late(Launch *late, gint64 jitter_us)
{
    Checks *checks = late->la_round->ro_group->gr_checks;
    gint64 by = (gint64)(g_rand_double(checks->cs_rand) * (double)jitter_us);
    struct timeval tv = timeval_of(by);

    late->la_jitter = evtimer_new(checks->cs_daemon->dm_base, on_jitter, late);
    evtimer_add(late->la_jitter, &tv);
}

/* The round may be gone after this, where it was its last. */
static void launch_next(Round *round)
{
    Daemon *d = round->ro_group->gr_checks->cs_daemon;
    int index = g_array_index(round->ro_group->gr_members, int, round->ro_next++);
    const PlanCheck *check = plan_check(d->dm_plan, index);

    if (is_quiet(check, daemon_now(d)) || is_held(d, check, daemon_now(d))) {
        if (--round->ro_waiting == 0)
            round_end(round);
        return;
    }
    Launch *one = g_new0(Launch, 1);
    one->la_round = round;
    one->la_check = index;
    one->la_at_us = daemon_now(d);
    if (check->ck_jitter_us && !round->ro_thinned)
        launch_late(one, check->ck_jitter_us);
    else
        launch(one);
}

/* Goes on with the round, whose last launch may end it. */
static void on_spread(evutil_socket_t fd, short what, void *data)
{
    Round *round = data;

    (void)fd;
    (void)what;
    if (round->ro_next + 1 < round->ro_group->gr_members->len)
        evtimer_add(round->ro_spread, &round->ro_gap);
    launch_next(round);
}

static Round *round_start(Group *group, gint64 stands_for, gboolean thinned)
{
    Daemon *d = group->gr_checks->cs_daemon;
    Round *round = g_new0(Round, 1);

    round->ro_group = group;
    round->ro_at_us = daemon_now(d);
    round->ro_stands_for = stands_for;
    round->ro_thinned = thinned;
    round->ro_waiting = group->gr_members->len;
    round->ro_rows = g_array_new(FALSE, TRUE, sizeof(JournalCheckRow));
    round->ro_spread = evtimer_new(d->dm_base, on_spread, round);
    g_ptr_array_add(group->gr_open, round);
    return round;
}

/* A round that has not ended when the next is due skips that one: it was not checked, and
 * counts for nobody. The deadline of each check bounds how often that can be. */
static void on_interval(evutil_socket_t fd, short what, void *data)
{
    Group *group = data;

    (void)fd;
    (void)what;
    if (group->gr_open->len)
        return;
    Round *round = round_start(group, 1, FALSE);
    round->ro_gap = timeval_of(group->gr_interval_us / 2 / group->gr_members->len);
    on_spread(-1, 0, round);
}

static Group *group_for(Checks *checks, gint64 interval_us)
{
    for (guint i = 0; i < checks->cs_groups->len; i++) {
        Group *group = checks->cs_groups->pdata[i];
        if (group->gr_interval_us == interval_us)
            return group;
    }
    Group *group = g_new0(Group, 1);
    group->gr_checks = checks;
    group->gr_interval_us = interval_us;
    group->gr_members = g_array_new(FALSE, FALSE, sizeof(int));
    group->gr_open = g_ptr_array_new();
    group->gr_timer =
        event_new(checks->cs_daemon->dm_base, -1, EV_PERSIST, on_interval, group);
    g_ptr_array_add(checks->cs_groups, group);
    return group;
}

static void due_nothing(Daemon *d, gpointer data)
{
    (void)d;
    (void)data;
}

/* A leap ends where quiet hours begin or end: a sample speaks for one side of that. */
static void stop_leaps(Daemon *d, const PlanCheck *check)
{
    for (guint i = 0; i < check->ck_quiet->len; i++) {
        const PlanWindow *window = check->ck_quiet->pdata[i];
        director_due(d->dm_director, window->wi_from_us, due_nothing, NULL);
        director_due(d->dm_director, window->wi_until_us, due_nothing, NULL);
    }
}

Checks *checks_new(Daemon *d)
{
    Checks *checks = g_new0(Checks, 1);

    checks->cs_daemon = d;
    checks->cs_groups = g_ptr_array_new_with_free_func(group_free);
    checks->cs_rand = g_rand_new_with_seed(
        (guint32)g_ascii_strtoull(d->dm_plan->p_rules_sha256 + 56, NULL, 16));
    for (guint i = 0; i < d->dm_plan->p_checks->len; i++) {
        const PlanCheck *check = plan_check(d->dm_plan, (int)i);
        if (check->ck_interval_us > 0)
            g_array_append_val(group_for(checks, check->ck_interval_us)->gr_members,
                               check->ck_index);
        stop_leaps(d, check);
    }
    return checks;
}

void checks_free(Checks *checks)
{
    if (!checks)
        return;
    g_ptr_array_unref(checks->cs_groups);
    g_rand_free(checks->cs_rand);
    g_free(checks);
}

/* The drill stands: what was seen before is told, what is on its way is not. A sample
 * sees to its rounds by itself. */
static void cut_open(Group *group)
{
    g_autoptr(GPtrArray) open = g_ptr_array_copy(group->gr_open, NULL, NULL);

    for (guint i = 0; i < open->len; i++) {
        Round *round = open->pdata[i];
        guint left = round->ro_sample ? 0 : group->gr_members->len - round->ro_next;

        if (round->ro_sample || round->ro_cut)
            continue;
        round_tell(round);
        round->ro_cut = TRUE;
        event_del(round->ro_spread);
        round->ro_waiting -= left;
        if (round->ro_waiting == 0)
            round_end(round);
    }
}

void checks_run(Checks *checks, gboolean run)
{
    if (run == checks->cs_running)
        return;
    checks->cs_running = run;
    for (guint i = 0; i < checks->cs_groups->len; i++) {
        Group *group = checks->cs_groups->pdata[i];
        struct timeval tv = timeval_of(group->gr_interval_us);
        if (run)
            event_add(group->gr_timer, &tv);
        else {
            event_del(group->gr_timer);
            cut_open(group);
        }
    }
}

/* ---- before a leap ---- */

struct Sample {
    Daemon *sa_daemon;
    guint sa_waiting;
    gint64 sa_to_us;
    GPtrArray *sa_rounds; /* Round: all in before the first is recorded */
    ChecksSampled sa_done;
    gpointer sa_data;
};

/* Something waits for a check that is not as it was: when that happens next depends on
 * what is seen here. */
static gboolean sample_moves(const Sample *sample)
{
    const Daemon *d = sample->sa_daemon;

    for (guint i = 0; i < sample->sa_rounds->len; i++) {
        const Round *round = sample->sa_rounds->pdata[i];
        for (guint r = 0; r < round->ro_rows->len; r++) {
            const JournalCheckRow *row =
                &g_array_index(round->ro_rows, JournalCheckRow, r);
            if ((CheckStatus)row->cr_status !=
                    ledger_check(d->dm_ledger, row->cr_check)->lc_status &&
                (injects_watch(d->dm_injects, row->cr_check) ||
                 watches_check(d->dm_watches, row->cr_check)))
                return TRUE;
        }
    }
    return FALSE;
}

/* Where the clock may not leap after all, these rounds stand for themselves: they show
 * how things are and count for nothing. */
static void sample_end(Sample *sample)
{
    gboolean moves = sample->sa_daemon->dm_state != DRILL_RUNNING || sample_moves(sample);
    gint64 to_us = moves ? daemon_now(sample->sa_daemon) : sample->sa_to_us;

    for (guint i = 0; i < sample->sa_rounds->len; i++) {
        Round *round = sample->sa_rounds->pdata[i];
        if (moves) {
            round->ro_stands_for = 0;
            round->ro_thinned = FALSE;
        }
        round_record(round);
    }
    sample->sa_done(sample->sa_daemon, to_us, sample->sa_data);
    g_ptr_array_unref(sample->sa_rounds);
    g_free(sample);
}

static void sample_step(Sample *sample)
{
    if (--sample->sa_waiting == 0)
        sample_end(sample);
}

static void sample_round(Sample *sample, Round *round)
{
    g_ptr_array_add(sample->sa_rounds, round);
    sample_step(sample);
}

/* How many rounds fall into a leap. In a simulation no other rounds take place, so it is
 * those of the timetable: a leap that is shorter than the interval may have one. */
static gint64 rounds_within(const Daemon *d, gint64 interval_us, gint64 to_us)
{
    gint64 now = daemon_now(d);

    if (d->dm_simulated)
        return to_us / interval_us - now / interval_us;
    return (to_us - now) / interval_us;
}

void checks_sample(Checks *checks, gint64 to_us, ChecksSampled done, gpointer data)
{
    Daemon *d = checks->cs_daemon;
    Sample *sample = g_new0(Sample, 1);

    sample->sa_daemon = d;
    sample->sa_waiting = 1;
    sample->sa_to_us = to_us;
    sample->sa_rounds = g_ptr_array_new();
    sample->sa_done = done;
    sample->sa_data = data;
    for (guint i = 0; i < checks->cs_groups->len; i++) {
        Group *group = checks->cs_groups->pdata[i];
        gint64 rounds = rounds_within(d, group->gr_interval_us, to_us);
        if (rounds < 1)
            continue;
        Round *round = round_start(group, rounds, TRUE);
        round->ro_sample = sample;
        sample->sa_waiting++;
        for (guint left = group->gr_members->len; left; left--)
            launch_next(round);
    }
    sample_step(sample);
}

/* ---- on demand ---- */

typedef struct {
    const PlanCheck *ve_check;
    gint64 ve_at_us; /* boot time */
    CheckVerdict ve_done;
    gpointer ve_data;
} Verify;

static void on_verified(Daemon *d, CheckStatus status, gint64 dur_us, const char *text,
                        gpointer data)
{
    g_autofree Verify *verify = data;

    (void)dur_us;
    status = undisturbed(d, verify->ve_check, verify->ve_at_us, status, &text);
    verify->ve_done(d, status, text, verify->ve_data);
}

void checks_verify(Checks *checks, int check_index, CheckVerdict done, gpointer data)
{
    const PlanCheck *check = plan_check(checks->cs_daemon->dm_plan, check_index);
    Verify *verify = g_new0(Verify, 1);

    *verify = (Verify){check, clock_boottime_us(), done, data};
    if (is_missing(checks->cs_daemon, check))
        on_verified(checks->cs_daemon, CHECK_UNCHECKED, 0, "its host is missing", verify);
    else
        orders_check(checks->cs_daemon->dm_orders, check->ck_from, check->ck_kind,
                     check->ck_params, check->ck_deadline_us, on_verified, verify);
}
