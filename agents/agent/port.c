#include "agents/agent/port.h"

#include "agents/agent/agent.h"
#include "agents/agent/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define CLASS_DIR "/sys/class/virtio-ports"

/* Name of the port's directory below CLASS_DIR (vport1p1) into buf. */
static bool find_port(char *buf, size_t size)
{
    struct dirent *entry;
    bool found = false;
    DIR *dir = opendir(CLASS_DIR);

    if (!dir)
        return false;
    while (!found && (entry = readdir(dir))) {
        char path[512], name[64];
        text_format(path, sizeof(path), CLASS_DIR "/%s/name", entry->d_name);
        if (entry->d_name[0] == '.' || !text_first_line(path, name, sizeof(name)))
            continue;
        found = strcmp(name, WIRE_PORT_NAME) == 0;
        if (found)
            text_format(buf, size, "%s", entry->d_name);
    }
    closedir(dir);
    return found;
}

/* The device number that sysfs tells of the port. */
static bool port_device(const char *port, dev_t *dev)
{
    char path[512], text[32];
    long long major_no, minor_no;
    const char *end = "";

    text_format(path, sizeof(path), CLASS_DIR "/%s/dev", port);
    if (!text_first_line(path, text, sizeof(text)) ||
        !text_number(text, 10, &major_no, &end) || *end != ':' ||
        !text_number(end + 1, 10, &minor_no, NULL))
        return false;
    *dev = makedev((unsigned int)major_no, (unsigned int)minor_no);
    return true;
}

static int open_found(void)
{
    char port[256], path[512];
    dev_t dev;

    if (!find_port(port, sizeof(port)))
        return -1;
    text_format(path, sizeof(path), "/dev/%s", port);
    int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd >= 0 || errno != ENOENT || !port_device(port, &dev))
        return fd;
    /* No devtmpfs and no udev: a node of our own. */
    if (mknod(path, S_IFCHR | 0600, dev) < 0 && errno != EEXIST) {
        agent_log("%s: mknod: %s", path, strerror(errno));
        return -1;
    }
    return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

int port_open(const char *path)
{
    if (strcmp(path, "auto") == 0)
        return open_found();
    return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}
