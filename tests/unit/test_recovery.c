/*
 * A daemon that is killed, before or after any commit, and another one that takes up its
 * journal: the drill comes to the same events, projections and scores as one that nobody
 * disturbed.
 */
#include "orchestrator/sim/sim.h"
#include "scenarios/base/cjson.h"
#include "scoreboard/actions.h"
#include "scoreboard/ledger.h"
#include "tests/unit/cunit_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KILL_POINTS_MIN 200
#define VERIFY_EVERY 16

/* Who is killed frees nothing: what was in flight in that daemon is lost, as meant. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

/* ---- a drill, killed at one moment ---- */

typedef struct {
    guint ki_asked; /* moments so far: two a commit */
    guint ki_at;    /* the one, from 1; 0: never */
    guint ki_every; /* and again after so many, 0: once */
} Killer;

static gboolean kill_now(gboolean committed, gpointer data)
{
    Killer *killer = data;
    guint n = ++killer->ki_asked;

    (void)committed;
    return killer->ki_at &&
           (n == killer->ki_at || (killer->ki_every && n > killer->ki_at &&
                                   (n - killer->ki_at) % killer->ki_every == 0));
}

/* What a drill came to, as sorted lines; times stay in, for they are the drill's. */
typedef struct {
    GPtrArray *ou_lines;
    guint ou_moments, ou_killed;
} Outcome;

static void outcome_clear(Outcome *outcome)
{
    g_clear_pointer(&outcome->ou_lines, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Outcome, outcome_clear)

/* What belongs to the run, or to the daemon and not to the drill. */
static gboolean is_of_run(const char *kind)
{
    static const char *const kinds[] = {
        "drill.defined/1",
        "daemon.started/1",
        "daemon.gap/1",
        "daemon.stopped/1",
        "agent.hello/1",
        "checkpoint/1",
        /* telemetry is not repeated: a gap tells */ "observe.batch/1",
        "observe.gap/1",
        "player.action/1",
        "agent.clock/1",
        NULL};

    return g_strv_contains(kinds, kind);
}

/* What changes nothing there is asked anew where the answer had not come. */
static gboolean is_asked_again(const JournalEvent *event)
{
    const json_t *purpose = json_object_get(event->ev_body, "purpose");
    const char *reason = json_string_value(json_object_get(event->ev_body, "reason"));

    return g_str_has_prefix(event->ev_kind, "order.") &&
           (!g_strcmp0(json_string_value(purpose), "observe") ||
            json_object_get(event->ev_body, "text") ||
            (reason && g_str_has_prefix(reason, "parryd ended before")));
}

/* The number of another event is the run's, too. */
static char *body_text(const json_t *body)
{
    json_t *copy = json_copy((json_t *)body);

    json_object_del(copy, "reset");
    char *text = cjson_text(copy, NULL);
    json_decref(copy);
    return text;
}

static gboolean add_event(const JournalEvent *event, gpointer data)
{
    Outcome *outcome = data;

    if (is_of_run(event->ev_kind) || is_asked_again(event))
        return TRUE;
    g_autofree char *body = body_text(event->ev_body);
    g_ptr_array_add(outcome->ou_lines,
                    g_strdup_printf("event %s %s %s %s %" G_GINT64_FORMAT " %s",
                                    event->ev_kind, event->ev_actor, event->ev_team,
                                    event->ev_host, event->ev_clock_us, body));
    return TRUE;
}

static void add_projection(Outcome *outcome, Journal *journal, const char *name)
{
    json_t *rows = journal_projection(journal, name, NULL), *row;
    gsize i;

    CU_ASSERT_PTR_NOT_NULL_FATAL(rows);
    json_array_foreach (rows, i, row) {
        json_object_del(row, "seq");
        /* Agents say hello to each daemon; "agent" is what that leaves of a host. */
        if (strcmp(name, "host_state") == 0) {
            json_object_del(row, "clock_us");
            if (!g_strcmp0(json_string_value(json_object_get(row, "state")), "agent"))
                json_object_set_new(row, "state", json_string("ready"));
        }
        g_autofree char *text = cjson_text(row, NULL);
        g_ptr_array_add(outcome->ou_lines, g_strdup_printf("%s %s", name, text));
    }
    json_decref(rows);
}

static void add_scores(Outcome *outcome, const Plan *plan, Journal *journal)
{
    g_autoptr(Ledger) ledger = ledger_read(plan, journal, 0, NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(ledger);
    for (guint t = 0; t < plan->p_teams->len; t++) {
        const LedgerStanding *s = ledger_standing(ledger, (int)t);
        g_ptr_array_add(outcome->ou_lines,
                        g_strdup_printf("score %u: %d, %" G_GINT64_FORMAT
                                        " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT
                                        " %" G_GINT64_FORMAT " %d %d %d %d",
                                        t, s->ls_rank, s->ls_total, s->ls_protection,
                                        s->ls_availability, s->ls_injects, s->ls_detected,
                                        s->ls_contained, s->ls_prevented, s->ls_reports));
    }
}

static int by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* ---- acts ---- */

/* How often each act was told, less how often its rows tell of it. */
typedef struct {
    const Plan *ac_plan;
    Journal *ac_journal;
    Actions *ac_actions;
    GHashTable *ac_counts; /* text -> count */
} Acts;

static void count_act(Acts *acts, const char *host, const json_t *body, int by)
{
    const json_t *evidence = json_object_get(body, "evidence");
    const char *first = json_string_value(json_array_get(evidence, 0));
    char *key = g_strdup_printf("%s %s %s", host,
                                json_string_value(json_object_get(body, "rule")), first);
    int count = GPOINTER_TO_INT(g_hash_table_lookup(acts->ac_counts, key)) + by;

    g_hash_table_insert(acts->ac_counts, key, GINT_TO_POINTER(count));
}

static void on_act(const Action *action, gpointer data)
{
    Acts *acts = data;
    json_t *body = actions_body(acts->ac_plan, action);

    count_act(acts, plan_host(acts->ac_plan, action->ac_host)->ph_id, body, -1);
    json_decref(body);
}

static gboolean on_row(gint64 seq, guint row, const JournalObservation *seen,
                       gpointer data)
{
    Acts *acts = data;

    actions_row(acts->ac_actions, seq, row, seen, on_act, acts);
    return TRUE;
}

static gboolean on_event_of_acts(const JournalEvent *event, gpointer data)
{
    Acts *acts = data;

    actions_event(acts->ac_actions, event);
    if (strcmp(event->ev_kind, "player.action/1") == 0)
        count_act(acts, event->ev_host, event->ev_body, 1);
    return strcmp(event->ev_kind, "observe.batch/1") != 0 ||
           journal_each_observation(acts->ac_journal, event->ev_seq, on_row, acts, NULL);
}

/* Whatever was killed when: what the rows tell of was told, and once. */
static void acts_are_whole(const Plan *plan, Journal *journal)
{
    g_autoptr(Actions) actions = actions_new(plan);
    g_autoptr(GHashTable) counts =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Acts acts = {plan, journal, actions, counts};
    GHashTableIter iter;
    gpointer key, count;

    CU_ASSERT_TRUE(journal_each(journal, 0, 0, on_event_of_acts, &acts, NULL));
    actions_flush(actions, G_MAXINT64, on_act, &acts);
    g_hash_table_iter_init(&iter, counts);
    while (g_hash_table_iter_next(&iter, &key, &count)) {
        if (count)
            fprintf(stderr, "  act %s: %+d\n", (char *)key, GPOINTER_TO_INT(count));
        CU_ASSERT_EQUAL(GPOINTER_TO_INT(count), 0);
    }
}

static void verify(const char *dir)
{
    g_autofree char *program =
        g_build_filename(PARRY_BINARY_DIR, "bin", "parry-verify", NULL);
    g_autofree char *out = NULL;
    char *argv[] = {program, (char *)dir, NULL};
    int status = -1;

    CU_ASSERT_TRUE(
        g_spawn_sync(NULL, argv, NULL, 0, NULL, NULL, &out, NULL, &status, NULL));
    CU_ASSERT_TRUE(g_spawn_check_wait_status(status, NULL));
    CU_ASSERT_TRUE(out && strstr(out, "SOUND"));
}

static void collect(Outcome *outcome, const Drill *drill, const Plan *plan,
                    gboolean verified)
{
    g_autoptr(Journal) journal = journal_open_read(drill->dr_dir, NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(journal);
    CU_ASSERT_TRUE(journal_each(journal, 0, 0, add_event, outcome, NULL));
    add_projection(outcome, journal, "inject_state");
    add_projection(outcome, journal, "host_state");
    add_projection(outcome, journal, "open_act");
    add_scores(outcome, plan, journal);
    acts_are_whole(plan, journal);
    g_ptr_array_sort(outcome->ou_lines, by_text);
    if (verified)
        verify(drill->dr_dir);
}

static Outcome play(const char *scenario, Killer killer, gboolean verified)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *home = g_dir_make_tmp("parry-recovery-XXXXXX", NULL);
    g_autoptr(ParryDiags) diags = parry_diags_new();
    g_autoptr(Plan) checked = plan_load(scenario, NULL, diags);
    g_auto(SimResult) result = {0};
    Outcome outcome = {g_ptr_array_new_with_free_func(g_free), 0, 0};

    CU_ASSERT_PTR_NOT_NULL_FATAL(checked);
    g_autoptr(Drill) drill =
        drill_create(home, "d", scenario, checked, NULL, TRUE, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(drill);
    g_free(drill->dr_uuid); /* part of what secrets are drawn by */
    drill->dr_uuid = g_strdup("7d444840-9dc0-51d1-b245-5ffdce74fad2");
    g_autoptr(Plan) plan = drill_plan(drill, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    if (!sim_run_killed(home, drill, plan, NULL, kill_now, &killer, &result, &error)) {
        fprintf(stderr, "%s, moment %u: %s\n", scenario, killer.ki_at, error->message);
        CU_FAIL("it does not come to its end");
    }
    outcome.ou_moments = killer.ki_asked;
    outcome.ou_killed = result.sr_killed;
    collect(&outcome, drill, plan, verified);
    CU_ASSERT_TRUE(drill_remove_tree(home, NULL));
    return outcome;
}

/* ---- and the same, undisturbed ---- */

/* The lines that only one of the two has. */
static guint differences(const Outcome *left, const Outcome *right, guint shown)
{
    guint l = 0, r = 0, count = 0;

    while (l < left->ou_lines->len || r < right->ou_lines->len) {
        const char *a = l < left->ou_lines->len ? left->ou_lines->pdata[l] : NULL;
        const char *b = r < right->ou_lines->len ? right->ou_lines->pdata[r] : NULL;
        int order = !a ? 1 : !b ? -1 : strcmp(a, b);
        if (order && count++ < shown)
            fprintf(stderr, "  %s %.300s\n",
                    order < 0 ? "only undisturbed:" : "only now:", order < 0 ? a : b);
        l += order <= 0;
        r += order >= 0;
    }
    return count;
}

static guint points;

static void compare(const char *scenario, const Outcome *calm, Killer killer)
{
    g_auto(Outcome) now = play(scenario, killer, points % VERIFY_EVERY == 0);

    CU_ASSERT_TRUE(now.ou_killed > 0);
    points += now.ou_killed;
    guint count = differences(calm, &now, 0);
    if (count) {
        fprintf(stderr, "%s, killed at moment %u (every %u): %u differences\n", scenario,
                killer.ki_at, killer.ki_every, count);
        differences(calm, &now, 12);
    }
    CU_ASSERT_EQUAL(count, 0);
}

/* At so many moments, all over the drill; PARRY_KILL_ALL=1: at every one. */
static void killed(const char *scenario, guint times)
{
    g_auto(Outcome) calm = play(scenario, (Killer){0}, TRUE);
    guint stride =
        g_getenv("PARRY_KILL_ALL") ? 1 : MAX((calm.ou_moments + times - 1) / times, 1);

    for (guint at = 1; at <= calm.ou_moments; at += stride)
        compare(scenario, &calm, (Killer){0, at, 0});
}

/* ---- tests ---- */

static void test_each(void)
{
    killed(PARRY_SOURCE_DIR "/tests/e2e/engines.yaml", 200);
}

static void test_triggers(void)
{
    killed(PARRY_SOURCE_DIR "/tests/e2e/triggers.yaml", 100);
}

/* With a team that is held in the midst of it. */
static void test_held(void)
{
    killed(PARRY_SOURCE_DIR "/tests/unit/data/held.yaml", 60);
}

static void test_retries(void)
{
    killed(PARRY_SOURCE_DIR "/tests/e2e/retries.yaml", 100);
}

/* Sixty hours, at moments all over it. */
static void test_first_drill(void)
{
    killed(PARRY_SOURCE_DIR "/examples/first-drill.yaml", 50);
}

/* Asked for, approved, refused, expired and at once: at every moment of it. */
static void test_resets(void)
{
    killed(PARRY_SOURCE_DIR "/tests/e2e/resets.yaml", 400);
}

/* Again and again: each daemon lives for a few commits past the hellos. */
static void test_often(void)
{
    static const char scenario[] = PARRY_SOURCE_DIR "/tests/e2e/engines.yaml";
    g_auto(Outcome) calm = play(scenario, (Killer){0}, FALSE);

    for (guint every = 40; every <= 80; every += 13)
        compare(scenario, &calm, (Killer){0, every, every});
}

static void test_points(void)
{
    printf("%u daemons killed ", points);
    CU_ASSERT_TRUE(points >= KILL_POINTS_MIN);
}

int main(void)
{
    if (!g_getenv("TMPDIR") && g_file_test("/dev/shm", G_FILE_TEST_IS_DIR))
        g_setenv("TMPDIR", "/dev/shm", TRUE); /* who is killed here is a process only */
    CU_TestInfo tests[] = {
        {"killed before and after commits", test_each},
        {"the same over triggers", test_triggers},
        {"the same over a hold", test_held},
        {"the same over attempts that fail, and nights", test_retries},
        {"the same over sixty hours", test_first_drill},
        {"the same over resets that players ask for", test_resets},
        {"killed again and again", test_often},
        {"that was often enough", test_points},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("recovery", tests);
}
