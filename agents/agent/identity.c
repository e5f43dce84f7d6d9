/*
 * In this order: the random source first, for what comes after draws on it; the clock,
 * for keys bear dates; names; then the network, so that nothing is heard of the new host
 * under the old one's name; the ssh keys last, which take a program and seconds.
 */
#include "agents/agent/identity.h"

#include "agents/agent/clock.h"
#include "agents/agent/files.h"
#include "agents/agent/kept.h"
#include "agents/agent/netlink.h"
#include "agents/agent/order.h"
#include "agents/agent/personalise.h"
#include "agents/agent/text.h"
#include "agents/wire/msg_table.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef RNDRESEEDCRNG
#define RNDRESEEDCRNG _IO('R', 0x07)
#endif

#define HOSTS_MAX (1u << 20)
#define KEYS_MS 120000 /* an RSA key under emulation */

/* Keys of the kinds that were there: an RSA key that nobody had asked for takes seconds.
 * sshd reads its keys when it starts, and starts anew at SIGHUP. */
static const char ssh_script[] =
    "command -v ssh-keygen >/dev/null && cd /etc/ssh 2>/dev/null || exit 0\n"
    "some=\n"
    "for key in ssh_host_*_key; do\n"
    "  [ -e \"$key\" ] || continue\n"
    "  kind=${key#ssh_host_}\n"
    "  rm -f \"$key\" \"$key.pub\"\n"
    "  ssh-keygen -q -t \"${kind%_key}\" -N '' -f \"$key\" || exit 1\n"
    "  some=1\n"
    "done\n"
    "[ -n \"$some\" ] || ssh-keygen -q -A || exit 1\n"
    "if [ -s /run/sshd.pid ]; then kill -HUP \"$(cat /run/sshd.pid)\"; fi\n"
    "exit 0\n";

static bool set_seed(const struct wire_bytes *seed, struct wire_error *e)
{
    struct {
        struct rand_pool_info info;
        unsigned char bytes[WIRE_SEED_MAX];
    } pool;

    if (seed->len == 0)
        return true;
    pool.info.entropy_count = (int)seed->len * 8;
    pool.info.buf_size = (int)seed->len;
    memcpy(pool.info.buf, seed->data, seed->len);
    int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
    bool ok = fd >= 0 && ioctl(fd, RNDADDENTROPY, &pool.info) == 0;
    int error = errno;
    /* Else what was drawn from the shared state stays in use for minutes. Kernels before
     * 4.14 lack it. */
    if (ok && ioctl(fd, RNDRESEEDCRNG, NULL) < 0 && errno != EINVAL)
        agent_log("random source: reseed: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    memset(&pool, 0, sizeof(pool));
    return ok || wire_fail(e, "random source: %s", strerror(error));
}

/* The line of the host itself, as personalise writes it. */
static bool rename_in_hosts(const char *name, struct wire_error *e)
{
    static const char own[] = "\n127.0.1.1";
    char *text = text_read_file("/etc/hosts", HOSTS_MAX, NULL);
    char *line = text ? strstr(text, own) : NULL;
    const char *rest = line ? strchr(line + 1, '\n') : NULL;
    size_t size = line ? strlen(text) + strlen(name) + sizeof(own) + 2 : 0;
    char *changed = line ? malloc(size) : NULL;
    bool ok = !line || changed || wire_fail(e, "/etc/hosts: out of memory");

    if (changed) {
        *line = '\0';
        text_format(changed, size, "%s%s\t%s%s", text, own, name, rest ? rest : "\n");
        ok = files_write_text("/etc/hosts", changed, 0644, e);
    }
    free(changed);
    free(text);
    return ok;
}

static bool set_machine_id(const char *id, struct wire_error *e)
{
    static const char dbus[] = "/var/lib/dbus/machine-id"; /* or a link to the other */
    struct stat st;
    char line[40];

    if (strspn(id, "0123456789abcdef") != 32)
        return wire_fail(e, "machine-id %s: not 32 hexadecimal digits", id);
    text_format(line, sizeof(line), "%s\n", id);
    return files_write_text("/etc/machine-id", line, 0444, e) &&
           (lstat(dbus, &st) < 0 || !S_ISREG(st.st_mode) ||
            files_write_text(dbus, line, 0444, e));
}

/* The interfaces in the order in which the kernel found them are those of the host's
 * list: which of the old MACs was whose, nobody knows any more. */
static bool set_macs(struct netlink *nl, const struct wire_identity *w,
                     struct wire_error *e)
{
    int indices[16];
    size_t n = netlink_ethernets(nl, indices, 16, e);

    if (n < w->n_nics)
        return wire_fail(e, "there are %zu interfaces, and %zu are wanted", n, w->n_nics);
    for (size_t i = 0; i < w->n_nics; i++)
        if (!netlink_set_mac(nl, indices[i], w->nics[i].mac, e))
            return false;
    return true;
}

static bool set_network(const struct wire_identity *w, struct wire_error *e)
{
    if (w->n_nics == 0 && w->n_routes == 0)
        return true;
    struct netlink *nl = netlink_open(e);
    bool ok = nl && set_macs(nl, w, e) &&
              personalise_links(nl, w->nics, w->n_nics, w->routes, w->n_routes, e);
    netlink_close(nl);
    return ok;
}

static bool at_once(const struct wire_identity *w, struct wire_error *e)
{
    return set_seed(&w->seed, e) &&
           (w->wall_us == 0 || clock_set_us(w->wall_us, WIRE_CLOCK_STEP, e)) &&
           (!w->hostname ||
            (personalise_hostname(w->hostname, e) && rename_in_hosts(w->hostname, e))) &&
           (!w->machine_id || set_machine_id(w->machine_id, e)) && set_network(w, e);
}

void identity_take(struct agent *a, struct wire_msg *m)
{
    struct order_inner keys = {
        .script = ssh_script, .timeout_ms = KEYS_MS, .out_max = 4096};
    struct wire_msg answer;
    struct wire_error e;
    bool ok = at_once(&m->identity, &e);

    if (ok && m->identity.regenerate_ssh) {
        order_inner(a, m, &keys);
        return;
    }
    wire_msg_init(&answer, WIRE_RESULT);
    answer.id = m->id;
    answer.result.status = ok ? WIRE_DONE : WIRE_FAILED;
    answer.result.exit = ok ? 0 : -1;
    answer.result.text = ok ? NULL : e.text;
    kept_end(a, &answer);
}
