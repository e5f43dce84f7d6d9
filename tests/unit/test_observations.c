/*
 * Observations on parryd's side: what is missing and where it was lost, a guest's clock,
 * and rows from the hub's records to the journal in a drill without guests.
 */
#include "agents/wire/msg.h"
#include "orchestrator/daemon/gaps.h"
#include "orchestrator/daemon/host_clock.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/observations.h"
#include "orchestrator/daemon/players.h"
#include "scoreboard/kinds.h"
#include "scoreboard/observed.h"
#include "scoreboard/view.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/director_world.h"

#include <stdio.h>
#include <string.h>

/* ---- gaps ---- */

static gboolean lost(const Losses *losses, guint64 kernel, guint64 queue, guint64 channel,
                     guint64 hub)
{
    gboolean same = losses->lo_kernel == kernel && losses->lo_queue == queue &&
                    losses->lo_channel == channel && losses->lo_hub == hub;

    if (!same)
        fprintf(stderr,
                "lost %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
                " %" G_GUINT64_FORMAT "\n",
                losses->lo_kernel, losses->lo_queue, losses->lo_channel, losses->lo_hub);
    return same;
}

/* Whatever is lost where: what came and what was counted is what there was. */
static void every_number_is_accounted_for(void)
{
    Gaps gaps = {0};
    GapTold told;

    gaps_restart(&gaps);
    gaps_rows(&gaps, 1, 10, 0, 100, 110);
    CU_ASSERT_FALSE(gaps_take(&gaps, 0, FALSE, &told));
    gaps_rows(&gaps, 21, 10, 0, 200, 210); /* 10 missing: 6 of them the agent's */
    CU_ASSERT_FALSE(gaps_take(&gaps, 0, FALSE, &told)); /* it may yet say that all are */
    gaps_lossy(&gaps, 30, 3, 6, 0, 120, 130);
    CU_ASSERT_TRUE_FATAL(gaps_take(&gaps, 0, FALSE, &told));
    CU_ASSERT_TRUE(lost(&told.ge_lost, 3, 6, 4, 0));
    CU_ASSERT_EQUAL(told.ge_from_us, 110);
    CU_ASSERT_EQUAL(told.ge_to_us, 200);
    gaps_rows(&gaps, 41, 10, 10, 300, 310); /* the hub's */
    gaps_beat(&gaps, 5, 0);
    gaps_beat(&gaps, 5, 0);
    CU_ASSERT_TRUE(lost(&gaps.ga_all, 3, 6, 4, 10));
    CU_ASSERT_EQUAL(gaps.ga_rows + 6 + 4 + 10, 50);
    CU_ASSERT_EQUAL(gaps.ga_numbered, 50);
}

/* A heartbeat that answers a ping may overtake the word on what was dropped; the agent's
 * own does not. */
static void a_ping_settles_nothing(void)
{
    Gaps gaps = {0};

    gaps_restart(&gaps);
    gaps_rows(&gaps, 1, 1, 0, 1, 1);
    gaps_beat(&gaps, 7, 0);
    gaps_rows(&gaps, 5, 1, 0, 2, 2);
    gaps_beat(&gaps, 8, 0);
    CU_ASSERT_TRUE(lost(&gaps.ga_all, 0, 0, 0, 0));
    gaps_lossy(&gaps, 5, 0, 3, 0, 1, 2);
    gaps_beat(&gaps, 8, 0);
    CU_ASSERT_TRUE(lost(&gaps.ga_all, 0, 3, 0, 0));
    gaps_rows(&gaps, 8, 1, 0, 3, 3); /* nobody says anything of these two */
    gaps_beat(&gaps, 8, 0);
    CU_ASSERT_TRUE(lost(&gaps.ga_all, 0, 3, 2, 0));
}

/* While the channel is full the agent's own heartbeat, too, is ahead of that word. */
static void a_beat_out_of_a_full_queue_settles_nothing(void)
{
    Gaps gaps = {0};

    gaps_restart(&gaps);
    gaps_beat(&gaps, 7, 0);
    gaps_rows(&gaps, 1, 1, 0, 1, 1);
    gaps_rows(&gaps, 108, 1, 0, 2, 2);
    gaps_beat(&gaps, 7, 4096);
    CU_ASSERT_TRUE(lost(&gaps.ga_all, 0, 0, 0, 0));
    gaps_lossy(&gaps, 108, 0, 106, 0, 1, 2);
    gaps_beat(&gaps, 7, 0);
    CU_ASSERT_TRUE(lost(&gaps.ga_all, 0, 106, 0, 0));
}

/* Dropped after the last row that came: the channel's share is not told too high. */
static void what_is_dropped_last(void)
{
    Gaps gaps = {0};

    gaps_restart(&gaps);
    gaps_rows(&gaps, 1, 4, 0, 1, 1);
    gaps_rows(&gaps, 6, 1, 0, 2, 2);      /* one lost on the channel */
    gaps_lossy(&gaps, 15, 0, 9, 0, 2, 3); /* nine dropped behind it */
    CU_ASSERT_TRUE(lost(&gaps.ga_all, 0, 9, 0, 0));
    CU_ASSERT_EQUAL(gaps.ga_numbered, 15); /* and so above the last row's number */
    gaps_rows(&gaps, 16, 1, 0, 4, 4);
    gaps_beat(&gaps, -1, 0);
    CU_ASSERT_TRUE(lost(&gaps.ga_all, 0, 9, 1, 0));
}

static void one_event_a_minute(void)
{
    Gaps gaps = {0};
    GapTold told;
    guint events = 0;

    gaps_restart(&gaps);
    for (guint64 i = 1; i <= 300; i++) { /* a loss each second for five minutes */
        gaps_lossy(&gaps, 0, i, 0, 0, (gint64)i, (gint64)i + 1);
        events += (guint)gaps_take(&gaps, (gint64)i * SEC, FALSE, &told);
    }
    CU_ASSERT_EQUAL(events, 5);
    CU_ASSERT_TRUE_FATAL(gaps_take(&gaps, 301 * SEC, TRUE, &told));
    CU_ASSERT_TRUE(lost(&told.ge_lost, 59, 0, 0, 0));
    CU_ASSERT_EQUAL(told.ge_from_us, 242);
    CU_ASSERT_EQUAL(told.ge_to_us, 301);
    CU_ASSERT_FALSE(gaps_take(&gaps, 302 * SEC, TRUE, &told));
}

static void agents_come_and_go(void)
{
    Gaps gaps = {0};

    gaps_restart(&gaps);
    gaps_rows(&gaps, 1, 5, 2, 1, 1);
    gaps_connected(&gaps); /* the hub counts anew */
    gaps_rows(&gaps, 8, 1, 0, 2, 2);
    gaps_beat(&gaps, -1, 0);
    CU_ASSERT_TRUE(lost(&gaps.ga_all, 0, 0, 0, 2));
    gaps_rows(&gaps, 9, 1, 1, 2, 2);
    CU_ASSERT_TRUE(lost(&gaps.ga_all, 0, 0, 0, 3));
    gaps_restart(&gaps); /* another process: from 1, and from 0 */
    gaps_rows(&gaps, 1, 1, 1, 3, 3);
    gaps_lossy(&gaps, 1, 4, 0, 1, 3, 3);
    CU_ASSERT_TRUE(lost(&gaps.ga_all, 4, 0, 0, 4));
    CU_ASSERT_EQUAL(gaps.ga_numbered, 9 + 1);
}

/* A memory image is put back: the agent counts on from where it was then. */
static void an_agent_as_it_was(void)
{
    Gaps gaps = {0};

    gaps_restart(&gaps);
    gaps_rows(&gaps, 1, 40, 0, 1, 1);
    gaps_lossy(&gaps, 40, 5, 0, 0, 1, 1);
    gaps_reverted(&gaps);
    gaps_rows(&gaps, 21, 10, 0, 2, 2);
    gaps_lossy(&gaps, 30, 2, 3, 0, 2, 2);
    CU_ASSERT_TRUE(lost(&gaps.ga_all, 5, 0, 0, 0));
    gaps_rows(&gaps, 36, 1, 0, 3, 3); /* five missing, four of them the agent's */
    gaps_lossy(&gaps, 36, 2, 7, 0, 3, 3);
    CU_ASSERT_TRUE(lost(&gaps.ga_all, 5, 4, 1, 0));
    CU_ASSERT_EQUAL(gaps.ga_numbered, 40 + 10 + 6);
}

/* What it says of itself may be anything. */
static void an_agent_that_lies(void)
{
    static const guint64 words[] = {0, 1, G_MAXINT64, G_MAXUINT64, 17};
    Gaps gaps = {0};
    GapTold told;

    gaps_restart(&gaps);
    for (guint i = 0; i < 200; i++) {
        guint64 one = words[i % 5], two = words[i / 5 % 5], three = words[i / 25 % 5];
        gaps_rows(&gaps, one, 48, two, G_MININT64, G_MAXINT64);
        gaps_lossy(&gaps, two, three, one, two, G_MAXINT64, G_MININT64);
        gaps_beat(&gaps, -1, 0);
    }
    CU_ASSERT_TRUE_FATAL(gaps_take(&gaps, 0, TRUE, &told));
    CU_ASSERT_TRUE(told.ge_lost.lo_kernel <= G_MAXINT64 / 4);
    CU_ASSERT_TRUE(told.ge_lost.lo_channel <= G_MAXINT64 / 4);
    CU_ASSERT_TRUE(told.ge_from_us <= told.ge_to_us);
}

/* ---- clocks ---- */

/* A beat that answers the ping at mono, rtt later; its guest is off so much. */
static gboolean beat(HostClock *clock, gint64 mono, gint64 rtt, gint64 there, gint64 off)
{
    gint64 wall = 1000000 * SEC + mono;

    return host_clock_beat(clock, mono, wall + there + off, mono + rtt, wall + rtt);
}

static void offset_by_the_shortest_way(void)
{
    HostClock clock = {0};

    /* All of the way lies on one side: half of it is the error. */
    CU_ASSERT_TRUE(beat(&clock, 1 * SEC, 400000, 400000, -3 * SEC));
    CU_ASSERT_FALSE(host_clock_known(&clock));
    CU_ASSERT_EQUAL(clock.hc_offset_us, -3 * SEC + 200000);
    CU_ASSERT_TRUE(beat(&clock, 3 * SEC, 2000, 1000, -3 * SEC));
    CU_ASSERT_TRUE(host_clock_known(&clock));
    CU_ASSERT_EQUAL(clock.hc_offset_us, -3 * SEC);
    CU_ASSERT_EQUAL(clock.hc_rtt_us, 2000);
    CU_ASSERT_TRUE(beat(&clock, 5 * SEC, 900000, 0, -3 * SEC));
    CU_ASSERT_EQUAL(clock.hc_offset_us, -3 * SEC);
    CU_ASSERT_FALSE(beat(&clock, 5 * SEC, 1000, 500, 0));      /* no answer */
    CU_ASSERT_FALSE(beat(&clock, 7 * SEC, 11 * SEC, 0, 0));    /* the VM stood still */
    CU_ASSERT_FALSE(beat(&clock, 9 * SEC, -1000, 0, 9 * SEC)); /* before it was asked */
}

static void a_clock_that_is_set(void)
{
    HostClock clock = {0};

    for (int i = 1; i < 20; i++)
        beat(&clock, 2 * SEC * i, 3000, 1500, 0);
    CU_ASSERT_EQUAL(clock.hc_offset_us, 0);
    beat(&clock, 50 * SEC, 200000, 100000, HOUR); /* worse than those before, but other */
    CU_ASSERT_EQUAL(clock.hc_offset_us, HOUR);
    CU_ASSERT_EQUAL(clock.hc_n, 1);
    beat(&clock, 52 * SEC, 3000, 1500, G_MAXINT64 / 2 - 2000000 * SEC);
    CU_ASSERT_TRUE(clock.hc_offset_us > HOUR); /* no overflow */
}

/* Seen under emulation on a busy machine: four seconds a second. */
static void a_clock_that_runs_away(void)
{
    HostClock clock = {0};

    for (gint64 i = 1; i < 10; i++)
        beat(&clock, 2 * SEC * i, 3000, 1500, 6 * SEC * i);
    CU_ASSERT_EQUAL(clock.hc_offset_us, 54 * SEC);
    CU_ASSERT_EQUAL(clock.hc_drift_ppb, 3000000000);
    beat(&clock, 20 * SEC, 3000, 1500, 54 * SEC); /* it was set right */
    CU_ASSERT_EQUAL(clock.hc_offset_us, 54 * SEC);
    beat(&clock, 22 * SEC, 3000, 1500, 54 * SEC);
    CU_ASSERT_EQUAL(clock.hc_drift_ppb, 0);
}

static void drift_over_minutes(void)
{
    HostClock clock = {0};

    for (gint64 i = 1; i <= 300; i++) { /* 40 ppm fast, ten minutes */
        gint64 mono = 2 * SEC * i, noise = i * 7919 % 3000;
        beat(&clock, mono, 2000 + noise, 1000 + noise, mono / 1000000 * 40);
        if (i == 40)
            CU_ASSERT_EQUAL(clock.hc_drift_ppb, 0);
    }
    if (clock.hc_drift_ppb < 38000 || clock.hc_drift_ppb > 42000)
        fprintf(stderr, "drift %" G_GINT64_FORMAT "\n", clock.hc_drift_ppb);
    CU_ASSERT_TRUE(clock.hc_drift_ppb > 38000 && clock.hc_drift_ppb < 42000);
}

/* ---- a drill ---- */

static const char extra[] = "secrets: {admin-pin: {kind: password}}\n"
                            "defaults: {host: {watch: {rate: 700}}}\n";

static int host_of(World *world, const char *id)
{
    int host = plan_host_index(world->d.dm_plan, id);

    CU_ASSERT_TRUE_FATAL(host >= 0);
    return host;
}

static void record(World *world, HubRecordType type, int host, const void *body,
                   const void *tail, guint32 len)
{
    struct hub_head head = {.rc_type = type, .rc_host = (uint32_t)host, .rc_len = len};

    observations_record(world->d.dm_observations, &head, body, tail);
}

typedef struct {
    const char *args, *player;
    int what, origin;
    gint64 t_us;
    gint64 auid;
} Said;

/* One obs of count rows, all alike, numbered from n. */
static void say(World *world, int host, guint64 n, guint count, const Said *said)
{
    g_autoptr(GByteArray) rows = g_byte_array_new();
    struct hub_seen seen = {.t_us = said->t_us,
                            .uid = 0,
                            .auid = said->auid,
                            .pid = 77,
                            .ppid = 1,
                            .exit = -1,
                            .what = (uint8_t)said->what,
                            .act = SEEN_STARTED,
                            .origin = (uint8_t)said->origin};
    struct hub_obs obs = {.n = n, .count = count};

    seen.len[HUB_SEEN_ARGS] = (uint16_t)strlen(said->args);
    seen.len[HUB_SEEN_PLAYER] = (uint16_t)strlen(said->player);
    for (guint i = 0; i < count; i++)
        g_byte_array_append(rows, (const guint8 *)&seen, sizeof(seen));
    for (guint i = 0; i < count; i++) {
        g_byte_array_append(rows, (const guint8 *)said->args, seen.len[HUB_SEEN_ARGS]);
        g_byte_array_append(rows, (const guint8 *)said->player,
                            seen.len[HUB_SEEN_PLAYER]);
    }
    record(world, HUB_OBS, host, &obs, rows->data, rows->len);
}

static json_t *page_of(World *world, const ObservedFilter *filter)
{
    g_autoptr(GError) error = NULL;
    json_t *page =
        observed_page(world->d.dm_journal, world->d.dm_plan, 1, 0, filter, &error);

    CU_ASSERT_PTR_NOT_NULL_FATAL(page);
    return page;
}

static const char *member(const json_t *page, gsize row, const char *name)
{
    const json_t *value =
        json_object_get(json_array_get(json_object_get(page, "rows"), row), name);

    return json_string_value(value) ? json_string_value(value) : "";
}

static gint64 drill_wall(World *world)
{
    return world->d.dm_plan->p_start_us + daemon_now(&world->d);
}

/* Whose host it is decides who is asked, with what, and who is believed. */
static void who_is_watched(void)
{
    World *world = world_new(extra, FALSE);
    const Plan *plan = world->d.dm_plan;
    const PlanHost *web = plan_host(plan, host_of(world, "health/web"));
    const PlanHost *referee = plan_host(plan, host_of(world, "health/referee"));
    json_t *message = observations_message(plan, web, NULL), *json;

    CU_ASSERT_EQUAL(web->ph_watch_rate, 700);
    CU_ASSERT_EQUAL(referee->ph_watch_rate, 0);
    CU_ASSERT_TRUE(g_strv_contains((const char *const *)web->ph_watch_paths, "/page"));
    CU_ASSERT_TRUE(
        g_strv_contains((const char *const *)web->ph_watch_mask, "--admin-pin"));
    json = json_array_get(json_object_get(message, "players"), 0);
    CU_ASSERT_EQUAL(json_integer_value(json_array_get(json, 0)),
                    players_login_uid(plan, "health/health"));
    CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(json, 1)), "health/health");
    CU_ASSERT_TRUE(players_login_uid(plan, "lands/lands") >
                   players_login_uid(plan, "health/health"));
    CU_ASSERT_EQUAL(players_login_uid(plan, "health/nobody"), -1);
    CU_ASSERT_EQUAL(PLAYERS_LOGIN_UID, WIRE_AUID_PLAYER);
    json_decref(message);
    json = observations_json(world->d.dm_observations, web->ph_index);
    CU_ASSERT_TRUE(json_is_true(json_object_get(json, "on")));
    json_decref(json);
    CU_ASSERT_PTR_NULL(observations_json(world->d.dm_observations, referee->ph_index));
    CU_ASSERT_EQUAL(world_count(world, "observe.gap/1", NULL), 0);
    world_free(world);
}

static void rows_are_put_right(void)
{
    World *world = world_new(extra, FALSE);
    const Plan *plan = world->d.dm_plan;
    int web = host_of(world, "health/web"), referee = host_of(world, "health/referee");
    g_autofree char *typed = g_strdup_printf(
        "login %s", ((const PlanSecret *)plan->p_secrets->pdata[0])->se_value);
    gint64 now;

    world_to(world, HOUR);
    now = drill_wall(world);
    say(world, web, 1, 1,
        &(Said){typed, "health/health", SEEN_EXEC, SEEN_BY_PLAYER, now, 5});
    say(world, web, 2, 1, &(Said){"x", "lands/lands", SEEN_EXEC, SEEN_BY_PLAYER, now, 5});
    say(world, web, 3, 1, &(Said){"y", "", SEEN_EXIT, SEEN_BY_ORDER, now + HOUR, 5});
    say(world, web, 4, 1, &(Said){"z", "", SEEN_FILE, SEEN_BY_CHECK, 17, 5});
    say(world, referee, 1, 3, &(Said){"w", "", SEEN_EXEC, SEEN_BY_GUEST, now, 5});
    world_settle(world);
    ObservedFilter all = {-1, 0, NULL}, execs = {web, 1u << SEEN_EXEC, NULL};
    json_t *page = page_of(world, &all);
    /* One batch for the turn; nobody had asked the referee's agent. */
    CU_ASSERT_EQUAL(world_count(world, "observe.batch/1", NULL), 1);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(page, "rows")), 4);
    CU_ASSERT_STRING_EQUAL(member(page, 0, "args"), "login ***");
    CU_ASSERT_STRING_EQUAL(member(page, 0, "player"), "health/health");
    CU_ASSERT_STRING_EQUAL(member(page, 1, "player"), ""); /* of another team */
    CU_ASSERT_STRING_EQUAL(member(page, 2, "origin"), "order");
    json_t *rows = json_object_get(page, "rows");
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(json_array_get(rows, 2), "t_us")),
                    now);
    CU_ASSERT_TRUE(json_integer_value(json_object_get(json_array_get(rows, 3), "t_us")) >
                   plan->p_start_us - 2 * SEC);
    json_decref(page);
    page = page_of(world, &execs);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(page, "rows")), 2);
    CU_ASSERT_FALSE(json_is_true(json_object_get(page, "more")));
    json_decref(page);
    json_t *seen = observations_json(world->d.dm_observations, web);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(seen, "bounded")), 2);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(seen, "rows")), 4);
    json_decref(seen);
    world_free(world);
}

/* A flood: as many batches as it takes, in one turn; what is missing, in the journal. */
static void a_flood_and_its_gap(void)
{
    World *world = world_new(extra, FALSE);
    int web = host_of(world, "health/web");
    Said said = {"/bin/true", "", SEEN_EXEC, SEEN_BY_GUEST, 0, -1};
    struct hub_lossy lossy = {.n = 5000, .kernel = 12, .queue = 150};

    world_to(world, HOUR);
    said.t_us = drill_wall(world);
    lossy.from_us = said.t_us - SEC;
    lossy.to_us = said.t_us;
    for (guint64 n = 1; n + 47 <= 2400; n += 48)
        say(world, web, n, 48, &said);
    say(world, web, 2601, 48, &said); /* 200 missing, 150 of them dropped by the agent */
    record(world, HUB_LOSSY, web, &lossy, NULL, 0);
    world_settle(world);
    CU_ASSERT_EQUAL(world_count(world, "observe.batch/1", NULL), 3);
    CU_ASSERT_EQUAL(world_count(world, "observe.gap/1", NULL), 1);
    g_autofree char *queue = world_body(world, "observe.gap/1", NULL, "queue");
    g_autofree char *channel = world_body(world, "observe.gap/1", NULL, "channel");
    g_autofree char *kernel = world_body(world, "observe.gap/1", NULL, "kernel");
    CU_ASSERT_STRING_EQUAL(queue, "150");
    CU_ASSERT_STRING_EQUAL(channel, "50");
    CU_ASSERT_STRING_EQUAL(kernel, "12");
    lossy.queue = 151; /* within the minute: told at the end */
    record(world, HUB_LOSSY, web, &lossy, NULL, 0);
    world_settle(world);
    CU_ASSERT_EQUAL(world_count(world, "observe.gap/1", NULL), 1);
    daemon_set_state(&world->d, DRILL_ENDED, "test", "over");
    world_settle(world);
    CU_ASSERT_EQUAL(world_count(world, "observe.gap/1", NULL), 2);
    daemon_set_state(&world->d, DRILL_RUNNING, "test", "once more, to end as drills do");
    world_free(world);
}

/* Another process of the agent is asked again, and what it cannot have seen is a gap. */
static void an_agent_is_started_again(void)
{
    World *world = world_new(extra, FALSE);
    int web = host_of(world, "health/web");
    struct hub_hello hello = {.inst = 2,
                              .epoch = 1,
                              .anew = HUB_RESUMED,
                              .boot = "00000000-0000-4000-8000-000000000000"};
    Said said = {"/bin/true", "", SEEN_EXEC, SEEN_BY_GUEST, 0, -1};

    said.t_us = drill_wall(world);
    say(world, web, 1, 10, &said);
    record(world, HUB_HELLO, web, &hello, NULL, 0);
    say(world, web, 11, 1, &said);
    world_settle(world);
    CU_ASSERT_EQUAL(world_count(world, "observe.gap/1", NULL), 0);
    hello.anew = HUB_RESTARTED;
    hello.inst = 3;
    record(world, HUB_HELLO, web, &hello, NULL, 0);
    world_settle(world);
    CU_ASSERT_EQUAL(world_count(world, "observe.gap/1", NULL), 1);
    g_autofree char *why = world_body(world, "observe.gap/1", NULL, "why");
    CU_ASSERT_PTR_NOT_NULL(strstr(why, "another agent process"));
    say(world, web, 1, 1, &said);
    world_settle(world);
    json_t *seen = observations_json(world->d.dm_observations, web);
    CU_ASSERT_EQUAL(
        json_integer_value(json_object_get(json_object_get(seen, "lost"), "channel")), 0);
    json_decref(seen);
    world_free(world);
}

static gboolean feed(const JournalEvent *event, gpointer data)
{
    observations_on_event(data, event);
    return TRUE;
}

/* Another daemon knows what the journal has. */
static void a_daemon_that_is_started_again(void)
{
    World *world = world_new(extra, FALSE);
    int web = host_of(world, "health/web");
    Said said = {"/bin/true", "", SEEN_EXEC, SEEN_BY_GUEST, 0, -1};
    struct hub_hello hello = {.inst = 9, .epoch = 2, .anew = HUB_REBOOTED, .boot = "x"};
    struct hub_lossy lossy = {.n = 40, .queue = 7};
    g_autoptr(GError) error = NULL;

    said.t_us = drill_wall(world);
    say(world, web, 1, 20, &said);
    world_settle(world);
    observations_free(world->d.dm_observations);
    world->d.dm_observations = observations_new(&world->d);
    observations_take_up(world->d.dm_observations, TRUE);
    CU_ASSERT_TRUE(
        journal_each(world->d.dm_journal, 0, 0, feed, world->d.dm_observations, &error));
    observations_take_up(world->d.dm_observations, FALSE);
    record(world, HUB_HELLO, web, &hello, NULL, 0);
    world_settle(world);
    say(world, web, 31, 10, &said); /* ten are missing; its sums are from before */
    lossy.from_us = lossy.to_us = said.t_us;
    record(world, HUB_LOSSY, web, &lossy, NULL, 0);
    world_settle(world);
    json_t *seen = observations_json(world->d.dm_observations, web);
    const json_t *all = json_object_get(seen, "lost");
    CU_ASSERT_TRUE(json_is_true(json_object_get(seen, "on")));
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(all, "channel")), 10);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(all, "queue")), 0);
    json_decref(seen);
    world_free(world);
}

static void pages_and_words(void)
{
    World *world = world_new(extra, FALSE);
    int web = host_of(world, "health/web");
    g_autofree char *long_args = g_strnfill(1000, 'a');
    ObservedFilter all = {-1, 0, NULL};
    g_autoptr(GError) error = NULL;
    gint64 seq = 1, row = 0;
    guint rows = 0, pages = 0, whats;
    gboolean more = TRUE;

    Said said = {long_args, "", SEEN_EXEC, SEEN_BY_GUEST, drill_wall(world), -1};
    for (guint64 n = 1; n + 47 <= 960; n += 48)
        say(world, web, n, 48, &said);
    world_settle(world);
    while (more && pages++ < 50) {
        json_t *page = observed_page(world->d.dm_journal, world->d.dm_plan, seq,
                                     (guint)row, &all, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(page);
        rows += (guint)json_array_size(json_object_get(page, "rows"));
        seq = json_integer_value(json_object_get(page, "seq"));
        row = json_integer_value(json_object_get(page, "row"));
        more = json_is_true(json_object_get(page, "more"));
        json_decref(page);
    }
    CU_ASSERT_EQUAL(rows, 960);
    CU_ASSERT_TRUE(pages > 2);
    CU_ASSERT_TRUE(observed_whats("exec, file", &whats, &error));
    CU_ASSERT_EQUAL(whats, 1u << SEEN_EXEC | 1u << SEEN_FILE);
    CU_ASSERT_FALSE(observed_whats("exec,fil", &whats, &error));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "\"fil\" is none of exec"));
    world_free(world);
}

/* A player sees no rows: among their own team's are those of the attacks on it. */
static void only_white_may_look(void)
{
    CU_ASSERT_TRUE(role_may(ROLE_EVALUATOR, MAY_SEE_ALL));
    CU_ASSERT_FALSE(role_may(ROLE_BLUE, MAY_SEE_ALL));
    CU_ASSERT_FALSE(role_may(ROLE_RED, MAY_SEE_ALL));
    CU_ASSERT_FALSE(role_may(ROLE_OBSERVER, MAY_SEE_ALL));
    CU_ASSERT_EQUAL(kind_find("observe.batch/1")->kd_see, SEE_WHITE);
    CU_ASSERT_EQUAL(kind_find("observe.gap/1")->kd_see, SEE_WHITE);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"every number is accounted for", every_number_is_accounted_for},
        {"a ping settles nothing", a_ping_settles_nothing},
        {"a heartbeat out of a full queue settles nothing",
         a_beat_out_of_a_full_queue_settles_nothing},
        {"what is dropped last", what_is_dropped_last},
        {"one event a minute", one_event_a_minute},
        {"agents come and go", agents_come_and_go},
        {"an agent as it was", an_agent_as_it_was},
        {"an agent that lies", an_agent_that_lies},
        {"offset by the shortest way", offset_by_the_shortest_way},
        {"a clock that is set", a_clock_that_is_set},
        {"a clock that runs away", a_clock_that_runs_away},
        {"drift over minutes", drift_over_minutes},
        {"who is watched", who_is_watched},
        {"rows are put right", rows_are_put_right},
        {"a flood and its gap", a_flood_and_its_gap},
        {"an agent is started again", an_agent_is_started_again},
        {"a daemon that is started again", a_daemon_that_is_started_again},
        {"pages and words", pages_and_words},
        {"only white may look", only_white_may_look},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("observations", tests);
}
