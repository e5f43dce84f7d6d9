#include "orchestrator/daemon/roster.h"

#include "agents/images/images.h"
#include "orchestrator/daemon/control.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/orders.h"
#include "scenarios/base/text.h"

#include <elf.h>
#include <glib/gstdio.h>
#include <string.h>

G_DEFINE_QUARK(parry - roster - error - quark, roster_error)

#define PIECE ((gsize)32 * 1024)
/* What parryd queues for one agent is 4 MiB, as base64 and with everything else. */
#define PROGRAM_MAX ((gsize)2560 * 1024)
#define FILE_US (120 * G_USEC_PER_SEC)
/* It tries the new one (10 s) and waits for the host's acknowledgements (10 s). */
#define REPLACE_US (30 * G_USEC_PER_SEC)
#define AGAIN_FIRST_US (G_USEC_PER_SEC / 2)
#define AGAIN_MAX_US (4 * G_USEC_PER_SEC)

typedef struct {
    int pu_host;
    gint64 pu_seq; /* of agent.replace.wanted/1; 0: none is under way */
    gint64 pu_until_us, pu_again_us;
    char pu_sha256[65];
    GBytes *pu_program; /* taken up: to be sent when the agent is there again; or NULL */
    struct event *pu_again;
    Roster *pu_roster;
} Push;

typedef struct {
    char ag_version[40], ag_boot[40];
    struct hub_beat ag_beat;
    gint64 ag_beat_us;  /* boot time; 0: none yet */
    char ag_pushed[65]; /* SHA-256 of the last that was put there */
    Push ag_push;
} AgentRun;

struct Roster {
    Daemon *ro_daemon;
    AgentRun *ro_runs;
    guint ro_count;
};

static void on_again(evutil_socket_t fd, short what, void *data);
static void push_taken_up(Push *push);

Roster *roster_new(Daemon *d)
{
    Roster *roster = g_new0(Roster, 1);

    roster->ro_daemon = d;
    roster->ro_count = d->dm_plan->p_hosts->len;
    roster->ro_runs = g_new0(AgentRun, roster->ro_count + 1);
    for (guint i = 0; i < roster->ro_count; i++) {
        Push *push = &roster->ro_runs[i].ag_push;
        push->pu_host = (int)i;
        push->pu_roster = roster;
        push->pu_again = evtimer_new(d->dm_base, on_again, push);
    }
    return roster;
}

void roster_free(Roster *roster)
{
    if (!roster)
        return;
    for (guint i = 0; i < roster->ro_count; i++) {
        event_free(roster->ro_runs[i].ag_push.pu_again);
        g_bytes_unref(roster->ro_runs[i].ag_push.pu_program);
    }
    g_free(roster->ro_runs);
    g_free(roster);
}

/* ---- what they say ---- */

void roster_record(Roster *roster, const struct hub_head *head, const void *body)
{
    AgentRun *run = &roster->ro_runs[head->rc_host];
    const struct hub_hello *hello = body;

    if (head->rc_type == HUB_HELLO) {
        g_autofree char *version = parry_text_safe(hello->agent, -1);
        g_strlcpy(run->ag_version, version, sizeof(run->ag_version));
        /* After a boot it is what the guest's disk or initramfs has, not what was put. */
        if (strcmp(run->ag_boot, hello->boot) != 0)
            run->ag_pushed[0] = '\0';
        g_strlcpy(run->ag_boot, hello->boot, sizeof(run->ag_boot));
        push_taken_up(&run->ag_push);
    } else if (head->rc_type == HUB_BEAT) {
        memcpy(&run->ag_beat, body, sizeof(run->ag_beat));
        run->ag_beat_us = clock_boottime_us();
    }
}

static json_t *sources_json(guint32 sources)
{
    /* The bits of a beat's sources (docs/agent-protocol.md), the first is 1. */
    static const char *const names[] = {"audit", "audit-multicast", "process-connector",
                                        "fanotify"};
    json_t *list = json_array();

    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if (sources & 1u << i)
            json_array_append_new(list, json_string(names[i]));
    return list;
}

static json_t *agent_json(const Roster *roster, guint index)
{
    const Daemon *d = roster->ro_daemon;
    const PlanHost *host = plan_host(d->dm_plan, (int)index);
    const AgentRun *run = &roster->ro_runs[index];
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:b}", "id", host->ph_id, "owner",
        plan_side_name(host->ph_owner), "state",
        host_state_name(hosts_state(d->dm_hosts, (int)index)), "way",
        plan_agent_name(plan_agent_way(d->dm_plan, host)), "connected",
        hosts_connected(d->dm_hosts, (int)index), "version", run->ag_version, "boot",
        run->ag_boot, "pushed", run->ag_pushed, "pushing", run->ag_push.pu_seq > 0);

    if (!run->ag_beat_us)
        return json;
    json_object_set_new(json, "sources", sources_json(run->ag_beat.sources));
    json_object_set_new(json, "rss_kb", json_integer((json_int_t)run->ag_beat.rss_kb));
    json_object_set_new(json, "queued", json_integer((json_int_t)run->ag_beat.queued));
    json_object_set_new(json, "drops", json_integer((json_int_t)run->ag_beat.drops));
    json_object_set_new(json, "beat_ms",
                        json_integer((clock_boottime_us() - run->ag_beat_us) / 1000));
    return json;
}

json_t *roster_json(const Roster *roster)
{
    json_t *list = json_array();

    for (guint i = 0; i < roster->ro_count; i++)
        json_array_append_new(list, agent_json(roster, i));
    return list;
}

/* ---- a program for guests ---- */

static gboolean not_so(GError **error, const char *path, const char *why)
{
    g_set_error(error, ROSTER_ERROR, ROSTER_ERROR_FILE, "%s: %s", path, why);
    return FALSE;
}

/* The program headers, looked for one that asks for an interpreter. */
static gboolean is_static(const guint8 *bytes, gsize len, const Elf64_Ehdr *head)
{
    for (guint i = 0; i < head->e_phnum; i++) {
        gsize at = head->e_phoff + (gsize)i * sizeof(Elf64_Phdr);
        Elf64_Phdr part;
        if (head->e_phoff > len || at + sizeof(part) > len)
            return FALSE;
        memcpy(&part, bytes + at, sizeof(part));
        if (part.p_type == PT_INTERP)
            return FALSE;
    }
    return head->e_phnum > 0;
}

static gboolean runs_in_guests(const char *path, GBytes *program, GError **error)
{
    gsize len;
    const guint8 *bytes = g_bytes_get_data(program, &len);
    Elf64_Ehdr head;

    if (len > PROGRAM_MAX)
        return not_so(error, path, "larger than 2.5 MiB: more than an agent may be");
    if (len < sizeof(head) || memcmp(bytes, ELFMAG, SELFMAG) != 0)
        return not_so(error, path, "not a program (no ELF file)");
    memcpy(&head, bytes, sizeof(head));
    if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_machine != EM_X86_64)
        return not_so(error, path, "for another architecture than the guests' x86-64");
    if ((head.e_type != ET_EXEC && head.e_type != ET_DYN) ||
        head.e_phentsize != sizeof(Elf64_Phdr) || !is_static(bytes, len, &head))
        return not_so(error, path,
                      "not a static program: guests need not have its libraries "
                      "(parry-agent-static is the one to push)");
    return TRUE;
}

GBytes *roster_program(const char *path, GError **error)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, &err);

    if (!file) {
        not_so(error, path, err->message);
        return NULL;
    }
    /* A copy: the file may be written over by the next build while it is sent. */
    g_autoptr(GBytes) program =
        g_bytes_new(g_mapped_file_get_contents(file), g_mapped_file_get_length(file));
    return runs_in_guests(path, program, error) ? g_steal_pointer(&program) : NULL;
}

/* ---- push ---- */

static AgentRun *run_of(Push *push)
{
    return &push->pu_roster->ro_runs[push->pu_host];
}

static void tell(const Push *push, const char *step, const char *text)
{
    Daemon *d = push->pu_roster->ro_daemon;

    if (d->dm_control)
        control_progress(d->dm_control,
                         json_pack("{s:s, s:s, s:s}", "agent",
                                   plan_host(d->dm_plan, push->pu_host)->ph_id, "step",
                                   step, "text", text ? text : ""));
}

/* What is sent stays here until its end: another daemon may have to send it again. */
static char *program_path(const Push *push)
{
    g_autofree char *name = g_strdup_printf("push-%d", push->pu_host);

    return g_build_filename(push->pu_roster->ro_daemon->dm_dir, "run", name, NULL);
}

static void program_keep(const Push *push, GBytes *program)
{
    g_autofree char *path = program_path(push);
    g_autoptr(GError) error = NULL;
    gsize len;
    const void *bytes = g_bytes_get_data(program, &len);

    if (!g_file_set_contents(path, bytes, (gssize)len, &error))
        g_warning("agent push: %s", error->message);
}

static void program_forget(const Push *push)
{
    g_autofree char *path = program_path(push);

    g_unlink(path);
}

static void push_failed(Push *push, const char *reason)
{
    program_forget(push);
    daemon_event(push->pu_roster->ro_daemon, "agent.replace.failed/1", "agent", -1,
                 push->pu_host, push->pu_seq,
                 json_pack("{s:s, s:s, s:s}", "version", run_of(push)->ag_version,
                           "sha256", push->pu_sha256, "reason", reason));
    push->pu_seq = 0;
}

/* Where the new one is put first: on the file system of the old one where that is known,
 * so that it can take its name by one rename. */
static const char *staging(const Push *push)
{
    const Plan *plan = push->pu_roster->ro_daemon->dm_plan;

    switch (plan_agent_way(plan, plan_host(plan, push->pu_host))) {
    case AGENT_SEED:
    case AGENT_GUEST_AGENT:
        return IMAGES_AGENT_DIR "/agent.new";
    case AGENT_IMAGE:
        return "/var/lib/parry/agent.new";
    default:
        return "/run/parry/agent.new";
    }
}

/* What the agent says when it will be able to later. */
static gboolean is_busy(const char *text)
{
    return g_str_has_prefix(text, "busy: ") ||
           g_str_has_prefix(text, "the host does not acknowledge");
}

static void push_again(Push *push, const char *text)
{
    struct timeval tv = {push->pu_again_us / G_USEC_PER_SEC,
                         push->pu_again_us % G_USEC_PER_SEC};

    if (clock_boottime_us() + push->pu_again_us > push->pu_until_us) {
        push_failed(push, text);
        return;
    }
    tell(push, "waits", text);
    push->pu_again_us = MIN(push->pu_again_us * 2, AGAIN_MAX_US);
    evtimer_add(push->pu_again, &tv);
}

static void on_replaced(Daemon *d, gint64 id, gboolean ok, const char *text, json_t *rows,
                        gpointer data)
{
    Push *push = data;
    AgentRun *run = run_of(push);

    (void)id;
    (void)rows;
    if (!ok && is_busy(text)) {
        push_again(push, text);
        return;
    }
    if (!ok) {
        push_failed(push, text);
        return;
    }
    g_strlcpy(run->ag_pushed, push->pu_sha256, sizeof(run->ag_pushed));
    program_forget(push);
    daemon_event(
        d, "agent.replace.done/1", "agent", -1, push->pu_host, push->pu_seq,
        json_pack("{s:s, s:s}", "version", run->ag_version, "sha256", push->pu_sha256));
    push->pu_seq = 0;
}

static void push_replace(Push *push)
{
    Daemon *d = push->pu_roster->ro_daemon;

    tell(push, "replace", NULL);
    orders_ask(d->dm_orders, push->pu_host, "replace",
               json_pack("{s:s, s:s, s:s}", "k", "replace", "path", staging(push),
                         "sha256", push->pu_sha256),
               REPLACE_US, on_replaced, push);
}

static void on_again(evutil_socket_t fd, short what, void *data)
{
    Push *push = data;

    (void)fd;
    (void)what;
    if (!push->pu_program) {
        push_replace(push);
        return;
    }
    g_clear_pointer(&push->pu_program, g_bytes_unref);
    push_failed(push, "parryd was started again, and the agent is not connected since");
}

static void on_file(Daemon *d, gint64 id, gboolean ok, const char *text, json_t *rows,
                    gpointer data)
{
    Push *push = data;
    g_autofree char *reason = ok ? NULL : g_strdup_printf("file: %s", text);

    (void)d;
    (void)id;
    (void)rows;
    if (ok)
        push_replace(push);
    else
        push_failed(push, reason);
}

static json_t *pieces(const char *path, GBytes *program)
{
    gsize len;
    const guint8 *bytes = g_bytes_get_data(program, &len);
    json_t *list = json_array();

    for (gsize off = 0; off < len; off += PIECE) {
        gsize part = MIN(PIECE, len - off);
        g_autofree char *base64 = g_base64_encode(bytes + off, part);
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:I, s:s, s:b, s:i, s:s, s:s}", "k",
                                        "file", "path", path, "off", (json_int_t)off,
                                        "data_b64", base64, "end", off + part == len,
                                        "mode", 0755, "owner", "root", "group", "root"));
    }
    return list;
}

static gboolean refuse(GError **error, const char *why)
{
    g_set_error(error, ROSTER_ERROR, ROSTER_ERROR_HOST, "%s", why);
    return FALSE;
}

static gboolean may_push(const Roster *roster, int index, GError **error)
{
    const Daemon *d = roster->ro_daemon;
    const PlanHost *host = plan_host(d->dm_plan, index);

    if (host->ph_agent == AGENT_NONE)
        return refuse(error, "it has no agent (`agent: none`)");
    if (!hosts_connected(d->dm_hosts, index))
        return refuse(error, "its agent is not connected");
    if (roster->ro_runs[index].ag_push.pu_seq)
        return refuse(error, "another agent is being put there already");
    return TRUE;
}

static void push_send(Push *push, GBytes *program)
{
    tell(push, "send", NULL);
    orders_ask(push->pu_roster->ro_daemon->dm_orders, push->pu_host, "file",
               pieces(staging(push), program), FILE_US, on_file, push);
}

gboolean roster_push(Roster *roster, int host, GBytes *program, gint64 wait_us,
                     const char *actor, GError **error)
{
    Daemon *d = roster->ro_daemon;
    AgentRun *run = &roster->ro_runs[host];
    Push *push = &run->ag_push;

    if (!may_push(roster, host, error))
        return FALSE;
    g_autofree char *sha256 = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, program);
    g_strlcpy(push->pu_sha256, sha256, sizeof(push->pu_sha256));
    push->pu_until_us = clock_boottime_us() + wait_us;
    push->pu_again_us = AGAIN_FIRST_US;
    push->pu_seq =
        daemon_event(d, "agent.replace.wanted/1", actor, -1, host, 0,
                     json_pack("{s:s, s:s, s:I}", "version", run->ag_version, "sha256",
                               sha256, "size", (json_int_t)g_bytes_get_size(program)));
    program_keep(push, program);
    push_send(push, program);
    return TRUE;
}

/* ---- taken up again ---- */

static void replay_push(AgentRun *run, const JournalEvent *event)
{
    const char *sha256 = json_string_value(json_object_get(event->ev_body, "sha256"));
    Push *push = &run->ag_push;

    if (strcmp(event->ev_kind, "agent.replace.wanted/1") == 0) {
        push->pu_seq = event->ev_seq;
        g_strlcpy(push->pu_sha256, sha256 ? sha256 : "", sizeof(push->pu_sha256));
    } else {
        push->pu_seq = 0;
        if (strcmp(event->ev_kind, "agent.replace.done/1") == 0)
            g_strlcpy(run->ag_pushed, push->pu_sha256, sizeof(run->ag_pushed));
    }
}

void roster_replay(Roster *roster, const JournalEvent *event)
{
    int host = g_str_has_prefix(event->ev_kind, "agent.")
                   ? plan_host_index(roster->ro_daemon->dm_plan, event->ev_host)
                   : -1;
    AgentRun *run = host >= 0 ? &roster->ro_runs[host] : NULL;
    const char *boot = json_string_value(json_object_get(event->ev_body, "boot"));

    if (run && g_str_has_prefix(event->ev_kind, "agent.replace.")) {
        replay_push(run, event);
    } else if (run && strcmp(event->ev_kind, "agent.hello/1") == 0) {
        if (g_strcmp0(run->ag_boot, boot) != 0)
            run->ag_pushed[0] = '\0';
        g_strlcpy(run->ag_boot, boot ? boot : "", sizeof(run->ag_boot));
    }
}

/* It is all sent once more: to put an agent in its own place does no harm. */
static void push_resume(Push *push)
{
    g_autofree char *path = program_path(push), *bytes = NULL;
    struct timeval tv = {FILE_US / G_USEC_PER_SEC, 0};
    gsize len;

    push->pu_until_us = clock_boottime_us() + FILE_US;
    push->pu_again_us = AGAIN_FIRST_US;
    if (!g_file_get_contents(path, &bytes, &len, NULL)) {
        push_failed(push, "parryd was started again without the program: push it anew");
        return;
    }
    push->pu_program = g_bytes_new_take(g_steal_pointer(&bytes), len);
    evtimer_add(push->pu_again, &tv);
}

void roster_resume(Roster *roster)
{
    for (guint i = 0; i < roster->ro_count; i++)
        if (roster->ro_runs[i].ag_push.pu_seq)
            push_resume(&roster->ro_runs[i].ag_push);
}

static void push_taken_up(Push *push)
{
    g_autoptr(GBytes) program = g_steal_pointer(&push->pu_program);

    if (!program)
        return;
    evtimer_del(push->pu_again);
    push_send(push, program);
}
