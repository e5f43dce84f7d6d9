/*
 * What the report quotes from the plan: what was agreed, what people were told, and what
 * the drill was to show.
 */
#ifndef PARRY_SCOREBOARD_REPORT_PLAN_H
#define PARRY_SCOREBOARD_REPORT_PLAN_H

#include "scoreboard/report_fold.h"
#include "scoreboard/report_md.h"

/* {authorised_by, safety_officer, …, rules: {…}, text, notice, contact}. */
json_t *report_agreed_json(const Plan *plan);
/* [{name, title, goals: [title…], capability, evaluation, metrics: [title…], most, min,
 * earned: [{metric, team, points, ref}], injects: [id…], refs}] of the training
 * objectives. */
json_t *report_objectives_json(const ReportFold *fold);

/* A team's title, with its bracket where it has one: ranks are of that. */
char *report_md_ranked(const Md *md, const json_t *team);

/* The sections; nothing where the scenario says nothing of it. */
void report_md_agreed(Md *md);
void report_md_objectives(Md *md);

#endif
