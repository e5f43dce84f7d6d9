#include "orchestrator/host/trial_boot.h"

#include "orchestrator/host/accounts.h"
#include "orchestrator/host/host.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a guest that runs writes to its first serial port. */
#define HEARD "PARRY-TRIAL-OK"
#define OUTPUT_MAX 65536

/*
 * A boot sector, loaded at 0x7c00 in real mode: writes the text to the first serial
 * port (0x3f8) byte by byte and halts.
 */
static const guint8 sector_code[] = {
    0xfc,             /*  0       cld                  */
    0x31, 0xc0,       /*  1       xor   ax, ax         */
    0x8e, 0xd8,       /*  3       mov   ds, ax         */
    0xbe, 0x16, 0x7c, /*  5       mov   si, 0x7c00+22  */
    0xba, 0xf8, 0x03, /*  8       mov   dx, 0x3f8      */
    0xac,             /* 11 next: lodsb                */
    0x84, 0xc0,       /* 12       test  al, al         */
    0x74, 0x03,       /* 14       jz    done           */
    0xee,             /* 16       out   dx, al         */
    0xeb, 0xf8,       /* 17       jmp   next           */
    0xf4,             /* 19 done: hlt                  */
    0xeb, 0xfd,       /* 20       jmp   done           */
};                    /* 22       the text             */

/*
 * The whole of a kernel's first user process, x86-64: write(1, text, length), then
 * pause() for ever. Standard output is the console.
 */
static const guint8 init_code[] = {
    0xb8, 0x01,
    0x00, 0x00,
    0x00, /*  0       mov  eax, 1 (write)  */
    0xbf, 0x01,
    0x00, 0x00,
    0x00, /*  5       mov  edi, 1          */
    0x48, 0x8d,
    0x35, 0x10,
    0x00, 0x00,
    0x00, /* 10       lea  rsi, [rip+16]   */
    0xba, sizeof HEARD "\n" - 1,
    0,    0,
    0,          /* 17       mov  edx, length     */
    0x0f, 0x05, /* 22       syscall              */
    0xb8, 0x22,
    0x00, 0x00,
    0x00,       /* 24 wait: mov  eax, 34 (pause) */
    0x0f, 0x05, /* 29       syscall              */
    0xeb, 0xf7, /* 31       jmp  wait            */
};              /* 33       the text             */

/* A file without a name, which QEMU opens through /proc/self/fd. */
static int memory_file(const char *name, const void *data, size_t size, GError **error)
{
    int fd = memfd_create(name, MFD_CLOEXEC);

    if (fd >= 0 && write(fd, data, size) == (ssize_t)size)
        return fd;
    g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED, "trial boot: memory file %s: %s",
                name, g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static int make_sector(GError **error)
{
    guint8 sector[512] = {0};

    memcpy(sector, sector_code, sizeof sector_code);
    memcpy(sector + sizeof sector_code, HEARD "\n", sizeof HEARD "\n");
    sector[510] = 0x55;
    sector[511] = 0xaa;
    return memory_file("sector", sector, sizeof sector, error);
}

/* One member of a cpio archive in the "newc" form that Linux takes as an initramfs. */
static void append_member(GByteArray *cpio, const char *name, unsigned mode,
                          const void *data, size_t size)
{
    static const guint8 zero[4];
    char head[111];

    snprintf(head, sizeof head,
             "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1U, mode, 0U,
             0U, 1U, 0U, (unsigned)size, 0U, 0U, 0U, 0U, (unsigned)strlen(name) + 1, 0U);
    g_byte_array_append(cpio, (const guint8 *)head, sizeof head - 1);
    g_byte_array_append(cpio, (const guint8 *)name, (guint)strlen(name) + 1);
    g_byte_array_append(cpio, zero, -cpio->len & 3);
    g_byte_array_append(cpio, data, (guint)size);
    g_byte_array_append(cpio, zero, -cpio->len & 3);
}

static int make_initramfs(GError **error)
{
    struct {
        Elf64_Ehdr head;
        Elf64_Phdr load;
        guint8 code[sizeof init_code + sizeof HEARD "\n"];
    } elf = {0};
    g_autoptr(GByteArray) cpio = g_byte_array_new();
    const Elf64_Addr base = 0x400000;

    memcpy(elf.head.e_ident, ELFMAG, SELFMAG);
    elf.head.e_ident[EI_CLASS] = ELFCLASS64;
    elf.head.e_ident[EI_DATA] = ELFDATA2LSB;
    elf.head.e_ident[EI_VERSION] = EV_CURRENT;
    elf.head.e_type = ET_EXEC;
    elf.head.e_machine = EM_X86_64;
    elf.head.e_version = EV_CURRENT;
    elf.head.e_entry = base + G_STRUCT_OFFSET(__typeof__(elf), code);
    elf.head.e_phoff = sizeof elf.head;
    elf.head.e_ehsize = sizeof elf.head;
    elf.head.e_phentsize = sizeof elf.load;
    elf.head.e_phnum = 1;
    elf.load.p_type = PT_LOAD;
    elf.load.p_flags = PF_R | PF_X;
    elf.load.p_vaddr = base;
    elf.load.p_filesz = elf.load.p_memsz = sizeof elf;
    elf.load.p_align = 0x1000;
    memcpy(elf.code, init_code, sizeof init_code);
    memcpy(elf.code + sizeof init_code, HEARD "\n", sizeof HEARD "\n");
    append_member(cpio, "init", 0100755, &elf, sizeof elf);
    append_member(cpio, "TRAILER!!!", 0, "", 0);
    return memory_file("initramfs", cpio->data, cpio->len, error);
}

static GPtrArray *make_argv(const TrialBoot *boot, int fd)
{
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *file = g_strdup_printf("/proc/self/fd/%d", fd);
    const char *fixed[] = {TRIAL_QEMU, "-nodefaults",  "-no-user-config",
                           "-display", "none",         "-no-reboot",
                           "-m",       "128",          "-machine",
                           "pc",       "-accel",       boot->accel,
                           "-cpu",     boot->cpu,      "-serial",
                           "stdio",    "-monitor",     "none",
                           "-sandbox", "on,spawn=deny"};

    for (size_t i = 0; i < G_N_ELEMENTS(fixed); i++)
        g_ptr_array_add(argv, g_strdup(fixed[i]));
    /* QEMU opens /dev/kvm and its files as root, then becomes the account. */
    if (geteuid() == 0 && accounts_find(ACCOUNTS_QEMU, NULL, NULL)) {
        g_ptr_array_add(argv, g_strdup("-runas"));
        g_ptr_array_add(argv, g_strdup(ACCOUNTS_QEMU));
    }
    if (boot->kernel) {
        const char *linux_args[] = {
            "-kernel", boot->kernel, "-initrd",
            file,      "-append",    "console=ttyS0 quiet panic=-1 rdinit=/init"};
        for (size_t i = 0; i < G_N_ELEMENTS(linux_args); i++)
            g_ptr_array_add(argv, g_strdup(linux_args[i]));
    } else {
        g_ptr_array_add(argv, g_strdup("-drive"));
        g_ptr_array_add(argv, g_strdup_printf("file=%s,format=raw,if=ide,snapshot=off,"
                                              "cache=unsafe,file.locking=off",
                                              file));
    }
    g_ptr_array_add(argv, NULL);
    return argv;
}

/* Starts QEMU with its output (the guest's console) and its errors on one pipe. */
static pid_t start(const TrialBoot *boot, int guest, int *output, GError **error)
{
    g_autoptr(GPtrArray) argv = make_argv(boot, guest);
    g_autofree char *program = g_find_program_in_path(TRIAL_QEMU);
    int fds[2];

    if (!program) {
        g_set_error(error, HOST_ERROR, HOST_ERROR_PROGRAM,
                    "trial boot: %s is not installed: apt install qemu-system-x86",
                    TRIAL_QEMU);
        return -1;
    }
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    pid_t pid = null >= 0 && pipe2(fds, O_CLOEXEC) == 0 ? fork() : -1;
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        /* QEMU aborts where KVM lacks an MSR: no core file for that. */
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        fcntl(guest, F_SETFD, 0);
        dup2(null, STDIN_FILENO);
        dup2(fds[1], STDOUT_FILENO);
        dup2(fds[1], STDERR_FILENO);
        execv(program, (char **)argv->pdata);
        _exit(127);
    }
    if (pid < 0)
        g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED, "trial boot: start %s: %s",
                    program, g_strerror(errno));
    if (null >= 0)
        close(null);
    if (pid > 0) {
        close(fds[1]);
        *output = fds[0];
    }
    return pid;
}

/* Reads until the guest is heard, QEMU ends (TRUE in *ended) or time is up. */
static gboolean listen_for_guest(int output, gint64 deadline, GString *seen,
                                 gboolean *ended)
{
    char buffer[4096];

    *ended = FALSE;
    for (;;) {
        gint64 left = deadline - g_get_monotonic_time();
        struct pollfd poller = {output, POLLIN, 0};
        if (left <= 0 || seen->len > OUTPUT_MAX)
            return FALSE;
        if (poll(&poller, 1, (int)(left / 1000) + 1) <= 0)
            continue;
        ssize_t got = read(output, buffer, sizeof buffer);
        if (got <= 0) {
            *ended = TRUE;
            return FALSE;
        }
        for (ssize_t i = 0; i < got; i++)
            if (buffer[i]) /* seen stays a C string */
                g_string_append_c(seen, buffer[i]);
        if (strstr(seen->str, HEARD))
            return TRUE;
    }
}

/*
 * The last line that holds anything, printable and short; without QEMU's own words
 * (they begin with its name) if only the guest's are wanted.
 */
static char *last_line(const GString *seen, gboolean guest_only)
{
    g_auto(GStrv) lines = g_strsplit_set(seen->str, "\r\n", -1);
    const char *last = "";

    for (guint i = 0; lines[i]; i++)
        if (*g_strstrip(lines[i]) &&
            !(guest_only && g_str_has_prefix(lines[i], TRIAL_QEMU)))
            last = lines[i];
    char *line = g_strndup(last, 200);
    for (char *c = line; *c; c++)
        if (!g_ascii_isprint(*c))
            *c = '?';
    return line;
}

static char *explain(const TrialBoot *boot, const GString *seen, gboolean ended)
{
    const char *guest = boot->kernel ? "a kernel" : "a boot sector";
    g_autofree char *line = last_line(seen, !ended);

    if (ended)
        return g_strdup_printf("QEMU ended while booting %s with %s, cpu %s: %s", guest,
                               boot->accel, boot->cpu, *line ? line : "no message");
    if (!*line)
        return g_strdup_printf("%s booted with %s, cpu %s, stayed silent for %.1f s",
                               guest, boot->accel, boot->cpu, boot->limit_us / 1e6);
    return g_strdup_printf("%s booted with %s, cpu %s, did not get through in %.1f s; "
                           "last: %s",
                           guest, boot->accel, boot->cpu, boot->limit_us / 1e6, line);
}

gboolean trial_boot(const TrialBoot *boot, char **why, GError **error)
{
    g_autoptr(GString) seen = g_string_new(NULL);
    gint64 deadline = g_get_monotonic_time() + boot->limit_us;
    gboolean ended = FALSE;
    int output = -1;

    *why = NULL;
    int guest = boot->kernel ? make_initramfs(error) : make_sector(error);
    if (guest < 0)
        return FALSE;
    pid_t pid = start(boot, guest, &output, error);
    close(guest);
    if (pid < 0)
        return FALSE;
    gboolean heard = listen_for_guest(output, deadline, seen, &ended);
    kill(pid, SIGKILL);
    close(output);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    if (!heard)
        *why = explain(boot, seen, ended);
    return heard;
}
