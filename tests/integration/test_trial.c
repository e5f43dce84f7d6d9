/*
 * The trial boot. Its guests are booted under emulation, where they must always be heard:
 * only so does their silence under KVM mean anything.
 */
#include "orchestrator/host/trial.h"

#include "orchestrator/host/trial_boot.h"
#include "tests/integration/host_fixture.h"
#include "tests/unit/cunit_main.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENT_US (60 * G_USEC_PER_SEC) /* emulation on a loaded machine */

static gboolean emulated(const char *cpu, const char *kernel, gint64 limit, char **why)
{
    TrialBoot boot = {"tcg", cpu, kernel, limit};
    g_autoptr(GError) error = NULL;
    gboolean heard = trial_boot(&boot, why, &error);

    CU_ASSERT_PTR_NULL(error);
    return heard;
}

static void test_sector_is_heard(void)
{
    g_autofree char *why = NULL;

    CU_ASSERT_TRUE(emulated("qemu64", NULL, PATIENT_US, &why));
    CU_ASSERT_PTR_NULL(why);
}

static void test_kernel_is_heard(void)
{
    g_autofree char *why = NULL;

    if (!fixture_kernel()) {
        printf("\n    no kernel below /boot and no PARRY_TEST_KERNEL: not tried\n    ");
        return;
    }
    CU_ASSERT_TRUE(emulated("qemu64", fixture_kernel(), PATIENT_US, &why));
    if (why)
        printf("\n    %s\n", why);
}

/* Cut off in time, with words; here because the firmware alone takes longer. */
static void test_silence_has_a_limit(void)
{
    g_autofree char *why = NULL;
    gint64 start = g_get_monotonic_time();

    CU_ASSERT_FALSE(emulated("qemu64", NULL, G_USEC_PER_SEC / 20, &why));
    CU_ASSERT_TRUE(g_get_monotonic_time() - start < 10 * G_USEC_PER_SEC);
    CU_ASSERT_PTR_NOT_NULL_FATAL(why);
    CU_ASSERT_PTR_NOT_NULL(strstr(why, "stayed silent"));
}

static void test_qemu_that_ends_is_quoted(void)
{
    g_autofree char *why = NULL;

    CU_ASSERT_FALSE(emulated("no-such-cpu", NULL, PATIENT_US, &why));
    CU_ASSERT_PTR_NOT_NULL_FATAL(why);
    CU_ASSERT_PTR_NOT_NULL(strstr(why, "QEMU ended"));
    CU_ASSERT_PTR_NOT_NULL(strstr(why, "no-such-cpu"));
}

/* A settled verdict is kept and used again; for other circumstances it is not. */
static void test_verdict_is_kept(void)
{
    char home[] = "/tmp/pt-XXXXXX";
    g_autoptr(GError) error = NULL;

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(home));
    g_autofree char *host = g_build_filename(home, "host", NULL);
    g_autofree char *file = g_build_filename(host, "accel.json", NULL);
    CU_ASSERT_PTR_NULL(trial_cached(home));
    g_autoptr(TrialVerdict) first = trial_decide(home, fixture_kernel(), &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    printf("\n    %s: %s\n    ", first->accel, first->reason);
    CU_ASSERT_FALSE(first->cached);
    CU_ASSERT_TRUE(g_str_equal(first->accel, "qemu") || first->settled);
    if (g_access(file, R_OK) == 0) { /* there was a /dev/kvm to try */
        g_autofree char *text = NULL;
        g_autoptr(TrialVerdict) second = trial_decide(home, fixture_kernel(), &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(second);
        CU_ASSERT_TRUE(second->cached && second->settled);
        CU_ASSERT_STRING_EQUAL(second->accel, first->accel);
        CU_ASSERT_STRING_EQUAL(second->reason, first->reason);
        CU_ASSERT_TRUE(g_file_get_contents(file, &text, NULL, NULL));
        char *kernel = strstr(text, "\"kernel\": \"");
        CU_ASSERT_PTR_NOT_NULL_FATAL(kernel);
        kernel[strlen("\"kernel\": \"")] ^= 1; /* another kernel release */
        CU_ASSERT_TRUE(g_file_set_contents(file, text, -1, NULL));
        CU_ASSERT_PTR_NULL(trial_cached(home));
    }
    CU_ASSERT_TRUE(g_file_set_contents(file, "{\"accel\": 7", -1, NULL));
    CU_ASSERT_PTR_NULL(trial_cached(home)); /* damaged: tried again, no error */
    g_unlink(file);
    g_rmdir(host);
    g_rmdir(home);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"the boot sector is heard", test_sector_is_heard},
        {"the kernel's init is heard", test_kernel_is_heard},
        {"silence has a limit", test_silence_has_a_limit},
        {"a QEMU that ends is quoted", test_qemu_that_ends_is_quoted},
        {"the verdict is kept", test_verdict_is_kept},
        CU_TEST_INFO_NULL,
    };

    if (access("/usr/bin/" TRIAL_QEMU, X_OK) != 0) {
        puts("skipped: " TRIAL_QEMU " is not installed");
        return 77;
    }
    return cunit_main("trial", tests);
}
