/*
 * The definition of a guest. It gets what a drill needs and nothing more: disks, the
 * planned NICs, a console that is written to a file, one channel for the agent, entropy.
 * No USB, graphics, balloon, host device, shared folder: each is surface that a hostile
 * guest could work on.
 *
 * Domains are transient (virDomainCreateXML): a guest that ends is gone, and a crashed
 * daemon or a stopped host leaves no definition behind. The journal, not libvirt, knows
 * which guests there should be.
 */
#ifndef PARRY_RANGE_DOMAIN_XML_H
#define PARRY_RANGE_DOMAIN_XML_H

#include "orchestrator/range/range.h"

/* The names of the virtio ports that the agent and qemu-guest-agent open in the guest. */
#define DOMAIN_CHANNEL "org.parry.agent.0"
#define DOMAIN_GUEST_AGENT "org.qemu.guest_agent.0"

/* The block of a guest's RAM, as QEMU calls it in what it saves. */
#define DOMAIN_RAM "parry.ram"

/* A host's domain, or the golden guest in its shape; the caller frees them. */
char *domain_name(const PlanHost *host, gboolean golden);
char *domain_uuid(const PlanHost *host, gboolean golden);

/* The same XML without name, UUID and tag, its NICs plugged into nothing: equal for
 * guests of one shape. */
char *domain_shape(const Plan *plan, const RangeConfig *config, int host,
                   const RangeDomain *boot);

/* What QEMU is told besides what libvirt has words for: where the guest's RAM is. JSON
 * and all, for <qemu:arg>; g_strfreev() it. ram: rd_ram. */
#define DOMAIN_QEMU_XMLNS "http://libvirt.org/schemas/domain/qemu/1.0"
char **domain_ram_args(const PlanHost *host, const char *ram);

/* XML for virDomainCreateXML(); the caller frees it. Of config: rg_accel, rg_cpu,
 * rg_drill. */
char *domain_xml(const Plan *plan, const RangeConfig *config, int host,
                 const RangeDomain *boot);

#endif
