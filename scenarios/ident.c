#include "scenarios/base/cjson.h"
#include "scenarios/loader.h"

#include <string.h>

/* Namespace of drills that have no UUID of their own yet: drawn once, fixed for ever. */
#define PARRY_NAMESPACE "8f0b5d0e-6a0c-4c7c-9d5e-3b1f5a0c2e77"

/* The 16 bytes of a UUID's text form. */
static gboolean uuid_bytes(const char *text, guint8 out[16])
{
    gsize n = 0;

    if (strlen(text) != 36)
        return FALSE;
    for (gsize i = 0; i < 36;) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text[i++] != '-')
                return FALSE;
            continue;
        }
        int high = g_ascii_xdigit_value(text[i]), low = g_ascii_xdigit_value(text[i + 1]);
        if (high < 0 || low < 0)
            return FALSE;
        out[n++] = (guint8)(high << 4 | low);
        i += 2;
    }
    return TRUE;
}

/* RFC 9562, section 5.5: SHA-1 over the namespace's bytes and the name. */
char *ident_uuid5(const char *space_uuid, const char *name)
{
    guint8 space[16], d[20];
    gsize len = sizeof d;

    if (!uuid_bytes(space_uuid, space))
        return NULL;
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA1);
    g_checksum_update(sum, space, sizeof space);
    g_checksum_update(sum, (const guchar *)name, (gssize)strlen(name));
    g_checksum_get_digest(sum, d, &len);
    g_checksum_free(sum);
    d[6] = (d[6] & 0x0f) | 0x50;
    d[8] = (d[8] & 0x3f) | 0x80;
    return g_strdup_printf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
                           "%02x%02x%02x%02x%02x%02x",
                           d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9],
                           d[10], d[11], d[12], d[13], d[14], d[15]);
}

char *ident_drill_uuid(const char *name)
{
    return ident_uuid5(PARRY_NAMESPACE, name);
}

void ident_mac(const char *drill_uuid, const char *host_id, int nic, int attempt,
               char mac[18])
{
    char hex[65];
    g_autofree char *text =
        g_strdup_printf("%s/mac/%s/%d/%d", drill_uuid, host_id, nic, attempt);

    cjson_sha256_bytes(text, strlen(text), hex);
    g_snprintf(mac, 18, "52:54:00:%.2s:%.2s:%.2s", hex, hex + 2, hex + 4);
}

char *ident_bridge(const char *drill_uuid, guint index)
{
    char hex[65];

    cjson_sha256_bytes(drill_uuid, strlen(drill_uuid), hex);
    return g_strdup_printf("pr%.6sn%u", hex, index);
}

/* Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014. */
static guint64 splitmix64(guint64 *state)
{
    guint64 z = *state += G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

gint64 ident_draw(const char *drill, gint64 seed, const char *name, gint64 max)
{
    char hex[65];
    g_autofree char *text =
        g_strdup_printf("%s\n%" G_GINT64_FORMAT "\n%s", drill, seed, name);

    if (max <= 0)
        return 0;
    cjson_sha256_bytes(text, strlen(text), hex);
    hex[16] = '\0';
    guint64 state = g_ascii_strtoull(hex, NULL, 16);
    /* At most 10 years of microseconds: the bias of the remainder is below 2^-15. */
    return (gint64)(splitmix64(&state) % ((guint64)max + 1));
}
