#include "tests/integration/range_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* One end of a cable: each is a veth pair, one side a port of the bridge. */
typedef enum { WIRE_GUEST, WIRE_WITNESS } WireEnd;

typedef struct {
    const char *wf_dst, *wf_src; /* MACs */
    guint16 wf_type;             /* EtherType */
    const char *wf_ip;           /* sender's address, of ARP and IPv4 */
    const char *wf_arp_mac;      /* sender's hardware address of ARP; NULL: wf_src */
    guint16 wf_sport;            /* UDP source port of IPv4 */
    gboolean wf_odd;             /* lengths in the header are not those of the frame */
} WireFrame;

#define FRAME_BYTES 60
#define LIMIT_MS 10000

struct Wire {
    pid_t wi_pid;
    int wi_fds[2]; /* packet sockets, by WireEnd */
    guint16 wi_count;
};

gboolean wire_run(pid_t pid, const char *const *argv)
{
    g_autofree char *target = g_strdup_printf("--target=%d", (int)pid);
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    int status = -1;

    g_ptr_array_add(all, (char *)"nsenter");
    g_ptr_array_add(all, target);
    g_ptr_array_add(all, (char *)"--net");
    for (; *argv; argv++)
        g_ptr_array_add(all, (char *)*argv);
    g_ptr_array_add(all, NULL);
    return g_spawn_sync(NULL, (char **)all->pdata, NULL,
                        G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                        NULL, NULL, &status, NULL) &&
           status == 0;
}

int wire_listen(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(at.sun_path, path, sizeof(at.sun_path));
    if (fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
        listen(fd, 8) == 0)
        return fd;
    perror(path);
    exit(2);
}

char *wire_world(pid_t pid)
{
    g_autofree char *target = g_strdup_printf("--target=%d", (int)pid);
    char *links[] = {
        (char *)"nsenter", target, (char *)"--net", (char *)"ip", (char *)"-o",
        (char *)"link",    NULL};
    char *rules[] = {(char *)"nsenter", target,           (char *)"--net",  (char *)"nft",
                     (char *)"list",    (char *)"tables", (char *)"bridge", NULL};
    g_autofree char *one = NULL, *two = NULL;

    g_spawn_sync(NULL, links, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &one, NULL, NULL,
                 NULL);
    g_spawn_sync(NULL, rules, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &two, NULL, NULL,
                 NULL);
    return g_strconcat(one ? one : "", two, NULL);
}

/* A packet socket on the interface, in this thread's namespace, that gets every frame. */
static int packet_socket(const char *name)
{
    struct sockaddr_ll at = {.sll_family = AF_PACKET,
                             .sll_protocol = htons(0x0003),
                             .sll_ifindex = (int)if_nametoindex(name)};
    struct packet_mreq all = {.mr_ifindex = at.sll_ifindex, .mr_type = PACKET_MR_PROMISC};
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(0x0003));

    if (fd >= 0 && at.sll_ifindex > 0 &&
        bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
        setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* On a thread of its own, which moves into the namespace; sockets stay there. */
static gpointer open_sockets(gpointer data)
{
    Wire *wire = data;
    g_autofree char *path = g_strdup_printf("/proc/%d/ns/net", (int)wire->wi_pid);
    int ns = open(path, O_RDONLY | O_CLOEXEC);

    if (ns >= 0 && setns(ns, CLONE_NEWNET) == 0) {
        wire->wi_fds[WIRE_GUEST] = packet_socket("prtguest-p");
        wire->wi_fds[WIRE_WITNESS] = packet_socket("prtwitness-p");
    }
    if (ns >= 0)
        close(ns);
    return NULL;
}

static gboolean plug(pid_t pid, const char *port, const char *peer, const char *bridge)
{
    const char *const add[] = {"ip",   "link", "add",  port, "type",
                               "veth", "peer", "name", peer, NULL};
    const char *const master[] = {"ip",     "link", "set", port,
                                  "master", bridge, "up",  NULL};
    const char *const up[] = {"ip", "link", "set", peer, "up", NULL};

    return wire_run(pid, add) && wire_run(pid, master) && wire_run(pid, up);
}

Wire *wire_new(pid_t pid, const char *bridge)
{
    Wire *wire = g_new0(Wire, 1);

    *wire = (Wire){.wi_pid = pid, .wi_fds = {-1, -1}};
    if (plug(pid, WIRE_GUEST_PORT, "prtguest-p", bridge) &&
        plug(pid, WIRE_WITNESS_PORT, "prtwitness-p", bridge))
        g_thread_join(g_thread_new("wire", open_sockets, wire));
    if (wire->wi_fds[0] >= 0 && wire->wi_fds[1] >= 0)
        return wire;
    wire_free(wire);
    return NULL;
}

void wire_free(Wire *wire)
{
    static const char *const ports[] = {WIRE_GUEST_PORT, WIRE_WITNESS_PORT};

    for (guint i = 0; i < G_N_ELEMENTS(ports); i++) {
        const char *const argv[] = {"ip", "link", "del", ports[i], NULL};

        wire_run(wire->wi_pid, argv);
        if (wire->wi_fds[i] >= 0)
            close(wire->wi_fds[i]);
    }
    g_free(wire);
}

static void put_mac(guint8 *at, const char *mac)
{
    struct ether_addr bytes = {0};

    ether_aton_r(mac, &bytes);
    memcpy(at, &bytes, 6);
}

static void put16(guint8 *at, guint16 value)
{
    at[0] = (guint8)(value >> 8);
    at[1] = (guint8)value;
}

static void put_arp(guint8 *at, const WireFrame *frame)
{
    put16(at, 1);
    put16(at + 2, ETH_P_IP);
    at[4] = frame->wf_odd ? 0 : 6;
    at[5] = 4;
    put16(at + 6, 1);
    put_mac(at + 8, frame->wf_arp_mac ? frame->wf_arp_mac : frame->wf_src);
    inet_pton(AF_INET, frame->wf_ip, at + 14);
}

/* IPv4 with UDP, without checksums: a bridge does not look at them. */
static void put_ip(guint8 *at, const WireFrame *frame)
{
    guint32 sum = 0;

    at[0] = 0x45;
    put16(at + 2, frame->wf_odd ? 2000 : 28);
    at[8] = 64;
    at[9] = IPPROTO_UDP;
    inet_pton(AF_INET, frame->wf_ip, at + 12);
    inet_pton(AF_INET, "203.0.113.250", at + 16);
    for (int i = 0; i < 20; i += 2)
        sum += (guint32)at[i] << 8 | at[i + 1];
    put16(at + 10, (guint16) ~((sum & 0xffff) + (sum >> 16)));
    put16(at + 20, frame->wf_sport);
    put16(at + 22, 9);
    put16(at + 24, 8);
}

/* The number at its end tells one frame from another. */
static guint16 send_frame(Wire *wire, WireEnd from, const WireFrame *frame)
{
    guint8 bytes[FRAME_BYTES] = {0};

    put_mac(bytes, frame->wf_dst);
    put_mac(bytes + 6, frame->wf_src);
    put16(bytes + 12, frame->wf_type);
    if (frame->wf_type == ETH_P_ARP)
        put_arp(bytes + 14, frame);
    else if (frame->wf_type == ETH_P_IP)
        put_ip(bytes + 14, frame);
    put16(bytes + FRAME_BYTES - 2, ++wire->wi_count);
    if (send(wire->wi_fds[from], bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        g_printerr("wire: send: %s\n", g_strerror(errno));
    return wire->wi_count;
}

/* The number of the next frame that comes out of an end; 0: not one of ours, -1: none. */
static int next_number(Wire *wire, WireEnd end)
{
    struct pollfd ready = {.fd = wire->wi_fds[end], .events = POLLIN};
    guint8 bytes[2048];
    ssize_t got;

    if (poll(&ready, 1, LIMIT_MS) <= 0)
        return -1;
    got = recv(ready.fd, bytes, sizeof(bytes), 0);
    return got == FRAME_BYTES ? bytes[FRAME_BYTES - 2] << 8 | bytes[FRAME_BYTES - 1] : 0;
}

/*
 * Sends a frame into one end and then the marker, which must pass; waits for the marker
 * at the other end. TRUE if the frame came out before it. *lost: the marker did not come.
 */
static gboolean passes(Wire *wire, WireEnd from, const WireFrame *frame,
                       const WireFrame *marker, gboolean *lost)
{
    guint16 wanted = send_frame(wire, from, frame);
    guint16 last = send_frame(wire, from, marker);
    gboolean passed = FALSE;
    int got;

    while ((got = next_number(wire, !from)) != last && got >= 0)
        passed |= got == wanted;
    *lost = got < 0;
    return passed;
}

#define OTHER_MAC "52:54:00:aa:00:00"
#define OTHER_IP "203.0.113.10"
#define EVERYONE "ff:ff:ff:ff:ff:ff"

typedef struct {
    const char *ro_what;
    gboolean ro_passes;
    WireFrame ro_frame;
} Row;

static const Row sent[] = {
    {"own IPv4",
     TRUE,
     {EVERYONE, WIRE_OWN_MAC, ETH_P_IP, WIRE_OWN_IP, NULL, 40000, FALSE}},
    {"own ARP", TRUE, {EVERYONE, WIRE_OWN_MAC, ETH_P_ARP, WIRE_OWN_IP, NULL, 0, FALSE}},
    {"another MAC",
     FALSE,
     {EVERYONE, OTHER_MAC, ETH_P_IP, WIRE_OWN_IP, NULL, 40000, FALSE}},
    {"another address",
     FALSE,
     {EVERYONE, WIRE_OWN_MAC, ETH_P_IP, OTHER_IP, NULL, 40000, FALSE}},
    {"no address", FALSE, {EVERYONE, WIRE_OWN_MAC, ETH_P_IP, "0.0.0.0", NULL, 68, FALSE}},
    {"ARP for another",
     FALSE,
     {EVERYONE, WIRE_OWN_MAC, ETH_P_ARP, OTHER_IP, NULL, 0, FALSE}},
    {"ARP of another",
     FALSE,
     {EVERYONE, WIRE_OWN_MAC, ETH_P_ARP, WIRE_OWN_IP, OTHER_MAC, 0, FALSE}},
    {"DHCP replies",
     FALSE,
     {EVERYONE, WIRE_OWN_MAC, ETH_P_IP, WIRE_OWN_IP, NULL, 67, FALSE}},
    {"DHCP replies in a broken header",
     FALSE,
     {EVERYONE, WIRE_OWN_MAC, ETH_P_IP, WIRE_OWN_IP, NULL, 67, TRUE}},
    {"ARP of other lengths",
     FALSE,
     {EVERYONE, WIRE_OWN_MAC, ETH_P_ARP, WIRE_OWN_IP, NULL, 0, TRUE}},
    {"IPv6", FALSE, {EVERYONE, WIRE_OWN_MAC, ETH_P_IPV6, NULL, NULL, 0, FALSE}},
    {"a VLAN", FALSE, {EVERYONE, WIRE_OWN_MAC, 0x8100, NULL, NULL, 0, FALSE}},
    {"LLDP", FALSE, {"01:80:c2:00:00:0e", WIRE_OWN_MAC, 0x88cc, NULL, NULL, 0, FALSE}},
    {"an unknown kind", FALSE, {EVERYONE, WIRE_OWN_MAC, 0x88b5, NULL, NULL, 0, FALSE}},
};

static const Row received[] = {
    {"to it", TRUE, {WIRE_OWN_MAC, OTHER_MAC, ETH_P_IP, OTHER_IP, NULL, 40000, FALSE}},
    {"ARP to all", TRUE, {EVERYONE, OTHER_MAC, ETH_P_ARP, OTHER_IP, NULL, 0, FALSE}},
    {"to another",
     FALSE,
     {"52:54:00:aa:7f:7f", OTHER_MAC, ETH_P_IP, OTHER_IP, NULL, 1, FALSE}},
    {"IPv6 to it", FALSE, {WIRE_OWN_MAC, OTHER_MAC, ETH_P_IPV6, NULL, NULL, 0, FALSE}},
};

/* One row of a table; 1 if it is not as it should be. */
static guint check(Wire *wire, WireEnd from, const Row *row, const Row *marker)
{
    gboolean lost = FALSE;
    gboolean passed = passes(wire, from, &row->ro_frame, &marker->ro_frame, &lost);

    if (passed == row->ro_passes && !lost)
        return 0;
    printf("%s %s: %s\n", from == WIRE_GUEST ? "sending" : "receiving", row->ro_what,
           lost     ? "the marker was lost"
           : passed ? "passed"
                    : "stopped");
    return 1;
}

guint wire_check(Wire *wire)
{
    guint wrong = 0;

    for (guint i = 0; i < G_N_ELEMENTS(sent); i++)
        wrong += check(wire, WIRE_GUEST, &sent[i], &sent[0]);
    for (guint i = 0; i < G_N_ELEMENTS(received); i++)
        wrong += check(wire, WIRE_WITNESS, &received[i], &received[0]);
    return wrong;
}
