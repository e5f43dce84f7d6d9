/*
 * Views: who sees what, and how it looks on a terminal.
 */
#include "scoreboard/line.h"
#include "scoreboard/stream.h"
#include "scoreboard/view.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/score_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const Viewer WHITE = {ROLE_DIRECTOR, -1, 0}, ROOM = {ROLE_OBSERVER, -1, 0},
                    HEALTH = {ROLE_BLUE, TEAM_HEALTH, 0},
                    LANDS = {ROLE_BLUE, TEAM_LANDS, 0}, RED = {ROLE_RED, TEAM_RED, 0},
                    NOBODY = {ROLE_NOBODY, -1, 0};

static gboolean sees(const World *world, const Viewer *viewer, const char *kind,
                     const char *team, const char *inject)
{
    json_t *body = inject ? json_pack("{s: s}", "inject", inject) : json_object();
    JournalEvent event = {
        .ev_seq = 500, .ev_kind = kind, .ev_team = team, .ev_host = "", .ev_body = body};
    gboolean seen = view_event_visible(viewer, world->plan, world->ledger, &event);

    json_decref(body);
    return seen;
}

static void roles_have_names_and_permissions(void)
{
    Role role;

    for (int i = ROLE_DIRECTOR; i <= ROLE_NOBODY; i++) {
        CU_ASSERT_TRUE(role_parse(role_name((Role)i), &role));
        CU_ASSERT_EQUAL(role, (Role)i);
    }
    CU_ASSERT_FALSE(role_parse("root", &role));
    CU_ASSERT_TRUE(role_may(ROLE_DIRECTOR, MAY_RUN));
    CU_ASSERT_TRUE(role_may(ROLE_SAFETY, MAY_STOP));
    CU_ASSERT_FALSE(role_may(ROLE_SAFETY, MAY_RUN));
    CU_ASSERT_TRUE(role_may(ROLE_BLUE, MAY_TERMINAL));
    CU_ASSERT_FALSE(role_may(ROLE_BLUE, MAY_SEE_ALL));
    CU_ASSERT_FALSE(role_may(ROLE_OBSERVER, MAY_TERMINAL));
    CU_ASSERT_TRUE(role_may(ROLE_NOBODY, MAY_BIND));
    CU_ASSERT_FALSE(role_may(ROLE_NOBODY, MAY_SEE_PUBLIC));
    CU_ASSERT_FALSE(role_may((Role)99, MAY_RUN));
}

/* What a team does about an attack is its own affair and white's: the red team whose
 * attack that is learns nothing of it, and the team itself nothing of the attack. */
static void acts_are_for_white_and_the_team(void)
{
    World world = world_new();
    json_t *body =
        json_pack("{s: s, s: s, s: s, s: s, s: s}", "player", "health/alice", "action",
                  "blocked-address", "text", "blocked 203.0.113.66\033[2J", "text_zh",
                  "封鎖 203.0.113.66", "inject", "deface@health");
    JournalEvent event = {.ev_seq = 500,
                          .ev_kind = "player.action/1",
                          .ev_team = "health",
                          .ev_host = "health/web",
                          .ev_body = body};
    json_t *own;
    g_autofree char *text = NULL, *zh = NULL;

    feed_attack(&world.feed, INJECT_DEFACE);
    CU_ASSERT_TRUE(sees(&world, &WHITE, "player.action/1", "health", "deface@health"));
    CU_ASSERT_TRUE(sees(&world, &HEALTH, "player.action/1", "health", "deface@health"));
    CU_ASSERT_FALSE(sees(&world, &LANDS, "player.action/1", "health", "deface@health"));
    CU_ASSERT_FALSE(sees(&world, &RED, "player.action/1", "health", "deface@health"));
    CU_ASSERT_FALSE(sees(&world, &ROOM, "player.action/1", "health", "deface@health"));
    CU_ASSERT_FALSE(sees(&world, &NOBODY, "player.action/1", "health", NULL));
    own = view_event_json(&HEALTH, world.plan, &event, 1, "en");
    text = json_dumps(own, JSON_ENSURE_ASCII);
    CU_ASSERT_PTR_NULL(strstr(text, "deface"));
    CU_ASSERT_PTR_NULL(strstr(text, "u001b"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "health/alice: blocked 203.0.113.66"));
    zh = view_event_line(world.plan, &event, "zh-Hant");
    CU_ASSERT_PTR_NOT_NULL(strstr(zh, "health/alice：封鎖 203.0.113.66"));
    json_decref(own);
    json_decref(body);
    world_clear(&world);
}

static void an_attack_is_hidden_until_it_is_known(void)
{
    World world = world_new();

    feed_attack(&world.feed, INJECT_DEFACE);
    CU_ASSERT_TRUE(sees(&world, &WHITE, "inject.executed/1", "health", "deface@health"));
    CU_ASSERT_TRUE(sees(&world, &RED, "inject.executed/1", "health", "deface@health"));
    CU_ASSERT_FALSE(
        sees(&world, &HEALTH, "inject.executed/1", "health", "deface@health"));
    CU_ASSERT_FALSE(sees(&world, &LANDS, "inject.executed/1", "health", "deface@health"));
    CU_ASSERT_FALSE(sees(&world, &ROOM, "inject.executed/1", "health", "deface@health"));
    world.feed.fx_clock = MIN_US;
    feed_report(&world.feed, INJECT_DEFACE, "index.html");
    CU_ASSERT_TRUE(sees(&world, &HEALTH, "report.matched/1", "health", "deface@health"));
    CU_ASSERT_TRUE(sees(&world, &HEALTH, "inject.executed/1", "health", "deface@health"));
    CU_ASSERT_FALSE(sees(&world, &ROOM, "report.matched/1", "health", "deface@health"));
    CU_ASSERT_FALSE(sees(&world, &LANDS, "report.matched/1", "health", "deface@health"));
    world.feed.fx_clock = HOUR;
    feed(&world.feed, "note/1", "", "", 0, json_pack("{s: s}", "text", "tick"));
    CU_ASSERT_TRUE(sees(&world, &ROOM, "inject.executed/1", "health", "deface@health"));
    CU_ASSERT_FALSE(
        sees(&world, &NOBODY, "inject.executed/1", "health", "deface@health"));
    world_clear(&world);
}

static void without_a_window_of_its_own_it_is_four_hours(void)
{
    World world = world_new();

    g_ptr_array_set_size(plan_inject(world.plan, INJECT_GUESS)->in_expect, 0);
    ledger_free(world.ledger);
    world.ledger = ledger_new(world.plan);
    world.feed = feed_new(world.plan, world.ledger, NULL);
    feed_attack(&world.feed, INJECT_GUESS);
    world.feed.fx_clock = 4 * HOUR;
    feed(&world.feed, "note/1", "", "", 0, json_pack("{s: s}", "text", "tick"));
    CU_ASSERT_FALSE(sees(&world, &ROOM, "inject.executed/1", "health", "guess@health"));
    world.feed.fx_clock = 4 * HOUR + 1;
    feed(&world.feed, "note/1", "", "", 0, json_pack("{s: s}", "text", "tick"));
    CU_ASSERT_TRUE(sees(&world, &ROOM, "inject.executed/1", "health", "guess@health"));
    world_clear(&world);
}

static void messages_and_reports_are_the_teams_own(void)
{
    World world = world_new();

    CU_ASSERT_TRUE(sees(&world, &HEALTH, "message.sent/1", "health", NULL));
    CU_ASSERT_FALSE(sees(&world, &LANDS, "message.sent/1", "health", NULL));
    CU_ASSERT_FALSE(sees(&world, &ROOM, "message.sent/1", "health", NULL));
    CU_ASSERT_TRUE(sees(&world, &HEALTH, "report.submitted/1", "health", NULL));
    CU_ASSERT_FALSE(sees(&world, &RED, "report.submitted/1", "health", NULL));
    CU_ASSERT_FALSE(sees(&world, &HEALTH, "order.done/1", "health", NULL));
    CU_ASSERT_TRUE(sees(&world, &WHITE, "order.done/1", "health", NULL));
    CU_ASSERT_TRUE(sees(&world, &ROOM, "drill.state/1", "", NULL));
    CU_ASSERT_FALSE(sees(&world, &WHITE, "no.such/1", "", NULL));
    world_clear(&world);
}

static void a_frozen_room_sees_nothing_newer_and_a_team_its_own(void)
{
    World world = world_new();
    Viewer frozen = ROOM, team = HEALTH;

    frozen.vw_freeze = team.vw_freeze = 100;
    CU_ASSERT_FALSE(sees(&world, &frozen, "drill.state/1", "", NULL));
    CU_ASSERT_TRUE(sees(&world, &team, "message.sent/1", "health", NULL));
    CU_ASSERT_FALSE(sees(&world, &team, "score.adjusted/1", "lands", NULL));
    world_clear(&world);
}

/* ---- streams ---- */

typedef struct {
    const World *world;
    Stream *stream;
    GString *seen; /* "n:kind;" as they came */
} Watcher;

static gboolean watch(const JournalEvent *event, gpointer data)
{
    Watcher *watcher = data;
    Ledger *ledger = watcher->world->ledger;

    ledger_apply(ledger, event, NULL, 0);
    for (guint added = stream_apply(watcher->stream, ledger, event); added > 0; added--)
        g_string_append_printf(
            watcher->seen, "%d ",
            (int)stream_seq(watcher->stream, stream_count(watcher->stream) - added + 1));
    return TRUE;
}

static gboolean keep_seq(const JournalEvent *event, gpointer data)
{
    g_string_append_printf(data, "%d ", (int)event->ev_seq);
    return TRUE;
}

/* An attack (2 to 5) is reported (6, matched by 7) and disclosed to all by the clock (8).
 */
static Journal *stream_journal(const World *world, const char *dir)
{
    Journal *journal = journal_create(dir, NULL);
    Feed to = feed_new(world->plan, NULL, journal);

    feed(&to, "clock.started/1", "", "", 0, json_object());
    feed_attack(&to, INJECT_DEFACE);
    to.fx_clock = MIN_US;
    feed_report(&to, INJECT_DEFACE, "index.html");
    to.fx_clock = HOUR;
    feed(&to, "clock.paused/1", "", "", 0, json_object());
    journal_commit(journal, NULL);
    return journal;
}

static void stream_of(const Viewer *viewer, const char *live, const char *again)
{
    World world = world_new();
    g_autofree char *dir = g_dir_make_tmp("parry-stream-XXXXXX", NULL);
    Journal *journal = stream_journal(&world, dir);
    Watcher watcher = {&world, stream_new(viewer, world.plan), g_string_new(NULL)};
    GString *listed = g_string_new(NULL);

    CU_ASSERT_TRUE(journal_each(journal, 0, 0, watch, &watcher, NULL));
    CU_ASSERT_STRING_EQUAL(watcher.seen->str, live);
    CU_ASSERT_TRUE(stream_each(watcher.stream, journal, 3, keep_seq, listed, NULL));
    CU_ASSERT_STRING_EQUAL(listed->str, again);
    g_string_free(watcher.seen, TRUE);
    g_string_free(listed, TRUE);
    stream_free(watcher.stream);
    journal_close(journal);
    for (const char *const *name =
             (const char *const[]){"journal.db", "journal.lock", NULL};
         *name; name++) {
        g_autofree char *path = g_build_filename(dir, *name, NULL);
        unlink(path);
    }
    rmdir(dir);
    world_clear(&world);
}

/* Asked again later, each number is still the event that it was: what was hidden comes in
 * when it is disclosed, not in the middle of what was given already. */
static void a_number_never_means_another_event(void)
{
    stream_of(&WHITE, "1 2 3 4 5 6 7 8 ", "3 4 5 6 7 8 ");
    stream_of(&HEALTH, "1 6 2 3 4 5 7 8 ", "2 3 4 5 7 8 ");
    stream_of(&ROOM, "1 2 3 4 5 7 8 ", "3 4 5 7 8 ");
    stream_of(&NOBODY, "", "");
}

static char *line_of(const World *world, const char *kind, const char *host,
                     const char *lang, json_t *body)
{
    JournalEvent event = {.ev_seq = 1,
                          .ev_clock_us = 18 * HOUR + 4 * MIN_US + 11 * SEC,
                          .ev_kind = kind,
                          .ev_team = "health",
                          .ev_host = host,
                          .ev_body = body};
    char *line = view_event_line(world->plan, &event, lang);

    json_decref(body);
    return line;
}

static void events_are_worded_for_people(void)
{
    World world = world_new();
    g_autofree char *ended = line_of(
        &world, "inject.ended/1", "health/web", "en",
        json_pack("{s: s, s: s}", "inject", "deface@health", "state", "succeeded"));
    g_autofree char *reason =
        line_of(&world, "inject.ended/1", "health/web", "en",
                json_pack("{s: s, s: s, s: s}", "inject", "deface@health", "state",
                          "blocked", "reason", "no trace"));
    g_autofree char *chinese = line_of(
        &world, "inject.ended/1", "health/web", "zh-Hant",
        json_pack("{s: s, s: s}", "inject", "deface@health", "state", "succeeded"));
    g_autofree char *met =
        line_of(&world, "expect.met/1", "", "en",
                json_pack("{s: s, s: s, s: I, s: i}", "inject", "deface@health", "expect",
                          "detect", "after_us", (json_int_t)(4 * MIN_US + 12 * SEC),
                          "points", 100000));

    CU_ASSERT_STRING_EQUAL(ended, "18:04:11  health/web    Web defacement: succeeded");
    CU_ASSERT_STRING_EQUAL(reason,
                           "18:04:11  health/web    Web defacement: blocked (no trace)");
    CU_ASSERT_STRING_EQUAL(chinese, "18:04:11  health/web    網頁竄改：成功");
    CU_ASSERT_STRING_EQUAL(met,
                           "18:04:11  health        Web defacement: detect met after "
                           "00:04:12, +100");
    CU_ASSERT_PTR_NULL(line_of(&world, "check.round/1", "", "en", json_object()));
    world_clear(&world);
}

static void every_kind_with_words_survives_an_empty_body(void)
{
    World world = world_new();
    gsize n;
    const KindInfo *kinds = kinds_all(&n);

    for (gsize i = 0; i < n; i++) {
        g_autofree char *en = line_of(&world, kinds[i].kd_name, "", "en", json_object());
        g_autofree char *zh =
            line_of(&world, kinds[i].kd_name, "", "zh-Hant", json_object());
        CU_ASSERT_EQUAL(en != NULL, *kinds[i].kd_line != '\0');
        CU_ASSERT_EQUAL(zh != NULL, *kinds[i].kd_zh != '\0');
        CU_ASSERT_PTR_EQUAL(kind_find(kinds[i].kd_name), &kinds[i]); /* no name twice */
    }
    world_clear(&world);
}

/* Text of another team reaches a terminal without its escapes. */
static void hostile_text_is_made_harmless(void)
{
    World world = world_new();
    g_autofree char *line = line_of(&world, "report.submitted/1", "health/web", "en",
                                    json_pack("{s: s}", "indicator",
                                              "\033]0;owned\007 [x] {y} \xc2\x9b"
                                              "31m \u202e"));

    CU_ASSERT_PTR_NULL(strchr(line, '\033'));
    CU_ASSERT_PTR_NULL(strchr(line, '\007'));
    CU_ASSERT_PTR_NULL(strstr(line, "\xc2\x9b"));
    CU_ASSERT_PTR_NULL(strstr(line, "\u202e"));
    CU_ASSERT_PTR_NOT_NULL(strstr(line, "[x] {y}")); /* and is no format itself */
    world_clear(&world);
}

static void points_are_written_for_people(void)
{
    static const struct {
        gint64 milli;
        int decimals;
        const char *text;
    } cases[] = {
        {0, 0, "0"},
        {7691891, 1, "7,691.8"},
        {7691891, 3, "7,691.891"},
        {999, 0, "0"},
        {-500, 0, "-1"},
        {-500000, 1, "-500.0"},
        {1234567000, 0, "1,234,567"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = line_points(cases[i].milli, cases[i].decimals);
        CU_ASSERT_STRING_EQUAL(text, cases[i].text);
    }
}

/* ---- the board ---- */

static json_t *row_of(json_t *board, const char *list, const char *key, const char *value)
{
    json_t *row;
    size_t i;

    json_array_foreach (json_object_get(board, list), i, row) {
        if (g_strcmp0(json_string_value(json_object_get(row, key)), value) == 0)
            return row;
    }
    return NULL;
}

static void the_board_says_what_the_viewer_may_know(void)
{
    World world = world_new();
    json_t *white, *room, *health;

    feed_round(&world.feed, TEAM_HEALTH, CHECK_UP, CHECK_DOWN);
    feed_attack(&world.feed, INJECT_DEFACE);
    feed(&world.feed, "drill.state/1", "", "", 0,
         json_pack("{s: s, s: s, s: s}", "from", "running", "to", "failed", "reason",
                   "a secret reason"));
    white = view_board_json(&WHITE, world.plan, world.ledger, "en");
    room = view_board_json(&ROOM, world.plan, world.ledger, "zh-Hant");
    health = view_board_json(&HEALTH, world.plan, world.ledger, "en");
    CU_ASSERT_PTR_NOT_NULL(row_of(white, "injects", "id", "deface@health"));
    CU_ASSERT_PTR_NULL(row_of(room, "injects", "id", "deface@health"));
    CU_ASSERT_PTR_NULL(row_of(health, "injects", "id", "deface@health"));
    CU_ASSERT_EQUAL(json_array_size(json_object_get(white, "injects")), 8);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(white, "reason")),
                           "a secret reason");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(room, "reason")), "");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(room, "title")),
                           "首次實戰演練");
    json_t *check = row_of(room, "checks", "id", "health/ssh");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(check, "status")), "DOWN");
    CU_ASSERT_PTR_NULL(json_object_get(check, "text"));
    check = row_of(health, "checks", "id", "health/ssh");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(check, "text")),
                           "connection refused");
    CU_ASSERT_PTR_NULL(
        row_of(white, "checks", "id", "health/restored")); /* only on demand */
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(
                        row_of(room, "standings", "team", "red"), "taken")),
                    0);
    json_decref(white);
    json_decref(room);
    json_decref(health);
    world_clear(&world);
}

static int widest_line(const char *text)
{
    char **lines = g_strsplit(text, "\n", -1);
    int widest = 0;

    for (char **line = lines; *line; line++)
        widest = MAX(widest, parry_text_width(*line));
    g_strfreev(lines);
    return widest;
}

static json_t *full_board(World *world, const char *lang)
{
    json_t *board, *events = json_array();
    JournalEvent event = {.ev_seq = 1,
                          .ev_kind = "note/1",
                          .ev_team = "",
                          .ev_host = "",
                          .ev_body =
                              json_pack("{s: s}", "text",
                                        "網頁竄改 a rather long note that "
                                        "does not fit into any narrow terminal at all")};

    feed_drill(&world->feed);
    feed_round(&world->feed, TEAM_LANDS, CHECK_CORRUPT, CHECK_UNCHECKED);
    feed(&world->feed, "checkpoint/1", "", "", 0,
         json_pack("{s: i, s: s}", "size", 900, "root",
                   "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"));
    board = view_board_json(&WHITE, world->plan, world->ledger, lang);
    json_array_append_new(events, view_event_json(&WHITE, world->plan, &event, 1, lang));
    json_object_set_new(board, "events", events);
    json_decref((json_t *)event.ev_body);
    return board;
}

static void the_text_board_keeps_to_its_columns(void)
{
    static const char *const langs[] = {"en", "zh-Hant"};

    for (gsize l = 0; l < G_N_ELEMENTS(langs); l++) {
        World world = world_new();
        json_t *board = full_board(&world, langs[l]);

        for (int columns = 24; columns <= 160; columns++) {
            g_autofree char *text = view_board_text(board, columns, FALSE, langs[l]);
            CU_ASSERT_TRUE(widest_line(text) <= columns);
            CU_ASSERT_PTR_NULL(strchr(text, '\033'));
            CU_ASSERT_TRUE(g_utf8_validate(text, -1, NULL));
        }
        if (g_getenv("PARRY_SHOW"))
            for (int columns = 40; columns <= 120; columns += 40) {
                g_autofree char *text = view_board_text(board, columns, TRUE, langs[l]);
                puts(text);
            }
        json_decref(board);
        world_clear(&world);
    }
}

static void the_text_board_names_what_matters(void)
{
    World world = world_new();
    json_t *board = full_board(&world, "en");
    g_autofree char *text = view_board_text(board, 100, FALSE, "en");
    g_autofree char *narrow = view_board_text(board, 30, FALSE, "en");
    g_autofree char *colour = view_board_text(board, 100, TRUE, "en");

    CU_ASSERT_PTR_NOT_NULL(strstr(text, "First real-life drill"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "08:00:00 of 2d 12:00:00"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "Department of Health"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "✓ web-up"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "# web-up"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "? ssh"));
    CU_ASSERT_PTR_NOT_NULL(strstr(narrow, "1  "));
    CU_ASSERT_PTR_NOT_NULL(strstr(colour, "\033[31m"));
    json_decref(board);
    world_clear(&world);
}

/* A client draws whatever came over the socket. */
/* What waits for white's word is white's to see, and nobody else's. */
static void a_held_inject_is_on_white_s_board_only(void)
{
    static const Viewer viewers[] = {{ROLE_CONTROLLER, -1, 0},
                                     {ROLE_BLUE, TEAM_HEALTH, 0},
                                     {ROLE_RED, TEAM_RED, 0},
                                     {ROLE_OBSERVER, -1, 0}};
    World world = world_new();

    feed(&world.feed, "inject.held/1", "health", "", 0,
         json_pack("{s: s, s: s}", "inject",
                   plan_inject(world.plan, INJECT_DEFACE)->in_id, "why", "approval"));
    for (gsize i = 0; i < G_N_ELEMENTS(viewers); i++) {
        json_t *board = view_board_json(&viewers[i], world.plan, world.ledger, "en");
        g_autofree char *text = view_board_text(board, 80, FALSE, "en");
        CU_ASSERT_EQUAL(strstr(text, "Waiting") != NULL, i == 0);
        CU_ASSERT_EQUAL(strstr(text, "deface@health") != NULL, i == 0);
        json_decref(board);
    }
    world_clear(&world);
}

/* Who may fire, approve and cancel. */
static void only_directors_and_controllers_move_injects(void)
{
    for (int role = ROLE_DIRECTOR; role <= ROLE_NOBODY; role++)
        CU_ASSERT_EQUAL(role_may((Role)role, MAY_RUN) != 0,
                        role == ROLE_DIRECTOR || role == ROLE_CONTROLLER);
}

static void a_broken_board_is_drawn_without_harm(void)
{
    static const char *const boards[] = {
        "{}",
        "{\"standings\": 5, \"checks\": {}, \"events\": \"x\", \"checkpoint\": []}",
        "{\"standings\": [1, null, {\"side\": \"blue\"}], \"checks\": [7, {\"team\": "
        "1}], "
        "\"events\": [[], {}], \"title\": \"\\u001b[31m\", \"clock\": -1, \"reason\": "
        "\"x\"}",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(boards); i++) {
        json_t *board = json_loads(boards[i], 0, NULL);
        g_autofree char *text = view_board_text(board, 80, FALSE, "en");
        CU_ASSERT_PTR_NOT_NULL(text);
        CU_ASSERT_PTR_NULL(strchr(text, '\033'));
        json_decref(board);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"roles have names and permissions", roles_have_names_and_permissions},
        {"acts are for white and the team", acts_are_for_white_and_the_team},
        {"an attack is hidden until it is known", an_attack_is_hidden_until_it_is_known},
        {"without a window it is four hours",
         without_a_window_of_its_own_it_is_four_hours},
        {"messages and reports are the team's own",
         messages_and_reports_are_the_teams_own},
        {"a frozen room sees nothing newer",
         a_frozen_room_sees_nothing_newer_and_a_team_its_own},
        {"a number never means another event", a_number_never_means_another_event},
        {"events are worded for people", events_are_worded_for_people},
        {"every kind survives an empty body",
         every_kind_with_words_survives_an_empty_body},
        {"hostile text is made harmless", hostile_text_is_made_harmless},
        {"points are written for people", points_are_written_for_people},
        {"the board says what a viewer may know",
         the_board_says_what_the_viewer_may_know},
        {"the text board keeps to its columns", the_text_board_keeps_to_its_columns},
        {"the text board names what matters", the_text_board_names_what_matters},
        {"a held inject is on white's board only",
         a_held_inject_is_on_white_s_board_only},
        {"only directors and controllers move injects",
         only_directors_and_controllers_move_injects},
        {"a broken board is drawn without harm", a_broken_board_is_drawn_without_harm},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("view", tests);
}
