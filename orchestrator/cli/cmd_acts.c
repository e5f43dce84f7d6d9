/*
 * What people did, out of the journal: the drill need not run.
 */
#include "orchestrator/cli/cli.h"

#include "scenarios/base/duration.h"
#include "scenarios/base/text.h"
#include "scoreboard/view.h"

#include <stdio.h>
#include <string.h>

#define CLOCK_WIDTH 11 /* "1d 02:25:00" */

typedef struct {
    const Plan *af_plan;
    const char *af_team, *af_inject, *af_player, *af_action; /* NULL: any */
    const char *af_lang;
    json_t *af_list;
} ActsFilter;

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static gboolean fits(const char *wanted, const char *is)
{
    return !wanted || strcmp(wanted, is) == 0;
}

static gboolean take(const JournalEvent *event, gpointer data)
{
    ActsFilter *filter = data;
    const json_t *at = json_object_get(event->ev_body, "at");
    json_t *act;

    if (strcmp(event->ev_kind, "player.action/1") != 0 ||
        !fits(filter->af_team, event->ev_team) ||
        !fits(filter->af_inject, text_of(event->ev_body, "inject")) ||
        !fits(filter->af_player, text_of(event->ev_body, "player")) ||
        !fits(filter->af_action, text_of(event->ev_body, "action")))
        return TRUE;
    act = json_deep_copy(event->ev_body);
    json_object_set_new(act, "seq", json_integer(event->ev_seq));
    json_object_set_new(act, "host", json_string(event->ev_host));
    if (!json_is_integer(at))
        json_object_set_new(act, "at", json_integer(event->ev_clock_us));
    json_array_append_new(filter->af_list, act);
    return TRUE;
}

/* Columns that the longest of those texts takes, within reason. */
static int width_of(const json_t *list, const char *key, int most)
{
    const json_t *act;
    int width = 4;
    size_t i;

    json_array_foreach (list, i, act) {
        width = MAX(width, parry_text_width(text_of(act, key)));
    }
    return MIN(width, most);
}

/* A text out of a guest, as wide as its column. */
static char *column(const char *text, int width)
{
    g_autofree char *safe = parry_text_safe(text, -1);

    return parry_text_fit(safe, width);
}

static void print_act(const ActsFilter *filter, const json_t *act, int who, int host)
{
    gboolean chinese = g_strcmp0(filter->af_lang, "zh-Hant") == 0;
    const char *words = text_of(act, chinese ? "text_zh" : "text");
    const char *player = text_of(act, "player"), *inject = text_of(act, "inject");
    g_autofree char *clock =
        duration_clock(json_integer_value(json_object_get(act, "at")));
    g_autofree char *by = column(*player ? player : text_of(act, "team"), who);
    g_autofree char *on = column(text_of(act, "host"), host);
    g_autofree char *what = parry_text_safe(*words ? words : text_of(act, "text"), -1);
    g_autofree char *about = parry_text_safe(inject, -1);

    printf("%*s  %s  %s  %s%s%s%s  #%" JSON_INTEGER_FORMAT "\n", CLOCK_WIDTH, clock, by,
           on, what, *about ? "  [" : "", about, *about ? "]" : "",
           json_integer_value(json_object_get(act, "seq")));
}

static void print_all(const ActsFilter *filter)
{
    int who = MAX(width_of(filter->af_list, "player", 24),
                  width_of(filter->af_list, "team", 24));
    int host = width_of(filter->af_list, "host", 24);
    const json_t *act;
    size_t i;

    json_array_foreach (filter->af_list, i, act) {
        print_act(filter, act, who, host);
    }
    if (!json_array_size(filter->af_list))
        fputs("no acts\n", stderr);
}

/* A name that the drill does not have is a slip, not an empty list. */
static gboolean known(const ActsFilter *filter, int *status)
{
    const Plan *plan = filter->af_plan;

    if (filter->af_team && plan_team_index(plan, filter->af_team) < 0)
        *status = cli_fail(EXIT_USAGE, "--team %s: the drill has no such team",
                           filter->af_team);
    else if (filter->af_inject && plan_inject_index(plan, filter->af_inject) < 0)
        *status = cli_fail(EXIT_USAGE,
                           "--inject %s: the drill has no such inject; one is named "
                           "NAME@TEAM",
                           filter->af_inject);
    else
        return TRUE;
    return FALSE;
}

static int list(const Drill *drill, ActsFilter *filter, gboolean json)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Plan) plan = drill_plan(drill, &error);
    g_autoptr(Journal) journal = plan ? journal_open_read(drill->dr_dir, &error) : NULL;
    int status = EXIT_OK;

    filter->af_plan = plan;
    if (journal && !known(filter, &status))
        return status;
    filter->af_list = json_array();
    if (!journal || !journal_each(journal, 0, 0, take, filter, &error)) {
        json_decref(filter->af_list);
        return cli_fail(EXIT_FAIL, "drill %s: %s", drill->dr_name, error->message);
    }
    if (json)
        return cli_json(filter->af_list);
    print_all(filter);
    json_decref(filter->af_list);
    return EXIT_OK;
}

static int run(int argc, char **argv)
{
    g_autofree char *team = NULL, *inject = NULL, *player = NULL, *action = NULL,
                    *lang = NULL;
    gboolean json = FALSE;
    int status = EXIT_OK;
    const GOptionEntry entries[] = {
        {"team", 't', 0, G_OPTION_ARG_STRING, &team, "only this team's", "TEAM"},
        {"inject", 'i', 0, G_OPTION_ARG_STRING, &inject, "only those about this inject",
         "INJECT"},
        {"player", 0, 0, G_OPTION_ARG_STRING, &player, "only this player's", "TEAM/NAME"},
        {"action", 0, 0, G_OPTION_ARG_STRING, &action,
         "only of this kind, such as killed-process", "ACTION"},
        {"lang", 0, 0, G_OPTION_ARG_STRING, &lang, "en or zh-Hant", "LANG"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "as JSON", NULL},
        G_OPTION_ENTRY_NULL,
    };

    if (!cli_options(&cmd_acts, entries, &argc, &argv, 0, 1, &status))
        return status;
    g_autoptr(Drill) drill = cli_drill(argc > 1 ? argv[1] : NULL, &status);
    if (!drill)
        return status;
    ActsFilter filter = {.af_team = team,
                         .af_inject = inject,
                         .af_player = player,
                         .af_action = action,
                         .af_lang = lang ? lang : "en"};
    return list(drill, &filter, json);
}

const CliCommand cmd_acts = {"acts", "[NAME]", "what people did, out of what agents saw",
                             run};
