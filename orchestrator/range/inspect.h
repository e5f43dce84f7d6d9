/*
 * The host side of the isolation proof. Every look is fresh: libvirt's live definitions
 * (inspect_virt.c) and, where the hypervisor is this machine, what the kernel has in fact
 * (inspect_kernel.c). What cannot be looked at is a finding too: "not proved".
 */
#ifndef PARRY_RANGE_INSPECT_H
#define PARRY_RANGE_INSPECT_H

#include "orchestrator/range/netns.h"
#include "orchestrator/range/range.h"
#include "orchestrator/range/virt.h"

/* The tap that one planned NIC is plugged in by. */
typedef struct {
    int tp_host;
    int tp_nic; /* index into ph_nics */
    char *tp_dev;
} InspectTap;

/* One inspection under way. */
typedef struct {
    virConnectPtr in_conn;
    const Plan *in_plan;
    const RangeConfig *in_config;
    json_t *in_rows;
    GPtrArray *in_taps; /* InspectTap */
} Inspection;

/* All rows (see range_inspect()); the caller owns them. NULL with error where libvirt
 * cannot be asked. Blocking, not on the loop thread. */
json_t *inspect(virConnectPtr conn, const Plan *plan, const RangeConfig *config,
                GError **error);

/* Adds a row. wrong: what is wrong, "" where all is well; good: what was seen then. */
void inspect_row(Inspection *inspection, const char *name, const char *wrong,
                 const char *good);

/* Adds another finding to a row's text. */
void inspect_wrong(GString *wrong, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The parts. */
gboolean inspect_networks(Inspection *inspection, GError **error);
gboolean inspect_domains(Inspection *inspection, GError **error);
void inspect_kernel(Inspection *inspection, const NetView *view);

#endif
