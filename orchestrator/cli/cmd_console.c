/*
 * parry console: the serial console of a host on this terminal. `~.` at the beginning of
 * a line leaves it, as in ssh; `~~` is a tilde.
 */
#include "orchestrator/cli/cli.h"

#include "orchestrator/cli/screen.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define PIECE 4096
#define CALLS_AHEAD 4
#define TICK_MS 200
#define CALL_MS 10000

typedef struct {
    RpcClient *sn_client;
    json_int_t sn_term;
    Screen *sn_screen;
    gboolean sn_line_start, sn_tilde;
    gboolean sn_input; /* more may be typed */
    gboolean sn_over;
    int sn_status;
    struct winsize sn_size;
} Session;

static struct termios before;
static gboolean is_raw;

static void make_raw(void)
{
    struct termios raw;

    if (!isatty(0) || tcgetattr(0, &before) < 0)
        return;
    raw = before;
    cfmakeraw(&raw);
    is_raw = tcsetattr(0, TCSANOW, &raw) == 0;
}

static void make_plain(void)
{
    if (is_raw)
        tcsetattr(0, TCSADRAIN, &before);
    if (is_raw && isatty(1))
        fputs(screen_reset(), stdout);
    is_raw = FALSE;
    fflush(stdout);
}

static gboolean send_call(Session *session, const char *method, json_t *params)
{
    g_autoptr(GError) error = NULL;

    json_object_set_new(params, "term", json_integer(session->sn_term));
    if (rpc_client_send(session->sn_client, method, params, &error))
        return TRUE;
    session->sn_over = TRUE;
    session->sn_status = EXIT_FAIL;
    return FALSE;
}

static void show(Session *session, const char *data_b64)
{
    gsize len = 0;
    g_autofree guchar *bytes = g_base64_decode(data_b64, &len);
    g_autoptr(GString) out = g_string_new(NULL);

    screen_filter(session->sn_screen, bytes, len, out);
    fwrite(out->str, 1, out->len, stdout);
    fflush(stdout);
    send_call(session, "terminal.credit", json_pack("{s:I}", "bytes", (json_int_t)len));
}

static void on_note(Session *session, const json_t *note)
{
    const char *method = json_string_value(json_object_get(note, "method"));
    const json_t *params = json_object_get(note, "params");
    const char *data = json_string_value(json_object_get(params, "data_b64"));
    const char *text = json_string_value(json_object_get(params, "text"));

    if (json_integer_value(json_object_get(params, "term")) != session->sn_term)
        return;
    if (g_strcmp0(method, "terminal.data") == 0 && data) {
        show(session, data);
    } else if (g_strcmp0(method, "terminal.end") == 0) {
        session->sn_over = TRUE;
        make_plain();
        fprintf(stderr, "\n%s\n", text ? text : "");
    }
}

/* The bytes that go to the guest; FALSE: `~.` was typed. */
static gboolean take_typed(Session *session, const char *typed, gsize len, GString *out)
{
    for (gsize i = 0; i < len; i++) {
        if (session->sn_tilde) {
            session->sn_tilde = FALSE;
            if (typed[i] == '.')
                return FALSE;
            if (typed[i] != '~')
                g_string_append_c(out, '~');
        } else if (is_raw && session->sn_line_start && typed[i] == '~') {
            session->sn_tilde = TRUE;
            continue;
        }
        session->sn_line_start = typed[i] == '\r' || typed[i] == '\n';
        g_string_append_c(out, typed[i]);
    }
    return TRUE;
}

static void read_typed(Session *session)
{
    char typed[PIECE];
    ssize_t n = read(0, typed, sizeof(typed));
    g_autoptr(GString) out = g_string_new(NULL);

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    session->sn_input = n > 0;
    gboolean stays = n <= 0 || take_typed(session, typed, (gsize)n, out);
    if (out->len) {
        g_autofree char *data = g_base64_encode((const guchar *)out->str, out->len);
        send_call(session, "terminal.in", json_pack("{s:s}", "data_b64", data));
    }
    if (!stays)
        send_call(session, "terminal.close", json_object());
}

static void look_at_size(Session *session)
{
    struct winsize size;

    if (ioctl(1, TIOCGWINSZ, &size) < 0 || (size.ws_col == session->sn_size.ws_col &&
                                            size.ws_row == session->sn_size.ws_row))
        return;
    session->sn_size = size;
    send_call(session, "terminal.size",
              json_pack("{s:i, s:i}", "cols", size.ws_col, "rows", size.ws_row));
}

static void read_notes(Session *session)
{
    g_autoptr(GError) error = NULL;
    json_t *note;

    while (!session->sn_over && (note = rpc_client_next(session->sn_client, 0, &error))) {
        on_note(session, note);
        json_decref(note);
    }
    if (!error)
        return;
    make_plain();
    session->sn_over = TRUE;
    session->sn_status = cli_fail(EXIT_FAIL, "the daemon is gone: %s", error->message);
}

/* Who pipes text in wants to see what comes of it: the console stays open, and a signal
 * ends it. */
static int converse(Session *session)
{
    while (!session->sn_over) {
        gboolean room = rpc_client_unanswered(session->sn_client) < CALLS_AHEAD;
        struct pollfd fds[] = {
            {.fd = rpc_client_fd(session->sn_client), .events = POLLIN},
            {.fd = session->sn_input && room ? 0 : -1, .events = POLLIN},
        };
        if (poll(fds, G_N_ELEMENTS(fds), TICK_MS) < 0 && errno != EINTR)
            break;
        if (cli_interrupted_pending())
            send_call(session, "terminal.close", json_object());
        look_at_size(session);
        read_notes(session);
        if (fds[1].revents)
            read_typed(session);
    }
    return session->sn_status;
}

static int run(int argc, char **argv)
{
    gboolean take = FALSE;
    int status = EXIT_OK;
    const GOptionEntry entries[] = {
        {"take", 0, 0, G_OPTION_ARG_NONE, &take, "take it from whoever has it open",
         NULL},
        G_OPTION_ENTRY_NULL,
    };
    Session session = {.sn_line_start = TRUE, .sn_input = TRUE};

    if (!cli_options(&cmd_console, entries, &argc, &argv, 2, 2, &status))
        return status;
    g_autoptr(Drill) drill = cli_drill(argv[1], &status);
    g_autoptr(RpcClient) client = drill ? cli_connect(drill, &status) : NULL;
    if (!client)
        return status;
    if (ioctl(1, TIOCGWINSZ, &session.sn_size) < 0 || !session.sn_size.ws_col)
        session.sn_size = (struct winsize){.ws_col = 80, .ws_row = 24};
    json_t *answer = cli_call(client, "console.open",
                              json_pack("{s:s, s:i, s:i, s:b}", "host", argv[2], "cols",
                                        session.sn_size.ws_col, "rows",
                                        session.sn_size.ws_row, "take", take),
                              CALL_MS, &status);
    if (!answer)
        return status;
    session.sn_client = client;
    session.sn_term = json_integer_value(json_object_get(answer, "term"));
    session.sn_screen = screen_new();
    json_decref(answer);
    fprintf(stderr, "on the console of %s; ~. leaves it, it is recorded\n", argv[2]);
    cli_catch_signals();
    make_raw();
    status = converse(&session);
    make_plain();
    screen_free(session.sn_screen);
    return status;
}

const CliCommand cmd_console = {"console", "NAME HOST",
                                "the serial console of a host; ~. leaves it", run};
