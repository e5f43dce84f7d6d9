/* Checkpoints of hosts: their files, the stack of disks, and what a journal says of them
 * to the daemon that takes it up. */
#include "orchestrator/daemon/drill.h"
#include "orchestrator/daemon/points_priv.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/range_plan.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define UUID "6ba7b811-9dad-11d1-80b4-00c04fd430c8"
#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char *drill_top;

/* ---- meta.json ---- */

#define META_HEAD                                                                        \
    "{'v': 1, 'name': 'noon', 'kind': 'asked', 'id': 7, 'by': 'white', 'drill': '" UUID  \
    "', 'host': 'a/web', 'uuid': '" UUID "', 'at_us': 1, 'clock_us': 2, 'stop_us': 3, "
#define META_MEMORY "'memory': {'bytes': 5, 'sha256': '" SUM "'}"
#define META_DISK "'disk.qcow2': {'bytes': 6, 'sha256': '" SUM "'}"

static gboolean parse(const char *text, PointMeta *meta, GError **error)
{
    g_autofree char *json = g_strdelimit(g_strdup(text), "'", '"');

    return point_meta_parse(json, strlen(json), meta, error);
}

static void test_meta(void)
{
    g_auto(PointMeta) meta = {0}, again = {0};
    g_autoptr(GError) error = NULL;

    CU_ASSERT_TRUE_FATAL(parse(META_HEAD "'base': 'images/k/disk.qcow2', 'files': "
                                         "{" META_MEMORY ", " META_DISK "}}",
                               &meta, &error));
    CU_ASSERT_STRING_EQUAL(meta.pm_name, "noon");
    CU_ASSERT_EQUAL(meta.pm_kind, POINT_ASKED);
    CU_ASSERT_EQUAL(meta.pm_id, 7);
    CU_ASSERT_EQUAL(meta.pm_disk.pf_bytes, 6);
    g_autofree char *text = point_meta_text(&meta);
    CU_ASSERT_TRUE(point_meta_parse(text, strlen(text), &again, &error));
    CU_ASSERT_STRING_EQUAL(again.pm_base, "images/k/disk.qcow2");
    CU_ASSERT_STRING_EQUAL(again.pm_memory.pf_sha256, SUM);
}

static void test_meta_refuses(void)
{
    static const struct {
        const char *ca_text, *ca_why;
    } cases[] = {
        {"", "end of file"},
        {"[]", "no object"},
        {"{'v': 1, 'v': 1}", "duplicate"},
        {META_HEAD "'files': {" META_MEMORY "}, 'more': 1}", "not known"},
        {META_HEAD "'files': {}}", "nothing else"},
        {META_HEAD "'files': {" META_MEMORY ", '../x': {'bytes': 1, 'sha256': '" SUM
                   "'}}}",
         "nothing else"},
        {META_HEAD "'files': {'memory': {'bytes': 0, 'sha256': '" SUM "'}}}", "SHA-256"},
        {META_HEAD "'files': {'memory': {'bytes': 5, 'sha256': 'abc'}}}", "SHA-256"},
        {META_HEAD "'files': {" META_MEMORY ", " META_DISK "}}", "wants a base"},
        {META_HEAD "'base': 'images/k/d', 'files': {" META_MEMORY "}}", "wants a base"},
        {META_HEAD "'base': '/etc/passwd', 'files': {" META_MEMORY ", " META_DISK "}}",
         "not below"},
        {META_HEAD "'base': 'images/../x', 'files': {" META_MEMORY ", " META_DISK "}}",
         "not below"},
        {META_HEAD "'base': 'images//x', 'files': {" META_MEMORY ", " META_DISK "}}",
         "not below"},
        {META_HEAD "'base': 'images', 'files': {" META_MEMORY ", " META_DISK "}}",
         "not below"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(PointMeta) meta = {0};
        g_autoptr(GError) error = NULL;

        CU_ASSERT_FALSE(parse(cases[i].ca_text, &meta, &error));
        CU_ASSERT_PTR_NULL(meta.pm_name);
        CU_ASSERT_PTR_NOT_NULL_FATAL(error);
        if (!strstr(error->message, cases[i].ca_why))
            printf("\n%s: %s\n", cases[i].ca_text, error->message);
        CU_ASSERT_PTR_NOT_NULL(strstr(error->message, cases[i].ca_why));
    }
    g_autofree char *large = g_strnfill(POINT_META_MAX + 1, ' ');
    g_auto(PointMeta) meta = {0};
    CU_ASSERT_FALSE(parse(large, &meta, NULL));
}

static void test_names(void)
{
    CU_ASSERT_TRUE(point_name_valid("before-lunch-2"));
    CU_ASSERT_FALSE(point_name_valid(""));
    CU_ASSERT_FALSE(point_name_valid("2nd"));
    CU_ASSERT_FALSE(point_name_valid(".work-1"));
    CU_ASSERT_FALSE(point_name_valid("a/b"));
    CU_ASSERT_FALSE(point_name_valid("Upper"));
    CU_ASSERT_FALSE(point_name_valid("a-name-of-more-than-thirty-one-chars"));
}

/* ---- the store ---- */

static gboolean put(const char *path, char letter, gsize size)
{
    g_autofree char *bytes = g_strnfill(size, letter);

    return g_file_set_contents(path, bytes, (gssize)size, NULL);
}

static void fill_work(PointMeta *meta, const char *name, gint64 id, const char *domain,
                      gsize size)
{
    g_autofree char *work = point_work_path(drill_top, id, domain);
    g_autofree char *memory = g_build_filename(work, POINT_MEMORY, NULL);

    *meta = (PointMeta){.pm_name = g_strdup(name),
                        .pm_kind = POINT_ASKED,
                        .pm_id = id,
                        .pm_by = g_strdup("white"),
                        .pm_drill = g_strdup(UUID),
                        .pm_host = g_strdup("a/web"),
                        .pm_uuid = g_strdup(UUID)};
    CU_ASSERT_TRUE_FATAL(point_work(drill_top, id, domain, NULL));
    CU_ASSERT_TRUE_FATAL(put(memory, 'm', size));
}

static Point *make_entry(const char *name, PointKind kind, gint64 id, const char *domain,
                         gsize size)
{
    g_autofree char *work = point_work_path(drill_top, id, domain);
    g_auto(PointMeta) meta = {0};

    fill_work(&meta, name, id, domain, size);
    meta.pm_kind = kind;
    return point_commit(drill_top, work, domain, &meta, NULL);
}

static void test_store(void)
{
    g_autoptr(Point) one = make_entry("one", POINT_ASKED, 1, "dom", 5000);
    g_autoptr(Point) other = make_entry("other", POINT_ASKED, 2, "dom", 5000);
    g_autoptr(GError) error = NULL;

    CU_ASSERT_PTR_NOT_NULL_FATAL(one);
    CU_ASSERT_PTR_NOT_NULL_FATAL(other);
    CU_ASSERT_TRUE(point_check(one, NULL));
    g_autoptr(GPtrArray) broken = NULL;
    g_autoptr(GPtrArray) list = point_list(drill_top, &broken);
    CU_ASSERT_EQUAL(list->len, 2);
    CU_ASSERT_EQUAL(broken->len, 0);
    CU_ASSERT_STRING_EQUAL(((Point *)list->pdata[0])->po_meta.pm_name, "one");
    CU_ASSERT_TRUE(point_taken(drill_top) >= 10000);
    g_autoptr(Point) newest = point_newest(drill_top, "dom");
    CU_ASSERT_PTR_NOT_NULL_FATAL(newest);
    CU_ASSERT_STRING_EQUAL(newest->po_meta.pm_name, "other");
    CU_ASSERT_PTR_NULL(point_newest(drill_top, "mod"));
    CU_ASSERT_TRUE(point_prepare(newest, "/nowhere", NULL)); /* it has no disk */
    /* Of another length, and of the same. */
    g_chmod(one->po_memory, 0600);
    CU_ASSERT_TRUE(put(one->po_memory, 'm', 4999));
    CU_ASSERT_FALSE(point_check(one, &error));
    CU_ASSERT_TRUE(g_error_matches(error, POINT_ERROR, POINT_ERROR_SPOILT));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "one/dom/memory"));
    g_clear_error(&error);
    CU_ASSERT_TRUE(put(one->po_memory, 'n', 5000));
    CU_ASSERT_FALSE(point_check(one, NULL));
    CU_ASSERT_TRUE(point_delete(one, NULL));
    CU_ASSERT_PTR_NULL(point_open(drill_top, "one", "dom", &error));
    CU_ASSERT_TRUE(g_error_matches(error, POINT_ERROR, POINT_ERROR_MISSING));
    CU_ASSERT_PTR_NULL(point_open(drill_top, "../disks", "dom", NULL));
    CU_ASSERT_TRUE(point_delete(other, NULL));
}

static void test_a_link_is_not_followed(void)
{
    g_autoptr(Point) one = make_entry("one", POINT_ASKED, 1, "dom", 100);
    g_autofree char *meta = g_build_filename(one->po_dir, POINT_META, NULL);

    CU_ASSERT_EQUAL(g_unlink(one->po_memory), 0);
    CU_ASSERT_EQUAL(symlink("/etc/passwd", one->po_memory), 0);
    CU_ASSERT_FALSE(point_check(one, NULL));
    CU_ASSERT_EQUAL(g_unlink(meta), 0);
    CU_ASSERT_EQUAL(symlink("/etc/passwd", meta), 0);
    CU_ASSERT_PTR_NULL(point_open(drill_top, "one", "dom", NULL));
    CU_ASSERT_TRUE(point_delete(one, NULL));
}

static void gone(const char *name, guint hosts, guint64 bytes, gpointer data)
{
    CU_ASSERT_TRUE(hosts == 1 && bytes > 0);
    g_string_append_printf(data, "%s ", name);
}

static void test_room(void)
{
    g_autoptr(Point) asked = make_entry("asked", POINT_ASKED, 1, "dom", 1 << 20);
    g_autoptr(Point) old = make_entry("auto-1", POINT_SCHEDULED, 2, "dom", 1 << 20);
    g_autoptr(Point) recent = make_entry("auto-2", POINT_SCHEDULED, 3, "dom", 1 << 20);
    g_autoptr(GString) told = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    CU_ASSERT_PTR_NOT_NULL_FATAL(recent);
    CU_ASSERT_TRUE(point_make_room(drill_top, 1 << 20, 5 << 20, 0, gone, told, &error));
    CU_ASSERT_STRING_EQUAL(told->str, "");
    CU_ASSERT_TRUE(point_make_room(drill_top, 2 << 20, 5 << 20, 0, gone, told, &error));
    CU_ASSERT_STRING_EQUAL(told->str, "auto-1 ");
    CU_ASSERT_FALSE(point_make_room(drill_top, 5 << 20, 5 << 20, 0, gone, told, &error));
    CU_ASSERT_STRING_EQUAL(told->str, "auto-1 auto-2 ");
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "5 MiB"));
    g_clear_error(&error);
    /* The disk's own room counts first. */
    CU_ASSERT_FALSE(point_make_room(drill_top, 1, (guint64)1 << 62, (guint64)1 << 60,
                                    gone, told, &error));
    CU_ASSERT_TRUE(g_error_matches(error, POINT_ERROR, POINT_ERROR_ROOM));
    CU_ASSERT_TRUE(point_check(asked, NULL));
    CU_ASSERT_TRUE(point_delete(asked, NULL));
}

static gboolean wanted(gint64 id, gpointer data)
{
    (void)data;
    return id == 8;
}

static void test_what_a_kill_left(void)
{
    g_autofree char *stale = point_work_path(drill_top, 7, "dom");
    g_autofree char *open = point_work_path(drill_top, 8, "dom");

    CU_ASSERT_TRUE(point_work(drill_top, 7, "dom", NULL));
    CU_ASSERT_TRUE(point_work(drill_top, 8, "dom", NULL));
    point_clean(drill_top, wanted, NULL);
    CU_ASSERT_FALSE(g_file_test(stale, G_FILE_TEST_EXISTS));
    CU_ASSERT_TRUE(g_file_test(open, G_FILE_TEST_EXISTS));
    CU_ASSERT_TRUE(drill_remove_tree(open, NULL));
}

/* ---- the stack of disks ---- */

static gboolean qemu(const char *const *argv, char **out)
{
    int status = 0;

    return g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, out,
                        NULL, &status, NULL) &&
           g_spawn_check_wait_status(status, NULL);
}

/* A cluster of the disk at `path` holds that letter; write: from now on. */
static gboolean cluster(const char *path, int n, char letter, gboolean write)
{
    g_autofree char *line =
        g_strdup_printf("%s -P %d %dk 64k", write ? "write" : "read", letter, n * 64);
    const char *const argv[] = {"qemu-io", write ? "-c" : "-rc", line, path, NULL};
    g_autofree char *out = NULL;

    return qemu(argv, &out) && !strstr(out, "verification failed");
}

static int height(const char *path)
{
    g_autofree char *below = disk_backing(path, NULL);

    return below ? 1 + height(below) : 1;
}

/* Copied from another machine: its disk stands on the image there. */
static void test_relocate(void)
{
    g_autofree char *home = g_build_filename(drill_top, "home", NULL);
    g_autofree char *images = g_build_filename(home, "images", "key", NULL);
    g_autofree char *base = g_build_filename(images, POINT_DISK, NULL);
    g_autofree char *there = g_build_filename(drill_top, "there.qcow2", NULL);
    g_autofree char *work = point_work_path(drill_top, 3, "dom");
    g_autofree char *disk = g_build_filename(work, POINT_DISK, NULL);
    const char *const create[] = {"qemu-img", "create", "-q", "-f",
                                  "qcow2",    there,    "1M", NULL};
    const char *const over[] = {"qemu-img", "create", "-q",  "-f", "qcow2", "-F",
                                "qcow2",    "-b",     there, disk, NULL};
    g_auto(PointMeta) meta = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(Point) made = NULL;

    CU_ASSERT_TRUE_FATAL(g_mkdir_with_parents(images, 0700) == 0 && qemu(create, NULL));
    fill_work(&meta, "moved", 3, "dom", 100);
    meta.pm_base = g_strdup("images/key/disk.qcow2");
    CU_ASSERT_TRUE_FATAL(qemu(over, NULL) && point_base_take(there, &meta, NULL));
    made = point_commit(drill_top, work, "dom", &meta, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(made);
    CU_ASSERT_FALSE(point_prepare(made, home, &error)); /* no image yet */
    CU_ASSERT_TRUE(g_error_matches(error, POINT_ERROR, POINT_ERROR_MISSING));
    g_clear_error(&error);
    CU_ASSERT_TRUE_FATAL(put(base, 'i', 4096)); /* one of its own */
    CU_ASSERT_FALSE(point_prepare(made, home, &error));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "another images/key/disk.qcow2"));
    CU_ASSERT_TRUE_FATAL(g_unlink(base) == 0 && link(there, base) == 0);
    CU_ASSERT_TRUE(point_prepare(made, home, NULL));
    g_autofree char *below = disk_backing(made->po_disk, NULL);
    CU_ASSERT_STRING_EQUAL(below, base);
    g_autoptr(Point) moved = point_open(drill_top, "moved", "dom", NULL);
    CU_ASSERT_TRUE(point_prepare(moved, home, NULL)); /* as any other from now on */
    CU_ASSERT_TRUE(point_delete(moved, NULL));
}

static void test_disks(void)
{
    g_autofree char *disks = g_build_filename(drill_top, "disks", NULL);
    g_autofree char *base = g_build_filename(drill_top, "base.qcow2", NULL);
    DiskStack stack = {.ds_disks = disks, .ds_domain = "pr-d-web", .ds_size = 1 << 20};
    g_autofree char *live = disk_live(&stack);
    const char *const create[] = {"qemu-img", "create", "-q", "-f",
                                  "qcow2",    base,     "1M", NULL};
    const char *const over[] = {"qemu-img", "create", "-q", "-f", "qcow2", "-F",
                                "qcow2",    "-b",     base, live, NULL};
    char *kept[6];

    g_mkdir(disks, 0700);
    CU_ASSERT_TRUE_FATAL(qemu(create, NULL) && qemu(over, NULL));
    for (int i = 1; i < 6; i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *name = g_strdup_printf("kept-%d", i);

        kept[i] = g_build_filename(drill_top, name, NULL);
        CU_ASSERT_TRUE(cluster(live, i, (char)i, TRUE));
        CU_ASSERT_TRUE(cluster(live, 0, (char)i, TRUE));
        CU_ASSERT_TRUE(disk_prepare(&stack, &error));
        CU_ASSERT_FALSE(disk_swapped(&stack, i));
        CU_ASSERT_TRUE_FATAL(disk_swap(&stack, i, &error));
        CU_ASSERT_TRUE(disk_swapped(&stack, i));
        CU_ASSERT_TRUE_FATAL(disk_keep(&stack, i, kept[i], &error));
        disk_sweep(&stack);
        CU_ASSERT_TRUE(height(live) <= 4);
        CU_ASSERT_EQUAL(height(kept[i]), 2);
    }
    /* Each holds what there was then, and the first of them may go. */
    g_unlink(kept[1]);
    for (int i = 2; i < 6; i++) {
        CU_ASSERT_TRUE(cluster(kept[i], 0, (char)i, FALSE));
        CU_ASSERT_TRUE(cluster(kept[i], 1, 1, FALSE));
        CU_ASSERT_TRUE(cluster(kept[i], i, (char)i, FALSE));
    }
    CU_ASSERT_TRUE(cluster(kept[2], 3, 0, FALSE));
    CU_ASSERT_TRUE(cluster(live, 0, 5, FALSE));
    /* Back, and on from there; what was written since is gone. */
    CU_ASSERT_TRUE(disk_revert(&stack, 2, kept[2], NULL));
    CU_ASSERT_TRUE(cluster(live, 0, 2, FALSE));
    CU_ASSERT_TRUE(cluster(live, 3, 0, FALSE));
    CU_ASSERT_TRUE(cluster(live, 0, 9, TRUE));
    CU_ASSERT_TRUE(cluster(kept[2], 0, 2, FALSE));
    /* A guest that is restored again begins with nothing of what it wrote since. */
    CU_ASSERT_TRUE(disk_swap(&stack, 6, NULL));
    CU_ASSERT_TRUE(cluster(live, 0, 8, TRUE));
    CU_ASSERT_TRUE(disk_swap(&stack, 6, NULL));
    CU_ASSERT_TRUE(cluster(live, 0, 9, FALSE));
    for (int i = 1; i < 6; i++)
        g_free(kept[i]);
}

/* ---- a drill that is taken up ---- */

static void daemon_begin(Daemon *d)
{
    *d = (Daemon){.dm_plan = range_plan_new("points"),
                  .dm_base = event_base_new(),
                  .dm_dir = drill_top};
    d->dm_plan->p_points = (PlanPoints){.pp_keep = 2, .pp_limit = 1 << 30};
    d->dm_points = points_new(d);
}

static void daemon_end(Daemon *d)
{
    points_free(d->dm_points);
    event_base_free(d->dm_base);
    range_plan_free(d->dm_plan);
}

static void replay(Daemon *d, gint64 seq, const char *kind, gint64 ref, const char *body)
{
    g_autofree char *text = g_strdelimit(g_strdup(body), "'", '"');
    JournalEvent event = {.ev_seq = seq,
                          .ev_kind = kind,
                          .ev_host = "a/web",
                          .ev_actor = "white",
                          .ev_ref = ref,
                          .ev_body = json_loads(text, 0, NULL)};

    CU_ASSERT_PTR_NOT_NULL_FATAL(event.ev_body);
    points_on_event(d->dm_points, &event);
    points_replay(d->dm_points, &event);
    json_decref((json_t *)event.ev_body);
}

static void test_replay(void)
{
    const char *why;
    Daemon d;

    daemon_begin(&d);
    const Points *points = d.dm_points;
    replay(&d, 5, "checkpoint.wanted/1", 0, "{'checkpoint': 'ready', 'kind': 'ready'}");
    CU_ASSERT_TRUE(points_pending(points, HOST_WEB));
    CU_ASSERT_FALSE(points_pending(points, HOST_GATEWAY));
    CU_ASSERT_STRING_EQUAL(points_reset_way(points, HOST_WEB, &why), "boot");
    replay(&d, 6, "checkpoint.saved/1", 5,
           "{'checkpoint': 'ready', 'at_us': 100, 'clock': 50, 'stop_us': 9}");
    const Make *make = points->pt_open->pdata[0];
    CU_ASSERT_TRUE(make->mk_id == 5 && make->mk_at_us == 100 && make->mk_clock_us == 50 &&
                   make->mk_stop_us == 9);
    replay(&d, 7, "checkpoint.done/1", 5, "{'checkpoint': 'ready', 'bytes': 1}");
    CU_ASSERT_FALSE(points_pending(points, HOST_WEB));
    CU_ASSERT_STRING_EQUAL(points_reset_way(points, HOST_WEB, &why), "checkpoint");
    replay(&d, 8, "checkpoint.wanted/1", 0,
           "{'checkpoint': 'auto-3', 'kind': "
           "'scheduled'}");
    replay(&d, 9, "checkpoint.failed/1", 8, "{'checkpoint': 'auto-3', 'reason': 'no'}");
    CU_ASSERT_FALSE(points_pending(points, HOST_WEB));
    CU_ASSERT_EQUAL(points->pt_interval, 3);
    replay(&d, 10, "checkpoint.deleted/1", 0, "{'checkpoint': 'ready'}");
    CU_ASSERT_STRING_EQUAL(points_reset_way(points, HOST_WEB, &why), "boot");
    /* Names and kinds of another's journal are not taken for paths. */
    replay(&d, 11, "checkpoint.wanted/1", 0, "{'checkpoint': '../x', 'kind': 'asked'}");
    replay(&d, 12, "checkpoint.wanted/1", 0, "{'checkpoint': 'x', 'kind': 'odd'}");
    CU_ASSERT_FALSE(points_pending(points, HOST_WEB));
    daemon_end(&d);
}

/* Every point at which a daemon can have been killed. */
static void test_steps(void)
{
    static const struct {
        PointSeen st_seen;
        MakeStep st_step;
    } cases[] = {
        /* there, went on, begun, whole, frozen */
        {{TRUE, FALSE, FALSE, FALSE, FALSE}, MAKE_WAITS},
        {{TRUE, FALSE, TRUE, FALSE, FALSE}, MAKE_SAVE},
        {{FALSE, FALSE, TRUE, TRUE, FALSE}, MAKE_SWAP},
        {{FALSE, FALSE, TRUE, TRUE, TRUE}, MAKE_SWAP},
        {{TRUE, FALSE, TRUE, TRUE, TRUE}, MAKE_RESTORE},
        {{TRUE, TRUE, TRUE, TRUE, TRUE}, MAKE_KEEP},
        {{FALSE, TRUE, TRUE, TRUE, TRUE}, MAKE_KEEP}, /* lost since, by itself */
        {{FALSE, FALSE, FALSE, FALSE, FALSE}, MAKE_WAITS},
        {{FALSE, FALSE, TRUE, FALSE, FALSE}, MAKE_WAITS},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        CU_ASSERT_EQUAL(points_step(&cases[i].st_seen), cases[i].st_step);
}

/* ---- by the clock, and by hand ---- */

static void test_touched(void)
{
    Daemon d;

    daemon_begin(&d);
    Make *ready =
        points_make_new(d.dm_points, HOST_WEB, POINT_READY, POINT_AT_READY, "parryd");
    Make *asked = points_make_new(d.dm_points, HOST_WEB, "noon", POINT_ASKED, "white");
    CU_ASSERT_PTR_NULL(points_pointless(ready));
    replay(&d, 5, "terminal.opened/1", 0, "{}");
    CU_ASSERT_PTR_NOT_NULL(points_pointless(ready));
    CU_ASSERT_PTR_NULL(points_pointless(asked));
    /* What a reset has booted nobody has touched since. */
    replay(&d, 6, "reset.done/1", 0, "{'from': 'boot'}");
    CU_ASSERT_PTR_NULL(points_pointless(ready));
    points_make_free(ready);
    points_make_free(asked);
    daemon_end(&d);
}

static void test_standing(void)
{
    Daemon d;

    daemon_begin(&d);
    Make *make = points_make_new(d.dm_points, HOST_WEB, "noon", POINT_ASKED, "white");
    CU_ASSERT_FALSE(points_standing(NULL, HOST_WEB));
    CU_ASSERT_FALSE(points_standing(d.dm_points, HOST_WEB));
    CU_ASSERT_EQUAL(points_stood_us(d.dm_points, HOST_WEB), 0);
    points_stand(make);
    CU_ASSERT_TRUE(points_standing(d.dm_points, HOST_WEB));
    CU_ASSERT_FALSE(points_standing(d.dm_points, HOST_GATEWAY));
    CU_ASSERT_TRUE(points_stood(d.dm_points, HOST_WEB, clock_boottime_us()));
    points_make_free(make);
    daemon_end(&d);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"meta.json is read and written", test_meta},
        {"meta.json is refused", test_meta_refuses},
        {"names", test_names},
        {"kept, checked, spoilt, deleted", test_store},
        {"copied to another machine", test_relocate},
        {"a link is not followed", test_a_link_is_not_followed},
        {"room is made, or refused", test_room},
        {"what a kill left", test_what_a_kill_left},
        {"disks stay low, and apart", test_disks},
        {"a journal is taken up", test_replay},
        {"each point of a kill", test_steps},
        {"what is touched is not `ready`", test_touched},
        {"a host stands", test_standing},
        CU_TEST_INFO_NULL,
    };
    g_autofree char *top = g_dir_make_tmp("parry-points-XXXXXX", NULL);

    if (getuid() != 0) {
        printf("SKIP: checkpoints' files belong to root\n");
        return 77;
    }
    drill_top = top;
    int status = cunit_main("points", tests);
    drill_remove_tree(top, NULL);
    return status;
}
