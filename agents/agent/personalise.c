/*
 * What needs no other program is done at once, in order; what does (router rules,
 * services, scripts) follows one at a time from the loop. The first failure ends it and
 * is told with the step's name.
 */
#include "agents/agent/personalise.h"

#include "agents/agent/files.h"
#include "agents/agent/kept.h"
#include "agents/agent/netlink.h"
#include "agents/agent/router.h"
#include "agents/agent/run.h"
#include "agents/agent/self.h"
#include "agents/agent/services.h"
#include "agents/agent/text.h"
#include "agents/agent/users.h"
#include "agents/wire/msg_table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEP_TIMEOUT_MS 180000 /* a service may wait for the rest of an emulated boot */
#define TEXT_MAX 81920         /* more than a line of the protocol can ask for */

struct personalise {
    struct agent *agent;
    struct wire_msg m;
    struct run *run;
    struct event *turn; /* the next step, from the loop */
    size_t step;
    char name[80];         /* of the step under way */
    const char *router[4]; /* its command */
    char said[160];        /* last words of the step, for its failure */
    struct account root;
};

/* ---- at once ---- */

struct text {
    char buf[TEXT_MAX];
    size_t len;
};

static void append(struct text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void append(struct text *t, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int n = vsnprintf(t->buf + t->len, sizeof(t->buf) - t->len, format, args);
    va_end(args);
    if (n > 0)
        t->len += (size_t)n < sizeof(t->buf) - t->len ? (size_t)n : 0;
}

bool personalise_hostname(const char *name, struct wire_error *e)
{
    char line[80];

    if (!text_is_name(name, 63))
        return wire_fail(e, "hostname %s: not a host name", name);
    if (sethostname(name, strlen(name)) < 0)
        return wire_fail(e, "hostname %s: %s", name, strerror(errno));
    text_format(line, sizeof(line), "%s\n", name);
    return files_write_text("/etc/hostname", line, 0644, e);
}

static bool is_address(const char *text)
{
    unsigned char bytes[16];

    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static bool set_hosts(const struct wire_personalise *p, struct wire_error *e)
{
    struct text *t = calloc(1, sizeof(*t));
    bool ok = t || wire_fail(e, "hosts: out of memory");

    if (t)
        append(t, "127.0.0.1\tlocalhost\n127.0.1.1\t%s\n::1\tlocalhost\n", p->hostname);
    for (size_t i = 0; ok && i < p->n_hosts; i++) {
        const struct wire_hostline *h = &p->hosts[i];
        if (!is_address(h->addr))
            ok = wire_fail(e, "hosts: %s: not an address", h->addr);
        else
            append(t, "%s\t", h->addr);
        for (size_t j = 0; ok && j < h->n_names; j++)
            if (text_is_name(h->names[j], 253))
                append(t, "%s%s", j ? " " : "", h->names[j]);
            else
                ok = wire_fail(e, "hosts: %s: not a host name", h->names[j]);
        if (ok)
            append(t, "\n");
    }
    ok = ok && files_write_text("/etc/hosts", t->buf, 0644, e);
    free(t);
    return ok;
}

static bool set_dns(const struct wire_personalise *p, struct wire_error *e)
{
    char text[256] = "";

    for (size_t i = 0; i < p->n_dns; i++) {
        if (!is_address(p->dns[i]))
            return wire_fail(e, "dns: %s: not an address", p->dns[i]);
        size_t len = strlen(text);
        text_format(text + len, sizeof(text) - len, "nameserver %s\n", p->dns[i]);
    }
    return p->n_dns == 0 || files_write_text("/etc/resolv.conf", text, 0644, e);
}

bool personalise_links(struct netlink *nl, const struct wire_nic *nics, size_t n_nics,
                       const struct wire_route *routes, size_t n_routes,
                       struct wire_error *e)
{
    char name[IF_NAMESIZE];
    int index;
    int lo = (int)if_nametoindex("lo");

    if (lo > 0 && !netlink_up(nl, lo, e))
        return false;
    for (size_t i = 0; i < n_nics; i++) {
        const struct wire_nic *nic = &nics[i];
        if (!netlink_find(nl, nic->mac, &index, name, e) || !netlink_up(nl, index, e) ||
            !netlink_set_address(nl, index, nic->addr, (int)nic->prefix, e))
            return false;
    }
    for (size_t i = 0; i < n_routes; i++)
        if (!netlink_set_route(nl, routes[i].to, routes[i].via, e))
            return false;
    return true;
}

static bool set_network(struct personalise *p, struct wire_error *e)
{
    const struct wire_personalise *w = &p->m.personalise;
    struct netlink *nl = netlink_open(e);

    if (!nl)
        return false;
    bool ok = personalise_links(nl, w->nics, w->n_nics, w->routes, w->n_routes, e);
    if (ok && w->router)
        ok = router_prepare(w->router, nl, p->router, e);
    netlink_close(nl);
    return ok;
}

static bool at_once(struct personalise *p, struct wire_error *e)
{
    const struct wire_personalise *w = &p->m.personalise;

    if (!personalise_hostname(w->hostname, e) || !set_hosts(w, e) || !set_dns(w, e) ||
        !set_network(p, e))
        return false;
    for (size_t i = 0; i < w->n_users; i++)
        if (!users_set(&w->users[i], e))
            return false;
    for (size_t i = 0; i < w->n_files; i++)
        if (!files_write(&w->files[i], e))
            return false;
    return true;
}

/* ---- one at a time ---- */

static void finish(struct personalise *p, const char *failure)
{
    struct agent *a = p->agent;
    struct wire_msg m;
    char facts[SELF_MAX];

    wire_msg_init(&m, WIRE_READY);
    m.id = p->m.id;
    m.ready.status = failure ? WIRE_FAILED : WIRE_DONE;
    self_facts(facts, sizeof(facts));
    m.ready.text = failure ? failure : facts;
    a->personalise = NULL;
    kept_end(a, &m);
    if (p->turn)
        event_free(p->turn);
    wire_msg_clear(&p->m);
    free(p);
}

static void next_turn(struct personalise *p)
{
    struct timeval now = {0, 0};

    evtimer_add(p->turn, &now);
}

static size_t room(void *arg)
{
    (void)arg;
    return sizeof(((struct personalise *)0)->said) - 1;
}

/* Keeps the last piece said: a program's last words name its trouble. */
static void said(void *arg, int stream, const void *bytes, size_t n)
{
    struct personalise *p = arg;

    (void)stream;
    memcpy(p->said, bytes, n);
    p->said[n] = '\0';
    for (size_t i = n; i > 0 && (p->said[i - 1] == '\n' || p->said[i - 1] == ' '); i--)
        p->said[i - 1] = '\0';
    text_clean(p->said);
}

static void ended(void *arg, const struct run_end *end)
{
    struct personalise *p = arg;
    char text[400];

    p->run = NULL;
    if (end->cause == RUN_ENDED && end->exit == 0) {
        p->step++;
        next_turn(p);
        return;
    }
    if (end->cause != RUN_ENDED)
        text_format(text, sizeof(text), "%s: not done within %d s: %s", p->name,
                    STEP_TIMEOUT_MS / 1000, p->said);
    else
        text_format(text, sizeof(text), "%s: %s %d: %s", p->name,
                    end->signal ? "signal" : "exit",
                    end->signal ? end->signal : end->exit, p->said);
    finish(p, text);
}

static void start(struct personalise *p, const char *const *argv, const char *script)
{
    struct wire_error e;
    char text[400];
    struct run_spec spec = {
        .spawn = {.argv = argv,
                  .script = script,
                  .account = &p->root,
                  .auid = WIRE_AUID_SCRIPT},
        .timeout_ms = STEP_TIMEOUT_MS,
        .room = room,
        .data = said,
        .end = ended,
        .arg = p,
    };

    p->said[0] = '\0';
    p->run = run_start(p->agent->base, &spec, &e);
    if (p->run)
        return;
    text_format(text, sizeof(text), "%s: %s", p->name, e.text);
    finish(p, text);
}

static void start_service(struct personalise *p, const char *name)
{
    const char *argv[] = {"systemctl", "start", name, NULL};
    struct wire_error e;

    text_format(p->name, sizeof(p->name), "service %s", name);
    if (services_have_systemd()) {
        if (text_is_name(name, 64))
            start(p, argv, NULL);
        else
            finish(p, "a service's name is not one");
    } else if (services_launch(name, &e)) {
        p->step++;
        next_turn(p);
    } else {
        finish(p, e.text);
    }
}

/* The steps: the router's command, each service, each script. */
static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct personalise *p = arg;
    const struct wire_personalise *w = &p->m.personalise;
    size_t i = p->step;

    (void)fd;
    (void)what;
    if (i < w->n_router) {
        text_format(p->name, sizeof(p->name), "router rules");
        start(p, p->router, NULL);
        return;
    }
    i -= w->n_router;
    if (i < w->n_services) {
        start_service(p, w->services[i]);
        return;
    }
    i -= w->n_services;
    if (i < w->n_run) {
        text_format(p->name, sizeof(p->name), "run script %zu", i + 1);
        start(p, NULL, w->run[i]);
        return;
    }
    finish(p, NULL);
}

void personalise_take(struct agent *a, struct wire_msg *m)
{
    struct personalise *p = a->personalise ? NULL : calloc(1, sizeof(*p));
    struct wire_error e;

    if (!p) {
        agent_refuse(
            a, m, a->personalise ? "another personalise is under way" : "out of memory");
        return;
    }
    p->agent = a;
    p->m = *m; /* its texts are needed until the end */
    memset(m, 0, sizeof(*m));
    a->personalise = p;
    account_find(NULL, &p->root);
    p->turn = evtimer_new(a->base, on_turn, p);
    if (!p->turn)
        finish(p, "out of memory");
    else if (!at_once(p, &e))
        finish(p, e.text);
    else
        next_turn(p);
}

void personalise_abort(struct agent *a, bool quietly)
{
    struct personalise *p = a->personalise;

    if (!p)
        return;
    if (p->run)
        run_kill(p->run);
    if (!quietly) {
        finish(p, "aborted by the host");
        return;
    }
    a->personalise = NULL;
    event_free(p->turn);
    wire_msg_clear(&p->m);
    free(p);
}
