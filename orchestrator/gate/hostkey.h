/* The gate's own ssh host key: Ed25519, made once a drill. */
#ifndef PARRY_GATE_HOSTKEY_H
#define PARRY_GATE_HOSTKEY_H

#include <glib.h>

#define HOSTKEY_ERROR (hostkey_error_quark())
GQuark hostkey_error_quark(void);

/*
 * Makes the key file (OpenSSH format, 0600) where it is not there; one that is there is
 * left alone and must be readable as a private key. The fingerprint is what OpenSSH
 * shows, "SHA256:…"; free with g_free(). NULL with an error otherwise.
 */
char *hostkey_ensure(const char *path, GError **error);

#endif
