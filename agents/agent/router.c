/*
 * From outside only what is published gets in: a gateway that forwarded everything would
 * let anyone on the outer network set a route to the inner addresses. That comes first
 * and no rule can lift it. Then answers pass, then the first rule that fits decides, then
 * what is published passes, then the policy.
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
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RULES_MAX 65536
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
    static const char *const names[] = {
        [WIRE_TCP] = "tcp", [WIRE_UDP] = "udp", [WIRE_ICMP] = "icmp", [WIRE_ANY] = "all"};

    return names[proto];
}

static bool has_ports(const struct wire_rule *w)
{
    return w->first && (w->proto == WIRE_TCP || w->proto == WIRE_UDP);
}

/* What the rule fits, as iptables writes it. */
static void iptables_match(struct rules *r, const struct wire_rule *w)
{
    add(r, "-A FORWARD");
    if (w->from)
        add(r, " -s %s", w->from);
    if (w->to)
        add(r, " -d %s", w->to);
    if (w->proto != WIRE_ANY)
        add(r, " -p %s", proto_name(w->proto));
    if (has_ports(w))
        add(r, " --dport %lld:%lld", (long long)w->first, (long long)w->last);
}

/* A prefix of the kernel's log has 29 characters; a flood must not fill it. */
static void iptables_rule(struct rules *r, const struct wire_rule *w)
{
    static const char *const actions[] = {"ACCEPT", "DROP", "REJECT"};

    if (w->log) {
        iptables_match(r, w);
        add(r,
            " -m limit --limit 5/second --limit-burst 20 -j LOG --log-prefix \"%.26s: "
            "\"\n",
            w->name);
    }
    iptables_match(r, w);
    add(r, " -j %s%s\n", actions[w->action],
        w->action == WIRE_REJECT && w->proto == WIRE_TCP ? " --reject-with tcp-reset"
                                                         : "");
}

static void iptables_forward(struct rules *r, const struct wire_router *w)
{
    add(r, "*filter\n:FORWARD %s\n", w->drop ? "DROP" : "ACCEPT");
    for (size_t o = 0; o < r->n_outer; o++)
        add(r,
            "-A FORWARD -i %s -m conntrack ! --ctstate ESTABLISHED,RELATED,DNAT "
            "-j DROP\n",
            r->outer[o]);
    add(r, "-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT\n");
    for (size_t i = 0; i < w->n_rules; i++)
        iptables_rule(r, &w->rules[i]);
    add(r, "-A FORWARD -m conntrack --ctstate DNAT -j ACCEPT\nCOMMIT\n");
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
    add(r, "COMMIT\n");
    iptables_forward(r, w);
}

/* The same as nft writes it. */
static void nft_match(struct rules *r, const struct wire_rule *w)
{
    if (w->from)
        add(r, "ip saddr %s ", w->from);
    if (w->to)
        add(r, "ip daddr %s ", w->to);
    if (has_ports(w))
        add(r, "%s dport %lld-%lld ", proto_name(w->proto), (long long)w->first,
            (long long)w->last);
    else if (w->proto != WIRE_ANY)
        add(r, "ip protocol %s ", proto_name(w->proto));
}

static void nft_rule(struct rules *r, const struct wire_rule *w)
{
    static const char *const actions[] = {"accept", "drop", "reject"};

    if (w->log) {
        nft_match(r, w);
        add(r, "limit rate 5/second burst 20 packets log prefix \"%.26s: \"\n", w->name);
    }
    nft_match(r, w);
    add(r, "%s%s\n", actions[w->action],
        w->action == WIRE_REJECT && w->proto == WIRE_TCP ? " with tcp reset" : "");
}

static void nft_forward(struct rules *r, const struct wire_router *w)
{
    add(r, "chain forward { type filter hook forward priority 0; policy %s;\n",
        w->drop ? "drop" : "accept");
    for (size_t o = 0; o < r->n_outer; o++)
        add(r,
            "iifname \"%s\" ct state != { established, related } ct status & dnat == 0 "
            "drop\n",
            r->outer[o]);
    add(r, "ct state { established, related } accept\n");
    for (size_t i = 0; i < w->n_rules; i++)
        nft_rule(r, &w->rules[i]);
    add(r, "ct status & dnat != 0 accept\n}\n");
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
    add(r, "}\n");
    nft_forward(r, w);
    add(r, "}\n");
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

/* "10.1.0.0/24", and nothing else. */
static bool is_network(const char *text)
{
    struct in_addr address;
    char host[INET_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : 0;

    if (!len || len >= sizeof(host) ||
        strspn(slash + 1, "0123456789") != strlen(slash + 1))
        return false;
    text_format(host, sizeof(host), "%.*s", (int)len, text);
    return inet_pton(AF_INET, host, &address) == 1 && slash[1] && strlen(slash) <= 3 &&
           strtol(slash + 1, NULL, 10) <= 32;
}

/* All of it becomes part of a rule's text. */
static bool check_rules(const struct wire_router *w, struct wire_error *e)
{
    for (size_t i = 0; i < w->n_rules; i++) {
        const struct wire_rule *rule = &w->rules[i];
        const char *from = rule->from ? rule->from : "0.0.0.0/0";
        const char *to = rule->to ? rule->to : "0.0.0.0/0";
        if (!text_is_name(rule->name, 64))
            return wire_fail(e, "router: rule %s: not a name", rule->name);
        if (!is_network(from) || !is_network(to))
            return wire_fail(e, "router: rule %s: %s: not an IPv4 network", rule->name,
                             is_network(from) ? to : from);
        if (rule->last < rule->first)
            return wire_fail(e, "router: rule %s: its last port is below the first",
                             rule->name);
    }
    return true;
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
    return check_rules(w, e);
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
