#include "agents/agent/self.h"

#include "agents/agent/text.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define FILE_MAX 16384
#define KEY_SHOWN 24

/* One word; nothing where it has no value or does not fit any more. */
static void add(char *out, size_t size, const char *name, const char *value)
{
    size_t len = strlen(out), need = strlen(name) + strlen(value) + 3;

    if (*value && len + need <= size)
        text_format(out + len, size - len, "%s%s=%s", len ? " " : "", name, value);
}

/* The file's first word that is n-th on its first line, in place; "" where there is none.
 */
static char *word_of(char *text, int n)
{
    char *save = NULL, *word = text ? strtok_r(text, " \n", &save) : NULL;

    while (word && n-- > 0)
        word = strtok_r(NULL, " \n", &save);
    return word;
}

static void add_file(char *out, size_t size, const char *name, const char *path)
{
    char *text = text_read_file(path, FILE_MAX, NULL);
    const char *word = word_of(text, 0);

    add(out, size, name, word ? word : "");
    free(text);
}

static void add_random(char *out, size_t size)
{
    unsigned char bytes[16];
    char hex[2 * sizeof(bytes) + 1];

    if (getrandom(bytes, sizeof(bytes), GRND_NONBLOCK) != (ssize_t)sizeof(bytes))
        return;
    for (size_t i = 0; i < sizeof(bytes); i++)
        text_format(hex + 2 * i, 3, "%02x", bytes[i]);
    add(out, size, "random", hex);
}

/* A card of hardware, as the kernel sees it: it has a device. */
static void add_card(char *out, size_t size, const char *name)
{
    char path[320];

    text_format(path, sizeof(path), "/sys/class/net/%s/device", name);
    if (access(path, F_OK) != 0)
        return;
    text_format(path, sizeof(path), "/sys/class/net/%s/address", name);
    add_file(out, size, "mac", path);
}

static void add_key(char *out, size_t size, const char *name)
{
    static const char begin[] = "ssh_host_", end[] = "_key.pub";
    size_t len = strlen(name);
    char path[320];

    if (strncmp(name, begin, sizeof(begin) - 1) != 0 ||
        len < sizeof(begin) + sizeof(end) ||
        strcmp(name + len - (sizeof(end) - 1), end) != 0)
        return;
    text_format(path, sizeof(path), "/etc/ssh/%s", name);
    char *text = text_read_file(path, FILE_MAX, NULL);
    const char *key = word_of(text, 1);
    size_t n = key ? strlen(key) : 0;
    add(out, size, "key", n > KEY_SHOWN ? key + n - KEY_SHOWN : key ? key : "");
    free(text);
}

static void each_name(const char *path, char *out, size_t size,
                      void (*fn)(char *out, size_t size, const char *name))
{
    DIR *dir = opendir(path);
    const struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (entry->d_name[0] != '.' && strlen(entry->d_name) < 256)
            fn(out, size, entry->d_name);
    if (dir)
        closedir(dir);
}

void self_facts(char *out, size_t size)
{
    char value[72] = "";

    *out = '\0';
    if (gethostname(value, sizeof(value) - 1) == 0)
        add(out, size, "name", value);
    add_file(out, size, "id", "/etc/machine-id");
    add_random(out, size);
    text_format(value, sizeof(value), "%lld", (long long)time(NULL));
    add(out, size, "clock", value);
    each_name("/sys/class/net", out, size, add_card);
    each_name("/etc/ssh", out, size, add_key);
    text_clean(out);
}
