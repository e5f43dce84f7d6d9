#include "agents/images/internal.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* How a compressed file begins, and what unpacks it to standard output. */
static const struct {
    guint8 magic[6];
    gsize len;
    const char *argv[3];
} formats[] = {
    {{0x1f, 0x8b}, 2, {"gzip", "-dc"}},
    {{0xfd, '7', 'z', 'X', 'Z', 0}, 6, {"xz", "-dc"}},
    {{0x28, 0xb5, 0x2f, 0xfd}, 4, {"zstd", "-dcq"}},
    {{0x02, 0x21, 0x4c, 0x18}, 4, {"lz4", "-dcq"}},
    {{0x04, 0x22, 0x4d, 0x18}, 4, {"lz4", "-dcq"}},
};

/* An index into formats, or -1. */
static int format_of(const void *bytes, gsize len)
{
    for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (len >= formats[i].len && memcmp(bytes, formats[i].magic, formats[i].len) == 0)
            return (int)i;
    }
    return -1;
}

static GMappedFile *map(const char *path, GError **error)
{
    g_autoptr(GError) err = NULL;
    GMappedFile *file = g_mapped_file_new(path, FALSE, &err);

    if (!file)
        g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_IO, "unpack: %s", err->message);
    return file;
}

static gboolean save(const char *path, const void *bytes, gsize len, GError **error)
{
    g_autoptr(GError) err = NULL;

    if (g_file_set_contents_full(path, bytes, (gssize)len, G_FILE_SET_CONTENTS_NONE, 0644,
                                 &err))
        return TRUE;
    g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_IO, "unpack: %s", err->message);
    return FALSE;
}

gboolean images_unpack(const char *from, const char *to, GCancellable *cancel,
                       GError **error)
{
    g_autoptr(GMappedFile) file = map(from, error);

    if (!file)
        return FALSE;
    const char *bytes = g_mapped_file_get_contents(file);
    gsize len = g_mapped_file_get_length(file);
    int format = format_of(bytes, len);
    if (format < 0)
        return save(to, bytes, len, error);

    int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        g_set_error(error, IMAGES_ERROR, IMAGES_ERROR_IO, "unpack: %s: %s", to,
                    g_strerror(errno));
        return FALSE;
    }
    const char *argv[] = {formats[format].argv[0], formats[format].argv[1], from, NULL};
    ImagesChild child = {.argv = argv, .out_fd = fd, .cancel = cancel};
    gboolean ok = images_child_run(&child, from, NULL, error);
    close(fd);
    return ok;
}

static gboolean note_is_pvh(const Elf64_Nhdr *note, const char *name)
{
    enum { XEN_ELFNOTE_PHYS32_ENTRY = 18 };

    return note->n_type == XEN_ELFNOTE_PHYS32_ENTRY && note->n_namesz == 4 &&
           memcmp(name, "Xen", 4) == 0;
}

static gboolean notes_have_pvh(const guint8 *notes, gsize len)
{
    gsize at = 0;

    while (len - at >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr note;
        memcpy(&note, notes + at, sizeof note);
        gsize name = ((gsize)note.n_namesz + 3) & ~(gsize)3;
        gsize desc = ((gsize)note.n_descsz + 3) & ~(gsize)3;
        at += sizeof note;
        if (name + desc > len - at)
            return FALSE;
        if (note_is_pvh(&note, (const char *)notes + at))
            return TRUE;
        at += name + desc;
    }
    return FALSE;
}

/* An x86-64 ELF with the entry point for direct boot that QEMU looks for
 * (xen/include/public/arch-x86/hvm/start_info.h: the note of type 18). */
static gboolean is_bootable_elf(const char *path)
{
    g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, NULL);
    gsize len = file ? g_mapped_file_get_length(file) : 0;
    const guint8 *bytes = file ? (const guint8 *)g_mapped_file_get_contents(file) : NULL;
    Elf64_Ehdr head;

    if (len < sizeof head || memcmp(bytes, ELFMAG, SELFMAG) != 0)
        return FALSE;
    memcpy(&head, bytes, sizeof head);
    if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_machine != EM_X86_64)
        return FALSE;
    for (guint i = 0; i < head.e_phnum; i++) {
        Elf64_Phdr part;
        guint64 at = head.e_phoff + (guint64)i * sizeof part;
        if (head.e_phoff > len || at + sizeof part > len)
            return FALSE;
        memcpy(&part, bytes + at, sizeof part);
        if (part.p_type == PT_NOTE && part.p_offset <= len &&
            part.p_filesz <= len - part.p_offset &&
            notes_have_pvh(bytes + part.p_offset, part.p_filesz))
            return TRUE;
    }
    return FALSE;
}

/* Where the compressed kernel lies (kernel documentation, arch/x86/boot: payload_offset
 * and payload_length count from the protected-mode code). */
static const guint8 *find_payload(const guint8 *image, gsize len, gsize *payload_len)
{
    guint32 offset, length;
    guint16 version;

    if (len < 0x250 || memcmp(image + 0x202, "HdrS", 4) != 0)
        return NULL;
    memcpy(&version, image + 0x206, 2);
    memcpy(&offset, image + 0x248, 4);
    memcpy(&length, image + 0x24c, 4);
    guint64 start =
        ((guint64)(image[0x1f1] ? image[0x1f1] : 4) + 1) * 512 + GUINT32_FROM_LE(offset);
    length = GUINT32_FROM_LE(length);
    if (GUINT16_FROM_LE(version) < 0x208 || start > len || length > len - start ||
        length < 16)
        return NULL;
    *payload_len = length;
    return image + start;
}

gboolean images_unpack_kernel(const char *bzimage, const char *to, GCancellable *cancel,
                              GError **error)
{
    g_autoptr(GMappedFile) file = map(bzimage, error);
    gsize len = 0;

    if (!file)
        return FALSE;
    const guint8 *payload = find_payload((guint8 *)g_mapped_file_get_contents(file),
                                         g_mapped_file_get_length(file), &len);
    int format = payload ? format_of(payload, len) : -1;
    if (format < 0)
        return FALSE;
    /* The kernel's build appends the unpacked size; gzip has that already. */
    if (format != 0)
        len -= 4;

    g_autofree char *packed = g_strconcat(to, ".packed", NULL);
    g_autoptr(GError) err = NULL;
    gboolean ok = save(packed, payload, len, error) &&
                  images_unpack(packed, to, cancel, &err) && is_bootable_elf(to);
    unlink(packed);
    if (!ok)
        unlink(to);
    if (g_error_matches(err, IMAGES_ERROR, IMAGES_ERROR_CANCELLED))
        g_propagate_error(error, g_steal_pointer(&err));
    return ok;
}
