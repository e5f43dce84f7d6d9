/*
 * A qcow2 of the user's own gets the agent by a cloud-init seed. The qcow2 is one that we
 * build with cloud-init inside; it is booted with our kernel but without our agent.
 */
#include "tests/integration/images_rig.h"
#include "tests/unit/cunit_main.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BOOT_S = 400 };

static void boot_own(const ImageResult *loader, const ImageResult *own)
{
    RigGuest guest = {0};
    g_autofree char *disk = g_build_filename(rig_dir(), "own.qcow2", NULL);
    g_autofree char *drive =
        g_strdup_printf("file=%s,if=virtio,format=qcow2,cache=unsafe", disk);
    g_autofree char *seed =
        g_strdup_printf("file=%s,if=virtio,format=raw,readonly=on", own->seed);
    const char *const args[] = {"-m", "512", "-drive", drive, "-drive", seed, NULL};

    CU_ASSERT_TRUE_FATAL(images_overlay(own->disk, disk, 0, NULL));
    rig_boot(&guest, loader, loader->initrd, "seed", args);
    CU_ASSERT_TRUE(rig_wait(&guest, "guest: agent runs", BOOT_S));
    rig_expect(&guest, "seed", BOOT_S);
    rig_end(&guest);
}

static void test_seed(void)
{
    g_autoptr(GPtrArray) files = rig_files();
    g_auto(ImageResult) loader = {0}, own = {0};

    if (!rig_build("debian/bookworm", "cloud-init udev", NULL, files, &loader))
        return;
    CU_ASSERT_PTR_NULL(loader.seed);
    if (!rig_build(loader.disk, "", rig_agent(), NULL, &own))
        return;
    CU_ASSERT_PTR_NULL(own.kernel);
    CU_ASSERT_PTR_NULL(own.initrd);
    CU_ASSERT_PTR_NOT_NULL_FATAL(own.seed);
    CU_ASSERT_STRING_NOT_EQUAL(own.disk, loader.disk);
    boot_own(&loader, &own);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"an image by path gets the agent from its seed", test_seed},
        CU_TEST_INFO_NULL,
    };
    const char *obstacle = rig_obstacle();

    if (obstacle || geteuid() != 0) {
        printf("skipped: %s%s\n", obstacle ? obstacle : "not root",
               obstacle ? " is not installed" : "");
        return 77;
    }
    int rc = cunit_main("images-seed", tests);
    rig_clean();
    return rc;
}
