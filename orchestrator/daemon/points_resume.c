/*
 * Checkpoints of a drill that is taken up. What was wanted and did not end is in the
 * journal; how far it came is to be seen: whether the VM is there, its memory in the
 * file, a fresh overlay over its disk.
 *
 *   VM there, nothing saved         from the beginning
 *   VM there, the file begun        libvirt may still be saving: waits for that
 *   VM gone, the file whole         its disk frozen, restored from the file
 *   VM there, overlay made          restored, or about to be; what is left is to keep it
 *   VM gone, no whole file          lost, as any VM
 */
#include "orchestrator/daemon/points_priv.h"

#include "orchestrator/range/save_image.h"

#include <string.h>
#include <sys/stat.h>

static Make *open_of(const Points *points, gint64 id)
{
    for (guint i = 0; i < points->pt_open->len; i++)
        if (((Make *)points->pt_open->pdata[i])->mk_id == id)
            return points->pt_open->pdata[i];
    return NULL;
}

static void fold_wanted(Points *points, int host, const JournalEvent *event)
{
    const char *name = json_string_value(json_object_get(event->ev_body, "checkpoint"));
    const char *kind = json_string_value(json_object_get(event->ev_body, "kind"));
    PointKind what;

    if (!point_name_valid(name) || !point_kind_parse(kind, &what))
        return;
    Make *make = points_make_new(points, host, name, what, event->ev_actor);
    make->mk_id = event->ev_seq;
    make->mk_durable = TRUE;
    g_ptr_array_add(points->pt_open, make);
}

static void fold_saved(Make *make, const JournalEvent *event)
{
    make->mk_at_us = json_integer_value(json_object_get(event->ev_body, "at_us"));
    make->mk_clock_us = json_integer_value(json_object_get(event->ev_body, "clock"));
    make->mk_stop_us = json_integer_value(json_object_get(event->ev_body, "stop_us"));
}

void points_replay(Points *points, const JournalEvent *event)
{
    int host = points && *event->ev_host
                   ? plan_host_index(points->pt_daemon->dm_plan, event->ev_host)
                   : -1;

    if (host < 0 || !g_str_has_prefix(event->ev_kind, "checkpoint."))
        return;
    Make *make = open_of(points, event->ev_ref);
    if (strcmp(event->ev_kind, "checkpoint.wanted/1") == 0)
        fold_wanted(points, host, event);
    else if (make && strcmp(event->ev_kind, "checkpoint.saved/1") == 0)
        fold_saved(make, event);
    else if (make)
        g_ptr_array_remove(points->pt_open, make);
}

gboolean points_pending(const Points *points, int host)
{
    for (guint i = 0; points && i < points->pt_open->len; i++)
        if (((Make *)points->pt_open->pdata[i])->mk_host == host)
            return TRUE;
    return FALSE;
}

static gboolean is_open(gint64 id, gpointer data)
{
    return open_of(data, id) != NULL;
}

void points_resumed(Points *points)
{
    if (points)
        point_clean(points->pt_daemon->dm_dir, is_open, points);
}

static gboolean file_whole(const char *path)
{
    g_auto(SaveImage) image = {0};

    return save_image_read(path, &image, NULL);
}

MakeStep points_step(const PointSeen *seen)
{
    if (seen->se_went_on && seen->se_whole) /* the journal says so */
        return MAKE_KEEP;
    if (!seen->se_there)
        return seen->se_whole ? MAKE_SWAP : MAKE_WAITS;
    if (!seen->se_begun)
        return MAKE_WAITS;
    return seen->se_whole && seen->se_frozen ? MAKE_RESTORE : MAKE_SAVE;
}

static MakeStep step_of(const Make *make, gboolean there)
{
    DiskStack stack = points_stack(make->mk_points, make->mk_host);
    g_autofree const char *disks = stack.ds_disks;
    PointSeen seen = {
        .se_there = there,
        .se_went_on = make->mk_stop_us > 0,
        .se_begun = g_file_test(make->mk_memory, G_FILE_TEST_EXISTS),
        .se_whole = file_whole(make->mk_memory),
        .se_frozen = !points_has_disk(make->mk_points, make->mk_host) ||
                     disk_swapped(&stack, make->mk_id),
    };

    return points_step(&seen);
}

/* The moment is that at which its memory was written. */
static void date_back(Make *make)
{
    struct stat st;

    if (stat(make->mk_memory, &st) < 0)
        return;
    gint64 ago = make->mk_at_us - (gint64)st.st_mtim.tv_sec * G_USEC_PER_SEC;
    make->mk_at_us -= MAX(ago, 0);
    make->mk_clock_us = MAX(make->mk_clock_us - MAX(ago, 0), 0);
}

/* One that was wanted, of a host that is looked at. */
static gboolean take(Make *make, gboolean there)
{
    points_make_paths(make);
    make->mk_from = step_of(make, there);
    if (make->mk_from > MAKE_WAITS && make->mk_from < MAKE_KEEP) {
        points_stand(make);
        date_back(make);
    }
    points_push(make, make->mk_from != MAKE_WAITS);
    return !there && make->mk_from == MAKE_SWAP;
}

gboolean points_station(Points *points, int host, gboolean there)
{
    gboolean back = FALSE;

    for (guint i = 0; points && i < points->pt_open->len;) {
        Make *make = points->pt_open->pdata[i];

        if (make->mk_host != host)
            i++;
        else
            back |= take(g_ptr_array_steal_index(points->pt_open, i), there);
    }
    return back;
}
