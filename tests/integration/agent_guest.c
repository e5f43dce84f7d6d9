#include "tests/integration/agent_guest.h"

#include <stdio.h>
#include <string.h>

static bool holds(const char *text, const char *part)
{
    return !part || (text && strstr(text, part));
}

static bool fits(const struct wire_seen *s, const struct wanted *w)
{
    return s->what == w->what && (!w->act || s->act == w->act) && holds(s->exe, w->exe) &&
           holds(s->args, w->args) && holds(s->path, w->path) && holds(s->to, w->to) &&
           (!w->player || (s->player && strcmp(s->player, w->player) == 0)) &&
           (!w->origin || s->origin == w->origin) && (!w->auid || s->auid == w->auid) &&
           (!w->id || s->act_id == w->id) && (!w->exit || s->exit == w->exit);
}

static const struct wire_seen *find(const struct host *h, const struct wanted *w)
{
    for (const struct heard *item = h->first; item; item = item->next) {
        if (item->m.kind != WIRE_OBS)
            continue;
        for (size_t i = 0; i < item->m.obs.n_rows; i++)
            if (fits(&item->m.obs.rows[i], w))
                return &item->m.obs.rows[i];
    }
    return NULL;
}

static void show(const struct host *h)
{
    for (const struct heard *item = h->first; item; item = item->next)
        for (size_t i = 0; item->m.kind == WIRE_OBS && i < item->m.obs.n_rows; i++) {
            const struct wire_seen *s = &item->m.obs.rows[i];
            printf("    %lld %s %s pid %lld<%lld uid %lld auid %lld %s | %s | %s | %s -> "
                   "%s | exit %lld | %s %s %lld\n",
                   (long long)item->m.obs.n + (long long)i, wire_what_name(s->what),
                   wire_act_name(s->act), (long long)s->pid, (long long)s->ppid,
                   (long long)s->uid, (long long)s->auid, s->exe ? s->exe : "-",
                   s->args ? s->args : "-", s->cwd ? s->cwd : "-",
                   s->path ? s->path : "-", s->to ? s->to : "-", (long long)s->exit,
                   wire_origin_name(s->origin), s->player ? s->player : "-",
                   (long long)s->act_id);
        }
}

const struct wire_seen *guest_row(struct guest *g, const char *name,
                                  const struct wanted *w)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)ROW_S * G_USEC_PER_SEC;
    const struct wire_seen *s;

    while (!(s = find(&g->h, w)) && g_get_monotonic_time() < deadline)
        host_pump(&g->h, 100);
    if (!s)
        printf("  %s: no row of %s\n", g->vm.role, name);
    CU_ASSERT_PTR_NOT_NULL(s);
    return s;
}

GPtrArray *guest_files(void)
{
    GPtrArray *files = g_ptr_array_new_with_free_func((GDestroyNotify)image_file_free);
    char *bytes = NULL;
    gsize len = 0;

    CU_ASSERT_TRUE_FATAL(
        g_file_get_contents(PARRY_BINARY_DIR "/tests/sees-guest", &bytes, &len, NULL));
    g_autoptr(GBytes) tool = g_bytes_new_take(bytes, len);
    g_ptr_array_add(files, image_file_new("/usr/bin/sees", 0755, NULL, tool));
    return files;
}

bool guest_hello(struct guest *g)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)BOOT_S * G_USEC_PER_SEC;

    while (!host_has(&g->h, WIRE_HELLO, 0) && g_get_monotonic_time() < deadline)
        host_pump(&g->h, 100);
    bool said = host_has(&g->h, WIRE_HELLO, 0);
    CU_ASSERT_TRUE(said);
    return said;
}

bool guest_observe(struct guest *g)
{
    const char *paths[] = {"/srv"}, *mask[] = {"--pin"};
    struct wire_player players[] = {{PLAYER, "p-7"}};
    struct wire_msg m;

    wire_msg_init(&m, WIRE_OBSERVE);
    m.id = 10;
    m.observe.paths = paths;
    m.observe.n_paths = 1;
    m.observe.mask = mask;
    m.observe.n_mask = 1;
    m.observe.players = players;
    m.observe.n_players = 1;
    m.observe.rate = 100000;
    host_send(&g->h, &m);
    const struct wire_msg *answer = host_wait(&g->h, WIRE_RESULT, 10);
    CU_ASSERT_TRUE_FATAL(answer != NULL);
    CU_ASSERT_EQUAL(answer->result.status, WIRE_DONE);
    return answer->result.status == WIRE_DONE;
}

bool guest_begin(struct guest *g, const ImageResult *image, const char *role,
                 const char *const *args)
{
    memset(g, 0, sizeof(*g));
    CU_ASSERT_TRUE_FATAL(host_listen(&g->h));
    snprintf(g->channel, sizeof(g->channel), "%s/agent.sock", g->h.dir);
    g->vm.channel = g->channel;
    rig_boot(&g->vm, image, image->initrd, role, args);
    return guest_hello(g) && guest_observe(g);
}

void guest_end(struct guest *g)
{
    if (CU_get_number_of_failure_records())
        show(&g->h);
    rig_end(&g->vm);
    host_stop(&g->h);
}

void guest_terminal(struct guest *g, int64_t id, const char *user)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_OPEN);
    m.id = id;
    m.open.cols = 80;
    m.open.rows = 24;
    m.open.user = user;
    m.open.player = "p-7";
    m.open.auid = PLAYER;
    host_send(&g->h, &m);
}

void guest_type(struct guest *g, int64_t id, const char *line)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_IN);
    m.id = id;
    m.out.data = (struct wire_bytes){(const unsigned char *)line, strlen(line)};
    host_send(&g->h, &m);
}

void guest_sources(struct guest *g, int64_t want)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)ROW_S * G_USEC_PER_SEC;
    const struct wire_msg *m;
    int64_t got = 0;

    while (got != want && g_get_monotonic_time() < deadline &&
           (m = host_wait(&g->h, WIRE_BEAT, 0)))
        got = m->beat.sources;
    CU_ASSERT_EQUAL(got, want);
}

const char *guest_agent(void)
{
    return PARRY_BINARY_DIR "/bin/parry-agent-static";
}
