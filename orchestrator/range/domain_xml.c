#include "orchestrator/range/domain_xml.h"

#include "orchestrator/range/filter.h"
#include "orchestrator/range/tag.h"

#include <jansson.h>
#include <string.h>

/*
 * Not here, with the reasons:
 * - <memtune>: libvirt refuses it where it has no memory cgroup (the embedded host runs
 *   without cgroups and bounds QEMU otherwise).
 * - <seclabel>: the host's own default confines best (AppArmor under a system libvirt,
 *   the unprivileged account under the embedded one).
 * - vhost: packets stay in QEMU, which is confined, and out of the hypervisor's kernel.
 */

/* Of the translated code of an emulated guest; without a bound it grows to a gigabyte. */
#define TB_CACHE_MIB "32"

/*
 * Virtio devices sit on the root bus itself, in the order written: firmware and kernel
 * walk each PCIe root port that libvirt would put before a device (30 to 50 ms apiece
 * under emulation), and a guest's eth0 is the plan's first NIC. Slot 0 is the host
 * bridge, 31 the chipset; what finds no slot goes where libvirt likes.
 */
#define SLOT_FIRST 1
#define SLOT_LAST 30

/* The document, and what is left of the root bus. */
typedef struct {
    Xml *gu_xml;
    int gu_slot;
} Guest;

static void write_slot(Guest *guest)
{
    g_autofree char *slot = g_strdup_printf("0x%02x", guest->gu_slot);

    if (guest->gu_slot++ <= SLOT_LAST)
        xml_item(guest->gu_xml, "address", "type", "pci", "domain", "0x0000", "bus",
                 "0x00", "slot", slot, "function", "0x0", NULL);
}

static void write_os(Xml *xml, const RangeDomain *boot)
{
    xml_open(xml, "os", NULL);
    xml_open(xml, "type", "arch", "x86_64", "machine", "q35", NULL);
    xml_chars(xml, "hvm");
    xml_close(xml);
    if (boot->rd_kernel)
        xml_text(xml, "kernel", boot->rd_kernel);
    if (boot->rd_kernel && boot->rd_initrd)
        xml_text(xml, "initrd", boot->rd_initrd);
    if (boot->rd_kernel && boot->rd_cmdline)
        xml_text(xml, "cmdline", boot->rd_cmdline);
    xml_close(xml);
}

static void write_features(Xml *xml, gboolean emulated)
{
    xml_open(xml, "features", NULL);
    xml_item(xml, "acpi", NULL);
    xml_item(xml, "apic", NULL);
    if (emulated) {
        xml_open(xml, "tcg", NULL);
        xml_open(xml, "tb-cache", "unit", "MiB", NULL);
        xml_chars(xml, TB_CACHE_MIB);
        xml_close(xml);
        xml_close(xml);
    }
    xml_close(xml);
}

static void write_cpu(Xml *xml, const RangeConfig *config, gboolean emulated)
{
    const char *cpu = config->rg_cpu ? config->rg_cpu
                      : emulated     ? NULL
                                     : "host-passthrough";

    if (!cpu)
        return;
    if (g_str_equal(cpu, "host-passthrough") || g_str_equal(cpu, "host-model") ||
        g_str_equal(cpu, "maximum")) {
        xml_item(xml, "cpu", "mode", cpu, NULL);
        return;
    }
    xml_open(xml, "cpu", "mode", "custom", "match", "exact", "check", "none", NULL);
    xml_text(xml, "model", cpu);
    /* Without it an emulated guest's kernel waits seconds for its first random numbers.
     */
    if (emulated)
        xml_item(xml, "feature", "policy", "require", "name", "rdrand", NULL);
    xml_close(xml);
}

/*
 * cache=unsafe: overlays are disposable, and a guest's fsync must not stall 2 cores'
 * worth of drill. A killed QEMU loses no more than a power cut in the guest would; only a
 * crash of the hypervisor's kernel can spoil an overlay, and that ends the drill's guests
 * anyway. A guest's disk is bounded by the overlay's virtual size.
 */
static void write_disk(Guest *guest, const char *file, const char *format,
                       const char *dev, gboolean readonly, gboolean boots)
{
    Xml *xml = guest->gu_xml;

    xml_open(xml, "disk", "type", "file", "device", "disk", NULL);
    xml_item(xml, "driver", "name", "qemu", "type", format, "cache", "unsafe", "discard",
             "unmap", NULL);
    xml_item(xml, "source", "file", file, NULL);
    xml_item(xml, "target", "dev", dev, "bus", "virtio", NULL);
    if (readonly)
        xml_item(xml, "readonly", NULL);
    if (boots)
        xml_item(xml, "boot", "order", "1", NULL);
    write_slot(guest);
    xml_close(xml);
}

static void write_nic(Guest *guest, const Plan *plan, int host, int index)
{
    const PlanHost *owner = g_ptr_array_index(plan->p_hosts, host);
    const PlanNic *nic = g_ptr_array_index(owner->ph_nics, index);
    const PlanNetwork *net = g_ptr_array_index(plan->p_networks, nic->ni_network);

    Xml *xml = guest->gu_xml;

    xml_open(xml, "interface", "type", "network", NULL);
    xml_item(xml, "mac", "address", nic->ni_mac, NULL);
    xml_item(xml, "source", "network", net->pn_libvirt, NULL);
    xml_item(xml, "model", "type", "virtio", NULL);
    xml_item(xml, "driver", "name", "qemu", NULL);
    if (filter_needed(plan, nic)) {
        g_autofree char *port = filter_port(plan, host, index);

        /* The name that the filter's rules are for; libvirt makes one up otherwise. */
        xml_item(xml, "target", "dev", port, NULL);
    }
    if (nic->ni_isolated)
        xml_item(xml, "port", "isolated", "yes", NULL);
    /* No guest boots from a drill's network: the firmware need not try. */
    xml_item(xml, "rom", "enabled", "no", NULL);
    write_slot(guest);
    xml_close(xml);
}

/* A tap on no bridge: to QEMU and the guest the same card as a planned one. */
static void write_loose_nic(Guest *guest)
{
    Xml *xml = guest->gu_xml;

    xml_open(xml, "interface", "type", "ethernet", NULL);
    xml_item(xml, "model", "type", "virtio", NULL);
    xml_item(xml, "driver", "name", "qemu", NULL);
    xml_item(xml, "rom", "enabled", "no", NULL);
    write_slot(guest);
    xml_close(xml);
}

/*
 * With a socket somebody may type there. What the guest writes goes to the log whether or
 * not anybody is connected, and is dropped where nobody is: it never waits.
 */
static void write_console(Xml *xml, const char *file, const char *socket)
{
    xml_open(xml, "serial", "type", socket ? "unix" : "file", NULL);
    if (socket) {
        xml_item(xml, "source", "mode", "bind", "path", socket, NULL);
        xml_item(xml, "log", "file", file, "append", "on", NULL);
    } else {
        xml_item(xml, "source", "path", file, "append", "on", NULL);
    }
    xml_item(xml, "target", "type", "isa-serial", "port", "0", NULL);
    xml_close(xml);
}

/* The agents' ports hang on it. */
static void write_ports(Guest *guest)
{
    xml_open(guest->gu_xml, "controller", "type", "virtio-serial", "index", "0", NULL);
    write_slot(guest);
    xml_close(guest->gu_xml);
}

static void write_guest_agent(Xml *xml, const char *socket)
{
    xml_open(xml, "channel", "type", "unix", NULL);
    xml_item(xml, "source", "mode", "bind", "path", socket, NULL);
    xml_item(xml, "target", "type", "virtio", "name", DOMAIN_GUEST_AGENT, NULL);
    xml_close(xml);
}

/* QEMU connects to the hub, and again by itself 1 s after it went away. */
static void write_channel(Xml *xml, const char *socket)
{
    xml_open(xml, "channel", "type", "unix", NULL);
    xml_open(xml, "source", "mode", "connect", "path", socket, NULL);
    xml_item(xml, "reconnect", "enabled", "yes", "timeout", "1", NULL);
    xml_close(xml);
    xml_item(xml, "target", "type", "virtio", "name", DOMAIN_CHANNEL, NULL);
    xml_close(xml);
}

/* Entropy, at most 64 KiB a second: a guest cannot keep a core busy with it. */
static void write_rng(Guest *guest)
{
    Xml *xml = guest->gu_xml;

    xml_open(xml, "rng", "model", "virtio", NULL);
    xml_item(xml, "rate", "bytes", "65536", "period", "1000", NULL);
    xml_open(xml, "backend", "model", "random", NULL);
    xml_chars(xml, "/dev/urandom");
    xml_close(xml);
    write_slot(guest);
    xml_close(xml);
}

/* NICs first: their order on the bus is then that of the plan, with or without disks. */
static void write_devices(Xml *xml, const Plan *plan, int host, const RangeDomain *boot)
{
    const PlanHost *owner = g_ptr_array_index(plan->p_hosts, host);
    Guest guest = {xml, SLOT_FIRST};

    xml_open(xml, "devices", NULL);
    xml_item(xml, "controller", "type", "usb", "model", "none", NULL);
    for (guint i = 0; i < owner->ph_nics->len; i++)
        if (boot->rd_golden)
            write_loose_nic(&guest);
        else
            write_nic(&guest, plan, host, (int)i);
    if (boot->rd_disk)
        write_disk(&guest, boot->rd_disk, "qcow2", "vda", FALSE, !boot->rd_kernel);
    if (boot->rd_seed)
        write_disk(&guest, boot->rd_seed, "raw", "vdb", TRUE, FALSE);
    if (boot->rd_console)
        write_console(xml, boot->rd_console, boot->rd_serial);
    if (boot->rd_channel || boot->rd_guest_agent)
        write_ports(&guest);
    if (boot->rd_channel)
        write_channel(xml, boot->rd_channel);
    if (boot->rd_guest_agent)
        write_guest_agent(xml, boot->rd_guest_agent);
    write_rng(&guest);
    xml_item(xml, "memballoon", "model", "none", NULL);
    xml_close(xml);
}

/*
 * One name for the RAM of every guest, whatever it is made of, so that each can be
 * restored from what any other saved. libvirt's own block is there as well, and nobody
 * uses it.
 */
char **domain_ram_args(const PlanHost *host, const char *ram)
{
    const char *type = ram                  ? "memory-backend-file"
                       : host->ph_hugepages ? "memory-backend-memfd"
                                            : "memory-backend-ram";
    json_t *object = json_pack("{s:s, s:s, s:I}", "qom-type", type, "id", DOMAIN_RAM,
                               "size", (json_int_t)host->ph_memory);
    char **args = g_new0(char *, 5);

    if (ram) {
        json_object_set_new(object, "mem-path", json_string(ram));
        json_object_set_new(object, "share", json_false());
    } else if (host->ph_hugepages) {
        json_object_set_new(object, "hugetlb", json_true());
        json_object_set_new(object, "prealloc", json_true()); /* or it does not start */
    }
    char *text = json_dumps(object, JSON_COMPACT);
    args[0] = g_strdup("-object");
    args[1] = g_strdup(text);
    args[2] = g_strdup("-machine");
    args[3] = g_strdup("memory-backend=" DOMAIN_RAM);
    free(text);
    json_decref(object);
    return args;
}

static void write_ram(Xml *xml, const PlanHost *host, const char *ram)
{
    g_auto(GStrv) args = domain_ram_args(host, ram);

    xml_open(xml, "commandline", "xmlns", DOMAIN_QEMU_XMLNS, NULL);
    for (char **arg = args; *arg; arg++)
        xml_item(xml, "arg", "value", *arg, NULL);
    xml_close(xml);
}

char *domain_name(const PlanHost *host, gboolean golden)
{
    return g_strconcat(host->ph_domain, golden ? "-golden" : NULL, NULL);
}

char *domain_uuid(const PlanHost *host, gboolean golden)
{
    return golden ? tag_uuid5(host->ph_uuid, "golden") : g_strdup(host->ph_uuid);
}

/* All but whose it is. */
static void write_machine(Xml *xml, const Plan *plan, const RangeConfig *config, int host,
                          const RangeDomain *boot)
{
    const PlanHost *owner = g_ptr_array_index(plan->p_hosts, host);
    gboolean emulated = !g_str_equal(config->rg_accel, "kvm");

    xml_open(xml, "memory", "unit", "b", NULL);
    xml_decimal(xml, owner->ph_memory);
    xml_close(xml);
    xml_open(xml, "vcpu", NULL);
    xml_decimal(xml, (guint64)MAX(owner->ph_cpus, 1));
    xml_close(xml);
    write_os(xml, boot);
    write_features(xml, emulated);
    write_cpu(xml, config, emulated);
    xml_open(xml, "clock", "offset", "utc", NULL);
    xml_item(xml, "timer", "name", "hpet", "present", "no",
             NULL); /* costs time at boot */
    xml_close(xml);
    xml_text(xml, "on_poweroff", "destroy");
    xml_text(xml, "on_reboot", "restart");
    xml_text(xml, "on_crash", "destroy");
    write_devices(xml, plan, host, boot);
    write_ram(xml, owner, boot->rd_ram);
}

static void open_domain(Xml *xml, const RangeConfig *config)
{
    xml_open(xml, "domain", "type", g_str_equal(config->rg_accel, "kvm") ? "kvm" : "qemu",
             NULL);
}

char *domain_shape(const Plan *plan, const RangeConfig *config, int host,
                   const RangeDomain *boot)
{
    RangeDomain loose = *boot;
    Xml *xml = xml_new();

    loose.rd_golden = TRUE;
    open_domain(xml, config);
    write_machine(xml, plan, config, host, &loose);
    xml_close(xml);
    return xml_finish(xml);
}

char *domain_xml(const Plan *plan, const RangeConfig *config, int host,
                 const RangeDomain *boot)
{
    const PlanHost *owner = g_ptr_array_index(plan->p_hosts, host);
    g_autofree char *name = domain_name(owner, boot->rd_golden);
    g_autofree char *uuid = domain_uuid(owner, boot->rd_golden);
    Xml *xml = xml_new();

    open_domain(xml, config);
    xml_text(xml, "name", name);
    xml_text(xml, "uuid", uuid);
    tag_write(xml, config->rg_drill, owner->ph_id);
    write_machine(xml, plan, config, host, boot);
    xml_close(xml);
    return xml_finish(xml);
}
