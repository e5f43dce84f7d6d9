#include "agents/images/internal.h"

#include <string.h>
#include <unistd.h>

/* Steps that images_job_step() tells of, to count them: kit 2, initramfs 1, disk 8. */
enum {
    STEPS_KIT = 2,
    STEPS_INITRD = 1,
    STEPS_DEBIAN = 8,
    STEPS_PATH = 2,
    STEPS_SEED = 1
};

typedef struct {
    ImagesJob job;
    const ImageSpec *spec;
    const char *agent;
    ImagesKey *key; /* over the keys of all parts */
    ImageResult result;
} Work;

static gboolean present(const char *home, const char *kind, const char *key)
{
    g_autofree char *path = key ? images_slot_path(home, kind, key) : NULL;

    return path && g_file_test(path, G_FILE_TEST_IS_DIR);
}

/* ---- the seed ---- */

static gboolean wants_seed(const ImageSpec *spec, const char *agent)
{
    return agent && (spec->seed || images_spec_base(spec) == IMAGES_PATH);
}

static gboolean build_seed(Work *work, GError **error)
{
    g_auto(ImagesSlot) slot = IMAGES_SLOT_INIT;
    g_autofree char *key = images_seed_key(work->agent, error);

    if (!key || !images_slot_open(&slot, &work->job, "seed", key, error))
        return FALSE;
    if (!slot.hit) {
        g_autofree char *iso = g_build_filename(slot.tmp, "seed.iso", NULL);
        images_job_step(&work->job, "cloud-init seed");
        if (!images_seed(work->agent, iso, work->job.cancel, error) ||
            !images_slot_commit(&slot, error))
            return FALSE;
    }
    images_key_text(work->key, "seed", key);
    work->result.seed = g_build_filename(slot.path, "seed.iso", NULL);
    return TRUE;
}

/* ---- kernel and initramfs: micro and debian ---- */

static char *initrd_path(const char *dir, const char *name)
{
    return g_build_filename(dir, name, NULL);
}

static gboolean build_initrd(Work *work, const char *kit, GError **error)
{
    g_auto(ImagesSlot) slot = IMAGES_SLOT_INIT;
    gboolean micro = images_spec_base(work->spec) == IMAGES_MICRO;
    g_autofree char *key = images_initramfs_key(kit, work->spec, work->agent, error);

    if (!key || !images_slot_open(&slot, &work->job, "initrd", key, error))
        return FALSE;
    if (!slot.hit) {
        images_job_step(&work->job, "initramfs");
        if (!images_initramfs_write(kit, work->spec, work->agent, slot.tmp, error) ||
            !images_slot_commit(&slot, error))
            return FALSE;
    }
    images_key_text(work->key, "initrd", key);
    work->result.kernel = g_build_filename(kit, "kernel", NULL);
    work->result.initrd = initrd_path(slot.path, micro ? "micro.img" : "disk.img");
    work->result.router_initrd =
        initrd_path(slot.path, micro ? "router.img" : "disk.img");
    return TRUE;
}

static gboolean build_booted(Work *work, GError **error)
{
    g_autofree char *kit = images_kit_build(&work->job, error);

    if (!kit || !build_initrd(work, kit, error))
        return FALSE;
    if (images_spec_base(work->spec) == IMAGES_MICRO)
        return TRUE;
    g_autofree char *key = images_debian_key(work->spec, error);
    if (!key)
        return FALSE;
    images_key_text(work->key, "disk", key);
    work->result.disk = images_debian_build(&work->job, work->spec, key, error);
    return work->result.disk &&
           (!wants_seed(work->spec, work->agent) || build_seed(work, error));
}

/* ---- by path ---- */

static gboolean build_by_path(Work *work, GError **error)
{
    g_autofree char *key = images_path_key(work->spec, error);

    if (!key)
        return FALSE;
    images_key_text(work->key, "disk", key);
    work->result.disk = images_path_build(&work->job, work->spec, key, error);
    return work->result.disk &&
           (!wants_seed(work->spec, work->agent) || build_seed(work, error));
}

/* ---- public ---- */

static int count_steps(const char *home, const ImageSpec *spec)
{
    g_autofree char *kit_key = images_kit_key(NULL);
    g_autofree char *disk_key = NULL;
    int kit = present(home, "kit", kit_key) ? 0 : STEPS_KIT;

    switch (images_spec_base(spec)) {
    case IMAGES_MICRO:
        return kit + STEPS_INITRD;
    case IMAGES_PATH:
        return STEPS_PATH;
    default:
        disk_key = images_debian_key(spec, NULL);
        return kit + STEPS_INITRD + (spec->seed ? STEPS_SEED : 0) +
               (present(home, "disk", disk_key) ? 0 : STEPS_DEBIAN);
    }
}

gboolean images_build(const char *home, const ImageSpec *spec, const char *agent_path,
                      ImagesProgress progress, void *data, GCancellable *cancel,
                      ImageResult *result, GError **error)
{
    if (!images_check(spec, error))
        return FALSE;
    Work work = {.job = {.home = home,
                         .image = spec->id,
                         .progress = progress,
                         .data = data,
                         .cancel = cancel,
                         .total = count_steps(home, spec)},
                 .spec = spec,
                 .agent = agent_path};
    g_autoptr(ImagesKey) key = images_key_new("image");
    work.key = key;
    gboolean ok = !images_job_cancelled(&work.job, error) &&
                  (images_spec_base(spec) == IMAGES_PATH ? build_by_path(&work, error)
                                                         : build_booted(&work, error));
    if (!ok) {
        image_result_clear(&work.result);
        return FALSE;
    }
    work.result.key = images_key_hex(key);
    *result = work.result;
    return TRUE;
}

gboolean images_cached(const char *home, const ImageSpec *spec, const char *agent_path)
{
    g_autofree char *disk = NULL, *seed = NULL;

    if (!images_check(spec, NULL))
        return FALSE;
    if (wants_seed(spec, agent_path)) {
        seed = images_seed_key(agent_path, NULL);
        if (!present(home, "seed", seed))
            return FALSE;
    }
    if (images_spec_base(spec) == IMAGES_PATH) {
        disk = images_path_key(spec, NULL);
        return present(home, "disk", disk);
    }
    g_autofree char *kit_key = images_kit_key(NULL);
    if (!present(home, "kit", kit_key))
        return FALSE;
    g_autofree char *kit = images_slot_path(home, "kit", kit_key);
    g_autofree char *initrd = images_initramfs_key(kit, spec, agent_path, NULL);
    if (!present(home, "initrd", initrd))
        return FALSE;
    if (images_spec_base(spec) == IMAGES_MICRO)
        return TRUE;
    disk = images_debian_key(spec, NULL);
    return present(home, "disk", disk);
}

char *images_cmdline(const ImageResult *result, gboolean emulated)
{
    if (!result->kernel)
        return NULL;
    g_autoptr(GString) line = g_string_new("console=ttyS0 quiet panic=5 net.ifnames=0"
                                           /* self-tests of the crypto code: 0.25 s */
                                           " cryptomgr.notests"
                                           /* against guests of one's own, at a price */
                                           " mitigations=off");
    /*
     * Without KVM's clock: no check of the timer and no watchdog over the TSC: on a busy
     * machine both fail, for the guest does not run all the time. Not nolapic_timer: it
     * spares 0.1 s of calibration, but the old timer can wait for 27 ms at most, and an
     * idle guest costs 2 % of a core instead of 0.6 %. Time is told by the PM timer: on a
     * busy machine the guest measures its TSC wrong (a clock 3.7 times too fast was
     * seen), and every clock, deadline and dead-man in it with that.
     */
    if (emulated)
        g_string_append(line, " no_timer_check tsc=reliable clocksource=acpi_pm");
    if (result->disk)
        g_string_append(line, " parry.root=/dev/vda systemd.show_status=false");
    return g_strdup(line->str);
}
