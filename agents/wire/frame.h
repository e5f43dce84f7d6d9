/*
 * Framing of the agent protocol: splits a byte stream into lines with a hard limit and
 * finds its feet again at the next newline. See docs/agent-protocol.md.
 */
#ifndef PARRY_WIRE_FRAME_H
#define PARRY_WIRE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest line, its newline included. */
#define FRAME_MAX 65536

enum frame_event {
    FRAME_LINE,     /* a whole line, without its newline; valid during the call only */
    FRAME_EMPTY,    /* a newline alone: the other side has just connected */
    FRAME_TOO_LONG, /* FRAME_MAX bytes without a newline; told once, then skipped */
};

/* line and len are set for FRAME_LINE. Returns false to stop (frame_feed returns false).
 */
typedef bool (*frame_fn)(void *arg, enum frame_event event, const char *line, size_t len);

/* Counters since frame_reader_init; they survive frame_reader_reset. */
struct frame_stats {
    uint64_t bytes;
    uint64_t lines;
    uint64_t empty;
    uint64_t too_long;
};

/* Initialise by frame_reader_init. Memory grows with the longest line seen, to FRAME_MAX.
 */
struct frame_reader {
    char *buf;
    size_t len;
    size_t size;
    bool skipping;
    struct frame_stats stats;
};

void frame_reader_init(struct frame_reader *r);

/* Frees what r holds; r may be initialised again. */
void frame_reader_clear(struct frame_reader *r);

/* Forgets a half line: for a new connection. Gives large buffers back. */
void frame_reader_reset(struct frame_reader *r);

/*
 * Takes len bytes and calls fn for each event in order. Returns false when fn did (the
 * rest of the bytes is dropped) or when memory ran out; the caller then ends the
 * connection.
 */
bool frame_feed(struct frame_reader *r, const void *bytes, size_t len, frame_fn fn,
                void *arg);

#endif
