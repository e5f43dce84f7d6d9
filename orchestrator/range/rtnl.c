#include "orchestrator/range/rtnl.h"

#include "orchestrator/range/netns.h"
#include "orchestrator/range/range.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel fills at most 32 KiB of a dump's answer at once. */
#define ANSWER_BYTES 32768

typedef void (*OnRecord)(const struct nlmsghdr *record, GPtrArray *links);

static gboolean ask(int fd, int kind)
{
    struct {
        struct nlmsghdr header;
        struct rtgenmsg body;
    } request = {
        .header = {.nlmsg_len = sizeof(request),
                   .nlmsg_type = (guint16)kind,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                   .nlmsg_seq = 1},
        .body = {.rtgen_family = AF_UNSPEC},
    };

    return send(fd, &request, sizeof(request), 0) == (ssize_t)sizeof(request);
}

/* Reads one answer; 1: more to come, 0: that was the last, -1: errno. */
static int answer(int fd, OnRecord on_record, GPtrArray *links)
{
    static const struct nlmsgerr none = {0};
    g_autofree char *bytes = g_malloc(ANSWER_BYTES);
    ssize_t got = recv(fd, bytes, ANSWER_BYTES, 0);
    int left = (int)got;

    if (got < 0)
        return errno == EINTR ? 1 : -1;
    for (struct nlmsghdr *at = (struct nlmsghdr *)bytes; NLMSG_OK(at, (guint)left);
         at = NLMSG_NEXT(at, left)) {
        if (at->nlmsg_type == NLMSG_DONE)
            return 0;
        if (at->nlmsg_type == NLMSG_ERROR) {
            const struct nlmsgerr *refused =
                at->nlmsg_len >= NLMSG_LENGTH(sizeof(none)) ? NLMSG_DATA(at) : &none;

            errno = -refused->error;
            return -1;
        }
        on_record(at, links);
    }
    return 1;
}

static gboolean dump(int kind, const char *what, OnRecord on_record, GPtrArray *links,
                     GError **error)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    int more = fd >= 0 && ask(fd, kind) ? 1 : -1;
    int cause;

    while (more > 0)
        more = answer(fd, on_record, links);
    cause = errno;
    if (fd >= 0)
        close(fd);
    if (more == 0)
        return TRUE;
    g_set_error(error, RANGE_ERROR, RANGE_ERROR_FAILED, "rtnetlink: list %s: %s", what,
                g_strerror(cause));
    return FALSE;
}

/* The attribute of a kind within a run of them, or NULL. */
static const struct rtattr *find(const void *run, int size, int kind)
{
    const struct rtattr *at = run;

    for (; RTA_OK(at, size); at = RTA_NEXT(at, size))
        if ((at->rta_type & NLA_TYPE_MASK) == kind)
            return at;
    return NULL;
}

static const struct rtattr *within(const struct rtattr *outer, int kind)
{
    return outer ? find(RTA_DATA(outer), (int)RTA_PAYLOAD(outer), kind) : NULL;
}

static int number(const struct rtattr *at)
{
    gint32 value = 0;

    if (at && RTA_PAYLOAD(at) >= sizeof(value))
        memcpy(&value, RTA_DATA(at), sizeof(value));
    else if (at && RTA_PAYLOAD(at) == 1)
        value = *(const guint8 *)RTA_DATA(at);
    return value;
}

static char *text(const struct rtattr *at)
{
    return at ? g_strndup(RTA_DATA(at), RTA_PAYLOAD(at)) : g_strdup("");
}

static void on_link(const struct nlmsghdr *record, GPtrArray *links)
{
    const struct ifinfomsg *info = NLMSG_DATA(record);
    int size = (int)IFLA_PAYLOAD(record);
    const void *run = IFLA_RTA(info);
    const struct rtattr *details = find(run, size, IFLA_LINKINFO);
    const struct rtattr *port = within(details, IFLA_INFO_SLAVE_DATA);
    NetLink *link;

    if (record->nlmsg_type != RTM_NEWLINK)
        return;
    link = g_new0(NetLink, 1);
    link->if_index = info->ifi_index;
    link->if_name = text(find(run, size, IFLA_IFNAME));
    link->if_kind = text(within(details, IFLA_INFO_KIND));
    link->if_master = number(find(run, size, IFLA_MASTER));
    /* A link of another namespace: IFLA_LINK is an index over there. */
    if (!find(run, size, IFLA_LINK_NETNSID))
        link->if_lower = number(find(run, size, IFLA_LINK));
    link->if_loopback = (info->ifi_flags & IFF_LOOPBACK) != 0;
    link->if_isolated = number(within(port, IFLA_BRPORT_ISOLATED)) != 0;
    link->if_addresses = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(links, link);
}

static NetLink *at_index(GPtrArray *links, int index)
{
    for (guint i = 0; i < links->len; i++) {
        NetLink *link = g_ptr_array_index(links, i);

        if (link->if_index == index)
            return link;
    }
    return NULL;
}

static void on_address(const struct nlmsghdr *record, GPtrArray *links)
{
    const struct ifaddrmsg *info = NLMSG_DATA(record);
    int size = (int)IFA_PAYLOAD(record);
    const struct rtattr *own = find(IFA_RTA(info), size, IFA_LOCAL);
    const struct rtattr *at = own ? own : find(IFA_RTA(info), size, IFA_ADDRESS);
    NetLink *link = at_index(links, (int)info->ifa_index);
    gsize need = info->ifa_family == AF_INET6 ? 16 : 4;
    char written[INET6_ADDRSTRLEN];

    if (record->nlmsg_type != RTM_NEWADDR || !link || !at || RTA_PAYLOAD(at) < need ||
        (info->ifa_family != AF_INET && info->ifa_family != AF_INET6))
        return;
    if (info->ifa_family == AF_INET6 && info->ifa_scope == RT_SCOPE_LINK &&
        link->if_master != 0)
        return;
    if (inet_ntop(info->ifa_family, RTA_DATA(at), written, sizeof(written)))
        g_ptr_array_add(link->if_addresses,
                        g_strdup_printf("%s/%d", written, info->ifa_prefixlen));
}

gboolean rtnl_links(GPtrArray *links, GError **error)
{
    return dump(RTM_GETLINK, "links", on_link, links, error);
}

gboolean rtnl_addresses(GPtrArray *links, GError **error)
{
    return dump(RTM_GETADDR, "addresses", on_address, links, error);
}
