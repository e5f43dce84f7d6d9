/* libvirt's save image: read, refused, written anew. */
#include "orchestrator/range/save_image.h"
#include "tests/unit/cunit_main.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define XML "<domain type='qemu'><name>pr-one</name></domain>"
#define COOKIE "<cookie><slirpHelper/></cookie>"

static char *dir;

/* As libvirt writes it: XML and its NUL, cookie and its NUL, stream. */
static GByteArray *as_libvirt(const char *cookie)
{
    guint32 xml_len = sizeof(XML);
    guint32 words[19] = {2, xml_len + (cookie ? (guint32)strlen(cookie) + 1 : 0), 1, 0,
                         cookie ? xml_len : 0};
    GByteArray *bytes = g_byte_array_new();

    g_byte_array_append(bytes, (const guint8 *)"LibvirtQemudSave", 16);
    g_byte_array_append(bytes, (const guint8 *)words, sizeof(words));
    g_byte_array_append(bytes, (const guint8 *)XML, sizeof(XML));
    if (cookie)
        g_byte_array_append(bytes, (const guint8 *)cookie, (guint)strlen(cookie) + 1);
    return bytes;
}

static void test_read(void)
{
    g_autoptr(GByteArray) with = as_libvirt(COOKIE), without = as_libvirt(NULL);
    g_auto(SaveImage) one = {0}, other = {0};

    CU_ASSERT_EQUAL(with->len, SAVE_IMAGE_HEADER + sizeof(XML) + sizeof(COOKIE));
    CU_ASSERT_TRUE_FATAL(save_image_parse(with->data, with->len, &one, NULL));
    CU_ASSERT_STRING_EQUAL(one.si_xml, XML);
    CU_ASSERT_STRING_EQUAL(one.si_cookie, COOKIE);
    CU_ASSERT_EQUAL(one.si_stream, with->len);
    CU_ASSERT_TRUE(one.si_running);
    CU_ASSERT_TRUE_FATAL(save_image_parse(without->data, without->len, &other, NULL));
    CU_ASSERT_STRING_EQUAL(other.si_xml, XML);
    CU_ASSERT_PTR_NULL(other.si_cookie);
}

/* What is changed in a good head, and what must be said about it. */
typedef struct {
    guint rf_offset;
    guint32 rf_word;
    const char *rf_words;
} Refusal;

static void test_refusals(void)
{
    static const Refusal refusals[] = {
        {0, 0x12345678, "does not begin"},
        {16, 3, "version 3"},
        {16, 0x02000000, "byte order"},
        {20, 0, "data area of 0 bytes"},
        {20, 0xffffffff, "data area of 4294967295"},
        {20, 4000, "cut off"},
        {28, 1, "compressed"},
        {32, 4000, "past the data area"},
        {32, 3, "its XML has no end"},
        {92, 0, "its XML is empty"},
        {92, 0xffffffff, "not UTF-8"},
        {92 + sizeof(XML), 0, "its cookie is empty"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autoptr(GByteArray) bytes = as_libvirt(COOKIE);
        g_autoptr(GError) error = NULL;
        g_auto(SaveImage) image = {0};

        memcpy(bytes->data + refusals[i].rf_offset, &refusals[i].rf_word, 4);
        CU_ASSERT_FALSE(save_image_parse(bytes->data, bytes->len, &image, &error));
        CU_ASSERT_PTR_NULL(image.si_xml);
        CU_ASSERT_PTR_NOT_NULL_FATAL(error);
        if (!strstr(error->message, refusals[i].rf_words))
            printf("\n%u: %s\n", i, error->message);
        CU_ASSERT_PTR_NOT_NULL(strstr(error->message, refusals[i].rf_words));
    }
    for (guint len = 0; len < 150; len++) {
        g_autoptr(GByteArray) bytes = as_libvirt(COOKIE);
        g_auto(SaveImage) image = {0};

        if (len < bytes->len)
            CU_ASSERT_FALSE(save_image_parse(bytes->data, len, &image, NULL));
    }
}

static void test_a_partial_image(void)
{
    g_autoptr(GByteArray) bytes = as_libvirt(NULL);
    g_autoptr(GError) error = NULL;
    g_auto(SaveImage) image = {0};

    memcpy(bytes->data, "LibvirtQemudPart", 16);
    CU_ASSERT_FALSE(save_image_parse(bytes->data, bytes->len, &image, &error));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "not written to its end"));
}

static char *path_of(const char *name)
{
    return g_build_filename(dir, name, NULL);
}

/* A stream with much nothing in it. */
static GByteArray *stream_new(void)
{
    GByteArray *stream = g_byte_array_new();

    g_byte_array_set_size(stream, 3 * 1024 * 1024 + 77);
    memset(stream->data, 0, stream->len);
    for (guint i = 0; i < 300000; i++)
        stream->data[i] = (guint8)(i * 7 + 1);
    memset(stream->data + 2000000, 'x', 5000);
    stream->data[stream->len - 1] = 'e';
    return stream;
}

/* The file holds that XML, cookie and stream. */
static void expect_image(const char *path, const char *xml, const char *cookie,
                         const GByteArray *stream)
{
    g_auto(SaveImage) image = {0};
    g_autofree char *bytes = NULL;
    gsize len = 0;

    CU_ASSERT_TRUE_FATAL(save_image_read(path, &image, NULL));
    CU_ASSERT_TRUE_FATAL(g_file_get_contents(path, &bytes, &len, NULL));
    CU_ASSERT_STRING_EQUAL(image.si_xml, xml);
    CU_ASSERT_EQUAL(g_strcmp0(image.si_cookie, cookie), 0);
    CU_ASSERT_EQUAL(image.si_size, len);
    CU_ASSERT_EQUAL_FATAL(len - image.si_stream, stream->len);
    CU_ASSERT_EQUAL(memcmp(bytes + image.si_stream, stream->data, stream->len), 0);
}

static void test_rewrite(void)
{
    g_autoptr(GByteArray) bytes = as_libvirt(COOKIE), stream = stream_new();
    g_autofree char *first = path_of("first"), *second = path_of("second"),
                    *third = path_of("third");
    g_autofree char *longer = g_strnfill(70000, 'x');
    guint64 size = 0;
    struct stat st;

    g_byte_array_append(bytes, stream->data, stream->len);
    CU_ASSERT_TRUE_FATAL(
        g_file_set_contents(first, (const char *)bytes->data, bytes->len, NULL));
    /* From libvirt's own, by hand; then from ours, by the kernel. */
    CU_ASSERT_TRUE_FATAL(save_image_rewrite(first, second, NULL, &size, NULL));
    expect_image(second, XML, COOKIE, stream);
    CU_ASSERT_EQUAL(g_stat(second, &st), 0);
    CU_ASSERT_EQUAL((guint64)st.st_size, size);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
    CU_ASSERT_TRUE(st.st_blocks * 512 < 600000); /* 305 KB of data, and a head */
    CU_ASSERT_TRUE_FATAL(save_image_rewrite(second, third, longer, NULL, NULL));
    expect_image(third, longer, COOKIE, stream);
    CU_ASSERT_EQUAL(g_stat(third, &st), 0);
    CU_ASSERT_TRUE(st.st_blocks * 512 < 700000);
    /* Over what is there already. */
    CU_ASSERT_TRUE_FATAL(save_image_rewrite(third, second, XML, NULL, NULL));
    expect_image(second, XML, COOKIE, stream);
}

static void test_rewrite_refuses(void)
{
    g_autoptr(GByteArray) bytes = as_libvirt(NULL);
    g_autofree char *bare = path_of("bare"), *to = path_of("to"), *no = path_of("no");
    g_autofree char *big = g_strnfill(SAVE_IMAGE_DATA_MAX, 'x');
    g_autoptr(GError) error = NULL;

    CU_ASSERT_FALSE(save_image_rewrite(no, to, NULL, NULL, &error));
    CU_ASSERT_TRUE(g_error_matches(error, SAVE_IMAGE_ERROR, SAVE_IMAGE_ERROR_IO));
    g_clear_error(&error);
    CU_ASSERT_TRUE_FATAL(
        g_file_set_contents(bare, (const char *)bytes->data, bytes->len, NULL));
    CU_ASSERT_FALSE(save_image_rewrite(bare, to, NULL, NULL, &error));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "no guest's memory"));
    CU_ASSERT_FALSE(g_file_test(to, G_FILE_TEST_EXISTS));
    g_clear_error(&error);
    CU_ASSERT_PTR_NULL(save_image_head(big, NULL, TRUE, &error));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "too long"));
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"read", test_read},
        {"refusals", test_refusals},
        {"a partial image", test_a_partial_image},
        {"rewrite", test_rewrite},
        {"rewrite refuses", test_rewrite_refuses},
        CU_TEST_INFO_NULL,
    };
    static const char *const names[] = {"first", "second", "third", "bare"};

    dir = g_dir_make_tmp("parry-save-XXXXXX", NULL);
    if (!dir)
        return 2;
    int status = cunit_main("save image", tests);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = path_of(names[i]);

        g_unlink(path);
    }
    g_rmdir(dir);
    g_free(dir);
    return status;
}
