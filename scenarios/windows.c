/*
 * Windows: times of day and of the week, written out on the drill's clock by the calendar
 * of its zone, so that a night is a night when summer time ends in it.
 */
#include "scenarios/keys_spec.h"
#include "scenarios/moment.h"
#include "scenarios/people.h"
#include "scenarios/values.h"

#include <string.h>

/* Ten years of nights; a drill of that length is a slip of the pen. */
#define DAYS_MAX 3660

#define EVERY_DAY 0x7fu

static unsigned days_read(const Node *list)
{
    unsigned days = 0;

    if (!list || list->nd_kind != NODE_LIST)
        return EVERY_DAY;
    for (guint i = 0; i < node_len(list); i++)
        for (unsigned day = 0; words_day[day]; day++)
            if (!g_strcmp0(words_day[day], node_text(node_at(list, i))))
                days |= 1u << day;
    return days;
}

gboolean hours_read(const Node *node, PlanHours *hours)
{
    const char *text = node_text(node) ? node_text(node) : node_get_text(node, "hours");

    *hours = (PlanHours){.hr_days = days_read(node_get(node, "days"))};
    if (!text || !value_hours(text, &hours->hr_from, &hours->hr_until))
        return FALSE;
    hours->hr_text = g_strdup(text);
    return TRUE;
}

/* So many minutes after the midnight that begins `date`, as UTC; 24:00 and what lies
 * beyond it are of the next day's calendar. */
static gboolean clock_utc(Loader *loader, const GDate *date, int minutes, gint64 *us)
{
    GDate day = *date;

    g_date_add_days(&day, (guint)(minutes / (24 * 60)));
    minutes %= 24 * 60;
    Moment moment = {.mo_kind = MOMENT_DATE,
                     .mo_year = g_date_get_year(&day),
                     .mo_month = (int)g_date_get_month(&day),
                     .mo_day = g_date_get_day(&day),
                     .mo_hour = minutes / 60,
                     .mo_minute = minutes % 60};
    return moment_utc(&moment, loader->ld_zone, us);
}

/* The day before the one on which the drill starts: a night may have begun then. */
static gboolean first_day(Loader *loader, GDate *date)
{
    g_autoptr(GDateTime) utc =
        g_date_time_new_from_unix_utc(loader->ld_plan->p_start_us / G_USEC_PER_SEC);
    g_autoptr(GDateTime) start =
        utc ? g_date_time_to_timezone(utc, loader->ld_zone) : NULL;
    int year, month, day;

    if (!start)
        return FALSE;
    g_date_time_get_ymd(start, &year, &month, &day);
    g_date_clear(date, 1);
    g_date_set_dmy(date, (GDateDay)day, (GDateMonth)month, (GDateYear)year);
    g_date_subtract_days(date, 1);
    return TRUE;
}

GPtrArray *hours_occurrences(Loader *loader, const PlanHours *hours, const char *name,
                             PlanWindowMode mode)
{
    const Plan *plan = loader->ld_plan;
    GPtrArray *out = plan_windows_new();
    int until = hours->hr_until + (hours->hr_until < hours->hr_from ? 24 * 60 : 0);
    gint64 from_us, until_us;
    GDate date;

    if (!loader->ld_has_start || !first_day(loader, &date))
        return out;
    for (int i = 0; i < DAYS_MAX; i++, g_date_add_days(&date, 1)) {
        if (!clock_utc(loader, &date, hours->hr_from, &from_us) ||
            !clock_utc(loader, &date, until, &until_us) ||
            from_us >= plan->p_start_us + plan->p_duration_us)
            break;
        from_us = MAX(from_us - plan->p_start_us, 0);
        until_us = MIN(until_us - plan->p_start_us, plan->p_duration_us);
        if (hours->hr_days >> (g_date_get_weekday(&date) - 1) & 1 && from_us < until_us)
            g_ptr_array_add(out, plan_window_new(name, from_us, until_us, mode));
    }
    return out;
}

/* One that comes once: from … until. */
static void expand_once(Loader *loader, Node *name, const Node *def, PlanWindowMode mode,
                        GPtrArray *out)
{
    Node *from = node_get(def, "from"), *until = node_get(def, "until");
    gint64 from_us, until_us;

    if (!until)
        loader_error(loader, node_key(def, "from"), "write for example \"until: 14h\"",
                     "the window \"%s\" has no \"until\"", name->nd_text);
    if (!until || !loader_moment(loader, from, &from_us) ||
        !loader_moment(loader, until, &until_us))
        return;
    if (until_us <= from_us)
        loader_error(loader, until, NULL, "the window \"%s\" ends before it begins",
                     name->nd_text);
    else if (from_us < loader->ld_plan->p_duration_us)
        g_ptr_array_add(
            out, plan_window_new(name->nd_text, from_us,
                                 MIN(until_us, loader->ld_plan->p_duration_us), mode));
}

/* Keys that go with one of the two forms only. */
static void check_form(Loader *loader, const Node *def)
{
    if (node_get(def, "days") && !node_get(def, "hours"))
        loader_error(loader, node_key(def, "days"), NULL,
                     "\"days\" goes with \"hours\" only");
    if (node_get(def, "until") && !node_get(def, "from"))
        loader_error(loader, node_key(def, "until"), NULL,
                     "\"until\" goes with \"from\" only");
}

static void expand_window(Loader *loader, Node *name, const Node *def)
{
    PlanWindowMode mode = !g_strcmp0(key_text(&keys_window, def, "mode"), "pause")
                              ? WINDOW_PAUSE
                              : WINDOW_QUIET;
    g_autoptr(GPtrArray) found = NULL;
    PlanHours hours;

    check_form(loader, def);
    if (node_get(def, "hours")) {
        if (!hours_read(def, &hours))
            return;
        found = hours_occurrences(loader, &hours, name->nd_text, mode);
        g_free(hours.hr_text);
    } else {
        found = plan_windows_new();
        expand_once(loader, name, def, mode, found);
    }
    if (!found->len && !node_get(def, "from") && loader->ld_has_start)
        loader_warn(loader, name, NULL, "the window \"%s\" never comes within the drill",
                    name->nd_text);
    g_ptr_array_extend_and_steal(loader->ld_plan->p_windows, g_steal_pointer(&found));
}

static gint compare_windows(gconstpointer a, gconstpointer b)
{
    const PlanWindow *x = *(PlanWindow *const *)a, *y = *(PlanWindow *const *)b;

    return (x->wi_from_us > y->wi_from_us) - (x->wi_from_us < y->wi_from_us);
}

/* One at a time: the drill cannot be quiet and paused at once. Told once a pair. */
static void check_overlaps(Loader *loader, const Node *windows)
{
    const GPtrArray *all = loader->ld_plan->p_windows;

    for (guint i = 1; i < all->len; i++) {
        const PlanWindow *before = all->pdata[i - 1], *window = all->pdata[i];
        if (window->wi_from_us >= before->wi_until_us)
            continue;
        loader_error(loader, node_key(windows, window->wi_name), NULL,
                     "the window \"%s\" overlaps the window \"%s\"", window->wi_name,
                     before->wi_name);
    }
}

void windows_expand(Loader *loader)
{
    const Node *windows = node_get(loader->ld_root, "windows");

    if (!windows || windows->nd_kind != NODE_MAP)
        return;
    for (guint i = 0; i < node_len(windows); i++) {
        Node *name = windows->nd_keys->pdata[i];
        if (!name->nd_bad && node_at(windows, i)->nd_kind == NODE_MAP)
            expand_window(loader, name, node_at(windows, i));
    }
    g_ptr_array_sort(loader->ld_plan->p_windows, compare_windows);
    check_overlaps(loader, windows);
}
