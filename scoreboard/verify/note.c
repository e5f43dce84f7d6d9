#include "verify.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_LEN 32
#define SIGNATURE_LEN 64
#define ID_LEN ((size_t)4)

/* Decodes base64 of a known decoded length; trailing '=' as it must be. */
static bool base64_read(const char *text, size_t text_len, uint8_t *out, size_t len)
{
    uint8_t buf[192];
    size_t padding = (3 - len % 3) % 3;
    int n;

    if (text_len != (len + 2) / 3 * 4 || text_len / 4 * 3 > sizeof buf)
        return false;
    n = EVP_DecodeBlock(buf, (const unsigned char *)text, (int)text_len);
    if (n < 0 || (size_t)n != len + padding)
        return false;
    memcpy(out, buf, len);
    return true;
}

struct key {
    char name[128];
    uint8_t id[ID_LEN], public[KEY_LEN];
};

/* "NAME+hash+base64(1, key)" */
static bool key_read(const char *text, struct key *key)
{
    const char *first = strchr(text, '+'),
               *second = first ? strchr(first + 1, '+') : NULL;
    uint8_t typed[1 + KEY_LEN], digest[HASH_LEN];
    char id[2 * ID_LEN + 1];
    struct sha256 *sha;

    if (!second || second - first - 1 != 2 * ID_LEN ||
        (size_t)(first - text) >= sizeof key->name)
        return false;
    memcpy(id, first + 1, 2 * ID_LEN);
    id[2 * ID_LEN] = '\0';
    memcpy(key->name, text, (size_t)(first - text));
    key->name[first - text] = '\0';
    if (!hex_read(id, key->id, ID_LEN) ||
        !base64_read(second + 1, strlen(second + 1), typed, sizeof typed) ||
        typed[0] != 1)
        return false;
    memcpy(key->public, typed + 1, KEY_LEN);
    sha = sha256_new();
    sha256_add(sha, key->name, strlen(key->name));
    sha256_add(sha, "\n", 1);
    sha256_add(sha, typed, sizeof typed);
    sha256_end(sha, digest);
    sha256_free(sha);
    return memcmp(digest, key->id, ID_LEN) == 0;
}

static bool signed_by(const struct key *key, const char *text, size_t len,
                      const uint8_t *signature)
{
    EVP_PKEY *pkey =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->public, KEY_LEN);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = pkey && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
              EVP_DigestVerify(ctx, signature, SIGNATURE_LEN, (const unsigned char *)text,
                               len) == 1;

    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return ok;
}

/* Any line "— NAME base64(id, signature)" after the empty line. */
static bool any_signature(const struct key *key, const char *note, const char *gap)
{
    static const char dash[] = "\xe2\x80\x94 ";
    uint8_t raw[ID_LEN + SIGNATURE_LEN];
    size_t name_len = strlen(key->name);

    for (const char *line = gap + 2; *line;) {
        const char *end = strchrnul(line, '\n'), *name = line + strlen(dash);

        if (strncmp(line, dash, strlen(dash)) == 0 &&
            strncmp(name, key->name, name_len) == 0 && name[name_len] == ' ' &&
            base64_read(name + name_len + 1, (size_t)(end - (name + name_len + 1)), raw,
                        sizeof raw) &&
            memcmp(raw, key->id, ID_LEN) == 0 &&
            signed_by(key, note, (size_t)(gap + 1 - note), raw + ID_LEN))
            return true;
        line = *end ? end + 1 : end;
    }
    return false;
}

/* The text must be exactly what these three say. */
static bool says(const char *note, const char *gap, const char *origin, int64_t size,
                 const char *root)
{
    uint8_t digest[HASH_LEN];
    unsigned char base64[64];
    char *expected = NULL;
    bool same;

    if (!hex_read(root, digest, HASH_LEN))
        return false;
    EVP_EncodeBlock(base64, digest, HASH_LEN);
    if (asprintf(&expected, "%s\n%lld\n%s\n", origin, (long long)size, base64) < 0)
        abort();
    same = strlen(expected) == (size_t)(gap + 1 - note) &&
           memcmp(expected, note, strlen(expected)) == 0;
    free(expected);
    return same;
}

const char *note_check(const char *note, const char *key_text, const char *origin,
                       int64_t size, const char *root)
{
    const char *gap = strstr(note, "\n\n");
    struct key key;

    if (!key_read(key_text, &key))
        return "the verifier key is not one";
    if (!gap)
        return "its note has no signature";
    if (!any_signature(&key, note, gap))
        return "its signature does not hold";
    if (!says(note, gap, origin, size, root))
        return "its note says another origin, size or root than the event";
    return NULL;
}
