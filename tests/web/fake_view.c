/*
 * fake-view PATH [TEAMS]: a view.sock with a made-up drill behind it, for looking at the
 * web scoreboard without virtual machines. It says what parryd would say to an observer
 * (docs/control.md), with names as hostile as people's can be. Ends with its standard
 * input. A line "event" on it brings one more event; "cut" cuts every connection.
 */
#include "scoreboard/rpc.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOUR_US (G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC)
#define TEAMS_MAX 12

static const struct {
    const char *id, *en, *zh;
} names[TEAMS_MAX] = {
    {"health", "Department of Health", "衞生署"},
    {"lands", "Lands Department <img src=x onerror=alert(1)>", "地政總署"},
    {"transport", "Transport Department", "運輸署"},
    {"water", "Water Supplies Department", "水務署"},
    {"fire", "Fire Services Department", "消防處"},
    {"post", "Post Office", "郵政署"},
    {"customs", "Customs and Excise Department", "香港海關"},
    {"revenue", "Inland Revenue Department", "稅務局"},
    {"labour", "Labour Department", "勞工處"},
    {"hospital", "Hospital Authority", "醫院管理局"},
    {"airport", "Airport Authority", "機場管理局"},
    {"housing", "Housing Authority", "房屋委員會"},
};

static const char *const checks[] = {"web-up", "ssh-up", "files-up", "dns-up", "portal"};
static const char *const statuses[] = {"UP", "DOWN",       "FAULTY", "CORRUPT",
                                       "UP", "RECOVERING", "UP",     "UNCHECKED",
                                       "UP", "UP",         "UP"};
static const struct {
    const char *kind, *en, *zh;
} lines[] = {
    {"clock.started/1", "the drill begins", "演練開始"},
    {"inject.executed/1", "port sweep of the DMZ: under way", "掃描非軍事區：進行中"},
    {"report.matched/1", "report: scanning seen, matched", "報告：發現掃描，已核實"},
    {"inject.ended/1", "web defacement: succeeded", "網頁竄改：成功"},
    {"expect.met/1", "web defacement: detected after 4m12s (+100)",
     "網頁竄改：4分12秒後偵測到（+100）"},
    {"check.round/1", "web-up: FAULTY", "web-up：異常"},
    {"expect.met/1", "web defacement: contained after 9m40s (+150)",
     "網頁竄改：9分40秒後遏制（+150）"},
    {"inject.ended/1", "password guessing: blocked <script>alert(1)</script>",
     "密碼猜測：已阻截"},
    {"effect.gone/1", "planted cron entry: verified gone", "植入的排程：已證實移除"},
};

typedef struct {
    RpcPeer *peer;
    gboolean zh;
    gint64 n;
} Watcher;

static struct event_base *base;
static RpcServer *server;
static GPtrArray *watchers;
static int n_teams = 2;
static gint64 n_events = 24;

static json_t *standings(gboolean zh)
{
    json_t *list = json_array();

    for (int i = 0; i < n_teams; i++) {
        gint64 total = 8412300 - i * 391700 - (i ? 1500000 / n_teams : 0);
        json_array_append_new(
            list, json_pack("{s:s,s:s,s:s,s:i,s:I,s:I,s:I,s:I,s:i,s:i,s:i,s:i,s:i}",
                            "team", names[i].id, "title", zh ? names[i].zh : names[i].en,
                            "side", "blue", "rank", i + 1, "total", (json_int_t)total,
                            "protection", (json_int_t)(total - 600000), "availability",
                            (json_int_t)(9931000 - i * 250000), "injects",
                            (json_int_t)(total - 1500000 + i * 9000), "prevented",
                            i ? 0 : 2, "detected", i ? 1 : 5, "contained", i ? 1 : 5,
                            "executed", 8, "taken", 0));
    }
    json_array_append_new(
        list,
        json_pack("{s:s,s:s,s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i}", "team", "red",
                  "title", zh ? "紅隊" : "Red team", "side", "red", "rank", 1, "total", 0,
                  "protection", 0, "availability", 0, "injects", 0, "prevented", 0,
                  "detected", 0, "contained", 0, "executed", 0, "taken", 18700000));
    return list;
}

static json_t *all_checks(void)
{
    json_t *list = json_array();

    for (int i = 0; i < n_teams * (int)G_N_ELEMENTS(checks); i++) {
        int team = i / (int)G_N_ELEMENTS(checks);
        const char *name = checks[i % G_N_ELEMENTS(checks)];
        g_autofree char *id = g_strdup_printf("%s/%s", names[team].id, name);
        json_array_append_new(
            list, json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:b}", "id", id, "team",
                            names[team].id, "name", name, "host", "web", "status",
                            statuses[(team ? i - 5 : 0) % G_N_ELEMENTS(statuses)],
                            "since_us", (json_int_t)0, "self", i % 5 == 2));
    }
    return list;
}

static json_t *board(gboolean zh)
{
    static const char root[] =
        "3f9c1b62d07e44a1b5a0c9e7f1d2833b6f0a4c5e9d8b7a6f5e4d3c2b1a09f8e7";

    return json_pack(
        "{s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:b,s:I,s:I,s:b,s:o,s:o,s:[],s:{s:I,s:s}}", "drill",
        "first-drill", "uuid", "00000000-0000-4000-8000-000000000000", "title",
        zh ? "首次實戰演練" : "First real-life drill", "lang", zh ? "zh-Hant" : "en",
        "state", "running", "reason", "", "clock", (json_int_t)(18 * HOUR_US + 251000000),
        "running", 1, "at_us", (json_int_t)g_get_real_time(), "duration_us",
        (json_int_t)(60 * HOUR_US), "frozen", 0, "standings", standings(zh), "checks",
        all_checks(), "injects", "checkpoint", "size", (json_int_t)(1200 + n_events),
        "root", root);
}

static void tell(Watcher *w)
{
    for (; w->n < n_events; w->n++) {
        gsize i = (gsize)w->n % G_N_ELEMENTS(lines);
        int team = (int)(w->n / 2) % n_teams;
        json_t *event = json_pack(
            "{s:I,s:I,s:I,s:s,s:s,s:s,s:s}", "n", (json_int_t)w->n + 1, "clock",
            (json_int_t)(w->n * HOUR_US * 3 / 4), "at_us", (json_int_t)g_get_real_time(),
            "kind", lines[i].kind, "team", i ? names[team].id : "", "host", "", "words",
            w->zh ? lines[i].zh : lines[i].en);
        rpc_peer_notify(w->peer, "event", event);
    }
    rpc_peer_notify(w->peer, "board", board(w->zh));
}

static void handle(RpcCall *call, RpcPeer *peer, const char *method, const json_t *params,
                   gpointer data G_GNUC_UNUSED)
{
    const char *lang = json_string_value(json_object_get(params, "lang"));

    if (strcmp(method, "subscribe") != 0) {
        rpc_fail(call, RPC_NO_METHOD, "no method \"%s\"", method);
        return;
    }
    Watcher *w = g_new0(Watcher, 1);
    w->peer = peer;
    w->zh = !g_strcmp0(lang, "zh-Hant");
    w->n = json_integer_value(json_object_get(params, "after"));
    g_ptr_array_add(watchers, w);
    rpc_peer_set_data(peer, w);
    rpc_reply(call, NULL);
    tell(w);
}

static void on_closed(RpcPeer *peer, gpointer data G_GNUC_UNUSED)
{
    if (rpc_peer_data(peer))
        g_ptr_array_remove_fast(watchers, rpc_peer_data(peer));
}

static void on_input(struct bufferevent *in, void *data)
{
    g_autofree char *line = NULL;

    while ((line = evbuffer_readln(bufferevent_get_input(in), NULL, EVBUFFER_EOL_LF))) {
        if (!strcmp(line, "event")) {
            n_events++;
            for (guint i = 0; i < watchers->len; i++)
                tell(watchers->pdata[i]);
        } else if (!strcmp(line, "cut")) {
            g_autoptr(GError) error = NULL;
            rpc_server_free(server);
            int fd = rpc_listen(data, 0600, &error);
            if (fd < 0)
                exit(1);
            server = rpc_server_new(base, fd, 64, handle, on_closed, NULL);
        }
        g_clear_pointer(&line, free);
    }
}

static void on_end(struct bufferevent *in G_GNUC_UNUSED, short what G_GNUC_UNUSED,
                   void *data G_GNUC_UNUSED)
{
    event_base_loopbreak(base);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;

    if (argc < 2)
        return fprintf(stderr, "usage: fake-view PATH [TEAMS]\n"), 2;
    if (argc > 2)
        n_teams = CLAMP(atoi(argv[2]), 1, TEAMS_MAX);
    base = event_base_new();
    watchers = g_ptr_array_new_with_free_func(g_free);
    int fd = rpc_listen(argv[1], 0600, &error);
    if (fd < 0)
        return fprintf(stderr, "fake-view: %s\n", error->message), 1;
    server = rpc_server_new(base, fd, 64, handle, on_closed, NULL);
    struct bufferevent *in = bufferevent_socket_new(base, 0, 0);
    bufferevent_setcb(in, on_input, NULL, on_end, argv[1]);
    bufferevent_enable(in, EV_READ);
    event_base_dispatch(base);
    rpc_server_free(server);
    bufferevent_free(in);
    g_ptr_array_free(watchers, TRUE);
    event_base_free(base);
    unlink(argv[1]);
    return 0;
}
