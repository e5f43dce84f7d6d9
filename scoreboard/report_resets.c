#include "scoreboard/report_resets.h"

#include "scenarios/base/duration.h"
#include "scoreboard/line.h"
#include "scoreboard/md.h"
#include "scoreboard/words.h"

#include <string.h>

static const char *str(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static gint64 num(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void set_safe(json_t *object, const char *key, const char *text)
{
    g_autofree char *safe = parry_text_safe(text, -1);

    json_object_set_new(object, key, json_string(safe));
}

/* ---- as data ---- */

static json_t *find(const json_t *resets, const char *key, gint64 seq)
{
    for (size_t i = json_array_size(resets); seq && i-- > 0;) {
        json_t *reset = json_array_get(resets, i);
        if (num(reset, key) == seq)
            return reset;
    }
    return NULL;
}

static json_t *add(json_t *resets, const Plan *plan, const JournalEvent *event,
                   const char *outcome)
{
    int host = plan_host_index(plan, event->ev_host);
    int team = host < 0 ? -1 : plan_host(plan, host)->ph_team;
    json_t *reset = json_pack(
        "{s: I, s: I, s: s, s: s, s: s, s: s, s: s, s: s, s: I, s: s, s: []}", "seq",
        (json_int_t)event->ev_seq, "clock_us", (json_int_t)event->ev_clock_us, "host",
        event->ev_host, "team", team < 0 ? "" : plan_team(plan, team)->pt_id, "player",
        "", "decision", "", "by", "", "word", "", "cost", (json_int_t)0, "outcome",
        outcome, "refs");

    set_safe(reset, "reason", str(event->ev_body, "reason"));
    json_object_set_new(reset, "evidence", json_string("none"));
    json_array_append_new(resets, reset);
    return reset;
}

static void on_asked(json_t *resets, const Plan *plan, const JournalEvent *event)
{
    json_t *reset = add(resets, plan, event, "waits");

    set_safe(reset, "player", event->ev_actor);
    json_object_set_new(reset, "cost", json_integer(num(event->ev_body, "cost")));
    json_array_append_new(json_object_get(reset, "refs"), json_integer(event->ev_seq));
}

/* White's, until a decision says that somebody had asked for it. */
static void on_wanted(json_t *resets, const Plan *plan, const JournalEvent *event)
{
    json_t *reset = add(resets, plan, event, "running");

    json_object_set_new(reset, "wanted", json_integer(event->ev_seq));
    json_array_append_new(json_object_get(reset, "refs"), json_integer(event->ev_seq));
}

static void on_decided(json_t *resets, const Plan *plan, const JournalEvent *event)
{
    json_t *reset = find(resets, "seq", event->ev_ref);
    gint64 wanted = num(event->ev_body, "reset");
    const char *by = str(event->ev_body, "by"), *decision;

    (void)plan;
    if (!reset)
        return;
    decision = str(event->ev_body, "decision");
    set_safe(reset, "decision", decision);
    set_safe(reset, "by", *by ? by : event->ev_actor);
    set_safe(reset, "word", str(event->ev_body, "reason"));
    json_object_set_new(reset, "outcome", json_string(wanted ? "running" : decision));
    json_array_append_new(json_object_get(reset, "refs"), json_integer(event->ev_seq));
    if (!wanted) {
        json_object_set_new(reset, "cost", json_integer(0));
        return;
    }
    for (size_t i = json_array_size(resets); i-- > 0;) {
        if (num(json_array_get(resets, i), "wanted") == wanted)
            json_array_remove(resets, i); /* it is this one */
    }
    json_object_set_new(reset, "wanted", json_integer(wanted));
    json_array_append_new(json_object_get(reset, "refs"), json_integer(wanted));
}

/* A host without a disk leaves nothing; of the others the last one's is kept. */
static void keep_evidence(json_t *resets, const Plan *plan, json_t *kept)
{
    const json_t *host = json_object_get(kept, "host");
    int index = plan_host_index(plan, json_string_value(host));
    json_t *reset;
    size_t i;

    if (index < 0 || !plan_host(plan, index)->ph_disk)
        return;
    json_array_foreach (resets, i, reset) {
        if (json_equal(json_object_get(reset, "host"), host) &&
            strcmp(str(reset, "evidence"), "disk") == 0)
            json_object_set_new(reset, "evidence", json_string("replaced"));
    }
    json_object_set_new(kept, "evidence", json_string("disk"));
}

static void on_over(json_t *resets, const Plan *plan, const JournalEvent *event)
{
    json_t *reset = find(resets, "wanted", event->ev_ref);
    gboolean failed = strcmp(event->ev_kind, "reset.failed/1") == 0;

    if (!reset)
        return;
    json_object_set_new(reset, "outcome", json_string(failed ? "failed" : "done"));
    json_object_set_new(reset, "dur_us", json_integer(num(event->ev_body, "dur_us")));
    json_array_append_new(json_object_get(reset, "refs"), json_integer(event->ev_seq));
    if (failed)
        json_object_set_new(reset, "cost", json_integer(0));
    else if (strcmp(str(event->ev_body, "from"), "simulated") != 0)
        keep_evidence(resets, plan, reset);
}

static const struct {
    const char *kind;
    void (*on)(json_t *resets, const Plan *plan, const JournalEvent *event);
} ON[] = {
    {"reset.asked/1", on_asked},     {"reset.wanted/1", on_wanted},
    {"reset.decided/1", on_decided}, {"reset.done/1", on_over},
    {"reset.failed/1", on_over},
};

void report_resets_event(json_t *resets, const Plan *plan, const JournalEvent *event)
{
    if (!g_str_has_prefix(event->ev_kind, "reset."))
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(ON); i++)
        if (strcmp(event->ev_kind, ON[i].kind) == 0)
            ON[i].on(resets, plan, event);
}

/* ---- as Markdown ---- */

static MdTable *table_new(const Md *md)
{
    static const char *const names[] = {">Clock",  "Host",  "Asked by", "Why",
                                        "Outcome", ">Cost", ">Took",    "Evidence",
                                        "Events",  NULL};
    g_autoptr(GString) all = g_string_new(NULL);

    for (const char *const *name = names; *name; name++)
        g_string_append_printf(all, "%s%s%s", all->len ? "\t" : "",
                               **name == '>' ? ">" : "",
                               word_in(md->md_lang, *name + (**name == '>')));
    return md_table_new(all->str);
}

/* "refused (white: not yet)" */
static char *outcome_text(const Md *md, const json_t *reset)
{
    const char *outcome = word_in(md->md_lang, str(reset, "outcome"));
    const char *word = str(reset, "word");

    if (!*str(reset, "decision"))
        return g_strdup(outcome);
    return g_strdup_printf("%s (%s%s%s)", outcome, str(reset, "by"), *word ? ": " : "",
                           word);
}

static void row(const Md *md, MdTable *table, const json_t *reset)
{
    const char *player = str(reset, "player");
    g_autoptr(GString) refs = g_string_new(NULL);
    g_autofree char *cost = line_points(num(reset, "cost"), 1);
    const json_t *ref;
    size_t i;

    json_array_foreach (json_object_get(reset, "refs"), i, ref) {
        g_string_append_printf(refs, "%s%" JSON_INTEGER_FORMAT, i ? ", " : "",
                               json_integer_value(ref));
    }
    md_cell_take(table, duration_clock(num(reset, "clock_us")));
    md_cell(table, str(reset, "host"));
    md_cell(table, *player ? player : word_in(md->md_lang, "White"));
    md_cell(table, str(reset, "reason"));
    md_cell_take(table, outcome_text(md, reset));
    md_cell_raw(table, cost);
    md_cell_take(table, json_object_get(reset, "dur_us")
                            ? g_strdup_printf("%.2f s", (double)num(reset, "dur_us") /
                                                            G_USEC_PER_SEC)
                            : g_strdup("–"));
    md_cell(table, word_in(md->md_lang, str(reset, "evidence")));
    md_cell_raw(table, refs->str);
}

void report_md_resets(Md *md)
{
    const json_t *resets = json_object_get(md->md_report, "resets"), *reset;
    MdTable *table = table_new(md);
    size_t i;

    json_array_foreach (resets, i, reset) {
        row(md, table, reset);
    }
    g_string_append_printf(md->md_out, "## %s\n\n", word_in(md->md_lang, "Resets"));
    if (!json_array_size(resets))
        g_string_append_printf(md->md_out, "%s\n\n", word_in(md->md_lang, "none"));
    md_table_end(table, md->md_out);
    if (json_array_size(resets))
        report_md_prose(md, "resets");
}
