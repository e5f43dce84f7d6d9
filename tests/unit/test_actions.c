/*
 * Rows into acts. Most cases are data: what a guest sent, and what a reviewer should read
 * of it.
 */
#include "scenarios/base/duration.h"
#include "scenarios/loader.h"
#include "scoreboard/action_rules.h"
#include "scoreboard/actions.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/score_fixture.h"

#include <stdlib.h>
#include <string.h>

#define CASES PARRY_SOURCE_DIR "/tests/unit/data/actions"
#define PAGE PARRY_SOURCE_DIR "/docs/actions.md"
#define BEGIN_MARK "<!-- begin: made from scoreboard/actions.yaml -->\n"
#define END_MARK "<!-- end: made from scoreboard/actions.yaml -->\n"

/* ---- a world with rows ---- */

typedef struct {
    Plan *plan;
    Actions *actions;
    GString *told;     /* a line for each act */
    GHashTable *rules; /* that told one */
    gint64 t_us, clock_us;
    guint row;
} Watched;

#define T0 (G_GINT64_CONSTANT(1795234463) * SEC)

/* The fixture's hosts, and one of the red team's. */
#define HOST_RED ((int)(2 * FIXTURE_HOSTS))

static void add_to_plan(Plan *plan)
{
    PlanFile *file = g_new0(PlanFile, 1);
    PlanHost *box = plan_host_add(plan, "red/box");

    file->pf_path = g_strdup("/etc/motd");
    file->pf_bytes = g_bytes_new_static("", 0);
    g_ptr_array_add(plan_host(plan, HOST_WEB)->ph_files, file);
    box->ph_team = TEAM_RED;
    box->ph_owner = SIDE_RED;
}

static Watched watched_new(void)
{
    Watched world = {.plan = fixture_plan(), .t_us = T0, .clock_us = HOUR};

    add_to_plan(world.plan);
    world.actions = actions_new(world.plan);
    world.told = g_string_new(NULL);
    world.rules = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return world;
}

static void watched_clear(Watched *world)
{
    actions_free(world->actions);
    plan_free(world->plan);
    g_string_free(world->told, TRUE);
    g_hash_table_unref(world->rules);
}

/* "health/alice killed-process: killed process sees (pid 129) [deface@health by object]"
 */
static void on_act(const Action *action, gpointer data)
{
    Watched *world = data;
    json_t *body = actions_body(world->plan, action);

    g_hash_table_add(world->rules, g_strdup(action->ac_rule));
    g_string_append_printf(
        world->told, "%s %s: %s",
        *action->ac_player ? action->ac_player
                           : plan_team(world->plan, action->ac_team)->pt_id,
        action->ac_action, json_string_value(json_object_get(body, "text")));
    if (action->ac_inject >= 0)
        g_string_append_printf(world->told, " [%s by %s]",
                               json_string_value(json_object_get(body, "inject")),
                               json_string_value(json_object_get(body, "about")));
    g_string_append_c(world->told, '\n');
    CU_ASSERT_TRUE(action->ac_n_refs > 0 && action->ac_n_refs <= ACTION_REFS_MAX);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(body, "evidence")),
                    action->ac_n_refs);
    json_decref(body);
}

static void tell_event(Watched *world, const char *kind, json_t *body)
{
    JournalEvent event = {.ev_seq = 1,
                          .ev_at_us = world->t_us,
                          .ev_clock_us = world->clock_us,
                          .ev_kind = kind,
                          .ev_actor = "parryd",
                          .ev_team = "",
                          .ev_host = "",
                          .ev_body = body};

    actions_event(world->actions, &event);
    json_decref(body);
}

static JournalObservation row_new(const Watched *world)
{
    return (JournalObservation){.ob_host = HOST_WEB,
                                .ob_t_us = world->t_us,
                                .ob_pid = 200,
                                .ob_ppid = 100,
                                .ob_exit = -1,
                                .ob_uid = 0,
                                .ob_auid = 2000000001,
                                .ob_origin = SEEN_BY_PLAYER,
                                .ob_exe = "",
                                .ob_args = "",
                                .ob_cwd = "/root",
                                .ob_path = "",
                                .ob_to = "",
                                .ob_player = "health/alice"};
}

static void see(Watched *world, const JournalObservation *seen)
{
    actions_row(world->actions, 7, world->row++, seen, on_act, world);
}

/* ---- cases as data ---- */

static void tell_executed(Watched *world, const char *inject)
{
    tell_event(
        world, "inject.executed/1",
        json_pack("{s: s, s: I}", "inject", inject, "at", (json_int_t)world->clock_us));
}

static void set_origin(JournalObservation *seen, const char *value)
{
    CU_ASSERT_TRUE(
        seen_origin_parse(strcmp(value, "guest") == 0 ? "" : value, &seen->ob_origin));
}

static void set_host(JournalObservation *seen, const char *value)
{
    seen->ob_host = strcmp(value, "files") == 0 ? HOST_FILES
                    : strcmp(value, "red") == 0 ? HOST_RED
                                                : HOST_WEB;
}

static void set_field(JournalObservation *seen, const char *key, const char *value)
{
    static const struct {
        const char *key;
        gsize offset;
    } texts[] = {
        {"exe", G_STRUCT_OFFSET(JournalObservation, ob_exe)},
        {"args", G_STRUCT_OFFSET(JournalObservation, ob_args)},
        {"cwd", G_STRUCT_OFFSET(JournalObservation, ob_cwd)},
        {"path", G_STRUCT_OFFSET(JournalObservation, ob_path)},
        {"to", G_STRUCT_OFFSET(JournalObservation, ob_to)},
        {"player", G_STRUCT_OFFSET(JournalObservation, ob_player)},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        if (strcmp(texts[i].key, key) == 0) {
            G_STRUCT_MEMBER(const char *, seen, texts[i].offset) = value;
            return;
        }
    if (strcmp(key, "origin") == 0)
        set_origin(seen, value);
    else if (strcmp(key, "host") == 0)
        set_host(seen, value);
    else if (strcmp(key, "pid") == 0)
        seen->ob_pid = atoi(value);
    else if (strcmp(key, "exit") == 0)
        seen->ob_exit = atoi(value);
    else if (strcmp(key, "auid") == 0)
        seen->ob_auid = g_ascii_strtoll(value, NULL, 10);
    else
        CU_FAIL("a case has an unknown key");
}

static void set_fields(JournalObservation *seen, char **parts)
{
    for (; *parts; parts++) {
        char *equals = strchr(*parts, '=');

        CU_ASSERT_PTR_NOT_NULL_FATAL(equals);
        *equals = '\0';
        set_field(seen, g_strstrip(*parts), equals + 1);
    }
}

/* "$ COMMAND  key=value": an execution, and unless it is "$?" its end. */
static void play_command(Watched *world, const char *line)
{
    g_auto(GStrv) parts = g_strsplit(line, "  ", -1);
    JournalObservation seen = row_new(world);
    char *command = strchr(parts[0], ' ');

    CU_ASSERT_PTR_NOT_NULL_FATAL(command);
    seen.ob_what = SEEN_EXEC;
    seen.ob_act = SEEN_STARTED;
    seen.ob_args = command + 1;
    seen.ob_pid = 1000 + (int)world->row;
    set_fields(&seen, parts + 1);
    see(world, &seen);
    if (parts[0][1] == '?')
        return;
    seen.ob_what = SEEN_EXIT;
    seen.ob_act = SEEN_NONE;
    seen.ob_args = seen.ob_cwd = "";
    seen.ob_exit = atoi(parts[0] + 1);
    see(world, &seen);
}

static void play_row(Watched *world, const char *line)
{
    g_auto(GStrv) parts = g_strsplit(line, "  ", -1);
    g_auto(GStrv) words = g_strsplit(parts[0], " ", 2);
    JournalObservation seen = row_new(world);

    CU_ASSERT_TRUE(seen_what_parse(words[0], &seen.ob_what));
    CU_ASSERT_TRUE(seen_act_parse(words[1] ? words[1] : "", &seen.ob_act));
    set_fields(&seen, parts + 1);
    see(world, &seen);
}

static void play(Watched *world, const char *line)
{
    if (*line == '$') {
        play_command(world, line);
    } else if (g_str_has_prefix(line, "executed ")) {
        tell_executed(world, line + strlen("executed "));
    } else if (g_str_has_prefix(line, "gone ")) {
        tell_event(
            world, "effect.gone/1",
            json_pack("{s: s, s: s}", "inject", line + strlen("gone "), "by", "team"));
    } else if (g_str_has_prefix(line, "wait ")) {
        gint64 us = 0;

        CU_ASSERT_TRUE(duration_parse(line + strlen("wait "), &us, NULL));
        world->t_us += us;
        world->clock_us += us;
        tell_event(world, "note/1", json_object());
    } else {
        play_row(world, line);
    }
}

typedef struct {
    Watched world;
    gboolean open, near, story;
    char *title; /* of the rule, or of the story */
    GString *wanted;
    GHashTable *hit, *missed; /* rules with a positive case, with a near one */
    int line;
} Cases;

static void end_case(Cases *cases)
{
    Watched *world = &cases->world;

    if (!cases->open)
        return;
    actions_flush(world->actions, G_MAXINT64, on_act, world);
    if (cases->near) {
        gboolean told = g_hash_table_contains(world->rules, cases->title);

        if (told)
            fprintf(stderr, "\nline %d: %s told: %s\n", cases->line, cases->title,
                    world->told->str);
        CU_ASSERT_FALSE(told);
        g_hash_table_add(cases->missed, g_strdup(cases->title));
    } else {
        if (strcmp(world->told->str, cases->wanted->str) != 0)
            fprintf(stderr, "\nline %d: %s\nwanted:\n%stold:\n%s\n", cases->line,
                    cases->title, cases->wanted->str, world->told->str);
        CU_ASSERT_STRING_EQUAL(world->told->str, cases->wanted->str);
        CU_ASSERT_TRUE(cases->story || g_hash_table_contains(world->rules, cases->title));
        if (!cases->story)
            g_hash_table_add(cases->hit, g_strdup(cases->title));
    }
    watched_clear(world);
    cases->open = FALSE;
}

static void begin_case(Cases *cases, const char *title, gboolean near, gboolean story)
{
    end_case(cases);
    cases->world = watched_new();
    cases->open = TRUE;
    cases->near = near;
    cases->story = story;
    g_string_truncate(cases->wanted, 0);
    if (!title)
        return;
    g_free(cases->title);
    cases->title = g_strdup(title);
}

/* "health/alice", whose acts most are, need not be written. */
static void want(Cases *cases, const char *act)
{
    const char *colon = strchr(act, ':'), *blank = strchr(act, ' ');

    if (blank && blank < colon)
        g_string_append_printf(cases->wanted, "%s\n", act);
    else
        g_string_append_printf(cases->wanted, "health/alice %s\n", act);
}

static void take_line(Cases *cases, const char *line)
{
    cases->line++;
    if (!*line || *line == '#')
        return;
    if (g_str_has_prefix(line, "rule "))
        begin_case(cases, line + strlen("rule "), FALSE, FALSE);
    else if (g_str_has_prefix(line, "story "))
        begin_case(cases, line + strlen("story "), FALSE, TRUE);
    else if (strcmp(line, "near") == 0)
        begin_case(cases, NULL, TRUE, FALSE);
    else if (g_str_has_prefix(line, "=> "))
        want(cases, line + 3);
    else
        play(&cases->world, line);
}

static void play_file(Cases *cases, const char *name)
{
    g_autofree char *path = g_build_filename(CASES, name, NULL);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    CU_ASSERT_TRUE_FATAL(g_file_get_contents(path, &text, NULL, NULL));
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++)
        take_line(cases, *line);
    end_case(cases);
}

static Cases cases_new(void)
{
    return (Cases){.wanted = g_string_new(NULL),
                   .hit = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                   .missed =
                       g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
}

static void cases_clear(Cases *cases)
{
    g_free(cases->title);
    g_string_free(cases->wanted, TRUE);
    g_hash_table_unref(cases->hit);
    g_hash_table_unref(cases->missed);
}

static void each_rule_hits_and_misses(void)
{
    Cases cases = cases_new();
    const GPtrArray *rules = action_rules()->as_rules;

    play_file(&cases, "rules.case");
    CU_ASSERT_TRUE(rules->len > 50);
    for (guint i = 0; i < rules->len; i++) {
        const ActionRule *rule = rules->pdata[i];

        if (!g_hash_table_contains(cases.hit, rule->ru_name) ||
            !g_hash_table_contains(cases.missed, rule->ru_name))
            fprintf(stderr, "rule %s has no case, or none that is near\n", rule->ru_name);
        CU_ASSERT_TRUE(g_hash_table_contains(cases.hit, rule->ru_name));
        CU_ASSERT_TRUE(g_hash_table_contains(cases.missed, rule->ru_name));
    }
    cases_clear(&cases);
}

static void rows_make_one_story(void)
{
    Cases cases = cases_new();

    play_file(&cases, "stories.case");
    cases_clear(&cases);
}

/* ---- what real guests' audit gave ---- */

static char *field(const char *line, const char *key)
{
    g_autofree char *wanted = g_strdup_printf(" %s=", key);
    const char *at = strstr(line, wanted);

    if (!at)
        return g_strdup("");
    at += strlen(wanted);
    return strcmp(key, "args") == 0 ? g_strdup(at) : g_strndup(at, strcspn(at, " "));
}

static const struct {
    const char *begins;
    int what, act;
} AUDIT[] = {
    {"1300 syscall=59", SEEN_EXEC, SEEN_STARTED},
    {"1300 syscall=62", SEEN_EXEC, SEEN_STOPPED},
    {"1325 ", SEEN_FIREWALL, SEEN_CHANGED},
    {"1130 ", SEEN_SERVICE, SEEN_STARTED},
    {"1131 ", SEEN_SERVICE, SEEN_STOPPED},
};

/* A line of tests/unit/data/audit's .expect as the row that the agent makes of it. */
static void see_audit(Watched *world, const char *line)
{
    g_autofree char *exe = field(line, "exe"), *args = field(line, "args");
    g_autofree char *cwd = field(line, "cwd"), *unit = field(line, "unit");
    g_autofree char *table = field(line, "table"), *op = field(line, "op");
    g_autofree char *pid = field(line, "pid"), *auid = field(line, "auid");
    g_autofree char *opid = field(line, "opid"), *name = field(line, "ocomm");
    g_autofree char *signal = g_strdup_printf("signal 15 pid %s %s", opid, name);
    JournalObservation seen = row_new(world);

    for (gsize i = 0; i < G_N_ELEMENTS(AUDIT); i++) {
        if (!g_str_has_prefix(line, AUDIT[i].begins))
            continue;
        seen.ob_what = AUDIT[i].what;
        seen.ob_act = AUDIT[i].act;
        seen.ob_exe = exe;
        seen.ob_args = args;
        seen.ob_cwd = cwd;
        seen.ob_pid = atoi(pid);
        seen.ob_auid = *auid ? g_ascii_strtoll(auid, NULL, 10) : -1;
        seen.ob_origin = seen.ob_auid == 2100000001   ? SEEN_BY_ORDER
                         : seen.ob_auid == 2000000001 ? SEEN_BY_PLAYER
                                                      : SEEN_BY_GUEST;
        seen.ob_player = seen.ob_origin == SEEN_BY_PLAYER ? "health/alice" : "";
        seen.ob_path = *unit ? unit : table;
        seen.ob_to = *opid ? signal : op;
        see(world, &seen);
        return;
    }
}

static void real_guests_are_read_right(void)
{
    static const struct {
        const char *guest, *told;
    } guests[] = {
        {"debian", "health/alice killed-process: killed process sees (pid 129)\n"
                   "health/alice restarted-service: restarted service cron\n"
                   "health/alice changed-firewall: changed the firewall (parrytest:2)\n"},
        {"micro", "health/alice killed-process: killed process sees (pid 102)\n"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(guests); i++) {
        g_autofree char *path = g_strdup_printf(
            PARRY_SOURCE_DIR "/tests/unit/data/audit/%s.expect", guests[i].guest);
        g_autofree char *text = NULL;
        Watched world = watched_new();

        CU_ASSERT_TRUE_FATAL(g_file_get_contents(path, &text, NULL, NULL));
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        for (char **line = lines; *line; line++)
            see_audit(&world, *line);
        actions_flush(world.actions, G_MAXINT64, on_act, &world);
        CU_ASSERT_STRING_EQUAL(world.told->str, guests[i].told);
        if (strcmp(world.told->str, guests[i].told) != 0)
            fprintf(stderr, "\n%s\n", world.told->str);
        watched_clear(&world);
    }
}

/* ---- bounds ---- */

/* Nothing that is done ten thousand times leaves more than sixteen references, and what
 * floods pushes out its own. */
static void floods_are_bounded(void)
{
    Watched world = watched_new();
    JournalObservation seen = row_new(&world);

    for (int i = 0; i < 10000; i++) {
        g_autofree char *args = g_strdup_printf("ls /tmp/%d", i);

        seen.ob_what = SEEN_EXEC;
        seen.ob_act = SEEN_STARTED;
        seen.ob_args = args;
        see(&world, &seen);
    }
    actions_flush(world.actions, G_MAXINT64, on_act, &world);
    CU_ASSERT_TRUE(strlen(world.told->str) < 600);
    CU_ASSERT_PTR_NOT_NULL(strstr(world.told->str, "…"));
    g_string_truncate(world.told, 0);
    for (int i = 0; i < 10000; i++) { /* none of them ends */
        g_autofree char *args = g_strdup_printf("kill %d", i);

        seen.ob_args = args;
        seen.ob_pid = i;
        see(&world, &seen);
    }
    CU_ASSERT_EQUAL(world.told->len, 0);
    seen = row_new(&world);
    seen.ob_what = SEEN_EXIT;
    seen.ob_exit = 0;
    seen.ob_pid = 9999;
    see(&world, &seen);
    CU_ASSERT_STRING_EQUAL(world.told->str,
                           "health/alice killed-process: killed process 9999\n");
    watched_clear(&world);
}

/* A guest's clock may say anything. */
static void no_time_is_believed_blindly(void)
{
    static const gint64 times[] = {0, 1, -1, G_MININT64, G_MAXINT64, G_MAXINT64 - 1, T0};
    Watched world = watched_new();

    for (gsize i = 0; i < G_N_ELEMENTS(times); i++) {
        world.t_us = times[i];
        play(&world, "$ ps");
        play(&world, "$ systemctl restart nginx");
    }
    actions_flush(world.actions, T0 + HOUR, on_act, &world);
    CU_ASSERT_EQUAL(actions_due_us(world.actions), G_MAXINT64);
    CU_ASSERT_PTR_NOT_NULL(strstr(world.told->str, "looked-around"));
    watched_clear(&world);
}

static void gathering_ends_by_itself(void)
{
    Watched world = watched_new();

    CU_ASSERT_EQUAL(actions_due_us(world.actions), G_MAXINT64);
    play(&world, "$ ps");
    CU_ASSERT_EQUAL(actions_due_us(world.actions), T0 + MIN_US);
    actions_flush(world.actions, T0 + MIN_US - 1, on_act, &world);
    CU_ASSERT_EQUAL(world.told->len, 0);
    actions_flush(world.actions, T0 + MIN_US, on_act, &world);
    CU_ASSERT_STRING_EQUAL(world.told->str,
                           "health/alice looked-around: looked around: ps\n");
    CU_ASSERT_EQUAL(actions_due_us(world.actions), G_MAXINT64);
    watched_clear(&world);
}

/* One host's rows change nothing of another's, and rows of no host are none. */
static void hosts_are_apart(void)
{
    Watched world = watched_new();
    JournalObservation seen = row_new(&world);

    play(&world, "$? systemctl restart nginx");
    play(&world, "service started  pid=1  path=nginx  origin=guest  auid=-1  host=files");
    CU_ASSERT_EQUAL(world.told->len, 0);
    play(&world, "service started  pid=1  path=nginx  origin=guest  auid=-1");
    CU_ASSERT_TRUE(world.told->len > 0);
    seen.ob_host = -1;
    see(&world, &seen);
    seen.ob_host = (int)world.plan->p_hosts->len;
    see(&world, &seen);
    seen.ob_host = HOST_WEB;
    seen.ob_what = 99;
    see(&world, &seen);
    seen.ob_what = SEEN_EXEC;
    seen.ob_act = 77;
    see(&world, &seen);
    watched_clear(&world);
}

/* ---- the rules themselves ---- */

static void wrong_rules_are_named(void)
{
    static const struct {
        const char *rule, *says;
    } cases[] = {
        {"what: exec started, program: [a], object: none, args: [\"-x\"]", NULL},
        {"what: exec started, object: none", "names programs"},
        {"what: exac, object: path", "no row is about \"exac\""},
        {"what: file burnt, object: path", "no row says \"burnt\""},
        {"what: file, object: thing", "one of none, args"},
        {"what: file", "it has no object"},
        {"what: file, object: path, colour: red", "no such key: colour"},
        {"what: file, object: path, args: [\"{object} {object}\"]", "one object"},
        {"what: file, object: path, args: [\"{thing}\"]", "must begin"},
        {"what: file, object: path, args: [\"a  b\"]", "one blank"},
        {"what: file, object: path, args: [\"{object}\"]", "more than one way"},
        {"what: file, object: path, within: soon", "a duration is wanted"},
        {"what: file, object: path, confirm: [ending]", "no row is about \"ending\""},
        {"what: file, object: path, split: 1", "only true"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text =
            g_strdup_printf("actions: {looked: {says: {en: looked}}}\nscratch: [a]\n"
                            "rules: {one: {action: looked, %s}}\n",
                            cases[i].rule);
        g_autoptr(ParryDiags) diags = parry_diags_new();
        g_autoptr(ActionRules) rules =
            action_rules_parse("rules", text, strlen(text), diags);
        g_autofree char *said = parry_diags_text(diags, FALSE);

        CU_ASSERT_EQUAL(rules != NULL, cases[i].says == NULL);
        CU_ASSERT_TRUE(!cases[i].says || strstr(said, cases[i].says));
        if (cases[i].says && !strstr(said, cases[i].says))
            fprintf(stderr, "%s: %s\n", cases[i].rule, said);
    }
}

static void every_sentence_is_in_both_languages(void)
{
    const ActionRules *rules = action_rules();

    for (guint i = 0; i < rules->as_rules->len; i++) {
        const ActionRule *rule = rules->as_rules->pdata[i];
        g_autofree char *en = action_says(rule, "X", "en");
        g_autofree char *zh = action_says(rule, "X", "zh-Hant");
        g_autofree char *none = action_says(rule, "", "en");

        CU_ASSERT_TRUE(*en && *zh && *none);
        CU_ASSERT_STRING_NOT_EQUAL(en, zh);
        CU_ASSERT_PTR_NULL(strpbrk(en, "[]{}"));
        CU_ASSERT_PTR_NULL(strpbrk(none, "[]{}"));
    }
}

/* docs/actions.md lists the rules as they are; PARRY_WRITE_DOCS=1 writes it anew. */
static void the_page_lists_the_rules(void)
{
    g_autofree char *page = NULL, *list = action_rules_markdown(action_rules());
    g_autofree char *wanted = NULL;
    char *begin, *end;

    CU_ASSERT_TRUE_FATAL(g_file_get_contents(PAGE, &page, NULL, NULL));
    begin = strstr(page, BEGIN_MARK);
    end = strstr(page, END_MARK);
    CU_ASSERT_TRUE_FATAL(begin && end && begin < end);
    begin += strlen(BEGIN_MARK);
    wanted = g_strdup_printf("%.*s\n%s%s", (int)(begin - page), page, list, end);
    if (g_getenv("PARRY_WRITE_DOCS")) {
        CU_ASSERT_TRUE(g_file_set_contents(PAGE, wanted, -1, NULL));
        return;
    }
    CU_ASSERT_STRING_EQUAL(page, wanted);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"each rule hits and misses", each_rule_hits_and_misses},
        {"rows make one story", rows_make_one_story},
        {"real guests are read right", real_guests_are_read_right},
        {"floods are bounded", floods_are_bounded},
        {"no time is believed blindly", no_time_is_believed_blindly},
        {"gathering ends by itself", gathering_ends_by_itself},
        {"hosts are apart", hosts_are_apart},
        {"wrong rules are named", wrong_rules_are_named},
        {"every sentence is in both languages", every_sentence_is_in_both_languages},
        {"the page lists the rules", the_page_lists_the_rules},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("actions", tests);
}
