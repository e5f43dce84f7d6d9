/*
 * Builds of guest images, without an image: programs that fail or are cancelled, what a
 * killed build leaves behind, two builds of one image, overlays.
 */
#include "agents/images/internal.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/images_home.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_MS = 20 * 1000 };

/* ---- programs ---- */

static void test_child_errors(void)
{
    const char *fails[] = {"sh", "-c", "echo first >&2; echo last words >&2; exit 3",
                           NULL};
    const char *marked[] = {
        "sh", "-c", "printf 'I: a\\nE: no package y\\nReading\\n' >&2; exit 100", NULL};
    const char *missing[] = {"parry-no-such-program", NULL};
    const char *says[] = {"echo", "hello", NULL};
    ImagesChild child = {.argv = fails};
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) out = g_string_new(NULL);

    CU_ASSERT_FALSE(images_child_run(&child, "image x", NULL, &error));
    CU_ASSERT_TRUE(g_error_matches(error, IMAGES_ERROR, IMAGES_ERROR_CHILD));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "image x: sh exit status 3"));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "last words"));
    g_clear_error(&error);
    child.argv = marked;
    CU_ASSERT_FALSE(images_child_run(&child, "image x", NULL, &error));
    CU_ASSERT_TRUE(g_str_has_suffix(error->message, "exit status 100: E: no package y"));
    g_clear_error(&error);
    child.argv = missing;
    CU_ASSERT_FALSE(images_child_run(&child, "image x", NULL, &error));
    CU_ASSERT_TRUE(g_error_matches(error, IMAGES_ERROR, IMAGES_ERROR_MISSING));
    child.argv = says;
    CU_ASSERT_TRUE(images_child_run(&child, "image x", out, NULL));
    CU_ASSERT_STRING_EQUAL(out->str, "hello\n");
}

static gboolean process_is_gone(int pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid);
    g_autofree char *stat = NULL;

    if (!g_file_get_contents(path, &stat, NULL, NULL))
        return TRUE;
    const char *end = strrchr(stat, ')');
    return end && end[1] && end[2] == 'Z'; /* killed, not yet reaped by its new parent */
}

static gboolean wait_until_gone(int pid)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)WAIT_MS * 1000;

    while (!process_is_gone(pid)) {
        if (g_get_monotonic_time() > deadline)
            return FALSE;
        g_usleep(10000);
    }
    return TRUE;
}

typedef struct {
    GCancellable *cancel;
    int pid; /* of the grandchild */
} Cancel;

static void cancel_at_line(const char *line, void *data)
{
    Cancel *cancel = data;

    cancel->pid = (int)g_ascii_strtoll(line, NULL, 10);
    g_cancellable_cancel(cancel->cancel);
}

static void test_child_cancel(void)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    Cancel cancel = {.cancel = cancellable};
    const char *argv[] = {"sh", "-c", "sleep 1000 & echo $! >&2; wait", NULL};
    ImagesChild child = {
        .argv = argv, .line = cancel_at_line, .data = &cancel, .cancel = cancellable};
    g_autoptr(GError) error = NULL;

    CU_ASSERT_FALSE(images_child_run(&child, "image x", NULL, &error));
    CU_ASSERT_TRUE(g_error_matches(error, IMAGES_ERROR, IMAGES_ERROR_CANCELLED));
    CU_ASSERT_TRUE(cancel.pid > 0 && wait_until_gone(cancel.pid));
}

/* ---- slots ---- */

static gboolean open_slot(ImagesSlot *slot, const char *home, const char *key)
{
    ImagesJob job = {.home = home, .image = "x"};

    return images_slot_open(slot, &job, "kit", key, NULL);
}

static void test_slot(void)
{
    char *home = images_home_new();
    ImagesSlot slot = IMAGES_SLOT_INIT, again = IMAGES_SLOT_INIT;

    CU_ASSERT_TRUE_FATAL(open_slot(&slot, home, "k"));
    CU_ASSERT_FALSE(slot.hit);
    g_autofree char *file = images_home_file(slot.tmp, "kernel", "x");
    g_autofree char *final = g_strdup(slot.path);
    CU_ASSERT_FALSE(g_file_test(final, G_FILE_TEST_EXISTS));
    CU_ASSERT_EQUAL(g_chmod(file, 0600), 0);
    CU_ASSERT_TRUE(images_slot_commit(&slot, NULL));
    images_slot_clear(&slot);
    CU_ASSERT_TRUE(g_file_test(final, G_FILE_TEST_IS_DIR));
    struct stat st = {0}; /* QEMU's account must read it */
    g_autofree char *kernel = g_build_filename(final, "kernel", NULL);
    CU_ASSERT_EQUAL(stat(kernel, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0644);
    CU_ASSERT_TRUE(open_slot(&again, home, "k"));
    CU_ASSERT_TRUE(again.hit);
    images_slot_clear(&again);

    /* What is given up leaves nothing, not even its lock. */
    CU_ASSERT_TRUE(open_slot(&again, home, "given-up"));
    images_slot_clear(&again);
    g_autofree char *dir = g_build_filename(home, "images", NULL);
    g_autoptr(GPtrArray) names = images_folder_list(dir, "", "");
    CU_ASSERT_EQUAL(names->len, 1);
    images_home_free(home);
}

/* A build that is killed: its lock dies with it, its folder stays. */
static void kill_a_build(const char *home, const char *key)
{
    pid_t pid = fork();

    if (pid == 0) {
        ImagesSlot slot = IMAGES_SLOT_INIT;
        g_autofree char *inside = NULL;
        if (!open_slot(&slot, home, key))
            _exit(1);
        inside = g_build_filename(slot.tmp, "root/etc", NULL);
        if (g_mkdir_with_parents(inside, 0700) != 0)
            _exit(1);
        kill(getpid(), SIGKILL);
    }
    int status = 0;
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_TRUE(WIFSIGNALED(status));
}

static guint leftovers(const char *home)
{
    g_autofree char *dir = g_build_filename(home, "images", NULL);
    g_autoptr(GPtrArray) names = images_folder_list(dir, ".tmp-", "");

    return names->len;
}

static void test_killed_build(void)
{
    char *home = images_home_new();
    ImagesSlot slot = IMAGES_SLOT_INIT;

    CU_ASSERT_EQUAL(images_gc(home, NULL), 0);
    kill_a_build(home, "k");
    CU_ASSERT_EQUAL(leftovers(home), 1);
    CU_ASSERT_TRUE(open_slot(&slot, home, "k")); /* the next build clears it away */
    CU_ASSERT_EQUAL(leftovers(home), 1);
    CU_ASSERT_FALSE(slot.hit);

    kill_a_build(home, "other");
    CU_ASSERT_EQUAL(leftovers(home), 2);
    CU_ASSERT_EQUAL(images_gc(home, NULL), 1); /* not the one under way */
    CU_ASSERT_TRUE(g_file_test(slot.tmp, G_FILE_TEST_IS_DIR));
    images_slot_clear(&slot);
    CU_ASSERT_EQUAL(leftovers(home), 0);
    images_home_free(home);
}

/* A killed builder takes along what it started, and what that started. */
static void test_killed_tree(void)
{
    if (geteuid() != 0) {
        puts("  (not as root: a pid namespace cannot be made; not tried)");
        return;
    }
    char *home = images_home_new();
    g_autofree char *fifo = g_build_filename(home, "fifo", NULL);
    CU_ASSERT_EQUAL_FATAL(mkfifo(fifo, 0600), 0);
    int fd = open(fifo, O_RDWR | O_CLOEXEC);
    pid_t pid = fork();
    if (pid == 0) {
        /* setsid: the group is not what ends it. The pipe ends with its last holder. */
        const char *argv[] = {"sh", "-c",
                              "exec 9>\"$0\"; setsid sleep 1000 & echo x >&9; wait", fifo,
                              NULL};
        ImagesChild child = {.argv = argv, .contained = TRUE};
        images_child_run(&child, "test", NULL, NULL);
        _exit(1);
    }
    char byte;
    CU_ASSERT_EQUAL(read(fd, &byte, 1), 1);
    int reader = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    close(fd); /* now only the tree holds it for writing */
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    GPollFD end = {.fd = reader, .events = G_IO_HUP};
    gint64 deadline = g_get_monotonic_time() + (gint64)WAIT_MS * 1000;
    while (!(end.revents & G_IO_HUP) && g_get_monotonic_time() < deadline) {
        while (read(reader, &byte, 1) == 1) {
        }
        g_poll(&end, 1, 100);
    }
    CU_ASSERT_TRUE(end.revents & G_IO_HUP);
    close(reader);
    images_home_free(home);
}

static gpointer open_in_thread(gpointer data)
{
    ImagesSlot slot = IMAGES_SLOT_INIT;
    gboolean hit = open_slot(&slot, data, "k") && slot.hit;

    images_slot_clear(&slot);
    return GINT_TO_POINTER(hit);
}

static void test_two_builds(void)
{
    char *home = images_home_new();
    ImagesSlot slot = IMAGES_SLOT_INIT;

    CU_ASSERT_TRUE_FATAL(open_slot(&slot, home, "k"));
    GThread *second = g_thread_new("second", open_in_thread, home);
    CU_ASSERT_TRUE(images_slot_commit(&slot, NULL));
    images_slot_clear(&slot);
    CU_ASSERT_TRUE(GPOINTER_TO_INT(g_thread_join(second))); /* found, not built again */
    images_home_free(home);
}

static void test_wait_cancelled(void)
{
    char *home = images_home_new();
    ImagesSlot held = IMAGES_SLOT_INIT, slot = IMAGES_SLOT_INIT;
    g_autoptr(GCancellable) cancel = g_cancellable_new();
    ImagesJob job = {.home = home, .image = "x", .cancel = cancel};
    g_autoptr(GError) error = NULL;

    CU_ASSERT_TRUE_FATAL(open_slot(&held, home, "k"));
    g_cancellable_cancel(cancel);
    CU_ASSERT_FALSE(images_slot_open(&slot, &job, "kit", "k", &error));
    CU_ASSERT_TRUE(g_error_matches(error, IMAGES_ERROR, IMAGES_ERROR_CANCELLED));
    images_slot_clear(&slot);
    images_slot_clear(&held);
    images_home_free(home);
}

/* ---- overlays ---- */

static guint64 size_of(const char *path)
{
    g_autofree char *bytes = NULL;
    guint64 size = 0;

    if (g_file_get_contents(path, &bytes, NULL, NULL))
        memcpy(&size, bytes + 24, 8);
    return GUINT64_FROM_BE(size);
}

static void test_overlay(void)
{
    char *home = images_home_new();
    g_autofree char *base = g_build_filename(home, "base.qcow2", NULL);
    g_autofree char *over = g_build_filename(home, "over.qcow2", NULL);
    g_autofree char *raw = images_home_file(home, "raw", "not a qcow2, and rather short");
    const char *argv[] = {"qemu-img", "create", "-q", "-f", "qcow2", base, "64M", NULL};
    ImagesChild child = {.argv = argv};
    g_autoptr(GError) error = NULL;

    CU_ASSERT_TRUE_FATAL(images_child_run(&child, "test", NULL, NULL));
    CU_ASSERT_TRUE(images_overlay(base, over, 0, NULL));
    CU_ASSERT_EQUAL(size_of(over), 64 << 20);
    unlink(over);
    CU_ASSERT_TRUE(images_overlay(base, over, 128 << 20, NULL));
    CU_ASSERT_EQUAL(size_of(over), 128 << 20);
    unlink(over);
    /* A smaller disk would cut the file system off. */
    CU_ASSERT_TRUE(images_overlay(base, over, 1 << 20, NULL));
    CU_ASSERT_EQUAL(size_of(over), 64 << 20);
    CU_ASSERT_FALSE(images_overlay(raw, over, 0, &error));
    CU_ASSERT_TRUE(g_error_matches(error, IMAGES_ERROR, IMAGES_ERROR_SPEC));
    images_home_free(home);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a failed program is named with its last words", test_child_errors},
        {"a cancel kills the whole group", test_child_cancel},
        {"an image appears whole or not at all", test_slot},
        {"a killed build leaves what the next one removes", test_killed_build},
        {"a killed build leaves no process", test_killed_tree},
        {"two builds of one image wait for one another", test_two_builds},
        {"waiting for another build can be cancelled", test_wait_cancelled},
        {"an overlay is never smaller than its base", test_overlay},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("images_build", tests);
}
