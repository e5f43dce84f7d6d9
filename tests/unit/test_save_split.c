/* A guest's RAM taken out of QEMU's stream: what stays, what goes where, what is refused.
 */
#include "orchestrator/range/save_split.h"
#include "tests/unit/cunit_main.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK "parry.ram"
#define PAGES 64
#define DEVICES "\4the devices, as they are"

enum { ZERO = 2, SIZES = 4, PAGE = 8, END = 16, SAME = 32 };

static char *dir;

static void put(GByteArray *to, const void *bytes, gsize len)
{
    g_byte_array_append(to, bytes, (guint)len);
}

static void put_byte(GByteArray *to, guint8 byte)
{
    put(to, &byte, 1);
}

static void put_word(GByteArray *to, guint32 word)
{
    word = GUINT32_TO_BE(word);
    put(to, &word, sizeof(word));
}

static void put_long(GByteArray *to, guint64 number)
{
    number = GUINT64_TO_BE(number);
    put(to, &number, sizeof(number));
}

static void put_name(GByteArray *to, const char *name)
{
    put_byte(to, (guint8)strlen(name));
    put(to, name, strlen(name));
}

static void put_page(GByteArray *to, guint64 at, const char *block, guint8 fill)
{
    guint8 page[SAVE_IMAGE_PAGE];

    memset(page, fill, sizeof(page));
    put_long(to, at | PAGE | (block ? 0 : SAME));
    if (block)
        put_name(to, block);
    put(to, page, sizeof(page));
}

static void put_zero(GByteArray *to, guint64 at, const char *block, guint8 fill)
{
    put_long(to, at | ZERO | (block ? 0 : SAME));
    if (block)
        put_name(to, block);
    put_byte(to, fill);
}

static void put_end(GByteArray *to)
{
    put_long(to, END);
    put_byte(to, 0x7e);
    put_word(to, 2);
}

static GByteArray *begin(void)
{
    GByteArray *to = g_byte_array_new();

    put(to, "QEVM", 4);
    put_word(to, 3);
    put_byte(to, 7);
    put_word(to, 6);
    put(to, "pc-q35", 6);
    put_byte(to, 1);
    put_word(to, 2);
    put_name(to, "ram");
    put_word(to, 0);
    put_word(to, 4);
    put_long(to, (guint64)(PAGES + 4) * SAVE_IMAGE_PAGE | SIZES);
    put_name(to, BLOCK);
    put_long(to, (guint64)PAGES * SAVE_IMAGE_PAGE);
    put_name(to, "pc.bios");
    put_long(to, 4 * SAVE_IMAGE_PAGE);
    put_end(to);
    return to;
}

static void round_of(GByteArray *to, guint8 kind)
{
    put_byte(to, kind);
    put_word(to, 2);
}

/* Two rounds; in the second a page of the block is written again, and one is emptied. */
static GByteArray *stream(gboolean with_block)
{
    GByteArray *to = begin();

    round_of(to, 2);
    put_page(to, 0, "pc.bios", 'b');
    if (with_block) {
        put_page(to, 0, BLOCK, '1');
        put_page(to, 4096, NULL, '2');
        put_zero(to, 8192, NULL, 0);
        put_page(to, 3 * 4096, NULL, '3');
        put_page(to, 4 * 4096, NULL, 0);
    }
    put_page(to, 4096, "pc.bios", 'c');
    put_zero(to, 8192, NULL, 0);
    put_end(to);
    round_of(to, 3);
    if (with_block) {
        put_page(to, 4096, BLOCK, '4');
        put_zero(to, 3 * 4096, NULL, 0);
    }
    put_end(to);
    put(to, DEVICES, sizeof(DEVICES));
    return to;
}

static gboolean collect(guint64 at, const guint8 *page, gpointer data, GError **error)
{
    (void)error;
    memcpy((guint8 *)data + at, page, SAVE_IMAGE_PAGE);
    return TRUE;
}

static void test_split(void)
{
    g_autoptr(GByteArray) whole = stream(TRUE), want = stream(FALSE),
                          kept = g_byte_array_new();
    g_autofree guint8 *ram = g_malloc0(PAGES * SAVE_IMAGE_PAGE);
    guint64 size = 0;

    CU_ASSERT_TRUE_FATAL(save_image_split_stream(whole->data, whole->len, BLOCK, kept,
                                                 &size, collect, ram, NULL));
    CU_ASSERT_EQUAL(size, PAGES * SAVE_IMAGE_PAGE);
    CU_ASSERT_EQUAL(ram[0], '1');
    CU_ASSERT_EQUAL(ram[4096], '4');
    CU_ASSERT_EQUAL(ram[3 * 4096], 0);
    CU_ASSERT_EQUAL_FATAL(kept->len, want->len);
    CU_ASSERT_EQUAL(memcmp(kept->data, want->data, want->len), 0);
}

static void test_every_cut_is_refused(void)
{
    g_autoptr(GByteArray) whole = stream(TRUE);
    g_autofree guint8 *ram = g_malloc0(PAGES * SAVE_IMAGE_PAGE);

    for (guint len = 0; len < whole->len - sizeof(DEVICES); len += len < 200 ? 1 : 997) {
        g_autoptr(GByteArray) kept = g_byte_array_new();
        g_autoptr(GError) error = NULL;
        guint64 size;

        CU_ASSERT_FALSE(save_image_split_stream(whole->data, len, BLOCK, kept, &size,
                                                collect, ram, &error));
        CU_ASSERT_PTR_NOT_NULL_FATAL(error);
        CU_ASSERT_EQUAL(error->code, SAVE_IMAGE_ERROR_FORMAT);
    }
}

static void refused(GByteArray *bytes, const char *block, const char *words)
{
    g_autoptr(GByteArray) whole = bytes, kept = g_byte_array_new();
    g_autofree guint8 *ram = g_malloc0(PAGES * SAVE_IMAGE_PAGE);
    g_autoptr(GError) error = NULL;
    guint64 size;

    CU_ASSERT_FALSE_FATAL(save_image_split_stream(whole->data, whole->len, block, kept,
                                                  &size, collect, ram, &error));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, words));
}

static void test_refusals(void)
{
    GByteArray *past = begin(), *filled = begin(), *other = begin(), *flag = begin();
    GByteArray *magic = stream(TRUE);

    round_of(past, 2);
    put_page(past, PAGES * 4096, BLOCK, 'x');
    refused(past, BLOCK, "past its block's end");
    round_of(filled, 2);
    put_zero(filled, 0, BLOCK, 7);
    refused(filled, BLOCK, "other than zeros");
    put_byte(other, 2);
    put_word(other, 3);
    refused(other, BLOCK, "not of RAM");
    round_of(flag, 2);
    put_long(flag, 0x40);
    refused(flag, BLOCK, "unknown kind");
    magic->data[0] = 'X';
    refused(magic, BLOCK, "no stream");
    refused(stream(FALSE), "another", "without the block");
}

static GByteArray *image_of(GByteArray *stream)
{
    GByteArray *image = save_image_head("<domain/>", "<cookie/>", TRUE, NULL);

    put(image, stream->data, stream->len);
    return image;
}

static void test_files(void)
{
    g_autofree char *from = g_build_filename(dir, "from", NULL);
    g_autofree char *to = g_build_filename(dir, "to", NULL);
    g_autofree char *ram = g_build_filename(dir, "ram", NULL);
    g_autofree char *copy = g_build_filename(dir, "copy", NULL);
    g_autoptr(GByteArray) whole = stream(TRUE), image = image_of(whole);
    g_autofree char *bytes = NULL;
    g_autoptr(GError) error = NULL;
    g_auto(SaveImage) read = {0};
    struct stat st, same;
    gsize len;

    CU_ASSERT_TRUE_FATAL(
        g_file_set_contents(from, (const char *)image->data, image->len, NULL));
    CU_ASSERT_TRUE_FATAL(save_image_split(from, BLOCK, to, ram, NULL));
    CU_ASSERT_TRUE_FATAL(save_image_read(to, &read, NULL));
    CU_ASSERT_STRING_EQUAL(read.si_xml, "<domain/>");
    CU_ASSERT_STRING_EQUAL(read.si_cookie, "<cookie/>");
    CU_ASSERT_EQUAL(g_stat(ram, &st), 0);
    CU_ASSERT_EQUAL(st.st_size, PAGES * SAVE_IMAGE_PAGE);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
    CU_ASSERT_TRUE(st.st_blocks * 512 < st.st_size); /* holes */
    CU_ASSERT_TRUE_FATAL(save_image_copy(ram, copy, NULL));
    CU_ASSERT_EQUAL(g_stat(copy, &same), 0);
    CU_ASSERT_EQUAL(same.st_size, st.st_size);
    CU_ASSERT_TRUE(same.st_blocks * 512 < same.st_size);
    CU_ASSERT_TRUE_FATAL(g_file_get_contents(copy, &bytes, &len, NULL));
    CU_ASSERT_EQUAL(bytes[4096], '4');
    CU_ASSERT_EQUAL(bytes[3 * 4096], 0);
    /* What is refused leaves nothing behind. */
    CU_ASSERT_FALSE(save_image_split(from, "another", to, ram, &error));
    CU_ASSERT_EQUAL(error->code, SAVE_IMAGE_ERROR_FORMAT);
    CU_ASSERT_FALSE(g_file_test(to, G_FILE_TEST_EXISTS));
    CU_ASSERT_FALSE(g_file_test(ram, G_FILE_TEST_EXISTS));
    g_unlink(from);
    g_unlink(copy);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a stream without its RAM", test_split},
        {"every cut is refused", test_every_cut_is_refused},
        {"what is not known is refused", test_refusals},
        {"files", test_files},
        CU_TEST_INFO_NULL,
    };

    dir = g_dir_make_tmp("parry-split-XXXXXX", NULL);
    if (!dir)
        return 2;
    int status = cunit_main("save split", tests);
    g_rmdir(dir);
    g_free(dir);
    return status;
}
