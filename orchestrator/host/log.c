#include "orchestrator/host/log.h"

#include "orchestrator/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE_MAX_BYTES (4 << 20)

void host_log(const char *format, ...)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *time = g_date_time_format(now, "%Y-%m-%dT%H:%M:%S.%fZ");
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    fprintf(stderr, "%s parry-host: %s\n", time, text);
}

gboolean host_log_open(const char *path, GError **error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd >= 0 && dup2(fd, STDERR_FILENO) >= 0 && dup2(fd, STDOUT_FILENO) >= 0) {
        close(fd);
        host_log_trim(path);
        return TRUE;
    }
    g_set_error(error, HOST_ERROR, HOST_ERROR_FAILED, "%s: open: %s", path,
                g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return FALSE;
}

/* The file is emptied in place: libvirtd and virtlogd hold it open for appending. */
void host_log_trim(const char *path)
{
    g_autofree char *older = g_strconcat(path, ".1", NULL);
    g_autofree char *text = NULL;
    gsize length = 0;
    struct stat st;

    if (stat(path, &st) != 0 || st.st_size < SIZE_MAX_BYTES)
        return;
    if (g_file_get_contents(path, &text, &length, NULL))
        g_file_set_contents(older, text, (gssize)length, NULL);
    if (truncate(path, 0) != 0)
        host_log("%s: truncate: %s", path, g_strerror(errno));
}

char *host_log_tail(const char *path, unsigned lines)
{
    g_autofree char *text = NULL;
    gsize length = 0;

    if (!g_file_get_contents(path, &text, &length, NULL))
        return g_strdup("");
    g_strchomp(text);
    char *start = text + strlen(text);
    while (start > text && lines > 0)
        if (*--start == '\n' && --lines == 0)
            start++;
    return g_strdup(start);
}
