/*
 * libFuzzer: arbitrary bytes on the agent channel, in both directions. The first byte
 * says who reads; the rest goes through the framing in two pieces and each line through
 * the decoder. What is accepted must encode to a line that decodes to the same again.
 */
#include "agents/wire/frame.h"
#include "agents/wire/msg.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    wire_init();
    return 0;
}

static void there_and_back(enum wire_dir dir, const struct wire_msg *m)
{
    struct wire_msg again;
    struct wire_error e;
    size_t len;
    char *line = wire_encode(m, &len, &e);

    if (!line) {
        /* Escapes may make a line longer than the one it came from, never invalid. */
        if (!strstr(e.text, "do not fit"))
            abort();
        return;
    }
    if (!wire_decode(dir, line, len, &again, &e))
        abort();
    char *second = wire_encode(&again, NULL, &e);
    if (!second || strcmp(line, second) != 0)
        abort();
    free(second);
    free(line);
    wire_msg_clear(&again);
}

static bool on_line(void *arg, enum frame_event event, const char *line, size_t len)
{
    enum wire_dir dir = *(const enum wire_dir *)arg;
    struct wire_msg m;
    struct wire_error e;

    if (event != FRAME_LINE)
        return true;
    if (len >= FRAME_MAX)
        abort();
    if (wire_decode(dir, line, len, &m, &e))
        there_and_back(dir, &m);
    else if (m.arena || !e.text[0])
        abort();
    wire_msg_clear(&m);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct frame_reader r;

    if (size < 2)
        return 0;
    enum wire_dir dir = data[0] & 1 ? WIRE_TO_HOST : WIRE_TO_AGENT;
    size_t first = (size_t)data[1] * (size - 2) / 255;
    frame_reader_init(&r);
    frame_feed(&r, data + 2, first, on_line, &dir);
    frame_feed(&r, data + 2 + first, size - 2 - first, on_line, &dir);
    on_line(&dir, FRAME_LINE, "", 0);
    frame_reader_clear(&r);
    return 0;
}
