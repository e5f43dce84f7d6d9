#include "orchestrator/daemon/boot.h"

#include <string.h>

char *boot_path(Daemon *d, int host, const char *dir, const char *ext)
{
    g_autofree char *name =
        g_strconcat(plan_host(d->dm_plan, host)->ph_domain, ext, NULL);

    return g_build_filename(d->dm_dir, dir, name, NULL);
}

char *boot_channel(Daemon *d, int host)
{
    g_autofree char *name = g_strdup_printf("%d.sock", host);

    return g_build_filename(d->dm_dir, "run", "a", name, NULL);
}

void boot_init(Boot *boot, Daemon *d, const ImageResult *image, int host)
{
    const PlanHost *plan = plan_host(d->dm_plan, host);

    *boot = (Boot){.bo_channel = boot_channel(d, host),
                   .bo_console = boot_path(d, host, "logs", ".log")};
    if (image->kernel)
        boot->bo_cmdline = images_cmdline(image, strcmp(d->dm_accel, "kvm") != 0);
    if (image->disk)
        boot->bo_disk = boot_path(d, host, "disks", ".qcow2");
    boot->bo_domain = (RangeDomain){
        .rd_kernel = image->kernel,
        .rd_initrd = plan->ph_router ? image->router_initrd : image->initrd,
        .rd_cmdline = boot->bo_cmdline,
        .rd_disk = boot->bo_disk,
        .rd_seed = image->seed,
        .rd_channel = plan->ph_agent == AGENT_NONE ? NULL : boot->bo_channel,
        .rd_console = boot->bo_console,
    };
}

void boot_clear(Boot *boot)
{
    g_free(boot->bo_channel);
    g_free(boot->bo_console);
    g_free(boot->bo_cmdline);
    g_free(boot->bo_disk);
    memset(boot, 0, sizeof(*boot));
}
