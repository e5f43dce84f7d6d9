#include "tests/bench/machine.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

void machine_print(const char *libraries)
{
    struct utsname name;
    g_autofree char *info = NULL;
    char *model = NULL;

    uname(&name);
    if (g_file_get_contents("/proc/cpuinfo", &info, NULL, NULL) &&
        (model = strstr(info, "model name\t: ")))
        model[strcspn(model, "\n")] = '\0';
    printf("machine: %s, %ld cores, Linux %s, %s, parry %s\n",
           model ? model + strlen("model name\t: ") : name.machine,
           sysconf(_SC_NPROCESSORS_ONLN), name.release, libraries, PARRY_VERSION);
}

double machine_cpu_s(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
    g_autofree char *stat = NULL;
    unsigned long user = 0, kernel = 0;

    if (g_file_get_contents(path, &stat, NULL, NULL))
        sscanf(strrchr(stat, ')') + 1,
               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel);
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

long machine_rss_kb(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)pid);
    g_autofree char *status = NULL;
    char *line = NULL;

    if (g_file_get_contents(path, &status, NULL, NULL))
        line = strstr(status, "VmRSS:");
    return line ? strtol(line + strlen("VmRSS:"), NULL, 10) : -1;
}
