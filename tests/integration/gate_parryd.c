/*
 * The made-up parryd: one team "health", its hosts, and a shell that obeys a few words:
 * "size" prints the terminal's size, "big" a megabyte under credit, "exit N" ends it;
 * anything else comes back as "got:LINE".
 */
#include "tests/integration/gate_parryd.h"

#include <string.h>

#define PIECE 8192

struct GateParryd {
    struct event_base *base;
    RpcServer *server;
    char *path, *key_blob;
    GThread *thread;
    struct event *stop;
    GMutex lock;
    RigSeen seen;
};

/* One connection of the gate: its terminal, if it has one. */
typedef struct {
    GateParryd *parryd;
    RpcPeer *peer;
    gboolean bound, open;
    GString *line;
    gsize big_left, big_at;
    int exit_after; /* -1, or the status to end with once all is printed */
} Client;

#define SEEN(client, what)                                                               \
    do {                                                                                 \
        g_mutex_lock(&(client)->parryd->lock);                                           \
        RigSeen *s = &(client)->parryd->seen;                                            \
        what;                                                                            \
        g_mutex_unlock(&(client)->parryd->lock);                                         \
    } while (0)

static void print(Client *client, const char *bytes, gsize len)
{
    g_autofree char *data = g_base64_encode((const guchar *)bytes, len);

    SEEN(client, s->rs_outstanding += len;
         s->rs_outstanding_max = MAX(s->rs_outstanding_max, s->rs_outstanding));
    rpc_peer_notify(client->peer, "terminal.data",
                    json_pack("{s:i, s:s}", "term", 7, "data_b64", data));
}

/* Prints of "big" what the credit allows; the pattern tells lost and doubled bytes. */
static void pump(Client *client)
{
    while (client->big_left) {
        char bytes[PIECE];
        gsize n = MIN(client->big_left, sizeof(bytes)), waiting = 0;
        SEEN(client, waiting = s->rs_outstanding);
        if (waiting + n > RIG_CREDIT)
            return;
        for (gsize i = 0; i < n; i++)
            bytes[i] = rig_pattern(client->big_at + i);
        client->big_at += n;
        client->big_left -= n;
        print(client, bytes, n);
    }
    if (client->exit_after >= 0 && client->open) {
        client->open = FALSE;
        rpc_peer_notify(client->peer, "terminal.end",
                        json_pack("{s:i, s:i, s:s}", "term", 7, "exit",
                                  client->exit_after, "text", ""));
    }
}

static void obey(Client *client, const char *line)
{
    g_autofree char *text = NULL;

    if (!strcmp(line, "big")) {
        client->big_left = RIG_BIG;
    } else if (g_str_has_prefix(line, "exit ")) {
        client->exit_after = (int)g_ascii_strtoll(line + 5, NULL, 10);
    } else {
        int cols = 0, rows = 0;
        SEEN(client, cols = s->rs_cols; rows = s->rs_rows);
        text = !strcmp(line, "size") ? g_strdup_printf("%dx%d\r\n", cols, rows)
                                     : g_strdup_printf("got:%s\r\n", line);
        print(client, text, strlen(text));
    }
    pump(client);
}

static void typed(Client *client, const json_t *params)
{
    gsize len = 0;
    const char *data = json_string_value(json_object_get(params, "data_b64"));
    g_autofree guchar *bytes = g_base64_decode(data ? data : "", &len);

    for (gsize i = 0; i < len; i++) {
        if (bytes[i] == '\r' || bytes[i] == '\n') {
            g_autofree char *line = g_strdup(client->line->str);
            g_string_truncate(client->line, 0);
            obey(client, line);
        } else {
            g_string_append_c(client->line, (char)bytes[i]);
        }
    }
}

/* ---- methods ---- */

static json_int_t number(const json_t *params, const char *key)
{
    return json_integer_value(json_object_get(params, key));
}

static const char *word(const json_t *params, const char *key)
{
    const char *text = json_string_value(json_object_get(params, key));

    return text ? text : "";
}

static gboolean may(const Client *client, const json_t *params)
{
    return !strcmp(word(params, "user"), "health") &&
           !strcmp(word(params, "key"), client->parryd->key_blob);
}

static void do_whois(RpcCall *call, Client *client, const json_t *params)
{
    SEEN(client, s->rs_whois++);
    rpc_reply(call, json_pack("{s:b}", "ok", may(client, params)));
}

static void do_bind(RpcCall *call, Client *client, const json_t *params)
{
    if (!may(client, params) || client->bound) {
        rpc_fail(call, RPC_REFUSED, "bind: no");
        return;
    }
    SEEN(client, s->rs_binds++);
    client->bound = TRUE;
    rpc_reply(call, json_pack("{s:s, s:s, s:s, s:s, s:s}", "player", "health/alice",
                              "team", "health", "role", "blue", "title",
                              "Department of Health", "drill", "First \033[31mdrill"));
}

static void do_hosts(RpcCall *call, Client *client G_GNUC_UNUSED,
                     const json_t *params G_GNUC_UNUSED)
{
    rpc_reply(call, json_pack("[{s:s,s:s,s:s,s:s,s:b,s:s},{s:s,s:s,s:s,s:s,s:b,s:s}]",
                              "id", "health/web", "name", "web", "ip", "10.10.1.10",
                              "state", "ready", "own", 1, "owner", "blue", "id",
                              "health/referee", "name", "referee", "ip", "10.10.1.250",
                              "state", "ready", "own", 0, "owner", "white"));
}

static void do_board(RpcCall *call, Client *client G_GNUC_UNUSED, const json_t *params)
{
    gboolean zh = !strcmp(word(params, "lang"), "zh-Hant");

    rpc_reply(
        call,
        json_pack("{s:s,s:s,s:s,s:I,s:b,s:I,s:[{s:s,s:s,s:s,s:i,s:i,s:i,s:i,s:i}],s:[],"
                  "s:[],s:n}",
                  "drill", "first-drill", "title", zh ? "首次實戰演練" : "First drill",
                  "state", "running", "clock", (json_int_t)RIG_CLOCK_US, "running", 1,
                  "duration_us", (json_int_t)(RIG_CLOCK_US * 3), "standings", "team",
                  "health", "title", zh ? "衞生署" : "Department of Health", "side",
                  "blue", "rank", 1, "total", 7691891, "protection", 8000000,
                  "availability", 9990000, "injects", 5000000, "checks", "injects",
                  "checkpoint"));
}

static void do_events(RpcCall *call, Client *client G_GNUC_UNUSED,
                      const json_t *params G_GNUC_UNUSED)
{
    rpc_reply(call, json_pack("{s:[{s:i,s:s,s:s},{s:i,s:s,s:s}],s:i}", "events", "n", 1,
                              "kind", "note/1", "text",
                              "hostile \033]0;owned\007 \xc2\x9b"
                              "31m \xe2\x80\xae text",
                              "n", 2, "kind", "check.round/1", "text", "", "n", 2));
}

static void do_inbox(RpcCall *call, Client *client G_GNUC_UNUSED,
                     const json_t *params G_GNUC_UNUSED)
{
    rpc_reply(call, json_pack("[{s:s,s:I,s:s,s:s,s:I,s:b}]", "inject", "brief", "at_us",
                              (json_int_t)1800000000, "subject", "Suspicious mail",
                              "body", "Look\n\033[2Jat it", "within_us",
                              (json_int_t)7200000000, "answered", 0));
}

static void do_report(RpcCall *call, Client *client, const json_t *params)
{
    SEEN(client, s->rs_reports++; s->rs_about_us = number(params, "about_us");
         g_snprintf(s->rs_text, sizeof(s->rs_text), "%s|%s|%s", word(params, "host"),
                    word(params, "indicator"), word(params, "text")));
    rpc_reply(call, json_pack("{s:i}", "seq", 4711));
}

static void do_answer(RpcCall *call, Client *client, const json_t *params)
{
    SEEN(client, g_snprintf(s->rs_text, sizeof(s->rs_text), "%s|%s",
                            word(params, "inject"), word(params, "text")));
    rpc_reply(call, json_pack("{s:i}", "seq", 4712));
}

/* Of web one is left, for 50 points; of mail none. */
static void do_resets(RpcCall *call, Client *client G_GNUC_UNUSED,
                      const json_t *params G_GNUC_UNUSED)
{
    static const char one[] = "{s:s, s:s, s:b, s:s, s:I, s:b, s:i, s:i}";
    json_t *web =
        json_pack(one, "id", "health/web", "name", "web", "may", 1, "why", "", "cost",
                  (json_int_t)50000, "approval", 1, "limit", 2, "left", 1);
    json_t *mail = json_pack(one, "id", "health/mail", "name", "mail", "may", 0, "why",
                             "no reset of health/mail is left", "cost", (json_int_t)0,
                             "approval", 0, "limit", 2, "left", 0);
    json_t *ask = json_pack("{s:i, s:s, s:s, s:s, s:i, s:s, s:I, s:I}", "seq", 9, "host",
                            "health/mail", "player", "health/bob", "reason",
                            "see \033[2Jthis", "cost", 0, "state", "waits", "at_us",
                            (json_int_t)3600000000, "until_us", (json_int_t)5400000000);

    rpc_reply(call, json_pack("{s:[o, o], s:{s:i, s:i}, s:[o]}", "hosts", web, mail,
                              "team", "limit", 3, "left", 2, "asks", ask));
}

static void do_reset_ask(RpcCall *call, Client *client, const json_t *params)
{
    SEEN(client, s->rs_reports++;
         g_snprintf(s->rs_text, sizeof(s->rs_text), "%s|%s|%d", word(params, "host"),
                    word(params, "reason"), (int)number(params, "cost")));
    rpc_reply(call, json_pack("{s:i, s:b}", "seq", 4713, "approval", 1));
}

static void do_open(RpcCall *call, Client *client, const json_t *params)
{
    if (strcmp(word(params, "host"), "web") != 0) {
        rpc_fail(call, RPC_REFUSED, "%s is not one of your team's hosts",
                 word(params, "host"));
        return;
    }
    SEEN(client, s->rs_opens++; s->rs_cols = (int)number(params, "cols");
         s->rs_rows = (int)number(params, "rows"); s->rs_outstanding = 0);
    client->open = TRUE;
    client->exit_after = -1;
    rpc_reply(call, json_pack("{s:i}", "term", 7));
    print(client, "welcome to web\r\n", 16);
}

static void do_in(RpcCall *call, Client *client, const json_t *params)
{
    rpc_reply(call, NULL);
    if (client->open)
        typed(client, params);
}

static void do_size(RpcCall *call, Client *client, const json_t *params)
{
    SEEN(client, s->rs_cols = (int)number(params, "cols");
         s->rs_rows = (int)number(params, "rows"));
    rpc_reply(call, NULL);
}

static void do_credit(RpcCall *call, Client *client, const json_t *params)
{
    SEEN(client,
         s->rs_outstanding -= MIN(s->rs_outstanding, (gsize)number(params, "bytes")));
    rpc_reply(call, NULL);
    pump(client);
}

static void do_close(RpcCall *call, Client *client, const json_t *params G_GNUC_UNUSED)
{
    SEEN(client, s->rs_closes++);
    client->open = FALSE;
    rpc_reply(call, NULL);
}

static void do_subscribe(RpcCall *call, Client *client,
                         const json_t *params G_GNUC_UNUSED)
{
    rpc_reply(call, NULL);
    rpc_peer_notify(client->peer, "event",
                    json_pack("{s:i, s:s, s:s}", "n", 9, "kind", "message.sent/1", "text",
                              "a message for you"));
}

static const struct {
    const char *name;
    gboolean nobody; /* before bind */
    void (*run)(RpcCall *call, Client *client, const json_t *params);
} methods[] = {
    {"whois", TRUE, do_whois},           {"bind", TRUE, do_bind},
    {"hosts", FALSE, do_hosts},          {"board", FALSE, do_board},
    {"events", FALSE, do_events},        {"inbox", FALSE, do_inbox},
    {"report", FALSE, do_report},        {"answer", FALSE, do_answer},
    {"resets", FALSE, do_resets},        {"reset.ask", FALSE, do_reset_ask},
    {"subscribe", FALSE, do_subscribe},  {"terminal.open", FALSE, do_open},
    {"terminal.in", FALSE, do_in},       {"terminal.size", FALSE, do_size},
    {"terminal.close", FALSE, do_close}, {"terminal.credit", FALSE, do_credit},
};

static void handle(RpcCall *call, RpcPeer *peer, const char *method, const json_t *params,
                   gpointer data)
{
    Client *client = rpc_peer_data(peer);

    if (!client) {
        client = g_new0(Client, 1);
        client->parryd = data;
        client->peer = peer;
        client->line = g_string_new(NULL);
        client->exit_after = -1;
        rpc_peer_set_data(peer, client);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(methods); i++) {
        if (strcmp(methods[i].name, method) != 0)
            continue;
        if (client->bound || methods[i].nobody)
            methods[i].run(call, client, params);
        else
            rpc_fail(call, RPC_REFUSED, "%s: not for nobody", method);
        return;
    }
    rpc_fail(call, RPC_NO_METHOD, "no method %s", method);
}

static void on_closed(RpcPeer *peer, gpointer data G_GNUC_UNUSED)
{
    Client *client = rpc_peer_data(peer);

    if (client)
        g_string_free(client->line, TRUE);
    g_free(client);
}

/* ---- life ---- */

static void on_stop(evutil_socket_t fd G_GNUC_UNUSED, short what G_GNUC_UNUSED,
                    void *data)
{
    event_base_loopbreak(((GateParryd *)data)->base);
}

static gpointer live(gpointer data)
{
    GateParryd *parryd = data;

    event_base_dispatch(parryd->base);
    rpc_server_free(parryd->server);
    return NULL;
}

GateParryd *gate_parryd_new(const char *path, const char *key_blob)
{
    GateParryd *parryd = g_new0(GateParryd, 1);
    g_autoptr(GError) error = NULL;
    int fd = rpc_listen(path, 0600, &error);

    if (fd < 0)
        g_error("%s", error->message);
    evthread_use_pthreads();
    parryd->path = g_strdup(path);
    parryd->key_blob = g_strdup(key_blob);
    parryd->base = event_base_new();
    parryd->server = rpc_server_new(parryd->base, fd, 64, handle, on_closed, parryd);
    parryd->stop = event_new(parryd->base, -1, EV_PERSIST, on_stop, parryd);
    event_add(parryd->stop, NULL);
    parryd->thread = g_thread_new("parryd", live, parryd);
    return parryd;
}

void gate_parryd_stop(GateParryd *parryd)
{
    if (!parryd->thread)
        return;
    event_active(parryd->stop, EV_TIMEOUT, 0);
    g_thread_join(g_steal_pointer(&parryd->thread));
}

void gate_parryd_free(GateParryd *parryd)
{
    gate_parryd_stop(parryd);
    event_free(parryd->stop);
    event_base_free(parryd->base);
    g_free(parryd->path);
    g_free(parryd->key_blob);
    g_free(parryd);
}

RigSeen gate_parryd_seen(GateParryd *parryd)
{
    g_mutex_lock(&parryd->lock);
    RigSeen seen = parryd->seen;
    g_mutex_unlock(&parryd->lock);
    return seen;
}
