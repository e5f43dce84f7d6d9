#include "scoreboard/report_acts.h"

#include "scenarios/base/duration.h"
#include "scoreboard/md.h"
#include "scoreboard/words.h"

#include <string.h>

#define ACTS_SHOWN 200   /* of a team; the JSON has them all */
#define ANSWERS_SHOWN 40 /* of an attack */

static const char *str(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static gint64 num(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* ---- as data ---- */

/* While its effect may have been there: up to its containment, else to the end of what
 * counts as detection, else to now. */
static gint64 until_us(const ReportFold *fold, int index)
{
    const LedgerInject *state = ledger_inject(fold->rf_ledger, index);
    gint64 now_us = ledger_clock_us(fold->rf_ledger);
    gint64 window_us = ledger_window_us(fold->rf_ledger, index);

    if (state->lj_contain_us >= 0)
        return state->lj_contain_us;
    return window_us >= 0 ? MIN(window_us, now_us) : now_us;
}

static json_t *gaps_in(const ReportFold *fold, const char *host, gint64 from_us,
                       gint64 to_us)
{
    json_t *seqs = json_array();
    const json_t *gap;
    size_t i;

    json_array_foreach (fold->rf_blind, i, gap) {
        if (strcmp(str(gap, "host"), host) == 0 && num(gap, "from_us") <= to_us &&
            num(gap, "to_us") >= from_us)
            json_array_append(seqs, json_object_get(gap, "seq"));
    }
    return seqs;
}

void report_acts_of_inject(const ReportFold *fold, int index, json_t *inject)
{
    const PlanInject *plan = plan_inject(fold->rf_plan, index);
    gint64 exec_us = ledger_inject(fold->rf_ledger, index)->lj_exec_us, first_us = -1;
    json_t *seqs = json_array();
    const json_t *act;
    size_t i;

    json_array_foreach (fold->rf_acts, i, act) {
        if (strcmp(str(act, "inject"), plan->in_id) != 0)
            continue;
        json_array_append(seqs, json_object_get(act, "seq"));
        if (first_us < 0 || num(act, "clock_us") < first_us)
            first_us = num(act, "clock_us");
    }
    json_object_set_new(inject, "acts", seqs);
    json_object_set_new(inject, "first_act_us", json_integer(first_us));
    json_object_set_new(inject, "unobserved",
                        exec_us >= 0 && plan->in_host >= 0
                            ? gaps_in(fold,
                                      plan_host(fold->rf_plan, plan->in_host)->ph_id,
                                      exec_us, until_us(fold, index))
                            : json_array());
}

/* ---- as Markdown, from the JSON alone ---- */

/* A line of an attack's story. */
typedef struct {
    gint64 st_us, st_seq;
    char *st_who, *st_what;
} Step;

static void step_clear(gpointer data)
{
    Step *step = data;

    g_free(step->st_who);
    g_free(step->st_what);
}

static int by_time(gconstpointer a, gconstpointer b)
{
    const Step *left = a, *right = b;

    if (left->st_us != right->st_us)
        return left->st_us < right->st_us ? -1 : 1;
    return left->st_seq < right->st_seq ? -1 : left->st_seq > right->st_seq;
}

static gboolean is_chinese(const Md *md)
{
    return strcmp(md->md_lang, "zh-Hant") == 0;
}

static const char *words_of(const Md *md, const json_t *item)
{
    const char *zh = is_chinese(md) ? str(item, "text_zh") : "";

    return *zh ? zh : str(item, "text");
}

/* What was done; beside observations that are missing it says so. */
static char *act_text(const Md *md, const json_t *act)
{
    return g_strdup_printf("%s%s", words_of(md, act), num(act, "gap") > 0 ? " ⚠" : "");
}

static void add_step(GArray *steps, gint64 us, gint64 seq, const char *who,
                     const char *what)
{
    Step step = {us, seq, g_strdup(who), g_strdup(what)};

    g_array_append_val(steps, step);
}

static const json_t *by_seq(const json_t *list, json_int_t seq)
{
    const json_t *item;
    size_t i;

    json_array_foreach (list, i, item) {
        if (num(item, "seq") == seq)
            return item;
    }
    return NULL;
}

/* Executed, detected, contained …: what the ledger says of it. */
static void add_milestones(const Md *md, GArray *steps, const json_t *inject)
{
    static const struct {
        const char *key, *word;
    } all[] = {{"executed_us", "Executed"},
               {"detected_us", "Detected"},
               {"contained_us", "Contained"},
               {"eradicated_us", "Eradicated"},
               {"recovered_us", "Recovered"}};

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
        if (num(inject, all[i].key) >= 0) {
            g_autofree char *bold =
                g_strdup_printf("— %s —", word_in(md->md_lang, all[i].word));
            add_step(steps, num(inject, all[i].key), (gint64)i - 10, "", bold);
        }
}

static void add_acts(const Md *md, GArray *steps, const json_t *inject)
{
    const json_t *acts = json_object_get(md->md_report, "acts");
    const json_t *seqs = json_object_get(inject, "acts"), *seq;
    size_t i;

    json_array_foreach (seqs, i, seq) {
        const json_t *act = by_seq(acts, json_integer_value(seq));
        g_autofree char *what = act_text(md, act);

        if (i >= ANSWERS_SHOWN)
            break;
        add_step(steps, num(act, "clock_us"), num(act, "seq"),
                 *str(act, "player") ? str(act, "player") : str(act, "team"), what);
    }
}

static void add_gaps(const Md *md, GArray *steps, const json_t *inject)
{
    const json_t *all = json_object_get(md->md_report, "unobserved");
    const json_t *seqs = json_object_get(inject, "unobserved"), *seq;
    size_t i;

    json_array_foreach (seqs, i, seq) {
        const json_t *gap = by_seq(all, json_integer_value(seq));
        g_autofree char *to = duration_clock(num(gap, "to_us"));
        g_autofree char *what = g_strdup_printf("⚠ %s (%s %s)", words_of(md, gap),
                                                word_in(md->md_lang, "until"), to);

        if (i >= ANSWERS_SHOWN)
            break;
        add_step(steps, num(gap, "from_us"), num(gap, "seq"), str(gap, "host"), what);
    }
}

static char *seq_text(gint64 seq)
{
    return seq > 0 ? g_strdup_printf("%" G_GINT64_FORMAT, seq) : g_strdup("");
}

static MdTable *steps_table(const Md *md, const char *const *names)
{
    g_autoptr(GString) all = g_string_new(NULL);

    for (const char *const *name = names; *name; name++)
        g_string_append_printf(all, "%s%s%s", all->len ? "\t" : "",
                               **name == '>' ? ">" : "",
                               word_in(md->md_lang, *name + (**name == '>')));
    return md_table_new(all->str);
}

static void answers_to(Md *md, const json_t *inject)
{
    static const char *const names[] = {">Clock", "Who", "What happened", ">Events",
                                        NULL};
    g_autoptr(GArray) steps = g_array_new(FALSE, FALSE, sizeof(Step));
    const json_t *title = json_object_get(inject, "title");
    const char *name = json_string_value(title);
    g_autofree char *escaped = NULL;
    MdTable *table = steps_table(md, names);

    if (!name)
        name = json_string_value(json_object_get(title, md->md_lang));
    if (!name)
        name = json_string_value(json_object_get(title, "en"));
    escaped = md_escape(name ? name : str(inject, "id"));
    g_array_set_clear_func(steps, step_clear);
    add_milestones(md, steps, inject);
    add_acts(md, steps, inject);
    add_gaps(md, steps, inject);
    g_array_sort(steps, by_time);
    for (guint i = 0; i < steps->len; i++) {
        const Step *step = &g_array_index(steps, Step, i);

        md_cell_take(table, duration_clock(step->st_us));
        md_cell(table, step->st_who);
        md_cell(table, step->st_what);
        md_cell_take(table, seq_text(step->st_seq));
    }
    g_string_append_printf(md->md_out, "#### %s\n\n", escaped);
    md_table_end(table, md->md_out);
    if (json_array_size(json_object_get(inject, "acts")) > ANSWERS_SHOWN)
        report_md_prose(md, "acts-cut");
}

void report_md_answers(Md *md, const char *team)
{
    const json_t *inject;
    gboolean any = FALSE;
    size_t i;

    json_array_foreach (json_object_get(md->md_report, "injects"), i, inject) {
        if (strcmp(str(inject, "team"), team) != 0 ||
            (!json_array_size(json_object_get(inject, "acts")) &&
             !json_array_size(json_object_get(inject, "unobserved"))))
            continue;
        if (!any)
            g_string_append_printf(md->md_out, "### %s\n\n",
                                   word_in(md->md_lang, "Attacks and answers"));
        any = TRUE;
        answers_to(md, inject);
    }
    if (any)
        report_md_prose(md, "acts");
}

static void acts_row(const Md *md, MdTable *table, const json_t *act)
{
    md_cell_take(table, duration_clock(num(act, "clock_us")));
    md_cell(table, *str(act, "player") ? str(act, "player") : str(act, "team"));
    md_cell(table, str(act, "host"));
    md_cell_take(table, act_text(md, act));
    md_cell(table, str(act, "inject"));
    md_cell_take(table, seq_text(num(act, "seq")));
}

void report_md_acts(Md *md, const char *team)
{
    static const char *const names[] = {">Clock", "Who",     "Host", "What happened",
                                        "Inject", ">Events", NULL};
    const json_t *act;
    MdTable *table = steps_table(md, names);
    guint n = 0;
    size_t i;

    json_array_foreach (json_object_get(md->md_report, "acts"), i, act) {
        if (strcmp(str(act, "team"), team) == 0 && n++ < ACTS_SHOWN)
            acts_row(md, table, act);
    }
    if (n)
        g_string_append_printf(md->md_out, "### %s\n\n",
                               word_in(md->md_lang, "What defenders did"));
    md_table_end(table, md->md_out);
    if (n > ACTS_SHOWN)
        report_md_prose(md, "acts-cut");
}
