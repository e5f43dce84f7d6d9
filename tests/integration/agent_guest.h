/*
 * A guest in bare QEMU with the real agent in it, its port on a socket of the test's:
 * what the tests of the agent in guests share.
 */
#ifndef PARRY_TESTS_AGENT_GUEST_H
#define PARRY_TESTS_AGENT_GUEST_H

#include "tests/integration/images_rig.h"
#include "tests/unit/agent_host.h"

#include <CUnit/CUnit.h>

enum { BOOT_S = 240, ROW_S = 40 };

#define PLAYER (WIRE_AUID_PLAYER + 1) /* p-7 */

struct guest {
    struct host h;
    RigGuest vm;
    char channel[128];
};

/* What a row must be; NULL and 0: anything. */
struct wanted {
    enum wire_what what;
    enum wire_act act;
    const char *exe, *args, *path, *to, *player;
    enum wire_origin origin;
    int64_t auid, id;
    int exit;
};

/* The static agent of this build. */
const char *guest_agent(void);

/* What is baked into the images: /usr/bin/sees (sees_guest.c). */
GPtrArray *guest_files(void);

/* Boots, waits for hello and observes /srv with the mask --pin and player p-7. */
bool guest_begin(struct guest *g, const ImageResult *image, const char *role,
                 const char *const *args);
/* Shows the rows where something failed. */
void guest_end(struct guest *g);

/* Waits for a hello that nobody took; for the answer to observe. */
bool guest_hello(struct guest *g);
bool guest_observe(struct guest *g);

/* A terminal of player p-7, and what is typed there. */
void guest_terminal(struct guest *g, int64_t id, const char *user);
void guest_type(struct guest *g, int64_t id, const char *line);

/* Waits for a heartbeat with exactly these sources. */
void guest_sources(struct guest *g, int64_t want);

/* Waits for a row; NULL fails the test. */
const struct wire_seen *guest_row(struct guest *g, const char *name,
                                  const struct wanted *w);

#define EXPECT(g, name, ...) guest_row(g, name, &(struct wanted){__VA_ARGS__})

#endif
