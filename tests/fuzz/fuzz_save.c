/* The head of a save image: what is read of it can be written, and read again the same.
 * And the same bytes as a stream whose RAM is taken out.
 */
#include "orchestrator/range/save_split.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static gboolean on_page(guint64 at, const guint8 *page, gpointer data, GError **error)
{
    guint64 *most = data;

    (void)error;
    *most = MAX(*most, at + SAVE_IMAGE_PAGE + *page * 0);
    return TRUE;
}

static void split(const uint8_t *data, size_t size)
{
    g_autoptr(GByteArray) kept = g_byte_array_new();
    g_autoptr(GError) error = NULL;
    guint64 block = 0, most = 0;

    if (!save_image_split_stream(data, size, "parry.ram", kept, &block, on_page, &most,
                                 &error)) {
        if (!error)
            abort();
    } else if (error || most > block || kept->len > size) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    split(data, size);
    g_auto(SaveImage) image = {0}, again = {0};
    g_autoptr(GError) error = NULL;

    if (!save_image_parse(data, size, &image, &error)) {
        if (!error || image.si_xml || image.si_cookie)
            abort();
        return 0;
    }
    if (image.si_stream > size)
        abort();
    g_autoptr(GByteArray) head =
        save_image_head(image.si_xml, image.si_cookie, image.si_running, NULL);
    if (!head)
        return 0; /* rounded up, it is past the limit */
    if (head->len % SAVE_IMAGE_ALIGN != 0 ||
        !save_image_parse(head->data, head->len, &again, NULL) ||
        strcmp(image.si_xml, again.si_xml) != 0 ||
        g_strcmp0(image.si_cookie, again.si_cookie) != 0 || again.si_stream != head->len)
        abort();
    return 0;
}
