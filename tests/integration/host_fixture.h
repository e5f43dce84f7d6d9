/* What the tests of the embedded host share: a home of their own, a guest, looks at
 * /proc. */
#ifndef PARRY_TESTS_HOST_FIXTURE_H
#define PARRY_TESTS_HOST_FIXTURE_H

#include <glib.h>
#include <libvirt/libvirt.h>
#include <sys/types.h>

#define GUEST "host-test-guest"
#define NETWORK "host-test-net"
#define FILTER "host-test-filter"

/* NULL if the tests can run here, else why not. */
const char *fixture_obstacle(void);

/* A new home with a short path; fixture_home_end() stops its host and removes it. */
char *fixture_home_new(void);
void fixture_home_end(char *home);

/* A Linux kernel to boot, or NULL: PARRY_TEST_KERNEL or one below /boot. Do not free. */
const char *fixture_kernel(void);

/* Defines the network without addresses and the filter; starts the guest. */
virDomainPtr fixture_guest_start(virConnectPtr conn, const char *home);
gboolean fixture_network_make(virConnectPtr conn);

/* Pids of processes in the same pid namespace as pid, without it; by g_array of pid_t. */
GArray *fixture_namespace_members(pid_t pid);

/* The inode of /proc/PID/ns/WHAT, 0 if it cannot be read. */
guint64 fixture_namespace(pid_t pid, const char *what);

/* How many processes are in the namespace with this inode. */
guint fixture_members_of(const char *what, guint64 inode);

/* The pid among the members whose command line holds the text, 0 if there is none. */
pid_t fixture_member_with(pid_t init, const char *text);

/* Reaps children handed to this process as their subreaper. */
void fixture_reap(void);

/* Calls ready(data) every 20 ms until it is TRUE or the seconds are over. */
gboolean fixture_wait(gboolean (*ready)(gpointer data), gpointer data, int seconds);

#endif
