/*
 * How complete the observations are, for the report: of each watched host how many rows
 * came, what is missing and between when, and how far its clock was off.
 */
#ifndef PARRY_SCOREBOARD_REPORT_OBSERVED_H
#define PARRY_SCOREBOARD_REPORT_OBSERVED_H

#include "scenarios/plan.h"
#include "scoreboard/journal.h"
#include "scoreboard/report_md.h"

typedef struct ReportObserved ReportObserved;

ReportObserved *report_observed_new(const Plan *plan);
void report_observed_free(ReportObserved *observed);
/* Each event, in order. */
void report_observed_event(ReportObserved *observed, const JournalEvent *event);
/*
 * [{host, rows, kernel, queue, channel, hub, gaps: [{from_us, to_us, why, ref,
 * kernel, queue, channel, hub}], clock: {offset_us, drift_ppb, rtt_us, ref} or null}] of
 * hosts that are watched or said something. from_us, to_us: UTC.
 */
json_t *report_observed_json(const ReportObserved *observed);

/* "observation was incomplete between 18:04:11 and 18:04:13 UTC: …" of observe.gap/1.
 * Free with g_free(). */
char *report_observed_words(const JournalEvent *event);

/* The section, from the report's JSON. */
void report_md_observed(Md *md);

#endif
