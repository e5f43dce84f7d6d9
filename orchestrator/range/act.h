/*
 * Acts on one object in libvirt, blocking. Each looks first: what it would make and is
 * there already, with the same UUID and the drill's tag, is its own earlier result and
 * counts as success; anything else with that name or UUID is a stranger's and is left
 * alone (RANGE_ERROR_FOREIGN). What it would remove and is not there is removed already.
 */
#ifndef PARRY_RANGE_ACT_H
#define PARRY_RANGE_ACT_H

#include "orchestrator/range/virt.h"

typedef struct {
    char *ob_name;
    char *ob_uuid;
    char *ob_drill;
    char *ob_xml; /* for the creating acts */
} ActObject;

void act_object_clear(ActObject *object);

gboolean act_network_create(virConnectPtr conn, const ActObject *object, GError **error);

/* held: becomes true once nothing may run any more: the domain is then left paused. */
gboolean act_domain_create(virConnectPtr conn, const ActObject *object, const int *held,
                           GError **error);
gboolean act_domain_destroy(virConnectPtr conn, const ActObject *object, GError **error);
gboolean act_domain_reset(virConnectPtr conn, const ActObject *object, GError **error);

typedef enum { ACT_ABSENT, ACT_RUNNING, ACT_PAUSED } ActState;

/* What a domain is doing now, by its UUID. */
gboolean act_domain_state(virConnectPtr conn, const char *uuid, ActState *state,
                          GError **error);

/* The same, with the CPU time that it has used since it was created. */
gboolean act_domain_used(virConnectPtr conn, const char *uuid, ActState *state,
                         gint64 *cpu_us, GError **error);

#endif
