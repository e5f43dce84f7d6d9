/*
 * The trial boot: does KVM really run a guest on this machine? /dev/kvm may be there
 * and open, and a kernel started with it still hang in silence, so a guest is booted
 * with a time limit and must be heard on its serial console.
 */
#ifndef PARRY_HOST_TRIAL_H
#define PARRY_HOST_TRIAL_H

#include <glib.h>

typedef struct {
    const char *accel; /* "kvm" or "qemu" (emulation), libvirt's domain types; static */
    char *cpu;         /* for kvm "host-passthrough" or a model; for qemu a model */
    char *reason;      /* one sentence, for people */
    gboolean settled;  /* FALSE: KVM ran a boot sector, but no kernel was there to try */
    gboolean cached;   /* the answer comes from accel.json */
} TrialVerdict;

void trial_verdict_free(TrialVerdict *verdict);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TrialVerdict, trial_verdict_free)

/*
 * The verdict for this machine. A settled one is kept in home/host/accel.json for this
 * kernel release, processor model, machine id and QEMU; otherwise a boot sector and
 * then, given the path of a Linux kernel, that kernel with a tiny init of our own are
 * booted with KVM: about 10 s at most, and under 1 s where KVM works. Only a kernel
 * that reached user space yields "kvm". Nothing but QEMU and the kernel file is needed.
 * home may be NULL: then nothing is kept. Errors (HOST_ERROR): no QEMU, no processes.
 */
TrialVerdict *trial_decide(const char *home, const char *kernel, GError **error);

/* The settled verdict kept below home, or NULL if there is none for this machine. */
TrialVerdict *trial_cached(const char *home);

#endif
