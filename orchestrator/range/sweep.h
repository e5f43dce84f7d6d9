/*
 * Acts on everything of a drill at once, found by its tag and not by the plan: what is
 * there, remove it, suspend or resume it. Blocking; the calls of one sweep go out on one
 * connection, four at a time, for that is what libvirt serves.
 */
#ifndef PARRY_RANGE_SWEEP_H
#define PARRY_RANGE_SWEEP_H

#include "orchestrator/range/range.h"
#include "orchestrator/range/virt.h"

typedef enum { SWEEP_DOMAIN, SWEEP_NETWORK, SWEEP_FILTER } SweepKind;

typedef struct {
    SweepKind sw_kind;
    char *sw_name;
    char *sw_uuid;
    char *sw_drill;
} SweepItem;

/* Everything of that kind with a tag of this drill's, or of any drill's where drill is
 * NULL. NULL with error; else the caller unrefs the array of SweepItem. */
GPtrArray *sweep_list(virConnectPtr conn, const char *uri, SweepKind kind,
                      const char *drill, GError **error);

/* "domain", "network", "filter". */
const char *sweep_kind_name(SweepKind kind);

/* Domains, then networks, then filters. uri: conn's. Goes on past what fails; error is
 * the first failure. */
gboolean sweep_remove(virConnectPtr conn, const char *uri, const char *drill,
                      RangeRemoved *removed, GError **error);

/* Which domains, by their UUIDs; asked on several threads at once. */
typedef struct {
    gboolean sp_resume;
    gboolean (*sp_wants)(const char *uuid, gpointer data); /* NULL: all */
    gpointer sp_data;
} SweepPause;

/*
 * Suspends (or resumes) every running (paused) domain of the drill that is wanted. count:
 * how many are in the wanted state because of this call. uuids: theirs are added (text).
 */
gboolean sweep_pause(virConnectPtr conn, const char *drill, const SweepPause *pause,
                     guint *count, GPtrArray *uuids, GError **error);

#endif
