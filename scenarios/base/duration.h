/*
 * Durations and points in time as the scenario writes them: "90s", "20m", "1h30m", "2d".
 */
#ifndef PARRY_SCENARIOS_BASE_DURATION_H
#define PARRY_SCENARIOS_BASE_DURATION_H

#include <glib.h>

/* Parses units us, ms, s, m, h, d in falling order; no sign, no blank, at most 10 years.
 */
gboolean duration_parse(const char *text, gint64 *us, GError **error);
/* "1d 02:03:04" for people, or "02:03:04"; free with g_free(). */
char *duration_clock(gint64 us);
/* The shortest form that duration_parse() reads back: "1h30m"; free with g_free(). */
char *duration_text(gint64 us);

GQuark duration_error_quark(void);

#endif
