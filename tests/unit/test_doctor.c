/* What the doctor says, where a home may be, and who has an account. */
#include "orchestrator/host/accounts.h"
#include "orchestrator/host/doctor.h"
#include "orchestrator/host/doctor_checks.h"
#include "orchestrator/host/host.h"
#include "orchestrator/host/paths.h"
#include "tests/unit/cunit_main.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void test_versions(void)
{
    CU_ASSERT_EQUAL(doctor_version_in("QEMU emulator version 7.2.22 (Debian 1:7.2)"),
                    7002022);
    CU_ASSERT_EQUAL(doctor_version_in("/usr/sbin/libvirtd (libvirt) 9.0.0"), 9000000);
    CU_ASSERT_EQUAL(doctor_version_in("busybox 1.35"), 1035000);
    CU_ASSERT_EQUAL(doctor_version_in("no version here"), 0);
    CU_ASSERT_EQUAL(doctor_version_in(NULL), 0);
    /* A component that does not fit must not pass for a newer version's neighbour. */
    CU_ASSERT_EQUAL(doctor_version_in("1.5000.70000"), 1999999);
}

/* Each result says what was seen; what is not well says how to mend it; no name twice. */
static void test_every_result_is_complete(void)
{
    char home[] = "/tmp/pd-XXXXXX";
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(home));
    g_autofree char *inner = g_build_filename(home, "not", "there", "yet", NULL);
    g_autoptr(GPtrArray) results = doctor_run(inner, NULL);
    CU_ASSERT_TRUE(results->len >= 12);
    for (guint i = 0; i < results->len; i++) {
        const DoctorResult *result = results->pdata[i];
        CU_ASSERT_TRUE(g_hash_table_add(names, (gpointer)result->name));
        CU_ASSERT_TRUE(result->title && *result->title);
        CU_ASSERT_TRUE(result->seen && *result->seen);
        CU_ASSERT_EQUAL(result->level != DOCTOR_OK, result->mend != NULL);
        CU_ASSERT_PTR_NOT_NULL(doctor_level_name(result->level));
        CU_ASSERT_TRUE(result->level <= doctor_worst(results));
    }
    CU_ASSERT_FALSE(g_file_test(inner, G_FILE_TEST_EXISTS)); /* looking makes nothing */
    g_rmdir(home);
}

static const DoctorResult *result_named(const GPtrArray *results, const char *name)
{
    for (guint i = 0; i < results->len; i++) {
        const DoctorResult *result = results->pdata[i];
        if (g_str_equal(result->name, name))
            return result;
    }
    return NULL;
}

static void test_doctor_names_a_long_home(void)
{
    g_autofree char *name = g_strnfill(120, 'x');
    g_autofree char *home = g_build_filename("/tmp", name, NULL);
    g_autoptr(GPtrArray) results = doctor_run(home, NULL);
    const DoctorResult *result = result_named(results, "home");

    CU_ASSERT_PTR_NOT_NULL_FATAL(result);
    CU_ASSERT_EQUAL(result->level, DOCTOR_FAIL);
    CU_ASSERT_PTR_NOT_NULL(strstr(result->seen, "bytes longer"));
    CU_ASSERT_TRUE(doctor_worst(results) == DOCTOR_FAIL);
}

static void test_homes_that_cannot_be(void)
{
    static const char *const wrong[] = {"/",         "/usr/parry", "/etc", "/run/parry",
                                        "/proc/x/y", "/dev/shm/p", "/bin", NULL};

    for (int i = 0; wrong[i]; i++) {
        g_autoptr(GError) error = NULL;
        CU_ASSERT_PTR_NULL(host_paths_new(wrong[i], &error));
        CU_ASSERT_TRUE(g_error_matches(error, HOST_ERROR, HOST_ERROR_PATH));
    }
    g_autoptr(HostPaths) fine = host_paths_new("/usrx/../var/lib/parry/", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(fine);
    CU_ASSERT_STRING_EQUAL(fine->home, "/var/lib/parry");
    CU_ASSERT_STRING_EQUAL(fine->uri, "qemu+unix:///system?socket="
                                      "/var/lib/parry/host/run/libvirt/libvirt-sock");
}

/* The longest home that fits does, and one byte more is told as one byte. */
static void test_socket_path_limit(void)
{
    gsize room = 107 - strlen("/host/run/libvirt/libvirt-sock") - strlen("/tmp/");
    g_autofree char *name = g_strnfill(room, 'y');
    g_autofree char *home = g_build_filename("/tmp", name, NULL);
    g_autofree char *longer = g_strconcat(home, "y", NULL);
    g_autoptr(HostPaths) paths = host_paths_new(home, NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(paths);
    CU_ASSERT_EQUAL(strlen(paths->sock), 107);
    CU_ASSERT_EQUAL(host_paths_excess(longer), 1);
    CU_ASSERT_PTR_NULL(host_paths_new(longer, NULL));
}

static void test_uri_is_escaped(void)
{
    g_autoptr(HostPaths) paths = host_paths_new("/tmp/a b&c", NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(paths);
    CU_ASSERT_STRING_EQUAL(paths->uri, "qemu+unix:///system?socket="
                                       "/tmp/a%20b%26c/host/run/libvirt/libvirt-sock");
}

static void test_emptying_spares_what_links_lead_to(void)
{
    char top[] = "/tmp/pd-XXXXXX";

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(top));
    g_autofree char *full = g_build_filename(top, "full", NULL);
    g_autofree char *deep = g_build_filename(full, "a", "b", NULL);
    g_autofree char *link = g_build_filename(deep, "link", NULL);
    g_autofree char *spared = g_build_filename(top, "spared", NULL);
    CU_ASSERT_EQUAL(g_mkdir_with_parents(deep, 0700), 0);
    CU_ASSERT_TRUE(g_file_set_contents(spared, "x", 1, NULL));
    CU_ASSERT_EQUAL(symlink(spared, link), 0);
    CU_ASSERT_TRUE(host_paths_empty(full, NULL));
    CU_ASSERT_EQUAL(g_rmdir(full), 0); /* it was there, and empty */
    CU_ASSERT_TRUE(g_file_test(spared, G_FILE_TEST_EXISTS));
    CU_ASSERT_TRUE(host_paths_empty(full, NULL)); /* missing is no error */
    g_unlink(spared);
    g_rmdir(top);
}

static void test_accounts_are_a_table(void)
{
    g_autoptr(GError) error = NULL;
    uid_t uid = 0;
    gid_t gid = 0;

    CU_ASSERT_FALSE(accounts_get("root", &uid, &gid, &error));
    CU_ASSERT_PTR_NOT_NULL(error);
    CU_ASSERT_FALSE(accounts_find("no-such-account-here", NULL, NULL));
    if (geteuid() != 0)
        return;
    for (int i = 0; accounts_names[i]; i++) {
        g_clear_error(&error);
        CU_ASSERT_TRUE(accounts_get(accounts_names[i], &uid, &gid, &error));
        CU_ASSERT_TRUE(uid > 0 && gid > 0);
    }
}

/* Status and stop of a home that never had a host: nothing runs, nothing is made. */
static void test_no_host_is_no_error(void)
{
    char top[] = "/tmp/pd-XXXXXX";
    g_auto(HostStatus) status = {0};

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(top));
    CU_ASSERT_TRUE(host_status(top, &status, NULL));
    CU_ASSERT_FALSE(status.running);
    CU_ASSERT_EQUAL(status.domains, -1);
    CU_ASSERT_PTR_NULL(status.accel);
    if (geteuid() == 0)
        CU_ASSERT_TRUE(host_stop(top, FALSE, NULL));
    CU_ASSERT_EQUAL(g_rmdir(top), 0);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"versions are read", test_versions},
        {"every result is complete", test_every_result_is_complete},
        {"a long home is named", test_doctor_names_a_long_home},
        {"homes that cannot be", test_homes_that_cannot_be},
        {"the socket path's limit", test_socket_path_limit},
        {"the URI is escaped", test_uri_is_escaped},
        {"emptying spares links' targets", test_emptying_spares_what_links_lead_to},
        {"accounts are a table", test_accounts_are_a_table},
        {"no host is no error", test_no_host_is_no_error},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("doctor", tests);
}
