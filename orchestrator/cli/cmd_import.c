#include "orchestrator/cli/cli.h"

#include "scenarios/import/import.h"

#include <stdio.h>
#include <string.h>

/* Statuses of this command alone: the worst that became of the input. */
enum {
    IMPORT_STATUS_UNREAD = 3, /* the input cannot be read, or is not of that format */
    IMPORT_STATUS_FAULTY = 4, /* not written, or `parry check` finds errors in it */
};

typedef struct {
    gboolean json, quiet;
    char *output;
    ImportOptions options;
} Wish;

static const char *const formats[] = {
    [IMPORT_OCR] = "ocr",
    [IMPORT_KYPO] = "kypo",
    [IMPORT_MSEL] = "msel",
};

static gboolean find_format(const char *name, ImportFormat *format)
{
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        *format = (ImportFormat)i;
        if (!strcmp(formats[i], name))
            return TRUE;
    }
    return FALSE;
}

static void print_diags(const ParryDiags *diags, gboolean json)
{
    g_autofree char *text = parry_diags_text(diags, cli_colour(2));

    if (json)
        cli_json(json_pack("{s:o}", "errors", parry_diags_json(diags)));
    else
        fputs(text, stderr);
}

static void print_lines(const ImportResult *result, gboolean quiet)
{
    for (guint i = 0; i < result->ir_lines->len; i++) {
        const ImportLine *line = result->ir_lines->pdata[i];
        g_autofree char *text = import_line_text(line);
        if (!quiet || line->il_verdict != IMPORT_TAKEN)
            fprintf(stderr, "%s\n", text);
    }
    fprintf(stderr, "%u taken, %u changed, %u left\n", result->ir_count[IMPORT_TAKEN],
            result->ir_count[IMPORT_CHANGED], result->ir_count[IMPORT_LEFT]);
}

/* Errors that the loader finds in what was made; FALSE where there are any. */
static gboolean check(const ImportResult *result, const char *name, ParryDiags *diags)
{
    g_autoptr(ParryDiags) all = parry_diags_new();
    g_autoptr(Plan) plan =
        plan_load_bytes(name, ".", result->ir_yaml, strlen(result->ir_yaml), NULL, all);
    const GPtrArray *list = parry_diags_all(all);

    for (guint i = 0; i < list->len; i++) {
        const ParryDiag *diag = list->pdata[i];
        if (diag->dg_level == DIAG_ERROR)
            parry_diags_add(diags, DIAG_ERROR, diag->dg_file, result->ir_yaml,
                            diag->dg_line, diag->dg_column, diag->dg_hint, "%s",
                            diag->dg_message);
    }
    return plan != NULL;
}

static int finish(const Wish *wish, const ImportResult *result)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    g_autoptr(GError) error = NULL;
    int status = (int)result->ir_worst;

    if (!check(result, wish->output ? wish->output : "scenario", diags))
        status = IMPORT_STATUS_FAULTY;
    if (wish->output && !g_file_set_contents(wish->output, result->ir_yaml, -1, &error)) {
        parry_diags_add(diags, DIAG_ERROR, NULL, NULL, 0, 0, NULL, "%s: write: %s",
                        wish->output, error->message);
        status = IMPORT_STATUS_FAULTY;
    }
    if (wish->json) {
        json_t *json = import_result_json(result);
        if (!wish->output)
            json_object_set_new(json, "scenario", json_string(result->ir_yaml));
        json_object_set_new(json, "errors", parry_diags_json(diags));
        cli_json(json);
        return status;
    }
    if (!wish->output)
        fputs(result->ir_yaml, stdout);
    print_lines(result, wish->quiet);
    print_diags(diags, FALSE);
    return status;
}

static int import(const Wish *wish, ImportFormat format, const char *path)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    g_autoptr(ImportResult) result = import_path(format, path, &wish->options, diags);

    if (result)
        return finish(wish, result);
    print_diags(diags, wish->json);
    return IMPORT_STATUS_UNREAD;
}

static int run(int argc, char **argv)
{
    Wish wish = {0};
    char *map = NULL, *start = NULL;
    ImportFormat format;
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &wish.output,
         "write the scenario there, not to standard output", "FILE"},
        {"map", 'm', 0, G_OPTION_ARG_FILENAME, &map,
         "which of Parry's images stand for the input's", "IMAGES.yaml"},
        {"start", 0, 0, G_OPTION_ARG_STRING, &start, "when the drill starts", "MOMENT"},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &wish.quiet,
         "do not list what was taken as it was", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &wish.json, "lines as JSON", NULL},
        G_OPTION_ENTRY_NULL,
    };
    int status;

    gboolean good = cli_options(&cmd_import, entries, &argc, &argv, 2, 2, &status);
    if (good && !find_format(argv[1], &format)) {
        status = cli_fail(EXIT_USAGE, "no format \"%s\": ocr, kypo or msel", argv[1]);
        good = FALSE;
    }
    wish.options = (ImportOptions){.io_map = map, .io_start = start};
    if (good)
        status = import(&wish, format, argv[2]);
    g_free(wish.output);
    g_free(map);
    g_free(start);
    return status;
}

const CliCommand cmd_import = {"import", "ocr|kypo|msel PATH",
                               "make a scenario of what another range has", run};
