/*
 * Resets in the report: which hosts were put back, who had asked and why, what it cost,
 * how long it took, and what was kept as evidence.
 */
#ifndef PARRY_SCOREBOARD_REPORT_RESETS_H
#define PARRY_SCOREBOARD_REPORT_RESETS_H

#include "scenarios/plan.h"
#include "scoreboard/journal.h"
#include "scoreboard/report_md.h"

/*
 * Takes an event that is about one: adds to the array, or fills in what it began, as
 * {seq, clock_us, team, host, player, reason, cost, decision, by, word, outcome, dur_us,
 * evidence, refs}. player "": white's own; decision "": nobody had to agree; outcome is
 * waits, refused, expired, running, done or failed; evidence is disk, replaced (by that
 * of a later reset) or none.
 */
void report_resets_event(json_t *resets, const Plan *plan, const JournalEvent *event);

/* The section. */
void report_md_resets(Md *md);

#endif
