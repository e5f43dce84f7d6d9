#include "scoreboard/merkle.h"

#include <openssl/evp.h>
#include <string.h>

/* Fetching SHA-256 anew for each digest costs more than a small digest: fetch it once. */
static EVP_MD *sha256_method(void)
{
    static gsize once;
    static EVP_MD *method;

    if (g_once_init_enter(&once)) {
        method = EVP_MD_fetch(NULL, "SHA256", NULL);
        g_once_init_leave(&once, 1);
    }
    return method;
}

void merkle_sha256(const void *a, gsize a_len, const void *b, gsize b_len, guint8 out[32])
{
    static GPrivate slot = G_PRIVATE_INIT((GDestroyNotify)EVP_MD_CTX_free);
    EVP_MD_CTX *ctx = g_private_get(&slot);

    if (!ctx) {
        ctx = EVP_MD_CTX_new();
        g_private_set(&slot, ctx);
    }
    /* These fail only where OpenSSL itself cannot run: nothing sensible can follow. */
    if (!ctx || EVP_DigestInit_ex2(ctx, sha256_method(), NULL) != 1 ||
        EVP_DigestUpdate(ctx, a, a_len) != 1 ||
        (b_len && EVP_DigestUpdate(ctx, b, b_len) != 1) ||
        EVP_DigestFinal_ex(ctx, out, NULL) != 1)
        g_error("SHA-256 is not available in this OpenSSL");
}

void merkle_init(Merkle *tree)
{
    memset(tree, 0, sizeof *tree);
}

static void join(const guint8 left[32], const guint8 right[32], guint8 out[32])
{
    guint8 buf[65];

    buf[0] = 1;
    memcpy(buf + 1, left, 32);
    memcpy(buf + 33, right, 32);
    merkle_sha256(buf, sizeof buf, NULL, 0, out);
}

void merkle_add(Merkle *tree, const void *data, gsize len)
{
    static const guint8 leaf = 0;
    guint8 hash[32];
    int i = 0;

    merkle_sha256(&leaf, 1, data, len, hash);
    for (; tree->mk_size >> i & 1; i++)
        join(tree->mk_node[i], hash, hash);
    memcpy(tree->mk_node[i], hash, 32);
    tree->mk_size++;
}

void merkle_root(const Merkle *tree, guint8 root[32])
{
    gboolean any = FALSE;

    for (int i = 0; i < 64; i++) {
        if (!(tree->mk_size >> i & 1))
            continue;
        if (any)
            join(tree->mk_node[i], root, root);
        else
            memcpy(root, tree->mk_node[i], 32);
        any = TRUE;
    }
    if (!any)
        merkle_sha256("", 0, NULL, 0, root);
}

void merkle_hex(const guint8 *bytes, gsize len, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (gsize i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * len] = '\0';
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

gboolean merkle_unhex(const char *text, guint8 *bytes, gsize len)
{
    if (strlen(text) != 2 * len)
        return FALSE;
    for (gsize i = 0; i < len; i++) {
        int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return FALSE;
        bytes[i] = (guint8)(high << 4 | low);
    }
    return TRUE;
}
