/*
 * Guest images, as far as no image has to be built: what is refused, what makes another
 * image, and what goes into one.
 */
#include "agents/images/internal.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/images_home.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static ImageFile *text_file(const char *path, guint mode, const char *owner,
                            const char *text)
{
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));

    return image_file_new(path, mode, owner, bytes);
}

static GPtrArray *one_file(const char *path, guint mode, const char *owner,
                           const char *text)
{
    GPtrArray *files = g_ptr_array_new_with_free_func((GDestroyNotify)image_file_free);

    g_ptr_array_add(files, text_file(path, mode, owner, text));
    return files;
}

static gboolean has(const char *text, const char *part)
{
    return text && strstr(text, part);
}

/* ---- specs ---- */

static void check_base(const char *base, gboolean good)
{
    ImageSpec spec = {.id = (char *)"server", .base = (char *)base};
    g_autoptr(GError) error = NULL;
    gboolean ok = images_check(&spec, &error);

    CU_ASSERT_EQUAL(ok, good);
    if (ok)
        return;
    CU_ASSERT_TRUE(g_error_matches(error, IMAGES_ERROR, IMAGES_ERROR_SPEC));
    CU_ASSERT_TRUE(has(error ? error->message : NULL, "image server: "));
}

static void test_bases(void)
{
    static const char *const good[] = {"micro", "debian/bookworm", "debian/sid",
                                       "/srv/images/own.qcow2"};
    static const char *const bad[] = {
        "",
        "Micro",
        "debian",
        "debian/",
        "debian/book worm",
        "debian/bookworm;reboot",
        "debian/../../etc",
        "debian/-bookworm",
        "debian/bookworm-security",
        "ubuntu/noble",
        "images/own.qcow2",
        "/srv/../etc/shadow",
        "/srv//own.qcow2",
        "/",
        "/srv/own\n.qcow2",
    };

    for (guint i = 0; i < G_N_ELEMENTS(good); i++)
        check_base(good[i], TRUE);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        check_base(bad[i], FALSE);
    check_base(NULL, FALSE);
}

static gboolean package_passes(const char *base, const char *name)
{
    char *packages[] = {(char *)name, NULL};
    ImageSpec spec = {.id = (char *)"server", .base = (char *)base, .packages = packages};

    return images_check(&spec, NULL);
}

static void test_packages(void)
{
    CU_ASSERT_TRUE(package_passes("debian/bookworm", "nginx-light"));
    CU_ASSERT_TRUE(package_passes("debian/bookworm", "libstdc++6"));
    CU_ASSERT_TRUE(package_passes("debian/bookworm", "python3.11"));
    CU_ASSERT_FALSE(package_passes("debian/bookworm", ""));
    CU_ASSERT_FALSE(package_passes("debian/bookworm", "x"));
    CU_ASSERT_FALSE(package_passes("debian/bookworm", "-o"));
    CU_ASSERT_FALSE(package_passes("debian/bookworm", "--reinstall"));
    CU_ASSERT_FALSE(package_passes("debian/bookworm", "a,b"));
    CU_ASSERT_FALSE(package_passes("debian/bookworm", "nginx sshd"));
    CU_ASSERT_FALSE(package_passes("debian/bookworm", "./local.deb"));
    CU_ASSERT_FALSE(package_passes("debian/bookworm", "nginx=1.22"));
    CU_ASSERT_FALSE(package_passes("debian/bookworm", "Nginx"));
    CU_ASSERT_FALSE(package_passes("debian/bookworm", "?installed"));
    CU_ASSERT_FALSE(package_passes("micro", "nginx-light"));
    CU_ASSERT_FALSE(package_passes("/srv/own.qcow2", "nginx-light"));
}

static gboolean file_passes(const char *path, guint mode, const char *owner)
{
    g_autoptr(GPtrArray) files = one_file(path, mode, owner, "x");
    ImageSpec spec = {.id = (char *)"m", .base = (char *)"micro", .files = files};

    return images_check(&spec, NULL);
}

static void test_files(void)
{
    CU_ASSERT_TRUE(file_passes("/etc/motd", 0644, NULL));
    CU_ASSERT_TRUE(file_passes("/srv/a b/ü", 04755, "www-data:adm"));
    CU_ASSERT_TRUE(file_passes("/srv/x", 0600, "1000:1000"));
    CU_ASSERT_FALSE(file_passes("etc/motd", 0644, NULL));
    CU_ASSERT_FALSE(file_passes("/", 0644, NULL));
    CU_ASSERT_FALSE(file_passes("/etc/", 0644, NULL));
    CU_ASSERT_FALSE(file_passes("/../etc/shadow", 0644, NULL));
    CU_ASSERT_FALSE(file_passes("/srv/../../etc/shadow", 0644, NULL));
    CU_ASSERT_FALSE(file_passes("/srv/./x", 0644, NULL));
    CU_ASSERT_FALSE(file_passes("/srv//x", 0644, NULL));
    CU_ASSERT_FALSE(file_passes("/srv/x\ny", 0644, NULL));
    CU_ASSERT_FALSE(file_passes("/srv/\xff", 0644, NULL));
    CU_ASSERT_FALSE(file_passes("/srv/x", 010000, NULL));
    CU_ASSERT_FALSE(file_passes("/srv/x", 0644, "root root"));
    CU_ASSERT_FALSE(file_passes("/srv/x", 0644, "-R"));
    CU_ASSERT_FALSE(file_passes("/srv/x", 0644, "a:b:c"));
    CU_ASSERT_FALSE(file_passes("/srv/x", 0644, ""));

    g_autoptr(GPtrArray) files = one_file("/etc/motd", 0644, NULL, "x");
    ImageSpec by_path = {
        .id = (char *)"own", .base = (char *)"/srv/own.qcow2", .files = files};
    CU_ASSERT_FALSE(images_check(&by_path, NULL));
}

static void test_build_refuses(void)
{
    g_autofree char *home = g_build_filename(g_get_tmp_dir(), "parry-never-made", NULL);
    ImageSpec spec = {.id = (char *)"server", .base = (char *)"debian/a b"};
    ImageResult result = {.key = (char *)"untouched"};
    g_autoptr(GError) error = NULL;

    CU_ASSERT_FALSE(images_build(home, &spec, NULL, NULL, NULL, NULL, &result, &error));
    CU_ASSERT_TRUE(g_error_matches(error, IMAGES_ERROR, IMAGES_ERROR_SPEC));
    CU_ASSERT_STRING_EQUAL(result.key, "untouched");
    CU_ASSERT_FALSE(g_file_test(home, G_FILE_TEST_EXISTS));
    CU_ASSERT_FALSE(images_cached(home, &spec, NULL));
}

/* ---- keys ---- */

/* TRUE if no two of the texts are equal; frees them. */
static gboolean all_differ(char **texts, guint n)
{
    gboolean ok = TRUE;

    for (guint i = 0; i < n; i++) {
        ok = ok && texts[i] && strlen(texts[i]) == 32;
        for (guint j = i + 1; ok && j < n; j++)
            ok = strcmp(texts[i], texts[j]) != 0;
    }
    for (guint i = 0; i < n; i++)
        g_free(texts[i]);
    return ok;
}

static char *disk_key(const char *base, const char *packages, GPtrArray *files)
{
    g_auto(GStrv) list = g_strsplit(packages, " ", -1);
    ImageSpec spec = {.id = (char *)"server", .base = (char *)base, .files = files};

    spec.packages = packages[0] ? list : NULL;
    return images_debian_key(&spec, NULL);
}

static void test_disk_key(void)
{
    g_autoptr(GPtrArray) a = one_file("/a", 0644, NULL, "x");
    g_autoptr(GPtrArray) content = one_file("/a", 0644, NULL, "y");
    g_autoptr(GPtrArray) path = one_file("/b", 0644, NULL, "x");
    g_autoptr(GPtrArray) mode = one_file("/a", 0600, NULL, "x");
    g_autoptr(GPtrArray) owner = one_file("/a", 0644, "daemon", "x");
    char *keys[] = {
        disk_key("debian/bookworm", "", NULL),
        disk_key("debian/trixie", "", NULL),
        disk_key("debian/bookworm", "nginx", NULL),
        disk_key("debian/bookworm", "nginx openssh-server", NULL),
        disk_key("debian/bookworm", "", a),
        disk_key("debian/bookworm", "", content),
        disk_key("debian/bookworm", "", path),
        disk_key("debian/bookworm", "", mode),
        disk_key("debian/bookworm", "", owner),
    };

    g_autofree char *forth = disk_key("debian/bookworm", "a1 b1", NULL);
    g_autofree char *back = disk_key("debian/bookworm", "b1 a1 a1", NULL);
    CU_ASSERT_STRING_EQUAL(forth, back);
    CU_ASSERT_TRUE(all_differ(keys, G_N_ELEMENTS(keys)));
}

static char *initrd_key(const char *kit, const char *base, const char *agent,
                        GPtrArray *files)
{
    ImageSpec spec = {.id = (char *)"m", .base = (char *)base, .files = files};

    return images_initramfs_key(kit, &spec, agent, NULL);
}

static void test_initrd_key(void)
{
    char *home = images_home_new();
    g_autofree char *agent = images_home_file(home, "agent", "one");
    g_autofree char *other = images_home_file(home, "other", "two");
    g_autofree char *same = images_home_file(home, "same", "one");
    g_autofree char *digest = images_home_file(home, "digest", "0123");
    g_autoptr(GPtrArray) files = one_file("/a", 0644, NULL, "x");
    char *keys[] = {
        initrd_key(home, "micro", agent, NULL),
        initrd_key(home, "micro", other, NULL),
        initrd_key(home, "micro", NULL, NULL),
        initrd_key(home, "micro", agent, files),
        initrd_key(home, "debian/bookworm", agent, NULL),
        NULL,
    };

    g_autofree char *first = g_strdup(keys[0]);
    g_autofree char *again = initrd_key(home, "micro", same, NULL);
    CU_ASSERT_STRING_EQUAL(first, again);
    /* One initramfs serves all Debian images, whatever is in their disks. */
    g_autofree char *plain = initrd_key(home, "debian/bookworm", agent, NULL);
    g_autofree char *filled = initrd_key(home, "debian/trixie", agent, files);
    CU_ASSERT_STRING_EQUAL(plain, filled);

    g_autofree char *changed = images_home_file(home, "digest", "4567");
    keys[5] = initrd_key(home, "micro", agent, NULL);
    CU_ASSERT_TRUE(all_differ(keys, G_N_ELEMENTS(keys)));
    images_home_free(home);
}

static void test_key_parts(void)
{
    g_autoptr(ImagesKey) a = images_key_new("t");
    g_autoptr(ImagesKey) b = images_key_new("t");

    images_key_text(a, "x", "ab");
    images_key_text(a, "x", "c");
    images_key_text(b, "x", "a");
    images_key_text(b, "x", "bc");
    g_autofree char *left = images_key_hex(a);
    g_autofree char *right = images_key_hex(b);
    CU_ASSERT_STRING_NOT_EQUAL(left, right);
}

static void test_path_key(void)
{
    char *home = images_home_new();
    g_autofree char *disk = images_home_file(home, "own.qcow2", "one");
    ImageSpec spec = {.id = (char *)"own", .base = disk};
    g_autoptr(GError) error = NULL;

    g_autofree char *before = images_path_key(&spec, NULL);
    g_autofree char *again = images_path_key(&spec, NULL);
    CU_ASSERT_STRING_EQUAL(before, again);
    g_autofree char *rewritten = images_home_file(home, "own.qcow2", "three");
    g_autofree char *after = images_path_key(&spec, NULL);
    CU_ASSERT_STRING_NOT_EQUAL(before, after);

    unlink(disk);
    CU_ASSERT_PTR_NULL(images_path_key(&spec, &error));
    CU_ASSERT_TRUE(g_error_matches(error, IMAGES_ERROR, IMAGES_ERROR_MISSING));
    CU_ASSERT_TRUE(has(error ? error->message : NULL, "own.qcow2"));
    images_home_free(home);
}

/* ---- command line ---- */

static void test_cmdline(void)
{
    ImageResult micro = {.kernel = (char *)"k", .initrd = (char *)"i"};
    ImageResult debian = {
        .kernel = (char *)"k", .initrd = (char *)"i", .disk = (char *)"d"};
    ImageResult own = {.disk = (char *)"d"};
    g_autofree char *a = images_cmdline(&micro, TRUE);
    g_autofree char *b = images_cmdline(&debian, FALSE);

    CU_ASSERT_TRUE(has(a, "no_timer_check"));
    CU_ASSERT_FALSE(has(a, "parry.root="));
    CU_ASSERT_FALSE(has(b, "no_timer_check"));
    CU_ASSERT_TRUE(has(b, "parry.root=/dev/vda"));
    CU_ASSERT_PTR_NULL(images_cmdline(&own, TRUE));
}

/* ---- sources ---- */

static void test_sources(void)
{
    static const char targets[] =
        "Debian\tbookworm\thttp://mirror.example/debian/\tmain\n"
        "Debian\tbookworm\thttp://mirror.example/debian/\tmain\n"
        "Debian\tbookworm\thttp://mirror.example/debian/\tnon-free\n"
        "Debian\tbookworm-security\thttp://mirror.example/security/\tmain\n"
        "Elsewhere\tbookworm\thttp://third.example/\tmain\n"
        "\t\t\t\n";
    g_auto(GStrv) own = images_sources_parse(targets, "bookworm", NULL);
    g_auto(GStrv) other = images_sources_parse(targets, "trixie", NULL);
    g_autoptr(GError) error = NULL;

    CU_ASSERT_EQUAL_FATAL(own ? g_strv_length(own) : 0, 2);
    CU_ASSERT_TRUE(
        g_str_has_suffix(own[0], "http://mirror.example/debian/ bookworm main"));
    CU_ASSERT_TRUE(g_str_has_suffix(
        own[1], "http://mirror.example/security/ bookworm-security main"));
    CU_ASSERT_EQUAL_FATAL(other ? g_strv_length(other) : 0, 2);
    CU_ASSERT_TRUE(g_str_has_suffix(other[1], " trixie-security main"));

    CU_ASSERT_PTR_NULL(
        images_sources_parse("Elsewhere\tx\thttp://y/\tmain\n", "bookworm", &error));
    CU_ASSERT_TRUE(has(error ? error->message : NULL, "apt-get update"));
}

/* ---- modules ---- */

static void test_modules(void)
{
    char *home = images_home_new();
    g_autofree char *path =
        images_home_file(home, "modules.dep",
                         "kernel/a/top.ko: kernel/b/mid.ko kernel/c/low.ko\n"
                         "kernel/b/mid.ko: kernel/c/low.ko\n"
                         "kernel/c/low.ko:\n"
                         "kernel/d/with-dash.ko.xz:\n");
    g_autoptr(ImagesDeps) deps = images_deps_load(path, NULL);
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

    CU_ASSERT_PTR_NOT_NULL_FATAL(deps);
    CU_ASSERT_TRUE(images_deps_resolve(deps, "mid", paths));
    CU_ASSERT_TRUE(images_deps_resolve(deps, "top", paths));
    CU_ASSERT_TRUE(images_deps_resolve(deps, "with_dash", paths));
    CU_ASSERT_FALSE(images_deps_resolve(deps, "none", paths));
    CU_ASSERT_EQUAL_FATAL(paths->len, 4);
    CU_ASSERT_STRING_EQUAL(paths->pdata[0], "kernel/c/low.ko");
    CU_ASSERT_STRING_EQUAL(paths->pdata[1], "kernel/b/mid.ko");
    CU_ASSERT_STRING_EQUAL(paths->pdata[2], "kernel/a/top.ko");
    CU_ASSERT_STRING_EQUAL(paths->pdata[3], "kernel/d/with-dash.ko.xz");
    images_home_free(home);
}

/* ---- archive ---- */

static guint hex_field(const char *entry, guint field)
{
    char digits[9] = {0};

    if (!entry)
        return G_MAXUINT;
    memcpy(digits, entry + 6 + 8 * (gsize)field, 8);
    return (guint)g_ascii_strtoull(digits, NULL, 16);
}

/* The header of the entry, or NULL. */
static const char *find_entry(GBytes *archive, const char *name)
{
    gsize len;
    const char *at = g_bytes_get_data(archive, &len);
    const char *end = at + len;

    while (at + 110 < end && memcmp(at, "070701", 6) == 0) {
        guint size = hex_field(at, 6), name_len = hex_field(at, 11);
        if (strcmp(at + 110, name) == 0)
            return at;
        at += (110 + name_len + 3) / 4 * 4 + (size + 3) / 4 * 4;
    }
    return NULL;
}

static GBytes *small_archive(void)
{
    g_autoptr(ImagesCpio) cpio = images_cpio_new();

    images_cpio_link(cpio, "usr/bin", "../bin");
    images_cpio_owned(cpio, "usr/bin/tool", 04755, 33, 42, "12345", 5);
    images_cpio_device(cpio, "dev/console", 0600, 5, 1);
    return images_cpio_finish(cpio);
}

static void test_cpio(void)
{
    g_autoptr(GBytes) archive = small_archive();
    g_autoptr(GBytes) again = small_archive();
    const char *tool = find_entry(archive, "usr/bin/tool");
    const char *console = find_entry(archive, "dev/console");
    const char *bin = find_entry(archive, "usr/bin");

    CU_ASSERT_TRUE(g_bytes_equal(archive, again));
    CU_ASSERT_EQUAL(g_bytes_get_size(archive) % 512, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tool);
    CU_ASSERT_EQUAL(hex_field(tool, 1), S_IFREG | 04755);
    CU_ASSERT_EQUAL(hex_field(tool, 2), 33);
    CU_ASSERT_EQUAL(hex_field(tool, 3), 42);
    CU_ASSERT_EQUAL(hex_field(tool, 5), 0);
    CU_ASSERT_EQUAL(hex_field(tool, 6), 5);
    CU_ASSERT_PTR_NOT_NULL_FATAL(console);
    CU_ASSERT_EQUAL(hex_field(console, 1), S_IFCHR | 0600);
    CU_ASSERT_EQUAL(hex_field(console, 9), 5);
    CU_ASSERT_EQUAL(hex_field(console, 10), 1);
    CU_ASSERT_PTR_NOT_NULL(find_entry(archive, "dev"));
    CU_ASSERT_PTR_NOT_NULL(find_entry(archive, "TRAILER!!!"));
    /* The link stays a link: no folder of its name comes after it. */
    CU_ASSERT_PTR_NOT_NULL_FATAL(bin);
    CU_ASSERT_EQUAL(hex_field(bin, 1) & S_IFMT, S_IFLNK);
}

/* ---- unpacking ---- */

static void test_unpack(void)
{
    char *home = images_home_new();
    g_autofree char *plain = images_home_file(home, "plain", "a kernel module\n");
    g_autofree char *out = g_build_filename(home, "out", NULL);
    static const char *const tools[] = {"gzip", "xz", "zstd", "lz4"};

    for (guint i = 0; i < G_N_ELEMENTS(tools); i++) {
        g_autofree char *packed = g_build_filename(home, tools[i], NULL);
        int fd = open(packed, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        const char *argv[] = {tools[i], "-c", plain, NULL};
        ImagesChild child = {.argv = argv, .out_fd = fd};
        g_autofree char *text = NULL;
        CU_ASSERT_TRUE(images_child_run(&child, "test", NULL, NULL));
        close(fd);
        CU_ASSERT_TRUE(images_unpack(packed, out, NULL, NULL));
        CU_ASSERT_TRUE(g_file_get_contents(out, &text, NULL, NULL));
        CU_ASSERT_STRING_EQUAL(text ? text : "", "a kernel module\n");
    }
    unlink(out);
    g_autoptr(GError) error = NULL;
    CU_ASSERT_FALSE(images_unpack_kernel(plain, out, NULL, &error));
    CU_ASSERT_PTR_NULL(error);
    CU_ASSERT_FALSE(g_file_test(out, G_FILE_TEST_EXISTS));
    images_home_free(home);
}

/* An ELF file of one program header, a note of the given type. */
static GByteArray *elf_with_note(guint32 type)
{
    struct {
        Elf64_Ehdr head;
        Elf64_Phdr part;
        Elf64_Nhdr note;
        char name[4];
        guint8 entry[8];
    } elf = {.head = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64},
                      .e_machine = EM_X86_64,
                      .e_phoff = sizeof(Elf64_Ehdr),
                      .e_phnum = 1},
             .part = {.p_type = PT_NOTE,
                      .p_offset = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr),
                      .p_filesz = sizeof(Elf64_Nhdr) + 12},
             .note = {.n_namesz = 4, .n_descsz = 8, .n_type = type},
             .name = "Xen"};

    return g_byte_array_append(g_byte_array_new(), (guint8 *)&elf, sizeof elf);
}

/* A bzImage around the gzipped ELF: setup code of one sector, then the payload. */
static char *write_bzimage(const char *home, guint32 note)
{
    g_autoptr(GByteArray) elf = elf_with_note(note);
    g_autofree char *path = g_build_filename(home, "elf", NULL);
    g_autofree char *packed = g_build_filename(home, "elf.gz", NULL);
    g_autofree char *payload = NULL;
    gsize len = 0;
    int fd = open(packed, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const char *argv[] = {"gzip", "-c", path, NULL};
    ImagesChild child = {.argv = argv, .out_fd = fd};

    CU_ASSERT_TRUE_FATAL(
        g_file_set_contents(path, (char *)elf->data, (gssize)elf->len, NULL));
    CU_ASSERT_TRUE_FATAL(images_child_run(&child, "test", NULL, NULL));
    close(fd);
    CU_ASSERT_TRUE_FATAL(g_file_get_contents(packed, &payload, &len, NULL));
    g_autoptr(GByteArray) bytes = g_byte_array_set_size(g_byte_array_new(), 1024);
    guint8 *image = bytes->data;
    guint32 length = GUINT32_TO_LE((guint32)len);
    memset(image, 0, 1024);
    image[0x1f1] = 1;
    static const guint8 header[] = {'H', 'd', 'r', 'S', 0x0f, 0x02};
    memcpy(image + 0x202, header, sizeof header);
    memcpy(image + 0x24c, &length, 4);
    g_byte_array_append(bytes, (guint8 *)payload, (guint)len);
    char *result = g_build_filename(home, "bzImage", NULL);
    CU_ASSERT_TRUE_FATAL(
        g_file_set_contents(result, (char *)bytes->data, (gssize)bytes->len, NULL));
    return result;
}

static void test_unpack_kernel(void)
{
    char *home = images_home_new();
    g_autofree char *out = g_build_filename(home, "out", NULL);
    g_autofree char *good = write_bzimage(home, 18);

    CU_ASSERT_TRUE(images_unpack_kernel(good, out, NULL, NULL));
    CU_ASSERT_TRUE(g_file_test(out, G_FILE_TEST_EXISTS));
    /* Without the entry point QEMU would not boot it: the bzImage is used instead. */
    g_autofree char *bad = write_bzimage(home, 17);
    CU_ASSERT_FALSE(images_unpack_kernel(bad, out, NULL, NULL));
    CU_ASSERT_FALSE(g_file_test(out, G_FILE_TEST_EXISTS));
    images_home_free(home);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a base is micro, debian/SUITE or a path", test_bases},
        {"packages are names, and for Debian only", test_packages},
        {"files stay where they are told, and inside", test_files},
        {"a build refuses before it touches anything", test_build_refuses},
        {"a disk is another one for any change", test_disk_key},
        {"an initramfs is another one for any change", test_initrd_key},
        {"parts of a key do not run together", test_key_parts},
        {"an own image is known again until it changes", test_path_key},
        {"the kernel's command line", test_cmdline},
        {"mirrors are the machine's own, Debian's only", test_sources},
        {"modules come with what they need, in order", test_modules},
        {"an archive as the kernel reads it", test_cpio},
        {"all kinds of compression are unpacked", test_unpack},
        {"a kernel is unpacked if QEMU can boot it so", test_unpack_kernel},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("images", tests);
}
