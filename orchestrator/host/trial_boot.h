/* One boot of the trial: a QEMU of our own, a guest of a few bytes, a time limit. */
#ifndef PARRY_HOST_TRIAL_BOOT_H
#define PARRY_HOST_TRIAL_BOOT_H

#include <glib.h>

#define TRIAL_QEMU "qemu-system-x86_64"

/* How to boot; a boot sector of ours when kernel is NULL. */
typedef struct {
    const char *accel;  /* QEMU's name: "kvm" or "tcg" */
    const char *cpu;    /* QEMU's name of the processor model */
    const char *kernel; /* path of a Linux kernel (bzImage), or NULL */
    gint64 limit_us;
} TrialBoot;

/*
 * Boots, listens on the serial console and kills QEMU. TRUE if the guest was heard in
 * time. Otherwise *why (free it) says what happened instead; error is set, and *why is
 * NULL, only where the trial itself could not be made.
 */
gboolean trial_boot(const TrialBoot *boot, char **why, GError **error);

#endif
