/*
 * What is known of each host of the plan while the daemon runs: its VM, its agent, since
 * when and why.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_HOSTS_H
#define PARRY_ORCHESTRATOR_DAEMON_HOSTS_H

#include "orchestrator/daemon/daemon.h"

typedef enum {
    HOST_PLANNED,
    HOST_CREATE, /* disk, socket, domain */
    HOST_BOOT,   /* the domain runs, its agent has not spoken */
    HOST_AGENT,  /* it said hello and is being personalised */
    HOST_READY,
    HOST_SILENT, /* the agent fell silent past the grace, the VM runs */
    HOST_SUSPENDED,
    HOST_LOST,   /* the VM ended and nobody had asked for it */
    HOST_FAILED, /* could not be made ready */
    HOST_GONE,   /* taken down */
} HostState;

Hosts *hosts_new(Daemon *d);
void hosts_free(Hosts *hosts);

const char *host_state_name(HostState state);
HostState hosts_state(const Hosts *hosts, int host);
const char *hosts_reason(const Hosts *hosts, int host);
gboolean hosts_connected(const Hosts *hosts, int host);
/* Its agent is connected and not silent: where a look there fails, that says something
 * of what was looked at. */
gboolean hosts_heard(const Hosts *hosts, int host);
/* How long ago its agent gave the last sign of life. */
gint64 hosts_age_us(const Hosts *hosts, int host);
/* As if it had just given one: the VM stood still. */
void hosts_touch(Hosts *hosts, int host);
void hosts_set(Hosts *hosts, int host, HostState state, const char *reason);

/* Another guest takes the host's place: its hello is that of a new boot, whatever it
 * says.
 */
void hosts_renew(Hosts *hosts, int host, const char *reason);

/* hello, beat, gone and cut records. */
void hosts_record(Hosts *hosts, const struct hub_head *head, const void *body,
                  const void *tail);
/* libvirt's word on a domain. */
void hosts_range_event(Hosts *hosts, int host, RangeEvent event, const char *detail);

/* A drill that is taken up: each event of its journal, in order, and then those that were
 * on their way go on. */
void hosts_replay(Hosts *hosts, const JournalEvent *event);
void hosts_resume(Hosts *hosts);
/* Boot id of the guest as its agent last said it, "" before. */
const char *hosts_boot(const Hosts *hosts, int host);

/* Whether it was ready once. One that never was is missing by the platform's fault: what
 * looks at it, or from it, says nothing of any team. */
gboolean hosts_made(const Hosts *hosts, int host);
/* How many are on their way, required or not. */
guint hosts_pending(const Hosts *hosts);
/* Number of required hosts that are not ready; those past all hope go to *failed. */
guint hosts_missing(const Hosts *hosts, guint *failed);
/* All of those with their reasons, as one text. The caller frees it. */
char *hosts_failures(const Hosts *hosts);
/* [{id, state, ip, reason, since_us, own, missing, tries}] for control. team: only that
 * team's, as it may know it; -1: all, for white. */
json_t *hosts_json(const Hosts *hosts, int team);

#endif
