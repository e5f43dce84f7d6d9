#include "orchestrator/daemon/boot.h"

#include <string.h>

char *boot_path(Daemon *d, int host, const char *dir, const char *ext)
{
    g_autofree char *name =
        g_strconcat(plan_host(d->dm_plan, host)->ph_domain, ext, NULL);

    return g_build_filename(d->dm_dir, dir, name, NULL);
}

static char *socket_path(Daemon *d, const char *dir, int host)
{
    g_autofree char *name = g_strdup_printf("%d.sock", host);

    return g_build_filename(d->dm_dir, "run", dir, name, NULL);
}

char *boot_channel(Daemon *d, int host)
{
    return socket_path(d, "a", host);
}

/* NULL where the image boots by itself. */
static char *boot_line(const Daemon *d, const ImageResult *image, PlanAgent way)
{
    g_autofree char *line =
        image->kernel ? images_cmdline(image, strcmp(d->dm_accel, "kvm") != 0) : NULL;

    return !line || way == AGENT_INITRAMFS ? g_steal_pointer(&line)
                                           : g_strconcat(line, " " IMAGES_NO_AGENT, NULL);
}

void boot_init(Boot *boot, Daemon *d, const ImageResult *image, int host)
{
    const PlanHost *plan = plan_host(d->dm_plan, host);

    PlanAgent way = plan_agent_way(d->dm_plan, plan);

    *boot = (Boot){.bo_channel = boot_channel(d, host),
                   .bo_serial = socket_path(d, "s", host),
                   .bo_guest = socket_path(d, "g", host),
                   .bo_cmdline = boot_line(d, image, way),
                   .bo_console = boot_path(d, host, "logs", ".log")};
    if (image->disk)
        boot->bo_disk = boot_path(d, host, "disks", ".qcow2");
    boot->bo_domain = (RangeDomain){
        .rd_kernel = image->kernel,
        .rd_initrd = plan->ph_router ? image->router_initrd : image->initrd,
        .rd_cmdline = boot->bo_cmdline,
        .rd_disk = boot->bo_disk,
        .rd_seed = way == AGENT_SEED ? image->seed : NULL,
        .rd_channel = way == AGENT_NONE ? NULL : boot->bo_channel,
        .rd_console = boot->bo_console,
        .rd_serial = boot->bo_serial,
        .rd_guest_agent = way == AGENT_GUEST_AGENT ? boot->bo_guest : NULL,
    };
}

void boot_clear(Boot *boot)
{
    g_free(boot->bo_channel);
    g_free(boot->bo_serial);
    g_free(boot->bo_guest);
    g_free(boot->bo_console);
    g_free(boot->bo_cmdline);
    g_free(boot->bo_disk);
    memset(boot, 0, sizeof(*boot));
}
