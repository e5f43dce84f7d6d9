/*
 * The "newc" archive that the kernel unpacks into its first root (kernel documentation,
 * driver-api/early-userspace/buffer-format). Written here and not by cpio(1): the same
 * input gives the same bytes, and device nodes need no root.
 */
#include "agents/images/internal.h"

#include <string.h>
#include <sys/stat.h>

struct ImagesCpio {
    GByteArray *bytes;
    GHashTable *dirs; /* paths made so far */
    guint inode;
};

typedef struct {
    const char *path;
    guint mode, uid, gid, major, minor;
    const void *data;
    gsize len;
} Entry;

ImagesCpio *images_cpio_new(void)
{
    ImagesCpio *cpio = g_new0(ImagesCpio, 1);

    cpio->bytes = g_byte_array_new();
    cpio->dirs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return cpio;
}

static void pad(ImagesCpio *cpio, guint to)
{
    static const guint8 zeros[512];
    guint over = cpio->bytes->len % to;

    if (over)
        g_byte_array_append(cpio->bytes, zeros, to - over);
}

static void add(ImagesCpio *cpio, const Entry *e)
{
    guint name_len = (guint)strlen(e->path) + 1;
    guint fields[13] = {
        ++cpio->inode,
        e->mode,
        e->uid,
        e->gid,
        S_ISDIR(e->mode) ? 2 : 1,
        0 /* mtime */,
        (guint)e->len,
        0,
        0,
        e->major,
        e->minor,
        name_len,
        0 /* checksum: none in newc */,
    };
    char header[6 + 13 * 8 + 1] = "070701";

    for (guint i = 0; i < 13; i++)
        g_snprintf(header + 6 + (gsize)i * 8, 9, "%08X", fields[i]);
    g_byte_array_append(cpio->bytes, (const guint8 *)header, sizeof header - 1);
    g_byte_array_append(cpio->bytes, (const guint8 *)e->path, name_len);
    pad(cpio, 4);
    if (e->len)
        g_byte_array_append(cpio->bytes, e->data, (guint)e->len);
    pad(cpio, 4);
}

static void make_parents(ImagesCpio *cpio, const char *path)
{
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        g_autofree char *dir = g_strndup(path, (gsize)(slash - path));
        if (!g_hash_table_contains(cpio->dirs, dir))
            images_cpio_dir(cpio, dir, 0755);
    }
}

void images_cpio_dir(ImagesCpio *cpio, const char *path, guint mode)
{
    Entry e = {.path = path, .mode = S_IFDIR | mode};

    make_parents(cpio, path);
    g_hash_table_add(cpio->dirs, g_strdup(path));
    add(cpio, &e);
}

void images_cpio_owned(ImagesCpio *cpio, const char *path, guint mode, guint uid,
                       guint gid, const void *data, gsize len)
{
    Entry e = {path, S_IFREG | mode, uid, gid, 0, 0, data, len};

    make_parents(cpio, path);
    add(cpio, &e);
}

void images_cpio_file(ImagesCpio *cpio, const char *path, guint mode, const void *data,
                      gsize len)
{
    images_cpio_owned(cpio, path, mode, 0, 0, data, len);
}

void images_cpio_link(ImagesCpio *cpio, const char *path, const char *target)
{
    Entry e = {path, S_IFLNK | 0777, 0, 0, 0, 0, target, strlen(target)};

    make_parents(cpio, path);
    /* A folder of this name would replace the link: what goes below it goes through it.
     */
    g_hash_table_add(cpio->dirs, g_strdup(path));
    add(cpio, &e);
}

void images_cpio_device(ImagesCpio *cpio, const char *path, guint mode, guint major,
                        guint minor)
{
    Entry e = {path, S_IFCHR | mode, 0, 0, major, minor, NULL, 0};

    make_parents(cpio, path);
    add(cpio, &e);
}

GBytes *images_cpio_finish(ImagesCpio *cpio)
{
    Entry e = {.path = "TRAILER!!!"};

    add(cpio, &e);
    pad(cpio, 512);
    GBytes *bytes = g_byte_array_free_to_bytes(cpio->bytes);
    cpio->bytes = NULL;
    return bytes;
}

void images_cpio_free(ImagesCpio *cpio)
{
    if (!cpio)
        return;
    if (cpio->bytes)
        g_byte_array_free(cpio->bytes, TRUE);
    g_hash_table_destroy(cpio->dirs);
    g_free(cpio);
}
