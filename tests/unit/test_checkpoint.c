/*
 * Signed checkpoints, against the published example of the signed-note format and our
 * own.
 */
#include "scoreboard/checkpoint.h"
#include "tests/unit/cunit_main.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOT "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

static char *key_path(void)
{
    g_autofree char *dir = g_dir_make_tmp("parry-key-XXXXXX", NULL);

    return g_build_filename(dir, "journal.key", NULL);
}

static void forget(char *path)
{
    g_autofree char *dir = g_path_get_dirname(path);

    unlink(path);
    rmdir(dir);
    g_free(path);
}

static void a_key_is_made_once_and_kept_private(void)
{
    char *path = key_path();
    g_autoptr(CheckpointKey) one = checkpoint_key_load_or_make(path, NULL);
    g_autoptr(CheckpointKey) two = checkpoint_key_load_or_make(path, NULL);
    g_autoptr(GError) error = NULL;
    GStatBuf st;

    CU_ASSERT_PTR_NOT_NULL_FATAL(one);
    CU_ASSERT_PTR_NOT_NULL_FATAL(two);
    g_autofree char *first = checkpoint_key_public(one, "parry/x");
    g_autofree char *second = checkpoint_key_public(two, "parry/x");
    CU_ASSERT_STRING_EQUAL(first, second);
    CU_ASSERT_EQUAL(g_stat(path, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
    g_chmod(path, 0644);
    CU_ASSERT_PTR_NULL(checkpoint_key_load_or_make(path, &error));
    CU_ASSERT_TRUE(g_error_matches(error, CHECKPOINT_ERROR, CHECKPOINT_ERROR_KEY));
    g_clear_error(&error);
    g_chmod(path, 0600);
    g_file_set_contents(path, "no key", -1, NULL);
    g_chmod(path, 0600);
    CU_ASSERT_PTR_NULL(checkpoint_key_load_or_make(path, &error));
    CU_ASSERT_PTR_NOT_NULL(error);
    g_clear_error(&error);
    CU_ASSERT_PTR_NULL(checkpoint_key_load_or_make("/nonexistent/journal.key", &error));
    CU_ASSERT_PTR_NOT_NULL(error);
    forget(path);
}

static void a_note_verifies_and_says_what_it_said(void)
{
    char *path = key_path(), root[65];
    g_autoptr(CheckpointKey) key = checkpoint_key_load_or_make(path, NULL);
    g_autofree char *origin = checkpoint_origin("7d444840-9dc0-11d1-b245-5ffdce74fad2");
    g_autofree char *public = checkpoint_key_public(key, origin);
    g_autofree char *note = checkpoint_note(key, origin, 1234, ROOT, NULL);
    gint64 size = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(note);
    CU_ASSERT_TRUE(g_str_has_prefix(note,
                                    "parry/7d444840-9dc0-11d1-b245-5ffdce74fad2\n1234\n"
                                    "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=\n\n"
                                    "\xe2\x80\x94 parry/7d444840"));
    CU_ASSERT_TRUE(checkpoint_verify(note, public, &size, root, NULL));
    CU_ASSERT_EQUAL(size, 1234);
    CU_ASSERT_STRING_EQUAL(root, ROOT);
    CU_ASSERT_PTR_NULL(checkpoint_note(key, origin, 1, "zz", NULL));
    forget(path);
}

static void every_changed_byte_is_noticed(void)
{
    char *path = key_path();
    g_autoptr(CheckpointKey) key = checkpoint_key_load_or_make(path, NULL);
    g_autofree char *public = checkpoint_key_public(key, "parry/x");
    g_autofree char *note = checkpoint_note(key, "parry/x", 7, ROOT, NULL);
    gsize len = strlen(note);

    for (gsize i = 0; i + 1 < len; i++) { /* the last byte only ends the line */
        g_autofree char *changed = g_strdup(note);
        changed[i] ^= 1;
        if (checkpoint_verify(changed, public, NULL, NULL, NULL))
            /* spare bits of base64's last letter are no part of the signature */
            CU_ASSERT_TRUE(i >= len - 4);
    }
    g_autofree char *cut = g_strndup(note, len / 2);
    CU_ASSERT_FALSE(checkpoint_verify(cut, public, NULL, NULL, NULL));
    CU_ASSERT_FALSE(checkpoint_verify("", public, NULL, NULL, NULL));
    forget(path);
}

static void another_key_or_name_does_not_do(void)
{
    char *path = key_path(), *other_path = key_path();
    g_autoptr(CheckpointKey) key = checkpoint_key_load_or_make(path, NULL);
    g_autoptr(CheckpointKey) other = checkpoint_key_load_or_make(other_path, NULL);
    g_autofree char *note = checkpoint_note(key, "parry/x", 7, ROOT, NULL);
    g_autofree char *wrong_key = checkpoint_key_public(other, "parry/x");
    g_autofree char *wrong_name = checkpoint_key_public(key, "parry/y");
    g_autoptr(GError) error = NULL;

    CU_ASSERT_FALSE(checkpoint_verify(note, wrong_key, NULL, NULL, &error));
    CU_ASSERT_TRUE(g_error_matches(error, CHECKPOINT_ERROR, CHECKPOINT_ERROR_SIGNATURE));
    CU_ASSERT_FALSE(checkpoint_verify(note, wrong_name, NULL, NULL, NULL));
    CU_ASSERT_FALSE(checkpoint_verify(note, "nonsense", NULL, NULL, NULL));
    CU_ASSERT_FALSE(checkpoint_verify(note, "parry/x+00000000+AAAA", NULL, NULL, NULL));
    forget(path);
    forget(other_path);
}

/* The example of the signed-note specification (made by its reference implementation). */
static void the_published_example_verifies(void)
{
    static const char key[] =
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    static const char note[] =
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
        "\n"
        "\xe2\x80\x94 PeterNeumann "
        "x08go/ZJkuBS9UG/"
        "SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    g_autoptr(GError) error = NULL;

    /* Its signature holds; only then is its text found to be no checkpoint. */
    CU_ASSERT_FALSE(checkpoint_verify(note, key, NULL, NULL, &error));
    CU_ASSERT_TRUE(g_error_matches(error, CHECKPOINT_ERROR, CHECKPOINT_ERROR_FORMAT));
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a key is made once and kept private", a_key_is_made_once_and_kept_private},
        {"a note verifies and says what it said", a_note_verifies_and_says_what_it_said},
        {"every changed byte is noticed", every_changed_byte_is_noticed},
        {"another key or name does not do", another_key_or_name_does_not_do},
        {"the published example verifies", the_published_example_verifies},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("checkpoint", tests);
}
