/*
 * The look before the parse: a hostile line must cost one pass over its bytes, not a tree
 * of a hundred thousand values. Whether it is JSON at all is jansson's to say.
 */
#include "agents/wire/frame.h"
#include "agents/wire/msg_table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool wire_fail(struct wire_error *e, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (vsnprintf(e->text, sizeof(e->text), format, args) < 0)
        e->text[0] = '\0';
    va_end(args);
    for (char *p = e->text; *p; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';
    return false;
}

/* Index of the quote that ends the string opened at i, or len. */
static size_t string_end(const char *line, size_t len, size_t i)
{
    for (i++; i < len && line[i] != '"'; i++)
        if (line[i] == '\\')
            i++;
    return i;
}

bool wire_scan(const char *line, size_t len, struct wire_error *e)
{
    int depth = 0;
    size_t values = 1; /* an upper bound: each opening and each comma may begin one */

    if (len >= FRAME_MAX)
        return wire_fail(e, "a line of %zu bytes is past the limit of %d", len,
                         FRAME_MAX);
    if (len == 0 || line[0] != '{')
        return wire_fail(e, "not a JSON object");
    for (size_t i = 0; i < len; i++) {
        char c = line[i];
        if (c == '"')
            i = string_end(line, len, i);
        else if (c == '{' || c == '[')
            depth++, values++;
        else if (c == '}' || c == ']')
            depth--;
        else if (c == ',')
            values++;
        if (depth > WIRE_DEPTH_MAX)
            return wire_fail(e, "nested deeper than %d", WIRE_DEPTH_MAX);
        if (values > WIRE_VALUES_MAX)
            return wire_fail(e, "more than %d values", WIRE_VALUES_MAX);
    }
    return true;
}
