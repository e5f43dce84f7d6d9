/*
 * Boots guests in bare QEMU, all at once, and takes the time until the agent in each says
 * hello on its channel: what `parry up` of the same guests is held against.
 *
 * usage: bench-boot DIRECTORY FILE…
 *
 * Each FILE is the command line of a running guest's QEMU, as in /proc/PID/cmdline.
 * Kernel, initramfs, memory, processor, machine and devices stay; what belongs to libvirt
 * (monitor, secrets, file descriptors handed over) goes; each network card gets a tap of
 * its own in a network namespace made here; the channel leads to a socket in DIRECTORY.
 * Prints JSON.
 */
#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_S 300
#define LINE_BYTES 65536

typedef struct {
    GPtrArray *gu_argv;
    pid_t gu_pid;
    int gu_listen, gu_conn;
    gint64 gu_hello_us; /* 0: not yet */
    GString *gu_line;
} Guest;

static const char *directory;
static guint taps;

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench-boot: %s: %s\n", what, why);
    exit(1);
}

/* ---- from libvirt's command line to a bare one ---- */

static char *bare_netdev(const char *value)
{
    json_error_t error;
    json_t *old = json_loads(value, 0, &error);
    const char *id = json_string_value(json_object_get(old, "id"));

    if (!id)
        die("-netdev is not the JSON that was expected", value);
    char *bare =
        g_strdup_printf("tap,id=%s,ifname=bench%u,script=no,downscript=no", id, taps++);
    json_decref(old);
    return bare;
}

/* The console goes to a file, the agent's channel to the socket; NULL: not needed. */
static char *bare_chardev(const char *value, guint guest)
{
    if (strstr(value, "id=charmonitor"))
        return NULL;
    if (g_str_has_prefix(value, "file,id=charserial"))
        return g_strdup_printf("file,id=charserial0,path=%s/%u.log", directory, guest);
    if (g_str_has_prefix(value, "socket,id=charchannel"))
        return g_strdup_printf("socket,id=charchannel0,path=%s/%u.sock", directory,
                               guest);
    die("unknown -chardev", value);
    return NULL;
}

/* The value of an option in a bare QEMU; NULL: leave the option out. */
static char *bare_value(const char *option, const char *value, guint guest)
{
    static const char *const dropped[] = {"-mon", "-add-fd", "-msg", "-name"};

    for (guint i = 0; i < G_N_ELEMENTS(dropped); i++)
        if (g_str_equal(option, dropped[i]))
            return NULL;
    if (g_str_equal(option, "-object") && strstr(value, "masterKey0"))
        return NULL;
    if (g_str_equal(option, "-netdev"))
        return bare_netdev(value);
    if (g_str_equal(option, "-chardev"))
        return bare_chardev(value, guest);
    if (g_str_equal(option, "-blockdev"))
        die("the guest has a disk", "only guests without one can be booted twice");
    return g_strdup(value);
}

static GPtrArray *bare_argv(const char *file, guint guest)
{
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *text = NULL;
    gsize len = 0, at = 0;

    if (!g_file_get_contents(file, &text, &len, NULL) || !len)
        die(file, "cannot be read, or is empty");
    while (at < len) {
        const char *word = text + at;
        at += strlen(word) + 1;
        const char *value = at < len && text[at] != '-' ? text + at : NULL;

        if (g_str_equal(word, "-S")) /* libvirt sets it going by its monitor */
            continue;
        if (!value) {
            g_ptr_array_add(argv, g_strdup(word));
            continue;
        }
        if (word[0] != '-') {
            g_ptr_array_add(argv, g_strdup(word)); /* the program */
            continue;
        }
        char *bare = bare_value(word, value, guest);
        at += strlen(value) + 1;
        if (!bare)
            continue;
        g_ptr_array_add(argv, g_strdup(word));
        g_ptr_array_add(argv, bare);
    }
    g_ptr_array_add(argv, NULL);
    return argv;
}

/* ---- running ---- */

static int listen_at(guint guest)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_snprintf(at.sun_path, sizeof(at.sun_path), "%s/%u.sock", directory, guest);
    unlink(at.sun_path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 1) < 0)
        die(at.sun_path, g_strerror(errno));
    return fd;
}

static void guest_start(Guest *guest)
{
    char **argv = (char **)guest->gu_argv->pdata;
    int error = posix_spawn(&guest->gu_pid, argv[0], NULL, NULL, argv, environ);

    if (error)
        die(argv[0], g_strerror(error));
}

/* Whether the line that says hello is there by now. */
static gboolean says_hello(GString *line)
{
    const char *end;

    while ((end = strchr(line->str, '\n'))) {
        g_autofree char *first = g_strndup(line->str, (gsize)(end - line->str));

        if (strstr(first, "\"hello\""))
            return TRUE;
        g_string_erase(line, 0, end + 1 - line->str);
    }
    return FALSE;
}

static void guest_read(Guest *guest)
{
    char bytes[4096];
    ssize_t n = read(guest->gu_conn, bytes, sizeof(bytes));

    if (n <= 0)
        die("a guest closed its channel before it said hello", g_strerror(errno));
    g_string_append_len(guest->gu_line, bytes, n);
    if (guest->gu_line->len > LINE_BYTES)
        die("a guest's channel", "no hello in its first 64 KiB");
    if (says_hello(guest->gu_line))
        guest->gu_hello_us = g_get_monotonic_time();
}

static void wait_all(Guest *guests, guint n, gint64 began)
{
    struct pollfd *fds = g_new0(struct pollfd, n);
    guint left = n;

    while (left) {
        for (guint i = 0; i < n; i++) {
            fds[i].fd = guests[i].gu_hello_us    ? -1
                        : guests[i].gu_conn >= 0 ? guests[i].gu_conn
                                                 : guests[i].gu_listen;
            fds[i].events = POLLIN;
        }
        if (poll(fds, n, 1000) < 0 && errno != EINTR)
            die("poll", g_strerror(errno));
        for (guint i = 0; i < n; i++) {
            if (fds[i].fd < 0 || !fds[i].revents)
                continue;
            if (guests[i].gu_conn < 0)
                guests[i].gu_conn =
                    accept4(guests[i].gu_listen, NULL, NULL, SOCK_CLOEXEC);
            else
                guest_read(&guests[i]);
            left -= guests[i].gu_hello_us != 0;
        }
        if (g_get_monotonic_time() - began > (gint64)LIMIT_S * G_USEC_PER_SEC)
            die("no hello from every guest", "gave up after 300 s");
    }
    g_free(fds);
}

static void stop_all(Guest *guests, guint n)
{
    for (guint i = 0; i < n; i++)
        if (guests[i].gu_pid > 0)
            kill(guests[i].gu_pid, SIGKILL);
    for (guint i = 0; i < n; i++)
        if (guests[i].gu_pid > 0)
            waitpid(guests[i].gu_pid, NULL, 0);
}

static double seconds(const struct timeval *tv)
{
    return (double)tv->tv_sec + (double)tv->tv_usec / 1e6;
}

static void print_result(const Guest *guests, guint n, gint64 began)
{
    struct rusage usage;
    json_t *hellos = json_array();
    gint64 last = began;

    getrusage(RUSAGE_CHILDREN, &usage);
    for (guint i = 0; i < n; i++) {
        last = MAX(last, guests[i].gu_hello_us);
        json_array_append_new(hellos,
                              json_real((double)(guests[i].gu_hello_us - began) / 1e6));
    }
    json_t *result = json_pack("{s:i, s:f, s:f, s:o}", "guests", (int)n, "seconds",
                               (double)(last - began) / 1e6, "cpu_seconds",
                               seconds(&usage.ru_utime) + seconds(&usage.ru_stime),
                               "hello_seconds", hellos);
    json_dumpf(result, stdout, JSON_REAL_PRECISION(4));
    putchar('\n');
    json_decref(result);
}

/* Its QEMUs die with this program, however it ends: it is pid 1 to them. */
static int boot_all(char **files, guint n)
{
    Guest *guests = g_new0(Guest, n);
    gint64 began;

    for (guint i = 0; i < n; i++)
        guests[i] = (Guest){.gu_argv = bare_argv(files[i], i),
                            .gu_listen = listen_at(i),
                            .gu_conn = -1,
                            .gu_line = g_string_new(NULL)};
    began = g_get_monotonic_time();
    for (guint i = 0; i < n; i++)
        guest_start(&guests[i]);
    wait_all(guests, n, began);
    stop_all(guests, n);
    print_result(guests, n, began);
    for (guint i = 0; i < n; i++) {
        g_ptr_array_unref(guests[i].gu_argv);
        g_string_free(guests[i].gu_line, TRUE);
    }
    g_free(guests);
    return 0;
}

int main(int argc, char **argv)
{
    int status = 0;

    if (argc < 3) {
        fprintf(stderr, "usage: bench-boot DIRECTORY FILE...\n");
        return 64;
    }
    directory = argv[1];
    if (unshare(CLONE_NEWNET | CLONE_NEWPID) < 0)
        die("new namespaces for network and processes", g_strerror(errno));
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        return boot_all(argv + 2, (guint)argc - 2);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        die("a process for the boots", g_strerror(errno));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
