#include "agents/agent/itself.h"

#include "agents/agent/agent.h"
#include "agents/agent/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char place[PATH_MAX]; /* "": not looked after */
static bool complained;

void itself_init(const char *argv0)
{
    if (strchr(argv0, '/') && strlen(argv0) < sizeof(place) - 8)
        text_format(place, sizeof(place), "%s", argv0);
}

/* Its directory too, if that is gone. */
static void make_directory(void)
{
    char dir[PATH_MAX];

    text_format(dir, sizeof(dir), "%s", place);
    char *slash = strrchr(dir, '/');
    if (slash == dir)
        return;
    *slash = '\0';
    if (mkdir(dir, 0755) < 0 && errno != EEXIST)
        agent_log("%s: mkdir: %s", dir, strerror(errno));
}

static bool copy(int from, int to)
{
    char bytes[16384];
    ssize_t n;

    while ((n = read(from, bytes, sizeof(bytes))) > 0)
        if (write(to, bytes, (size_t)n) != n)
            return false;
    return n == 0;
}

static bool put_back(void)
{
    char beside[PATH_MAX];

    text_format(beside, sizeof(beside), "%s.new", place);
    make_directory();
    int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int to = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    bool ok = from >= 0 && to >= 0 && copy(from, to);
    if (from >= 0)
        close(from);
    if (to >= 0)
        ok = close(to) == 0 && ok;
    ok = ok && rename(beside, place) == 0;
    if (!ok && to >= 0)
        unlink(beside);
    return ok;
}

bool itself_tend(const char **path)
{
    struct stat st;

    if (!place[0] || stat(place, &st) == 0 || errno != ENOENT)
        return false;
    bool ok = put_back();
    if (!ok && !complained)
        agent_log("%s is gone and cannot be put back: %s", place, strerror(errno));
    complained = !ok;
    *path = place;
    return ok;
}
