/* The range without libvirt: who works, who is told, what counts as a change. */
#include "orchestrator/range/netns.h"
#include "orchestrator/range/pool.h"
#include "orchestrator/range/watch.h"
#include "tests/unit/cunit_main.h"

#include <string.h>

/* ---- the pool ---- */

static struct event_base *base;
static Pool *pool;
static GThread *loop;
static GString *order; /* of done calls, one letter each */
static int gate;       /* atomic: letters' work waits while it is 0 */
static gboolean off_loop, cancelled_seen;

static void wait_for_gate(gpointer data)
{
    off_loop |= g_thread_self() == loop;
    while (data && !g_atomic_int_get(&gate))
        g_thread_yield();
}

static void note(gpointer data, gboolean ran)
{
    CU_ASSERT_PTR_EQUAL(g_thread_self(), loop);
    cancelled_seen |= !ran;
    g_string_append(order, data ? data : "!");
}

static void turn_until(gsize letters)
{
    gint64 until = g_get_monotonic_time() + (gint64)10 * G_USEC_PER_SEC;
    struct timeval tick = {.tv_usec = 20000};

    while (order->len < letters && g_get_monotonic_time() < until) {
        event_base_loopexit(base, &tick);
        event_base_dispatch(base);
    }
}

static void pool_begin(int workers)
{
    base = event_base_new();
    loop = g_thread_self();
    order = g_string_new(NULL);
    off_loop = cancelled_seen = FALSE;
    g_atomic_int_set(&gate, 0);
    pool = pool_new(base, workers, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pool);
}

static void pool_end(void)
{
    pool_free(pool);
    event_base_free(base);
    g_string_free(order, TRUE);
}

static void test_urgent_work_overtakes(void)
{
    pool_begin(1);
    pool_run(pool, POOL_NORMAL, wait_for_gate, note, "a");
    pool_run(pool, POOL_NORMAL, wait_for_gate, note, "b");
    pool_run(pool, POOL_SOON, wait_for_gate, note, "c");
    pool_run(pool, POOL_URGENT, wait_for_gate, note, NULL);
    turn_until(1);
    CU_ASSERT_STRING_EQUAL(order->str, "!");
    g_atomic_int_set(&gate, 1);
    turn_until(4);
    CU_ASSERT_EQUAL(order->len, 4);
    CU_ASSERT_EQUAL(order->str[3], 'b'); /* "a" may have begun before "c" was there */
    CU_ASSERT_FALSE(off_loop);
    pool_end();
}

/* The one worker is busy; the urgent thread is not for common work. */
static void test_urgent_thread_is_kept_free(void)
{
    pool_begin(1);
    pool_run(pool, POOL_NORMAL, wait_for_gate, note, "a");
    pool_run(pool, POOL_NORMAL, wait_for_gate, note, "b");
    for (int i = 0; i < 100; i++)
        pool_run(pool, POOL_URGENT, wait_for_gate, note, NULL);
    turn_until(100);
    CU_ASSERT_EQUAL(order->len, 100);
    CU_ASSERT_PTR_NULL(strchr(order->str, 'a'));
    g_atomic_int_set(&gate, 1);
    turn_until(102);
    CU_ASSERT_EQUAL(order->len, 102);
    pool_end();
}

static void test_free_calls_every_done(void)
{
    pool_begin(1);
    for (int i = 0; i < 50; i++)
        pool_run(pool, POOL_NORMAL, wait_for_gate, note, "a");
    g_atomic_int_set(&gate, 1);
    pool_free(pool);
    CU_ASSERT_EQUAL(order->len, 50);
    CU_ASSERT_TRUE(cancelled_seen);
    pool = NULL;
    pool_end();
}

static gpointer post_many(gpointer data)
{
    for (int i = 0; i < 1000; i++)
        pool_post(pool, note, data);
    return NULL;
}

static void test_posts_from_any_thread_arrive(void)
{
    GThread *threads[4];

    pool_begin(1);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("post", post_many, "p");
    turn_until(4000);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    CU_ASSERT_EQUAL(order->len, 4000);
    pool_end();
}

/* ---- the watch ---- */

static Watch *watch;
static GString *said;  /* "0 crashed;" … */
static guint asked;    /* looks asked for */
static guint turns[2]; /* of the last look, by host */

static void on_look(int host, guint turn, gpointer data)
{
    (void)data;
    asked++;
    turns[host] = turn;
}

static void on_event(int host, RangeEvent event, const char *detail, gpointer data)
{
    static const char *const names[] = {"started", "stopped", "crashed", "paused",
                                        "resumed"};

    (void)data;
    CU_ASSERT_PTR_NOT_NULL(detail);
    g_string_append_printf(said, "%d %s;", host, names[event]);
}

static void watch_begin_test(void)
{
    WatchCalls calls = {on_look, on_event, NULL, NULL};

    watch = watch_new(2, &calls);
    said = g_string_new(NULL);
    asked = 0;
}

static void watch_end_test(const char *expected)
{
    CU_ASSERT_STRING_EQUAL(said->str, expected);
    watch_free(watch);
    g_string_free(said, TRUE);
}

static void make(int host)
{
    watch_begin(watch, host);
    watch_end(watch, host, TRUE, ACT_RUNNING);
}

static void test_a_crash_is_told(void)
{
    watch_begin_test();
    make(0);
    watch_hint(watch, 0, TRUE, "gone");
    CU_ASSERT_EQUAL(asked, 1);
    watch_seen(watch, 0, turns[0], ACT_ABSENT);
    watch_end_test("0 crashed;");
}

static void test_an_echo_of_an_own_act_is_not(void)
{
    watch_begin_test();
    make(1);
    watch_begin(watch, 1);
    watch_hint(watch, 1, FALSE, "destroyed");
    CU_ASSERT_EQUAL(asked, 0);
    watch_end(watch, 1, TRUE, ACT_ABSENT);
    CU_ASSERT_EQUAL(asked, 1);
    watch_seen(watch, 1, turns[1], ACT_ABSENT);
    watch_hint(watch, 1, FALSE, "destroyed, late");
    watch_seen(watch, 1, turns[1], ACT_ABSENT);
    watch_end_test("");
}

/* Destroyed and made again at once: the echo comes late, the domain runs. */
static void test_a_late_echo_after_a_new_start_is_not(void)
{
    watch_begin_test();
    make(0);
    watch_begin(watch, 0);
    watch_end(watch, 0, TRUE, ACT_ABSENT);
    make(0);
    watch_hint(watch, 0, FALSE, "destroyed");
    watch_seen(watch, 0, turns[0], ACT_RUNNING);
    watch_end_test("");
}

/* A look that was under way while the range acted says nothing. */
static void test_a_look_from_before_an_act_is_void(void)
{
    guint turn;

    watch_begin_test();
    watch_hint(watch, 0, FALSE, "started");
    turn = turns[0];
    watch_begin(watch, 0);
    watch_seen(watch, 0, turn, ACT_ABSENT);
    CU_ASSERT_EQUAL(asked, 1);
    watch_end(watch, 0, TRUE, ACT_RUNNING);
    CU_ASSERT_EQUAL(asked, 2);
    watch_seen(watch, 0, turns[0], ACT_RUNNING);
    watch_end_test("");
}

static void test_pause_and_resume_are_told(void)
{
    watch_begin_test();
    make(0);
    watch_hint(watch, 0, FALSE, "disk full");
    watch_seen(watch, 0, turns[0], ACT_PAUSED);
    watch_hint(watch, 0, FALSE, "goes on");
    watch_seen(watch, 0, turns[0], ACT_RUNNING);
    watch_end_test("0 paused;0 resumed;");
}

static void test_what_was_there_before_is_told(void)
{
    watch_begin_test();
    watch_all(watch, "before");
    CU_ASSERT_EQUAL(asked, 2);
    watch_seen(watch, 0, 0, ACT_PAUSED);
    watch_seen(watch, 1, 0, ACT_ABSENT);
    watch_end_test("0 started;0 paused;");
}

static void test_a_missed_look_is_made_up_for(void)
{
    watch_begin_test();
    make(0);
    watch_hint(watch, 0, TRUE, "gone");
    watch_missed(watch, 0);
    watch_all(watch, "after the loss");
    watch_seen(watch, 0, turns[0], ACT_ABSENT);
    watch_end_test("0 crashed;");
}

/* ---- where to look ---- */

static void test_only_local_sockets_can_be_looked_at(void)
{
    static const struct {
        const char *uri, *path;
    } cases[] = {
        {"qemu+unix:///system?socket=/a/b.sock", "/a/b.sock"},
        {"qemu:///system?socket=/a/b.sock", "/a/b.sock"},
        {"qemu+unix:///system?mode=direct&socket=/a%20b.sock", "/a b.sock"},
        {"qemu+ssh://root@far/system", NULL},
        {"qemu+tls://far/system?socket=/a/b.sock", NULL},
        {"qemu:///session", NULL},
        {"test:///default", NULL},
        {"", NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = netns_socket(cases[i].uri);

        CU_ASSERT_EQUAL(g_strcmp0(path, cases[i].path), 0);
    }
}

static void test_a_far_hypervisor_is_not_proved(void)
{
    g_autoptr(GError) error = NULL;

    CU_ASSERT_PTR_NULL(netns_look("qemu+ssh://far/system", NULL, NULL, &error));
    CU_ASSERT_TRUE(g_error_matches(error, RANGE_ERROR, RANGE_ERROR_FAILED));
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"urgent work overtakes", test_urgent_work_overtakes},
        {"the urgent thread is kept free", test_urgent_thread_is_kept_free},
        {"free calls every done", test_free_calls_every_done},
        {"posts from any thread arrive", test_posts_from_any_thread_arrive},
        {"a crash is told", test_a_crash_is_told},
        {"an echo of an own act is not", test_an_echo_of_an_own_act_is_not},
        {"a late echo after a new start is not",
         test_a_late_echo_after_a_new_start_is_not},
        {"a look from before an act is void", test_a_look_from_before_an_act_is_void},
        {"pause and resume are told", test_pause_and_resume_are_told},
        {"what was there before is told", test_what_was_there_before_is_told},
        {"a missed look is made up for", test_a_missed_look_is_made_up_for},
        {"only local sockets can be looked at", test_only_local_sockets_can_be_looked_at},
        {"a far hypervisor is not proved", test_a_far_hypervisor_is_not_proved},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("range: parts", tests);
}
