#include "orchestrator/sandbox/profiles.h"

#include <seccomp.h>
#include <sys/ioctl.h>

#define ALLOW(call)                                                                      \
    {                                                                                    \
        SCMP_SYS(call), CALL_ALLOW, 0                                                    \
    }
#define NO_EXEC(call)                                                                    \
    {                                                                                    \
        SCMP_SYS(call), CALL_NO_EXEC, 0                                                  \
    }
#define NOENT(call)                                                                      \
    {                                                                                    \
        SCMP_SYS(call), CALL_NOENT, 0                                                    \
    }
#define ONLY(call, arg)                                                                  \
    {                                                                                    \
        SCMP_SYS(call), CALL_ARG1, (arg)                                                 \
    }
#define SELF(call)                                                                       \
    {                                                                                    \
        SCMP_SYS(call), CALL_SELF, 0                                                     \
    }

/* What any C program needs that has opened everything it will ever open. */
static const ProfileCall base_calls[] = {
    ALLOW(read),       /* bytes from guests, browsers, parryd */
    ALLOW(write),      /* answers; words on standard error */
    ALLOW(close),      /* a connection ended */
    ALLOW(recvmsg),    /* records from parryd (descriptors come with them) */
    ALLOW(sendmsg),    /* records to parryd */
    ALLOW(epoll_wait), /* libevent's wait; which of these is libc's and the kernel's
                          choice */
    ALLOW(epoll_pwait),
    ALLOW(epoll_pwait2),
    ALLOW(epoll_ctl),       /* watch and forget a descriptor */
    ALLOW(brk),             /* malloc */
    NO_EXEC(mmap),          /* malloc of large blocks */
    ALLOW(munmap),          /* free of large blocks */
    ALLOW(mremap),          /* realloc of large blocks */
    ALLOW(madvise),         /* malloc gives pages back */
    ALLOW(futex),           /* locks inside libc */
    ALLOW(clock_gettime),   /* where the vdso cannot answer */
    ALLOW(gettimeofday),    /* likewise */
    ALLOW(restart_syscall), /* after a stop and continue */
    ALLOW(rt_sigreturn),    /* end of a signal handler */
    ALLOW(rt_sigprocmask),  /* abort(), and libevent around handlers */
    ALLOW(getpid),          /* abort(), logging */
    ALLOW(gettid),          /* abort() */
    SELF(tgkill),           /* abort(); other processes of the account are out of reach */
    ALLOW(exit_group),      /* the end */
    ALLOW(exit),
};

/* parry-hub: reads and writes through plain read(2) and write(2), takes connections. */
static const ProfileCall hub_calls[] = {
    ALLOW(accept4), /* QEMU connects to a listener that parryd handed over */
    ALLOW(writev),  /* evbuffer: lines to a guest */
};

/*
 * parry-board: a small HTTP server. It is given the listener and one connected socket to
 * parryd. It never connects itself: when parryd goes, that socket ends, so does the
 * board, and the next parryd starts another; so the profile has neither socket nor
 * connect.
 */
static const ProfileCall board_calls[] = {
    ALLOW(accept4),        /* browsers */
    ALLOW(accept),         /* likewise, by older libevent */
    ALLOW(readv),          /* evbuffer */
    ALLOW(writev),         /* evbuffer */
    ALLOW(recvfrom),       /* recv() */
    ALLOW(sendto),         /* send() */
    ONLY(ioctl, FIONREAD), /* evbuffer asks how much to read */
    ALLOW(fcntl),          /* O_NONBLOCK, FD_CLOEXEC on accepted sockets */
    ALLOW(setsockopt),     /* TCP_NODELAY, SO_KEEPALIVE */
    ALLOW(getsockopt),     /* SO_ERROR */
    ALLOW(getsockname),    /* bufferevent */
    ALLOW(getpeername),    /* who asks */
    ALLOW(shutdown),       /* the end of an answer */
    ALLOW(getrandom),      /* hash seeds */
    ALLOW(poll),           /* the RPC client looks whether more has come */
    ALLOW(ppoll),          /* likewise, where libc has no poll(2) */
    ALLOW(rt_sigaction),   /* libevent puts signal handlers back at the end */
    NO_EXEC(mprotect),     /* malloc arenas */
    NOENT(openat), /* time zones and locales: libraries cope with "no such file" */
    NOENT(open),           NOENT(newfstatat), NOENT(stat),
    NOENT(access),         NOENT(readlink),   ALLOW(fstat), /* stdio on standard error */
};

/* parry-gate's process for one connection: libssh and OpenSSL on top of the board's. */
static const ProfileCall gate_calls[] = {
    ALLOW(select),                         /* libssh */
    ALLOW(pselect6),        ALLOW(pipe2),  /* libssh's wake-up descriptor */
    ALLOW(clock_nanosleep),                /* libssh's patience */
    ALLOW(clock_getres),                   /* OpenSSL's entropy */
    ALLOW(getppid),         ALLOW(getuid), /* libssh asks whose keys */
    ALLOW(geteuid),         ALLOW(getgid),
    ALLOW(getegid),         ALLOW(uname), /* libssh's banner */
    ALLOW(sched_yield),                   /* OpenSSL's locks */
    ALLOW(rt_sigaction),                  /* SIGPIPE */
    ALLOW(sigaltstack),     ALLOW(lseek), /* stdio on standard error */
    ALLOW(getrusage),                     /* OpenSSL's entropy */
    ALLOW(prlimit64),                     /* sysconf() */
    ALLOW(timer_settime),                 /* login deadline */
    ALLOW(setitimer),
};

#ifdef SANDBOX_ASAN
/*
 * What AddressSanitizer itself does: an alternative stack a thread, shadow memory by
 * mprotect, and when it reports, reads of /proc (which is not there) and an abort. The
 * leak check would need ptrace(2) and is off in sandboxed programs: see sandbox.c.
 */
static const ProfileCall asan_calls[] = {
    ALLOW(sigaltstack), ALLOW(sched_yield), ALLOW(rt_sigaction), ALLOW(getrlimit),
    ALLOW(prlimit64),   NO_EXEC(mprotect),  ALLOW(ioctl),        ALLOW(getppid),
    NOENT(openat),      NOENT(open),        NOENT(readlink),     NOENT(readlinkat),
    NOENT(stat),        NOENT(newfstatat),  ALLOW(fstat),        ALLOW(dup),
    ALLOW(sysinfo),     ALLOW(prctl),       ALLOW(getuid),       ALLOW(geteuid),
};
#endif

#define PART(calls)                                                                      \
    {                                                                                    \
        (calls), G_N_ELEMENTS(calls)                                                     \
    }
#ifdef SANDBOX_ASAN
#define LAST                                                                             \
    PART(asan_calls),                                                                    \
    {                                                                                    \
        NULL, 0                                                                          \
    }
#else
#define LAST                                                                             \
    {                                                                                    \
        NULL, 0                                                                          \
    }
#endif

static const ProfilePart hub_parts[] = {PART(base_calls), PART(hub_calls), LAST};
static const ProfilePart board_parts[] = {PART(base_calls), PART(board_calls), LAST};
static const ProfilePart gate_parts[] = {PART(base_calls), PART(board_calls),
                                         PART(gate_calls), LAST};

const ProfilePart *profile_parts(SandboxProfile profile)
{
    switch (profile) {
    case SANDBOX_HUB:
        return hub_parts;
    case SANDBOX_BOARD:
        return board_parts;
    case SANDBOX_GATE:
        return gate_parts;
    }
    g_return_val_if_reached(NULL);
}
