#include "orchestrator/sandbox/sandbox.h"

#include "orchestrator/sandbox/profiles.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

G_DEFINE_QUARK(parry - sandbox - error - quark, sandbox_error)

#ifdef SANDBOX_ASAN
/*
 * LeakSanitizer stops all threads by ptrace(2) and reads /proc at exit: a sandboxed
 * process can do neither, and would end with "fatal error" instead of its own status.
 * Leaks of the same code are looked for where it runs unsandboxed, in its unit tests.
 */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return 1;
}
#endif

static gboolean fail(GError **error, const char *what)
{
    int why = errno;

    g_set_error(error, SANDBOX_ERROR, SANDBOX_ERROR_FAILED, "sandbox: %s: %s", what,
                g_strerror(why));
    return FALSE;
}

/* ---- descriptors ---- */

static int compare_ints(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Puts /dev/null at fd where nothing else is to stay there. */
static gboolean null_at(int fd, const int *keep, gsize n, GError **error)
{
    for (gsize i = 0; i < n; i++)
        if (keep[i] == fd)
            return TRUE;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return fail(error, "/dev/null: open");
    if (null == fd)
        return TRUE;
    if (dup2(null, fd) < 0)
        return fail(error, "/dev/null: dup2");
    close(null);
    return TRUE;
}

gboolean sandbox_account(const char *name, uid_t *uid, gid_t *gid, GError **error)
{
    const struct passwd *entry;

    *uid = geteuid();
    *gid = getegid();
    if (*uid)
        return TRUE;
    entry = getpwnam(name);
    if (!entry) {
        g_set_error(error, SANDBOX_ERROR, SANDBOX_ERROR_FAILED,
                    "account %s: not there; make it (useradd --system), or name another "
                    "by --account",
                    name);
        return FALSE;
    }
    *uid = entry->pw_uid;
    *gid = entry->pw_gid;
    return TRUE;
}

gboolean sandbox_close_others(const int *keep, gsize n, GError **error)
{
    g_autofree int *sorted = g_new(int, n + 1);
    guint from = 3;

    if (n)
        memcpy(sorted, keep, n * sizeof(*keep));
    qsort(sorted, n, sizeof(*sorted), compare_ints);
    for (gsize i = 0; i < n; i++) {
        if (sorted[i] < (int)from)
            continue;
        if (sorted[i] > (int)from && close_range(from, (guint)sorted[i] - 1, 0) < 0)
            return fail(error, "close_range");
        from = (guint)sorted[i] + 1;
    }
    if (close_range(from, G_MAXUINT, 0) < 0)
        return fail(error, "close_range");
    return null_at(0, keep, n, error) && null_at(1, keep, n, error);
}

/* ---- file system and network ---- */

/*
 * A directory that is open and removed: nothing can be made in it or found in it. The
 * way out of a chroot wants CAP_SYS_CHROOT or a directory descriptor; both are gone.
 */
static gboolean root_removed(GError **error)
{
    char path[] = "/tmp/parry-root-XXXXXX";

    if (!mkdtemp(path))
        return fail(error, "empty root: mkdtemp in /tmp");
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int why = errno;
    rmdir(path);
    errno = why;
    if (fd < 0)
        return fail(error, "empty root: open");
    gboolean done = fchdir(fd) == 0 && chroot(".") == 0;
    why = errno;
    close(fd);
    errno = why;
    return done || fail(error, "empty root: chroot");
}

/*
 * An empty read-only tmpfs becomes the root of an own mount namespace and the old tree
 * is unmounted from it. Not possible in every container: FALSE then, with errno.
 */
static gboolean root_mounted(void)
{
    if (unshare(CLONE_NEWNS) < 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
              "size=4k,nr_inodes=2,mode=0555") < 0)
        return FALSE;
    if (chdir("/tmp") < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
        umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        return FALSE;
    return mount(NULL, "/", NULL,
                 MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
                 NULL) == 0;
}

/* Root only. *done gets what was reached. */
static gboolean leave_world(guint *done, GError **error)
{
    /* Open sockets keep working: they belong to the namespace they were made in. */
    if (unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) == 0)
        *done |= SANDBOX_NETWORK;
    else if (errno != EPERM && errno != EINVAL)
        return fail(error, "unshare network");
    if (!root_mounted() && !root_removed(error))
        return FALSE;
    *done |= SANDBOX_ROOT;
    return TRUE;
}

/* ---- account ---- */

static gboolean drop_capabilities(GError **error)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};

    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return fail(error, "ambient capabilities");
    if (syscall(SYS_capset, &head, none) < 0)
        return fail(error, "capset");
    return TRUE;
}

/* While still root: what exec of anything could ever get back is dropped too. */
static gboolean drop_bounding(GError **error)
{
    for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            return fail(error, "bounding set");
    return TRUE;
}

static gboolean become(const Sandbox *sandbox, GError **error)
{
    uid_t uid = sandbox->sb_uid;
    gid_t gid = sandbox->sb_gid;

    if (geteuid() != 0) {
        if (uid == geteuid() && gid == getegid())
            return drop_capabilities(error);
        errno = EPERM;
        return fail(error, "another account needs root");
    }
    if (uid == 0 || gid == 0) {
        errno = EINVAL;
        return fail(error, "the account to become is root");
    }
    if (!drop_bounding(error))
        return FALSE;
    if (setgroups(0, NULL) < 0)
        return fail(error, "setgroups");
    if (setresgid(gid, gid, gid) < 0)
        return fail(error, "setresgid");
    if (setresuid(uid, uid, uid) < 0)
        return fail(error, "setresuid");
    return drop_capabilities(error);
}

/* ---- limits ---- */

static gboolean limit(int what, rlim_t value, const char *name, GError **error)
{
    struct rlimit old, now;

    if (getrlimit(what, &old) < 0)
        return fail(error, name);
    now.rlim_max = MIN(old.rlim_max, value); /* never up: that would need root */
    now.rlim_cur = now.rlim_max;
    return setrlimit(what, &now) == 0 || fail(error, name);
}

static gboolean limit_all(const Sandbox *sandbox, GError **error)
{
#ifndef SANDBOX_ASAN
    if (sandbox->sb_memory &&
        !limit(RLIMIT_AS, (rlim_t)sandbox->sb_memory, "RLIMIT_AS", error))
        return FALSE;
#endif
    return limit(RLIMIT_NOFILE, sandbox->sb_files, "RLIMIT_NOFILE", error) &&
           limit(RLIMIT_CORE, 0, "RLIMIT_CORE", error) &&
           limit(RLIMIT_NPROC, 0, "RLIMIT_NPROC", error);
}

/* ---- system calls ---- */

static int add_rule(scmp_filter_ctx ctx, const ProfileCall *call)
{
    switch (call->pc_rule) {
    case CALL_ALLOW:
        return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call->pc_call, 0);
    case CALL_NOENT:
        return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOENT), call->pc_call, 0);
    case CALL_NO_EXEC:
        return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call->pc_call, 1,
                                SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    case CALL_ARG1:
        return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call->pc_call, 1,
                                SCMP_A1(SCMP_CMP_EQ, call->pc_arg));
    case CALL_SELF:
        return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call->pc_call, 1,
                                SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    }
    return -EINVAL;
}

static gboolean filter_fill(scmp_filter_ctx ctx, SandboxProfile profile, GError **error)
{
    for (const ProfilePart *part = profile_parts(profile); part->pf_calls; part++) {
        for (gsize i = 0; i < part->pf_n_calls; i++) {
            const ProfileCall *call = &part->pf_calls[i];
            int rc = add_rule(ctx, call);
            if (rc == 0 || rc == -EEXIST) /* two parts may name the same call */
                continue;
            g_autofree char *name =
                g_strdup_printf("seccomp rule for system call %d", call->pc_call);
            errno = -rc;
            return fail(error, name);
        }
    }
    return TRUE;
}

static gboolean filter_load(SandboxProfile profile, GError **error)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    gboolean done = FALSE;
    int rc;

    if (!ctx) {
        errno = ENOMEM;
        return fail(error, "seccomp_init");
    }
    if ((rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS)) <
        0) {
        errno = -rc;
        fail(error, "seccomp: other architectures");
    } else if (filter_fill(ctx, profile, error)) {
        rc = seccomp_load(ctx); /* sets no_new_privs too */
        errno = -rc;
        done = rc == 0 || fail(error, "seccomp_load");
    }
    seccomp_release(ctx);
    return done;
}

gboolean sandbox_enter(const Sandbox *sandbox, guint *done, GError **error)
{
    guint reached = 0;
    pid_t parent = getppid();

    if (geteuid() == 0 && !leave_world(&reached, error))
        return FALSE;
    if (!become(sandbox, error) || !limit_all(sandbox, error))
        return FALSE;
    reached |= SANDBOX_ACCOUNT;
    /* The kernel clears both at a change of account: hence only now. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return fail(error, "PR_SET_PDEATHSIG");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return fail(error, "PR_SET_DUMPABLE");
    if (getppid() != parent) {
        errno = ESRCH;
        return fail(error, "the parent is gone");
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return fail(error, "PR_SET_NO_NEW_PRIVS");
    if (!filter_load(sandbox->sb_profile, error))
        return FALSE;
    reached |= SANDBOX_SYSCALLS;
    if (done)
        *done = reached;
    return TRUE;
}

char *sandbox_done_text(guint done)
{
    static const char *const names[] = {"own account", "empty root", "no network",
                                        "system call filter"};
    g_autoptr(GPtrArray) words = g_ptr_array_new();

    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if (done & 1u << i)
            g_ptr_array_add(words, (gpointer)names[i]);
    g_ptr_array_add(words, NULL);
    return words->len > 1 ? g_strjoinv(", ", (char **)words->pdata) : g_strdup("nothing");
}
