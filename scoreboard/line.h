/*
 * Wording an event: the formats of the kinds table filled in.
 */
#ifndef PARRY_SCOREBOARD_LINE_H
#define PARRY_SCOREBOARD_LINE_H

#include "scenarios/plan.h"
#include "scoreboard/journal.h"

/* What happened, without time and place, safe for a terminal; NULL where the kind has no
 * words for people. Free with g_free(). */
char *line_words(const Plan *plan, const JournalEvent *event, const char *lang);
/* Milli-points as "1,234.5" with the given decimals (0 to 3), rounded down; g_free(). */
char *line_points(gint64 milli, int decimals);

#endif
