/* The cache of golden guests, and the proof that clones are distinct. */
#include "orchestrator/daemon/clone_proof.h"
#include "orchestrator/daemon/drill.h"
#include "orchestrator/daemon/golden.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/range_plan.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *home;

static char *key_for(const char *word)
{
    json_t *what = json_pack("{s:s}", "image", word);
    char *key = golden_key(what);

    json_decref(what);
    return key;
}

static gboolean put(const char *dir, const char *name, gsize size)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autofree char *bytes = g_strnfill(size, *name);

    return g_file_set_contents(path, bytes, (gssize)size, NULL);
}

/* An entry of so many bytes, with a disk. */
static gboolean make_entry(const char *key, gsize size, Golden *golden)
{
    g_autofree char *dir = golden_begin(home, key, NULL);
    json_t *about = json_pack("{s:b}", "ssh_keys", TRUE);
    gboolean ok = dir && put(dir, "memory", size) && put(dir, "disk.qcow2", size) &&
                  golden_commit(home, key, dir, about, golden, NULL);

    json_decref(about);
    return ok;
}

static void test_keys(void)
{
    g_autofree char *one = key_for("a"), *same = key_for("a"), *other = key_for("b");

    CU_ASSERT_EQUAL(strlen(one), 32);
    CU_ASSERT_STRING_EQUAL(one, same);
    CU_ASSERT_STRING_NOT_EQUAL(one, other);
}

static void test_kept_and_found(void)
{
    g_autofree char *key = key_for("kept");
    g_auto(Golden) none = {0}, made = {0}, found = {0};
    g_autoptr(GError) error = NULL;
    struct stat st;

    CU_ASSERT_FALSE(golden_find(home, key, &none, &error));
    CU_ASSERT_PTR_NULL(error);
    CU_ASSERT_TRUE_FATAL(make_entry(key, 5000, &made));
    CU_ASSERT_TRUE_FATAL(golden_find(home, key, &found, &error));
    CU_ASSERT_STRING_EQUAL(found.go_key, key);
    CU_ASSERT_STRING_EQUAL(found.go_memory, made.go_memory);
    CU_ASSERT_PTR_NOT_NULL(found.go_disk);
    CU_ASSERT_TRUE(found.go_bytes >= 10000);
    CU_ASSERT_TRUE(json_is_true(json_object_get(found.go_about, "ssh_keys")));
    /* Nobody but root reads another guest's memory. */
    CU_ASSERT_EQUAL(g_stat(found.go_memory, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0400);
    CU_ASSERT_EQUAL(g_stat(found.go_disk, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0444);
}

static void test_a_spoilt_one_goes(void)
{
    g_autofree char *key = key_for("spoilt");
    g_auto(Golden) made = {0}, found = {0};
    g_autoptr(GError) error = NULL;

    CU_ASSERT_TRUE_FATAL(make_entry(key, 5000, &made));
    CU_ASSERT_EQUAL(g_chmod(made.go_disk, 0644), 0);
    CU_ASSERT_TRUE(put(made.go_dir, "disk.qcow2", 4999));
    CU_ASSERT_FALSE(golden_find(home, key, &found, &error));
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "SHA-256"));
    CU_ASSERT_FALSE(g_file_test(made.go_dir, G_FILE_TEST_EXISTS));
    g_clear_error(&error);
    CU_ASSERT_FALSE(golden_find(home, key, &found, &error));
    CU_ASSERT_PTR_NULL(error);
}

/* The RAM of all clones of a drill: a copy that QEMU may open, and that is looked after.
 */
static void test_ram_apart(void)
{
    g_autofree char *disks = g_build_filename(home, "mapped", NULL);
    g_autofree char *dir = golden_begin(home, "apart", NULL);
    json_t *about = json_object();
    g_auto(Golden) made = {0};
    struct stat st;

    CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
    CU_ASSERT_TRUE_FATAL(put(dir, "memory", 100) && put(dir, "ram", 8192));
    CU_ASSERT_TRUE_FATAL(golden_commit(home, "apart", dir, about, &made, NULL));
    json_decref(about);
    CU_ASSERT_PTR_NOT_NULL_FATAL(made.go_ram);
    CU_ASSERT_PTR_NULL(made.go_mapped);
    CU_ASSERT_EQUAL(g_stat(made.go_ram, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0400);
    CU_ASSERT_EQUAL_FATAL(g_mkdir(disks, 0700), 0);
    CU_ASSERT_TRUE_FATAL(golden_pin(&made, disks, getuid(), NULL));
    CU_ASSERT_PTR_NOT_NULL_FATAL(made.go_mapped);
    CU_ASSERT_TRUE(g_str_has_prefix(made.go_mapped, disks));
    CU_ASSERT_FALSE(golden_touched(&made));
    int fd = open(made.go_mapped, O_RDWR | O_CLOEXEC);
    CU_ASSERT_FALSE(golden_touched(&made)); /* so QEMU does */
    CU_ASSERT_EQUAL(pwrite(fd, "x", 1, 0), 1);
    close(fd);
    /* Clocks of files tick: a write in the same tick as the copy is not told from it. */
    for (int i = 0; i < 1000 && !golden_touched(&made); i++) {
        CU_ASSERT_EQUAL_FATAL(g_chmod(made.go_mapped, 0600), 0);
        g_usleep(1000);
    }
    CU_ASSERT_TRUE(golden_touched(&made));
    CU_ASSERT_TRUE_FATAL(golden_pin(&made, disks, getuid(), NULL));
    CU_ASSERT_FALSE(golden_touched(&made));
    CU_ASSERT_TRUE(drill_remove_tree(disks, NULL));
    CU_ASSERT_FALSE(g_file_test(made.go_mapped, G_FILE_TEST_EXISTS));
}

static void test_two_make_the_same(void)
{
    g_autofree char *key = key_for("two");
    g_auto(Golden) first = {0}, second = {0};

    CU_ASSERT_TRUE_FATAL(make_entry(key, 100, &first));
    CU_ASSERT_TRUE_FATAL(make_entry(key, 100, &second));
    CU_ASSERT_STRING_EQUAL(first.go_dir, second.go_dir);
}

static void count(const char *path, guint64 bytes, gpointer data)
{
    (void)path;
    *(guint64 *)data += bytes;
}

/* An entry last used so many seconds ago. */
static void used_before(const Golden *golden, int seconds)
{
    g_autofree char *meta = g_build_filename(golden->go_dir, "meta.json", NULL);
    struct timespec at[2] = {{.tv_sec = time(NULL) - seconds},
                             {.tv_sec = time(NULL) - seconds}};

    CU_ASSERT_EQUAL(utimensat(AT_FDCWD, meta, at, 0), 0);
}

static void test_gc(void)
{
    g_autofree char *disks = g_build_filename(home, "disks", NULL);
    g_autofree char *top = g_build_filename(home, "golden", NULL);
    g_auto(Golden) pinned = {0}, old = {0}, recent = {0};
    guint64 told = 0;

    CU_ASSERT_TRUE(drill_remove_tree(top, NULL));
    CU_ASSERT_TRUE_FATAL(make_entry("pinned", 1 << 20, &pinned));
    CU_ASSERT_TRUE_FATAL(make_entry("old", 1 << 20, &old));
    CU_ASSERT_TRUE_FATAL(make_entry("recent", 1 << 20, &recent));
    used_before(&pinned, 3000);
    used_before(&old, 2000);
    used_before(&recent, 1000);
    g_mkdir(disks, 0700);
    CU_ASSERT_TRUE(golden_pin(&pinned, disks, getuid(), NULL));
    CU_ASSERT_TRUE(golden_pin(&pinned, disks, getuid(), NULL));
    CU_ASSERT_EQUAL(golden_gc(home, GOLDEN_LIMIT, FALSE, NULL, NULL, NULL), 0);
    CU_ASSERT_EQUAL(golden_gc(home, 5 << 20, TRUE, count, &told, NULL), 1);
    CU_ASSERT_TRUE(told >= 2 << 20);
    CU_ASSERT_TRUE(g_file_test(old.go_dir, G_FILE_TEST_EXISTS));
    CU_ASSERT_EQUAL(golden_gc(home, 5 << 20, FALSE, NULL, NULL, NULL), 1);
    CU_ASSERT_FALSE(g_file_test(old.go_dir, G_FILE_TEST_EXISTS));
    /* What a drill stands on stays, whatever the limit. */
    CU_ASSERT_EQUAL(golden_gc(home, 0, FALSE, NULL, NULL, NULL), 1);
    CU_ASSERT_TRUE(g_file_test(pinned.go_dir, G_FILE_TEST_EXISTS));
    CU_ASSERT_TRUE(drill_remove_tree(disks, NULL));
    CU_ASSERT_EQUAL(golden_gc(home, 0, FALSE, NULL, NULL, NULL), 1);
}

static void test_what_a_killed_daemon_left(void)
{
    g_autofree char *fresh = golden_begin(home, "fresh", NULL);
    g_autofree char *stale = golden_begin(home, "stale", NULL);
    struct timespec at[2] = {{.tv_sec = time(NULL) - 7200},
                             {.tv_sec = time(NULL) - 7200}};

    CU_ASSERT_PTR_NOT_NULL_FATAL(fresh);
    CU_ASSERT_PTR_NOT_NULL_FATAL(stale);
    CU_ASSERT_EQUAL(utimensat(AT_FDCWD, stale, at, 0), 0);
    CU_ASSERT_EQUAL(golden_gc(home, GOLDEN_LIMIT, FALSE, NULL, NULL, NULL), 1);
    CU_ASSERT_FALSE(g_file_test(stale, G_FILE_TEST_EXISTS));
    CU_ASSERT_TRUE(g_file_test(fresh, G_FILE_TEST_EXISTS));
}

/* ---- the proof ---- */

#define NOW_S 1800000000

typedef struct {
    const char *ca_name, *ca_id, *ca_random, *ca_key;
    gint64 ca_clock;
    int ca_mac; /* NIC left away, -1: none */
} Said;

static char *proof_of(CloneProof *proof, const Plan *plan, int host, const Said *said)
{
    const PlanHost *owner = plan_host(plan, host);
    g_autoptr(GString) text = g_string_new(NULL);
    char *finding = NULL;

    g_string_append_printf(text, "name=%s id=%s random=%s key=%s clock=%d",
                           said->ca_name ? said->ca_name : owner->ph_name, said->ca_id,
                           said->ca_random, said->ca_key, (int)said->ca_clock);
    for (guint i = 0; i < owner->ph_nics->len; i++) {
        const PlanNic *nic = owner->ph_nics->pdata[i];

        g_string_append_printf(
            text, " mac=%s", said->ca_mac == (int)i ? "52:54:00:00:00:01" : nic->ni_mac);
    }
    json_decref(clone_proof_take(proof, host, text->str, (gint64)NOW_S * G_USEC_PER_SEC,
                                 &finding));
    return finding;
}

#define ID "0123456789abcdef0123456789abcde"

static void test_the_proof(void)
{
    static const struct {
        Said said;
        const char *words; /* NULL: nothing is wrong */
    } cases[] = {
        {{NULL, ID "0", "r0", "k0", NOW_S, -1},
         NULL}, /* of the gateway; then the rival's */
        {{NULL, ID "0", "r1", "k1", NOW_S, -1}, "machine-id of"},
        {{NULL, ID "1", "r0", "k1", NOW_S, -1}, "random numbers of"},
        {{NULL, ID "1", "r1", "k0", NOW_S, -1}, "ssh host key of"},
        {{"golden", ID "1", "r1", "k1", NOW_S, -1}, "its name is golden"},
        {{NULL, "", "r1", "k1", NOW_S, -1}, "no machine-id"},
        {{NULL, ID "1", "r1", "k1", NOW_S - 3600, -1}, "off by -3600 s"},
        {{NULL, ID "1", "r1", "k1", NOW_S, 0}, "has the MAC"},
        {{NULL, ID "1", "r1", "k1", NOW_S + 2, -1}, NULL},
    };
    Plan *plan = range_plan_new("proof");
    CloneProof *proof = clone_proof_new(plan);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *finding =
            proof_of(proof, plan, i ? HOST_RIVAL : HOST_GATEWAY, &cases[i].said);

        if (!cases[i].words) {
            CU_ASSERT_PTR_NULL(finding);
            continue;
        }
        CU_ASSERT_PTR_NOT_NULL_FATAL(finding);
        if (!strstr(finding, cases[i].words))
            printf("\n%u: %s\n", i, finding);
        CU_ASSERT_PTR_NOT_NULL(strstr(finding, cases[i].words));
    }
    /* What another daemon heard counts as well. */
    clone_proof_forget(proof, HOST_GATEWAY);
    clone_proof_recall(proof, HOST_GATEWAY, "name=gateway id=" ID "2 random=r9 key=k9");
    Said twin = {NULL, ID "2", "r8", "k8", NOW_S, -1};
    g_autofree char *older = proof_of(proof, plan, HOST_RIVAL, &twin);
    CU_ASSERT_PTR_NOT_NULL(older);
    /* The same host, made anew, may say the same. */
    clone_proof_forget(proof, HOST_GATEWAY);
    g_autofree char *again = proof_of(proof, plan, HOST_GATEWAY, &cases[0].said);
    CU_ASSERT_PTR_NULL(again);
    clone_proof_free(proof);
    range_plan_free(plan);
}

static void test_proof_of_noise(void)
{
    Plan *plan = range_plan_new("noise");
    CloneProof *proof = clone_proof_new(plan);
    static const char *const noise[] = {
        "",
        "=",
        " = = ",
        "name",
        "name= id= random= clock= mac= key=",
        "mac=mac=mac=",
        "clock=99999999999999999999999 name=web",
    };

    for (guint i = 0; i < G_N_ELEMENTS(noise); i++) {
        g_autofree char *finding = NULL;

        json_decref(clone_proof_take(proof, HOST_WEB, noise[i], 0, &finding));
        CU_ASSERT_PTR_NOT_NULL(finding);
    }
    clone_proof_free(proof);
    range_plan_free(plan);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"keys", test_keys},
        {"kept and found", test_kept_and_found},
        {"a spoilt one goes", test_a_spoilt_one_goes},
        {"two make the same", test_two_make_the_same},
        {"RAM apart", test_ram_apart},
        {"gc: least recently used, never what is pinned", test_gc},
        {"gc: what a killed daemon left", test_what_a_killed_daemon_left},
        {"the proof", test_the_proof},
        {"proof of noise", test_proof_of_noise},
        CU_TEST_INFO_NULL,
    };

    if (getuid() != 0) {
        printf("SKIP: entries are chowned to root, which needs root\n");
        return 77;
    }
    home = g_dir_make_tmp("parry-golden-XXXXXX", NULL);
    if (!home)
        return 2;
    int status = cunit_main("golden guests", tests);
    drill_remove_tree(home, NULL);
    g_free(home);
    return status;
}
