/* Frames on a bridge in another network namespace: a port bound to a filter as a guest's
 * tap is, and a witness beside it. */
#ifndef PARRY_TESTS_RANGE_WIRE_H
#define PARRY_TESTS_RANGE_WIRE_H

#include <glib.h>

typedef struct Wire Wire;

/* Runs a program in the network namespace of a process; TRUE if it exits with 0. */
gboolean wire_run(pid_t pid, const char *const *argv);

/* One end of a cable: each is a veth pair, one side a port of the bridge. */
typedef enum { WIRE_GUEST, WIRE_WITNESS } WireEnd;

#define WIRE_GUEST_PORT "prtguest"
#define WIRE_WITNESS_PORT "prtwitness"

/* Plugs both cables into the bridge; NULL if that fails. */
Wire *wire_new(pid_t pid, const char *bridge);
void wire_free(Wire *wire);

typedef struct {
    const char *wf_dst, *wf_src; /* MACs */
    guint16 wf_type;             /* EtherType */
    const char *wf_ip;           /* sender's address, of ARP and IPv4 */
    const char *wf_arp_mac;      /* sender's hardware address of ARP; NULL: wf_src */
    guint16 wf_sport;            /* UDP source port of IPv4 */
} WireFrame;

/*
 * Sends a frame into one end and then the marker, which must pass; waits for the marker
 * at the other end. TRUE if the frame came out before it. *lost: the marker did not come.
 */
gboolean wire_passes(Wire *wire, WireEnd from, const WireFrame *frame,
                     const WireFrame *marker, gboolean *lost);

#endif
