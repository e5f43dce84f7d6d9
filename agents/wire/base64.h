/*
 * Base64 of RFC 4648 section 4, strict: no white space, padding required, unused bits
 * zero, so that every byte string has exactly one text.
 */
#ifndef PARRY_WIRE_BASE64_H
#define PARRY_WIRE_BASE64_H

#include <stddef.h>
#include <sys/types.h>

/* Characters that n bytes encode to, without the closing NUL. */
size_t base64_encoded_size(size_t n);

/* An upper bound of the bytes that len characters decode to. */
size_t base64_decoded_max(size_t len);

/*
 * Encodes n bytes into out, which holds base64_encoded_size(n) + 1 characters, and ends
 * it with NUL. Returns the characters written without the NUL.
 */
size_t base64_encode(const void *bytes, size_t n, char *out);

/*
 * Decodes len characters into out, which holds base64_decoded_max(len) bytes. Returns
 * the number of bytes, or -1 where the text is not strict base64.
 */
ssize_t base64_decode(const char *text, size_t len, unsigned char *out);

#endif
