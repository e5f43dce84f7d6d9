#include "verify.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sha256 {
    EVP_MD *method;
    EVP_MD_CTX *ctx;
};

static void must(int ok)
{
    if (ok == 1)
        return;
    fputs("parry-verify: OpenSSL has no SHA-256\n", stderr);
    exit(2);
}

struct sha256 *sha256_new(void)
{
    struct sha256 *sha = calloc(1, sizeof *sha);

    if (!sha)
        abort();
    sha->method = EVP_MD_fetch(NULL, "SHA256", NULL);
    sha->ctx = EVP_MD_CTX_new();
    must(sha->method && sha->ctx);
    sha256_reset(sha);
    return sha;
}

void sha256_reset(struct sha256 *sha)
{
    must(EVP_DigestInit_ex2(sha->ctx, sha->method, NULL));
}

void sha256_add(struct sha256 *sha, const void *bytes, size_t len)
{
    must(EVP_DigestUpdate(sha->ctx, bytes, len));
}

void sha256_end(struct sha256 *sha, uint8_t out[HASH_LEN])
{
    must(EVP_DigestFinal_ex(sha->ctx, out, NULL));
    sha256_reset(sha);
}

void sha256_free(struct sha256 *sha)
{
    EVP_MD_CTX_free(sha->ctx);
    EVP_MD_free(sha->method);
    free(sha);
}

void hex_of(const uint8_t *bytes, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    out[2 * len] = '\0';
}

bool hex_read(const char *text, uint8_t *bytes, size_t len)
{
    if (strlen(text) != 2 * len || strspn(text, "0123456789abcdef") != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};
        bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return true;
}
