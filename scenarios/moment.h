/*
 * Points in time as the scenario writes them: elapsed ("18h"), the first such weekday and
 * time after the start ("Sat 03:00"), or a date and time, both in the drill's timezone.
 */
#ifndef PARRY_SCENARIOS_MOMENT_H
#define PARRY_SCENARIOS_MOMENT_H

#include <glib.h>

typedef enum { MOMENT_ELAPSED, MOMENT_WEEKDAY, MOMENT_DATE } MomentKind;

typedef struct {
    MomentKind mo_kind;
    gint64 mo_elapsed_us;
    int mo_weekday; /* 1 Monday to 7 Sunday */
    int mo_year, mo_month, mo_day, mo_hour, mo_minute, mo_second;
} Moment;

/* Reads any of the three forms; FALSE leaves *why to be freed by g_free(). */
gboolean moment_parse(const char *text, Moment *moment, char **why);
/* Only a date and time. */
gboolean moment_parse_date(const char *text, Moment *moment);
/* UTC of a MOMENT_DATE in that zone, microseconds since the epoch; FALSE where no such.
 */
gboolean moment_utc(const Moment *moment, GTimeZone *zone, gint64 *us);
/* Microseconds of the drill clock; may be below 0 for a date before the start. FALSE
 * where the date does not exist in that zone. */
gboolean moment_elapsed(const Moment *moment, GTimeZone *zone, gint64 start_us,
                        gint64 *us);

#endif
