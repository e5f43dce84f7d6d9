/*
 * The way to the host: a virtio-serial port, a UNIX socket, or a descriptor given at
 * start. It tells its owner when the host is there, hands over what came in, and asks for
 * the next line when there is room. What the three differ in is how the host's absence
 * shows and what follows from it.
 */
#ifndef PARRY_AGENT_CHANNEL_H
#define PARRY_AGENT_CHANNEL_H

#include "agents/wire/frame.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

struct channel;

struct channel_owner {
    /* The host is there (again): begin a session. What was half written is gone. */
    void (*up)(void *arg);
    /* The host went away. */
    void (*down)(void *arg);
    /* The descriptor given at start was closed by the other side: no way back. */
    void (*end)(void *arg);
    /* As frame_fn; returning false breaks the session off and begins it anew. */
    frame_fn line;
    /* The next line to write, newline included, or NULL. */
    const char *(*next)(void *arg, size_t *len);
    void *arg;
};

/* Opens a virtio-serial port: path, or "auto" to look the port up by its name. */
struct channel *channel_open_port(struct event_base *base, const char *path,
                                  const struct channel_owner *owner);

/* Connects to a UNIX socket, again and again. */
struct channel *channel_open_socket(struct event_base *base, const char *path,
                                    const struct channel_owner *owner);

/* Talks over an open descriptor until its end. */
struct channel *channel_open_fd(struct event_base *base, int fd,
                                const struct channel_owner *owner);

/* There may be something to write. */
void channel_kick(struct channel *c);

/* Drops what is half written, and writes this before all else: an empty line and the
 * hello. len is below FRAME_MAX. */
void channel_begin(struct channel *c, const char *line, size_t len);

/* Whether nothing is half written or waits to be. */
bool channel_is_empty(const struct channel *c);

/* What is about to be executed in this process finds the descriptor given at start. */
void channel_keep(const struct channel *c);

void channel_free(struct channel *c);

#endif
