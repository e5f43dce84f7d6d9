/*
 * What the files of the progress share: stages.c (what is known, and plain lines),
 * stages_picture.c (the picture on a terminal). Not for others.
 */
#ifndef PARRY_ORCHESTRATOR_CLI_STAGES_PRIV_H
#define PARRY_ORCHESTRATOR_CLI_STAGES_PRIV_H

#include "orchestrator/cli/stages.h"
#include "orchestrator/daemon/paces_plan.h"

#define NAME_COLUMNS 24

/* A VM's way; each word is printed once that far. */
typedef enum {
    AT_WAITING,
    AT_IMAGE,
    AT_CREATE,
    AT_BOOT,
    AT_AGENT,
    AT_READY,
    AT_FAILED
} At;

/* What something does just now. Times in seconds since the start. */
typedef struct {
    char *do_stage, *do_why;   /* NULL: nothing is known */
    double do_since, do_usual; /* usual < 0: not seen here */
    double do_limit;           /* it is given up after so long; 0: not */
} Doing;

typedef struct {
    At vm_at;
    double vm_ready;
    char *vm_reason;
    Doing vm_doing;
} Vm;

typedef struct {
    char *sg_step;
    int sg_done, sg_total;
    double sg_since, sg_there_at, sg_usual;
    gboolean sg_there, sg_cached;
} ImageStage;

struct Stages {
    const Plan *st_plan;
    gint64 st_start_us;
    gint64 st_drawn_us;
    double st_said; /* when the last plain line was printed */
    Vm *st_vms;
    ImageStage *st_images;
    int st_lines; /* of the picture on the screen */
    gboolean st_tty, st_colour, st_json;
    char *st_note; /* what is going on as a whole */
    Doing st_drill;

    Paces *st_paces;
    char *st_accel;
    PaceWay st_way;     /* as far as it has shown */
    gint64 st_usual_us; /* of the whole, -1: not known */
    char *st_rests;     /* what that rests on */
};

double stages_now(const Stages *stages);
guint stages_count(const Stages *stages, At at);
/* "boots 6 s of ~9 s", "waits for a free worker 2 s"; "": nothing is known.
 * Free with g_free(). */
char *stages_doing_text(const Stages *stages, const Doing *doing);
/* Whether it stands in a queue, rather than being worked at. */
gboolean stages_waits(const Doing *doing);
/* Whether it takes much longer than it usually does. */
gboolean stages_is_slow(const Stages *stages, const Doing *doing);
/* VMs that do the same, as one line each, most first: of char *, "33 × waits for a free
 * worker". Frees with the array. */
GPtrArray *stages_groups(const Stages *stages);
/* "14 s of about 38 s (as the last 3 times here)". Free with g_free(). */
char *stages_whole_text(const Stages *stages);

/* ---- stages_picture.c ---- */

/* Lines that fit `columns` and `rows`, each with its end. */
GString *stages_picture(const Stages *stages, int columns, int rows);

#endif
