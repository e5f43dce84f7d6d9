#include "scoreboard/listen.h"

#include <errno.h>
#include <gio/gio.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The socket, or -1 with errno. */
static int listen_once(const struct addrinfo *info, guint16 port)
{
    struct sockaddr_storage address;
    int on = 1;

    memcpy(&address, info->ai_addr, info->ai_addrlen);
    if (info->ai_family == AF_INET6)
        ((struct sockaddr_in6 *)&address)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)&address)->sin_port = htons(port);
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) &&
        !bind(fd, (struct sockaddr *)&address, info->ai_addrlen) &&
        !listen(fd, SOMAXCONN))
        return fd;
    int cause = errno;
    close(fd);
    errno = cause;
    return -1;
}

static guint16 port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in ip4;
        struct sockaddr_in6 ip6;
    } address = {0};
    socklen_t len = sizeof(address);

    if (getsockname(fd, &address.any, &len) < 0)
        return 0;
    return ntohs(address.any.sa_family == AF_INET6 ? address.ip6.sin6_port
                                                   : address.ip4.sin_port);
}

int listen_tcp(const char *addr, guint16 port, int tries, guint16 *port_out,
               GError **error)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    struct addrinfo *info = NULL;
    int fault = getaddrinfo(addr, NULL, &hints, &info);

    if (fault) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "listen on %s: %s: give a numeric address of this machine", addr,
                    gai_strerror(fault));
        return -1;
    }
    int fd = listen_once(info, port);
    for (int i = 1; fd < 0 && errno == EADDRINUSE && i < tries && port + i < 65536; i++)
        fd = listen_once(info, (guint16)(port + i));
    if (fd < 0 && errno == EADDRINUSE && tries > 0)
        fd = listen_once(info, 0);
    if (fd < 0)
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "listen on %s port %u: %s", addr, port, g_strerror(errno));
    else if (port_out)
        *port_out = port_of(fd);
    freeaddrinfo(info);
    return fd;
}

gboolean listen_parse(const char *text, char **addr, guint16 *port, GError **error)
{
    const char *colon = strrchr(text, ':');
    const char *digits = colon ? colon + 1 : text;
    guint64 number;

    if (!g_ascii_string_to_unsigned(digits, 10, 0, 65535, &number, error)) {
        g_prefix_error(error, "listen on \"%s\": ADDRESS:PORT is wanted: ", text);
        return FALSE;
    }
    *port = (guint16)number;
    if (!colon)
        *addr = g_strdup("127.0.0.1");
    else if (*text == '[' && colon > text + 1 && colon[-1] == ']')
        *addr = g_strndup(text + 1, (gsize)(colon - text - 2));
    else
        *addr = g_strndup(text, (gsize)(colon - text));
    return TRUE;
}
