/*
 * Arguments of programs as one line of text, secrets masked. What is masked: the argument
 * of an option that the host named or that is known (--password x, --password=x), values
 * of NAME=x where NAME speaks of a secret, the password of a URL, and what some programs
 * take by a short option of their own (sshpass -p, curl -u, mysql -p). Best effort by
 * nature; what is not sure is masked.
 */
#ifndef PARRY_AGENT_MASK_H
#define PARRY_AGENT_MASK_H

#include <stddef.h>

#define MASK_MAX 32

struct mask {
    char options[MASK_MAX][65]; /* besides the known ones */
    size_t n;
};

/*
 * Writes args (each ended by NUL, len bytes in all; the last NUL may be missing) to out,
 * quoted as a shell would want them, valid UTF-8 without control characters, "…" at the
 * end where it does not fit or cut says that args are not whole. mask may be NULL.
 */
void mask_args(const struct mask *mask, const char *args, size_t len, int cut, char *out,
               size_t size);

#endif
