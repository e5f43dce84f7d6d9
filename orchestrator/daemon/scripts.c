#include "orchestrator/daemon/scripts.h"

#include "orchestrator/daemon/director.h"
#include "orchestrator/daemon/holding.h"
#include "orchestrator/daemon/injects.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/daemon/reset_asks.h"
#include "scenarios/base/cjson.h"

#include <string.h>

#define INDICATOR_MAX 200
#define SCRIPT_TIMEOUT_US (60 * G_USEC_PER_SEC)

/* One scripted team and one inject, or one of the team's own actions. */
typedef struct {
    const PlanScript *pl_script;
    const PlanAction *pl_action;
    int pl_inject;
    char *pl_actor; /* "script:health" */
    /* as a journal that is taken up tells it: 0: not done, else the order, or -1 where
     * it has ended */
    gint64 pl_acted, pl_detected, pl_contained;
    gint64 pl_asked; /* reset.asked/1 of an action that asks for one */
} Play;

struct Scripts {
    Daemon *sp_daemon;
    GPtrArray *sp_plays; /* owns every Play until the end */
};

static void play_free(gpointer data)
{
    Play *play = data;

    g_free(play->pl_actor);
    g_free(play);
}

static Play *play_new(Scripts *scripts, const PlanScript *script)
{
    Play *play = g_new0(Play, 1);

    play->pl_script = script;
    play->pl_actor = g_strconcat(
        "script:", plan_team(scripts->sp_daemon->dm_plan, script->sc_team)->pt_id, NULL);
    g_ptr_array_add(scripts->sp_plays, play);
    return play;
}

static void run_order(Daemon *d, Play *play, int host, const char *title,
                      const char *script, const PlanLimits *limits, OrderDone done)
{
    OrderSpec spec = {
        .os_host = host,
        .os_purpose = "script",
        .os_title = title,
        .os_actor = play->pl_actor,
        .os_script = script,
        .os_limits = limits,
        .os_timeout_us = SCRIPT_TIMEOUT_US,
        .os_done = done,
        .os_data = play,
    };

    orders_run(d->dm_orders, &spec);
}

static void on_action(Daemon *d, const Order *order, gpointer data)
{
    (void)d;
    (void)order;
    (void)data; /* the order's own events say how it went */
}

/* White, played along: says nothing where a person was faster. */
static void due_answer(Daemon *d, gpointer data)
{
    const Play *play = data;
    gboolean approves = play->pl_action->ac_answer == RESET_ANSWER_APPROVE;

    if (reset_asks_waits(d->dm_reset_asks, play->pl_action->ac_host) != play->pl_asked)
        return;
    reset_asks_decide(d->dm_reset_asks, play->pl_action->ac_host, approves,
                      "script:white", NULL, NULL, NULL);
}

/* Whether it is a reset that somebody has to agree to, and says so. */
static gboolean is_answered(const Daemon *d, const Play *play)
{
    return plan_host(d->dm_plan, play->pl_action->ac_host)->ph_reset.rs_approval &&
           play->pl_action->ac_answer != RESET_ANSWER_SILENCE;
}

static void expect_answer(Daemon *d, Play *play, gint64 seq, gint64 at_us)
{
    play->pl_asked = seq;
    if (is_answered(d, play))
        director_due(d->dm_director, at_us + play->pl_action->ac_answer_us, due_answer,
                     play);
}

static void ask_reset(Daemon *d, Play *play)
{
    gint64 seq =
        reset_asks_ask(d->dm_reset_asks, play->pl_actor, play->pl_script->sc_team,
                       play->pl_action->ac_host, play->pl_action->ac_reset, NULL);

    if (seq > 0)
        expect_answer(d, play, seq, daemon_now(d));
}

static void due_action(Daemon *d, gpointer data)
{
    Play *play = data;

    if (play->pl_acted < 0 ||
        holding_wait(d, FALSE, play->pl_script->sc_team, play->pl_action->ac_at_us, 0,
                     due_action, play))
        return;
    if (play->pl_action->ac_reset) {
        ask_reset(d, play);
        return;
    }
    run_order(d, play, play->pl_action->ac_host, play->pl_action->ac_title,
              play->pl_action->ac_run, &play->pl_action->ac_limits, on_action);
}

/* Exit 0: found. What the search printed first is what is reported; where it prints
 * nothing, the first indicator that the scenario knows. */
static char *indicator_seen(const PlanInject *inject, const Order *order)
{
    g_autofree char *out =
        g_strndup(order->or_out->len ? (const char *)order->or_out->data : "",
                  MIN(order->or_out->len, INDICATOR_MAX));

    out[strcspn(out, "\n")] = '\0';
    if (!*out && inject->in_indicators && inject->in_indicators[0])
        return g_strdup(inject->in_indicators[0]);
    return parry_text_safe(out, -1);
}

static void on_looked(Daemon *d, const Order *order, gpointer data)
{
    Play *play = data;
    const PlanInject *inject = plan_inject(d->dm_plan, play->pl_inject);
    int matched;

    if (order->or_status != ORDER_DONE || order->or_exit != 0)
        return;
    g_autofree char *indicator = indicator_seen(inject, order);
    injects_report(d->dm_injects, play->pl_actor, inject->in_team, inject->in_host,
                   injects_executed_us(d->dm_injects, play->pl_inject), indicator, NULL,
                   &matched);
}

/* A held team does nothing, and its delays stand. */
static gboolean play_waits(Daemon *d, Play *play, int delays, DueFn fn)
{
    return holding_wait(d, FALSE, play->pl_script->sc_team,
                        injects_executed_us(d->dm_injects, play->pl_inject),
                        delays * play->pl_script->sc_delay_us, fn, play);
}

static void due_detect(Daemon *d, gpointer data)
{
    Play *play = data;
    const PlanInject *inject = plan_inject(d->dm_plan, play->pl_inject);

    if (play->pl_detected < 0 || play_waits(d, play, 1, due_detect))
        return;
    if (inject->in_kind == INJECT_MESSAGE)
        injects_answer(d->dm_injects, play->pl_actor, inject->in_team, play->pl_inject,
                       "Acknowledged; the desk has been told.");
    else if (inject->in_detect)
        run_order(d, play, inject->in_host, inject->in_id, inject->in_detect,
                  &inject->in_book_limits, on_looked);
}

static void on_contained(Daemon *d, const Order *order, gpointer data)
{
    Play *play = data;

    (void)order; /* its words count for nothing: the effect is looked at */
    injects_verify(d->dm_injects, play->pl_inject);
}

static void due_contain(Daemon *d, gpointer data)
{
    Play *play = data;
    const PlanInject *inject = plan_inject(d->dm_plan, play->pl_inject);

    if (play->pl_contained >= 0 && !play_waits(d, play, 2, due_contain))
        run_order(d, play, inject->in_host, inject->in_id, inject->in_contain,
                  &inject->in_book_limits, on_contained);
}

static gboolean plays(gboolean all, char **names, const char *name)
{
    return all || (names && g_strv_contains((const char *const *)names, name));
}

void scripts_inject(Scripts *scripts, int index)
{
    Daemon *d = scripts->sp_daemon;
    const PlanInject *inject = plan_inject(d->dm_plan, index);
    gint64 at = injects_executed_us(d->dm_injects, index);

    if (!d->dm_rehearsal)
        return;
    for (guint i = 0; i < d->dm_plan->p_scripts->len; i++) {
        const PlanScript *script = d->dm_plan->p_scripts->pdata[i];
        if (script->sc_team != inject->in_team)
            continue;
        Play *play = play_new(scripts, script);
        play->pl_inject = index;
        if (plays(script->sc_detect_all, script->sc_detect, inject->in_name))
            director_due(d->dm_director, at + script->sc_delay_us, due_detect, play);
        if (inject->in_contain &&
            plays(script->sc_contain_all, script->sc_contain, inject->in_name))
            director_due(d->dm_director, at + 2 * script->sc_delay_us, due_contain, play);
    }
}

Scripts *scripts_new(Daemon *d)
{
    Scripts *scripts = g_new0(Scripts, 1);

    scripts->sp_daemon = d;
    scripts->sp_plays = g_ptr_array_new_with_free_func(play_free);
    for (guint i = 0; d->dm_rehearsal && i < d->dm_plan->p_scripts->len; i++) {
        const PlanScript *script = d->dm_plan->p_scripts->pdata[i];
        for (guint a = 0; a < script->sc_actions->len; a++) {
            Play *play = play_new(scripts, script);
            play->pl_action = script->sc_actions->pdata[a];
            director_due(d->dm_director, play->pl_action->ac_at_us, due_action, play);
        }
    }
    return scripts;
}

void scripts_free(Scripts *scripts)
{
    if (!scripts)
        return;
    g_ptr_array_unref(scripts->sp_plays);
    g_free(scripts);
}

/* ---- taken up again ---- */

static gboolean is_script(const char *script, const JournalEvent *event)
{
    char hash[65];

    if (!script)
        return FALSE;
    cjson_sha256_bytes(script, strlen(script), hash);
    return g_strcmp0(hash, json_string_value(
                               json_object_get(event->ev_body, "script_sha256"))) == 0;
}

/* Which of the play's orders it is, or NULL. */
static gint64 *play_slot(const Daemon *d, Play *play, const JournalEvent *event)
{
    const char *title = json_string_value(json_object_get(event->ev_body, "title"));

    if (play->pl_action)
        return g_strcmp0(title, play->pl_action->ac_title) == 0 &&
                       is_script(play->pl_action->ac_run, event)
                   ? &play->pl_acted
                   : NULL;
    const PlanInject *inject = plan_inject(d->dm_plan, play->pl_inject);
    if (g_strcmp0(title, inject->in_id) != 0)
        return NULL;
    if (!play->pl_detected && is_script(inject->in_detect, event))
        return &play->pl_detected;
    return is_script(inject->in_contain, event) ? &play->pl_contained : NULL;
}

/* Notes the order with the play that it was of; each is ordered once. */
static gboolean play_ordered(const Daemon *d, Play *play, const JournalEvent *event)
{
    gint64 *done =
        strcmp(play->pl_actor, event->ev_actor) == 0 ? play_slot(d, play, event) : NULL;

    if (!done || *done)
        return FALSE;
    *done = event->ev_seq;
    return TRUE;
}

static void play_ended(Play *play, gint64 order)
{
    gint64 *all[] = {&play->pl_acted, &play->pl_detected, &play->pl_contained};

    for (guint i = 0; i < G_N_ELEMENTS(all); i++)
        if (*all[i] == order)
            *all[i] = -1;
}

static void play_answered(const Daemon *d, Play *play, const JournalEvent *event)
{
    const char *inject = json_string_value(json_object_get(event->ev_body, "inject"));

    if (!play->pl_action &&
        g_strcmp0(inject, plan_inject(d->dm_plan, play->pl_inject)->in_id) == 0 &&
        strcmp(play->pl_actor, event->ev_actor) == 0)
        play->pl_detected = -1;
}

/* What it asked for, or was refused: it asks for no other. */
static void play_asked(Daemon *d, Play *play, const JournalEvent *event)
{
    if (strcmp(event->ev_kind, "reset.asked/1") == 0)
        expect_answer(d, play, event->ev_seq, event->ev_clock_us);
    play->pl_acted = -1;
}

/* The play whose reset that was: of several of one host the first that has not asked. */
static Play *asker_of(const Scripts *scripts, const JournalEvent *event)
{
    const Plan *plan = scripts->sp_daemon->dm_plan;
    const char *host = json_string_value(json_object_get(event->ev_body, "host"));

    if (strcmp(event->ev_kind, "reset.asked/1") == 0)
        host = event->ev_host;
    else if (strcmp(event->ev_kind, "player.refused/1") != 0)
        return NULL;
    for (guint i = 0; i < scripts->sp_plays->len; i++) {
        Play *play = scripts->sp_plays->pdata[i];
        if (play->pl_action && play->pl_action->ac_reset && !play->pl_acted &&
            strcmp(play->pl_actor, event->ev_actor) == 0 &&
            g_strcmp0(plan_host(plan, play->pl_action->ac_host)->ph_id, host) == 0)
            return play;
    }
    return NULL;
}

static gboolean begins_plays(const JournalEvent *event)
{
    const char *state = json_string_value(json_object_get(event->ev_body, "state"));

    return strcmp(event->ev_kind, "inject.ended/1") == 0 &&
           (g_strcmp0(state, "succeeded") == 0 || g_strcmp0(state, "sent") == 0);
}

void scripts_replay(Scripts *scripts, const JournalEvent *event)
{
    const Daemon *d = scripts->sp_daemon;
    gboolean wanted = strcmp(event->ev_kind, "order.wanted/1") == 0;
    Play *asker = asker_of(scripts, event);

    if (asker)
        play_asked(scripts->sp_daemon, asker, event);
    if (begins_plays(event))
        scripts_inject(scripts,
                       plan_inject_index(d->dm_plan, json_string_value(json_object_get(
                                                         event->ev_body, "inject"))));
    for (guint i = 0; i < scripts->sp_plays->len; i++) {
        Play *play = scripts->sp_plays->pdata[i];
        if (wanted && play_ordered(d, play, event))
            return;
        if (orders_ends(event->ev_kind))
            play_ended(play, event->ev_ref);
        else if (strcmp(event->ev_kind, "message.answered/1") == 0)
            play_answered(d, play, event);
    }
}

/* Those that were under way come due again at once, before anything else of that time. */
void scripts_resume(Scripts *scripts)
{
    Daemon *d = scripts->sp_daemon;

    for (guint i = 0; i < scripts->sp_plays->len; i++) {
        Play *play = scripts->sp_plays->pdata[i];
        gint64 acted = play->pl_acted, detected = play->pl_detected,
               contained = play->pl_contained;
        if (acted > 0)
            due_action(d, play);
        if (detected > 0)
            due_detect(d, play);
        if (contained > 0)
            due_contain(d, play);
        play->pl_acted = acted ? -1 : 0;
        play->pl_detected = detected ? -1 : 0;
        play->pl_contained = contained ? -1 : 0;
        if (contained < 0)
            injects_verify(d->dm_injects, play->pl_inject);
    }
}
