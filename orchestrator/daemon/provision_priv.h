/*
 * What the files of provisioning share: provision.c (the way to `ready`, and who may go
 * on without whom), provision_images.c, provision_range.c (hypervisor and networks),
 * stations.c (each host for itself, try by try), degraded.c (what is lost without some),
 * adopt.c (what an earlier daemon left). Not for other modules.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_PROVISION_PRIV_H
#define PARRY_ORCHESTRATOR_DAEMON_PROVISION_PRIV_H

#include "agents/images/images.h"
#include "orchestrator/daemon/delivery.h"
#include "orchestrator/daemon/point_store.h"
#include "orchestrator/daemon/provision.h"
#include "orchestrator/range/pool.h"

typedef struct {
    Provision *im_provision;
    const PlanImage *im_plan;
    gint64 im_seq;
    GPtrArray *im_files;
    ImageSpec im_spec;
    ImageResult im_result;
    gboolean im_cached;
    gboolean im_there; /* im_result holds */
    GError *im_error;
} Image;

typedef struct {
    Provision *st_provision;
    int st_host;
    gint64 st_seq;        /* of domain.wanted/1 */
    gint64 st_filter_seq; /* of filter.wanted/1 */
    char *st_overlay;     /* NULL for none */
    const char *st_base;  /* what the overlay stands on */
    gboolean st_keep;     /* the overlay that is there is in use, or a team's work */
    gboolean st_again;    /* the attempt before was a clone and is given up */
    gboolean st_boots;    /* whatever its resets are made of: see station_adopt() */
    char *st_from;        /* the checkpoint that it is restored from, or NULL */
    Point *st_point;      /* the same, checked */
    gboolean st_fresh;    /* begins by removing what an earlier attempt left */
    GError *st_error;
    struct event *st_hello;
    struct event *st_retry;
    gboolean st_begun;
    gboolean st_waiting; /* a try failed, and the next has not begun */
    gboolean st_return;  /* it was there before, and comes back: see returns.h */
    int st_tries;        /* that failed and were followed by another */
} Station;               /* one host on its way */

struct Provision {
    Daemon *pv_daemon;
    Pool *pv_pool; /* images, disks and the hypervisor: never the loop */
    GCancellable *pv_cancel;
    gint64 pv_hello_us;
    gboolean pv_active;
    gboolean pv_wired; /* networks are there: hosts may be switched on */
    gboolean pv_proving;
    gboolean pv_known;     /* what there was of the drill */
    gboolean pv_anew;      /* the hypervisor ended: it is to be started once more */
    gboolean pv_linked;    /* libvirt is connected */
    gboolean pv_link_wait; /* that is all that is waited for */
    Image *pv_images;
    Station *pv_stations;
    gboolean *pv_networks; /* those that are there */
    guint pv_waiting;      /* images, then networks */
    char *pv_trouble;      /* the first of those that failed: why; or NULL */
    char *pv_uri, *pv_accel, *pv_accel_reason, *pv_cpu;
    GError *pv_host_error;
    uid_t pv_qemu_uid;
    Delivery *pv_delivery;
    json_t *pv_world; /* what there was of the drill when it was taken up, or NULL */
    char
        *pv_consent_by; /* who agreed to begin without hosts that are required; or NULL */
    char *pv_consent_how;
    gboolean pv_degraded; /* and so it did */
};

/* ---- provision.c ---- */

/* Ends it: `failed`, or white is told where the drill had been ready before. */
void provision_fail(Provision *provision, const char *reason);
/* Whatever comes next: images, the hypervisor, networks, hosts. */
void provision_step(Provision *provision);
/* Whether the plan fits onto this machine; of a drill that has VMs here: it did. */
gboolean provision_fits(const Provision *provision, const char *accel, GError **error);
/* Of images or networks that are made side by side one is done: goes on, or fails, once
 * all are. reason: why that one failed, or NULL. */
void provision_part_done(Provision *provision, const char *reason);

/* ---- provision_images.c, provision_range.c ---- */

void image_init(Image *image, Provision *provision, const PlanImage *plan);
void image_clear(Image *image);
void image_want(Image *image);
void provision_host_want(Provision *provision);
void provision_networks_want(Provision *provision);

/* ---- stations.c ---- */

void station_init(Station *station, Provision *provision, int host);
void station_clear(Station *station);
/* It is its turn. */
void station_start(Station *station);
/* From the beginning, as returns.h says what of. */
void station_return(Station *station);
/* Once more from the beginning, with all its tries, by that one's word. */
void station_anew(Station *station, const char *by);
/* An event of a journal that is taken up. */
void station_replay(Station *station, const JournalEvent *event);

/* ---- degraded.c ---- */

/* Somebody agreed: an event. */
void degraded_consent(Provision *provision, const char *by, const char *how);
/* And so the drill begins without those that failed: an event says what that costs. */
void degraded_begin(Provision *provision);
/* Why the drill is ready, in words; free with g_free(). */
char *degraded_ready_words(const Provision *provision);

/* ---- adopt.c ---- */

gboolean provision_still(const Daemon *d); /* the VMs stand still */
/* A drill that was ready before is not failed by what cannot be made again: white has to
 * look. */
void provision_take_up_failed(Daemon *d, const char *reason);
/* The agent has so long from now on; while the drill stands still it is not late. */
void station_hello_wait(Station *station);
/*
 * What an earlier daemon made of the host: TRUE where there is nothing to make. Sets
 * st_keep, and st_boots where its disk holds what a team has done. A VM that is gone is
 * made again while the drill is; later returns.h has the word. A reset that was under way
 * is done over.
 */
gboolean station_adopt(Station *station);
/* On a worker: the libvirt that there is, and what it has of a drill that is taken up. */
void provision_host_work(gpointer data);

#endif
