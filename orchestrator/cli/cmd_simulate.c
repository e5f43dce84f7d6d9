#include "orchestrator/cli/cli.h"

#include "orchestrator/sim/sim.h"
#include "scenarios/base/duration.h"
#include "scoreboard/report.h"
#include "scoreboard/view.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define STATES_MAX 16 /* more than InjectState has */

typedef struct {
    const char *si_scenario;
    char **si_set;   /* --set */
    gint64 si_seed;  /* --seed; -1: the scenario's */
    char *si_report; /* where report and journal are copied to, or NULL */
    char *si_home;   /* --home, or a temporary directory */
    gboolean si_keep, si_json;
    gboolean si_temporary; /* the home is ours alone */
} Simulation;

static void simulation_clear(Simulation *sim)
{
    g_free(sim->si_report);
    g_free(sim->si_home);
    g_strfreev(sim->si_set);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Simulation, simulation_clear)

/* ---- places ---- */

static gboolean home_open(Simulation *sim, GError **error)
{
    if (!sim->si_home) {
        sim->si_temporary = TRUE;
        sim->si_home = g_dir_make_tmp("parry-simulate-XXXXXX", error);
        return sim->si_home != NULL;
    }
    g_autofree char *given = g_steal_pointer(&sim->si_home);
    sim->si_home = g_canonicalize_filename(given, NULL);
    sim->si_temporary = !g_file_test(sim->si_home, G_FILE_TEST_EXISTS);
    if (g_mkdir_with_parents(sim->si_home, 0711) == 0)
        return TRUE;
    g_set_error(error, DRILL_ERROR, errno, "%s: cannot be made: %s", sim->si_home,
                g_strerror(errno));
    return FALSE;
}

/* all: as if it had never been. */
static void home_close(const Simulation *sim, const Drill *drill, gboolean all)
{
    g_autoptr(GError) error = NULL;
    gboolean ok = TRUE;

    if (all && sim->si_temporary)
        ok = drill_remove_tree(sim->si_home, &error);
    else if (drill)
        ok = drill_remove(sim->si_home, drill, all, &error);
    if (!ok)
        cli_fail(EXIT_FAIL, "%s", error->message);
}

static gboolean copy_file(const char *from_dir, const char *name, const char *to_dir,
                          GError **error)
{
    g_autofree char *from = g_build_filename(from_dir, name, NULL);
    g_autofree char *to = g_build_filename(to_dir, name, NULL);
    g_autofree char *bytes = NULL;
    gsize len;

    return g_file_get_contents(from, &bytes, &len, error) &&
           g_file_set_contents(to, bytes, (gssize)len, error);
}

/* The journal is closed by now: all of it is in its one file. */
static gboolean copy_out(const Simulation *sim, const Drill *drill, GError **error)
{
    static const char *const files[] = {"report.md", "report.zh-Hant.md", "report.json"};
    g_autofree char *report = g_build_filename(drill->dr_dir, "report", NULL);

    if (g_mkdir_with_parents(sim->si_report, 0755) < 0) {
        g_set_error(error, DRILL_ERROR, errno, "%s: cannot be made: %s", sim->si_report,
                    g_strerror(errno));
        return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(files); i++)
        if (!copy_file(report, files[i], sim->si_report, error))
            return FALSE;
    return copy_file(drill->dr_dir, "journal.db", sim->si_report, error);
}

static gboolean is_kept(const Simulation *sim)
{
    return sim->si_keep || !sim->si_temporary;
}

/* Where it can be found afterwards; NULL: nowhere. */
static char *place_of(const Simulation *sim, const Drill *drill, const char *dir,
                      const char *name)
{
    if (sim->si_report)
        return g_build_filename(sim->si_report, name, NULL);
    return is_kept(sim) ? g_build_filename(drill->dr_dir, dir, name, NULL) : NULL;
}

/* ---- what came of it ---- */

/* {state: number} of all injects. */
static json_t *count_injects(const Plan *plan, const Ledger *ledger)
{
    guint n[STATES_MAX] = {0};
    json_t *counts = json_object();

    for (guint i = 0; i < plan->p_injects->len; i++)
        n[MIN((guint)ledger_inject(ledger, (int)i)->lj_state, STATES_MAX - 1)]++;
    for (guint state = 0; state < STATES_MAX; state++)
        if (n[state])
            json_object_set_new(counts, inject_state_name((InjectState)state),
                                json_integer(n[state]));
    return counts;
}

static json_t *strings_json(const GPtrArray *strings)
{
    json_t *list = json_array();

    for (guint i = 0; i < strings->len; i++)
        json_array_append_new(list, json_string(strings->pdata[i]));
    return list;
}

static void set_place(json_t *json, const char *name, char *path)
{
    json_object_set_new(json, name, path ? json_string(path) : json_null());
    g_free(path);
}

static json_t *outcome_json(const Simulation *sim, const Drill *drill, const Plan *plan,
                            Ledger *ledger, const SimResult *result)
{
    static const Viewer white = {ROLE_DIRECTOR, -1, 0};
    json_t *json = json_pack(
        "{s:s, s:b, s:o, s:o, s:I, s:I, s:I, s:o}", "drill", plan->p_name, "simulated",
        TRUE, "board", view_board_json(&white, plan, ledger, "en"), "injects",
        count_injects(plan, ledger), "clock_us", (json_int_t)ledger_clock_us(ledger),
        "wall_us", (json_int_t)result->sr_wall_us, "events",
        (json_int_t)ledger_seq(ledger), "notes", strings_json(result->sr_notes));

    set_place(json, "report", place_of(sim, drill, "report", "report.md"));
    set_place(json, "journal", place_of(sim, drill, "", "journal.db"));
    set_place(json, "home", is_kept(sim) ? g_strdup(sim->si_home) : NULL);
    return json;
}

static void print_counts(const json_t *counts, guint all)
{
    const char *state;
    json_t *n;
    guint shown = 0;

    printf("injects: %u", all);
    json_object_foreach ((json_t *)counts, state, n)
        printf("%s%lld %s", shown++ ? ", " : ": ", (long long)json_integer_value(n),
               state);
    printf("\n");
}

static void print_place(const json_t *json, const char *name)
{
    const char *path = json_string_value(json_object_get(json, name));

    if (path)
        printf("%s: %s\n", name, path);
}

static void print_outcome(const json_t *json, const Plan *plan)
{
    g_autofree char *board = view_board_text(json_object_get(json, "board"),
                                             cli_columns(), cli_colour(1), "en");
    g_autofree char *clock =
        duration_clock(json_integer_value(json_object_get(json, "clock_us")));
    const json_t *note;
    gsize i;

    printf("%s\n", board);
    print_counts(json_object_get(json, "injects"), plan->p_injects->len);
    printf("simulated: %s of the drill in %.2f s, %lld events\n", clock,
           (double)json_integer_value(json_object_get(json, "wall_us")) / G_USEC_PER_SEC,
           (long long)json_integer_value(json_object_get(json, "events")));
    json_array_foreach (json_object_get(json, "notes"), i, note)
        printf("note: %s\n", json_string_value(note));
    print_place(json, "report");
    print_place(json, "journal");
    print_place(json, "home");
    if (json_is_null(json_object_get(json, "report")))
        printf("report: not kept; --report DIR writes report and journal there\n");
    fflush(stdout);
}

/* ---- playing ---- */

static json_t *report_on(const Simulation *sim, const Drill *drill, const Plan *plan,
                         const SimResult *result, GError **error)
{
    g_autoptr(Journal) journal = journal_open_read(drill->dr_dir, error);
    g_autoptr(Ledger) ledger = journal ? ledger_read(plan, journal, 0, error) : NULL;
    g_autofree char *path = NULL;

    if (!ledger || !report_write(plan, journal, drill->dr_dir, &path, error))
        return NULL;
    return outcome_json(sim, drill, plan, ledger, result);
}

static int play(const Simulation *sim, const Drill *drill, Plan *plan)
{
    g_auto(SimResult) result = {0};
    g_autoptr(GError) error = NULL;
    json_t *json = NULL;

    if (sim_run(sim->si_home, drill, plan, cli_interrupted_pending, &result, &error))
        json = report_on(sim, drill, plan, &result, &error);
    if (!json || (sim->si_report && !copy_out(sim, drill, &error))) {
        json_decref(json);
        if (g_error_matches(error, SIM_ERROR, SIM_ERROR_STOPPED))
            return cli_fail(EXIT_INTERRUPTED, "interrupted; nothing is left of it");
        return cli_fail(EXIT_FAIL, "drill %s: %s", drill->dr_name, error->message);
    }
    if (sim->si_json)
        return cli_json(json);
    print_outcome(json, plan);
    json_decref(json);
    return EXIT_OK;
}

static int simulate(Simulation *sim, const Plan *checked)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *kept = NULL;
    g_autoptr(Drill) drill = NULL;
    g_autoptr(Plan) plan = NULL;
    int status;

    if (drill_set_aside(sim->si_home, checked->p_name, &kept, &error))
        drill = drill_create(sim->si_home, checked->p_name, sim->si_scenario, checked,
                             NULL, TRUE, &error);
    if (drill)
        plan = drill_plan(drill, &error);
    status = plan ? play(sim, drill, plan) : cli_fail(EXIT_FAIL, "%s", error->message);
    home_close(sim, drill, status != EXIT_OK || !is_kept(sim));
    return status;
}

static gboolean parse(int argc, char **argv, Simulation *sim, int *status)
{
    const GOptionEntry entries[] = {
        {"report", 0, 0, G_OPTION_ARG_FILENAME, &sim->si_report,
         "write report and journal there", "DIR"},
        {"keep", 'k', 0, G_OPTION_ARG_NONE, &sim->si_keep,
         "keep the temporary home with all that is in it", NULL},
        {"home", 0, 0, G_OPTION_ARG_FILENAME, &sim->si_home,
         "use this PARRY_HOME, and keep the drill in it", "DIR"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &sim->si_json, "score and outcome as JSON",
         NULL},
        CLI_SET(sim->si_set),
        {"seed", 0, 0, G_OPTION_ARG_INT64, &sim->si_seed,
         "draw jitter and secrets by this number, not by the scenario's `seed`", "N"},
        G_OPTION_ENTRY_NULL,
    };

    sim->si_seed = -1;
    if (!cli_options(&cmd_simulate, entries, &argc, &argv, 1, 1, status))
        return FALSE;
    if (sim->si_seed < -1 || sim->si_seed > G_MAXINT32) {
        *status = cli_fail(EXIT_USAGE, "--seed: a number from 0 to %d", G_MAXINT32);
        return FALSE;
    }
    sim->si_keep = sim->si_keep || sim->si_home;
    sim->si_scenario = argv[1];
    return TRUE;
}

static int run(int argc, char **argv)
{
    g_auto(Simulation) sim = {0};
    g_autoptr(GError) error = NULL;
    int status = EXIT_OK;

    if (!parse(argc, argv, &sim, &status))
        return status;
    PlanOptions options = {.po_set = (const char *const *)sim.si_set,
                           .po_seed = sim.si_seed >= 0 ? &sim.si_seed : NULL};
    g_autoptr(Plan) plan = cli_plan_with(sim.si_scenario, &options, sim.si_json, &status);
    if (!plan || cli_refuse_unbuilt(plan, &status))
        return status;
    cli_catch_signals();
    if (!home_open(&sim, &error))
        return cli_fail(EXIT_FAIL, "%s", error->message);
    return simulate(&sim, plan);
}

const CliCommand cmd_simulate = {
    "simulate", "SCENARIO", "play it at once, with guests and players that are made up",
    run};
