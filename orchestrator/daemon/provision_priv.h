/*
 * What the files of provisioning share: provision.c (the way to `ready`), adopt.c (the
 * hypervisor, and what an earlier daemon left there). Not for other modules.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_PROVISION_PRIV_H
#define PARRY_ORCHESTRATOR_DAEMON_PROVISION_PRIV_H

#include "agents/images/images.h"
#include "orchestrator/daemon/delivery.h"
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
    GError *im_error;
} Image;

typedef struct {
    Provision *st_provision;
    int st_host;
    gint64 st_seq;       /* of domain.wanted/1 */
    char *st_overlay;    /* NULL for none */
    const char *st_base; /* what the overlay stands on */
    gboolean st_keep;    /* the overlay that is there is in use, or a team's work */
    gboolean st_again;   /* the attempt before was a clone and is given up */
    gboolean st_boots;   /* whatever its resets are made of: see station_adopt() */
    GError *st_error;
    struct event *st_hello;
    gboolean st_begun;
    gboolean st_return; /* it was there before, and comes back: see returns.h */
} Station;              /* one host on its way */

struct Provision {
    Daemon *pv_daemon;
    Pool *pv_pool; /* images, disks and the hypervisor: never the loop */
    GCancellable *pv_cancel;
    gint64 pv_hello_us;
    gboolean pv_active;
    gboolean pv_wired; /* networks are there: hosts may be switched on */
    gboolean pv_proving;
    Image *pv_images;
    Station *pv_stations;
    guint pv_waiting; /* images, then networks */
    char *pv_uri, *pv_accel, *pv_accel_reason, *pv_cpu;
    GError *pv_host_error;
    uid_t pv_qemu_uid;
    Delivery *pv_delivery;
    gboolean pv_known;     /* the hypervisor, and what there was of the drill */
    gboolean pv_linked;    /* libvirt is connected */
    gboolean pv_link_wait; /* that is all that is waited for */
    json_t *pv_world;      /* what there was of the drill when it was taken up, or NULL */
};

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
/* On a worker: the libvirt that there is, and what it has of a drill that is taken up;
 * then, on the loop, networks. Again: of one whose hypervisor ended. */
void provision_host_work(gpointer data);
void provision_host_done(gpointer data, gboolean ran);
void provision_host_again(Provision *provision);

/* ---- provision.c ---- */

void provision_fail(Provision *provision, const char *reason);
void provision_networks(Daemon *d);

#endif
