/*
 * The commands to a guest's qemu-guest-agent, against one that is made up: what a good
 * one, a broken one and a hostile one answer.
 */
#include "orchestrator/range/guest_agent.h"
#include "tests/unit/cunit_main.h"

#include <string.h>

#define FOLDER "/usr/local/lib/parry/new"

/* A guest: files by path, the programs that were run, and how it misbehaves. */
typedef struct {
    GHashTable *files;  /* path -> GByteArray */
    GPtrArray *handles; /* of GByteArray, borrowed */
    gsize at;           /* of reading */
    GPtrArray *ran;     /* of char *: the arguments joined */
    guint calls;
    guint looks; /* guest-exec-status to go until a program has ended */
    const char *broken;
    const char *instead; /* the answer to the command that is `broken` */
    gboolean spoils;     /* changes a byte of what it is given */
    gboolean absent;
} Guest;

static void guest_init(Guest *guest)
{
    memset(guest, 0, sizeof(*guest));
    guest->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                         (GDestroyNotify)g_byte_array_unref);
    guest->handles = g_ptr_array_new();
    guest->ran = g_ptr_array_new_with_free_func(g_free);
}

static void guest_clear(Guest *guest)
{
    g_hash_table_unref(guest->files);
    g_ptr_array_unref(guest->handles);
    g_ptr_array_unref(guest->ran);
}

static const char *text_of(const json_t *args, const char *key)
{
    return json_string_value(json_object_get(args, key));
}

static json_t *file_open(Guest *guest, const json_t *args)
{
    const char *path = text_of(args, "path");
    GByteArray *file = g_hash_table_lookup(guest->files, path);

    if (!strcmp(text_of(args, "mode"), "w")) {
        file = g_byte_array_new();
        g_hash_table_replace(guest->files, g_strdup(path), file);
    }
    guest->at = 0;
    g_ptr_array_add(guest->handles, file);
    return json_integer((json_int_t)guest->handles->len - 1);
}

static GByteArray *file_of(Guest *guest, const json_t *args)
{
    return guest->handles->pdata[json_integer_value(json_object_get(args, "handle"))];
}

static json_t *file_write(Guest *guest, const json_t *args)
{
    gsize len;
    g_autofree guchar *bytes = g_base64_decode(text_of(args, "buf-b64"), &len);

    if (guest->spoils && len)
        bytes[len / 2] ^= 1;
    g_byte_array_append(file_of(guest, args), bytes, (guint)len);
    return json_pack("{s:I, s:b}", "count", (json_int_t)len, "eof", 0);
}

static json_t *file_read(Guest *guest, const json_t *args)
{
    const GByteArray *file = file_of(guest, args);
    gsize count = (gsize)json_integer_value(json_object_get(args, "count"));
    gsize len = MIN(count, file->len - guest->at);
    g_autofree char *base64 = g_base64_encode(file->data + guest->at, len);

    guest->at += len;
    return json_pack("{s:I, s:s, s:b}", "count", (json_int_t)len, "buf-b64", base64,
                     "eof", guest->at == file->len);
}

static json_t *run(Guest *guest, const json_t *args)
{
    g_autoptr(GString) words = g_string_new(text_of(args, "path"));
    const json_t *word;
    gsize i;

    json_array_foreach (json_object_get(args, "arg"), i, word)
        g_string_append_printf(words, " %s", json_string_value(word));
    g_ptr_array_add(guest->ran, g_strdup(words->str));
    guest->looks = 2;
    return json_pack("{s:i}", "pid", 7);
}

static json_t *run_status(Guest *guest)
{
    if (guest->looks--)
        return json_pack("{s:b}", "exited", 0);
    return json_pack("{s:b, s:i}", "exited", 1, "exitcode", 0);
}

static char *answer(const char *command, gpointer data, GError **error)
{
    Guest *guest = data;
    json_t *call = json_loads(command, 0, NULL);
    const char *name = text_of(call, "execute");
    const json_t *args = json_object_get(call, "arguments");
    json_t *result = NULL;

    guest->calls++;
    if (guest->absent) {
        g_set_error(error, RANGE_ERROR, RANGE_ERROR_ABSENT, "nobody answers");
    } else if (!g_strcmp0(guest->broken, name)) {
        json_decref(call);
        return g_strdup(guest->instead);
    } else if (!strcmp(name, "guest-file-open")) {
        result = file_open(guest, args);
    } else if (!strcmp(name, "guest-file-write")) {
        result = file_write(guest, args);
    } else if (!strcmp(name, "guest-file-read")) {
        result = file_read(guest, args);
    } else if (!strcmp(name, "guest-exec")) {
        result = run(guest, args);
    } else if (!strcmp(name, "guest-exec-status")) {
        result = run_status(guest);
    } else {
        result = json_object();
    }
    json_decref(call);
    if (!result)
        return NULL;
    json_t *whole = json_pack("{s:o}", "return", result);
    char *dumped = json_dumps(whole, JSON_COMPACT), *text = g_strdup(dumped);
    free(dumped);
    json_decref(whole);
    return text;
}

/* An agent of 100,000 bytes and a unit; TRUE when it was delivered. */
static gboolean deliver(Guest *guest, GError **error)
{
    g_autofree guint8 *bytes = g_malloc(100000);
    for (guint i = 0; i < 100000; i++)
        bytes[i] = (guint8)(i * 7);
    g_autoptr(GBytes) program = g_bytes_new(bytes, 100000);
    g_autoptr(GBytes) unit = g_bytes_new_static("[Unit]\n", 7);
    const RangeGuestFile files[] = {{FOLDER "/agent", program}, {FOLDER "/unit", unit}};
    const RangeGuestPush push = {FOLDER, files, 2, "set -e; start it"};
    const GuestAgent agent = {"pr-x-a-web", answer, guest,
                              g_get_monotonic_time() + 2 * G_USEC_PER_SEC};

    return guest_agent_push(&agent, &push, error);
}

static void test_delivers(void)
{
    g_autoptr(GError) error = NULL;
    Guest guest;

    guest_init(&guest);
    CU_ASSERT_TRUE_FATAL(deliver(&guest, &error));
    const GByteArray *program = g_hash_table_lookup(guest.files, FOLDER "/agent");
    CU_ASSERT_PTR_NOT_NULL_FATAL(program);
    CU_ASSERT_EQUAL(program->len, 100000);
    CU_ASSERT_EQUAL(program->data[99999], (guint8)(99999 * 7));
    CU_ASSERT_EQUAL_FATAL(guest.ran->len, 3);
    CU_ASSERT_STRING_EQUAL(guest.ran->pdata[0], "/bin/mkdir -p -m 0700 " FOLDER);
    CU_ASSERT_STRING_EQUAL(guest.ran->pdata[2], "/bin/sh -c set -e; start it");
    guest_clear(&guest);
}

/* Nothing is run that is not what was sent. */
static void test_spoilt_bytes(void)
{
    g_autoptr(GError) error = NULL;
    Guest guest;

    guest_init(&guest);
    guest.spoils = TRUE;
    CU_ASSERT_FALSE(deliver(&guest, &error));
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "its sha256 is"));
    CU_ASSERT_EQUAL(guest.ran->len, 2);
    guest_clear(&guest);
}

static void test_nobody_there(void)
{
    g_autoptr(GError) error = NULL;
    Guest guest;

    guest_init(&guest);
    guest.absent = TRUE;
    CU_ASSERT_FALSE(deliver(&guest, &error));
    CU_ASSERT_TRUE(g_error_matches(error, RANGE_ERROR, RANGE_ERROR_ABSENT));
    CU_ASSERT_EQUAL(guest.calls, 1);
    guest_clear(&guest);
}

/* Each ends with an error that names the command, and in bounded time and memory. */
static void test_hostile_answers(void)
{
    g_autofree char *endless = g_strnfill(300 * 1024, '[');
    const struct {
        const char *command, *answer, *says;
    } cases[] = {
        {"guest-exec", "{\"return\":{\"pid\":\"7\"}}", "no number pid"},
        {"guest-exec", "{\"return\":{\"pid\":-7}}", "no number pid"},
        {"guest-exec", "{\"return\":{\"pid\":7}", "its answer is none"},
        {"guest-exec", "", "its answer is none"},
        {"guest-exec", "{\"error\":{\"desc\":\"disabled \x1b[2J\"}}",
         "its answer is none"},
        {"guest-exec", endless, "too long"},
        {"guest-exec-status",
         "{\"return\":{\"exited\":true,\"exitcode\":1,\"err-data\":"
         "\"bm8gcm9vbQ==\"}}",
         "exit 1: no room"},
        {"guest-exec-status", "{\"return\":{\"exited\":true,\"signal\":9}}", "killed"},
        {"guest-exec-status", "{\"return\":[]}", "takes too long"},
        {"guest-file-open", "{\"return\":1e99}", "no number"},
        {"guest-file-write", "{\"return\":{\"count\":3}}", "disk full"},
        {"guest-file-write", "{\"return\":{\"count\":99999999999999999999}}", "answer"},
        {"guest-file-read", "{\"return\":{\"buf-b64\":\"\",\"eof\":false}}", "else"},
        {"guest-file-read", "{\"return\":{\"eof\":true}}", "else"},
        {"guest-file-close", "nonsense", "its answer is none"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        Guest guest;
        guest_init(&guest);
        guest.broken = cases[i].command;
        guest.instead = cases[i].answer;
        CU_ASSERT_FALSE(deliver(&guest, &error));
        CU_ASSERT_PTR_NOT_NULL_FATAL(error);
        if (!strstr(error->message, cases[i].says))
            printf("  case %zu: %s\n", i, error->message);
        CU_ASSERT_PTR_NOT_NULL(strstr(error->message, cases[i].says));
        CU_ASSERT_PTR_NULL(strchr(error->message, '\033'));
        guest_clear(&guest);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"delivers, looks, runs", test_delivers},
        {"spoilt bytes are not run", test_spoilt_bytes},
        {"nobody there", test_nobody_there},
        {"hostile answers", test_hostile_answers},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("guest-agent", tests);
}
