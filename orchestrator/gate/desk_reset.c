#include "orchestrator/gate/desk_reset.h"

#include "orchestrator/gate/say.h"
#include "scenarios/base/duration.h"
#include "scenarios/base/text.h"

#include <string.h>

#define ASKS_SHOWN 8
#define NO_REASON "no reason given"

struct DeskReset {
    char *host, *reason;
    gint64 cost; /* milli-points, as it was said */
};

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static gint64 int_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static const char *tr(const Visit *visit, const char *english)
{
    return say(visit->vi_lang, english);
}

static char *points(gint64 milli)
{
    return g_strdup_printf("%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT, milli / 1000,
                           milli % 1000 / 100);
}

static void print_column(Visit *visit, const char *text, int columns)
{
    g_autofree char *safe = parry_text_safe(text, -1);
    g_autofree char *fit = parry_text_fit(safe, columns);

    visit_print(visit, fit);
}

/* ---- what is left, what waits ---- */

static void print_host(Visit *visit, const json_t *host)
{
    gint64 left = int_of(host, "left");
    g_autofree char *cost = points(int_of(host, "cost"));
    g_autofree char *number = left < 0 ? g_strdup(tr(visit, "any number"))
                                       : g_strdup_printf("%" G_GINT64_FORMAT, left);

    print_column(visit, text_of(host, "name"), 16);
    print_column(visit, cost, 10);
    print_column(visit, number, 14);
    print_column(visit,
                 tr(visit, json_is_true(json_object_get(host, "approval"))
                               ? "white decides"
                               : "at once"),
                 16);
    visit_print_safe(visit, text_of(host, "why"));
}

static void print_ask(Visit *visit, const json_t *ask)
{
    const char *state = text_of(ask, "state");
    gboolean waits = !strcmp(state, "waits");
    g_autofree char *at = duration_clock(int_of(ask, "at_us"));
    g_autofree char *until = duration_clock(int_of(ask, "until_us"));

    visit_printf(visit, "%s  ", at);
    print_column(visit, text_of(ask, "host"), 18);
    print_column(visit, tr(visit, state), 10);
    if (waits)
        visit_printf(visit, "%s %s  ", tr(visit, "until"), until);
    g_autofree char *words =
        g_strdup_printf("%s: %s%s%s", text_of(ask, "player"), text_of(ask, "reason"),
                        *text_of(ask, "word") ? " → " : "", text_of(ask, "word"));
    visit_print_safe(visit, words);
}

static json_t *get_resets(Visit *visit)
{
    return visit_call(visit, "resets", NULL);
}

DeskResult desk_resets(Visit *visit)
{
    static const struct {
        const char *title;
        int columns;
    } columns[] = {{"name", 16}, {"cost", 10}, {"remaining", 14}, {"who decides", 16}};
    json_t *answer = get_resets(visit), *one;
    const json_t *team = json_object_get(answer, "team");
    size_t i;

    if (!answer)
        return DESK_FAILED;
    for (gsize c = 0; c < G_N_ELEMENTS(columns); c++)
        print_column(visit, tr(visit, columns[c].title), columns[c].columns);
    visit_print(visit, "\n");
    json_array_foreach (json_object_get(answer, "hosts"), i, one) {
        print_host(visit, one);
    }
    if (int_of(team, "limit"))
        visit_printf(visit, "%s %" G_GINT64_FORMAT "\n", tr(visit, "left to your team:"),
                     int_of(team, "left"));
    json_array_foreach (json_object_get(answer, "asks"), i, one) {
        if (i < ASKS_SHOWN)
            print_ask(visit, one);
    }
    json_decref(answer);
    return DESK_DONE;
}

/* ---- asking ---- */

gboolean desk_reset_asks(const Visit *visit)
{
    return visit->vi_reset != NULL;
}

void desk_reset_drop(Visit *visit)
{
    if (!visit->vi_reset)
        return;
    g_free(visit->vi_reset->host);
    g_free(visit->vi_reset->reason);
    g_clear_pointer(&visit->vi_reset, g_free);
}

static DeskResult ask(Visit *visit)
{
    const struct DeskReset *reset = visit->vi_reset;
    json_t *answer =
        visit_call(visit, "reset.ask",
                   json_pack("{s:s, s:s, s:I}", "host", reset->host, "reason",
                             reset->reason, "cost", (json_int_t)reset->cost));

    if (!answer)
        return DESK_FAILED;
    visit_printf(visit, "%s %" G_GINT64_FORMAT ". %s\n", tr(visit, "Asked, number"),
                 int_of(answer, "seq"),
                 tr(visit, json_is_true(json_object_get(answer, "approval"))
                               ? "White decides; you are told here."
                               : "The host is being reset."));
    json_decref(answer);
    return DESK_DONE;
}

DeskResult desk_reset_answer(Visit *visit, const char *line)
{
    g_autofree char *word = g_strstrip(g_strdup(line));
    DeskResult result = DESK_DONE;

    if (g_ascii_strcasecmp(word, "yes") == 0)
        result = ask(visit);
    else
        visit_printf(visit, "%s\n", tr(visit, "Nothing was asked for."));
    desk_reset_drop(visit);
    return result;
}

/* By the name that players use, or by the full one; NULL: not one of theirs. */
static const json_t *find_host(const json_t *answer, const char *name)
{
    const json_t *host;
    size_t i;

    json_array_foreach (json_object_get(answer, "hosts"), i, host) {
        if (!strcmp(text_of(host, "name"), name) || !strcmp(text_of(host, "id"), name))
            return host;
    }
    return NULL;
}

static void print_terms(Visit *visit, const json_t *host)
{
    gint64 cost = int_of(host, "cost"), left = int_of(host, "left");
    g_autofree char *milli = points(cost);

    visit_print(visit, tr(visit, "A reset puts it back as it was when ready. Lost are "
                                 "all changes, files and logs on it, yours too; open "
                                 "shells on it end; what could still be earned for "
                                 "containing or eradicating attacks there is void."));
    visit_print(visit, "\n");
    visit_printf(visit, "%s %s. ", tr(visit, "Points it costs:"), milli);
    if (left >= 0)
        visit_printf(visit, "%s %" G_GINT64_FORMAT ". ", tr(visit, "Left before it:"),
                     left);
    visit_printf(visit, "%s\n",
                 tr(visit, json_is_true(json_object_get(host, "approval"))
                               ? "White decides."
                               : "It begins at once."));
}

/* Learns the terms; FALSE where it cannot be asked for, which was said. */
static gboolean learn(Visit *visit, const char *name, gboolean quiet)
{
    json_t *answer = get_resets(visit);
    const json_t *host = answer ? find_host(answer, name) : NULL;
    gboolean may = host && json_is_true(json_object_get(host, "may"));

    if (answer && !host)
        visit_printf(visit, "%s\n",
                     tr(visit, "That is not one of your own hosts; `hosts` lists them."));
    else if (host && !may)
        visit_print_safe(visit, text_of(host, "why"));
    else if (host && !quiet)
        print_terms(visit, host);
    if (may)
        visit->vi_reset->cost = int_of(host, "cost");
    json_decref(answer);
    return may;
}

DeskResult desk_reset(Visit *visit, const char *host, const char *rest)
{
    gboolean yes = g_str_has_prefix(rest, "yes") && (!rest[3] || rest[3] == ' ');
    const char *reason = yes ? rest + 3 + strspn(rest + 3, " ") : rest;
    DeskResult result = DESK_FAILED;

    visit->vi_reset = g_new0(struct DeskReset, 1);
    visit->vi_reset->host = g_strdup(host);
    visit->vi_reset->reason = g_strdup(*reason ? reason : NO_REASON);
    if (learn(visit, host, yes)) {
        if (yes) {
            result = ask(visit);
        } else if (visit->vi_command) {
            visit_printf(visit, "%s reset %s yes REASON\n", tr(visit, "To ask for it:"),
                         host);
        } else {
            visit_printf(visit, "%s\n",
                         tr(visit, "Type `yes` to ask for it, anything else not to."));
            return DESK_DONE;
        }
    }
    desk_reset_drop(visit);
    return result;
}
