/* What a guest's console may do to the terminal of whoever looks at it. */
#include "orchestrator/cli/screen.h"
#include "tests/unit/cunit_main.h"

#include <string.h>

/* What is shown of the bytes, given `step` at a time. */
static char *shown(const char *bytes, gsize len, gsize step)
{
    Screen *screen = screen_new();
    GString *out = g_string_new(NULL);

    for (gsize at = 0; at < len; at += step)
        screen_filter(screen, bytes + at, MIN(step, len - at), out);
    screen_free(screen);
    return g_string_free(out, FALSE);
}

static void expect(const char *bytes, const char *want)
{
    for (gsize step = 1; step <= strlen(bytes); step++) {
        g_autofree char *got = shown(bytes, strlen(bytes), step);
        if (strcmp(got, want) != 0)
            printf("  %s: got \"%s\" by %zu\n", g_strescape(bytes, NULL),
                   g_strescape(got, NULL), step);
        CU_ASSERT_STRING_EQUAL(got, want);
    }
}

static void test_text_passes(void)
{
    expect("login: ann\r\n\tok\b\a", "login: ann\r\n\tok\b\a");
    expect("衞生署 é 🙂", "衞生署 é 🙂");
}

static void test_drawing_passes(void)
{
    static const char *const drawings[] = {
        "\033[1;31mred\033[0m", "\033[2J\033[H",     "\033[?1049h\033[?25l",
        "\033[10;20r\033M",     "\0337x\0338\033[K", "\033[3@\033[4h",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(drawings); i++)
        expect(drawings[i], drawings[i]);
}

/* What would make the terminal type for its user, or changes more than the picture. */
static void test_the_rest_does_not(void)
{
    static const char *const attacks[] = {
        "\033]0;owned\a",
        "\033]52;c;cm0gLXJmCg==\033\\",
        "\033[6n",
        "\033[c",
        "\033[>c",
        "\033[21t",
        "\033[?2004h",
        "\033[?1000h",
        "\033[?1049;1003h",
        "\033P$q\"p\033\\",
        "\033_payload\033\\",
        "\033^payload\033\\",
        "\033Xpayload\a",
        "\033(0",
        "\033%G",
        "\033[!p",
        "\033[5i",
        "\033c",
        "\033Z",
        "\x05\x0e\x0f\x7f",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(attacks); i++)
        expect(attacks[i], "");
    expect("a\033]0;x\033[31mstill the title\ab", "ab");
}

static void test_odd_bytes(void)
{
    g_autofree char *zeros = shown("a\0b", 3, 1);

    CU_ASSERT_STRING_EQUAL(zeros, "ab");
    expect("\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd");
    expect("\xc2\x9b"
           "6n",
           "\xef\xbf\xbd"
           "6n"); /* C1: CSI */
    expect("\xe2\x80\xae"
           "txt.exe",
           "\xef\xbf\xbd"
           "txt.exe"); /* right to left */
    expect("\xe8\xa1"
           "x",
           "x"); /* cut off */
    expect("\033[1\033[31mx", "[31mx");
}

static void test_a_sequence_is_bounded(void)
{
    GString *bytes = g_string_new("\033[");

    for (int i = 0; i < 1000; i++)
        g_string_append(bytes, "1;");
    g_string_append(bytes, "mx");
    g_autofree char *got = shown(bytes->str, bytes->len, 7);
    CU_ASSERT_TRUE(g_str_has_suffix(got, "mx"));
    CU_ASSERT_PTR_NULL(strchr(got, '\033'));
    g_string_free(bytes, TRUE);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"text passes", test_text_passes},
        {"drawing passes", test_drawing_passes},
        {"the rest does not", test_the_rest_does_not},
        {"odd bytes", test_odd_bytes},
        {"a sequence is bounded", test_a_sequence_is_bounded},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("screen", tests);
}
