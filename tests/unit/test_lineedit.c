#include "orchestrator/gate/lineedit.h"
#include "tests/unit/cunit_main.h"

#include <string.h>

/* Feeds text; tells the first thing that happened and compares line and echo. */
static void expect(LineEdit *edit, const char *text, LineEditResult result,
                   const char *line, const char *echo)
{
    g_autoptr(GString) out = g_string_new(NULL);
    gsize used;

    CU_ASSERT_EQUAL(lineedit_feed(edit, text, strlen(text), &used, out), result);
    CU_ASSERT_STRING_EQUAL(lineedit_line(edit), line);
    if (echo)
        CU_ASSERT_STRING_EQUAL(out->str, echo);
}

static void test_typing(void)
{
    LineEdit *edit = lineedit_new(TRUE);

    expect(edit, "hosts\r", LINEEDIT_LINE, "hosts", "hosts\r\n");
    expect(edit, "\nscore\r", LINEEDIT_LINE, "score", NULL); /* CR LF is one end */
    expect(edit,
           "ab\x7f"
           "c",
           LINEEDIT_MORE, "ac", "ab\b \bc");
    expect(edit, "\x15", LINEEDIT_MORE, "", "\b \b\b \b");
    expect(edit, "shell web\x17", LINEEDIT_MORE, "shell ", NULL);
    expect(edit, "\x03", LINEEDIT_BREAK, "", "^C\r\n");
    expect(edit, "x\x04", LINEEDIT_MORE, "x", NULL);
    expect(edit, "\x15\x04", LINEEDIT_END, "", NULL);
    lineedit_free(edit);
}

static void test_wide(void)
{
    LineEdit *edit = lineedit_new(TRUE);

    expect(edit, "衞生", LINEEDIT_MORE, "衞生", "衞生");
    expect(edit, "\x7f", LINEEDIT_MORE, "衞", "\b \b\b \b");
    expect(edit, "e\xcc\x81\x7f", LINEEDIT_MORE, "衞", NULL); /* e with an accent apart */
    expect(edit, "\xe8", LINEEDIT_MORE, "衞", "");            /* half a character */
    expect(edit, "\xa1\x9e", LINEEDIT_MORE, "衞衞", "衞");
    lineedit_free(edit);
}

static void test_hostile(void)
{
    LineEdit *edit = lineedit_new(TRUE);
    g_autofree char *lots = g_strnfill(100000, 'a');

    expect(edit,
           "a\x1b[31m\x1bOP\x1b]b\xff"
           "c\r",
           LINEEDIT_LINE,
           "ab\xef\xbf\xbd"
           "c",
           NULL);
    expect(edit,
           "\xc2\x9b"
           "31m\xe2\x80\xae\r",
           LINEEDIT_LINE, "31m", NULL);
    expect(edit, lots, LINEEDIT_MORE, lots + strlen(lots) - LINEEDIT_MAX, NULL);
    CU_ASSERT(strlen(lineedit_line(edit)) == LINEEDIT_MAX);
    lineedit_free(edit);
}

static void test_history(void)
{
    LineEdit *edit = lineedit_new(TRUE);

    expect(edit, "one\r", LINEEDIT_LINE, "one", NULL);
    expect(edit, "two\r", LINEEDIT_LINE, "two", NULL);
    expect(edit, "two\r", LINEEDIT_LINE, "two", NULL); /* kept once */
    expect(edit, "\x1b[A", LINEEDIT_MORE, "two", "two");
    expect(edit, "\x1bOA", LINEEDIT_MORE, "one", NULL);
    expect(edit, "\x1b[A", LINEEDIT_MORE, "one", "");
    expect(edit, "\x1b[B!\r", LINEEDIT_LINE, "two!", NULL);
    expect(edit, "\x1b[B", LINEEDIT_MORE, "", "");
    lineedit_free(edit);
}

static void test_without_terminal(void)
{
    LineEdit *edit = lineedit_new(FALSE);
    const char *text = "hosts\nscore\x7f\x03\n";
    g_autoptr(GString) out = g_string_new(NULL);
    gsize used;

    CU_ASSERT_EQUAL(lineedit_feed(edit, text, strlen(text), &used, out), LINEEDIT_LINE);
    CU_ASSERT_EQUAL(used, 6);
    CU_ASSERT_STRING_EQUAL(lineedit_line(edit), "hosts");
    expect(edit, text + used, LINEEDIT_LINE, "score", "");
    CU_ASSERT_EQUAL(out->len, 0);
    lineedit_free(edit);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"typing and taking back", test_typing},
        {"wide and combining characters", test_wide},
        {"escape sequences, bad bytes, too much", test_hostile},
        {"history", test_history},
        {"without a terminal", test_without_terminal},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("lineedit", tests);
}
