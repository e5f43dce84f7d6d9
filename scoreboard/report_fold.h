/*
 * What the report needs beside the ledger, gathered in one pass over the journal.
 */
#ifndef PARRY_SCOREBOARD_REPORT_FOLD_H
#define PARRY_SCOREBOARD_REPORT_FOLD_H

#include "scoreboard/ledger.h"
#include "scoreboard/report_observed.h"
#include "scoreboard/report_provision.h"

typedef struct {
    const Plan *rf_plan;
    Ledger *rf_ledger;
    gint64 rf_events, rf_started_at_us, rf_ended_at_us; /* UTC; 0: not */
    json_t *rf_defined;   /* body of drill.defined/1, or NULL */
    json_t *rf_accel;     /* {accel, reason, ref}, or NULL */
    json_t *rf_timeline;  /* [{seq, clock_us, at_us, team, host, kind, text, text_zh}] */
    json_t *rf_isolation; /* [{seq, host, ok, probes, failed: […]}] */
    json_t *rf_verdicts;  /* [{seq, proved, skipped, checks | findings | reason}] */
    json_t *rf_reports;   /* [{seq, clock_us, team, host, indicator, inject, ref}] */
    json_t
        *rf_metrics; /* [{metric, team, points, ref}] conditional ones that were earned */
    json_t *rf_gaps; /* [{seq, kind, …}] what the data does not show */
    ReportObserved *rf_observed;
    ReportProvision *rf_provision;
    json_t *rf_acts;  /* [{seq, clock_us, team, host, player, action, rule, object, text,
                       * text_zh, inject, about, evidence}] what people did */
    json_t *rf_blind; /* [{seq, host, from_us, to_us, lost, text, text_zh}] observations
                       * that are missing, by the drill clock */
    json_t *rf_reasons; /* inject id -> {reason, ref} of its end */
    json_t *rf_residue; /* inject id -> {summary, ref} of what it left behind */
    json_t **rf_strips; /* a check: [{from_us, to_us, status, ref}] */
} ReportFold;

ReportFold *report_fold_read(const Plan *plan, Journal *journal, GError **error);
void report_fold_free(ReportFold *fold);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReportFold, report_fold_free)

#endif
