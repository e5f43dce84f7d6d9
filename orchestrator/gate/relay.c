#include "orchestrator/gate/relay.h"

#include "orchestrator/gate/say.h"
#include "scenarios/base/text.h"

#include <string.h>

#define PIECE 6144              /* bytes of input a call */
#define CALLS_AHEAD 4           /* of terminal.in that may wait for their answer */
#define IN_MAX (64 * 1024)      /* typed ahead of what parryd takes */
#define CREDIT_STEP (16 * 1024) /* written before it is worth a call */
#define LEAVE_KEY 0x1d          /* Ctrl-], as telnet has it */
#define END_KEY 0x04            /* what a terminal takes for the end of input */

struct Relay {
    json_int_t term;
    GByteArray *in;
    gsize held;          /* output shown to nobody's credit yet */
    gboolean line_start; /* a tilde here begins an escape */
    gboolean tilde;
    gboolean eof_sent;
    char *still;   /* why nothing is taken, NULL: it is */
    gboolean told; /* to who typed since */
};

gboolean relay_open(Visit *visit, const char *method, const char *host)
{
    json_t *answer = visit_call(visit, method,
                                json_pack("{s:s, s:i, s:i}", "host", host, "cols",
                                          visit->vi_cols, "rows", visit->vi_rows));

    if (!answer)
        return FALSE;
    Relay *relay = g_new0(Relay, 1);
    relay->term = json_integer_value(json_object_get(answer, "term"));
    relay->in = g_byte_array_new();
    relay->line_start = TRUE;
    visit->vi_relay = relay;
    json_decref(answer);
    if (visit->vi_pty) {
        g_autofree char *safe = parry_text_safe(host, -1);
        visit_printf(visit, "%s %s. %s\n", say(visit->vi_lang, "On"), safe,
                     say(visit->vi_lang, "Ctrl-] leaves; what is shown is recorded."));
    }
    return TRUE;
}

void relay_free(Relay *relay)
{
    if (!relay)
        return;
    g_byte_array_free(relay->in, TRUE);
    g_free(relay->still);
    g_free(relay);
}

static void leave(Visit *visit)
{
    json_t *answer = rpc_client_call(visit->vi_rpc, "terminal.close",
                                     json_pack("{s:I}", "term", visit->vi_relay->term),
                                     VISIT_CALL_MS, NULL);

    json_decref(answer); /* one that has just ended by itself is left as well */
    visit_printf(visit, "\n%s\n", say(visit->vi_lang, "left"));
}

/* Looks at one typed byte; FALSE when it leaves the terminal. */
static gboolean take_byte(Visit *visit, guint8 byte)
{
    Relay *relay = visit->vi_relay;

    if (visit->vi_pty && byte == LEAVE_KEY)
        return FALSE;
    if (relay->tilde) {
        relay->tilde = FALSE;
        if (byte == '.')
            return FALSE;
        if (byte != '~') { /* no escape after all: the tilde was meant */
            guint8 tilde = '~';
            g_byte_array_append(relay->in, &tilde, 1);
        }
    } else if (visit->vi_pty && relay->line_start && byte == '~') {
        relay->tilde = TRUE;
        return TRUE;
    }
    relay->line_start = byte == '\r' || byte == '\n';
    g_byte_array_append(relay->in, &byte, 1);
    return TRUE;
}

static void say_still(Visit *visit)
{
    visit_printf(visit, "\n%s ", say(visit->vi_lang, "Nothing is taken from you now:"));
    visit_print_safe(visit, visit->vi_relay->still);
}

/* What was typed is dropped, and whoever types learns it once. */
static void drop_typed(Visit *visit)
{
    Relay *relay = visit->vi_relay;

    if (!relay->told && relay->in->len)
        say_still(visit);
    relay->told = relay->told || relay->in->len > 0;
    g_byte_array_set_size(relay->in, 0);
}

gboolean relay_typed(Visit *visit, const guint8 *bytes, gsize len, gsize *used)
{
    for (*used = 0; *used < len && visit->vi_relay->in->len < IN_MAX;) {
        if (!take_byte(visit, bytes[(*used)++])) {
            leave(visit);
            return FALSE;
        }
    }
    if (visit->vi_relay->still)
        drop_typed(visit);
    return TRUE;
}

static void show_data(Visit *visit, const char *data_b64)
{
    gsize len = 0;
    g_autofree guchar *bytes = g_base64_decode(data_b64, &len);

    visit->vi_relay->held += len;
    visit_write(visit, bytes, len);
}

/* The drill, or this team's part of it, stands: reason; NULL: it goes on. */
static void note_still(Visit *visit, const char *reason)
{
    Relay *relay = visit->vi_relay;

    g_free(relay->still);
    relay->still = g_strdup(reason);
    relay->told = FALSE;
    g_byte_array_set_size(relay->in, 0);
    if (reason)
        say_still(visit);
    else
        visit_printf(visit, "%s\n", say(visit->vi_lang, "It goes on."));
}

gboolean relay_note(Visit *visit, const char *method, const json_t *params, int *status)
{
    json_int_t term = json_integer_value(json_object_get(params, "term"));
    const char *data = json_string_value(json_object_get(params, "data_b64"));
    const char *text = json_string_value(json_object_get(params, "text"));

    if (!visit->vi_relay || term != visit->vi_relay->term)
        return FALSE;
    if (!strcmp(method, "terminal.data") && data)
        show_data(visit, data);
    if (!strcmp(method, "terminal.paused") || !strcmp(method, "terminal.resumed"))
        note_still(visit, json_string_value(json_object_get(params, "reason")));
    if (strcmp(method, "terminal.end") != 0)
        return FALSE;
    *status = (int)json_integer_value(json_object_get(params, "exit"));
    if (text && *text && (visit->vi_pty || *status < 0))
        visit_print_safe(visit, text);
    return TRUE;
}

static gboolean send_input(Visit *visit, GError **error)
{
    Relay *relay = visit->vi_relay;

    if (visit->vi_eof && !relay->eof_sent && !visit->vi_in->len) {
        guint8 end = END_KEY;
        g_byte_array_append(relay->in, &end, 1);
        relay->eof_sent = TRUE;
    }
    while (relay->in->len && rpc_client_unanswered(visit->vi_rpc) < CALLS_AHEAD) {
        guint n = MIN(relay->in->len, PIECE);
        g_autofree char *data = g_base64_encode(relay->in->data, n);
        if (!rpc_client_send(
                visit->vi_rpc, "terminal.in",
                json_pack("{s:I, s:s}", "term", relay->term, "data_b64", data), error))
            return FALSE;
        g_byte_array_remove_range(relay->in, 0, n);
    }
    return TRUE;
}

/* What still waits in vi_out may be the terminal's: only what cannot be is credited. */
static gboolean send_credit(Visit *visit, GError **error)
{
    Relay *relay = visit->vi_relay;
    gsize waiting = MIN(relay->held, visit->vi_out->len);
    gsize written = relay->held - waiting;

    if (!written || (written < CREDIT_STEP && waiting))
        return TRUE;
    relay->held = waiting;
    return rpc_client_send(
        visit->vi_rpc, "terminal.credit",
        json_pack("{s:I, s:I}", "term", relay->term, "bytes", (json_int_t)written),
        error);
}

gboolean relay_pump(Visit *visit, GError **error)
{
    if (!visit->vi_relay)
        return TRUE;
    return send_input(visit, error) && send_credit(visit, error);
}

void relay_resize(Visit *visit)
{
    g_autoptr(GError) error = NULL;

    if (visit->vi_relay &&
        !rpc_client_send(visit->vi_rpc, "terminal.size",
                         json_pack("{s:I, s:i, s:i}", "term", visit->vi_relay->term,
                                   "cols", visit->vi_cols, "rows", visit->vi_rows),
                         &error))
        g_message("window size: %s", error->message); /* the loop meets the end itself */
}
