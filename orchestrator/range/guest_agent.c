#include "orchestrator/range/guest_agent.h"

#include "scenarios/base/text.h"

#include <string.h>

#define PIECE ((gsize)48 * 1024)
#define ANSWER_MAX ((gsize)256 * 1024)
#define WORDS_MAX 300 /* bytes of a program's last words that go into a message */
#define LOOK_US (G_USEC_PER_SEC / 10)

static gboolean wrong(const GuestAgent *agent, const char *attempt, GError **error,
                      const char *format, ...) G_GNUC_PRINTF(4, 5);

static gboolean wrong(const GuestAgent *agent, const char *attempt, GError **error,
                      const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *safe = parry_text_safe(text, -1);
    g_set_error(error, RANGE_ERROR, RANGE_ERROR_FAILED, "%s: guest agent: %s: %s",
                agent->ga_name, attempt, safe);
    return FALSE;
}

/* The member "return" of the answer, owned by the caller; NULL and an error. arguments
 * are taken over. */
static json_t *call(const GuestAgent *agent, const char *name, json_t *arguments,
                    GError **error)
{
    json_t *command = json_pack("{s:s}", "execute", name);

    if (arguments)
        json_object_set_new(command, "arguments", arguments);
    char *line = json_dumps(command, JSON_COMPACT);
    json_decref(command);
    if (g_get_monotonic_time() > agent->ga_deadline_us) {
        free(line);
        wrong(agent, name, error, "it takes too long");
        return NULL;
    }
    g_autofree char *text = agent->ga_call(line, agent->ga_data, error);
    free(line);
    if (!text)
        return NULL;
    if (strlen(text) > ANSWER_MAX) {
        wrong(agent, name, error, "its answer is too long");
        return NULL;
    }
    json_t *answer = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    json_t *result = json_incref(json_object_get(answer, "return"));
    json_decref(answer);
    if (!result)
        wrong(agent, name, error, "its answer is none: %.*s", WORDS_MAX, text);
    return result;
}

gboolean guest_agent_ping(const GuestAgent *agent, GError **error)
{
    json_t *result = call(agent, "guest-ping", NULL, error);

    json_decref(result);
    return result != NULL;
}

/* An integer that the answer is, or has under that name; FALSE where it has none. */
static gboolean take_int(const GuestAgent *agent, const char *name, json_t *result,
                         const char *member, gint64 *value, GError **error)
{
    const json_t *from = member ? json_object_get(result, member) : result;
    gboolean good = json_is_integer(from) && json_integer_value(from) >= 0;

    if (good)
        *value = json_integer_value(from);
    else if (result)
        wrong(agent, name, error, "its answer has no number%s%s", member ? " " : "",
              member ? member : "");
    return good;
}

/* ---- programs ---- */

static char *words(const json_t *status, const char *member)
{
    const char *base64 = json_string_value(json_object_get(status, member));
    gsize len = 0;
    g_autofree guchar *bytes = base64 ? g_base64_decode(base64, &len) : NULL;

    return g_strndup(bytes ? (const char *)bytes : "", MIN(len, WORDS_MAX));
}

static gboolean ended_well(const GuestAgent *agent, const char *path,
                           const json_t *status, GError **error)
{
    const json_t *code = json_object_get(status, "exitcode");
    g_autofree char *out = words(status, "out-data");
    g_autofree char *err = words(status, "err-data");

    if (json_is_integer(code) && json_integer_value(code) == 0)
        return TRUE;
    if (json_is_integer(code))
        return wrong(agent, path, error, "exit %lld: %s%s",
                     (long long)json_integer_value(code), out, err);
    return wrong(agent, path, error, "it was killed: %s%s", out, err);
}

static gboolean wait_for(const GuestAgent *agent, const char *path, gint64 pid,
                         GError **error)
{
    for (;;) {
        json_t *status = call(agent, "guest-exec-status",
                              json_pack("{s:I}", "pid", (json_int_t)pid), error);
        gboolean over = json_is_true(json_object_get(status, "exited"));
        gboolean good = over && ended_well(agent, path, status, error);
        gboolean none = status == NULL;

        json_decref(status);
        if (over || none)
            return good;
        g_usleep(LOOK_US);
    }
}

gboolean guest_agent_run(const GuestAgent *agent, const char *const *argv, GError **error)
{
    json_t *args = json_array();
    gint64 pid;

    for (guint i = 1; argv[i]; i++)
        json_array_append_new(args, json_string(argv[i]));
    json_t *result = call(
        agent, "guest-exec",
        json_pack("{s:s, s:o, s:b}", "path", argv[0], "arg", args, "capture-output", 1),
        error);
    gboolean good = take_int(agent, "guest-exec", result, "pid", &pid, error);

    json_decref(result);
    return good && wait_for(agent, argv[0], pid, error);
}

/* ---- files ---- */

static gboolean file_open(const GuestAgent *agent, const char *path, const char *mode,
                          gint64 *handle, GError **error)
{
    json_t *result = call(agent, "guest-file-open",
                          json_pack("{s:s, s:s}", "path", path, "mode", mode), error);
    gboolean good = take_int(agent, "guest-file-open", result, NULL, handle, error);

    json_decref(result);
    return good;
}

/* An error that is there already stays. */
static gboolean file_close(const GuestAgent *agent, gint64 handle, gboolean good,
                           GError **error)
{
    json_t *result =
        call(agent, "guest-file-close", json_pack("{s:I}", "handle", (json_int_t)handle),
             good ? error : NULL);

    json_decref(result);
    return good && result;
}

static gboolean write_piece(const GuestAgent *agent, gint64 handle, const guint8 *bytes,
                            gsize len, GError **error)
{
    g_autofree char *base64 = g_base64_encode(bytes, len);
    json_t *result = call(
        agent, "guest-file-write",
        json_pack("{s:I, s:s}", "handle", (json_int_t)handle, "buf-b64", base64), error);
    gint64 count = 0;
    gboolean good = take_int(agent, "guest-file-write", result, "count", &count, error);

    json_decref(result);
    return good && ((gsize)count == len ||
                    wrong(agent, "guest-file-write", error,
                          "it wrote %lld bytes of %zu: is the guest's disk full?",
                          (long long)count, len));
}

static gboolean write_all(const GuestAgent *agent, const char *path, GBytes *bytes,
                          GError **error)
{
    gsize len;
    const guint8 *data = g_bytes_get_data(bytes, &len);
    gboolean good = TRUE;
    gint64 handle;

    if (!file_open(agent, path, "w", &handle, error))
        return FALSE;
    for (gsize off = 0; good && off < len; off += PIECE)
        good = write_piece(agent, handle, data + off, MIN(PIECE, len - off), error);
    return file_close(agent, handle, good, error);
}

/* One piece into the sum. *left: what may still come; 0 at the end of the file. */
static gboolean read_piece(const GuestAgent *agent, gint64 handle, GChecksum *sum,
                           gsize *left, GError **error)
{
    json_t *result = call(
        agent, "guest-file-read",
        json_pack("{s:I, s:I}", "handle", (json_int_t)handle, "count", (json_int_t)PIECE),
        error);
    const char *base64 = json_string_value(json_object_get(result, "buf-b64"));
    gsize len = 0;
    g_autofree guchar *bytes = base64 ? g_base64_decode(base64, &len) : NULL;
    gboolean eof = json_is_true(json_object_get(result, "eof"));
    gboolean good = result && base64 && len <= *left && (len > 0 || eof);

    if (result && !good)
        wrong(agent, "guest-file-read", error,
              "it reads something else than was written");
    if (good)
        g_checksum_update(sum, bytes, (gssize)len);
    *left = !good || eof ? 0 : *left - len;
    json_decref(result);
    return good;
}

static gboolean read_back(const GuestAgent *agent, const char *path, GBytes *bytes,
                          GError **error)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *want = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);
    gsize left = g_bytes_get_size(bytes) + 1; /* so that a longer file is noticed */
    gboolean good = TRUE;
    gint64 handle;

    if (!file_open(agent, path, "r", &handle, error))
        return FALSE;
    while (good && left)
        good = read_piece(agent, handle, sum, &left, error);
    if (!file_close(agent, handle, good, error))
        return FALSE;
    return !strcmp(g_checksum_get_string(sum), want) ||
           wrong(agent, path, error, "its sha256 is %s, not %s",
                 g_checksum_get_string(sum), want);
}

gboolean guest_agent_write(const GuestAgent *agent, const char *path, GBytes *bytes,
                           GError **error)
{
    return write_all(agent, path, bytes, error) && read_back(agent, path, bytes, error);
}

/*
 * qemu-guest-agent makes files that everybody may write: they stand in a folder that only
 * root can enter until they have been looked at.
 */
gboolean guest_agent_push(const GuestAgent *agent, const RangeGuestPush *push,
                          GError **error)
{
    const char *const make[] = {"/bin/mkdir", "-p", "-m", "0700", push->gp_folder, NULL};
    const char *const close[] = {"/bin/chmod", "0700", push->gp_folder, NULL};
    const char *const run[] = {"/bin/sh", "-c", push->gp_script, NULL};

    if (!guest_agent_run(agent, make, error) || !guest_agent_run(agent, close, error))
        return FALSE;
    for (guint i = 0; i < push->gp_count; i++)
        if (!guest_agent_write(agent, push->gp_files[i].gf_path,
                               push->gp_files[i].gf_bytes, error))
            return FALSE;
    return guest_agent_run(agent, run, error);
}
