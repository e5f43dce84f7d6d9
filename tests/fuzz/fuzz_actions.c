/*
 * Rows of a hostile guest through the rules of acts. A line is a row: five bytes for
 * what, act, origin, pid and end, then its texts, parted by tabs. Whatever comes, an
 * act's object is clean text within its bound, and its references are rows that were
 * given.
 */
#include "scenarios/loader.h"
#include "scoreboard/action_rules.h"
#include "scoreboard/actions.h"
#include "scoreboard/kinds.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static Plan *make_plan(void)
{
    Plan *plan = plan_new();
    PlanTeam *team = plan_team_add(plan, "health");
    PlanHost *host = plan_host_add(plan, "health/web");
    PlanInject *inject = plan_inject_add(plan, "deface@health");

    team->pt_side = SIDE_BLUE;
    host->ph_owner = SIDE_BLUE;
    inject->in_kind = INJECT_ATTACK;
    inject->in_run = g_strdup("echo owned >/var/www/html/index.html; sees 4444 &");
    return plan;
}

static void on_act(const Action *action, gpointer data)
{
    const guint *rows = data;

    if (!g_utf8_validate(action->ac_object, -1, NULL) ||
        !g_utf8_validate(action->ac_player, -1, NULL))
        abort();
    for (const char *p = action->ac_object; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            abort();
    if (action->ac_n_refs < 1 || action->ac_n_refs > ACTION_REFS_MAX ||
        action->ac_rows < action->ac_n_refs || action->ac_at_us < 0)
        abort();
    for (guint i = 0; i < action->ac_n_refs; i++)
        if (action->ac_refs[i].ar_row >= *rows)
            abort();
}

/* The next text of the line, up to a tab; ended in place. */
static const char *next_text(char **at)
{
    char *text = *at, *tab = strchr(text, '\t');

    *at = tab ? tab + 1 : text + strlen(text);
    if (tab)
        *tab = '\0';
    return text;
}

static JournalObservation row_of(const uint8_t *head, char *texts)
{
    JournalObservation seen = {.ob_what = head[0] % SEEN_WHATS,
                               .ob_act = head[1] % SEEN_ACTS,
                               .ob_origin = head[2] % SEEN_ORIGINS,
                               .ob_auid = head[2] - 8,
                               .ob_pid = head[3] % 16,
                               .ob_exit = head[4] % 4 - 1,
                               .ob_ppid = -1,
                               .ob_uid = 0,
                               .ob_t_us = (gint64)head[4] << (head[3] % 64 / 2)};

    seen.ob_args = next_text(&texts);
    seen.ob_exe = next_text(&texts);
    seen.ob_cwd = next_text(&texts);
    seen.ob_path = next_text(&texts);
    seen.ob_to = next_text(&texts);
    seen.ob_player = next_text(&texts);
    return seen;
}

static void begin_attack(Actions *actions)
{
    json_t *body = json_pack("{s: s, s: i}", "inject", "deface@health", "at", 0);
    JournalEvent event = {.ev_kind = "inject.executed/1", .ev_body = body};

    actions_event(actions, &event);
    json_decref(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Plan *plan;
    guint rows = 0;

    if (!plan)
        plan = make_plan();
    g_autoptr(Actions) actions = actions_new(plan);
    begin_attack(actions);
    while (size > 5) {
        const uint8_t *end = memchr(data + 5, '\n', size - 5);
        size_t len = end ? (size_t)(end - data) : size;
        g_autofree char *texts = g_strndup((const char *)data + 5, len - 5);
        JournalObservation seen = row_of(data, texts);

        rows++;
        actions_row(actions, 1, rows - 1, &seen, on_act, &rows);
        len += end != NULL;
        data += len;
        size -= len;
    }
    actions_flush(actions, G_MAXINT64, on_act, &rows);
    if (actions_due_us(actions) != G_MAXINT64)
        abort();
    return 0;
}
