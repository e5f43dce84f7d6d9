/* How long things took here: the file, what is drawn from it, and what hosts are said to
 * do on their way. */
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/needs.h"
#include "orchestrator/daemon/paces_plan.h"
#include "orchestrator/daemon/pacing.h"
#include "tests/unit/cunit_main.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEC ((gint64)G_USEC_PER_SEC)

enum { HOST_GATEWAY, HOST_WEB, HOST_RIVAL }; /* of plan_new() */

static char *home_new(void)
{
    return g_dir_make_tmp("parry-paces-XXXXXX", NULL);
}

static void home_remove(char *home)
{
    static const char *const names[] = {"host/paces.json", "host/paces.lock", "host", ""};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(home, names[i], NULL);
        g_remove(path);
    }
    g_free(home);
}

static void the_median_of_the_last_few(void)
{
    g_autoptr(Paces) paces = paces_new();
    guint samples;

    CU_ASSERT_EQUAL(paces_usual(paces, "boot", &samples), -1);
    CU_ASSERT_EQUAL(samples, 0);
    paces_add(paces, "boot", 9 * SEC, 1);
    paces_add(paces, "boot", 1 * SEC, 2);
    paces_add(paces, "boot", 7 * SEC, 3);
    CU_ASSERT_EQUAL(paces_usual(paces, "boot", &samples), 7 * SEC);
    CU_ASSERT_EQUAL(samples, 3);
    for (int i = 0; i < 20; i++) /* what was usual once is forgotten */
        paces_add(paces, "boot", 2 * SEC, 4);
    CU_ASSERT_EQUAL(paces_usual(paces, "boot", &samples), 2 * SEC);
    CU_ASSERT_EQUAL(samples, PACES_SAMPLES);
}

static void what_is_no_sample_is_left_out(void)
{
    g_autoptr(Paces) paces = paces_new();
    g_autofree char *longest = g_strnfill(PACES_KEY_MAX + 1, 'k');

    paces_add(paces, "boot", -1, 1);
    paces_add(paces, "boot", PACES_US_MAX + 1, 1);
    paces_add(paces, "", 1, 1);
    paces_add(paces, longest, 1, 1);
    paces_add(paces, "b\033[2J", 1, 1);
    CU_ASSERT_EQUAL(paces_count(paces), 0);
}

static void it_is_bounded(void)
{
    g_autoptr(Paces) paces = paces_new();

    for (int i = 0; i < 3 * PACES_KEYS; i++) {
        g_autofree char *key = g_strdup_printf("%0*d", PACES_KEY_MAX, i);
        for (int n = 0; n < 2 * PACES_SAMPLES; n++)
            paces_add(paces, key, PACES_US_MAX, G_MAXINT64);
        paces_add(paces, "used", SEC, G_MAXINT32);
    }
    CU_ASSERT_EQUAL(paces_count(paces), PACES_KEYS);
    g_autofree char *text = paces_text(paces);
    CU_ASSERT_TRUE(strlen(text) <= PACES_FILE_MAX);
    g_autoptr(Paces) again = paces_parse(text, strlen(text), NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(again);
    CU_ASSERT_EQUAL(paces_count(again), PACES_KEYS);
}

static void the_longest_unused_goes_first(void)
{
    g_autoptr(Paces) paces = paces_new();

    paces_add(paces, "old", SEC, 1);
    paces_add(paces, "kept", SEC, 1);
    for (int i = 0; i < PACES_KEYS - 2; i++) {
        g_autofree char *key = g_strdup_printf("k%d", i);
        paces_add(paces, key, SEC, 10);
    }
    paces_add(paces, "kept", SEC, 20);
    paces_add(paces, "new", SEC, 30);
    CU_ASSERT_EQUAL(paces_usual(paces, "old", NULL), -1);
    CU_ASSERT_EQUAL(paces_usual(paces, "kept", NULL), SEC);
}

static void what_is_no_file_of_ours_is_refused(void)
{
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{\"version\": 1}",
        "{\"version\": 2, \"paces\": {}}",
        "{\"version\": 1, \"paces\": []}",
        "{\"version\": 1, \"paces\": {\"a\": 1}}",
        "{\"version\": 1, \"paces\": {\"a\": {\"used\": 1}}}",
        "{\"version\": 1, \"paces\": {\"a\": {\"used\": 1, \"us\": []}}}",
        "{\"version\": 1, \"paces\": {\"a\": {\"used\": -1, \"us\": [1]}}}",
        "{\"version\": 1, \"paces\": {\"a\": {\"used\": 1, \"us\": [-1]}}}",
        "{\"version\": 1, \"paces\": {\"a\": {\"used\": 1, \"us\": [1.5]}}}",
        "{\"version\": 1, \"paces\": {\"a\": {\"used\": 1, \"us\": [99999999999999]}}}",
        "{\"version\":1,\"paces\":{\"a\":{\"used\":1,\"us\":[1,1,1,1,1,1,1,1,1]}}}",
        "{\"version\": 1, \"paces\": {\"a\\u001b\": {\"used\": 1, \"us\": [1]}}}",
        "{\"version\": 1, \"version\": 1, \"paces\": {}}",
    };
    g_autofree char *huge = g_strnfill(PACES_FILE_MAX + 1, ' ');

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        CU_ASSERT_PTR_NULL(paces_parse(texts[i], strlen(texts[i]), &error));
        CU_ASSERT_PTR_NOT_NULL(error);
    }
    CU_ASSERT_PTR_NULL(paces_parse(huge, PACES_FILE_MAX + 1, NULL));
}

/* Two daemons at once lose nothing of each other. */
static void many_writers_one_file(void)
{
    char *home = home_new();
    int status, failed = 0;

    for (int i = 0; i < 4; i++)
        if (fork() == 0) {
            gboolean ok = TRUE;
            for (int n = 0; n < 8; n++) {
                g_autoptr(Paces) more = paces_new();
                g_autofree char *key = g_strdup_printf("w%d %d", i, n);
                paces_add(more, key, SEC * (n + 1), n);
                ok = ok && paces_merge(home, more, NULL);
            }
            _exit(ok ? 0 : 1);
        }
    while (wait(&status) > 0)
        failed += status != 0;
    CU_ASSERT_EQUAL(failed, 0);
    g_autoptr(Paces) all = paces_load(home);
    CU_ASSERT_EQUAL(paces_count(all), 32);
    CU_ASSERT_EQUAL(paces_usual(all, "w3 7", NULL), 8 * SEC);
    home_remove(home);
}

static void without_a_file_nothing_is_known(void)
{
    char *home = home_new();
    g_autoptr(Paces) none = paces_load(home);
    g_autofree char *path = g_build_filename(home, "host", NULL);

    CU_ASSERT_EQUAL(paces_count(none), 0);
    CU_ASSERT_EQUAL(g_mkdir(path, 0700), 0);
    g_autofree char *file = g_build_filename(path, "paces.json", NULL);
    CU_ASSERT_EQUAL(symlink("/etc/passwd", file), 0);
    g_autoptr(Paces) link = paces_load(home); /* it is not followed */
    CU_ASSERT_EQUAL(paces_count(link), 0);
    home_remove(home);
}

/* ---- plans ---- */

static Plan *plan_new(void)
{
    static const char text[] =
        "parry: 1\n"
        "drill: {name: paces, start: 2026-11-13T09:00, duration: 10h}\n"
        "scope: {authorised-by: C, safety-officer: O, allow: [T1491]}\n"
        "teams: {a: {side: blue, estate: two}, b: {side: red, estate: one}}\n"
        "networks: {internet: {cidr: 10.0.0.0/16}}\n"
        "estates:\n"
        "  two: {hosts: {gateway: {image: micro, nics: {internet: auto}},\n"
        "    web: {image: micro, nics: {internet: auto}}}}\n"
        "  one: {hosts: {rival: {image: micro, nics: {internet: auto}}}}\n";
    g_autoptr(ParryDiags) diags = parry_diags_new();
    Plan *plan = plan_load_bytes("paces.yaml", "/", text, strlen(text),
                                 "7d444840-9dc0-51d1-b245-5ffdce74fad2", diags);
    g_autofree char *why = parry_diags_text(diags, FALSE);

    if (!plan)
        fprintf(stderr, "%s\n", why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    CU_ASSERT_EQUAL(plan_host_index(plan, "a/web"), HOST_WEB);
    return plan;
}

static void an_estimate_says_what_it_rests_on(void)
{
    Plan *plan = plan_new();
    g_autoptr(Paces) paces = paces_new();
    g_autofree char *warm = pace_drill_key(plan, "qemu", PACE_WARM),
                    *cold = pace_drill_key(plan, "qemu", PACE_COLD),
                    *each = pace_each_key(4, "qemu", PACE_WARM),
                    *kvm = pace_drill_key(plan, "kvm", PACE_WARM);
    char *rests = NULL;

    CU_ASSERT_EQUAL(pace_estimate(paces, plan, "qemu", PACE_WARM, &rests), -1);
    CU_ASSERT_STRING_EQUAL(rests, "first time here");
    g_free(rests);
    paces_add(paces, kvm, SEC, 1); /* another accelerator is another matter */
    paces_add(paces, each, 2 * SEC, 1);
    CU_ASSERT_EQUAL(pace_estimate(paces, plan, "qemu", PACE_WARM, &rests), 6 * SEC);
    CU_ASSERT_STRING_EQUAL(rests,
                           "by other drills of up to 4 hosts here, 2.0 s for each host");
    g_free(rests);
    paces_add(paces, cold, 40 * SEC, 1);
    CU_ASSERT_EQUAL(pace_estimate(paces, plan, "qemu", PACE_WARM, &rests), 40 * SEC);
    CU_ASSERT_STRING_EQUAL(rests, "as the last time here, when more had to be made");
    g_free(rests);
    paces_add(paces, warm, 9 * SEC, 1);
    paces_add(paces, warm, 11 * SEC, 1);
    CU_ASSERT_EQUAL(pace_estimate(paces, plan, "qemu", PACE_WARM, &rests), 11 * SEC);
    CU_ASSERT_STRING_EQUAL(rests, "as the last 2 times here");
    g_free(rests);
    CU_ASSERT_EQUAL(pace_estimate(paces, plan, "qemu", PACE_BOOTED, &rests), -1);
    g_free(rests);
    plan_free(plan);
}

static void keys_are_by_shape(void)
{
    Plan *plan = plan_new();
    g_autofree char *web = pace_key(plan, PACE_BOOT, HOST_WEB, "qemu");
    g_autofree char *rival = pace_key(plan, PACE_BOOT, HOST_RIVAL, "qemu");
    guint64 memory = plan_host(plan, HOST_RIVAL)->ph_memory;

    CU_ASSERT_TRUE(strlen(web) <= PACES_KEY_MAX);
    plan_host(plan, HOST_RIVAL)->ph_memory = memory + (64 << 20);
    g_autofree char *other = pace_key(plan, PACE_BOOT, HOST_RIVAL, "qemu");
    CU_ASSERT_STRING_NOT_EQUAL(rival, other);
    plan_host(plan, HOST_RIVAL)->ph_memory = memory;
    plan_free(plan);
}

/* ---- what a host does ---- */

typedef struct {
    Daemon d;
    char *home;
    gint64 seq;
} World;

static void world_begin(World *world)
{
    *world = (World){.home = home_new()};
    Daemon *d = &world->d;
    *d = (Daemon){.dm_plan = plan_new(),
                  .dm_base = event_base_new(),
                  .dm_home = world->home,
                  .dm_accel = "qemu"};
    d->dm_hosts = hosts_new(d);
    d->dm_pacing = pacing_new(d);
    d->dm_state = DRILL_PROVISIONING;
}

static void world_end(World *world)
{
    Daemon *d = &world->d;

    pacing_free(d->dm_pacing);
    hosts_free(d->dm_hosts);
    event_base_free(d->dm_base);
    plan_free(d->dm_plan);
    home_remove(world->home);
}

static void happens(World *world, const char *kind, const char *host, const char *body)
{
    g_autofree char *text = g_strdelimit(g_strdup(body), "'", '"');
    JournalEvent event = {.ev_seq = ++world->seq,
                          .ev_kind = kind,
                          .ev_host = host,
                          .ev_body = json_loads(text, 0, NULL)};

    CU_ASSERT_PTR_NOT_NULL_FATAL(event.ev_body);
    pacing_event(world->d.dm_pacing, &event);
    json_decref((json_t *)event.ev_body);
}

static void says(World *world, int host, const char *stage, const char *why)
{
    json_t *told = pacing_json(world->d.dm_pacing, host);

    CU_ASSERT_PTR_NOT_NULL_FATAL(told);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(told, "stage")), stage);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(told, "why")), why);
    json_decref(told);
}

static void drill_says(World *world, const char *stage)
{
    json_t *told = pacing_drill_json(world->d.dm_pacing);

    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(told, "stage")), stage);
    json_decref(told);
}

static void every_wait_has_a_reason(void)
{
    World world;
    Daemon *d = &world.d;

    world_begin(&world);
    const char *image = plan_image(d->dm_plan, 0)->pi_id;
    g_autofree char *wanted = g_strdup_printf("{'image': '%s', 'cached': false}", image);
    g_autofree char *own = g_strdup_printf("waits for its image %s", image);
    happens(&world, "drill.state/1", "", "{'from': 'defined', 'to': 'provisioning'}");
    happens(&world, "image.wanted/1", "", wanted);
    says(&world, HOST_WEB, "wait", own);
    drill_says(&world, "image");
    happens(&world, "image.done/1", "", wanted);
    says(&world, HOST_WEB, "wait", "waits for the hypervisor");
    drill_says(&world, "hypervisor");
    happens(&world, "helper.up/1", "", "{'name': 'libvirt', 'accel': 'qemu'}");
    says(&world, HOST_WEB, "wait", "waits for the networks");
    hosts_set(d->dm_hosts, HOST_WEB, HOST_CREATE, "its golden guest boots");
    says(&world, HOST_WEB, "golden", "its golden guest boots");
    hosts_set(d->dm_hosts, HOST_WEB, HOST_CREATE, NULL);
    says(&world, HOST_WEB, "wait", "its disk is made");
    happens(&world, "filter.wanted/1", "a/web", "{}");
    says(&world, HOST_WEB, "wait", "its filters are made");
    happens(&world, "filter.done/1", "a/web", "{}");
    happens(&world, "domain.wanted/1", "a/web", "{}");
    says(&world, HOST_WEB, "start", "");
    happens(&world, "helper.down/1", "", "{'name': 'libvirt', 'reason': 'it ended'}");
    says(&world, HOST_WEB, "wait", "waits for libvirt: the connection is lost");
    drill_says(&world, "wait");
    happens(&world, "helper.up/1", "", "{'name': 'libvirt', 'reason': ''}");
    says(&world, HOST_WEB, "start", "");
    hosts_set(d->dm_hosts, HOST_WEB, HOST_BOOT, NULL);
    says(&world, HOST_WEB, "boot", "");
    hosts_set(d->dm_hosts, HOST_WEB, HOST_AGENT, NULL);
    says(&world, HOST_WEB, "personalise", "");
    drill_says(&world, "vms");
    for (guint i = 0; i < d->dm_plan->p_hosts->len; i++)
        hosts_set(d->dm_hosts, (int)i, HOST_READY, NULL);
    CU_ASSERT_PTR_NULL(pacing_json(d->dm_pacing, HOST_WEB));
    drill_says(&world, "proof");
    world_end(&world);
}

static void one_waits_for_another(void)
{
    World world;
    int gateway = HOST_GATEWAY;

    world_begin(&world);
    GArray *after = plan_host(world.d.dm_plan, HOST_WEB)->ph_after;
    guint before = after->len;
    g_array_append_val(after, gateway);
    happens(&world, "drill.state/1", "", "{'to': 'provisioning'}");
    happens(&world, "image.wanted/1", "", "{'image': 'x'}");
    happens(&world, "image.done/1", "", "{'image': 'x', 'cached': true}");
    happens(&world, "helper.up/1", "", "{'name': 'libvirt'}");
    happens(&world, "domain.wanted/1", "a/gateway", "{}");
    says(&world, HOST_WEB, "after", "waits for a/gateway to be ready");
    hosts_set(world.d.dm_hosts, HOST_WEB, HOST_PLANNED, "tried again in 5 s");
    says(&world, HOST_WEB, "wait", "tried again in 5 s");
    g_array_set_size(after, before);
    world_end(&world);
}

/* ---- descriptors ---- */

/* An ordinary account's limit is what it is; the figures are in the words. */
static void too_few_descriptors_are_refused(void)
{
    const struct rlimit few = {256, 1024};
    int status;

    if (fork() == 0) {
        g_autoptr(GError) error = NULL;
        setrlimit(RLIMIT_NOFILE, &few);
        if (geteuid() == 0 && setuid(65534) < 0)
            _exit(2);
        gboolean raised = needs_raise_files(1000, &error);
        gboolean figures = error && strstr(error->message, "1000 hosts needs 4048") &&
                           strstr(error->message, "limit here is 1024");
        _exit(!raised && figures ? 0 : 1);
    }
    wait(&status);
    CU_ASSERT_EQUAL(status, 0);
    if (fork() == 0) {
        const struct rlimit low = {256, 8192};
        struct rlimit now = {0};
        setrlimit(RLIMIT_NOFILE, &low);
        gboolean raised = needs_raise_files(1000, NULL);
        getrlimit(RLIMIT_NOFILE, &now);
        _exit(raised && now.rlim_cur == 4048 && now.rlim_max == 8192 ? 0 : 1);
    }
    wait(&status);
    CU_ASSERT_EQUAL(status, 0);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"the median of the last few", the_median_of_the_last_few},
        {"what is no sample is left out", what_is_no_sample_is_left_out},
        {"it is bounded", it_is_bounded},
        {"the longest unused goes first", the_longest_unused_goes_first},
        {"what is no file of ours is refused", what_is_no_file_of_ours_is_refused},
        {"many writers, one file", many_writers_one_file},
        {"without a file nothing is known", without_a_file_nothing_is_known},
        {"an estimate says what it rests on", an_estimate_says_what_it_rests_on},
        {"keys are by shape", keys_are_by_shape},
        {"every wait has a reason", every_wait_has_a_reason},
        {"one waits for another", one_waits_for_another},
        {"too few descriptors are refused", too_few_descriptors_are_refused},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("paces", tests);
}
