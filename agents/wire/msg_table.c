#include "agents/wire/msg_table.h"

#include <string.h>

#define NAME_MAX_ 64    /* host, user, service and interface names */
#define ADDR_MAX 45     /* an address as text */
#define PATH_MAX_ 1024  /* a path */
#define DAY_MS 86400000 /* longest order */
#define BIG INT64_MAX
#define PID_MAX_ (1 << 22)
#define UID_MAX_ INT64_C(4294967294)

#define AT(body, f) .off = offsetof(struct wire_msg, body.f)
#define IN(type, f) .off = offsetof(struct type, f)
#define COUNT(body, f) .off_n = offsetof(struct wire_msg, body.f)
#define COUNT_IN(type, f) .off_n = offsetof(struct type, f)
#define END                                                                              \
    {                                                                                    \
        .name = NULL                                                                     \
    }

static const char *const status_names[] = {"done", "failed", "refused", "lost", NULL};
static const char *const verdict_names[] = {"up",      "down",      "faulty",
                                            "corrupt", "unchecked", NULL};
static const char *const check_names[] = {"tcp",     "http",    "dns",  "file",
                                          "process", "service", "port", "command",
                                          "plugin",  NULL};
static const char *const proto_names[] = {"tcp", "udp", "icmp", "any", NULL};
static const char *const action_names[] = {"accept", "drop", "reject", NULL};
static const char *const probe_names[] = {"tcp", "udp", "ping", "gateway", NULL};
static const char *const what_names[] = {"exec",         "exit",     "login",   "logout",
                                         "auth-failure", "file",     "service", "listen",
                                         "unlisten",     "firewall", "account", "cron",
                                         "unit",         "key",      "mount",   "module",
                                         "session",      "watch",    NULL};
static const char *const act_names[] = {
    "",      "created", "changed", "deleted", "moved",   "started", "stopped",
    "added", "removed", "opened",  "closed",  "granted", "refused", NULL};
static const char *const origin_names[] = {"",       "player", "order", "check",
                                           "script", "agent",  NULL};
static const char *const purpose_names[] = {"", "attack", "noise", NULL};
static const char *const deadman_names[] = {"", "killed", "cleaned", "uncleaned", NULL};
static const char *const clock_names[] = {"step", "slew", NULL};

/* ---- agent to host ---- */

static const struct member hello_members[] = {
    {"v", M_INT, true, 1, 1000, 0, AT(hello, v)},
    {"agent", M_TEXT, true, 1, 32, AT(hello, agent)},
    {"boot", M_TEXT, true, 36, 36, AT(hello, boot)},
    {"inst", M_INT, true, 0, BIG, 0, AT(hello, inst)},
    {"epoch", M_INT, true, 0, BIG, 0, AT(hello, epoch)},
    {"last", M_INT, true, 0, BIG, 0, AT(hello, last)},
    {"name", M_TEXT, true, 0, NAME_MAX_, AT(hello, name)},
    END,
};

static const struct member beat_members[] = {
    {"mono_us", M_INT, true, 0, BIG, 0, AT(beat, mono_us)},
    {"wall_us", M_INT, true, 0, BIG, 0, AT(beat, wall_us)},
    {"rss_kb", M_INT, true, 0, BIG, 0, AT(beat, rss_kb)},
    {"drops", M_INT, true, 0, BIG, 0, AT(beat, drops)},
    {"queued", M_INT, true, 0, BIG, 0, AT(beat, queued)},
    {"ping", M_INT, false, -1, BIG, -1, AT(beat, ping)},
    {"sources", M_INT, false, 0, 15, 0, AT(beat, sources)},
    END,
};

static const struct member out_members[] = {
    {"stream", M_INT, true, 1, 2, 0, AT(out, stream)},
    {"data_b64", M_BYTES, true, 1, WIRE_CHUNK_MAX, AT(out, data)},
    END,
};

static const struct member data_members[] = {
    {"data_b64", M_BYTES, true, 1, WIRE_CHUNK_MAX, AT(out, data)},
    END,
};

static const struct member result_members[] = {
    {"status", M_ENUM, true, 0, 4, 0, AT(result, status), .names = status_names},
    {"exit", M_INT, false, -1, 255, -1, AT(result, exit)},
    {"signal", M_INT, false, 0, 127, 0, AT(result, signal)},
    {"dur_us", M_INT, false, 0, BIG, 0, AT(result, dur_us)},
    {"cut", M_BOOL, false, AT(result, cut)},
    {"text", M_TEXT, false, 0, 512, AT(result, text)},
    {"deadman", M_ENUM, false, 0, 4, 0, AT(result, deadman), .names = deadman_names},
    END,
};

static const struct member checked_members[] = {
    {"status", M_ENUM, true, 0, 5, 0, AT(checked, status), .names = verdict_names},
    {"dur_us", M_INT, false, 0, BIG, 0, AT(checked, dur_us)},
    {"text", M_TEXT, false, 0, 256, AT(checked, text)},
    {"perf", M_TEXT, false, 0, 1024, AT(checked, perf)},
    END,
};

static const struct member probed_row_members[] = {
    {"name", M_TEXT, true, 0, NAME_MAX_, IN(wire_probed_row, name)},
    {"reached", M_BOOL, true, IN(wire_probed_row, reached)},
    {"text", M_TEXT, true, 0, 128, IN(wire_probed_row, text)},
    END,
};
static const struct shape probed_row = {probed_row_members,
                                        sizeof(struct wire_probed_row), true};
static const struct member probed_members[] = {
    {"rows", M_MANY, true, 0, WIRE_ROWS_MAX, AT(probed, rows), COUNT(probed, n_rows),
     .shape = &probed_row},
    END,
};

static const struct member ready_members[] = {
    {"status", M_ENUM, true, 0, 2, 0, AT(ready, status), .names = status_names},
    {"text", M_TEXT, false, 0, 512, AT(ready, text)},
    END,
};

static const struct member ptyend_members[] = {
    {"exit", M_INT, false, -1, 255, -1, AT(ptyend, exit)},
    {"signal", M_INT, false, 0, 127, 0, AT(ptyend, signal)},
    {"text", M_TEXT, false, 0, 512, AT(ptyend, text)},
    END,
};

static const struct member seen_members[] = {
    {"t", M_INT, true, 0, BIG, 0, IN(wire_seen, t)},
    {"what", M_ENUM, true, 0, WIRE_SAW_KINDS, 0, IN(wire_seen, what),
     .names = what_names},
    {"act", M_ENUM, false, 0, WIRE_ACTS, 0, IN(wire_seen, act), .names = act_names},
    {"pid", M_INT, false, -1, PID_MAX_, -1, IN(wire_seen, pid)},
    {"ppid", M_INT, false, -1, PID_MAX_, -1, IN(wire_seen, ppid)},
    {"uid", M_INT, false, -1, UID_MAX_, -1, IN(wire_seen, uid)},
    {"auid", M_INT, false, -1, UID_MAX_, -1, IN(wire_seen, auid)},
    {"exe", M_TEXT, false, 0, 256, IN(wire_seen, exe)},
    {"args", M_TEXT, false, 0, 1024, IN(wire_seen, args)},
    {"cwd", M_TEXT, false, 0, 256, IN(wire_seen, cwd)},
    {"path", M_TEXT, false, 0, 512, IN(wire_seen, path)},
    {"to", M_TEXT, false, 0, 512, IN(wire_seen, to)},
    {"exit", M_INT, false, -1, 255, -1, IN(wire_seen, exit)},
    {"player", M_TEXT, false, 0, NAME_MAX_, IN(wire_seen, player)},
    {"origin", M_ENUM, false, 0, WIRE_ORIGINS, 0, IN(wire_seen, origin),
     .names = origin_names},
    {"id", M_INT, false, 0, BIG, 0, IN(wire_seen, act_id)},
    END,
};
static const struct shape seen = {seen_members, sizeof(struct wire_seen), false};
static const struct member obs_members[] = {
    {"n", M_INT, true, 1, BIG, 0, AT(obs, n)},
    {"rows", M_MANY, true, 1, WIRE_OBS_ROWS, AT(obs, rows), COUNT(obs, n_rows),
     .shape = &seen},
    END,
};

static const struct member lossy_members[] = {
    {"n", M_INT, true, 0, BIG, 0, AT(lossy, n)},
    {"kernel", M_INT, true, 0, BIG, 0, AT(lossy, kernel)},
    {"queue", M_INT, true, 0, BIG, 0, AT(lossy, queue)},
    {"from_us", M_INT, true, 0, BIG, 0, AT(lossy, from_us)},
    {"to_us", M_INT, true, 0, BIG, 0, AT(lossy, to_us)},
    END,
};

/* ---- host to agent ---- */

static const struct member welcome_members[] = {
    {"v", M_INT, true, 1, 1000, 0, AT(welcome, v)},
    {"last", M_INT, true, 0, BIG, 0, AT(welcome, last)},
    {"epoch", M_INT, true, 0, BIG, 0, AT(welcome, epoch)},
    {"credit", M_INT, true, 0, 1 << 24, 0, AT(welcome, credit)},
    {"deadman_ms", M_INT, false, 0, DAY_MS, 0, AT(welcome, deadman_ms)},
    END,
};

static const struct member nic_members[] = {
    {"mac", M_TEXT, true, 17, 17, IN(wire_nic, mac)},
    {"addr", M_TEXT, true, 2, ADDR_MAX, IN(wire_nic, addr)},
    {"prefix", M_INT, true, 0, 128, 0, IN(wire_nic, prefix)},
    END,
};
static const struct shape nic = {nic_members, sizeof(struct wire_nic), false};

static const struct member route_members[] = {
    {"to", M_TEXT, true, 4, ADDR_MAX + 4, IN(wire_route, to)},
    {"via", M_TEXT, true, 2, ADDR_MAX, IN(wire_route, via)},
    END,
};
static const struct shape route = {route_members, sizeof(struct wire_route), false};

static const struct member hostline_members[] = {
    {"addr", M_TEXT, true, 2, ADDR_MAX, IN(wire_hostline, addr)},
    {"names", M_TEXTS, true, 1, 16, IN(wire_hostline, names),
     COUNT_IN(wire_hostline, n_names), .each = 253},
    END,
};
static const struct shape hostline = {hostline_members, sizeof(struct wire_hostline),
                                      true};

static const struct member user_members[] = {
    {"name", M_TEXT, true, 1, 32, IN(wire_user, name)},
    {"password", M_TEXT, false, 0, 256, IN(wire_user, password)},
    {"uid", M_INT, false, -1, 4294967294, -1, IN(wire_user, uid)},
    {"shell", M_TEXT, false, 1, PATH_MAX_, IN(wire_user, shell)},
    {"groups", M_TEXTS, false, 0, 16, IN(wire_user, groups),
     COUNT_IN(wire_user, n_groups), .each = 32},
    END,
};
static const struct shape user = {user_members, sizeof(struct wire_user), false};

static const struct member pfile_members[] = {
    {"path", M_TEXT, true, 2, PATH_MAX_, IN(wire_file, path)},
    {"mode", M_INT, false, -1, 07777, -1, IN(wire_file, mode)},
    {"owner", M_TEXT, false, 1, 32, IN(wire_file, owner)},
    {"group", M_TEXT, false, 1, 32, IN(wire_file, group)},
    {"data_b64", M_BYTES, true, 0, WIRE_PIECE_MAX, IN(wire_file, data)},
    END,
};
static const struct shape pfile = {pfile_members, sizeof(struct wire_file), false};

static const struct member publish_members[] = {
    {"proto", M_ENUM, true, 0, 2, 0, IN(wire_publish, proto), .names = proto_names},
    {"port", M_INT, true, 1, 65535, 0, IN(wire_publish, port)},
    {"to", M_TEXT, true, 2, ADDR_MAX, IN(wire_publish, to)},
    {"to_port", M_INT, true, 1, 65535, 0, IN(wire_publish, to_port)},
    END,
};
static const struct shape publish = {publish_members, sizeof(struct wire_publish), false};

static const struct member rule_members[] = {
    {"name", M_TEXT, true, 1, NAME_MAX_, IN(wire_rule, name)},
    {"from", M_TEXT, false, 2, ADDR_MAX, IN(wire_rule, from)},
    {"to", M_TEXT, false, 2, ADDR_MAX, IN(wire_rule, to)},
    {"proto", M_ENUM, false, 0, 4, WIRE_ANY, IN(wire_rule, proto), .names = proto_names},
    {"first", M_INT, false, 0, 65535, 0, IN(wire_rule, first)},
    {"last", M_INT, false, 0, 65535, 0, IN(wire_rule, last)},
    {"action", M_ENUM, true, 0, 3, 0, IN(wire_rule, action), .names = action_names},
    {"log", M_BOOL, false, IN(wire_rule, log)},
    END,
};
static const struct shape rule = {rule_members, sizeof(struct wire_rule), false};

static const struct member router_members[] = {
    {"publish", M_MANY, false, 0, 64, IN(wire_router, publish),
     COUNT_IN(wire_router, n_publish), .shape = &publish},
    {"masquerade", M_TEXTS, false, 0, 8, IN(wire_router, masquerade),
     COUNT_IN(wire_router, n_masquerade), .each = 17},
    {"rules", M_MANY, false, 0, 64, IN(wire_router, rules),
     COUNT_IN(wire_router, n_rules), .shape = &rule},
    {"drop", M_BOOL, false, IN(wire_router, drop)},
    END,
};
static const struct shape router = {router_members, sizeof(struct wire_router), false};

static const struct member personalise_members[] = {
    {"hostname", M_TEXT, true, 1, NAME_MAX_, AT(personalise, hostname)},
    {"nics", M_MANY, false, 0, 16, AT(personalise, nics), COUNT(personalise, n_nics),
     .shape = &nic},
    {"routes", M_MANY, false, 0, 64, AT(personalise, routes),
     COUNT(personalise, n_routes), .shape = &route},
    {"hosts", M_MANY, false, 0, 200, AT(personalise, hosts), COUNT(personalise, n_hosts),
     .shape = &hostline},
    {"dns", M_TEXTS, false, 0, 3, AT(personalise, dns), COUNT(personalise, n_dns),
     .each = ADDR_MAX},
    {"users", M_MANY, false, 0, 32, AT(personalise, users), COUNT(personalise, n_users),
     .shape = &user},
    {"files", M_MANY, false, 0, 64, AT(personalise, files), COUNT(personalise, n_files),
     .shape = &pfile},
    {"services", M_TEXTS, false, 0, 32, AT(personalise, services),
     COUNT(personalise, n_services), .each = NAME_MAX_},
    {"router", M_ONE, false, 0, 1, AT(personalise, router), COUNT(personalise, n_router),
     .shape = &router},
    {"run", M_TEXTS, false, 0, 32, AT(personalise, run), COUNT(personalise, n_run),
     .each = WIRE_SCRIPT_MAX},
    END,
};

static const struct member file_members[] = {
    {"path", M_TEXT, true, 2, PATH_MAX_, AT(file, path)},
    {"off", M_INT, true, 0, BIG, 0, AT(file, off)},
    {"data_b64", M_BYTES, true, 0, WIRE_PIECE_MAX, AT(file, data)},
    {"end", M_BOOL, false, AT(file, end)},
    {"mode", M_INT, false, -1, 07777, -1, AT(file, mode)},
    {"owner", M_TEXT, false, 1, 32, AT(file, owner)},
    {"group", M_TEXT, false, 1, 32, AT(file, group)},
    END,
};

static const struct member env_members[] = {
    {"name", M_TEXT, true, 1, NAME_MAX_, IN(wire_env, name)},
    {"value", M_TEXT, true, 0, 4096, IN(wire_env, value)},
    END,
};
static const struct shape env = {env_members, sizeof(struct wire_env), false};

static const struct member order_members[] = {
    {"argv", M_TEXTS, false, 0, 64, AT(order, argv), COUNT(order, n_argv),
     .each = WIRE_SCRIPT_MAX},
    {"script", M_TEXT, false, 1, WIRE_SCRIPT_MAX, AT(order, script)},
    {"user", M_TEXT, false, 1, 32, AT(order, user)},
    {"cwd", M_TEXT, false, 1, PATH_MAX_, AT(order, cwd)},
    {"env", M_MAP, false, 0, 64, AT(order, env), COUNT(order, n_env), .each = 4096,
     .shape = &env},
    {"stdin_b64", M_BYTES, false, 0, WIRE_PIECE_MAX, AT(order, input)},
    {"timeout_ms", M_INT, false, 1, DAY_MS, 60000, AT(order, timeout_ms)},
    {"out_max", M_INT, false, 0, 1 << 30, 65536, AT(order, out_max)},
    {"purpose", M_ENUM, false, 0, 3, 0, AT(order, purpose), .names = purpose_names},
    {"cleanup", M_TEXT, false, 1, WIRE_SCRIPT_MAX, AT(order, cleanup)},
    {"mem_kb", M_INT, false, 0, INT64_C(1) << 40, 0, AT(order, mem_kb)},
    {"procs", M_INT, false, 0, 1 << 22, 0, AT(order, procs)},
    END,
};

static const struct member check_members[] = {
    {"kind", M_ENUM, true, 0, WIRE_CHECK_KINDS, 0, AT(check, kind), .names = check_names},
    {"deadline_ms", M_INT, true, 1, 3600000, 0, AT(check, deadline_ms)},
    {"addr", M_TEXT, false, 2, ADDR_MAX, AT(check, addr)},
    {"port", M_INT, false, 1, 65535, 0, AT(check, port)},
    {"expect", M_TEXT, false, 1, 1024, AT(check, expect)},
    {"host", M_TEXT, false, 1, 253, AT(check, host)},
    {"path", M_TEXT, false, 1, PATH_MAX_, AT(check, path)},
    {"status", M_INT, false, 100, 599, 200, AT(check, status)},
    {"body", M_TEXT, false, 1, 1024, AT(check, body)},
    {"method", M_TEXT, false, 1, 16, AT(check, method)},
    {"name", M_TEXT, false, 1, 253, AT(check, name)},
    {"answer", M_TEXT, false, 2, ADDR_MAX, AT(check, answer)},
    {"sha256", M_TEXT, false, 6, 64, AT(check, sha256)},
    {"contains", M_TEXT, false, 1, 1024, AT(check, contains)},
    {"min", M_INT, false, 1, 65535, 1, AT(check, min)},
    {"proto", M_ENUM, false, 0, 2, WIRE_TCP, AT(check, proto), .names = proto_names},
    {"argv", M_TEXTS, false, 0, 64, AT(check, argv), COUNT(check, n_argv),
     .each = WIRE_SCRIPT_MAX},
    {"script", M_TEXT, false, 1, WIRE_SCRIPT_MAX, AT(check, script)},
    {"user", M_TEXT, false, 1, 32, AT(check, user)},
    {"exit", M_INT, false, 0, 255, 0, AT(check, exit)},
    END,
};

static const struct member probe_row_members[] = {
    {"name", M_TEXT, true, 0, NAME_MAX_, IN(wire_probe_row, name)},
    {"kind", M_ENUM, true, 0, 4, 0, IN(wire_probe_row, kind), .names = probe_names},
    {"addr", M_TEXT, true, 2, ADDR_MAX, IN(wire_probe_row, addr)},
    {"port", M_INT, true, 0, 65535, 0, IN(wire_probe_row, port)},
    END,
};
static const struct shape probe_row = {probe_row_members, sizeof(struct wire_probe_row),
                                       true};
static const struct member probe_members[] = {
    {"deadline_ms", M_INT, true, 1, 600000, 0, AT(probe, deadline_ms)},
    {"rows", M_MANY, true, 0, WIRE_ROWS_MAX, AT(probe, rows), COUNT(probe, n_rows),
     .shape = &probe_row},
    END,
};

static const struct member open_members[] = {
    {"cols", M_INT, true, 1, 1000, 0, AT(open, cols)},
    {"rows", M_INT, true, 1, 1000, 0, AT(open, rows)},
    {"user", M_TEXT, false, 1, 32, AT(open, user)},
    {"player", M_TEXT, false, 1, NAME_MAX_, AT(open, player)},
    {"auid", M_INT, false, -1, UID_MAX_, -1, AT(open, auid)},
    END,
};

static const struct member size_members[] = {
    {"cols", M_INT, true, 1, 1000, 0, AT(size, cols)},
    {"rows", M_INT, true, 1, 1000, 0, AT(size, rows)},
    END,
};

static const struct member credit_members[] = {
    {"bytes", M_INT, true, 1, 1 << 24, 0, .off = offsetof(struct wire_msg, credit)},
    END,
};

static const struct member ping_members[] = {
    {"t", M_INT, true, 0, BIG, 0, .off = offsetof(struct wire_msg, ping)},
    END,
};

static const struct member player_members[] = {
    {"auid", M_INT, true, 0, UID_MAX_, 0, IN(wire_player, auid)},
    {"name", M_TEXT, true, 1, NAME_MAX_, IN(wire_player, name)},
    END,
};
static const struct shape player = {player_members, sizeof(struct wire_player), true};
static const struct member observe_members[] = {
    {"paths", M_TEXTS, false, 0, WIRE_WATCH_MAX, AT(observe, paths),
     COUNT(observe, n_paths), .each = 511},
    {"mask", M_TEXTS, false, 0, 32, AT(observe, mask), COUNT(observe, n_mask),
     .each = NAME_MAX_},
    {"rate", M_INT, false, 1, 100000, 2000, AT(observe, rate)},
    {"cpu", M_INT, false, 1, 100, 25, AT(observe, cpu)},
    {"players", M_MANY, false, 0, 200, AT(observe, players), COUNT(observe, n_players),
     .shape = &player},
    END,
};

static const struct member snapshot_members[] = {
    {"parts", M_TEXTS, true, 1, 7, AT(snapshot, parts), COUNT(snapshot, n_parts),
     .each = 16},
    {"paths", M_TEXTS, false, 0, WIRE_WATCH_MAX, AT(snapshot, paths),
     COUNT(snapshot, n_paths), .each = 511},
    END,
};

static const struct member clock_members[] = {
    {"wall_us", M_INT, true, 0, BIG, 0, AT(clock, wall_us)},
    {"mode", M_ENUM, false, 0, 2, 0, AT(clock, mode), .names = clock_names},
    END,
};

static const struct member identity_members[] = {
    {"hostname", M_TEXT, false, 1, NAME_MAX_, AT(identity, hostname)},
    {"nics", M_MANY, false, 0, 16, AT(identity, nics), COUNT(identity, n_nics),
     .shape = &nic},
    {"routes", M_MANY, false, 0, 64, AT(identity, routes), COUNT(identity, n_routes),
     .shape = &route},
    {"machine_id", M_TEXT, false, 32, 32, AT(identity, machine_id)},
    {"regenerate_ssh", M_BOOL, false, AT(identity, regenerate_ssh)},
    {"seed_b64", M_BYTES, false, 0, WIRE_SEED_MAX, AT(identity, seed)},
    {"wall_us", M_INT, false, 0, BIG, 0, AT(identity, wall_us)},
    END,
};

static const struct member replace_members[] = {
    {"path", M_TEXT, true, 2, PATH_MAX_, AT(replace, path)},
    {"sha256", M_TEXT, true, 64, 64, AT(replace, sha256)},
    END,
};

static const struct member no_members[] = {END};

/* ---- what one member cannot say alone ---- */

static bool check_order(const struct wire_msg *m, struct wire_error *e)
{
    if ((m->order.n_argv > 0) == (m->order.script != NULL))
        return wire_fail(e, "order: exactly one of 'argv' and 'script' is wanted");
    return true;
}

/* Members that a kind of check cannot do without. */
static const char *const check_needs[WIRE_CHECK_KINDS][3] = {
    [WIRE_CHECK_TCP] = {"addr", "port"},
    [WIRE_CHECK_HTTP] = {"addr", "path"},
    [WIRE_CHECK_DNS] = {"addr", "name", "answer"},
    [WIRE_CHECK_FILE] = {"path"},
    [WIRE_CHECK_PROCESS] = {"name"},
    [WIRE_CHECK_SERVICE] = {"name"},
    [WIRE_CHECK_PORT] = {"port"},
};

static bool check_has(const struct wire_msg *m, const char *name)
{
    const struct member *f = check_members;

    while (strcmp(f->name, name) != 0)
        f++;
    const char *at = (const char *)m + f->off;
    if (f->type == M_INT)
        return *(const int64_t *)(const void *)at != f->def;
    return *(const char *const *)(const void *)at != NULL;
}

static bool check_check(const struct wire_msg *m, struct wire_error *e)
{
    const struct wire_check *c = &m->check;

    for (size_t i = 0; i < 3 && check_needs[c->kind][i]; i++)
        if (!check_has(m, check_needs[c->kind][i]))
            return wire_fail(e, "check: kind %s needs '%s'", check_names[c->kind],
                             check_needs[c->kind][i]);
    if (c->kind == WIRE_CHECK_FILE && !c->sha256 && !c->contains)
        return wire_fail(e, "check: kind file needs 'sha256' or 'contains'");
    if (c->sha256 && strlen(c->sha256) != 64 && strcmp(c->sha256, "absent") != 0 &&
        strcmp(c->sha256, "exists") != 0)
        return wire_fail(e, "check: 'sha256' is no digest, absent or exists");
    if (c->kind == WIRE_CHECK_PLUGIN && c->n_argv == 0)
        return wire_fail(e, "check: kind plugin needs 'argv'");
    if (c->kind == WIRE_CHECK_COMMAND && (c->n_argv > 0) == (c->script != NULL))
        return wire_fail(e, "check: exactly one of 'argv' and 'script' is wanted");
    return true;
}

static const struct kind kinds[] = {
    {"hello", WIRE_HELLO, WIRE_TO_HOST, WIRE_CONTROL, false, false, hello_members, NULL},
    {"beat", WIRE_BEAT, WIRE_TO_HOST, WIRE_TELEMETRY, false, false, beat_members, NULL},
    {"started", WIRE_STARTED, WIRE_TO_HOST, WIRE_CONTROL, true, true, no_members, NULL},
    {"out", WIRE_OUT, WIRE_TO_HOST, WIRE_STREAM, true, true, out_members, NULL},
    {"result", WIRE_RESULT, WIRE_TO_HOST, WIRE_CONTROL, true, true, result_members, NULL},
    {"check", WIRE_CHECKED, WIRE_TO_HOST, WIRE_CONTROL, true, true, checked_members,
     NULL},
    {"probe", WIRE_PROBED, WIRE_TO_HOST, WIRE_CONTROL, true, true, probed_members, NULL},
    {"ready", WIRE_READY, WIRE_TO_HOST, WIRE_CONTROL, true, true, ready_members, NULL},
    {"pty", WIRE_PTY, WIRE_TO_HOST, WIRE_STREAM, true, true, data_members, NULL},
    {"ptyend", WIRE_PTYEND, WIRE_TO_HOST, WIRE_CONTROL, true, true, ptyend_members, NULL},
    {"obs", WIRE_OBS, WIRE_TO_HOST, WIRE_TELEMETRY, false, false, obs_members, NULL},
    {"lossy", WIRE_LOSSY, WIRE_TO_HOST, WIRE_TELEMETRY, false, false, lossy_members,
     NULL},
    {"welcome", WIRE_WELCOME, WIRE_TO_AGENT, WIRE_CONTROL, false, false, welcome_members,
     NULL},
    {"personalise", WIRE_PERSONALISE, WIRE_TO_AGENT, WIRE_CONTROL, true, true,
     personalise_members, NULL},
    {"file", WIRE_FILE, WIRE_TO_AGENT, WIRE_CONTROL, true, true, file_members, NULL},
    {"order", WIRE_ORDER, WIRE_TO_AGENT, WIRE_CONTROL, true, true, order_members,
     check_order},
    {"check", WIRE_CHECK, WIRE_TO_AGENT, WIRE_CONTROL, true, true, check_members,
     check_check},
    {"probe", WIRE_PROBE, WIRE_TO_AGENT, WIRE_CONTROL, true, true, probe_members, NULL},
    {"open", WIRE_OPEN, WIRE_TO_AGENT, WIRE_CONTROL, true, true, open_members, NULL},
    {"in", WIRE_IN, WIRE_TO_AGENT, WIRE_CONTROL, true, true, data_members, NULL},
    {"size", WIRE_SIZE, WIRE_TO_AGENT, WIRE_CONTROL, true, true, size_members, NULL},
    {"close", WIRE_CLOSE, WIRE_TO_AGENT, WIRE_CONTROL, true, true, no_members, NULL},
    {"credit", WIRE_CREDIT_MSG, WIRE_TO_AGENT, WIRE_CONTROL, false, false, credit_members,
     NULL},
    {"cancel", WIRE_CANCEL, WIRE_TO_AGENT, WIRE_CONTROL, true, true, no_members, NULL},
    {"abort", WIRE_ABORT, WIRE_TO_AGENT, WIRE_CONTROL, true, false, no_members, NULL},
    {"ping", WIRE_PING, WIRE_TO_AGENT, WIRE_CONTROL, false, false, ping_members, NULL},
    {"observe", WIRE_OBSERVE, WIRE_TO_AGENT, WIRE_CONTROL, true, true, observe_members,
     NULL},
    {"snapshot", WIRE_SNAPSHOT, WIRE_TO_AGENT, WIRE_CONTROL, true, true, snapshot_members,
     NULL},
    {"clock", WIRE_CLOCK, WIRE_TO_AGENT, WIRE_CONTROL, true, true, clock_members, NULL},
    {"identity", WIRE_IDENTITY, WIRE_TO_AGENT, WIRE_CONTROL, true, true, identity_members,
     NULL},
    {"replace", WIRE_REPLACE, WIRE_TO_AGENT, WIRE_CONTROL, true, true, replace_members,
     NULL},
    {"ack", WIRE_ACK, WIRE_TO_HOST | WIRE_TO_AGENT, WIRE_CONTROL, false, false,
     no_members, NULL},
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

const struct kind *kind_of(enum wire_kind kind)
{
    for (size_t i = 0; i < N_KINDS; i++)
        if (kinds[i].kind == kind)
            return &kinds[i];
    return NULL;
}

const struct kind *kind_named(const char *name, enum wire_dir dir)
{
    for (size_t i = 0; i < N_KINDS; i++)
        if ((kinds[i].dirs & (int)dir) && strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

const char *wire_kind_name(enum wire_kind kind)
{
    const struct kind *k = kind_of(kind);

    return k ? k->name : "?";
}

enum wire_prio wire_kind_prio(enum wire_kind kind)
{
    const struct kind *k = kind_of(kind);

    return k ? k->prio : WIRE_TELEMETRY;
}

bool wire_kind_numbered(enum wire_kind kind)
{
    const struct kind *k = kind_of(kind);

    return k && k->numbered;
}

const char *wire_status_name(enum wire_status status)
{
    return (unsigned int)status < 4 ? status_names[status] : "?";
}

const char *wire_verdict_name(enum wire_verdict verdict)
{
    return (unsigned int)verdict < 5 ? verdict_names[verdict] : "?";
}

const char *wire_check_kind_name(enum wire_check_kind kind)
{
    return (unsigned int)kind < WIRE_CHECK_KINDS ? check_names[kind] : "?";
}

const char *wire_what_name(enum wire_what what)
{
    return (unsigned int)what < WIRE_SAW_KINDS ? what_names[what] : "?";
}

const char *wire_act_name(enum wire_act act)
{
    return (unsigned int)act < WIRE_ACTS ? act_names[act] : "?";
}

const char *wire_origin_name(enum wire_origin origin)
{
    return (unsigned int)origin < WIRE_ORIGINS ? origin_names[origin] : "?";
}
