/*
 * Canonical JSON: sorted keys, no spaces, integers only, UTF-8; equal values, equal
 * bytes. The subset of RFC 8785 that has no reals.
 */
#ifndef PARRY_SCENARIOS_BASE_CJSON_H
#define PARRY_SCENARIOS_BASE_CJSON_H

#include <glib.h>
#include <jansson.h>

/* The canonical text, or NULL with an error where a real is met; free with g_free(). */
char *cjson_text(const json_t *value, GError **error);
/* Appends the canonical text; FALSE with an error as above. */
gboolean cjson_append(GString *out, const json_t *value, GError **error);
/* SHA-256 of the canonical text, as 64 hex digits into out[65]. */
gboolean cjson_sha256(const json_t *value, char out[65], GError **error);
/* SHA-256 of bytes, as hex. */
void cjson_sha256_bytes(const void *bytes, gsize len, char out[65]);

GQuark cjson_error_quark(void);

#endif
