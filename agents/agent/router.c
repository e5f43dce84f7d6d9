/*
 * From outside only what is published gets in: a gateway that forwarded everything would
 * let anyone on the outer network set a route to the inner addresses.
 */
#include "agents/agent/router.h"

#include "agents/agent/files.h"
#include "agents/agent/text.h"
#include "agents/wire/msg_table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RULES_MAX 32768
#define IPTABLES_RULES "/run/parry/router.iptables"
#define NFT_RULES "/run/parry/router.nft"
#define OUTER_MAX 8

struct rules {
    char text[RULES_MAX];
    size_t len;
    bool full;
    char outer[OUTER_MAX][IF_NAMESIZE];
    size_t n_outer;
};

static void add(struct rules *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(struct rules *r, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int n = vsnprintf(r->text + r->len, sizeof(r->text) - r->len, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof(r->text) - r->len)
        r->full = true;
    else
        r->len += (size_t)n;
}

static const char *proto_name(enum wire_proto proto)
{
    return proto == WIRE_UDP ? "udp" : "tcp";
}

static void iptables_rules(struct rules *r, const struct wire_router *w)
{
    add(r, "*nat\n:PREROUTING ACCEPT\n:POSTROUTING ACCEPT\n");
    for (size_t o = 0; o < r->n_outer; o++) {
        for (size_t i = 0; i < w->n_publish; i++)
            add(r,
                "-A PREROUTING -i %s -p %s --dport %lld -j DNAT --to-destination "
                "%s:%lld\n",
                r->outer[o], proto_name(w->publish[i].proto),
                (long long)w->publish[i].port, w->publish[i].to,
                (long long)w->publish[i].to_port);
        add(r, "-A POSTROUTING -o %s -j MASQUERADE\n", r->outer[o]);
    }
    add(r, "COMMIT\n*filter\n:FORWARD ACCEPT\n");
    for (size_t o = 0; o < r->n_outer; o++)
        add(r,
            "-A FORWARD -i %s -m conntrack ! --ctstate ESTABLISHED,RELATED,DNAT "
            "-j DROP\n",
            r->outer[o]);
    add(r, "COMMIT\n");
}

static void nft_rules(struct rules *r, const struct wire_router *w)
{
    add(r, "table ip parry\ndelete table ip parry\ntable ip parry {\n"
           "chain prerouting { type nat hook prerouting priority -100;\n");
    for (size_t o = 0; o < r->n_outer; o++)
        for (size_t i = 0; i < w->n_publish; i++)
            add(r, "iifname \"%s\" %s dport %lld dnat to %s:%lld\n", r->outer[o],
                proto_name(w->publish[i].proto), (long long)w->publish[i].port,
                w->publish[i].to, (long long)w->publish[i].to_port);
    add(r, "}\nchain postrouting { type nat hook postrouting priority 100;\n");
    for (size_t o = 0; o < r->n_outer; o++)
        add(r, "oifname \"%s\" masquerade\n", r->outer[o]);
    add(r, "}\nchain forward { type filter hook forward priority 0;\n");
    for (size_t o = 0; o < r->n_outer; o++)
        add(r,
            "iifname \"%s\" ct state != { established, related } ct status & dnat == 0 "
            "drop\n",
            r->outer[o]);
    add(r, "}\n}\n");
}

static bool have_program(const char *name)
{
    static const char *const dirs[] = {"/usr/sbin", "/sbin", "/usr/bin", "/bin"};
    char path[128];

    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
        text_format(path, sizeof(path), "%s/%s", dirs[i], name);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

static bool forward(struct wire_error *e)
{
    static const char path[] = "/proc/sys/net/ipv4/ip_forward";
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool ok = fd >= 0 && write(fd, "1\n", 2) == 2;

    if (!ok)
        wire_fail(e, "%s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok;
}

static bool settle(struct rules *r, const struct wire_router *w, struct netlink *nl,
                   struct wire_error *e)
{
    struct in_addr address;
    int index;

    for (size_t i = 0; i < w->n_masquerade; i++)
        if (!netlink_find(nl, w->masquerade[i], &index, r->outer[r->n_outer++], e))
            return false;
    /* The addresses become part of a rule's text: nothing but addresses may. */
    for (size_t i = 0; i < w->n_publish; i++)
        if (inet_pton(AF_INET, w->publish[i].to, &address) != 1)
            return wire_fail(e, "router: publish to %s: not an IPv4 address",
                             w->publish[i].to);
    return true;
}

bool router_prepare(const struct wire_router *w, struct netlink *nl, const char *argv[3],
                    struct wire_error *e)
{
    static struct rules r;
    bool iptables = have_program("iptables-restore");

    memset(&r, 0, sizeof(r));
    if (!forward(e) || !settle(&r, w, nl, e))
        return false;
    if (!iptables && !have_program("nft"))
        return wire_fail(e, "router: this image has neither iptables-restore nor nft");
    if (iptables)
        iptables_rules(&r, w);
    else
        nft_rules(&r, w);
    if (r.full)
        return wire_fail(e, "router: more rules than %d bytes", RULES_MAX);
    argv[0] = iptables ? "iptables-restore" : "nft";
    argv[1] = iptables ? IPTABLES_RULES : "-f";
    argv[2] = iptables ? NULL : NFT_RULES;
    return files_write_text(iptables ? IPTABLES_RULES : NFT_RULES, r.text, 0600, e);
}
