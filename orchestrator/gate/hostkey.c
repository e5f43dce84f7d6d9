#include "orchestrator/gate/hostkey.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <libssh/libssh.h>
#include <sys/stat.h>
#include <unistd.h>

G_DEFINE_QUARK(parry - hostkey - error - quark, hostkey_error)

static char *fingerprint(ssh_key key)
{
    unsigned char *hash = NULL;
    size_t len = 0;
    char *text = NULL, *copy = NULL;

    if (ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &len) == SSH_OK)
        text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, len);
    copy = g_strdup(text);
    ssh_string_free_char(text);
    ssh_clean_pubkey_hash(&hash);
    return copy;
}

/* Written beside and renamed: a key file is whole or not there. */
static gboolean make_key(const char *path, GError **error)
{
    g_autofree char *fresh = g_strconcat(path, ".new", NULL);
    mode_t old = umask(0077);
    ssh_key key = NULL;
    gboolean ok = ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key) == SSH_OK;

    if (!ok)
        g_set_error(error, HOSTKEY_ERROR, 0, "host key %s: libssh could not make one",
                    path);
    else if (!(ok = (g_unlink(fresh) == 0 || errno == ENOENT) &&
                    ssh_pki_export_privkey_file(key, NULL, NULL, NULL, fresh) == SSH_OK))
        g_set_error(error, HOSTKEY_ERROR, 0,
                    "host key %s: cannot be written: does its directory exist and belong "
                    "to you?",
                    path);
    else if (!(ok = rename(fresh, path) == 0))
        g_set_error(error, HOSTKEY_ERROR, 0, "host key %s: rename: %s", path,
                    g_strerror(errno));
    umask(old);
    ssh_key_free(key);
    return ok;
}

char *hostkey_ensure(const char *path, GError **error)
{
    ssh_key key = NULL;

    if (!g_file_test(path, G_FILE_TEST_EXISTS) && !make_key(path, error))
        return NULL;
    if (ssh_pki_import_privkey_file(path, NULL, NULL, NULL, &key) != SSH_OK) {
        g_set_error(error, HOSTKEY_ERROR, 0,
                    "host key %s: no private key that can be read without a passphrase: "
                    "remove it to have a new one made",
                    path);
        return NULL;
    }
    char *text = fingerprint(key);
    ssh_key_free(key);
    if (!text)
        g_set_error(error, HOSTKEY_ERROR, 0, "host key %s: no fingerprint", path);
    return text;
}
