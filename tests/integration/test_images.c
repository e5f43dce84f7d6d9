/*
 * Guest images, built and booted: a micro host, a router between two networks, a Debian
 * host. Built once below PARRY_TEST_HOME (/var/tmp/parry-test); needs a Debian mirror
 * then.
 */
#include "tests/integration/images_rig.h"
#include "tests/unit/cunit_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BOOT_S = 120 };

static const char *const small[] = {"-m", "128", NULL};

static void test_micro(void)
{
    g_autoptr(GPtrArray) files = rig_files();
    g_auto(ImageResult) image = {0};
    RigGuest guest = {0};

    if (!rig_build("micro", "", rig_agent(), files, &image))
        return;
    CU_ASSERT_PTR_NULL(image.disk);
    CU_ASSERT_PTR_NULL(image.seed);
    rig_boot(&guest, &image, image.initrd, "micro", small);
    CU_ASSERT_TRUE(rig_wait(&guest, "parry: user space after", BOOT_S));
    CU_ASSERT_TRUE(rig_wait(&guest, "guest: agent runs", BOOT_S));
    rig_expect(&guest,
               "file root daemons syslog loopback su su-refuses shadow httpd port "
               "no-iptables",
               BOOT_S);
    rig_end(&guest);
}

/* Once built, no program is run and no network asked: neither could be found. */
static void test_cached(void)
{
    g_autoptr(GPtrArray) files = rig_files();
    ImageSpec spec = {.id = (char *)"test", .base = (char *)"micro", .files = files};
    g_autofree char *path = g_strdup(g_getenv("PATH"));
    g_auto(ImageResult) image = {0};

    g_setenv("PATH", "/nonexistent", TRUE);
    CU_ASSERT_TRUE(images_cached(rig_home(), &spec, rig_agent()));
    CU_ASSERT_TRUE(rig_build("micro", "", rig_agent(), files, &image));
    g_setenv("PATH", path, TRUE);
    CU_ASSERT_EQUAL(access(image.kernel, R_OK), 0);
    CU_ASSERT_EQUAL(access(image.initrd, R_OK), 0);
}

static void test_no_agent(void)
{
    g_auto(ImageResult) image = {0};
    RigGuest guest = {0};

    if (!rig_build("micro", "", NULL, NULL, &image))
        return;
    rig_boot(&guest, &image, image.initrd, "bare", small);
    CU_ASSERT_TRUE(rig_wait(&guest, "parry: user space after", BOOT_S));
    rig_end(&guest);
}

/* A disk that is not there ends the guest instead of leaving it mute. */
static void test_no_disk(void)
{
    g_auto(ImageResult) image = {0};
    RigGuest guest = {0};

    if (!rig_build("micro", "", NULL, NULL, &image))
        return;
    g_autofree char *disk = image.disk = g_strdup("/nonexistent");
    rig_boot(&guest, &image, image.initrd, "diskless", small);
    image.disk = NULL;
    CU_ASSERT_TRUE(rig_wait(&guest, "parry: /dev/vda did not appear", BOOT_S));
    CU_ASSERT_TRUE(rig_wait(&guest, "Power down", BOOT_S));
    rig_end(&guest);
}

/* ---- router ---- */

static char *link_arg(const char *id, const char *net, gboolean listens)
{
    return g_strdup_printf("stream,id=%s,server=%s,addr.type=unix,addr.path=%s/%s.sock",
                           id, listens ? "on" : "off", rig_dir(), net);
}

static void boot_on(RigGuest *guest, const ImageResult *image, const char *role,
                    const char *net, const char *device)
{
    g_autofree char *link = link_arg("n0", net, FALSE);
    const char *const args[] = {"-m", "128", "-netdev", link, "-device", device, NULL};

    rig_boot(guest, image, image->initrd, role, args);
}

static gboolean wait_sockets(void)
{
    g_autofree char *outer = g_build_filename(rig_dir(), "outer.sock", NULL);
    g_autofree char *inner = g_build_filename(rig_dir(), "inner.sock", NULL);
    gint64 deadline = g_get_monotonic_time() + (gint64)30 * G_USEC_PER_SEC;

    while (access(outer, F_OK) != 0 || access(inner, F_OK) != 0) {
        if (g_get_monotonic_time() > deadline)
            return FALSE;
        g_usleep(20000);
    }
    return TRUE;
}

static void test_router(void)
{
    g_autoptr(GPtrArray) files = rig_files();
    g_autofree char *outer = link_arg("n0", "outer", TRUE);
    g_autofree char *inner = link_arg("n1", "inner", TRUE);
    const char *const two[] = {
        "-m",      "128",
        "-netdev", outer,
        "-device", "virtio-net-pci,netdev=n0,mac=52:54:00:00:01:01",
        "-netdev", inner,
        "-device", "virtio-net-pci,netdev=n1,mac=52:54:00:00:01:02",
        NULL};
    g_auto(ImageResult) image = {0};
    RigGuest router = {0}, server = {0}, client = {0};

    if (!rig_build("micro", "", rig_agent(), files, &image))
        return;
    rig_boot(&router, &image, image.router_initrd, "router", two);
    CU_ASSERT_TRUE(wait_sockets());
    boot_on(&server, &image, "server", "inner",
            "virtio-net-pci,netdev=n0,mac=52:54:00:00:02:01");
    boot_on(&client, &image, "client", "outer",
            "virtio-net-pci,netdev=n0,mac=52:54:00:00:03:01");
    rig_expect(&router, "publish masquerade firewall", BOOT_S);
    rig_expect(&server, "serving", BOOT_S);
    rig_expect(&client, "published hidden", BOOT_S);
    rig_end(&router);
    rig_end(&server);
    rig_end(&client);
}

/* ---- debian ---- */

static void test_debian(void)
{
    g_autoptr(GPtrArray) files = rig_files();
    g_auto(ImageResult) image = {0};
    RigGuest guest = {0};

    if (geteuid() != 0) {
        puts("  (not as root: not tried)");
        return;
    }
    if (!rig_build("debian/bookworm", "nginx-light openssh-server", rig_agent(), files,
                   &image))
        return;
    g_autofree char *disk = g_build_filename(rig_dir(), "debian.qcow2", NULL);
    g_autofree char *drive =
        g_strdup_printf("file=%s,if=virtio,format=qcow2,cache=unsafe", disk);
    const char *const args[] = {
        "-m",     "256", "-uuid", "11111111-2222-4333-8444-555555555555",
        "-drive", drive, NULL};
    CU_ASSERT_TRUE_FATAL(images_overlay(image.disk, disk, (guint64)3 << 30, NULL));
    rig_boot(&guest, &image, image.initrd, "debian", args);
    rig_expect(&guest,
               "multi-user none-failed identity file root-locked grown modules "
               "nothing-of-ours",
               3 * BOOT_S);
    rig_end(&guest);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a micro host comes up with all that is promised", test_micro},
        {"a second build takes it from the cache", test_cached},
        {"a micro host without agent", test_no_agent},
        {"a host whose disk is missing powers off", test_no_disk},
        {"a router publishes, hides and filters", test_router},
        {"a Debian host comes up, grown and anonymous", test_debian},
        CU_TEST_INFO_NULL,
    };
    const char *obstacle = rig_obstacle();

    if (obstacle) {
        printf("skipped: %s is not installed\n", obstacle);
        return 77;
    }
    int rc = cunit_main("images", tests);
    rig_clean();
    return rc;
}
