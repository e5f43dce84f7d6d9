/* What an organiser sees: the picture of `up` of few and of many VMs, and `status`. */
#include "orchestrator/cli/cli.h"
#include "orchestrator/cli/stages_priv.h"
#include "orchestrator/cli/status_text.h"
#include "tests/unit/cunit_main.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

/* The command's own asks a terminal. */
gboolean cli_colour(int fd)
{
    (void)fd;
    return FALSE;
}

static Plan *plan_new(guint teams, guint hosts)
{
    GString *text =
        g_string_new("parry: 1\n"
                     "drill: {name: seen, start: 2026-11-13T09:00, duration: 10h}\n"
                     "scope: {authorised-by: C, safety-officer: O, allow: [T1491]}\n"
                     "networks: {internet: {cidr: 10.0.0.0/16}}\n");
    g_autoptr(ParryDiags) diags = parry_diags_new();

    g_string_append_printf(text,
                           "teams: {blue: {side: blue, count: %u, estate: site}}\n"
                           "estates:\n  site:\n    hosts:\n",
                           teams);
    for (guint i = 0; i < hosts; i++)
        g_string_append_printf(text,
                               "      h%u: {image: micro, nics: {internet: auto}}\n", i);
    Plan *plan = plan_load_bytes("seen.yaml", "/", text->str, text->len,
                                 "7d444840-9dc0-51d1-b245-5ffdce74fad2", diags);
    g_string_free(text, TRUE);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    return plan;
}

static const char *id_of(const Stages *stages, int host)
{
    return plan_host(stages->st_plan, host)->ph_id;
}

static void told(Stages *stages, int host, const char *stage, const char *why, int for_s,
                 int usual_s)
{
    json_t *params = json_pack(
        "{s:[{s:s, s:s, s:s, s:I, s:I}]}", "hosts", "id", id_of(stages, host), "stage",
        stage, "why", why, "for_us", (json_int_t)for_s * G_USEC_PER_SEC, "usual_us",
        usual_s < 0 ? (json_int_t)-1 : (json_int_t)usual_s * G_USEC_PER_SEC);

    stages_progress(stages, params);
    json_decref(params);
}

static void happens(Stages *stages, const char *kind, int host, const char *reason)
{
    json_t *event = json_pack("{s:s, s:s, s:{s:s}}", "kind", kind, "host",
                              id_of(stages, host), "body", "reason", reason);

    stages_event(stages, event);
    json_decref(event);
}

/* No line too wide, no more lines than rows. */
static char *picture(const Stages *stages, int columns, int rows)
{
    g_autoptr(GString) out = stages_picture(stages, columns, rows);
    g_auto(GStrv) lines = g_strsplit(out->str, "\033[K\n", -1);
    guint n = g_strv_length(lines);

    CU_ASSERT_TRUE((int)n <= rows);
    for (guint i = 0; i + 1 < n; i++)
        CU_ASSERT_TRUE(parry_text_width(lines[i]) < columns);
    if (g_getenv("PARRY_SHOW"))
        fputs(out->str, stdout);
    return g_strdup(out->str);
}

static void has(const char *text, const char *what)
{
    if (!strstr(text, what))
        fprintf(stderr, "no \"%s\" in:\n%s\n", what, text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, what));
}

static void hasnt(const char *text, const char *what)
{
    CU_ASSERT_PTR_NULL(strstr(text, what));
}

static void each_vm_has_a_line(void)
{
    g_autoptr(Plan) plan = plan_new(2, 2);
    Stages *stages = stages_new(plan, FALSE);

    told(stages, 0, "boot", "", 6, 9);
    told(stages, 1, "boot", "", 40, 9);
    told(stages, 2, "wait", "waits for blue-1/h0 to be ready", 3, -1);
    happens(stages, "agent.ready/1", 3, "");
    g_autofree char *text = picture(stages, 120, 30);
    has(text, "seen: 1 of 4 VMs ready · 0 s so far; first time here, so how long it "
              "takes is not known");
    has(text, "boots 6 s of ~9 s");
    has(text, "boots 40 s, usually 9 s");
    has(text, "waits for blue-1/h0 to be ready 3 s");
    has(text, "image create boot agent ready after 0.0 s");
    g_autofree char *narrow = picture(stages, 60, 12);
    has(narrow, "boots 6 s of ~9 s");
    stages_free(stages);
}

static void many_are_summed_up(guint teams)
{
    g_autoptr(Plan) plan = plan_new(teams, 13);
    Stages *stages = stages_new(plan, FALSE);
    guint hosts = plan->p_hosts->len;

    for (guint i = 0; i < hosts; i++)
        if (i % 2)
            told(stages, (int)i, "wait", "waits for a free worker", 3, -1);
        else
            told(stages, (int)i, "boot", "", 6, 9);
    happens(stages, "agent.ready/1", 0, "");
    happens(stages, "agent.ready/1", 1, "");
    happens(stages, "domain.failed/1", (int)hosts - 1, "start: no memory is left");
    told(stages, (int)hosts - 3, "boot", "", 40, 9);
    g_autofree char *text = picture(stages, 120, 30);
    g_autofree char *waiting = g_strdup_printf(
        "%u × waits for a free worker, the longest for 3 s", hosts / 2 - 1);
    has(text, waiting);
    has(text, "failed: start: no memory is left");
    has(text, "boots 40 s, usually 9 s");
    has(text, " more\033");
    hasnt(text, "ready after");
    g_autofree char *tiny = picture(stages, 40, 10);
    has(tiny, "failed: ");
    stages_free(stages);
}

static void sixty_five_and_five_hundred(void)
{
    many_are_summed_up(5);
    many_are_summed_up(39);
}

/* A clone that is given up boots, and is ready in the end. */
static void what_failed_is_made_anew(void)
{
    g_autoptr(Plan) plan = plan_new(1, 2);
    Stages *stages = stages_new(plan, FALSE);

    happens(stages, "domain.wanted/1", 0, "");
    happens(stages, "domain.failed/1", 0, "restore: refused");
    CU_ASSERT_EQUAL(stages_count(stages, AT_FAILED), 1);
    happens(stages, "domain.wanted/1", 0, "");
    CU_ASSERT_EQUAL(stages_count(stages, AT_FAILED), 0);
    happens(stages, "domain.done/1", 0, "");
    happens(stages, "agent.hello/1", 0, "");
    happens(stages, "domain.failed/1", 1, "no");
    happens(stages, "agent.ready/1", 1, "");
    CU_ASSERT_EQUAL(stages_count(stages, AT_READY), 1);
    happens(stages, "domain.wanted/1", 0, ""); /* not itself: it boots */
    CU_ASSERT_EQUAL(stages_count(stages, AT_CREATE), 1);
    happens(stages, "domain.done/1", 0, "");
    happens(stages, "agent.hello/1", 0, "");
    happens(stages, "agent.ready/1", 0, "");
    CU_ASSERT_EQUAL(stages_count(stages, AT_READY), 2);
    stages_free(stages);
}

static void a_guests_word_draws_nothing(void)
{
    g_autoptr(Plan) plan = plan_new(1, 1);
    Stages *stages = stages_new(plan, FALSE);

    told(stages, 0, "wait", "waits \033[2J\033]0;x\a for", 1, -1);
    g_autofree char *text = picture(stages, 80, 24);
    hasnt(text, "\033[2J");
    hasnt(text, "\a");
    stages_free(stages);
}

/* ---- status ---- */

static char *status_of(guint hosts, const char *state, const char *reason,
                       const StatusView *view)
{
    json_t *list = json_array();

    for (guint i = 0; i < hosts; i++) {
        g_autofree char *id = g_strdup_printf("blue-%u/h%u", i / 25 + 1, i % 25);
        gboolean bad = i % 50 == 0 && hosts > 25;
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s, s:I}", "id", id, "state",
                            bad ? "silent" : "ready", "ip", "10.0.0.1", "reason",
                            bad ? "no sign of life" : "", "since_us", (json_int_t)1));
    }
    json_t *status = json_pack("{s:s, s:s, s:s, s:I, s:I, s:o}", "name", "seen", "state",
                               state, "reason", reason, "clock_us", (json_int_t)0,
                               "next_us", (json_int_t)-1, "hosts", list);
    char *text = status_text(status, view);
    if (g_getenv("PARRY_SHOW"))
        fputs(text, stdout);
    json_decref(status);
    return text;
}

static guint lines_of(const char *text)
{
    guint lines = 0;

    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

static void few_hosts_are_listed(void)
{
    const StatusView view = {NULL, FALSE};
    g_autofree char *text = status_of(5, "ready", "every host is there", &view);

    has(text, "5 of 5 hosts ready");
    has(text, "`parry start seen` starts its clock");
    has(text, "because: every host is there");
    has(text, "blue-1/h4");
}

static void of_many_hosts_those_that_want_a_look(void)
{
    const StatusView some = {NULL, FALSE}, all = {NULL, TRUE}, team = {"blue-3", FALSE},
                     none = {"blue-99", FALSE};
    g_autofree char *text = status_of(500, "running", "", &some);
    g_autofree char *every = status_of(500, "running", "", &all);
    g_autofree char *one = status_of(500, "running", "", &team);
    g_autofree char *nobody = status_of(500, "running", "", &none);

    has(text, "490 of 500 hosts ready");
    has(text, "blue-1/h0 ");
    hasnt(text, "blue-1/h1 ");
    has(text, "want a look");
    has(text, "--team TEAM");
    CU_ASSERT_TRUE(lines_of(text) < 45);
    CU_ASSERT_EQUAL(lines_of(every), 501);
    CU_ASSERT_EQUAL(lines_of(one), 26);
    has(one, "blue-3/h24");
    has(nobody, "no host of a team \"blue-99\"");
}

/* Every state of a drill says what to type next. */
static void each_state_says_what_next(void)
{
    static const char *const states[] = {
        "defined", "provisioning", "ready",  "paused",  "stopped", "ended",
        "judging", "provisional",  "failed", "crashed", "silent",  "down",
    };
    const StatusView view = {NULL, FALSE};

    for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
        g_autofree char *text = status_of(2, states[i], "", &view);
        has(text, "`parry ");
        hasnt(text, "NAME");
    }
}

int main(void)
{
    g_autofree char *home = g_dir_make_tmp("parry-stages-XXXXXX", NULL);
    CU_TestInfo tests[] = {
        {"each VM has a line", each_vm_has_a_line},
        {"65 and 500 VMs are summed up", sixty_five_and_five_hundred},
        {"what failed is made anew", what_failed_is_made_anew},
        {"a guest's word draws nothing", a_guests_word_draws_nothing},
        {"few hosts are listed", few_hosts_are_listed},
        {"of many hosts those that want a look", of_many_hosts_those_that_want_a_look},
        {"each state says what next", each_state_says_what_next},
        CU_TEST_INFO_NULL,
    };

    g_setenv("PARRY_HOME", home, TRUE);
    int status = cunit_main("stages", tests);
    g_rmdir(home);
    return status;
}
