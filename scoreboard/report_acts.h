/*
 * What defenders did, in the report: for each team, and for each attack from its
 * execution to its containment; beside it what was not observed.
 */
#ifndef PARRY_SCOREBOARD_REPORT_ACTS_H
#define PARRY_SCOREBOARD_REPORT_ACTS_H

#include "scoreboard/report_fold.h"
#include "scoreboard/report_md.h"

/* Adds to the inject's JSON: acts (seqs of those about it), first_act_us (drill clock,
 * -1: none), unobserved (seqs of the gaps on its host that overlap its time). */
void report_acts_of_inject(const ReportFold *fold, int index, json_t *inject);

/* Sections of a team; nothing where nothing was observed. */
void report_md_answers(Md *md, const char *team);
void report_md_acts(Md *md, const char *team);

#endif
