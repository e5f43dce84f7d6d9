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

/* Stages of a host on its way, and of the drill as a whole. What a host waits for is one
 * too, in the words of its reason. */
#define PACE_HYPERVISOR "hypervisor"   /* from the images to libvirt's connection */
#define PACE_START "start"             /* libvirt starts a VM that boots */
#define PACE_RESTORE "restore"         /* libvirt restores a clone */
#define PACE_BOOT "boot"               /* power-on to hello */
#define PACE_WAKE "wake"               /* the same of a clone */
#define PACE_PERSONALISE "personalise" /* hello to ready, with a clone's identity */
#define PACE_PROOF "proof"             /* of isolation */

/* Free with g_free(). host -1: of the drill. */
char *pace_key(const Plan *plan, const char *stage, int host, const char *accel);
/* An image is built. */
char *pace_image_key(const PlanImage *image);
/* How a whole drill was made, from the order to `ready`. */
typedef enum {
    PACE_WARM,  /* images and golden guests were there */
    PACE_COLD,  /* some were made */
    PACE_BOOTED /* without clones */
} PaceWay;

char *pace_drill_key(const Plan *plan, const char *accel, PaceWay way);
/* The whole by the number of hosts, for drills like none seen before: of all hosts on
 * this accelerator the time divided by their number. */
char *pace_each_key(guint hosts, const char *accel, PaceWay way);

/* What is usual, with what was seen with fewer or more hosts where need be; -1. */
gint64 pace_usual(const Paces *paces, const Plan *plan, const char *stage, int host,
                  const char *accel);

/*
 * How long `up` takes on this machine as far as it has shown; -1: not known. *rests says
 * what that rests on, or why it is not known; free with g_free().
 */
gint64 pace_estimate(const Paces *paces, const Plan *plan, const char *accel, PaceWay way,
                     char **rests);

#endif
