#include "orchestrator/gate/visit.h"

#include "orchestrator/gate/desk.h"
#include "orchestrator/gate/desk_reset.h"
#include "orchestrator/gate/relay.h"
#include "orchestrator/gate/say.h"
#include "scenarios/base/text.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define USER_MAX 64
#define TURN_MS 1000          /* the loop looks around at least that often */
#define OUT_HIGH (256 * 1024) /* waiting output past which nothing more is read */
#define WRITE_MAX (32 * 1024)
#define PARTING_MS 3000 /* for the last bytes and the player's own goodbye */
#define NO_EVENTS_BEFORE ((json_int_t)1 << 53) /* subscribe to what comes from now on */

/* libssh keeps pointers to these for as long as the session lives. */
typedef struct {
    Visit visit;
    const VisitConfig *config;
    struct ssh_server_callbacks_struct server;
    struct ssh_channel_callbacks_struct channel;
} Connection;

/* ---- showing ---- */

void visit_write(Visit *visit, const void *bytes, gsize len)
{
    g_byte_array_append(visit->vi_out, bytes, (guint)len);
}

void visit_print(Visit *visit, const char *text)
{
    for (const char *p = text; *p;) {
        gsize len = strcspn(p, "\n");
        visit_write(visit, p, len);
        p += len;
        if (*p == '\n') {
            visit_write(visit, visit->vi_pty ? "\r\n" : "\n", visit->vi_pty ? 2 : 1);
            p++;
        }
    }
}

void visit_printf(Visit *visit, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    visit_print(visit, text);
}

void visit_print_safe(Visit *visit, const char *text)
{
    g_autofree char *safe = parry_text_safe(text, -1);

    visit_printf(visit, "%s\n", safe);
}

json_t *visit_call(Visit *visit, const char *method, json_t *params)
{
    g_autoptr(GError) error = NULL;
    json_t *answer =
        rpc_client_call(visit->vi_rpc, method, params, VISIT_CALL_MS, &error);

    if (!answer) {
        visit_print_safe(visit, error->message);
        if (error->domain != RPC_ERROR)
            visit->vi_over = TRUE;
    }
    return answer;
}

/* ---- authentication ---- */

static gboolean is_name(const char *user)
{
    gsize len = strlen(user);

    if (!len || len > USER_MAX)
        return FALSE;
    for (const char *p = user; *p; p++)
        if (!g_ascii_isalnum(*p) && *p != '-' && *p != '_')
            return FALSE;
    return TRUE;
}

static json_t *ask(Visit *visit, const char *method, const char *user, const char *key)
{
    g_autoptr(GError) error = NULL;
    json_t *answer = rpc_client_call(
        visit->vi_rpc, method,
        json_pack("{s:s, s:s, s:s}", "user", user, "key", key, "peer", visit->vi_address),
        VISIT_CALL_MS, &error);

    if (!answer)
        fprintf(stderr, "parry-gate: %s: %s: %s\n", visit->vi_address, method,
                error->message);
    return answer;
}

static gboolean is_known(Visit *visit, const char *user, const char *key)
{
    json_t *answer = ask(visit, "whois", user, key);
    gboolean ok = json_is_true(json_object_get(answer, "ok"));

    json_decref(answer);
    return ok;
}

static char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return g_strdup(text ? text : "");
}

static gboolean become(Visit *visit, const char *user, const char *key)
{
    json_t *answer = ask(visit, "bind", user, key);

    if (!answer)
        return FALSE;
    visit->vi_player = member(answer, "player");
    visit->vi_team = member(answer, "team");
    visit->vi_title = member(answer, "title");
    visit->vi_drill = member(answer, "drill");
    json_decref(answer);
    visit->vi_authenticated = TRUE;
    return TRUE;
}

/* Comes for the probe (no signature yet) and again with a signature that libssh verified.
 */
static int on_key(ssh_session session G_GNUC_UNUSED, const char *user,
                  struct ssh_key_struct *key, char signature, void *data)
{
    Connection *connection = data;
    Visit *visit = &connection->visit;
    char *blob = NULL;
    gboolean ok = FALSE;

    /* Known keys count too: a probe costs parryd a look-up, signed or not. */
    if (++visit->vi_tries > connection->config->vc_tries)
        visit->vi_over = TRUE;
    if (visit->vi_over || visit->vi_authenticated || !is_name(user) ||
        ssh_pki_export_pubkey_base64(key, &blob) != SSH_OK)
        return SSH_AUTH_DENIED;
    if (signature == SSH_PUBLICKEY_STATE_NONE)
        ok = is_known(visit, user, blob);
    else if (signature == SSH_PUBLICKEY_STATE_VALID)
        ok = is_known(visit, user, blob) && become(visit, user, blob);
    ssh_string_free_char(blob);
    return ok ? SSH_AUTH_SUCCESS : SSH_AUTH_DENIED;
}

/* ---- the channel ---- */

static int on_pty(ssh_session session G_GNUC_UNUSED, ssh_channel channel G_GNUC_UNUSED,
                  const char *term G_GNUC_UNUSED, int cols, int rows, int x G_GNUC_UNUSED,
                  int y G_GNUC_UNUSED, void *data)
{
    Visit *visit = &((Connection *)data)->visit;

    if (!visit->vi_authenticated || visit->vi_started)
        return -1;
    visit->vi_pty = TRUE;
    visit->vi_cols = CLAMP(cols, 2, 500);
    visit->vi_rows = CLAMP(rows, 2, 300);
    return 0;
}

static int on_resize(ssh_session session G_GNUC_UNUSED, ssh_channel channel G_GNUC_UNUSED,
                     int cols, int rows, int x G_GNUC_UNUSED, int y G_GNUC_UNUSED,
                     void *data)
{
    Visit *visit = &((Connection *)data)->visit;

    if (!visit->vi_authenticated)
        return -1;
    visit->vi_cols = CLAMP(cols, 2, 500);
    visit->vi_rows = CLAMP(rows, 2, 300);
    relay_resize(visit);
    return 0;
}

static int begin(Visit *visit, const char *command)
{
    if (!visit->vi_authenticated || visit->vi_started)
        return -1;
    visit->vi_started = TRUE;
    visit->vi_command = g_strdup(command);
    return 0;
}

static int on_shell(ssh_session session G_GNUC_UNUSED, ssh_channel channel G_GNUC_UNUSED,
                    void *data)
{
    return begin(&((Connection *)data)->visit, NULL) ? 1 : 0;
}

static int on_exec(ssh_session session G_GNUC_UNUSED, ssh_channel channel G_GNUC_UNUSED,
                   const char *command, void *data)
{
    return begin(&((Connection *)data)->visit, command) ? 1 : 0;
}

/* The environment is looked at for the language and goes nowhere. */
static int on_env(ssh_session session G_GNUC_UNUSED, ssh_channel channel G_GNUC_UNUSED,
                  const char *name, const char *value, void *data)
{
    Visit *visit = &((Connection *)data)->visit;

    if (visit->vi_authenticated && (!strcmp(name, "LANG") || !strcmp(name, "LC_ALL")))
        visit->vi_lang = g_str_has_prefix(value, "zh") ? "zh-Hant" : "en";
    return 1;
}

static int on_subsystem(ssh_session session G_GNUC_UNUSED,
                        ssh_channel channel G_GNUC_UNUSED, const char *name G_GNUC_UNUSED,
                        void *data G_GNUC_UNUSED)
{
    return 1; /* no sftp, nothing else either */
}

static void on_close(ssh_session session G_GNUC_UNUSED, ssh_channel channel G_GNUC_UNUSED,
                     void *data)
{
    Visit *visit = &((Connection *)data)->visit;

    visit->vi_eof = TRUE;
    visit->vi_over = TRUE;
}

/* One session channel a connection; forwarding channels have no callback: refused. */
static ssh_channel on_channel(ssh_session session, void *data)
{
    Connection *connection = data;
    Visit *visit = &connection->visit;

    if (!visit->vi_authenticated || visit->vi_channel)
        return NULL;
    visit->vi_channel = ssh_channel_new(session);
    connection->channel = (struct ssh_channel_callbacks_struct){
        .userdata = connection,
        .channel_pty_request_function = on_pty,
        .channel_pty_window_change_function = on_resize,
        .channel_shell_request_function = on_shell,
        .channel_exec_request_function = on_exec,
        .channel_env_request_function = on_env,
        .channel_subsystem_request_function = on_subsystem,
        .channel_close_function = on_close,
    };
    ssh_callbacks_init(&connection->channel);
    ssh_set_channel_callbacks(visit->vi_channel, &connection->channel);
    return visit->vi_channel;
}

/* ---- what is typed ---- */

static void end_visit(Visit *visit, int status)
{
    visit->vi_over = TRUE;
    visit->vi_status = status;
}

static void after_command(Visit *visit, DeskResult result)
{
    if (result == DESK_QUIT)
        end_visit(visit, 0);
    else if (visit->vi_command && result != DESK_SHELL)
        end_visit(visit, result == DESK_DONE ? 0 : 1);
    else if (result != DESK_SHELL)
        desk_prompt(visit);
    if (!visit->vi_command)
        visit->vi_status = result == DESK_FAILED;
}

/* Takes one piece of what was typed at the prompt. */
static gsize type_line(Visit *visit)
{
    g_autoptr(GString) echo = g_string_new(NULL);
    gsize used;
    LineEditResult result = lineedit_feed(
        visit->vi_edit, (const char *)visit->vi_in->data, visit->vi_in->len, &used, echo);

    visit_write(visit, echo->str, echo->len);
    if (result == LINEEDIT_LINE)
        after_command(visit, desk_run(visit, lineedit_line(visit->vi_edit)));
    else if (result == LINEEDIT_BREAK) {
        desk_reset_drop(visit);
        desk_prompt(visit);
    } else if (result == LINEEDIT_END)
        after_command(visit, DESK_QUIT);
    return used;
}

static void close_relay(Visit *visit, int status)
{
    g_clear_pointer(&visit->vi_relay, relay_free);
    if (visit->vi_command)
        end_visit(visit, status);
    else
        desk_prompt(visit);
}

static void take_typed(Visit *visit)
{
    while (visit->vi_in->len && !visit->vi_over && visit->vi_out->len < OUT_HIGH) {
        gsize used = visit->vi_in->len;
        if (visit->vi_relay) {
            if (!relay_typed(visit, visit->vi_in->data, visit->vi_in->len, &used))
                close_relay(visit, 0);
        } else if (!visit->vi_command) {
            used = type_line(visit);
        }
        if (!used)
            break;
        g_byte_array_remove_range(visit->vi_in, 0, (guint)used);
    }
    if (visit->vi_eof && !visit->vi_in->len && !visit->vi_relay)
        visit->vi_over = TRUE;
}

static void read_channel(Visit *visit)
{
    char bytes[16384];

    while (visit->vi_in->len < sizeof(bytes) && !visit->vi_eof) {
        int n = ssh_channel_read_nonblocking(visit->vi_channel, bytes, sizeof(bytes), 0);
        if (n > 0)
            g_byte_array_append(visit->vi_in, (const guint8 *)bytes, (guint)n);
        else if (n == SSH_ERROR || n == SSH_EOF || ssh_channel_is_eof(visit->vi_channel))
            visit->vi_eof = TRUE;
        if (n <= 0)
            break;
    }
}

/* ---- what parryd says ---- */

static void take_note(Visit *visit, const json_t *note)
{
    const char *method = json_string_value(json_object_get(note, "method"));
    const json_t *params = json_object_get(note, "params");
    int status = 0;

    if (!method)
        return;
    if (g_str_has_prefix(method, "terminal.") &&
        relay_note(visit, method, params, &status))
        close_relay(visit, status);
    else if (!strcmp(method, "event") && !visit->vi_relay && !visit->vi_over)
        desk_event(visit, params);
}

static void take_notes(Visit *visit)
{
    g_autoptr(GError) error = NULL;
    json_t *note;

    while (visit->vi_out->len < OUT_HIGH * 2 &&
           (note = rpc_client_next(visit->vi_rpc, 0, &error))) {
        take_note(visit, note);
        json_decref(note);
    }
    if (!error)
        relay_pump(visit, &error);
    if (error && !visit->vi_over) {
        visit_printf(visit, "\n%s\n",
                     say(visit->vi_lang,
                         "The drill's control is gone; log in again in a moment."));
        end_visit(visit, 255);
    }
}

/* ---- the loop ---- */

/* Writes as much as the player's window and the socket take without waiting. */
static gboolean flush(Visit *visit)
{
    while (visit->vi_out->len &&
           !(ssh_get_poll_flags(visit->vi_ssh) & SSH_WRITE_PENDING)) {
        guint32 room = ssh_channel_window_size(visit->vi_channel);
        guint32 n = MIN(MIN(visit->vi_out->len, room), WRITE_MAX);
        if (!n)
            break;
        int written = ssh_channel_write(visit->vi_channel, visit->vi_out->data, n);
        if (written == SSH_ERROR)
            return FALSE;
        if (written <= 0)
            break;
        g_byte_array_remove_range(visit->vi_out, 0, (guint)written);
    }
    return TRUE;
}

static void start(Visit *visit)
{
    if (visit->vi_command) {
        after_command(visit, desk_run(visit, visit->vi_command));
        return;
    }
    visit->vi_edit = lineedit_new(visit->vi_pty);
    if (!visit->vi_pty)
        return;
    desk_welcome(visit);
    desk_prompt(visit);
    json_decref(visit_call(
        visit, "subscribe",
        json_pack("{s:I, s:s}", "after", NO_EVENTS_BEFORE, "lang", visit->vi_lang)));
}

static int on_wake(socket_t fd G_GNUC_UNUSED, int events G_GNUC_UNUSED,
                   void *data G_GNUC_UNUSED)
{
    return 0; /* the loop itself looks at what has come */
}

/* Until a shell or command was asked for, within the time to log in. */
static gboolean log_in(Visit *visit, ssh_event loop, gint64 deadline_us)
{
    while (!visit->vi_started && !visit->vi_over) {
        gint64 left_ms = (deadline_us - g_get_monotonic_time()) / 1000;
        if (left_ms <= 0 || ssh_event_dopoll(loop, (int)left_ms) == SSH_ERROR)
            return FALSE;
    }
    return visit->vi_started && visit->vi_authenticated;
}

static void run(Visit *visit, ssh_event loop)
{
    gboolean started = FALSE;

    while (!visit->vi_over || visit->vi_out->len) {
        if (!started)
            start(visit);
        started = TRUE;
        read_channel(visit);
        take_typed(visit);
        take_notes(visit);
        if (!flush(visit) || ssh_channel_is_closed(visit->vi_channel))
            break;
        take_notes(visit); /* credit for what was just written */
        if (visit->vi_over && !visit->vi_out->len)
            break;
        if (ssh_event_dopoll(loop, TURN_MS) == SSH_ERROR)
            break;
    }
}

/* Says goodbye in order, and gives the player's side a moment to do so too. */
static void part(Visit *visit, ssh_event loop)
{
    gint64 deadline = g_get_monotonic_time() + PARTING_MS * 1000;

    if (!ssh_channel_is_closed(visit->vi_channel)) {
        ssh_channel_request_send_exit_status(visit->vi_channel, visit->vi_status);
        ssh_channel_send_eof(visit->vi_channel);
        ssh_channel_close(visit->vi_channel);
    }
    while (ssh_is_connected(visit->vi_ssh) && g_get_monotonic_time() < deadline)
        if (ssh_event_dopoll(loop, 100) == SSH_ERROR)
            break;
}

static void serve(Connection *connection)
{
    Visit *visit = &connection->visit;
    ssh_event loop = ssh_event_new();
    gint64 deadline =
        g_get_monotonic_time() + (gint64)connection->config->vc_login_s * G_USEC_PER_SEC;

    ssh_set_blocking(visit->vi_ssh, 0);
    ssh_event_add_session(loop, visit->vi_ssh);
    if (log_in(visit, loop, deadline)) {
        /* Only now: before, parryd has nothing to say that would not be an answer. */
        ssh_event_add_fd(loop, rpc_client_fd(visit->vi_rpc), POLLIN, on_wake, NULL);
        run(visit, loop);
        ssh_event_remove_fd(loop, rpc_client_fd(visit->vi_rpc));
        part(visit, loop);
    }
    ssh_disconnect(visit->vi_ssh);
    ssh_event_remove_session(loop, visit->vi_ssh);
    ssh_event_free(loop);
}

/* A key exchange that never ends is cut by the alarm's default action: the process ends.
 */
static void set_alarm(guint seconds)
{
    struct itimerval timer = {.it_value.tv_sec = seconds};

    setitimer(ITIMER_REAL, &timer, NULL);
}

/* libssh's own lookup of configuration files and home directories is left out. */
static ssh_bind open_bind(const VisitConfig *config, Connection *connection, int fd)
{
    ssh_bind bind = ssh_bind_new();
    bool no = false;
    ssh_key key = ssh_key_dup(config->vc_hostkey); /* the bind frees what it imports */

    ssh_bind_options_set(bind, SSH_BIND_OPTIONS_PROCESS_CONFIG, &no);
    ssh_bind_options_set(bind, SSH_BIND_OPTIONS_IMPORT_KEY, key);
    if (ssh_bind_accept_fd(bind, connection->visit.vi_ssh, fd) != SSH_OK) {
        fprintf(stderr, "parry-gate: %s: %s\n", connection->visit.vi_address,
                ssh_get_error(bind));
        ssh_bind_free(bind);
        return NULL;
    }
    return bind;
}

static void keep_alive(int fd)
{
    int on = 1, idle = 60, every = 15, times = 4;

    /* A failure only leaves a dead connection open for longer. */
    if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) ||
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle)) ||
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof(every)) ||
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof(times)) ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
        g_debug("gate: keepalive not set");
}

static int handshake_and_serve(Connection *connection, const VisitConfig *config)
{
    Visit *visit = &connection->visit;
    g_autoptr(GError) error = NULL;

    connection->server = (struct ssh_server_callbacks_struct){
        .userdata = connection,
        .auth_pubkey_function = on_key,
        .channel_open_request_session_function = on_channel,
    };
    ssh_callbacks_init(&connection->server);
    ssh_set_server_callbacks(visit->vi_ssh, &connection->server);
    ssh_set_auth_methods(visit->vi_ssh, SSH_AUTH_METHOD_PUBLICKEY);
    if (!config->vc_confine(&error)) {
        fprintf(stderr, "parry-gate: %s\n", error->message);
        return 1;
    }
    set_alarm(config->vc_login_s);
    if (ssh_handle_key_exchange(visit->vi_ssh) != SSH_OK)
        return 1; /* scanners and the curious: not worth a line each */
    set_alarm(0);
    serve(connection);
    return 0;
}

static void visit_clear(Visit *visit)
{
    relay_free(visit->vi_relay);
    desk_reset_drop(visit);
    lineedit_free(visit->vi_edit);
    if (visit->vi_ssh)
        ssh_free(visit->vi_ssh); /* and its channel */
    rpc_client_free(visit->vi_rpc);
    g_byte_array_free(visit->vi_in, TRUE);
    g_byte_array_free(visit->vi_out, TRUE);
    g_free(visit->vi_player);
    g_free(visit->vi_team);
    g_free(visit->vi_title);
    g_free(visit->vi_drill);
    g_free(visit->vi_command);
}

int visit_serve(int fd, const char *address, const VisitConfig *config)
{
    g_autoptr(GError) error = NULL;
    Connection connection = {
        .config = config,
        .visit = {.vi_address = address, .vi_lang = "en", .vi_cols = 80, .vi_rows = 24},
    };
    Visit *visit = &connection.visit;
    int status = 1;

    keep_alive(fd);
    visit->vi_in = g_byte_array_new();
    visit->vi_out = g_byte_array_new();
    visit->vi_rpc = rpc_client_connect(config->vc_gate, &error);
    visit->vi_ssh = ssh_new();
    ssh_bind bind = NULL;
    if (!visit->vi_rpc)
        fprintf(stderr, "parry-gate: %s\n", error->message);
    else if ((bind = open_bind(config, &connection, fd)))
        status = handshake_and_serve(&connection, config);
    visit_clear(visit);
    if (bind)
        ssh_bind_free(bind);
    return status;
}
