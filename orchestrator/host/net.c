#include "orchestrator/host/net.h"

#include "orchestrator/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Absent files are fine: then the kernel has no such protocol. */
static const struct {
    const char *path, *value;
} sysctls[] = {
    {"/proc/sys/net/ipv4/ip_forward", "0"},
    {"/proc/sys/net/ipv4/conf/all/forwarding", "0"},
    {"/proc/sys/net/ipv4/conf/default/forwarding", "0"},
    {"/proc/sys/net/ipv6/conf/all/forwarding", "0"},
    {"/proc/sys/net/ipv6/conf/default/forwarding", "0"},
    {"/proc/sys/net/ipv6/conf/all/disable_ipv6", "1"},
    {"/proc/sys/net/ipv6/conf/default/disable_ipv6", "1"},
    /* Frames that cross a bridge are no business of iptables here: the bridge's own
     * tables filter them. */
    {"/proc/sys/net/bridge/bridge-nf-call-iptables", "0"},
    {"/proc/sys/net/bridge/bridge-nf-call-ip6tables", "0"},
    {"/proc/sys/net/bridge/bridge-nf-call-arptables", "0"},
};

gboolean host_net_up(const char *name, GError **error)
{
    struct ifreq request = {0};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    g_strlcpy(request.ifr_name, name, sizeof request.ifr_name);
    gboolean fine = fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0;
    request.ifr_flags |= IFF_UP;
    fine = fine && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    if (!fine)
        g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED, "interface %s: bring up: %s",
                    name, g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return fine;
}

static gboolean write_sysctl(const char *path, const char *value, GError **error)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        return TRUE;
    ssize_t length = (ssize_t)strlen(value);
    gboolean fine = fd >= 0 && write(fd, value, (size_t)length) == length;
    if (!fine)
        g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED, "%s: write %s: %s", path, value,
                    g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return fine;
}

gboolean host_net_close(GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(sysctls); i++)
        if (!write_sysctl(sysctls[i].path, sysctls[i].value, error))
            return FALSE;
    return host_net_up("lo", error);
}
