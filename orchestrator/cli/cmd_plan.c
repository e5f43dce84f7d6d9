#include "orchestrator/cli/cli.h"

#include "agents/images/images.h"
#include "orchestrator/daemon/needs.h"
#include "orchestrator/daemon/paces_plan.h"
#include "orchestrator/daemon/programs.h"
#include "orchestrator/host/trial.h"
#include "scenarios/msel.h"
#include "scenarios/plan_diff.h"
#include "scenarios/plan_text.h"
#include "scenarios/topology.h"

#include <errno.h>
#include <gio/gio.h>
#include <stdio.h>
#include <unistd.h>

typedef struct {
    gboolean json, secrets, msel, csv, dot, svg, each;
    char *diff, *lang;
    GStrv set;
} Options;

static void options_clear(Options *options)
{
    g_free(options->diff);
    g_free(options->lang);
    g_strfreev(options->set);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

/* Columns of the terminal; what goes into a file or another program is not wrapped. */
static int width(void)
{
    return isatty(1) ? cli_columns() : 0;
}

static gboolean image_is_built(const char *home, const PlanImage *plan, const char *agent)
{
    g_autoptr(GPtrArray) files =
        g_ptr_array_new_with_free_func((GDestroyNotify)image_file_free);
    ImageSpec spec = {
        .id = plan->pi_id, .base = plan->pi_base, .packages = plan->pi_packages};

    for (guint i = 0; i < plan->pi_files->len; i++) {
        const PlanFile *file = plan->pi_files->pdata[i];
        g_autofree char *owner = g_strconcat(file->pf_owner, ":", file->pf_group, NULL);
        g_ptr_array_add(files, image_file_new(file->pf_path, (guint)file->pf_mode, owner,
                                              file->pf_bytes));
    }
    spec.files = files->len ? files : NULL;
    return images_cached(home, &spec, agent);
}

/* Ids of the plan's images that the home has. */
static GHashTable *images_built(const char *home, const Plan *plan)
{
    g_autofree char *agent = programs_path("parry-agent-static");
    GHashTable *built = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < plan->p_images->len; i++) {
        const PlanImage *image = plan_image(plan, (int)i);
        if (image_is_built(home, image, agent))
            g_hash_table_add(built, image->pi_id);
    }
    return built;
}

static PlanHere here(const char *home, const TrialVerdict *verdict)
{
    gboolean there = g_file_test(home, G_FILE_TEST_IS_DIR);

    return (PlanHere){
        .hr_accel = verdict ? verdict->accel : "qemu",
        .hr_memory = needs_memory_here(),
        .hr_disk = needs_disk_here(there ? home : "/"),
        .hr_cores = (int)g_get_num_processors(),
    };
}

static int print_json(const Plan *plan, const PlanHere *machine, const Options *options)
{
    g_autoptr(GPtrArray) rows = msel_rows(plan, options->lang);
    json_t *json = options->secrets ? plan_to_json_open(plan) : plan_to_json(plan);

    json_object_set_new(json, "msel", msel_json(plan, rows));
    json_object_set_new(json, "needs", plan_needs_json(plan, machine));
    return cli_json(json);
}

static int print_csv(const Plan *plan, const char *lang)
{
    g_autoptr(GPtrArray) rows = msel_rows(plan, lang);
    g_autofree char *csv = msel_csv(rows);

    fputs(csv, stdout);
    return EXIT_OK;
}

/* graphviz draws: dot(1) from PATH, the graph on its standard input. */
static int print_svg(const char *dot)
{
    g_autofree char *program = g_find_program_in_path("dot");
    g_autoptr(GError) error = NULL;
    g_autofree char *svg = NULL, *words = NULL;

    if (!program)
        return cli_fail(EXIT_FAIL,
                        "--svg: graphviz's dot is not in PATH; install graphviz, "
                        "or draw what --dot prints elsewhere");
    g_autoptr(GSubprocess) child =
        g_subprocess_new(G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                             G_SUBPROCESS_FLAGS_STDERR_PIPE,
                         &error, program, "-Tsvg", NULL);
    if (!child || !g_subprocess_communicate_utf8(child, dot, NULL, &svg, &words, &error))
        return cli_fail(EXIT_FAIL, "--svg: %s: %s", program, error->message);
    if (!g_subprocess_get_successful(child))
        return cli_fail(EXIT_FAIL, "--svg: %s failed: %s", program, words);
    fputs(svg, stdout);
    return EXIT_OK;
}

/* The scenario under the drill's UUID, and with the drill's parameters where none are
 * given: else they would show as changes. */
static Plan *load_as(const char *scenario, const Drill *drill, const Options *options,
                     int *status)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    char **set = options->set ? options->set : drill->dr_set;
    const PlanOptions with = {.po_uuid = drill->dr_uuid,
                              .po_set = (const char *const *)set};
    Plan *plan = plan_load_with(scenario, &with, diags);
    g_autofree char *text = parry_diags_text(diags, cli_colour(2));

    fputs(text, stderr);
    if (!plan)
        *status = EXIT_SCENARIO;
    return plan;
}

/* The stored drill's plan against the scenario's, both under the drill's UUID. */
static int print_diff(const char *scenario, const Options *options)
{
    int status = EXIT_OK;
    g_autoptr(Drill) drill = cli_drill(options->diff, &status);
    g_autoptr(GError) error = NULL;

    if (!drill)
        return status;
    g_autoptr(Plan) old = drill_plan(drill, &error);
    if (!old)
        return cli_fail(EXIT_FAIL, "drill %s: its stored scenario cannot be loaded: %s",
                        drill->dr_name, error->message);
    g_autoptr(Plan) new = load_as(scenario, drill, options, &status);
    if (!new)
        return status;
    g_autoptr(GPtrArray) diffs = plan_diff(old, new);
    if (options->json) {
        cli_json(plan_diff_json(diffs));
    } else {
        g_autofree char *text = plan_diff_text(diffs, width());
        fputs(text, stdout);
    }
    return diffs->len ? EXIT_DIFFERENT : EXIT_OK;
}

static int print_text(const Plan *plan, const PlanHere *machine, const Options *options)
{
    g_autofree char *text = options->msel
                                ? plan_text_msel(plan, options->lang, width())
                                : plan_text(plan, machine, options->lang, width());

    fputs(text, stdout);
    return EXIT_OK;
}

/* Where root's home is not to be read that is said, and not that it is empty. *rests is
 * the caller's, and what the machine's words point to. */
static void ready_here(const char *home, const Plan *plan, PlanHere *machine,
                       char **rests)
{
    g_autofree char *path = g_build_filename(home, "host", "paces.json", NULL);
    g_autoptr(Paces) paces = paces_load(home);
    gboolean cold = g_hash_table_size(machine->hr_cached) < plan->p_images->len;
    gint64 us = pace_estimate(paces, plan, machine->hr_accel,
                              cold ? PACE_COLD : PACE_WARM, rests);

    if (us < 0 && access(path, R_OK) < 0 && errno == EACCES) {
        g_free(*rests);
        *rests = g_strdup("how long it took here is root's to read");
    }
    machine->hr_ready_us = MAX(us, 0);
    machine->hr_rests = *rests;
}

static int print_plan(const Plan *plan, const Options *options)
{
    g_autofree char *rests = NULL;
    g_autofree char *home = drill_home();
    g_autoptr(TrialVerdict) verdict = trial_cached(home);
    g_autoptr(GHashTable) built = NULL;
    PlanHere machine = here(home, verdict);

    if (options->csv)
        return print_csv(plan, options->lang);
    if (options->dot || options->svg) {
        g_autofree char *dot = topology_dot(plan, options->lang, options->each);
        if (options->svg)
            return print_svg(dot);
        fputs(dot, stdout);
        return EXIT_OK;
    }
    built = images_built(home, plan);
    machine.hr_cached = built;
    ready_here(home, plan, &machine, &rests);
    if (options->json)
        return print_json(plan, &machine, options);
    return print_text(plan, &machine, options);
}

static int run(int argc, char **argv)
{
    g_auto(Options) options = {0};
    const GOptionEntry entries[] = {
        {"msel", 0, 0, G_OPTION_ARG_NONE, &options.msel, "the timeline only", NULL},
        {"csv", 0, 0, G_OPTION_ARG_NONE, &options.csv, "the timeline as CSV", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &options.json, "the whole plan as JSON", NULL},
        {"secrets", 0, 0, G_OPTION_ARG_NONE, &options.secrets,
         "with the values of its secrets", NULL},
        {"dot", 0, 0, G_OPTION_ARG_NONE, &options.dot, "the topology for graphviz", NULL},
        {"svg", 0, 0, G_OPTION_ARG_NONE, &options.svg, "the topology as SVG", NULL},
        {"each", 0, 0, G_OPTION_ARG_NONE, &options.each, "draw every copy of an estate",
         NULL},
        {"diff", 0, 0, G_OPTION_ARG_STRING, &options.diff,
         "what would change of the drill NAME", "NAME"},
        {"lang", 0, 0, G_OPTION_ARG_STRING, &options.lang, "language of titles", "LANG"},
        CLI_SET(options.set),
        G_OPTION_ENTRY_NULL,
    };
    int status;

    if (!cli_options(&cmd_plan, entries, &argc, &argv, 1, 1, &status))
        return status;
    if (options.csv + options.dot + options.svg + options.msel + options.json > 1 ||
        (options.diff && (options.csv || options.dot || options.svg || options.msel)))
        return cli_fail(EXIT_USAGE,
                        "one of --msel, --csv, --json, --dot, --svg at a time; "
                        "--diff goes with --json only");
    if (options.diff)
        return print_diff(argv[1], &options);
    g_autoptr(Plan) plan = cli_plan(argv[1], options.set, options.json, &status);
    return plan ? print_plan(plan, &options) : status;
}

const CliCommand cmd_plan = {"plan", "SCENARIO",
                             "show hosts, addresses, timeline and what is needed", run};
