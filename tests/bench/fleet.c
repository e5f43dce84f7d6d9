/*
 * The agents' process. What is due is due by the clock, whether or not the hub keeps up:
 * a row's time is when it was to be sent, so that waiting counts.
 */
#include "tests/bench/fleet.h"

#include "tests/integration/fake_agent.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIME_MARK 1700000000000000 /* stands for a row's time in the line made ahead */
#define N_MARK 1000000             /* and for the number of its first row */
#define DIGITS_TIME 16
#define DIGITS_N 7
#define WAITING_MAX (256 * 1024) /* bytes that one agent leaves waiting in itself */
#define BEAT_US (2 * G_USEC_PER_SEC)

typedef struct {
    char *ln_text;
    gsize ln_len, ln_n; /* length with newline; place of the number */
    gsize ln_times[WIRE_OBS_ROWS];
} Line;

typedef struct {
    struct Run *ag_run;
    FakeAgent *ag_fake;
    guint64 ag_rows, ag_results; /* sent since the beginning */
    int64_t ag_acked;
    gint64 ag_put_us[256]; /* when the last results were put, by number */
} Agent;

typedef struct Run {
    const FleetPlan *rn_plan;
    FleetShared *rn_shared;
    struct event_base *rn_base;
    Agent *rn_agents;
    Line rn_line;
    gint64 rn_start_us; /* wall clock; 0: not yet */
    gint64 rn_beat_us;  /* when the last round of heartbeats began */
    guint rn_beaten;    /* agents of this round that had theirs */
} Run;

struct Fleet {
    pid_t pid;
    int go;
    FleetShared *shared;
};

/* ---- what is sent ---- */

/* A command of a player, its end, a file that changed: a third each. */
static struct wire_seen row_of(int i)
{
    static const struct wire_seen rows[] = {
        {.t = TIME_MARK,
         .what = WIRE_SAW_EXEC,
         .act = WIRE_ACT_STARTED,
         .pid = 21345,
         .ppid = 20117,
         .uid = 1001,
         .auid = 2000000003,
         .exe = "/usr/bin/grep",
         .args = "grep -r 'Failed password' /var/log/auth.log",
         .cwd = "/home/analyst",
         .exit = -1,
         .player = "health/chan",
         .origin = WIRE_FROM_PLAYER,
         .act_id = 1742},
        {.t = TIME_MARK,
         .what = WIRE_SAW_EXIT,
         .pid = 21345,
         .ppid = 20117,
         .uid = 1001,
         .auid = 2000000003,
         .exit = 0,
         .player = "health/chan",
         .origin = WIRE_FROM_PLAYER,
         .act_id = 1742},
        {.t = TIME_MARK,
         .what = WIRE_SAW_FILE,
         .act = WIRE_ACT_CHANGED,
         .pid = 977,
         .ppid = 1,
         .uid = 33,
         .auid = -1,
         .exe = "/usr/sbin/nginx",
         .path = "/var/www/html/index.html",
         .exit = -1},
    };

    return rows[i % 3];
}

static void line_make(Line *line)
{
    struct wire_seen rows[WIRE_OBS_ROWS];
    struct wire_error e;
    struct wire_msg m;
    char *at;
    gsize len;

    for (int i = 0; i < WIRE_OBS_ROWS; i++)
        rows[i] = row_of(i);
    wire_msg_init(&m, WIRE_OBS);
    m.obs = (struct wire_obs){N_MARK, rows, WIRE_OBS_ROWS};
    line->ln_text = wire_encode(&m, &len, &e);
    if (!line->ln_text)
        g_error("observations: %s", e.text);
    line->ln_text[len] = '\n'; /* in place of the NUL */
    line->ln_len = len + 1;
    at = memmem(line->ln_text, len, "1000000,", DIGITS_N + 1);
    line->ln_n = (gsize)(at - line->ln_text);
    at = line->ln_text;
    for (int i = 0; i < WIRE_OBS_ROWS; i++) {
        gsize left = len - (gsize)(at - line->ln_text);

        at = memmem(at, left, "1700000000000000", DIGITS_TIME);
        line->ln_times[i] = (gsize)(at - line->ln_text);
        at += DIGITS_TIME;
    }
}

static void put_digits(char *at, guint64 value, int digits)
{
    for (int i = digits - 1; i >= 0; i--, value /= 10)
        at[i] = (char)('0' + value % 10);
}

static void agent_send_rows(Agent *agent, gint64 due_us)
{
    Line *line = &agent->ag_run->rn_line;
    char digits[DIGITS_TIME];

    put_digits(digits, (guint64)due_us, DIGITS_TIME);
    put_digits(line->ln_text + line->ln_n, N_MARK + agent->ag_rows, DIGITS_N);
    for (int i = 0; i < WIRE_OBS_ROWS; i++)
        memcpy(line->ln_text + line->ln_times[i], digits, DIGITS_TIME);
    fake_agent_raw(agent->ag_fake, line->ln_text, line->ln_len);
    agent->ag_rows += WIRE_OBS_ROWS;
    agent->ag_run->rn_shared->fs_rows += WIRE_OBS_ROWS;
}

/* Lines of rows that are due by now, unless too much waits already. */
static void agent_catch_up(Agent *agent, gint64 now)
{
    Run *run = agent->ag_run;
    double rate = (double)run->rn_plan->fl_rate / run->rn_plan->fl_agents;

    for (;;) {
        gint64 due = run->rn_start_us +
                     (gint64)((double)(agent->ag_rows + WIRE_OBS_ROWS) * 1e6 / rate);

        if (due > now)
            return;
        if (agent->ag_fake->fa_out->len > WAITING_MAX) {
            run->rn_shared->fs_late++;
            return;
        }
        agent_send_rows(agent, due);
    }
}

static void agent_send_result(Agent *agent, gint64 now)
{
    Run *run = agent->ag_run;
    double rate = (double)run->rn_plan->fl_results / run->rn_plan->fl_agents;
    struct wire_msg m;

    if (!agent->ag_fake->fa_welcomed ||
        (double)(now - run->rn_start_us) * rate / 1e6 < (double)(agent->ag_results + 1))
        return;
    wire_msg_init(&m, WIRE_RESULT);
    m.id = (int64_t)agent->ag_results + 1;
    m.result.status = WIRE_DONE;
    m.result.text = "";
    agent->ag_put_us[++agent->ag_results % G_N_ELEMENTS(agent->ag_put_us)] = now;
    if (!fake_agent_put(agent->ag_fake, &m))
        g_error("a result does not fit its queue");
}

static void agent_beat(Agent *agent, int64_t ping)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_BEAT);
    m.beat.mono_us = g_get_monotonic_time();
    m.beat.wall_us = g_get_real_time();
    m.beat.rss_kb = 1500;
    m.beat.ping = ping;
    m.beat.sources = 13;
    if (agent->ag_fake->fa_welcomed && fake_agent_put(agent->ag_fake, &m))
        agent->ag_run->rn_shared->fs_beats++;
}

/* ---- what comes ---- */

/* Done, whatever it is. */
static void agent_answer(Agent *agent, const struct wire_msg *asked)
{
    struct wire_msg m;

    wire_msg_init(&m, asked->kind == WIRE_PERSONALISE ? WIRE_READY : WIRE_RESULT);
    m.id = asked->id;
    if (asked->kind == WIRE_PERSONALISE)
        m.ready = (struct wire_ready){WIRE_DONE, ""};
    else
        m.result = (struct wire_result){.status = WIRE_DONE, .text = ""};
    if (!fake_agent_put(agent->ag_fake, &m))
        g_error("an answer does not fit its queue");
    agent->ag_put_us[++agent->ag_results % G_N_ELEMENTS(agent->ag_put_us)] =
        g_get_real_time();
}

static void on_message(FakeAgent *fake, const struct wire_msg *m)
{
    Agent *agent = fake->fa_data;
    FleetShared *shared = agent->ag_run->rn_shared;
    gint64 now = g_get_real_time();

    if (m->kind == WIRE_PING) /* as an agent does */
        agent_beat(agent, m->ping);
    else if (wire_kind_numbered(m->kind) && m->id)
        agent_answer(agent, m);
    for (; agent->ag_acked < m->ack; agent->ag_acked++) {
        gint64 put = agent->ag_put_us[(agent->ag_acked + 1) % 256];

        if (shared->fs_n_acks < FLEET_ACKS_MAX)
            shared->fs_ack_us[shared->fs_n_acks++] = (guint32)(now - put);
    }
}

/* ---- the process ---- */

static void run_beats(Run *run, gint64 now)
{
    gint64 in = now - run->rn_beat_us;
    guint due = (guint)MIN(run->rn_plan->fl_agents,
                           (guint64)in * run->rn_plan->fl_agents / BEAT_US);

    for (; run->rn_beaten < due; run->rn_beaten++)
        agent_beat(&run->rn_agents[run->rn_beaten], -1);
    if (in >= BEAT_US) {
        run->rn_beat_us += BEAT_US;
        run->rn_beaten = 0;
    }
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    Run *run = arg;
    gint64 now = g_get_real_time();

    (void)fd;
    (void)what;
    if (!run->rn_start_us)
        return;
    run_beats(run, now);
    for (guint i = 0; run->rn_plan->fl_rate && i < run->rn_plan->fl_agents; i++) {
        agent_catch_up(&run->rn_agents[i], now);
        agent_send_result(&run->rn_agents[i], now);
    }
}

static void on_go(evutil_socket_t fd, short what, void *arg)
{
    Run *run = arg;

    (void)fd;
    (void)what;
    run->rn_start_us = run->rn_beat_us = g_get_real_time();
}

/* Nothing of the benchmark's own stays open here: descriptors are few where agents are
 * many. Returns where the pipe is now. */
static int close_others(int go)
{
    if (dup2(go, STDERR_FILENO + 1) < 0 || close_range(STDERR_FILENO + 2, ~0U, 0) < 0)
        g_error("descriptors of the agents' process");
    return STDERR_FILENO + 1;
}

static void fleet_run(const FleetPlan *plan, FleetShared *shared, int go)
{
    struct timeval tick = {0, plan->fl_rate ? 1000 : 10000};
    Run run = {.rn_plan = plan, .rn_shared = shared, .rn_base = event_base_new()};
    struct event *timer = event_new(run.rn_base, -1, EV_PERSIST, on_tick, &run);
    struct event *start = event_new(run.rn_base, go, EV_READ, on_go, &run);

    line_make(&run.rn_line);
    run.rn_agents = g_new0(Agent, plan->fl_agents);
    for (guint i = 0; i < plan->fl_agents; i++) {
        g_autofree char *path = g_strdup_printf("%s/%u.sock", plan->fl_dir, i);

        run.rn_agents[i].ag_run = &run;
        run.rn_agents[i].ag_fake =
            fake_agent_new(run.rn_base, path, "bench", on_message, &run.rn_agents[i]);
    }
    event_add(timer, &tick);
    event_add(start, NULL);
    event_base_dispatch(run.rn_base);
}

Fleet *fleet_start(const FleetPlan *plan)
{
    Fleet *fleet = g_new0(Fleet, 1);
    int go[2];

    fleet->shared = mmap(NULL, sizeof(FleetShared), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (fleet->shared == MAP_FAILED || pipe(go) < 0)
        g_error("no memory or pipe for the agents");
    fleet->pid = fork();
    if (fleet->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        fleet_run(plan, fleet->shared, close_others(go[0]));
        _exit(0);
    }
    close(go[0]);
    fleet->go = go[1];
    return fleet;
}

void fleet_go(Fleet *fleet)
{
    if (write(fleet->go, "x", 1) != 1)
        g_error("the agents' process is gone");
}

pid_t fleet_pid(const Fleet *fleet)
{
    return fleet->pid;
}

const FleetShared *fleet_shared(const Fleet *fleet)
{
    return fleet->shared;
}

void fleet_end(Fleet *fleet)
{
    kill(fleet->pid, SIGKILL);
    waitpid(fleet->pid, NULL, 0);
    close(fleet->go);
    munmap(fleet->shared, sizeof(FleetShared));
    g_free(fleet);
}
