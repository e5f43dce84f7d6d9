/*
 * libyaml says what it met and what it wanted instead; people want to know what they did.
 * Each cause that is known is recognised from libyaml's words and from the file's text
 * around the place.
 */
#include "scenarios/syntax.h"

#include <string.h>

#define KEY_CHARS "abcdefghijklmnopqrstuvwxyz0123456789-_"

/* What went wrong and where it shows. */
typedef struct {
    const yaml_parser_t *tr_yaml;
    const char *tr_source;
    yaml_mark_t tr_mark; /* where it is told; begins as libyaml's place */
    const char *tr_line; /* the line of libyaml's place, or NULL */
    const char *tr_at;   /* that place in the text, or NULL */
    const char *tr_hint;
    char *tr_message;
} Trouble;

static const char *line_of(const char *source, size_t line)
{
    const char *p = source;

    for (size_t i = 0; i < line && p; i++) {
        p = strchr(p, '\n');
        p = p ? p + 1 : NULL;
    }
    return p;
}

static gsize line_len(const char *line)
{
    return strcspn(line, "\r\n");
}

static const char *column_of(const char *line, size_t column)
{
    gsize len = line_len(line);
    const char *at = line;

    for (size_t i = 0; i < column && at < line + len; i++)
        at = g_utf8_next_char(at);
    return at;
}

static gboolean says(const Trouble *trouble, const char *problem)
{
    return !strcmp(trouble->tr_yaml->problem, problem);
}

static gboolean within(const Trouble *trouble, const char *context)
{
    const char *text = trouble->tr_yaml->context;

    return text && g_str_has_prefix(text, context);
}

static gboolean tell(Trouble *trouble, const char *hint, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* Always TRUE: the cause is found. */
static gboolean tell(Trouble *trouble, const char *hint, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    trouble->tr_message = g_strdup_vprintf(format, args);
    va_end(args);
    trouble->tr_hint = hint;
    return TRUE;
}

/* ---- causes: TRUE where it is this one ---- */

static gboolean is_tab(Trouble *trouble)
{
    const char *line = trouble->tr_line;

    if (!line)
        return FALSE;
    gsize blanks = strspn(line, " ");
    if (line[blanks] != '\t' && *trouble->tr_at != '\t')
        return FALSE;
    if (line[blanks] == '\t')
        trouble->tr_mark.column = blanks;
    return tell(trouble, "YAML is indented with blanks only",
                line[blanks] == '\t' ? "a tab in the indent"
                                     : "a tab where a value begins");
}

static gboolean is_start_char(Trouble *trouble)
{
    if (!says(trouble, "found character that cannot start any token") ||
        !trouble->tr_at || !*trouble->tr_at)
        return FALSE;
    return tell(trouble, "put the text into quotes", "text cannot begin with \"%c\"",
                *trouble->tr_at);
}

static gboolean is_percent(Trouble *trouble)
{
    if (!within(trouble, "while scanning a directive") &&
        !within(trouble, "while scanning a %"))
        return FALSE;
    trouble->tr_mark = trouble->tr_yaml->context_mark;
    return tell(trouble, "put the text into quotes",
                "a line that begins with \"%%\" is a directive to YAML");
}

static gboolean is_star(Trouble *trouble)
{
    gboolean alias = within(trouble, "while scanning an alias");

    if (!alias && !within(trouble, "while scanning an anchor"))
        return FALSE;
    trouble->tr_mark = trouble->tr_yaml->context_mark;
    return tell(trouble, "put the text into quotes", "text cannot begin with \"%c\"",
                alias ? '*' : '&');
}

/* {within: ${param.pace}}: the braces are YAML's, the reference is text. */
static gboolean is_reference(Trouble *trouble)
{
    const char *at = trouble->tr_at;

    if (!within(trouble, "while parsing a flow") || !at || at == trouble->tr_line ||
        at[-1] != '$' || *at != '{')
        return FALSE;
    trouble->tr_mark.column--;
    return tell(trouble, "write \"${…}\", with quotes",
                "a reference within { } or [ ] needs quotes");
}

static gboolean is_open_quote(Trouble *trouble)
{
    if (!within(trouble, "while scanning a quoted") ||
        (!says(trouble, "found unexpected end of stream") &&
         !says(trouble, "found unexpected document indicator")))
        return FALSE;
    trouble->tr_mark = trouble->tr_yaml->context_mark;
    return tell(trouble, "a closing quote is missing",
                "this quoted text goes on to the end of the file");
}

/* How many quotes of that kind stand in the line: an odd number goes on in the next. */
static guint quotes_in(const char *line, char quote)
{
    gsize len = line_len(line);
    guint n = 0;

    for (gsize i = 0; i < len; i++) {
        if (line[i] == '#' && i && line[i - 1] == ' ' && n % 2 == 0)
            break;
        if (line[i] == '\\' && quote == '"')
            i++;
        else if (line[i] == quote)
            n++;
    }
    return n;
}

/* Column of the last quote of that kind in the line. */
static size_t last_quote(const char *line, char quote)
{
    const char *last = g_strrstr_len(line, (gssize)line_len(line), (char[]){quote, '\0'});

    return last ? (size_t)g_utf8_strlen(line, last - line) : 0;
}

/* Looks for the quote's line from the place upwards. */
static gboolean find_lost(Trouble *trouble, size_t line, char quote)
{
    for (size_t up = 1; up <= 20 && up <= line; up++) {
        const char *above = line_of(trouble->tr_source, line - up);
        const char *colon = g_strstr_len(above, (gssize)line_len(above), ": ");
        if (quotes_in(above, quote) % 2 == 0)
            continue;
        /* An apostrophe within a word is none. */
        if (quote == '\'' && (!colon || colon[2] != '\''))
            continue;
        trouble->tr_mark.line = line - up;
        trouble->tr_mark.column = last_quote(above, quote);
        return tell(trouble, NULL,
                    "the quote that is opened here is not closed in this "
                    "line");
    }
    return FALSE;
}

/*
 * A quote that is not closed in its line swallows text up to the next one; libyaml
 * stumbles over what stands behind that. Looked for from the place upwards.
 */
static gboolean is_lost_quote(Trouble *trouble)
{
    static const char quotes[] = "\"'";
    size_t line = trouble->tr_mark.line;

    if (!says(trouble, "did not find expected key") &&
        !says(trouble, "could not find expected ':'") &&
        !says(trouble, "mapping values are not allowed in this context") &&
        !g_str_has_prefix(trouble->tr_yaml->problem, "did not find expected ','"))
        return FALSE;
    for (const char *quote = quotes; trouble->tr_line && *quote; quote++)
        if (memchr(trouble->tr_line, *quote,
                   (gsize)(trouble->tr_at - trouble->tr_line)) &&
            find_lost(trouble, line, *quote))
            return TRUE;
    return FALSE;
}

static gboolean is_after_quote(Trouble *trouble)
{
    const char *line = trouble->tr_line, *before = trouble->tr_at;

    if (!line || !says(trouble, "did not find expected key"))
        return FALSE;
    while (before > line && before[-1] == ' ')
        before--;
    if (before == line || before == trouble->tr_at ||
        (before[-1] != '"' && before[-1] != '\''))
        return FALSE;
    return tell(trouble, "put all of the value into the quotes",
                "text behind the closing quote");
}

/* "name:web" is one text to YAML, not a key and its value. */
static gboolean is_no_blank(Trouble *trouble)
{
    const yaml_mark_t mark = trouble->tr_yaml->context_mark;
    const char *line = line_of(trouble->tr_source, mark.line);

    if (!says(trouble, "could not find expected ':'") || !line)
        return FALSE;
    const char *at = column_of(line, mark.column);
    const char *colon = memchr(at, ':', line_len(at));
    if (!colon || colon == at || g_ascii_isspace(colon[1]) || !colon[1] ||
        strspn(at, KEY_CHARS) != (gsize)(colon - at))
        return FALSE;
    trouble->tr_mark = mark;
    trouble->tr_mark.column += (size_t)(colon - at) + 1;
    return tell(trouble, "write \"key: value\"", "a blank is missing after the colon");
}

static gboolean is_no_colon(Trouble *trouble)
{
    if (!says(trouble, "could not find expected ':'"))
        return FALSE;
    trouble->tr_mark = trouble->tr_yaml->context_mark;
    return tell(trouble, "write \"key: value\", with a blank after the colon",
                "a key without \":\"");
}

/* The line above is "name:web": with what is deeper below it, all of it is one text. */
static gboolean is_glued_above(Trouble *trouble)
{
    size_t number = trouble->tr_mark.line;
    const char *line = number ? line_of(trouble->tr_source, number - 1) : NULL;

    if (!line)
        return FALSE;
    const char *key = line + strspn(line, " -");
    gsize len = strspn(key, KEY_CHARS);
    if (!len || key[len] != ':' || g_ascii_isspace(key[len + 1]) || !key[len + 1])
        return FALSE;
    trouble->tr_mark.line = number - 1;
    trouble->tr_mark.column = (size_t)(key - line) + len + 1;
    return tell(trouble, "write \"key: value\"", "a blank is missing after the colon");
}

/* Two ": " in one line, or a line that is deeper than what it belongs to. */
static gboolean is_second_colon(Trouble *trouble)
{
    const char *line = trouble->tr_line, *first;

    if (!says(trouble, "mapping values are not allowed in this context") || !line)
        return FALSE;
    first = strstr(line, ": ");
    if (first && first < trouble->tr_at)
        return tell(trouble, "put the value into quotes",
                    "a second \": \" in one line: is it part of the value?");
    if (is_glued_above(trouble))
        return TRUE;
    trouble->tr_mark.column = strspn(line, " ");
    return tell(trouble, "keys of one mapping begin in the same column",
                "this line is deeper than the one above it, which has a value already");
}

static gboolean is_open_bracket(Trouble *trouble)
{
    const yaml_mark_t mark = trouble->tr_yaml->context_mark;
    const char *line = line_of(trouble->tr_source, mark.line);

    if (!within(trouble, "while parsing a flow") || !line)
        return FALSE;
    char open = *column_of(line, mark.column);
    if (open != '{' && open != '[')
        return FALSE;
    size_t stuck = trouble->tr_mark.line + 1;
    trouble->tr_mark = mark;
    return tell(trouble, "a \",\" or the closing bracket is missing",
                "this \"%c\" is not closed: read up to line %" G_GSIZE_FORMAT, open,
                (gsize)stuck);
}

static gboolean is_extra_bracket(Trouble *trouble)
{
    if (!trouble->tr_at || (*trouble->tr_at != '}' && *trouble->tr_at != ']'))
        return FALSE;
    return tell(trouble, "remove it, or put the text into quotes",
                "nothing opened this \"%c\"", *trouble->tr_at);
}

static gboolean is_block_text(Trouble *trouble)
{
    if (!within(trouble, "while scanning a block scalar") ||
        !says(trouble, "did not find expected comment or line break"))
        return FALSE;
    return tell(trouble, "the text begins in the next line, deeper than its key",
                "text behind \"|\" or \">\"");
}

/* What only libyaml's words tell. */
static const struct {
    const char *problem, *message, *hint;
} known[] = {
    {"did not find expected key", "this line is not in step with the keys above it",
     "keys of one mapping begin in the same column; a quote may be missing above"},
    {"did not find expected '-' indicator",
     "this line is not in step with the list above it",
     "items of one list begin in the same column with \"- \""},
    {"block sequence entries are not allowed in this context",
     "a list item stands where none can be", "begin the list on a line of its own"},
    {"found unknown escape character", NULL,
     "within \"…\" write \\\\ for a backslash, or use '…'"},
    {"did not find expected <document start>",
     "something follows the end of the document",
     "the whole scenario is one mapping; mend the indent of this line"},
};

static gboolean is_known(Trouble *trouble)
{
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        if (says(trouble, known[i].problem))
            return tell(trouble, known[i].hint, "%s",
                        known[i].message ? known[i].message : known[i].problem);
    return FALSE;
}

static gboolean is_anything(Trouble *trouble)
{
    return tell(trouble, NULL, "%s", trouble->tr_yaml->problem);
}

/* The first that it is; those that look at the text come before those that do not. */
static gboolean (*const causes[])(Trouble *) = {
    is_tab,           is_start_char, is_percent,      is_star,
    is_reference,     is_open_quote, is_after_quote,  is_lost_quote,
    is_no_blank,      is_no_colon,   is_second_colon, is_open_bracket,
    is_extra_bracket, is_block_text, is_known,        is_anything,
};

/* A byte that libyaml does not read at all, a control character, has an offset only. */
static void place_offset(Trouble *trouble, size_t offset)
{
    const char *p = trouble->tr_source;

    trouble->tr_mark = (yaml_mark_t){0};
    for (const char *end = p + offset; p < end && *p; p = g_utf8_next_char(p)) {
        trouble->tr_mark.column++;
        if (*p == '\n') {
            trouble->tr_mark.line++;
            trouble->tr_mark.column = 0;
        }
    }
    tell(trouble, "write it as an escape such as \"\\x1b\", in quotes",
         "a control character");
}

void syntax_finding(const yaml_parser_t *yaml, const char *file, const char *source,
                    ParryDiags *diags)
{
    Trouble trouble = {.tr_yaml = yaml, .tr_source = source};

    if (yaml->error == YAML_MEMORY_ERROR || !yaml->problem) {
        parry_diags_add(diags, DIAG_ERROR, file, NULL, 0, 0, NULL, "out of memory");
        return;
    }
    trouble.tr_mark = yaml->problem_mark;
    trouble.tr_line = line_of(source, trouble.tr_mark.line);
    if (trouble.tr_line)
        trouble.tr_at = column_of(trouble.tr_line, trouble.tr_mark.column);
    if (yaml->error == YAML_READER_ERROR)
        place_offset(&trouble, yaml->problem_offset);
    for (gsize i = 0; !trouble.tr_message && i < G_N_ELEMENTS(causes); i++)
        causes[i](&trouble);
    parry_diags_add(diags, DIAG_ERROR, file, source, (int)trouble.tr_mark.line + 1,
                    (int)trouble.tr_mark.column + 1, trouble.tr_hint, "%s",
                    trouble.tr_message);
    g_free(trouble.tr_message);
}
