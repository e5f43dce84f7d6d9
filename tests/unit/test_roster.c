/* What may be put into a guest in the place of its agent. */
#include "orchestrator/daemon/roster.h"
#include "tests/unit/cunit_main.h"

#include <elf.h>
#include <glib/gstdio.h>
#include <string.h>

/* A program of so many bytes: a header, one part of the given kind, zeros. */
static GByteArray *program(guint part_type, gsize size)
{
    GByteArray *bytes = g_byte_array_new();
    Elf64_Ehdr head = {.e_ident = ELFMAG,
                       .e_type = ET_EXEC,
                       .e_machine = EM_X86_64,
                       .e_phoff = sizeof(head),
                       .e_phentsize = sizeof(Elf64_Phdr),
                       .e_phnum = 1};
    Elf64_Phdr part = {.p_type = part_type};

    head.e_ident[EI_CLASS] = ELFCLASS64;
    g_byte_array_set_size(bytes, (guint)size);
    memset(bytes->data, 0, size);
    memcpy(bytes->data, &head, sizeof(head));
    memcpy(bytes->data + sizeof(head), &part, sizeof(part));
    return bytes;
}

/* Takes bytes over; what is said of it as a file, NULL where it may be pushed. */
static char *said(GByteArray *bytes)
{
    g_autofree char *path = NULL;
    g_autoptr(GError) error = NULL;
    int fd = g_file_open_tmp("roster-XXXXXX", &path, NULL);

    CU_ASSERT_TRUE(g_file_set_contents(path, (char *)bytes->data, bytes->len, NULL));
    g_autoptr(GBytes) got = roster_program(path, &error);
    CU_ASSERT_TRUE(!got || g_bytes_get_size(got) == bytes->len);
    CU_ASSERT_TRUE((got == NULL) == (error != NULL));
    g_close(fd, NULL);
    g_unlink(path);
    g_byte_array_unref(bytes);
    return error ? g_strdup(error->message) : NULL;
}

static void expect(GByteArray *bytes, const char *words)
{
    g_autofree char *text = said(bytes);

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    if (!strstr(text, words))
        printf("  %s\n", text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, words));
}

static void test_a_static_program(void)
{
    CU_ASSERT_PTR_NULL(said(program(PT_LOAD, 4096)));
}

static void test_what_guests_cannot_run(void)
{
    GByteArray *bytes = program(PT_LOAD, 4096);

    ((Elf64_Ehdr *)bytes->data)->e_machine = EM_AARCH64;
    expect(bytes, "another architecture");
    bytes = program(PT_LOAD, 4096);
    bytes->data[EI_CLASS] = ELFCLASS32;
    expect(bytes, "another architecture");
    bytes = program(PT_LOAD, 4096);
    bytes->data[0] = '#';
    expect(bytes, "not a program");
    expect(program(PT_INTERP, 4096), "not a static program");
    bytes = program(PT_LOAD, 4096);
    ((Elf64_Ehdr *)bytes->data)->e_type = ET_REL;
    expect(bytes, "not a static program");
    expect(program(PT_LOAD, 3 * 1024 * 1024), "larger than 2.5 MiB");
}

/* Headers that point outside, or nowhere. */
static void test_broken_headers(void)
{
    static const guint64 offsets[] = {4096, 4090, G_MAXUINT64, G_MAXUINT64 - 40,
                                      (guint64)1 << 63};

    for (gsize i = 0; i < G_N_ELEMENTS(offsets); i++) {
        GByteArray *bytes = program(PT_LOAD, 4096);
        ((Elf64_Ehdr *)bytes->data)->e_phoff = offsets[i];
        expect(bytes, "not a static program");
    }
    GByteArray *bytes = program(PT_LOAD, 4096);
    ((Elf64_Ehdr *)bytes->data)->e_phnum = G_MAXUINT16;
    expect(bytes, "not a static program");
    bytes = program(PT_LOAD, 4096);
    ((Elf64_Ehdr *)bytes->data)->e_phnum = 0;
    expect(bytes, "not a static program");
    bytes = program(PT_LOAD, 4096);
    g_byte_array_set_size(bytes, 10);
    expect(bytes, "not a program");
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a static program", test_a_static_program},
        {"what guests cannot run", test_what_guests_cannot_run},
        {"broken headers", test_broken_headers},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("roster", tests);
}
