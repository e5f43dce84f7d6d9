#include "scoreboard/checkpoint.h"

#include "scoreboard/merkle.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_BYTES 32
#define SIGNATURE_BYTES 64
#define HASH_BYTES 4
#define ALG_ED25519 0x01
#define EM_DASH "\xe2\x80\x94"

G_DEFINE_QUARK(parry - checkpoint - error - quark, checkpoint_error)

struct CheckpointKey {
    EVP_PKEY *ck_key;
    guint8 ck_public[KEY_BYTES];
};

void checkpoint_key_free(CheckpointKey *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->ck_key);
    g_free(key);
}

/* Takes pkey over, also on failure. */
static CheckpointKey *key_of(EVP_PKEY *pkey, const char *path, GError **error)
{
    guint8 public[KEY_BYTES];
    size_t len = KEY_BYTES;
    CheckpointKey *key;

    if (EVP_PKEY_get_id(pkey) != EVP_PKEY_ED25519 ||
        EVP_PKEY_get_raw_public_key(pkey, public, &len) != 1 || len != KEY_BYTES) {
        g_set_error(error, CHECKPOINT_ERROR, CHECKPOINT_ERROR_KEY,
                    "key %s: it is not an Ed25519 key", path);
        EVP_PKEY_free(pkey);
        return NULL;
    }
    key = g_new0(CheckpointKey, 1);
    key->ck_key = pkey;
    memcpy(key->ck_public, public, KEY_BYTES);
    return key;
}

static CheckpointKey *load(const char *path, int fd, GError **error)
{
    struct stat st;
    FILE *file = fdopen(fd, "r");
    EVP_PKEY *pkey;

    if (!file || fstat(fd, &st) < 0) {
        g_set_error(error, CHECKPOINT_ERROR, CHECKPOINT_ERROR_KEY, "key %s: read: %s",
                    path, g_strerror(errno));
        if (file)
            fclose(file);
        else
            close(fd);
        return NULL;
    }
    if (st.st_mode & 077) {
        g_set_error(
            error, CHECKPOINT_ERROR, CHECKPOINT_ERROR_KEY,
            "key %s: others can read it (mode %04o); chmod 600 it, or remove it to "
            "have a new one made",
            path, st.st_mode & 07777);
        fclose(file);
        return NULL;
    }
    pkey = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    if (!pkey) {
        g_set_error(error, CHECKPOINT_ERROR, CHECKPOINT_ERROR_KEY,
                    "key %s: it holds no private key in PEM form", path);
        return NULL;
    }
    return key_of(pkey, path, error);
}

/* Writes to a file of its own first: a key that was cut short must never be found. */
static gboolean write_key(const char *path, EVP_PKEY *pkey, GError **error)
{
    g_autofree char *temp = g_strconcat(path, ".new", NULL);
    int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    gboolean ok;

    if (!file) {
        g_set_error(error, CHECKPOINT_ERROR, CHECKPOINT_ERROR_KEY, "key %s: create: %s",
                    path, g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return FALSE;
    }
    ok = fchmod(fd, 0600) == 0 &&
         PEM_write_PrivateKey(file, pkey, NULL, NULL, 0, NULL, NULL) == 1 &&
         fflush(file) == 0 && fsync(fd) == 0;
    ok = fclose(file) == 0 && ok;
    if (ok && rename(temp, path) == 0)
        return TRUE;
    g_set_error(error, CHECKPOINT_ERROR, CHECKPOINT_ERROR_KEY, "key %s: write: %s", path,
                g_strerror(errno));
    unlink(temp);
    return FALSE;
}

CheckpointKey *checkpoint_key_load_or_make(const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    EVP_PKEY *pkey;

    if (fd >= 0)
        return load(path, fd, error);
    if (errno != ENOENT) {
        g_set_error(error, CHECKPOINT_ERROR, CHECKPOINT_ERROR_KEY, "key %s: open: %s",
                    path, g_strerror(errno));
        return NULL;
    }
    pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (!pkey) {
        g_set_error(error, CHECKPOINT_ERROR, CHECKPOINT_ERROR_KEY,
                    "key %s: OpenSSL makes no Ed25519 key", path);
        return NULL;
    }
    if (!write_key(path, pkey, error)) {
        EVP_PKEY_free(pkey);
        return NULL;
    }
    return key_of(pkey, path, error);
}

char *checkpoint_origin(const char *uuid)
{
    return g_strconcat("parry/", uuid, NULL);
}

static void key_hash(const char *name, const guint8 public[KEY_BYTES],
                     guint8 out[HASH_BYTES])
{
    g_autofree char *head = g_strdup_printf("%s\n", name);
    guint8 tail[1 + KEY_BYTES] = {ALG_ED25519}, digest[32];

    memcpy(tail + 1, public, KEY_BYTES);
    merkle_sha256(head, strlen(head), tail, sizeof tail, digest);
    memcpy(out, digest, HASH_BYTES);
}

char *checkpoint_key_public(const CheckpointKey *key, const char *origin)
{
    guint8 hash[HASH_BYTES], tail[1 + KEY_BYTES] = {ALG_ED25519};
    char hex[2 * HASH_BYTES + 1];
    g_autofree char *base64 = NULL;

    memcpy(tail + 1, key->ck_public, KEY_BYTES);
    key_hash(origin, key->ck_public, hash);
    merkle_hex(hash, sizeof hash, hex);
    base64 = g_base64_encode(tail, sizeof tail);
    return g_strdup_printf("%s+%s+%s", origin, hex, base64);
}

static gboolean sign(const CheckpointKey *key, const char *text,
                     guint8 out[SIGNATURE_BYTES])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t len = SIGNATURE_BYTES;
    gboolean ok =
        ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key->ck_key) == 1 &&
        EVP_DigestSign(ctx, out, &len, (const guint8 *)text, strlen(text)) == 1 &&
        len == SIGNATURE_BYTES;

    EVP_MD_CTX_free(ctx);
    return ok;
}

char *checkpoint_note(const CheckpointKey *key, const char *origin, gint64 size,
                      const char *root, GError **error)
{
    guint8 digest[32], signature[HASH_BYTES + SIGNATURE_BYTES];
    g_autofree char *root64 = NULL, *text = NULL, *signature64 = NULL;

    if (!merkle_unhex(root, digest, sizeof digest)) {
        g_set_error(error, CHECKPOINT_ERROR, CHECKPOINT_ERROR_FORMAT,
                    "checkpoint of %s: the root is not 64 hex digits", origin);
        return NULL;
    }
    root64 = g_base64_encode(digest, sizeof digest);
    text = g_strdup_printf("%s\n%" G_GINT64_FORMAT "\n%s\n", origin, size, root64);
    key_hash(origin, key->ck_public, signature);
    if (!sign(key, text, signature + HASH_BYTES)) {
        g_set_error(error, CHECKPOINT_ERROR, CHECKPOINT_ERROR_KEY,
                    "checkpoint of %s: OpenSSL does not sign", origin);
        return NULL;
    }
    signature64 = g_base64_encode(signature, sizeof signature);
    return g_strdup_printf("%s\n" EM_DASH " %s %s\n", text, origin, signature64);
}

/* ---- verification ---- */

static gboolean bad_format(GError **error, const char *what)
{
    g_set_error(error, CHECKPOINT_ERROR, CHECKPOINT_ERROR_FORMAT, "checkpoint: %s", what);
    return FALSE;
}

/* NAME+hash+base64; *name is the caller's. */
static gboolean parse_verifier(const char *text, char **name, guint8 public[KEY_BYTES],
                               guint8 hash[HASH_BYTES], GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, "+", 3); /* base64 may hold a + itself */
    g_autofree guchar *bytes = NULL;
    guint8 expected[HASH_BYTES];
    gsize len = 0;

    if (g_strv_length(parts) != 3 || !merkle_unhex(parts[1], hash, HASH_BYTES))
        return bad_format(error, "the verifier key is not NAME+hash+key");
    bytes = g_base64_decode(parts[2], &len);
    if (len != 1 + KEY_BYTES || bytes[0] != ALG_ED25519)
        return bad_format(error, "the verifier key is not one of Ed25519");
    memcpy(public, bytes + 1, KEY_BYTES);
    key_hash(parts[0], public, expected);
    if (memcmp(expected, hash, HASH_BYTES) != 0)
        return bad_format(error, "the verifier key's hash is not that of its key");
    *name = g_strdup(parts[0]);
    return TRUE;
}

static gboolean signature_holds(const guint8 public[KEY_BYTES], const char *text,
                                gsize len, const guint8 signature[SIGNATURE_BYTES])
{
    EVP_PKEY *pkey =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public, KEY_BYTES);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    gboolean ok =
        pkey && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
        EVP_DigestVerify(ctx, signature, SIGNATURE_BYTES, (const guint8 *)text, len) == 1;

    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return ok;
}

/* Looks for a line "— NAME base64" whose signature holds; others are of other witnesses.
 */
static gboolean any_signature(const char *lines, const char *name,
                              const guint8 public[KEY_BYTES],
                              const guint8 hash[HASH_BYTES], const char *text,
                              gsize text_len)
{
    g_autofree char *prefix = g_strdup_printf(EM_DASH " %s ", name);
    g_auto(GStrv) all = g_strsplit(lines, "\n", 64);

    for (char **line = all; *line; line++) {
        g_autofree guchar *bytes = NULL;
        gsize len = 0;

        if (!g_str_has_prefix(*line, prefix))
            continue;
        bytes = g_base64_decode(*line + strlen(prefix), &len);
        if (len == HASH_BYTES + SIGNATURE_BYTES && memcmp(bytes, hash, HASH_BYTES) == 0 &&
            signature_holds(public, text, text_len, bytes + HASH_BYTES))
            return TRUE;
    }
    return FALSE;
}

static gboolean parse_text(const char *text, gsize len, const char *name, gint64 *size,
                           char root[65], GError **error)
{
    g_autofree char *copy = g_strndup(text, len);
    g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);
    g_autofree guchar *digest = NULL;
    gsize digest_len = 0;
    gint64 value;
    char *end;

    if (g_strv_length(lines) < 4 || strcmp(lines[0], name) != 0)
        return bad_format(error, "it is not of this origin");
    value = g_ascii_strtoll(lines[1], &end, 10);
    if (*end || !*lines[1] || value < 0)
        return bad_format(error, "its size is not a number");
    digest = g_base64_decode(lines[2], &digest_len);
    if (digest_len != 32)
        return bad_format(error, "its root is not 32 bytes");
    if (size)
        *size = value;
    if (root)
        merkle_hex(digest, 32, root);
    return TRUE;
}

gboolean checkpoint_verify(const char *note, const char *verifier_key, gint64 *size,
                           char root[65], GError **error)
{
    g_autofree char *name = NULL;
    guint8 public[KEY_BYTES], hash[HASH_BYTES];
    const char *gap = strstr(note, "\n\n");

    if (!parse_verifier(verifier_key, &name, public, hash, error))
        return FALSE;
    if (!gap)
        return bad_format(error, "there is no empty line between text and signatures");
    /* The signature covers the text with its last newline. */
    if (!any_signature(gap + 2, name, public, hash, note, (gsize)(gap + 1 - note))) {
        g_set_error(error, CHECKPOINT_ERROR, CHECKPOINT_ERROR_SIGNATURE,
                    "checkpoint: no signature of %s holds", name);
        return FALSE;
    }
    return parse_text(note, (gsize)(gap + 1 - note), name, size, root, error);
}
