/*
 * The after-action report, from the journal alone: Markdown for people, JSON for
 * machines.
 */
#ifndef PARRY_SCOREBOARD_REPORT_H
#define PARRY_SCOREBOARD_REPORT_H

#include "scenarios/plan.h"
#include "scoreboard/journal.h"

/* The whole report as JSON: everything the Markdown shows, with event seqs. */
json_t *report_json(const Plan *plan, Journal *journal, GError **error);
/* The Markdown made from that JSON; lang "en" or "zh-Hant". Free with g_free(). */
char *report_markdown(const json_t *report, const char *lang);
/* Writes DIR/report/report.json, report.md and report.zh-Hant.md, each at once or not at
 * all; path_out: the English Markdown's path. */
gboolean report_write(const Plan *plan, Journal *journal, const char *dir,
                      char **path_out, GError **error);

#endif
