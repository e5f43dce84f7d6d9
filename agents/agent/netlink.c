#include "agents/agent/netlink.h"

#include "agents/agent/text.h"
#include "agents/wire/msg_table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINK_LOCAL_V6 0xfe

struct netlink {
    int fd;
    unsigned int seq;
};

struct address {
    int family;
    size_t len;
    unsigned char bytes[16];
};

/* A request with room for its attributes. */
struct request {
    struct nlmsghdr head;
    union {
        struct ifinfomsg link;
        struct ifaddrmsg addr;
        struct rtmsg route;
    } body;
    char attributes[256];
};

struct netlink *netlink_open(struct wire_error *e)
{
    struct netlink *nl = calloc(1, sizeof(*nl));

    if (!nl ||
        (nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)) < 0) {
        wire_fail(e, "rtnetlink: %s", strerror(errno));
        free(nl);
        return NULL;
    }
    return nl;
}

void netlink_close(struct netlink *nl)
{
    if (!nl)
        return;
    close(nl->fd);
    free(nl);
}

static bool parse_address(const char *text, struct address *a, struct wire_error *e)
{
    a->family = strchr(text, ':') ? AF_INET6 : AF_INET;
    a->len = a->family == AF_INET ? 4 : 16;
    return inet_pton(a->family, text, a->bytes) == 1 ||
           wire_fail(e, "%s: not an address", text);
}

static void begin(struct request *r, int type, int flags, size_t body)
{
    memset(r, 0, sizeof(*r));
    r->head.nlmsg_type = (unsigned short)type;
    r->head.nlmsg_flags = (unsigned short)(NLM_F_REQUEST | flags);
    r->head.nlmsg_len = NLMSG_LENGTH(body);
}

static void attribute(struct request *r, int type, const void *data, size_t len)
{
    struct rtattr *at =
        (struct rtattr *)(void *)((char *)r + NLMSG_ALIGN(r->head.nlmsg_len));

    at->rta_type = (unsigned short)type;
    at->rta_len = (unsigned short)RTA_LENGTH(len);
    memcpy(RTA_DATA(at), data, len);
    r->head.nlmsg_len =
        (unsigned int)(NLMSG_ALIGN(r->head.nlmsg_len) + RTA_ALIGN(at->rta_len));
}

typedef void (*each_fn)(void *arg, const struct nlmsghdr *head);

/* Handles one datagram. Returns 1 while more is to come, 0 at the end, else -errno. */
static int take_datagram(const struct netlink *nl, char *buf, size_t n, each_fn each,
                         void *arg)
{
    const struct nlmsghdr *h = (const struct nlmsghdr *)(void *)buf;

    for (size_t left = n; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
        if (h->nlmsg_seq != nl->seq)
            continue;
        if (h->nlmsg_type == NLMSG_DONE)
            return 0;
        if (h->nlmsg_type == NLMSG_ERROR)
            return ((const struct nlmsgerr *)NLMSG_DATA(h))->error;
        if (each)
            each(arg, h);
    }
    return 1;
}

/* Sends r and takes the answer: a dump, or an acknowledgement. Returns 0 or -errno. */
static int talk(struct netlink *nl, struct request *r, each_fn each, void *arg)
{
    _Alignas(struct nlmsghdr) char buf[16384];
    int more = 1;

    r->head.nlmsg_seq = ++nl->seq;
    if (send(nl->fd, r, r->head.nlmsg_len, 0) < 0)
        return -errno;
    while (more > 0) {
        ssize_t n = recv(nl->fd, buf, sizeof(buf), 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        more = take_datagram(nl, buf, (size_t)n, each, arg);
    }
    return more;
}

/* The attribute of this type in a message whose body has this size, or NULL. */
static const struct rtattr *find_attribute(const struct nlmsghdr *h, size_t body,
                                           int type)
{
    const struct rtattr *at =
        (const struct rtattr *)(const void *)((const char *)h + NLMSG_SPACE(body));
    size_t left = h->nlmsg_len > NLMSG_SPACE(body) ? h->nlmsg_len - NLMSG_SPACE(body) : 0;

    for (; RTA_OK(at, left); at = RTA_NEXT(at, left))
        if (at->rta_type == type)
            return at;
    return NULL;
}

struct link_search {
    unsigned char mac[6];
    int index;
    char name[IF_NAMESIZE];
};

static void match_link(void *arg, const struct nlmsghdr *h)
{
    struct link_search *s = arg;
    const struct ifinfomsg *info = NLMSG_DATA(h);

    if (h->nlmsg_type != RTM_NEWLINK)
        return;
    const struct rtattr *mac = find_attribute(h, sizeof(*info), IFLA_ADDRESS);
    const struct rtattr *name = find_attribute(h, sizeof(*info), IFLA_IFNAME);
    if (!mac || !name || RTA_PAYLOAD(mac) != 6 || memcmp(RTA_DATA(mac), s->mac, 6) != 0)
        return;
    s->index = info->ifi_index;
    text_format(s->name, sizeof(s->name), "%s", (const char *)RTA_DATA(name));
}

static bool parse_mac(const char *text, unsigned char mac[6])
{
    for (int i = 0; i < 6; i++) {
        long long byte;
        const char *end;
        if (!text_number(text, 16, &byte, &end) || end != text + 2 || byte < 0 ||
            *end != (i < 5 ? ':' : '\0'))
            return false;
        mac[i] = (unsigned char)byte;
        text = end + 1;
    }
    return true;
}

bool netlink_find(struct netlink *nl, const char *mac, int *index, char name[IF_NAMESIZE],
                  struct wire_error *e)
{
    struct link_search search = {.index = 0};
    struct request r;

    if (!parse_mac(mac, search.mac))
        return wire_fail(e, "%s: not a MAC", mac);
    begin(&r, RTM_GETLINK, NLM_F_DUMP, sizeof(r.body.link));
    int error = talk(nl, &r, match_link, &search);
    if (error < 0)
        return wire_fail(e, "list links: %s", strerror(-error));
    if (search.index == 0)
        return wire_fail(e, "no interface has the MAC %s", mac);
    *index = search.index;
    memcpy(name, search.name, IF_NAMESIZE);
    return true;
}

struct ethernets {
    int *indices;
    size_t n, max;
};

/* What is real has no kind; a veth is as good as real in a container. */
static void collect_ethernet(void *arg, const struct nlmsghdr *h)
{
    struct ethernets *s = arg;
    const struct ifinfomsg *info = NLMSG_DATA(h);

    if (h->nlmsg_type != RTM_NEWLINK || info->ifi_type != ARPHRD_ETHER || s->n == s->max)
        return;
    const struct rtattr *of = find_attribute(h, sizeof(*info), IFLA_LINKINFO);
    if (of && !memmem(RTA_DATA(of), RTA_PAYLOAD(of), "veth", 4))
        return;
    size_t at = s->n++;
    for (; at > 0 && s->indices[at - 1] > info->ifi_index; at--)
        s->indices[at] = s->indices[at - 1];
    s->indices[at] = info->ifi_index;
}

size_t netlink_ethernets(struct netlink *nl, int *indices, size_t max,
                         struct wire_error *e)
{
    struct ethernets s = {indices, 0, max};
    struct request r;

    begin(&r, RTM_GETLINK, NLM_F_DUMP, sizeof(r.body.link));
    int error = talk(nl, &r, collect_ethernet, &s);
    if (error < 0)
        wire_fail(e, "list links: %s", strerror(-error));
    return s.n;
}

static int switch_link(struct netlink *nl, int index, unsigned int flags)
{
    struct request r;

    begin(&r, RTM_NEWLINK, NLM_F_ACK, sizeof(r.body.link));
    r.body.link.ifi_index = index;
    r.body.link.ifi_flags = flags;
    r.body.link.ifi_change = IFF_UP;
    return talk(nl, &r, NULL, NULL);
}

bool netlink_up(struct netlink *nl, int index, struct wire_error *e)
{
    int error = switch_link(nl, index, IFF_UP);

    return error == 0 ||
           wire_fail(e, "switch on interface %d: %s", index, strerror(-error));
}

bool netlink_set_mac(struct netlink *nl, int index, const char *mac, struct wire_error *e)
{
    unsigned char bytes[6];
    struct request r;

    if (!parse_mac(mac, bytes))
        return wire_fail(e, "%s: not a MAC", mac);
    int error = switch_link(nl, index, 0);
    if (error == 0) {
        begin(&r, RTM_NEWLINK, NLM_F_ACK, sizeof(r.body.link));
        r.body.link.ifi_index = index;
        attribute(&r, IFLA_ADDRESS, bytes, sizeof(bytes));
        error = talk(nl, &r, NULL, NULL);
    }
    return error == 0 ||
           wire_fail(e, "interface %d: MAC %s: %s", index, mac, strerror(-error));
}

/* Addresses of a link that are not the one wanted. */
struct stale {
    int index;
    const struct address *wanted;
    int prefix;
    struct address found[32];
    int prefixes[32];
    int n;
    bool there;
};

static void collect_address(void *arg, const struct nlmsghdr *h)
{
    struct stale *s = arg;
    const struct ifaddrmsg *info = NLMSG_DATA(h);
    const struct address *w = s->wanted;

    if (h->nlmsg_type != RTM_NEWADDR || (int)info->ifa_index != s->index ||
        info->ifa_family != w->family)
        return;
    const struct rtattr *at = find_attribute(h, sizeof(*info), IFA_LOCAL);
    if (!at)
        at = find_attribute(h, sizeof(*info), IFA_ADDRESS);
    if (!at || RTA_PAYLOAD(at) != w->len)
        return;
    const unsigned char *bytes = RTA_DATA(at);
    if (memcmp(bytes, w->bytes, w->len) == 0 && info->ifa_prefixlen == s->prefix) {
        s->there = true;
    } else if (s->n < 32 && !(w->family == AF_INET6 && bytes[0] == LINK_LOCAL_V6)) {
        s->found[s->n] = *w;
        memcpy(s->found[s->n].bytes, bytes, w->len);
        s->prefixes[s->n++] = info->ifa_prefixlen;
    }
}

static int change_address(struct netlink *nl, int type, int flags, int index,
                          const struct address *a, int prefix)
{
    struct request r;

    begin(&r, type, NLM_F_ACK | flags, sizeof(r.body.addr));
    r.body.addr.ifa_family = (unsigned char)a->family;
    r.body.addr.ifa_prefixlen = (unsigned char)prefix;
    r.body.addr.ifa_index = (unsigned int)index;
    attribute(&r, IFA_LOCAL, a->bytes, a->len);
    attribute(&r, IFA_ADDRESS, a->bytes, a->len);
    if (a->family == AF_INET && type == RTM_NEWADDR && prefix < 31) {
        uint32_t host = prefix ? htonl(0xffffffffu >> prefix) : 0xffffffffu;
        uint32_t address;
        memcpy(&address, a->bytes, 4);
        address |= host;
        attribute(&r, IFA_BROADCAST, &address, 4);
    }
    return talk(nl, &r, NULL, NULL);
}

bool netlink_set_address(struct netlink *nl, int index, const char *addr, int prefix,
                         struct wire_error *e)
{
    struct address a;
    struct request r;

    if (!parse_address(addr, &a, e))
        return false;
    if (prefix > (int)a.len * 8)
        return wire_fail(e, "%s/%d: no such prefix length", addr, prefix);
    struct stale stale = {.index = index, .wanted = &a, .prefix = prefix};
    begin(&r, RTM_GETADDR, NLM_F_DUMP, sizeof(r.body.addr));
    r.body.addr.ifa_family = (unsigned char)a.family;
    int error = talk(nl, &r, collect_address, &stale);
    for (int i = 0; error == 0 && i < stale.n; i++)
        error =
            change_address(nl, RTM_DELADDR, 0, index, &stale.found[i], stale.prefixes[i]);
    /* Gone with the one before it: secondary addresses of the same network. */
    if (error == -EADDRNOTAVAIL)
        error = 0;
    if (error == 0 && !stale.there)
        error = change_address(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, index, &a,
                               prefix);
    return error == 0 ||
           wire_fail(e, "address %s/%d: %s", addr, prefix, strerror(-error));
}

/* "10.0.0.0/8" in two. */
static bool parse_network(const char *text, struct address *a, int *prefix,
                          struct wire_error *e)
{
    char address[64], *end = "";

    text_format(address, sizeof(address), "%s", text);
    char *slash = strchr(address, '/');
    if (slash) {
        *slash = '\0';
        *prefix = (int)strtol(slash + 1, &end, 10);
    }
    if (!slash || !slash[1] || *end)
        return wire_fail(e, "%s: not a network", text);
    if (!parse_address(address, a, e))
        return false;
    return (*prefix >= 0 && *prefix <= (int)a->len * 8) ||
           wire_fail(e, "%s: no such prefix length", text);
}

bool netlink_set_route(struct netlink *nl, const char *to, const char *via,
                       struct wire_error *e)
{
    struct address network = {0}, gateway = {0};
    struct request r;
    int prefix = 0;

    if (!parse_network(to, &network, &prefix, e) || !parse_address(via, &gateway, e))
        return false;
    if (network.family != gateway.family)
        return wire_fail(e, "route %s via %s: two families", to, via);
    begin(&r, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE,
          sizeof(r.body.route));
    r.body.route.rtm_family = (unsigned char)network.family;
    r.body.route.rtm_dst_len = (unsigned char)prefix;
    r.body.route.rtm_table = RT_TABLE_MAIN;
    r.body.route.rtm_protocol = RTPROT_STATIC;
    r.body.route.rtm_scope = RT_SCOPE_UNIVERSE;
    r.body.route.rtm_type = RTN_UNICAST;
    if (prefix > 0)
        attribute(&r, RTA_DST, network.bytes, network.len);
    attribute(&r, RTA_GATEWAY, gateway.bytes, gateway.len);
    int error = talk(nl, &r, NULL, NULL);
    return error == 0 || wire_fail(e, "route %s via %s: %s", to, via, strerror(-error));
}
