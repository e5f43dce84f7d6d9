/* command: a program ends as it should within the deadline; service: asks systemd, or
 * looks for a process of that name. */
#include "agents/agent/checking.h"
#include "agents/agent/run.h"
#include "agents/agent/services.h"
#include "agents/agent/text.h"

#include <stdlib.h>
#include <string.h>

#define OUTPUT_MAX 65536 /* of both streams; what is beyond is read and dropped */

static size_t room(void *arg)
{
    (void)arg;
    return WIRE_CHUNK_MAX;
}

static void output(void *arg, int stream, const void *bytes, size_t n)
{
    struct check *c = arg;

    (void)stream;
    if (n > c->max - c->len)
        n = c->max - c->len;
    memcpy(c->buf + c->len, bytes, n);
    c->len += n;
    c->buf[c->len] = '\0';
}

/* The first line of the output, for the reader. */
static const char *first_line(struct check *c)
{
    c->buf[strcspn(c->buf, "\n")] = '\0';
    return c->buf;
}

static void command_ended(void *arg, const struct run_end *end)
{
    struct check *c = arg;
    const char *contains = c->ask->contains;

    c->run = NULL;
    if (end->cause != RUN_ENDED)
        check_end(c, WIRE_DOWN, "not done within %lld ms",
                  (long long)c->ask->deadline_ms);
    else if (end->signal)
        check_end(c, WIRE_FAULTY, "ended by signal %d", end->signal);
    else if (end->exit != c->ask->exit)
        check_end(c, WIRE_FAULTY, "exit %d instead of %lld%s%.100s", end->exit,
                  (long long)c->ask->exit, *first_line(c) ? ": " : "", first_line(c));
    else if (contains && !memmem(c->buf, c->len, contains, strlen(contains)))
        check_end(c, WIRE_FAULTY, "the text is not in: %.100s", first_line(c));
    else
        check_end(c, WIRE_UP, "exit %d", end->exit);
}

static void service_ended(void *arg, const struct run_end *end)
{
    struct check *c = arg;

    c->run = NULL;
    if (end->cause != RUN_ENDED)
        check_end(c, WIRE_DOWN, "systemctl: no answer");
    else
        check_end(c, end->exit == 0 ? WIRE_UP : WIRE_DOWN, "%.60s", first_line(c));
}

static void start(struct check *c, const char *const *argv, const char *script,
                  const struct account *account,
                  void (*end)(void *, const struct run_end *))
{
    struct wire_error e;
    struct run_spec spec = {
        .spawn = {.argv = argv,
                  .script = script,
                  .account = account,
                  .auid = WIRE_AUID_CHECK},
        .timeout_ms = c->ask->deadline_ms,
        .grace_ms = 0, /* hard */
        .room = room,
        .data = output,
        .end = end,
        .arg = c,
    };

    c->max = OUTPUT_MAX;
    c->buf = calloc(1, OUTPUT_MAX + 1);
    if (!c->buf) {
        check_end(c, WIRE_UNCHECKED, "out of memory");
        return;
    }
    /* The run has the same deadline and ends first: it kills the group. */
    evtimer_del(c->deadline);
    c->run = run_start(c->agent->base, &spec, &e);
    if (!c->run)
        check_end(c, WIRE_FAULTY, "cannot run: %s", e.text);
}

void check_command(struct check *c)
{
    struct account account;

    if (!account_find(c->ask->user, &account))
        check_end(c, WIRE_FAULTY, "there is no user %s", c->ask->user);
    else
        start(c, c->ask->argv, c->ask->script, &account, command_ended);
}

void check_service(struct check *c)
{
    const char *argv[] = {"systemctl", "is-active", "--", c->ask->name, NULL};
    struct account root;

    if (!services_have_systemd()) {
        check_process(c);
        return;
    }
    account_find(NULL, &root);
    start(c, argv, NULL, &root, service_ended);
}
