/*
 * What of a plan decides how long it takes, as keys of paces.h, and what they say of one.
 *
 * A stage of a host is known by its shape (image, processors, memory, accelerator), by
 * whether it boots or is a clone, and by how many hosts the drill has, in steps of four:
 * the more start at once, the longer each of them takes.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_PACES_PLAN_H
#define PARRY_ORCHESTRATOR_DAEMON_PACES_PLAN_H

#include "orchestrator/daemon/paces.h"
#include "scenarios/plan.h"

/* Stages of a host on its way, and of the drill as a whole. */
typedef enum {
    PACE_IMAGE,       /* it is built */
    PACE_HYPERVISOR,  /* from the images to libvirt's connection */
    PACE_GOLDEN,      /* the golden guest boots, settles, is saved and kept */
    PACE_START,       /* libvirt starts a VM that boots */
    PACE_RESTORE,     /* libvirt restores a clone */
    PACE_BOOT,        /* power-on to hello */
    PACE_WAKE,        /* the same of a clone */
    PACE_PERSONALISE, /* hello to ready: identity, personalise, the proof of a clone */
    PACE_PROOF,       /* of isolation */
    PACE_STAGES
} PaceStage;

const char *pace_stage_name(PaceStage stage); /* "boot" */

/* Free with g_free(). PACE_IMAGE: of an image; PACE_HYPERVISOR, PACE_PROOF: host -1. */
char *pace_key(const Plan *plan, PaceStage stage, int host, const char *accel);
char *pace_image_key(const PlanImage *image);
/* The whole, from the order to `ready`. cold: images or golden guests were made. */
char *pace_drill_key(const Plan *plan, const char *accel, gboolean cold);
/* The whole by the number of hosts, for drills like none seen before: of all hosts on
 * this accelerator the time divided by their number. */
char *pace_each_key(guint hosts, const char *accel, gboolean cold);

/* What is usual, with what was seen with fewer or more hosts where need be; -1. */
gint64 pace_usual(const Paces *paces, const Plan *plan, PaceStage stage, int host,
                  const char *accel);

/*
 * How long `up` takes on this machine as far as it has shown; -1: not known. *rests says
 * what that rests on, or why it is not known; free with g_free().
 */
gint64 pace_estimate(const Paces *paces, const Plan *plan, const char *accel,
                     gboolean cold, char **rests);

#endif
