/*
 * How the range was made, for the report: what took how long for which host, what was
 * tried again, and what the drill began without.
 */
#ifndef PARRY_SCOREBOARD_REPORT_PROVISION_H
#define PARRY_SCOREBOARD_REPORT_PROVISION_H

#include "scenarios/plan.h"
#include "scoreboard/journal.h"
#include "scoreboard/report_md.h"

typedef struct ReportProvision ReportProvision;

ReportProvision *report_provision_new(const Plan *plan);
void report_provision_free(ReportProvision *provision);
/* Each event, in order. */
void report_provision_event(ReportProvision *provision, const JournalEvent *event);
/*
 * {began_at_us, took_us, images: [{image, took_us, cached, ref}], hosts: [{host, from,
 * tries, state, wait_us, domain_us, hello_us, personalise_us, ready_us, ref}], slowest,
 * retries: [{host, try, of, reason, ref}], degraded: body of drill.degraded/1 with ref,
 * or null, joined: [{host, ref}]}; wall time. Of each host its last try: wait_us until
 * that began, domain_us until its VM ran, hello_us until its agent spoke, personalise_us
 * until it was ready, ready_us from the beginning to there; -1: it did not come so far.
 * The slowest hosts come first; `slowest` is the name of the first, "" for none.
 */
json_t *report_provision_json(const ReportProvision *provision);

/* The section, from the report's JSON; nothing for a drill that made no VM. */
void report_md_provision(Md *md);

#endif
