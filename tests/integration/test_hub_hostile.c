/*
 * Guests that break the rules: each loses its own connection, says why, and meanwhile the
 * guest beside it goes on as if nothing were.
 */
#include "tests/integration/fake_agent.h"
#include "tests/integration/hub_rig.h"
#include "tests/unit/cunit_main.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define GOOD 0 /* the honest guest */
#define BAD 1  /* the other one */

#define HELLO                                                                            \
    "\n{\"k\":\"hello\",\"v\":1,\"agent\":\"bad\",\"boot\":"                             \
    "\"00000000-0000-0000-0000-00000000000b\",\"inst\":1,\"epoch\":0,\"last\":0,"        \
    "\"name\":\"mallory\"}\n"

typedef struct {
    Rig rig;
    FakeAgent *good;
    gint64 asked, answered; /* orders to the honest guest */
    int fd;                 /* the hostile guest */
    char got[1024];         /* what the host wrote to it first */
} Arena;

static void on_order(FakeAgent *agent, const struct wire_msg *m)
{
    Arena *arena = agent->fa_data;

    if (m->kind == WIRE_ORDER) {
        arena->answered = m->id;
        fake_agent_result(agent, m->id);
    }
}

static int bad_connect(const Arena *arena)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    g_autofree char *path = rig_path(&arena->rig, BAD);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    CU_ASSERT_EQUAL(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    return fd;
}

static void arena_start(Arena *arena)
{
    g_autofree char *path = NULL;

    memset(arena, 0, sizeof(*arena));
    rig_start(&arena->rig, NULL, 2);
    path = rig_path(&arena->rig, GOOD);
    arena->good = fake_agent_new(arena->rig.rg_base, path, "alice", on_order, arena);
    RIG_UNTIL(&arena->rig, link_connected(arena->rig.rg_link, GOOD));
    arena->fd = bad_connect(arena);
}

static void arena_stop(Arena *arena)
{
    CU_ASSERT_EQUAL(rig_n(&arena->rig, GOOD, HUB_GONE), 0);
    CU_ASSERT_EQUAL(rig_n(&arena->rig, GOOD, HUB_CUT), 0);
    CU_ASSERT_EQUAL(arena->rig.rg_ups, 1); /* the same hub all the time */
    close(arena->fd);
    fake_agent_free(arena->good);
    rig_stop(&arena->rig);
}

/* A turn with a ping-pong of the honest guest going on. */
static void arena_turn(Arena *arena)
{
    const RigRecord *last = rig_last(&arena->rig, GOOD, HUB_RESULT);

    if (arena->asked == 0 || (last && (gint64)last->body.result.id == arena->asked))
        rig_order(&arena->rig, GOOD, ++arena->asked, NULL);
    rig_turn(&arena->rig);
}

#define ARENA_UNTIL(arena, expr)                                                         \
    do {                                                                                 \
        gint64 until_ = g_get_monotonic_time() + RIG_PATIENCE_US;                        \
        while (!(expr) && g_get_monotonic_time() < until_)                               \
            arena_turn(arena);                                                           \
        CU_ASSERT_TRUE(expr);                                                            \
    } while (0)

/* Keeps what the host writes, so that it can be looked at; also after it closed. */
static void bad_read(Arena *arena)
{
    size_t have = strlen(arena->got);
    char rest[4096];

    ssize_t n = read(arena->fd, rest, sizeof(rest));
    if (n > 0 && have < sizeof(arena->got) - 1)
        g_strlcpy(arena->got + have, rest, MIN((size_t)n + 1, sizeof(arena->got) - have));
}

/* Sends all of it while the loop turns; FALSE when the host closed before the end. */
static gboolean bad_send(Arena *arena, const char *bytes, size_t len)
{
    gint64 until = g_get_monotonic_time() + RIG_PATIENCE_US;

    while (len > 0 && g_get_monotonic_time() < until) {
        ssize_t n = send(arena->fd, bytes, len, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            return FALSE;
        bytes += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
        bad_read(arena);
        arena_turn(arena);
    }
    return len == 0;
}

static gboolean bad_say(Arena *arena, const char *text)
{
    return bad_send(arena, text, strlen(text));
}

/* ---- what a guest may try ---- */

static void attack_no_newline(Arena *arena)
{
    g_autofree char *much = g_strnfill(1 << 20, 'a');

    bad_say(arena, much);
}

static void attack_flood_bytes(Arena *arena)
{
    g_autofree char *line = g_strdup_printf("{\"k\":\"ack\",%60000s}\n", "\"ack\":0");

    for (int i = 0; i < 4000 && bad_say(arena, line); i++)
        ;
}

static void attack_flood_lines(Arena *arena)
{
    GString *lines = g_string_new(NULL);

    for (int i = 0; i < 500; i++)
        g_string_append(lines, "{\"k\":\"ack\",\"ack\":0}\n");
    for (int i = 0; i < 4000 && bad_say(arena, lines->str); i++)
        ;
    g_string_free(lines, TRUE);
}

static void attack_empty_lines(Arena *arena)
{
    g_autofree char *lines = g_strnfill(10000, '\n');

    for (int i = 0; i < 4000 && bad_say(arena, lines); i++)
        ;
}

static void attack_utf8(Arena *arena)
{
    for (int i = 0; i < 16; i++)
        bad_say(arena, "{\"k\":\"result\",\"seq\":1,\"id\":1,\"status\":\"done\","
                       "\"text\":\"\xc3\x28\"}\n");
}

static void attack_nul(Arena *arena)
{
    static const char line[] = "{\"k\":\"ack\",\"ack\":0,\"x\0y\":1}\n";

    for (int i = 0; i < 16; i++)
        bad_send(arena, line, sizeof(line) - 1);
}

static void attack_deep(Arena *arena)
{
    g_autofree char *open = g_strnfill(30000, '[');
    g_autofree char *shut = g_strnfill(30000, ']');
    g_autofree char *line = g_strdup_printf("{\"k\":%s%s}\n", open, shut);

    for (int i = 0; i < 16; i++)
        bad_say(arena, line);
}

static void attack_wide(Arena *arena)
{
    g_autofree char *zeros = g_strnfill(60000, '0');
    g_autofree char *line = NULL;

    for (int i = 1; i < 60000; i += 2)
        zeros[i] = ',';
    zeros[59999] = '0';
    line = g_strdup_printf("{\"k\":\"probe\",\"seq\":1,\"id\":1,\"rows\":[%s]}\n", zeros);
    for (int i = 0; i < 16; i++)
        bad_say(arena, line);
}

static void attack_false_ack(Arena *arena)
{
    bad_say(arena, "{\"k\":\"ack\",\"ack\":9223372036854775807}\n");
}

static void attack_gap(Arena *arena)
{
    bad_say(arena, "{\"k\":\"started\",\"seq\":2,\"id\":1}\n");
}

static void attack_no_credit(Arena *arena)
{
    g_autofree char *data = g_strnfill(10920, 'A');

    for (int seq = 1; seq < 20; seq++) {
        g_autofree char *line = g_strdup_printf(
            "{\"k\":\"pty\",\"seq\":%d,\"id\":1,\"data_b64\":\"%s\"}\n", seq, data);
        if (!bad_say(arena, line))
            return;
    }
}

static const struct {
    const char *name;
    void (*run)(Arena *arena);
    const char *reason;
} attacks[] = {
    {"1 MB without a newline", attack_no_newline, "longer than 65536 bytes"},
    {"a flood of bytes", attack_flood_bytes, "bytes a second"},
    {"a flood of lines", attack_flood_lines, "lines a second"},
    {"a flood of empty lines", attack_empty_lines, "lines a second"},
    {"invalid UTF-8", attack_utf8, "16 refused lines in a row"},
    {"NUL in a line", attack_nul, "16 refused lines in a row"},
    {"deep JSON", attack_deep, "16 refused lines in a row"},
    {"wide JSON", attack_wide, "16 refused lines in a row"},
    {"acknowledges what was never sent", attack_false_ack, "never sent"},
    {"skips numbers", attack_gap, "something between is missing"},
    {"output without credit", attack_no_credit, "without credit"},
};

static void test_attacks(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(attacks); i++) {
        Arena arena;

        arena_start(&arena);
        bad_say(&arena, HELLO);
        ARENA_UNTIL(&arena, link_connected(arena.rig.rg_link, BAD));
        gint64 before = arena.answered;
        attacks[i].run(&arena);
        ARENA_UNTIL(&arena, rig_n(&arena.rig, BAD, HUB_CUT) == 1);
        const RigRecord *cut = rig_last(&arena.rig, BAD, HUB_CUT);
        CU_ASSERT_TRUE(cut && strstr(cut->text, attacks[i].reason));
        if (!cut || !strstr(cut->text, attacks[i].reason))
            fprintf(stderr, "%s: %s\n", attacks[i].name, cut ? cut->text : "not cut");
        CU_ASSERT_FALSE(link_connected(arena.rig.rg_link, BAD));
        ARENA_UNTIL(&arena, arena.answered >= before + 20);
        arena_stop(&arena);
    }
}

/* While a guest pours out bytes, the next one is answered turn by turn. */
static void test_latency(void)
{
    g_autofree char *line = g_strdup_printf("{\"k\":\"ack\",%60000s}\n", "\"ack\":0");
    gint64 last = 0;
    guint served = 0, writes = 0;
    Arena arena;

    arena_start(&arena);
    bad_say(&arena, HELLO);
    ARENA_UNTIL(&arena, link_connected(arena.rig.rg_link, BAD));
    while (rig_n(&arena.rig, BAD, HUB_CUT) == 0 && writes < 4000) {
        if (!bad_say(&arena, line))
            break;
        writes++;
        served += arena.answered != last;
        last = arena.answered;
    }
    /* About 140 lines pass before the cut; without turns it would be none. */
    CU_ASSERT_TRUE(served >= 20);
    ARENA_UNTIL(&arena, rig_n(&arena.rig, BAD, HUB_CUT) == 1);
    arena_stop(&arena);
}

static void test_wrong_version(void)
{
    g_autofree char *hello = g_strdup(HELLO);
    Arena arena;

    arena_start(&arena);
    strstr(hello, "\"v\":1")[4] = '2';
    bad_say(&arena, hello);
    ARENA_UNTIL(&arena, rig_n(&arena.rig, BAD, HUB_CUT) == 1);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(rig_last(&arena.rig, BAD, HUB_CUT)->text, "version 2 of the protocol"));
    bad_read(&arena);
    CU_ASSERT_PTR_NOT_NULL(strstr(arena.got, "\"welcome\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(arena.got, "\"v\":1"));
    arena_stop(&arena);
}

/* A hello that cannot be read at all is told, so that a silent guest can be explained. */
static void test_unreadable_hello(void)
{
    Arena arena;

    arena_start(&arena);
    bad_say(&arena, "{\"k\":\"hello\",\"v\":1,\"colour\":\"red\"}\n");
    ARENA_UNTIL(&arena, rig_n(&arena.rig, BAD, HUB_BAD_LINE) == 1);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(rig_last(&arena.rig, BAD, HUB_BAD_LINE)->text, "unknown member 'colour'"));
    CU_ASSERT_FALSE(link_connected(arena.rig.rg_link, BAD));
    arena_stop(&arena);
}

/* The socket tells who it is; the name that it claims is only passed on. */
static void test_other_name(void)
{
    GString *hello = g_string_new(HELLO);
    Arena arena;

    arena_start(&arena);
    g_string_replace(hello, "mallory", "alice", 1);
    bad_say(&arena, hello->str);
    g_string_free(hello, TRUE);
    ARENA_UNTIL(&arena, link_connected(arena.rig.rg_link, BAD));
    bad_say(&arena, "{\"k\":\"result\",\"seq\":1,\"id\":1,\"status\":\"done\"}\n");
    ARENA_UNTIL(&arena, rig_n(&arena.rig, BAD, HUB_RESULT) == 1);
    CU_ASSERT_STRING_EQUAL(rig_last(&arena.rig, BAD, HUB_HELLO)->body.hello.name,
                           "alice");
    CU_ASSERT_EQUAL(rig_n(&arena.rig, BAD, HUB_CUT), 0);
    arena_stop(&arena);
}

/* A guest that never reads: its messages stop at a bound, everything else goes on. */
static void test_does_not_read(void)
{
    g_autofree char *script = g_strnfill(40000, 'x');
    g_autoptr(GError) error = NULL;
    Arena arena;
    gint64 id = 1000;

    arena_start(&arena);
    CU_ASSERT_EQUAL(send(arena.fd, HELLO, strlen(HELLO), 0), (ssize_t)strlen(HELLO));
    ARENA_UNTIL(&arena, link_connected(arena.rig.rg_link, BAD));
    while (id < 2000 && link_send(arena.rig.rg_link, BAD,
                                  json_pack("{s:s, s:I, s:s}", "k", "order", "id",
                                            (json_int_t)id++, "script", script),
                                  &error))
        ;
    CU_ASSERT_TRUE(g_error_matches(error, LINK_ERROR, LINK_ERROR_FULL));
    gint64 before = arena.answered;
    ARENA_UNTIL(&arena, arena.answered >= before + 50);
    arena_stop(&arena);
}

/* A second connection beside the first is not served until the first has ended. */
static void test_one_connection(void)
{
    Arena arena;
    int second;

    arena_start(&arena);
    bad_say(&arena, HELLO);
    ARENA_UNTIL(&arena, link_connected(arena.rig.rg_link, BAD));
    second = bad_connect(&arena);
    CU_ASSERT_EQUAL(send(second, HELLO, strlen(HELLO), 0), (ssize_t)strlen(HELLO));
    gint64 before = arena.answered;
    ARENA_UNTIL(&arena, arena.answered >= before + 20);
    CU_ASSERT_EQUAL(rig_n(&arena.rig, BAD, HUB_HELLO), 1);
    close(arena.fd);
    arena.fd = second;
    ARENA_UNTIL(&arena, rig_n(&arena.rig, BAD, HUB_HELLO) == 2);
    CU_ASSERT_EQUAL(rig_n(&arena.rig, BAD, HUB_GONE), 1);
    arena_stop(&arena);
}

/* A cut guest waits 5 s, then 10 s, before it is heard again. */
static void test_stays_cut(void)
{
    static const gint64 waits_s[] = {5, 10};
    g_autofree char *much = g_strnfill(70000, 'a');
    Arena arena;

    arena_start(&arena);
    bad_say(&arena, HELLO);
    ARENA_UNTIL(&arena, rig_n(&arena.rig, BAD, HUB_HELLO) == 1);
    for (guint i = 0; i < G_N_ELEMENTS(waits_s); i++) {
        bad_say(&arena, much);
        ARENA_UNTIL(&arena, rig_n(&arena.rig, BAD, HUB_CUT) == i + 1);
        gint64 cut_us = g_get_monotonic_time();
        close(arena.fd);
        arena.fd = bad_connect(&arena); /* waits in the listener's queue */
        bad_say(&arena, HELLO);
        ARENA_UNTIL(&arena, rig_n(&arena.rig, BAD, HUB_HELLO) == i + 2);
        /* The record of the cut came a little after the cut. */
        CU_ASSERT_TRUE(g_get_monotonic_time() - cut_us >
                       (waits_s[i] - 1) * G_USEC_PER_SEC);
    }
    arena_stop(&arena);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"attacks cut their own guest only", test_attacks},
        {"a flood leaves others their turn", test_latency},
        {"another version of the protocol", test_wrong_version},
        {"a hello that cannot be read", test_unreadable_hello},
        {"another VM's name", test_other_name},
        {"a guest that does not read", test_does_not_read},
        {"one connection at a time", test_one_connection},
        {"a cut guest stays cut", test_stays_cut},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("hub and hostile guests", tests);
}
