/*
 * The parry command. Each subcommand is one file with one CliCommand; main.c lists them.
 *
 * Results go to standard output, everything else to standard error. With --json a command
 * that reports prints one JSON document and nothing else on standard output.
 */
#ifndef PARRY_ORCHESTRATOR_CLI_CLI_H
#define PARRY_ORCHESTRATOR_CLI_CLI_H

#include "orchestrator/daemon/drill.h"
#include "scoreboard/rpc.h"

#include <glib.h>
#include <jansson.h>

/* Exit statuses, the same for every command. */
enum {
    EXIT_OK = 0,
    EXIT_FAIL = 1,      /* it was tried and failed; the message says what and why */
    EXIT_SCENARIO = 2,  /* the scenario has errors, or uses a key that is not built yet */
    EXIT_NO_DRILL = 3,  /* no such drill, or its daemon does not run */
    EXIT_STATE = 4,     /* not in this state of the drill */
    EXIT_DIFFERENT = 5, /* `plan --diff`: the drill would change */
    EXIT_USAGE = 64,
    EXIT_INTERRUPTED = 130,
};

typedef struct {
    const char *cc_name;
    const char *cc_args;                  /* "SCENARIO", "NAME", … */
    const char *cc_summary;               /* one line */
    int (*cc_run)(int argc, char **argv); /* argv[0] is the command's name */
} CliCommand;

extern const CliCommand cmd_check, cmd_plan, cmd_run, cmd_up, cmd_start, cmd_status,
    cmd_stop, cmd_pause, cmd_resume, cmd_end, cmd_inject, cmd_approve, cmd_cancel,
    cmd_exec, cmd_score, cmd_report, cmd_verify, cmd_down, cmd_gc, cmd_people, cmd_doctor,
    cmd_host, cmd_simulate, cmd_schema, cmd_import, cmd_names, cmd_follow, cmd_replicate,
    cmd_restore, cmd_acts, cmd_observations, cmd_agent, cmd_console, cmd_logs, cmd_reset,
    cmd_checkpoint, cmd_team, cmd_resets, cmd_fence;

/* ---- cli.c: what commands share ---- */

/*
 * Parses options and the number of operands that the command's args ask for; prints help
 * or the usage error itself. FALSE: return *status. argv is left with the operands
 * from 1.
 */
gboolean cli_options(const CliCommand *command, const GOptionEntry *entries, int *argc,
                     char ***argv, int min, int max, int *status);
/* Prints "parry: …" to standard error and returns status. */
int cli_fail(int status, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Prints the JSON document (taken over) to standard output; EXIT_OK. */
int cli_json(json_t *json);
/* Whether output there may be coloured: a terminal, and NO_COLOR is not set. */
gboolean cli_colour(int fd);
/* Columns of the terminal, 80 where there is none. */
int cli_columns(void);
/* "1.5 GiB"; free with g_free(). */
char *cli_size(guint64 bytes);

/* The option --set NAME=VALUE of all commands that read a scenario: char **, freed by
 * g_strfreev(). */
#define CLI_SET(set)                                                                     \
    {                                                                                    \
        "set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &(set),                                  \
            "give a parameter of the scenario this value; may be repeated", "NAME=VALUE" \
    }
/* Loads a scenario with what --set gave, or NULL; findings go to diags. */
Plan *cli_load(const char *path, char **set, ParryDiags *diags);
/* The same, with the findings printed to standard error; NULL and *status on errors.
 */
Plan *cli_plan(const char *path, char **set, gboolean json, int *status);
Plan *cli_plan_with(const char *path, const PlanOptions *options, gboolean json,
                    int *status);

/* Prints each key that has no engine yet, by its place; TRUE and *status where there are
 * any. */
gboolean cli_refuse_unbuilt(const Plan *plan, int *status);

/* Of a drill without a daemon: "crashed", "down", or "moved" to another machine. */
const char *cli_dead_state(const Drill *drill);

/* The drill of that name, or of the only one there is where name is NULL; NULL and
 * *status. */
Drill *cli_drill(const char *name, int *status);
/* A connection to its daemon as white. */
RpcClient *cli_connect(const Drill *drill, int *status);
/* Calls, prints an error, and turns it into an exit status; NULL on error. */
json_t *cli_call(RpcClient *client, const char *method, json_t *params, int timeout_ms,
                 int *status);
/* libvirt's URI of a drill whose daemon is dead; NULL where its hypervisor does not run.
 */
char *cli_uri(const Drill *drill);
/* One that sends SIGINT and SIGTERM into a flag; cli_interrupted() tells and clears. */
void cli_catch_signals(void);
gboolean cli_interrupted(void);
gboolean cli_interrupted_pending(void); /* tells only */
/* A question on the terminal, with "[y/N]"; FALSE where there is none. */
gboolean cli_ask(const char *question);

/* ---- launch.c ---- */

typedef struct {
    const char *la_scenario;
    char **la_set; /* --set */
    char *la_connect;
    char *la_gate, *la_board; /* ADDR:PORT or NULL */
    gboolean la_rehearsal;
    gboolean la_keep;
    gboolean la_no_clones;
    gboolean la_yes;      /* what is gone may be made again */
    gboolean la_json;     /* progress as one object a line */
    gboolean la_degraded; /* required hosts that fail shall not stop it */
    int la_boot_timeout_s;
} Launch;

/* From a scenario file to a drill that is ready, its progress shown; NULL and *status,
 * with nothing left behind unless la_keep. *client: still connected and subscribed. */
Drill *launch_up(const Launch *launch, RpcClient **client, int *status);
/* The drill that `up` means and that is there already, dead or alive: by its name, or by
 * the scenario that it was made from; NULL: none, and an error where *status says so. */
Drill *launch_standing(const Launch *launch, int *status);
/* Goes on with it (taken over): a daemon where it has none, until it is ready or as far
 * as it was. Where all its VMs are gone they are brought back, with la_yes or a yes on
 * the terminal. NULL and *status; nothing is torn down. */
Drill *launch_resume(const Launch *launch, Drill *drill, RpcClient **client, int *status);
/* Tears the drill down, with its daemon or without; purge removes its directory too. */
int launch_down(const Drill *drill, gboolean purge, gboolean quiet);

/* ---- consent.c ---- */

typedef enum {
    CONSENT_NOT_ASKED, /* nobody is there, or it is no question of hosts */
    CONSENT_DOWN,
    CONSENT_KEEP,
    CONSENT_AGAIN,
    CONSENT_DEGRADED
} ConsentAnswer;

/* Of a drill that has just failed: what is lost without the hosts that did, and what to
 * do, from who sits at the terminal. */
ConsentAnswer consent_ask(RpcClient *client);
/* Prints `losses` of a status to standard error, a line each. */
void consent_say(const json_t *losses);
/* In whose name this is. */
const char *consent_name(void);

/* ---- cmd_report.c ---- */

/* Writes the drill's report and prints where it is. */
int report_print(const Drill *drill);

/* ---- follow.c ---- */

typedef enum {
    FOLLOW_UNTIL_READY,       /* or paused: it was begun before, and is all there again */
    FOLLOW_UNTIL_JUDGING,     /* the exercise is over, people judge */
    FOLLOW_UNTIL_PROVISIONAL, /* a rehearsal: its score stands */
} FollowUntil;

/* Shows what happens until the drill is there: EXIT_OK when it came to that; EXIT_FAIL on
 * failure, *reason (to be freed) says why; EXIT_INTERRUPTED when the user confirmed it.
 * json: until it is ready, as one object a line. */
int follow(RpcClient *client, const Plan *plan, FollowUntil until, gboolean json,
           char **reason);

#endif
