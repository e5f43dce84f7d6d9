#include "orchestrator/daemon/console.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

G_DEFINE_QUARK(parry - console - error - quark, console_error)

/* Of one turn of the loop: a guest that floods its console has no more of it than others.
 */
#define TURN_MAX 4096
/* Typed and not taken: a guest's serial port takes it at its own pace, or never. */
#define WAITING_MAX ((gsize)64 * 1024)

struct Console {
    struct bufferevent *co_stream;
    ConsoleCalls co_calls;
};

static void on_read(struct bufferevent *stream, void *data)
{
    Console *console = data;
    struct evbuffer *in = bufferevent_get_input(stream);
    guint8 bytes[TURN_MAX];
    int n;

    while ((n = evbuffer_remove(in, bytes, sizeof(bytes))) > 0)
        console->co_calls.cs_data(bytes, (gsize)n, console->co_calls.cs_data_of);
}

static void on_event(struct bufferevent *stream, short what, void *data)
{
    Console *console = data;

    bufferevent_disable(stream, EV_READ | EV_WRITE);
    console->co_calls.cs_end(what & BEV_EVENT_ERROR ? g_strerror(errno)
                                                    : "the VM closed its console",
                             console->co_calls.cs_data_of);
}

static int console_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >=
        sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    int why = errno;
    if (fd >= 0)
        close(fd);
    errno = why;
    return -1;
}

Console *console_open(Daemon *d, int host, const ConsoleCalls *calls, GError **error)
{
    g_autofree char *name = g_strdup_printf("%d.sock", host);
    g_autofree char *path = g_build_filename(d->dm_dir, "run", "s", name, NULL);
    int fd = console_connect(path);

    if (fd < 0) {
        g_set_error(error, CONSOLE_ERROR, 0, "%s: its console: connect to %s: %s",
                    plan_host(d->dm_plan, host)->ph_id, path, g_strerror(errno));
        return NULL;
    }
    Console *console = g_new0(Console, 1);
    console->co_calls = *calls;
    console->co_stream = bufferevent_socket_new(d->dm_base, fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_set_max_single_read(console->co_stream, TURN_MAX);
    bufferevent_setcb(console->co_stream, on_read, NULL, on_event, console);
    bufferevent_enable(console->co_stream, EV_READ | EV_WRITE);
    return console;
}

gboolean console_write(Console *console, const void *bytes, gsize len)
{
    struct evbuffer *out = bufferevent_get_output(console->co_stream);

    return evbuffer_get_length(out) + len <= WAITING_MAX &&
           bufferevent_write(console->co_stream, bytes, len) == 0;
}

void console_free(Console *console)
{
    if (!console)
        return;
    bufferevent_free(console->co_stream);
    g_free(console);
}
