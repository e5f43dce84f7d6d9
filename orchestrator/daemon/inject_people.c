/*
 * What people say to injects: incident reports and answers, and what they read.
 */
#include "orchestrator/daemon/inject_priv.h"

#include <string.h>

/* scoring: a report names the time within this. */
#define REPORT_SLACK_US ((gint64)15 * 60 * G_USEC_PER_SEC)

static gboolean indicator_matches(const PlanInject *plan, const char *indicator)
{
    g_autofree char *said = g_utf8_casefold(indicator, -1);

    for (char **at = plan->in_indicators; at && *at; at++) {
        g_autofree char *known = g_utf8_casefold(*at, -1);
        if (strstr(said, known))
            return TRUE;
    }
    return FALSE;
}

/* The unreported inject that the report fits, else one that was reported before, else
 * NULL. */
static Run *report_match(Injects *injects, int team, int host, gint64 about_us,
                         const char *indicator)
{
    Run *known = NULL;

    for (guint i = 0; i < injects->ij_count; i++) {
        Run *run = &injects->ij_runs[i];
        if (run->ru_plan->in_team != team || run->ru_plan->in_host != host ||
            run->ru_exec_us < 0 || ABS(about_us - run->ru_exec_us) > REPORT_SLACK_US ||
            !indicator_matches(run->ru_plan, indicator))
            continue;
        if (expects_any(run, EXPECT_DETECT, EP_OPEN))
            return run;
        known = run;
    }
    return known;
}

gint64 injects_report(Injects *injects, const char *actor, int team, int host,
                      gint64 about_us, const char *indicator, const char *text,
                      int *matched)
{
    Daemon *d = injects->ij_daemon;
    Run *run = report_match(injects, team, host, about_us, indicator);
    json_t *body =
        json_pack("{s:s, s:I, s:s}", "host", plan_host(d->dm_plan, host)->ph_id, "about",
                  (json_int_t)about_us, "indicator", indicator);
    g_autoptr(GError) error = NULL;
    char hash[65];

    if (text && *text) {
        if (journal_blob_put(d->dm_journal, text, strlen(text), hash, &error))
            json_object_set_new(body, "text_sha256", json_string(hash));
        else
            g_warning("report of %s: %s", actor, error->message);
    }
    gint64 seq = daemon_event(d, "report.submitted/1", actor, team, host, 0, body);
    *matched = run ? run->ru_plan->in_index : -1;
    if (!run) {
        daemon_event(
            d, "report.unmatched/1", "parryd", team, host, seq,
            json_pack("{s:s}", "reason", "no attack fits host, time and indicator"));
        return seq;
    }
    gint64 match = run_event(run, "report.matched/1", "parryd", seq, json_object());
    run->ru_reported = TRUE;
    expects_meet(run, EXPECT_DETECT, match);
    cleanup_if_settled(run);
    return seq;
}

gint64 injects_answer(Injects *injects, const char *actor, int team, int inject,
                      const char *text)
{
    Run *run = &injects->ij_runs[inject];
    g_autoptr(GError) error = NULL;
    char hash[65] = "";

    if (run->ru_plan->in_kind != INJECT_MESSAGE || run->ru_plan->in_team != team ||
        run->ru_exec_us < 0 || expects_any(run, EXPECT_ANSWER, EP_MET))
        return -1;
    if (!journal_blob_put(injects->ij_daemon->dm_journal, text, strlen(text), hash,
                          &error))
        g_warning("answer of %s: %s", actor, error->message);
    gint64 seq = run_event(run, "message.answered/1", actor, run->ru_seq,
                           json_pack("{s:s}", "text_sha256", hash));
    expects_meet(run, EXPECT_ANSWER, seq);
    return seq;
}

static gboolean is_sent_to(const Run *run, int team)
{
    return run->ru_plan->in_kind == INJECT_MESSAGE && run->ru_plan->in_team == team &&
           run->ru_exec_us >= 0;
}

static json_t *inbox_attachments(const PlanInject *plan)
{
    json_t *list = json_array();

    for (guint i = 0; i < plan->in_attachments->len; i++) {
        const PlanAttachment *attachment = plan->in_attachments->pdata[i];
        json_array_append_new(
            list, json_pack("{s:s, s:I}", "name", attachment->at_name, "size",
                            (json_int_t)g_bytes_get_size(attachment->at_bytes)));
    }
    return list;
}

json_t *injects_inbox(const Injects *injects, int team, const char *lang)
{
    json_t *list = json_array();

    for (guint i = 0; i < injects->ij_count; i++) {
        const Run *run = &injects->ij_runs[i];
        const PlanInject *plan = run->ru_plan;
        const PlanExpect *answer = expects_first(plan, EXPECT_ANSWER);
        if (!is_sent_to(run, team))
            continue;
        json_array_append_new(
            list, json_pack("{s:s, s:I, s:s*, s:s, s:s, s:s, s:I, s:b, s:o}", "inject",
                            plan->in_name, "at_us", (json_int_t)run->ru_exec_us, "sender",
                            plan->in_sender, "channel", plan->in_channel, "subject",
                            parry_text_get(plan->in_subject, lang), "body",
                            parry_text_get(plan->in_body, lang), "within_us",
                            (json_int_t)(answer ? answer->ex_within_us : 0), "answered",
                            expects_any(run, EXPECT_ANSWER, EP_MET), "attachments",
                            inbox_attachments(plan)));
    }
    return list;
}

const PlanAttachment *injects_attachment(const Injects *injects, int team,
                                         const char *inject, const char *name)
{
    for (guint i = 0; i < injects->ij_count; i++) {
        const Run *run = &injects->ij_runs[i];
        const GPtrArray *all = run->ru_plan->in_attachments;
        if (!is_sent_to(run, team) || strcmp(run->ru_plan->in_name, inject) != 0)
            continue;
        for (guint j = 0; j < all->len; j++)
            if (!strcmp(((const PlanAttachment *)all->pdata[j])->at_name, name))
                return all->pdata[j];
    }
    return NULL;
}
