#include "scoreboard/board/http.h"

#include <string.h>

#define HEADERS_MAX 64

typedef struct {
    const char *at;
    gsize len;
} Slice;

/* Takes the part up to `end` off the front of rest; FALSE where there is no `end`. */
static gboolean cut(Slice *rest, const char *end, Slice *part)
{
    const char *found = memmem(rest->at, rest->len, end, strlen(end));

    if (!found)
        return FALSE;
    *part = (Slice){rest->at, (gsize)(found - rest->at)};
    gsize used = part->len + strlen(end);
    rest->at += used;
    rest->len -= used;
    return TRUE;
}

static gboolean is(Slice slice, const char *word)
{
    return slice.len == strlen(word) && !g_ascii_strncasecmp(slice.at, word, slice.len);
}

static gboolean is_token(Slice slice)
{
    for (gsize i = 0; i < slice.len; i++)
        if (!g_ascii_isalnum(slice.at[i]) && !memchr("!#$%&'*+-.^_`|~", slice.at[i], 15))
            return FALSE;
    return slice.len > 0;
}

/* Visible ASCII only: nothing that a log, a header or a path could be confused by. */
static gboolean is_visible(Slice slice)
{
    for (gsize i = 0; i < slice.len; i++)
        if (slice.at[i] <= ' ' || slice.at[i] > '~')
            return FALSE;
    return slice.len > 0;
}

static gboolean is_field_value(Slice slice)
{
    for (gsize i = 0; i < slice.len; i++)
        if ((guchar)slice.at[i] < ' ' ? slice.at[i] != '\t' : slice.at[i] == 0x7f)
            return FALSE;
    return TRUE;
}

static Slice trim(Slice slice)
{
    while (slice.len && (*slice.at == ' ' || *slice.at == '\t')) {
        slice.at++;
        slice.len--;
    }
    while (slice.len &&
           (slice.at[slice.len - 1] == ' ' || slice.at[slice.len - 1] == '\t'))
        slice.len--;
    return slice;
}

static gboolean number(Slice slice, gint64 *value)
{
    char digits[20];

    if (!slice.len || slice.len >= sizeof(digits) || !g_ascii_isdigit(*slice.at))
        return FALSE;
    memcpy(digits, slice.at, slice.len);
    digits[slice.len] = '\0';
    guint64 parsed;
    if (!g_ascii_string_to_unsigned(digits, 10, 0, G_MAXINT64, &parsed, NULL))
        return FALSE;
    *value = (gint64)parsed;
    return TRUE;
}

static int parse_target(Slice target, HttpRequest *request)
{
    const char *mark = memchr(target.at, '?', target.len);
    gsize path = mark ? (gsize)(mark - target.at) : target.len;
    gsize query = mark ? target.len - path - 1 : 0;

    if (!is_visible(target) || *target.at != '/')
        return 400;
    if (path >= HTTP_PATH_MAX || query >= HTTP_PATH_MAX)
        return 414;
    memcpy(request->hr_path, target.at, path);
    if (query)
        memcpy(request->hr_query, mark + 1, query);
    return 0;
}

static int parse_first(Slice line, HttpRequest *request)
{
    Slice method, target;

    if (!cut(&line, " ", &method) || !cut(&line, " ", &target) || !is_token(method))
        return 400;
    if (line.len != 8 || memcmp(line.at, "HTTP/", 5) != 0)
        return 400;
    if (memcmp(line.at, "HTTP/1.1", 8) != 0 && memcmp(line.at, "HTTP/1.0", 8) != 0)
        return 505;
    request->hr_keep = line.at[7] == '1';
    if (method.len == 4 && !memcmp(method.at, "HEAD", 4))
        request->hr_head = TRUE;
    else if (method.len != 3 || memcmp(method.at, "GET", 3) != 0)
        return 405;
    return parse_target(target, request);
}

static int parse_header(Slice line, HttpRequest *request, gboolean *host)
{
    Slice name;
    gint64 length;

    if (!cut(&line, ":", &name) || !is_token(name) || !is_field_value(line))
        return 400;
    Slice value = trim(line);
    if (is(name, "transfer-encoding"))
        return 413;
    if (is(name, "content-length"))
        return number(value, &length) && length == 0 ? 0 : 413;
    if (is(name, "host")) {
        if (*host)
            return 400;
        *host = TRUE;
    } else if (is(name, "connection")) {
        if (is(value, "close"))
            request->hr_keep = FALSE;
    } else if (is(name, "last-event-id")) {
        if (!number(value, &request->hr_last_id))
            request->hr_last_id = -1;
    }
    return 0;
}

int http_parse(const char *head, gsize len, HttpRequest *request)
{
    Slice rest = {head, len}, line;
    gboolean host = FALSE;

    memset(request, 0, sizeof(*request));
    request->hr_last_id = -1;
    if (memchr(head, '\0', len) || !cut(&rest, "\r\n", &line))
        return 400;
    int status = parse_first(line, request);
    for (int n = 0; !status && cut(&rest, "\r\n", &line) && line.len; n++)
        status = n < HEADERS_MAX ? parse_header(line, request, &host) : 431;
    if (!status && request->hr_keep && !host)
        status = 400; /* HTTP/1.1 demands one */
    return status;
}

char *http_query(const HttpRequest *request, const char *name)
{
    g_auto(GStrv) pairs = g_strsplit(request->hr_query, "&", 16);
    gsize len = strlen(name);

    for (char **pair = pairs; *pair; pair++)
        if (!strncmp(*pair, name, len) && (*pair)[len] == '=')
            return g_strdup(*pair + len + 1);
    return NULL;
}
