/*
 * Guests in bare QEMU for the tests of images: software emulation, no libvirt, the serial
 * console into a file.
 */
#ifndef PARRY_TESTS_IMAGES_RIG_H
#define PARRY_TESTS_IMAGES_RIG_H

#include "agents/images/images.h"

#include <sys/types.h>

/* Images are built once and kept for the next run: PARRY_TEST_HOME or
 * /var/tmp/parry-test. */
const char *rig_home(void);
/* Why guests cannot be booted here, or NULL. */
const char *rig_obstacle(void);

/* The stand-in for the agent. */
const char *rig_agent(void);
/* What images_guest.sh is baked in as, and files that it looks at. */
GPtrArray *rig_files(void);
/* images_build() in rig_home(), with a line on the terminal per step; FALSE fails a test.
 */
gboolean rig_build(const char *base, const char *packages, const char *agent,
                   GPtrArray *files, ImageResult *result);

typedef struct {
    pid_t pid;
    char *role, *log;
    const char *channel; /* socket that the agent's port is connected to; NULL: nothing */
    gboolean serves;     /* QEMU listens there, so that a test may come and go at once */
} RigGuest;

/* Boots `initrd` of the image with "parry.test=ROLE"; args: further arguments of QEMU. */
void rig_boot(RigGuest *guest, const ImageResult *image, const char *initrd,
              const char *role, const char *const *args);
/* Sends a command to QEMU's monitor (at "ROLE.monitor" in rig_dir(), see rig_monitor) and
 * waits for its end; FALSE fails a test. */
gboolean rig_command(RigGuest *guest, const char *command, int seconds);
/* Arguments for rig_boot that give the guest that monitor; to be freed. */
char *rig_monitor(const char *role);
/* Waits for a line of the console that contains text. */
gboolean rig_wait(RigGuest *guest, const char *text, int seconds);
/* Waits for the end of images_guest.sh; then each of the words must have been "ok". */
void rig_expect(RigGuest *guest, const char *words, int seconds);
/* Kills the guest and forgets its console; after a failure it is shown. */
void rig_end(RigGuest *guest);

/* A scratch directory of this run, short enough for sockets. */
const char *rig_dir(void);
void rig_clean(void);

#endif
