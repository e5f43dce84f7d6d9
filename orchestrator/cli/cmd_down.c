#include "orchestrator/cli/cli.h"

#include "agents/images/images.h"
#include "orchestrator/daemon/golden.h"
#include "orchestrator/range/range.h"

#include <stdio.h>
#include <string.h>

static int down(int argc, char **argv)
{
    gboolean purge = FALSE;
    int status = EXIT_OK;
    const GOptionEntry entries[] = {
        {"purge", 0, 0, G_OPTION_ARG_NONE, &purge,
         "remove the drill's directory too: journal, report, recordings, keys", NULL},
        G_OPTION_ENTRY_NULL,
    };

    if (!cli_options(&cmd_down, entries, &argc, &argv, 0, 1, &status))
        return status;
    g_autoptr(Drill) drill = cli_drill(argc > 1 ? argv[1] : NULL, &status);
    return drill ? launch_down(drill, purge, FALSE) : status;
}

static gboolean owned(const GPtrArray *drills, const char *uuid)
{
    for (guint i = 0; i < drills->len; i++)
        if (g_strcmp0(((Drill *)drills->pdata[i])->dr_uuid, uuid) == 0)
            return TRUE;
    return FALSE;
}

/* What bears the tag of a drill that no directory of this home owns. */
static int collect(const char *uri, const GPtrArray *drills, gboolean dry)
{
    g_autoptr(GError) error = NULL;
    json_t *world = range_world(uri, &error), *object;
    gsize i;
    int status = EXIT_OK;

    if (!world)
        return cli_fail(EXIT_FAIL, "%s", error->message);
    json_array_foreach (world, i, object) {
        const char *uuid = json_string_value(json_object_get(object, "drill"));
        RangeRemoved removed = {0};
        if (owned(drills, uuid))
            continue;
        printf("%s %s %s of drill %s\n", dry ? "would remove" : "remove",
               json_string_value(json_object_get(object, "kind")),
               json_string_value(json_object_get(object, "name")), uuid);
        /* The first of a drill's objects takes all of it along; the others find nothing.
         */
        if (!dry && !range_remove(uri, uuid, &removed, &error)) {
            status = cli_fail(EXIT_FAIL, "%s", error->message);
            g_clear_error(&error);
        }
    }
    json_decref(world);
    return status;
}

static void say_golden(const char *path, guint64 bytes, gpointer dry)
{
    g_autofree char *size = g_format_size(bytes);

    printf("%s %s, %s\n", *(gboolean *)dry ? "would remove" : "remove", path, size);
}

static int gc(int argc, char **argv)
{
    gboolean dry = FALSE;
    gint64 golden = (gint64)(GOLDEN_LIMIT >> 20);
    int status = EXIT_OK, removed;
    const GOptionEntry entries[] = {
        {"golden", 0, 0, G_OPTION_ARG_INT64, &golden,
         "how much golden guests may take up that no drill uses (16384)", "MIB"},
        {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry, "only say what would be removed",
         NULL},
        G_OPTION_ENTRY_NULL,
    };

    if (!cli_options(&cmd_gc, entries, &argc, &argv, 0, 0, &status))
        return status;
    g_autofree char *home = drill_home();
    g_autoptr(GPtrArray) drills = drill_list(home);
    g_autoptr(GError) error = NULL;
    const char *connect = g_getenv("PARRY_CONNECT");
    g_autofree char *uri = connect && *connect ? g_strdup(connect) : cli_uri(NULL);

    if (golden < 0)
        return cli_fail(EXIT_USAGE, "--golden: 0 MiB or more");
    if (uri)
        status = collect(uri, drills, dry);
    if (golden_gc(home, (guint64)golden << 20, dry, say_golden, &dry, &error) < 0)
        return cli_fail(EXIT_FAIL, "%s", error->message);
    if (dry)
        return status;
    removed = images_gc(home, &error);
    if (removed < 0)
        return cli_fail(EXIT_FAIL, "%s", error->message);
    printf("%d unfinished image builds removed\n", removed);
    return status;
}

const CliCommand cmd_down = {"down", "[NAME]", "remove a drill's VMs, alive or crashed",
                             down};
const CliCommand cmd_gc = {"gc", "", "remove what no drill directory owns", gc};
