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
