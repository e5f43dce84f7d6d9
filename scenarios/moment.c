#include "scenarios/moment.h"

#include "scenarios/base/duration.h"

#include <string.h>

/* Reads exactly `digits` digits and moves on. */
static gboolean take_number(const char **at, int digits, int *out)
{
    *out = 0;
    for (int i = 0; i < digits; i++) {
        if (!g_ascii_isdigit((*at)[i]))
            return FALSE;
        *out = *out * 10 + ((*at)[i] - '0');
    }
    *at += digits;
    return TRUE;
}

static gboolean take_char(const char **at, char c)
{
    if (**at != c)
        return FALSE;
    (*at)++;
    return TRUE;
}

/* "03:00" or "03:00:30" to the end of the text. */
static gboolean take_time(const char *at, Moment *moment)
{
    moment->mo_second = 0;
    if (!take_number(&at, 2, &moment->mo_hour) || !take_char(&at, ':') ||
        !take_number(&at, 2, &moment->mo_minute))
        return FALSE;
    if (*at && (!take_char(&at, ':') || !take_number(&at, 2, &moment->mo_second)))
        return FALSE;
    return !*at && moment->mo_hour < 24 && moment->mo_minute < 60 &&
           moment->mo_second < 60;
}

gboolean moment_parse_date(const char *text, Moment *moment)
{
    const char *at = text;

    *moment = (Moment){.mo_kind = MOMENT_DATE};
    if (!take_number(&at, 4, &moment->mo_year) || !take_char(&at, '-') ||
        !take_number(&at, 2, &moment->mo_month) || !take_char(&at, '-') ||
        !take_number(&at, 2, &moment->mo_day))
        return FALSE;
    if (*at != 'T' && *at != ' ')
        return FALSE;
    return take_time(at + 1, moment) && moment->mo_month >= 1 && moment->mo_month <= 12 &&
           moment->mo_year >= 1970 && moment->mo_day >= 1 &&
           moment->mo_day <= g_date_get_days_in_month((GDateMonth)moment->mo_month,
                                                      (GDateYear)moment->mo_year);
}

static gboolean parse_weekday(const char *text, Moment *moment)
{
    static const char *const days[] = {"monday", "tuesday",  "wednesday", "thursday",
                                       "friday", "saturday", "sunday"};
    gsize len = strcspn(text, " ");

    if (len < 3 || text[len] != ' ')
        return FALSE;
    for (int i = 0; i < 7; i++) {
        if (g_ascii_strncasecmp(text, days[i], len) != 0 ||
            (len != 3 && len != strlen(days[i])))
            continue;
        *moment = (Moment){.mo_kind = MOMENT_WEEKDAY, .mo_weekday = i + 1};
        return take_time(text + len + 1, moment);
    }
    return FALSE;
}

gboolean moment_parse(const char *text, Moment *moment, char **why)
{
    g_autoptr(GError) error = NULL;

    if (parse_weekday(text, moment) || moment_parse_date(text, moment))
        return TRUE;
    *moment = (Moment){.mo_kind = MOMENT_ELAPSED};
    if (duration_parse(text, &moment->mo_elapsed_us, &error))
        return TRUE;
    if (g_ascii_isdigit(*text) && !strpbrk(text, ":- "))
        *why = g_strdup(error->message);
    else
        *why =
            g_strdup_printf("\"%.40s\" is no point in time such as 2h30m, Fri 14:00 or "
                            "2026-11-13T14:00",
                            text);
    return FALSE;
}

static GDateTime *date_of(const Moment *moment, GTimeZone *zone)
{
    return g_date_time_new(zone, moment->mo_year, moment->mo_month, moment->mo_day,
                           moment->mo_hour, moment->mo_minute, moment->mo_second);
}

gboolean moment_utc(const Moment *moment, GTimeZone *zone, gint64 *us)
{
    g_autoptr(GDateTime) date = date_of(moment, zone);

    if (!date)
        return FALSE;
    *us = g_date_time_to_unix(date) * G_USEC_PER_SEC;
    return TRUE;
}

/* The first such weekday and time at or after the start, by the calendar of the zone, so
 * that a change of summer time in between is right. */
static gboolean weekday_utc(const Moment *moment, GTimeZone *zone, gint64 start_us,
                            gint64 *us)
{
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(start_us / G_USEC_PER_SEC);
    g_autoptr(GDateTime) start = utc ? g_date_time_to_timezone(utc, zone) : NULL;

    if (!start)
        return FALSE;
    int ahead = (moment->mo_weekday - g_date_time_get_day_of_week(start) + 7) % 7;
    for (int days = ahead; days <= ahead + 7; days += 7) {
        g_autoptr(GDateTime) day = g_date_time_add_days(start, days);
        Moment date = *moment;
        if (!day)
            return FALSE;
        g_date_time_get_ymd(day, &date.mo_year, &date.mo_month, &date.mo_day);
        if (!moment_utc(&date, zone, us))
            return FALSE;
        if (*us >= start_us)
            return TRUE;
    }
    return FALSE;
}

gboolean moment_elapsed(const Moment *moment, GTimeZone *zone, gint64 start_us,
                        gint64 *us)
{
    gint64 utc = 0;

    switch (moment->mo_kind) {
    case MOMENT_ELAPSED:
        *us = moment->mo_elapsed_us;
        return TRUE;
    case MOMENT_WEEKDAY:
        if (!weekday_utc(moment, zone, start_us, &utc))
            return FALSE;
        break;
    case MOMENT_DATE:
        if (!moment_utc(moment, zone, &utc))
            return FALSE;
        break;
    }
    *us = utc - start_us;
    return TRUE;
}
