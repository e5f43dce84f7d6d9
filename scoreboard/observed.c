#include "scoreboard/observed.h"

#include "scenarios/base/text.h"
#include "scoreboard/kinds.h"

#include <string.h>

G_DEFINE_QUARK(parry - observed - error - quark, observed_error)

#define EVENTS_MAX 2000 /* looked through for one page */
#define BYTES_MAX (384 * 1024)
#define ROW_BYTES 400 /* of names and numbers of a row, about */

gboolean observed_whats(const char *words, guint *whats, GError **error)
{
    g_auto(GStrv) list = g_strsplit(words, ",", -1);
    int what;

    *whats = 0;
    for (char **word = list; *word; word++) {
        if (!seen_what_parse(g_strstrip(*word), &what)) {
            g_autoptr(GString) known = g_string_new(NULL);
            for (int i = 0; i < SEEN_WHATS; i++)
                g_string_append_printf(known, "%s%s", i ? ", " : "", seen_what_name(i));
            g_set_error(error, OBSERVED_ERROR, 0, "\"%s\" is none of %s", *word,
                        known->str);
            return FALSE;
        }
        *whats |= 1u << what;
    }
    return TRUE;
}

/* ---- pages ---- */

typedef struct {
    const Plan *pa_plan;
    const ObservedFilter *pa_filter;
    GArray *pa_batches; /* of gint64 */
    gint64 pa_last;     /* event that was looked at last */
    guint pa_events;
    json_t *pa_rows;
    gsize pa_bytes;
    gint64 pa_seq; /* where the next page begins */
    guint pa_row;
    gboolean pa_full;
} Page;

static gboolean lists(const json_t *hosts, const char *id)
{
    json_t *host;
    gsize i;

    json_array_foreach (hosts, i, host)
        if (g_strcmp0(json_string_value(host), id) == 0)
            return TRUE;
    return FALSE;
}

static gboolean on_event(const JournalEvent *event, gpointer data)
{
    Page *page = data;
    int host = page->pa_filter->of_host;

    page->pa_last = event->ev_seq;
    page->pa_events++;
    if (strcmp(event->ev_kind, "observe.batch/1") == 0 &&
        (host < 0 || lists(json_object_get(event->ev_body, "hosts"),
                           plan_host(page->pa_plan, host)->ph_id)))
        g_array_append_val(page->pa_batches, event->ev_seq);
    return TRUE;
}

static gboolean passes(const ObservedFilter *filter, const JournalObservation *seen)
{
    return (filter->of_host < 0 || filter->of_host == seen->ob_host) &&
           (!filter->of_whats || (filter->of_whats & (1u << seen->ob_what))) &&
           (!filter->of_player || strcmp(filter->of_player, seen->ob_player) == 0);
}

static void put_known(json_t *row, const char *name, gint64 value)
{
    if (value >= 0)
        json_object_set_new(row, name, json_integer(value));
}

static gsize put_text(json_t *row, const char *name, const char *text)
{
    if (*text)
        json_object_set_new(row, name, json_string(text));
    return strlen(text);
}

static json_t *row_json(const Plan *plan, gint64 seq, guint number,
                        const JournalObservation *seen, gsize *bytes)
{
    json_t *row = json_pack(
        "{s:I, s:i, s:s, s:I, s:I, s:s, s:s, s:s}", "seq", (json_int_t)seq, "row",
        (int)number, "host",
        (guint)seen->ob_host < plan->p_hosts->len ? plan_host(plan, seen->ob_host)->ph_id
                                                  : "?",
        "n", (json_int_t)seen->ob_n, "t_us", (json_int_t)seen->ob_t_us, "what",
        seen_what_name(seen->ob_what), "act", seen_act_name(seen->ob_act), "origin",
        seen_origin_name(seen->ob_origin));

    put_known(row, "pid", seen->ob_pid);
    put_known(row, "ppid", seen->ob_ppid);
    put_known(row, "uid", seen->ob_uid);
    put_known(row, "auid", seen->ob_auid);
    put_known(row, "exit", seen->ob_exit);
    if (seen->ob_act_id)
        json_object_set_new(row, "id", json_integer((json_int_t)seen->ob_act_id));
    *bytes = ROW_BYTES + put_text(row, "exe", seen->ob_exe) +
             put_text(row, "args", seen->ob_args) + put_text(row, "cwd", seen->ob_cwd) +
             put_text(row, "path", seen->ob_path) + put_text(row, "to", seen->ob_to) +
             put_text(row, "player", seen->ob_player);
    if (seen->ob_erased)
        json_object_set_new(row, "erased", json_true());
    return row;
}

static gboolean on_row(gint64 seq, guint number, const JournalObservation *seen,
                       gpointer data)
{
    Page *page = data;
    gsize bytes;

    if (number < page->pa_row || !passes(page->pa_filter, seen))
        return TRUE;
    if (page->pa_bytes > BYTES_MAX) {
        page->pa_full = TRUE;
        page->pa_seq = seq;
        page->pa_row = number;
        return FALSE;
    }
    json_array_append_new(page->pa_rows,
                          row_json(page->pa_plan, seq, number, seen, &bytes));
    page->pa_bytes += bytes;
    return TRUE;
}

/* Rows of the batches that were found, until the page is full. */
static gboolean fill(Page *page, Journal *journal, GError **error)
{
    gint64 from = page->pa_seq;
    guint row = page->pa_row;

    for (guint i = 0; i < page->pa_batches->len && !page->pa_full; i++) {
        gint64 seq = g_array_index(page->pa_batches, gint64, i);
        page->pa_row = seq == from ? row : 0;
        if (!journal_each_observation(journal, seq, on_row, page, error))
            return FALSE;
    }
    if (!page->pa_full) {
        page->pa_seq = page->pa_last + 1;
        page->pa_row = 0;
    }
    return TRUE;
}

json_t *observed_page(Journal *journal, const Plan *plan, gint64 seq, guint row,
                      const ObservedFilter *filter, GError **error)
{
    g_autoptr(GArray) batches = g_array_new(FALSE, FALSE, sizeof(gint64));
    Page page = {.pa_plan = plan,
                 .pa_filter = filter,
                 .pa_batches = batches,
                 .pa_rows = json_array(),
                 .pa_seq = MAX(seq, 1),
                 .pa_row = row};

    page.pa_last = page.pa_seq - 1;
    if (!journal_each(journal, page.pa_seq - 1, EVENTS_MAX, on_event, &page, error) ||
        !fill(&page, journal, error)) {
        json_decref(page.pa_rows);
        return NULL;
    }
    return json_pack("{s:o, s:I, s:i, s:b}", "rows", page.pa_rows, "seq",
                     (json_int_t)page.pa_seq, "row", (int)page.pa_row, "more",
                     page.pa_full || page.pa_events == EVENTS_MAX);
}

/* ---- lines ---- */

static const char *text_of(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));

    return text ? text : "";
}

char *observed_line(const json_t *row)
{
    gint64 t_us = json_integer_value(json_object_get(row, "t_us"));
    g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(t_us / G_USEC_PER_SEC);
    g_autofree char *time = at ? g_date_time_format(at, "%H:%M:%S") : g_strdup("?");
    const char *player = text_of(row, "player"), *what = text_of(row, "what");
    const char *act = text_of(row, "act"), *to = text_of(row, "to");
    const json_t *exit = json_object_get(row, "exit");
    const char *said = *text_of(row, "args")   ? text_of(row, "args")
                       : *text_of(row, "path") ? text_of(row, "path")
                                               : text_of(row, "exe");
    g_autoptr(GString) line = g_string_new(NULL);

    g_string_append_printf(
        line, "%s.%03d  %-20s %-16s %s%s%s", time, (int)(t_us % G_USEC_PER_SEC / 1000),
        text_of(row, "host"), *player ? player : text_of(row, "origin"), what,
        strcmp(act, "none") == 0 ? "" : " ", strcmp(act, "none") == 0 ? "" : act);
    if (*said)
        g_string_append_printf(line, "  %s", said);
    if (*to)
        g_string_append_printf(line, " -> %s", to);
    if (exit)
        g_string_append_printf(line, "  [%d]", (int)json_integer_value(exit));
    return parry_text_safe(line->str, (gssize)line->len);
}
