/*
 * The range: a drill's networks, filters and domains, in libvirt and on its bridges.
 *
 * Every call returns at once; the work is done on a small pool of threads (at most 4
 * calls in flight on one connection) and `done` is called on the loop thread. Objects are
 * tagged with the drill's UUID in libvirt metadata (namespace
 * https://parry.invalid/xmlns/drill/1); filters, which are not libvirt's, by the name of
 * their nftables table. An act that meets its own earlier result (same UUID) succeeds: a
 * repeat is harmless. Acts on one host's domain are done in the order they were asked
 * for.
 */
#ifndef PARRY_ORCHESTRATOR_RANGE_RANGE_H
#define PARRY_ORCHESTRATOR_RANGE_RANGE_H

#include "scenarios/plan.h"

#include <event2/event.h>
#include <glib.h>
#include <jansson.h>

typedef struct Range Range;

typedef void (*RangeDone)(const GError *error, gpointer data); /* error NULL: it worked */

/*
 * A domain of this drill ended or was paused by itself, never by a call below. Loop
 * thread. host: plan index. detail: why, for people. A range that finds domains of its
 * drill when it is made tells of them as STARTED (and PAUSED) in its first turns.
 */
typedef enum {
    RANGE_DOMAIN_STARTED,
    RANGE_DOMAIN_STOPPED,
    RANGE_DOMAIN_CRASHED,
    RANGE_DOMAIN_PAUSED,
    RANGE_DOMAIN_RESUMED
} RangeEvent;
typedef void (*RangeOnEvent)(int host, RangeEvent event, const char *detail,
                             gpointer data);
/* The connection to libvirt was lost; the range reconnects by itself, says so again, and
 * then tells what happened to domains meanwhile. */
typedef void (*RangeOnLink)(gboolean connected, const char *reason, gpointer data);

typedef struct {
    const char *rg_uri;
    const char *rg_accel; /* "kvm" or "qemu" */
    const char *rg_cpu; /* a CPU model of libvirt's or "host-passthrough"; NULL: that with
                         * kvm, libvirt's default with qemu */
    const char *rg_dir; /* the drill's directory: all that guests write to is below it */
    const char *rg_drill; /* UUID */
    int rg_workers;       /* 0: one a core, at most 4 */
    RangeOnEvent rg_on_event;
    RangeOnLink rg_on_link;
    gpointer rg_data;
} RangeConfig;

/* Opens the connection (blocking, before the loop runs). plan must outlive the range;
 * config is copied. Errors: RANGE_ERROR_LINK. */
Range *range_new(struct event_base *base, const Plan *plan, const RangeConfig *config,
                 GError **error);
/* Waits for calls in flight and calls the `done` of what had not begun, with
 * RANGE_ERROR_CANCELLED, before it returns; touches no domain. NULL is ignored. */
void range_free(Range *range);

/* What a domain boots from. Paths must be readable by QEMU's account. */
typedef struct {
    /* All NULL for an own qcow2 that boots itself. */
    const char *rd_kernel, *rd_initrd, *rd_cmdline;
    const char *rd_disk;    /* overlay, already made, or NULL */
    const char *rd_seed;    /* NoCloud ISO, or NULL */
    const char *rd_channel; /* the hub's socket for this host, which must be listening
                             * already; NULL: agent: none */
    const char *rd_console; /* log file of the serial console */
    /* Sockets that QEMU listens on, or NULL: of the serial console, which is then to be
     * used (see docs/range.md), and of the guest's qemu-guest-agent, for libvirt. */
    const char *rd_serial, *rd_guest_agent;
    /* A file with its RAM (save_split.h), mapped so that what the guest writes is its
     * own; NULL: it begins with zeros, or with what it is restored from. QEMU opens it
     * for writing, though it never does. */
    const char *rd_ram;
    /* A golden guest: the host's shape under a name and UUID of its own, its NICs plugged
     * into nothing. Its memory is what others are restored from. */
    gboolean rd_golden;
} RangeDomain;

/* Binds the host's ports on shared networks, before its domain is there. Needs a libvirt
 * on this machine. */
void range_filter_create(Range *range, int host, RangeDone done, gpointer data);
void range_network_create(Range *range, int network, RangeDone done, gpointer data);
void range_domain_create(Range *range, int host, const RangeDomain *domain,
                         RangeDone done, gpointer data);
void range_domain_destroy(Range *range, int host, RangeDone done, gpointer data);
void range_domain_reset(Range *range, int host, RangeDone done, gpointer data);

/*
 * Memory to a file, and back.
 *
 * range_save() ends the guest and leaves its memory, as libvirt's save image, at a path
 * that libvirt may write to (below the drill's directory). golden: not the host's domain
 * but the golden guest in its shape. direct: past the hypervisor's page cache, for images
 * that nothing reads soon. Where the domain is gone and the image there, whole, it has
 * been saved before.
 *
 * range_restore() makes the host's domain, as range_domain_create() does, out of the
 * memory in `from` (any guest of the same shape; see save_image.h): what tells hosts
 * apart (name, UUID, MACs, networks, channel, disk, log) comes from plan and domain, not
 * from the image. The image with its new head stands at `at` meanwhile and is removed; at
 * NULL: it is the host's own, and restored as it is. A
 * domain that is there already is left as it is. What the guest itself remembers (name,
 * addresses, clock, random state) is the other's until its agent changes it.
 */
typedef struct {
    int sv_host;
    gboolean sv_golden;
    gboolean sv_direct;
    const char *sv_path;
} RangeSave;

void range_save(Range *range, const RangeSave *save, RangeDone done, gpointer data);
void range_restore(Range *range, int host, const RangeDomain *domain, const char *from,
                   const char *at, RangeDone done, gpointer data);
/* Ends the golden guest in the host's shape, if it is there. */
void range_golden_destroy(Range *range, int host, RangeDone done, gpointer data);

/* What QEMU is told of the host but for whose it is: hosts with the same text, and paths
 * of `domain`, may be restored from each other. The caller frees it. */
char *range_shape(const Range *range, int host, const RangeDomain *domain);
/* "libvirt 9000000, QEMU 7002000": a save image of one is not for another. Blocking, on a
 * connection of its own. */
char *range_versions(const char *uri, GError **error);
/* Whether the host's domain is there and runs, and the CPU time that it has used so far:
 * what is known of a guest that says nothing. error NULL: it is known. */
typedef enum { RANGE_DOMAIN_ABSENT, RANGE_DOMAIN_RUNS, RANGE_DOMAIN_STANDS } RangeLife;
typedef void (*RangeUsed)(RangeLife life, gint64 cpu_us, const GError *error,
                          gpointer data);
void range_domain_used(Range *range, int host, RangeUsed done, gpointer data);

/* The taps of a host that get a filter; empty where it has no NIC on a shared network. */
GPtrArray *range_filter_names(const Range *range, int host);

/*
 * Has the qemu-guest-agent of a host write files, reads them back and, where each is what
 * it should be, has it run a script. Nothing is tried twice: RANGE_ERROR_ABSENT says that
 * no guest agent answers, which may only be too early.
 */
typedef struct {
    const char *gf_path;
    GBytes *gf_bytes;
} RangeGuestFile;

typedef struct {
    const char *gp_folder; /* made before, for root alone: the files go in there */
    const RangeGuestFile *gp_files;
    guint gp_count;
    const char *gp_script; /* for /bin/sh -c */
} RangeGuestPush;

/* push is copied. */
void range_guest_push(Range *range, int host, const RangeGuestPush *push, RangeDone done,
                      gpointer data);

/* Suspends or resumes every tagged running domain, as parallel as calls allow. count: how
 * many. The kill switch: needs no guest's help, overtakes all other calls and has its own
 * connection. Until range_resume_all() every domain that is created stays paused. */
typedef void (*RangeCounted)(guint count, const GError *error, gpointer data);
void range_suspend_all(Range *range, RangeCounted done, gpointer data);
void range_resume_all(Range *range, RangeCounted done, gpointer data);
/* The same for some hosts (of int), who stand until they are let go by it: also where all
 * others are resumed; and where all stand they go on standing when they are let go. */
void range_hold(Range *range, const GArray *hosts, gboolean hold, RangeCounted done,
                gpointer data);

/* Ends and removes everything that bears the drill's tag, planned or not: domains, then
 * networks, then filters. Creating calls that have not begun end as cancelled; those in
 * flight are waited for and undone. Repeats are harmless. */
typedef struct {
    guint rm_domains, rm_networks, rm_filters;
} RangeRemoved;
typedef void (*RangeTornDown)(const RangeRemoved *removed, const GError *error,
                              gpointer data);
void range_teardown(Range *range, RangeTornDown done, gpointer data);

/*
 * The host side of the isolation proof, looked at afresh: each row is one finding.
 * Bridges: exactly the expected ports; no address on any bridge (IPv4, IPv6); forwarding
 * off, or no forwarding network definition; domains: only the planned NICs, each with its
 * filter where shared; no host device, no shared folder, no graphics, no guest agent
 * channel of others, no file outside the drill's directory. rows: [[name, reached(bool:
 * the bad thing is there), expected(false), text]…]; done owns rows.
 */
typedef void (*RangeInspected)(json_t *rows, const GError *error, gpointer data);
void range_inspect(Range *range, RangeInspected done, gpointer data);

/* What of a drill is there at all, blocking: for gc, status of a crashed drill, and down
 * without a daemon. Each element: {kind: domain|network|filter, name, uuid, drill}. */
json_t *range_world(const char *uri, GError **error);
/* The blocking form of range_teardown for a crashed drill. */
gboolean range_remove(const char *uri, const char *drill_uuid, RangeRemoved *removed,
                      GError **error);

/* The blocking kill switch, for a drill without a daemon. count: how many are suspended,
 * also after an error. */
gboolean range_suspend(const char *uri, const char *drill_uuid, guint *count,
                       GError **error);

/* Messages read "OBJECT: ATTEMPT: libvirt's words". */
typedef enum {
    RANGE_ERROR_FAILED,    /* libvirt refused or failed; its words are in the message */
    RANGE_ERROR_FOREIGN,   /* the name or UUID is taken by something that is not this
                              drill's */
    RANGE_ERROR_LINK,      /* no connection: try again once rg_on_link said connected */
    RANGE_ERROR_CANCELLED, /* freed, or torn down, before the call began */
    RANGE_ERROR_ABSENT,    /* the guest's qemu-guest-agent does not answer */
} RangeErrorCode;

#define RANGE_ERROR (range_error_quark())
GQuark range_error_quark(void);

#endif
