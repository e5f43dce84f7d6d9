#include "agents/wire/frame.h"

#include <stdlib.h>
#include <string.h>

#define FRAME_FIRST 4096 /* first size of the buffer; most lines are shorter */

void frame_reader_init(struct frame_reader *r)
{
    memset(r, 0, sizeof(*r));
}

void frame_reader_clear(struct frame_reader *r)
{
    free(r->buf);
    memset(r, 0, sizeof(*r));
}

void frame_reader_reset(struct frame_reader *r)
{
    struct frame_stats stats = r->stats;

    frame_reader_clear(r);
    r->stats = stats;
}

/* Appends to the half line; the caller has checked that it stays below FRAME_MAX. */
static bool frame_append(struct frame_reader *r, const char *bytes, size_t len)
{
    if (r->len + len > r->size) {
        size_t size = r->size ? r->size : FRAME_FIRST;
        while (size < r->len + len)
            size *= 2;
        char *buf = realloc(r->buf, size);
        if (!buf)
            return false;
        r->buf = buf;
        r->size = size;
    }
    memcpy(r->buf + r->len, bytes, len);
    r->len += len;
    return true;
}

/* A line is complete: text is what came before its newline in this piece of input. */
static bool frame_complete(struct frame_reader *r, const char *text, size_t len,
                           frame_fn fn, void *arg)
{
    if (r->skipping) {
        r->skipping = false;
        return true;
    }
    if (r->len + len == 0) {
        r->stats.empty++;
        return fn(arg, FRAME_EMPTY, NULL, 0);
    }
    r->stats.lines++;
    if (r->len == 0) /* whole in the input: no copy */
        return fn(arg, FRAME_LINE, text, len);
    if (!frame_append(r, text, len))
        return false;
    size_t whole = r->len;
    r->len = 0;
    return fn(arg, FRAME_LINE, r->buf, whole);
}

/* The line grew to the limit without a newline: tell it once, skip to the next one. */
static bool frame_overflow(struct frame_reader *r, frame_fn fn, void *arg)
{
    if (r->skipping)
        return true;
    r->stats.too_long++;
    r->skipping = true;
    r->len = 0;
    return fn(arg, FRAME_TOO_LONG, NULL, 0);
}

bool frame_feed(struct frame_reader *r, const void *bytes, size_t len, frame_fn fn,
                void *arg)
{
    const char *p = bytes;
    const char *end = p + len;

    r->stats.bytes += len;
    while (p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t piece = (size_t)((newline ? newline : end) - p);
        /* Without its newline a line holds FRAME_MAX - 1 bytes at most. */
        bool too_long = r->len + piece >= FRAME_MAX;
        if (too_long && !frame_overflow(r, fn, arg))
            return false;
        if (newline) {
            if (!frame_complete(r, p, piece, fn, arg))
                return false;
            p = newline + 1;
        } else {
            if (!r->skipping && !frame_append(r, p, piece))
                return false;
            p = end;
        }
    }
    return true;
}
