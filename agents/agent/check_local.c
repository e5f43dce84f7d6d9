/* What can be seen on this host: files, processes, open ports. */
#include "agents/agent/checking.h"
#include "agents/agent/process.h"
#include "agents/agent/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- file ---- */

#define SLICE 262144 /* read in one turn of the loop: a large file stops nobody */

struct reading {
    SHA2_CTX sha;
    bool found;  /* contains was seen */
    size_t kept; /* bytes at the start of buf that the last slice left */
    char *buf;
};

static void finish_file(struct check *c, struct reading *r)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[SHA256_DIGEST_LENGTH];
    char hex[2 * SHA256_DIGEST_LENGTH + 1];
    const char *wanted = c->ask->sha256;

    SHA256Final(hash, &r->sha);
    for (size_t i = 0; i < sizeof(hash); i++) {
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }
    hex[2 * sizeof(hash)] = '\0';
    if (wanted && strlen(wanted) == 64 && strcasecmp(wanted, hex) != 0)
        check_end(c, WIRE_CORRUPT, "sha256 is %s", hex);
    else if (c->ask->contains && !r->found)
        check_end(c, WIRE_CORRUPT, "the text is not in it");
    else
        check_end(c, WIRE_UP, "as it should be");
}

/* One slice. The last bytes of a slice are kept before the next, so that a text across
 * the border is found. */
static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct check *c = arg;
    struct reading *r = c->state;
    struct timeval now = {0, 0};
    const char *contains = c->ask->contains;
    size_t overlap = contains ? strlen(contains) - 1 : 0;
    char *bytes = r->buf + r->kept;

    (void)fd;
    (void)what;
    ssize_t n = read(c->fd, bytes, SLICE);
    if (n < 0 && errno != EINTR) {
        check_end(c, WIRE_CORRUPT, "read: %s", strerror(errno));
        return;
    }
    if (n == 0) {
        finish_file(c, r);
        return;
    }
    n = n < 0 ? 0 : n;
    SHA256Update(&r->sha, (unsigned char *)bytes, (size_t)n);
    size_t have = r->kept + (size_t)n;
    if (contains && memmem(r->buf, have, contains, strlen(contains)))
        r->found = true;
    r->kept = have < overlap ? have : overlap;
    memmove(r->buf, r->buf + have - r->kept, r->kept);
    evtimer_add(c->again, &now);
}

static void read_file(struct check *c)
{
    size_t overlap = c->ask->contains ? strlen(c->ask->contains) : 0;
    struct reading *r = calloc(1, sizeof(*r) + SLICE + overlap);
    struct timeval now = {0, 0};

    c->state = r;
    c->again = evtimer_new(c->agent->base, on_turn, c);
    if (!r || !c->again || evtimer_add(c->again, &now) < 0) {
        check_end(c, WIRE_UNCHECKED, "out of memory");
        return;
    }
    r->buf = (char *)(r + 1);
    SHA256Init(&r->sha);
}

void check_file(struct check *c)
{
    const char *wanted = c->ask->sha256;
    struct stat st;

    c->late = WIRE_UNCHECKED;
    c->late_text = "not read to its end";
    c->fd = open(c->ask->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool absent = c->fd < 0 && (errno == ENOENT || errno == ENOTDIR);
    if (wanted && strcmp(wanted, "absent") == 0 && (absent || c->fd >= 0))
        check_end(c, absent ? WIRE_UP : WIRE_CORRUPT, "it is %s",
                  absent ? "absent" : "there");
    else if (absent)
        check_end(c, WIRE_CORRUPT, "it is gone");
    else if (c->fd < 0 || fstat(c->fd, &st) < 0)
        check_end(c, WIRE_UNCHECKED, "open: %s", strerror(errno));
    else if (wanted && strcmp(wanted, "exists") == 0 && !c->ask->contains)
        check_end(c, WIRE_UP, "it is there");
    else if (!S_ISREG(st.st_mode))
        check_end(c, WIRE_CORRUPT, "it is no regular file");
    else
        read_file(c);
}

/* ---- process ---- */

void check_process(struct check *c)
{
    int n = process_count(c->ask->name);

    if (n < 0)
        check_end(c, WIRE_UNCHECKED, "/proc: %s", strerror(errno));
    else
        check_end(c, n >= c->ask->min ? WIRE_UP : WIRE_DOWN, "%d of %lld running", n,
                  (long long)c->ask->min);
}

/* ---- port ---- */

#define TCP_LISTEN 0x0a
#define UDP_OPEN 0x07

/* Whether a line of /proc/net/{tcp,udp}{,6} has this local port in this state:
 * "sl: address:port address:port state …", all hexadecimal. */
static bool line_listens(const char *line, unsigned int port, unsigned int state)
{
    const char *address = text_word(line, 1);
    const char *colon = address ? strchr(address, ':') : NULL;
    long long local, st;

    return colon && text_number(colon + 1, 16, &local, NULL) && local == port &&
           text_number(text_word(line, 3), 16, &st, NULL) && st == state;
}

static bool file_listens(const char *path, unsigned int port, unsigned int state)
{
    char line[512];
    bool found = false;
    FILE *f = fopen(path, "re");

    if (!f)
        return false;
    while (!found && fgets(line, sizeof(line), f))
        found = line_listens(line, port, state);
    if (fclose(f) != 0)
        agent_log("%s: %s", path, strerror(errno));
    return found;
}

void check_port(struct check *c)
{
    bool udp = c->ask->proto == WIRE_UDP;
    unsigned int port = (unsigned int)c->ask->port;
    unsigned int state = udp ? UDP_OPEN : TCP_LISTEN;

    if (access("/proc/net/tcp", R_OK) < 0)
        check_end(c, WIRE_UNCHECKED, "/proc/net/tcp: %s", strerror(errno));
    else if (file_listens(udp ? "/proc/net/udp" : "/proc/net/tcp", port, state) ||
             file_listens(udp ? "/proc/net/udp6" : "/proc/net/tcp6", port, state))
        check_end(c, WIRE_UP, "something listens on %s %u", udp ? "udp" : "tcp", port);
    else
        check_end(c, WIRE_DOWN, "nothing listens on %s %u", udp ? "udp" : "tcp", port);
}
