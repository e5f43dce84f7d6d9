#include "orchestrator/host/netns.h"

#include "orchestrator/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SYSTEM_SOCKET "/run/libvirt/libvirt-sock"

pid_t host_listener(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct ucred peer = {0};
    socklen_t size = sizeof peer;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >=
            sizeof address.sun_path ||
        fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        peer.pid = 0;
    if (fd >= 0)
        close(fd);
    return peer.pid;
}

/* The socket that a libvirt URI leads to, or NULL if it leads off this machine. */
static char *socket_of(const char *uri_text)
{
    g_autoptr(GUri) uri = g_uri_parse(uri_text, G_URI_FLAGS_ENCODED, NULL);
    const char *host = uri ? g_uri_get_host(uri) : NULL;
    g_autoptr(GHashTable) query = NULL;

    if (!uri || (host && *host))
        return NULL;
    if (g_uri_get_query(uri))
        query =
            g_uri_parse_params(g_uri_get_query(uri), -1, "&;", G_URI_PARAMS_NONE, NULL);
    const char *path = query ? g_hash_table_lookup(query, "socket") : NULL;
    if (path)
        return g_strdup(path);
    return g_str_equal(g_uri_get_path(uri), "/system") ? g_strdup(SYSTEM_SOCKET) : NULL;
}

int host_network_namespace(const char *uri, GError **error)
{
    g_autofree char *path = socket_of(uri);
    pid_t pid = path ? host_listener(path) : 0;

    if (!path || !pid) {
        g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED,
                    "libvirt %s: find its network namespace: %s", uri,
                    path ? "no libvirtd answers there" : "it is not on this machine");
        return -1;
    }
    g_autofree char *name = g_strdup_printf("/proc/%d/ns/net", (int)pid);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED,
                    "libvirt %s: open its network namespace %s: %s", uri, name,
                    g_strerror(errno));
    return fd;
}
