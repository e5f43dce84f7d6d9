/*
 * The wire: what a hostile or broken guest can put on its channel, and what every message
 * looks like after a way there and back.
 */
#include "agents/wire/base64.h"
#include "agents/wire/frame.h"
#include "agents/wire/msg.h"
#include "tests/unit/cunit_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- base64 ---- */

static void test_base64_rfc4648(void)
{
    static const char *const pairs[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        char text[16];
        unsigned char bytes[16];
        size_t n = strlen(pairs[i][0]);
        CU_ASSERT_EQUAL(base64_encode(pairs[i][0], n, text), strlen(pairs[i][1]));
        CU_ASSERT_STRING_EQUAL(text, pairs[i][1]);
        CU_ASSERT_EQUAL(base64_decode(text, strlen(text), bytes), (ssize_t)n);
        CU_ASSERT_EQUAL(memcmp(bytes, pairs[i][0], n), 0);
    }
}

static void test_base64_refuses(void)
{
    static const char *const bad[] = {
        "Z",    "Zg",   "Zg=",    "Zg==Zg==", "Zh==", "Zm9=", "=Zm9",
        "Z=g=", "Zm 9", "Zm9v\n", "Zm-_",     "====", "Zg=a"};
    unsigned char bytes[16];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CU_ASSERT_EQUAL_FATAL(base64_decode(bad[i], strlen(bad[i]), bytes), -1);
}

static void test_base64_all_bytes(void)
{
    unsigned char in[256], out[258];
    char text[400];

    for (size_t n = 0; n <= sizeof(in); n++) {
        for (size_t i = 0; i < n; i++)
            in[i] = (unsigned char)(i * 7 + n);
        size_t len = base64_encode(in, n, text);
        CU_ASSERT_EQUAL(len, base64_encoded_size(n));
        CU_ASSERT_EQUAL(base64_decode(text, len, out), (ssize_t)n);
        CU_ASSERT_EQUAL(memcmp(in, out, n), 0);
    }
}

/* ---- framing ---- */

struct seen {
    int lines, empty, too_long;
    char text[256]; /* lines, each ended by '|' */
    size_t longest;
    bool stop;
};

static bool see(void *arg, enum frame_event event, const char *line, size_t len)
{
    struct seen *s = arg;

    s->lines += event == FRAME_LINE;
    s->empty += event == FRAME_EMPTY;
    s->too_long += event == FRAME_TOO_LONG;
    if (event == FRAME_LINE && len > s->longest)
        s->longest = len;
    if (event == FRAME_LINE && strlen(s->text) + len + 2 < sizeof(s->text)) {
        size_t end = strlen(s->text);
        memcpy(s->text + end, line, len);
        memcpy(s->text + end + len, "|", 2);
    }
    return !s->stop;
}

static void test_frame_split_everywhere(void)
{
    static const char text[] = "\n{\"k\":\"a\"}\nxyz\n\n{\"k\":\"b\"}\nhalf";
    size_t n = strlen(text);

    for (size_t first = 0; first <= n; first++) {
        for (size_t second = first; second <= n; second++) {
            struct frame_reader r;
            struct seen s = {0};
            frame_reader_init(&r);
            CU_ASSERT(frame_feed(&r, text, first, see, &s));
            CU_ASSERT(frame_feed(&r, text + first, second - first, see, &s));
            CU_ASSERT(frame_feed(&r, text + second, n - second, see, &s));
            CU_ASSERT_EQUAL(s.empty, 2);
            CU_ASSERT_STRING_EQUAL(s.text, "{\"k\":\"a\"}|xyz|{\"k\":\"b\"}|");
            CU_ASSERT_EQUAL(r.stats.lines, 3);
            CU_ASSERT_EQUAL(r.stats.bytes, n);
            frame_reader_clear(&r);
        }
    }
}

static void test_frame_megabyte_without_newline(void)
{
    struct frame_reader r;
    struct seen s = {0};
    char block[1000];

    memset(block, 'A', sizeof(block));
    frame_reader_init(&r);
    for (int i = 0; i < 1000; i++)
        CU_ASSERT(frame_feed(&r, block, sizeof(block), see, &s));
    CU_ASSERT_EQUAL(s.too_long, 1); /* told once, while it goes on */
    CU_ASSERT(r.size <= 2 * FRAME_MAX);
    CU_ASSERT(frame_feed(&r, "AAA\ngood\n", 9, see, &s));
    CU_ASSERT_EQUAL(s.lines, 1);
    CU_ASSERT_STRING_EQUAL(s.text, "good|");
    CU_ASSERT_EQUAL(s.too_long, 1);
    CU_ASSERT_EQUAL(r.stats.too_long, 1);
    frame_reader_clear(&r);
}

static void test_frame_limit_is_exact(void)
{
    char *line = malloc(FRAME_MAX + 1);
    struct frame_reader r;
    struct seen s = {0};

    memset(line, 'B', FRAME_MAX);
    line[FRAME_MAX - 1] = '\n'; /* FRAME_MAX with its newline: just fits */
    frame_reader_init(&r);
    CU_ASSERT(frame_feed(&r, line, FRAME_MAX, see, &s));
    CU_ASSERT_EQUAL(s.lines, 1);
    CU_ASSERT_EQUAL(s.longest, FRAME_MAX - 1);
    line[FRAME_MAX - 1] = 'B';
    line[FRAME_MAX] = '\n'; /* one more does not */
    CU_ASSERT(frame_feed(&r, line, FRAME_MAX + 1, see, &s));
    CU_ASSERT_EQUAL(s.lines, 1);
    CU_ASSERT_EQUAL(s.too_long, 1);
    CU_ASSERT(frame_feed(&r, "x\n", 2, see, &s));
    CU_ASSERT_EQUAL(s.lines, 2);
    frame_reader_clear(&r);
    free(line);
}

static void test_frame_stops_and_resets(void)
{
    struct frame_reader r;
    struct seen s = {.stop = true};

    frame_reader_init(&r);
    CU_ASSERT_FALSE(frame_feed(&r, "a\nb\n", 4, see, &s));
    CU_ASSERT_EQUAL(s.lines, 1);
    s.stop = false;
    CU_ASSERT(frame_feed(&r, "half", 4, see, &s));
    frame_reader_reset(&r); /* a new connection: the half line is gone, the counts stay */
    CU_ASSERT(frame_feed(&r, "whole\n", 6, see, &s));
    CU_ASSERT_STRING_EQUAL(s.text, "a|whole|");
    CU_ASSERT_EQUAL(r.stats.lines, 2);
    frame_reader_clear(&r);
}

/* ---- decoding ---- */

static bool decodes(enum wire_dir dir, const char *line, struct wire_error *e)
{
    struct wire_msg m;
    bool ok = wire_decode(dir, line, strlen(line), &m, e);

    wire_msg_clear(&m);
    return ok;
}

/* Lines that must be refused, with a word of the reason. */
static void test_refused_lines(void)
{
    static const struct {
        enum wire_dir dir;
        const char *line;
        const char *word;
    } cases[] = {
        {WIRE_TO_HOST, "", "object"},
        {WIRE_TO_HOST, "[]", "object"},
        {WIRE_TO_HOST, "hello", "object"},
        {WIRE_TO_HOST, "{", "JSON"},
        {WIRE_TO_HOST, "{}", "'k'"},
        {WIRE_TO_HOST, "{\"k\":1}", "'k'"},
        {WIRE_TO_HOST, "{\"k\":\"ack\",\"ack\":1}x", "JSON"},
        {WIRE_TO_HOST, "{\"k\":\"nonsense\"}", "unknown kind 'nonsense'"},
        {WIRE_TO_HOST, "{\"k\":\"order\",\"seq\":1,\"id\":1}", "unknown kind 'order'"},
        {WIRE_TO_AGENT, "{\"k\":\"hello\"}", "unknown kind 'hello'"},
        {WIRE_TO_HOST, "{\"k\":\"ack\"}", "'ack' is missing"},
        {WIRE_TO_HOST, "{\"k\":\"ack\",\"ack\":-1}", "below"},
        {WIRE_TO_HOST, "{\"k\":\"ack\",\"ack\":1.5}", "integer"},
        {WIRE_TO_HOST, "{\"k\":\"ack\",\"ack\":1e3}", "integer"},
        {WIRE_TO_HOST, "{\"k\":\"ack\",\"ack\":\"1\"}", "integer"},
        {WIRE_TO_HOST, "{\"k\":\"ack\",\"ack\":99999999999999999999}", "JSON"},
        {WIRE_TO_HOST, "{\"k\":\"ack\",\"ack\":1,\"ack\":2}", "duplicate"},
        {WIRE_TO_HOST, "{\"k\":\"ack\",\"ack\":1,\"x\":2}", "unknown member 'x'"},
        {WIRE_TO_HOST, "{\"k\":\"ack\",\"ack\":1,\"seq\":2}", "unknown member 'seq'"},
        {WIRE_TO_HOST, "{\"k\":\"started\",\"id\":2}", "'seq' is missing"},
        {WIRE_TO_HOST, "{\"k\":\"started\",\"seq\":0,\"id\":2}", "below 1"},
        {WIRE_TO_HOST, "{\"k\":\"started\",\"seq\":1}", "'id' is missing"},
        {WIRE_TO_HOST, "{\"k\":\"ack\",\"ack\":1,\"t\":\"\xff\xfe\"}", "JSON"},
        {WIRE_TO_HOST, "{\"k\":\"a\\u0000b\"}", "JSON"},
        {WIRE_TO_HOST, "{\"k\":\"\xed\xa0\x80\"}", "JSON"},
        {WIRE_TO_HOST,
         "{\"k\":\"out\",\"seq\":1,\"id\":1,\"stream\":3,\"data_b64\":\"Zg==\"}",
         "above 2"},
        {WIRE_TO_HOST,
         "{\"k\":\"out\",\"seq\":1,\"id\":1,\"stream\":1,\"data_b64\":\"Zg\"}", "base64"},
        {WIRE_TO_HOST,
         "{\"k\":\"out\",\"seq\":1,\"id\":1,\"stream\":1,\"data_b64\":\"\"}", "below 1"},
        {WIRE_TO_HOST, "{\"k\":\"result\",\"seq\":1,\"id\":1,\"status\":\"fine\"}",
         "'fine' is not known"},
        {WIRE_TO_HOST, "{\"k\":\"ready\",\"seq\":1,\"id\":1,\"status\":\"lost\"}",
         "'lost' is not known"},
        {WIRE_TO_HOST,
         "{\"k\":\"result\",\"seq\":1,\"id\":1,\"status\":\"done\",\"cut\":1}",
         "true or false"},
        {WIRE_TO_HOST, "{\"k\":\"probe\",\"seq\":1,\"id\":1,\"rows\":[[\"a\",true]]}",
         "3 values"},
        {WIRE_TO_HOST, "{\"k\":\"probe\",\"seq\":1,\"id\":1,\"rows\":[{}]}", "3 values"},
        {WIRE_TO_HOST, "{\"k\":\"obs\",\"n\":1,\"rows\":[]}", "count 0 is below 1"},
        {WIRE_TO_HOST, "{\"k\":\"obs\",\"n\":0,\"rows\":[{\"t\":1,\"what\":\"exec\"}]}",
         "below 1"},
        {WIRE_TO_HOST, "{\"k\":\"obs\",\"n\":1,\"rows\":[{\"t\":1,\"what\":\"nap\"}]}",
         "'nap' is not known"},
        {WIRE_TO_HOST,
         "{\"k\":\"obs\",\"n\":1,\"rows\":[{\"t\":1,\"what\":\"exec\",\"x\":1}]}",
         "unknown member 'x'"},
        {WIRE_TO_HOST, "{\"k\":\"lossy\",\"n\":1}", "'kernel' is missing"},
        {WIRE_TO_AGENT, "{\"k\":\"clock\",\"seq\":1,\"id\":2,\"wall_us\":-5}", "below 0"},
        {WIRE_TO_AGENT,
         "{\"k\":\"replace\",\"seq\":1,\"id\":2,\"path\":\"/a\",\"sha256\":\"00\"}",
         "below 64"},
        {WIRE_TO_AGENT, "{\"k\":\"order\",\"seq\":1,\"id\":1}", "exactly one"},
        {WIRE_TO_AGENT,
         "{\"k\":\"order\",\"seq\":1,\"id\":1,\"script\":\"a\",\"argv\":[\"b\"]}",
         "exactly one"},
        {WIRE_TO_AGENT, "{\"k\":\"order\",\"seq\":1,\"id\":1,\"argv\":[1]}",
         "list of text"},
        {WIRE_TO_AGENT,
         "{\"k\":\"order\",\"seq\":1,\"id\":1,\"script\":\"a\",\"timeout_ms\":0}",
         "0 is below 1"},
        {WIRE_TO_AGENT,
         "{\"k\":\"check\",\"seq\":1,\"id\":1,\"kind\":\"tcp\",\"deadline_ms\":5}",
         "kind tcp needs 'addr'"},
        {WIRE_TO_AGENT,
         "{\"k\":\"check\",\"seq\":1,\"id\":1,\"kind\":\"smtp\",\"deadline_ms\":5}",
         "'smtp' is not known"},
        {WIRE_TO_AGENT,
         "{\"k\":\"check\",\"seq\":1,\"id\":1,\"kind\":\"file\",\"deadline_ms\":5,"
         "\"path\":\"/x\",\"sha256\":\"123456\"}",
         "no digest"},
        {WIRE_TO_AGENT,
         "{\"k\":\"personalise\",\"seq\":1,\"id\":1,\"hostname\":\"a\",\"nics\":[{"
         "\"mac\":"
         "\"52:54:00:00:00:01\",\"addr\":\"10.0.0.1\"}]}",
         "'prefix' is missing"},
        {WIRE_TO_AGENT,
         "{\"k\":\"personalise\",\"seq\":1,\"id\":1,\"hostname\":\"a\",\"router\":[]}",
         "objects"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wire_error e = {""};
        bool ok = decodes(cases[i].dir, cases[i].line, &e);
        if (ok || !strstr(e.text, cases[i].word))
            fprintf(stderr, "\n%s: %s\n", cases[i].line, ok ? "accepted" : e.text);
        CU_ASSERT_FALSE(ok);
        CU_ASSERT_PTR_NOT_NULL(strstr(e.text, cases[i].word));
    }
}

/* head, what n times, tail */
static void repeat(char *text, size_t size, const char *head, const char *what, int n,
                   const char *tail)
{
    int len = snprintf(text, size, "%s", head);

    for (int i = 0; i < n; i++)
        len += snprintf(text + len, size - (size_t)len, "%s", what);
    len += snprintf(text + len, size - (size_t)len, "%s", tail);
    CU_ASSERT_FATAL((size_t)len < size);
}

static void test_deep_and_wide(void)
{
    struct wire_error e;
    char line[8192];

    repeat(line, sizeof(line), "{\"k\":\"ack\",\"ack\":", "[", 4000, "");
    CU_ASSERT_FALSE(decodes(WIRE_TO_HOST, line, &e));
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "deeper than 8"));

    repeat(line, sizeof(line), "{\"k\":\"ack\",\"ack\":[0", ",0", 2000, "]}");
    CU_ASSERT_FALSE(decodes(WIRE_TO_HOST, line, &e));
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "more than 1024"));

    /* Brackets and commas inside a string are only text. */
    repeat(line, sizeof(line),
           "{\"k\":\"ready\",\"seq\":1,\"id\":1,\"status\":\"done\",\"text\":\"\\\"", "[",
           500, "\"}");
    CU_ASSERT(decodes(WIRE_TO_HOST, line, &e));
}

/* The reason goes to a log and to people: no byte of the guest's may steer a terminal. */
static void test_reason_is_plain(void)
{
    struct wire_error e;

    CU_ASSERT_FALSE(decodes(WIRE_TO_HOST, "{\"k\":\"\\u001b[2J\xc2\x9b\"}", &e));
    for (const char *p = e.text; *p; p++)
        CU_ASSERT(*p >= ' ' && *p <= '~');
}

static void test_refused_message_tells_its_number(void)
{
    static const char line[] = "{\"k\":\"order\",\"seq\":7,\"id\":9,\"colour\":1}";
    struct wire_msg m;
    struct wire_error e;

    CU_ASSERT_FALSE(wire_decode(WIRE_TO_AGENT, line, strlen(line), &m, &e));
    CU_ASSERT_EQUAL(m.kind, WIRE_ORDER);
    CU_ASSERT_EQUAL(m.seq, 7);
    CU_ASSERT_EQUAL(m.id, 9);
    CU_ASSERT_PTR_NULL(m.arena);
}

/* ---- there and back ---- */

/* One line of every kind; encoding what was decoded must give it again. */
static const struct {
    enum wire_dir dir;
    const char *line;
} samples[] = {
    {WIRE_TO_HOST, "{\"k\":\"hello\",\"v\":1,\"agent\":\"0.1.0\",\"boot\":"
                   "\"0b1c2d3e-0000-4000-8000-000000000000\",\"inst\":5,\"epoch\":2,"
                   "\"last\":41,\"name\":\"web\"}"},
    {WIRE_TO_HOST, "{\"k\":\"beat\",\"ack\":3,\"mono_us\":1,\"wall_us\":2,\"rss_kb\":3,"
                   "\"drops\":4,\"queued\":5}"},
    {WIRE_TO_HOST, "{\"k\":\"started\",\"seq\":1,\"id\":17}"},
    {WIRE_TO_HOST, "{\"k\":\"out\",\"seq\":2,\"ack\":0,\"id\":17,\"stream\":2,"
                   "\"data_b64\":\"aGkK\"}"},
    {WIRE_TO_HOST, "{\"k\":\"result\",\"seq\":3,\"id\":17,\"status\":\"done\",\"exit\":0,"
                   "\"dur_us\":1200}"},
    {WIRE_TO_HOST, "{\"k\":\"result\",\"seq\":3,\"id\":17,\"status\":\"failed\","
                   "\"signal\":9,\"dur_us\":1,\"cut\":true,\"text\":\"killed\"}"},
    {WIRE_TO_HOST, "{\"k\":\"check\",\"seq\":4,\"id\":18,\"status\":\"corrupt\","
                   "\"dur_us\":9,\"text\":\"gone\"}"},
    {WIRE_TO_HOST, "{\"k\":\"probe\",\"seq\":5,\"id\":19,\"rows\":[[\"dns\",false,\"no "
                   "answer\"],[\"gw\",true,\"\"]]}"},
    {WIRE_TO_HOST, "{\"k\":\"ready\",\"seq\":6,\"id\":20,\"status\":\"done\"}"},
    {WIRE_TO_HOST, "{\"k\":\"pty\",\"seq\":7,\"id\":21,\"data_b64\":\"JCA=\"}"},
    {WIRE_TO_HOST, "{\"k\":\"ptyend\",\"seq\":8,\"id\":21,\"exit\":0}"},
    {WIRE_TO_HOST, "{\"k\":\"beat\",\"mono_us\":1,\"wall_us\":2,\"rss_kb\":3,"
                   "\"drops\":4,\"queued\":5,\"ping\":0,\"sources\":9}"},
    {WIRE_TO_HOST,
     "{\"k\":\"obs\",\"n\":7,\"rows\":[{\"t\":1,\"what\":\"exec\",\"act\":\"started\","
     "\"pid\":12,\"ppid\":1,\"uid\":0,\"auid\":2000000001,\"exe\":\"/bin/ls\","
     "\"args\":\"ls -l\",\"cwd\":\"/root\",\"path\":\"/a\",\"to\":\"/b\",\"exit\":0,"
     "\"player\":\"p-7\",\"origin\":\"player\",\"id\":9},{\"t\":2,\"what\":\"exit\"}]}"},
    {WIRE_TO_HOST, "{\"k\":\"lossy\",\"n\":9,\"kernel\":1,\"queue\":2,\"from_us\":3,"
                   "\"to_us\":4}"},
    {WIRE_TO_HOST, "{\"k\":\"ack\",\"ack\":12}"},
    {WIRE_TO_AGENT,
     "{\"k\":\"welcome\",\"v\":1,\"last\":0,\"epoch\":1,\"credit\":65536}"},
    {WIRE_TO_AGENT,
     "{\"k\":\"personalise\",\"seq\":1,\"id\":17,\"hostname\":\"web\",\"nics\":[{\"mac\":"
     "\"52:54:00:00:00:01\",\"addr\":\"10.10.1.10\",\"prefix\":24}],\"routes\":[{\"to\":"
     "\"0.0.0.0/0\",\"via\":\"10.10.1.1\"}],\"hosts\":[[\"10.10.1.10\",[\"web\","
     "\"www.clinic.example\"]]],\"dns\":[\"10.10.1.1\"],\"users\":[{\"name\":\"nurse\","
     "\"password\":\"\xe5\xaf\x86\",\"uid\":1001,\"shell\":\"/bin/sh\",\"groups\":["
     "\"sudo\"]}],\"files\":[{\"path\":\"/a\",\"mode\":420,\"owner\":\"root\",\"group\":"
     "\"root\",\"data_b64\":\"aGkK\"}],\"services\":[\"nginx\"],\"router\":{\"publish\":["
     "{"
     "\"proto\":\"tcp\",\"port\":80,\"to\":\"10.10.1.10\",\"to_port\":80}],"
     "\"masquerade\":[\"52:54:00:00:00:02\"],\"rules\":[{\"name\":\"web-only\","
     "\"from\":\"10.10.2.0/24\",\"to\":\"10.10.1.10/32\",\"proto\":\"tcp\",\"first\":80,"
     "\"last\":81,\"action\":\"reject\",\"log\":true},{\"name\":\"rest\",\"action\":"
     "\"drop\"}],\"drop\":true},\"run\":[\"true\"]}"},
    {WIRE_TO_AGENT, "{\"k\":\"file\",\"seq\":2,\"id\":5,\"path\":\"/a\",\"off\":0,"
                    "\"data_b64\":\"\",\"end\":true,\"mode\":493}"},
    {WIRE_TO_AGENT,
     "{\"k\":\"order\",\"seq\":3,\"id\":6,\"argv\":[\"id\",\"-u\"],"
     "\"user\":\"nurse\",\"cwd\":\"/\",\"env\":{\"A\":\"b\"},\"stdin_b64\":"
     "\"aGkK\",\"timeout_ms\":1000,\"out_max\":10}"},
    {WIRE_TO_AGENT,
     "{\"k\":\"check\",\"seq\":4,\"id\":7,\"kind\":\"http\",\"deadline_ms\":"
     "500,\"addr\":\"10.0.0.1\",\"path\":\"/\",\"status\":404,\"body\":"
     "\"x\"}"},
    {WIRE_TO_AGENT,
     "{\"k\":\"probe\",\"seq\":5,\"id\":8,\"deadline_ms\":900,\"rows\":[["
     "\"gw\",\"gateway\",\"10.0.0.1\",0],[\"w\",\"tcp\",\"10.0.0.2\",80]]}"},
    {WIRE_TO_AGENT, "{\"k\":\"open\",\"seq\":6,\"id\":9,\"cols\":80,\"rows\":24,\"user\":"
                    "\"nurse\",\"player\":\"p-7\"}"},
    {WIRE_TO_AGENT, "{\"k\":\"in\",\"seq\":7,\"id\":9,\"data_b64\":\"bHMK\"}"},
    {WIRE_TO_AGENT, "{\"k\":\"size\",\"seq\":8,\"id\":9,\"cols\":100,\"rows\":30}"},
    {WIRE_TO_AGENT, "{\"k\":\"close\",\"seq\":9,\"id\":9}"},
    {WIRE_TO_AGENT, "{\"k\":\"credit\",\"ack\":5,\"bytes\":4096}"},
    {WIRE_TO_AGENT, "{\"k\":\"cancel\",\"seq\":10,\"id\":6}"},
    {WIRE_TO_AGENT, "{\"k\":\"abort\",\"seq\":11}"},
    {WIRE_TO_AGENT, "{\"k\":\"ping\",\"t\":123}"},
    {WIRE_TO_AGENT, "{\"k\":\"welcome\",\"v\":1,\"last\":0,\"epoch\":1,\"credit\":65536,"
                    "\"deadman_ms\":5000}"},
    {WIRE_TO_AGENT, "{\"k\":\"order\",\"seq\":3,\"id\":6,\"script\":\"true\",\"purpose\":"
                    "\"attack\",\"cleanup\":\"rm /x\",\"mem_kb\":65536,\"procs\":64}"},
    {WIRE_TO_AGENT, "{\"k\":\"open\",\"seq\":6,\"id\":9,\"cols\":80,\"rows\":24,"
                    "\"auid\":2000000001}"},
    {WIRE_TO_AGENT,
     "{\"k\":\"observe\",\"seq\":1,\"id\":2,\"paths\":[\"/etc\"],\"mask\":["
     "\"--password\"],\"rate\":100,\"players\":[[2000000001,\"p-7\"]]}"},
    {WIRE_TO_AGENT, "{\"k\":\"snapshot\",\"seq\":1,\"id\":2,\"parts\":[\"processes\","
                    "\"files\"],\"paths\":[\"/etc\"]}"},
    {WIRE_TO_AGENT,
     "{\"k\":\"clock\",\"seq\":1,\"id\":2,\"wall_us\":5,\"mode\":\"slew\"}"},
    {WIRE_TO_AGENT,
     "{\"k\":\"identity\",\"seq\":1,\"id\":2,\"hostname\":\"web\",\"nics\":[{\"mac\":"
     "\"52:54:00:00:00:01\",\"addr\":\"10.10.1.10\",\"prefix\":24}],\"routes\":[{\"to\":"
     "\"0.0.0.0/0\",\"via\":\"10.10.1.1\"}],\"machine_id\":"
     "\"0123456789abcdef0123456789abcdef\",\"regenerate_ssh\":true,\"seed_b64\":"
     "\"aGkK\",\"wall_us\":5}"},
    {WIRE_TO_AGENT,
     "{\"k\":\"replace\",\"seq\":1,\"id\":2,\"path\":\"/run/a\",\"sha256\":"
     "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}"},
};

static void test_there_and_back(void)
{
    bool seen[WIRE_KINDS] = {false};

    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        struct wire_msg m;
        struct wire_error e = {""};
        const char *line = samples[i].line;
        bool ok = wire_decode(samples[i].dir, line, strlen(line), &m, &e);
        if (!ok)
            fprintf(stderr, "\n%s: %s\n", line, e.text);
        CU_ASSERT_FATAL(ok);
        seen[m.kind] = true;
        char *again = wire_encode(&m, NULL, &e);
        CU_ASSERT_PTR_NOT_NULL_FATAL(again);
        CU_ASSERT_STRING_EQUAL(again, line);
        free(again);
        wire_msg_clear(&m);
    }
    for (int kind = WIRE_NONE + 1; kind < WIRE_KINDS; kind++)
        CU_ASSERT(seen[kind]); /* a new kind needs a sample here */
}

/* Every prefix of every sample is refused without a crash or a leak. */
static void test_truncated_lines(void)
{
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
        for (size_t n = 0; n < strlen(samples[i].line); n++) {
            struct wire_msg m;
            struct wire_error e;
            CU_ASSERT_FALSE(wire_decode(samples[i].dir, samples[i].line, n, &m, &e));
        }
}

static void test_defaults(void)
{
    static const char line[] =
        "{\"k\":\"order\",\"seq\":1,\"id\":2,\"argv\":[\"a\",\"b\"]}";
    struct wire_msg m;
    struct wire_error e;

    CU_ASSERT_FATAL(wire_decode(WIRE_TO_AGENT, line, strlen(line), &m, &e));
    CU_ASSERT_EQUAL(m.order.timeout_ms, 60000);
    CU_ASSERT_EQUAL(m.order.out_max, 65536);
    CU_ASSERT_EQUAL(m.ack, -1);
    CU_ASSERT_PTR_NULL(m.order.user);
    CU_ASSERT_EQUAL(m.order.n_argv, 2);
    CU_ASSERT_PTR_NULL(m.order.argv[2]); /* ready for exec */
    wire_msg_clear(&m);
}

static void test_encode_refuses(void)
{
    struct wire_msg m;
    struct wire_error e;
    char *big = malloc(WIRE_SCRIPT_MAX + 1);

    wire_msg_init(&m, WIRE_ORDER);
    m.id = 1;
    CU_ASSERT_PTR_NULL(wire_encode(&m, NULL, &e)); /* neither argv nor script */
    m.order.script = "\xff";
    CU_ASSERT_PTR_NULL(wire_encode(&m, NULL, &e));
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "UTF-8"));
    /* Within the limit of a script, past that of a line: control bytes grow sixfold. */
    memset(big, 1, WIRE_SCRIPT_MAX);
    big[WIRE_SCRIPT_MAX] = '\0';
    m.order.script = big;
    CU_ASSERT_PTR_NULL(wire_encode(&m, NULL, &e));
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "do not fit"));
    m.order.script = "true";
    m.id = 0;
    CU_ASSERT_PTR_NULL(wire_encode(&m, NULL, &e));
    m.id = 1;
    m.order.timeout_ms = -5;
    CU_ASSERT_PTR_NULL(wire_encode(&m, NULL, &e));
    free(big);
}

/* The largest of each list that the protocol allows fits its own limits. */
static void test_full_probe_fits(void)
{
    struct wire_probe_row rows[WIRE_ROWS_MAX];
    struct wire_msg m, back;
    struct wire_error e;
    size_t len;

    for (size_t i = 0; i < WIRE_ROWS_MAX; i++)
        rows[i] =
            (struct wire_probe_row){"a row", WIRE_PROBE_TCP, "203.0.113.255", 65535};
    wire_msg_init(&m, WIRE_PROBE);
    m.id = m.seq = 1;
    m.probe.deadline_ms = 1000;
    m.probe.rows = rows;
    m.probe.n_rows = WIRE_ROWS_MAX;
    char *line = wire_encode(&m, &len, &e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(line);
    CU_ASSERT_FATAL(wire_decode(WIRE_TO_AGENT, line, len, &back, &e));
    CU_ASSERT_EQUAL(back.probe.n_rows, WIRE_ROWS_MAX);
    CU_ASSERT_STRING_EQUAL(back.probe.rows[127].addr, "203.0.113.255");
    wire_msg_clear(&back);
    free(line);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"base64: the vectors of RFC 4648", test_base64_rfc4648},
        {"base64: one text for each value", test_base64_refuses},
        {"base64: every length and byte", test_base64_all_bytes},
        {"frame: input split at every byte", test_frame_split_everywhere},
        {"frame: 1 MB without a newline", test_frame_megabyte_without_newline},
        {"frame: the limit is exact", test_frame_limit_is_exact},
        {"frame: stop and reset", test_frame_stops_and_resets},
        {"decode: what must be refused", test_refused_lines},
        {"decode: deep and wide JSON", test_deep_and_wide},
        {"decode: the reason is plain text", test_reason_is_plain},
        {"decode: a refused message tells its number",
         test_refused_message_tells_its_number},
        {"decode: every prefix of a message", test_truncated_lines},
        {"decode: defaults", test_defaults},
        {"encode: every kind there and back", test_there_and_back},
        {"encode: what must be refused", test_encode_refuses},
        {"encode: the fullest probe", test_full_probe_fits},
        CU_TEST_INFO_NULL,
    };

    wire_init();
    return cunit_main("wire", tests);
}
