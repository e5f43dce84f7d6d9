/*
 * Records of the kernel's audit, of which programs write a part: lines of "TYPE TEXT";
 * whatever comes, events are bounded and their arguments are clean text.
 */
#include "agents/agent/audit_parse.h"
#include "agents/agent/mask.h"
#include "agents/agent/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_event(void *arg, const struct audit_event *e)
{
    char args[1025], again[1025];

    ++*(size_t *)arg;
    if (e->raw_len > sizeof(e->raw) || strnlen(e->exe, sizeof(e->exe)) == sizeof(e->exe))
        abort();
    mask_args(NULL, e->raw, e->raw_len, e->raw_cut, args, sizeof(args));
    text_printable(again, sizeof(again), args, strlen(args));
    if (strcmp(args, again) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t events = 0, records = 0;
    struct audit_parse *p = audit_parse_new(on_event, &events);

    while (p && size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end ? (size_t)(end - data) : size;
        char line[9001];
        size_t n = len < sizeof(line) - 1 ? len : sizeof(line) - 1;
        memcpy(line, data, n);
        line[n] = '\0';
        char *text;
        int type = (int)strtol(line, &text, 10);
        if (*text == ' ')
            text++;
        audit_parse_feed(p, type, text, (size_t)(line + n - text));
        records++;
        len += end != NULL;
        data += len;
        size -= len;
    }
    if (p)
        audit_parse_flush(p, 0);
    audit_parse_free(p);
    if (events > records)
        abort();
    return 0;
}
