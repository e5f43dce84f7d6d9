#include "agents/wire/base64.h"

#include <stdbool.h>
#include <stdint.h>

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encoded_size(size_t n)
{
    return (n + 2) / 3 * 4;
}

size_t base64_decoded_max(size_t len)
{
    return len / 4 * 3;
}

size_t base64_encode(const void *bytes, size_t n, char *out)
{
    const unsigned char *in = bytes;
    char *o = out;

    for (; n > 0; in += 3) {
        uint32_t group = (uint32_t)in[0] << 16;
        group |= n > 1 ? (uint32_t)in[1] << 8 : 0;
        group |= n > 2 ? in[2] : 0;
        *o++ = digits[group >> 18];
        *o++ = digits[group >> 12 & 63];
        *o++ = n > 1 ? digits[group >> 6 & 63] : '=';
        *o++ = n > 2 ? digits[group & 63] : '=';
        n -= n > 3 ? 3 : n;
    }
    *o = '\0';
    return (size_t)(o - out);
}

static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

ssize_t base64_decode(const char *text, size_t len, unsigned char *out)
{
    size_t n = 0;

    if (len % 4 != 0)
        return -1;
    for (size_t i = 0; i < len; i += 4) {
        bool last = i + 4 == len;
        int pad = last ? (text[i + 3] == '=') + (text[i + 2] == '=') : 0;
        if (pad == 2 && text[i + 3] != '=')
            return -1;
        uint32_t group = 0;
        for (int j = 0; j < 4; j++) {
            int value = j >= 4 - pad ? 0 : digit_value(text[i + (size_t)j]);
            if (value < 0)
                return -1;
            group = group << 6 | (uint32_t)value;
        }
        /* Bits that the padding leaves over must be zero: one text for each value. */
        if ((pad == 1 && (group & 0xff)) || (pad == 2 && (group & 0xffff)))
            return -1;
        out[n++] = (unsigned char)(group >> 16);
        if (pad < 2)
            out[n++] = (unsigned char)(group >> 8);
        if (pad < 1)
            out[n++] = (unsigned char)group;
    }
    return (ssize_t)n;
}
