#include "agents/agent/text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void text_format(char *buf, size_t size, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (vsnprintf(buf, size, format, args) < 0 && size > 0)
        buf[0] = '\0';
    va_end(args);
}

void text_clean(char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            *text = '?';
}

/* Length of the UTF-8 character at p of n bytes, 0 when it is none or a control. */
static size_t character(const unsigned char *p, size_t n)
{
    static const unsigned int least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = p[0] < 0x80   ? 1
                 : p[0] < 0xc2 ? 0
                 : p[0] < 0xe0 ? 2
                 : p[0] < 0xf0 ? 3
                               : 4;

    if (len == 1)
        return p[0] >= ' ' && p[0] != 0x7f;
    if (len == 0 || len > n || p[0] > 0xf4)
        return 0;
    unsigned int code = p[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3fu);
    }
    bool good = code >= least[len] && code <= 0x10ffff && code >= 0xa0 &&
                !(code >= 0xd800 && code <= 0xdfff);
    return good ? len : 0;
}

void text_printable(char *out, size_t size, const char *bytes, size_t n)
{
    size_t used = 0;

    for (size_t i = 0; i < n;) {
        size_t len = character((const unsigned char *)bytes + i, n - i);
        size_t step = len ? len : 1;
        if (used + step >= size)
            break;
        if (len)
            memcpy(out + used, bytes + i, len);
        else
            out[used] = '?';
        used += step;
        i += step;
    }
    out[used] = '\0';
}

bool text_in(const char *text, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(text, list[i]) == 0)
            return true;
    return false;
}

bool text_is_name(const char *text, size_t max)
{
    size_t len = strlen(text);

    if (len < 1 || len > max || *text == '-' || *text == '.')
        return false;
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && !strchr("-_.", *text))
            return false;
    return true;
}

/* Reads to the end of fd, or to max + 1 bytes, into a growing buffer. */
static char *read_all(int fd, size_t max, size_t *len)
{
    size_t size = 4096;
    size_t n = 0;
    char *buf = malloc(size);

    while (buf) {
        ssize_t got = read(fd, buf + n, size - n - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 || (n += (size_t)got) > max) {
            int error = got < 0 ? errno : EFBIG;
            free(buf);
            errno = error;
            return NULL;
        }
        if (got == 0)
            break;
        if (size - n - 1 == 0) {
            char *more = realloc(buf, size *= 2);
            if (!more)
                free(buf);
            buf = more;
        }
    }
    if (buf) {
        buf[n] = '\0';
        *len = n;
    }
    return buf;
}

char *text_read_file(const char *path, size_t max, size_t *len)
{
    size_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        return NULL;
    char *text = read_all(fd, max, len ? len : &n);
    int error = errno;
    close(fd);
    errno = error;
    return text;
}

const char *text_word(const char *line, int n)
{
    line += strspn(line, " \t");
    for (; n > 0 && *line; n--) {
        line += strcspn(line, " \t");
        line += strspn(line, " \t");
    }
    return *line ? line : NULL;
}

bool text_number(const char *text, int base, long long *value, const char **end)
{
    char *after;

    if (!text)
        return false;
    errno = 0;
    *value = strtoll(text, &after, base);
    if (end)
        *end = after;
    return after != text && errno == 0;
}

bool text_first_line(const char *path, char *buf, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        return false;
    ssize_t n = read(fd, buf, size - 1);
    close(fd);
    if (n < 0)
        return false;
    buf[n] = '\0';
    buf[strcspn(buf, "\n")] = '\0';
    return true;
}
