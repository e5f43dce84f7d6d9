#include "orchestrator/cli/follow_source.h"

#include "orchestrator/daemon/drill.h"
#include "scenarios/base/text.h"

#include <errno.h>
#include <gio/gio.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A request is "SEQ BLOB HASH\n", or "fence WHO\n"; an answer what it is, its length (8
 * bytes, big-endian), and the part (nothing, for a fence) or words for what is wrong. */
enum { ANSWER_PART = 'P', ANSWER_ERROR = 'E', ANSWER_CORRUPT = 'C', ANSWER_BUSY = 'B' };
#define WORDS_MAX 4096
#define REQUEST_MAX 512
#define FENCE "fence "
#define ANSWER_MS 60000
#define SSH_PORT 22

struct FollowSource {
    char *fs_where; /* USER@HOST, or NULL: here */
    int fs_port;
    char *fs_dir, *fs_name, *fs_keys;
    GPid fs_pid; /* 0: not connected */
    int fs_in, fs_out;
    GPid fs_copying; /* rsync of checkpoints; 0: none */
};

/* ---- what the user wrote ---- */

static gboolean bad(const char *text, const char *why, GError **error)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                "\"%s\": %s; a drill is followed from its directory, such as "
                "/var/lib/parry/drills/NAME or ssh://HOST/var/lib/parry/drills/NAME",
                text, why);
    return FALSE;
}

/* A word that neither ssh nor rsync could take for an option or for anything but a host.
 */
static gboolean is_host(const char *text)
{
    if (!*text || *text == '-')
        return FALSE;
    for (const char *c = text; *c; c++)
        if (!g_ascii_isalnum(*c) && !strchr("@._-", *c))
            return FALSE;
    return TRUE;
}

static gboolean parse_ssh(FollowSource *source, const char *text, GError **error)
{
    g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_NONE, error);

    if (!uri)
        return FALSE;
    const char *user = g_uri_get_userinfo(uri), *host = g_uri_get_host(uri);
    if (strcmp(g_uri_get_scheme(uri), "ssh") != 0)
        return bad(text, "only ssh:// is known", error);
    source->fs_where =
        user ? g_strdup_printf("%s@%s", user, host ? host : "") : g_strdup(host);
    if (!source->fs_where || !host || !is_host(host) || !is_host(source->fs_where))
        return bad(text, "that is no host", error);
    source->fs_port = g_uri_get_port(uri) > 0 ? g_uri_get_port(uri) : SSH_PORT;
    source->fs_dir = g_strdup(g_uri_get_path(uri));
    return TRUE;
}

FollowSource *follow_source_new(const char *text, GError **error)
{
    g_autoptr(FollowSource) source = g_new0(FollowSource, 1);

    source->fs_in = source->fs_out = -1;
    if (!strstr(text, "://"))
        source->fs_dir = g_canonicalize_filename(text, NULL);
    else if (!parse_ssh(source, text, error))
        return NULL;
    while (g_str_has_suffix(source->fs_dir, "/"))
        source->fs_dir[strlen(source->fs_dir) - 1] = '\0';
    g_autofree char *drills = g_path_get_dirname(source->fs_dir);
    g_autofree char *home = g_path_get_dirname(drills);
    source->fs_name = g_path_get_basename(source->fs_dir);
    if (source->fs_dir[0] != '/' || !g_str_has_suffix(drills, "/drills") ||
        source->fs_name[0] == '.' || source->fs_name[0] == '-')
        return bad(text, "that is no drill's directory", error), NULL;
    source->fs_keys = g_build_filename(home, "keys", source->fs_name, NULL);
    return g_steal_pointer(&source);
}

const char *follow_source_name(const FollowSource *source)
{
    return source->fs_name;
}

/* ---- the connection ---- */

static void disconnect(FollowSource *source)
{
    if (!source->fs_pid)
        return;
    close(source->fs_in);
    close(source->fs_out);
    kill(source->fs_pid, SIGTERM); /* ssh that hangs does not look at its input */
    while (waitpid(source->fs_pid, NULL, 0) < 0 && errno == EINTR)
        ;
    source->fs_pid = 0;
}

void follow_source_free(FollowSource *source)
{
    if (!source)
        return;
    disconnect(source);
    if (source->fs_copying) { /* it goes on where it stopped, another time */
        kill(source->fs_copying, SIGTERM);
        waitpid(source->fs_copying, NULL, 0);
    }
    g_free(source->fs_where);
    g_free(source->fs_dir);
    g_free(source->fs_name);
    g_free(source->fs_keys);
    g_free(source);
}

/* The words of ssh up to the host; rsync wants them too. */
static GPtrArray *ssh_words(const FollowSource *source)
{
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    static const char *const fixed[] = {"ssh", "-T",
                                        "-o",  "BatchMode=yes",
                                        "-o",  "ConnectTimeout=10",
                                        "-o",  "ServerAliveInterval=5",
                                        "-p"};

    for (gsize i = 0; i < G_N_ELEMENTS(fixed); i++)
        g_ptr_array_add(words, g_strdup(fixed[i]));
    g_ptr_array_add(words, g_strdup_printf("%d", source->fs_port));
    return words;
}

static gboolean connect_to(FollowSource *source, GError **error)
{
    g_autoptr(GPtrArray) words = NULL;

    if (source->fs_where) {
        g_autofree char *quoted = g_shell_quote(source->fs_dir);
        words = ssh_words(source);
        g_ptr_array_add(words, g_strdup("--"));
        g_ptr_array_add(words, g_strdup(source->fs_where));
        g_ptr_array_add(words, g_strconcat("exec parry replicate ", quoted, NULL));
    } else {
        words = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(words, g_file_read_link("/proc/self/exe", NULL));
        g_ptr_array_add(words, g_strdup("replicate"));
        g_ptr_array_add(words, g_strdup(source->fs_dir));
    }
    g_ptr_array_add(words, NULL);
    if (g_spawn_async_with_pipes(NULL, (char **)words->pdata, NULL,
                                 G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL,
                                 NULL, &source->fs_pid, &source->fs_in, &source->fs_out,
                                 NULL, error))
        return TRUE;
    source->fs_pid = 0;
    return FALSE;
}

static gboolean lost(GError **error, const char *why)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_CLOSED, "the connection is lost: %s", why);
    return FALSE;
}

static gboolean read_all(int fd, void *bytes, gsize len, int wait_ms, GError **error)
{
    struct pollfd poll_in = {.fd = fd, .events = POLLIN};

    for (gsize at = 0; at < len;) {
        int ready = wait_ms < 0 ? 1 : poll(&poll_in, 1, wait_ms);
        if (ready <= 0)
            return lost(error, ready == 0 ? "no answer in time" : g_strerror(errno));
        ssize_t n = read(fd, (char *)bytes + at, len - at);
        if (n == 0)
            return lost(error, "the other side ended");
        if (n < 0 && errno != EINTR)
            return lost(error, g_strerror(errno));
        at += n > 0 ? (gsize)n : 0;
    }
    return TRUE;
}

static gboolean write_all(int fd, const void *bytes, gsize len, GError **error)
{
    for (gsize at = 0; at < len;) {
        ssize_t n = write(fd, (const char *)bytes + at, len - at);
        if (n < 0 && errno != EINTR)
            return lost(error, g_strerror(errno));
        at += n > 0 ? (gsize)n : 0;
    }
    return TRUE;
}

static GBytes *ask(FollowSource *source, const char *request, GError **error)
{
    guint64 size = 0;
    char kind = 0;

    if (!write_all(source->fs_in, request, strlen(request), error) ||
        !read_all(source->fs_out, &kind, 1, ANSWER_MS, error) ||
        !read_all(source->fs_out, &size, sizeof(size), ANSWER_MS, error))
        return NULL;
    size = GUINT64_FROM_BE(size);
    if (size > (kind == ANSWER_PART ? REPLICA_PART_MAX : WORDS_MAX))
        return lost(error, "its answer is none of parry's"), NULL;
    g_autofree char *bytes = g_malloc0(size + 1);
    if (!read_all(source->fs_out, bytes, size, ANSWER_MS, error))
        return NULL;
    if (kind == ANSWER_PART)
        return g_bytes_new_take(g_steal_pointer(&bytes), size);
    g_autofree char *safe = parry_text_safe(bytes, -1);
    if (kind == ANSWER_BUSY)
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_BUSY, safe);
    else
        g_set_error_literal(
            error, JOURNAL_ERROR,
            kind == ANSWER_CORRUPT ? JOURNAL_ERROR_CORRUPT : JOURNAL_ERROR_IO, safe);
    return NULL;
}

static GBytes *connect_and_ask(FollowSource *source, const char *request, GError **error)
{
    GBytes *part = NULL;

    if (source->fs_pid || connect_to(source, error))
        part = ask(source, request, error);
    if (!part)
        disconnect(source);
    return part;
}

GBytes *follow_source_part(FollowSource *source, ReplicaPoint after, GError **error)
{
    g_autofree char *request =
        g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %s\n", after.rp_seq,
                        after.rp_blob, after.rp_hash);

    return connect_and_ask(source, request, error);
}

gboolean follow_source_fence(FollowSource *source, const char *who, GError **error)
{
    g_autofree char *safe = parry_text_safe(who, -1);
    g_autofree char *request = g_strconcat(FENCE, safe, "\n", NULL);
    g_autoptr(GBytes) answer = connect_and_ask(source, request, error);

    return answer != NULL;
}

/* ---- files ---- */

/* Of the drill's directory: what is written by others meanwhile is left, and checkpoints,
 * which are large, come by themselves. */
static const char *const most_files[] = {"--exclude=/run",         "--exclude=/disks",
                                         "--exclude=/checkpoints", "--exclude=/journal.*",
                                         "--exclude=/moved",       NULL};
static const char *const all_files[] = {NULL};
static const char *const checkpoint_files[] = {"--delete", "--include=/checkpoints/***",
                                               "--exclude=*", NULL};

/* Its words; kib: a second at most, 0: as much as there is. */
static GPtrArray *rsync_words(const FollowSource *source, const char *from,
                              const char *to, const char *const *files, int kib)
{
    static const char *const fixed[] = {"rsync",          "--archive",  "--sparse",
                                        "--protect-args", "--no-owner", "--no-group"};
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);

    for (gsize i = 0; i < G_N_ELEMENTS(fixed); i++)
        g_ptr_array_add(words, g_strdup(fixed[i]));
    for (; *files; files++)
        g_ptr_array_add(words, g_strdup(*files));
    if (kib)
        g_ptr_array_add(words, g_strdup_printf("--bwlimit=%d", kib));
    if (source->fs_where) {
        g_autoptr(GPtrArray) ssh = ssh_words(source);
        g_ptr_array_add(ssh, NULL);
        g_autofree char *line = g_strjoinv(" ", (char **)ssh->pdata);
        g_ptr_array_add(words, g_strdup("-e"));
        g_ptr_array_add(words, g_steal_pointer(&line));
    }
    g_ptr_array_add(words, g_strdup("--"));
    g_ptr_array_add(words, source->fs_where
                               ? g_strdup_printf("%s:%s/", source->fs_where, from)
                               : g_strdup_printf("%s/", from));
    g_ptr_array_add(words, g_strdup_printf("%s/", to));
    g_ptr_array_add(words, NULL);
    return words;
}

static gboolean rsync(const FollowSource *source, const char *from, const char *to,
                      const char *const *files, GError **error)
{
    g_autoptr(GPtrArray) words = rsync_words(source, from, to, files, 0);
    g_autofree char *said = NULL;
    int status = 0;

    if (g_spawn_sync(NULL, (char **)words->pdata, NULL,
                     G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL,
                     &said, &status, error) &&
        g_spawn_check_wait_status(status, NULL))
        return TRUE;
    if (said)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "rsync of %s: %s", from,
                    g_strchomp(said));
    return FALSE;
}

gboolean follow_source_files(const FollowSource *source, const char *drill,
                             const char *keys, GError **error)
{
    return rsync(source, source->fs_dir, drill, most_files, error) &&
           rsync(source, source->fs_keys, keys, all_files, error);
}

gboolean follow_source_checkpoints(FollowSource *source, const char *drill, int kib,
                                   gboolean wait, GError **error)
{
    int status = 0;

    if (!source->fs_copying) {
        g_autoptr(GPtrArray) words =
            rsync_words(source, source->fs_dir, drill, checkpoint_files, kib);
        if (!g_spawn_async(NULL, (char **)words->pdata, NULL,
                           G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD |
                               G_SPAWN_STDOUT_TO_DEV_NULL,
                           NULL, NULL, &source->fs_copying, error)) {
            source->fs_copying = 0;
            return FALSE;
        }
    }
    pid_t ended = waitpid(source->fs_copying, &status, wait ? 0 : WNOHANG);
    if (ended == 0)
        return TRUE;
    source->fs_copying = 0;
    if (ended > 0 && g_spawn_check_wait_status(status, error))
        return TRUE;
    g_prefix_error(error, "rsync of the checkpoints: ");
    return FALSE;
}

/* ---- the other side ---- */

static gboolean parse_request(const char *request, ReplicaPoint *point)
{
    g_auto(GStrv) words = g_strsplit(request, " ", 3);

    *point = replica_start();
    if (g_strv_length(words) != 3 || strlen(words[2]) + 1 != sizeof(point->rp_hash))
        return FALSE;
    memcpy(point->rp_hash, words[2], sizeof(point->rp_hash));
    return g_ascii_string_to_signed(words[0], 10, 0, G_MAXINT64, &point->rp_seq, NULL) &&
           g_ascii_string_to_signed(words[1], 10, 0, G_MAXINT64, &point->rp_blob, NULL);
}

/* Nothing, where it is done. */
static GBytes *fence(const char *dir, const char *who, GError **error)
{
    g_autofree char *safe = parry_text_safe(who, -1);

    return drill_move(dir, safe, error) ? g_bytes_new(NULL, 0) : NULL;
}

static gboolean answer(const char *dir, const char *request, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GBytes) part = NULL;
    char kind = ANSWER_PART;
    ReplicaPoint after;

    if (g_str_has_prefix(request, FENCE))
        part = fence(dir, request + strlen(FENCE), &cause);
    else if (parse_request(request, &after))
        part = replica_part(dir, after, &cause);
    else
        return lost(error, "that is no request");
    if (!part) {
        kind = g_error_matches(cause, JOURNAL_ERROR, JOURNAL_ERROR_CORRUPT)
                   ? ANSWER_CORRUPT
               : g_error_matches(cause, DRILL_ERROR, EBUSY) ? ANSWER_BUSY
                                                            : ANSWER_ERROR;
        part = g_bytes_new(cause->message, MIN(strlen(cause->message), WORDS_MAX));
    }
    gsize len;
    const void *bytes = g_bytes_get_data(part, &len);
    guint64 size = GUINT64_TO_BE((guint64)len);
    return write_all(STDOUT_FILENO, &kind, 1, error) &&
           write_all(STDOUT_FILENO, &size, sizeof(size), error) &&
           write_all(STDOUT_FILENO, bytes, len, error);
}

gboolean follow_source_serve(const char *dir, GError **error)
{
    char line[REQUEST_MAX];

    while (fgets(line, sizeof(line), stdin)) {
        if (!strchr(line, '\n'))
            return lost(error, "a request is too long");
        if (!answer(dir, g_strchomp(line), error))
            return FALSE;
    }
    return TRUE;
}
