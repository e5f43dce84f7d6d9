/* One guest's connection and the records, without a process or a socket. */
#include "agents/wire/msg.h"
#include "orchestrator/hub/conn.h"
#include "scoreboard/kinds.h"
#include "tests/unit/cunit_main.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELLO                                                                            \
    "{\"k\":\"hello\",\"v\":1,\"agent\":\"0.1\",\"boot\":"                               \
    "\"01234567-89ab-cdef-0123-456789abcdef\",\"inst\":7,\"epoch\":3,\"last\":5,"        \
    "\"name\":\"web\"}\n"

typedef struct {
    struct hub_head head;
    char body[256];
    GBytes *tail;
} Seen;

typedef struct {
    HubConn *conn;
    GArray *seen;
    int64_t now_us;
} Fixture;

static void clear_seen(gpointer p)
{
    g_bytes_unref(((Seen *)p)->tail);
}

/* Every record is put together as the hub does and opened as the link does. */
static void on_record(void *arg, uint32_t type, uint64_t seq, const void *body,
                      const void *tail, size_t len)
{
    Fixture *f = arg;
    size_t fixed = (size_t)hub_record_fixed(type);
    struct hub_head head = {type, 0, (uint32_t)len, 1, seq}, opened;
    g_autofree char *datagram = g_malloc(sizeof(head) + fixed + len);
    const void *open_body, *open_tail;
    Seen seen;

    memcpy(datagram, &head, sizeof(head));
    memcpy(datagram + sizeof(head), body, fixed);
    if (len)
        memcpy(datagram + sizeof(head) + fixed, tail, len);
    CU_ASSERT_PTR_NULL(hub_record_open(datagram, sizeof(head) + fixed + len, true,
                                       &opened, &open_body, &open_tail));
    memset(&seen, 0, sizeof(seen));
    seen.head = head;
    memcpy(seen.body, body, fixed);
    seen.tail = g_bytes_new(tail, len);
    g_array_append_val(f->seen, seen);
}

static void start(Fixture *f, gboolean greet)
{
    f->seen = g_array_new(FALSE, FALSE, sizeof(Seen));
    g_array_set_clear_func(f->seen, clear_seen);
    f->now_us = 1000000;
    f->conn = conn_new(on_record, f, f->now_us);
    if (greet) {
        CU_ASSERT_TRUE(conn_input(f->conn, HELLO, strlen(HELLO), f->now_us));
        CU_ASSERT_EQUAL(f->seen->len, 1);
        g_array_set_size(f->seen, 0);
    }
}

static void stop(Fixture *f)
{
    conn_free(f->conn);
    g_array_unref(f->seen);
}

static gboolean put(Fixture *f, const char *text)
{
    return conn_input(f->conn, text, strlen(text), f->now_us);
}

static const Seen *seen(const Fixture *f, guint i)
{
    CU_ASSERT_TRUE_FATAL(i < f->seen->len);
    return &g_array_index(f->seen, Seen, i);
}

static gboolean tail_is(const Seen *s, const char *text)
{
    return g_bytes_get_size(s->tail) == strlen(text) &&
           (!*text || memcmp(g_bytes_get_data(s->tail, NULL), text, strlen(text)) == 0);
}

static void test_hello_first(void)
{
    Fixture f;

    start(&f, FALSE);
    /* What was on its way on an earlier connection: neither told nor counted. */
    CU_ASSERT_TRUE(put(&f, "half a line}\n"));
    CU_ASSERT_TRUE(put(&f, "{\"k\":\"started\",\"seq\":9,\"id\":4}\n"));
    CU_ASSERT_EQUAL(f.seen->len, 0);
    CU_ASSERT_FALSE(conn_greeted(f.conn));
    CU_ASSERT_TRUE(put(&f, "\n" HELLO));
    CU_ASSERT_TRUE(conn_greeted(f.conn));
    const struct hub_hello *hello = (const void *)seen(&f, 0)->body;
    CU_ASSERT_EQUAL(seen(&f, 0)->head.rc_type, HUB_HELLO);
    CU_ASSERT_STRING_EQUAL(hello->boot, "01234567-89ab-cdef-0123-456789abcdef");
    CU_ASSERT_STRING_EQUAL(hello->name, "web");
    CU_ASSERT_EQUAL(hello->inst, 7);
    CU_ASSERT_EQUAL(hello->last, 5);
    CU_ASSERT_EQUAL(hello->epoch, 3);
    stop(&f);
}

/* What a plugin measured stands behind its words, cut where it is long. */
static void test_plugin_figures(void)
{
    Fixture f;
    g_autofree char *long_one = g_strnfill(1000, 'x');
    g_autofree char *line =
        g_strdup_printf("{\"k\":\"check\",\"seq\":2,\"id\":18,\"status\":\"up\","
                        "\"text\":\"\",\"perf\":\"%s\"}\n",
                        long_one);

    start(&f, TRUE);
    CU_ASSERT_TRUE(put(&f, "{\"k\":\"check\",\"seq\":1,\"id\":17,\"status\":\"up\","
                           "\"text\":\"HTTP OK \",\"perf\":\"time=0.1s;;;0\"}\n"));
    CU_ASSERT_TRUE(put(&f, line));
    CU_ASSERT_TRUE(tail_is(seen(&f, 0), "HTTP OK | time=0.1s;;;0"));
    CU_ASSERT_EQUAL(g_bytes_get_size(seen(&f, 1)->tail), 3 + 199);
    stop(&f);
}

static void test_wrong_version(void)
{
    Fixture f;
    g_autofree char *hello = g_strdup(HELLO);

    start(&f, FALSE);
    strstr(hello, "\"v\":1")[4] = '9';
    CU_ASSERT_FALSE(put(&f, hello));
    CU_ASSERT_TRUE(conn_wrong_version(f.conn));
    CU_ASSERT_PTR_NOT_NULL(strstr(conn_reason(f.conn), "version 9"));
    CU_ASSERT_EQUAL(f.seen->len, 0);
    stop(&f);
}

static void test_records(void)
{
    Fixture f;

    start(&f, TRUE);
    CU_ASSERT_TRUE(put(&f,
                       "{\"k\":\"started\",\"seq\":1,\"ack\":4,\"id\":17}\n"
                       "{\"k\":\"out\",\"seq\":2,\"ack\":4,\"id\":17,\"stream\":2,"
                       "\"data_b64\":\"aGk=\"}\n"
                       "{\"k\":\"result\",\"seq\":3,\"id\":17,\"status\":\"refused\","
                       "\"exit\":-1,\"text\":\"\xe8\xa1\x9b\"}\n"
                       "{\"k\":\"check\",\"seq\":4,\"id\":18,\"status\":\"unchecked\"}\n"
                       "{\"k\":\"probe\",\"seq\":5,\"id\":19,\"rows\":[[\"gw\",true,"
                       "\"\"],[\"dns\",false,\"no answer\"]]}\n"));
    CU_ASSERT_EQUAL(f.seen->len, 6);
    CU_ASSERT_EQUAL(seen(&f, 0)->head.rc_type, HUB_AGENT_ACK); /* once, not twice */
    CU_ASSERT_EQUAL(seen(&f, 1)->head.rc_type, HUB_STARTED);
    CU_ASSERT_EQUAL(seen(&f, 1)->head.rc_seq, 1);
    CU_ASSERT_EQUAL(seen(&f, 2)->head.rc_type, HUB_OUT);
    CU_ASSERT_TRUE(tail_is(seen(&f, 2), "hi"));
    CU_ASSERT_EQUAL(((const struct hub_out *)(const void *)seen(&f, 2)->body)->stream, 2);
    const struct hub_result *result = (const void *)seen(&f, 3)->body;
    CU_ASSERT_EQUAL(result->status, HUB_REFUSED);
    CU_ASSERT_EQUAL(result->exit, -1);
    CU_ASSERT_TRUE(tail_is(seen(&f, 3), "\xe8\xa1\x9b"));
    const struct hub_check *check = (const void *)seen(&f, 4)->body;
    CU_ASSERT_EQUAL(check->status, CHECK_UNCHECKED); /* not the wire's own number */
    CU_ASSERT_TRUE(g_bytes_get_size(seen(&f, 5)->tail) == 2 * 3 + 2 + 3 + 9);
    stop(&f);
}

/* Cut in the middle: the reason is told, nothing is taken after it. */
static void test_refused_row(void)
{
    Fixture f;
    int i;

    start(&f, TRUE);
    for (i = 1; i < CONN_REFUSED_ROW; i++)
        CU_ASSERT_TRUE(put(&f, "{\"k\":\"beet\"}\n"));
    CU_ASSERT_TRUE(put(&f, "{\"k\":\"ack\",\"ack\":1}\n")); /* a good one ends the row */
    for (i = 1; i < CONN_REFUSED_ROW; i++)
        CU_ASSERT_TRUE(put(&f, "{\"k\":\"beet\",\"seq\":8,\"id\":3}\n"));
    CU_ASSERT_FALSE(put(&f, "{\"k\":\"beet\"}\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(conn_reason(f.conn), "unknown kind 'beet'"));
    const Seen *bad = seen(&f, f.seen->len - 2);
    CU_ASSERT_EQUAL(bad->head.rc_type, HUB_BAD_LINE);
    CU_ASSERT_EQUAL(bad->head.rc_seq, 8); /* so that it counts as taken */
    CU_ASSERT_EQUAL(((const struct hub_bad_line *)(const void *)bad->body)->id, 3);
    stop(&f);
}

static gboolean refused_every(Fixture *f, int64_t gap_us, int times)
{
    for (int i = 0; i < times; i++) {
        f->now_us += gap_us;
        if (!put(f, "no\n{\"k\":\"ack\",\"ack\":0}\n"))
            return FALSE;
    }
    return TRUE;
}

static void test_refused_minute(void)
{
    Fixture f;

    start(&f, TRUE); /* one a second: 61 within any minute */
    CU_ASSERT_TRUE(refused_every(&f, 1000000, 300));
    stop(&f);
    start(&f, TRUE);
    CU_ASSERT_TRUE(refused_every(&f, 900000, CONN_REFUSED_MINUTE - 1));
    CU_ASSERT_FALSE(refused_every(&f, 900000, 1));
    CU_ASSERT_PTR_NOT_NULL(strstr(conn_reason(f.conn), "within a minute"));
    stop(&f);
}

static void test_no_newline(void)
{
    Fixture f;
    g_autofree char *much = g_strnfill(1 << 20, 'a');

    start(&f, TRUE);
    CU_ASSERT_FALSE(put(&f, much));
    CU_ASSERT_PTR_NOT_NULL(strstr(conn_reason(f.conn), "longer than 65536"));
    stop(&f);
}

static void test_rates(void)
{
    Fixture f;
    g_autofree char *lines = g_strnfill(1000, '\n');
    g_autofree char *padded = g_strdup_printf("{\"k\":\"ack\",%59979s}\n", "\"ack\":0");
    int n;

    start(&f, TRUE);
    for (n = 0; put(&f, lines); n++)
        CU_ASSERT_TRUE_FATAL(n < 1000);
    CU_ASSERT_EQUAL(n, CONN_LINES_BURST / 1000 - 1); /* the hello was one too */
    CU_ASSERT_PTR_NOT_NULL(strstr(conn_reason(f.conn), "lines a second"));
    stop(&f);

    start(&f, TRUE); /* at the rate itself: for ever */
    for (n = 0; n < 100; n++) {
        f.now_us += 1000 * 1000000 / CONN_LINES_PER_S;
        CU_ASSERT_TRUE(put(&f, lines));
    }
    stop(&f);

    start(&f, TRUE);
    for (n = 0; put(&f, padded); n++)
        CU_ASSERT_TRUE_FATAL(n < 1000);
    CU_ASSERT_EQUAL(n, CONN_BYTES_BURST / 60000);
    CU_ASSERT_PTR_NOT_NULL(strstr(conn_reason(f.conn), "bytes a second"));
    stop(&f);
}

/* A guest's text that does not fit is cut at a character, never inside one. */
static void test_long_name(void)
{
    Fixture f;
    GString *hello = g_string_new(HELLO);

    start(&f, FALSE);
    g_string_replace(hello, "\"web\"",
                     "\"\xe8\xa1\x9b\xe8\xa1\x9b\xe8\xa1\x9b\xe8\xa1\x9b\xe8\xa1\x9b"
                     "\xe8\xa1\x9b\xe8\xa1\x9b\xe8\xa1\x9b\xe8\xa1\x9b\xe8\xa1\x9b\"",
                     1);
    CU_ASSERT_TRUE(put(&f, hello->str));
    const struct hub_hello *told = (const void *)seen(&f, 0)->body;
    CU_ASSERT_TRUE(g_utf8_validate(told->name, -1, NULL));
    CU_ASSERT_EQUAL(strlen(told->name), 30);
    g_string_free(hello, TRUE);
    stop(&f);
}

/* ---- observations ---- */

static void keep_row(void *arg, const struct hub_row *row)
{
    GString *text = arg;

    g_string_append_printf(text, "%" G_GUINT64_FORMAT " %d/%d %d:", row->n,
                           row->seen.what, row->seen.act, row->seen.pid);
    for (int k = 0; k < HUB_SEEN_TEXTS; k++)
        g_string_append_printf(text, " [%.*s]", row->seen.len[k], row->text[k]);
    g_string_append_c(text, '\n');
}

static void test_observations(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    Fixture f;

    start(&f, TRUE);
    CU_ASSERT_TRUE(put(&f, "{\"k\":\"obs\",\"n\":41,\"rows\":[{\"t\":1,\"what\":\"exec\","
                           "\"act\":\"started\",\"pid\":7,\"exe\":\"/bin/ls\",\"args\":"
                           "\"ls \\u001b[2J\\u009b \xe8\xa1\x9b\",\"player\":\"p-7\"},"
                           "{\"t\":2,\"what\":\"file\",\"act\":\"moved\",\"path\":\"/a\","
                           "\"to\":\"/b\"}]}\n"
                           "{\"k\":\"lossy\",\"n\":42,\"kernel\":3,\"queue\":4,"
                           "\"from_us\":5,\"to_us\":6}\n"));
    CU_ASSERT_EQUAL_FATAL(f.seen->len, 2);
    CU_ASSERT_EQUAL(seen(&f, 0)->head.rc_type, HUB_OBS);
    hub_obs_each((const void *)seen(&f, 0)->body,
                 g_bytes_get_data(seen(&f, 0)->tail, NULL), keep_row, text);
    CU_ASSERT_STRING_EQUAL(text->str,
                           "41 0/5 7: [/bin/ls] [ls ?[2J? \xe8\xa1\x9b] [] [] [] [p-7]\n"
                           "42 5/4 -1: [] [] [] [/a] [/b] []\n");
    const struct hub_lossy *lossy = (const void *)seen(&f, 1)->body;
    CU_ASSERT_EQUAL(seen(&f, 1)->head.rc_type, HUB_LOSSY);
    CU_ASSERT(lossy->n == 42 && lossy->kernel == 3 && lossy->queue == 4);
    CU_ASSERT(lossy->from_us == 5 && lossy->to_us == 6 && lossy->dropped == 0);
    stop(&f);
}

/* Past the limit rows are dropped and counted; the guest is not cut, and is heard again.
 */
static void test_observation_rate(void)
{
    g_autoptr(GString) line = g_string_new(NULL);
    Fixture f;
    guint64 rows = 0, sent = 0;

    start(&f, TRUE);
    g_string_assign(line, "{\"k\":\"obs\",\"n\":1,\"rows\":[");
    for (int i = 0; i < WIRE_OBS_ROWS; i++)
        g_string_append(line, i ? ",{\"t\":1,\"what\":\"exit\"}"
                                : "{\"t\":1,\"what\":\"exit\"}");
    g_string_append(line, "]}\n");
    for (; sent < 2 * CONN_ROWS_BURST; sent += WIRE_OBS_ROWS)
        CU_ASSERT_TRUE(put(&f, line->str));
    for (guint i = 0; i < f.seen->len; i++)
        rows += ((const struct hub_obs *)(const void *)seen(&f, i)->body)->count;
    CU_ASSERT(rows <= CONN_ROWS_BURST && rows + WIRE_OBS_ROWS > CONN_ROWS_BURST);
    f.now_us += 1000000;
    CU_ASSERT_TRUE(put(&f, line->str));
    const struct hub_obs *last = (const void *)seen(&f, f.seen->len - 1)->body;
    CU_ASSERT_EQUAL(last->dropped, sent - rows);
    stop(&f);
}

/* ---- records from a hub that lies ---- */

static const char *open_record(uint32_t type, uint32_t len, const void *rest, size_t size)
{
    _Alignas(8) char datagram[512];
    struct hub_head head = {type, 0, len, 0, 0}, opened;
    const void *body, *tail;

    memcpy(datagram, &head, sizeof(head));
    memcpy(datagram + sizeof(head), rest, size);
    return hub_record_open(datagram, sizeof(head) + size, type >= HUB_UP, &opened, &body,
                           &tail);
}

static void test_lying_records(void)
{
    struct hub_hello hello = {.agent = "0.1", .boot = "b", .name = "n"};
    struct hub_result result = {.status = HUB_LOST};
    struct {
        struct hub_probe probe;
        char rows[8];
    } probe = {{1, 1, 0}, {1, 2, 1, 'a', 'b', 'c', 0, 0}};
    char text[sizeof(result) + 2];

    CU_ASSERT_PTR_NULL(open_record(HUB_HELLO, 0, &hello, sizeof(hello)));
    CU_ASSERT_PTR_NOT_NULL(open_record(HUB_HELLO, 0, &hello, sizeof(hello) - 1));
    CU_ASSERT_PTR_NOT_NULL(open_record(HUB_HELLO, 1, &hello, sizeof(hello)));
    CU_ASSERT_PTR_NOT_NULL(open_record(99, 0, "", 0));
    memset(hello.name, 'x', sizeof(hello.name));
    CU_ASSERT_PTR_NOT_NULL(open_record(HUB_HELLO, 0, &hello, sizeof(hello)));

    CU_ASSERT_PTR_NULL(open_record(HUB_RESULT, 0, &result, sizeof(result)));
    memcpy(text, &result, sizeof(result));
    memcpy(text + sizeof(result), "\xff!", 2);
    CU_ASSERT_PTR_NOT_NULL(open_record(HUB_RESULT, 2, text, sizeof(text)));
    result.status = 4;
    CU_ASSERT_PTR_NOT_NULL(open_record(HUB_RESULT, 0, &result, sizeof(result)));

    struct {
        struct hub_obs obs;
        struct hub_seen row;
        char text[8];
    } obs = {{1, 0, 1, 0}, {.what = 1, .len = {2, 3}}, "abcde"};
    CU_ASSERT_PTR_NULL(open_record(HUB_OBS, sizeof(obs.row) + 5, &obs,
                                   sizeof(obs.obs) + sizeof(obs.row) + 5));
    CU_ASSERT_PTR_NOT_NULL(open_record(HUB_OBS, sizeof(obs.row) + 4, &obs,
                                       sizeof(obs.obs) + sizeof(obs.row) + 4));
    CU_ASSERT_PTR_NOT_NULL(open_record(HUB_OBS, sizeof(obs.row) + 6, &obs,
                                       sizeof(obs.obs) + sizeof(obs.row) + 6));
    obs.row.what = 200;
    CU_ASSERT_PTR_NOT_NULL(open_record(HUB_OBS, sizeof(obs.row) + 5, &obs,
                                       sizeof(obs.obs) + sizeof(obs.row) + 5));
    obs.row.what = 1;
    obs.obs.count = 4000000000u;
    CU_ASSERT_PTR_NOT_NULL(open_record(HUB_OBS, sizeof(obs.row) + 5, &obs,
                                       sizeof(obs.obs) + sizeof(obs.row) + 5));

    CU_ASSERT_PTR_NULL(open_record(HUB_PROBE, 6, &probe, sizeof(probe.probe) + 6));
    CU_ASSERT_PTR_NOT_NULL(open_record(HUB_PROBE, 5, &probe, sizeof(probe.probe) + 5));
    CU_ASSERT_PTR_NOT_NULL(open_record(HUB_PROBE, 7, &probe, sizeof(probe.probe) + 7));
    probe.probe.rows = 4000000000u;
    CU_ASSERT_PTR_NOT_NULL(open_record(HUB_PROBE, 6, &probe, sizeof(probe.probe) + 6));
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"nothing counts before hello", test_hello_first},
        {"another version is named", test_wrong_version},
        {"figures of a plugin", test_plugin_figures},
        {"messages become records", test_records},
        {"16 refused lines in a row", test_refused_row},
        {"64 refused lines in a minute", test_refused_minute},
        {"a megabyte without a newline", test_no_newline},
        {"lines and bytes a second", test_rates},
        {"long wide names", test_long_name},
        {"observations become records", test_observations},
        {"observations past the rate", test_observation_rate},
        {"records of a hub that lies", test_lying_records},
        CU_TEST_INFO_NULL,
    };

    wire_init();
    return cunit_main("hub connection", tests);
}
