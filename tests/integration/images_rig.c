#include "tests/integration/images_rig.h"

#include <CUnit/CUnit.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define QEMU "qemu-system-x86_64"

static char *dir;

const char *rig_home(void)
{
    const char *home = g_getenv("PARRY_TEST_HOME");

    return home && home[0] ? home : "/var/tmp/parry-test";
}

const char *rig_obstacle(void)
{
    static const char *const programs[] = {QEMU, "qemu-img", "apt-get", "depmod"};

    for (guint i = 0; i < G_N_ELEMENTS(programs); i++) {
        g_autofree char *path = g_find_program_in_path(programs[i]);
        if (!path)
            return programs[i];
    }
    return NULL;
}

const char *rig_agent(void)
{
    return PARRY_BINARY_DIR "/tests/images-guest";
}

const char *rig_dir(void)
{
    if (!dir)
        dir = g_dir_make_tmp("parry-rig-XXXXXX", NULL);
    return dir;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

void rig_clean(void)
{
    if (dir)
        nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    g_clear_pointer(&dir, g_free);
}

static void add_file(GPtrArray *files, const char *path, guint mode, const char *owner,
                     const char *text)
{
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));

    g_ptr_array_add(files, image_file_new(path, mode, owner, bytes));
}

GPtrArray *rig_files(void)
{
    GPtrArray *files = g_ptr_array_new_with_free_func((GDestroyNotify)image_file_free);
    g_autofree char *script = NULL;

    CU_ASSERT_TRUE_FATAL(g_file_get_contents(
        PARRY_SOURCE_DIR "/tests/integration/images_guest.sh", &script, NULL, NULL));
    add_file(files, "/etc/parry/test", 0755, NULL, script);
    add_file(files, "/srv/secret", 0640, "www-data:adm", "secret\n");
    add_file(files, "/var/www/html/index.html", 0644, "root:root", "inner page\n");
    return files;
}

static void show_step(const char *image, const char *step, int done, int total,
                      void *data)
{
    (void)data;
    printf("  image %s: %d/%d %s\n", image, done + 1, total, step);
    fflush(stdout);
}

gboolean rig_build(const char *base, const char *packages, const char *agent,
                   GPtrArray *files, ImageResult *result)
{
    g_auto(GStrv) list = g_strsplit(packages, " ", -1);
    ImageSpec spec = {.id = (char *)"test", .base = (char *)base, .files = files};
    g_autoptr(GError) error = NULL;

    spec.packages = packages[0] ? list : NULL;
    gboolean ok =
        images_build(rig_home(), &spec, agent, show_step, NULL, NULL, result, &error);
    if (!ok)
        printf("  %s\n", error->message);
    CU_ASSERT_TRUE(ok);
    return ok;
}

static void add_args(GPtrArray *argv, const char *const *args)
{
    for (guint i = 0; args && args[i]; i++)
        g_ptr_array_add(argv, (char *)args[i]);
}

static void die_with_test(gpointer data)
{
    (void)data;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void rig_boot(RigGuest *guest, const ImageResult *image, const char *initrd,
              const char *role, const char *const *args)
{
    static const char *const fixed[] = {
        "-accel",      "tcg,tb-size=32",
        "-machine",    "q35,hpet=off",
        "-cpu",        "qemu64,+rdrand",
        "-smp",        "1",
        "-nodefaults", "-display",
        "none",        "-no-reboot",
        "-object",     "rng-builtin,id=rng",
        "-device",     "virtio-rng-pci,rng=rng",
        "-device",     "virtio-serial-pci",
        "-device",     "virtserialport,chardev=agent,name=org.parry.agent.0",
        NULL};
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autofree char *line = images_cmdline(image, TRUE);
    g_autofree char *cmdline = g_strdup_printf("%s parry.test=%s", line, role);
    g_autofree char *serial = NULL;
    g_autofree char *chardev =
        guest->channel
            ? g_strdup_printf("socket,id=agent,%s,path=%s",
                              guest->serves ? "server=on,wait=off" : "reconnect=1",
                              guest->channel)
            : g_strdup("null,id=agent");
    GPid pid = 0;

    guest->role = g_strdup(role);
    guest->log = g_build_filename(rig_dir(), role, NULL);
    serial = g_strconcat("file:", guest->log, NULL);
    const char *const own[] = {"-kernel", image->kernel, "-initrd", initrd, "-append",
                               cmdline,   "-serial",     serial,    NULL};
    add_args(argv, (const char *const[]){QEMU, "-chardev", chardev, NULL});
    add_args(argv, fixed);
    add_args(argv, own);
    add_args(argv, args);
    g_ptr_array_add(argv, NULL);
    CU_ASSERT_TRUE_FATAL(g_spawn_async(NULL, (char **)argv->pdata, NULL,
                                       G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH,
                                       die_with_test, NULL, &pid, NULL));
    guest->pid = pid;
}

static char *monitor_path(const char *role)
{
    g_autofree char *name = g_strconcat(role, ".monitor", NULL);

    return g_build_filename(rig_dir(), name, NULL);
}

char *rig_monitor(const char *role)
{
    g_autofree char *path = monitor_path(role);

    return g_strdup_printf("unix:%s,server=on,wait=off", path);
}

static int monitor_open(const char *role)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    g_autofree char *path = monitor_path(role);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Until it asks for the next command. */
static gboolean monitor_prompt(int fd, int seconds)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
    g_autoptr(GString) said = g_string_new(NULL);
    char bytes[4096];

    while (!strstr(said->str, "(qemu) ") && g_get_monotonic_time() < deadline) {
        struct pollfd p = {fd, POLLIN, 0};
        ssize_t n = poll(&p, 1, 100) > 0 ? read(fd, bytes, sizeof(bytes)) : -1;
        if (n == 0)
            return FALSE;
        g_string_append_len(said, bytes, n > 0 ? n : 0);
    }
    return strstr(said->str, "(qemu) ") != NULL;
}

gboolean rig_command(RigGuest *guest, const char *command, int seconds)
{
    int fd = monitor_open(guest->role);
    g_autofree char *line = g_strconcat(command, "\n", NULL);

    gboolean ok = fd >= 0 && monitor_prompt(fd, seconds) &&
                  write(fd, line, strlen(line)) == (ssize_t)strlen(line) &&
                  monitor_prompt(fd, seconds);
    if (fd >= 0)
        close(fd);
    CU_ASSERT_TRUE(ok);
    return ok;
}

static char *console(RigGuest *guest)
{
    char *text = NULL;
    gsize len = 0;

    if (!g_file_get_contents(guest->log, &text, &len, NULL))
        return g_strdup("");
    for (gsize i = 0; i < len; i++) {
        if (!text[i])
            text[i] = ' ';
    }
    return text;
}

gboolean rig_wait(RigGuest *guest, const char *text, int seconds)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;

    do {
        g_autofree char *seen = console(guest);
        if (strstr(seen, text))
            return TRUE;
        g_usleep(50000);
    } while (g_get_monotonic_time() < deadline);
    printf("  guest %s: no \"%s\" within %d s\n", guest->role, text, seconds);
    return FALSE;
}

void rig_expect(RigGuest *guest, const char *words, int seconds)
{
    g_auto(GStrv) list = g_strsplit(words, " ", -1);
    g_autofree char *end = g_strdup_printf("guest %s: end", guest->role);

    CU_ASSERT_TRUE(rig_wait(guest, end, seconds));
    g_autofree char *seen = console(guest);
    for (guint i = 0; list[i]; i++) {
        g_autofree char *line = g_strdup_printf("guest %s: ok %s", guest->role, list[i]);
        gboolean ok = strstr(seen, line) != NULL;
        if (!ok)
            printf("  guest %s: not ok: %s\n", guest->role, list[i]);
        CU_ASSERT_TRUE(ok);
    }
}

void rig_end(RigGuest *guest)
{
    if (guest->pid > 0) {
        kill(guest->pid, SIGKILL);
        waitpid(guest->pid, NULL, 0);
    }
    if (CU_get_number_of_failure_records() && guest->log) {
        g_autofree char *seen = console(guest);
        printf("---- console of %s\n%s\n----\n", guest->role, seen);
    }
    g_free(guest->role);
    g_free(guest->log);
    memset(guest, 0, sizeof *guest);
}
