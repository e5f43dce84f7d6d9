/*
 * Signed checkpoints: C2SP signed notes (c2sp.org/signed-note, c2sp.org/tlog-checkpoint)
 * over the journal's tree, with an Ed25519 key (RFC 8032).
 *
 *   origin                     "parry/DRILL-UUID", also the key's name
 *   size                       decimal
 *   base64(root)
 *                              an empty line
 *   — origin base64(key hash (4 bytes), signature (64 bytes))
 *
 * The key hash is the first 4 bytes of SHA-256(origin, 0x0A, 0x01, public key).
 */
#ifndef PARRY_SCOREBOARD_CHECKPOINT_H
#define PARRY_SCOREBOARD_CHECKPOINT_H

#include <glib.h>

typedef struct CheckpointKey CheckpointKey;

typedef enum {
    CHECKPOINT_ERROR_KEY,       /* cannot be made, read or used */
    CHECKPOINT_ERROR_FORMAT,    /* not a note or not a verifier key */
    CHECKPOINT_ERROR_SIGNATURE, /* no signature by that key that holds */
} CheckpointError;
#define CHECKPOINT_ERROR (checkpoint_error_quark())
GQuark checkpoint_error_quark(void);

/*
 * Loads the private key at `path`, or makes one where there is none: mode 0600, the
 * folder must exist. A key file that others can read is refused.
 */
CheckpointKey *checkpoint_key_load_or_make(const char *path, GError **error);
void checkpoint_key_free(CheckpointKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CheckpointKey, checkpoint_key_free)

/* "parry/UUID"; g_free(). */
char *checkpoint_origin(const char *uuid);
/* The verifier key "ORIGIN+hash+base64(0x01, public key)": what drill.defined/1
 * publishes. */
char *checkpoint_key_public(const CheckpointKey *key, const char *origin);

/* The whole signed note over the tree of `size` events; root: 64 hex digits. g_free(). */
char *checkpoint_note(const CheckpointKey *key, const char *origin, gint64 size,
                      const char *root, GError **error);

/* Whether the note is signed by that verifier key; what it says into size and root (65
 * bytes), both optional. */
gboolean checkpoint_verify(const char *note, const char *verifier_key, gint64 *size,
                           char root[65], GError **error);

#endif
