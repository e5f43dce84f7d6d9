#include "tests/bench/machine.h"

#include <glib.h>
#include <stdio.h>
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
