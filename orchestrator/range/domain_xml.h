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

/* XML for virDomainCreateXML(); the caller frees it. Of config: rg_accel, rg_cpu,
 * rg_drill. */
char *domain_xml(const Plan *plan, const RangeConfig *config, int host,
                 const RangeDomain *boot);

#endif
