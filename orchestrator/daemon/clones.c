#include "orchestrator/daemon/clones_priv.h"

#include "orchestrator/daemon/boot.h"
#include "orchestrator/daemon/drill.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/personalise.h"
#include "orchestrator/daemon/provision.h"
#include "orchestrator/daemon/resets.h"
#include "orchestrator/range/domain_xml.h"
#include "orchestrator/range/save_split.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/random.h>

/* What the cache's entries are made by: when it changes, older ones are not taken. */
#define RECIPE 3

#define IDENTITY_US (120 * G_USEC_PER_SEC)
#define SETTLE_MS 120000
#define SEED_BYTES 64

/* The settle order's id. Nothing else has it, neither in this drill nor in one that takes
 * the golden guest out of the cache: its agent remembers the answer. */
#define SETTLE_ID (((gint64)1 << 52) + 1)
#define SETTLE_HAS_KEYS 10

static const char *const group_words[] = {
    [GROUP_LOOKUP] = "looked up", [GROUP_BOOT] = "boots",     [GROUP_SETTLE] = "settles",
    [GROUP_SAVE] = "is saved",    [GROUP_READY] = "is ready", [GROUP_FAILED] = "failed",
};

static void group_free(gpointer data)
{
    Group *group = data;

    if (group->gr_late)
        event_free(group->gr_late);
    golden_clear(&group->gr_golden);
    g_array_unref(group->gr_waiting);
    g_clear_error(&group->gr_error);
    g_free(group->gr_shape);
    g_free(group->gr_key);
    g_free(group->gr_overlay);
    g_free(group->gr_saved);
    g_free(group->gr_reason);
    g_free(group);
}

static void past_clear(gpointer data)
{
    g_free(((Past *)data)->pa_key);
}

Clones *clones_new(Daemon *d)
{
    Clones *clones = g_new0(Clones, 1);

    clones->cl_daemon = d;
    clones->cl_groups = g_ptr_array_new_with_free_func(group_free);
    clones->cl_runs = g_new0(CloneRun, d->dm_plan->p_hosts->len + 1);
    clones->cl_proof = clone_proof_new(d->dm_plan);
    clones->cl_past = g_array_new(FALSE, TRUE, sizeof(Past));
    g_array_set_clear_func(clones->cl_past, past_clear);
    return clones;
}

void clones_free(Clones *clones)
{
    if (!clones)
        return;
    for (guint i = 0; i < clones->cl_daemon->dm_plan->p_hosts->len; i++) {
        g_free(clones->cl_runs[i].cr_reason);
        g_free(clones->cl_runs[i].cr_key);
    }
    g_array_unref(clones->cl_past);
    g_ptr_array_unref(clones->cl_groups);
    clone_proof_free(clones->cl_proof);
    g_free(clones->cl_runs);
    g_free(clones->cl_off);
    g_free(clones);
}

void clones_disable(Clones *clones, const char *reason)
{
    if (clones->cl_off)
        return;
    daemon_event(clones->cl_daemon, "clones.off/1", "white", -1, -1, 0,
                 json_pack("{s:s}", "reason", reason));
    clones->cl_off = g_strdup(reason);
}

const Golden *clones_golden(const Clones *clones, int host)
{
    const Group *group = clones ? clones->cl_runs[host].cr_group : NULL;

    return group && group->gr_state == GROUP_READY ? &group->gr_golden : NULL;
}

/* Only a QEMU that a guest has taken writes there. */
const char *clones_ram(Clones *clones, int host)
{
    Group *group = clones ? clones->cl_runs[host].cr_group : NULL;
    g_autoptr(GError) error = NULL;

    if (!group || group->gr_state != GROUP_READY)
        return NULL;
    if (golden_touched(&group->gr_golden)) {
        g_warning("%s: somebody wrote to it; it is made anew",
                  group->gr_golden.go_mapped);
        if (!clones_pin(group, &error))
            g_warning("%s", error->message);
    }
    return group->gr_golden.go_mapped;
}

const char *clones_reason(const Clones *clones, int host)
{
    const char *reason = clones ? clones->cl_runs[host].cr_reason : NULL;

    return reason ? reason : "";
}

void clones_boots(Clones *clones, int host, const char *reason)
{
    CloneRun *run = &clones->cl_runs[host];

    if (run->cr_group)
        run->cr_group->gr_hosts--;
    run->cr_group = NULL;
    g_free(run->cr_reason);
    run->cr_reason = g_strdup(reason);
}

void clones_give_up(Clones *clones, int host, const char *reason)
{
    daemon_event(clones->cl_daemon, "clone.failed/1", "parryd", -1, host, 0,
                 json_pack("{s:s}", "reason", reason));
    clones_boots(clones, host, reason);
    clone_proof_forget(clones->cl_proof, host);
}

guint32 clones_epoch(Clones *clones, int host)
{
    return clones ? ++clones->cl_runs[host].cr_epoch : 1;
}

/* ---- a group's end ---- */

/* The daemon is ending: provisioning is gone, and with it all that would go on. */
static gboolean ending(const Group *group)
{
    const Daemon *d = group->gr_clones->cl_daemon;

    return !d->dm_provision || !provision_active(d->dm_provision);
}

void clones_remove_files(const char *saved, const char *overlay)
{
    if (saved)
        g_unlink(saved);
    if (overlay)
        g_unlink(overlay);
}

static void release(Group *group)
{
    Daemon *d = group->gr_clones->cl_daemon;
    g_autoptr(GArray) waiting = group->gr_waiting;

    group->gr_waiting = g_array_new(FALSE, FALSE, sizeof(int));
    for (guint i = 0; i < waiting->len; i++) {
        int host = g_array_index(waiting, int, i);

        if (group->gr_state == GROUP_FAILED)
            clones_boots(group->gr_clones, host, group->gr_reason);
        provision_station_go(d->dm_provision, host);
    }
}

void clones_group_take(Group *group)
{
    group->gr_state = GROUP_READY;
    group->gr_keys = json_is_true(json_object_get(group->gr_golden.go_about, "ssh_keys"));
}

static void group_ready(Group *group)
{
    Daemon *d = group->gr_clones->cl_daemon;
    gint64 took = clock_boottime_us() - group->gr_began_us;

    clones_group_take(group);
    daemon_event(d, "golden.done/1", "parryd", -1, -1, group->gr_seq,
                 json_pack("{s:s, s:b, s:b, s:I, s:I}", "golden", group->gr_key, "cached",
                           group->gr_cached, "ssh_keys", group->gr_keys, "bytes",
                           (json_int_t)group->gr_golden.go_bytes, "dur_us",
                           (json_int_t)took));
    release(group);
}

static void group_failed(Group *group, const char *reason)
{
    Daemon *d = group->gr_clones->cl_daemon;

    if (ending(group) || group->gr_state == GROUP_FAILED)
        return;
    if (group->gr_late)
        evtimer_del(group->gr_late);
    if (group->gr_state > GROUP_LOOKUP)
        range_golden_destroy(d->dm_range, group->gr_host, NULL, NULL);
    group->gr_state = GROUP_FAILED;
    group->gr_reason = g_strdup_printf("its golden guest: %s", reason);
    daemon_event(d, "golden.failed/1", "parryd", -1, -1, group->gr_seq,
                 json_pack("{s:s}", "reason", reason));
    clones_remove_files(group->gr_saved, group->gr_overlay);
    release(group);
}

static void say_waiting(Group *group, const char *what)
{
    for (guint i = 0; i < group->gr_waiting->len; i++)
        hosts_set(group->gr_clones->cl_daemon->dm_hosts,
                  g_array_index(group->gr_waiting, int, i), HOST_CREATE, what);
}

/* ---- a golden guest is made: save and keep ---- */

/* Under a libvirt that is not ours QEMU may be kept from files that libvirt does not know
 * of; huge pages are no file's. */
static gboolean ram_apart(const Group *group)
{
    const Daemon *d = group->gr_clones->cl_daemon;

    return !d->dm_connect && !plan_host(d->dm_plan, group->gr_host)->ph_hugepages;
}

static gboolean keep_memory(Group *group, const char *dir, GError **error)
{
    g_autofree char *memory = g_build_filename(dir, "memory", NULL);
    g_autofree char *ram = g_build_filename(dir, "ram", NULL);
    g_autoptr(GError) why = NULL;

    if (ram_apart(group)) {
        if (save_image_split(group->gr_saved, DOMAIN_RAM, memory, ram, &why))
            return TRUE;
        if (why->code != SAVE_IMAGE_ERROR_FORMAT) {
            g_propagate_error(error, g_steal_pointer(&why));
            return FALSE;
        }
        g_warning("golden guest %s is kept whole: %s", group->gr_key, why->message);
    }
    return save_image_rewrite(group->gr_saved, memory, NULL, NULL, error);
}

static gboolean keep_files(Group *group, const char *dir, GError **error)
{
    g_autofree char *disk = g_build_filename(dir, "disk.qcow2", NULL);

    if (!keep_memory(group, dir, error))
        return FALSE;
    if (!group->gr_overlay || rename(group->gr_overlay, disk) == 0)
        return TRUE;
    g_set_error(error, GOLDEN_ERROR, errno, "%s: rename to %s: %s", group->gr_overlay,
                disk, g_strerror(errno));
    return FALSE;
}

gboolean clones_pin(Group *group, GError **error)
{
    const Daemon *d = group->gr_clones->cl_daemon;
    g_autofree char *disks = g_build_filename(d->dm_dir, "disks", NULL);

    return golden_pin(&group->gr_golden, disks, provision_qemu_uid(d->dm_provision),
                      error);
}

static void keep_work(gpointer data)
{
    Group *group = data;
    const Daemon *d = group->gr_clones->cl_daemon;
    json_t *about = json_pack("{s:b}", "ssh_keys", group->gr_keys);
    g_autofree char *dir = golden_begin(d->dm_home, group->gr_key, &group->gr_error);
    GError **error = &group->gr_error;

    if (dir && keep_files(group, dir, error) &&
        golden_commit(d->dm_home, group->gr_key, dir, about, &group->gr_golden, error) &&
        clones_pin(group, error))
        golden_gc(d->dm_home, GOLDEN_LIMIT, FALSE, NULL, NULL, error);
    else if (dir)
        drill_remove_tree(dir, NULL);
    json_decref(about);
    g_unlink(group->gr_saved);
}

static void keep_done(gpointer data, gboolean ran)
{
    Group *group = data;

    if (!ran || ending(group))
        return;
    if (group->gr_error)
        group_failed(group, group->gr_error->message);
    else
        group_ready(group);
}

static void on_saved(const GError *error, gpointer data)
{
    Group *group = data;
    Daemon *d = group->gr_clones->cl_daemon;

    if (ending(group))
        return;
    if (error)
        group_failed(group, error->message);
    else
        pool_run(provision_pool(d->dm_provision), POOL_SOON, keep_work, keep_done, group);
}

static void save(Group *group)
{
    RangeSave how = {
        .sv_host = group->gr_host, .sv_golden = TRUE, .sv_path = group->gr_saved};

    group->gr_state = GROUP_SAVE;
    evtimer_del(group->gr_late);
    say_waiting(group, "its golden guest is saved");
    range_save(group->gr_clones->cl_daemon->dm_range, &how, on_saved, group);
}

/* ---- a golden guest is made: boot and settle ---- */

/*
 * Until the boot is over, what is left of it would be done in every clone. Then memory
 * that is free is filled with zeros: what the boot left there would be saved, read and
 * held in memory for every clone. Without room for it, or a tmpfs, all is well too. The
 * second is the agent's: an empty line that comes sooner after its hello it takes for its
 * own, and by one it is asked for another hello when it is a clone.
 */
static const char settle_script[] =
    "if [ -d /run/systemd/system ]; then\n"
    "  systemctl is-system-running --wait >/dev/null 2>&1\n"
    "fi\n"
    "sync\n"
    "sleep 1\n"
    "free=0\n"
    "while read -r key value unit; do\n"
    "  [ \"$key\" = MemFree: ] && free=$value\n"
    "done </proc/meminfo\n"
    "z=/run/parry/zeros\n"
    "if [ \"$free\" -gt 12288 ] && mkdir -p $z; then\n"
    "  if mount -t tmpfs -o size=$((free - 8192))k none $z 2>/dev/null; then\n"
    "    dd if=/dev/zero of=$z/all bs=64k >/dev/null 2>&1\n"
    "    umount $z\n"
    "  fi\n"
    "  rmdir $z\n"
    "fi\n"
    "for key in /etc/ssh/ssh_host_*_key; do\n"
    "  [ -e \"$key\" ] && exit 10\n"
    "done\n"
    "exit 0\n";

static void arm(Group *group, gint64 us)
{
    struct timeval tv = {us / G_USEC_PER_SEC, us % G_USEC_PER_SEC};

    evtimer_add(group->gr_late, &tv);
}

static void settle(Group *group)
{
    json_t *order =
        json_pack("{s:s, s:I, s:s, s:i}", "k", "order", "id", (json_int_t)SETTLE_ID,
                  "script", settle_script, "timeout_ms", SETTLE_MS);

    group->gr_state = GROUP_SETTLE;
    arm(group, (gint64)SETTLE_MS * 1000 + 20 * G_USEC_PER_SEC);
    say_waiting(group, "its golden guest settles");
    daemon_send(group->gr_clones->cl_daemon, group->gr_host, order);
}

static void settled(Group *group, const struct hub_result *result)
{
    if (result->id != (guint64)SETTLE_ID || group->gr_state != GROUP_SETTLE)
        return;
    if (result->status != HUB_DONE || (result->exit != 0 && result->exit != 10)) {
        g_autofree char *reason = g_strdup_printf(
            "the script that settles it ended with %d", (int)result->exit);

        group_failed(group, reason);
        return;
    }
    group->gr_keys = result->exit == SETTLE_HAS_KEYS;
    save(group);
}

static Group *speaking_for(const Clones *clones, int host)
{
    for (guint i = 0; clones && i < clones->cl_groups->len; i++) {
        Group *group = clones->cl_groups->pdata[i];

        if (group->gr_host == host && group->gr_state >= GROUP_BOOT &&
            group->gr_state <= GROUP_SAVE)
            return group;
    }
    return NULL;
}

gboolean clones_record(Clones *clones, const struct hub_head *head, const void *body,
                       const void *tail)
{
    Group *group = speaking_for(clones, (int)head->rc_host);

    (void)tail;
    if (!group)
        return FALSE;
    if (head->rc_type == HUB_HELLO && group->gr_state == GROUP_BOOT)
        settle(group);
    else if (head->rc_type == HUB_RESULT)
        settled(group, body);
    return TRUE;
}

static void on_late(evutil_socket_t fd, short what, void *data)
{
    Group *group = data;

    (void)fd;
    (void)what;
    group_failed(group, group->gr_state == GROUP_BOOT ? "its agent said no hello in time"
                                                      : "it did not settle in time");
}

static void on_booting(const GError *error, gpointer data)
{
    Group *group = data;

    if (!ending(group) && error)
        group_failed(group, error->message);
}

static void boot(Group *group)
{
    Daemon *d = group->gr_clones->cl_daemon;
    g_autofree char *console = boot_path(d, group->gr_host, "logs", "-golden.log");
    g_auto(Boot) boot;

    boot_init(&boot, d, provision_image(d->dm_provision, group->gr_host), group->gr_host);
    boot.bo_domain.rd_golden = TRUE;
    boot.bo_domain.rd_console = console;
    boot.bo_domain.rd_disk = group->gr_overlay;
    range_domain_create(d->dm_range, group->gr_host, &boot.bo_domain, on_booting, group);
}

static void golden_want(Group *group)
{
    Daemon *d = group->gr_clones->cl_daemon;
    g_autofree char *channel = boot_channel(d, group->gr_host);
    g_autoptr(GError) error = NULL;

    group->gr_state = GROUP_BOOT;
    if (!link_listen(d->dm_link, group->gr_host, channel,
                     provision_qemu_uid(d->dm_provision),
                     clones_epoch(group->gr_clones, group->gr_host), &error)) {
        group_failed(group, error->message);
        return;
    }
    group->gr_late = evtimer_new(d->dm_base, on_late, group);
    arm(group, provision_hello_us(d->dm_provision));
    say_waiting(group, "its golden guest boots");
    boot(group);
}

/* ---- the cache ---- */

/* Under KVM a guest knows its processor. */
static char *processor(const Daemon *d)
{
    g_autofree char *text = NULL;
    const char *flags;

    if (strcmp(d->dm_accel, "kvm") != 0 ||
        !g_file_get_contents("/proc/cpuinfo", &text, NULL, NULL))
        return g_strdup("");
    flags = strstr(text, "flags");
    return g_strndup(flags ? flags : "", flags ? strcspn(flags, "\n") : 0);
}

static char *key_of(Group *group, GError **error)
{
    const Daemon *d = group->gr_clones->cl_daemon;
    const PlanHost *host = plan_host(d->dm_plan, group->gr_host);
    const ImageResult *image = provision_image(d->dm_provision, group->gr_host);
    g_autofree char *versions = range_versions(d->dm_uri, error);
    g_autofree char *cpu = processor(d);
    json_t *what;

    if (!versions)
        return NULL;
    what = json_pack("{s:i, s:s, s:s, s:s, s:s, s:I, s:b}", "recipe", RECIPE, "image",
                     image->key, "shape", group->gr_shape, "versions", versions, "cpu",
                     cpu, "disk", (json_int_t)host->ph_disk, "apart", ram_apart(group));
    char *key = golden_key(what);
    json_decref(what);
    return key;
}

static void lookup_work(gpointer data)
{
    Group *group = data;
    const Daemon *d = group->gr_clones->cl_daemon;
    const PlanHost *host = plan_host(d->dm_plan, group->gr_host);
    const ImageResult *image = provision_image(d->dm_provision, group->gr_host);
    g_autoptr(GError) spoilt = NULL;
    GError **error = &group->gr_error;

    group->gr_key = key_of(group, error);
    if (!group->gr_key)
        return;
    group->gr_cached = golden_find(d->dm_home, group->gr_key, &group->gr_golden, &spoilt);
    if (spoilt)
        g_warning("%s", spoilt->message);
    if (group->gr_cached)
        clones_pin(group, error);
    else if (group->gr_overlay)
        images_overlay(image->disk, group->gr_overlay, host->ph_disk, error);
}

static void lookup_done(gpointer data, gboolean ran)
{
    Group *group = data;

    if (!ran || ending(group))
        return;
    if (group->gr_error)
        group_failed(group, group->gr_error->message);
    else if (group->gr_cached)
        group_ready(group);
    else
        golden_want(group);
}

static void lookup(Daemon *d, gint64 seq, gpointer data)
{
    Group *group = data;

    (void)seq;
    if (!ending(group))
        pool_run(provision_pool(d->dm_provision), POOL_SOON, lookup_work, lookup_done,
                 group);
}

/* ---- which hosts ---- */

/* Why such a host cannot be a clone, or NULL. */
static const char *obstacle(const Clones *clones, const PlanHost *host,
                            const ImageResult *image)
{
    if (clones->cl_off)
        return clones->cl_off;
    switch (plan_agent_way(clones->cl_daemon->dm_plan, host)) {
    case AGENT_INITRAMFS:
        break;
    case AGENT_NONE:
        return "it has no agent that could make it itself";
    default:
        return "its agent comes into it after it has booted";
    }
    if (!image->kernel)
        return "its image boots by itself and sets itself up at its first boot";
    return NULL;
}

static char *shape_of(Daemon *d, int host)
{
    const ImageResult *image = provision_image(d->dm_provision, host);
    g_auto(Boot) boot;

    boot_init(&boot, d, image, host);
    boot.bo_domain.rd_channel = "channel";
    boot.bo_domain.rd_serial = "serial";
    boot.bo_domain.rd_console = "console";
    boot.bo_domain.rd_disk = image->disk ? "disk" : NULL;
    return range_shape(d->dm_range, host, &boot.bo_domain);
}

static Group *group_of(Clones *clones, int host)
{
    const PlanHost *plan = plan_host(clones->cl_daemon->dm_plan, host);
    g_autofree char *shape = shape_of(clones->cl_daemon, host);

    for (guint i = 0; i < clones->cl_groups->len; i++) {
        Group *group = clones->cl_groups->pdata[i];
        const PlanHost *first = plan_host(clones->cl_daemon->dm_plan, group->gr_host);

        if (strcmp(group->gr_shape, shape) == 0 && first->ph_image == plan->ph_image &&
            first->ph_disk == plan->ph_disk)
            return group;
    }
    return NULL;
}

char *clones_saved_path(Daemon *d, int host)
{
    return boot_path(d, host, "disks", "-golden.save");
}

char *clones_overlay_path(Daemon *d, int host)
{
    return boot_path(d, host, "disks", "-golden.qcow2");
}

Group *clones_group_add(Clones *clones, int host)
{
    Daemon *d = clones->cl_daemon;
    Group *group = g_new0(Group, 1);

    group->gr_clones = clones;
    group->gr_shape = shape_of(d, host);
    group->gr_host = host;
    group->gr_waiting = g_array_new(FALSE, FALSE, sizeof(int));
    group->gr_saved = clones_saved_path(d, host);
    if (provision_image(d->dm_provision, host)->disk)
        group->gr_overlay = clones_overlay_path(d, host);
    group->gr_began_us = clock_boottime_us();
    g_ptr_array_add(clones->cl_groups, group);
    return group;
}

static Group *group_new(Clones *clones, int host)
{
    Daemon *d = clones->cl_daemon;
    Group *group = clones_group_add(clones, host);

    group->gr_seq =
        daemon_event(d, "golden.wanted/1", "parryd", -1, -1, 0,
                     json_pack("{s:s}", "like", plan_host(d->dm_plan, host)->ph_id));
    daemon_then(d, lookup, group->gr_seq, group);
    return group;
}

gboolean clones_take(Clones *clones, int host)
{
    Daemon *d = clones ? clones->cl_daemon : NULL;
    const char *no = clones ? obstacle(clones, plan_host(d->dm_plan, host),
                                       provision_image(d->dm_provision, host))
                            : NULL;
    Group *group = !clones || no ? NULL : group_of(clones, host);

    if (!clones || (*clones_reason(clones, host) && !clones->cl_runs[host].cr_group))
        return FALSE; /* or given up already, by an earlier daemon */
    if (no || (group && group->gr_state == GROUP_FAILED)) {
        clones_boots(clones, host, no ? no : group->gr_reason);
        return FALSE;
    }
    if (!group)
        group = group_new(clones, host);
    if (!clones->cl_runs[host].cr_group)
        group->gr_hosts++;
    clones->cl_runs[host].cr_group = group;
    if (group->gr_state == GROUP_READY)
        return FALSE;
    g_array_append_val(group->gr_waiting, host);
    hosts_set(d->dm_hosts, host, HOST_CREATE, "waits for its golden guest");
    return TRUE;
}

json_t *clones_json(const Clones *clones)
{
    json_t *list = json_array();

    for (guint i = 0; clones && i < clones->cl_groups->len; i++) {
        const Group *group = clones->cl_groups->pdata[i];

        json_array_append_new(
            list, json_pack("{s:s, s:s, s:i, s:b, s:I, s:s}", "like",
                            plan_host(clones->cl_daemon->dm_plan, group->gr_host)->ph_id,
                            "state", group_words[group->gr_state], "hosts",
                            (int)group->gr_hosts, "cached", group->gr_cached, "bytes",
                            (json_int_t)group->gr_golden.go_bytes, "reason",
                            group->gr_reason ? group->gr_reason : ""));
    }
    return list;
}

/* ---- a clone becomes itself ---- */

static void not_itself(Daemon *d, int host, gint64 id, const char *reason)
{
    CloneRun *run = &d->dm_clones->cl_runs[host];

    if (d->dm_provision && provision_active(d->dm_provision) && d->dm_range &&
        !resets_busy(d->dm_resets, host)) {
        clones_give_up(d->dm_clones, host, reason);
        provision_station_again(d->dm_provision, host);
    } else {
        run->cr_done(d, id, FALSE, reason, NULL, run->cr_data);
    }
}

/* All hosts say what they are, that clones are compared with those that booted too; only
 * a clone's finding counts. */
void clones_personalised(Daemon *d, gint64 id, gboolean ok, const char *text,
                         json_t *rows, gpointer data)
{
    int host = GPOINTER_TO_INT(data);
    CloneRun *run = &d->dm_clones->cl_runs[host];
    gboolean clone = clones_golden(d->dm_clones, host) != NULL;
    g_autofree char *finding = NULL;
    json_t *facts;

    if (!ok) {
        run->cr_done(d, id, FALSE, text, rows, run->cr_data);
        return;
    }
    facts = clone_proof_take(d->dm_clones->cl_proof, host, text ? text : "",
                             g_get_real_time(), &finding);
    if (clone && finding) {
        not_itself(d, host, id, finding);
    } else {
        if (clone)
            daemon_event(d, "clone.proved/1", "parryd", -1, host, id, json_incref(facts));
        run->cr_done(d, id, TRUE, "", NULL, run->cr_data);
    }
    json_decref(facts);
}

static void on_identity(Daemon *d, gint64 id, gboolean ok, const char *text, json_t *rows,
                        gpointer data)
{
    int host = GPOINTER_TO_INT(data);
    g_autofree char *reason = ok ? NULL : g_strdup_printf("identity: %s", text);

    (void)rows;
    if (ok)
        personalise_host(d, host, clones_personalised, data);
    else
        not_itself(d, host, id, reason);
}

/* The machine-id is that of a cold boot: the domain's UUID. */
static json_t *identity_message(const Plan *plan, const PlanHost *host, gboolean keys)
{
    json_t *whole = personalise_message(plan, host);
    guint8 seed[SEED_BYTES];
    GString *machine = g_string_new(host->ph_uuid);
    json_t *msg = json_pack("{s:s, s:s, s:O, s:O, s:b, s:I}", "k", "identity", "hostname",
                            host->ph_name, "nics", json_object_get(whole, "nics"),
                            "routes", json_object_get(whole, "routes"), "regenerate_ssh",
                            keys, "wall_us", (json_int_t)g_get_real_time());

    g_string_replace(machine, "-", "", 0);
    json_object_set_new(msg, "machine_id", json_string(machine->str));
    g_string_free(machine, TRUE);
    if (getrandom(seed, sizeof(seed), 0) == sizeof(seed)) {
        g_autofree char *text = g_base64_encode(seed, sizeof(seed));

        json_object_set_new(msg, "seed_b64", json_string(text));
    }
    json_decref(whole);
    return msg;
}

void clones_identify(Daemon *d, int host, gboolean keys)
{
    orders_ask(d->dm_orders, host, "identity",
               identity_message(d->dm_plan, plan_host(d->dm_plan, host), keys),
               IDENTITY_US, on_identity, GINT_TO_POINTER(host));
}

void clones_personalise(Daemon *d, int host, AnswerDone done, gpointer data)
{
    CloneRun *run = d->dm_clones ? &d->dm_clones->cl_runs[host] : NULL;

    if (!run) {
        personalise_host(d, host, done, data);
        return;
    }
    run->cr_done = done;
    run->cr_data = data;
    if (clones_golden(d->dm_clones, host))
        clones_identify(d, host, run->cr_group->gr_keys);
    else
        personalise_host(d, host, clones_personalised, GINT_TO_POINTER(host));
}
