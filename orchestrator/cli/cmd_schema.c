#include "orchestrator/cli/cli.h"

#include "scenarios/schema.h"

static int run(int argc, char **argv)
{
    gboolean part = FALSE;
    const GOptionEntry entries[] = {
        {"part", 0, 0, G_OPTION_ARG_NONE, &part, "for files that others include", NULL},
        G_OPTION_ENTRY_NULL,
    };
    int status;

    if (!cli_options(&cmd_schema, entries, &argc, &argv, 0, 0, &status))
        return status;
    return cli_json(part ? schema_part_json() : schema_json());
}

const CliCommand cmd_schema = {"schema", "", "the language as JSON Schema, for editors",
                               run};
