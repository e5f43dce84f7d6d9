#include "orchestrator/range/netns.h"

#include "orchestrator/range/filter.h"
#include "orchestrator/range/range.h"
#include "orchestrator/range/rtnl.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* What a system libvirt listens on, newest way first: one daemon a driver, or one. */
static const char *const system_sockets[] = {"/run/libvirt/virtqemud-sock",
                                             "/run/libvirt/libvirt-sock"};

static void link_free(gpointer data)
{
    NetLink *link = data;

    g_free(link->if_name);
    g_free(link->if_kind);
    g_ptr_array_unref(link->if_addresses);
    g_free(link);
}

void netns_view_free(NetView *view)
{
    g_ptr_array_unref(view->nv_links);
    g_free(view->nv_filter);
    g_free(view->nv_rehearsed);
    g_free(view->nv_iptables);
    g_free(view->nv_ip6tables);
    g_free(view);
}

NetLink *netns_link(const NetView *view, const char *name)
{
    for (guint i = 0; name && i < view->nv_links->len; i++) {
        NetLink *link = g_ptr_array_index(view->nv_links, i);

        if (g_str_equal(link->if_name, name))
            return link;
    }
    return NULL;
}

NetLink *netns_link_at(const NetView *view, int index)
{
    for (guint i = 0; i < view->nv_links->len; i++) {
        NetLink *link = g_ptr_array_index(view->nv_links, i);

        if (link->if_index == index)
            return link;
    }
    return NULL;
}

char *netns_socket(const char *uri)
{
    g_autoptr(GUri) parsed = g_uri_parse(uri, G_URI_FLAGS_NONE, NULL);
    const char *scheme = parsed ? g_uri_get_scheme(parsed) : NULL;
    const char *host = parsed ? g_uri_get_host(parsed) : NULL;
    g_autoptr(GHashTable) params = NULL;
    const char *path;

    if (!scheme || (host && *host) ||
        (!g_str_equal(scheme, "qemu") && !g_str_equal(scheme, "qemu+unix")) ||
        g_strcmp0(g_uri_get_path(parsed), "/system") != 0)
        return NULL;
    if (g_uri_get_query(parsed))
        params =
            g_uri_parse_params(g_uri_get_query(parsed), -1, "&", G_URI_PARAMS_NONE, NULL);
    path = params ? g_hash_table_lookup(params, "socket") : NULL;
    if (path)
        return g_strdup(path);
    for (guint i = 0; i < G_N_ELEMENTS(system_sockets); i++)
        if (g_file_test(system_sockets[i], G_FILE_TEST_EXISTS))
            return g_strdup(system_sockets[i]);
    return NULL;
}

/* The process that listens on a UNIX socket, or 0 with errno. */
static pid_t listener(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct ucred peer = {0};
    socklen_t size = sizeof(peer);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return 0;
    if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >=
            sizeof(address.sun_path) ||
        connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        peer.pid = 0;
    close(fd);
    return peer.pid;
}

/* The hypervisor's network namespace as a descriptor; -1 with error. */
static int open_namespace(const char *uri, GError **error)
{
    g_autofree char *socket = netns_socket(uri);
    g_autofree char *path = NULL;
    pid_t pid;
    int fd;

    if (!socket) {
        g_set_error(error, RANGE_ERROR, RANGE_ERROR_FAILED,
                    "%s: look at its network: not on this machine", uri);
        return -1;
    }
    pid = listener(socket);
    path = g_strdup_printf("/proc/%d/ns/net", (int)pid);
    fd = pid > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        g_set_error(error, RANGE_ERROR, RANGE_ERROR_FAILED,
                    "%s: open the network namespace of its listener: %s", socket,
                    g_strerror(errno));
    return fd;
}

static gboolean is_own(int fd)
{
    struct stat theirs, ours;

    return fstat(fd, &theirs) == 0 && stat("/proc/self/ns/net", &ours) == 0 &&
           theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;
}

/* TRUE unless the kernel says that packets from this interface are not routed. */
static gboolean forwards(const char *family, const char *link)
{
    g_autofree char *path =
        g_strdup_printf("/proc/sys/net/%s/conf/%s/forwarding", family, link);
    g_autofree char *off =
        g_strdup_printf("/proc/sys/net/%s/conf/%s/disable_ipv6", family, link);
    g_autofree char *text = NULL, *disabled = NULL;

    /* No such file: the kernel has no such protocol. */
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return g_file_test(path, G_FILE_TEST_EXISTS);
    if (g_file_get_contents(off, &disabled, NULL, NULL) && disabled[0] == '1')
        return FALSE;
    return text[0] != '0';
}

/* Where it is installed, or NULL. */
static char *program_path(const char *program)
{
    static const char *const places[] = {"/usr/sbin/", "/sbin/", "/usr/local/sbin/"};

    for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *path = g_strconcat(places[i], program, NULL);

        if (g_file_test(path, G_FILE_TEST_IS_EXECUTABLE))
            return g_steal_pointer(&path);
    }
    return NULL;
}

gboolean netns_output(const char *program, const char *const *args, char **out,
                      GError **error)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autofree char *path = program_path(program);
    g_autofree char *printed = NULL, *said = NULL;
    int status = 0;

    g_ptr_array_add(argv, path);
    for (; *args; args++)
        g_ptr_array_add(argv, (char *)*args);
    g_ptr_array_add(argv, NULL);
    if (!path) {
        g_set_error(error, RANGE_ERROR, RANGE_ERROR_FAILED,
                    "%s: not installed: apt-get install nftables iptables", program);
        return FALSE;
    }
    if (!g_spawn_sync(NULL, (char **)argv->pdata, NULL, G_SPAWN_DEFAULT, NULL, NULL,
                      &printed, &said, &status, error)) {
        g_prefix_error(error, "%s: ", program);
        return FALSE;
    }
    if (!g_spawn_check_wait_status(status, NULL)) {
        g_set_error(error, RANGE_ERROR, RANGE_ERROR_FAILED, "%s: %s", program,
                    *said ? g_strstrip(said) : "ended without a word");
        return FALSE;
    }
    if (out)
        *out = g_steal_pointer(&printed);
    return TRUE;
}

/* What a program prints; NULL where it fails. */
static char *output_of(const char *program, const char *const *args)
{
    char *out = NULL;

    return netns_output(program, args, &out, NULL) ? out : NULL;
}

/* A visit that looks around. */
typedef struct {
    NetView *lk_view;
    const char *lk_drill;
} Look;

static gboolean look_here(gpointer data, GError **error)
{
    static const char *const all[] = {"-S", NULL};
    Look *look = data;
    NetView *view = look->lk_view;

    if (!rtnl_links(view->nv_links, error) || !rtnl_addresses(view->nv_links, error))
        return FALSE;
    for (guint i = 0; i < view->nv_links->len; i++) {
        NetLink *link = g_ptr_array_index(view->nv_links, i);

        link->if_forwards4 = forwards("ipv4", link->if_name);
        link->if_forwards6 = forwards("ipv6", link->if_name);
    }
    view->nv_filter = filter_print(look->lk_drill);
    view->nv_iptables = output_of("iptables", all);
    view->nv_ip6tables = output_of("ip6tables", all);
    return TRUE;
}

/* What the visiting thread is given and gives back. */
typedef struct {
    int vs_fd;
    NetnsVisit vs_visit;
    gpointer vs_data;
    gboolean vs_fine;
    GError *vs_error;
} Visitor;

/*
 * A thread of its own: setns() moves only the calling thread, its children start where it
 * stands, and it ends without having to find the way back.
 */
static gpointer visit_main(gpointer data)
{
    Visitor *visitor = data;

    if (setns(visitor->vs_fd, CLONE_NEWNET) < 0)
        g_set_error(&visitor->vs_error, RANGE_ERROR, RANGE_ERROR_FAILED,
                    "hypervisor's network namespace: enter: %s", g_strerror(errno));
    else
        visitor->vs_fine = visitor->vs_visit(visitor->vs_data, &visitor->vs_error);
    return NULL;
}

/* Has a thread do it from inside the namespace. */
static gboolean visit_from(int fd, NetnsVisit visit, gpointer data, GError **error)
{
    Visitor visitor = {.vs_fd = fd, .vs_visit = visit, .vs_data = data};
    GThread *thread = g_thread_try_new("range-netns", visit_main, &visitor, error);

    if (!thread)
        return FALSE;
    g_thread_join(thread);
    if (visitor.vs_error)
        g_propagate_error(error, visitor.vs_error);
    return visitor.vs_fine;
}

gboolean netns_enter(const char *uri, NetnsVisit visit, gpointer data, GError **error)
{
    int fd = open_namespace(uri, error);
    gboolean done = fd >= 0 && visit_from(fd, visit, data, error);

    if (fd >= 0)
        close(fd);
    return done;
}

NetView *netns_look(const char *uri, const Plan *plan, const char *drill, GError **error)
{
    int fd = open_namespace(uri, error);
    NetView *view;
    gboolean seen;

    if (fd < 0)
        return NULL;
    view = g_new0(NetView, 1);
    view->nv_links = g_ptr_array_new_with_free_func(link_free);
    view->nv_own = is_own(fd);
    view->nv_rehearsed = filter_rehearse(plan, drill);
    seen = visit_from(fd, look_here, &(Look){view, drill}, error);
    close(fd);
    if (seen)
        return view;
    netns_view_free(view);
    return NULL;
}
