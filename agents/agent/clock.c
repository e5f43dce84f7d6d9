#include "agents/agent/clock.h"

#include "agents/agent/kept.h"
#include "agents/agent/text.h"
#include "agents/wire/msg_table.h"

#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

int64_t clock_wall_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

bool clock_set_us(int64_t wall_us, enum wire_clock_mode mode, struct wire_error *e)
{
    int64_t off = wall_us - clock_wall_us();
    struct timespec now = {wall_us / 1000000, wall_us % 1000000 * 1000};
    struct timeval delta = {off / 1000000, off % 1000000};

    int failed = mode == WIRE_CLOCK_STEP ? clock_settime(CLOCK_REALTIME, &now)
                                         : adjtime(&delta, NULL);
    return failed == 0 || wire_fail(e, "clock: %s by %lld us: %s",
                                    mode == WIRE_CLOCK_STEP ? "step" : "slew",
                                    (long long)off, strerror(errno));
}

void clock_take(struct agent *a, struct wire_msg *m)
{
    int64_t off = m->clock.wall_us - clock_wall_us();
    struct wire_msg answer;
    struct wire_error e;
    char text[80];

    wire_msg_init(&answer, WIRE_RESULT);
    answer.id = m->id;
    text_format(text, sizeof(text), "%s by %lld us",
                m->clock.mode == WIRE_CLOCK_STEP ? "stepped" : "slewing", (long long)off);
    bool ok = clock_set_us(m->clock.wall_us, m->clock.mode, &e);
    answer.result.status = ok ? WIRE_DONE : WIRE_FAILED;
    answer.result.text = ok ? text : e.text;
    kept_end(a, &answer);
}
